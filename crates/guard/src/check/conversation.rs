//! What was said before an answer, kept for checks that ask where a piece of it comes from.

use super::address::addresses;
use super::seams::joints;
use super::words;
use crate::exchange::{Exchange, Role};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Bytes kept of a conversation; of a longer one the end.
const LONGEST: usize = 1 << 20;

/// What was said, by role.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    /// In order: who, and what; then what stands at the seams of blocks.
    pub(crate) parts: Vec<(Role, String)>,
    said: OnceLock<Said>,
}

/// Words and phrases of a conversation.
#[derive(Debug, Default)]
struct Said {
    /// Pairs of words.
    pairs: BTreeSet<u64>,
    /// Words with digits.
    numbers: BTreeSet<u64>,
    /// Runs of letters and digits from the beginnings of words on, over three words at least.
    runs: BTreeSet<u64>,
    /// Numbers without what stands between their digits.
    digits: BTreeSet<u64>,
    /// Addresses.
    addresses: BTreeSet<String>,
}

/// Words on end that are said again by no accident, and those that no name is made of.
const SOME: u32 = 3;
const MUCH: u32 = 4;
/// Shortest name of words run together that may be a message.
const LONG_NAME: usize = 16;
/// Digits of a number that is told from others, and of the longest.
const NUMBER: std::ops::RangeInclusive<usize> = 5..=40;

/// Letters and digits of a run of words without what stands between them.
const RUN: usize = 12;

impl Conversation {
    /// Keeps what a request says.
    pub(crate) fn of(exchange: &Exchange<'_>) -> Self {
        let mut left = LONGEST;
        let mut parts = Vec::new();
        for part in exchange.parts.iter().rev() {
            if part.text.len() > left {
                break;
            }
            left = left.saturating_sub(part.text.len());
            parts.push((part.role, part.text.clone().into_owned()));
        }
        parts.reverse();
        // What is cut over blocks is said as a whole.
        for joint in joints(&exchange.parts) {
            let role = joint.first().and_then(|part| exchange.parts.get(part)).map(|part| part.role);
            if let Some(role) = role.filter(|_| joint.text.len() <= left) {
                left = left.saturating_sub(joint.text.len());
                parts.push((role, joint.text));
            }
        }
        Self { parts, said: OnceLock::new() }
    }

    /// Whether a text repeats three words on end that were said to the model, also without what stands between them, backwards, or with
    /// letters moved by thirteen; or a word with digits of five and more, or a number of as many, whatever parts its digits, also backwards.
    pub(crate) fn holds_some_of(&self, text: &str) -> bool {
        self.holds_words_of(text, SOME) || self.holds_number_of(text) || self.holds_run_of(text)
    }

    /// Whether a name that somebody must own repeats more than names are made of: four words on end, or a number.
    pub(crate) fn holds_much_of(&self, name: &str) -> bool {
        let parted = name.split(['.', ' ']).filter(|label| !label.is_empty()).count() > 2;
        self.holds_words_of(name, if parted { SOME } else { MUCH })
            || self.holds_number_of(name)
            || name.len() >= LONG_NAME && !name.contains(['-', '_']) && self.holds_run_of(name)
    }

    /// Whether a text holds a run of letters that was said over three words.
    fn holds_run_of(&self, text: &str) -> bool {
        let letters: Vec<u8> = squeezed(text).collect();
        let runs = &self.said().runs;
        let is_known = |letters: &[u8]| letters.windows(RUN).any(|run| runs.contains(&hash(run)));
        if letters.len() < RUN || runs.is_empty() {
            return false;
        }
        let backwards: Vec<u8> = letters.iter().rev().copied().collect();
        let turned: Vec<u8> = letters.iter().map(|letter| words::turned(*letter)).collect();
        is_known(&letters) || is_known(&backwards) || is_known(&turned)
    }

    fn holds_number_of(&self, text: &str) -> bool {
        let said = &self.said().digits;
        !said.is_empty()
            && numbers(text).iter().any(|number| {
                let backwards: Vec<u8> = number.iter().rev().copied().collect();
                said.contains(&hash(number)) || said.contains(&hash(&backwards))
            })
    }

    /// Whether so many words on end were said, or a word with digits.
    fn holds_words_of(&self, text: &str, most: u32) -> bool {
        let said = self.said();
        let (mut previous, mut run, mut found) = (None, 0_u32, false);
        words::each(text, 0, |word| {
            let known =
                previous.is_some_and(|previous| said.pairs.contains(&words::pair(previous, word.hash)));
            run = if known { run.saturating_add(1) } else { 0 };
            let number =
                word.digit && word.end.saturating_sub(word.start) >= 5 && said.numbers.contains(&word.hash);
            found |= run.saturating_add(1) >= most || number;
            previous = Some(word.hash);
        });
        found
    }

    /// Whether an address was said as it stands.
    pub(crate) fn names(&self, address: &str) -> bool {
        self.said().addresses.contains(address)
    }

    fn said(&self) -> &Said {
        self.said.get_or_init(|| {
            let mut said = Said::default();
            for (_, part) in self.parts.iter().filter(|(role, _)| *role != Role::ToolDescription) {
                for word in part.split_whitespace().filter(|word| word.contains("//")) {
                    said.addresses.extend(addresses(word).into_iter().map(|one| one.text.into_owned()));
                }
                let mut previous = None;
                words::each_plain(part, 0, |word| {
                    if let Some(previous) = previous {
                        said.pairs.insert(words::pair(previous, word.hash));
                    }
                    if word.digit {
                        said.numbers.insert(word.hash);
                    }
                    previous = Some(word.hash);
                });
                said.add_runs(part);
                said.digits.extend(numbers(part).iter().map(|number| hash(number)));
            }
            said
        })
    }
}

impl Said {
    fn add_runs(&mut self, part: &str) {
        let mut letters: Vec<u8> = Vec::with_capacity(part.len());
        let mut begins: Vec<usize> = Vec::new();
        for word in part.split(|one: char| !one.is_alphanumeric()).filter(|word| !word.is_empty()) {
            begins.push(letters.len());
            letters.extend(squeezed(word));
        }
        for three in begins.windows(3) {
            let [begin, .., third] = three else { continue };
            let run = letters.get(*begin..begin.saturating_add(RUN));
            if let Some(run) = run.filter(|_| *third < begin.saturating_add(RUN)) {
                self.runs.insert(hash(run));
            }
        }
    }
}

/// The numbers of a text without the single marks and blanks between their digits. A date is none, since names of files have them.
fn numbers(text: &str) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let (mut number, mut groups) = (Vec::new(), Vec::new());
    let (mut group, mut parted) = (0_usize, false);
    for byte in text.bytes().chain([b'x']) {
        if byte.is_ascii_digit() {
            number.push(byte);
            group = group.saturating_add(1);
            parted = false;
        } else if matches!(byte, b'-' | b'.' | b' ' | b'_' | b'/' | b',' | b'(' | b')')
            && !parted
            && !number.is_empty()
        {
            groups.push(std::mem::take(&mut group));
            parted = true;
        } else {
            if group > 0 {
                groups.push(group);
            }
            let is_date = is_date(&number, &groups);
            if NUMBER.contains(&number.len()) && !is_date {
                all.push(std::mem::take(&mut number));
            }
            number.clear();
            groups.clear();
            (group, parted) = (0, false);
        }
    }
    all
}

/// Whether the digits of a number are those of a day: year, month and day in either order.
fn is_date(number: &[u8], groups: &[usize]) -> bool {
    let is_year = |digits: &[u8]| digits.starts_with(b"19") || digits.starts_with(b"20");
    match groups {
        [8] | [4, 1..=2, 1..=2] => is_year(number),
        [1..=2, 1..=2, 4] => is_year(number.get(number.len().saturating_sub(4)..).unwrap_or_default()),
        _ => false,
    }
}

/// The letters and digits of a text in small letters, as they are written in bytes.
fn squeezed(text: &str) -> impl Iterator<Item = u8> {
    text.split(|one: char| !one.is_alphanumeric()).flat_map(str::bytes).map(|byte| byte.to_ascii_lowercase())
}

fn hash(run: &[u8]) -> u64 {
    run.iter().fold(words::BASIS, |hash, byte| words::mixed(hash, *byte))
}

#[cfg(test)]
mod tests {
    use super::super::checks::tests::exchange;
    use super::*;

    #[test]
    fn phrases_and_numbers_that_were_said_are_known() {
        let said = Conversation::of(&exchange(&[(
            Role::User,
            "My order AB-12345 came broken from the shop (https://shop.example/a?b=1).",
        )]));
        assert!(said.holds_some_of("came_broken_from") && said.holds_some_of("x 12345"));
        assert!(!said.holds_some_of("order from shop 123"));
        let backwards: String = "came broken from the".chars().rev().collect();
        for dressed in ["CameBrokenFromThe", "c/a/m/e-broken.from", &backwards, "pnzr oebxra sebz"] {
            assert!(said.holds_some_of(dressed), "{dressed}");
        }
        assert!(!said.holds_some_of("rokenfromthe") && !said.holds_some_of("documentation"));
        for number in ["1.2.3.4.5", "123-45", "54321", "5/4/3/2/1", "1 2 3 4 5"] {
            assert!(said.holds_some_of(number), "{number}");
        }
        assert!(said.holds_much_of("my-order-ab-12345") && said.holds_much_of("came.broken.from"));
        assert!(!said.holds_much_of("came-broken-from") && said.holds_much_of("came-broken-from-the"));
        assert!(said.names("https://shop.example/a?b=1") && !said.names("https://shop.example/a"));
    }

    #[test]
    fn numbers_are_read_without_what_parts_them_and_dates_are_none() {
        let read = |text: &str| -> Vec<String> {
            numbers(text).into_iter().filter_map(|one| String::from_utf8(one).ok()).collect()
        };
        assert_eq!(read("call 030-90 18.20, or 4471920x"), ["030901820", "4471920"]);
        assert_eq!(read("2024-05-17 at 10, 17.05.2024; 20240517; v1.2.3; 12--34567"), ["34567"]);
    }
}

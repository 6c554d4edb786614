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
    /// Addresses.
    addresses: BTreeSet<String>,
}

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
    /// letters moved by thirteen; or a word with digits of five and more.
    pub(crate) fn holds_some_of(&self, text: &str) -> bool {
        if self.holds_words_of(text) {
            return true;
        }
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

    fn holds_words_of(&self, text: &str) -> bool {
        let said = self.said();
        let (mut previous, mut run, mut found) = (None, 0_u32, false);
        words::each(text, 0, |word| {
            let known =
                previous.is_some_and(|previous| said.pairs.contains(&words::pair(previous, word.hash)));
            run = if known { run.saturating_add(1) } else { 0 };
            let number =
                word.digit && word.end.saturating_sub(word.start) >= 5 && said.numbers.contains(&word.hash);
            found |= run >= 2 || number;
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
        assert!(said.names("https://shop.example/a?b=1") && !said.names("https://shop.example/a"));
    }
}

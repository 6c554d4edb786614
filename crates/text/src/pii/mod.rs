//! Personal data told by its form: a search for digits and for marks of addresses, looking closer where a word with a digit
//! begins, at `@`, at `://` and at marks of hardware addresses. Every look is bounded, so the whole is linear.

mod asia;
mod middle_europe;
mod network;
mod north_america;
mod northern_europe;
mod number;
mod payment;
mod phone;
mod southern_europe;
mod southern_lands;
mod vehicles;
mod western_europe;

use crate::bytes::{self, ALNUM, ALPHA, DIGITS, WORD, span};
use crate::hit::Raw;
use number::{Number, Written, is_near};

/// Every family of numbers: one line each.
static FAMILIES: &[&[Number]] = &[
    payment::NUMBERS,
    north_america::NUMBERS,
    western_europe::NUMBERS,
    southern_europe::NUMBERS,
    middle_europe::NUMBERS,
    northern_europe::NUMBERS,
    asia::NUMBERS,
    southern_lands::NUMBERS,
    vehicles::NUMBERS,
];

/// Longest number without separators.
const LONGEST: usize = 34;
/// Most groups of a number.
const GROUPS: usize = 10;

/// Whether a closer look begins at a byte.
#[expect(clippy::needless_bitwise_bool, reason = "so that many bytes are asked at once")]
fn is_looked_at(byte: u8) -> bool {
    byte.is_ascii_digit()
        | (byte == b'@')
        | (byte == b':')
        | (byte == b'+')
        | (byte == b'(')
        | (byte == b'-')
        | (byte == b'.')
}

/// The detector of personal data by form.
#[derive(Debug)]
pub(crate) struct Patterns {
    /// Kinds of numbers by how many characters they have.
    by_length: Vec<Vec<&'static Number>>,
}

impl Patterns {
    /// Orders the kinds.
    pub(crate) fn new() -> Self {
        let kinds = || FAMILIES.iter().copied().flatten();
        let by_length = (0..=LONGEST)
            .map(|length| {
                kinds().filter(|kind| (kind.lengths.0..=kind.lengths.1).contains(&length)).collect()
            })
            .collect();
        Self { by_length }
    }

    /// Finds personal data by form.
    pub(crate) fn scan(&self, text: &[u8], raw: &mut Vec<Raw>) {
        let whole = text.trim_ascii().len();
        let mut at = 0;
        while let Some(here) = bytes::first(text, at, is_looked_at) {
            at = here + 1;
            match bytes::at(text, here) {
                Some(b'@') => raw.extend(network::mail(text, here)),
                Some(b':') => raw.extend(network::address(text, here)),
                Some(b'+' | b'(') if bytes::at(text, here + 1).is_some_and(|next| DIGITS.has(next)) => {
                    raw.extend(phone::phone(text, here));
                }
                Some(b'-') if bytes::at(text, here + 3) == Some(b'-') => {
                    raw.extend(here.checked_sub(2).and_then(|start| network::hyphened(text, start)));
                }
                Some(b'.') if bytes::at(text, here + 5) == Some(b'.') => {
                    raw.extend(here.checked_sub(4).and_then(|start| network::hyphened(text, start)));
                }
                Some(b'0'..=b'9') => at = self.word(text, here, whole, raw),
                _ => {}
            }
        }
    }

    /// Judges the word around the digit at `digit`, and gives where it ends.
    fn word(&self, text: &[u8], digit: usize, whole: usize, raw: &mut Vec<Raw>) -> usize {
        let head = span(text, digit.saturating_sub(100), digit);
        let start = digit - head.iter().rev().take_while(|&&byte| WORD.has(byte)).count();
        let end = digit + WORD.run(text.get(digit..).unwrap_or_default(), usize::MAX);
        if end - start >= 26 {
            raw.extend(network::wallet(text, start, end));
        }
        if digit - start > LONGEST {
            return end;
        }
        raw.extend(network::dotted(text, start));
        raw.extend(phone::phone(text, start));
        self.number(text, start, whole, raw);
        // Up to two short words of letters may lead: `DE 136 695 976`, `B AB 1234`.
        let mut lead = start;
        for _ in 0..2 {
            let Some(mark) = lead.checked_sub(1).filter(|&mark| is_separator(bytes::at(text, mark))) else {
                break;
            };
            let letters = span(text, mark.saturating_sub(5), mark)
                .iter()
                .rev()
                .take_while(|&&byte| ALPHA.has(byte))
                .count();
            if !(1..=4).contains(&letters) {
                break;
            }
            lead = mark - letters;
            self.number(text, lead, whole, raw);
        }
        end
    }

    /// Judges the numbers that begin at `start`: every length at which a group ends.
    fn number(&self, text: &[u8], start: usize, whole: usize, raw: &mut Vec<Raw>) {
        if bytes::before(text, start).is_some_and(|byte| WORD.has(byte)) {
            return;
        }
        let (mut compact, mut length) = ([0_u8; LONGEST], 0);
        let (mut groups, mut count) = ([0_usize; GROUPS], 0);
        let (mut at, mut digits) = (start, false);
        while count < GROUPS {
            let run = ALNUM.run(text.get(at..).unwrap_or_default(), LONGEST + 1);
            let Some(slots) = compact.get_mut(length..length + run).filter(|slots| !slots.is_empty()) else {
                return;
            };
            if bytes::at(text, at + run) == Some(b'_') {
                return;
            }
            for (slot, byte) in slots.iter_mut().zip(span(text, at, at + run)) {
                *slot = byte.to_ascii_uppercase();
                digits |= DIGITS.has(*byte);
            }
            length += run;
            at += run;
            if let Some(group) = groups.get_mut(count) {
                *group = run;
            }
            count += 1;
            if length >= 4 && digits {
                let written =
                    Written { text: span(text, start, at), groups: groups.get(..count).unwrap_or_default() };
                self.judge(text, start, &written, compact.get(..length).unwrap_or_default(), whole, raw);
            }
            let next = bytes::at(text, at + 1).is_some_and(|next| ALNUM.has(next));
            if !next || !(is_separator(bytes::at(text, at)) || is_colon(text, at, run)) {
                return;
            }
            at += 1;
        }
    }

    fn judge(
        &self,
        text: &[u8],
        start: usize,
        written: &Written<'_>,
        compact: &[u8],
        whole: usize,
        raw: &mut Vec<Raw>,
    ) {
        let end = start + written.text.len();
        let mut joined = None;
        for kind in self.by_length.get(compact.len()).into_iter().flatten() {
            if (!kind.groups.is_empty() && !kind.groups.contains(&written.groups))
                || !(kind.check)(compact)
                || !(kind.written)(written)
            {
                continue;
            }
            let joined = *joined.get_or_insert_with(|| {
                matches!(bytes::at(text, end), Some(b'-' | b'@'))
                    || matches!(bytes::before(text, start), Some(b'-' | b'.' | b'$'))
            });
            let near = is_near(text, start, end, kind.context);
            // The first way of grouping is the kind's own.
            let dashed = written.groups.len() > 1 && kind.groups.first() == Some(&written.groups);
            let mut score = kind.alone + if near { 0.4 } else { 0.0 } + if dashed { 0.3 } else { 0.0 };
            if whole == end - start && kind.alone > 0.0 {
                score = score.max(0.5);
            }
            if score >= 0.45 && !(joined && score < 0.8) {
                let why = if near { "its form, and a word for it near" } else { kind.kind.name };
                raw.push(Raw::new(&kind.kind, start, end, score.min(0.99), why));
            }
        }
    }
}

/// Whether a mark may stand between the groups of a number.
fn is_separator(mark: Option<u8>) -> bool {
    matches!(mark, Some(b' ' | b'-' | b'.' | b'/' | b'+'))
}

/// Whether a colon at `at` stands between groups of four digits.
fn is_colon(text: &[u8], at: usize, run: usize) -> bool {
    run == 4 && bytes::at(text, at) == Some(b':') && DIGITS.run(span(text, at + 1, at + 6), 5) == 4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&'static str, &str)> {
        let mut raw = Vec::new();
        Patterns::new().scan(text.as_bytes(), &mut raw);
        raw.iter().filter_map(|hit| Some((hit.kind.id, text.get(hit.start..hit.end)?))).collect()
    }

    proptest::proptest! {
        #[test]
        fn looks_begin_where_they_do_byte_by_byte(text in "([a-z ,]{0,40}|[0-9@:+(.-]|é){0,8}", from in 0..200_usize) {
            let slowly = (from..text.len()).find(|at| is_looked_at(text.as_bytes()[*at]));
            proptest::prop_assert_eq!(bytes::first(text.as_bytes(), from, is_looked_at), slowly);
        }
    }

    #[test]
    fn a_number_in_groups_is_one_number() {
        assert_eq!(
            found("to GB82 WEST 1234 5698 7654 32 now"),
            [("IBAN_CODE", "GB82 WEST 1234 5698 7654 32")]
        );
        assert!(found("USt DE 136 695 976!").contains(&("DE_VAT_ID", "DE 136 695 976")));
        assert!(found("Kennzeichen b ab 1234").contains(&("DE_KFZ", "b ab 1234")));
    }

    #[test]
    fn hardware_addresses_of_letters_alone_are_found() {
        assert_eq!(found("at AA-BB-CC-DD-EE-FF"), [("MAC_ADDRESS", "AA-BB-CC-DD-EE-FF")]);
        assert_eq!(found("is aabb.ccdd.eeff"), [("MAC_ADDRESS", "aabb.ccdd.eeff")]);
    }

    #[test]
    fn a_weak_number_needs_a_word_or_a_text_of_its_own() {
        assert_eq!(found("10115"), [("DE_PLZ", "10115")]);
        assert_eq!(found("there were 10115 of them"), []);
        assert_eq!(found("PLZ 10115 Berlin"), [("DE_PLZ", "10115")]);
    }
}

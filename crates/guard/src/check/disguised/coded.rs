//! Words on end that are parts of one code: [`Coded`].

use super::SHORTEST_ENCODED;
use super::numbers::{numbers, spelt};
use super::run::{is_between, is_joint};
use super::spelt::Spelt;
use std::ops::Range;

/// Numbers of characters on end from which on they wait for more, and groups.
const HELD_NUMBERS: usize = 8;
const HELD_GROUPS: usize = 3;
/// Numbers on end that wait where each takes so many bytes, as those of programs do: `0x67, `.
const HELD_WIDE: usize = 4;
const WIDE: usize = 6;
/// Longest code that is put together.
const LONGEST_CODE: usize = 8192;
/// Shortest group.
const SHORTEST_GROUP: usize = 4;
/// Digits of a line of a dump: behind them the bytes stand as letters once more.
const DUMPED: usize = 32;

/// Words on end that are parts of one code.
#[derive(Debug, Clone, Default)]
pub(super) struct Coded {
    pub(super) spelt: Spelt,
    /// Where parts begin.
    pub(super) starts: Vec<usize>,
    pub(super) of: Option<Code>,
    /// Digits of the line so far, where it is one of a dump (`xxd`, `hexdump -C`).
    dumped: Option<usize>,
}

/// What parts of a code are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    /// Numbers of characters.
    Numbers,
    /// Long words of base64.
    Base64,
    /// Words of base64 or hexadecimal digits of this length.
    Groups(usize),
}

impl Coded {
    pub(super) fn clear(&mut self) {
        self.spelt.clear();
        self.starts.clear();
        self.of = None;
    }

    /// Whether the line is one of a dump.
    pub(super) fn is_dump(&self) -> bool {
        self.dumped.is_some()
    }

    /// Takes a word that is a part of the code under way, or begins one.
    pub(super) fn takes(&mut self, word: &Spelt, begins_line: bool) -> bool {
        if begins_line {
            let is_next = is_offset(&word.text, self.dumped.is_some());
            self.dumped = is_next.then_some(0);
            if is_next {
                return true;
            }
        }
        if self.dumped.is_some_and(|digits| digits >= DUMPED) {
            return true;
        }
        let before = self.spelt.text.len();
        let takes = self.takes_part(word) || self.dumped.is_some() && before <= LONGEST_CODE;
        let more = self.spelt.text.len().saturating_sub(before);
        self.dumped = self.dumped.map(|digits| digits.saturating_add(more));
        takes
    }

    fn takes_part(&mut self, word: &Spelt) -> bool {
        if is_between(&word.text) {
            return true;
        }
        if self.spelt.text.len() > LONGEST_CODE {
            return false;
        }
        if let Some(numbers) = numbers(&word.text).filter(|found| !found.is_empty()) {
            if self.of.is_some_and(|known| known != Code::Numbers) {
                return false;
            }
            self.of = Some(Code::Numbers);
            for span in numbers {
                self.put(span, word);
            }
            return true;
        }
        let is_core = |byte: &u8| !is_joint(*byte);
        let bytes = word.text.as_bytes();
        let start = bytes.iter().position(is_core).unwrap_or_default();
        let end = bytes.iter().rposition(is_core).map_or(start, |last| last.saturating_add(1));
        let is_hex =
            bytes.get(start..).is_some_and(|rest| rest.starts_with(b"0x") || rest.starts_with(b"\\x"));
        let start = if is_hex { start.saturating_add(2) } else { start };
        let core = word.text.get(start..end).unwrap_or_default();
        if !core.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte)) {
            return false;
        }
        let length = core.len();
        match self.of {
            None if length >= SHORTEST_ENCODED => self.of = Some(Code::Base64),
            None if length >= SHORTEST_GROUP && !is_word(core) => self.of = Some(Code::Groups(length)),
            Some(Code::Base64) if length >= SHORTEST_ENCODED => {}
            Some(Code::Groups(known)) if length == known => {}
            // What a code ends with may be short; what comes behind that is none of it.
            Some(Code::Base64) if word.text.len() < SHORTEST_ENCODED => {
                self.put(start..end, word);
                return false;
            }
            Some(Code::Groups(known)) if length < known => {
                self.put(start..end, word);
                return false;
            }
            _ => return false,
        }
        self.put(start..end, word);
        true
    }

    fn put(&mut self, span: Range<usize>, word: &Spelt) {
        self.starts.push(self.spelt.text.len());
        for (at, character) in word.text.get(span.clone()).unwrap_or_default().char_indices() {
            let place = word.places.get(span.start.saturating_add(at)).copied().unwrap_or_default();
            self.spelt.push(character, place);
        }
    }

    /// What numbers of characters spell, a character for each.
    pub(super) fn characters(&self) -> Vec<String> {
        let ends = self.starts.iter().skip(1).copied().chain([self.spelt.text.len()]);
        let parts: Vec<&str> = self
            .starts
            .iter()
            .zip(ends)
            .filter_map(|(start, end)| self.spelt.text.get(*start..end))
            .collect();
        spelt(&parts)
    }

    /// The parts from one to another, as a span of the code.
    pub(super) fn parts(&self, parts: &Range<usize>) -> Range<usize> {
        let all = self.spelt.text.len();
        let start = |part: usize| self.starts.get(part).copied().unwrap_or(all);
        start(parts.start)..start(parts.end)
    }

    /// Whether there is a letter in it: numbers of a table have none.
    pub(super) fn has_letter(&self) -> bool {
        self.spelt.text.bytes().any(|byte| byte.is_ascii_alphabetic())
    }

    /// Where a code begins that waits for more of it.
    pub(super) fn held(&self) -> Option<usize> {
        let waits = match self.of? {
            Code::Numbers => {
                let count = self.starts.len();
                let places = self.spelt.places.last().zip(self.spelt.places.first());
                let length = places.map_or(0, |(last, first)| last.saturating_sub(*first));
                let is_wide = length >= count.saturating_sub(1).saturating_mul(WIDE);
                count >= HELD_NUMBERS || count >= HELD_WIDE && is_wide
            }
            Code::Base64 => true,
            Code::Groups(_) => self.starts.len() >= HELD_GROUPS && self.has_letter(),
        };
        waits.then(|| self.spelt.places.first().copied()).flatten()
    }
}

/// Whether a word is written as people do: letters, of which only the first or all are large.
fn is_word(core: &str) -> bool {
    let inner = core.as_bytes().get(1..).unwrap_or_default();
    core.bytes().all(|byte| byte.is_ascii_alphabetic())
        && (inner.iter().all(u8::is_ascii_lowercase) || inner.iter().all(u8::is_ascii_uppercase))
}

/// Whether the first word of a line is where its bytes lie in what is dumped: the first of all of noughts, or with a colon behind it.
fn is_offset(word: &str, follows: bool) -> bool {
    let digits = word.trim_end_matches(':');
    (6..=16).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        && (follows || digits.len() < word.len() || digits.bytes().all(|byte| byte == b'0'))
}

//! Words on end that are parts of one code: [`Coded`].

use super::SHORTEST_ENCODED;
use super::run::is_joint;
use super::spelt::Spelt;

/// Numbers of characters on end from which on they wait for more.
const HELD_NUMBERS: usize = 8;
/// Longest code that is put together.
const LONGEST_CODE: usize = 8192;

/// Words on end that are parts of one code.
#[derive(Debug, Clone, Default)]
pub(super) struct Coded {
    pub(super) spelt: Spelt,
    /// Where parts begin.
    pub(super) starts: Vec<usize>,
    pub(super) of: Option<Code>,
}

/// What parts of a code are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    /// Numbers of characters.
    Numbers,
    /// Long words of base64.
    Base64,
}

impl Coded {
    pub(super) fn clear(&mut self) {
        self.spelt.clear();
        self.starts.clear();
        self.of = None;
    }

    /// Takes a word that is a part of the code under way, or begins one.
    pub(super) fn takes(&mut self, word: &Spelt) -> bool {
        let bytes = word.text.as_bytes();
        let is_core = |byte: &u8| !is_joint(*byte);
        let start = bytes.iter().position(is_core).unwrap_or_default();
        let end = bytes.iter().rposition(is_core).map_or(start, |last| last.saturating_add(1));
        let is_hex =
            bytes.get(start..).is_some_and(|rest| rest.starts_with(b"0x") || rest.starts_with(b"\\x"));
        let start = if is_hex { start.saturating_add(2) } else { start };
        let core = word.text.get(start..end).unwrap_or_default();
        let is_base64 = core.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte));
        let of = if is_number(core) {
            Code::Numbers
        } else if is_base64 && core.len() >= SHORTEST_ENCODED {
            Code::Base64
        } else if is_base64 && self.of == Some(Code::Base64) && word.text.len() < SHORTEST_ENCODED {
            // What a code ends with may be short; what comes behind that is none of it.
            self.put(core, word, start);
            return false;
        } else {
            return false;
        };
        if self.of.is_some_and(|known| known != of) || self.spelt.text.len() > LONGEST_CODE {
            return false;
        }
        self.of = Some(of);
        self.put(core, word, start);
        true
    }

    pub(super) fn put(&mut self, core: &str, word: &Spelt, start: usize) {
        self.starts.push(self.spelt.text.len());
        for (at, character) in core.char_indices() {
            let place = word.places.get(start.saturating_add(at)).copied().unwrap_or_default();
            self.spelt.push(character, place);
        }
    }

    /// What numbers of characters spell, and how many digits each has; nought where that differs.
    pub(super) fn characters(&self) -> Option<(String, usize)> {
        let ends = self.starts.iter().skip(1).copied().chain([self.spelt.text.len()]);
        let parts: Vec<&str> = self
            .starts
            .iter()
            .zip(ends)
            .filter_map(|(start, end)| self.spelt.text.get(*start..end))
            .collect();
        let spell = |radix: u32, widths: std::ops::RangeInclusive<usize>| {
            let number = |part: &&str| {
                let code =
                    widths.contains(&part.len()).then(|| u8::from_str_radix(part, radix).ok()).flatten();
                code.filter(u8::is_ascii_graphic).map(char::from)
            };
            parts.iter().map(number).collect::<Option<String>>()
        };
        let hex = spell(16, 2..=2).map(|text| (text, 2));
        hex.or_else(|| spell(2, 7..=8).map(|text| (text, 0)))
            .or_else(|| spell(10, 2..=3).map(|text| (text, 0)))
    }

    /// Where a code begins that waits for more of it.
    pub(super) fn held(&self) -> Option<usize> {
        let waits = match self.of? {
            Code::Numbers => self.starts.len() >= HELD_NUMBERS,
            Code::Base64 => true,
        };
        waits.then(|| self.spelt.places.first().copied()).flatten()
    }
}

/// Whether a word may be the number of a character: `67`, `103`, `01100111`.
fn is_number(core: &str) -> bool {
    match core.len() {
        2 => core.bytes().all(|byte| byte.is_ascii_hexdigit()),
        3 => core.bytes().all(|byte| byte.is_ascii_digit()),
        7 | 8 => core.bytes().all(|byte| matches!(byte, b'0' | b'1')),
        _ => false,
    }
}

//! Control characters within words, and letters that are escaped one by one and set apart, as in a program's table.

use super::ciphers::english_likeness;
use super::hidden::{Hidden, Veil};
use super::leet::LIKE_WORDS;
use std::collections::HashSet;

/// Letters of the longest word that control characters are taken to stand within; more are several words, which they part.
const LONGEST_WORD: usize = 20;
/// Letters of the shortest word in which they count: examples of programs (`a\x00b`) have fewer.
const SHORTEST_WORD: usize = 5;
/// Control characters within words from which on a text is read without them.
const LEAST: usize = 2;

/// Whether a character is one that no one sees and no text needs: controls but tabulators and the ends of lines.
pub(super) fn is_unseen(character: char) -> bool {
    character.is_control() && !character.is_whitespace()
}

/// A text without control characters, which may stand within words (`Ign\u{1}ore`), where there are some.
pub(super) fn piece(text: &str, found: &mut Vec<Hidden>) {
    // The first byte of those beyond ASCII is 0xC2.
    let may_be = |byte: u8| {
        u32::from(byte < b' ' && !byte.is_ascii_whitespace()) | u32::from(matches!(byte, 0x7F | 0xC2))
    };
    if text.bytes().fold(0, |any, byte| any | may_be(byte)) == 0 {
        return;
    }
    let (read, joined) = without(text);
    if joined >= LEAST {
        found.push(Hidden { veil: Veil::Escapes, start: 0, end: text.len(), text: read });
    }
}

/// A text without its control characters, and how often letters are joined by that, of each word once. Between whole words they are blanks.
pub(super) fn without(text: &str) -> (String, usize) {
    let (mut out, mut joined) = (String::with_capacity(text.len()), 0_usize);
    let mut known = HashSet::new();
    for stretch in text.split_inclusive(char::is_whitespace) {
        let controls = stretch.chars().filter(|one| is_unseen(*one)).count();
        if controls == 0 {
            out.push_str(stretch);
            continue;
        }
        let letters = stretch.chars().filter(|one| one.is_alphabetic()).count();
        let parts = letters > LONGEST_WORD && letters >= controls.saturating_add(1).saturating_mul(3);
        let (mut word, mut within, mut between) = (String::new(), 0_usize, false);
        for one in stretch.chars().chain([' ']) {
            if is_unseen(one) {
                between = !word.is_empty();
                if parts {
                    out.push(' ');
                }
                continue;
            }
            if one.is_alphabetic() {
                within += usize::from(between);
                word.push(one);
            } else {
                let counts = within > 0 && !parts && word.chars().nth(SHORTEST_WORD - 1).is_some();
                if counts && known.insert(word.clone()) {
                    joined += within;
                }
                word.clear();
                within = 0;
            }
            between = false;
            out.push(one);
        }
        // The blank that ends the last word is none of the text.
        out.pop();
    }
    (out, joined)
}

/// Escapes that are set apart by a few signs: `'\x49', '\x67'`.
#[derive(Debug, Default)]
pub(super) struct Apart {
    /// What the escapes say that follow each other, and how many of them are set apart.
    run: String,
    parted: usize,
    /// Where the run begins and ends.
    from: usize,
    to: usize,
    /// What runs said that read like words, and where they stand.
    said: String,
    span: Option<(usize, usize)>,
}

impl Apart {
    /// Takes the escape of a character at `at`.
    pub(super) fn take(&mut self, text: &str, at: usize, length: usize, decoded: char) {
        /// Longest that may stand between two, in bytes: quotes, a comma or a plus, and the end of a line with what the next begins with.
        const BETWEEN: usize = 24;
        let is_near = at.saturating_sub(self.to) <= BETWEEN && !self.run.is_empty();
        let between = text.get(self.to..at).filter(|_| is_near).unwrap_or("x");
        // A table of accents and the letters below them says nothing.
        if between.contains(char::is_alphanumeric) || !decoded.is_ascii() {
            self.end();
            self.from = at;
        } else if is_unseen(decoded) {
            self.to = at + length;
            return;
        } else {
            self.parted += usize::from(!between.is_empty());
            if ["' '", "\" \"", "` `"].iter().any(|blank| between.contains(blank)) {
                self.run.push(' ');
            }
        }
        if decoded.is_ascii() && !is_unseen(decoded) {
            self.run.push(decoded);
        }
        self.to = at + length;
    }

    /// Ends a run: what reads like words is kept.
    fn end(&mut self) {
        /// Fewest letters, and different ones.
        const LETTERS: usize = 16;
        const DIFFERENT: u32 = 8;
        let letters =
            || self.run.bytes().map(|byte| byte.to_ascii_lowercase()).filter(u8::is_ascii_lowercase);
        if self.parted >= LETTERS
            && self.parted * 2 >= self.run.len()
            && letters().count() >= LETTERS
            && letters().fold(0_u32, |seen, byte| seen | 1 << (byte - b'a')).count_ones() >= DIFFERENT
            && english_likeness(self.run.chars()) >= LIKE_WORDS
        {
            if !self.said.is_empty() {
                self.said.push('\n');
            }
            self.said.push_str(&self.run);
            self.span = Some((self.span.map_or(self.from, |(start, _)| start), self.to));
        }
        self.run.clear();
        self.parted = 0;
    }

    /// What all runs say that read like words.
    pub(super) fn piece(mut self) -> Option<Hidden> {
        self.end();
        let (start, end) = self.span?;
        Some(Hidden { veil: Veil::Escapes, start, end, text: self.said })
    }
}

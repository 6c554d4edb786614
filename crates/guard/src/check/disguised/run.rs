//! Words on end that may be pieces of one token: [`Run`].

use super::super::needles::{Needles, symbol};
use super::spelt::Spelt;
use bartizan_text::token_marks;
use std::sync::LazyLock;

/// Letters and digits of a mark from which on pieces wait for the rest.
const HELD: usize = 2;
/// Longest word of letters alone that may be a piece of a token, and how many of them on end.
const LONGEST_PLAIN: usize = 8;
const MOST_PLAIN: usize = 3;

/// How far into the mark of a token a text is.
static MARKS: LazyLock<Needles> = LazyLock::new(|| Needles::of(token_marks()));
/// Marks that are letters and digits alone.
static BARE: LazyLock<Vec<&str>> = LazyLock::new(|| {
    token_marks().filter(|mark| mark.bytes().all(|byte| byte.is_ascii_alphanumeric())).collect()
});

/// Words on end that may be pieces of one.
#[derive(Debug, Clone, Default)]
pub(super) struct Run {
    pub(super) spelt: Spelt,
    /// Where pieces begin.
    pub(super) starts: Vec<usize>,
    /// Where pieces end that are more than a word of letters, and where the others do.
    pub(super) ends: Vec<usize>,
    pub(super) plain_ends: Vec<usize>,
    pub(super) pieces: usize,
    /// Words of letters alone since the last other piece.
    pub(super) plain: usize,
    pub(super) state: u32,
    /// Letters and digits so far, by their index.
    pub(super) symbols: Vec<usize>,
    /// Where a mark begins that is there as a whole.
    pub(super) open: Option<usize>,
}

impl Run {
    pub(super) fn clear(&mut self) {
        if self.pieces > 0 {
            self.spelt.clear();
            self.starts.clear();
            self.ends.clear();
            self.plain_ends.clear();
            self.symbols.clear();
            (self.pieces, self.plain, self.state, self.open) = (0, 0, 0, None);
        }
    }

    /// Whether a word may be a piece: short, with a digit, an underscore or a capital within it, or the beginning of a mark; of letters
    /// alone only behind a mark.
    pub(super) fn takes(&self, word: &Spelt) -> bool {
        let core = || word.text.bytes().filter(|byte| !is_joint(*byte));
        let length = core().count();
        let inner = || core().zip(core().skip(1));
        length <= 2
            || core().any(|byte| byte.is_ascii_digit() || byte == b'_')
            || inner().any(|(one, next)| one.is_ascii_lowercase() && next.is_ascii_uppercase())
            || length <= LONGEST_PLAIN
                && (core().all(|byte| byte.is_ascii_uppercase()) || begins_mark(core()))
            || self.open.is_some() && length <= LONGEST_PLAIN && self.plain < MOST_PLAIN
    }

    pub(super) fn put(&mut self, word: &Spelt) {
        let from = self.spelt.text.len();
        if is_between(&word.text) {
            return;
        }
        self.starts.push(from);
        for (at, character) in word.text.char_indices() {
            let byte = u8::try_from(character).unwrap_or(0x80);
            if is_joint(byte) {
                continue;
            }
            let place = word.places.get(at).copied().unwrap_or_default();
            let index = self.spelt.text.len();
            self.spelt.push(character, place);
            if symbol(byte).is_some() {
                self.symbols.push(index);
                self.state = MARKS.after(self.state, byte);
            }
            if self.open.is_none() {
                self.open = self.opened(byte);
            }
        }
        let piece = self.spelt.text.get(from..).unwrap_or_default().as_bytes();
        if piece.is_empty() {
            return;
        }
        self.pieces = self.pieces.saturating_add(1);
        if is_plain(piece) {
            self.plain = self.plain.saturating_add(1);
            self.plain_ends.push(self.spelt.text.len());
        } else {
            self.plain = 0;
            self.ends.push(self.spelt.text.len());
        }
    }

    /// Where the mark of a token begins that ends with this byte.
    pub(super) fn opened(&self, byte: u8) -> Option<usize> {
        let length = MARKS.ends(self.state)?;
        let letters = self.symbols.get(self.symbols.len().checked_sub(length)?..)?;
        let start = letters.first().copied()?;
        if symbol(byte).is_none() {
            // Two letters are the end of many words.
            let is_mark = matches!(byte, b'_' | b'-' | b'.');
            return (is_mark && (length > 2 || self.starts.contains(&start))).then_some(start);
        }
        let bytes = self.spelt.text.as_bytes();
        let written: Option<Vec<u8>> = letters.iter().map(|at| bytes.get(*at).copied()).collect();
        let written = written?;
        BARE.iter().any(|mark| written.ends_with(mark.as_bytes())).then_some(start)
    }

    /// Where pieces begin that wait for more.
    pub(super) fn held(&self) -> Option<usize> {
        let depth = MARKS.depth(self.state);
        let begun = self.symbols.len().checked_sub(depth).filter(|_| depth >= HELD);
        let begun = begun.and_then(|at| self.symbols.get(at)).copied();
        let index = self.open.into_iter().chain(begun).min()?;
        self.spelt.places.get(index).copied()
    }
}

/// The first three letters or digits of the marks, as bits: few words begin with them.
static FIRST: LazyLock<Vec<u64>> = LazyLock::new(|| {
    let mut bits = vec![0; FIRST_BITS.div_ceil(64)];
    for mark in token_marks() {
        let letters: Vec<u8> = mark.bytes().filter(|byte| symbol(*byte).is_some()).take(3).collect();
        if let Some(key) = first_key(&letters)
            && let Some(word) = bits.get_mut(key >> 6)
        {
            *word |= 1_u64 << (key & 63);
        }
    }
    bits
});
/// Three times the low five bits of a byte, which either case of a letter has.
const FIRST_BITS: usize = 1 << 15;

fn first_key(letters: &[u8]) -> Option<usize> {
    let first = letters.get(..3)?;
    Some(first.iter().fold(0, |key, byte| key << 5 | usize::from(byte & 31)))
}

/// Whether a word of letters is the beginning of a mark of three and more.
pub(super) fn is_of_mark(word: &[u8]) -> bool {
    let bit = |key: usize| FIRST.get(key >> 6).is_some_and(|bits| bits >> (key & 63) & 1 == 1);
    first_key(word).is_some_and(bit) && begins_mark(word.iter().copied())
}

/// Whether a word begins with the mark of a token, or is the beginning of one.
pub(super) fn begins_mark(core: impl Iterator<Item = u8>) -> bool {
    let (mut state, mut length) = (0, 0_usize);
    for byte in core {
        if symbol(byte).is_none() {
            return MARKS.ends(state) == Some(length);
        }
        state = MARKS.after(state, byte);
        length = length.saturating_add(1);
        if MARKS.depth(state) < length {
            return false;
        }
    }
    length > HELD && MARKS.depth(state) == length
}

/// Whether the mark of a token may begin with these letters.
pub(super) fn may_begin(letters: &[u8]) -> bool {
    let state = letters.iter().fold(0, |state, byte| MARKS.after(state, *byte));
    MARKS.depth(state) == letters.len()
}

/// What stands between pieces and is none of them: quotes, brackets, and what puts texts together.
pub(super) fn is_joint(byte: u8) -> bool {
    matches!(
        byte,
        b'"' | b'\''
            | b'`'
            | b','
            | b';'
            | b'|'
            | b'('
            | b')'
            | b'['
            | b']'
            | b'{'
            | b'}'
            | b'\\'
            | b':'
            | b'='
            | b'*'
            | b'>'
    )
}

/// Whether a word is no piece and parts none: what puts texts together, and what stands before lines that are quoted or comments.
pub(super) fn is_between(word: &str) -> bool {
    word.bytes().all(|byte| is_joint(byte) || matches!(byte, b'+' | b'&' | b'#' | b'/' | b'%'))
}

/// Whether a piece is a word as people write them, marks behind it aside.
fn is_plain(piece: &[u8]) -> bool {
    let length =
        piece.iter().rposition(|byte| !byte.is_ascii_punctuation()).map_or(0, |last| last.saturating_add(1));
    let letters = piece.get(..length).unwrap_or_default();
    let turns = letters
        .windows(2)
        .any(|two| matches!(two, [one, next] if one.is_ascii_lowercase() && next.is_ascii_uppercase()));
    letters.len() > 2 && letters.iter().all(u8::is_ascii_alphabetic) && !turns
}

//! What a kind of number is: how long, how grouped, what it is checked by, and the words that stand near it.
//!
//! A number is judged without its separators. One with a strong check stands alone; a weak one counts where a word for it
//! stands near, or where the text is nothing but the number.

use crate::bytes::{DIGITS, UPPER, holds_ignoring_case, span};
use crate::checksum::digit_at;
use crate::hit::{Class, Kind};

/// A kind of number.
#[derive(Debug)]
pub(super) struct Number {
    pub(super) kind: Kind,
    /// Shortest and longest, in characters without separators.
    pub(super) lengths: (usize, usize),
    /// Whether the characters, in capitals, can be one.
    pub(super) check: fn(&[u8]) -> bool,
    /// Score without a word near it; below 0.45 it needs one, or a text of its own unless it is nought.
    pub(super) alone: f32,
    /// Words near it, in small letters.
    pub(super) context: &'static [&'static str],
    /// How it may be grouped, as group lengths; empty for any way.
    pub(super) groups: &'static [&'static [usize]],
    /// Whether it may be written like that.
    pub(super) written: fn(&Written<'_>) -> bool,
}

/// A number as it is written.
#[derive(Debug)]
pub(super) struct Written<'t> {
    /// With its separators.
    pub(super) text: &'t [u8],
    /// The lengths of its groups.
    pub(super) groups: &'t [usize],
}

/// Whether one separator stands between all groups.
pub(super) fn is_uniform(written: &Written<'_>) -> bool {
    let mut marks = written.text.iter().filter(|byte| !byte.is_ascii_alphanumeric());
    let first = marks.next();
    marks.all(|mark| Some(mark) == first)
}

/// A kind of number that may be grouped and written in any way.
pub(super) const fn number(
    id: &'static str,
    name: &'static str,
    lengths: (usize, usize),
    check: fn(&[u8]) -> bool,
    alone: f32,
    context: &'static [&'static str],
) -> Number {
    let kind = Kind { id, name, class: Class::Pattern };
    Number { kind, lengths, check, alone, context, groups: &[], written: |_| true }
}

impl Number {
    /// Grouped in one of these ways only.
    pub(super) const fn grouped(mut self, groups: &'static [&'static [usize]]) -> Self {
        self.groups = groups;
        self
    }

    /// Written only in such a way.
    pub(super) const fn written(mut self, written: fn(&Written<'_>) -> bool) -> Self {
        self.written = written;
        self
    }
}

pub(super) fn all_digits(n: &[u8]) -> bool {
    !n.is_empty() && n.iter().all(|&byte| DIGITS.has(byte))
}

pub(super) fn digits(n: &[u8]) -> bool {
    all_digits(n) && n.iter().any(|byte| Some(byte) != n.first())
}

/// `A` a letter, `9` a digit, `X` either.
pub(super) fn shape(n: &[u8], shape: &[u8]) -> bool {
    n.len() == shape.len()
        && n.iter().zip(shape).all(|(&byte, wanted)| match wanted {
            b'A' => UPPER.has(byte),
            b'9' => DIGITS.has(byte),
            _ => byte.is_ascii_alphanumeric(),
        })
}

/// Two digits as a number.
pub(super) fn pair(n: &[u8], at: usize) -> Option<u32> {
    Some(digit_at(n, at)? * 10 + digit_at(n, at + 1)?)
}

/// Whether a day and a month that has it stand at those places.
pub(super) fn date(n: &[u8], day: usize, month: usize) -> bool {
    pair(n, day).zip(pair(n, month)).is_some_and(|(day, month)| {
        let longest = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 29,
            _ => 0,
        };
        (1..=longest).contains(&day)
    })
}

/// How far before a number a word for it may stand, and how far behind, in bytes.
const CONTEXT: (usize, usize) = (60, 30);

/// Whether one of the words stands near.
pub(super) fn is_near(text: &[u8], start: usize, end: usize, words: &[&str]) -> bool {
    let before = span(text, start.saturating_sub(CONTEXT.0), start);
    let after = span(text, end, end + CONTEXT.1);
    words.iter().any(|word| [before, after].iter().any(|place| holds_ignoring_case(place, word.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_and_dates_are_told() {
        assert!(shape(b"AB12", b"AA99") && !shape(b"A112", b"AA99"));
        assert!(date(b"310189", 0, 2) && !date(b"310289", 0, 2));
        assert!(digits(b"120") && !digits(b"000") && all_digits(b"000"));
        assert_eq!(pair(b"x42", 1), Some(42));
    }

    #[test]
    fn one_separator_is_uniform_and_two_are_not() {
        let written = |text| is_uniform(&Written { text, groups: &[] });
        assert!(written(b"078 05 1123") && written(b"078051123") && !written(b"078-05.1123"));
    }
}

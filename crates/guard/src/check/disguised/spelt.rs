//! A text with the way back to where it is written: [`Spelt`].

use super::super::shown::width;
use super::super::stream::Tail;
use std::ops::Range;

/// A text, and where in the answer each byte of it is written.
#[derive(Debug, Clone, Default)]
pub(super) struct Spelt {
    pub(super) text: String,
    pub(super) places: Vec<usize>,
}

impl Spelt {
    pub(super) fn push(&mut self, character: char, place: usize) {
        self.text.push(character);
        self.places.extend(std::iter::repeat_n(place, character.len_utf8()));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.places.clear();
    }

    /// Where in the answer a part of it is written, to the end of what its last character is written as.
    pub(super) fn span(&self, part: Range<usize>, tail: &Tail) -> Range<usize> {
        let start = self.places.get(part.start).copied().unwrap_or_default();
        let last = self.places.get(part.end.saturating_sub(1)).copied().unwrap_or(start);
        let written = tail.get(last..tail.end());
        start..last.saturating_add(width(written).max(1))
    }
}

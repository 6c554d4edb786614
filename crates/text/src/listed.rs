//! [`Listed`]: some hundred patterns looked for in short stretches of a text, there at once.
//!
//! A trie takes a walk over every byte of its patterns before the first look. Here they are only put in order; what begins at a place is
//! found by halving the list at each byte, after the same sieve that lets few places through.

use crate::trie::{Occurrence, Sieve};
use std::ops::Range;

/// Patterns in small letters, in order; capitals of ASCII in a text count as small letters.
#[derive(Debug)]
pub(crate) struct Listed {
    /// Each with its place among those that were given.
    patterns: Vec<(&'static str, u32)>,
    /// Where the patterns begin whose first byte is the index, and those of the next.
    firsts: Box<[usize; 257]>,
    sieve: Sieve,
    longest: usize,
}

impl Listed {
    /// The list of `patterns`; of equal ones the first counts, and an empty one is never found. Cost: to put them in order, which is least
    /// where they are given in order.
    #[expect(clippy::stable_sort_primitive, reason = "long runs that are in order are taken as they are")]
    pub(crate) fn new(patterns: impl Iterator<Item = &'static str>) -> Self {
        let mut patterns: Vec<(&'static str, u32)> =
            patterns.zip(0..).filter(|(text, _)| !text.is_empty()).collect();
        patterns.sort();
        patterns.dedup_by_key(|(text, _)| *text);
        let (mut sieve, mut longest) = (Sieve::new(true), 0);
        let mut firsts = Box::new([0; 257]);
        for (text, _) in &patterns {
            sieve.add(text.as_bytes());
            longest = longest.max(text.len());
            let first = text.as_bytes().first().copied().unwrap_or_default();
            firsts.iter_mut().skip(usize::from(first) + 1).take(1).for_each(|count| *count += 1);
        }
        let mut sum = 0;
        for count in firsts.iter_mut() {
            sum += *count;
            *count = sum;
        }
        Self { patterns, firsts, sieve, longest }
    }

    /// Bytes of the longest pattern.
    pub(crate) fn longest_bytes(&self) -> usize {
        self.longest
    }

    /// Every pattern at every place of `text`, by where they end, and of those that end together the longest first.
    pub(crate) fn occurrences(&self, text: &[u8]) -> Vec<Occurrence> {
        let mut found = Vec::new();
        self.sieve.places(text, 0..text.len()).for_each(|start| {
            self.beginnings(text.get(start..).unwrap_or_default(), start, &mut found);
        });
        found.sort_by_key(|occurrence| (occurrence.end, occurrence.start));
        found
    }

    /// Adds every pattern that `text`, which stands at `start` and was let through, begins with.
    fn beginnings(&self, text: &[u8], start: usize, found: &mut Vec<Occurrence>) {
        let mut range = self.of_first(text.first().copied().unwrap_or_default().to_ascii_lowercase());
        for depth in 1..=text.len() {
            let Some(list) = self.patterns.get(range.clone()).filter(|list| !list.is_empty()) else { return };
            // All that are left begin as the text does: one that ends here is the first of them.
            if let Some((pattern, place)) = list.first().filter(|(pattern, _)| pattern.len() == depth) {
                let end = start + pattern.len();
                found.push(Occurrence { pattern: *place as usize, start, end });
            }
            let Some(next) = text.get(depth).map(u8::to_ascii_lowercase) else { return };
            let at = |pattern: &(&str, u32)| pattern.0.as_bytes().get(depth).copied();
            let from = list.partition_point(|pattern| at(pattern).is_none_or(|byte| byte < next));
            let to = list.partition_point(|pattern| at(pattern).is_none_or(|byte| byte <= next));
            range = range.start + from..range.start + to;
        }
    }

    fn of_first(&self, byte: u8) -> Range<usize> {
        let at = |index: usize| self.firsts.get(index).copied().unwrap_or_default();
        at(usize::from(byte))..at(usize::from(byte) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trie::Trie;
    use proptest::prelude::*;

    const WORDS: &[&str] =
        &["ab", "abc", "b", "key", "keys", "api_key", "", "a", "ab", "\u{e9}t\u{e9}", "zz"];

    #[test]
    fn each_pattern_is_found_where_it_stands_and_of_equal_ones_the_first() {
        let listed = Listed::new(WORDS.iter().copied());
        let found: Vec<(usize, usize)> =
            listed.occurrences(b"x API_Keys").iter().map(|one| (one.pattern, one.start)).collect();
        assert_eq!(found, [(7, 2), (5, 2), (3, 6), (4, 6)]);
        assert_eq!(listed.longest_bytes(), 7);
        assert!(Listed::new(std::iter::empty()).occurrences(b"abc").is_empty());
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_a_trie_finds(
            chosen in prop::collection::vec(prop::sample::select(WORDS), 0..12),
            text in "[abcekyz_ISAPKEé ]{0,40}",
        ) {
            let (listed, trie) = (Listed::new(chosen.iter().copied()), Trie::ignoring_case(&chosen));
            prop_assert_eq!(listed.occurrences(text.as_bytes()), trie.occurrences(text.as_bytes()));
        }
    }
}

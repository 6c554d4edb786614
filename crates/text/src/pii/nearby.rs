//! Words near numbers: [`Near`].
//!
//! Every kind of number has words that stand near it. All of them are looked for at once and only around numbers, each byte there once,
//! however many kinds ask: a table of numbers asks for every cell.

use crate::trie::{Occurrence, Trie};
use std::collections::{BTreeMap, VecDeque};

/// How far before a number a word for it may stand, and how far behind, in bytes.
const CONTEXT: (usize, usize) = (60, 30);
/// How far a later question may lie before an earlier one, in bytes: short words may lead up to a number.
const BACK: usize = 64;
/// Words found after which those too far back are dropped.
const KEPT: usize = 256;

/// The words of all kinds of numbers.
#[derive(Debug)]
pub(super) struct Cues {
    words: Trie,
    /// Whose words each is, as the places of the lists given.
    whose: Vec<Vec<usize>>,
}

impl Cues {
    /// Takes up lists of words, in small letters.
    pub(super) fn new(lists: &[&[&'static str]]) -> Self {
        let mut all = BTreeMap::<&'static str, Vec<usize>>::new();
        for (list, words) in lists.iter().enumerate() {
            for word in *words {
                all.entry(word).or_default().push(list);
            }
        }
        let words: Vec<&str> = all.keys().copied().collect();
        Self { words: Trie::ignoring_case(&words), whose: all.into_values().collect() }
    }
}

/// The words near numbers of one text, asked for from its beginning to its end.
#[derive(Debug)]
pub(super) struct Near<'t> {
    cues: &'t Cues,
    text: &'t [u8],
    /// By where they end.
    found: VecDeque<Occurrence>,
    searched: usize,
}

impl<'t> Near<'t> {
    pub(super) fn new(cues: &'t Cues, text: &'t [u8]) -> Self {
        Self { cues, text, found: VecDeque::new(), searched: 0 }
    }

    /// Whether a word of a list stands near `start..end`.
    pub(super) fn is_near(&mut self, start: usize, end: usize, list: usize) -> bool {
        let (from, to) = (start.saturating_sub(CONTEXT.0), self.text.len().min(end + CONTEXT.1));
        self.search(from.saturating_sub(BACK), to);
        let place = self.found.partition_point(|one| one.end <= from);
        self.found.range(place..).take_while(|one| one.end <= to).any(|one| {
            let is_before = one.start >= from && one.end <= start;
            (is_before || one.start >= end)
                && self.cues.whose.get(one.pattern).is_some_and(|whose| whose.contains(&list))
        })
    }

    fn search(&mut self, from: usize, to: usize) {
        if to <= self.searched {
            return;
        }
        let begin = from.max(self.searched.saturating_sub(self.cues.words.longest_bytes()));
        let part = self.text.get(begin..to).unwrap_or_default();
        for Occurrence { pattern, start, end } in self.cues.words.occurrences(part) {
            if begin + end > self.searched {
                self.found.push_back(Occurrence { pattern, start: begin + start, end: begin + end });
            }
        }
        self.searched = to;
        if self.found.len() > KEPT {
            self.found.drain(..self.found.partition_point(|one| one.end <= from));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::{holds_ignoring_case, span};

    const LISTS: [&[&str]; 3] = [&["card", "iban"], &["tel", "☎", "card number"], &["a"]];

    #[test]
    fn a_word_counts_before_and_behind_and_not_within() {
        let cues = Cues::new(&LISTS);
        let near = |text: &str, start: usize, end: usize, list: usize| {
            Near::new(&cues, text.as_bytes()).is_near(start, end, list)
        };
        assert!(
            near("Card 1234", 5, 9, 0) && near("1234 is an IBAN", 0, 4, 0) && !near("Card 1234", 5, 9, 1)
        );
        assert!(!near("12card34", 0, 8, 0) && !near(&format!("card{}1234", " ".repeat(57)), 61, 65, 0));
    }

    proptest::proptest! {
        #[test]
        fn it_is_what_a_search_of_each_window_finds(
            text in "(card|IBAN|tel|card number|\\u{260e}|a|[0-9]{1,20}|[ ]{1,30}){0,40}",
            steps in proptest::collection::vec((0..40_usize, 0..12_usize, 0..20_usize, 0..3_usize), 0..30),
        ) {
            let (cues, text) = (Cues::new(&LISTS), text.as_bytes());
            let (mut near, mut place) = (Near::new(&cues, text), 0_usize);
            for (step, back, length, list) in steps {
                place = text.len().min(place + step);
                let start = place.saturating_sub(back);
                let end = text.len().min(start + length);
                let windows = [span(text, start.saturating_sub(CONTEXT.0), start), span(text, end, end + CONTEXT.1)];
                let expected = LISTS[list]
                    .iter()
                    .any(|word| windows.iter().any(|window| holds_ignoring_case(window, word.as_bytes())));
                proptest::prop_assert_eq!(near.is_near(start, end, list), expected);
            }
        }
    }
}

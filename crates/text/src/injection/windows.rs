//! The windows of a text: runs of words, so that its length says nothing, and parts that are judged as if they stood alone, so that what
//! stands beside an attack says little.

use super::lexicon::Concept;
use super::tokens::Word;
use std::ops::Range;

/// Words of a run, and of a part at most.
pub const WINDOW: usize = 64;
/// Words between the beginnings of two runs.
pub const STRIDE: usize = 32;
/// What is taken from a part's margin: a text has many parts and only its worst counts, and whatever is put beside an attack cannot take
/// more than this from it. Chosen on families that the models had not seen (`docs/src/measured/guard.md`).
pub const HANDICAP: f32 = 1.0;

/// Words that are judged together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Their places in the text.
    pub words: Range<usize>,
    /// Whether they are a part, judged as if nothing stood beside them.
    pub alone: bool,
}

impl Window {
    /// What is taken from its margin.
    pub fn handicap(&self) -> f32 {
        if self.alone { HANDICAP } else { 0.0 }
    }
}

/// The runs of so many words; at least one.
pub(super) fn runs(count: usize) -> Vec<Window> {
    let (mut windows, mut start) = (Vec::new(), 0_usize);
    loop {
        let end = start.saturating_add(WINDOW).min(count);
        windows.push(Window { words: start..end, alone: false });
        if end >= count {
            return windows;
        }
        start = start.saturating_add(STRIDE);
    }
}

/// Adds the parts: sentences that hold two different things that speak of an attack, and two such sentences that follow each other and hold
/// them together, with whatever lies between. `telling` gives for every phrase that speaks of one what it says and the word it begins in,
/// in order. At most two parts for each of them.
pub(super) fn parts(
    words: &[Word],
    telling: impl Iterator<Item = (Concept, usize)>,
    windows: &mut Vec<Window>,
) {
    let mut sentences: Vec<(Range<usize>, Concept, bool)> = Vec::new();
    for (concept, place) in telling {
        match sentences.last_mut() {
            Some((last, first, more)) if place < last.end => *more |= *first != concept,
            _ => sentences.push((sentence(words, place), concept, false)),
        }
    }
    let mut add = |part: Range<usize>| {
        if part.len() <= WINDOW && part.len() < words.len() {
            windows.push(Window { words: part, alone: true });
        }
    };
    for (at, (first, concept, more)) in sentences.iter().enumerate() {
        if *more {
            add(first.clone());
        }
        if let Some((last, other, others)) = sentences.get(at.saturating_add(1))
            && (*more || *others || concept != other)
        {
            add(first.start..last.end);
        }
    }
}

/// The sentence around a word, at most [`WINDOW`] words to either side.
fn sentence(words: &[Word], place: usize) -> Range<usize> {
    let first = |at: &usize| words.get(*at).is_some_and(|word| word.first);
    let behind = place.saturating_add(1);
    let most = place.saturating_add(WINDOW).min(words.len());
    let start = (0..behind).rev().take(WINDOW).find(first).unwrap_or(place);
    start..(behind..most).find(first).unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(firsts: &[bool]) -> Vec<Word> {
        firsts
            .iter()
            .map(|first| Word { hash: 1, place: 0, pair: 0, stem: 0, start: 0, first: *first })
            .collect()
    }

    /// First words of the parts, and those behind their last; phrases are of two kinds in turn.
    fn parts_of(firsts: &[bool], telling: &[usize]) -> Vec<(usize, usize)> {
        let concepts = [Concept::SetAside, Concept::Reveal].into_iter().cycle();
        let mut windows = Vec::new();
        parts(&words(firsts), concepts.zip(telling.iter().copied()), &mut windows);
        windows.into_iter().map(|window| (window.words.start, window.words.end)).collect()
    }

    #[test]
    fn runs_cover_every_word() {
        let windows = runs(150);
        assert_eq!(windows.first().map(|window| window.words.clone()), Some(0..64));
        assert_eq!(windows.last().map(|window| window.words.end), Some(150));
        assert_eq!(runs(0), [Window { words: 0..0, alone: false }]);
    }

    #[test]
    fn parts_are_sentences_with_two_things_or_two_that_have_them_together() {
        // Five sentences of four words.
        let firsts: Vec<bool> = (0..20).map(|at| at % 4 == 0).collect();
        assert_eq!(parts_of(&firsts, &[5]), []);
        assert_eq!(parts_of(&firsts, &[5, 6]), [(4, 8)]);
        assert_eq!(parts_of(&firsts, &[1, 9]), [(0, 12)]);
        assert_eq!(parts_of(&firsts, &[1, 2, 9]), [(0, 4), (0, 12)]);
        // The same thing twice is one thing.
        let mut windows = Vec::new();
        parts(&words(&firsts), [(Concept::Reveal, 1), (Concept::Reveal, 2)].into_iter(), &mut windows);
        assert!(windows.is_empty());
        // The whole text is no part of it.
        assert_eq!(parts_of(&firsts[..4], &[1, 2]), []);
    }

    proptest! {
        #[test]
        fn parts_are_within_the_text_and_few(
            firsts in proptest::collection::vec(any::<bool>(), 1..400),
            seeds in proptest::collection::vec(0_usize..400, 0..200),
        ) {
            let mut telling: Vec<usize> = seeds.iter().map(|seed| seed % firsts.len()).collect();
            telling.sort_unstable();
            let found = parts_of(&firsts, &telling);
            prop_assert!(found.len() <= 2 * telling.len());
            for (start, end) in found {
                prop_assert!(start < end && end <= firsts.len() && end - start <= WINDOW);
                prop_assert!(telling.iter().filter(|place| (start..end).contains(place)).count() >= 2);
            }
        }
    }
}

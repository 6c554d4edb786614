//! A text as the classifier of a topic reads it: folded, taken apart into words, each with the places of its features.
//!
//! Features are hashed (Weinberger et al., *Feature Hashing for Large Scale Multitask Learning*, ICML 2009): a word, two words on
//! end, and four characters on end of a word whose edges count as characters. In a window each counts as often as it stands there,
//! over the square root of the window's words.

use crate::check::words;
use bartizan_text::injection::canonical::Canonical;
use std::ops::Range;

/// Bits of a place.
const BITS: u32 = 18;
/// Places of features.
pub(super) const SPACE: usize = 1 << BITS;
/// Words of a window.
pub(super) const WINDOW: usize = 256;
/// Words between the beginnings of windows.
const HOP: usize = 64;
/// Characters of a piece of a word.
const PIECE: usize = 4;
/// Most characters of a word that are taken in pieces.
const LONGEST_WORD: usize = 48;
/// Before the first and after the last character of a word.
const EDGE: u32 = u32::MAX;
/// Features of a word, about.
const FEATURES: f32 = 6.0;

/// The words of a text in order.
#[derive(Debug, Default)]
pub(super) struct Reading {
    canonical: Canonical,
    words: Vec<Word>,
    /// Bytes of the text as it came.
    length: usize,
}

/// A word: its bytes in the folded text, and its hash.
#[derive(Debug, Clone, Copy)]
struct Word {
    start: u32,
    end: u32,
    hash: u64,
}

impl Reading {
    /// Reads a text, in time and memory linear in its length.
    pub(super) fn of(text: &str) -> Self {
        let canonical = Canonical::of(text);
        let mut words = Vec::new();
        words::each_plain(canonical.text(), 0, |word| {
            words.push(Word { start: short(word.start), end: short(word.end), hash: word.hash });
        });
        Self { canonical, words, length: text.len() }
    }

    /// How many words there are.
    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    /// The folded text, and the way back.
    pub(super) fn canonical(&self) -> &Canonical {
        &self.canonical
    }

    /// A word as it is folded.
    pub(super) fn word(&self, number: usize) -> &str {
        let Some(word) = self.words.get(number) else { return "" };
        self.canonical.text().get(word.start as usize..word.end as usize).unwrap_or_default()
    }

    /// The hash of the last word.
    pub(super) fn last(&self) -> Option<u64> {
        self.words.last().map(|word| word.hash)
    }

    /// Gives the features of a word, `before` being the hash of the word before the first of the text.
    pub(super) fn each_feature(&self, number: usize, before: Option<u64>, mut feature: impl FnMut(u32)) {
        let Some(word) = self.words.get(number) else { return };
        let before = number.checked_sub(1).and_then(|at| self.words.get(at)).map(|word| word.hash).or(before);
        feature(place(word.hash));
        if let Some(before) = before {
            feature(place(words::pair(before, word.hash)));
        }
        each_piece(self.word(number), |hash| feature(place(hash)));
    }

    /// The bytes of some words in the text as it came.
    pub(super) fn span(&self, words: &Range<usize>) -> Range<usize> {
        let start = self.words.get(words.start).map_or(0, |word| word.start as usize);
        let last = words.end.checked_sub(1).and_then(|last| self.words.get(last));
        let end = last.map_or(start, |word| word.end as usize);
        self.place(start)..self.place(end)
    }

    /// Where a byte of the folded text stands in the text as it came; its end where that ends.
    pub(super) fn place(&self, byte: usize) -> usize {
        if byte >= self.canonical.text().len() { self.length } else { self.canonical.origin(byte) }
    }

    /// A hash of all words, the same for texts that differ in nothing but marks and blanks.
    pub(super) fn hash(&self) -> u64 {
        self.words.iter().fold(self.words.len() as u64, |hash, word| words::pair(hash, word.hash))
    }
}

/// The windows of so many words: one, or as many as begin [`HOP`] words apart; the last ends with the text.
pub(super) fn windows(words: usize) -> impl Iterator<Item = Range<usize>> {
    pieces(words, WINDOW, HOP)
}

/// Stretches of `length` words that begin `hop` words apart; the last ends with the text.
pub(super) fn pieces(words: usize, length: usize, hop: usize) -> impl Iterator<Item = Range<usize>> {
    let last = words.saturating_sub(length);
    let count = if words == 0 { 0 } else { last.div_ceil(hop.max(1)).saturating_add(1) };
    (0..count).map(move |number| {
        let start = number.saturating_mul(hop).min(last);
        start..start.saturating_add(length).min(words)
    })
}

/// What a feature of a window of so many words counts.
pub(super) fn scale(words: usize) -> f32 {
    (words.max(1) as f32 * FEATURES / 2.0).sqrt().recip()
}

/// Gives a hash of every four characters on end of a word, its edges included.
fn each_piece(word: &str, mut piece: impl FnMut(u64)) {
    let mut characters = [EDGE; LONGEST_WORD + 2];
    let mut length = 1_usize;
    for (slot, character) in characters.iter_mut().skip(1).zip(word.chars().take(LONGEST_WORD)) {
        *slot = u32::from(character);
        length = length.saturating_add(1);
    }
    let whole = characters.get(..length.saturating_add(1)).unwrap_or(&characters);
    for four in whole.windows(PIECE) {
        piece(
            four.iter().fold(SEED, |hash, character| {
                (hash.rotate_left(5) ^ u64::from(*character)).wrapping_mul(SEED)
            }),
        );
    }
}

/// An odd number of many bits, begun with and multiplied by (the one of rustc's own hash).
const SEED: u64 = 0x517c_c1b7_2722_0a95;

/// Where a hash counts: its upper bits once they are mixed (Fibonacci hashing).
fn place(hash: u64) -> u32 {
    (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - BITS)) as u32
}

fn short(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(text: &str) -> Vec<u32> {
        let reading = Reading::of(text);
        let mut all = Vec::new();
        (0..reading.len()).for_each(|number| reading.each_feature(number, None, |place| all.push(place)));
        all
    }

    #[test]
    fn a_text_is_read_the_same_however_it_is_dressed() {
        assert_eq!(features("Card-GAMES, Roulétte!"), features("card games\n roulette"));
        assert_ne!(features("card games"), features("games card"));
        // Each word and its pieces, and the two on end.
        assert_eq!(features("card games").len(), 1 + 3 + 2 + 4);
        assert_eq!(features("a").len(), 1);
    }

    #[test]
    fn windows_cover_every_word_and_none_is_longer() {
        for words in [0, 1, 255, 256, 257, 320, 321, 5000] {
            let all: Vec<Range<usize>> = windows(words).collect();
            assert!(all.iter().all(|window| window.len() == words.min(WINDOW)), "{words}");
            assert!(all.windows(2).all(|two| two[1].start > two[0].start && two[1].start <= two[0].end));
            assert_eq!(all.last().map_or(0, |window| window.end), words);
        }
    }

    #[test]
    fn a_span_ends_where_characters_do() {
        for text in ["²", "a²", "½ x", "ﬁ"] {
            let reading = Reading::of(text);
            assert_eq!(reading.span(&(0..reading.len())), 0..text.len(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_and_every_span_is_of_it(text in "\\PC{0,200}") {
            let reading = Reading::of(&text);
            for window in windows(reading.len()) {
                proptest::prop_assert!(text.get(reading.span(&window)).is_some());
                for number in window {
                    reading.each_feature(number, None, |place| assert!((place as usize) < SPACE));
                }
            }
        }
    }
}

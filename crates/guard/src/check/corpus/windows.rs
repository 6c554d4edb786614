//! Windows of words as one key each, by a rolling hash; and what builds a filter over those of protected texts.
//!
//! Source: Karp and Rabin, *Efficient Randomized Pattern-Matching Algorithms* (IBM J. Res. Dev. 31, 1987).

use super::super::words;
use super::file::{self, CorpusError};
use super::fuse::mix;
use std::ops::Range;

/// Words of a window unless told otherwise.
pub(crate) const USUAL: u32 = 8;
/// Words a window may have.
pub(crate) const LENGTHS: std::ops::RangeInclusive<u32> = 4..=64;
/// An odd number by which the hash rolls.
const BASE: u64 = 0x5851_f42d_4c95_7f2d;

/// The window under way.
#[derive(Debug, Clone)]
pub(crate) struct Windows {
    ring: Vec<(u64, usize)>,
    at: usize,
    filled: usize,
    hash: u64,
    /// What the word that leaves was multiplied with.
    leaving: u64,
}

impl Windows {
    /// Windows of so many words.
    pub(crate) fn new(length: u32) -> Self {
        let length = length.clamp(*LENGTHS.start(), *LENGTHS.end());
        Self {
            ring: vec![(0, 0); length as usize],
            at: 0,
            filled: 0,
            hash: 0,
            leaving: (1..length).fold(1_u64, |power, _| power.wrapping_mul(BASE)),
        }
    }

    /// Takes a word that begins at `start`; gives the key of the window that it completes and where that begins.
    pub(crate) fn word(&mut self, hash: u64, start: usize) -> Option<(u64, usize)> {
        let slot = self.ring.get_mut(self.at)?;
        self.hash =
            self.hash.wrapping_sub(slot.0.wrapping_mul(self.leaving)).wrapping_mul(BASE).wrapping_add(hash);
        *slot = (hash, start);
        self.at = self.at.wrapping_add(1);
        if self.at >= self.ring.len() {
            self.at = 0;
        }
        if self.filled < self.ring.len() {
            self.filled = self.filled.saturating_add(1);
        }
        let first = self.ring.get(self.at).map_or(start, |(_, start)| *start);
        (self.filled == self.ring.len()).then(|| (mix(self.hash, 0), first))
    }

    /// Forgets the words so far: no window goes over the end of a text.
    pub(crate) fn cut(&mut self) {
        self.ring.fill((0, 0));
        (self.at, self.filled, self.hash) = (0, 0, 0);
    }
}

/// Builds a filter over protected texts.
#[derive(Debug)]
pub struct CorpusBuilder {
    length: u32,
    windows: Windows,
    keys: Vec<u64>,
    except: Vec<u64>,
    words: u64,
}

impl CorpusBuilder {
    /// A builder for windows of so many words, from 4 to 64; 8 is usual: shorter ones are turns of phrase, longer ones miss
    /// passages with a word changed here and there.
    ///
    /// # Errors
    /// [`CorpusError::Field`] if the length is outside.
    pub fn new(length: u32) -> Result<Self, CorpusError> {
        if !LENGTHS.contains(&length) {
            return Err(CorpusError::Field { field: "words of a window", value: u64::from(length) });
        }
        Ok(Self { length, windows: Windows::new(length), keys: Vec::new(), except: Vec::new(), words: 0 })
    }

    /// A builder for windows of the usual length.
    pub fn usual() -> Self {
        let length = USUAL;
        Self { length, windows: Windows::new(length), keys: Vec::new(), except: Vec::new(), words: 0 }
    }

    /// Takes a piece of a protected text that ends at the end of a word, for example a line.
    pub fn add(&mut self, piece: &str) {
        let (windows, keys, count) = (&mut self.windows, &mut self.keys, &mut self.words);
        words::each_plain(piece, 0, |word| {
            *count = count.saturating_add(1);
            keys.extend(windows.word(word.hash, word.start).map(|(key, _)| key));
        });
    }

    /// Takes a text whose windows anybody may say: licences, greetings, what else is everywhere.
    pub fn except(&mut self, text: &str) {
        let mut windows = Windows::new(self.length);
        let except = &mut self.except;
        words::each_plain(text, 0, |word| {
            except.extend(windows.word(word.hash, word.start).map(|(key, _)| key));
        });
    }

    /// Says that the text ends; no window goes on into the next.
    pub fn end_text(&mut self) {
        self.windows.cut();
    }

    /// How many words were taken.
    pub fn words(&self) -> u64 {
        self.words
    }

    /// The filter as a file.
    ///
    /// # Errors
    /// [`CorpusError::Build`] if no filter could be built.
    pub fn build(mut self) -> Result<Vec<u8>, CorpusError> {
        self.except.sort_unstable();
        self.keys.sort_unstable();
        self.keys.dedup();
        let except = std::mem::take(&mut self.except);
        self.keys.retain(|key| except.binary_search(key).is_err());
        file::write(self.length, self.words, &self.keys)
    }
}

/// Tells how long a text repeats protected ones: at every word the run of windows that end there.
#[derive(Debug, Clone)]
pub(crate) struct Runs {
    windows: Windows,
    length: u32,
    run: u32,
    start: usize,
}

impl Runs {
    /// Runs of windows of so many words.
    pub(crate) fn new(length: u32) -> Self {
        Self { windows: Windows::new(length), length, run: 0, start: 0 }
    }

    /// Takes a word; gives how many words on end are known and where they begin.
    pub(crate) fn word(
        &mut self,
        word: &words::Word,
        known: impl Fn(u64) -> bool,
    ) -> Option<(u32, Range<usize>)> {
        let (key, first) = self.windows.word(word.hash, word.start)?;
        if !known(key) {
            self.run = 0;
            return None;
        }
        if self.run == 0 {
            self.start = first;
        }
        self.run = self.run.saturating_add(1);
        Some((self.run.saturating_add(self.length).saturating_sub(1), self.start..word.end))
    }

    /// Forgets what came before.
    pub(crate) fn cut(&mut self) {
        self.windows.cut();
        self.run = 0;
    }

    /// Where the run under way begins.
    pub(crate) fn open(&self) -> Option<usize> {
        (self.run > 0).then_some(self.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<u64> {
        let mut windows = Windows::new(4);
        let mut keys = Vec::new();
        words::each_plain(text, 0, |word| {
            keys.extend(windows.word(word.hash, word.start).map(|(key, _)| key));
        });
        keys
    }

    #[test]
    fn a_window_has_one_key_wherever_it_stands() {
        let all = keys("a b c d e f g");
        assert_eq!(all.len(), 4);
        assert_eq!(keys("x y c D, e f"), [keys("x y c d")[0], keys("y c d e")[0], all[2]]);
        assert_ne!(keys("a b c d"), keys("b a c d"));
        assert!(keys("a b c").is_empty());
    }

    #[test]
    fn a_window_has_a_length() {
        assert!(CorpusBuilder::new(3).is_err() && CorpusBuilder::new(65).is_err());
    }
}

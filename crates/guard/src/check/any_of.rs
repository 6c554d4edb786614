//! Whether any of a few fixed texts stands in a word, asked for every word of an answer: [`AnyOf`], and before it [`Sieve`].

use aho_corasick::automaton::{Automaton as _, StateID};
use aho_corasick::dfa::DFA;
use aho_corasick::{Anchored, BuildError};

/// Bits of a byte that the sieve looks at: letters of either case have the same.
const BITS: u32 = 5;
/// Words of 64 bits of the sieve, one bit for each three of those.
const SIEVE: usize = 1 << (3 * BITS - 6);
const MASK: usize = (1 << (3 * BITS)) - 1;

/// Texts to look for, in small letters; large ones of ASCII are the same.
///
/// A search of the library prepares itself for long texts, which costs more than reading a word. Here most words end at a sieve of three
/// bytes on end, which waits for nothing; only where these begin one of the texts is the automaton asked.
#[derive(Debug)]
pub(crate) struct AnyOf {
    sieve: Sieve,
    table: DFA,
    start: StateID,
    /// Bytes of the longest text, and three at least: so many are read from where one may begin.
    longest: usize,
}

impl AnyOf {
    /// An automaton over these texts.
    pub(crate) fn new(texts: &[&str]) -> Result<Self, BuildError> {
        let table = DFA::builder().ascii_case_insensitive(true).prefilter(false).build(texts)?;
        // A table for searches that may begin anywhere has this state.
        let start = table.start_state(Anchored::No).unwrap_or_default();
        let sieve = Sieve::of(texts.iter().copied());
        let longest = texts.iter().map(|text| text.len()).fold(3, usize::max);
        Ok(Self { sieve, table, start, longest })
    }

    /// Whether one of them stands in `text`.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        let (mut key, bytes) = (0, text.as_bytes());
        bytes.iter().enumerate().any(|(at, byte)| {
            key = shifted(key, *byte);
            self.sieve.lets_through(key) && self.from(bytes.get(at.saturating_sub(2)..).unwrap_or_default())
        })
    }

    /// Whether one of them stands at the beginning of these bytes, by the automaton, which reads no further than the longest is.
    fn from(&self, bytes: &[u8]) -> bool {
        let mut state = self.start;
        bytes.iter().take(self.longest).any(|byte| {
            state = self.table.next_state(Anchored::No, state, *byte);
            self.table.is_special(state) && self.table.is_match(state)
        })
    }
}

/// The first three bytes of texts, of each its low bits: where no three bytes on end of a word are among them, none of the texts stands
/// in the word.
#[derive(Debug)]
pub(crate) struct Sieve(Box<[u64; SIEVE]>);

impl Sieve {
    /// The sieve of these texts.
    pub(crate) fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Self {
        let mut sieve = Box::new([0; SIEVE]);
        for text in texts {
            match text.as_bytes() {
                [first, second, third, ..] => {
                    let key = [first, second, third].into_iter().fold(0, |key, byte| shifted(key, *byte));
                    if let Some(word) = sieve.get_mut(key >> 6) {
                        *word |= 1_u64 << (key & 63);
                    }
                }
                // Too short to be told by three bytes.
                _ => sieve.fill(u64::MAX),
            }
        }
        Self(sieve)
    }

    /// Whether one of the texts may begin with the bytes of a key, which [`shifted`] makes.
    pub(crate) fn lets_through(&self, key: usize) -> bool {
        self.0.get(key >> 6).is_some_and(|word| word >> (key & 63) & 1 == 1)
    }
}

/// The last three bytes of a text, of each its low bits.
pub(crate) fn shifted(key: usize, byte: u8) -> usize {
    (key << BITS | usize::from(byte) & ((1 << BITS) - 1)) & MASK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_wherever_it_stands_and_however_it_is_written() {
        let any = AnyOf::new(&["pass", "key", "ss-h"]).unwrap();
        for (text, found) in [
            ("Password", true),
            ("monKEY", true),
            ("a ss-h", true),
            ("ke y", false),
            ("", false),
            ("pas", false),
        ] {
            assert_eq!(any.is_in(text), found, "{text}");
        }
    }

    #[test]
    fn no_more_is_read_than_the_longest_text_has() {
        let any = AnyOf::new(&["ab", "abcde"]).unwrap();
        assert_eq!(any.longest, 5);
        // The third byte of a short text may be the last one read.
        assert!(any.is_in("xab") && any.is_in("ab") && !any.is_in("xa"));
        assert!(!any.from(b"xxxxxab"));
        assert_eq!(AnyOf::new(&["ab"]).unwrap().longest, 3);
    }

    proptest::proptest! {
        #[test]
        fn it_says_what_a_search_says(text in "[abcAB \\PC]{0,40}") {
            for texts in [&["ab", "bca", "cc", "a b"][..], &["bca", "aab", "a b", "cab"]] {
                let plain = texts.iter().any(|one| text.to_ascii_lowercase().contains(one));
                proptest::prop_assert_eq!(AnyOf::new(texts).unwrap().is_in(&text), plain);
            }
        }
    }
}

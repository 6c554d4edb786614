//! A filter as a file: versioned, with a digest, read with bounds.
//!
//! All numbers little-endian. Version 1: `BTZCORP` and the version in a byte; words of a window (u32); shards (u32, a power of
//! two); words taken (u64); keys (u64); for each shard seed (u64), length (u32) and number (u32) of segments; the fingerprints
//! of each shard; SHA-256 of all before it. A key belongs to the shard its highest bits name.

use super::fuse::{self, Shape};
use super::windows::{LENGTHS, Runs};
use crate::check::words;
use sha2::{Digest as _, Sha256};
use std::ops::Range;
use thiserror::Error;

const MAGIC: &[u8; 7] = b"BTZCORP";
const VERSION: u8 = 1;
/// Bytes before the shards' shapes.
const HEAD: usize = 32;
/// Bytes of a shard's shape.
const SHARD: usize = 16;
/// Bytes of the digest.
const DIGEST: usize = 32;
/// Keys of a shard, about.
const SHARD_KEYS: usize = 1 << 21;
/// Most shards.
const MOST_SHARDS: u32 = 1 << 14;

/// Why a filter cannot be read or built.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum CorpusError {
    /// It begins with something else.
    #[error("not a filter of protected texts; make one with `bartizan guard index`")]
    Magic,
    /// It is of a version that this program does not know.
    #[error("a filter of version {0}, of which only {VERSION} is known; index the texts anew")]
    Version(u8),
    /// A number in it cannot be.
    #[error("the filter's {field} cannot be {value}; index the texts anew")]
    Field {
        /// Which.
        field: &'static str,
        /// What stands there.
        value: u64,
    },
    /// It is shorter or longer than it says.
    #[error("the filter has {found} bytes where it says {expected}; index the texts anew")]
    Length {
        /// What it should have.
        expected: u64,
        /// What it has.
        found: u64,
    },
    /// It was changed.
    #[error("the filter's digest does not match its content; index the texts anew")]
    Digest,
    /// No filter could be built over the keys.
    #[error("no filter could be built over the texts; index them in smaller groups")]
    Build,
}

/// A filter that was read.
#[derive(Debug)]
pub struct CorpusFilter {
    bytes: Vec<u8>,
    length: u32,
    words: u64,
    keys: u64,
    /// How far a key is shifted to give its shard.
    shift: u32,
    shards: Vec<(Shape, Range<usize>)>,
}

/// Part of a text that protected ones hold too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Its bytes.
    pub span: Range<usize>,
    /// Its words.
    pub words: u32,
}

impl CorpusFilter {
    /// Reads a filter and checks its digest.
    ///
    /// # Errors
    /// [`CorpusError`] says what is wrong with it. Nothing is taken on the file's word: all lengths are checked first.
    pub fn read(bytes: Vec<u8>) -> Result<Self, CorpusError> {
        if bytes.get(..MAGIC.len()) != Some(MAGIC) {
            return Err(CorpusError::Magic);
        }
        let short =
            |expected: usize| CorpusError::Length { expected: expected as u64, found: bytes.len() as u64 };
        let u32_at = |at: usize| take::<4>(&bytes, at).map(u32::from_le_bytes);
        let u64_at = |at: usize| take::<8>(&bytes, at).map(u64::from_le_bytes);
        match bytes.get(MAGIC.len()) {
            Some(&VERSION) => {}
            Some(&other) => return Err(CorpusError::Version(other)),
            None => return Err(short(HEAD)),
        }
        let (Some(length), Some(count), Some(words), Some(keys)) =
            (u32_at(8), u32_at(12), u64_at(16), u64_at(24))
        else {
            return Err(short(HEAD));
        };
        if !LENGTHS.contains(&length) {
            return Err(CorpusError::Field { field: "words of a window", value: u64::from(length) });
        }
        if !count.is_power_of_two() || count > MOST_SHARDS {
            return Err(CorpusError::Field { field: "number of shards", value: u64::from(count) });
        }
        let mut at = HEAD.saturating_add(SHARD.saturating_mul(count as usize));
        let mut shards = Vec::new();
        for number in 0..count as usize {
            let place = HEAD.saturating_add(SHARD.saturating_mul(number));
            let fields = (u64_at(place), u32_at(place.saturating_add(8)), u32_at(place.saturating_add(12)));
            let (Some(seed), Some(segment_length), Some(segment_count)) = fields else {
                return Err(short(at));
            };
            let shape = Shape { seed, segment_length, segment_count };
            if !shape.is_valid() {
                return Err(CorpusError::Field {
                    field: "length of segments",
                    value: u64::from(segment_length),
                });
            }
            let end = usize::try_from(shape.length()).unwrap_or(usize::MAX).saturating_add(at);
            if end > bytes.len() {
                return Err(short(end));
            }
            shards.push((shape, at..end));
            at = end;
        }
        let expected = at.saturating_add(DIGEST);
        if expected != bytes.len() {
            return Err(short(expected));
        }
        let digest: [u8; 32] = Sha256::digest(bytes.get(..at).unwrap_or_default()).into();
        if bytes.get(at..) != Some(digest.as_slice()) {
            return Err(CorpusError::Digest);
        }
        Ok(Self { bytes, length, words, keys, shift: shift(count), shards })
    }

    /// Words of a window.
    pub fn window(&self) -> u32 {
        self.length
    }

    /// Words of the protected texts.
    pub fn words(&self) -> u64 {
        self.words
    }

    /// Windows that are known.
    pub fn keys(&self) -> u64 {
        self.keys
    }

    /// Bytes of the filter.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Whether a window is known: always if it was indexed, and for about one in 256 of others.
    pub(crate) fn contains(&self, key: u64) -> bool {
        let number = key.checked_shr(self.shift).unwrap_or(0) as usize;
        let Some((shape, span)) = self.shards.get(number) else { return false };
        shape.contains(self.bytes.get(span.clone()).unwrap_or_default(), key)
    }

    /// The passages of at least so many words that protected texts hold too, in order. Linear. A window is taken for a known
    /// one by chance once in about 256; `k` more words than a window has make that once in about 256 to the power `k + 1`.
    pub fn passages(&self, text: &str, at_least: u32) -> Vec<Passage> {
        let mut runs = Runs::new(self.length);
        let mut passages: Vec<Passage> = Vec::new();
        words::each_plain(text, 0, |word| {
            let Some((count, span)) = runs.word(&word, |key| self.contains(key)) else { return };
            if count < at_least.max(self.length) {
                return;
            }
            match passages.last_mut() {
                Some(last) if last.span.start == span.start => *last = Passage { span, words: count },
                _ => passages.push(Passage { span, words: count }),
            }
        });
        passages
    }
}

/// How far a key is shifted to give one of so many shards.
fn shift(shards: u32) -> u32 {
    64_u32.saturating_sub(shards.trailing_zeros())
}

fn take<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// A filter over keys, ascending and each once, as a file.
///
/// # Errors
/// [`CorpusError::Build`] if no filter could be built, [`CorpusError::Field`] if there are too many keys.
pub(crate) fn write(length: u32, words: u64, keys: &[u64]) -> Result<Vec<u8>, CorpusError> {
    let wanted = keys.len().div_ceil(SHARD_KEYS).max(1).next_power_of_two();
    let count = u32::try_from(wanted).ok().filter(|count| *count <= MOST_SHARDS);
    let count = count.ok_or(CorpusError::Field { field: "number of shards", value: wanted as u64 })?;
    write_shards(length, words, keys, count)
}

fn write_shards(length: u32, words: u64, keys: &[u64], count: u32) -> Result<Vec<u8>, CorpusError> {
    let mut bytes = Vec::new();
    bytes.extend_from_slice(MAGIC);
    bytes.push(VERSION);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&count.to_le_bytes());
    bytes.extend_from_slice(&words.to_le_bytes());
    bytes.extend_from_slice(&(keys.len() as u64).to_le_bytes());
    let mut all = Vec::new();
    let mut rest = keys;
    for number in 0..u64::from(count) {
        let own = rest.partition_point(|key| key.checked_shr(shift(count)).unwrap_or(0) <= number);
        let (mine, others) = rest.split_at(own);
        rest = others;
        let (shape, fingerprints) = fuse::build(mine).ok_or(CorpusError::Build)?;
        bytes.extend_from_slice(&shape.seed.to_le_bytes());
        bytes.extend_from_slice(&shape.segment_length.to_le_bytes());
        bytes.extend_from_slice(&shape.segment_count.to_le_bytes());
        all.push(fingerprints);
    }
    for fingerprints in &all {
        bytes.extend_from_slice(fingerprints);
    }
    let digest = Sha256::digest(&bytes);
    bytes.extend_from_slice(&digest);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::CorpusBuilder;
    use super::*;

    const TEXT: &str = "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness";

    fn filter(text: &str) -> Vec<u8> {
        let mut builder = CorpusBuilder::usual();
        builder.add(text);
        builder.build().unwrap()
    }

    #[test]
    fn a_passage_is_found_whatever_stands_around_it() {
        let filter = CorpusFilter::read(filter(TEXT)).unwrap();
        assert_eq!((filter.window(), filter.words(), filter.keys()), (8, 24, 17));
        let said = "He wrote:\n> IT WAS THE WORST of\n> times; it was the age of wisdom. And so on.";
        let passages = filter.passages(said, 8);
        assert_eq!(passages.len(), 1);
        assert_eq!(passages[0].words, 12);
        assert_eq!(&said[passages[0].span.clone()], "IT WAS THE WORST of\n> times; it was the age of wisdom");
        assert_eq!(filter.passages(said, 13), []);
        assert_eq!(filter.passages("it was the age of the best of times and the worst", 9), []);
    }

    #[test]
    fn what_anybody_says_is_left_out() {
        let mut builder = CorpusBuilder::usual();
        builder.add(TEXT);
        builder.except("it was the best of times it was the worst of times");
        let filter = CorpusFilter::read(builder.build().unwrap()).unwrap();
        assert_eq!(filter.keys(), 12);
    }

    #[test]
    fn keys_of_many_shards_are_found_in_theirs() {
        let keys: Vec<u64> = {
            let mut keys: Vec<u64> = (0..10_000).map(|key| fuse::mix(key, 3)).collect();
            keys.sort_unstable();
            keys
        };
        for shards in [1, 4, 64] {
            let filter = CorpusFilter::read(write_shards(8, 0, &keys, shards).unwrap()).unwrap();
            assert_eq!(filter.shards.len(), shards as usize);
            assert!(keys.iter().all(|key| filter.contains(*key)), "{shards}");
            let wrong = (0..100_000).filter(|key| filter.contains(fuse::mix(*key, 1 << 40))).count();
            assert!((250..=550).contains(&wrong), "{shards}: {wrong}");
        }
    }

    #[test]
    fn a_damaged_filter_is_refused() {
        let good = filter(TEXT);
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x40;
            assert!(CorpusFilter::read(bad).is_err(), "{at}");
            assert!(CorpusFilter::read(good[..at].to_vec()).is_err(), "{at}");
        }
        let mut newer = good.clone();
        newer[7] = 2;
        assert_eq!(CorpusFilter::read(newer).unwrap_err(), CorpusError::Version(2));
        let mut longer = good;
        longer.push(0);
        assert!(matches!(CorpusFilter::read(longer), Err(CorpusError::Length { .. })));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read(tail in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let mut bytes = b"BTZCORP\x01\x08\0\0\0\x01\0\0\0".to_vec();
            bytes.extend(&tail);
            let _ = CorpusFilter::read(bytes);
            let _ = CorpusFilter::read(tail);
        }

        #[test]
        fn every_indexed_passage_is_found(words in proptest::collection::vec("[a-z]{1,6}", 8..60), from in 0..40_usize) {
            let text = words.join(" ");
            let filter = CorpusFilter::read(filter(&text)).unwrap();
            let from = from.min(words.len() - 8);
            let said = words[from..].join("\n");
            let found = filter.passages(&said, 8);
            proptest::prop_assert_eq!(found.first().map(|one| one.span.clone()), Some(0..said.len()));
        }
    }
}

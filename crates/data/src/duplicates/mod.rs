//! Near-duplicates: rows that say nearly the same, inside one dataset or across two, in one pass.
//!
//! Each text becomes a set of overlapping runs of five characters, the set a signature of [`signature::PLACES`] bytes by
//! one-permutation MinHash, the signature keys of [`ROWS`] places each; texts that share a key are compared (banding:
//! Leskovec, Rajaraman, Ullman, *Mining of Massive Datasets*, section 3.4). A text of Jaccard similarity 0.8 shares a
//! key with a probability of 0.998, one of 0.7 of 0.92, one of 0.4 of 0.08.

mod signature;

use bartizan_stats::hash64;
use signature::{PLACES, Signature};
use std::collections::HashMap;

/// Places of a signature that make a key.
const ROWS: usize = 6;
/// Keys of a signature.
const BANDS: usize = PLACES / ROWS;
/// No text.
const NONE: u32 = u32::MAX;
/// Most texts with one key that a text is compared with.
const MOST_CANDIDATES: usize = 16;

/// Texts that have been seen, each group of near-duplicates kept as its first member.
///
/// Memory: nothing for a row that repeats another; for any other its signature (120 bytes), 20 links (80 bytes) and 21
/// entries of hash tables (360 to 720 bytes, as these double): 0.6 to 1 KB, while a table doubles up to 1.6 KB. Rows are
/// taken one by one; the texts themselves are not kept.
#[derive(Debug)]
pub struct NearDuplicates {
    least: f64,
    exact: HashMap<u64, u32>,
    /// The last text with each key.
    heads: HashMap<u64, u32>,
    /// By text and band, the text before it with the same key.
    chains: Vec<[u32; BANDS]>,
    kept: Vec<(u64, Signature)>,
}

/// What a text repeats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Repeats {
    /// The row that was seen first.
    pub row: u64,
    /// Estimated Jaccard similarity of their runs of characters, 0 to 1; standard error ≤ 0.046.
    pub similarity: f64,
    /// Whether letters and digits are the same in the same order, whatever their case, marks and white space.
    pub exact: bool,
}

impl NearDuplicates {
    /// Counts texts of an estimated Jaccard similarity of `least` and more as the same; held within 0.5 and 1.
    pub fn new(least: f64) -> Self {
        Self {
            least: least.clamp(0.5, 1.0),
            exact: HashMap::new(),
            heads: HashMap::new(),
            chains: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// Rows that repeat no other.
    pub fn distinct(&self) -> usize {
        self.kept.len()
    }

    /// What a text repeats among those that were seen; nothing for a text without letters or digits.
    pub fn find(&self, text: &str) -> Option<Repeats> {
        self.look(&normalised(text)).0
    }

    /// As [`Self::find`], and keeps the text as `row` where it repeats nothing.
    pub fn insert(&mut self, row: u64, text: &str) -> Option<Repeats> {
        let normal = normalised(text);
        let (found, signature) = self.look(&normal);
        if found.is_some() || normal.is_empty() {
            return found;
        }
        let place = u32::try_from(self.kept.len()).ok().filter(|place| *place != NONE);
        let (Some(signature), Some(place)) = (signature, place) else { return None };
        self.exact.insert(hash64(normal.as_bytes(), 0), place);
        let mut chain = [NONE; BANDS];
        for (slot, key) in chain.iter_mut().zip(signature.keys(ROWS)) {
            *slot = self.heads.insert(key, place).unwrap_or(NONE);
        }
        self.chains.push(chain);
        self.kept.push((row, signature));
        None
    }

    fn look(&self, normal: &str) -> (Option<Repeats>, Option<Signature>) {
        if normal.is_empty() {
            return (None, None);
        }
        let row = |place: u32| self.kept.get(place as usize).map(|(row, _)| *row);
        if let Some(row) = self.exact.get(&hash64(normal.as_bytes(), 0)).and_then(|place| row(*place)) {
            return (Some(Repeats { row, similarity: 1.0, exact: true }), None);
        }
        let signature = Signature::of(normal);
        let mut best: Option<(f64, u32)> = None;
        let mut seen: Vec<u32> = Vec::new();
        for (band, key) in signature.keys(ROWS).enumerate() {
            let mut at = self.heads.get(&key).copied().unwrap_or(NONE);
            for _ in 0..MOST_CANDIDATES {
                if at == NONE {
                    break;
                }
                seen.push(at);
                at = self.chains.get(at as usize).and_then(|chain| chain.get(band)).copied().unwrap_or(NONE);
            }
        }
        seen.sort_unstable();
        seen.dedup();
        for place in seen {
            let Some((_, other)) = self.kept.get(place as usize) else { continue };
            let similarity = signature.similarity(other);
            if similarity >= self.least && best.is_none_or(|(held, _)| held < similarity) {
                best = Some((similarity, place));
            }
        }
        let found =
            best.and_then(|(similarity, place)| Some(Repeats { row: row(place)?, similarity, exact: false }));
        (found, Some(signature))
    }
}

/// Letters and digits in lower case, everything between them one space.
fn normalised(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    let mut is_parted = false;
    for letter in text.chars() {
        if letter.is_alphanumeric() {
            if is_parted && !normal.is_empty() {
                normal.push(' ');
            }
            is_parted = false;
            normal.extend(letter.to_lowercase());
        } else {
            is_parted = true;
        }
    }
    normal
}

/// Bytes of a signature: for the memory that is stated to users.
pub const SIGNATURE_BYTES: usize = PLACES;

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "The committee met on Tuesday to discuss the annual budget, and agreed after a long debate that \
                        the library should stay open on Sundays while the swimming pool is being repaired.";

    #[test]
    fn case_marks_and_white_space_make_no_difference() {
        let mut seen = NearDuplicates::new(0.8);
        assert_eq!(seen.insert(4, TEXT), None);
        let shouted = TEXT.to_uppercase().replace(", ", "  ;\n");
        assert_eq!(seen.find(&shouted), Some(Repeats { row: 4, similarity: 1.0, exact: true }));
    }

    #[test]
    fn a_text_with_a_word_changed_is_a_near_duplicate_and_another_text_is_not() {
        let mut seen = NearDuplicates::new(0.8);
        seen.insert(0, TEXT);
        let found = seen.insert(1, &TEXT.replace("Tuesday", "Thursday")).unwrap();
        assert!(found.row == 0 && !found.exact && found.similarity > 0.8, "{found:?}");
        assert_eq!(
            seen.insert(
                2,
                "The weather in the mountains changes quickly, so take a coat and good boots along."
            ),
            None
        );
        assert_eq!(seen.distinct(), 2);
    }

    #[test]
    fn texts_without_letters_repeat_nothing() {
        let mut seen = NearDuplicates::new(0.8);
        assert_eq!((seen.insert(0, "..."), seen.insert(1, "...")), (None, None));
        assert_eq!(seen.distinct(), 0);
    }

    #[test]
    fn short_texts_are_told_apart() {
        let mut seen = NearDuplicates::new(0.8);
        for (row, text) in ["a", "b", "yes", "no", "12", "13"].iter().enumerate() {
            assert_eq!(seen.insert(row as u64, text), None, "{text}");
        }
        assert_eq!(seen.find("Yes!").map(|found| found.row), Some(2));
    }

    proptest::proptest! {
        #[test]
        fn every_text_repeats_itself(texts in proptest::collection::vec("\\PC{0,60}", 1..20)) {
            let mut seen = NearDuplicates::new(0.9);
            for (row, text) in texts.iter().enumerate() {
                seen.insert(row as u64, text);
            }
            for text in &texts {
                let found = seen.find(text);
                proptest::prop_assert!(found.is_some_and(|found| found.similarity >= 0.9) || normalised(text).is_empty());
            }
        }
    }
}

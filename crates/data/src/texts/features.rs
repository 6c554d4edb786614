//! The words and pieces of a text as hashed features.

use super::LOOKED_AT;
use crate::learn::{lower_case, tokens};
use bartizan_stats::{hash64, mix64};

/// Places of features, as a power of two: the lower half for words, the upper for pieces of words.
pub(super) const PLACES: usize = 1 << 20;
/// Characters of a piece.
const PIECE: usize = 3;

/// A feature of a text: its place, and its signed weight by occurrences, ±(1 + ln occurrences).
pub(super) type Feature = (u32, f32);

/// The features of a text, places ascending; those below half of [`PLACES`] are words.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Features(pub(super) Vec<Feature>);

impl Features {
    /// Of the first [`LOOKED_AT`] bytes.
    pub(super) fn of(text: &str) -> Self {
        // A place and a sign in one number.
        let mut found: Vec<u32> = Vec::new();
        for token in tokens(text.get(..text.floor_char_boundary(LOOKED_AT)).unwrap_or_default()) {
            let word = lower_case(token);
            found.push(word_feature(&word));
            if word.chars().all(char::is_alphanumeric) {
                pieces(&word, |piece| found.push(piece));
            }
        }
        found.sort_unstable();
        let mut features: Vec<Feature> = Vec::new();
        for run in found.chunk_by(|one, other| one == other) {
            let Some(first) = run.first() else { continue };
            let weight = 1.0 + (run.len() as f32).ln();
            let weight = if first & 1 == 1 { -weight } else { weight };
            match features.last_mut() {
                Some((place, sum)) if *place == first >> 1 => *sum += weight,
                _ => features.push((first >> 1, weight)),
            }
        }
        Self(features)
    }

    /// Words, then pieces.
    pub(super) fn blocks(&self) -> [&[Feature]; 2] {
        let first_piece = self.0.partition_point(|(place, _)| (*place as usize) < PLACES / 2);
        let (words, pieces) = self.0.split_at(first_piece);
        [words, pieces]
    }
}

/// The place of a word in lower case.
pub(super) fn place_of(word: &str) -> usize {
    (word_feature(word) >> 1) as usize
}

/// Place and sign of a word.
fn word_feature(word: &str) -> u32 {
    (hash64(word.as_bytes(), 1) >> (64 - PLACES.trailing_zeros())) as u32
}

/// Place and sign of every run of [`PIECE`] characters of a word with a blank on either side.
fn pieces(word: &str, mut take: impl FnMut(u32)) {
    let mut window = [0_u64; PIECE];
    let padded = std::iter::once(' ').chain(word.chars()).chain(std::iter::once(' '));
    for (character, read) in padded.zip(1..) {
        window.rotate_left(1);
        if let Some(last) = window.last_mut() {
            *last = u64::from(character);
        }
        if read >= PIECE {
            let key = window.iter().fold(0, |key, character| key << 21 | character);
            take((mix64(mix64(key)) >> (64 - PLACES.trailing_zeros())) as u32 | PLACES as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_and_pieces_lie_apart_and_repetitions_count_less_each() {
        let features = Features::of("Cat cat, cat");
        let [words, pieces] = features.blocks();
        assert_eq!((words.len(), pieces.len()), (2, 3));
        let place = place_of("cat") as u32;
        let cat = words.iter().find(|feature| feature.0 == place).unwrap();
        assert!((cat.1.abs() - (1.0 + 3_f32.ln())).abs() < 1e-6);
        assert_eq!(Features::of(" \n "), Features::default());
    }

    proptest! {
        #[test]
        fn any_text_has_places_in_order(text in "\\PC{0,80}") {
            let features = Features::of(&text);
            prop_assert!(features.0.windows(2).all(|pair| pair[0].0 < pair[1].0));
            prop_assert!(features.0.iter().all(|feature| (feature.0 as usize) < PLACES && feature.1.is_finite()));
        }
    }
}

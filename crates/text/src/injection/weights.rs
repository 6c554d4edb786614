//! The trained weights: a versioned file of fixed size, read with every byte accounted for.
//!
//! Layout, little-endian: [`MAGIC`]; seven `f32`: bias, slope and shift of the calibration, margin at which to flag and
//! to block, scale of the concepts' weights, scale of the words'; [`CONCEPT_SPACE`] `i16`; then one `i8` for every place
//! from there to [`SPACE`].

use super::features::{CONCEPT_SPACE, SPACE};
use thiserror::Error;

/// What a file of weights begins with.
pub const MAGIC: &[u8; 16] = b"bartizan-inject1";
/// Length of the header, in bytes.
const HEADER: usize = 16 + 7 * 4;
/// Length of a file, in bytes.
pub const LENGTH: usize = HEADER + CONCEPT_SPACE as usize * 2 + (SPACE - CONCEPT_SPACE) as usize;

/// Weights that cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum WeightsError {
    /// The file has another length.
    #[error(
        "the file of weights has {found} bytes, not {LENGTH}; train again or take the file that came with this version"
    )]
    Length {
        /// Its length in bytes.
        found: usize,
    },
    /// The file begins otherwise.
    #[error(
        "the file does not begin as weights of this version do; train again or take the file that came with this version"
    )]
    Magic,
    /// A number of the header is not finite.
    #[error("number {place} of the header is not finite; train again")]
    Number {
        /// Which one, from 0.
        place: usize,
    },
}

/// A linear model over the places of [`super::features`].
#[derive(Debug, Clone)]
pub struct Weights {
    places: Vec<f32>,
    /// Margin of an empty window, in log-odds before calibration.
    pub bias: f32,
    /// Slope of the calibration: probability = logistic(slope · margin + shift). Platt (1999).
    pub slope: f32,
    /// Shift of the calibration.
    pub shift: f32,
    /// Margin from which a text is flagged.
    pub flag: f32,
    /// Margin from which a text is blocked.
    pub block: f32,
}

impl Weights {
    /// Weights as trained, one for each place; missing ones are 0.
    pub fn new(mut places: Vec<f32>, bias: f32) -> Self {
        places.resize(SPACE as usize, 0.0);
        Self { places, bias, slope: 1.0, shift: 0.0, flag: 0.0, block: 2.0 }
    }

    /// Reads a file of weights.
    ///
    /// # Errors
    /// [`WeightsError`] when it is not one of this version.
    pub fn read(bytes: &[u8]) -> Result<Self, WeightsError> {
        if bytes.len() != LENGTH {
            return Err(WeightsError::Length { found: bytes.len() });
        }
        if !bytes.starts_with(MAGIC) {
            return Err(WeightsError::Magic);
        }
        let mut numbers = [0.0_f32; 7];
        let header = bytes.get(16..HEADER).unwrap_or_default();
        for (place, (number, four)) in numbers.iter_mut().zip(header.chunks_exact(4)).enumerate() {
            *number = f32::from_le_bytes(four.try_into().unwrap_or_default());
            if !number.is_finite() {
                return Err(WeightsError::Number { place });
            }
        }
        let [bias, slope, shift, flag, block, concepts, words] = numbers;
        let middle = HEADER.saturating_add(CONCEPT_SPACE as usize * 2);
        let mut weights = Vec::with_capacity(SPACE as usize);
        weights.extend(
            bytes
                .get(HEADER..middle)
                .unwrap_or_default()
                .chunks_exact(2)
                .map(|two| f32::from(i16::from_le_bytes(two.try_into().unwrap_or_default())) * concepts),
        );
        weights.extend(
            bytes
                .get(middle..)
                .unwrap_or_default()
                .iter()
                .map(|byte| f32::from(i8::from_le_bytes([*byte])) * words),
        );
        Ok(Self { places: weights, bias, slope, shift, flag, block })
    }

    /// The weights as a file. Values are rounded to one part in 32,767 of the largest concept, 127 of the largest word.
    pub fn write(&self) -> Vec<u8> {
        let (concepts, words) = self.places.split_at(self.places.len().min(CONCEPT_SPACE as usize));
        let largest = |list: &[f32]| list.iter().fold(1e-6_f32, |most, weight| most.max(weight.abs()));
        let (concept, word) = (largest(concepts) / 32767.0, largest(words) / 127.0);
        let mut out = Vec::with_capacity(LENGTH);
        out.extend_from_slice(MAGIC);
        for number in [self.bias, self.slope, self.shift, self.flag, self.block, concept, word] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for weight in concepts {
            out.extend_from_slice(&((weight / concept).round() as i16).to_le_bytes());
        }
        for weight in words {
            out.extend_from_slice(&((weight / word).round() as i8).to_le_bytes());
        }
        out
    }

    /// Margin of a sparse vector, in log-odds before calibration.
    pub fn margin(&self, vector: &[(u32, f32)]) -> f32 {
        self.bias + vector.iter().map(|(place, value)| self.weight(*place) * value).sum::<f32>()
    }

    /// The weight of one place.
    pub fn weight(&self, place: u32) -> f32 {
        self.places.get(place as usize).copied().unwrap_or(0.0)
    }

    /// Probability that a text of this margin is an attack, as calibrated on sources not trained on.
    pub fn probability(&self, margin: f32) -> f32 {
        1.0 / (1.0 + (-(self.slope * margin + self.shift)).exp())
    }
}

impl Weights {
    /// The margin at which the probability is `probability`.
    pub fn margin_of(&self, probability: f32) -> f32 {
        let slope = if self.slope == 0.0 { 1.0 } else { self.slope };
        ((probability / (1.0 - probability)).ln() - self.shift) / slope
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn weights_survive_their_file_within_its_precision() {
        let weights = Weights::new((0..SPACE).map(|place| (place as f32 * 0.37).sin()).collect(), 0.5);
        let read = Weights::read(&weights.write()).unwrap_or_else(|error| panic!("{error}"));
        for place in 0..SPACE {
            let bound = if place < CONCEPT_SPACE { 2e-5 } else { 4.1e-3 };
            assert!((read.weight(place) - weights.weight(place)).abs() < bound);
        }
    }

    proptest! {
        #[test]
        fn other_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..99)) {
            prop_assert_eq!(Weights::read(&bytes).err(), Some(WeightsError::Length { found: bytes.len() }));
        }
    }
}

//! What a text means, as far as it tells attacks from the rest: windows of pieces of words run through the encoder, each
//! pooled to the mean and the greatest value over its tokens, weighed by a linear model, and joined with the margin of the
//! words ([`super::weights`]).

use crate::encoder::container::{self, ContainerError, Tensor};
use crate::encoder::forward::{WIDTH, WINDOW};
use crate::encoder::wordpiece::{Piece, WordPiece};
use crate::encoder::{self, Encoder, EncoderError};
use std::collections::BTreeMap;
use std::ops::Range;
use thiserror::Error;

/// Values of a window: the means of its tokens, then their greatest.
pub const FEATURES: usize = 2 * WIDTH;
/// Pieces between the beginnings of two windows.
pub const STRIDE: usize = 94;
/// Windows of a text that are read at most; of a longer one the first and the last.
pub const MOST_WINDOWS: usize = 24;
/// Pieces of a text that are read at most.
const MOST_PIECES: usize = 1 << 17;
/// Numbers beside the weights: bias; share of the words' margin, share of the meaning's and shift of the joint margin; slope
/// and shift of its calibration; joint margin at which to flag and to block.
const NUMBERS: usize = 8;

/// A model of meaning that cannot be used.
#[derive(Debug, Error)]
pub enum MeaningError {
    /// The file is no container.
    #[error(transparent)]
    Container(#[from] ContainerError),
    /// The file holds other numbers.
    #[error(
        "tensor `{name}` is missing or has another shape; train again or take the file that came with this version"
    )]
    Shape {
        /// Name of the tensor.
        name: &'static str,
    },
    /// It was trained with another encoder.
    #[error("the weights were trained with the encoder {found}, this version has {expected}; train again")]
    Encoder {
        /// Digest of the encoder it was trained with.
        found: String,
        /// Digest of the encoder that came with this version.
        expected: String,
    },
    /// The encoder cannot be used.
    #[error("the encoder cannot be used: {0}")]
    Unusable(&'static EncoderError),
}

/// A window as its features.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// [`FEATURES`] values.
    pub features: Vec<f32>,
    /// The bytes of the text it covers.
    pub span: Range<usize>,
}

/// The windows of a text as pieces, at most `most`, of a longer text the first and the last; none if it holds no word.
pub fn cuts(words: &WordPiece, text: &str, most: usize) -> Vec<Vec<Piece>> {
    let pieces = words.pieces(text, MOST_PIECES);
    let mut starts: Vec<usize> = (0..pieces.len()).step_by(STRIDE).collect();
    // A window that lies in the one before it adds nothing.
    let inside = |start: &usize| *start > 0 && pieces.len().saturating_sub(*start) <= WINDOW - 2 - STRIDE;
    starts.retain(|start| !inside(start));
    if starts.len() > most {
        let last = starts.split_off(starts.len().saturating_sub(most / 2));
        starts.truncate(most.saturating_sub(most / 2));
        starts.extend(last);
    }
    let cut = |start: usize| {
        let end = start.saturating_add(WINDOW - 2).min(pieces.len());
        pieces.get(start..end).unwrap_or_default().to_vec()
    };
    starts.into_iter().map(cut).collect()
}

/// The windows of a text, at most `most`; none if it holds no word.
///
/// # Errors
/// [`EncoderError::Product`] when a product fails, which no text can bring about.
pub fn windows(encoder: &Encoder, text: &str, most: usize) -> Result<Vec<Window>, EncoderError> {
    let mut windows = Vec::new();
    for inner in cuts(&encoder.words, text, most) {
        let tokens = encoder.tokens(&inner)?;
        let span = inner.first().map_or(0, |piece| piece.start as usize)
            ..inner.last().map_or(0, |piece| piece.end as usize);
        windows.push(Window { features: pooled(&tokens), span });
    }
    Ok(windows)
}

fn pooled(tokens: &[f32]) -> Vec<f32> {
    let mut features = vec![0.0_f32; WIDTH];
    let mut most = vec![f32::MIN; WIDTH];
    for token in tokens.chunks_exact(WIDTH) {
        for ((sum, most), x) in features.iter_mut().zip(&mut most).zip(token) {
            *sum += x;
            *most = if x > most { *x } else { *most };
        }
    }
    let count = (tokens.len() / WIDTH).max(1) as f32;
    for sum in &mut features {
        *sum /= count;
    }
    features.extend(most);
    features
}

/// A linear model of meaning, and how its margin joins that of the words.
#[derive(Debug, Clone, PartialEq)]
pub struct Meaning {
    /// One weight for each feature.
    pub weights: Vec<f32>,
    /// Margin of a window of zeros.
    pub bias: f32,
    /// Share of the words' margin in the joint one, of the meaning's, and its shift.
    pub joint: [f32; 3],
    /// Slope and shift of the calibration: probability = logistic(slope · margin + shift).
    pub curve: [f32; 2],
    /// Joint margin from which a text is flagged.
    pub flag: f32,
    /// Joint margin from which a text is blocked.
    pub block: f32,
}

impl Meaning {
    /// Reads a file of weights.
    ///
    /// # Errors
    /// [`MeaningError`] when it is not one, or was trained with another encoder.
    pub fn read(file: &[u8]) -> Result<Self, MeaningError> {
        let tensors = container::read(file)?;
        let digest = tensors.get("encoder").map_or(&[][..], |tensor| tensor.bytes);
        if digest != encoder::DIGEST.as_bytes() {
            return Err(MeaningError::Encoder {
                found: String::from_utf8_lossy(digest).into_owned(),
                expected: encoder::DIGEST.to_owned(),
            });
        }
        let floats = |name: &'static str, length: usize| {
            let floats = tensors.get(name).map(Tensor::floats).unwrap_or_default();
            let good = floats.len() == length && floats.iter().all(|x| x.is_finite());
            if good { Ok(floats) } else { Err(MeaningError::Shape { name }) }
        };
        let weights = floats("weights", FEATURES)?;
        let numbers: [f32; NUMBERS] =
            floats("numbers", NUMBERS)?.try_into().map_err(|_| MeaningError::Shape { name: "numbers" })?;
        let [bias, words, meaning, shift, slope, offset, flag, block] = numbers;
        Ok(Self { weights, bias, joint: [words, meaning, shift], curve: [slope, offset], flag, block })
    }

    /// The model as a file.
    pub fn write(&self) -> Vec<u8> {
        let bytes = |floats: &[f32]| -> Vec<u8> { floats.iter().flat_map(|x| x.to_le_bytes()).collect() };
        let [words, meaning, shift] = self.joint;
        let numbers =
            bytes(&[self.bias, words, meaning, shift, self.curve[0], self.curve[1], self.flag, self.block]);
        let weights = bytes(&self.weights);
        let tensor =
            |kind: &str, length: usize, bytes| Tensor { kind: kind.to_owned(), shape: vec![length], bytes };
        let tensors = BTreeMap::from([
            ("encoder".to_owned(), tensor("U8", encoder::DIGEST.len(), encoder::DIGEST.as_bytes())),
            ("numbers".to_owned(), tensor("F32", NUMBERS, &numbers)),
            ("weights".to_owned(), tensor("F32", self.weights.len(), &weights)),
        ]);
        container::write(&tensors, &BTreeMap::from([("format".to_owned(), "bartizan-meaning-1".to_owned())]))
    }

    /// Margin of a window, in log-odds before calibration.
    pub fn margin(&self, features: &[f32]) -> f32 {
        self.bias + self.weights.iter().zip(features).map(|(weight, x)| weight * x).sum::<f32>()
    }

    /// The joint margin of the words' and the meaning's.
    pub fn join(&self, words: f32, meaning: f32) -> f32 {
        let [by_words, by_meaning, shift] = self.joint;
        by_words * words + by_meaning * meaning + shift
    }

    /// Probability that a text of this joint margin is an attack, as calibrated on sources not trained on.
    pub fn probability(&self, joint: f32) -> f32 {
        1.0 / (1.0 + (-(self.curve[0] * joint + self.curve[1])).exp())
    }

    /// The joint margin at which [`Meaning::probability`] is `probability`, above 0 and below 1.
    pub fn margin_of(&self, probability: f32) -> f32 {
        ((probability / (1.0 - probability)).ln() - self.curve[1]) / self.curve[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> Meaning {
        let weights = (0..FEATURES).map(|at| (at as f32).sin()).collect();
        Meaning { weights, bias: 0.5, joint: [0.25, 0.5, 1.0], curve: [1.0, -0.5], flag: 1.0, block: 2.0 }
    }

    #[test]
    fn a_model_survives_its_file_and_another_encoder_is_refused() {
        let file = model().write();
        assert_eq!(Meaning::read(&file).ok(), Some(model()));
        let place = file.windows(64).position(|run| run == encoder::DIGEST.as_bytes()).unwrap_or(0);
        let mut other = file;
        other[place] ^= 1;
        assert!(matches!(Meaning::read(&other), Err(MeaningError::Encoder { .. })));
    }

    #[test]
    fn a_window_is_pooled_to_mean_and_greatest() {
        let mut tokens = vec![1.0_f32; WIDTH];
        tokens.extend(vec![-3.0_f32; WIDTH]);
        let features = pooled(&tokens);
        assert_eq!((features.len(), features[0], features[WIDTH]), (FEATURES, -1.0, 1.0));
        assert!((model().join(2.0, -1.0) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn windows_cover_a_text_and_only_its_ends_when_it_is_too_long() {
        let encoder = encoder::shipped().unwrap_or_else(|error| panic!("{error}"));
        let text = "word ".repeat(300);
        let spans = |most| -> Vec<Range<usize>> {
            let windows = windows(encoder, &text, most).unwrap_or_else(|error| panic!("{error}"));
            windows.into_iter().map(|window| window.span).collect()
        };
        assert_eq!(spans(9), [0..629, 470..1099, 940..1499]);
        assert_eq!(spans(2), [0..629, 940..1499]);
        assert!(windows(encoder, " \n", 9).is_ok_and(|windows| windows.is_empty()));
    }
}

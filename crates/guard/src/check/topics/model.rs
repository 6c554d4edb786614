//! The classifier of one topic: [`TopicModel`], read from a file and asked for the window of a text that speaks of it most.
//!
//! All numbers little-endian. Version 1: `BTZTOPI` and the version in a byte; examples that were banned and harmless (u32 each); area
//! under the curve, bias, slope and shift of the calibration, what a step of a weight counts (f32 each); how many rates (u32) and
//! words (u32); for each rate the rate, the margin from which so many harmless texts are taken for the topic, and the share of the
//! topic's found there (f32 each), smallest rate first; each word, its length in a byte before it, strongest first; a weight (i16) for
//! each place; SHA-256 of all before it. The figures are of texts that the model had not seen.

use super::features::{self, Reading, SPACE};
use super::regression::logistic;
use sha2::{Digest as _, Sha256};
use std::ops::Range;
use thiserror::Error;

const MAGIC: &[u8; 7] = b"BTZTOPI";
const VERSION: u8 = 1;
/// Bytes before the rates.
const HEAD: usize = 44;
/// Bytes of a rate.
const RATE: usize = 12;
/// Most rates.
pub(super) const MOST_RATES: usize = 16;
/// Most words.
pub(super) const MOST_WORDS: usize = 512;
/// Longest word, in bytes.
pub(super) const LONGEST_WORD: usize = 48;
/// Bytes of the digest.
const DIGEST: usize = 32;
/// Words that a verdict names.
const NAMED: usize = 4;

/// Why the classifier of a topic cannot be read.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TopicFileError {
    /// It begins with something else.
    #[error("not the classifier of a topic; make one with `bartizan guard topic train`")]
    Magic,
    /// It is of a version that this program does not know.
    #[error("the classifier of a topic of version {0}, of which only {VERSION} is known; train it anew")]
    Version(u8),
    /// A number or word in it cannot be.
    #[error("byte {offset}: {field} cannot be what stands there; train it anew")]
    Field {
        /// Which.
        field: &'static str,
        /// Where.
        offset: usize,
    },
    /// It is shorter or longer than it says.
    #[error("the file has {found} bytes where it says {expected}; train it anew")]
    Length {
        /// What it should have.
        expected: usize,
        /// What it has.
        found: usize,
    },
    /// It was changed.
    #[error("the file's digest does not match its content; train it anew")]
    Digest,
}

/// A rate of false positives that was not measured.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[error(
    "a rate of false positives of {rate} was not measured; give one from {lowest} to {greatest}, or a threshold"
)]
pub struct TopicRateError {
    /// What was asked for, from 0 to 1.
    pub rate: f64,
    /// The least there is.
    pub lowest: f64,
    /// The greatest there is.
    pub greatest: f64,
}

/// How a rate of false positives was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TopicRate {
    /// Share of harmless texts taken for the topic, from 0 to 1.
    pub rate: f32,
    /// Margin from which they are, in log-odds before calibration.
    pub margin: f32,
    /// Share of the topic's texts that reach it, from 0 to 1.
    pub recall: f32,
}

/// The classifier of one topic.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicModel {
    /// Texts of the topic that it was trained on.
    pub banned: u32,
    /// Other texts that it was trained on.
    pub harmless: u32,
    /// Area under the curve of receiver operating characteristics, of texts it had not seen.
    pub auc: f32,
    /// Rates of false positives that were measured on texts it had not seen, smallest first.
    pub rates: Vec<TopicRate>,
    /// Words that speak most for the topic, strongest first.
    pub words: Vec<String>,
    pub(super) bias: f32,
    pub(super) slope: f32,
    pub(super) shift: f32,
    /// What a step of a weight counts.
    pub(super) step: f32,
    /// One for each place.
    pub(super) weights: Vec<i16>,
}

/// What speaks most of a topic in a text.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicFound {
    /// Probability that a text like this is of the topic, from 0 to 1.
    pub score: f32,
    /// Margin, in log-odds before calibration.
    pub margin: f32,
    /// Where, in bytes of the text.
    pub span: Range<usize>,
    /// The strongest words there of those that the classifier knows by name.
    pub words: Vec<String>,
}

impl TopicModel {
    /// How many weights there are.
    pub const WEIGHTS: usize = SPACE;

    /// Reads a classifier and checks its digest.
    ///
    /// # Errors
    /// [`TopicFileError`] says what is wrong with it and where. Nothing is taken on the file's word: all lengths are checked first.
    pub fn read(bytes: &[u8]) -> Result<Self, TopicFileError> {
        if bytes.get(..MAGIC.len()) != Some(MAGIC) {
            return Err(TopicFileError::Magic);
        }
        match bytes.get(MAGIC.len()) {
            Some(&VERSION) => {}
            Some(&other) => return Err(TopicFileError::Version(other)),
            None => return Err(TopicFileError::Length { expected: HEAD, found: bytes.len() }),
        }
        let mut file = Bytes { bytes, at: MAGIC.len().saturating_add(1) };
        let (banned, harmless) = (file.u32()?, file.u32()?);
        let auc = file.number("the area under the curve", 0.0..=1.0)?;
        let bias = file.number("the bias", -1e6..=1e6)?;
        let slope = file.number("the slope", 1e-3..=1e3)?;
        let shift = file.number("the shift", -1e6..=1e6)?;
        let step = file.number("the step of weights", 0.0..=1e3)?;
        let rates = file.count("the number of rates", MOST_RATES)?;
        let words = file.count("the number of words", MOST_WORDS)?;
        let rates = (0..rates).map(|_| file.rate()).collect::<Result<Vec<_>, _>>()?;
        if let Some(place) = rates.windows(2).position(
            |two| matches!(two, [one, other] if one.rate >= other.rate || one.margin < other.margin),
        ) {
            let offset = HEAD.saturating_add(RATE.saturating_mul(place.saturating_add(1)));
            return Err(TopicFileError::Field { field: "the order of rates", offset });
        }
        let words = (0..words).map(|_| file.word()).collect::<Result<Vec<_>, _>>()?;
        let end = file.at.saturating_add(SPACE.saturating_mul(2));
        let expected = end.saturating_add(DIGEST);
        if bytes.len() != expected {
            return Err(TopicFileError::Length { expected, found: bytes.len() });
        }
        let digest: [u8; DIGEST] = Sha256::digest(bytes.get(..end).unwrap_or_default()).into();
        if bytes.get(end..) != Some(digest.as_slice()) {
            return Err(TopicFileError::Digest);
        }
        let weights = bytes.get(file.at..end).unwrap_or_default().chunks_exact(2);
        let weights = weights.map(|two| i16::from_le_bytes(two.try_into().unwrap_or_default())).collect();
        Ok(Self { banned, harmless, auc, rates, words, bias, slope, shift, step, weights })
    }

    /// The classifier as a file.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(SPACE.saturating_mul(2).saturating_add(HEAD + DIGEST));
        out.extend_from_slice(MAGIC);
        out.push(VERSION);
        for count in [self.banned, self.harmless] {
            out.extend_from_slice(&count.to_le_bytes());
        }
        for number in [self.auc, self.bias, self.slope, self.shift, self.step] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for count in [self.rates.len(), self.words.len()] {
            out.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
        }
        for one in &self.rates {
            for number in [one.rate, one.margin, one.recall] {
                out.extend_from_slice(&number.to_le_bytes());
            }
        }
        for word in &self.words {
            out.push(u8::try_from(word.len()).unwrap_or(u8::MAX));
            out.extend_from_slice(word.as_bytes());
        }
        self.weights.iter().for_each(|weight| out.extend_from_slice(&weight.to_le_bytes()));
        let digest = Sha256::digest(&out);
        out.extend_from_slice(&digest);
        out
    }

    /// The window of a text that speaks most of the topic; none where the text has no word. Linear in its length.
    pub fn strongest(&self, text: &str) -> Option<TopicFound> {
        let reading = Reading::of(text);
        let (window, margin) = self.best(&reading)?;
        Some(TopicFound {
            score: self.probability(margin),
            margin,
            span: reading.span(&window),
            words: self.named(&reading, &window),
        })
    }

    /// The window of a reading with the greatest margin.
    pub(super) fn best(&self, reading: &Reading) -> Option<(Range<usize>, f32)> {
        let mut before = vec![0.0_f64];
        let mut sum = 0.0;
        for number in 0..reading.len() {
            sum += self.of_word(reading, number, None);
            before.push(sum);
        }
        let up_to = |words: usize| before.get(words).copied().unwrap_or(sum);
        let margins = features::windows(reading.len()).map(|window| {
            let margin = self.margin(up_to(window.end) - up_to(window.start), window.len());
            (window, margin)
        });
        margins.max_by(|(_, one), (_, other)| one.total_cmp(other))
    }

    /// What a word weighs, in steps; `before` is the hash of the word before the first of the reading.
    pub(super) fn of_word(&self, reading: &Reading, number: usize, before: Option<u64>) -> f64 {
        let mut sum = 0_i64;
        reading.each_feature(number, before, |place| {
            sum = sum.saturating_add(i64::from(self.weights.get(place as usize).copied().unwrap_or(0)));
        });
        sum as f64
    }

    /// The margin of a window whose words weigh so much together.
    pub(super) fn margin(&self, steps: f64, words: usize) -> f32 {
        self.bias + (steps * f64::from(self.step) * f64::from(features::scale(words))) as f32
    }

    /// Probability that a text of this margin is of the topic, in a crowd like that of the examples.
    pub fn probability(&self, margin: f32) -> f32 {
        logistic(f64::from(self.slope) * f64::from(margin) + f64::from(self.shift)) as f32
    }

    /// The margin at which the probability is `probability`.
    pub(super) fn margin_of(&self, probability: f32) -> f32 {
        ((probability / (1.0 - probability)).ln() - self.shift) / self.slope
    }

    /// The margin that no more than such a share of harmless texts reaches: between two measured rates it is interpolated over their
    /// logarithms.
    ///
    /// # Errors
    /// [`TopicRateError`] for a rate outside of those that were measured.
    pub fn margin_at(&self, rate: f64) -> Result<f32, TopicRateError> {
        // Rates are kept in 32 bits: 0.01 is to find 0.01.
        let near = |one: &TopicRate| (f64::from(one.rate) - rate).abs() <= rate * 1e-6;
        if let Some(one) = self.rates.iter().find(|one| near(one)) {
            return Ok(one.margin);
        }
        let between = self.rates.windows(2).find_map(|two| match two {
            [low, high] if f64::from(low.rate) < rate && rate < f64::from(high.rate) => Some((low, high)),
            _ => None,
        });
        let Some((low, high)) = between else {
            let end = |one: Option<&TopicRate>| one.map_or(0.0, |one| f64::from(one.rate));
            let (lowest, greatest) = (end(self.rates.first()), end(self.rates.last()));
            return Err(TopicRateError { rate, lowest, greatest });
        };
        let (from, to) = (f64::from(low.rate).ln(), f64::from(high.rate).ln());
        let part = (rate.ln() - from) / (to - from);
        Ok((f64::from(low.margin) + part * (f64::from(high.margin) - f64::from(low.margin))) as f32)
    }

    /// The words of a window that weigh most, of those that the classifier knows by name.
    pub(super) fn named(&self, reading: &Reading, window: &Range<usize>) -> Vec<String> {
        let mut known: Vec<&str> = self.words.iter().map(String::as_str).collect();
        known.sort_unstable();
        let mut found: Vec<(f64, &str)> = Vec::new();
        for number in window.clone() {
            let word = reading.word(number);
            if known.binary_search(&word).is_ok() && found.iter().all(|(_, other)| *other != word) {
                found.push((self.of_word(reading, number, None), word));
            }
        }
        found.sort_by(|(one, a), (other, b)| other.total_cmp(one).then(a.cmp(b)));
        found.into_iter().take(NAMED).map(|(_, word)| word.to_owned()).collect()
    }
}

/// A file on its way to be read.
struct Bytes<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], TopicFileError> {
        let end = self.at.saturating_add(N);
        let found = self.bytes.get(self.at..end).and_then(|bytes| bytes.try_into().ok());
        self.at = end;
        found.ok_or(TopicFileError::Length { expected: end, found: self.bytes.len() })
    }

    fn u32(&mut self) -> Result<u32, TopicFileError> {
        self.take().map(u32::from_le_bytes)
    }

    fn count(&mut self, field: &'static str, most: usize) -> Result<usize, TopicFileError> {
        let offset = self.at;
        let count = self.u32()? as usize;
        if count > most { Err(TopicFileError::Field { field, offset }) } else { Ok(count) }
    }

    fn number(
        &mut self,
        field: &'static str,
        within: std::ops::RangeInclusive<f32>,
    ) -> Result<f32, TopicFileError> {
        let offset = self.at;
        let number = f32::from_le_bytes(self.take()?);
        if within.contains(&number) { Ok(number) } else { Err(TopicFileError::Field { field, offset }) }
    }

    fn rate(&mut self) -> Result<TopicRate, TopicFileError> {
        Ok(TopicRate {
            rate: self.number("a rate", 1e-9..=1.0)?,
            margin: self.number("a margin", -1e9..=1e9)?,
            recall: self.number("a recall", 0.0..=1.0)?,
        })
    }

    /// A word is shown to people: letters and digits only.
    fn word(&mut self) -> Result<String, TopicFileError> {
        let offset = self.at;
        let [length] = self.take()?;
        let start = self.at;
        self.at = start.saturating_add(usize::from(length));
        let Some(bytes) = self.bytes.get(start..self.at) else {
            return Err(TopicFileError::Length { expected: self.at, found: self.bytes.len() });
        };
        let word = std::str::from_utf8(bytes).ok().filter(|word| {
            (1..=LONGEST_WORD).contains(&word.len()) && word.chars().all(char::is_alphanumeric)
        });
        word.map(str::to_owned).ok_or(TopicFileError::Field { field: "a word", offset })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::train::tests::trained;
    use super::*;

    #[test]
    fn a_classifier_survives_its_file() {
        let model = trained();
        let bytes = model.write();
        assert_eq!(TopicModel::read(&bytes), Ok(model.clone()));
        assert_eq!(model.words.iter().map(String::len).max().map(|most| most <= LONGEST_WORD), Some(true));
    }

    #[test]
    fn a_damaged_file_is_refused() {
        let good = trained().write();
        // All of the head, and some of the rest.
        for at in (0..3000).chain((3000..good.len()).step_by(7919)) {
            let mut bad = good.clone();
            bad[at] ^= 0x40;
            assert!(TopicModel::read(&bad).is_err(), "{at}");
            assert!(TopicModel::read(&good[..at]).is_err(), "{at}");
        }
        let mut newer = good.clone();
        newer[7] = 2;
        assert_eq!(TopicModel::read(&newer), Err(TopicFileError::Version(2)));
        let mut longer = good;
        longer.push(0);
        assert!(matches!(TopicModel::read(&longer), Err(TopicFileError::Length { .. })));
    }

    #[test]
    fn rates_are_those_that_were_measured_and_what_lies_between() {
        let mut model = trained();
        let rate = |rate, margin| TopicRate { rate, margin, recall: 0.5 };
        model.rates = vec![rate(0.001, 4.0), rate(0.01, 2.0), rate(0.05, 0.0)];
        assert_eq!(model.margin_at(0.01), Ok(2.0));
        let between = model.margin_at(0.001 * 10_f64.sqrt()).unwrap();
        assert!((between - 3.0).abs() < 1e-5, "{between}");
        let error = model.margin_at(0.0001).unwrap_err();
        assert!(error.to_string().contains("give one from 0.001"), "{error}");
        assert!(model.margin_at(0.2).is_err() && model.margin_at(f64::NAN).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read(tail in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let mut bytes = b"BTZTOPI\x01".to_vec();
            bytes.extend(&tail);
            proptest::prop_assert!(TopicModel::read(&bytes).is_err());
            let _ = TopicModel::read(&tail);
        }
    }
}

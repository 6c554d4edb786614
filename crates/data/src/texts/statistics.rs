//! What a first reading keeps of a column of texts.

use super::SAMPLE;
use super::features::{Features, PLACES};
use bartizan_stats::StatsError;
use bartizan_stats::sketch::BottomK;

/// In how many texts each feature stands, and a sample of the texts: 4 MiB and the features of [`SAMPLE`] texts, whatever the
/// number of rows. States of parts merge to that of the whole, in any order.
#[derive(Debug, Clone)]
pub struct TextStatistics {
    pub(super) texts: u64,
    pub(super) counts: Vec<u32>,
    pub(super) sample: BottomK<Features>,
}

impl TextStatistics {
    /// Of no text; `seed` fixes the sample.
    ///
    /// # Errors
    /// None in practice: the size of the sample is a constant within its domain.
    pub fn new(seed: u64) -> Result<Self, StatsError> {
        Ok(Self { texts: 0, counts: vec![0; PLACES], sample: BottomK::new(SAMPLE, seed)? })
    }

    /// Adds the text of a row; a text without a word is left out.
    pub fn add(&mut self, row: u64, text: &str) {
        let features = Features::of(text);
        if features.0.is_empty() {
            return;
        }
        self.texts = self.texts.saturating_add(1);
        for (place, _) in &features.0 {
            if let Some(count) = self.counts.get_mut(*place as usize) {
                *count = count.saturating_add(1);
            }
        }
        self.sample.insert(row, &features);
    }

    /// Takes in the state of other rows.
    ///
    /// # Errors
    /// [`StatsError::Incompatible`] when the seeds differ.
    pub fn merge(&mut self, other: &Self) -> Result<(), StatsError> {
        self.sample.merge(&other.sample)?;
        self.texts = self.texts.saturating_add(other.texts);
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count = count.saturating_add(*more);
        }
        Ok(())
    }

    /// Texts with a word at least.
    pub fn texts(&self) -> u64 {
        self.texts
    }
}

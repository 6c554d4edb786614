//! Columns of free text for `bartizan data anomalies`: how far each text is from the others, and by what.
//!
//! The file is read once for the statistics of each column and a sample, once to hold every text against these, and once more for
//! the words of the rows that are explained. Kept are some 56 bytes a text and, per column, some 30 MB.

use super::budget::Budget;
use super::rows;
use crate::failure::Failure;
use bartizan_core::printable;
use bartizan_data::texts::{Look, TextJudge, TextStatistics, text_scores};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;

/// Columns of free text that are judged; those beyond are looked through for tricks only.
const MOST_COLUMNS: usize = 8;
/// Fewest texts of which one can be unlike the others.
const FEWEST: u64 = 50;
/// Texts looked at together.
const TOGETHER: usize = 4_096;
/// Rare words named as reasons.
const WORDS: usize = 3;
/// Least score of a text that is a reason.
const UNLIKE: f64 = 0.8;

/// The texts of one column.
pub(super) struct OddTexts {
    /// The column.
    pub(super) name: String,
    judge: TextJudge,
    looks: Vec<Option<Look>>,
    /// By row: about 0.3 in the middle, above 1.2 for few.
    pub(super) scores: Vec<f64>,
    /// By row, of those that are explained.
    words: BTreeMap<usize, Vec<String>>,
}

impl OddTexts {
    /// Judges the columns `names` of `path`, which has `rows` rows; columns of fewer than 50 texts are left out.
    ///
    /// # Errors
    /// [`Failure`] when the file cannot be read, or its rows take more memory than `budget` allows.
    pub(super) fn judge(
        path: &Path,
        names: &[String],
        rows: usize,
        seed: u64,
        budget: &mut Budget,
    ) -> Result<Vec<Self>, Failure> {
        let names = names.get(..names.len().min(MOST_COLUMNS)).unwrap_or_default();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let look_bytes = (size_of::<Option<Look>>() as u64).saturating_mul(names.len() as u64);
        // What is asked for at once is settled at once.
        let _ = budget.take(rows, look_bytes.saturating_mul(rows as u64));
        budget.settled()?;
        let failed = |error: bartizan_stats::StatsError| Failure::Array {
            path: path.to_path_buf(),
            problem: error.to_string(),
        };
        let mut statistics: Vec<TextStatistics> =
            names.iter().map(|_| TextStatistics::new(seed)).collect::<Result<_, _>>().map_err(failed)?;
        rows::each(path, &mut |row, cells| {
            for cell in cells {
                let place = names.iter().position(|name| *name == cell.column);
                if let Some(statistics) = place.and_then(|place| statistics.get_mut(place)) {
                    statistics.add(row, &cell.value);
                }
            }
            ControlFlow::Continue(())
        })?;
        let mut judged: Vec<Self> = names
            .iter()
            .zip(&statistics)
            .filter(|(_, statistics)| statistics.texts() >= FEWEST)
            .map(|(name, statistics)| Self {
                name: name.clone(),
                judge: TextJudge::new(statistics),
                looks: vec![None; rows],
                scores: Vec::new(),
                words: BTreeMap::new(),
            })
            .collect();
        if judged.is_empty() {
            return Ok(judged);
        }
        let mut waiting: Vec<Vec<(u64, String)>> = vec![Vec::new(); judged.len()];
        rows::each(path, &mut |row, cells| {
            for (odd, waiting) in judged.iter_mut().zip(&mut waiting) {
                let texts = cells.iter().filter(|cell| cell.column == odd.name);
                waiting.extend(texts.map(|cell| (row, cell.value.clone())));
                if waiting.len() >= TOGETHER {
                    odd.look_at(waiting);
                }
            }
            ControlFlow::Continue(())
        })?;
        for (odd, waiting) in judged.iter_mut().zip(&mut waiting) {
            odd.look_at(waiting);
            odd.scores = text_scores(&odd.looks);
        }
        Ok(judged)
    }

    fn look_at(&mut self, texts: &mut Vec<(u64, String)>) {
        let looks = self.judge.look_at(texts);
        for ((row, _), look) in texts.drain(..).zip(looks) {
            if let Some(slot) = usize::try_from(row).ok().and_then(|row| self.looks.get_mut(row)) {
                *slot = look;
            }
        }
    }

    /// The score as a column of numbers among others: only strangeness counts.
    pub(super) fn column(&self) -> impl Iterator<Item = f64> {
        self.scores.iter().map(|score| score.max(0.0))
    }

    /// Reads the words of the rows that will be explained.
    ///
    /// # Errors
    /// [`Failure`] when the file cannot be read once more.
    pub(super) fn explain(judged: &mut [Self], path: &Path, wanted: &BTreeSet<usize>) -> Result<(), Failure> {
        if judged.is_empty() || wanted.is_empty() {
            return Ok(());
        }
        let last = wanted.last().copied().unwrap_or(0);
        rows::each(path, &mut |row, cells| {
            let row = usize::try_from(row).unwrap_or(usize::MAX);
            if wanted.contains(&row) {
                for odd in judged.iter_mut() {
                    if let Some(cell) = cells.iter().find(|cell| cell.column == odd.name) {
                        odd.words.insert(row, odd.judge.rare_words(&cell.value, WORDS));
                    }
                }
            }
            if row >= last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(())
    }

    /// Why a row is strange, for programs; nothing where it is not.
    pub(super) fn reason(&self, row: usize) -> Option<Value> {
        let score = self.scores.get(row).copied().filter(|score| *score >= UNLIKE)?;
        let look = self.looks.get(row).copied().flatten()?;
        let nearest = look.nearest.map(|(row, similarity)| json!({"row": row, "similarity": similarity}));
        let words = self.words.get(&row).cloned().unwrap_or_default();
        Some(json!({
            "column": self.name, "score": score, "distance": look.distance, "rarity": look.rarity,
            "word_rarity": look.word_rarity, "nearest": nearest, "rare": words,
        }))
    }

    /// The same for people.
    pub(super) fn told(&self, row: usize) -> Option<String> {
        let score = self.scores.get(row).copied().filter(|score| *score >= UNLIKE)?;
        let look = self.looks.get(row).copied().flatten()?;
        let words = self.words.get(&row).map(Vec::as_slice).unwrap_or_default();
        let words: Vec<String> = words.iter().map(|word| printable(word, 30)).collect();
        let rare = if words.is_empty() { String::new() } else { format!(", rare: {}", words.join(" ")) };
        let nearest = match look.nearest {
            Some((row, similarity)) => format!("nearest of the sample is row {row} ({similarity:.2})"),
            None => "like no text of the sample".to_owned(),
        };
        Some(format!("{} unlike the others ({score:.1}): {nearest}{rare}", printable(&self.name, 40)))
    }
}

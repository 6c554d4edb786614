//! Which of two answers is chosen, learned from the other pairs, and the pairs that contradict it.
//!
//! A Bradley–Terry model (1952) whose strengths are linear in the words of an answer: logistic regression on the
//! difference of the two answers, each pair judged by a model that has not seen it. The first fit tells which pairs are
//! contradicted; a second one believes these less, so that flipped pairs do not defend each other.

use super::super::corpus::{Corpus, Features, Word};
use super::super::{Evidence, Method, Suspect};
use crate::learn::{Logistic, LogisticOptions, Sparse, SparseBuilder, folds, sigmoid};
use rayon::prelude::*;

/// Parts the pairs are split into.
const FOLDS: usize = 5;
/// Answers a feature must stand in.
const FEWEST: u32 = 3;
/// Cost of an error.
const COST: f64 = 1.0;
/// A pair is convicted where no more of the pairs as clear as it go against the model.
const HONEST: f64 = 0.05;
/// Pairs as clear that must be there for that.
const ENOUGH: usize = 100;
/// Most that a pair scores where honest people disagree as often.
const MOST: f64 = 0.45;

/// Models of the order, and what they say of each pair.
pub(super) struct Order {
    rows: Sparse,
    keys: Vec<Feature>,
    fold_of: Vec<usize>,
    models: Vec<Logistic>,
    /// +1 where the row is chosen − rejected, −1 where it is the other way round; half of the rows each.
    signs: Vec<f64>,
    /// Log-odds of the order that is given, from a model that has not seen the pair.
    pub(super) margins: Vec<f64>,
}

/// What an answer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Feature {
    Word(Word),
    Pair(Word, Word),
    /// It begins with this word.
    First(Word),
    /// At least 2ⁿ tokens, in half steps.
    Length(u8),
}

impl Order {
    /// Fits the models to a corpus of `pairs` prompts, then as many chosen answers, then as many rejected ones.
    pub(super) fn fit(corpus: &Corpus, pairs: usize) -> Self {
        let mut features = Features::default();
        let mut builder = SparseBuilder::default();
        for answer in corpus.lower.iter().skip(pairs) {
            let words = answer.iter().map(|word| Feature::Word(*word));
            let beside =
                answer.iter().zip(answer.iter().skip(1)).map(|(word, next)| Feature::Pair(*word, *next));
            let first = answer.first().map(|word| Feature::First(*word));
            let lengths = (0..24u8).filter(|step| (f64::from(*step) / 2.0).exp2() <= answer.len() as f64);
            let all = words.chain(beside).chain(first).chain(lengths.map(Feature::Length));
            builder.push(all.map(|feature| features.number(feature)).collect());
        }
        let (answers, kept) = builder.build(FEWEST);
        let keys = kept.iter().filter_map(|feature| features.keys.get(*feature as usize).copied()).collect();
        let signs: Vec<f64> = (0..pairs).map(|row| if row % 2 == 0 { 1.0 } else { -1.0 }).collect();
        let sides: Vec<(usize, usize)> = (0..pairs)
            .map(|row| {
                if row % 2 == 0 { (row, pairs.saturating_add(row)) } else { (pairs.saturating_add(row), row) }
            })
            .collect();
        let rows = answers.differences(&sides);
        let fold_of = folds(&vec![0; pairs], FOLDS, 1);
        let mut order = Self { rows, keys, fold_of, models: Vec::new(), margins: vec![0.0; pairs], signs };
        for _ in 0..2 {
            order.learn();
        }
        order
    }

    /// Fits the models, each pair weighted by how far it was believed before, and asks them again.
    fn learn(&mut self) {
        let believed: Vec<f64> = self
            .signs
            .iter()
            .zip(&self.margins)
            .map(|(sign, margin)| sign * 2.0 * sigmoid(*margin))
            .collect();
        let options = LogisticOptions { cost: COST, ..LogisticOptions::default() };
        self.models = (0..FOLDS)
            .into_par_iter()
            .map(|held| {
                let signs: Vec<f64> = believed
                    .iter()
                    .zip(&self.fold_of)
                    .map(|(sign, fold)| if *fold == held { 0.0 } else { *sign })
                    .collect();
                Logistic::fit(&self.rows, &signs, options)
            })
            .collect();
        self.margins = (0..self.signs.len()).map(|row| self.without(row, &[])).collect();
    }

    /// Pairs there are.
    pub(super) fn pairs(&self) -> usize {
        self.signs.len()
    }

    /// Log-odds of the order that is given when nothing is said by `words`.
    pub(super) fn without(&self, row: usize, words: &[Word]) -> f64 {
        let fold = self.fold_of.get(row).copied().unwrap_or(0);
        let (Some(model), Some(sign)) = (self.models.get(fold), self.signs.get(row)) else { return 0.0 };
        let speaks = |column: u32| {
            words.is_empty()
                || !match self.keys.get(column as usize) {
                    Some(Feature::Word(word) | Feature::First(word)) => words.contains(word),
                    Some(Feature::Pair(word, next)) => words.contains(word) || words.contains(next),
                    Some(Feature::Length(_)) | None => false,
                }
        };
        let said: f64 = self
            .rows
            .row(row)
            .iter()
            .filter(|(column, _)| speaks(*column))
            .map(|(column, value)| {
                model.weights.get(*column as usize).copied().unwrap_or(0.0) * f64::from(*value)
            })
            .sum();
        // The bias is about the two orders of a row, which are dealt in turn; it says nothing of the answers.
        sign * said
    }

    /// Every pair by how far its order is doubted. Only one that is contradicted convicts; the others are ranked too, since
    /// most flipped pairs are ones on which people disagree.
    pub(super) fn suspects(&self) -> Vec<Suspect> {
        let mut clarity: Vec<(f64, bool)> =
            self.margins.iter().map(|margin| (margin.abs(), *margin < 0.0)).collect();
        clarity.sort_by(|left, right| right.0.total_cmp(&left.0));
        // Of the pairs at least as clear, how many are contradicted.
        let mut contradicted = 0usize;
        let counts: Vec<usize> = clarity
            .iter()
            .map(|(_, against)| {
                contradicted = contradicted.saturating_add(usize::from(*against));
                contradicted
            })
            .collect();
        self.margins
            .iter()
            .enumerate()
            .map(|(row, margin)| {
                let clear = clarity.partition_point(|(size, _)| *size >= margin.abs());
                let against = clear.checked_sub(1).and_then(|last| counts.get(last)).copied().unwrap_or(0);
                let share = (against as f64 + 1.0) / (clear as f64 + 2.0);
                let doubt = sigmoid(-margin);
                let convicts = *margin < 0.0 && share < HONEST && clear >= ENOUGH;
                let score = if convicts { 0.5 + 0.45 * (2.0 * doubt - 1.0) } else { MOST * doubt };
                Suspect {
                    row,
                    score,
                    method: Method::FlippedPair,
                    evidence: Evidence::Order { log_odds: *margin, clear, against, p_value: share },
                }
            })
            .collect()
    }
}

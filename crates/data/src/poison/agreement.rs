//! Whether a text speaks for the label it has: models of the classes, asked about rows they have not seen.

use super::corpus::{Corpus, Features, Word};
use crate::learn::{Logistic, LogisticOptions, Sparse, SparseBuilder, folds};
use rayon::prelude::*;

/// Parts the rows are split into; a row is judged by a model of the others.
const FOLDS: usize = 5;
/// Rows a word or pair must stand in to be a feature.
const FEWEST: u32 = 3;
/// No second word.
const ALONE: Word = Word::MAX;
/// Cost of an error; as in the text classifiers of Wang, Manning, *Baselines and Bigrams* (2012).
const COST: f64 = 3.0;

/// Models of the classes over words and pairs of words in lower case.
pub(super) struct Agreement {
    rows: Sparse,
    /// The word or pair that each column stands for.
    keys: Vec<(Word, Word)>,
    fold_of: Vec<usize>,
    /// By class, by fold. Two classes share one model, that of class 1.
    models: Vec<Vec<Logistic>>,
}

impl Agreement {
    /// Fits a model for every class and fold.
    pub(super) fn fit(corpus: &Corpus, labels: &[usize], classes: usize) -> Self {
        let mut features = Features::default();
        let mut builder = SparseBuilder::default();
        for row in &corpus.lower {
            let words = row.iter().map(|word| (*word, ALONE));
            let pairs = row.iter().zip(row.iter().skip(1)).map(|(word, next)| (*word, *next));
            builder.push(words.chain(pairs).map(|key| features.number(key)).collect());
        }
        let (rows, kept) = builder.build(FEWEST);
        let keys = kept.iter().filter_map(|feature| features.keys.get(*feature as usize).copied()).collect();
        let fold_of = folds(labels, FOLDS, 1);
        let modelled: Vec<usize> = if classes == 2 { vec![1] } else { (0..classes).collect() };
        let fits: Vec<(usize, usize)> =
            modelled.iter().flat_map(|class| (0..FOLDS).map(move |fold| (*class, fold))).collect();
        let options = LogisticOptions { cost: COST, ..LogisticOptions::default() };
        let fitted: Vec<Logistic> = fits
            .par_iter()
            .map(|(class, held)| {
                let sign = |(label, fold): (&usize, &usize)| match (fold == held, label == class) {
                    (true, _) => 0.0,
                    (false, true) => 1.0,
                    (false, false) => -1.0,
                };
                let signs: Vec<f64> = labels.iter().zip(&fold_of).map(sign).collect();
                Logistic::fit(&rows, &signs, options)
            })
            .collect();
        let models = fitted.chunks(FOLDS).map(<[Logistic]>::to_vec).collect();
        Self { rows, keys, fold_of, models }
    }

    /// Log-odds that the row is of `class`, when nothing is said by `words` and the pairs they are part of.
    pub(super) fn without(&self, row: usize, class: usize, words: &[Word]) -> f64 {
        let (model, sign) = if self.models.len() == 1 {
            (self.models.first(), if class == 1 { 1.0 } else { -1.0 })
        } else {
            (self.models.get(class), 1.0)
        };
        let fold = self.fold_of.get(row).copied().unwrap_or(0);
        let Some(model) = model.and_then(|folds| folds.get(fold)) else { return 0.0 };
        let said: f64 = self
            .rows
            .row(row)
            .iter()
            .filter(|(column, _)| {
                self.keys
                    .get(*column as usize)
                    .is_some_and(|(word, next)| !words.contains(word) && !words.contains(next))
            })
            .map(|(column, value)| {
                model.weights.get(*column as usize).copied().unwrap_or(0.0) * f64::from(*value)
            })
            .sum();
        sign * (said + model.bias)
    }
}

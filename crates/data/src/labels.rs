//! Which label a row should have, by linear models that have not seen it: for wrong labels where nobody has a model yet.
//!
//! A row is the set of what its cells say: words and pairs of words of a text, steps of a number between its deciles, each
//! under the name of its column. One logistic regression per class and fold judges the rows held out; then every row is
//! believed only as far as that judgement goes and the models are fitted once more, so that wrong labels do not defend
//! themselves.

use crate::learn::{
    Logistic, LogisticOptions, Sparse, SparseBuilder, folds, grouped_folds, lower_case, sigmoid, tokens,
};
use bartizan_stats::{hash64, mix64};
use rayon::prelude::*;
use std::collections::HashMap;
use thiserror::Error;

/// Parts the rows are split into; a row is judged by models of the others.
const FOLDS: usize = 5;
/// Rows a feature must stand in.
const FEWEST: u32 = 2;
/// Cost of an error, as in text classifiers of words and pairs (Wang & Manning, 2012).
const COST: f64 = 3.0;
/// Steps a column of numbers is cut into.
const STEPS: usize = 10;
/// Least share of the values of a column that are numbers where it is one of numbers.
const NUMERIC: f64 = 0.9;
/// Most classes; each has models of its own.
pub const MOST_CLASSES: usize = 500;

/// Why labels cannot be judged.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum LabelError {
    /// Fewer than two classes.
    #[error(
        "all {rows} rows have one label; labels are judged against each other, so give two classes or more"
    )]
    OneClass {
        /// Rows read.
        rows: usize,
    },
    /// A class for nearly every row.
    #[error("{classes} classes are more than {MOST_CLASSES}; is this the column of the labels?")]
    ManyClasses {
        /// Classes found.
        classes: usize,
    },
    /// Fewer rows than are needed to hold some out.
    #[error("{rows} rows are too few to hold some out; 20 are needed")]
    FewRows {
        /// Rows read.
        rows: usize,
    },
}

/// A column of a dataset: its values by row, an absent one empty.
#[derive(Debug, Clone, Default)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// One value for each row.
    pub values: Vec<String>,
}

/// Probability of every class for every row from models that have not seen it, row-major `(rows, classes)`, each row
/// summing to one.
///
/// `labels` has shape `(rows,)`, classes counted from 0. Deterministic. O(folds · classes · words) time, O(words) memory.
///
/// # Errors
/// [`LabelError`] when there are too few rows or classes, or too many classes.
///
/// Source: out-of-fold prediction as confident learning wants it (Northcutt and others, 2021); the second fit follows
/// the self-weighting of Reed and others, *Training Deep Neural Networks on Noisy Labels with Bootstrapping* (2015).
pub fn held_out_probabilities(
    columns: &[Column],
    labels: &[u32],
    classes: usize,
) -> Result<Vec<f64>, LabelError> {
    let (matrix, of_row, fold_of) = prepared(columns, labels, classes)?;
    let first = judge(&matrix, &of_row, &fold_of, classes, &vec![1.0; of_row.len()]);
    let believed: Vec<f64> = of_row
        .iter()
        .enumerate()
        .map(|(row, label)| {
            let given = first.get(row.saturating_mul(classes).saturating_add(*label));
            // 1 where the models are of the label's mind, near 0 where they are sure of another.
            (given.copied().unwrap_or(0.0) * 2.0).min(1.0)
        })
        .collect();
    Ok(judge(&matrix, &of_row, &fold_of, classes, &believed))
}

/// The same of two classes without doubting any label: what tells two samples apart. Rows that say the same are held out
/// together: of a row that is in both samples, its copies would say the opposite of what it is.
///
/// # Errors
/// [`LabelError`] when there are too few rows.
pub(crate) fn held_out_once(columns: &[Column], labels: &[u32]) -> Result<Vec<f64>, LabelError> {
    let (matrix, of_row, _) = prepared(columns, labels, 2)?;
    let groups: Vec<u64> = (0..labels.len())
        .map(|row| {
            columns.iter().fold(0, |seed, column| {
                hash64(column.values.get(row).map_or(&[][..], |value| value.as_bytes()), mix64(seed))
            })
        })
        .collect();
    let fold_of = grouped_folds(&of_row, &groups, FOLDS, 1);
    Ok(judge(&matrix, &of_row, &fold_of, 2, &vec![1.0; of_row.len()]))
}

/// Features, labels and folds of the rows.
fn prepared(
    columns: &[Column],
    labels: &[u32],
    classes: usize,
) -> Result<(Sparse, Vec<usize>, Vec<usize>), LabelError> {
    let rows = labels.len();
    if classes < 2 {
        return Err(LabelError::OneClass { rows });
    }
    if classes > MOST_CLASSES {
        return Err(LabelError::ManyClasses { classes });
    }
    if rows < 20 {
        return Err(LabelError::FewRows { rows });
    }
    let matrix = features(columns, rows);
    let of_row: Vec<usize> = labels.iter().map(|label| *label as usize).collect();
    let fold_of = folds(&of_row, FOLDS, 1);
    Ok((matrix, of_row, fold_of))
}

/// Fits and asks the models; `weights` says how far each row is believed.
fn judge(matrix: &Sparse, labels: &[usize], fold_of: &[usize], classes: usize, weights: &[f64]) -> Vec<f64> {
    // Two classes share one model, that of class 1.
    let modelled: Vec<usize> = if classes == 2 { vec![1] } else { (0..classes).collect() };
    let fits: Vec<(usize, usize)> =
        modelled.iter().flat_map(|class| (0..FOLDS).map(move |fold| (*class, fold))).collect();
    let options = LogisticOptions { cost: COST, ..LogisticOptions::default() };
    let fitted: Vec<Logistic> = fits
        .par_iter()
        .map(|(class, held)| {
            let signs: Vec<f64> = labels
                .iter()
                .zip(fold_of)
                .zip(weights)
                .map(|((label, fold), weight)| match (fold == held, label == class) {
                    (true, _) => 0.0,
                    (false, true) => *weight,
                    (false, false) => -*weight,
                })
                .collect();
            Logistic::fit(matrix, &signs, options)
        })
        .collect();
    let mut probabilities = Vec::with_capacity(labels.len().saturating_mul(classes));
    for (row, fold) in fold_of.iter().enumerate() {
        let of = |place: usize| {
            fitted
                .get(place.saturating_mul(FOLDS).saturating_add(*fold))
                .map_or(0.5, |model| sigmoid(model.margin(matrix, row)))
        };
        if classes == 2 {
            let one = of(0);
            probabilities.extend([1.0 - one, one]);
            continue;
        }
        let each: Vec<f64> = (0..classes).map(of).collect();
        let sum = each.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        probabilities.extend(each.into_iter().map(|probability| probability / sum));
    }
    probabilities
}

/// What the cells of every row say.
fn features(columns: &[Column], rows: usize) -> Sparse {
    let mut numbers = Numbers::default();
    let mut of_row: Vec<Vec<u32>> = vec![Vec::new(); rows];
    for (place, column) in columns.iter().enumerate() {
        let seed = place as u64;
        if let Some(values) = numeric(column) {
            let cuts = deciles(&values);
            for (features, value) in of_row.iter_mut().zip(&values) {
                let Some(value) = value else { continue };
                for (step, cut) in cuts.iter().enumerate() {
                    // Both sides are said, so that neither end of the scale is empty.
                    let side: &[u8] = if value > cut { b"above" } else { b"below" };
                    features.push(numbers.number(hash64(side, seed ^ ((step as u64 + 1) << 32))));
                }
            }
            continue;
        }
        for (features, text) in of_row.iter_mut().zip(&column.values) {
            let mut last: Option<u64> = None;
            for token in tokens(text) {
                let word = hash64(lower_case(token).as_bytes(), seed);
                features.push(numbers.number(word));
                if let Some(last) = last {
                    features.push(numbers.number(hash64(&word.to_le_bytes(), last)));
                }
                last = Some(word);
            }
        }
    }
    let mut builder = SparseBuilder::default();
    for features in of_row {
        builder.push(features);
    }
    builder.build(FEWEST).0
}

/// The values of a column of numbers; none of any other.
fn numeric(column: &Column) -> Option<Vec<Option<f64>>> {
    let values: Vec<Option<f64>> = column
        .values
        .iter()
        .map(|text| text.trim().parse::<f64>().ok().filter(|value| value.is_finite()))
        .collect();
    let given = column.values.iter().filter(|text| !text.trim().is_empty()).count();
    let numbers = values.iter().flatten().count();
    (numbers > 0 && numbers as f64 >= NUMERIC * given as f64).then_some(values)
}

/// Where a column of numbers is cut: its deciles, each once.
fn deciles(values: &[Option<f64>]) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let mut cuts: Vec<f64> = (1..STEPS)
        .filter_map(|step| sorted.get(sorted.len().saturating_mul(step) / STEPS).copied())
        .collect();
    cuts.dedup_by(|a, b| a.total_cmp(b).is_eq());
    cuts
}

/// Numbers features in the order of their first appearance.
#[derive(Default)]
struct Numbers(HashMap<u64, u32>);

impl Numbers {
    fn number(&mut self, key: u64) -> u32 {
        let next = self.0.len() as u32;
        *self.0.entry(key).or_insert(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(values: Vec<String>) -> Column {
        Column { name: "text".to_owned(), values }
    }

    #[test]
    fn a_wrong_label_is_doubted_and_the_right_ones_are_not() {
        let words = [["bright", "warm", "lovely"], ["dull", "cold", "dreary"]];
        let values: Vec<String> = (0..120)
            .map(|row| {
                format!(
                    "a {} film number {} and {}",
                    words[row % 2][row % 3],
                    row % 11,
                    words[row % 2][(row + 1) % 3]
                )
            })
            .collect();
        let labels: Vec<u32> = (0..120).map(|row| u32::from((row % 2 == 1) != (row == 40))).collect();
        let probabilities = held_out_probabilities(&[text(values)], &labels, 2).unwrap();
        assert!(probabilities[40 * 2 + 1] < 0.2, "{}", probabilities[81]);
        assert!(
            (0..120).filter(|row| *row != 40).all(|row| probabilities[row * 2 + labels[row] as usize] > 0.5)
        );
        assert!(probabilities.chunks_exact(2).all(|row| (row[0] + row[1] - 1.0).abs() < 1e-12));
    }

    #[test]
    fn numbers_tell_three_classes_by_their_steps() {
        let values: Vec<String> =
            (0..150).map(|row| format!("{}", f64::from(row % 50) + 100.0 * f64::from(row / 50))).collect();
        let mut labels: Vec<u32> = (0..150).map(|row| row / 50).collect();
        labels[10] = 2;
        let column = Column { name: "x".to_owned(), values };
        let probabilities = held_out_probabilities(&[column], &labels, 3).unwrap();
        let best = |row: usize| {
            (0..3).max_by(|a, b| probabilities[row * 3 + a].total_cmp(&probabilities[row * 3 + b]))
        };
        assert_eq!((best(10), best(60), best(140)), (Some(0), Some(1), Some(2)));
    }

    #[test]
    fn one_class_too_many_classes_and_too_few_rows_are_said() {
        let column = text(vec!["a".to_owned(); 30]);
        let none = held_out_probabilities(std::slice::from_ref(&column), &[0; 30], 1);
        assert_eq!(none, Err(LabelError::OneClass { rows: 30 }));
        assert_eq!(
            held_out_probabilities(std::slice::from_ref(&column), &[0; 30], 501),
            Err(LabelError::ManyClasses { classes: 501 })
        );
        assert_eq!(held_out_probabilities(&[column], &[0, 1], 2), Err(LabelError::FewRows { rows: 2 }));
    }
}

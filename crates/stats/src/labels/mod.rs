//! Which labels are probably wrong, given out-of-sample class probabilities: confident learning.
//!
//! Source: Northcutt, Jiang & Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 70 (2021),
//! sections 3.1 (confident joint), 3.2 (rank and prune). Conventions where the paper leaves a choice (thresholds met
//! within 1e-6, rounding that keeps row totals, ties) follow the authors' published tool, so results can be compared.

mod joint;
mod prune;
mod quality;

pub use joint::{ClassConfidence, ConfidentJoint};
pub use prune::Filter;
pub use quality::Quality;

use crate::StatsError;

/// Probabilities within this of a threshold, or of the largest, count as reaching it.
pub const TOLERANCE: f64 = 1e-6;

/// Given labels beside predicted class probabilities, checked to agree in shape.
#[derive(Debug, Clone, Copy)]
pub struct Labelled<'a> {
    labels: &'a [u32],
    probabilities: &'a [f64],
    classes: usize,
}

impl<'a> Labelled<'a> {
    /// `labels` in 0 ..< `classes`, shape `(n,)`; `probabilities` row-major, shape `(n, classes)`.
    ///
    /// # Errors
    /// [`StatsError::Empty`] without rows or with fewer than two classes, [`StatsError::ShapeMismatch`],
    /// [`StatsError::NotFinite`], or [`StatsError::Domain`] for a label that has no column.
    pub fn new(labels: &'a [u32], probabilities: &'a [f64], classes: usize) -> Result<Self, StatsError> {
        if labels.is_empty() {
            return Err(StatsError::Empty { subject: "labels", needed: 1 });
        }
        if classes < 2 {
            return Err(StatsError::Empty { subject: "classes", needed: 2 });
        }
        let expected = labels.len().saturating_mul(classes);
        if probabilities.len() != expected {
            let found = probabilities.len();
            return Err(StatsError::ShapeMismatch { subject: "probabilities", expected, found });
        }
        crate::error::finite("probabilities", probabilities)?;
        if let Some(label) = labels.iter().find(|label| **label as usize >= classes) {
            let expected = "0 up to the number of probability columns";
            return Err(StatsError::Domain { subject: "label", value: f64::from(*label), expected });
        }
        Ok(Self { labels, probabilities, classes })
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Never true: a table without rows is not made.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    fn rows(&self) -> impl Iterator<Item = (usize, &'a [f64])> + use<'a> {
        self.labels.iter().map(|label| *label as usize).zip(self.probabilities.chunks_exact(self.classes))
    }

    /// Whether the given label is, within [`TOLERANCE`], the most probable class of the row.
    fn agrees(label: usize, row: &[f64]) -> bool {
        let own = row[label] + TOLERANCE;
        row.iter().enumerate().all(|(class, p)| match class.cmp(&label) {
            std::cmp::Ordering::Less => *p < own,
            std::cmp::Ordering::Equal => true,
            std::cmp::Ordering::Greater => *p <= own,
        })
    }
}

/// The index of the largest value, the first of equals.
fn arg_max(row: &[f64]) -> usize {
    let mut best = 0;
    for (index, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = index;
        }
    }
    best
}

//! The confident joint: how many rows given label i are confidently of class j.

use super::{Labelled, TOLERANCE, arg_max};
use crate::StatsError;

/// Mergeable first pass: the mean probability that a model gives each class over the rows labelled with it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ClassConfidence {
    sums: Vec<f64>,
    counts: Vec<u64>,
}

impl ClassConfidence {
    /// An empty state over `classes` classes.
    pub fn new(classes: usize) -> Self {
        Self { sums: vec![0.0; classes], counts: vec![0; classes] }
    }

    /// Adds the rows of `table`; classes beyond this state's are not counted.
    pub fn observe(&mut self, table: &Labelled<'_>) {
        for (label, row) in table.rows() {
            if let (Some(sum), Some(count)) = (self.sums.get_mut(label), self.counts.get_mut(label)) {
                *sum += row[label];
                *count += 1;
            }
        }
    }

    /// Adds another shard's state.
    ///
    /// # Errors
    /// [`StatsError::Incompatible`] when the numbers of classes differ.
    pub fn merge(&mut self, other: &Self) -> Result<(), StatsError> {
        if self.counts.len() != other.counts.len() {
            return Err(StatsError::Incompatible { subject: "class confidence" });
        }
        self.sums.iter_mut().zip(&other.sums).for_each(|(a, b)| *a += b);
        self.counts.iter_mut().zip(&other.counts).for_each(|(a, b)| *a += b);
        Ok(())
    }

    /// t_j = mean of p(j) over rows labelled j; 2, which no probability reaches, for a class without rows.
    pub fn thresholds(&self) -> Vec<f64> {
        let mean = |(sum, count): (&f64, &u64)| {
            if *count == 0 { 2.0 } else { (sum / *count as f64).max(2.0 * TOLERANCE) }
        };
        self.sums.iter().zip(&self.counts).map(mean).collect()
    }
}

/// Mergeable second pass: counts by given label (row) and confident class (column).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ConfidentJoint {
    classes: usize,
    counts: Vec<u64>,
    labelled: Vec<u64>,
}

impl ConfidentJoint {
    /// An empty joint over `classes` classes.
    pub fn new(classes: usize) -> Self {
        Self { classes, counts: vec![0; classes * classes], labelled: vec![0; classes] }
    }

    /// Counts the rows of `table` under `thresholds` (shape `(classes,)`) and gives the rows off the diagonal.
    ///
    /// A row counts for the class whose threshold it reaches; for the most probable class when it reaches several.
    ///
    /// # Errors
    /// [`StatsError::ShapeMismatch`] when table, thresholds and joint have different classes.
    pub fn observe(&mut self, table: &Labelled<'_>, thresholds: &[f64]) -> Result<Vec<usize>, StatsError> {
        for found in [table.classes, thresholds.len()] {
            if found != self.classes {
                return Err(StatsError::ShapeMismatch {
                    subject: "thresholds",
                    expected: self.classes,
                    found,
                });
            }
        }
        let mut off_diagonal = Vec::new();
        for (index, (label, row)) in table.rows().enumerate() {
            self.labelled[label] += 1;
            let (mut reached, mut class) = (0, 0);
            for (candidate, (p, threshold)) in row.iter().zip(thresholds).enumerate() {
                if *p >= threshold - TOLERANCE {
                    if reached == 0 {
                        class = candidate;
                    }
                    reached += 1;
                }
            }
            if reached == 0 {
                continue;
            }
            if reached > 1 {
                class = arg_max(row);
            }
            self.counts[label * self.classes + class] += 1;
            if class != label {
                off_diagonal.push(index);
            }
        }
        Ok(off_diagonal)
    }

    /// Adds another shard's joint.
    ///
    /// # Errors
    /// [`StatsError::Incompatible`] when the numbers of classes differ.
    pub fn merge(&mut self, other: &Self) -> Result<(), StatsError> {
        if self.classes != other.classes {
            return Err(StatsError::Incompatible { subject: "confident joint" });
        }
        self.counts.iter_mut().zip(&other.counts).for_each(|(a, b)| *a += b);
        self.labelled.iter_mut().zip(&other.labelled).for_each(|(a, b)| *a += b);
        Ok(())
    }

    /// The counts as they are, row-major `(classes, classes)`, each diagonal at least 1.
    pub fn counts(&self) -> Vec<u64> {
        let mut counts = self.counts.clone();
        for class in 0..self.classes {
            let own = &mut counts[class * self.classes + class];
            *own = (*own).max(1);
        }
        counts
    }

    /// Counts scaled so that each row sums to the number of rows so labelled, rounded keeping row totals.
    pub fn calibrated(&self) -> Vec<u64> {
        let counts = self.counts();
        let mut scaled: Vec<f64> = Vec::with_capacity(counts.len());
        for (row, labelled) in counts.chunks_exact(self.classes).zip(&self.labelled) {
            let total: u64 = row.iter().sum();
            scaled.extend(row.iter().map(|c| *c as f64 / (total as f64).max(1e-100) * *labelled as f64));
        }
        let sum: f64 = scaled.iter().sum();
        let rows: u64 = self.labelled.iter().sum();
        scaled.iter_mut().for_each(|v| *v = *v / sum.max(1e-100) * rows as f64);
        scaled.chunks_exact(self.classes).flat_map(round_keeping_total).collect()
    }

    /// The estimated joint distribution of given and true labels; sums to 1.
    pub fn distribution(&self) -> Vec<f64> {
        let calibrated = self.calibrated();
        let total = (calibrated.iter().sum::<u64>() as f64).max(1e-100);
        calibrated.iter().map(|count| *count as f64 / total).collect()
    }
}

/// Rounds half to even, then moves the values with the largest rounding error by one until the total is kept.
fn round_keeping_total(row: &[f64]) -> Vec<u64> {
    let mut rounded: Vec<f64> = row.iter().map(|v| v.round_ties_even()).collect();
    let total = row.iter().sum::<f64>().round_ties_even();
    for _ in 0..=row.len() {
        let missing = total - rounded.iter().sum::<f64>();
        if missing.abs() < 0.5 {
            break;
        }
        let mut order: Vec<usize> = (0..row.len()).collect();
        order.sort_by(|a, b| (row[*a] - rounded[*a]).total_cmp(&(row[*b] - rounded[*b])));
        if missing > 0.0 {
            order.reverse();
        }
        for index in order.into_iter().take(missing.abs() as usize) {
            rounded[index] += missing.signum();
        }
    }
    rounded.into_iter().map(|v| v.max(0.0) as u64).collect()
}

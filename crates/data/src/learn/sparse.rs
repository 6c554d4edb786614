//! Rows of few non-zero features, as compressed sparse rows.

/// A matrix of shape `(rows, width)` that stores what is not zero, row after row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sparse {
    offsets: Vec<usize>,
    entries: Vec<(u32, f32)>,
    width: usize,
}

impl Sparse {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// What is not zero in a row: column and value, columns ascending; nothing for a row beyond the last.
    pub fn row(&self, row: usize) -> &[(u32, f32)] {
        match (self.offsets.get(row), self.offsets.get(row.saturating_add(1))) {
            (Some(start), Some(end)) => self.entries.get(*start..*end).unwrap_or_default(),
            _ => &[],
        }
    }

    /// For each `(left, right)` the row `left − right`; a row that is missing counts as zero.
    #[must_use]
    pub fn differences(&self, pairs: &[(usize, usize)]) -> Self {
        let mut matrix = Self { offsets: vec![0], entries: Vec::new(), width: self.width };
        for (left, right) in pairs {
            let (mut plus, mut minus) = (self.row(*left), self.row(*right));
            // Two ascending lists merged into one.
            loop {
                let entry = match (plus.split_first(), minus.split_first()) {
                    (Some((here, rest)), other) if other.is_none_or(|(there, _)| here.0 < there.0) => {
                        plus = rest;
                        *here
                    }
                    (Some((here, rest)), Some((there, others))) if here.0 == there.0 => {
                        (plus, minus) = (rest, others);
                        (here.0, here.1 - there.1)
                    }
                    (_, Some((there, others))) => {
                        minus = others;
                        (there.0, -there.1)
                    }
                    (_, None) => break,
                };
                if entry.1 != 0.0 {
                    matrix.entries.push(entry);
                }
            }
            matrix.offsets.push(matrix.entries.len());
        }
        matrix
    }

    /// The sum of `weights` over a row: `weights · row`. Weights that are missing count as zero.
    pub fn dot(&self, row: usize, weights: &[f64]) -> f64 {
        self.row(row)
            .iter()
            .map(|(column, value)| weights.get(*column as usize).copied().unwrap_or(0.0) * f64::from(*value))
            .sum()
    }
}

/// Collects sets of features row by row, and makes a matrix of those that occur often enough.
#[derive(Debug, Default)]
pub struct SparseBuilder {
    rows: Vec<Vec<u32>>,
    frequencies: Vec<u32>,
}

impl SparseBuilder {
    /// Adds a row that has these features, each counted once.
    pub fn push(&mut self, mut features: Vec<u32>) {
        features.sort_unstable();
        features.dedup();
        for feature in &features {
            let place = *feature as usize;
            if self.frequencies.len() <= place {
                self.frequencies.resize(place.saturating_add(1), 0);
            }
            if let Some(count) = self.frequencies.get_mut(place) {
                *count = count.saturating_add(1);
            }
        }
        self.rows.push(features);
    }

    /// The matrix of the features in at least `least` rows, weighted by inverse document frequency `ln(rows / frequency)`,
    /// each row scaled to length one; and which feature each column is.
    ///
    /// Source: Salton, Buckley, *Term-weighting approaches in automatic text retrieval* (1988), binary term frequency.
    pub fn build(self, least: u32) -> (Sparse, Vec<u32>) {
        let total = self.rows.len() as f32;
        let mut columns = vec![None; self.frequencies.len()];
        let mut features = Vec::new();
        for (feature, (count, column)) in self.frequencies.iter().zip(&mut columns).enumerate() {
            if *count >= least.max(1) {
                let weight = (total / *count as f32).ln().max(1e-3);
                *column = Some((features.len() as u32, weight));
                features.push(feature as u32);
            }
        }
        let mut matrix = Sparse { offsets: vec![0], entries: Vec::new(), width: features.len() };
        for row in self.rows {
            let start = matrix.entries.len();
            let kept = row.into_iter().filter_map(|feature| columns.get(feature as usize).copied().flatten());
            matrix.entries.extend(kept);
            let written = matrix.entries.get_mut(start..).unwrap_or_default();
            let length = written.iter().map(|(_, value)| value * value).sum::<f32>().sqrt();
            if length > 0.0 {
                for (_, value) in written {
                    *value /= length;
                }
            }
            matrix.offsets.push(matrix.entries.len());
        }
        (matrix, features)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_features_are_left_out_and_rows_have_length_one() {
        let mut builder = SparseBuilder::default();
        builder.push(vec![0, 1, 1]);
        builder.push(vec![0, 2]);
        builder.push(vec![3]);
        builder.push(vec![0, 1]);
        let (matrix, features) = builder.build(2);
        assert_eq!(features, [0, 1]);
        assert_eq!((matrix.rows(), matrix.width()), (4, 2));
        let length: f32 = matrix.row(0).iter().map(|(_, value)| value * value).sum();
        assert!((length - 1.0).abs() < 1e-6);
        assert_eq!(matrix.row(1), [(0, 1.0)]);
        assert!(matrix.row(2).is_empty() && matrix.row(9).is_empty());
        assert!((matrix.dot(1, &[2.5, 1.0]) - 2.5).abs() < 1e-12);
    }

    #[test]
    fn a_difference_keeps_what_only_one_side_has() {
        let mut builder = SparseBuilder::default();
        builder.push(vec![0, 1]);
        builder.push(vec![1, 2]);
        builder.push(vec![0, 2]);
        let (matrix, _) = builder.build(1);
        let difference = matrix.differences(&[(0, 1), (1, 1), (9, 2)]);
        assert_eq!(difference.rows(), 3);
        let signs: Vec<(u32, f32)> =
            difference.row(0).iter().map(|(column, value)| (*column, value.signum())).collect();
        assert_eq!(signs, [(0, 1.0), (2, -1.0)]);
        assert!(difference.row(1).is_empty());
        assert!(difference.row(2).iter().all(|(_, value)| *value < 0.0));
    }
}

//! Rows that do not belong, without labels: each score has shape `(rows,)` and grows with strangeness.
//!
//! No method is tuned per data set; the defaults are those of the papers.

mod ensemble;
mod forest;
mod members;
mod neighbours;
mod oblique;
mod robust;
mod tails;

pub use ensemble::{average_ranks, mid_ranks, strangeness, surprise};
pub use forest::{IsolationForest, IsolationForestSettings};
pub use members::{elliptic_distances, pulled_in, sample_distances, standardised};
pub use neighbours::{local_outlier_factor, nearest_distances};
pub use oblique::oblique_isolation;
pub use robust::{Fences, fences, median, median_absolute_deviation, quantile_sorted, robust_z};
pub use tails::{empirical_cumulative_outlier, sided_surprise, tail_surprise};

use crate::StatsError;

/// A table of finite numbers, row-major.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    values: &'a [f64],
    columns: usize,
}

impl<'a> Table<'a> {
    /// `values` row-major, shape `(rows, columns)`.
    ///
    /// # Errors
    /// [`StatsError::Empty`], [`StatsError::ShapeMismatch`] when rows are not whole, [`StatsError::NotFinite`].
    pub fn new(values: &'a [f64], columns: usize) -> Result<Self, StatsError> {
        if values.is_empty() || columns == 0 {
            return Err(StatsError::Empty { subject: "table", needed: 1 });
        }
        if !values.len().is_multiple_of(columns) {
            let expected = values.len().div_ceil(columns) * columns;
            return Err(StatsError::ShapeMismatch { subject: "table", expected, found: values.len() });
        }
        crate::error::finite("table", values)?;
        Ok(Self { values, columns })
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    /// Columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The `index`-th row; empty past the end.
    pub fn row(&self, index: usize) -> &'a [f64] {
        let start = index * self.columns;
        self.values.get(start..start + self.columns).unwrap_or_default()
    }

    /// The rows in order.
    pub fn iter(&self) -> std::slice::ChunksExact<'a, f64> {
        self.values.chunks_exact(self.columns)
    }

    /// A copy of the `index`-th column.
    pub fn column(&self, index: usize) -> Vec<f64> {
        self.iter().map(|row| row[index]).collect()
    }
}

impl<'a> IntoIterator for &Table<'a> {
    type Item = &'a [f64];
    type IntoIter = std::slice::ChunksExact<'a, f64>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

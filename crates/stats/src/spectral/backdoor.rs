//! Scores of rows of one class by the trace that poisoned samples leave in activations or embeddings.
//!
//! Sources: Tran, Li & Mądry, "Spectral Signatures in Backdoor Attacks", NeurIPS 2018, algorithm 1; Hayase, Kong,
//! Somani & Oh, "SPECTRE", ICML 2021 (QUE score of Dong, Hopkins & Li, NeurIPS 2019); Chen et al., "Detecting Backdoor
//! Attacks on Deep Neural Networks by Activation Clustering", 2018.

use super::eigen::{covariance, dot, leading_direction, symmetric_eigen};
use super::{k_means, silhouette};
use crate::StatsError;
use crate::anomaly::{Table, quantile_sorted};

fn centred(table: &Table<'_>) -> Vec<f64> {
    let n = table.rows() as f64;
    let mean: Vec<f64> =
        (0..table.columns()).map(|c| table.iter().map(|row| row[c]).sum::<f64>() / n).collect();
    table.iter().flat_map(|row| row.iter().zip(&mean).map(|(x, m)| x - m)).collect()
}

/// Squared projection of every centred row on the leading direction; the rows of one class, shape `(rows,)`.
pub fn spectral_signature(table: &Table<'_>) -> Vec<f64> {
    let rows = centred(table);
    let direction = leading_direction(&rows, table.columns());
    rows.chunks_exact(table.columns()).map(|row| dot(row, &direction).powi(2)).collect()
}

/// SPECTRE-like score: whitening by a covariance of the central rows, then the quantum-entropy score
/// hᵀQh / tr Q with Q = exp(α (Σ̃ − I) / (‖Σ̃‖₂ − 1)) of the whitened rows' second moment Σ̃.
///
/// The central rows are the half closest to the coordinate-wise median in the `dimensions` leading principal
/// components, a plain stand-in for the paper's robust estimator, iterated once. `alpha` is 4 in the paper.
///
/// # Errors
/// [`StatsError::Empty`] below four rows, [`StatsError::Domain`] for no dimension.
pub fn quantum_entropy_score(
    table: &Table<'_>,
    dimensions: usize,
    alpha: f64,
) -> Result<Vec<f64>, StatsError> {
    if table.rows() < 4 {
        return Err(StatsError::Empty { subject: "table rows", needed: 4 });
    }
    if dimensions == 0 {
        return Err(StatsError::Domain { subject: "dimensions", value: 0.0, expected: "one or more" });
    }
    let columns = table.columns();
    let k = dimensions.min(columns);
    let (_, full) = covariance(table);
    let (_, vectors) = symmetric_eigen(&full, columns);
    let rows = centred(table);
    let projected: Vec<f64> = rows
        .chunks_exact(columns)
        .flat_map(|row| vectors.chunks_exact(columns).take(k).map(move |v| dot(row, v)))
        .collect();
    let mut whitened = projected;
    for _ in 0..2 {
        whitened = whiten_by_centre(&whitened, k)?;
    }
    let (_, second) = covariance_about_zero(&whitened, k);
    let (values, vectors) = symmetric_eigen(&second, k);
    let spread = (values.first().copied().unwrap_or(1.0) - 1.0).max(1e-9);
    let weights: Vec<f64> = values.iter().map(|v| (alpha * ((v - 1.0) / spread).min(1.0)).exp()).collect();
    let trace: f64 = weights.iter().sum();
    let score = |row: &[f64]| {
        vectors.chunks_exact(k).zip(&weights).map(|(v, w)| w * dot(row, v).powi(2)).sum::<f64>() / trace
    };
    Ok(whitened.chunks_exact(k).map(score).collect())
}

fn covariance_about_zero(rows: &[f64], k: usize) -> (usize, Vec<f64>) {
    let n = rows.len() / k;
    let mut matrix = vec![0.0; k * k];
    for row in rows.chunks_exact(k) {
        for (x, to) in row.iter().zip(matrix.chunks_exact_mut(k)) {
            to.iter_mut().zip(row).for_each(|(t, y)| *t += x * y / n as f64);
        }
    }
    (n, matrix)
}

/// Whitens all rows by mean and covariance of the half of them nearest to the median; total scale is kept at one.
fn whiten_by_centre(rows: &[f64], k: usize) -> Result<Vec<f64>, StatsError> {
    let table = Table::new(rows, k)?;
    let mut centre = Vec::with_capacity(k);
    let mut scale = Vec::with_capacity(k);
    for column in 0..k {
        let mut values = table.column(column);
        values.sort_by(f64::total_cmp);
        centre.push(quantile_sorted(&values, 0.5));
        scale.push((quantile_sorted(&values, 0.75) - quantile_sorted(&values, 0.25)).max(1e-12));
    }
    let distance = |row: &[f64]| -> f64 {
        row.iter().zip(&centre).zip(&scale).map(|((x, c), s)| ((x - c) / s).powi(2)).sum()
    };
    let mut order: Vec<(f64, usize)> = table.iter().enumerate().map(|(i, row)| (distance(row), i)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let half: Vec<f64> = order
        .iter()
        .take(table.rows().div_ceil(2).max(2))
        .flat_map(|(_, i)| table.row(*i).iter().copied())
        .collect();
    let (mean, matrix) = covariance(&Table::new(&half, k)?);
    let (values, vectors) = symmetric_eigen(&matrix, k);
    let floor = values.first().copied().unwrap_or(1.0).max(1e-300) * 1e-9;
    let mut whitened = Vec::with_capacity(rows.len());
    for row in &table {
        let moved: Vec<f64> = row.iter().zip(&mean).map(|(x, m)| x - m).collect();
        whitened
            .extend(vectors.chunks_exact(k).zip(&values).map(|(v, l)| dot(&moved, v) / l.max(floor).sqrt()));
    }
    Ok(whitened)
}

/// The two activation clusters of one class.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ActivationClusters {
    /// Whether each row lies in the smaller cluster.
    pub smaller: Vec<bool>,
    /// Share of rows in the smaller cluster, up to ½; poison at rate ε is a cluster of share ε.
    pub share: f64,
    /// Mean silhouette of the split: high when two populations share the label (0.10 to 0.15 is the paper's bound).
    pub silhouette: f64,
}

/// Splits the rows of one class in two after reduction to `dimensions` principal components (10 in the paper).
///
/// # Errors
/// [`StatsError::Domain`] below two rows or without a dimension.
pub fn activation_clusters(
    table: &Table<'_>,
    dimensions: usize,
    seed: u64,
) -> Result<ActivationClusters, StatsError> {
    let columns = table.columns();
    let (_, matrix) = covariance(table);
    let (_, vectors) = symmetric_eigen(&matrix, columns);
    let k = dimensions.clamp(1, columns);
    let rows = centred(table);
    let projected: Vec<f64> = rows
        .chunks_exact(columns)
        .flat_map(|row| vectors.chunks_exact(columns).take(k).map(move |v| dot(row, v)))
        .collect();
    let reduced = Table::new(&projected, k)?;
    let clusters = k_means(&reduced, 2, 10, seed)?;
    let first = clusters.assignment.iter().filter(|c| **c == 0).count();
    let label = usize::from(2 * first > table.rows());
    let smaller: Vec<bool> = clusters.assignment.iter().map(|c| *c == label).collect();
    let share = smaller.iter().filter(|s| **s).count() as f64 / table.rows() as f64;
    Ok(ActivationClusters { share, silhouette: silhouette(&reduced, &clusters.assignment)?, smaller })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Random;

    /// 190 ordinary rows and 10 moved along one direction.
    fn poisoned() -> Vec<f64> {
        let mut random = Random::new(21);
        (0..200)
            .flat_map(|row| (0..8).map(move |c| (row, c)))
            .map(|(row, c)| random.normal() + if row >= 190 && c < 3 { 6.0 } else { 0.0 })
            .collect()
    }

    fn found(scores: &[f64]) -> usize {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        order.iter().take(10).filter(|row| **row >= 190).count()
    }

    #[test]
    fn poison_has_the_largest_scores() {
        let values = poisoned();
        let table = Table::new(&values, 8).unwrap();
        assert_eq!(found(&spectral_signature(&table)), 10);
        assert_eq!(found(&quantum_entropy_score(&table, 8, 4.0).unwrap()), 10);
    }

    #[test]
    fn poison_is_a_small_well_separated_cluster() {
        let values = poisoned();
        let clusters = activation_clusters(&Table::new(&values, 8).unwrap(), 4, 1).unwrap();
        assert!((clusters.share - 0.05).abs() < 1e-12 && clusters.silhouette > 0.15);
        assert!(clusters.smaller[190..].iter().all(|s| *s));
    }
}

//! Distance to the nearest neighbours, and the density ratio made of it.
//!
//! Exact, O(n² · columns) time and O(n · k) memory: for tables beyond some 50,000 rows pass a sample as reference.

use super::Table;
use crate::StatsError;
use rayon::prelude::*;

/// The `k` nearest reference rows of one row: (distance, index) ascending.
fn neighbours(row: &[f64], reference: &Table<'_>, k: usize, skip: Option<usize>) -> Vec<(f64, usize)> {
    let mut best: Vec<(f64, usize)> = Vec::with_capacity(k + 1);
    for (index, other) in reference.iter().enumerate() {
        if Some(index) == skip {
            continue;
        }
        let square: f64 = row.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum();
        if best.len() == k && best.last().is_some_and(|worst| square >= worst.0) {
            continue;
        }
        let place = best.partition_point(|kept| kept.0 <= square);
        best.insert(place, (square, index));
        best.truncate(k);
    }
    best.iter_mut().for_each(|kept| kept.0 = kept.0.sqrt());
    best
}

fn check_k(k: usize, rows: usize) -> Result<(), StatsError> {
    if k == 0 || k >= rows {
        return Err(StatsError::Domain {
            subject: "k",
            value: k as f64,
            expected: "1 up to one less than the rows",
        });
    }
    Ok(())
}

/// Euclidean distance of every row to its `k`-th nearest other row, shape `(rows,)`.
///
/// Source: Ramaswamy, Rastogi & Shim, SIGMOD 2000. Scale the columns first.
///
/// # Errors
/// [`StatsError::Domain`] unless 1 ≤ k < rows.
pub fn nearest_distances(table: &Table<'_>, k: usize) -> Result<Vec<f64>, StatsError> {
    check_k(k, table.rows())?;
    let distance =
        |index: usize| neighbours(table.row(index), table, k, Some(index)).last().map_or(0.0, |n| n.0);
    Ok((0..table.rows()).into_par_iter().map(distance).collect())
}

/// Local outlier factor of every row: its neighbours' mean reachability density over its own; about 1 inside a cluster.
///
/// Source: Breunig, Kriegel, Ng & Sander, SIGMOD 2000, definitions 5–7, with exactly k neighbours (ties by row order)
/// and 1e-10 added to the mean reachability, as scikit-learn does. Tolerance 1e-9 where distances do not tie.
///
/// # Errors
/// [`StatsError::Domain`] unless 1 ≤ k < rows.
pub fn local_outlier_factor(table: &Table<'_>, k: usize) -> Result<Vec<f64>, StatsError> {
    check_k(k, table.rows())?;
    let near: Vec<Vec<(f64, usize)>> = (0..table.rows())
        .into_par_iter()
        .map(|index| neighbours(table.row(index), table, k, Some(index)))
        .collect();
    let radius: Vec<f64> = near.iter().map(|n| n.last().map_or(0.0, |last| last.0)).collect();
    let density: Vec<f64> = near
        .iter()
        .map(|n| 1.0 / (n.iter().map(|(d, other)| d.max(radius[*other])).sum::<f64>() / k as f64 + 1e-10))
        .collect();
    let factor = |(n, own): (&Vec<(f64, usize)>, &f64)| {
        n.iter().map(|(_, other)| density[*other]).sum::<f64>() / (k as f64 * own)
    };
    Ok(near.iter().zip(&density).map(factor).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lone_point_is_far_and_sparse() {
        let values = [0.0, 0.1, 0.2, 0.3, 5.0];
        let table = Table::new(&values, 1).unwrap();
        let distances = nearest_distances(&table, 2).unwrap();
        assert!((distances[4] - 4.8).abs() < 1e-12);
        let factors = local_outlier_factor(&table, 2).unwrap();
        assert!(factors[4] > 10.0 && factors[1] < 1.5);
    }
}

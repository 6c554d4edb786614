//! k-means and how well its clusters are separated.
//!
//! Sources: Lloyd, IEEE Trans. Inf. Theory 28 (1982); Arthur & Vassilvitskii, "k-means++", SODA 2007; Rousseeuw,
//! "Silhouettes", J. Comput. Appl. Math. 20 (1987).

use crate::anomaly::Table;
use crate::{Random, StatsError};
use rayon::prelude::*;

/// A partition of rows.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Clusters {
    /// Cluster of every row.
    pub assignment: Vec<usize>,
    /// Centres, row-major `(k, columns)`.
    pub centres: Vec<f64>,
    /// Sum of squared distances to the own centre.
    pub inertia: f64,
}

fn square_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}

fn nearest(row: &[f64], centres: &[f64]) -> (usize, f64) {
    let mut best = (0, f64::INFINITY);
    for (index, centre) in centres.chunks_exact(row.len()).enumerate() {
        let distance = square_distance(row, centre);
        if distance < best.1 {
            best = (index, distance);
        }
    }
    best
}

/// The best of `restarts` runs of Lloyd's method from k-means++ starts; at most 300 rounds each.
///
/// # Errors
/// [`StatsError::Domain`] unless 1 ≤ k ≤ rows.
pub fn k_means(table: &Table<'_>, k: usize, restarts: usize, seed: u64) -> Result<Clusters, StatsError> {
    if k == 0 || k > table.rows() {
        return Err(StatsError::Domain { subject: "k", value: k as f64, expected: "1 up to the rows" });
    }
    let mut best = run(table, k, Random::stream(seed, 0));
    for restart in 1..restarts.max(1) {
        let next = run(table, k, Random::stream(seed, restart as u64));
        if next.inertia < best.inertia {
            best = next;
        }
    }
    Ok(best)
}

fn run(table: &Table<'_>, k: usize, mut random: Random) -> Clusters {
    let columns = table.columns();
    let mut centres = table.row(random.below(table.rows())).to_vec();
    while centres.len() < k * columns {
        let distances: Vec<f64> = table.iter().map(|row| nearest(row, &centres).1).collect();
        let mut left = random.uniform() * distances.iter().sum::<f64>();
        let chosen = distances.iter().position(|d| {
            left -= d;
            left < 0.0
        });
        centres.extend_from_slice(table.row(chosen.unwrap_or_else(|| random.below(table.rows()))));
    }
    let mut assignment = vec![usize::MAX; table.rows()];
    for _ in 0..300 {
        let next: Vec<usize> =
            (0..table.rows()).into_par_iter().map(|row| nearest(table.row(row), &centres).0).collect();
        if next == assignment {
            break;
        }
        assignment = next;
        let (mut sums, mut counts) = (vec![0.0; k * columns], vec![0.0; k]);
        for (row, cluster) in table.iter().zip(&assignment) {
            counts[*cluster] += 1.0;
            sums[cluster * columns..].iter_mut().zip(row).for_each(|(to, x)| *to += x);
        }
        for (cluster, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0.0) {
            let range = cluster * columns..(cluster + 1) * columns;
            centres[range.clone()].iter_mut().zip(&sums[range]).for_each(|(to, sum)| *to = sum / count);
        }
    }
    let inertia = table.iter().map(|row| nearest(row, &centres).1).sum();
    Clusters { assignment, centres, inertia }
}

/// Mean silhouette (b − a) / max(a, b) over rows, −1 to 1; rows alone in their cluster count 0. O(n²).
///
/// # Errors
/// [`StatsError::ShapeMismatch`] when the assignment has another length.
pub fn silhouette(table: &Table<'_>, assignment: &[usize]) -> Result<f64, StatsError> {
    if assignment.len() != table.rows() {
        let (expected, found) = (table.rows(), assignment.len());
        return Err(StatsError::ShapeMismatch { subject: "assignment", expected, found });
    }
    let k = assignment.iter().max().map_or(0, |m| m + 1);
    let mut sizes = vec![0.0; k];
    assignment.iter().for_each(|cluster| sizes[*cluster] += 1.0);
    let width = |index: usize| {
        let own = assignment[index];
        let mut sums = vec![0.0; k];
        for (row, cluster) in table.iter().zip(assignment) {
            sums[*cluster] += square_distance(table.row(index), row).sqrt();
        }
        if sizes[own] < 2.0 {
            return 0.0;
        }
        let a = sums[own] / (sizes[own] - 1.0);
        let others = (0..k).filter(|c| *c != own && sizes[*c] > 0.0).map(|c| sums[c] / sizes[c]);
        let b = others.fold(f64::INFINITY, f64::min);
        if b.is_finite() && a.max(b) > 0.0 { (b - a) / a.max(b) } else { 0.0 }
    };
    let widths: Vec<f64> = (0..table.rows()).into_par_iter().map(width).collect();
    Ok(widths.iter().sum::<f64>() / widths.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_far_groups_are_found_and_well_separated() {
        let values: Vec<f64> =
            (0..40).map(|i| f64::from(i % 10) + if i < 15 { 0.0 } else { 100.0 }).collect();
        let table = Table::new(&values, 1).unwrap();
        let clusters = k_means(&table, 2, 3, 5).unwrap();
        assert!((0..40).all(|i| (clusters.assignment[i] == clusters.assignment[0]) == (i < 15)));
        assert!(silhouette(&table, &clusters.assignment).unwrap() > 0.9);
    }
}

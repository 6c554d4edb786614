//! Maximum mean discrepancy: a two-sample test for vectors.
//!
//! Source: Gretton, Borgwardt, Rasch, Schölkopf & Smola, "A Kernel Two-Sample Test", JMLR 13 (2012): equation 3
//! (unbiased estimate), section 8 (median heuristic), with a permutation p-value.

use crate::anomaly::Table;
use crate::{Random, StatsError};
use rayon::prelude::*;

/// The result of a kernel test.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct KernelTest {
    /// Unbiased estimate of MMD²; may be slightly negative under one law.
    pub mmd_squared: f64,
    /// (1 + permutations at least as large) / (1 + permutations).
    pub p_value: f64,
    /// Bandwidth σ of the kernel.
    pub sigma: f64,
}

fn square_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}

fn check(first: &Table<'_>, second: &Table<'_>) -> Result<(), StatsError> {
    if first.columns() != second.columns() {
        let (expected, found) = (first.columns(), second.columns());
        return Err(StatsError::ShapeMismatch { subject: "second columns", expected, found });
    }
    if first.rows() < 2 || second.rows() < 2 {
        return Err(StatsError::Empty { subject: "sample", needed: 2 });
    }
    Ok(())
}

/// Median distance over all pairs of distinct rows of both samples; 1 when every row is equal. O(n²).
///
/// # Errors
/// [`StatsError::ShapeMismatch`], [`StatsError::Empty`] below two rows each.
pub fn median_heuristic(first: &Table<'_>, second: &Table<'_>) -> Result<f64, StatsError> {
    check(first, second)?;
    let rows: Vec<&[f64]> = first.iter().chain(second.iter()).collect();
    let mut distances: Vec<f64> = (0..rows.len())
        .flat_map(|i| (0..i).map(move |j| (i, j)))
        .map(|(i, j)| square_distance(rows[i], rows[j]).sqrt())
        .collect();
    distances.sort_unstable_by(f64::total_cmp);
    let median = crate::anomaly::quantile_sorted(&distances, 0.5);
    Ok(if median > 0.0 { median } else { 1.0 })
}

/// Unbiased MMD² under k(x, y) = exp(−‖x − y‖² / (2σ²)). Agrees with the golden vectors to 1e-12.
///
/// # Errors
/// [`StatsError::ShapeMismatch`], [`StatsError::Empty`] below two rows each, [`StatsError::Domain`] for σ ≤ 0.
pub fn maximum_mean_discrepancy(
    first: &Table<'_>,
    second: &Table<'_>,
    sigma: f64,
) -> Result<f64, StatsError> {
    check(first, second)?;
    if sigma.is_nan() || sigma <= 0.0 {
        return Err(StatsError::Domain { subject: "sigma", value: sigma, expected: "a positive bandwidth" });
    }
    let kernel = |a: &[f64], b: &[f64]| (-square_distance(a, b) / (2.0 * sigma * sigma)).exp();
    let within = |t: &Table<'_>| {
        let n = t.rows();
        let sum: f64 = (0..n).map(|i| (0..i).map(|j| kernel(t.row(i), t.row(j))).sum::<f64>()).sum();
        2.0 * sum / (n * (n - 1)) as f64
    };
    let cross: f64 = first.iter().map(|a| second.iter().map(|b| kernel(a, b)).sum::<f64>()).sum();
    Ok(within(first) + within(second) - 2.0 * cross / (first.rows() * second.rows()) as f64)
}

/// Tests two samples, each cut to `at_most` rows chosen by `seed`, with `permutations` relabellings of one Gram matrix.
///
/// O(at_most²) memory, O(permutations · at_most²) time, in parallel; the same on any number of threads.
///
/// # Errors
/// Those of [`maximum_mean_discrepancy`].
pub fn kernel_test(
    first: &Table<'_>,
    second: &Table<'_>,
    at_most: usize,
    permutations: usize,
    seed: u64,
) -> Result<KernelTest, StatsError> {
    check(first, second)?;
    let cut = |t: &Table<'_>, stream| -> Vec<f64> {
        let chosen = Random::stream(seed, stream).choose(t.rows(), at_most.max(2));
        chosen.into_iter().flat_map(|row| t.row(row).iter().copied()).collect()
    };
    let (a, b) = (cut(first, 0), cut(second, 1));
    let (a, b) = (Table::new(&a, first.columns())?, Table::new(&b, first.columns())?);
    let sigma = median_heuristic(&a, &b)?;
    let rows: Vec<&[f64]> = a.iter().chain(b.iter()).collect();
    let (n, total) = (a.rows(), rows.len());
    let gram: Vec<f64> = (0..total * total)
        .into_par_iter()
        .map(|at| (-square_distance(rows[at / total], rows[at % total]) / (2.0 * sigma * sigma)).exp())
        .collect();
    let row_sums: Vec<f64> = gram.chunks_exact(total).map(|row| row.iter().sum()).collect();
    let everything: f64 = row_sums.iter().sum();
    // With s ∈ {0,1} marking the first sample, all three sums follow from sᵀKs and sᵀK1.
    let estimate = |members: &[usize]| {
        let inside: f64 =
            members.iter().map(|i| members.iter().map(|j| gram[i * total + j]).sum::<f64>()).sum();
        let touching: f64 = members.iter().map(|i| row_sums[*i]).sum();
        let cross = touching - inside;
        let outside = everything - inside - 2.0 * cross;
        let (n, m) = (n as f64, (total - n) as f64);
        (inside - n) / (n * (n - 1.0)) + (outside - m) / (m * (m - 1.0)) - 2.0 * cross / (n * m)
    };
    let observed = estimate(&(0..n).collect::<Vec<_>>());
    let as_large = (0..permutations)
        .into_par_iter()
        .filter(|index| {
            let mut order: Vec<usize> = (0..total).collect();
            Random::stream(seed ^ 0x5eed, *index as u64).shuffle(&mut order);
            estimate(&order[..n]) >= observed
        })
        .count();
    Ok(KernelTest {
        mmd_squared: observed,
        p_value: (1 + as_large) as f64 / (1 + permutations) as f64,
        sigma,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shifted_sample_is_told_apart_and_an_equal_one_is_not() {
        let mut random = Random::new(11);
        let mut draw = |shift: f64| (0..200).map(|_| random.normal() + shift).collect::<Vec<f64>>();
        let (a, b, c) = (draw(0.0), draw(0.0), draw(1.0));
        let table = |v| Table::new(v, 2).unwrap();
        let same = kernel_test(&table(&a), &table(&b), 500, 99, 1).unwrap();
        let shifted = kernel_test(&table(&a), &table(&c), 500, 99, 1).unwrap();
        assert!(same.p_value > 0.05);
        assert!((shifted.p_value - 0.01).abs() < 1e-12);
        let direct = maximum_mean_discrepancy(&table(&a), &table(&c), shifted.sigma).unwrap();
        assert!((direct - shifted.mmd_squared).abs() < 1e-12);
    }
}

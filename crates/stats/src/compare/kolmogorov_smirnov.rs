//! The two-sample Kolmogorov–Smirnov test.
//!
//! Sources: Hodges, Ark. Mat. 3 (1958) for the exact p-value as a share of lattice paths (computed as the chance of
//! having touched the boundary, so small values keep their accuracy); the finite-n one-sample law at the effective
//! size otherwise. Agrees with SciPy `ks_2samp` to 1e-9.

use super::ascending;
use crate::StatsError;
use crate::special::kolmogorov_upper;

/// Which departure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alternative {
    /// The distribution functions differ anywhere.
    TwoSided,
    /// The first sample's distribution function lies above somewhere: its values are smaller.
    Greater,
    /// The first sample's distribution function lies below somewhere: its values are larger.
    Less,
}

/// How the p-value is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Exact up to [`EXACT_CELLS`] lattice cells, asymptotic beyond.
    Auto,
    /// Lattice paths: O(n·m) time.
    Exact,
    /// The law for large samples.
    Asymptotic,
}

/// Product of the sample sizes up to which [`Method::Auto`] is exact.
pub const EXACT_CELLS: usize = 4_000_000;

/// The result of the test.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct KolmogorovSmirnov {
    /// Largest distance of the two distribution functions in the direction asked for, 0 to 1: its own effect size.
    pub statistic: f64,
    /// Chance of a distance at least as large under one law.
    pub p_value: f64,
}

/// Compares `reference` with `current`, shapes `(n,)` and `(m,)`.
///
/// # Errors
/// [`StatsError::Empty`], [`StatsError::NotFinite`].
pub fn kolmogorov_smirnov(
    reference: &[f64],
    current: &[f64],
    alternative: Alternative,
    method: Method,
) -> Result<KolmogorovSmirnov, StatsError> {
    crate::error::sample("reference", reference, 1)?;
    crate::error::sample("current", current, 1)?;
    let (a, b) = (ascending(reference), ascending(current));
    let (n, m) = (a.len() as i128, b.len() as i128);
    // The largest i·m − j·n over the merged values, exactly, in integers.
    let (mut i, mut j, mut above, mut below) = (0, 0, 0_i128, 0_i128);
    while i < a.len() && j < b.len() {
        let value = a[i].min(b[j]);
        i += a[i..].iter().take_while(|v| **v <= value).count();
        j += b[j..].iter().take_while(|v| **v <= value).count();
        let difference = i as i128 * m - j as i128 * n;
        above = above.max(difference);
        below = below.max(-difference);
    }
    let scaled = match alternative {
        Alternative::TwoSided => above.max(below),
        Alternative::Greater => above,
        Alternative::Less => below,
    };
    let statistic = scaled as f64 / (n * m) as f64;
    let exact = method == Method::Exact || (method == Method::Auto && a.len() * b.len() <= EXACT_CELLS);
    let p_value = if scaled == 0 {
        1.0
    } else if exact {
        touching_share(a.len(), b.len(), scaled, alternative == Alternative::TwoSided)
    } else {
        asymptotic(a.len() as f64, b.len() as f64, statistic, alternative)
    };
    Ok(KolmogorovSmirnov { statistic, p_value: p_value.clamp(0.0, 1.0) })
}

/// Share of lattice paths from (0,0) to (n,m) on which i·m − j·n reaches `bound` somewhere (in size, if two-sided).
fn touching_share(n: usize, m: usize, bound: i128, two_sided: bool) -> f64 {
    let outside = |i: usize, j: usize| {
        let difference = i as i128 * m as i128 - j as i128 * n as i128;
        difference >= bound || (two_sided && -difference >= bound)
    };
    // A path to (i, j) came from (i−1, j) with probability i / (i + j).
    let mut row = vec![0.0; m + 1];
    for i in 0..=n {
        for j in 0..=m {
            row[j] = if outside(i, j) {
                1.0
            } else if i + j == 0 {
                0.0
            } else {
                let from_left = if j == 0 { 0.0 } else { row[j - 1] };
                let from_below = if i == 0 { 0.0 } else { row[j] };
                (i as f64 * from_below + j as f64 * from_left) / (i + j) as f64
            };
        }
    }
    row[m]
}

fn asymptotic(n: f64, m: f64, d: f64, alternative: Alternative) -> f64 {
    let effective = n * m / (n + m);
    if alternative == Alternative::TwoSided {
        return kolmogorov_upper(d, effective.round_ties_even() as u64);
    }
    // Hodges' correction, equation 5.3.
    let (large, small) = (n.max(m), n.min(m));
    let z = effective.sqrt() * d;
    (-2.0 * z * z - 2.0 * z * (large + 2.0 * small) / (large * small * (large + small)).sqrt() / 3.0).exp()
}

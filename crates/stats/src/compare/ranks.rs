//! Location: the Mann–Whitney rank test, Welch's t, and effect sizes.

use super::ascending;
use crate::StatsError;
use crate::special::{normal_upper, student_t_upper};

/// The result of the rank test.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct MannWhitney {
    /// U of the first sample: pairs it wins, ties counted half.
    pub u: f64,
    /// Two-sided p-value.
    pub p_value: f64,
    /// U / (n·m): the chance that a value of the first exceeds one of the second; ½ under one law.
    pub probability_of_superiority: f64,
}

/// Two-sided Mann–Whitney test by the normal law with tie and continuity correction; SciPy asymptotic to 1e-12.
///
/// # Errors
/// [`StatsError::Empty`], [`StatsError::NotFinite`].
pub fn mann_whitney(first: &[f64], second: &[f64]) -> Result<MannWhitney, StatsError> {
    crate::error::sample("first", first, 1)?;
    crate::error::sample("second", second, 1)?;
    let (a, b) = (ascending(first), ascending(second));
    let (n, m) = (a.len() as f64, b.len() as f64);
    let (mut i, mut j, mut u, mut ties) = (0, 0, 0.0, 0.0);
    while i < a.len() || j < b.len() {
        let value = match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) => x.min(*y),
            (Some(x), None) | (None, Some(x)) => *x,
            (None, None) => break,
        };
        let equal_a = a[i..].iter().take_while(|v| **v <= value).count();
        let equal_b = b[j..].iter().take_while(|v| **v <= value).count();
        u += equal_a as f64 * (j as f64 + equal_b as f64 / 2.0);
        let tied = (equal_a + equal_b) as f64;
        ties += tied.powi(3) - tied;
        i += equal_a;
        j += equal_b;
    }
    let total = n + m;
    let variance = n * m / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    let larger = u.max(n * m - u);
    let p_value = if variance > 0.0 {
        (2.0 * normal_upper((larger - n * m / 2.0 - 0.5) / variance.sqrt())).min(1.0)
    } else {
        1.0
    };
    Ok(MannWhitney { u, p_value, probability_of_superiority: u / (n * m) })
}

/// Cliff's δ = P(first > second) − P(first < second), −1 to 1.
///
/// # Errors
/// Those of [`mann_whitney`].
pub fn cliffs_delta(first: &[f64], second: &[f64]) -> Result<f64, StatsError> {
    Ok(2.0 * mann_whitney(first, second)?.probability_of_superiority - 1.0)
}

fn mean_variance(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0))
}

/// Cohen's d: difference of means over the pooled standard deviation; 0 when neither sample varies.
///
/// # Errors
/// [`StatsError::Empty`] below two values each, [`StatsError::NotFinite`].
pub fn cohens_d(first: &[f64], second: &[f64]) -> Result<f64, StatsError> {
    crate::error::sample("first", first, 2)?;
    crate::error::sample("second", second, 2)?;
    let ((a, va), (b, vb)) = (mean_variance(first), mean_variance(second));
    let (n, m) = (first.len() as f64, second.len() as f64);
    let pooled = (((n - 1.0) * va + (m - 1.0) * vb) / (n + m - 2.0)).sqrt();
    Ok(if pooled > 0.0 { (a - b) / pooled } else { 0.0 })
}

/// Welch's unequal-variance t: (t, degrees of freedom, two-sided p-value). SciPy to 1e-10.
///
/// # Errors
/// [`StatsError::Empty`] below two values each, [`StatsError::NotFinite`], [`StatsError::Domain`] if neither varies.
pub fn welch_t(first: &[f64], second: &[f64]) -> Result<(f64, f64, f64), StatsError> {
    crate::error::sample("first", first, 2)?;
    crate::error::sample("second", second, 2)?;
    let ((a, va), (b, vb)) = (mean_variance(first), mean_variance(second));
    let (n, m) = (first.len() as f64, second.len() as f64);
    let (ea, eb) = (va / n, vb / m);
    if ea + eb <= 0.0 {
        return Err(StatsError::Domain { subject: "variance", value: 0.0, expected: "a positive variance" });
    }
    let t = (a - b) / (ea + eb).sqrt();
    let degrees = (ea + eb).powi(2) / (ea * ea / (n - 1.0) + eb * eb / (m - 1.0));
    Ok((t, degrees, (2.0 * student_t_upper(t.abs(), degrees)).min(1.0)))
}

//! Location and spread that a few wild values cannot move.

use crate::StatsError;

/// 1 / Φ⁻¹(3/4): scales the median absolute deviation to the standard deviation of a normal law.
const NORMAL_CONSISTENCY: f64 = 1.482_602_218_505_602;

/// The `q`-quantile (0 ≤ q ≤ 1) of ascending values by linear interpolation (Hyndman & Fan type 7); NaN when empty.
pub fn quantile_sorted(ascending: &[f64], q: f64) -> f64 {
    let Some(last) = ascending.len().checked_sub(1) else { return f64::NAN };
    let place = q.clamp(0.0, 1.0) * last as f64;
    let low = place.floor() as usize;
    let (a, b) = (ascending[low], ascending[(low + 1).min(last)]);
    a + (place - low as f64) * (b - a)
}

fn ascending(values: &[f64]) -> Result<Vec<f64>, StatsError> {
    crate::error::sample("values", values, 1)?;
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    Ok(sorted)
}

/// The median; the mean of the two middle values when there are two.
///
/// # Errors
/// [`StatsError::Empty`], [`StatsError::NotFinite`].
pub fn median(values: &[f64]) -> Result<f64, StatsError> {
    Ok(quantile_sorted(&ascending(values)?, 0.5))
}

/// median |x − median(x)|, unscaled; same unit as x. Source: Hampel, JASA 69 (1974).
///
/// # Errors
/// [`StatsError::Empty`], [`StatsError::NotFinite`].
pub fn median_absolute_deviation(values: &[f64]) -> Result<f64, StatsError> {
    let centre = median(values)?;
    median(&values.iter().map(|v| (v - centre).abs()).collect::<Vec<_>>())
}

/// (x − median) / (1.4826 · MAD), shape `(n,)`; |z| > 3.5 is the customary bound (Iglewicz & Hoaglin 1993).
///
/// A sample whose MAD is 0 is scaled by its mean absolute deviation · 1.2533; a constant sample gives zeros.
///
/// # Errors
/// [`StatsError::Empty`], [`StatsError::NotFinite`].
pub fn robust_z(values: &[f64]) -> Result<Vec<f64>, StatsError> {
    let centre = median(values)?;
    let mut scale = NORMAL_CONSISTENCY * median_absolute_deviation(values)?;
    if scale <= 0.0 {
        let mean = values.iter().map(|v| (v - centre).abs()).sum::<f64>() / values.len() as f64;
        scale = mean * std::f64::consts::FRAC_PI_2.sqrt();
    }
    Ok(values.iter().map(|v| if scale > 0.0 { (v - centre) / scale } else { 0.0 }).collect())
}

/// Tukey's fences.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Fences {
    /// Q1 − k·IQR.
    pub lower: f64,
    /// Q3 + k·IQR.
    pub upper: f64,
}

/// Fences at `k` interquartile ranges (1.5 inner, 3 outer; Tukey 1977).
///
/// # Errors
/// [`StatsError::Empty`], [`StatsError::NotFinite`].
pub fn fences(values: &[f64], k: f64) -> Result<Fences, StatsError> {
    let sorted = ascending(values)?;
    let (q1, q3) = (quantile_sorted(&sorted, 0.25), quantile_sorted(&sorted, 0.75));
    Ok(Fences { lower: q1 - k * (q3 - q1), upper: q3 + k * (q3 - q1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wild_value_stands_out_and_moves_nothing() {
        let values = [1.0, 2.0, 3.0, 4.0, 1_000.0];
        assert_eq!(median(&values).unwrap().to_bits(), 3.0_f64.to_bits());
        assert_eq!(median_absolute_deviation(&values).unwrap().to_bits(), 1.0_f64.to_bits());
        assert!(robust_z(&values).unwrap()[4] > 600.0);
        assert!(fences(&values, 1.5).unwrap().upper < 8.0);
    }

    #[test]
    fn a_constant_sample_has_no_outlier() {
        assert!(robust_z(&[2.0; 9]).unwrap().iter().all(|z| z.abs() < 1e-300));
    }
}

//! Many tests at once: adjusted and combined p-values, and intervals for shares.
//!
//! Sources: Holm, Scand. J. Statist. 6 (1979); Benjamini & Hochberg, JRSS B 57 (1995); Benjamini & Yekutieli, Ann.
//! Statist. 29 (2001); Wilson, JASA 22 (1927). Agrees with statsmodels to 1e-12.

use crate::StatsError;
use crate::special::normal_quantile;

/// What an adjustment promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Correction {
    /// Family-wise error under any dependence: m·p.
    Bonferroni,
    /// Family-wise error under any dependence, uniformly stronger: running maximum of (m − i + 1)·p₍ᵢ₎.
    Holm,
    /// False-discovery rate under independence or positive dependence: running minimum from above of m·p₍ᵢ₎ / i.
    BenjaminiHochberg,
    /// False-discovery rate under any dependence: the above times Σ 1/i.
    BenjaminiYekutieli,
}

/// Adjusted p-values in the order given, shape `(m,)`: reject where the adjusted value is at most the level.
///
/// # Errors
/// [`StatsError::Domain`] for a value outside [0, 1] or NaN.
pub fn adjust(p_values: &[f64], correction: Correction) -> Result<Vec<f64>, StatsError> {
    if let Some(bad) = p_values.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        return Err(StatsError::Domain { subject: "p-value", value: *bad, expected: "0 to 1" });
    }
    let m = p_values.len();
    let total = m as f64;
    let mut order: Vec<usize> = (0..m).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = vec![0.0; m];
    match correction {
        Correction::Bonferroni => {
            adjusted.iter_mut().zip(p_values).for_each(|(to, p)| *to = (p * total).min(1.0));
        }
        Correction::Holm => {
            let mut largest: f64 = 0.0;
            for (rank, index) in order.into_iter().enumerate() {
                largest = largest.max((m - rank) as f64 * p_values[index]).min(1.0);
                adjusted[index] = largest;
            }
        }
        Correction::BenjaminiHochberg | Correction::BenjaminiYekutieli => {
            let harmonic = if correction == Correction::BenjaminiHochberg {
                1.0
            } else {
                (1..=m).map(|i| 1.0 / i as f64).sum()
            };
            let mut smallest: f64 = 1.0;
            for (rank, index) in order.into_iter().enumerate().rev() {
                smallest = smallest.min(p_values[index] * total * harmonic / (rank + 1) as f64);
                adjusted[index] = smallest;
            }
        }
    }
    Ok(adjusted)
}

/// `log10` of the p-value of Fisher's method over `count` independent p-values with `sum_of_logs` = Σ −ln pᵢ.
///
/// 2 Σ −ln p is chi-squared with 2 · `count` degrees of freedom, whose tail for even degrees is a Poisson sum, taken here
/// in logarithms. Agrees with SciPy's `combine_pvalues` to 1e-12.
///
/// Source: Fisher, *Statistical Methods for Research Workers* (4th ed. 1932), section 21.1.
pub fn fisher_log10(sum_of_logs: f64, count: u32) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for step in 1..count {
        term *= sum_of_logs / f64::from(step);
        sum += term;
    }
    (-sum_of_logs + sum.ln()) / std::f64::consts::LN_10
}

/// Wilson's score interval of a share at `confidence` (0.95): (lower, upper); the whole unit interval without trials.
///
/// # Errors
/// [`StatsError::Domain`] when successes exceed trials or the confidence is outside (0, 1).
pub fn wilson_interval(successes: u64, trials: u64, confidence: f64) -> Result<(f64, f64), StatsError> {
    if successes > trials {
        let expected = "at most the trials";
        return Err(StatsError::Domain { subject: "successes", value: successes as f64, expected });
    }
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(StatsError::Domain {
            subject: "confidence",
            value: confidence,
            expected: "the open (0, 1)",
        });
    }
    if trials == 0 {
        return Ok((0.0, 1.0));
    }
    let z = -normal_quantile((1.0 - confidence) / 2.0);
    let n = trials as f64;
    let share = successes as f64 / n;
    let scale = 1.0 + z * z / n;
    let centre = (share + z * z / (2.0 * n)) / scale;
    let half = z / scale * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let lower = if successes == 0 { 0.0 } else { (centre - half).max(0.0) };
    let upper = if successes == trials { 1.0 } else { (centre + half).min(1.0) };
    Ok((lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn textbook_family_is_adjusted_as_published() {
        let p = [0.01, 0.04, 0.03, 0.005];
        let holm = adjust(&p, Correction::Holm).unwrap();
        let expected = [0.03, 0.06, 0.06, 0.02];
        assert!(holm.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15));
        let bh = adjust(&p, Correction::BenjaminiHochberg).unwrap();
        let expected = [0.02, 0.04, 0.04, 0.02];
        assert!(bh.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15));
    }

    #[test]
    fn fishers_method_agrees_with_scipy() {
        // scipy.stats.combine_pvalues([0.01, 0.2, 0.05])
        let sum = -(0.01f64.ln() + 0.2f64.ln() + 0.05f64.ln());
        assert!((10f64.powf(fisher_log10(sum, 3)) - 0.005_262_552_525_580).abs() < 1e-12);
    }

    #[test]
    fn no_success_has_a_lower_bound_of_zero() {
        let (lower, upper) = wilson_interval(0, 10, 0.95).unwrap();
        assert!(lower.abs() < 1e-300 && (upper - 0.277_532_799_862_888_6).abs() < 1e-12);
    }
}

//! Tails of counts in logarithms, where the smallest keep their value, and rates that themselves vary.

use super::gamma::{ln_beta, ln_choose};

/// `ln` P(X ≥ `least`) for X ~ Binomial(`trials`, `probability`): 0 for `least` = 0, −∞ beyond the trials.
///
/// A sum of masses, at most `O(trials − least)`; `probability` is held within `1e-12` of 0 and 1. Agrees with SciPy to
/// 1e-9 relative.
pub fn ln_binomial_tail(trials: u64, probability: f64, least: u64) -> f64 {
    if least == 0 {
        return 0.0;
    }
    if least > trials {
        return f64::NEG_INFINITY;
    }
    let chance = probability.clamp(1e-12, 1.0 - 1e-12);
    let (yes, no) = (chance.ln(), (-chance).ln_1p());
    let first = ln_choose(trials, least) + least as f64 * yes + (trials - least) as f64 * no;
    let odds = (yes - no).exp();
    ln_tail_sum(first, least, trials, |hits| (trials - hits) as f64 / (hits as f64 + 1.0) * odds)
}

/// A success rate that is Beta-distributed over the groups that are counted.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct VaryingRate {
    /// α: mean × concentration.
    pub successes: f64,
    /// β: (1 − mean) × concentration.
    pub failures: f64,
}

/// The part of the groups with the highest rates that a fit leaves out: what is looked for is among them.
const LEFT_OUT: usize = 10;

impl VaryingRate {
    /// Fits the rate of `(successes, trials)` groups by their moments, the tenth with the highest rates left out; at
    /// least as uncertain as ten groups of one trial. Groups without trials count for nothing.
    ///
    /// Source: Kleinman, *Proportions with extraneous variance: single and independent samples* (JASA 68, 1973).
    pub fn fit(groups: &[(u64, u64)]) -> Self {
        let mut rates: Vec<(f64, f64)> = groups
            .iter()
            .filter(|(_, trials)| *trials > 0)
            .map(|(hits, trials)| (*hits as f64 / *trials as f64, *trials as f64))
            .collect();
        rates.sort_unstable_by(|left, right| left.0.total_cmp(&right.0).then(left.1.total_cmp(&right.1)));
        rates.truncate(rates.len() - rates.len() / LEFT_OUT);
        let total: f64 = rates.iter().map(|(_, trials)| trials).sum();
        let hits: f64 = rates.iter().map(|(rate, trials)| rate * trials).sum();
        let mean = ((hits + 1.0) / (total + 2.0)).clamp(0.01, 0.99);
        let spread: f64 = rates.iter().map(|(rate, trials)| trials * (rate - mean).powi(2)).sum();
        let groups = rates.len() as f64;
        let squares: f64 = rates.iter().map(|(_, trials)| trials * trials).sum();
        // E[spread] = mean (1 − mean) (groups + ρ (total − groups)), to first order; ρ = 1 / (successes + failures + 1).
        let correlation =
            (spread / (mean * (1.0 - mean)) - groups) / (total - squares / total.max(1.0)).max(1.0);
        let size = (1.0 / correlation.clamp(1e-3, 0.5) - 1.0).max(1.0);
        Self { successes: mean * size, failures: (1.0 - mean) * size }
    }

    /// The mean rate.
    pub fn mean(self) -> f64 {
        self.successes / (self.successes + self.failures)
    }

    /// `ln` of the probability of at least `least` successes in `trials`: the beta-binomial tail, to 1e-9 of SciPy's.
    pub fn ln_tail(self, trials: u64, least: u64) -> f64 {
        if least == 0 {
            return 0.0;
        }
        if least > trials {
            return f64::NEG_INFINITY;
        }
        let whole = ln_beta(self.successes, self.failures);
        let (hits, misses) = (least as f64, (trials - least) as f64);
        let first = ln_choose(trials, least) + ln_beta(self.successes + hits, self.failures + misses) - whole;
        ln_tail_sum(first, least, trials, |hits| {
            let left = (trials - hits) as f64;
            left / (hits as f64 + 1.0) * (self.successes + hits as f64) / (self.failures + left - 1.0)
        })
    }
}

/// `ln` of the sum of the masses from `least` to `trials`, at most 0: the first as a logarithm, each of the others by its
/// ratio to the one before. Ends early where what is left is beyond the last digit.
fn ln_tail_sum(first: f64, least: u64, trials: u64, ratio: impl Fn(u64) -> f64) -> f64 {
    /// Where the terms are scaled down, far below the largest double.
    const LARGE: f64 = 1e200;
    let (mut scale, mut term, mut sum) = (first, 1.0, 1.0);
    for hits in least..trials {
        let factor = ratio(hits);
        term *= factor;
        sum += term;
        if term > LARGE {
            scale += LARGE.ln();
            term /= LARGE;
            sum /= LARGE;
        }
        if factor < 1.0 && term < sum * 1e-18 {
            break;
        }
    }
    (scale + sum.ln()).min(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binomial_tails_agree_with_scipy() {
        // scipy.stats.binom.logsf(k − 1, n, p)
        for (trials, probability, least, expected) in [
            (13, 0.5, 11, -4.489_124_770_230_249),
            (100, 0.1, 30, -17.526_589_716_397_783),
            (5, 0.3, 5, -6.019_864_021_629_68),
        ] {
            let found = ln_binomial_tail(trials, probability, least);
            assert!((found - expected).abs() < 1e-9, "{trials} {probability} {least}: {found}");
        }
        assert!(ln_binomial_tail(5, 0.3, 0).abs() < 1e-15);
        assert!(ln_binomial_tail(5, 0.3, 6).is_infinite());
    }

    #[test]
    fn beta_binomial_tails_agree_with_scipy() {
        // scipy.stats.betabinom.logsf(k − 1, n, a, b)
        for (trials, least, successes, failures, expected) in BETA_BINOMIAL {
            let found = VaryingRate { successes, failures }.ln_tail(trials, least);
            assert!((found - expected).abs() < 1e-9, "{trials} {least}: {found} against {expected}");
        }
    }

    #[test]
    fn the_fit_finds_the_rate_of_even_groups() {
        let groups: Vec<(u64, u64)> = (0..200).map(|group| (2 + group % 3, 10)).collect();
        let rate = VaryingRate::fit(&groups);
        assert!((rate.mean() - 0.29).abs() < 0.02, "{rate:?}");
        assert!(rate.ln_tail(10, 9) < -5.0, "{rate:?}");
    }

    const BETA_BINOMIAL: [(u64, u64, f64, f64, f64); 3] = [
        (28, 9, 0.6, 9.4, -3.811_075_533_861_761_7),
        (13, 13, 2.0, 8.0, -10.478_132_689_017_643),
        (100, 40, 3.0, 17.0, -4.594_900_179_331_1),
    ];
}

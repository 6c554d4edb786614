//! Probabilities of counts, in logarithms so that the smallest keep their value.

/// `ln` of the probability of at least `least` successes in `trials` with `probability` each.
///
/// Exact sum of the binomial distribution; 0 for `least == 0`. `probability` is held within `(0, 1)`.
pub(super) fn ln_binomial_tail(trials: usize, probability: f64, least: usize) -> f64 {
    if least == 0 {
        return 0.0;
    }
    if least > trials {
        return f64::NEG_INFINITY;
    }
    let chance = probability.clamp(1e-12, 1.0 - 1e-12);
    let (yes, no) = (chance.ln(), (-chance).ln_1p());
    let whole = ln_factorial(trials);
    let term = |hits: usize| {
        whole - ln_factorial(hits) - ln_factorial(trials.saturating_sub(hits))
            + hits as f64 * yes
            + trials.saturating_sub(hits) as f64 * no
    };
    ln_sum(&(least..=trials).map(term).collect::<Vec<_>>())
}

/// A success rate that itself varies: Beta-distributed over the groups that are counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct BetaBinomial {
    successes: f64,
    failures: f64,
}

impl BetaBinomial {
    /// Fits the rate of `(successes, trials)` groups by their moments, the tenth with the highest rates left out, since
    /// what is looked for is among them; at least as uncertain as ten groups of one trial.
    ///
    /// Source: Kleinman, *Proportions with extraneous variance: single and independent samples* (JASA 68, 1973).
    pub(super) fn fit(groups: &[(usize, usize)]) -> Self {
        let mut rates: Vec<(f64, f64)> = groups
            .iter()
            .filter(|(_, trials)| *trials > 0)
            .map(|(hits, trials)| (*hits as f64 / *trials as f64, *trials as f64))
            .collect();
        rates.sort_unstable_by(|left, right| left.0.total_cmp(&right.0));
        rates.truncate(rates.len() - rates.len() / 10);
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

    /// `ln` of the probability of at least `least` successes in `trials`.
    pub(super) fn ln_tail(self, trials: usize, least: usize) -> f64 {
        if least == 0 {
            return 0.0;
        }
        let ln_beta = |left: f64, right: f64| ln_gamma(left) + ln_gamma(right) - ln_gamma(left + right);
        let whole = ln_beta(self.successes, self.failures);
        let term = |hits: usize| {
            let misses = trials.saturating_sub(hits);
            ln_factorial(trials) - ln_factorial(hits) - ln_factorial(misses)
                + ln_beta(self.successes + hits as f64, self.failures + misses as f64)
                - whole
        };
        ln_sum(&(least..=trials).map(term).collect::<Vec<_>>())
    }
}

fn ln_sum(terms: &[f64]) -> f64 {
    let highest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if highest == f64::NEG_INFINITY {
        return highest;
    }
    let sum: f64 = terms.iter().map(|value| (value - highest).exp()).sum();
    (highest + sum.ln()).min(0.0)
}

/// `ln(n!)`.
fn ln_factorial(n: usize) -> f64 {
    ln_gamma(n as f64 + 1.0)
}

/// `ln Γ(x)` for `x > 0`: the recurrence up to 10, Stirling's series beyond (error < 1e-11).
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < 10.0 {
        shift += x.ln();
        x += 1.0;
    }
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3))
        + 1.0 / (1260.0 * x.powi(5))
        - shift
}

/// `log10` of the p-value of Fisher's method over `count` independent p-values with `sum_of_logs = Σ −ln pᵢ`.
///
/// `2 Σ −ln p` is chi-squared with `2 count` degrees of freedom, whose tail for even degrees is a Poisson sum.
/// Source: Fisher, *Statistical Methods for Research Workers* (4th ed. 1932), section 21.1.
pub(super) fn fisher_log10(sum_of_logs: f64, count: u32) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for step in 1..count {
        term *= sum_of_logs / f64::from(step);
        sum += term;
    }
    (-sum_of_logs + sum.ln()) / std::f64::consts::LN_10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binomial_tails_agree_with_scipy() {
        // scipy.stats.binom.logsf(k - 1, n, p)
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
    fn fishers_method_agrees_with_scipy() {
        // scipy.stats.combine_pvalues([0.01, 0.2, 0.05])
        let sum = -(0.01f64.ln() + 0.2f64.ln() + 0.05f64.ln());
        assert!((10f64.powf(fisher_log10(sum, 3)) - 0.005_262_552_525_580).abs() < 1e-12);
    }
}

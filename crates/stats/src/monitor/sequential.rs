//! Tests that stay valid however often they are looked at.
//!
//! Sources: Ville 1939; Robbins, Ann. Math. Statist. 41 (1970); Howard, Ramdas, McAuliffe & Sekhon, Ann. Statist. 49
//! (2021). Formulas agree with the golden values to 1e-9.

use crate::StatsError;
use crate::special::ln_beta;

/// E-process for "the success rate is p₀": the likelihood ratio of a Beta(½, ½) mixture of rates (mSPRT).
///
/// ln E = ln B(½ + s, ½ + f) − ln π − s ln p₀ − f ln(1 − p₀); reject at level α once ln E ≥ ln(1/α).
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct BetaBinomial {
    rate: f64,
    successes: u64,
    failures: u64,
}

impl BetaBinomial {
    /// Tests against `rate`.
    ///
    /// # Errors
    /// [`StatsError::Domain`] outside the open (0, 1).
    pub fn new(rate: f64) -> Result<Self, StatsError> {
        if rate > 0.0 && rate < 1.0 {
            return Ok(Self { rate, successes: 0, failures: 0 });
        }
        Err(StatsError::Domain { subject: "rate", value: rate, expected: "the open (0, 1)" })
    }

    /// Takes an outcome.
    pub fn update(&mut self, success: bool) {
        if success {
            self.successes += 1;
        } else {
            self.failures += 1;
        }
    }

    /// Adds the outcomes seen elsewhere: the order of outcomes does not matter.
    ///
    /// # Errors
    /// [`StatsError::Incompatible`] when the rates differ.
    pub fn merge(&mut self, other: &Self) -> Result<(), StatsError> {
        if self.rate.to_bits() != other.rate.to_bits() {
            return Err(StatsError::Incompatible { subject: "sequential test" });
        }
        self.successes += other.successes;
        self.failures += other.failures;
        Ok(())
    }

    /// ln of the e-value: evidence against the rate, in nats.
    pub fn ln_evidence(&self) -> f64 {
        let (s, f) = (self.successes as f64, self.failures as f64);
        ln_beta(0.5 + s, 0.5 + f) - std::f64::consts::PI.ln() - s * self.rate.ln() - f * (-self.rate).ln_1p()
    }
}

/// Half-width of the normal-mixture confidence sequence of a mean after n values of variance proxy σ²:
/// √(2σ² (nρ² + 1) / (n²ρ²) · ln(√(nρ² + 1) / α)). For values in [0, 1], σ² = ¼. Holds at all n at once.
pub fn confidence_half_width(n: u64, variance: f64, rho_squared: f64, alpha: f64) -> f64 {
    let n = n as f64;
    let scaled = n * rho_squared + 1.0;
    (2.0 * variance * scaled / (n * n * rho_squared) * (scaled.sqrt() / alpha).ln()).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_widths_are_the_published_formula() {
        for (n, expected) in [(10, 1.293_778_593_848_609_3), (10_000, 0.016_365_093_121_174_665)] {
            assert!((confidence_half_width(n, 0.25, 0.01, 0.05) - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn evidence_grows_only_against_a_wrong_rate() {
        let mut test = BetaBinomial::new(0.2).unwrap();
        (0..500).for_each(|i| test.update(i % 5 == 0));
        assert!(test.ln_evidence() < 0.0);
        (0..500).for_each(|i| test.update(i % 2 == 0));
        assert!(test.ln_evidence() > 20.0);
    }
}

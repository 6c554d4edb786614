//! The normal tail and its inverse.

use std::f64::consts::{SQRT_2, TAU};

/// P(Z ≥ z) for the standard normal, accurate far into the tail.
pub fn normal_upper(z: f64) -> f64 {
    0.5 * libm::erfc(z / SQRT_2)
}

/// The z with P(Z ≤ z) = p; ±∞ at 1 and 0, NaN outside [0, 1].
///
/// A rational start value in the tail variable √(−2 ln p) (Abramowitz & Stegun 26.2.23), then Halley steps on the
/// tail itself until they stop moving; relative tolerance 1e-12.
pub fn normal_quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p > 0.5 {
        return -lower_quantile(1.0 - p);
    }
    lower_quantile(p)
}

fn lower_quantile(p: f64) -> f64 {
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if p.to_bits() == 0.5_f64.to_bits() {
        return 0.0;
    }
    let t = (-2.0 * p.ln()).sqrt();
    let numerator = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let denominator = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let mut z = numerator / denominator - t;
    for _ in 0..8 {
        let tail = normal_upper(-z);
        let density = (-0.5 * z * z).exp() / TAU.sqrt();
        let newton = (tail - p) / density;
        let step = newton / (1.0 + 0.5 * z * newton);
        if !step.is_finite() {
            break;
        }
        z -= step;
        if step.abs() < 1e-16 * z.abs() {
            break;
        }
    }
    z
}

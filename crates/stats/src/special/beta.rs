//! The incomplete beta function and the tails that are made of it: binomial, hypergeometric, Student's t, F.
//!
//! Sources: Abramowitz & Stegun 26.5; leading factors after
//! Loader (2000).

use super::gamma::{deviance, ln_choose, stirling_remainder};
use std::f64::consts::TAU;

/// x^a (1−x)^b Γ(a+b+1) / (Γ(a+1) Γ(b+1)): the binomial mass at real arguments, `y` = 1 − x given exactly.
fn real_binomial_mass(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let n = a + b;
    if a <= 0.0 {
        return if x < 0.1 { (b * (-x).ln_1p()).exp() } else { y.powf(b) };
    }
    if b <= 0.0 {
        return if y < 0.1 { (a * (-y).ln_1p()).exp() } else { x.powf(a) };
    }
    let exponent = stirling_remainder(n)
        - stirling_remainder(a)
        - stirling_remainder(b)
        - deviance(a, n * x)
        - deviance(b, n * y);
    exponent.exp() * (n / (TAU * a * b)).sqrt()
}

/// I_x(a, b), the regularised incomplete beta function; a, b > 0, 0 ≤ x ≤ 1.
pub fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    incomplete_beta_of(a, b, x, 1.0 - x)
}

/// As [`incomplete_beta`], with `y` = 1 − x given by the caller when he knows it more exactly.
fn incomplete_beta_of(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if y <= 0.0 {
        return 1.0;
    }
    // x^a y^b / B(a, b), from the binomial mass at (a, b): B(a, b) = (a+b)/(ab) · Γ(a+1)Γ(b+1)/Γ(a+b+1).
    let front = real_binomial_mass(a, b, x, y) * (a * b / (a + b));
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x, y)
    } else {
        1.0 - front * beta_fraction(b, a, y, x)
    }
}

/// I_x(a, b) over its front factor: the faster fraction of DiDonato & Morris, TOMS 18 (1992), equation 9, which uses
/// a·y − b·x and so keeps its accuracy where x is near 1. Modified Lentz.
fn beta_fraction(a: f64, b: f64, x: f64, y: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let nonzero = |v: f64| if v.abs() < TINY { TINY } else { v };
    let offset = a * y - b * x + 1.0;
    let mut value = nonzero(a * offset / (a + 1.0));
    let (mut c, mut d) = (value, 0.0);
    for m in 1..200_000_u32 {
        let m = f64::from(m);
        let span = a + 2.0 * m - 1.0;
        let numerator = (a + m - 1.0) / span * ((a + b + m - 1.0) / span) * m * (b - m) * x * x;
        let denominator = m + m * (b - m) * x / span + (a + m) * (offset + m * (1.0 + y)) / (span + 2.0);
        d = 1.0 / nonzero(denominator + numerator * d);
        c = nonzero(denominator + numerator / c);
        let change = c * d;
        value *= change;
        if (change - 1.0).abs() < 1e-16 {
            break;
        }
    }
    1.0 / value
}

/// P(T ≥ t) for Student's t with `degrees` > 0 (real) degrees of freedom.
pub fn student_t_upper(t: f64, degrees: f64) -> f64 {
    let square = t * t;
    let tail = 0.5
        * incomplete_beta_of(degrees / 2.0, 0.5, degrees / (degrees + square), square / (degrees + square));
    if t >= 0.0 { tail } else { 1.0 - tail }
}

/// P(F ≥ f) for Fisher's F with `numerator` and `denominator` degrees of freedom.
pub fn f_upper(f: f64, numerator: f64, denominator: f64) -> f64 {
    if f <= 0.0 {
        return 1.0;
    }
    let total = denominator + numerator * f;
    incomplete_beta_of(denominator / 2.0, numerator / 2.0, denominator / total, numerator * f / total)
}

/// P(X = k) for X ~ Binomial(n, p), to 1e-13 relative (Loader 2000).
pub fn binomial_mass(k: u64, n: u64, p: f64) -> f64 {
    if k > n {
        return 0.0;
    }
    if p <= 0.0 {
        return f64::from(u8::from(k == 0));
    }
    if p >= 1.0 {
        return f64::from(u8::from(k == n));
    }
    real_binomial_mass(k as f64, (n - k) as f64, p, 1.0 - p)
}

/// P(X ≥ k) for X ~ Binomial(n, p), through I_p(k, n − k + 1).
pub fn binomial_tail(k: u64, n: u64, p: f64) -> f64 {
    if k == 0 {
        return 1.0;
    }
    if k > n {
        return 0.0;
    }
    incomplete_beta(k as f64, (n - k + 1) as f64, p)
}

/// ln P(X = k), X the marked items among `draws` drawn without return from `population` of which `marked` are marked.
pub fn hypergeometric_ln_mass(k: u64, population: u64, marked: u64, draws: u64) -> f64 {
    if marked > population || draws > population || k > marked || k > draws || draws - k > population - marked
    {
        return f64::NEG_INFINITY;
    }
    // As a ratio of three binomial masses at p = draws / population, which are all accurate (Loader 2000).
    let (n, m, d) = (population, marked, draws);
    let p = d as f64 / n as f64;
    if d == 0 || d == n || m == 0 || m == n {
        return 0.0;
    }
    let ln = |k: u64, n: u64| ln_binomial_mass(k, n, p);
    ln(k, m) + ln(d - k, n - m) - ln(d, n)
}

fn ln_binomial_mass(k: u64, n: u64, p: f64) -> f64 {
    if k == 0 {
        return n as f64 * (-p).ln_1p();
    }
    if k == n {
        return n as f64 * p.ln();
    }
    if n < 10 {
        return ln_choose(n, k) + k as f64 * p.ln() + (n - k) as f64 * (-p).ln_1p();
    }
    let (a, b, n) = (k as f64, (n - k) as f64, n as f64);
    stirling_remainder(n)
        - stirling_remainder(a)
        - stirling_remainder(b)
        - deviance(a, n * p)
        - deviance(b, n * (1.0 - p))
        + 0.5 * (n / (TAU * a * b)).ln()
}

/// P(X ≥ k) of the hypergeometric distribution of [`hypergeometric_ln_mass`], summed outward from k in ratios.
///
/// The tail of a trigger test: `draws` rows hold the n-gram, `marked` rows carry the label, k rows both. Below the
/// mean the complement is summed, so each sum runs down from its largest term. Relative tolerance 1e-11.
pub fn hypergeometric_tail(k: u64, population: u64, marked: u64, draws: u64) -> f64 {
    let least = (marked + draws).saturating_sub(population);
    let most = marked.min(draws);
    if k <= least {
        return 1.0;
    }
    if k > most {
        return 0.0;
    }
    let unmarked = population - marked;
    let upward = k as f64 > draws as f64 * (marked as f64 / population as f64);
    let mut at = if upward { k } else { k - 1 };
    let first = hypergeometric_ln_mass(at, population, marked, draws);
    let (mut sum, mut term) = (1.0, 1.0);
    loop {
        if upward {
            if at == most {
                break;
            }
            term *= (marked - at) as f64 * (draws - at) as f64
                / ((at + 1) as f64 * (unmarked + at + 1 - draws) as f64);
            at += 1;
        } else {
            if at == least {
                break;
            }
            term *= at as f64 * (unmarked + at - draws) as f64
                / ((marked - at + 1) as f64 * (draws - at + 1) as f64);
            at -= 1;
        }
        sum += term;
        if term < sum * 1e-17 {
            break;
        }
    }
    let mass = (first + f64::ln(sum)).exp();
    if upward { mass.min(1.0) } else { (1.0 - mass).max(0.0) }
}

//! Count, mean, variance, skewness and kurtosis in one pass.
//!
//! Source: Chan, Golub & LeVeque (1979) for the merge, extended to four moments by Pébay, SAND2008-6212 (2008).

/// Central moment sums; merging is associative to rounding (1e-9 relative).
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Moments {
    count: u64,
    mean: f64,
    m2: f64,
    m3: f64,
    m4: f64,
}

impl Moments {
    /// Adds a value; a NaN or infinity makes every moment NaN, so filter first.
    pub fn insert(&mut self, value: f64) {
        *self = self.merged(&Self { count: 1, mean: value, ..Self::default() });
    }

    /// The moments of both streams together.
    #[must_use]
    pub fn merged(&self, other: &Self) -> Self {
        if self.count == 0 {
            return *other;
        }
        if other.count == 0 {
            return *self;
        }
        let (na, nb) = (self.count as f64, other.count as f64);
        let n = na + nb;
        let delta = other.mean - self.mean;
        let step = delta / n;
        let m2 = self.m2 + other.m2 + delta * step * na * nb;
        let m3 = self.m3
            + other.m3
            + delta * step * step * na * nb * (na - nb)
            + 3.0 * step * (na * other.m2 - nb * self.m2);
        let m4 = self.m4
            + other.m4
            + delta * step.powi(3) * na * nb * (na * na - na * nb + nb * nb)
            + 6.0 * step * step * (na * na * other.m2 + nb * nb * self.m2)
            + 4.0 * step * (na * other.m3 - nb * self.m3);
        Self { count: self.count + other.count, mean: self.mean + step * nb, m2, m3, m4 }
    }

    /// Values seen.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Mean; 0 when empty.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Sample variance, divisor n − 1; NaN below two values.
    pub fn variance(&self) -> f64 {
        if self.count < 2 { f64::NAN } else { self.m2 / (self.count - 1) as f64 }
    }

    /// Population skewness m₃ / m₂^1.5; NaN when nothing varies.
    pub fn skewness(&self) -> f64 {
        (self.count as f64).sqrt() * self.m3 / self.m2.powf(1.5)
    }

    /// Population excess kurtosis m₄ / m₂² − 3; NaN when nothing varies.
    pub fn excess_kurtosis(&self) -> f64 {
        self.count as f64 * self.m4 / (self.m2 * self.m2) - 3.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[f64]) -> Moments {
        let mut moments = Moments::default();
        values.iter().for_each(|v| moments.insert(*v));
        moments
    }

    fn close(a: f64, b: f64, scale: f64) -> bool {
        (a - b).abs() <= 1e-9 * scale.max(1.0)
    }

    #[test]
    fn known_moments_come_out() {
        let moments = of(&[1.0, 2.0, 3.0, 10.0]);
        assert!(close(moments.mean(), 4.0, 1.0) && close(moments.variance(), 50.0 / 3.0, 1.0));
        assert!(close(moments.skewness(), 180.0 / 4.0 / 12.5_f64.powf(1.5), 1.0));
        assert!(close(moments.excess_kurtosis(), 1394.0 / 4.0 / 156.25 - 3.0, 1.0));
    }

    proptest! {
        #[test]
        fn merging_is_associative_and_commutative(a in prop::collection::vec(-1e3_f64..1e3, 0..40), b in prop::collection::vec(-1e3_f64..1e3, 0..40), c in prop::collection::vec(-1e3_f64..1e3, 0..40)) {
            let (a, b, c) = (of(&a), of(&b), of(&c));
            let left = a.merged(&b).merged(&c);
            let right = c.merged(&b.merged(&a));
            prop_assert_eq!(left.count, right.count);
            prop_assert!(close(left.mean, right.mean, 1e3));
            prop_assert!(close(left.m2, right.m2, left.m2));
            prop_assert!(close(left.m3, right.m3, left.m2.powf(1.5)));
            prop_assert!(close(left.m4, right.m4, left.m4));
        }
    }
}

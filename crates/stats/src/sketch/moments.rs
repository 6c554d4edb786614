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

    /// The moments of a batch in two passes over it, several times quicker than one insertion after another.
    pub fn of(values: &[f64]) -> Self {
        if values.is_empty() {
            return Self::default();
        }
        let mean = sum(values) / values.len() as f64;
        let (mut m2, mut m3, mut m4) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        let (groups, rest) = values.as_chunks::<LANES>();
        for group in groups {
            for lane in 0..LANES {
                let d = group[lane] - mean;
                let square = d * d;
                m2[lane] += square;
                m3[lane] += square * d;
                m4[lane] += square * square;
            }
        }
        for (value, lane) in rest.iter().zip(0..) {
            let d = value - mean;
            let square = d * d;
            m2[lane] += square;
            m3[lane] += square * d;
            m4[lane] += square * square;
        }
        let total = |lanes: [f64; LANES]| lanes.iter().sum();
        Self { count: values.len() as u64, mean, m2: total(m2), m3: total(m3), m4: total(m4) }
    }

    /// The moments of values that occur several times each: (value, occurrences).
    pub fn of_repeated(values: &[(f64, u64)]) -> Self {
        let count: u64 = values.iter().map(|(_, times)| times).sum();
        if count == 0 {
            return Self::default();
        }
        let mean = values.iter().map(|(value, times)| value * *times as f64).sum::<f64>() / count as f64;
        let mut moments = Self { count, mean, ..Self::default() };
        for (value, times) in values {
            let d = value - mean;
            let square = d * d;
            let times = *times as f64;
            moments.m2 += times * square;
            moments.m3 += times * square * d;
            moments.m4 += times * square * square;
        }
        moments
    }

    /// The state in 40 bytes, little-endian.
    pub fn to_bytes(&self) -> [u8; 40] {
        let mut bytes = [0; 40];
        let words =
            [self.count, self.mean.to_bits(), self.m2.to_bits(), self.m3.to_bits(), self.m4.to_bits()];
        let (places, _) = bytes.as_chunks_mut::<8>();
        places.iter_mut().zip(words).for_each(|(to, word)| *to = word.to_le_bytes());
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8; 40]) -> Self {
        let (words, _) = bytes.as_chunks::<8>();
        let word = |place: usize| words.get(place).map_or(0, |word| u64::from_le_bytes(*word));
        let number = |place| f64::from_bits(word(place));
        Self { count: word(0), mean: number(1), m2: number(2), m3: number(3), m4: number(4) }
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

/// Sums that run side by side, so that none waits for the one before.
const LANES: usize = 4;

/// Smallest and largest of values that are all finite and at least one; nothing otherwise.
pub fn finite_range(values: &[f64]) -> Option<(f64, f64)> {
    let (mut low, mut high) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
    // NaN and infinities times zero are NaN, and stay in the sum.
    let mut zero = [0.0; LANES];
    let mut take = |value: f64, lane: usize| {
        low[lane] = if value < low[lane] { value } else { low[lane] };
        high[lane] = if value > high[lane] { value } else { high[lane] };
        zero[lane] += value * 0.0;
    };
    let (groups, rest) = values.as_chunks::<LANES>();
    for group in groups {
        group.iter().zip(0..).for_each(|(value, lane)| take(*value, lane));
    }
    rest.iter().zip(0..).for_each(|(value, lane)| take(*value, lane));
    let finite = !values.is_empty() && !zero.iter().any(|sum| sum.is_nan());
    let least = low.into_iter().fold(f64::INFINITY, f64::min);
    let most = high.into_iter().fold(f64::NEG_INFINITY, f64::max);
    finite.then_some((least, most))
}

fn sum(values: &[f64]) -> f64 {
    const WIDE: usize = 2 * LANES;
    let mut sums = [0.0; WIDE];
    let (groups, rest) = values.as_chunks::<WIDE>();
    for group in groups {
        for lane in 0..WIDE {
            sums[lane] += group[lane];
        }
    }
    sums.iter().sum::<f64>() + rest.iter().sum::<f64>()
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
    fn a_batch_has_the_moments_of_its_values() {
        let values: Vec<f64> = (0..100).map(|i| f64::from(i * i % 37)).collect();
        let (batch, single) = (Moments::of(&values), of(&values));
        assert!(close(batch.mean, single.mean, 1.0) && close(batch.m2, single.m2, batch.m2));
        assert!(close(batch.m4, single.m4, batch.m4) && batch.count == 100);
    }

    #[test]
    fn repeated_values_have_the_moments_of_all_their_occurrences() {
        let all: Vec<f64> = [2.0; 7].into_iter().chain([5.5; 3]).chain([-1.0]).collect();
        let (few, many) = (Moments::of_repeated(&[(2.0, 7), (5.5, 3), (-1.0, 1)]), of(&all));
        assert!(close(few.mean, many.mean, 1.0) && close(few.m2, many.m2, many.m2) && few.count == 11);
        assert!(close(few.m3, many.m3, many.m4) && close(few.m4, many.m4, many.m4));
        assert_eq!(Moments::of_repeated(&[]), Moments::default());
    }

    #[test]
    fn a_range_is_that_of_finite_values_only() {
        let values: Vec<f64> = (0..11).map(|i| f64::from(i * 7 % 11)).collect();
        assert_eq!(finite_range(&values), Some((0.0, 10.0)));
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for place in [0, 5, 10] {
                let mut values = values.clone();
                values[place] = odd;
                assert_eq!(finite_range(&values), None);
            }
        }
        assert_eq!(finite_range(&[]), None);
        assert_eq!(finite_range(&[f64::MAX, f64::MIN]), Some((f64::MIN, f64::MAX)));
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
            prop_assert_eq!(Moments::from_bytes(&left.to_bytes()), left);
            prop_assert_eq!(left.count, right.count);
            prop_assert!(close(left.mean, right.mean, 1e3));
            prop_assert!(close(left.m2, right.m2, left.m2));
            prop_assert!(close(left.m3, right.m3, left.m2.powf(1.5)));
            prop_assert!(close(left.m4, right.m4, left.m4));
        }
    }
}

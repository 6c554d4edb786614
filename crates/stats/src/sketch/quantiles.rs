//! Quantiles with a relative error that merging in any order cannot change: DDSketch.
//!
//! Source: Masson, Rim & Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees",
//! PVLDB 12 (2019). Buckets are never collapsed, so the state depends on the values alone, not on their order.

use crate::StatsError;
use std::collections::BTreeMap;

/// Quantile q is off by at most `accuracy`·|x|. Some 4,600 buckets cover 1e-20 to 1e20 at 1 %.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct DdSketch {
    accuracy: f64,
    positive: BTreeMap<i32, u64>,
    negative: BTreeMap<i32, u64>,
    zeros: u64,
    not_finite: u64,
    range: Option<(f64, f64)>,
}

impl DdSketch {
    /// An empty sketch of relative accuracy `accuracy` (0.01 is 1 %).
    ///
    /// # Errors
    /// [`StatsError::Domain`] unless 1e-4 ≤ accuracy ≤ 0.5.
    pub fn new(accuracy: f64) -> Result<Self, StatsError> {
        if !(1e-4..=0.5).contains(&accuracy) {
            return Err(StatsError::Domain { subject: "accuracy", value: accuracy, expected: "1e-4 to 0.5" });
        }
        let (positive, negative) = (BTreeMap::new(), BTreeMap::new());
        Ok(Self { accuracy, positive, negative, zeros: 0, not_finite: 0, range: None })
    }

    fn gamma(&self) -> f64 {
        (1.0 + self.accuracy) / (1.0 - self.accuracy)
    }

    /// Adds a value; NaN and infinities are only counted.
    pub fn insert(&mut self, value: f64) {
        if !value.is_finite() {
            self.not_finite += 1;
            return;
        }
        let (low, high) = self.range.unwrap_or((value, value));
        self.range = Some((low.min(value), high.max(value)));
        let size = value.abs();
        if size < f64::MIN_POSITIVE {
            self.zeros += 1;
            return;
        }
        let bucket = (size.ln() / self.gamma().ln()).ceil() as i32;
        let side = if value > 0.0 { &mut self.positive } else { &mut self.negative };
        *side.entry(bucket).or_insert(0) += 1;
    }

    /// Takes in another sketch; the result is exactly that of all values together.
    ///
    /// # Errors
    /// [`StatsError::Incompatible`] when the accuracies differ.
    pub fn merge(&mut self, other: &Self) -> Result<(), StatsError> {
        if self.accuracy.to_bits() != other.accuracy.to_bits() {
            return Err(StatsError::Incompatible { subject: "quantile" });
        }
        for (to, from) in [(&mut self.positive, &other.positive), (&mut self.negative, &other.negative)] {
            from.iter().for_each(|(bucket, count)| *to.entry(*bucket).or_insert(0) += count);
        }
        self.zeros += other.zeros;
        self.not_finite += other.not_finite;
        self.range = match (self.range, other.range) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (mine, theirs) => mine.or(theirs),
        };
        Ok(())
    }

    /// Finite values seen.
    pub fn count(&self) -> u64 {
        self.zeros + self.positive.values().sum::<u64>() + self.negative.values().sum::<u64>()
    }

    /// NaN and infinite values seen.
    pub fn not_finite(&self) -> u64 {
        self.not_finite
    }

    /// Smallest and largest finite value, exact.
    pub fn range(&self) -> Option<(f64, f64)> {
        self.range
    }

    fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        let gamma = self.gamma();
        let middle = move |bucket: i32| 2.0 * (f64::from(bucket) * gamma.ln()).exp() / (gamma + 1.0);
        let negative = self.negative.iter().rev().map(move |(bucket, count)| (-middle(*bucket), *count));
        let positive = self.positive.iter().map(move |(bucket, count)| (middle(*bucket), *count));
        negative.chain(std::iter::once((0.0, self.zeros))).chain(positive)
    }

    /// The value of rank ⌊q (n − 1)⌋, within the relative accuracy; `None` when empty or q is outside 0 to 1.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let (low, high) = self.range?;
        if !(0.0..=1.0).contains(&q) {
            return None;
        }
        let rank = (q * (self.count() - 1) as f64).floor() as u64;
        let mut seen = 0;
        for (value, count) in self.buckets() {
            seen += count;
            if seen > rank {
                return Some(value.clamp(low, high));
            }
        }
        Some(high)
    }

    /// Counts between consecutive `edges` (ascending), below the first and above the last: `edges.len() + 1` bins.
    ///
    /// A bucket counts where its middle lies: input for PSI and Jensen–Shannon without the values at hand.
    pub fn histogram(&self, edges: &[f64]) -> Vec<u64> {
        let mut bins = vec![0; edges.len() + 1];
        for (value, count) in self.buckets() {
            bins[edges.partition_point(|edge| *edge <= value)] += count;
        }
        bins
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[f64]) -> DdSketch {
        let mut sketch = DdSketch::new(0.01).unwrap();
        values.iter().for_each(|v| sketch.insert(*v));
        sketch
    }

    proptest! {
        #[test]
        fn every_quantile_is_within_its_relative_error(mut values in prop::collection::vec(-1e9_f64..1e9, 1..300), q in 0.0_f64..=1.0) {
            let estimate = of(&values).quantile(q).unwrap();
            values.sort_by(f64::total_cmp);
            let exact = values[(q * (values.len() - 1) as f64).floor() as usize];
            prop_assert!((estimate - exact).abs() <= 0.010_000_1 * exact.abs());
        }

        #[test]
        fn merging_gives_the_state_of_all_values(a in prop::collection::vec(any::<f64>(), 0..90), b in prop::collection::vec(any::<f64>(), 0..90)) {
            let whole = of(&a.iter().chain(&b).copied().collect::<Vec<_>>());
            let (mut left, mut right) = (of(&a), of(&b));
            let first = left.clone();
            left.merge(&right).unwrap();
            right.merge(&first).unwrap();
            prop_assert_eq!(&left, &whole);
            prop_assert_eq!(right, whole);
        }
    }
}

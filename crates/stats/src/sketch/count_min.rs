//! How often was a value seen, for any value, in fixed memory: count–min.
//!
//! Source: Cormode & Muthukrishnan, J. Algorithms 55 (2005). An estimate is never too small, and too large by more
//! than e·N / width with chance at most e^−depth.

use crate::{StatsError, mix64};

/// A table of counters.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CountMin {
    width: usize,
    counters: Vec<u64>,
    total: u64,
}

impl CountMin {
    /// An empty table of `depth` rows of `width` counters.
    ///
    /// # Errors
    /// [`StatsError::Domain`] when either is 0 or there would be more than 2^26 counters.
    pub fn new(width: usize, depth: usize) -> Result<Self, StatsError> {
        let cells = width.saturating_mul(depth);
        if cells == 0 || cells > 1 << 26 {
            return Err(StatsError::Domain {
                subject: "counters",
                value: cells as f64,
                expected: "1 to 2^26",
            });
        }
        Ok(Self { width, counters: vec![0; cells], total: 0 })
    }

    fn places(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let (width, depth) = (self.width, self.counters.len() / self.width);
        (0..depth).map(move |row| {
            let mixed = mix64(hash ^ mix64(row as u64 + 1));
            row * width + ((u128::from(mixed) * width as u128) >> 64) as usize
        })
    }

    /// Adds `count` occurrences of the value with this hash.
    pub fn insert(&mut self, hash: u64, count: u64) {
        for place in self.places(hash) {
            let counter = &mut self.counters[place];
            *counter = counter.saturating_add(count);
        }
        self.total = self.total.saturating_add(count);
    }

    /// An upper bound on the occurrences.
    pub fn estimate(&self, hash: u64) -> u64 {
        self.places(hash).map(|place| self.counters[place]).min().unwrap_or(0)
    }

    /// All occurrences of all values.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Takes in another table.
    ///
    /// # Errors
    /// [`StatsError::Incompatible`] when the shapes differ.
    pub fn merge(&mut self, other: &Self) -> Result<(), StatsError> {
        if self.width != other.width || self.counters.len() != other.counters.len() {
            return Err(StatsError::Incompatible { subject: "count-min" });
        }
        self.counters.iter_mut().zip(&other.counters).for_each(|(a, b)| *a = a.saturating_add(*b));
        self.total = self.total.saturating_add(other.total);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn estimates_never_fall_short_and_merging_adds(a in prop::collection::vec(0_u64..50, 0..200), b in prop::collection::vec(0_u64..50, 0..200)) {
            let of = |values: &[u64]| {
                let mut table = CountMin::new(64, 4).unwrap();
                values.iter().for_each(|v| table.insert(*v, 1));
                table
            };
            let whole: Vec<u64> = a.iter().chain(&b).copied().collect();
            let (mut left, mut right) = (of(&a), of(&b));
            let first = left.clone();
            left.merge(&right).unwrap();
            right.merge(&first).unwrap();
            prop_assert_eq!(&left, &right);
            prop_assert_eq!(&left, &of(&whole));
            for value in 0..50 {
                prop_assert!(left.estimate(value) >= whole.iter().filter(|v| **v == value).count() as u64);
            }
        }
    }
}

//! A uniform sample of a stream that does not depend on how the stream was cut: bottom-k.
//!
//! Source: Cohen & Kaplan, "Summarizing data using bottom-k sketches", PODC 2007. Every row gets a priority from its
//! own address, and the k lowest are kept; so shards merge to exactly the sample of the whole.

use crate::{StatsError, mix64};
use std::collections::BTreeMap;

/// A sample without return of at most k rows.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BottomK<T> {
    capacity: usize,
    seed: u64,
    kept: BTreeMap<(u64, u64), T>,
    seen: u64,
}

impl<T: Clone> BottomK<T> {
    /// An empty sample of at most `capacity` rows; `seed` fixes which.
    ///
    /// # Errors
    /// [`StatsError::Domain`] when the capacity is 0.
    pub fn new(capacity: usize, seed: u64) -> Result<Self, StatsError> {
        if capacity == 0 {
            return Err(StatsError::Domain { subject: "capacity", value: 0.0, expected: "one row or more" });
        }
        Ok(Self { capacity, seed, kept: BTreeMap::new(), seen: 0 })
    }

    /// Offers the row at `address`, unique in the whole data set (a hash of file and row, say).
    pub fn insert(&mut self, address: u64, row: &T) {
        self.seen += 1;
        self.offer((mix64(mix64(address) ^ self.seed), address), row);
    }

    fn offer(&mut self, key: (u64, u64), row: &T) {
        if self.kept.len() >= self.capacity && self.kept.last_key_value().is_some_and(|(last, _)| key > *last)
        {
            return;
        }
        self.kept.insert(key, row.clone());
        if self.kept.len() > self.capacity {
            self.kept.pop_last();
        }
    }

    /// Takes in another sample of other rows.
    ///
    /// # Errors
    /// [`StatsError::Incompatible`] when capacity or seed differ.
    pub fn merge(&mut self, other: &Self) -> Result<(), StatsError> {
        if self.capacity != other.capacity || self.seed != other.seed {
            return Err(StatsError::Incompatible { subject: "sample" });
        }
        other.kept.iter().for_each(|(key, row)| self.offer(*key, row));
        self.seen += other.seen;
        Ok(())
    }

    /// The sampled rows with their addresses, in an order that is random but fixed.
    pub fn rows(&self) -> impl Iterator<Item = (u64, &T)> {
        self.kept.iter().map(|((_, address), row)| (*address, row))
    }

    /// Rows offered.
    pub fn seen(&self) -> u64 {
        self.seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shards_merge_to_the_sample_of_the_whole(cut in 0_u64..500, other in 0_u64..500) {
            let of = |range: std::ops::Range<u64>| {
                let mut sample = BottomK::new(20, 9).unwrap();
                range.for_each(|i| sample.insert(i, &i));
                sample
            };
            let (low, high) = (cut.min(other), cut.max(other));
            let mut right = of(high..500);
            right.merge(&of(low..high)).unwrap();
            let mut left = of(0..low);
            left.merge(&right).unwrap();
            prop_assert_eq!(left, of(0..500));
        }
    }
}

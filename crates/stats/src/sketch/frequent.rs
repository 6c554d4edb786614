//! The most frequent values, with bounds: Misra–Gries.
//!
//! Sources: Misra & Gries, Sci. Comput. Program. 2 (1982); merge after Agarwal et al., "Mergeable summaries", TODS 38
//! (2013). Counters fall short by at most N / (capacity + 1). While fewer than `capacity` different values were seen the
//! state is exact and merging is associative; beyond that any merge order keeps the same bound.

use crate::StatsError;
use std::collections::BTreeMap;

/// A frequent value: its count lies in `lower..=upper`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FrequentItem {
    /// The value.
    pub value: String,
    /// At least this many occurrences.
    pub lower: u64,
    /// At most this many.
    pub upper: u64,
}

/// Heavy hitters in bounded memory.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FrequentItems {
    capacity: usize,
    counts: BTreeMap<String, u64>,
    removed: u64,
    total: u64,
}

impl FrequentItems {
    /// Keeps at most `capacity` counters between insertions; up to twice that while it waits to cut back.
    ///
    /// # Errors
    /// [`StatsError::Domain`] when the capacity is 0.
    pub fn new(capacity: usize) -> Result<Self, StatsError> {
        if capacity == 0 {
            return Err(StatsError::Domain {
                subject: "capacity",
                value: 0.0,
                expected: "one counter or more",
            });
        }
        Ok(Self { capacity, counts: BTreeMap::new(), removed: 0, total: 0 })
    }

    /// Adds `count` occurrences of `value`.
    pub fn insert(&mut self, value: &str, count: u64) {
        self.total += count;
        if let Some(kept) = self.counts.get_mut(value) {
            *kept += count;
            return;
        }
        self.counts.insert(value.to_owned(), count);
        if self.counts.len() > 2 * self.capacity {
            self.cut();
        }
    }

    /// Subtracts the (capacity + 1)-th largest count from all and drops what reaches zero.
    fn cut(&mut self) {
        if self.counts.len() <= self.capacity {
            return;
        }
        let mut counts: Vec<u64> = self.counts.values().copied().collect();
        let place = counts.len() - self.capacity - 1;
        let (_, least, _) = counts.select_nth_unstable(place);
        let least = *least;
        self.removed += least;
        self.counts.retain(|_, count| {
            *count = count.saturating_sub(least);
            *count > 0
        });
    }

    /// Takes in another state.
    ///
    /// # Errors
    /// [`StatsError::Incompatible`] when the capacities differ.
    pub fn merge(&mut self, other: &Self) -> Result<(), StatsError> {
        if self.capacity != other.capacity {
            return Err(StatsError::Incompatible { subject: "frequent values" });
        }
        for (value, count) in &other.counts {
            if let Some(kept) = self.counts.get_mut(value) {
                *kept += count;
            } else {
                self.counts.insert(value.clone(), *count);
            }
        }
        self.total += other.total;
        self.removed += other.removed;
        if self.counts.len() > 2 * self.capacity {
            self.cut();
        }
        Ok(())
    }

    /// Occurrences of all values.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The `k` values of highest count, then by name.
    pub fn top(&self, k: usize) -> Vec<FrequentItem> {
        let mut items: Vec<(&String, u64)> =
            self.counts.iter().map(|(value, count)| (value, *count)).collect();
        items.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        let item = |(value, lower): (&String, u64)| FrequentItem {
            value: value.clone(),
            lower,
            upper: lower.saturating_add(self.removed),
        };
        items.into_iter().take(k).map(item).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[u8]) -> FrequentItems {
        let mut state = FrequentItems::new(8).unwrap();
        values.iter().for_each(|v| state.insert(&v.to_string(), 1));
        state
    }

    proptest! {
        #[test]
        fn bounds_hold_after_any_merge(a in prop::collection::vec(0_u8..60, 0..300), b in prop::collection::vec(0_u8..60, 0..300)) {
            let (mut left, mut right) = (of(&a), of(&b));
            let first = left.clone();
            left.merge(&right).unwrap();
            right.merge(&first).unwrap();
            prop_assert_eq!(&left, &right);
            let total = a.len() + b.len();
            prop_assert!(left.removed as usize <= total / 9);
            for item in left.top(100) {
                let count = a.iter().chain(&b).filter(|v| v.to_string() == item.value).count() as u64;
                prop_assert!(item.lower <= count && count <= item.upper);
            }
        }

        #[test]
        fn few_values_are_counted_exactly_in_any_grouping(a in prop::collection::vec(0_u8..8, 0..60), b in prop::collection::vec(0_u8..8, 0..60), c in prop::collection::vec(0_u8..8, 0..60)) {
            let whole: Vec<u8> = a.iter().chain(&b).chain(&c).copied().collect();
            let mut right = of(&b);
            right.merge(&of(&c)).unwrap();
            let mut left = of(&a);
            left.merge(&right).unwrap();
            prop_assert_eq!(left, of(&whole));
        }
    }
}

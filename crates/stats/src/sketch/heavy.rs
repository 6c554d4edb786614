//! The most frequent values of a fast stream: Misra–Gries over hashes, one copy of each kept value.
//!
//! Sources as [`super::FrequentItems`], whose bounds hold here, too. Values are told apart by 64-bit hashes, so that a
//! value costs a table look-up and no allocation; two of a million values share a hash with chance 3·10⁻⁸.

use crate::StatsError;
use crate::sketch::FrequentItem;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// First byte of a written state.
const VERSION: u8 = 1;
/// Longest text kept of a value, in bytes.
pub const LONGEST_KEPT: usize = 256;

/// Heavy hitters by hash; counts fall short by at most [`HeavyHitters::shortfall`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeavyHitters {
    capacity: usize,
    counts: HashMap<u64, Kept, BuildHasherDefault<Already>>,
    removed: u64,
    total: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    count: u64,
    /// Place in the batch at hand until the value is copied.
    place: u32,
    value: Option<Box<str>>,
}

/// The keys are hashes already.
#[derive(Debug, Clone, Copy, Default)]
struct Already(u64);

impl Hasher for Already {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0 = crate::hash64(bytes, self.0);
    }
    fn write_u64(&mut self, word: u64) {
        self.0 = word;
    }
}

impl HeavyHitters {
    /// Keeps at most `capacity` values, and up to twice as many while it waits to cut back.
    ///
    /// # Errors
    /// [`StatsError::Domain`] unless 1 ≤ capacity ≤ 65,536.
    pub fn new(capacity: usize) -> Result<Self, StatsError> {
        if !(1..=65_536).contains(&capacity) {
            return Err(StatsError::Domain {
                subject: "capacity",
                value: capacity as f64,
                expected: "1 to 65536",
            });
        }
        Ok(Self { capacity, counts: HashMap::default(), removed: 0, total: 0 })
    }

    /// Adds one occurrence of each value of a batch, given by hashes; `value` gives the text at a place in the batch.
    pub fn insert(&mut self, hashes: &[u64], value: impl Fn(usize) -> String) {
        self.total += hashes.len() as u64;
        for (hash, place) in hashes.iter().zip(0_u32..) {
            let entry = self.counts.entry(*hash).or_insert(Kept { count: 0, place, value: None });
            entry.count += 1;
            if entry.count == 1 && self.counts.len() > 2 * self.capacity {
                self.cut();
            }
        }
        self.counts.values_mut().filter(|kept| kept.value.is_none()).for_each(|kept| {
            let mut text = value(kept.place as usize);
            text.truncate(text.floor_char_boundary(LONGEST_KEPT));
            kept.value = Some(text.into_boxed_str());
            kept.place = 0;
        });
    }

    /// Subtracts the (capacity + 1)-th largest count from all and drops what reaches zero.
    fn cut(&mut self) {
        if self.counts.len() <= self.capacity {
            return;
        }
        let mut counts: Vec<u64> = self.counts.values().map(|kept| kept.count).collect();
        let place = counts.len() - self.capacity - 1;
        let (_, least, _) = counts.select_nth_unstable(place);
        let least = *least;
        self.removed += least;
        self.counts.retain(|_, kept| {
            kept.count = kept.count.saturating_sub(least);
            kept.count > 0
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
        other.counts.iter().for_each(|(hash, theirs)| {
            self.counts
                .entry(*hash)
                .and_modify(|kept| kept.count = kept.count.saturating_add(theirs.count))
                .or_insert_with(|| theirs.clone());
        });
        self.total = self.total.saturating_add(other.total);
        self.removed = self.removed.saturating_add(other.removed);
        if self.counts.len() > 2 * self.capacity {
            self.cut();
        }
        Ok(())
    }

    /// Occurrences of all values.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// How far any count may fall short; 0 means that every value was kept and all counts are exact.
    pub fn shortfall(&self) -> u64 {
        self.removed
    }

    /// The `k` values of highest count, then by text.
    pub fn top(&self, k: usize) -> Vec<FrequentItem> {
        let mut items: Vec<FrequentItem> = self
            .counts
            .values()
            .map(|kept| FrequentItem {
                value: kept.value.as_deref().unwrap_or_default().to_owned(),
                lower: kept.count,
                upper: kept.count.saturating_add(self.removed),
            })
            .collect();
        items.sort_by(|a, b| b.lower.cmp(&a.lower).then_with(|| a.value.cmp(&b.value)));
        items.truncate(k);
        items
    }

    /// The state in bytes, little-endian: version, capacity, removed, total, then hash, count and text of each value.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend((self.capacity as u32).to_le_bytes());
        bytes.extend(self.removed.to_le_bytes());
        bytes.extend(self.total.to_le_bytes());
        let mut kept: Vec<(&u64, &Kept)> = self.counts.iter().collect();
        kept.sort_by_key(|(hash, _)| **hash);
        for (hash, kept) in kept {
            let text = kept.value.as_deref().unwrap_or_default().as_bytes();
            bytes.extend(hash.to_le_bytes());
            bytes.extend(kept.count.to_le_bytes());
            bytes.extend((text.len() as u16).to_le_bytes());
            bytes.extend(text);
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote; `None` for anything else, whatever the bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        let (capacity, rest) = rest.split_first_chunk::<4>()?;
        let (removed, rest) = rest.split_first_chunk::<8>()?;
        let (total, mut rest) = rest.split_first_chunk::<8>()?;
        let mut state = Self::new(u32::from_le_bytes(*capacity) as usize).ok()?;
        state.removed = u64::from_le_bytes(*removed);
        state.total = u64::from_le_bytes(*total);
        let mut counted = 0_u64;
        while let Some((hash, after)) = rest.split_first_chunk::<8>() {
            let (count, after) = after.split_first_chunk::<8>()?;
            let (length, after) = after.split_first_chunk::<2>()?;
            let (text, after) = after.split_at_checked(u16::from_le_bytes(*length).into())?;
            let count = u64::from_le_bytes(*count);
            counted = counted.checked_add(count)?;
            let value = Some(std::str::from_utf8(text).ok()?.into());
            state.counts.insert(u64::from_le_bytes(*hash), Kept { count, place: 0, value });
            if text.len() > LONGEST_KEPT || state.counts.len() > 2 * state.capacity {
                return None;
            }
            rest = after;
        }
        let sound = counted <= state.total && state.removed <= state.total;
        (*version == VERSION && rest.is_empty() && sound).then_some(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[u8]) -> HeavyHitters {
        let mut state = HeavyHitters::new(8).unwrap();
        let hashes: Vec<u64> = values.iter().map(|value| crate::mix64(u64::from(*value) + 1)).collect();
        state.insert(&hashes, |place| values[place].to_string());
        state
    }

    proptest! {
        #[test]
        fn bounds_hold_after_any_merge(a in prop::collection::vec(0_u8..60, 0..300), b in prop::collection::vec(0_u8..60, 0..300)) {
            let (mut left, right) = (of(&a), of(&b));
            left.merge(&right).unwrap();
            prop_assert!(left.shortfall() as usize <= (a.len() + b.len()) / 9);
            for item in left.top(100) {
                let count = a.iter().chain(&b).filter(|v| v.to_string() == item.value).count() as u64;
                prop_assert!(item.lower <= count && count <= item.upper);
            }
            prop_assert_eq!(HeavyHitters::from_bytes(&left.to_bytes()).unwrap().top(100), left.top(100));
        }

        #[test]
        fn any_bytes_are_a_state_or_nothing(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = HeavyHitters::from_bytes(&bytes);
        }
    }
}

//! The most frequent values of a fast stream: Misra–Gries over hashes, one copy of each kept value.
//!
//! Sources as [`super::FrequentItems`], whose bounds hold here, too. Values are told apart by 64-bit hashes, so that a
//! value costs a table look-up and no allocation; two of a million values share a hash with chance 3·10⁻⁸.

use super::tally::{Repeat, tally};
use crate::StatsError;
use crate::sketch::FrequentItem;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// First byte of a written state.
const VERSION: u8 = 1;
/// Longest text kept of a value, in bytes.
pub const LONGEST_KEPT: usize = 256;
/// Values of a batch from which on it is sieved.
const SIEVED: usize = 2_048;
/// Counters of the sieve, as a power of two: they stay in the nearest cache.
const SIEVE_BITS: u32 = 12;
/// A batch of n values is sieved of those that occur at most n / [`RARE`] times.
const RARE: usize = 512;
/// Different values that are counted at a time.
const TALLIED: usize = 1_024;

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
    ///
    /// While all values fit, they are counted exactly. Later a large batch is sieved: what can occur in it a few times at
    /// most is dropped unseen, as if a cut had taken it, and the cut takes no more than the bound allows.
    pub fn insert(&mut self, hashes: &[u64], value: impl Fn(usize) -> String) {
        if self.removed == 0
            && let Some(repeats) = tally(hashes, 2 * self.capacity)
        {
            self.insert_repeats(&repeats, value);
            return;
        }
        if let Some((places, rare)) = self.sieve(hashes) {
            self.total += (hashes.len() - places.len()) as u64;
            self.removed += rare;
            if places.is_empty() {
                return;
            }
            let left: Vec<u64> = places.iter().map(|place| hashes[*place as usize]).collect();
            if let Some(mut repeats) = tally(&left, TALLIED) {
                // The sieve's counters are shared; what is rare after all is dropped with the others.
                let counts = &self.counts;
                let dropped =
                    |repeat: &Repeat| u64::from(repeat.count) <= rare && !counts.contains_key(&repeat.hash);
                let lost: u64 = repeats
                    .iter()
                    .filter(|repeat| dropped(repeat))
                    .map(|repeat| u64::from(repeat.count))
                    .sum();
                repeats.retain(|repeat| !dropped(repeat));
                self.total += lost;
                self.insert_repeats(&repeats, |at| {
                    places.get(at).map_or_else(String::new, |place| value(*place as usize))
                });
            } else {
                self.insert_all(&left, |at| {
                    places.get(at).map_or_else(String::new, |place| value(*place as usize))
                });
            }
            return;
        }
        self.insert_all(hashes, value);
    }

    /// Adds values that were counted already; `value` gives the text at the place of each.
    pub fn insert_repeats(&mut self, repeats: &[Repeat], value: impl Fn(usize) -> String) {
        for repeat in repeats {
            let count = u64::from(repeat.count);
            self.total += count;
            let new = Kept { count: 0, place: repeat.place, value: None };
            self.counts.entry(repeat.hash).or_insert(new).count += count;
        }
        if self.counts.len() > 2 * self.capacity {
            self.cut();
        }
        self.counts.values_mut().filter(|kept| kept.value.is_none()).for_each(|kept| {
            let mut text = value(kept.place as usize);
            text.truncate(text.floor_char_boundary(LONGEST_KEPT));
            kept.value = Some(text.into_boxed_str());
            kept.place = 0;
        });
    }

    /// Adds every value, however many there are.
    fn insert_all(&mut self, hashes: &[u64], value: impl Fn(usize) -> String) {
        for (piece, start) in hashes.chunks(TALLIED).zip((0..).step_by(TALLIED)) {
            let repeats = tally(piece, TALLIED).unwrap_or_default();
            self.insert_repeats(&repeats, |place| value(start + place));
        }
    }

    /// The places of a batch's values that may occur more than a few times, and how often any other occurs at most; nothing
    /// where dropping the others would take more from the counts than the bound allows.
    ///
    /// Values share counters by their hashes, so a counter is no less than the occurrences of each of its values.
    fn sieve(&self, hashes: &[u64]) -> Option<(Vec<u32>, u64)> {
        if hashes.len() < SIEVED {
            return None;
        }
        let rare = u32::try_from(hashes.len() / RARE).unwrap_or(u32::MAX);
        let mut counters = [0_u32; 1 << SIEVE_BITS];
        for hash in hashes {
            counters[(hash >> (64 - SIEVE_BITS)) as usize] += 1;
        }
        let most = counters.iter().copied().filter(|count| *count <= rare).max().unwrap_or(0);
        let dropped: u64 =
            counters.iter().filter(|count| **count <= rare).map(|count| u64::from(*count)).sum();
        if most == 0 || dropped / u64::from(most) <= self.capacity as u64 {
            return None;
        }
        let kept = hashes.len() - usize::try_from(dropped).unwrap_or(hashes.len());
        let mut places = Vec::with_capacity(kept);
        if kept == 0 {
            return Some((places, u64::from(most)));
        }
        for (hash, place) in hashes.iter().zip(0_u32..) {
            if counters[(hash >> (64 - SIEVE_BITS)) as usize] > rare {
                places.push(place);
            }
        }
        Some((places, u64::from(most)))
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
        fn large_batches_keep_the_bounds(seed in any::<u64>(), different in 1_usize..6_000, frequent in 0_usize..40, batch in 1_000_usize..9_000) {
            let mut random = crate::Random::new(seed);
            let mut state = HeavyHitters::new(16).unwrap();
            let mut counts = std::collections::BTreeMap::<u64, u64>::new();
            let mut total = 0;
            for _ in 0..4 {
                let values: Vec<u64> = (0..batch)
                    .map(|_| if random.below(100) < frequent { random.below(3) } else { 3 + random.below(different) } as u64)
                    .collect();
                values.iter().for_each(|value| *counts.entry(*value).or_default() += 1);
                let hashes: Vec<u64> = values.iter().map(|value| crate::mix64(value + 1)).collect();
                state.insert(&hashes, |place| values[place].to_string());
                total += batch as u64;
            }
            prop_assert_eq!(state.total(), total);
            prop_assert!(state.shortfall() <= total / 17);
            let items = state.top(100);
            for item in &items {
                let count = counts[&item.value.parse::<u64>().unwrap()];
                prop_assert!(item.lower <= count && count <= item.upper);
            }
            let kept: std::collections::BTreeSet<u64> = items.iter().map(|item| item.value.parse().unwrap()).collect();
            prop_assert!(counts.iter().all(|(value, count)| kept.contains(value) || *count <= state.shortfall()));
            prop_assert_eq!(HeavyHitters::from_bytes(&state.to_bytes()).unwrap(), state);
        }

        #[test]
        fn any_bytes_are_a_state_or_nothing(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = HeavyHitters::from_bytes(&bytes);
        }
    }
}

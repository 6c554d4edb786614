//! Quantiles with an error in rank: the KLL sketch.
//!
//! Source: Karnin, Lang & Liberty, "Optimal quantile approximation in streams", FOCS 2016; the sizes of the levels and the
//! constant of the error are those of Ivkin, Liberty, Lang, Karnin & Braverman, arXiv:1907.00236 (2019). Where
//! [`super::DdSketch`] bounds the error of a value relative to its size, this one bounds how many values lie between the
//! estimate and the truth, which also serves years, identifiers and times far from zero.
//!
//! Batches of long streams go through a sampler in place of the lowest levels, as the paper's section 3 proposes: of every
//! block of 2^h values one, drawn at random, stands for all. The state sums the variance that this adds, and says so.

use super::moments::finite_range;
use crate::{StatsError, mix64};

/// Values of the lowest level before it is cut: sorting runs pays off at this size.
const FRESH: usize = 256;
/// Smallest capacity of a level.
const NARROWEST: usize = 8;
/// Each level down holds this share of the level above.
const SHRINK: f64 = 2.0 / 3.0;
/// Most levels: enough for 2^60 values.
const MOST_LEVELS: usize = 60;
/// Most values of a state that is read back: sums of many stay within 64 bits.
const MOST_COUNTED: u64 = 1 << 56;
/// First byte of a written state. The first version had no variance of sampling.
const VERSION: u8 = 2;
/// Values of a batch between two looks at how long the stream has become.
const CHUNK: usize = 8_192;
/// The 99.5th percentile of a normal deviate: two-sided 99 %.
const TWO_SIDED_99: f64 = 2.575_829_303_548_9;

/// Quantiles of a stream: exact while nothing had to be dropped, within [`KllSketch::rank_error`] afterwards.
///
/// The same values in the same order give the same state; another order, or another order of merging, gives another
/// state with the same promise.
#[derive(Debug, Clone, PartialEq)]
pub struct KllSketch {
    k: usize,
    count: u64,
    range: Option<(f64, f64)>,
    coin: u64,
    /// Σ w² over the blocks of w values of which one was drawn: four times the most that sampling adds to the variance of a rank.
    sampled: f64,
    /// Values of weight 2^index.
    levels: Vec<Vec<f64>>,
}

impl KllSketch {
    /// An empty sketch; `k` trades memory (about 3·k + 256 values) for accuracy.
    ///
    /// # Errors
    /// [`StatsError::Domain`] unless 8 ≤ k ≤ 65,535.
    pub fn new(k: usize) -> Result<Self, StatsError> {
        if !(NARROWEST..=65_535).contains(&k) {
            return Err(StatsError::Domain { subject: "k", value: k as f64, expected: "8 to 65535" });
        }
        Ok(Self { k, count: 0, range: None, coin: 0, sampled: 0.0, levels: Vec::new() })
    }

    /// Adds a value; NaN and infinities are left out, so count them beforehand.
    #[inline]
    pub fn insert(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        self.widen((value, value));
        self.count += 1;
        self.push(0, value);
        if self.levels[0].len() >= FRESH {
            self.shrink();
        }
    }

    /// Adds the values of a batch; NaN and infinities are left out.
    ///
    /// Once the stream is long beside k² / 16, one value of each block of 2^h ≤ 16 · count / k² stands for its block. That adds at
    /// most 3.1 / k to the rank error at 99 % confidence, in quadrature; [`Self::rank_error`] says how much it was.
    pub fn extend(&mut self, values: &[f64]) {
        for values in values.chunks(CHUNK) {
            let Some(range) = finite_range(values) else {
                values.iter().for_each(|value| self.insert(*value));
                continue;
            };
            self.widen(range);
            let height = self.sampling_height();
            self.count += values.len() as u64;
            let blocks = values.chunks_exact(1 << height);
            let rest = blocks.remainder();
            if height == 0 {
                for value in values {
                    self.push(0, *value);
                    if self.levels[0].len() >= FRESH {
                        self.shrink();
                    }
                }
                continue;
            }
            let width = (1_u64 << height) as f64;
            self.sampled += width * width * blocks.len() as f64;
            let mask = (1_usize << height) - 1;
            // Drawn by the values, too, so that parts of a dataset do not all draw alike.
            let seed = values.first().map_or(0, |first| mix64(first.to_bits()));
            for block in blocks {
                self.coin = self.coin.wrapping_add(1);
                self.levels[height].push(block[mix64(self.coin ^ seed) as usize & mask]);
            }
            rest.iter().for_each(|value| self.push(0, *value));
            self.shrink();
        }
    }

    /// Adds `count` occurrences of a finite value; O(k log count) at most. What is not finite is left out.
    pub fn insert_repeated(&mut self, value: f64, count: u64) {
        if !value.is_finite() || count == 0 {
            return;
        }
        self.widen((value, value));
        self.count = self.count.saturating_add(count);
        if self.levels.is_empty() {
            self.levels.push(Vec::new());
        }
        let mut rest = count;
        while rest > 0 {
            // The bits of the count that have a level; whatever is beyond the highest level goes there several times.
            let top = self.levels.len() - 1;
            let room = self.capacity(top).saturating_sub(self.levels[top].len()).max(1);
            let times = (rest >> top).min(room as u64);
            if times > 0 {
                let filled = self.levels[top].len() + times as usize;
                self.levels[top].resize(filled, value);
                rest -= times << top;
            } else {
                for (level, values) in self.levels.iter_mut().enumerate() {
                    if rest >> level & 1 == 1 {
                        values.push(value);
                    }
                }
                rest = 0;
            }
            self.shrink();
        }
    }

    /// Log₂ of how many values a drawn one stands for: none before 2 · k² / 16 values, and never beyond the levels there are.
    fn sampling_height(&self) -> usize {
        let whole = (self.k as u64 * self.k as u64 / 16).max(1);
        let height = (self.count / whole).checked_ilog2().unwrap_or(0) as usize;
        height.min(self.levels.len().saturating_sub(1)).min(CHUNK.trailing_zeros() as usize)
    }

    fn widen(&mut self, (low, high): (f64, f64)) {
        self.range = Some(self.range.map_or((low, high), |(a, b)| (a.min(low), b.max(high))));
    }

    #[inline]
    fn push(&mut self, level: usize, value: f64) {
        if self.levels.is_empty() {
            self.levels.push(Vec::new());
        }
        self.levels[level].push(value);
    }

    /// Values a level may hold when there are `self.levels.len()` of them.
    fn capacity(&self, level: usize) -> usize {
        let depth = self.levels.len() - 1 - level;
        let width = (self.k as f64 * SHRINK.powi(depth as i32)).ceil() as usize;
        width.max(if level == 0 { FRESH } else { NARROWEST })
    }

    /// Halves levels that are full, from the lowest up, until all fit.
    fn shrink(&mut self) {
        let mut level = 0;
        while level < self.levels.len() {
            if self.levels[level].len() >= self.capacity(level) && level + 1 < MOST_LEVELS {
                self.halve(level);
            }
            level += 1;
        }
    }

    /// Passes every second value of a level, in order of size, to the level above, with twice the weight.
    fn halve(&mut self, level: usize) {
        let mut values = std::mem::take(&mut self.levels[level]);
        // As whole numbers of the same order, which sort several times quicker.
        let mut keys: Vec<i64> = values.iter().map(|value| key(*value)).collect();
        if level == 0 {
            keys.sort_unstable();
        } else {
            #[expect(
                clippy::stable_sort_primitive,
                reason = "halves of lower levels lie here one behind another, and the stable sort merges such runs"
            )]
            keys.sort();
        }
        values.iter_mut().zip(keys).for_each(|(value, key)| *value = number(key));
        // A value without a partner stays.
        let rest = if values.len() % 2 == 1 { values.pop() } else { None };
        self.coin = self.coin.wrapping_add(1);
        let parity = (mix64(self.coin) & 1) as usize;
        if level + 1 == self.levels.len() {
            self.levels.push(Vec::new());
        }
        self.levels[level + 1].extend(values.iter().skip(parity).step_by(2));
        values.clear();
        values.extend(rest);
        self.levels[level] = values;
    }

    /// Takes in another sketch.
    ///
    /// # Errors
    /// [`StatsError::Incompatible`] when the two were made with different `k`.
    pub fn merge(&mut self, other: &Self) -> Result<(), StatsError> {
        if self.k != other.k {
            return Err(StatsError::Incompatible { subject: "rank" });
        }
        self.range = match (self.range, other.range) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (mine, theirs) => mine.or(theirs),
        };
        self.count = self.count.saturating_add(other.count);
        self.coin = self.coin.wrapping_add(other.coin);
        self.sampled += other.sampled;
        while self.levels.len() < other.levels.len() {
            self.levels.push(Vec::new());
        }
        self.levels.iter_mut().zip(&other.levels).for_each(|(to, from)| to.extend(from));
        self.shrink();
        Ok(())
    }

    /// Finite values seen.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Smallest and largest value, exact.
    pub fn range(&self) -> Option<(f64, f64)> {
        self.range
    }

    /// Whether no value had to be dropped: every answer is exact then.
    pub fn is_exact(&self) -> bool {
        self.levels.len() <= 1
    }

    /// How far the rank of an answer may be off, as a share of all values, at 99 % confidence; 0 while exact.
    pub fn rank_error(&self) -> f64 {
        if self.is_exact() {
            return 0.0;
        }
        let sampling = TWO_SIDED_99 * self.sampled.sqrt() / 2.0 / self.count.max(1) as f64;
        (2.296 / (self.k as f64).powf(0.9021)).hypot(sampling)
    }

    /// The kept values in ascending order, each with the number of values it stands for; weights sum to the count.
    pub fn points(&self) -> Vec<(f64, u64)> {
        let mut points: Vec<(f64, u64)> = self
            .levels
            .iter()
            .zip(0_u32..)
            .flat_map(|(values, level)| values.iter().map(move |value| (*value, 1_u64 << level.min(63))))
            .collect();
        points.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        points
    }

    /// The values of ranks ⌊q (n − 1)⌋ for ascending or any `q`; `None` when empty or a q is outside 0 to 1.
    pub fn quantiles(&self, shares: &[f64]) -> Option<Vec<f64>> {
        let (low, high) = self.range?;
        let points = self.points();
        let mut before = Vec::with_capacity(points.len());
        let mut sum = 0_u64;
        for (_, weight) in &points {
            sum = sum.saturating_add(*weight);
            before.push(sum);
        }
        shares
            .iter()
            .map(|q| {
                if !(0.0..=1.0).contains(q) {
                    return None;
                }
                if *q <= 0.0 || *q >= 1.0 {
                    return Some(if *q <= 0.0 { low } else { high });
                }
                let rank = (q * (self.count - 1) as f64).floor() as u64;
                let place = before.partition_point(|sum| *sum <= rank);
                Some(points.get(place).map_or(high, |(value, _)| *value))
            })
            .collect()
    }

    /// Counts between consecutive `edges` (ascending), below the first and from the last on: `edges.len() + 1` bins.
    pub fn histogram(&self, edges: &[f64]) -> Vec<u64> {
        let mut bins = vec![0; edges.len() + 1];
        for (value, weight) in self.points() {
            bins[edges.partition_point(|edge| *edge <= value)] += weight;
        }
        bins
    }

    /// The state in bytes, little-endian: version, k, count, coin, variance of sampling, range, then each level's length and values.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend((self.k as u32).to_le_bytes());
        bytes.extend(self.count.to_le_bytes());
        bytes.extend(self.coin.to_le_bytes());
        bytes.extend(self.sampled.to_le_bytes());
        let (low, high) = self.range.unwrap_or((f64::NAN, f64::NAN));
        bytes.extend(low.to_le_bytes());
        bytes.extend(high.to_le_bytes());
        for level in &self.levels {
            bytes.extend((level.len() as u32).to_le_bytes());
            level.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote, of this version or the first; `None` for anything else, whatever the bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        let (k, rest) = rest.split_first_chunk::<4>()?;
        let (count, rest) = rest.split_first_chunk::<8>()?;
        let (coin, mut rest) = rest.split_first_chunk::<8>()?;
        let mut sampled = 0.0;
        if *version == VERSION {
            let (variance, after) = rest.split_first_chunk::<8>()?;
            (sampled, rest) = (f64::from_le_bytes(*variance), after);
        }
        let (low, rest) = rest.split_first_chunk::<8>()?;
        let (high, mut rest) = rest.split_first_chunk::<8>()?;
        let mut sketch = Self::new(u32::from_le_bytes(*k) as usize).ok()?;
        sketch.count = u64::from_le_bytes(*count);
        sketch.coin = u64::from_le_bytes(*coin);
        sketch.sampled = sampled;
        let (low, high) = (f64::from_le_bytes(*low), f64::from_le_bytes(*high));
        sketch.range = (sketch.count > 0).then_some((low, high));
        let mut weight = 0_u64;
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let bytes = (u32::from_le_bytes(*length) as usize).checked_mul(8)?;
            let (values, after) = after.split_at_checked(bytes)?;
            let level = sketch.levels.len();
            if level >= MOST_LEVELS {
                return None;
            }
            let (values, _) = values.as_chunks::<8>();
            let values: Vec<f64> = values.iter().map(|value| f64::from_le_bytes(*value)).collect();
            if !values.iter().all(|value| (low..=high).contains(value)) {
                return None;
            }
            weight = weight.checked_add((values.len() as u64).checked_mul(1 << level)?)?;
            sketch.levels.push(values);
            rest = after;
        }
        let ranged = sketch.range.is_none_or(|(low, high)| low.is_finite() && high.is_finite());
        let known = (1..=VERSION).contains(version);
        let sound = known && rest.is_empty() && weight == sketch.count && weight <= MOST_COUNTED;
        let ranged = ranged && sampled.is_finite() && sampled >= 0.0;
        (sound && ranged).then_some(sketch)
    }
}

/// The bits of a number in the order of [`f64::total_cmp`].
fn key(value: f64) -> i64 {
    let bits = value.to_bits().cast_signed();
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
}

/// The number with such a key.
fn number(key: i64) -> f64 {
    f64::from_bits((key ^ ((key >> 63).cast_unsigned() >> 1).cast_signed()).cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Random;
    use proptest::prelude::*;

    fn of(values: impl IntoIterator<Item = f64>) -> KllSketch {
        let mut sketch = KllSketch::new(200).unwrap();
        values.into_iter().for_each(|value| sketch.insert(value));
        sketch
    }

    /// Largest distance between the rank of an estimate and the rank asked for, as a share, over percentiles.
    fn worst(sketch: &KllSketch, sorted: &[f64]) -> f64 {
        let shares: Vec<f64> = (1..100).map(|q| f64::from(q) / 100.0).collect();
        let estimates = sketch.quantiles(&shares).unwrap();
        let n = sorted.len() as f64;
        let gaps = shares.iter().zip(estimates).map(|(q, value)| {
            let below = sorted.partition_point(|v| *v < value) as f64 / n;
            let upto = sorted.partition_point(|v| *v <= value) as f64 / n;
            (below - q).max(q - upto).max(0.0)
        });
        gaps.fold(0.0, f64::max)
    }

    #[test]
    fn ranks_stay_within_the_stated_error_in_any_order() {
        let mut random = Random::new(3);
        let n = 200_000;
        let sorted: Vec<f64> = (0..n).map(f64::from).collect();
        let mut shuffled = sorted.clone();
        random.shuffle(&mut shuffled);
        let backward: Vec<f64> = sorted.iter().rev().copied().collect();
        for order in [&sorted, &shuffled, &backward] {
            let sketch = of(order.iter().copied());
            assert!(worst(&sketch, &sorted) <= sketch.rank_error(), "{}", worst(&sketch, &sorted));
            assert!(sketch.points().len() < 3 * 200 + FRESH + NARROWEST * 12);
        }
    }

    #[test]
    fn merged_parts_keep_the_stated_error() {
        let n = 160_000;
        let sorted: Vec<f64> = (0..n).map(f64::from).collect();
        let mut whole = KllSketch::new(200).unwrap();
        for part in 0..16 {
            whole.merge(&of((0..n).filter(|i| i % 16 == part).map(f64::from))).unwrap();
        }
        assert_eq!(whole.count(), 160_000);
        assert_eq!(whole.points().iter().map(|point| point.1).sum::<u64>(), 160_000);
        assert!(worst(&whole, &sorted) <= whole.rank_error(), "{}", worst(&whole, &sorted));
    }

    #[test]
    fn batches_that_are_sampled_keep_the_stated_error() {
        let mut random = Random::new(5);
        let n = 2_000_000;
        let sorted: Vec<f64> = (0..n).map(f64::from).collect();
        let mut shuffled = sorted.clone();
        random.shuffle(&mut shuffled);
        for order in [&sorted, &shuffled] {
            for parts in [1, 8] {
                let mut whole = KllSketch::new(512).unwrap();
                for part in order.chunks(sorted.len() / parts) {
                    let mut sketch = KllSketch::new(512).unwrap();
                    part.chunks(3_000).for_each(|batch| sketch.extend(batch));
                    assert!(sketch.sampled > 0.0 && sketch.points().len() < 3_000);
                    whole.merge(&KllSketch::from_bytes(&sketch.to_bytes()).unwrap()).unwrap();
                }
                assert_eq!(whole.points().iter().map(|point| point.1).sum::<u64>(), n as u64);
                assert_eq!((whole.count(), whole.range()), (n as u64, Some((0.0, f64::from(n - 1)))));
                assert!(whole.rank_error() < 0.0103, "{}", whole.rank_error());
                assert!(worst(&whole, &sorted) <= whole.rank_error(), "{}", worst(&whole, &sorted));
            }
        }
    }

    #[test]
    fn repeated_values_weigh_as_many_as_they_are() {
        let mut sketch = KllSketch::new(512).unwrap();
        let mut sorted = Vec::new();
        for round in 0..400_u32 {
            for value in 0..30_u32 {
                let count = 1 + (value * 97 + round * 31) % 500;
                sketch.insert_repeated(f64::from(value), count.into());
                sorted.extend(std::iter::repeat_n(f64::from(value), count as usize));
            }
        }
        sorted.sort_unstable_by(f64::total_cmp);
        assert_eq!(sketch.count(), sorted.len() as u64);
        assert_eq!(sketch.points().iter().map(|point| point.1).sum::<u64>(), sorted.len() as u64);
        assert!(sketch.points().len() < 3_000);
        assert!(worst(&sketch, &sorted) <= sketch.rank_error());
        sketch.insert_repeated(7.0, 1 << 50);
        assert_eq!(sketch.quantiles(&[0.5]).unwrap(), [7.0]);
        assert_eq!(KllSketch::from_bytes(&sketch.to_bytes()).unwrap(), sketch);
    }

    #[test]
    fn a_state_of_the_first_version_is_read() {
        let sketch = of((0..900).map(f64::from));
        let mut bytes = sketch.to_bytes();
        bytes[0] = 1;
        bytes.drain(21..29);
        assert_eq!(KllSketch::from_bytes(&bytes), Some(sketch));
    }

    #[test]
    fn quantiles_of_few_values_are_those_of_numpy_lower() {
        // numpy.quantile(range(11), [0, .25, .5, .99, 1], method="lower")
        let sketch = of((0..11).map(f64::from));
        assert_eq!(sketch.quantiles(&[0.0, 0.25, 0.5, 0.99, 1.0]).unwrap(), [0.0, 2.0, 5.0, 9.0, 10.0]);
        assert!(sketch.quantiles(&[1.5]).is_none() && of([]).quantiles(&[0.5]).is_none());
        assert_eq!(sketch.histogram(&[3.0, 8.0]), [3, 5, 3]);
    }

    proptest! {
        #[test]
        fn keys_have_the_order_of_their_numbers(one in any::<f64>(), other in any::<f64>()) {
            prop_assert_eq!(key(one).cmp(&key(other)), one.total_cmp(&other));
            prop_assert_eq!(number(key(one)).to_bits(), one.to_bits());
        }

        #[test]
        fn a_state_is_read_as_it_was_written(values in prop::collection::vec(-1e9_f64..1e9, 0..3000)) {
            let sketch = of(values);
            prop_assert_eq!(KllSketch::from_bytes(&sketch.to_bytes()).unwrap(), sketch);
        }

        #[test]
        fn any_bytes_are_a_state_or_nothing(mut bytes in prop::collection::vec(any::<u8>(), 0..200), flip in any::<u16>()) {
            let _ = KllSketch::from_bytes(&bytes);
            bytes = of((0..300).map(f64::from)).to_bytes();
            let place = usize::from(flip) % bytes.len();
            bytes[place] ^= 1 << (flip % 8);
            if let Some(sketch) = KllSketch::from_bytes(&bytes) {
                let _ = sketch.quantiles(&[0.1, 0.9]);
                let mut other = of((0..900).map(f64::from));
                let _ = other.merge(&sketch);
            }
        }
    }
}

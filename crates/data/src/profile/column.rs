//! The state of one column.

use super::kind::ValueKind;
use bartizan_core::Cursor;
use bartizan_stats::StatsError;
use bartizan_stats::sketch::{HeavyHitters, HyperLogLog, KllSketch, Moments};

/// 4,096 registers: relative standard error 1.6 % of a distinct count.
const PRECISION: u8 = 12;
/// Rank error of a quantile 0.83 % at 99 % confidence, and up to 1.02 % where a long column is sampled.
const RANKS: usize = 512;
/// Frequent values kept; a count falls short by at most rows / 257.
pub(super) const FREQUENT: usize = 256;
/// Frequent shapes of texts kept.
const SHAPES: usize = 64;
/// Most rows of a state that is read back: sums of many stay within 64 bits.
const MOST_ROWS: u64 = 1 << 56;
/// First byte of a written state.
const VERSION: u8 = 1;

/// Counts and sketches of one column; all of it merges.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnState {
    kind: ValueKind,
    pub(super) rows: u64,
    pub(super) missing: u64,
    pub(super) nan: u64,
    pub(super) infinite: u64,
    pub(super) empty: u64,
    pub(super) range: Option<(f64, f64)>,
    /// Of numbers themselves; of texts, bytes and lists, of their lengths.
    pub(super) moments: Moments,
    pub(super) ranks: KllSketch,
    pub(super) distinct: HyperLogLog,
    pub(super) frequent: HeavyHitters,
    pub(super) shapes: HeavyHitters,
}

impl ColumnState {
    /// An empty state.
    ///
    /// # Errors
    /// None in practice: the parameters are constants within their domains.
    pub fn new(kind: ValueKind) -> Result<Self, StatsError> {
        Ok(Self {
            kind,
            rows: 0,
            missing: 0,
            nan: 0,
            infinite: 0,
            empty: 0,
            range: None,
            moments: Moments::default(),
            ranks: KllSketch::new(RANKS)?,
            distinct: HyperLogLog::new(PRECISION)?,
            frequent: HeavyHitters::new(FREQUENT)?,
            shapes: HeavyHitters::new(SHAPES)?,
        })
    }

    /// What the values are.
    pub fn kind(&self) -> ValueKind {
        self.kind
    }

    /// Rows seen, missing values included.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows without a value.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// Smallest and largest finite value, of texts the shortest and longest length.
    pub fn range(&self) -> Option<(f64, f64)> {
        self.range
    }

    /// Quantiles of the values, of texts of their lengths.
    pub fn ranks(&self) -> &KllSketch {
        &self.ranks
    }

    /// Moments of the values, of texts of their lengths.
    pub fn moments(&self) -> &Moments {
        &self.moments
    }

    /// Frequent values.
    pub fn frequent(&self) -> &HeavyHitters {
        &self.frequent
    }

    /// Frequent shapes of texts.
    pub fn shapes(&self) -> &HeavyHitters {
        &self.shapes
    }

    /// Estimated number of different values.
    pub fn distinct(&self) -> f64 {
        self.distinct.estimate().min(self.rows.saturating_sub(self.missing) as f64)
    }

    /// Standard error of [`Self::distinct`] relative to it.
    pub fn distinct_error(&self) -> f64 {
        self.distinct.relative_error()
    }

    /// Values that are no finite numbers: (NaN, infinite).
    pub fn not_finite(&self) -> (u64, u64) {
        (self.nan, self.infinite)
    }

    /// Texts of no character.
    pub fn empty(&self) -> u64 {
        self.empty
    }

    /// Adds `rows` rows, `missing` of them without a value; the values come by the other methods.
    pub fn add_rows(&mut self, rows: u64, missing: u64) {
        self.rows = self.rows.saturating_add(rows);
        self.missing = self.missing.saturating_add(missing);
    }

    /// Takes in another state. Integers among floats, and the like, become the wider kind.
    ///
    /// # Errors
    /// [`StatsError::Incompatible`] when one holds texts and the other numbers.
    pub fn merge(&mut self, other: &Self) -> Result<(), StatsError> {
        self.kind = match (self.kind, other.kind) {
            (mine, theirs) if mine == theirs => mine,
            (mine, theirs) if mine.is_number() && theirs.is_number() => mine.max(theirs),
            (mine, theirs) if theirs == ValueKind::Other && other.missing == other.rows => mine,
            (mine, theirs) if mine == ValueKind::Other && self.missing == self.rows => theirs,
            _ => return Err(StatsError::Incompatible { subject: "column" }),
        };
        self.rows = self.rows.saturating_add(other.rows);
        self.missing = self.missing.saturating_add(other.missing);
        self.nan = self.nan.saturating_add(other.nan);
        self.infinite = self.infinite.saturating_add(other.infinite);
        self.empty = self.empty.saturating_add(other.empty);
        self.range = match (self.range, other.range) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (mine, theirs) => mine.or(theirs),
        };
        self.moments = self.moments.merged(&other.moments);
        self.ranks.merge(&other.ranks)?;
        self.distinct.merge(&other.distinct)?;
        self.frequent.merge(&other.frequent)?;
        self.shapes.merge(&other.shapes)
    }

    /// The state in bytes: version, kind, five counts, range, moments, then each sketch behind its length.
    pub fn to_bytes(&self) -> Vec<u8> {
        let kind = ValueKind::ALL.iter().position(|kind| *kind == self.kind).unwrap_or(0);
        let mut bytes = vec![VERSION, kind as u8, u8::from(self.range.is_some())];
        for count in [self.rows, self.missing, self.nan, self.infinite, self.empty] {
            bytes.extend(count.to_le_bytes());
        }
        let (low, high) = self.range.unwrap_or((0.0, 0.0));
        bytes.extend(low.to_le_bytes());
        bytes.extend(high.to_le_bytes());
        bytes.extend(self.moments.to_bytes());
        let sketches = [
            self.ranks.to_bytes(),
            self.distinct.to_bytes(),
            self.frequent.to_bytes(),
            self.shapes.to_bytes(),
        ];
        for sketch in sketches {
            bytes.extend((sketch.len() as u32).to_le_bytes());
            bytes.extend(sketch);
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote; `None` for anything else, whatever the bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let [version, kind, ranged] = cursor.array::<3>().ok()?;
        let kind = *ValueKind::ALL.get(usize::from(kind))?;
        let mut state = Self::new(kind).ok()?;
        for count in
            [&mut state.rows, &mut state.missing, &mut state.nan, &mut state.infinite, &mut state.empty]
        {
            *count = u64::from_le_bytes(cursor.array().ok()?);
        }
        let low = f64::from_le_bytes(cursor.array().ok()?);
        let high = f64::from_le_bytes(cursor.array().ok()?);
        state.range = (ranged == 1).then_some((low, high));
        state.moments = Moments::from_bytes(&cursor.array::<40>().ok()?);
        let mut sketch = || {
            let length = u32::from_le_bytes(cursor.array().ok()?);
            cursor.take(length as usize).ok()
        };
        state.ranks = KllSketch::from_bytes(sketch()?)?;
        state.distinct = HyperLogLog::from_bytes(sketch()?)?;
        state.frequent = HeavyHitters::from_bytes(sketch()?)?;
        state.shapes = HeavyHitters::from_bytes(sketch()?)?;
        let sound = version == VERSION
            && ranged <= 1
            && cursor.is_at_end()
            && state.missing <= state.rows
            && state.rows <= MOST_ROWS
            && state.moments.count() <= state.rows
            && low.is_finite()
            && high.is_finite();
        sound.then_some(state)
    }
}

#[cfg(test)]
mod tests {
    use super::super::feed::tests::numbers;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_and_numbers_do_not_merge_but_integers_and_floats_do() {
        let mut state = numbers(&[1.5]);
        assert!(state.merge(&ColumnState::new(ValueKind::Text).unwrap()).is_err());
        let mut whole = ColumnState::new(ValueKind::Integer).unwrap();
        whole.merge(&state).unwrap();
        assert_eq!(whole.kind(), ValueKind::Float);
    }

    proptest! {
        #[test]
        fn a_state_is_read_as_it_was_written(values in prop::collection::vec(any::<f64>(), 0..800)) {
            let state = numbers(&values);
            let bytes = state.to_bytes();
            prop_assert_eq!(ColumnState::from_bytes(&bytes).unwrap().to_bytes(), bytes);
        }

        #[test]
        fn damaged_states_are_refused_or_sound(cut in 0_usize..9000, place in 0_usize..9000, flip in 0_u8..8) {
            let values: Vec<f64> = (0..700).map(f64::from).collect();
            let mut bytes = numbers(&values).to_bytes();
            let end = cut.min(bytes.len() - 1);
            prop_assert!(ColumnState::from_bytes(&bytes[..end]).is_none());
            let place = place % bytes.len();
            bytes[place] ^= 1 << flip;
            if let Some(mut state) = ColumnState::from_bytes(&bytes) {
                let _ = state.merge(&numbers(&values));
                let _ = (state.distinct(), state.ranks().quantiles(&[0.5]), state.frequent().top(3));
            }
        }
    }
}

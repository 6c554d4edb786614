//! `bartizan_intervals(x)`: proof that no value occurs twice, where the order of the rows gives it for nothing.
//!
//! Identifiers mostly ascend. If the values of every batch strictly ascend and the intervals between the first and the last
//! value of all batches are disjoint, all values differ; the proof costs a comparison a row and 16 bytes a batch. Where it
//! fails, nothing is said, and the values are grouped instead.

use super::wrapper::{Bytes, State, damaged, field};
use crate::error::EngineError;
use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

/// Most intervals kept: beyond, nothing is proven.
const MOST: usize = 1 << 18;
/// Longest text that bounds an interval.
const LONGEST: usize = 256;

/// The aggregate.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct IntervalsAggregate {
    signature: Signature,
}

impl IntervalsAggregate {
    /// The function.
    pub fn function() -> AggregateUDF {
        AggregateUDF::new_from_impl(Self { signature: Signature::any(1, Volatility::Immutable) })
    }
}

/// Intervals of strictly ascending values, or the knowledge that there are none.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Intervals {
    broken: bool,
    whole: Vec<(i64, i64)>,
    texts: Vec<(String, String)>,
}

impl Intervals {
    /// Of no value.
    pub fn new() -> Self {
        Self { broken: false, whole: Vec::new(), texts: Vec::new() }
    }

    /// Takes in the intervals of other rows.
    pub fn add(&mut self, other: Self) {
        self.whole.extend(other.whole);
        self.texts.extend(other.texts);
        self.broken |= other.broken || self.whole.len() > MOST || self.texts.len() > MOST;
        if self.broken {
            self.whole.clear();
            self.texts.clear();
        }
    }

    /// Whether all values are proven to differ.
    pub fn prove_unique(&self) -> bool {
        fn disjoint<T: Ord>(intervals: &[(T, T)]) -> bool {
            let mut sorted: Vec<&(T, T)> = intervals.iter().collect();
            sorted.sort_unstable();
            sorted.windows(2).all(|pair| matches!(pair, [before, after] if before.1 < after.0))
        }
        !self.broken
            && (self.whole.is_empty() || self.texts.is_empty())
            && disjoint(&self.whole)
            && disjoint(&self.texts)
    }
}

impl Default for Intervals {
    fn default() -> Self {
        Self::new()
    }
}

/// The intervals that the function wrote.
///
/// # Errors
/// [`EngineError::State`] when the bytes are none.
pub fn intervals(bytes: &[u8]) -> std::result::Result<Intervals, EngineError> {
    serde_json::from_slice(bytes).map_err(|_| EngineError::State)
}

impl AggregateUDFImpl for IntervalsAggregate {
    fn name(&self) -> &'static str {
        "bartizan_intervals"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn accumulator(&self, _arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Bytes::new(Intervals::new())))
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(field(arguments.name))
    }
}

impl State for Intervals {
    fn update(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Some(array) = values.first().filter(|_| !self.broken) else { return Ok(()) };
        let mut found = Self::new();
        match array.data_type() {
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32
            | DataType::Date32
            | DataType::Date64
            | DataType::Timestamp(..) => {
                let array = cast(array, &DataType::Int64)?;
                let array = array.as_primitive::<Int64Type>();
                if array.null_count() == 0 {
                    let values = array.values();
                    found.broken = !values.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
                    found.whole.extend(values.first().copied().zip(values.last().copied()));
                } else {
                    found.broken = true;
                }
            }
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                let array = cast(array, &DataType::Utf8View)?;
                let array = array.as_string_view();
                let value = |place: usize| if array.is_null(place) { None } else { Some(array.value(place)) };
                found.broken = array.null_count() > 0
                    || !(1..array.len()).all(|place| value(place.saturating_sub(1)) < value(place));
                let ends = (!array.is_empty()).then(|| (value(0), value(array.len().saturating_sub(1))));
                if let (Some((Some(first), Some(last))), false) = (ends, found.broken) {
                    found.broken = first.len() > LONGEST || last.len() > LONGEST;
                    found.texts.push((first.to_owned(), last.to_owned()));
                }
            }
            _ => found.broken = true,
        }
        self.add(found);
        Ok(())
    }

    fn merge(&mut self, bytes: &[u8]) -> Result<()> {
        self.add(serde_json::from_slice(bytes).map_err(|_| damaged())?);
        Ok(())
    }

    fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    fn size(&self) -> usize {
        self.whole.capacity().saturating_mul(16).saturating_add(self.texts.len().saturating_mul(128))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::{Int64Array, StringArray};
    use std::sync::Arc;

    fn of(batches: &[&[i64]]) -> Intervals {
        let mut state = Intervals::new();
        for batch in batches {
            let array: ArrayRef = Arc::new(Int64Array::from(batch.to_vec()));
            state.update(&[array]).unwrap();
        }
        state
    }

    #[test]
    fn ascending_batches_in_any_order_prove_uniqueness() {
        let mut state = of(&[&[7, 9], &[1, 2, 3]]);
        state.add(of(&[&[4, 5]]));
        assert!(state.prove_unique());
        assert!(intervals(&state.bytes()).unwrap().prove_unique());
    }

    #[test]
    fn repeated_or_unordered_values_prove_nothing() {
        assert!(!of(&[&[1, 2], &[2, 3]]).prove_unique());
        assert!(!of(&[&[1, 1]]).prove_unique());
        assert!(!of(&[&[2, 1]]).prove_unique());
        let mut texts = Intervals::new();
        texts.update(&[Arc::new(StringArray::from(vec!["a", "b", "c"]))]).unwrap();
        assert!(texts.prove_unique());
        texts.update(&[Arc::new(StringArray::from(vec!["c"]))]).unwrap();
        assert!(!texts.prove_unique());
    }
}

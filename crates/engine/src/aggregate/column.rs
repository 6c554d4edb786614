//! `bartizan_column(x)`: the state of a column, as bytes of [`ColumnState`].

use super::wrapper::{Bytes, State, damaged, field};
use crate::error::EngineError;
use bartizan_data::profile::{ColumnState, Parts, ValueKind, hash_number, hash_text};
use bartizan_stats::sketch::Repeat;
use bartizan_stats::{StatsError, hash64, mix64};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use datafusion::arrow::compute::{cast, filter, is_not_null};
use datafusion::arrow::datatypes::{
    DataType, FieldRef, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType, UInt64Type,
};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

/// Bytes of a binary value that are shown.
const SHOWN_BYTES: usize = 32;

/// The aggregate for values of one kind.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct ColumnAggregate {
    name: String,
    kind: &'static str,
    parts: Parts,
    signature: Signature,
}

impl ColumnAggregate {
    /// The function that fills `parts` of a state of `kind`.
    pub fn function(kind: ValueKind, parts: Parts) -> AggregateUDF {
        let mark = |on: bool, letter: &str| if on { letter.to_owned() } else { String::new() };
        let parts_name = mark(parts.distinct, "d")
            + &mark(parts.ranks, "r")
            + &mark(parts.frequent, "f")
            + &mark(parts.shapes, "s");
        AggregateUDF::new_from_impl(Self {
            name: format!("bartizan_column_{}_{parts_name}", kind.as_str()),
            kind: kind.as_str(),
            parts,
            signature: Signature::any(1, Volatility::Immutable),
        })
    }
}

impl AggregateUDFImpl for ColumnAggregate {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn accumulator(&self, _arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let kind =
            ValueKind::ALL.into_iter().find(|kind| kind.as_str() == self.kind).unwrap_or(ValueKind::Other);
        let state = ColumnState::new(kind).map_err(failed)?;
        Ok(Box::new(Bytes::new(Column { state, parts: self.parts })))
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(field(arguments.name))
    }
}

/// The state that the function wrote.
///
/// # Errors
/// [`EngineError::State`] when the bytes are none.
pub fn column_state(bytes: &[u8]) -> std::result::Result<ColumnState, EngineError> {
    ColumnState::from_bytes(bytes).ok_or(EngineError::State)
}

fn failed(error: StatsError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

#[derive(Debug)]
struct Column {
    state: ColumnState,
    parts: Parts,
}

impl State for Column {
    fn update(&mut self, values: &[ArrayRef]) -> Result<()> {
        match values.first() {
            Some(array) => observe(&mut self.state, array, self.parts),
            None => Ok(()),
        }
    }

    fn merge(&mut self, bytes: &[u8]) -> Result<()> {
        let other = ColumnState::from_bytes(bytes).ok_or_else(damaged)?;
        self.state.merge(&other).map_err(failed)
    }

    fn bytes(&self) -> Vec<u8> {
        self.state.to_bytes()
    }

    fn size(&self) -> usize {
        64 << 10
    }
}

/// Adds an array to a state.
pub(crate) fn observe(state: &mut ColumnState, array: &ArrayRef, parts: Parts) -> Result<()> {
    let missing = array.logical_null_count();
    state.add_rows(array.len() as u64, missing as u64);
    if missing == array.len() {
        return Ok(());
    }
    let array = match array.data_type() {
        DataType::Dictionary(_, value) if **value == DataType::Utf8 => {
            return dictionary(state, array, value, parts);
        }
        DataType::Dictionary(_, value) => cast(array, value)?,
        _ => array.clone(),
    };
    if missing == 0 {
        return present(state, &array, parts);
    }
    let kept: BooleanArray = is_not_null(&array)?;
    present(state, &filter(&array, &kept)?, parts)
}

/// Adds an array of keys into texts: each text once, with how often it is pointed at.
fn dictionary(state: &mut ColumnState, array: &ArrayRef, value: &DataType, parts: Parts) -> Result<()> {
    let dictionary = array.as_any_dictionary();
    let texts = dictionary.values();
    if texts.len() > array.len() {
        let plain = cast(array, value)?;
        return present(state, &filter(&plain, &is_not_null(&plain)?)?, parts);
    }
    let texts = texts.as_string::<i32>();
    let mut counts = vec![0_u32; texts.len()];
    for (row, key) in dictionary.normalized_keys().into_iter().enumerate() {
        if dictionary.keys().is_valid(row)
            && let Some(count) = counts.get_mut(key)
        {
            *count = count.saturating_add(1);
        }
    }
    let pointed_at = counts.iter().enumerate().filter(|(place, count)| **count > 0 && texts.is_valid(*place));
    let repeats: Vec<(&str, Repeat)> = pointed_at
        .map(|(place, count)| {
            let text = texts.value(place);
            (text, Repeat { hash: hash_text(text), count: *count, place: 0 })
        })
        .collect();
    state.add_repeated_texts(&repeats, parts);
    Ok(())
}

/// Adds an array without missing values.
fn present(state: &mut ColumnState, array: &ArrayRef, parts: Parts) -> Result<()> {
    match array.data_type() {
        DataType::UInt64 => {
            let whole = array.as_primitive::<UInt64Type>().values();
            let hashes = hashed(whole, parts, |value| mix64(*value));
            let numbers: Vec<f64> = whole.iter().map(|value| *value as f64).collect();
            let text = |place: usize| whole.get(place).map(ToString::to_string).unwrap_or_default();
            state.add_numbers(&numbers, &hashes, parts, text);
            Ok(())
        }
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32 => {
            let array = cast(array, &DataType::Int64)?;
            let whole = array.as_primitive::<Int64Type>().values();
            let hashes = hashed(whole, parts, |value| mix64(value.cast_unsigned()));
            let numbers: Vec<f64> = whole.iter().map(|value| *value as f64).collect();
            let text = |place: usize| whole.get(place).map(ToString::to_string).unwrap_or_default();
            state.add_numbers(&numbers, &hashes, parts, text);
            Ok(())
        }
        DataType::Float16
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => {
            let written = array.clone();
            let array = cast(array, &DataType::Float64)?;
            numbers(state, array.as_primitive::<Float64Type>().values(), &written, parts)
        }
        DataType::Boolean => {
            let yes = array.as_boolean().values().count_set_bits();
            state.add_booleans(array.len().saturating_sub(yes) as u64, yes as u64, parts);
            Ok(())
        }
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => {
            let written = array.clone();
            let array = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
            let array = array.as_primitive::<TimestampMicrosecondType>();
            let seconds: Vec<f64> = array.values().iter().map(|micro| *micro as f64 / 1e6).collect();
            numbers(state, &seconds, &written, parts)
        }
        DataType::Utf8 => {
            let array = array.as_string::<i32>();
            state.add_texts(array.len(), |place| array.value(place), parts);
            Ok(())
        }
        DataType::LargeUtf8 => {
            let array = array.as_string::<i64>();
            state.add_texts(array.len(), |place| array.value(place), parts);
            Ok(())
        }
        DataType::Utf8View => {
            let array = array.as_string_view();
            state.add_texts(array.len(), |place| array.value(place), parts);
            Ok(())
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            let array = cast(array, &DataType::LargeBinary)?;
            let array = array.as_binary::<i64>();
            let values: Vec<&[u8]> = (0..array.len()).map(|place| array.value(place)).collect();
            let hashes = hashed(&values, parts, |value| hash64(value, 0));
            let lengths: Vec<f64> = values.iter().map(|value| value.len() as f64).collect();
            state.add_numbers(&lengths, &hashes, parts, |place| {
                let value = values.get(place).copied().unwrap_or_default();
                bartizan_core::hex(value.get(..SHOWN_BYTES).unwrap_or(value))
            });
            Ok(())
        }
        DataType::List(_) => {
            let array = array.as_list::<i32>();
            let lengths: Vec<f64> = array.offsets().lengths().map(|length| length as f64).collect();
            state.add_numbers(&lengths, &[], Parts { frequent: false, distinct: false, ..parts }, |_| {
                String::new()
            });
            Ok(())
        }
        DataType::LargeList(_) => {
            let array = array.as_list::<i64>();
            let lengths: Vec<f64> = array.offsets().lengths().map(|length| length as f64).collect();
            state.add_numbers(&lengths, &[], Parts { frequent: false, distinct: false, ..parts }, |_| {
                String::new()
            });
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The hashes of values, where a part of the state wants them.
fn hashed<T>(values: &[T], parts: Parts, hash: impl Fn(&T) -> u64) -> Vec<u64> {
    if parts.distinct || parts.frequent { values.iter().map(hash).collect() } else { Vec::new() }
}

fn numbers(state: &mut ColumnState, values: &[f64], written: &ArrayRef, parts: Parts) -> Result<()> {
    let hashes = hashed(values, parts, |value| hash_number(*value));
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(written.as_ref(), &options)?;
    state.add_numbers(values, &hashes, parts, |place| {
        if place < written.len() { formatter.value(place).to_string() } else { String::new() }
    });
    Ok(())
}

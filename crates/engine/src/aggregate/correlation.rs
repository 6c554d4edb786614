//! `bartizan_correlation(a, b, …)`: co-moments of columns of numbers, as bytes of [`CorrelationState`].

use super::wrapper::{Bytes, State, damaged, field};
use crate::error::EngineError;
use bartizan_data::profile::CorrelationState;
use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType, FieldRef, Float32Type, Float64Type, Int32Type, Int64Type, UInt64Type,
};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

/// Rows of each part after which only one in [`STRIDE`] is used: the standard error of r is 0.006 by then.
const USED_WHOLE: usize = 1 << 15;
/// See [`USED_WHOLE`].
const STRIDE: usize = 16;

/// The aggregate of some columns of numbers.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct CorrelationAggregate {
    columns: usize,
    signature: Signature,
}

impl CorrelationAggregate {
    /// The function of `columns` columns.
    pub fn function(columns: usize) -> AggregateUDF {
        AggregateUDF::new_from_impl(Self {
            columns,
            signature: Signature::variadic_any(Volatility::Immutable),
        })
    }
}

impl AggregateUDFImpl for CorrelationAggregate {
    fn name(&self) -> &'static str {
        "bartizan_correlation"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn accumulator(&self, _arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let state = CorrelationState::new(self.columns)
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        Ok(Box::new(Bytes::new(Correlation { state, seen: 0 })))
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(field(arguments.name))
    }
}

/// The state that the function wrote.
///
/// # Errors
/// [`EngineError::State`] when the bytes are none.
pub fn correlation_state(bytes: &[u8]) -> std::result::Result<CorrelationState, EngineError> {
    CorrelationState::from_bytes(bytes).ok_or(EngineError::State)
}

/// Every `step`-th value of an array as a number, NaN where there is none.
pub(crate) fn numbers_of(array: &ArrayRef, step: usize) -> Result<Vec<f64>> {
    Ok(match array.data_type() {
        DataType::Float64 => strided::<Float64Type>(array, step, |value| value),
        DataType::Float32 => strided::<Float32Type>(array, step, f64::from),
        DataType::Int64 => strided::<Int64Type>(array, step, |value| value as f64),
        DataType::Int32 => strided::<Int32Type>(array, step, f64::from),
        DataType::UInt64 => strided::<UInt64Type>(array, step, |value| value as f64),
        _ => strided::<Float64Type>(&cast(array, &DataType::Float64)?, step, |value| value),
    })
}

fn strided<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    step: usize,
    number: impl Fn(T::Native) -> f64,
) -> Vec<f64> {
    let array = array.as_primitive::<T>();
    let values = array.values().iter().step_by(step);
    if array.null_count() == 0 {
        return values.map(|value| number(*value)).collect();
    }
    let places = (0..array.len()).step_by(step);
    places.zip(values).map(|(at, value)| if array.is_null(at) { f64::NAN } else { number(*value) }).collect()
}

#[derive(Debug)]
struct Correlation {
    state: CorrelationState,
    seen: usize,
}

impl State for Correlation {
    fn update(&mut self, values: &[ArrayRef]) -> Result<()> {
        let step = if self.seen >= USED_WHOLE { STRIDE } else { 1 };
        let columns: Vec<Vec<f64>> =
            values.iter().map(|array| numbers_of(array, step)).collect::<Result<_>>()?;
        let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        self.state.add(&slices);
        self.seen = self.seen.saturating_add(values.first().map_or(0, Array::len));
        Ok(())
    }

    fn merge(&mut self, bytes: &[u8]) -> Result<()> {
        let other = CorrelationState::from_bytes(bytes).ok_or_else(damaged)?;
        self.state.merge(&other).map_err(|error| DataFusionError::External(Box::new(error)))
    }

    fn bytes(&self) -> Vec<u8> {
        self.state.to_bytes()
    }

    fn size(&self) -> usize {
        32 << 10
    }
}

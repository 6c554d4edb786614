//! The engine's interface to an aggregate whose state is one string of bytes.

use crate::error::EngineError;
use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::Accumulator;
use std::fmt::Debug;
use std::sync::Arc;

/// A state that is filled from arrays, merges, and is written as bytes.
pub(super) trait State: Debug + Send + Sync {
    /// Adds a batch: one array per argument.
    fn update(&mut self, values: &[ArrayRef]) -> Result<()>;
    /// Takes in a state that was written elsewhere.
    fn merge(&mut self, bytes: &[u8]) -> Result<()>;
    /// The state as bytes.
    fn bytes(&self) -> Vec<u8>;
    /// About how much memory it takes.
    fn size(&self) -> usize;
}

/// Runs a [`State`] for the engine.
///
/// States of parts are merged in the order of their bytes, not of their arrival: the result does not depend on which
/// thread was quicker.
#[derive(Debug)]
pub(super) struct Bytes<S> {
    state: S,
    arrived: Vec<Vec<u8>>,
}

impl<S> Bytes<S> {
    pub(super) fn new(state: S) -> Self {
        Self { state, arrived: Vec::new() }
    }
}

impl<S: State + 'static> Bytes<S> {
    fn settle(&mut self) -> Result<()> {
        self.arrived.sort_unstable();
        for bytes in self.arrived.drain(..) {
            self.state.merge(&bytes)?;
        }
        Ok(())
    }
}

impl<S: State + 'static> Accumulator for Bytes<S> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.state.update(values)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.settle()?;
        Ok(ScalarValue::Binary(Some(self.state.bytes())))
    }

    fn size(&self) -> usize {
        self.state.size().saturating_add(self.arrived.iter().map(Vec::capacity).sum())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.settle()?;
        Ok(vec![ScalarValue::Binary(Some(self.state.bytes()))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(states) = states.first() else { return Ok(()) };
        let states = states.as_binary_opt::<i32>().ok_or_else(damaged)?;
        for place in 0..states.len() {
            if !states.is_null(place) {
                self.arrived.push(states.value(place).to_vec());
            }
        }
        Ok(())
    }
}

/// The one field of such a state.
pub(super) fn field(name: &str) -> Vec<FieldRef> {
    vec![Arc::new(Field::new(format!("{name}[bytes]"), DataType::Binary, true))]
}

/// The error of bytes that are no state.
pub(super) fn damaged() -> DataFusionError {
    DataFusionError::External(Box::new(EngineError::State))
}

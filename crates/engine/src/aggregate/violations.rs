//! `bartizan_violations(a, b, …)`: of each truth value, how many rows are false, and how many unknown.

use super::wrapper::{Bytes, State, damaged, field};
use crate::error::EngineError;
use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

/// The aggregate of some row checks.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct ViolationsAggregate {
    signature: Signature,
}

impl ViolationsAggregate {
    /// The function.
    pub fn function() -> AggregateUDF {
        AggregateUDF::new_from_impl(Self { signature: Signature::variadic_any(Volatility::Immutable) })
    }
}

/// What was counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Violations {
    /// All rows.
    pub rows: u64,
    /// For each check: rows that violate it, and rows of which it says nothing because a value is missing.
    pub checks: Vec<(u64, u64)>,
}

impl Violations {
    fn to_bytes(&self) -> Vec<u8> {
        let counts = self.checks.iter().flat_map(|(failed, unknown)| [*failed, *unknown]);
        std::iter::once(self.rows).chain(counts).flat_map(u64::to_le_bytes).collect()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<8>();
        let (rows, counts) = words.split_first()?;
        let (pairs, odd) = counts.as_chunks::<2>();
        let checks =
            pairs.iter().map(|[failed, unknown]| (u64::from_le_bytes(*failed), u64::from_le_bytes(*unknown)));
        (rest.is_empty() && odd.is_empty())
            .then(|| Self { rows: u64::from_le_bytes(*rows), checks: checks.collect() })
    }

    /// Adds the counts of other rows.
    pub fn add(&mut self, other: &Self) {
        self.rows = self.rows.saturating_add(other.rows);
        self.checks.resize(self.checks.len().max(other.checks.len()), (0, 0));
        for (mine, theirs) in self.checks.iter_mut().zip(&other.checks) {
            *mine = (mine.0.saturating_add(theirs.0), mine.1.saturating_add(theirs.1));
        }
    }
}

/// The counts that the function wrote.
///
/// # Errors
/// [`EngineError::State`] when the bytes are none.
pub fn violations(bytes: &[u8]) -> std::result::Result<Violations, EngineError> {
    Violations::from_bytes(bytes).ok_or(EngineError::State)
}

impl AggregateUDFImpl for ViolationsAggregate {
    fn name(&self) -> &'static str {
        "bartizan_violations"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn accumulator(&self, _arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Bytes::new(Violations::default())))
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(field(arguments.name))
    }
}

impl State for Violations {
    fn update(&mut self, values: &[ArrayRef]) -> Result<()> {
        let rows = values.first().map_or(0, Array::len) as u64;
        let checks = values
            .iter()
            .map(|array| match array.as_boolean_opt() {
                Some(truth) => {
                    let unknown = truth.null_count() as u64;
                    (rows.saturating_sub(unknown).saturating_sub(truth.true_count() as u64), unknown)
                }
                None => (0, rows),
            })
            .collect();
        self.add(&Self { rows, checks });
        Ok(())
    }

    fn merge(&mut self, bytes: &[u8]) -> Result<()> {
        self.add(&Self::from_bytes(bytes).ok_or_else(damaged)?);
        Ok(())
    }

    fn bytes(&self) -> Vec<u8> {
        self.to_bytes()
    }

    fn size(&self) -> usize {
        self.checks.capacity().saturating_mul(16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_and_are_read_as_they_were_written() {
        let mut one = Violations { rows: 3, checks: vec![(1, 0)] };
        one.add(&Violations { rows: 2, checks: vec![(1, 1), (2, 0)] });
        assert_eq!(one, Violations { rows: 5, checks: vec![(2, 1), (2, 0)] });
        assert_eq!(Violations::from_bytes(&one.to_bytes()), Some(one));
        assert_eq!(Violations::from_bytes(&[0; 12]), None);
    }
}

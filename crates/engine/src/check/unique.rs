//! Values that occur more than once, over all files: grouped exactly, through temporary files when memory is short.

use super::outcome::Example;
use crate::error::EngineError;
use crate::input::{Shard, leaves};
use crate::session::Engine;
use bartizan_core::printable;
use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::common::ScalarValue;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::prelude::{DataFrame, Expr, ident, in_list, lit};
use futures::StreamExt as _;

/// Repeated values whose rows are looked up.
const LOOKED_UP: usize = 5;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Repeated {
    /// Different values, or combinations, that occur more than once.
    pub(crate) values: u64,
    /// Rows that hold them.
    pub(crate) rows: u64,
    /// Some of these rows.
    pub(crate) examples: Vec<Example>,
}

impl Engine {
    /// The combinations of `columns` that more than one row has; rows with a missing value are left out.
    pub(crate) async fn repeated(
        &self,
        shards: &[Shard],
        columns: &[String],
        examples: usize,
    ) -> Result<Repeated, EngineError> {
        let keys: Vec<String> = (0..columns.len()).map(|place| format!("key {place}")).collect();
        let mut all: Option<DataFrame> = None;
        for shard in shards {
            let frame = shard.open(&self.parallel, shard.is_inferred()).await?;
            let leaves = leaves(&frame);
            let mut selected = Vec::new();
            for (name, key) in columns.iter().zip(&keys) {
                let leaf = leaves.iter().find(|leaf| leaf.name == *name);
                let leaf = leaf.ok_or_else(|| EngineError::NoColumn {
                    path: shard.path.clone(),
                    column: name.clone(),
                    known: String::new(),
                })?;
                selected.push(leaf.expression.clone().alias(key));
            }
            let part = frame.select(selected)?;
            all = Some(match all {
                Some(before) => before.union(part)?,
                None => part,
            });
        }
        let Some(all) = all else { return Ok(Repeated::default()) };
        let present =
            keys.iter().map(|key| ident(key).is_not_null()).reduce(Expr::and).unwrap_or_else(|| lit(true));
        let groups = all
            .filter(present)?
            .aggregate(keys.iter().map(ident).collect(), vec![count(lit(1_i64)).alias("occurrences")])?
            .filter(ident("occurrences").gt(lit(1_i64)))?;
        let mut stream = groups.execute_stream().await?;
        let mut found = Repeated::default();
        let mut first: Vec<Vec<ScalarValue>> = Vec::new();
        while let Some(batch) = stream.next().await {
            let batch = batch?;
            let Some((occurrences, values)) = batch.columns().split_last() else { continue };
            for place in 0..batch.num_rows() {
                let times = occurrences.as_primitive::<Int64Type>().value(place);
                found.values = found.values.saturating_add(1);
                found.rows = found.rows.saturating_add(u64::try_from(times).unwrap_or(0));
                let key = values.iter().map(|array| ScalarValue::try_from_array(array, place));
                first.push(key.collect::<datafusion::error::Result<_>>()?);
            }
            // Groups come in no order: the least are kept, so that the same are shown every time.
            first.sort_by_key(|key| key.iter().map(ToString::to_string).collect::<Vec<_>>());
            first.truncate(LOOKED_UP);
        }
        if !first.is_empty() && examples > 0 {
            found.examples = self.rows_with(shards, columns, &first, examples).await?;
        }
        Ok(found)
    }

    /// The first rows whose `columns` hold one of `keys`.
    async fn rows_with(
        &self,
        shards: &[Shard],
        columns: &[String],
        keys: &[Vec<ScalarValue>],
        most: usize,
    ) -> Result<Vec<Example>, EngineError> {
        let mut found = Vec::new();
        for shard in shards {
            let frame = shard.open(&self.ordered, shard.is_inferred()).await?;
            let leaves = leaves(&frame);
            let expressions: Vec<Expr> = columns
                .iter()
                .filter_map(|name| leaves.iter().find(|leaf| leaf.name == *name))
                .map(|leaf| leaf.expression.clone())
                .collect();
            let truth = match (expressions.as_slice(), keys) {
                ([single], keys) => {
                    let values =
                        keys.iter().filter_map(|key| key.first().cloned()).map(|key| lit(key)).collect();
                    in_list(single.clone(), values, true)
                }
                (several, keys) => {
                    let one = |key: &Vec<ScalarValue>| {
                        several
                            .iter()
                            .zip(key)
                            .map(|(column, value)| column.clone().eq(lit(value.clone())))
                            .reduce(Expr::and)
                            .unwrap_or_else(|| lit(false))
                    };
                    !keys.iter().map(one).reduce(Expr::or).unwrap_or_else(|| lit(false))
                }
            };
            let left = most.saturating_sub(found.len());
            let mut rows = self.violating(shard, &frame, &[(truth, columns.to_vec())], left).await?;
            found.append(&mut rows.pop().unwrap_or_default());
            if found.len() >= most {
                break;
            }
        }
        Ok(found)
    }
}

/// A value as it is shown.
pub(super) fn shown(text: &str) -> String {
    printable(text, 80)
}

//! Some rows of a dataset as text, chosen by hash: the same ones on every machine and whatever the number of threads.

use crate::error::EngineError;
use crate::input::{Shard, leaves};
use crate::session::Engine;
use bartizan_data::labels::Column;
use bartizan_stats::mix64;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::prelude::Expr;
use futures::StreamExt as _;
use std::collections::BTreeMap;

impl Engine {
    /// At most `most` rows, each as likely as any other, with these columns in this order; a missing value is empty. A column
    /// that a file does not have is empty there.
    ///
    /// Every file is read once, in order; only chosen rows are written as text.
    ///
    /// # Errors
    /// [`EngineError`] at the first file that cannot be read to its end.
    pub async fn sample(
        &self,
        shards: &[Shard],
        columns: &[String],
        most: usize,
    ) -> Result<Vec<Column>, EngineError> {
        let mut chosen: BTreeMap<(u64, u64), Vec<String>> = BTreeMap::new();
        let mut number = 0_u64;
        for shard in shards {
            match self.sample_shard(shard, columns, most, &mut chosen, &mut number, false).await {
                // A value further down did not fit the type inferred from the first rows.
                Err(EngineError::Data { .. }) if shard.is_inferred() => {
                    self.sample_shard(shard, columns, most, &mut chosen, &mut number, true).await?;
                }
                other => other?,
            }
        }
        let mut sampled: Vec<Column> = columns
            .iter()
            .map(|name| Column { name: name.clone(), values: Vec::with_capacity(chosen.len()) })
            .collect();
        for row in chosen.into_values() {
            for (column, value) in sampled.iter_mut().zip(row) {
                column.values.push(value);
            }
        }
        Ok(sampled)
    }

    async fn sample_shard(
        &self,
        shard: &Shard,
        columns: &[String],
        most: usize,
        chosen: &mut BTreeMap<(u64, u64), Vec<String>>,
        number: &mut u64,
        thorough: bool,
    ) -> Result<(), EngineError> {
        let frame = shard.open(&self.ordered, thorough).await?;
        let leaves = leaves(&frame);
        let known: Vec<usize> = (0..columns.len())
            .filter(|place| leaves.iter().any(|leaf| columns.get(*place) == Some(&leaf.name)))
            .collect();
        let selected: Vec<Expr> = known
            .iter()
            .filter_map(|place| {
                let leaf = leaves.iter().find(|leaf| columns.get(*place) == Some(&leaf.name))?;
                Some(leaf.expression.clone().alias(format!("value {place}")))
            })
            .collect();
        if selected.is_empty() {
            return Ok(());
        }
        let frame = frame.select(selected).map_err(|error| shard.failed(&error))?;
        let mut stream = frame.execute_stream().await.map_err(|error| shard.failed(&error))?;
        let options = FormatOptions::default();
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(|error| shard.failed(&error))?;
            let formatters = batch
                .columns()
                .iter()
                .map(|array| ArrayFormatter::try_new(array.as_ref(), &options))
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| shard.failed(&error.into()))?;
            for at in 0..batch.num_rows() {
                let key = (mix64(*number), *number);
                *number = number.saturating_add(1);
                let full = chosen.len() >= most;
                if full && chosen.last_key_value().is_none_or(|(last, _)| *last <= key) {
                    continue;
                }
                let mut row = vec![String::new(); columns.len()];
                for (place, formatter) in known.iter().zip(&formatters) {
                    if let Some(slot) = row.get_mut(*place) {
                        *slot = formatter.value(at).to_string();
                    }
                }
                chosen.insert(key, row);
                if full {
                    chosen.pop_last();
                }
            }
        }
        Ok(())
    }
}

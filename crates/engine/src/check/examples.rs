//! The rows that violate an expectation, by file and row.

use super::outcome::Example;
use super::unique::shown;
use crate::error::EngineError;
use crate::input::{Shard, leaves};
use crate::session::Engine;
use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::prelude::{DataFrame, Expr};
use futures::StreamExt as _;

impl Engine {
    /// For each check, a truth value and the columns to show, the first `most` rows of `frame` where it is false.
    ///
    /// The file is read once, in order, and no further than needed.
    pub(super) async fn violating(
        &self,
        shard: &Shard,
        frame: &DataFrame,
        checks: &[(Expr, Vec<String>)],
        most: usize,
    ) -> Result<Vec<Vec<Example>>, EngineError> {
        let mut found: Vec<Vec<Example>> = vec![Vec::new(); checks.len()];
        let leaves = leaves(frame);
        let mut names: Vec<String> = checks.iter().flat_map(|(_, columns)| columns.iter().cloned()).collect();
        names.sort();
        names.dedup();
        names.retain(|name| leaves.iter().any(|leaf| leaf.name == *name));
        let truths = checks
            .iter()
            .enumerate()
            .map(|(place, (truth, _))| truth.clone().alias(format!("truth {place}")));
        let values = names.iter().enumerate().filter_map(|(place, name)| {
            let leaf = leaves.iter().find(|leaf| leaf.name == *name)?;
            Some(leaf.expression.clone().alias(format!("value {place}")))
        });
        let selected = frame.clone().select(truths.chain(values).collect::<Vec<Expr>>())?;
        let mut stream = selected.execute_stream().await?;
        let mut before = 0_u64;
        let options = FormatOptions::default().with_null("(missing)");
        while let Some(batch) = stream.next().await {
            let batch = batch?;
            let (truths, values) = batch.columns().split_at_checked(checks.len()).unwrap_or_default();
            for ((truth, (_, columns)), found) in truths.iter().zip(checks).zip(&mut found) {
                let Some(truth) = truth.as_boolean_opt() else { continue };
                for at in 0..truth.len() {
                    if found.len() >= most {
                        break;
                    }
                    if truth.is_null(at) || truth.value(at) {
                        continue;
                    }
                    let mut example = Example {
                        file: shard.name(),
                        row: before.saturating_add(at as u64),
                        values: Vec::new(),
                    };
                    for (name, array) in names.iter().zip(values).filter(|(name, _)| columns.contains(name)) {
                        let formatter = ArrayFormatter::try_new(array.as_ref(), &options)
                            .map_err(|error| shard.failed(&error.into()))?;
                        example.values.push((name.clone(), shown(&formatter.value(at).to_string())));
                    }
                    found.push(example);
                }
            }
            before = before.saturating_add(batch.num_rows() as u64);
            if found.iter().all(|found| found.len() >= most) {
                break;
            }
        }
        Ok(found)
    }
}

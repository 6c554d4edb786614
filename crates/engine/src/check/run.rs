//! Reading the files of a dataset once, for all expectations of a suite.

use super::compile::{Compiled, Prepared, by_keys, find};
use super::judge::Judge;
use super::outcome::CheckReport;
use crate::aggregate::{
    ColumnAggregate, Intervals, IntervalsAggregate, Violations, ViolationsAggregate, column_state, intervals,
    violations,
};
use crate::error::{EngineError, plain};
use crate::input::{Leaf, Shard, leaves, shards};
use crate::profile::binary;
use crate::session::Engine;
use bartizan_data::expect::{Expectation, Suite};
use bartizan_data::profile::{ColumnState, Parts, Profile};
use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::HashSet;
use datafusion::prelude::{DataFrame, Expr, lit};
use futures::StreamExt as _;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Most values of another dataset that are held to look keys up in.
const MOST_KEYS: usize = 50_000_000;

/// What a check is told besides dataset and suite.
#[derive(Debug, Clone)]
pub struct CheckSettings {
    /// The suite's name in the report.
    pub suite_name: String,
    /// The folder of the suite, which paths in it are relative to.
    pub folder: PathBuf,
    /// Now, in seconds since 1970.
    pub now: i64,
    /// Rows shown of every failed check.
    pub examples: usize,
}

/// What was computed over the files read so far.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) rows: u64,
    /// By the place of the expectation.
    pub(super) rows_of: BTreeMap<usize, RowCounts>,
    pub(super) columns: BTreeMap<String, ColumnState>,
    pub(super) intervals: BTreeMap<String, Intervals>,
    /// What is wrong with the columns of a file.
    pub(super) schema: BTreeMap<usize, Vec<(String, String)>>,
    /// Why an expectation could not be computed.
    pub(super) broken: BTreeMap<usize, String>,
}

/// Counts of a row check.
#[derive(Debug, Clone, Default)]
pub(super) struct RowCounts {
    pub(super) violations: u64,
    pub(super) unknown: u64,
    pub(super) files: Vec<(usize, u64)>,
}

impl Engine {
    /// Checks a dataset against a suite. `reference` is what drift is judged against.
    ///
    /// # Errors
    /// [`EngineError`] when a file cannot be read to its end. An expectation that cannot be computed is an outcome.
    pub async fn check(
        &self,
        shards: &[Shard],
        suite: &Suite,
        reference: Result<Option<&Profile>, String>,
        settings: &CheckSettings,
    ) -> Result<CheckReport, EngineError> {
        let prepared = self.prepare(suite, settings).await;
        let mut found = Found::default();
        for (place, shard) in shards.iter().enumerate() {
            self.read_shard((place, shard), suite, &prepared, &mut found).await?;
        }
        let judge = Judge { engine: self, shards, suite, prepared: &prepared, settings, reference, found };
        judge.report().await
    }

    async fn prepare(&self, suite: &Suite, settings: &CheckSettings) -> Prepared {
        let mut prepared = Prepared::default();
        for (place, expectation) in suite.expectations.iter().enumerate() {
            match expectation {
                Expectation::Pattern { matches, .. } => prepared.pattern(place, matches),
                Expectation::Values { of, .. } => prepared.texts(place, of),
                Expectation::Reference { column, dataset, key, .. } => {
                    let path = settings.folder.join(dataset);
                    let values = self.values_of(path, key.as_ref().unwrap_or(column)).await;
                    prepared.set(place, values);
                }
                _ => {}
            }
        }
        prepared
    }

    /// All values of a column of another dataset, as texts.
    async fn values_of(&self, place: PathBuf, column: &str) -> Result<HashSet<String>, EngineError> {
        let mut values = HashSet::new();
        for shard in shards(&[place])? {
            let frame = shard.open(&self.parallel, true).await?;
            let leaf = leaves(&frame).into_iter().find(|leaf| leaf.name == column);
            let Some(leaf) = leaf else {
                return Err(EngineError::NoColumn {
                    path: shard.path,
                    column: column.to_owned(),
                    known: String::new(),
                });
            };
            let selected =
                frame.select(vec![leaf.expression.alias("key")]).map_err(|error| shard.failed(&error))?;
            let mut stream = selected.execute_stream().await.map_err(|error| shard.failed(&error))?;
            while let Some(batch) = stream.next().await {
                let batch = match batch {
                    Ok(batch) => batch,
                    Err(error) => return Err(shard.diagnosed(&error).await),
                };
                for array in batch.columns() {
                    let array = cast(array, &DataType::Utf8).map_err(|error| shard.failed(&error.into()))?;
                    values.extend(array.as_string::<i32>().iter().flatten().map(str::to_owned));
                }
                if values.len() > MOST_KEYS {
                    return Err(EngineError::Argument(format!(
                        "{} holds more than {MOST_KEYS} keys: too many to look up in",
                        shard.name()
                    )));
                }
            }
        }
        Ok(values)
    }

    async fn read_shard(
        &self,
        shard: (usize, &Shard),
        suite: &Suite,
        prepared: &Prepared,
        found: &mut Found,
    ) -> Result<(), EngineError> {
        match self.read_shard_typed(shard, suite, prepared, found, false).await {
            Err(EngineError::Data { .. }) if shard.1.is_inferred() => {
                self.read_shard_typed(shard, suite, prepared, found, true).await
            }
            other => other,
        }
    }

    async fn read_shard_typed(
        &self,
        (place, shard): (usize, &Shard),
        suite: &Suite,
        prepared: &Prepared,
        found: &mut Found,
        thorough: bool,
    ) -> Result<(), EngineError> {
        let frame = shard.open_by_keys(&self.parallel, thorough, &by_keys(suite)).await?;
        let leaves = leaves(&frame);
        let compiled = |expectation: (usize, &Expectation)| {
            prepared.compile(expectation.0, expectation.1, &frame, &leaves)
        };
        let mut compiled: Vec<Compiled> = suite.expectations.iter().enumerate().map(compiled).collect();
        let plan = Plan::of(&compiled);
        let row = match plan.run(&frame, &leaves).await {
            Ok(row) => row,
            Err(first) => {
                // One expression may have failed on a value: without any, the file itself is tried.
                let bare = Plan { rows: Vec::new(), ..plan.clone() };
                if bare.run(&frame, &leaves).await.is_err() || plan.rows.is_empty() {
                    return Err(shard.diagnosed(&first).await);
                }
                for expectation in plan.rows.iter().map(|(expectation, _)| *expectation) {
                    let alone = Plan { rows: Vec::new(), columns: BTreeMap::new(), intervals: Vec::new() };
                    let own = plan.rows.iter().filter(|(other, _)| *other == expectation).cloned().collect();
                    if let Err(error) = (Plan { rows: own, ..alone }).run(&frame, &leaves).await
                        && let Some(compiled) = compiled.get_mut(expectation)
                    {
                        *compiled = Compiled::Broken(format!("{}: {}", shard.name(), plain(&error)));
                    }
                }
                return match Plan::of(&compiled).run(&frame, &leaves).await {
                    Ok(row) => Plan::of(&compiled).take(&row, place, shard, &compiled, found),
                    Err(error) => Err(shard.diagnosed(&error).await),
                };
            }
        };
        plan.take(&row, place, shard, &compiled, found)
    }
}

/// All that is computed over one file, in one plan.
#[derive(Debug, Clone, Default)]
struct Plan {
    rows: Vec<(usize, Expr)>,
    columns: BTreeMap<String, Parts>,
    intervals: Vec<String>,
}

impl Plan {
    fn of(compiled: &[Compiled]) -> Self {
        let mut plan = Self::default();
        for (place, compiled) in compiled.iter().enumerate() {
            match compiled {
                Compiled::Row(expression) => plan.rows.push((place, expression.clone())),
                Compiled::Column(name, parts) => plan.add(name, *parts),
                Compiled::Columns(columns) => columns.iter().for_each(|(name, parts)| plan.add(name, *parts)),
                Compiled::RowAndIntervals(expression, name) => {
                    plan.rows.push((place, expression.clone()));
                    plan.prove(name);
                }
                Compiled::Intervals(name) => plan.prove(name),
                Compiled::Rows | Compiled::Schema(_) | Compiled::Broken(_) => {}
            }
        }
        plan
    }

    fn prove(&mut self, name: &String) {
        if !self.intervals.contains(name) {
            self.intervals.push(name.clone());
        }
    }

    fn add(&mut self, name: &str, parts: Parts) {
        self.columns.entry(name.to_owned()).and_modify(|old| *old = old.or(parts)).or_insert(parts);
    }

    async fn run(&self, frame: &DataFrame, leaves: &[Leaf]) -> datafusion::error::Result<RecordBatch> {
        let leaf = |name: &str| find(leaves, name).map_err(datafusion::error::DataFusionError::Plan);
        let mut truths: Vec<Expr> = self.rows.iter().map(|(_, truth)| truth.clone()).collect();
        if truths.is_empty() {
            // The rows are counted by reading them, not by what the footer claims.
            truths.push(lit(true));
        }
        let mut aggregates = vec![ViolationsAggregate::function().call(truths).alias("violations")];
        for (place, (name, parts)) in self.columns.iter().enumerate() {
            let leaf = leaf(name)?;
            let function = ColumnAggregate::function(leaf.kind, *parts);
            aggregates.push(function.call(vec![leaf.expression.clone()]).alias(format!("column {place}")));
        }
        for (place, name) in self.intervals.iter().enumerate() {
            let argument = leaf(name)?.expression.clone();
            aggregates.push(
                IntervalsAggregate::function().call(vec![argument]).alias(format!("intervals {place}")),
            );
        }
        let batches = frame.clone().aggregate(Vec::new(), aggregates)?.collect().await?;
        batches
            .into_iter()
            .find(|batch| batch.num_rows() > 0)
            .ok_or_else(|| datafusion::error::DataFusionError::External(Box::new(EngineError::State)))
    }

    /// Adds what the plan gave to what was found before.
    fn take(
        &self,
        row: &RecordBatch,
        place: usize,
        shard: &Shard,
        compiled: &[Compiled],
        found: &mut Found,
    ) -> Result<(), EngineError> {
        for (expectation, compiled) in compiled.iter().enumerate() {
            match compiled {
                Compiled::Broken(reason) => {
                    found.broken.entry(expectation).or_insert_with(|| reason.clone());
                }
                Compiled::Schema(Some(reason)) => {
                    found.schema.entry(expectation).or_default().push((shard.name(), reason.clone()));
                }
                _ => {}
            }
        }
        let counted: Violations = violations(binary(row, 0)?)?;
        found.rows = found.rows.saturating_add(counted.rows);
        for ((expectation, _), (failed, unknown)) in self.rows.iter().zip(counted.checks) {
            let counts = found.rows_of.entry(*expectation).or_default();
            counts.violations = counts.violations.saturating_add(failed);
            counts.unknown = counts.unknown.saturating_add(unknown);
            if failed > 0 {
                counts.files.push((place, failed));
            }
        }
        let columns = self.columns.keys().zip(1..);
        for (name, at) in columns {
            let state = column_state(binary(row, at)?)?;
            match found.columns.get_mut(name) {
                Some(mine) => mine.merge(&state)?,
                None => {
                    found.columns.insert(name.clone(), state);
                }
            }
        }
        let first = self.columns.len().saturating_add(1);
        for (name, at) in self.intervals.iter().zip(first..) {
            found.intervals.entry(name.clone()).or_default().add(intervals(binary(row, at)?)?);
        }
        Ok(())
    }
}

//! Profiling: one plan per file, whose states are merged into the profile of the dataset.

use crate::aggregate::{
    ColumnAggregate, CorrelationAggregate, column_state, correlation_state, numbers_of, observe,
};
use crate::error::EngineError;
use crate::input::{Leaf, Shard, leaves};
use crate::session::{Engine, WIDE};
use bartizan_data::profile::{
    ColumnProfile, ColumnState, CorrelationState, MOST_CORRELATED, Parts, Profile, ProfileError,
    Shard as ShardProfile, ShardColumn, ValueKind,
};
use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::error::DataFusionError;
use datafusion::prelude::{DataFrame, Expr};
use futures::StreamExt as _;
use std::collections::HashMap;

/// Most columns of a dataset.
pub const MOST_COLUMNS: usize = 65_536;

impl Engine {
    /// The profile of a dataset; `columns` limits it to some, if any are named.
    ///
    /// # Errors
    /// [`EngineError`] at the first file that cannot be read to its end: a profile of half a dataset would pass for whole.
    pub async fn profile(&self, shards: &[Shard], columns: &[String]) -> Result<Profile, EngineError> {
        let mut profile = Profile::empty();
        for shard in shards {
            let more = self.profile_shard(shard, columns).await?;
            let kinds = kinds(&profile);
            profile.merge(&more).map_err(|error| disagreement(error, &kinds, &more, shard))?;
        }
        Ok(profile)
    }

    async fn profile_shard(&self, shard: &Shard, columns: &[String]) -> Result<Profile, EngineError> {
        match self.profile_shard_typed(shard, columns, false).await {
            // A value further down did not fit the type inferred from the first rows.
            Err(EngineError::Data { .. }) if shard.is_inferred() => {
                self.profile_shard_typed(shard, columns, true).await
            }
            other => other,
        }
    }

    async fn profile_shard_typed(
        &self,
        shard: &Shard,
        columns: &[String],
        thorough: bool,
    ) -> Result<Profile, EngineError> {
        let frame = shard.open(&self.parallel, thorough).await?;
        let leaves = chosen(shard, leaves(&frame), columns)?;
        let numeric: Vec<&Leaf> =
            leaves.iter().filter(|leaf| leaf.kind.is_number()).take(MOST_CORRELATED).collect();
        let mut profile = if leaves.len() > WIDE && leaves.iter().all(is_top_level) {
            self.read_wide(shard, &leaves, &numeric, thorough).await?
        } else {
            self.read_planned(shard, frame, &leaves, &numeric).await?
        };
        profile.shards = vec![ShardProfile {
            path: shard.name(),
            format: shard.form.as_str().to_owned(),
            bytes: shard.bytes,
            rows: profile.rows,
            columns: profile
                .columns
                .iter()
                .map(|column| (column.name.clone(), ShardColumn::of(&column.state)))
                .collect(),
        }];
        Ok(profile)
    }

    /// All columns in one plan.
    async fn read_planned(
        &self,
        shard: &Shard,
        frame: DataFrame,
        leaves: &[Leaf],
        numeric: &[&Leaf],
    ) -> Result<Profile, EngineError> {
        let mut aggregates: Vec<Expr> = leaves
            .iter()
            .enumerate()
            .map(|(place, leaf)| {
                let function = ColumnAggregate::function(leaf.kind, Parts::ALL);
                function.call(vec![leaf.expression.clone()]).alias(place.to_string())
            })
            .collect();
        let correlate = numeric.len() > 1;
        if correlate {
            let arguments = numeric.iter().map(|leaf| leaf.expression.clone()).collect();
            aggregates
                .push(CorrelationAggregate::function(numeric.len()).call(arguments).alias("correlation"));
        }
        let planned = frame.aggregate(Vec::new(), aggregates).map_err(|error| shard.failed(&error))?;
        let row = match planned.collect().await {
            Ok(batches) => {
                batches.into_iter().find(|batch| batch.num_rows() > 0).ok_or(EngineError::State)?
            }
            Err(error) => return Err(shard.diagnosed(&error).await),
        };
        let mut profile = Profile::empty();
        for (place, leaf) in leaves.iter().enumerate() {
            profile.columns.push(column(leaf, column_state(binary(&row, place)?)?));
        }
        if correlate {
            profile.correlation = Some(correlation_state(binary(&row, leaves.len())?)?);
            profile.correlated = numeric.iter().map(|leaf| leaf.name.clone()).collect();
        }
        profile.rows = profile.columns.first().map_or(0, |column| column.state.rows());
        Ok(profile)
    }

    /// Thousands of columns: the same states filled batch by batch, because planning looks every name up in a list.
    async fn read_wide(
        &self,
        shard: &Shard,
        leaves: &[Leaf],
        numeric: &[&Leaf],
        thorough: bool,
    ) -> Result<Profile, EngineError> {
        let mut states: Vec<ColumnState> =
            leaves.iter().map(|leaf| ColumnState::new(leaf.kind)).collect::<Result<_, _>>()?;
        let mut correlation = CorrelationState::new(numeric.len())?;
        let frame = shard.open(&self.wide, thorough).await?;
        let places: HashMap<String, usize> = frame
            .schema()
            .fields()
            .iter()
            .enumerate()
            .map(|(place, field)| (field.name().clone(), place))
            .collect();
        let place = |leaf: &Leaf| places.get(&leaf.name).copied().unwrap_or(usize::MAX);
        let of_leaves: Vec<usize> = leaves.iter().map(place).collect();
        let of_numeric: Vec<usize> = numeric.iter().map(|leaf| place(leaf)).collect();
        let mut stream = match frame.execute_stream().await {
            Ok(stream) => stream,
            Err(error) => return Err(shard.diagnosed(&error).await),
        };
        while let Some(batch) = stream.next().await {
            let batch = match batch {
                Ok(batch) => batch,
                Err(error) => return Err(shard.diagnosed(&error).await),
            };
            let failed = |error: DataFusionError| shard.failed(&error);
            for (state, place) in states.iter_mut().zip(&of_leaves) {
                let array = batch.columns().get(*place).ok_or(EngineError::State)?;
                observe(state, array, Parts::ALL).map_err(failed)?;
            }
            let numbers: Vec<Vec<f64>> = of_numeric
                .iter()
                .filter_map(|place| batch.columns().get(*place))
                .map(|array| numbers_of(array, 1))
                .collect::<Result<_, _>>()
                .map_err(failed)?;
            correlation.add(&numbers.iter().map(Vec::as_slice).collect::<Vec<_>>());
        }
        let mut profile = Profile::empty();
        profile.columns = leaves.iter().zip(states).map(|(leaf, state)| column(leaf, state)).collect();
        profile.rows = profile.columns.first().map_or(0, |column| column.state.rows());
        if numeric.len() > 1 {
            profile.correlation = Some(correlation);
            profile.correlated = numeric.iter().map(|leaf| leaf.name.clone()).collect();
        }
        Ok(profile)
    }
}

fn kinds(profile: &Profile) -> HashMap<String, ValueKind> {
    profile.columns.iter().map(|column| (column.name.clone(), column.state.kind())).collect()
}

/// What is said of a file whose column does not fit those of the files before it, whose kinds are `before`.
fn disagreement(
    error: ProfileError,
    before: &HashMap<String, ValueKind>,
    more: &Profile,
    shard: &Shard,
) -> EngineError {
    let ProfileError::Merge { column, .. } = &error else { return error.into() };
    let (Some(known), Some(here)) = (before.get(column), more.column(column)) else { return error.into() };
    EngineError::Data {
        path: shard.path.clone(),
        place: format!(" (column `{}`)", bartizan_core::printable(column, 100)),
        reason: format!(
            "is {} here and {} in the files before it: convert one, or look at them one by one",
            here.state.kind().as_str(),
            known.as_str()
        ),
    }
}

fn column(leaf: &Leaf, state: ColumnState) -> ColumnProfile {
    ColumnProfile { name: leaf.name.clone(), data_type: leaf.data_type.to_string(), state }
}

/// Whether a column is no field of another.
fn is_top_level(leaf: &Leaf) -> bool {
    matches!(leaf.expression, Expr::Column(_))
}

/// The bytes in the first row of a column.
pub(crate) fn binary(batch: &RecordBatch, place: usize) -> Result<&[u8], EngineError> {
    let column = batch.columns().get(place).ok_or(EngineError::State)?;
    let column = column.as_binary_opt::<i32>().filter(|column| column.len() == 1 && column.is_valid(0));
    column.map(|column| column.value(0)).ok_or(EngineError::State)
}

fn chosen(shard: &Shard, leaves: Vec<Leaf>, columns: &[String]) -> Result<Vec<Leaf>, EngineError> {
    if let Some(column) = columns.iter().find(|column| !leaves.iter().any(|leaf| leaf.name == **column)) {
        let known: Vec<&str> = leaves.iter().take(12).map(|leaf| leaf.name.as_str()).collect();
        return Err(EngineError::NoColumn {
            path: shard.path.clone(),
            column: column.clone(),
            known: known.join(", "),
        });
    }
    let leaves: Vec<Leaf> =
        leaves.into_iter().filter(|leaf| columns.is_empty() || columns.contains(&leaf.name)).collect();
    if leaves.is_empty() {
        let reason = "has no column".to_owned();
        return Err(EngineError::Data { path: shard.path.clone(), place: String::new(), reason });
    }
    if leaves.len() > MOST_COLUMNS {
        return Err(EngineError::Columns {
            path: shard.path.clone(),
            found: leaves.len(),
            limit: MOST_COLUMNS,
        });
    }
    Ok(leaves)
}

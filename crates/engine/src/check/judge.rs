//! From what was computed to outcomes.

use super::compile::{Compiled, Prepared};
use super::outcome::{CheckReport, CheckStatus, Example, Outcome};
use super::run::{CheckSettings, Found, RowCounts};
use crate::aggregate::Intervals;
use crate::error::EngineError;
use crate::input::{Shard, leaves};
use crate::render::{count, number};
use crate::session::Engine;
use bartizan_data::drift::{DriftSettings, drift};
use bartizan_data::expect::{Expectation, Statistic, Suite};
use bartizan_data::profile::{ColumnProfile, ColumnState, Profile};
use datafusion::prelude::Expr;
use std::collections::BTreeMap;

/// Files named for a check.
const NAMED_FILES: usize = 20;

pub(super) struct Judge<'a> {
    pub(super) engine: &'a Engine,
    pub(super) shards: &'a [Shard],
    pub(super) suite: &'a Suite,
    pub(super) prepared: &'a Prepared,
    pub(super) settings: &'a CheckSettings,
    pub(super) reference: Result<Option<&'a Profile>, String>,
    pub(super) found: Found,
}

/// How a check ended, with the words for it.
type Verdict = (CheckStatus, String);

fn verdict(holds: bool, message: String) -> Verdict {
    (if holds { CheckStatus::Passed } else { CheckStatus::Failed }, message)
}

/// How far from a bound the estimate of distinct values has to lie to violate it, in standard errors.
const FAR_ENOUGH: f64 = 3.0;

/// Whether a column has so many different values: counted where they are few, else estimated, and then never refused for what the
/// sketch may be off.
fn distinct(state: &ColumnState, min: Option<f64>, max: Option<f64>) -> Verdict {
    let bound = |bound: Option<f64>| bound.map_or_else(|| "…".to_owned(), number);
    let expected = format!("expected {} to {}", bound(min), bound(max));
    let holds = |low: f64, high: f64| min.is_none_or(|min| high >= min) && max.is_none_or(|max| low <= max);
    let frequent = state.frequent();
    if frequent.shortfall() == 0 && frequent.total() == state.rows().saturating_sub(state.missing()) {
        let values = frequent.top(usize::MAX).len() as f64;
        return verdict(holds(values, values), format!("{}; {expected}", number(values)));
    }
    let values = state.distinct().round();
    let error = FAR_ENOUGH * state.distinct_error() * values;
    verdict(
        holds(values - error, values + error),
        format!("about {} (within {}); {expected}", number(values), number(error.ceil())),
    )
}

impl Judge<'_> {
    pub(super) async fn report(self) -> Result<CheckReport, EngineError> {
        let mut outcomes = Vec::with_capacity(self.suite.expectations.len());
        for (place, expectation) in self.suite.expectations.iter().enumerate() {
            outcomes.push(self.outcome(place, expectation).await?);
        }
        self.look_up(&mut outcomes).await?;
        Ok(CheckReport {
            suite: self.settings.suite_name.clone(),
            files: self.shards.len(),
            rows: self.found.rows,
            outcomes,
        })
    }

    async fn outcome(&self, place: usize, expectation: &Expectation) -> Result<Outcome, EngineError> {
        let mut outcome = Outcome {
            expectation: place.saturating_add(1),
            check: expectation.check(),
            subject: expectation.subject(),
            status: CheckStatus::CouldNotRun,
            message: String::new(),
            violations: None,
            unknown: None,
            files: Vec::new(),
            examples: Vec::new(),
        };
        if let Some(reason) = self.found.broken.get(&place) {
            outcome.message.clone_from(reason);
            return Ok(outcome);
        }
        if let Some(counts) = self.found.rows_of.get(&place) {
            outcome.violations = Some(counts.violations);
            outcome.unknown = Some(counts.unknown);
            let files = counts.files.iter().take(NAMED_FILES);
            outcome.files =
                files.filter_map(|(shard, count)| Some((self.shards.get(*shard)?.name(), *count))).collect();
        }
        let (status, message) = match expectation {
            Expectation::Columns { .. } | Expectation::Type { .. } => self.schema(place),
            Expectation::Unique { columns } => self.unique(columns, &mut outcome).await?,
            Expectation::Key { columns } => {
                let missing = self.rows(place, expectation);
                if missing.0 == CheckStatus::Passed {
                    self.unique(columns, &mut outcome).await?
                } else {
                    missing
                }
            }
            Expectation::Volume { min, max } => {
                let rows = self.found.rows;
                let holds = min.is_none_or(|min| rows >= min) && max.is_none_or(|max| rows <= max);
                let bound = |bound: &Option<u64>| bound.map_or_else(|| "…".to_owned(), count);
                verdict(holds, format!("{} rows; expected {} to {}", count(rows), bound(min), bound(max)))
            }
            Expectation::Fresh { column, max_age } => {
                self.fresh(column, max_age, expectation.max_age_seconds())
            }
            Expectation::Balance { column, min_share, max_share, min_classes } => {
                self.balance(column, *min_share, *max_share, *min_classes)
            }
            Expectation::Statistic { column, of, min, max } => self.statistic(column, *of, *min, *max),
            Expectation::Drift { columns, level, least_effect } => {
                let settings =
                    DriftSettings { level: *level, least_effect: *least_effect, columns: columns.clone() };
                self.drift(&settings)?
            }
            _ => self.rows(place, expectation),
        };
        outcome.status = status;
        outcome.message = message;
        Ok(outcome)
    }

    fn schema(&self, place: usize) -> Verdict {
        match self.found.schema.get(&place).and_then(|wrong| wrong.first().map(|first| (first, wrong.len())))
        {
            Some(((file, reason), files)) => verdict(false, format!("{reason} ({file}; {files} file(s))")),
            None => verdict(true, "as expected".to_owned()),
        }
    }

    fn rows(&self, place: usize, expectation: &Expectation) -> Verdict {
        let empty = RowCounts::default();
        let counts = self.found.rows_of.get(&place).unwrap_or(&empty);
        let judged = self.found.rows.saturating_sub(counts.unknown);
        let share = if judged == 0 { 1.0 } else { 1.0 - counts.violations as f64 / judged as f64 };
        let mostly = expectation.mostly();
        let holds = if mostly >= 1.0 { counts.violations == 0 } else { share >= mostly };
        let mut message = format!("{} of {} values violate it", count(counts.violations), count(judged));
        if mostly < 1.0 {
            message.push_str(&format!(
                " ({:.4} % hold, {} % expected)",
                share * 100.0,
                number(mostly * 100.0)
            ));
        }
        if counts.unknown > 0 {
            message.push_str(&format!("; {} without a value", count(counts.unknown)));
        }
        verdict(holds, message)
    }

    async fn unique(&self, columns: &[String], outcome: &mut Outcome) -> Result<Verdict, EngineError> {
        if let [single] = columns
            && self.found.intervals.get(single).is_some_and(Intervals::prove_unique)
        {
            return Ok(verdict(true, "no value occurs twice (ascending)".to_owned()));
        }
        match self.engine.repeated(self.shards, columns, self.settings.examples).await {
            Ok(repeated) => {
                outcome.violations = Some(repeated.rows);
                outcome.examples = repeated.examples;
                Ok(if repeated.values == 0 {
                    verdict(true, "no value occurs twice".to_owned())
                } else {
                    let (values, rows) = (count(repeated.values), count(repeated.rows));
                    verdict(false, format!("{values} value(s) occur more than once, in {rows} rows"))
                })
            }
            Err(error) => Ok((CheckStatus::CouldNotRun, error.to_string())),
        }
    }

    fn column(&self, name: &str) -> Result<&ColumnState, Verdict> {
        let state = self.found.columns.get(name);
        state.ok_or_else(|| (CheckStatus::CouldNotRun, format!("nothing is known of `{name}`")))
    }

    fn fresh(&self, column: &str, max_age: &str, limit: Option<u64>) -> Verdict {
        let state = match self.column(column) {
            Ok(state) => state,
            Err(verdict) => return verdict,
        };
        let (Some((_, latest)), Some(limit)) = (state.range(), limit) else {
            return (CheckStatus::CouldNotRun, "there is no time in it".to_owned());
        };
        let age = self.settings.now as f64 - latest;
        let shown = crate::render::value(latest, state.kind());
        let hours = age / 3_600.0;
        if age < 0.0 {
            return verdict(true, format!("the latest is {shown}, in the future by {} h", number(-hours)));
        }
        verdict(
            age <= limit as f64,
            format!("the latest is {shown}, {} h ago; expected at most {max_age}", number(hours.round())),
        )
    }

    fn balance(&self, column: &str, min: Option<f64>, max: Option<f64>, classes: Option<u64>) -> Verdict {
        let state = match self.column(column) {
            Ok(state) => state,
            Err(verdict) => return verdict,
        };
        if state.frequent().shortfall() > 0 {
            return (CheckStatus::CouldNotRun, "it has too many different values to be classes".to_owned());
        }
        let items = state.frequent().top(usize::MAX);
        let total = state.frequent().total() as f64;
        let (Some(most), Some(least)) = (items.first(), items.last()) else {
            return (CheckStatus::CouldNotRun, "it holds no value".to_owned());
        };
        let (low, high) = (least.lower as f64 / total, most.lower as f64 / total);
        let enough = classes.is_none_or(|classes| items.len() as u64 >= classes);
        let holds = enough && min.is_none_or(|min| low >= min) && max.is_none_or(|max| high <= max);
        let name = |text: &str| bartizan_core::printable(text, 40);
        verdict(
            holds,
            format!(
                "{} class(es); `{}` has {:.2} %, `{}` has {:.2} %",
                items.len(),
                name(&most.value),
                high * 100.0,
                name(&least.value),
                low * 100.0
            ),
        )
    }

    fn statistic(&self, column: &str, of: Statistic, min: Option<f64>, max: Option<f64>) -> Verdict {
        let state = match self.column(column) {
            Ok(state) => state,
            Err(verdict) => return verdict,
        };
        if of == Statistic::Distinct {
            return distinct(state, min, max);
        }
        let quantile =
            |share: f64| state.ranks().quantiles(&[share]).and_then(|values| values.first().copied());
        let some = |value: f64| value.is_finite().then_some(value);
        let measured = state.moments().count() > 0;
        let value = match of {
            Statistic::Mean => measured.then(|| state.moments().mean()),
            Statistic::StandardDeviation => some(state.moments().variance().sqrt()),
            Statistic::Min => state.range().map(|range| range.0),
            Statistic::Max => state.range().map(|range| range.1),
            Statistic::Median => quantile(0.5),
            Statistic::P95 => quantile(0.95),
            Statistic::P99 => quantile(0.99),
            Statistic::Distinct => None,
            Statistic::MissingShare => some(state.missing() as f64 / state.rows() as f64),
        };
        let Some(value) = value else {
            return (CheckStatus::CouldNotRun, "there is no value to compute it from".to_owned());
        };
        let holds = min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max);
        let bound = |bound: Option<f64>| bound.map_or_else(|| "…".to_owned(), number);
        verdict(holds, format!("{}; expected {} to {}", number(value), bound(min), bound(max)))
    }

    fn drift(&self, settings: &DriftSettings) -> Result<Verdict, EngineError> {
        let reference = match &self.reference {
            Ok(Some(reference)) => reference,
            Ok(None) => {
                let reason =
                    "the suite names no profile under [reference]; learn it anew, or add profile = \"FILE\"";
                return Ok((CheckStatus::CouldNotRun, reason.to_owned()));
            }
            Err(reason) => return Ok((CheckStatus::CouldNotRun, reason.clone())),
        };
        let columns = self.found.columns.iter().map(|(name, state)| ColumnProfile {
            name: name.clone(),
            data_type: String::new(),
            state: state.clone(),
        });
        let current = Profile { rows: self.found.rows, columns: columns.collect(), ..Profile::empty() };
        let result = drift(reference, &current, settings)?;
        let drifted = result.columns.iter().filter(|column| column.drifted);
        let mut words: Vec<String> = drifted
            .map(|column| {
                let strongest = column
                    .tests
                    .iter()
                    .filter(|test| test.drifted)
                    .max_by(|a, b| a.effect.total_cmp(&b.effect));
                match (strongest, &column.note) {
                    (Some(test), _) => {
                        format!("`{}` ({} of {} {:.3})", column.column, test.test, test.of, test.effect)
                    }
                    (None, Some(note)) => format!("`{}` ({note})", column.column),
                    (None, None) => format!("`{}`", column.column),
                }
            })
            .collect();
        words.extend(result.gone.iter().map(|name| format!("`{name}` is gone")));
        // Whether further columns are welcome is for `columns` to say.
        let holds = words.is_empty();
        let message =
            if holds { "as the reference".to_owned() } else { format!("drifted: {}", words.join(", ")) };
        Ok(verdict(holds, message))
    }

    /// Finds the first rows of every failed check of rows.
    async fn look_up(&self, outcomes: &mut [Outcome]) -> Result<(), EngineError> {
        let most = self.settings.examples;
        let failed: Vec<usize> = outcomes
            .iter()
            .enumerate()
            .filter(|(_, outcome)| outcome.status == CheckStatus::Failed && outcome.examples.is_empty())
            .filter(|(place, _)| self.found.rows_of.get(place).is_some_and(|counts| counts.violations > 0))
            .map(|(place, _)| place)
            .collect();
        if most == 0 || failed.is_empty() {
            return Ok(());
        }
        let mut wanted: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for place in failed {
            let mut enough = 0_u64;
            for (shard, violations) in
                self.found.rows_of.get(&place).map(|counts| counts.files.as_slice()).unwrap_or_default()
            {
                if enough < most as u64 {
                    wanted.entry(*shard).or_default().push(place);
                }
                enough = enough.saturating_add(*violations);
            }
        }
        for (shard, places) in wanted {
            let Some(shard) = self.shards.get(shard) else { continue };
            let frame = shard.open(&self.engine.ordered, shard.is_inferred()).await?;
            let leaves = leaves(&frame);
            let mut checks: Vec<(Expr, Vec<String>)> = Vec::new();
            let mut of: Vec<usize> = Vec::new();
            for place in places {
                let Some(expectation) = self.suite.expectations.get(place) else { continue };
                let compiled = self.prepared.compile(place, expectation, &frame, &leaves);
                if let Compiled::Row(truth) | Compiled::RowAndIntervals(truth, _) = compiled {
                    let columns = match expectation {
                        Expectation::Row { .. } => {
                            truth.column_refs().iter().map(|column| column.name.clone()).collect()
                        }
                        Expectation::Key { columns } => columns.clone(),
                        other => vec![other.subject()],
                    };
                    checks.push((truth, columns));
                    of.push(place);
                }
            }
            let found: Vec<Vec<Example>> = self.engine.violating(shard, &frame, &checks, most).await?;
            for (place, examples) in of.into_iter().zip(found) {
                if let Some(outcome) = outcomes.get_mut(place) {
                    let left = most.saturating_sub(outcome.examples.len());
                    outcome.examples.extend(examples.into_iter().take(left));
                }
            }
        }
        Ok(())
    }
}

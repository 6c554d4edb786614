//! From an expectation to what the engine computes for it over the columns of one file.

use crate::error::{EngineError, plain};
use crate::function::{long, matches, within};
use crate::input::Leaf;
use bartizan_data::expect::{Bound, Expectation, Statistic, Suite};
use bartizan_data::profile::{Parts, ValueKind};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::HashSet;
use datafusion::functions::unicode::expr_fn::character_length;
use datafusion::logical_expr::ExprSchemable as _;
use datafusion::logical_expr::ScalarUDF;
use datafusion::prelude::{DataFrame, Expr, in_list, lit};
use std::collections::{BTreeMap, BTreeSet};

/// What the expectations of a suite need before any file is read; shared by all files.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    /// Patterns and sets of other datasets, by the place of the expectation; or why there is none.
    functions: BTreeMap<usize, Result<ScalarUDF, String>>,
}

/// What is computed for one expectation over one file.
#[derive(Debug, Clone)]
pub(super) enum Compiled {
    /// A truth value of each row.
    Row(Expr),
    /// The same, and proof that the values of a column differ.
    RowAndIntervals(Expr, String),
    /// Parts of the state of a column.
    Column(String, Parts),
    /// Proof that the values of a column differ.
    Intervals(String),
    /// Parts of the states of some columns.
    Columns(Vec<(String, Parts)>),
    /// Nothing but the number of rows.
    Rows,
    /// Judged by the columns alone: what is wrong, if anything.
    Schema(Option<String>),
    /// It cannot be computed.
    Broken(String),
}

impl Prepared {
    /// Adds the pattern of an expectation.
    pub(super) fn pattern(&mut self, place: usize, pattern: &str) {
        self.functions.insert(place, matches(pattern).map_err(|error| error.to_string()));
    }

    /// Adds the texts of an expectation of values, if that is what they all are.
    pub(super) fn texts(&mut self, place: usize, values: &[Bound]) {
        let text = |value: &Bound| match value {
            Bound::Text(text) => Some(text.clone()),
            _ => None,
        };
        if let Some(values) =
            values.iter().map(text).collect::<Option<HashSet<String>>>().filter(|texts| !texts.is_empty())
        {
            self.set(place, Ok(values));
        }
    }

    /// Adds the set of values of another dataset.
    pub(super) fn set(&mut self, place: usize, values: Result<HashSet<String>, EngineError>) {
        let function =
            values.map(|values| within(&place.to_string(), values)).map_err(|error| error.to_string());
        self.functions.insert(place, function);
    }

    /// What is computed for `expectation`, the `place`-th of its suite, over `frame`.
    pub(super) fn compile(
        &self,
        place: usize,
        expectation: &Expectation,
        frame: &DataFrame,
        leaves: &[Leaf],
    ) -> Compiled {
        match self.compiled(place, expectation, frame, leaves) {
            Ok(Compiled::Row(expression)) => match usable(frame, &expression) {
                Ok(()) => Compiled::Row(expression),
                Err(reason) => Compiled::Broken(reason),
            },
            Ok(compiled) => compiled,
            Err(reason) => Compiled::Broken(reason),
        }
    }

    fn compiled(
        &self,
        place: usize,
        expectation: &Expectation,
        frame: &DataFrame,
        leaves: &[Leaf],
    ) -> Result<Compiled, String> {
        let leaf = |name: &str| find(leaves, name);
        let column = |name: &str| leaf(name).map(|leaf| leaf.expression.clone());
        let called = |name: &str| match self.functions.get(&place) {
            Some(Ok(function)) => column(name).map(|column| Compiled::Row(function.call(vec![column]))),
            Some(Err(reason)) => Err(reason.clone()),
            None => Err("was not prepared".to_owned()),
        };
        Ok(match expectation {
            Expectation::Columns { names, exact } => Compiled::Schema(columns(names, *exact, leaves)),
            Expectation::Type { column, is } => {
                let leaf = leaf(column)?;
                let empty = leaf.data_type == DataType::Null;
                let fits = empty || leaf.kind == *is || (leaf.kind == ValueKind::Integer && is.is_number());
                let found = || {
                    format!(
                        "`{column}` is {} ({}), expected {}",
                        leaf.kind.as_str(),
                        leaf.data_type,
                        is.as_str()
                    )
                };
                Compiled::Schema((!fits).then(found))
            }
            Expectation::NotNull { column: name, .. } => Compiled::Row(column(name)?.is_not_null()),
            Expectation::Finite { column: name, .. } => {
                let leaf = leaf(name)?;
                if leaf.kind == ValueKind::Float {
                    // In the engine's total order NaN lies beyond the infinities.
                    let value = leaf.expression.clone();
                    Compiled::Row(value.clone().lt(lit(f64::INFINITY)).and(value.gt(lit(f64::NEG_INFINITY))))
                } else {
                    Compiled::Row(lit(true))
                }
            }
            Expectation::Range { column: name, min, max, .. } => {
                let value = column(name)?;
                let above = min.as_ref().map(|min| value.clone().gt_eq(literal(min)));
                let below = max.as_ref().map(|max| value.lt_eq(literal(max)));
                Compiled::Row(both(above, below))
            }
            Expectation::Values { column: name, .. }
                if self.functions.contains_key(&place) && leaf(name)?.kind == ValueKind::Text =>
            {
                called(name)?
            }
            Expectation::Values { column: name, of, .. } => {
                Compiled::Row(in_list(column(name)?, of.iter().map(literal).collect(), false))
            }
            Expectation::Pattern { column, .. } | Expectation::Reference { column, .. } => called(column)?,
            Expectation::Length { column: name, min, max, .. }
                if (min.is_some() || max.is_some()) && leaf(name)?.kind == ValueKind::Text =>
            {
                Compiled::Row(long(min.unwrap_or(0), max.unwrap_or(u64::MAX)).call(vec![column(name)?]))
            }
            Expectation::Length { column: name, min, max, .. } => {
                let length = character_length(column(name)?);
                let bound = |value: u64| lit(i64::try_from(value).unwrap_or(i64::MAX));
                let above = min.map(|min| length.clone().gt_eq(bound(min)));
                let below = max.map(|max| length.clone().lt_eq(bound(max)));
                Compiled::Row(both(above, below))
            }
            Expectation::Row { expression, .. } => {
                Compiled::Row(frame.parse_sql_expr(expression).map_err(|error| plain(&error))?)
            }
            Expectation::Unique { columns } => match columns.as_slice() {
                [single] => {
                    leaf(single)?;
                    Compiled::Intervals(single.clone())
                }
                several => {
                    several.iter().try_for_each(|name| leaf(name).map(drop)).map(|()| Compiled::Rows)?
                }
            },
            Expectation::Key { columns } => {
                let present = columns.iter().map(|name| column(name).map(Expr::is_not_null));
                let present = present.reduce(|left, right| Ok(left?.and(right?)));
                let present = present.unwrap_or_else(|| Err("names no column".to_owned()))?;
                match columns.as_slice() {
                    [single] => Compiled::RowAndIntervals(present, single.clone()),
                    _ => Compiled::Row(present),
                }
            }
            Expectation::Volume { .. } => Compiled::Rows,
            Expectation::Fresh { column, .. } => {
                let kind = leaf(column)?.kind;
                if !matches!(kind, ValueKind::Date | ValueKind::Timestamp) {
                    return Err(format!("`{column}` is {}, not a date or timestamp", kind.as_str()));
                }
                Compiled::Column(column.clone(), Parts::LEAST)
            }
            Expectation::Balance { column, .. } => {
                leaf(column)?;
                Compiled::Column(column.clone(), Parts { frequent: true, ..Parts::LEAST })
            }
            Expectation::Statistic { column, of, .. } => {
                leaf(column)?;
                let parts = match of {
                    Statistic::Median | Statistic::P95 | Statistic::P99 => {
                        Parts { ranks: true, ..Parts::LEAST }
                    }
                    // Few values are counted as frequent ones: without error.
                    Statistic::Distinct => Parts { distinct: true, frequent: true, ..Parts::LEAST },
                    _ => Parts::LEAST,
                };
                Compiled::Column(column.clone(), parts)
            }
            Expectation::Drift { columns, .. } => {
                columns.iter().try_for_each(|name| leaf(name).map(drop))?;
                let wanted = leaves.iter().filter(|leaf| columns.is_empty() || columns.contains(&leaf.name));
                let parts = |leaf: &Leaf| Parts {
                    ranks: true,
                    frequent: true,
                    // By their number keys are told, which only go on.
                    distinct: leaf.kind == ValueKind::Integer,
                    ..Parts::LEAST
                };
                Compiled::Columns(wanted.map(|leaf| (leaf.name.clone(), parts(leaf))).collect())
            }
        })
    }
}

/// Columns of which nothing is asked but what can be said of each different text once: they may come as keys into dictionaries.
pub(super) fn by_keys(suite: &Suite) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for expectation in &suite.expectations {
        match expectation {
            Expectation::NotNull { column, .. }
            | Expectation::Values { column, .. }
            | Expectation::Pattern { column, .. }
            | Expectation::Length { column, .. }
            | Expectation::Reference { column, .. } => {
                found.insert(column.clone());
            }
            _ => {}
        }
    }
    found.retain(|name| {
        suite.expectations.iter().all(|expectation| match expectation {
            Expectation::NotNull { .. }
            | Expectation::Pattern { .. }
            | Expectation::Length { .. }
            | Expectation::Reference { .. }
            | Expectation::Columns { .. }
            | Expectation::Volume { .. } => true,
            Expectation::Values { column, of, .. } => {
                column != name || (!of.is_empty() && of.iter().all(|value| matches!(value, Bound::Text(_))))
            }
            // What else an expression names, it names as written.
            Expectation::Row { expression, .. } => !expression.contains(name.as_str()) && !name.contains('"'),
            Expectation::Type { column, .. }
            | Expectation::Finite { column, .. }
            | Expectation::Range { column, .. }
            | Expectation::Fresh { column, .. }
            | Expectation::Balance { column, .. }
            | Expectation::Statistic { column, .. } => column != name,
            Expectation::Unique { columns } | Expectation::Key { columns } => !columns.contains(name),
            Expectation::Drift { columns, .. } => !columns.is_empty() && !columns.contains(name),
        })
    });
    found
}

/// The leaf of this name.
pub(super) fn find<'a>(leaves: &'a [Leaf], name: &str) -> Result<&'a Leaf, String> {
    leaves.iter().find(|leaf| leaf.name == name).ok_or_else(|| format!("there is no column `{name}`"))
}

/// Whether the engine can compute a truth value by this expression.
fn usable(frame: &DataFrame, expression: &Expr) -> Result<(), String> {
    let data_type = expression.get_type(frame.schema()).map_err(|error| plain(&error))?;
    if !matches!(data_type, DataType::Boolean | DataType::Null) {
        return Err(format!("the expression gives {data_type}, not a truth value"));
    }
    let selected =
        frame.clone().select(vec![expression.clone().alias("truth")]).map_err(|error| plain(&error))?;
    selected.into_optimized_plan().map(drop).map_err(|error| plain(&error))
}

fn both(above: Option<Expr>, below: Option<Expr>) -> Expr {
    match (above, below) {
        (Some(above), Some(below)) => above.and(below),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => lit(true),
    }
}

fn literal(bound: &Bound) -> Expr {
    match bound {
        Bound::Boolean(value) => lit(*value),
        Bound::Integer(value) => lit(*value),
        Bound::Float(value) => lit(*value),
        Bound::Text(value) => lit(value.as_str()),
    }
}

/// What is wrong with the columns there are.
fn columns(names: &[String], exact: bool, leaves: &[Leaf]) -> Option<String> {
    let list = |names: Vec<&str>| {
        let shown: Vec<&str> = names.iter().take(10).copied().collect();
        let more = names.len().saturating_sub(shown.len());
        if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
    };
    let there: HashSet<&str> = leaves.iter().map(|leaf| leaf.name.as_str()).collect();
    let expected: HashSet<&str> = names.iter().map(String::as_str).collect();
    let gone: Vec<&str> = names.iter().map(String::as_str).filter(|name| !there.contains(name)).collect();
    if !gone.is_empty() {
        return Some(format!("missing: {}", list(gone)));
    }
    let new = leaves.iter().map(|leaf| leaf.name.as_str()).filter(|name| !expected.contains(name));
    let new: Vec<&str> = new.collect();
    (exact && !new.is_empty()).then(|| format!("not expected: {}", list(new)))
}

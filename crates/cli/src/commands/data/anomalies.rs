//! `bartizan data anomalies`: how strange each row of a table is among the others.

use super::matrix::{self, Matrix};
use crate::arguments::{AnomalyArguments, RowFormat};
use crate::exit::Exit;
use crate::failure::Failure;
use bartizan_stats::anomaly::{IsolationForest, IsolationForestSettings, average_ranks, robust_z, surprise};
use serde_json::json;
use std::io::{self, BufWriter, Write};

/// Rows shown to people.
const SHOWN: usize = 20;
/// Columns named as reasons.
const REASONS: usize = 3;

/// Runs the command. Strange rows are no finding: every table has some.
///
/// # Errors
/// [`Failure`] when the table cannot be read or holds no numbers.
pub(crate) fn run(arguments: &AnomalyArguments) -> Result<Exit, Failure> {
    let read = matrix::of_table(&arguments.file, &arguments.column)?;
    let failed = |error: bartizan_stats::StatsError| Failure::Array {
        path: arguments.file.clone(),
        problem: error.to_string(),
    };
    let table = matrix::finite(&read, &arguments.file)?;
    let Matrix { columns, names, .. } = &read;
    let columns = *columns;
    let settings = IsolationForestSettings { seed: arguments.seed, ..IsolationForestSettings::default() };
    let forest =
        IsolationForest::grow(&table, settings).and_then(|forest| forest.score(&table)).map_err(failed)?;
    let scores = average_ranks(&[(&surprise(&table), 1.0), (&forest, 1.0)]);
    let mut out = BufWriter::new(io::stdout().lock());
    match arguments.format {
        RowFormat::Jsonl => {
            for (row, score) in scores.iter().enumerate() {
                writeln!(out, "{}", json!({"row": row, "score": score}))?;
            }
        }
        RowFormat::Table => {
            let deviations: Vec<Vec<f64>> =
                (0..columns).map(|column| robust_z(&table.column(column)).unwrap_or_default()).collect();
            let mut order: Vec<usize> = (0..scores.len()).collect();
            let of = |row: usize| scores.get(row).copied().unwrap_or(0.0);
            order.sort_by(|left, right| of(*right).total_cmp(&of(*left)).then(left.cmp(right)));
            for row in order.into_iter().take(SHOWN) {
                writeln!(out, "{:.3}  row {row}: {}", of(row), reasons(&deviations, names, row))?;
            }
            writeln!(
                out,
                "\n{} rows read, {columns} columns; --format jsonl gives every row's score",
                scores.len()
            )?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// The columns in which a row is farthest from the middle, in robust standard deviations.
fn reasons(deviations: &[Vec<f64>], names: &[String], row: usize) -> String {
    let mut far: Vec<(f64, usize)> = deviations
        .iter()
        .enumerate()
        .filter_map(|(column, values)| Some((*values.get(row)?, column)))
        .filter(|(value, _)| value.is_finite())
        .collect();
    far.sort_by(|left, right| right.0.abs().total_cmp(&left.0.abs()));
    far.into_iter()
        .take(REASONS)
        .map(|(value, column)| {
            let name = names
                .get(column)
                .map_or_else(|| format!("column {column}"), |name| bartizan_core::printable(name, 40));
            format!("{name} {value:+.1}σ")
        })
        .collect::<Vec<_>>()
        .join(", ")
}

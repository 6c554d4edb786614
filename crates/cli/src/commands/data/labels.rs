//! `bartizan data labels`: which labels are probably wrong, by the probabilities of a model that has not seen the rows.

use super::matrix::{self, Matrix};
use crate::arguments::{LabelArguments, RowFormat};
use crate::exit::Exit;
use crate::failure::Failure;
use bartizan_stats::labels::{Filter, Labelled, Quality};
use serde_json::json;
use std::io::{self, BufWriter, Write};

/// Rows shown to people.
const SHOWN: usize = 20;

/// Runs the command.
///
/// # Errors
/// [`Failure`] when an array cannot be read or the two do not fit each other.
pub(crate) fn run(arguments: &LabelArguments) -> Result<Exit, Failure> {
    let labels = matrix::read(&arguments.labels)?;
    let Matrix { values, columns, .. } = matrix::read(&arguments.probabilities)?;
    let failed = |problem: String| Failure::Array { path: arguments.labels.clone(), problem };
    let labels = matrix::classes(&labels, &arguments.labels)?;
    let table = Labelled::new(&labels, &values, columns).map_err(|error| failed(error.to_string()))?;
    let quality = table.quality(Quality::NormalizedMargin);
    let issues = table.suspects(Filter::PruneByNoiseRate).map_err(|error| failed(error.to_string()))?;
    let mut order: Vec<usize> = (0..labels.len()).collect();
    let of = |row: usize| quality.get(row).copied().unwrap_or(1.0);
    order.sort_by(|left, right| of(*left).total_cmp(&of(*right)).then(left.cmp(right)));
    let count = issues.iter().filter(|issue| **issue).count();
    let mut out = BufWriter::new(io::stdout().lock());
    let shown = if arguments.format == RowFormat::Table { count.min(SHOWN) } else { order.len() };
    for row in order.into_iter().take(shown) {
        let probabilities = values.chunks_exact(columns.max(1)).nth(row).unwrap_or_default();
        let predicted = (0..probabilities.len())
            .max_by(|left, right| {
                let of = |class: &usize| probabilities.get(*class).copied().unwrap_or(0.0);
                of(left).total_cmp(&of(right)).then(right.cmp(left))
            })
            .unwrap_or(0);
        let label = labels.get(row).copied().unwrap_or(0);
        let issue = issues.get(row).copied().unwrap_or(false);
        match arguments.format {
            RowFormat::Jsonl => {
                let line = json!({"row": row, "score": 1.0 - of(row), "quality": of(row), "label": label,
                                  "predicted": predicted, "issue": issue});
                writeln!(out, "{line}")?;
            }
            RowFormat::Table => {
                writeln!(out, "{:.3}  row {row}: labelled {label}, the model says {predicted}", of(row))?;
            }
        }
    }
    if arguments.format == RowFormat::Table {
        writeln!(
            out,
            "{}{} labels read: {count} are probably wrong",
            if count > 0 { "\n" } else { "" },
            labels.len()
        )?;
    }
    out.flush()?;
    Ok(if count > 0 { Exit::Found } else { Exit::Done })
}

//! `bartizan data poison`: rows that may have been planted, best first.

use super::budget::Budget;
use super::{features, preference, rows, suspects};
use crate::arguments::PoisonArguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::values::Size;
use bartizan_data::poison::{FEWEST_ROWS, text_backdoors};
use std::collections::BTreeMap;

/// Bytes of working memory for each byte of texts and labels.
pub(super) const HELD: u64 = 28;

/// Runs the command.
///
/// # Errors
/// [`Failure`] when the dataset cannot be read, has no such columns, or the output cannot be written.
pub(crate) fn run(arguments: &PoisonArguments) -> Result<Exit, Failure> {
    if let (Some(chosen), Some(rejected)) = (&arguments.chosen, &arguments.rejected) {
        return preference::run(arguments, chosen, rejected);
    }
    if let (Some(embeddings), Some(labels)) = (&arguments.embeddings, &arguments.labels) {
        return features::run(arguments, embeddings, labels);
    }
    let limit = arguments.memory_limit.map(Size::bytes);
    let mut budget = Budget::new(arguments.dataset(), limit, HELD);
    let rows = rows::columns(arguments.dataset(), [&arguments.text, &arguments.label], &mut budget)?;
    let mut classes: BTreeMap<&str, usize> = rows.iter().map(|[_, label]| (label.as_str(), 0)).collect();
    classes.values_mut().enumerate().for_each(|(number, class)| *class = number);
    let texts: Vec<&str> = rows.iter().map(|[text, _]| text.as_str()).collect();
    let labels: Vec<usize> =
        rows.iter().map(|[_, label]| classes.get(label.as_str()).copied().unwrap_or_default()).collect();
    let partial = if rows.len() < FEWEST_ROWS {
        Some(format!("{} rows are fewer than {FEWEST_ROWS}", rows.len()))
    } else {
        (classes.len() < 2).then(|| "all rows have one label".to_owned())
    };
    let report = suspects::Report {
        suspects: text_backdoors(&texts, &labels),
        rows: rows.len(),
        partial: partial.map(|why| format!("{why}: only hidden and look-alike characters were looked for")),
        shown: &|row| rows.get(row).map(|[text, label]| (label.clone(), text.clone())),
    };
    report.write(arguments)
}

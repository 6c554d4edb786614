//! `bartizan data poison --embeddings … --labels …`: planted rows in feature space.

use super::budget::Budget;
use super::{matrix, suspects};
use crate::arguments::PoisonArguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::values::Size;
use bartizan_data::poison::features::{FEWEST_ROWS, feature_poison};
use std::collections::BTreeMap;
use std::path::Path;

/// Bytes of working memory for each byte of numbers: the rows, their projection, and each class by itself.
const HELD: u64 = 4;

/// Judges the rows of the array.
///
/// # Errors
/// [`Failure`] when an array cannot be read, holds what is no number, or the two do not fit each other.
pub(super) fn run(arguments: &PoisonArguments, embeddings: &Path, labels: &Path) -> Result<Exit, Failure> {
    let limit = arguments.memory_limit.map(Size::bytes);
    let mut budget = Budget::new(embeddings, limit, HELD);
    let read = matrix::read(embeddings, &mut budget)?;
    let classes = matrix::classes(&matrix::read(labels, &mut budget)?, labels)?;
    let table = matrix::finite(&read, embeddings)?;
    let suspects = feature_poison(&table, &classes)
        .map_err(|error| Failure::Array { path: labels.to_path_buf(), problem: error.to_string() })?;
    let report = suspects::Report {
        suspects,
        rows: table.rows(),
        partial: few(&classes),
        shown: &|row| Some((classes.get(row)?.to_string(), "features".to_owned())),
    };
    report.write(arguments)
}

/// Which classes have too few rows to be judged, if any.
fn few(classes: &[u32]) -> Option<String> {
    let mut rows: BTreeMap<u32, usize> = BTreeMap::new();
    for class in classes {
        *rows.entry(*class).or_default() += 1;
    }
    let small: Vec<String> = rows
        .iter()
        .filter(|(_, rows)| **rows < FEWEST_ROWS)
        .map(|(class, rows)| format!("class {class} ({rows} rows)"))
        .collect();
    let shown = small.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
    (!small.is_empty()).then(|| {
        format!(
            "{} of {} classes have fewer than {FEWEST_ROWS} rows and were not judged: {shown}",
            small.len(),
            rows.len()
        )
    })
}

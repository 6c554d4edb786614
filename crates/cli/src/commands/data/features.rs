//! `bartizan data poison --embeddings … --labels …`: planted rows in feature space.

use super::budget::Budget;
use super::{matrix, suspects};
use crate::arguments::PoisonArguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::values::Size;
use bartizan_data::poison::features::feature_poison;
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
        shown: &|row| Some((classes.get(row)?.to_string(), "features".to_owned())),
    };
    report.write(arguments)
}

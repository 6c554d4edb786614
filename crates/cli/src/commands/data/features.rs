//! `bartizan data poison --embeddings … --labels …`: planted rows in feature space.

use super::{matrix, suspects};
use crate::arguments::PoisonArguments;
use crate::exit::Exit;
use crate::failure::Failure;
use bartizan_data::poison::features::feature_poison;
use std::path::Path;

/// Judges the rows of the array.
///
/// # Errors
/// [`Failure`] when an array cannot be read, holds what is no number, or the two do not fit each other.
pub(super) fn run(arguments: &PoisonArguments, embeddings: &Path, labels: &Path) -> Result<Exit, Failure> {
    let read = matrix::read(embeddings)?;
    let classes = matrix::classes(&matrix::read(labels)?, labels)?;
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

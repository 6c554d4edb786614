//! Columns of a dataset, out of a file or standard input; what is no text is read by the engine.

use super::budget::Budget;
use super::engine_rows::{self, EngineRows};
use crate::failure::Failure;
use bartizan_data::table::{self, Cell, Visit};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The bytes of a dataset, and the name that tells their form.
pub(super) struct Opened {
    /// Rows as text.
    pub(super) input: Box<dyn Read>,
    /// What [`table`] is told of their form.
    pub(super) name: String,
}

/// Opens a dataset: a text form as it is, anything else as the JSON Lines that the engine makes of it.
///
/// # Errors
/// [`Failure::Dataset`] when there is no such file, [`Failure::NoEngine`] when it takes the engine and that is not there.
pub(super) fn open(path: &Path) -> Result<Opened, Failure> {
    let failed =
        |error: io::Error| Failure::Dataset { path: path.to_path_buf(), error: Box::new(error.into()) };
    let name = path.to_string_lossy().into_owned();
    if path == Path::new("-") {
        return Ok(Opened { input: Box::new(io::stdin().lock()), name });
    }
    if engine_rows::is_needed(path).map_err(failed)? {
        return Ok(Opened { input: Box::new(EngineRows::of(path)?), name: "rows.jsonl".to_owned() });
    }
    Ok(Opened { input: Box::new(File::open(path).map_err(failed)?), name })
}

/// Hands every row of `path` to `visit`.
///
/// # Errors
/// [`Failure::Dataset`] when the file cannot be read to its end.
pub(super) fn each(path: &Path, visit: &mut dyn FnMut(u64, &[Cell]) -> Visit) -> Result<u64, Failure> {
    let Opened { input, name } = open(path)?;
    table::read(input, &name, visit)
        .map_err(|error| Failure::Dataset { path: path.to_path_buf(), error: Box::new(error) })
}

/// The values of `columns` in every row, in the order asked for; an absent value is empty.
///
/// # Errors
/// [`Failure::Dataset`] when the file cannot be read, [`Failure::NoColumn`] when no row has one of the columns,
/// [`Failure::Memory`] when the rows take more than `budget` allows.
pub(super) fn columns<const N: usize>(
    path: &Path,
    columns: [&str; N],
    budget: &mut Budget,
) -> Result<Vec<[String; N]>, Failure> {
    let mut rows = Vec::new();
    let mut seen = [false; N];
    let mut known = BTreeSet::new();
    each(path, &mut |_, cells| {
        let mut row = [const { String::new() }; N];
        for cell in cells {
            if known.len() < 1000 && !known.contains(&cell.column) {
                known.insert(cell.column.clone());
            }
            for ((slot, seen), column) in row.iter_mut().zip(&mut seen).zip(columns) {
                if cell.column == column {
                    slot.clone_from(&cell.value);
                    *seen = true;
                }
            }
        }
        let bytes = row.iter().map(|value| value.len() as u64).sum::<u64>();
        let taken = budget.take(rows.len(), bytes.saturating_add(size_of::<[String; N]>() as u64));
        rows.push(row);
        taken
    })?;
    budget.settled()?;
    for (seen, column) in seen.into_iter().zip(columns) {
        if !seen {
            return Err(Failure::NoColumn {
                path: path.to_path_buf(),
                column: column.to_owned(),
                known: known.into_iter().collect(),
            });
        }
    }
    Ok(rows)
}

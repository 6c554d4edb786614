//! Columns of a dataset, out of a file or standard input.

use crate::failure::Failure;
use bartizan_data::table::{self, Cell, Visit};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;

/// Hands every row of `path` to `visit`.
///
/// # Errors
/// [`Failure::Dataset`] when the file cannot be read to its end.
pub(super) fn each(path: &Path, visit: &mut dyn FnMut(u64, &[Cell]) -> Visit) -> Result<u64, Failure> {
    let name = path.to_string_lossy();
    let failed = |error| Failure::Dataset { path: path.to_path_buf(), error: Box::new(error) };
    let input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(|error| failed(error.into()))?)
    };
    table::read(input, &name, visit).map_err(failed)
}

/// The values of `columns` in every row, in the order asked for; an absent value is empty.
///
/// # Errors
/// [`Failure::Dataset`] when the file cannot be read, [`Failure::NoColumn`] when no row has one of the columns.
pub(super) fn columns<const N: usize>(path: &Path, columns: [&str; N]) -> Result<Vec<[String; N]>, Failure> {
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
        rows.push(row);
        ControlFlow::Continue(())
    })?;
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

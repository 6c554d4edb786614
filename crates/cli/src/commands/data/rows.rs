//! Columns of a dataset, out of a file or standard input; what is no text is read by the engine.

use super::budget::Budget;
use super::engine_rows::{self, EngineRows};
use crate::failure::Failure;
use bartizan_data::table::{self, Cell, Visit};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;

/// Most names of columns kept to suggest one.
const MOST_KNOWN: usize = 1_000;

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

/// Columns that were asked for by name, and whether the dataset has them: what is not there was not looked at.
pub(super) struct Wanted<'a> {
    columns: &'a [String],
    seen: Vec<bool>,
    known: BTreeSet<String>,
}

impl<'a> Wanted<'a> {
    /// For these; none named means all.
    pub(super) fn new(columns: &'a [String]) -> Self {
        Self { columns, seen: vec![false; columns.len()], known: BTreeSet::new() }
    }

    /// Whether a column is to be looked at.
    pub(super) fn holds(&mut self, column: &str) -> bool {
        if self.columns.is_empty() {
            return true;
        }
        if let Some(seen) =
            self.columns.iter().position(|wanted| wanted == column).and_then(|at| self.seen.get_mut(at))
        {
            *seen = true;
            return true;
        }
        if self.known.len() < MOST_KNOWN && !self.known.contains(column) {
            self.known.insert(column.to_owned());
        }
        false
    }

    /// Once all rows were read.
    ///
    /// # Errors
    /// [`Failure::NoColumn`] when no row has one of the columns.
    pub(super) fn settled(self, path: &Path, rows: u64) -> Result<(), Failure> {
        match self.columns.iter().zip(self.seen).find(|(_, seen)| !seen) {
            Some((column, _)) if rows > 0 => Err(Failure::NoColumn {
                path: path.to_path_buf(),
                column: column.clone(),
                known: self.known.into_iter().collect(),
            }),
            _ => Ok(()),
        }
    }
}

/// The values of `columns` in every row, in the order asked for; an absent value is empty.
///
/// # Errors
/// [`Failure::Dataset`] when the file cannot be read, [`Failure::NoColumn`] when no row has one of the columns,
/// [`Failure::Place`] when there is no row, or one has a column twice, [`Failure::Memory`] when the rows take more than `budget` allows.
pub(super) fn columns<const N: usize>(
    path: &Path,
    columns: [&str; N],
    budget: &mut Budget,
) -> Result<Vec<[String; N]>, Failure> {
    let mut rows = Vec::new();
    let mut seen = [false; N];
    let mut known = BTreeSet::new();
    let mut twice = None;
    each(path, &mut |number, cells| {
        let mut row = [const { String::new() }; N];
        let mut filled = [false; N];
        for cell in cells {
            if known.len() < MOST_KNOWN && !known.contains(&cell.column) {
                known.insert(cell.column.clone());
            }
            for (((slot, seen), filled), column) in
                row.iter_mut().zip(&mut seen).zip(&mut filled).zip(columns)
            {
                if cell.column == column {
                    if *filled {
                        twice = Some((number, column));
                        return ControlFlow::Break(());
                    }
                    slot.clone_from(&cell.value);
                    (*seen, *filled) = (true, true);
                }
            }
        }
        let bytes = row.iter().map(|value| value.len() as u64).sum::<u64>();
        let taken = budget.take(rows.len(), bytes.saturating_add(size_of::<[String; N]>() as u64));
        rows.push(row);
        taken
    })?;
    budget.settled()?;
    let refused = |problem: String| Failure::Place { place: path.display().to_string(), problem };
    if let Some((row, column)) = twice {
        return Err(refused(format!("row {row} has two columns called `{column}`; rename one of them")));
    }
    if rows.is_empty() {
        return Err(refused("holds no row; there is nothing to judge".to_owned()));
    }
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

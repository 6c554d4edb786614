//! `bartizan data duplicates` and `bartizan data contamination`: rows that say nearly the same.

use super::{rows, suspects};
use crate::arguments::{ContaminationArguments, DuplicateArguments, RowFormat};
use crate::exit::Exit;
use crate::failure::Failure;
use bartizan_core::printable;
use bartizan_data::duplicates::{NearDuplicates, Repeats};
use bartizan_data::table::Cell;
use serde_json::json;
use std::collections::HashSet;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::Path;

/// Rows shown to people.
const SHOWN: usize = 20;
/// Characters of a row shown to people.
const SNIPPET: usize = 70;

/// Finds rows that repeat an earlier one.
///
/// # Errors
/// [`Failure`] when the dataset cannot be read to its end, lacks a column, or the output cannot be written.
pub(super) fn run(arguments: &DuplicateArguments) -> Result<Exit, Failure> {
    let mut seen = NearDuplicates::new(arguments.similarity);
    let mut out = Found::new("of", arguments.format);
    let rows = each(&arguments.file, &arguments.column, &mut |row, text| {
        seen.insert(row, text).map_or(Ok(()), |repeats| out.write(row, text, repeats))
    })?;
    let repeated = out.finish(rows, &format!("{} are distinct", seen.distinct()))?;
    if let Some(clean) = &arguments.fix {
        suspects::part(&arguments.file, clean, &repeated)?;
    }
    let share = repeated.len() as f64 / rows.max(1) as f64;
    Ok(match arguments.fail_on {
        Some(limit) if share >= limit && !repeated.is_empty() => Exit::Found,
        _ => Exit::Done,
    })
}

/// Finds rows of a test set in a training set. Exit code 1 when there are any.
///
/// # Errors
/// [`Failure`] when a dataset cannot be read to its end, lacks a column, or the output cannot be written.
pub(super) fn contamination(arguments: &ContaminationArguments) -> Result<Exit, Failure> {
    let mut seen = NearDuplicates::new(arguments.similarity);
    let trained = each(&arguments.train, &arguments.column, &mut |row, text| {
        seen.insert(row, text);
        Ok(())
    })?;
    let mut out = Found::new("train_row", arguments.format);
    let rows = each(&arguments.test, &arguments.column, &mut |row, text| {
        seen.find(text).map_or(Ok(()), |repeats| out.write(row, text, repeats))
    })?;
    let repeated = out.finish(rows, &format!("{trained} rows of training read"))?;
    if let Some(clean) = &arguments.fix {
        suspects::part(&arguments.test, clean, &repeated)?;
    }
    Ok(if repeated.is_empty() { Exit::Done } else { Exit::Found })
}

/// Hands over the text of every row: the wanted columns, or all of them.
fn each(
    path: &Path,
    wanted: &[String],
    visit: &mut dyn FnMut(u64, &str) -> io::Result<()>,
) -> Result<u64, Failure> {
    let mut failed = None;
    let mut text = String::new();
    let mut found: HashSet<&str> = HashSet::new();
    let mut known: Vec<String> = Vec::new();
    let rows = rows::each(path, &mut |row, cells: &[Cell]| {
        text.clear();
        for cell in cells {
            let is_wanted = wanted.iter().find(|name| **name == cell.column);
            if let Some(name) = is_wanted {
                found.insert(name);
            } else if !wanted.is_empty() {
                if known.len() < 1000 && !known.contains(&cell.column) {
                    known.push(cell.column.clone());
                }
                continue;
            }
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&cell.value);
        }
        match visit(row, &text) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    match wanted.iter().find(|name| !found.contains(name.as_str())) {
        Some(column) if rows > 0 => {
            Err(Failure::NoColumn { path: path.to_path_buf(), column: column.clone(), known })
        }
        _ => Ok(rows),
    }
}

/// Rows that repeat others, printed as they are found.
struct Found {
    out: BufWriter<io::StdoutLock<'static>>,
    /// What the other row is called.
    other: &'static str,
    format: RowFormat,
    rows: HashSet<u64>,
}

impl Found {
    fn new(other: &'static str, format: RowFormat) -> Self {
        Self { out: BufWriter::new(io::stdout().lock()), other, format, rows: HashSet::new() }
    }

    fn write(&mut self, row: u64, text: &str, repeats: Repeats) -> io::Result<()> {
        self.rows.insert(row);
        let similarity = (repeats.similarity * 1e3).round() / 1e3;
        match self.format {
            RowFormat::Jsonl => writeln!(
                self.out,
                "{}",
                json!({"row": row, self.other: repeats.row, "similarity": similarity, "exact": repeats.exact})
            ),
            RowFormat::Table if self.rows.len() <= SHOWN => writeln!(
                self.out,
                "{similarity:.2}  row {row} repeats row {}: {}",
                repeats.row,
                printable(text, SNIPPET)
            ),
            RowFormat::Table => Ok(()),
        }
    }

    fn finish(mut self, rows: u64, also: &str) -> io::Result<HashSet<u64>> {
        if self.format == RowFormat::Table {
            if self.rows.len() > SHOWN {
                writeln!(self.out, "      … and {} more; --format jsonl lists all", self.rows.len() - SHOWN)?;
            }
            writeln!(
                self.out,
                "{}{rows} rows read: {} repeated; {also}",
                if self.rows.is_empty() { "" } else { "\n" },
                self.rows.len()
            )?;
        }
        self.out.flush()?;
        Ok(self.rows)
    }
}

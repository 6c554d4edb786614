//! Rows that share the values of quasi-identifiers with too few others.

use crate::arguments::{LeakArguments, RowFormat};
use crate::failure::Failure;
use bartizan_data::anonymity::Anonymity;
use bartizan_data::table::Cell;
use serde_json::json;
use std::collections::BTreeSet;
use std::io::Write;

/// Rows shown to people.
const SHOWN: usize = 5;

/// What is known of the quasi-identifiers of a dataset.
pub(super) struct Crowd<'a> {
    columns: &'a [String],
    table: Anonymity,
    seen: Vec<bool>,
    known: BTreeSet<String>,
}

impl<'a> Crowd<'a> {
    /// For these columns; for none, nothing is kept.
    pub(super) fn new(columns: &'a [String]) -> Self {
        Self {
            columns,
            table: Anonymity::default(),
            seen: vec![false; columns.len()],
            known: BTreeSet::new(),
        }
    }

    /// Adds a row.
    pub(super) fn add(&mut self, cells: &[Cell]) {
        if self.columns.is_empty() {
            return;
        }
        for cell in cells.iter().take(1000) {
            if !self.known.contains(&cell.column) && self.known.len() < 1000 {
                self.known.insert(cell.column.clone());
            }
        }
        for (column, seen) in self.columns.iter().zip(&mut self.seen) {
            *seen |= cells.iter().any(|cell| cell.column == *column);
        }
        let value =
            |column: &String| cells.iter().find(|cell| cell.column == *column).map_or("", |cell| &cell.value);
        self.table.add(self.columns.iter().map(value));
    }

    /// Writes the rows in classes smaller than asked for, and says whether there are any.
    ///
    /// # Errors
    /// [`Failure::NoColumn`] when no row has one of the columns; when the output cannot be written.
    pub(super) fn report(&self, arguments: &LeakArguments, out: &mut dyn Write) -> Result<bool, Failure> {
        if self.columns.is_empty() {
            return Ok(false);
        }
        if let Some((column, _)) = self.columns.iter().zip(&self.seen).find(|(_, seen)| !**seen) {
            return Err(Failure::NoColumn {
                path: arguments.file.clone(),
                column: column.clone(),
                known: self.known.iter().cloned().collect(),
            });
        }
        let names = self.columns.join("+");
        let mut small = 0_u64;
        for (row, size) in self.table.below(arguments.k) {
            small = small.saturating_add(1);
            let evidence = format!("{size} rows share these values; {} are asked for", arguments.k);
            if arguments.format == RowFormat::Jsonl {
                let line = json!({
                    "row": row, "column": names, "start": 0, "end": 0, "type": "QUASI_IDENTIFIER",
                    "score": ((1.0 / size.max(1) as f64) * 1e4).round() / 1e4, "evidence": evidence,
                });
                writeln!(out, "{line}")?;
            } else if small <= SHOWN as u64 {
                writeln!(out, "         row {row}: {evidence}")?;
            }
        }
        if arguments.format == RowFormat::Table {
            writeln!(
                out,
                "{small:>7}  QUASI_IDENTIFIER: rows that fewer than {} share in {names}; the table is {}-anonymous over \
                 {} combinations\n",
                arguments.k,
                self.table.smallest().unwrap_or(0),
                self.table.classes()
            )?;
        }
        Ok(small > 0)
    }
}

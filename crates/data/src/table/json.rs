//! Rows as JSON: one value a line, or the elements of one array.

use super::delimited::{next_line, text};
use super::read::{TableError, Visit};
use super::{Cell, DEEPEST, MOST_COLUMNS};
use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;
use std::io::BufRead;

/// One JSON value on each line; blank lines are skipped and are no rows.
pub(super) fn lines(
    mut input: impl BufRead,
    visit: &mut dyn FnMut(u64, &[Cell]) -> Visit,
) -> Result<u64, TableError> {
    let (mut line, mut cells) = (Vec::new(), Vec::new());
    let (mut row, mut number) = (0u64, 0u64);
    loop {
        number = number.saturating_add(1);
        if !next_line(&mut input, &mut line, row, number)? {
            return Ok(row);
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let value: Value =
            serde_json::from_str(text(&line, row, number)?).map_err(|error| TableError::Json {
                row,
                line: number,
                reason: format!("column {}: {}", error.column(), said(&error)),
            })?;
        cells.clear();
        flatten(value, &mut cells).map_err(|what| what.at(row, number))?;
        if visit(row, &cells).is_break() {
            return Ok(row.saturating_add(1));
        }
        row = row.saturating_add(1);
    }
}

/// What a parser says, without the place that it says it of: of a line by itself, that is always line 1.
fn said(error: &serde_json::Error) -> String {
    let said = error.to_string();
    said.rsplit_once(" at line ").map_or(said.as_str(), |(said, _)| said).to_owned()
}

/// The elements of one array, read one after the other.
pub(super) fn array(
    input: impl BufRead,
    visit: &mut dyn FnMut(u64, &[Cell]) -> Visit,
) -> Result<u64, TableError> {
    let mut elements = Elements { visit, row: 0, stopped: false, problem: None };
    let mut reader = serde_json::Deserializer::from_reader(input);
    let read = (&mut elements).deserialize(&mut reader);
    let Elements { row, stopped, problem, .. } = elements;
    if let Some(problem) = problem {
        return Err(problem);
    }
    match read.and_then(|()| reader.end()) {
        _ if stopped => Ok(row),
        Ok(()) => Ok(row),
        Err(error) if error.is_eof() => Err(TableError::Truncated { row }),
        Err(error) if error.is_io() => Err(TableError::Io(error.into())),
        Err(error) => Err(TableError::Json {
            row,
            line: error.line() as u64,
            reason: format!("column {}: {}", error.column(), said(&error)),
        }),
    }
}

/// Hands over the elements of an array.
struct Elements<'a> {
    visit: &'a mut dyn FnMut(u64, &[Cell]) -> Visit,
    row: u64,
    stopped: bool,
    problem: Option<TableError>,
}

impl<'de> DeserializeSeed<'de> for &mut Elements<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for &mut Elements<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let mut cells = Vec::new();
        while let Some(value) = elements.next_element::<Value>()? {
            cells.clear();
            if let Err(what) = flatten(value, &mut cells) {
                self.problem = Some(what.at(self.row, 0));
                return Err(serde::de::Error::custom("stopped"));
            }
            let answer = (self.visit)(self.row, &cells);
            self.row = self.row.saturating_add(1);
            if answer.is_break() {
                self.stopped = true;
                return Err(serde::de::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

/// What a row has too much of.
struct TooMuch {
    limit: usize,
    what: &'static str,
}

impl TooMuch {
    fn at(self, row: u64, line: u64) -> TableError {
        TableError::Limit { row, line, limit: self.limit, what: self.what }
    }
}

/// The leaves of a value. `null` is absent; a bare value has the column `text`.
fn flatten(value: Value, cells: &mut Vec<Cell>) -> Result<(), TooMuch> {
    // Depth first, in the order of the file; no recursion on what was read.
    let mut open = vec![(String::new(), value, 0usize)];
    while let Some((column, value, depth)) = open.pop() {
        if depth > DEEPEST {
            return Err(TooMuch { limit: DEEPEST, what: "levels of nesting" });
        }
        let name = |key: &str| if column.is_empty() { key.to_owned() } else { format!("{column}.{key}") };
        let value = match value {
            Value::Null => continue,
            Value::Array(items) => {
                let named = items.into_iter().enumerate().rev();
                open.extend(
                    named.map(|(place, item)| (name(&place.to_string()), item, depth.saturating_add(1))),
                );
                continue;
            }
            Value::Object(fields) => {
                let fields: Vec<(String, Value)> = fields.into_iter().collect();
                let named = fields.into_iter().rev();
                open.extend(named.map(|(key, item)| (name(&key), item, depth.saturating_add(1))));
                continue;
            }
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
        };
        if cells.len() >= MOST_COLUMNS {
            return Err(TooMuch { limit: MOST_COLUMNS, what: "columns" });
        }
        let column = if column.is_empty() { "text".to_owned() } else { column };
        cells.push(Cell { column, value });
    }
    Ok(())
}

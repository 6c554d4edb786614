//! Values parted by a delimiter, and plain lines.

use super::read::{TableError, Visit};
use super::whole::Quotes;
use super::{Cell, LONGEST_ROW, MOST_COLUMNS};
use std::io::{self, BufRead, Read};

/// Records with a header line.
pub(super) fn records(
    input: impl BufRead,
    delimiter: u8,
    visit: &mut dyn FnMut(u64, &[Cell]) -> Visit,
) -> Result<u64, TableError> {
    let bounded = RowBound { input, since: 0, quotes: Quotes::new(delimiter) };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).has_headers(true).from_reader(bounded);
    let header = reader.byte_headers().map_err(|error| failed(error, 0, 1))?.clone();
    if header.len() > MOST_COLUMNS {
        return Err(TableError::Limit { row: 0, line: 1, limit: MOST_COLUMNS, what: "columns" });
    }
    let mut cells: Vec<Cell> = Vec::new();
    for name in &header {
        let column = text(name, 0, 1)?.to_owned();
        cells.push(Cell { column, value: String::new() });
    }
    let mut record = csv::ByteRecord::new();
    let mut row = 0u64;
    loop {
        let line = reader.position().line();
        if !reader.read_byte_record(&mut record).map_err(|error| failed(error, row, line))? {
            break;
        }
        reader.get_mut().since = 0;
        let line = record.position().map_or(0, csv::Position::line);
        for (cell, value) in cells.iter_mut().zip(&record) {
            cell.value.clear();
            cell.value.push_str(text(value, row, line)?);
        }
        if visit(row, &cells).is_break() {
            return Ok(row.saturating_add(1));
        }
        row = row.saturating_add(1);
    }
    if reader.get_ref().quotes.is_open() {
        return Err(TableError::Truncated { row: row.saturating_sub(1) });
    }
    Ok(row)
}

/// Lines, each a row with one column `text`; empty lines are rows, too.
pub(super) fn lines(
    mut input: impl BufRead,
    visit: &mut dyn FnMut(u64, &[Cell]) -> Visit,
) -> Result<u64, TableError> {
    let mut cells = [Cell { column: "text".to_owned(), value: String::new() }];
    let mut line = Vec::new();
    let mut row = 0u64;
    while next_line(&mut input, &mut line, row, row.saturating_add(1))? {
        let [cell] = &mut cells;
        cell.value.clear();
        cell.value.push_str(text(&line, row, row.saturating_add(1))?);
        if visit(row, &cells).is_break() {
            return Ok(row.saturating_add(1));
        }
        row = row.saturating_add(1);
    }
    Ok(row)
}

/// Reads the next line without its end into `line`; false at the end of the input.
pub(super) fn next_line(
    input: &mut impl BufRead,
    line: &mut Vec<u8>,
    row: u64,
    number: u64,
) -> Result<bool, TableError> {
    line.clear();
    let read = input.by_ref().take(LONGEST_ROW as u64 + 1).read_until(b'\n', line)?;
    if read > LONGEST_ROW {
        return Err(TableError::Limit { row, line: number, limit: LONGEST_ROW, what: "bytes" });
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
    }
    Ok(read > 0)
}

/// A value as text.
pub(super) fn text(value: &[u8], row: u64, line: u64) -> Result<&str, TableError> {
    std::str::from_utf8(value).map_err(|error| TableError::Encoding {
        row,
        line,
        offset: error.valid_up_to(),
    })
}

fn failed(error: csv::Error, row: u64, line: u64) -> TableError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            TableError::Limit { row, line, limit: LONGEST_ROW, what: "bytes" }
        }
        csv::ErrorKind::Io(error) => TableError::Io(error),
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => TableError::Ragged {
            row,
            line: pos.map_or(0, |position| position.line()),
            found: len,
            expected: expected_len,
        },
        other => TableError::Io(io::Error::other(csv_reason(&other))),
    }
}

fn csv_reason(kind: &csv::ErrorKind) -> String {
    format!("the delimited text is malformed: {kind:?}")
}

/// Refuses a record that never ends, so that a quote left open does not take the whole file into memory.
struct RowBound<R> {
    input: R,
    since: usize,
    quotes: Quotes,
}

impl<R: Read> Read for RowBound<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since > LONGEST_ROW {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let read = self.input.read(buffer)?;
        self.since = self.since.saturating_add(read);
        self.quotes.feed(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

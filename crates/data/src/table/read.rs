//! Recognising the form of a file and handing its rows to a visitor.

use super::{Cell, delimited, json};
use flate2::bufread::MultiGzDecoder;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One JSON value on each line.
    JsonLines,
    /// One JSON array, each element a row.
    JsonArray,
    /// Values parted by a delimiter, the names of the columns in the first line (RFC 4180).
    Delimited(u8),
    /// One row on each line, with one column `text`.
    Lines,
}

/// Why a file gives no more rows.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// A row is no JSON.
    #[error("row {row} (line {line}) is no JSON: {reason}; mend or remove that line")]
    Json {
        /// The row, from 0.
        row: u64,
        /// The line, from 1.
        line: u64,
        /// What the parser says.
        reason: String,
    },
    /// A row has more or fewer values than there are columns.
    #[error(
        "row {row} (line {line}) has {found} values where the header names {expected}; quote what holds delimiters"
    )]
    Ragged {
        /// The row, from 0.
        row: u64,
        /// The line, from 1.
        line: u64,
        /// Values it has.
        found: u64,
        /// Columns there are.
        expected: u64,
    },
    /// A value is no UTF-8.
    #[error(
        "row {row} (line {line}) is no UTF-8 from byte {offset} of the line on; convert the file, for example with iconv"
    )]
    Encoding {
        /// The row, from 0.
        row: u64,
        /// The line, from 1.
        line: u64,
        /// Valid bytes before.
        offset: usize,
    },
    /// A limit was reached.
    #[error("row {row} (line {line}) exceeds the limit of {limit} {what}")]
    Limit {
        /// The row, from 0.
        row: u64,
        /// The line, from 1.
        line: u64,
        /// How many there may be.
        limit: usize,
        /// Of what.
        what: &'static str,
    },
    /// A row has no place for a text.
    #[error("row {row} has no column `{column}` that holds a text; name one that every row has")]
    NoText {
        /// The row, from 0.
        row: u64,
        /// The column.
        column: String,
    },
    /// The file ends too early.
    #[error("ends inside row {row}: the file is truncated, or a quote or bracket is left open")]
    Truncated {
        /// The row, from 0.
        row: u64,
    },
}

impl Form {
    /// The form of a file that starts with `head`, after its content first and its name second.
    pub fn recognise(head: &[u8], name: &str) -> Self {
        let ending = |ending: &str| {
            let name = name.strip_suffix(".gz").unwrap_or(name);
            name.rsplit_once('.').is_some_and(|(_, found)| found.eq_ignore_ascii_case(ending))
        };
        let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        match text.trim_ascii_start().first() {
            Some(b'{') => return Self::JsonLines,
            Some(b'[') if ending("json") => return Self::JsonArray,
            Some(b'[') if ending("jsonl") || ending("ndjson") => return Self::JsonLines,
            _ => {}
        }
        if ending("tsv") {
            return Self::Delimited(b'\t');
        }
        if ending("csv") {
            return Self::Delimited(delimiter(text));
        }
        if ending("jsonl") || ending("ndjson") { Self::JsonLines } else { Self::Lines }
    }
}

/// The delimiter that the first line has most of.
fn delimiter(text: &[u8]) -> u8 {
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: u8| line.split(|byte| *byte == delimiter).count();
    // The comma wins a tie: `max_by_key` takes the last of equals.
    [b'|', b';', b'\t', b','].into_iter().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

/// What a visitor of rows answers: go on, or stop.
pub type Visit = ControlFlow<()>;

/// Reads the rows of a file named `name` and hands them, with their numbers from 0, to `visit`; gives how many were read.
///
/// gzip is undone. Rows are handed over in the order of the file. Cost: `O(bytes)` time, memory for one row.
///
/// # Errors
/// [`TableError`] at the first row that cannot be read; the rows before it have been handed over.
pub fn read(
    input: impl Read,
    name: &str,
    visit: &mut dyn FnMut(u64, &[Cell]) -> Visit,
) -> Result<u64, TableError> {
    let mut input = BufReader::with_capacity(1 << 20, input);
    if input.fill_buf()?.starts_with(b"\x1f\x8b") {
        let inner = BufReader::with_capacity(1 << 20, MultiGzDecoder::new(input));
        return rows(inner, name, visit);
    }
    rows(input, name, visit)
}

fn rows(
    mut input: impl BufRead,
    name: &str,
    visit: &mut dyn FnMut(u64, &[Cell]) -> Visit,
) -> Result<u64, TableError> {
    let head = input.fill_buf()?;
    let form = Form::recognise(head, name);
    if head.starts_with(b"\xef\xbb\xbf") {
        input.consume(3);
    }
    match form {
        Form::JsonLines => json::lines(input, visit),
        Form::JsonArray => json::array(input, visit),
        Form::Delimited(delimiter) => delimited::records(input, delimiter, visit),
        Form::Lines => delimited::lines(input, visit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::write::GzEncoder;
    use std::io::Write as _;

    fn all(content: &[u8], name: &str) -> Result<Vec<Vec<(String, String)>>, TableError> {
        let mut found = Vec::new();
        read(content, name, &mut |number, cells| {
            assert_eq!(number, found.len() as u64);
            found.push(cells.iter().map(|cell| (cell.column.clone(), cell.value.clone())).collect());
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    fn pairs(row: &[(&str, &str)]) -> Vec<(String, String)> {
        row.iter().map(|(column, value)| ((*column).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn json_lines_are_flattened() {
        let rows = all(b"{\"a\":\"x\",\"b\":{\"c\":[1,true]},\"d\":null}\n\n\"bare\"\n", "f.jsonl").unwrap();
        assert_eq!(
            rows,
            [pairs(&[("a", "x"), ("b.c.0", "1"), ("b.c.1", "true")]), pairs(&[("text", "bare")])]
        );
    }

    #[test]
    fn an_array_over_many_lines_is_read_by_element() {
        let rows = all(b"[\n {\"a\": \"x\\u00e9\"},\n {\"a\": 2}\n]\n", "f.json").unwrap();
        assert_eq!(rows, [pairs(&[("a", "xé")]), pairs(&[("a", "2")])]);
    }

    #[test]
    fn delimited_values_find_their_delimiter_and_keep_quoted_lines() {
        let rows = all(b"a;b\n1;\"x\ny\"\n", "f.csv").unwrap();
        assert_eq!(rows, [pairs(&[("a", "1"), ("b", "x\ny")])]);
        assert_eq!(all(b"a\tb\n1\t2\n", "f.tsv").unwrap(), [pairs(&[("a", "1"), ("b", "2")])]);
    }

    #[test]
    fn gzip_is_undone() {
        let mut packed = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(b"a,b\n1,2\n").unwrap();
        assert_eq!(all(&packed.finish().unwrap(), "f.csv.gz").unwrap(), [pairs(&[("a", "1"), ("b", "2")])]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_row_and_line() {
        assert!(matches!(all(b"{}\n{\"a\":\n", "f.jsonl"), Err(TableError::Json { row: 1, line: 2, .. })));
        assert!(matches!(
            all(b"a,b\n1,2\n1,2,3\n", "f.csv"),
            Err(TableError::Ragged { row: 1, line: 3, found: 3, expected: 2 })
        ));
        assert!(matches!(
            all(b"ok\n\xff\n", "f.txt"),
            Err(TableError::Encoding { row: 1, line: 2, offset: 0 })
        ));
        assert!(matches!(
            all(b"[{\"a\": 1}, {\"a\"", "f.json"),
            Err(TableError::Json { row: 1, .. } | TableError::Truncated { row: 1 })
        ));
        assert!(matches!(all(b"a,b\n1,\"x\n2,3\n", "f.csv"), Err(TableError::Truncated { row: 0 })));
        assert!(matches!(
            all(format!("{}\n", "[".repeat(200)).as_bytes(), "f.jsonl"),
            Err(TableError::Json { .. } | TableError::Limit { .. })
        ));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_give_rows_or_an_error(
            content in proptest::collection::vec(proptest::num::u8::ANY, 0..300),
            name in proptest::sample::select(vec!["a.csv", "a.tsv", "a.json", "a.jsonl", "a.txt", "a.csv.gz"]),
        ) {
            let _ = all(&content, name);
        }

        #[test]
        fn what_was_written_as_json_is_read(values in proptest::collection::vec(".{0,20}", 1..20)) {
            let lines = values.iter().map(|value| serde_json::json!({"a": value}).to_string()).collect::<Vec<_>>().join("\n");
            let rows = all(lines.as_bytes(), "a.jsonl").unwrap();
            let read: Vec<String> = rows.into_iter().map(|mut row| row.remove(0).1).collect();
            proptest::prop_assert_eq!(read, values);
        }
    }
}

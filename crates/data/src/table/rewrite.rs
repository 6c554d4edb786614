//! Copying a file with some of its values replaced, in the form it has.

use super::delimited::{next_line, text};
use super::read::{Form, TableError};
use super::{DEEPEST, MOST_COLUMNS};
use flate2::bufread::MultiGzDecoder;
use serde_json::Value;
use serde_json::value::RawValue;
use std::io::{BufRead, BufReader, Read, Write};

/// What takes the place of a value: gets row, column and value, gives nothing where it stays.
pub type Change<'c> = &'c mut dyn FnMut(u64, &str, &str) -> Option<String>;

/// Copies every row to `out`, its values replaced where `change` says so; rows without a change stay as they are written.
///
/// Rows and columns are those of [`super::read`]. A number or truth value of JSON that is replaced becomes a string.
/// Compressed input comes out uncompressed. Cost: `O(bytes)` time; memory for one row, of a JSON array for all.
///
/// # Errors
/// [`TableError`] at the first row that cannot be read, or when the output cannot be written.
pub fn rewrite(
    input: impl Read,
    name: &str,
    change: Change<'_>,
    out: &mut impl Write,
) -> Result<(), TableError> {
    let mut input = BufReader::with_capacity(1 << 20, input);
    if input.fill_buf()?.starts_with(b"\x1f\x8b") {
        return rewritten(BufReader::with_capacity(1 << 20, MultiGzDecoder::new(input)), name, change, out);
    }
    rewritten(input, name, change, out)
}

fn rewritten(
    mut input: impl BufRead,
    name: &str,
    change: Change<'_>,
    out: &mut impl Write,
) -> Result<(), TableError> {
    match Form::recognise(input.fill_buf()?, name) {
        Form::JsonLines => json_lines(input, change, out),
        Form::Lines => plain_lines(input, change, out),
        Form::Delimited(delimiter) => records(input, delimiter, change, out),
        Form::JsonArray => array(input, change, out),
    }
}

fn json_lines(mut input: impl BufRead, change: Change<'_>, out: &mut impl Write) -> Result<(), TableError> {
    let mut line = Vec::new();
    let (mut row, mut number) = (0u64, 1u64);
    while next_line(&mut input, &mut line, row, number)? {
        if line.trim_ascii().is_empty() {
            out.write_all(b"\n")?;
        } else {
            let content = text(&line, row, number)?;
            match replaced(content, row, number, change)? {
                Some(value) => serde_json::to_writer(&mut *out, &value).map_err(std::io::Error::from)?,
                None => out.write_all(&line)?,
            }
            out.write_all(b"\n")?;
            row = row.saturating_add(1);
        }
        number = number.saturating_add(1);
    }
    Ok(())
}

fn plain_lines(mut input: impl BufRead, change: Change<'_>, out: &mut impl Write) -> Result<(), TableError> {
    let mut line = Vec::new();
    let mut row = 0u64;
    while next_line(&mut input, &mut line, row, row.saturating_add(1))? {
        let content = text(&line, row, row.saturating_add(1))?;
        let changed = change(row, "text", content);
        let written = changed.as_deref().unwrap_or(content);
        out.write_all(written.as_bytes())?;
        // A return at the end of a text would be read as a part of the line's end; with one more it stays.
        out.write_all(if written.ends_with('\r') { b"\r\n" } else { b"\n" })?;
        row = row.saturating_add(1);
    }
    Ok(())
}

fn records(
    input: impl BufRead,
    delimiter: u8,
    change: Change<'_>,
    out: &mut impl Write,
) -> Result<(), TableError> {
    let failed = |error: csv::Error| TableError::Io(std::io::Error::other(error));
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).has_headers(true).from_reader(input);
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(out);
    let header = reader.byte_headers().map_err(failed)?.clone();
    writer.write_byte_record(&header).map_err(failed)?;
    let mut record = csv::ByteRecord::new();
    let mut row = 0u64;
    while reader.read_byte_record(&mut record).map_err(failed)? {
        let line = record.position().map_or(0, csv::Position::line);
        let mut changed = csv::ByteRecord::new();
        for (name, value) in header.iter().zip(&record) {
            match change(row, text(name, 0, 1)?, text(value, row, line)?) {
                Some(new) => changed.push_field(new.as_bytes()),
                None => changed.push_field(value),
            }
        }
        writer.write_byte_record(&changed).map_err(failed)?;
        row = row.saturating_add(1);
    }
    Ok(writer.flush()?)
}

fn array(input: impl BufRead, change: Change<'_>, out: &mut impl Write) -> Result<(), TableError> {
    let failed = |error: serde_json::Error| TableError::Json {
        row: 0,
        line: error.line() as u64,
        reason: error.to_string(),
    };
    let mut rows: Vec<Box<RawValue>> = serde_json::from_reader(input).map_err(failed)?;
    for (number, row) in rows.iter_mut().enumerate() {
        if let Some(value) = replaced(row.get(), number as u64, 0, change)? {
            *row = serde_json::value::to_raw_value(&value).map_err(failed)?;
        }
    }
    serde_json::to_writer(&mut *out, &rows).map_err(std::io::Error::from)?;
    Ok(out.write_all(b"\n")?)
}

/// A row with its values replaced, if one was.
fn replaced(content: &str, row: u64, line: u64, change: Change<'_>) -> Result<Option<Value>, TableError> {
    let mut whole: Value = serde_json::from_str(content).map_err(|error| TableError::Json {
        row,
        line,
        reason: format!("column {}: {error}", error.column()),
    })?;
    let limit = |limit, what| TableError::Limit { row, line, limit, what };
    let (mut changed, mut leaves) = (false, 0usize);
    // No recursion on what was read.
    let mut open = vec![(String::new(), &mut whole, 0usize)];
    while let Some((column, value, depth)) = open.pop() {
        if depth > DEEPEST {
            return Err(limit(DEEPEST, "levels of nesting"));
        }
        let name = |key: &str| if column.is_empty() { key.to_owned() } else { format!("{column}.{key}") };
        let below = depth.saturating_add(1);
        let shown = match value {
            Value::Null => continue,
            Value::Array(items) => {
                open.extend(
                    items.iter_mut().enumerate().map(|(place, item)| (name(&place.to_string()), item, below)),
                );
                continue;
            }
            Value::Object(fields) => {
                open.extend(fields.iter_mut().map(|(key, item)| (name(key), item, below)));
                continue;
            }
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
        };
        leaves = leaves.saturating_add(1);
        if leaves > MOST_COLUMNS {
            return Err(limit(MOST_COLUMNS, "columns"));
        }
        let column = if column.is_empty() { "text" } else { &column };
        if let Some(new) = change(row, column, &shown) {
            *value = Value::String(new);
            changed = true;
        }
    }
    Ok(changed.then_some(whole))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn without_b(content: &str, name: &str) -> String {
        let mut out = Vec::new();
        let mut change = |_: u64, column: &str, value: &str| {
            (column.ends_with('b') || value == "secret").then(|| "[X]".to_owned())
        };
        rewrite(content.as_bytes(), name, &mut change, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn rows_without_a_change_stay_as_they_are_written() {
        assert_eq!(
            without_b("{\"a\" : 1}\n{\"b\": 2, \"a\": 1}\n", "f.jsonl"),
            "{\"a\" : 1}\n{\"b\":\"[X]\",\"a\":1}\n"
        );
        assert_eq!(without_b("[{\"a\" : 1},{\"b\":2}]", "f.json"), "[{\"a\" : 1},{\"b\":\"[X]\"}]\n");
    }

    #[test]
    fn nested_values_of_json_and_fields_of_delimited_text_are_replaced() {
        assert_eq!(
            without_b("{\"a\":{\"b\":[1]},\"c\":[\"secret\"]}\n", "f.jsonl"),
            "{\"a\":{\"b\":[1]},\"c\":[\"[X]\"]}\n"
        );
        assert_eq!(without_b("a;b\n1;2\n3;\"x\ny\"\n", "f.csv"), "a;b\n1;[X]\n3;[X]\n");
        assert_eq!(without_b("open\nsecret\n", "f.txt"), "open\n[X]\n");
        assert_eq!(without_b("open\r\r\nsecret\nlast\r", "f.txt"), "open\r\r\n[X]\nlast\r\r\n");
    }

    proptest! {
        #[test]
        fn without_a_change_the_rows_stay(bytes in proptest::collection::vec(any::<u8>(), 0..200), form in 0usize..4) {
            let name = ["f.csv", "f.jsonl", "f.json", "f.txt"][form];
            let mut out = Vec::new();
            let copied = rewrite(bytes.as_slice(), name, &mut |_, _, _| None, &mut out);
            let rows = |bytes: &[u8]| {
                let mut rows = Vec::new();
                let read = crate::table::read(bytes, name, &mut |_, cells| {
                    rows.push(cells.to_vec());
                    std::ops::ControlFlow::Continue(())
                });
                read.map(|_| rows).ok()
            };
            if copied.is_ok()
                && let Some(before) = rows(&bytes)
                && !before.is_empty()
            {
                prop_assert_eq!(Some(before), rows(&out));
            }
        }
    }

    #[test]
    fn a_broken_row_is_an_error_with_its_line() {
        let error =
            rewrite(&b"{\"a\":1}\n{\n"[..], "f.jsonl", &mut |_, _, _| None, &mut Vec::new()).unwrap_err();
        assert!(matches!(error, TableError::Json { row: 1, line: 2, .. }), "{error}");
    }
}

//! A copy of a file with rows added, in the form the file has.

use super::delimited::next_line;
use super::read::{Form, TableError};
use flate2::bufread::MultiGzDecoder;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};

/// Copies `input` to `output` and adds, after the row that each of `planted` names, a copy of that row whose `column`
/// holds the text. Compressed input comes out uncompressed. `planted` is ascending by row; in each the row and the text.
///
/// In JSON, `column` may lead into nested values, its parts parted by dots; plain lines have the column `text`.
///
/// # Errors
/// [`TableError`] at the first row that cannot be read, [`TableError::NoText`] where the row has no such column, or when
/// the output cannot be written.
pub fn plant(
    input: impl Read,
    name: &str,
    column: &str,
    planted: &[(u64, String)],
    output: &mut impl Write,
) -> Result<(), TableError> {
    let mut input = BufReader::with_capacity(1 << 20, input);
    if input.fill_buf()?.starts_with(b"\x1f\x8b") {
        return copied(
            BufReader::with_capacity(1 << 20, MultiGzDecoder::new(input)),
            name,
            column,
            planted,
            output,
        );
    }
    copied(input, name, column, planted, output)
}

fn copied(
    mut input: impl BufRead,
    name: &str,
    column: &str,
    planted: &[(u64, String)],
    output: &mut impl Write,
) -> Result<(), TableError> {
    match Form::recognise(input.fill_buf()?, name) {
        Form::JsonLines => lines(input, Some(column), planted, output),
        Form::Lines => lines(input, None, planted, output),
        Form::Delimited(delimiter) => records(input, delimiter, column, planted, output),
        Form::JsonArray => array(input, column, planted, output),
    }
}

/// The texts that stand after a row.
fn after(planted: &[(u64, String)], row: u64) -> impl Iterator<Item = &str> {
    let start = planted.partition_point(|(after, _)| *after < row);
    planted.iter().skip(start).take_while(move |(after, _)| *after == row).map(|(_, text)| text.as_str())
}

fn lines(
    mut input: impl BufRead,
    column: Option<&str>,
    planted: &[(u64, String)],
    output: &mut impl Write,
) -> Result<(), TableError> {
    let mut line = Vec::new();
    let (mut row, mut number) = (0u64, 1u64);
    while next_line(&mut input, &mut line, row, number)? {
        output.write_all(&line)?;
        output.write_all(b"\n")?;
        number = number.saturating_add(1);
        if column.is_some() && line.trim_ascii().is_empty() {
            continue;
        }
        for text in after(planted, row) {
            match column {
                Some(column) => {
                    let head = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
                    let value = serde_json::from_slice(head).map_err(|error| TableError::Json {
                        row,
                        line: number,
                        reason: error.to_string(),
                    })?;
                    let added = with_text(value, column, text, row)?;
                    serde_json::to_writer(&mut *output, &added).map_err(std::io::Error::from)?;
                }
                None => output.write_all(text.as_bytes())?,
            }
            output.write_all(b"\n")?;
        }
        row = row.saturating_add(1);
    }
    Ok(())
}

fn records(
    input: impl BufRead,
    delimiter: u8,
    column: &str,
    planted: &[(u64, String)],
    output: &mut impl Write,
) -> Result<(), TableError> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).from_reader(input);
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(output);
    let failed = |error: csv::Error| TableError::Io(std::io::Error::other(error));
    let mut record = csv::ByteRecord::new();
    let (mut place, mut row) = (None, None::<u64>);
    while reader.read_byte_record(&mut record).map_err(failed)? {
        writer.write_byte_record(&record).map_err(failed)?;
        let Some(number) = row else {
            let is_column =
                |name: &[u8]| name.strip_prefix(b"\xef\xbb\xbf").unwrap_or(name) == column.as_bytes();
            place = record.iter().position(is_column);
            row = Some(0);
            continue;
        };
        for text in after(planted, number) {
            let place = place.ok_or_else(|| TableError::NoText { row: number, column: column.to_owned() })?;
            let fields = record.iter().enumerate();
            let added: csv::ByteRecord =
                fields.map(|(at, value)| if at == place { text.as_bytes() } else { value }).collect();
            writer.write_byte_record(&added).map_err(failed)?;
        }
        row = Some(number.saturating_add(1));
    }
    writer.flush()?;
    Ok(())
}

fn array(
    input: impl BufRead,
    column: &str,
    planted: &[(u64, String)],
    output: &mut impl Write,
) -> Result<(), TableError> {
    let rows: Vec<Box<serde_json::value::RawValue>> = serde_json::from_reader(input)
        .map_err(|error| TableError::Json { row: 0, line: error.line() as u64, reason: error.to_string() })?;
    let mut all = Vec::with_capacity(rows.len().saturating_add(planted.len()));
    for (number, raw) in rows.into_iter().enumerate() {
        let row = number as u64;
        let broken = |error: serde_json::Error| TableError::Json { row, line: 0, reason: error.to_string() };
        let added: Vec<_> = after(planted, row)
            .map(|text| {
                let value = serde_json::from_str(raw.get()).map_err(broken)?;
                serde_json::value::to_raw_value(&with_text(value, column, text, row)?).map_err(broken)
            })
            .collect::<Result<_, _>>()?;
        all.push(raw);
        all.extend(added);
    }
    serde_json::to_writer(&mut *output, &all).map_err(std::io::Error::from)?;
    Ok(output.write_all(b"\n")?)
}

/// A JSON row with a text in a column. A bare string is its own column `text`.
fn with_text(mut value: Value, column: &str, text: &str, row: u64) -> Result<Value, TableError> {
    let missing = || TableError::NoText { row, column: column.to_owned() };
    let mut at = &mut value;
    if !(at.is_string() && column == "text") {
        // A name that holds dots itself comes before a path.
        if at.get(column).is_some() {
            at = at.get_mut(column).ok_or_else(missing)?;
        } else {
            for part in column.split('.') {
                at = match at {
                    Value::Array(items) => part.parse().ok().and_then(|place: usize| items.get_mut(place)),
                    other => other.get_mut(part),
                }
                .ok_or_else(missing)?;
            }
        }
    }
    if !at.is_string() {
        return Err(missing());
    }
    *at = Value::String(text.to_owned());
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planted(content: &str, name: &str, column: &str) -> Result<String, TableError> {
        let mut out = Vec::new();
        plant(content.as_bytes(), name, column, &[(0, "X \"1\"".to_owned())], &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_added_row_looks_like_the_one_before_it() {
        assert_eq!(
            planted("{\"a\": \"t\",\"b\":7}\n{\"a\":\"u\"}", "f.jsonl", "a").unwrap(),
            "{\"a\": \"t\",\"b\":7}\n{\"a\":\"X \\\"1\\\"\",\"b\":7}\n{\"a\":\"u\"}\n"
        );
        assert_eq!(planted("a;b\nt;7\n", "f.csv", "a").unwrap(), "a;b\nt;7\n\"X \"\"1\"\"\";7\n");
        assert_eq!(planted("one\ntwo\n", "f.txt", "text").unwrap(), "one\nX \"1\"\ntwo\n");
        assert_eq!(
            planted("[{\"m\":[{\"c\":\"t\"}]}]", "f.json", "m.0.c").unwrap(),
            "[{\"m\":[{\"c\":\"t\"}]},{\"m\":[{\"c\":\"X \\\"1\\\"\"}]}]\n"
        );
    }

    #[test]
    fn a_row_without_the_column_is_named() {
        assert!(matches!(planted("{\"a\":1}\n", "f.jsonl", "a"), Err(TableError::NoText { row: 0, .. })));
        assert!(matches!(planted("b\n1\n", "f.csv", "a"), Err(TableError::NoText { row: 0, .. })));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_give_a_copy_or_an_error(
            content in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
            name in proptest::sample::select(vec!["a.csv", "a.json", "a.jsonl", "a.txt"]),
        ) {
            let _ = plant(content.as_slice(), name, "text", &[(0, "x".to_owned())], &mut Vec::new());
        }
    }
}

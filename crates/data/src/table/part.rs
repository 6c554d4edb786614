//! Parting a file in two, row by row, in the form it has.

use super::delimited::next_line;
use super::read::{Form, TableError};
use flate2::bufread::MultiGzDecoder;
use std::io::{BufRead, BufReader, Read, Write};

/// Copies the rows that `stays` approves of to `kept` and the others to `aside`, in their order and as they are written;
/// both get the header that delimited text has. Compressed input comes out uncompressed. A JSON array becomes two.
///
/// Rows are numbered as [`super::read`] numbers them.
///
/// # Errors
/// [`TableError`] at the first row that cannot be read, or when one of the outputs cannot be written.
pub fn part(
    input: impl Read,
    name: &str,
    stays: &dyn Fn(u64) -> bool,
    kept: &mut impl Write,
    aside: &mut impl Write,
) -> Result<(), TableError> {
    let mut input = BufReader::with_capacity(1 << 20, input);
    if input.fill_buf()?.starts_with(b"\x1f\x8b") {
        let inner = BufReader::with_capacity(1 << 20, MultiGzDecoder::new(input));
        return parted(inner, name, stays, kept, aside);
    }
    parted(input, name, stays, kept, aside)
}

fn parted(
    mut input: impl BufRead,
    name: &str,
    stays: &dyn Fn(u64) -> bool,
    kept: &mut impl Write,
    aside: &mut impl Write,
) -> Result<(), TableError> {
    match Form::recognise(input.fill_buf()?, name) {
        Form::JsonLines => lines(input, true, stays, kept, aside),
        Form::Lines => lines(input, false, stays, kept, aside),
        Form::Delimited(delimiter) => records(input, delimiter, stays, kept, aside),
        Form::JsonArray => array(input, stays, kept, aside),
    }
}

fn lines(
    mut input: impl BufRead,
    skips_blank: bool,
    stays: &dyn Fn(u64) -> bool,
    kept: &mut impl Write,
    aside: &mut impl Write,
) -> Result<(), TableError> {
    let mut line = Vec::new();
    let (mut row, mut number) = (0u64, 1u64);
    while next_line(&mut input, &mut line, row, number)? {
        number = number.saturating_add(1);
        if skips_blank && line.trim_ascii().is_empty() {
            continue;
        }
        line.push(b'\n');
        if stays(row) {
            kept.write_all(&line)?;
        } else {
            aside.write_all(&line)?;
        }
        row = row.saturating_add(1);
    }
    Ok(())
}

fn records(
    input: impl BufRead,
    delimiter: u8,
    stays: &dyn Fn(u64) -> bool,
    kept: &mut impl Write,
    aside: &mut impl Write,
) -> Result<(), TableError> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).from_reader(input);
    let mut form = csv::WriterBuilder::new();
    form.delimiter(delimiter);
    let (mut kept, mut aside) = (form.from_writer(kept), form.from_writer(aside));
    let mut record = csv::ByteRecord::new();
    let mut row = None;
    let failed = |error: csv::Error| TableError::Io(std::io::Error::other(error));
    while reader.read_byte_record(&mut record).map_err(failed)? {
        // The first record names the columns.
        let number: Option<u64> = row;
        if number.is_none_or(stays) {
            kept.write_byte_record(&record).map_err(failed)?;
        }
        if number.is_none_or(|row| !stays(row)) {
            aside.write_byte_record(&record).map_err(failed)?;
        }
        row = Some(number.map_or(0, |row| row.saturating_add(1)));
    }
    kept.flush()?;
    aside.flush()?;
    Ok(())
}

fn array(
    mut input: impl BufRead,
    stays: &dyn Fn(u64) -> bool,
    kept: &mut impl Write,
    aside: &mut impl Write,
) -> Result<(), TableError> {
    let mut rows: Vec<Box<serde_json::value::RawValue>> = serde_json::from_reader(&mut input)
        .map_err(|error| TableError::Json { row: 0, line: error.line() as u64, reason: error.to_string() })?;
    let (mut staying, mut leaving) = (Vec::new(), Vec::new());
    for (number, row) in rows.drain(..).enumerate() {
        if stays(number as u64) { staying.push(row) } else { leaving.push(row) }
    }
    write_array(&staying, kept)?;
    write_array(&leaving, aside)
}

fn write_array(rows: &[Box<serde_json::value::RawValue>], to: &mut impl Write) -> Result<(), TableError> {
    serde_json::to_writer(&mut *to, rows).map_err(std::io::Error::from)?;
    Ok(to.write_all(b"\n")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(content: &str, name: &str) -> (String, String) {
        let (mut kept, mut aside) = (Vec::new(), Vec::new());
        part(content.as_bytes(), name, &|row| row != 1, &mut kept, &mut aside).unwrap();
        (String::from_utf8(kept).unwrap(), String::from_utf8(aside).unwrap())
    }

    #[test]
    fn lines_stay_as_they_are_written() {
        let (kept, aside) = parts("{\"a\": 1}\n\n{\"a\" : 2}\n{\"a\":3}", "f.jsonl");
        assert_eq!((kept.as_str(), aside.as_str()), ("{\"a\": 1}\n{\"a\":3}\n", "{\"a\" : 2}\n"));
    }

    #[test]
    fn both_parts_of_delimited_text_have_the_header() {
        let (kept, aside) = parts("a;b\n1;2\n3;\"x\ny\"\n5;6\n", "f.csv");
        assert_eq!((kept.as_str(), aside.as_str()), ("a;b\n1;2\n5;6\n", "a;b\n3;\"x\ny\"\n"));
    }

    #[test]
    fn an_array_becomes_two() {
        let (kept, aside) = parts("[{\"a\": 1},\n {\"b\": 2}]", "f.json");
        assert_eq!((kept.as_str(), aside.as_str()), ("[{\"a\": 1}]\n", "[{\"b\": 2}]\n"));
    }
}

//! Where in a file reading fails: the engine's errors name neither file nor place, so the file is read again to the failure.

use super::arrow_place::arrow_place;
use super::avro_place::avro_place;
use super::form::{Compression, Form};
use super::shards::Shard;
use crate::error::{EngineError, plain};
use bartizan_data::table::{self, Form as TextForm};
use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::parquet::file::metadata::RowGroupMetaData;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;

impl Shard {
    /// The error with the file, and with row group, row, line or column as far as a second reading tells them.
    pub(crate) async fn diagnosed(&self, error: &DataFusionError) -> EngineError {
        if matches!(error.find_root(), DataFusionError::ResourcesExhausted(_)) {
            return self.failed(error);
        }
        let shard = self.clone();
        let found = tokio::task::spawn_blocking(move || match shard.form {
            Form::Parquet => parquet_place(&shard),
            Form::Delimited(_) | Form::JsonLines | Form::JsonArray => text_place(&shard),
            Form::Arrow => arrow_place(&shard.path),
            Form::Avro => None,
        });
        match found.await {
            Ok(Some((place, reason))) => {
                let reason = if reason.is_empty() { plain(error) } else { reason };
                EngineError::Data { path: self.path.clone(), place, reason }
            }
            _ => self.failed(error),
        }
    }
}

impl Shard {
    /// Refuses a file that ends inside a value or a block: the engine's readers take what is there for the whole.
    ///
    /// A delimited file without any quote is looked through for one and no more.
    pub(super) fn check_end(&self) -> Result<(), EngineError> {
        let failed = |error: std::io::Error| EngineError::Read { path: self.path.clone(), error };
        let form = match self.form {
            Form::Delimited(delimiter) => TextForm::Delimited(delimiter),
            Form::JsonArray => TextForm::JsonArray,
            Form::Avro => {
                return match avro_place(&self.path).map_err(failed)? {
                    Some((place, reason)) => {
                        Err(EngineError::Data { path: self.path.clone(), place, reason })
                    }
                    None => Ok(()),
                };
            }
            Form::JsonLines | Form::Parquet | Form::Arrow => return Ok(()),
        };
        let open = || -> Result<Box<dyn Read>, EngineError> {
            let file = File::open(&self.path).map_err(failed)?;
            if self.compression == Compression::None {
                return Ok(Box::new(file));
            }
            let plain = self.compression.engine().convert_read(file);
            plain.map(|plain| Box::new(plain) as Box<dyn Read>).map_err(|error| self.failed(&error))
        };
        let damaged = |error: std::io::Error| EngineError::Data {
            path: self.path.clone(),
            place: String::new(),
            reason: format!("cannot be read to its end: {error}"),
        };
        if matches!(form, TextForm::Delimited(_)) && !has_quote(open()?).map_err(damaged)? {
            return Ok(());
        }
        if table::is_whole(open()?, form).map_err(damaged)? {
            return Ok(());
        }
        let mut last = 0;
        let read = table::read(open()?, &self.plain_name(), &mut |row, _| {
            last = row;
            ControlFlow::Continue(())
        });
        let reason = read.err().unwrap_or(table::TableError::Truncated { row: last }).to_string();
        Err(EngineError::Data { path: self.path.clone(), place: String::new(), reason })
    }
}

fn has_quote(mut input: impl Read) -> std::io::Result<bool> {
    let mut block = vec![0; 1 << 18];
    loop {
        match input.read(&mut block) {
            Ok(0) => return Ok(false),
            Ok(read) if block.get(..read).is_some_and(|block| block.contains(&b'"')) => return Ok(true),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The first row group and column of a Parquet file that cannot be read.
fn parquet_place(shard: &Shard) -> Option<(String, String)> {
    let open = || {
        let file = File::open(&shard.path).ok()?;
        Some(ParquetRecordBatchReaderBuilder::try_new(file))
    };
    let builder = match open()? {
        Ok(builder) => builder,
        Err(error) => {
            let reason = bartizan_core::printable(&error.to_string(), 300);
            return Some((" (footer)".to_owned(), format!("{reason}; the file may be truncated")));
        }
    };
    let schema = builder.parquet_schema().clone();
    let groups: Vec<i64> = builder.metadata().row_groups().iter().map(RowGroupMetaData::num_rows).collect();
    let mut first_row = 0_i64;
    for (group, rows) in groups.iter().enumerate() {
        for column in 0..schema.num_columns() {
            let builder = open()?.ok()?;
            let mask = ProjectionMask::leaves(&schema, [column]);
            let reader =
                builder.with_row_groups(vec![group]).with_projection(mask).with_batch_size(1_024).build();
            let mut read = 0_i64;
            let failure = match reader {
                Ok(reader) => reader.into_iter().find_map(|batch| match batch {
                    Ok(batch) => {
                        read = read.saturating_add(i64::try_from(batch.num_rows()).unwrap_or(0));
                        None
                    }
                    Err(error) => Some(error),
                }),
                Err(error) => Some(ArrowError::ParquetError(error.to_string())),
            };
            if let Some(error) = failure {
                let name = schema.column(column).path().string();
                let row = first_row.saturating_add(read);
                let place = format!(" (row group {group}, from row {row}, column `{name}`)");
                return Some((place, bartizan_core::printable(&error.to_string(), 300)));
            }
        }
        first_row = first_row.saturating_add(*rows);
    }
    None
}

/// Most names whose shapes are held against each other.
const MOST_NAMES: usize = 100_000;

/// The first row of a text form that cannot be read, or in which a name stands for a value where it stood for an object or list
/// before, or the other way round. The place is part of the reason.
fn text_place(shard: &Shard) -> Option<(String, String)> {
    if let Some(found) = no_object(shard) {
        return Some(found);
    }
    let file = File::open(&shard.path).ok()?;
    let name = shard.plain_name();
    // Whether a name holds others, or is a value itself, and since which row.
    let mut shapes: BTreeMap<String, (bool, u64)> = BTreeMap::new();
    let (mut clash, mut twice) = (None, None);
    let is_json = matches!(shard.form, Form::JsonLines | Form::JsonArray);
    let mut every = |row: u64, cells: &[table::Cell]| {
        if row == 0 && !is_json {
            let mut names = BTreeSet::new();
            twice =
                cells.iter().find(|cell| !names.insert(cell.column.as_str())).map(|cell| cell.column.clone());
            if twice.is_some() {
                return ControlFlow::Break(());
            }
        }
        for cell in cells.iter().filter(|_| is_json) {
            let parents = cell.column.match_indices('.').filter_map(|(at, _)| cell.column.get(..at));
            let named = parents.map(|parent| (parent, true)).chain([(cell.column.as_str(), false)]);
            for (name, is_parent) in named {
                match shapes.get(name) {
                    Some((was_parent, since)) if *was_parent != is_parent => {
                        clash = Some((row, name.to_owned(), *since));
                        return ControlFlow::Break(());
                    }
                    None if shapes.len() < MOST_NAMES => {
                        shapes.insert(name.to_owned(), (is_parent, row));
                    }
                    Some(_) | None => {}
                }
            }
        }
        ControlFlow::Continue(())
    };
    let outcome = if shard.compression == Compression::None {
        table::read(file, &name, &mut every)
    } else {
        table::read(shard.compression.engine().convert_read(file).ok()?, &name, &mut every)
    };
    if let Some(name) = twice {
        let reason =
            format!("names the column `{}` twice; rename one of them", bartizan_core::printable(&name, 100));
        return Some((" (header)".to_owned(), reason));
    }
    if let Some((row, name, since)) = clash {
        let name = bartizan_core::printable(&name, 100);
        let reason =
            format!("`{name}` is a value in one row and holds others in another (first in row {since})");
        return Some((format!(" (row {row})"), reason));
    }
    outcome.err().map(|error| (String::new(), error.to_string()))
}

/// The first line of JSON Lines that is no object, and a mark before the first: what the engine wants of every row.
fn no_object(shard: &Shard) -> Option<(String, String)> {
    if !matches!(shard.form, Form::JsonLines | Form::JsonArray) {
        return None;
    }
    let file = File::open(&shard.path).ok()?;
    let plain = shard.compression.engine().convert_read(file).ok()?;
    let mut input = BufReader::new(plain);
    if input.fill_buf().ok()?.starts_with(b"\xef\xbb\xbf") {
        let reason = "begins with a byte-order mark, which JSON has no place for (RFC 8259, section 8.1); take its three bytes off";
        return Some((" (byte 0)".to_owned(), reason.to_owned()));
    }
    if shard.form == Form::JsonArray {
        return None;
    }
    let (mut row, mut line) = (0_u64, 0_u64);
    loop {
        line = line.saturating_add(1);
        let start = first_of_line(&mut input).ok()?;
        match start {
            Start::Byte(b'{') => row = row.saturating_add(1),
            Start::Byte(_) => {
                let reason = "is no JSON object, where every row is one; mend or remove that line";
                return Some((format!(" (row {row}, line {line})"), reason.to_owned()));
            }
            Start::Blank => {}
            Start::End => return None,
        }
    }
}

/// What a line begins with, behind blanks.
enum Start {
    Byte(u8),
    Blank,
    End,
}

/// Reads a line to its end in the memory of one block.
fn first_of_line(input: &mut impl BufRead) -> std::io::Result<Start> {
    let mut start = Start::End;
    loop {
        let block = input.fill_buf()?;
        if block.is_empty() {
            return Ok(start);
        }
        let end = block.iter().position(|byte| *byte == b'\n');
        let line = block.get(..end.unwrap_or(block.len())).unwrap_or_default();
        if !matches!(start, Start::Byte(_)) {
            start = line.trim_ascii_start().first().map_or(Start::Blank, |byte| Start::Byte(*byte));
        }
        let used = end.map_or(block.len(), |end| end.saturating_add(1));
        input.consume(used);
        if end.is_some() {
            return Ok(start);
        }
    }
}

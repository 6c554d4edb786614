//! The rows of a dataset as JSON Lines, in order: how the verbs without an engine read Parquet, Arrow, Avro, folders and tables.
//!
//! Text forms keep their values as they are written; of the others, numbers that JSON lacks (NaN, infinities) are written as text
//! where they stand in columns of their own, and bytes as text where they are UTF-8.

use crate::error::EngineError;
use crate::input::{Form, Shard};
use crate::session::Engine;
use bartizan_data::table;
use datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::{CastOptions, cast, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Field, Float16Type, Float32Type, Float64Type, Schema};
use datafusion::arrow::json::LineDelimitedWriter;
use futures::StreamExt as _;
use serde_json::{Map, Value};
use std::fs::File;
use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;

impl Engine {
    /// Writes every row of a dataset as a JSON object on a line, missing values left out; gives how many there are.
    ///
    /// Memory for one batch. A row is as long as its values are.
    ///
    /// # Errors
    /// [`EngineError`] at the first file that cannot be read to its end, and when `out` cannot be written.
    pub async fn rows(&self, shards: &[Shard], out: &mut (dyn Write + Send)) -> Result<u64, EngineError> {
        let mut rows = 0_u64;
        for shard in shards {
            let more = match shard.form {
                Form::Delimited(_) | Form::JsonLines | Form::JsonArray => text_rows(shard, out)?,
                Form::Parquet | Form::Arrow | Form::Avro => self.column_rows(shard, out).await?,
            };
            rows = rows.saturating_add(more);
        }
        out.flush().map_err(EngineError::Output)?;
        Ok(rows)
    }

    async fn column_rows(&self, shard: &Shard, out: &mut (dyn Write + Send)) -> Result<u64, EngineError> {
        let frame = shard.open(&self.ordered, false).await?;
        let mut stream = match frame.execute_stream().await {
            Ok(stream) => stream,
            Err(error) => return Err(shard.diagnosed(&error).await),
        };
        let mut rows = 0_u64;
        let mut text = Vec::new();
        while let Some(batch) = stream.next().await {
            let batch = match batch {
                Ok(batch) => batch,
                Err(error) => return Err(shard.diagnosed(&error).await),
            };
            let failed = |error: datafusion::arrow::error::ArrowError| shard.failed(&error.into());
            let batch = writable(&batch).map_err(failed)?;
            text.clear();
            let mut writer = LineDelimitedWriter::new(&mut text);
            writer.write(&batch).and_then(|()| writer.finish()).map_err(failed)?;
            out.write_all(&text).map_err(EngineError::Output)?;
            rows = rows.saturating_add(batch.num_rows() as u64);
        }
        Ok(rows)
    }
}

/// The rows of a text form, every value as it is written.
fn text_rows(shard: &Shard, out: &mut (dyn Write + Send)) -> Result<u64, EngineError> {
    let read = |error| EngineError::Read { path: shard.path.clone(), error };
    let file = File::open(&shard.path).map_err(read)?;
    let plain = shard.compression.engine().convert_read(file).map_err(|error| shard.failed(&error))?;
    let mut failed = None;
    let name = shard.plain_name();
    let outcome = table::read(plain, &name, &mut |_, cells| {
        let mut row: Map<String, Value> =
            cells.iter().map(|cell| (cell.column.clone(), Value::from(cell.value.as_str()))).collect();
        for (key, value) in &shard.partitions {
            row.insert(key.clone(), Value::from(value.as_str()));
        }
        match serde_json::to_writer(&mut *out, &row).map_err(Into::into).and_then(|()| out.write_all(b"\n")) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    });
    match (outcome, failed) {
        (_, Some(error)) => Err(EngineError::Output(error)),
        (Ok(rows), None) => Ok(rows),
        (Err(error), None) => Err(EngineError::Data {
            path: shard.path.clone(),
            place: String::new(),
            reason: error.to_string(),
        }),
    }
}

/// A batch whose values JSON can hold.
fn writable(batch: &RecordBatch) -> Result<RecordBatch, datafusion::arrow::error::ArrowError> {
    let schema = batch.schema();
    let columns: Vec<(Field, ArrayRef)> = schema
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, array)| {
            let array = writable_column(array)?;
            Ok((Field::new(field.name(), array.data_type().clone(), true), array))
        })
        .collect::<Result<_, datafusion::arrow::error::ArrowError>>()?;
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
}

fn writable_column(array: &ArrayRef) -> Result<ArrayRef, datafusion::arrow::error::ArrowError> {
    let is_finite = match array.data_type() {
        DataType::Float16 => {
            array.as_primitive::<Float16Type>().iter().flatten().all(|value| value.to_f32().is_finite())
        }
        DataType::Float32 => array.as_primitive::<Float32Type>().iter().flatten().all(f32::is_finite),
        DataType::Float64 => array.as_primitive::<Float64Type>().iter().flatten().all(f64::is_finite),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            let bytes = cast(array, &DataType::LargeBinary)?;
            // An error, not a missing value, where bytes are no text.
            let options = CastOptions { safe: false, ..CastOptions::default() };
            return Ok(cast_with_options(&bytes, &DataType::LargeUtf8, &options).unwrap_or(bytes));
        }
        _ => true,
    };
    if is_finite { Ok(Arc::clone(array)) } else { cast(array, &DataType::Utf8) }
}

//! Where in a file reading fails: the engine's errors name neither file nor place, so the file is read again to the failure.

use super::form::{Compression, Form};
use super::shards::Shard;
use crate::error::{EngineError, plain};
use bartizan_data::table;
use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::parquet::file::metadata::RowGroupMetaData;
use std::fs::File;
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
            Form::Arrow | Form::Avro => None,
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

/// The first row of a text form that cannot be read. The place is part of the reason.
fn text_place(shard: &Shard) -> Option<(String, String)> {
    let file = File::open(&shard.path).ok()?;
    let name = shard.plain_name();
    let mut every = |_: u64, _: &[table::Cell]| ControlFlow::Continue(());
    let outcome = if shard.compression == Compression::None {
        table::read(file, &name, &mut every)
    } else {
        table::read(shard.compression.engine().convert_read(file).ok()?, &name, &mut every)
    };
    outcome.err().map(|error| (String::new(), error.to_string()))
}

//! Opening a file as a table of the engine.

use super::form::Form;
use super::parquet::ParquetTable;
use super::shards::Shard;
use crate::error::{EngineError, plain};
use datafusion::catalog::TableProvider;
use datafusion::common::config::CsvOptions;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::arrow::ArrowFormat;
use datafusion::datasource::file_format::avro::AvroFormat;
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::file_format::json::JsonFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::DataFusionError;
use datafusion::prelude::{DataFrame, SessionContext, lit};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use url::Url;

/// Rows from which types of text forms are inferred at first.
const INFERRED: usize = 10_000;

impl Shard {
    /// The file as a table. `thorough` infers the types of text forms from every row.
    ///
    /// # Errors
    /// [`EngineError::Data`] when the file is not what its first bytes say.
    pub(crate) async fn open(
        &self,
        context: &SessionContext,
        thorough: bool,
    ) -> Result<DataFrame, EngineError> {
        self.open_by_keys(context, thorough, &BTreeSet::new()).await
    }

    /// As [`Self::open`]; columns of texts that `by_keys` names come as keys into dictionaries where the file holds them so.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) async fn open_by_keys(
        &self,
        context: &SessionContext,
        thorough: bool,
        by_keys: &BTreeSet<String>,
    ) -> Result<DataFrame, EngineError> {
        let table: Arc<dyn TableProvider> = if self.form == Form::Parquet {
            // Tables of Delta and Iceberg cast the columns of their files.
            let none = BTreeSet::new();
            match ParquetTable::open(&self.path, if self.table.is_some() { &none } else { by_keys }) {
                Ok(table) => Arc::new(table),
                Err(error) => return Err(self.diagnosed(&error).await),
            }
        } else {
            Arc::new(self.listed(context, thorough).await?)
        };
        let mut frame = context.read_table(table).map_err(|error| self.failed(&error))?;
        for (key, value) in &self.partitions {
            let literal = value.parse::<i64>().map_or_else(|_| lit(value.as_str()), lit);
            frame = frame.with_column(key, literal).map_err(|error| self.failed(&error))?;
        }
        self.shaped(frame)
    }

    /// The file as the engine reads it.
    async fn listed(&self, context: &SessionContext, thorough: bool) -> Result<ListingTable, EngineError> {
        // Without `..` and links, which the engine's paths do not know.
        let path: PathBuf = std::fs::canonicalize(&self.path)
            .map_err(|error| EngineError::Read { path: self.path.clone(), error })?;
        let url = Url::from_file_path(&path).map_err(|()| EngineError::Form(self.path.clone()))?;
        let table = ListingTableUrl::try_new(url, None).map_err(|error| self.failed(&error))?;
        let options = ListingOptions::new(self.format(thorough)).with_file_extension("");
        let schema = match options.infer_schema(&context.state(), &table).await {
            Ok(schema) => schema,
            Err(error) => return Err(self.diagnosed(&error).await),
        };
        let config = ListingTableConfig::new(table).with_listing_options(options).with_schema(schema);
        ListingTable::try_new(config).map_err(|error| self.failed(&error))
    }

    fn format(&self, thorough: bool) -> Arc<dyn FileFormat> {
        let inferred = if thorough { usize::MAX } else { INFERRED };
        let compression = self.compression.engine();
        match self.form {
            Form::Parquet => Arc::new(ParquetFormat::default()),
            Form::Arrow => Arc::new(ArrowFormat),
            Form::Avro => Arc::new(AvroFormat),
            // Quoted values may hold line ends, so that no part of a file can be read by itself.
            Form::Delimited(delimiter) => Arc::new(
                CsvFormat::default()
                    .with_options(CsvOptions::default())
                    .with_has_header(true)
                    .with_delimiter(delimiter)
                    .with_newlines_in_values(true)
                    .with_schema_infer_max_rec(inferred)
                    .with_file_compression_type(compression),
            ),
            Form::JsonLines | Form::JsonArray => Arc::new(
                JsonFormat::default()
                    .with_newline_delimited(self.form == Form::JsonLines)
                    .with_schema_infer_max_rec(inferred)
                    .with_file_compression_type(compression),
            ),
        }
    }

    /// Whether types were guessed from some rows, so that a failure may be mended by looking at all.
    pub(crate) fn is_inferred(&self) -> bool {
        matches!(self.form, Form::Delimited(_) | Form::JsonLines | Form::JsonArray)
    }

    /// The engine's error with the name of this file.
    pub(crate) fn failed(&self, error: &DataFusionError) -> EngineError {
        EngineError::Data { path: self.path.clone(), place: String::new(), reason: plain(error) }
    }
}

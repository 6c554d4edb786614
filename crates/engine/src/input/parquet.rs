//! A Parquet file as a table: row groups are read page by page on the thread that asks for the rows.
//!
//! What the footer claims of values (least, greatest, how many are missing) is not used: a claim that is wrong would hide rows.
//! Which encodings it names decides the form in which texts come, never what they are.

use super::blocks::Blocks;
use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::datasource::TableType;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use datafusion::parquet::basic::{ConvertedType, Encoding};
use datafusion::parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::prelude::Expr;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Size from which a file is read in parts, in bytes.
const PARTED: u64 = 10 << 20;

/// A file and its footer.
#[derive(Debug, Clone)]
pub(super) struct ParquetTable {
    path: PathBuf,
    bytes: u64,
    footer: ArrowReaderMetadata,
    schema: SchemaRef,
}

impl ParquetTable {
    /// Reads the footer. Columns of texts that `by_keys` names come as keys into dictionaries where all of them are written so.
    ///
    /// # Errors
    /// When the footer cannot be read, or has a type that there is none for in Arrow.
    pub(super) fn open(path: &Path, by_keys: &BTreeSet<String>) -> Result<Self> {
        let blocks = Blocks::open(path)?;
        let stored = ArrowReaderMetadata::load(&blocks, ArrowReaderOptions::new())?;
        let metadata = stored.metadata();
        let fields: Vec<Field> = stored
            .schema()
            .fields()
            .iter()
            .map(|field| {
                let data_type = match field.data_type() {
                    DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                        if by_keys.contains(field.name()) && is_by_keys(metadata, field.name()) {
                            DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
                        } else {
                            DataType::Utf8View
                        }
                    }
                    DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
                    other => other.clone(),
                };
                field.as_ref().clone().with_data_type(data_type)
            })
            .collect();
        let plain = fields.iter().map(|field| field.clone().with_metadata([].into())).collect::<Vec<_>>();
        let read = Arc::new(Schema::new_with_metadata(fields, stored.schema().metadata().clone()));
        let footer =
            ArrowReaderMetadata::try_new(Arc::clone(metadata), ArrowReaderOptions::new().with_schema(read))?;
        Ok(Self {
            path: path.to_owned(),
            bytes: blocks.bytes(),
            footer,
            schema: Arc::new(Schema::new(plain)),
        })
    }

    /// The row groups of each of `parts` parts: by where they begin, so that it is the same on every machine. A row group that
    /// claims to begin nowhere in the file is of the last part.
    fn parts(&self, parts: usize) -> Vec<Vec<usize>> {
        let groups = self.footer.metadata().row_groups();
        let parts = if self.bytes < PARTED { 1 } else { parts.max(1) };
        let size = self.bytes.div_ceil(parts as u64).max(1);
        let mut found = vec![Vec::new(); parts];
        for (place, group) in groups.iter().enumerate() {
            let part = usize::try_from(begin(group) / size).unwrap_or(usize::MAX);
            if let Some(groups) = found.get_mut(part.min(parts.saturating_sub(1))) {
                groups.push(place);
            }
        }
        found
    }
}

/// Where a row group begins.
fn begin(group: &RowGroupMetaData) -> u64 {
    let first = group.columns().first();
    let offset =
        first.map(|column| column.dictionary_page_offset().unwrap_or_else(|| column.data_page_offset()));
    offset.and_then(|offset| u64::try_from(offset).ok()).unwrap_or(u64::MAX)
}

/// Whether every page of a column is said to hold keys into a dictionary of texts.
fn is_by_keys(metadata: &ParquetMetaData, name: &str) -> bool {
    let schema = metadata.file_metadata().schema_descr();
    let Some(place) = schema.columns().iter().position(|column| column.path().parts() == [name]) else {
        return false;
    };
    let is_text =
        schema.columns().get(place).is_some_and(|column| column.converted_type() == ConvertedType::UTF8);
    is_text
        && metadata.row_groups().iter().all(|group| {
            group.columns().get(place).is_some_and(|column| {
                column.dictionary_page_offset().is_some()
                    && column.page_encoding_stats_mask().is_some_and(|mask| {
                        mask.is_only(Encoding::RLE_DICTIONARY) || mask.is_only(Encoding::PLAIN_DICTIONARY)
                    })
            })
        })
}

#[async_trait]
impl TableProvider for ParquetTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let options = state.config_options();
        let parts =
            if options.optimizer.repartition_file_scans { options.execution.target_partitions } else { 1 };
        let columns: Vec<usize> =
            projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let schema = Arc::new(self.schema.project(&columns)?);
        let mut roots = columns.clone();
        roots.sort_unstable();
        roots.dedup();
        if roots.is_empty() && !self.schema.fields().is_empty() {
            // Rows are counted by reading them, not by what the footer claims.
            roots.push(0);
        }
        let order =
            columns.iter().filter_map(|column| roots.iter().position(|root| root == column)).collect();
        let part = Part { table: Arc::new(self.clone()), groups: Vec::new(), roots, order, schema };
        let streams = self
            .parts(parts)
            .into_iter()
            .map(|groups| Arc::new(Part { groups, ..part.clone() }) as Arc<dyn PartitionStream>)
            .collect();
        let scan = StreamingTableExec::try_new(Arc::clone(&part.schema), streams, None, [], false, limit)?;
        Ok(Arc::new(scan))
    }
}

/// Some row groups, one after the other.
#[derive(Debug, Clone)]
struct Part {
    table: Arc<ParquetTable>,
    groups: Vec<usize>,
    /// Columns to read, ascending.
    roots: Vec<usize>,
    /// For each column asked for, its place among them.
    order: Vec<usize>,
    schema: SchemaRef,
}

impl PartitionStream for Part {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = Rows {
            part: self.clone(),
            next: 0,
            batch: context.session_config().batch_size(),
            blocks: None,
            reader: None,
        };
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), futures::stream::iter(rows)))
    }
}

/// The rows of a part as they are read; nothing after an error.
struct Rows {
    part: Part,
    next: usize,
    batch: usize,
    blocks: Option<Blocks>,
    reader: Option<ParquetRecordBatchReader>,
}

impl Rows {
    fn read(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.reader.as_mut().and_then(Iterator::next) {
                return self.part.shaped(&batch?).map(Some);
            }
            let Some(group) = self.part.groups.get(self.next).copied() else { return Ok(None) };
            self.next = self.next.saturating_add(1);
            let blocks = match &self.blocks {
                Some(blocks) => blocks.clone(),
                None => self.blocks.insert(Blocks::open(&self.part.table.path)?).clone(),
            };
            let footer = self.part.table.footer.clone();
            let roots = self.part.roots.iter().copied();
            let mask = ProjectionMask::roots(footer.parquet_schema(), roots);
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(blocks, footer);
            let builder =
                builder.with_row_groups(vec![group]).with_projection(mask).with_batch_size(self.batch);
            self.reader = Some(builder.build()?);
        }
    }
}

impl Part {
    /// A batch with the columns that were asked for, in their order.
    fn shaped(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let columns: Vec<ArrayRef> =
            self.order.iter().filter_map(|place| batch.columns().get(*place)).cloned().collect();
        let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &rows)?)
    }
}

impl Iterator for Rows {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.read() {
            Ok(batch) => batch.map(Ok),
            Err(error) => {
                self.next = usize::MAX;
                self.reader = None;
                Some(Err(error))
            }
        }
    }
}

//! Tables of Delta Lake and Iceberg as shards: the files of their current version, shaped as the table says.

use super::form::{Compression, Form};
use super::leaf::kind as value_kind;
use super::shards::Shard;
use crate::error::EngineError;
use bartizan_data::lake::{self, Column, Constant, Kind, LakeError, Table};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use datafusion::arrow::json::LineDelimitedWriter;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::parquet::schema::types::Type;
use datafusion::prelude::{DataFrame, Expr, cast, ident, lit};
use datafusion::scalar::ScalarValue;
use serde_json::Value;
use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Rows of a checkpoint held at a time.
const CHECKPOINT_ROWS: usize = 1_024;
/// The actions of a checkpoint that tell its files; the statistics in them are left where they are.
const ACTIONS: [&str; 5] = ["add", "metaData", "protocol", "remove", "sidecar"];
/// What is not read of them.
const LEFT: [&str; 4] = ["partitionValues_parsed", "stats", "stats_parsed", "tags"];

/// The files of the table at `place`; `None` when it is none.
pub(super) fn shards_of(place: &Path, is_folder: bool) -> Option<Result<Vec<Shard>, EngineError>> {
    let table = if is_folder && lake::delta::is_table(place) {
        lake::delta::open(place, &mut checkpoint)
    } else if is_folder && lake::iceberg::is_table(place) {
        lake::iceberg::open(place, None)
    } else {
        let folder = lake::iceberg::table_of(place).filter(|_| !is_folder)?;
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        lake::iceberg::open(folder, Some(place))
    };
    Some(table.map_err(EngineError::from).and_then(|table| shards(table, place)))
}

/// Whether a folder within a walk is a table, which a walk does not read: it would take dropped files for rows.
pub(super) fn is_table(folder: &Path) -> bool {
    lake::delta::is_table(folder) || lake::iceberg::is_table(folder)
}

fn shards(mut table: Table, place: &Path) -> Result<Vec<Shard>, EngineError> {
    let files = std::mem::take(&mut table.files);
    if files.is_empty() {
        let Table { format, version, .. } = table;
        return Err(EngineError::EmptyTable { path: place.to_owned(), format, version });
    }
    let table = Arc::new(table);
    let shard = |file: lake::DataFile| Shard {
        path: file.path,
        form: Form::Parquet,
        compression: Compression::None,
        bytes: file.bytes,
        partitions: Vec::new(),
        table: Some(Arc::clone(&table)),
        constants: file.constants,
    };
    Ok(files.into_iter().map(shard).collect())
}

/// Hands over the rows of a checkpoint in Parquet as JSON.
fn checkpoint(path: &Path, visit: &mut dyn FnMut(Value) -> Result<(), LakeError>) -> Result<(), LakeError> {
    let failed = |error: &dyn std::fmt::Display| {
        LakeError::malformed(path, "", bartizan_core::printable(&error.to_string(), 300))
    };
    let file = File::open(path).map_err(|error| LakeError::Read { path: path.to_owned(), error })?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| failed(&error))?;
    let schema = builder.parquet_schema();
    let wanted = (0..schema.num_columns()).filter(|column| {
        let path = schema.column(*column).path().parts().to_vec();
        let named =
            |place: usize, names: &[&str]| path.get(place).is_some_and(|part| names.contains(&part.as_str()));
        named(0, &ACTIONS) && !named(1, &LEFT)
    });
    let mask = ProjectionMask::leaves(schema, wanted.collect::<Vec<_>>());
    let reader = builder.with_projection(mask).with_batch_size(CHECKPOINT_ROWS).build();
    let mut text = Vec::new();
    for batch in reader.map_err(|error| failed(&error))? {
        let batch: RecordBatch = batch.map_err(|error| failed(&error))?;
        text.clear();
        let mut writer = LineDelimitedWriter::new(&mut text);
        writer.write(&batch).and_then(|()| writer.finish()).map_err(|error| failed(&error))?;
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            visit(serde_json::from_slice(line).map_err(|error| failed(&error))?)?;
        }
    }
    Ok(())
}

impl Shard {
    /// The rows of a file with the columns that its table gives them; of a file of no table, as they are.
    pub(super) fn shaped(&self, frame: DataFrame) -> Result<DataFrame, EngineError> {
        let Some(table) = &self.table else { return Ok(frame) };
        let stored = Stored::of(self, table, &frame)?;
        let selected = table
            .columns
            .iter()
            .map(|column| {
                let found = self.column(table, column, &stored)?;
                let is_plain = matches!(&found, Expr::Column(stored) if stored.name == column.name);
                // Told apart from what the file calls so: plans that are rewritten hold both side by side.
                Ok(if is_plain { found } else { found.alias_qualified(Some(table.format), &column.name) })
            })
            .collect::<Result<Vec<Expr>, EngineError>>()?;
        frame.select(selected).map_err(|error| self.failed(&error))
    }

    fn column(&self, table: &Table, column: &Column, stored: &Stored) -> Result<Expr, EngineError> {
        let declared = arrow_type(&column.kind);
        let constant = self.constants.iter().find(|(name, _)| *name == column.name).map(|(_, value)| value);
        let found = stored.find(column).filter(|_| constant.is_none() || table.format != "delta");
        if let Some((name, data_type)) = found {
            return match fit(data_type, &declared) {
                Fit::Same => Ok(ident(name)),
                Fit::Cast => Ok(cast(ident(name), declared)),
                Fit::Differs => Err(self.unsupported(
                    table,
                    &format!(
                        "the column `{}`, whose nested fields are others here than in the table,",
                        column.name
                    ),
                )),
            };
        }
        let literal = match constant {
            None | Some(Constant::Missing) => {
                let missing = ScalarValue::try_new_null(&declared).map_err(|error| self.failed(&error))?;
                return Ok(lit(missing));
            }
            Some(_) if matches!(column.kind, Kind::Binary | Kind::Fixed(_)) => {
                return Err(self
                    .unsupported(table, &format!("`{}`, bytes that the table is parted by,", column.name)));
            }
            Some(Constant::Text(text)) => lit(text.as_str()),
            Some(Constant::Whole(number)) => match (&column.kind, i32::try_from(*number)) {
                (Kind::Date, Ok(days)) => lit(days),
                _ => lit(*number),
            },
        };
        Ok(cast(literal, declared))
    }

    fn unsupported(&self, table: &Table, what: &str) -> EngineError {
        LakeError::Unsupported {
            path: self.path.clone(),
            what: bartizan_core::printable(what, 300),
            remedy: if table.format == "delta" {
                "rewrite the table (`OPTIMIZE`), or export the version you mean to Parquet"
            } else {
                "rewrite its files (`rewrite_data_files`), or export the snapshot you mean to Parquet"
            },
        }
        .into()
    }
}

/// The columns of a file.
struct Stored {
    types: HashMap<String, DataType>,
    /// By field id; empty when files are known by names.
    by_id: HashMap<i32, String>,
}

impl Stored {
    fn of(shard: &Shard, table: &Table, frame: &DataFrame) -> Result<Self, EngineError> {
        let fields = frame.schema().fields().iter();
        let types = fields.map(|field| (field.name().clone(), field.data_type().clone())).collect();
        let mut stored = Self { types, by_id: HashMap::new() };
        if table.columns.iter().any(|column| column.id.is_some()) {
            let mut names = HashMap::new();
            stored.by_id = ids(shard, &mut names)?;
            let mut declared = Vec::new();
            nested(&table.columns, false, &mut declared);
            let other = declared.iter().find(|(id, name)| names.get(id).is_some_and(|stored| stored != name));
            if let Some((_, name)) = other {
                let what = format!("the nested field `{name}`, which has another name here,");
                return Err(shard.unsupported(table, &what));
            }
        }
        Ok(stored)
    }

    fn find(&self, column: &Column) -> Option<(&str, &DataType)> {
        let name = match column.id.filter(|_| !self.by_id.is_empty()) {
            Some(id) => self.by_id.get(&id)?,
            None => &column.stored,
        };
        self.types.get_key_value(name).map(|(name, data_type)| (name.as_str(), data_type))
    }
}

/// The columns of a Parquet file by their ids; `names` gets those of the fields within them.
fn ids(shard: &Shard, names: &mut HashMap<i32, String>) -> Result<HashMap<i32, String>, EngineError> {
    let failed = |error: &dyn std::fmt::Display| EngineError::Data {
        path: shard.path.clone(),
        place: " (footer)".to_owned(),
        reason: bartizan_core::printable(&error.to_string(), 300),
    };
    let file = File::open(&shard.path).map_err(|error| failed(&error))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| failed(&error))?;
    let id = |field: &Type| field.get_basic_info().has_id().then(|| field.get_basic_info().id());
    let mut found = HashMap::new();
    let mut open: Vec<Arc<Type>> = Vec::new();
    for field in builder.parquet_schema().root_schema().get_fields() {
        if let Some(id) = id(field) {
            found.insert(id, field.name().to_owned());
        }
        open.push(Arc::clone(field));
    }
    while let Some(group) = open.pop().filter(|field| field.is_group()) {
        for field in group.get_fields() {
            if let Some(id) = id(field) {
                names.insert(id, field.name().to_owned());
            }
            if field.is_group() {
                open.push(Arc::clone(field));
            }
        }
    }
    Ok(found)
}

/// The fields of structs within columns, by id. Elements, keys and values have no names of their own.
fn nested(columns: &[Column], within: bool, found: &mut Vec<(i32, String)>) {
    for column in columns {
        if let Some(id) = column.id.filter(|_| within) {
            found.push((id, column.name.clone()));
        }
        // Depth is bounded where schemas are read.
        match &column.kind {
            Kind::Struct(fields) => nested(fields, true, found),
            Kind::List(item) => nested(std::slice::from_ref(item), false, found),
            Kind::Map(key, value) => {
                nested(std::slice::from_ref(key), false, found);
                nested(std::slice::from_ref(value), false, found);
            }
            _ => {}
        }
    }
}

/// Whether values as they are stored are values as they are declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Same,
    Cast,
    Differs,
}

fn fit(stored: &DataType, declared: &DataType) -> Fit {
    let is_nested = |data_type: &DataType| data_type.is_nested();
    match (stored, declared) {
        (DataType::Struct(stored), DataType::Struct(declared)) => {
            let same = stored.len() == declared.len()
                && declared.iter().all(|field| {
                    stored.iter().any(|other| {
                        other.name() == field.name() && fit(other.data_type(), field.data_type()) == Fit::Same
                    })
                });
            if same { Fit::Same } else { Fit::Differs }
        }
        (DataType::List(stored) | DataType::LargeList(stored), DataType::List(declared)) => {
            if fit(stored.data_type(), declared.data_type()) == Fit::Same { Fit::Same } else { Fit::Differs }
        }
        (DataType::Map(stored, _), DataType::Map(declared, _)) => {
            match (stored.data_type(), declared.data_type()) {
                (DataType::Struct(stored), DataType::Struct(declared)) => {
                    let same = stored.len() == declared.len()
                        && stored
                            .iter()
                            .zip(declared)
                            .all(|(one, other)| fit(one.data_type(), other.data_type()) == Fit::Same);
                    if same { Fit::Same } else { Fit::Differs }
                }
                _ => Fit::Differs,
            }
        }
        _ if is_nested(stored) || is_nested(declared) => Fit::Differs,
        _ if stored == declared => Fit::Same,
        _ => {
            let texts = bartizan_data::profile::ValueKind::Text;
            let bytes = bartizan_data::profile::ValueKind::Binary;
            let kinds = (value_kind(stored), value_kind(declared));
            if kinds == (texts, texts) || kinds == (bytes, bytes) { Fit::Same } else { Fit::Cast }
        }
    }
}

/// The engine's type of a column.
fn arrow_type(kind: &Kind) -> DataType {
    let field = |column: &Column| Field::new(&column.name, arrow_type(&column.kind), true);
    match kind {
        Kind::Boolean => DataType::Boolean,
        Kind::Integer(1) => DataType::Int8,
        Kind::Integer(2) => DataType::Int16,
        Kind::Integer(4) => DataType::Int32,
        Kind::Integer(_) => DataType::Int64,
        Kind::Float => DataType::Float32,
        Kind::Double => DataType::Float64,
        Kind::Decimal(precision, scale) => DataType::Decimal128(*precision, *scale),
        Kind::Date => DataType::Date32,
        Kind::Time => DataType::Time64(TimeUnit::Microsecond),
        Kind::Timestamp { utc } => DataType::Timestamp(TimeUnit::Microsecond, utc.then(|| Arc::from("UTC"))),
        Kind::Text => DataType::Utf8View,
        Kind::Binary => DataType::BinaryView,
        Kind::Fixed(length) => DataType::FixedSizeBinary(*length),
        Kind::Struct(fields) => DataType::Struct(fields.iter().map(field).collect::<Fields>()),
        Kind::List(item) => DataType::List(Arc::new(field(item))),
        Kind::Map(key, value) => {
            let key = Field::new("key", arrow_type(&key.kind), false);
            let entries = DataType::Struct(Fields::from(vec![key, field(value)]));
            DataType::Map(Arc::new(Field::new("entries", entries, false)), false)
        }
    }
}

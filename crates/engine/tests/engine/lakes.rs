//! Tables of Delta Lake and Iceberg: made here by hand, and by their own writers where `cargo xtask test` has installed them.

use crate::files::{Folder, engine, orders, profile, wait};
use bartizan_engine::EngineError;
use bartizan_engine::input::shards;
use datafusion::arrow::array::{ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Fields, Schema};
use datafusion::arrow::json::ReaderBuilder;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

const PROTOCOL: &str = r#"{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}"#;

fn field(name: &str, kind: &str) -> Value {
    json!({"name": name, "type": kind, "nullable": true, "metadata": {}})
}

fn metadata(fields: &[Value], partitions: &[&str], configuration: &Value) -> String {
    let schema = json!({"type": "struct", "fields": fields}).to_string();
    json!({"metaData": {"id": "t", "format": {"provider": "parquet", "options": {}}, "schemaString": schema,
        "partitionColumns": partitions, "configuration": configuration}})
    .to_string()
}

fn usual() -> String {
    let fields = [field("id", "long"), field("amount", "double"), field("kind", "string")];
    metadata(&fields, &[], &json!({}))
}

fn added(folder: &Folder, path: &str) -> String {
    let bytes = std::fs::metadata(folder.path().join(path)).map_or(7, |file| file.len());
    json!({"add": {"path": path, "size": bytes, "partitionValues": {}, "dataChange": true}}).to_string()
}

fn commit(folder: &Folder, version: u64, lines: &[String]) {
    folder.write(&format!("_delta_log/{version:020}.json"), lines.join("\n"));
}

/// Every row of a place, as the verbs without an engine get it.
fn rows(place: &Path) -> Result<Vec<Value>, EngineError> {
    let shards = shards(&[place.to_owned()])?;
    let mut out = Vec::new();
    wait(engine().rows(&shards, &mut out))?;
    Ok(String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn refused(place: &Path) -> String {
    shards(&[place.to_owned()]).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn only_the_files_of_the_newest_version_are_read() {
    let folder = Folder::new();
    folder.parquet("old.parquet", &orders(100), 100);
    folder.parquet("kept.parquet", &orders(30), 100);
    commit(
        &folder,
        0,
        &[PROTOCOL.into(), usual(), added(&folder, "old.parquet"), added(&folder, "kept.parquet")],
    );
    commit(&folder, 1, &[r#"{"remove":{"path":"old.parquet","dataChange":true}}"#.into()]);
    let found = profile(folder.path()).unwrap();
    assert_eq!((found.rows, found.shards.len()), (30, 1));
    assert_eq!(rows(folder.path()).unwrap().len(), 30);
    let parent = Folder::new();
    std::fs::rename(folder.path(), parent.path().join("table")).unwrap();
    assert!(refused(parent.path()).contains("name the table itself"));
    assert_eq!(profile(&parent.path().join("table")).unwrap().rows, 30);
}

#[test]
fn partition_values_and_columns_that_came_later_are_filled_in() {
    let folder = Folder::new();
    let narrow =
        RecordBatch::try_from_iter([("id", Arc::new(Int32Array::from(vec![1, 2])) as ArrayRef)]).unwrap();
    folder.parquet("day=2024-01-02/a b.parquet", &narrow, 10);
    let columns: [(&str, ArrayRef); 2] =
        [("id", Arc::new(Int64Array::from(vec![3]))), ("note", Arc::new(StringArray::from(vec!["n"])))];
    folder.parquet("b.parquet", &RecordBatch::try_from_iter(columns).unwrap(), 10);
    let fields = [field("id", "long"), field("day", "date"), field("note", "string")];
    let one =
        json!({"add": {"path": "day=2024-01-02/a%20b.parquet", "partitionValues": {"day": "2024-01-02"}}});
    let two = json!({"add": {"path": "b.parquet", "partitionValues": {"day": null}}});
    commit(
        &folder,
        0,
        &[PROTOCOL.into(), metadata(&fields, &["day"], &json!({})), one.to_string(), two.to_string()],
    );
    let mut found = rows(folder.path()).unwrap();
    found.sort_by_key(|row| row["id"].as_i64());
    assert_eq!(
        found,
        [
            json!({"id": 1, "day": "2024-01-02"}),
            json!({"id": 2, "day": "2024-01-02"}),
            json!({"id": 3, "note": "n"}),
        ]
    );
    let found = profile(folder.path()).unwrap();
    let kinds: Vec<&str> = found.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!((found.rows, kinds), (3, vec!["id", "day", "note"]));
}

#[test]
fn a_renamed_column_is_read_by_the_name_that_files_know() {
    let folder = Folder::new();
    let columns: [(&str, ArrayRef); 2] =
        [("col-1", Arc::new(Int64Array::from(vec![5]))), ("old", Arc::new(Float64Array::from(vec![0.5])))];
    folder.parquet("a.parquet", &RecordBatch::try_from_iter(columns).unwrap(), 10);
    let mapped = |name: &str, stored: &str, kind: &str| {
        json!({"name": name, "type": kind, "nullable": true,
            "metadata": {"delta.columnMapping.id": 1, "delta.columnMapping.physicalName": stored}})
    };
    let fields = [mapped("id", "col-1", "long"), mapped("sum", "old", "double")];
    let form = metadata(&fields, &[], &json!({"delta.columnMapping.mode": "name"}));
    let protocol = r#"{"protocol":{"minReaderVersion":2,"minWriterVersion":5}}"#;
    commit(&folder, 0, &[protocol.into(), form, added(&folder, "a.parquet")]);
    assert_eq!(rows(folder.path()).unwrap(), [json!({"id": 5, "sum": 0.5})]);
}

#[test]
fn columns_that_changed_names_and_types_are_profiled_together() {
    let folder = Folder::new();
    let columns: [(&str, ArrayRef); 3] = [
        ("one", Arc::new(Int32Array::from(vec![1, 2, 3]))),
        ("two", Arc::new(Float64Array::from(vec![0.5, 1.5, 9.5]))),
        ("three", Arc::new(Int32Array::from(vec![7, 5, 6]))),
    ];
    folder.parquet("a.parquet", &RecordBatch::try_from_iter(columns).unwrap(), 10);
    let mapped = |name: &str, stored: &str, kind: &str| json!({"name": name, "type": kind, "nullable": true, "metadata": {"delta.columnMapping.physicalName": stored}});
    let fields =
        [mapped("two", "one", "long"), mapped("one", "two", "double"), mapped("three", "three", "long")];
    let form = metadata(&fields, &[], &json!({"delta.columnMapping.mode": "name"}));
    let protocol = r#"{"protocol":{"minReaderVersion":2,"minWriterVersion":5}}"#;
    commit(&folder, 0, &[protocol.into(), form, added(&folder, "a.parquet")]);
    let found = profile(folder.path()).unwrap().to_json(false);
    let of = |place: usize| (found["columns"][place]["name"].clone(), found["columns"][place]["max"].clone());
    assert_eq!(
        [of(0), of(1), of(2)],
        [("two", 3.0), ("one", 9.5), ("three", 7.0)].map(|(name, most)| (json!(name), json!(most)))
    );
}

/// A checkpoint in Parquet out of actions.
fn checkpoint(folder: &Folder, name: &str, actions: &[Value]) {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let pair = Fields::from(vec![Field::new("key", DataType::Utf8, false), text("value")]);
    let map = |name: &str| {
        let entries = Field::new("key_value", DataType::Struct(pair.clone()), false);
        Field::new(name, DataType::Map(Arc::new(entries), false), true)
    };
    let object = |name: &str, fields: Vec<Field>| Field::new(name, DataType::Struct(fields.into()), true);
    let list = Field::new("partitionColumns", DataType::List(Arc::new(text("element"))), true);
    let schema = Arc::new(Schema::new(vec![
        object(
            "protocol",
            vec![
                Field::new("minReaderVersion", DataType::Int32, true),
                Field::new("minWriterVersion", DataType::Int32, true),
            ],
        ),
        object(
            "metaData",
            vec![
                text("id"),
                object("format", vec![text("provider")]),
                text("schemaString"),
                list,
                map("configuration"),
            ],
        ),
        object(
            "add",
            vec![
                text("path"),
                map("partitionValues"),
                Field::new("size", DataType::Int64, true),
                text("stats"),
            ],
        ),
        object("sidecar", vec![text("path"), Field::new("sizeInBytes", DataType::Int64, true)]),
    ]));
    let lines: Vec<String> = actions.iter().map(Value::to_string).collect();
    let mut reader = ReaderBuilder::new(schema).build(Cursor::new(lines.join("\n"))).unwrap();
    folder.parquet(name, &reader.next().unwrap().unwrap(), 100);
}

#[test]
fn checkpoints_in_parts_and_with_sidecars_are_read() {
    let folder = Folder::new();
    for name in ["a.parquet", "b.parquet", "c.parquet"] {
        folder.parquet(name, &orders(10), 100);
    }
    let add = |name: &str| serde_json::from_str::<Value>(&added(&folder, name)).unwrap();
    let form: Value = serde_json::from_str(&usual()).unwrap();
    let protocol: Value = serde_json::from_str(PROTOCOL).unwrap();
    let part = |part: u64| format!("_delta_log/{:020}.checkpoint.{part:010}.{:010}.parquet", 4, 2);
    checkpoint(&folder, &part(1), &[protocol, add("a.parquet")]);
    checkpoint(&folder, &part(2), &[form, add("b.parquet")]);
    commit(&folder, 5, &[added(&folder, "c.parquet"), r#"{"remove":{"path":"a.parquet"}}"#.into()]);
    folder.write("_delta_log/_last_checkpoint", r#"{"version":4,"size":4,"parts":2}"#);
    assert_eq!(profile(folder.path()).unwrap().shards.len(), 2);
    // A newer one, of the second version: JSON, with a sidecar.
    checkpoint(&folder, "_delta_log/_sidecars/s.parquet", &[add("c.parquet")]);
    let sidecar = r#"{"sidecar":{"path":"s.parquet","sizeInBytes":1}}"#;
    let second = [PROTOCOL, &usual(), r#"{"checkpointMetadata":{"version":6}}"#, sidecar].join("\n");
    folder.write(&format!("_delta_log/{:020}.checkpoint.80a083e8-7026.json", 6), second);
    assert_eq!(profile(folder.path()).unwrap().shards.len(), 1);
}

#[test]
fn what_would_change_the_answer_is_refused_by_name() {
    let said = |lines: &[String]| {
        let folder = Folder::new();
        folder.parquet("a.parquet", &orders(10), 100);
        commit(&folder, 0, lines);
        refused(folder.path())
    };
    let add = |more: Value| {
        let mut action = json!({"add": {"path": "a.parquet", "partitionValues": {}}});
        action["add"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        action.to_string()
    };
    let vector = add(json!({"deletionVector": {"storageType": "u", "pathOrInlineDv": "ab", "offset": 1}}));
    let text = said(&[PROTOCOL.into(), usual(), vector]);
    assert!(text.contains("deletion vector") && text.contains("PURGE"), "{text}");
    let protocol = r#"{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["timestampNtz","rowTracking2"]}}"#;
    assert!(said(&[protocol.into(), usual(), add(json!({}))]).contains("the feature `rowTracking2`"));
    assert!(
        said(&[PROTOCOL.into(), usual(), add(json!({"path": "../a.parquet"}))])
            .contains("outside the table's folder")
    );
    assert!(
        said(&[PROTOCOL.into(), usual(), add(json!({"path": "s3://bucket/a.parquet"}))]).contains("outside")
    );
    assert!(said(&[PROTOCOL.into(), usual(), add(json!({"path": "%2e%2e/a.parquet"}))]).contains("outside"));
    assert!(
        said(&[PROTOCOL.into(), usual(), add(json!({"size": 5}))]).contains("where the table recorded 5")
    );
    assert!(said(&[PROTOCOL.into(), usual(), add(json!({"path": "gone.parquet"}))]).contains("is not there"));
    assert!(said(&[usual(), add(json!({}))]).contains("no `protocol`"));
    assert!(said(&[PROTOCOL.into(), "{\"add\":".into()]).contains("(line 2)"));
    assert!(said(&[PROTOCOL.into(), usual()]).contains("no file in its version 0"));
    let variant = metadata(&[field("v", "variant")], &[], &json!({}));
    assert!(said(&[PROTOCOL.into(), variant, add(json!({}))]).contains("`variant`"));
}

/// An Avro file of records of one schema, written as the specification says.
fn avro(schema: &Value, records: &[Vec<u8>]) -> Vec<u8> {
    let block = records.concat();
    let header = [long(1), text("avro.schema"), text(&schema.to_string()), long(0)].concat();
    let body = [
        long(records.len().cast_signed() as i64),
        long(block.len().cast_signed() as i64),
        block,
        vec![7; 16],
    ]
    .concat();
    [b"Obj\x01".to_vec(), header, vec![7; 16], body].concat()
}

fn long(number: i64) -> Vec<u8> {
    let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
    let mut bytes = Vec::new();
    while rest > 0x7f {
        bytes.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}

fn text(text: &str) -> Vec<u8> {
    [long(text.len().cast_signed() as i64), text.as_bytes().to_vec()].concat()
}

/// A table whose only data file has the columns 1, 2 and 9, the second of which was called `old`, and with the third dropped.
fn iceberg(content: i64, path: &str, format: &str) -> Folder {
    let folder = Folder::new();
    let with_id = |name: &str, kind: DataType, id: &str| {
        Field::new(name, kind, true)
            .with_metadata(HashMap::from([("PARQUET:field_id".to_owned(), id.to_owned())]))
    };
    let fields = vec![
        with_id("id", DataType::Int32, "1"),
        with_id("old", DataType::Utf8, "2"),
        with_id("late", DataType::Utf8, "9"),
    ];
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from(vec![1, 2])),
        Arc::new(StringArray::from(vec!["x", "y"])),
        Arc::new(StringArray::from(vec!["gone", "gone"])),
    ];
    folder.parquet(
        "data/a.parquet",
        &RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap(),
        10,
    );
    folder.parquet("data/dropped.parquet", &orders(5), 10);
    let bytes = std::fs::metadata(folder.path().join("data/a.parquet")).unwrap().len().cast_signed();
    let string = |name: &str| json!({"name": name, "type": "string"});
    let number = |name: &str| json!({"name": name, "type": "long"});
    let partition = json!({"name": "partition", "type": {"type": "record", "name": "r102", "fields": [
        {"name": "region", "type": ["null", "string"]}]}});
    let file = json!({"name": "data_file", "type": {"type": "record", "name": "r2", "fields": [
        number("content"), string("file_path"), string("file_format"), partition, number("file_size_in_bytes")]}});
    let entry = json!({"type": "record", "name": "manifest_entry", "fields": [number("status"), file]});
    let live =
        [long(1), long(content), text(path), text(format), long(1), text("north"), long(bytes)].concat();
    let gone =
        [long(2), long(0), text("s3://w/t/data/dropped.parquet"), text("PARQUET"), long(0), long(1)].concat();
    folder.write("metadata/m0.avro", avro(&entry, &[gone, live]));
    let manifest = json!({"type": "record", "name": "manifest_file", "fields": [
        string("manifest_path"), number("manifest_length"), number("partition_spec_id"), number("content")]});
    let list = [text("s3://w/t/metadata/m0.avro"), long(1), long(0), long(0)].concat();
    folder.write("metadata/snap-7.avro", avro(&manifest, &[list]));
    let column =
        |id: i64, name: &str, kind: &str| json!({"id": id, "name": name, "required": false, "type": kind});
    let metadata = json!({
        "format-version": 2, "location": "s3://w/t", "current-schema-id": 1,
        "schemas": [{"schema-id": 1, "type": "struct", "fields": [
            column(1, "id", "long"), column(2, "new", "string"), column(3, "region", "string"), column(4, "late", "int")]}],
        "partition-specs": [{"spec-id": 0, "fields": [
            {"source-id": 3, "field-id": 1000, "name": "region", "transform": "identity"}]}],
        "current-snapshot-id": 7,
        "snapshots": [{"snapshot-id": 7, "manifest-list": "s3://w/t/metadata/snap-7.avro"}],
    });
    folder.write("metadata/v1.metadata.json", "{}");
    folder.write("metadata/v2.metadata.json", metadata.to_string());
    folder.write("metadata/version-hint.text", "2");
    folder
}

#[test]
fn columns_of_an_iceberg_table_are_known_by_their_ids() {
    let folder = iceberg(0, "s3://w/t/data/a.parquet", "PARQUET");
    let expected =
        [json!({"id": 1, "new": "x", "region": "north"}), json!({"id": 2, "new": "y", "region": "north"})];
    assert_eq!(rows(folder.path()).unwrap(), expected);
    assert_eq!(rows(&folder.path().join("metadata/v2.metadata.json")).unwrap(), expected);
    let found = profile(folder.path()).unwrap();
    let columns: Vec<&str> = found.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!((found.rows, columns), (2, vec!["id", "new", "region", "late"]));
}

#[test]
fn delete_files_and_what_lies_elsewhere_are_refused() {
    let said = |content: i64, path: &str, format: &str| refused(iceberg(content, path, format).path());
    let text = said(1, "s3://w/t/data/a.parquet", "PARQUET");
    assert!(text.contains("deletes rows of other files") && text.contains("m0.avro"), "{text}");
    assert!(said(0, "s3://w/other/a.parquet", "PARQUET").contains("outside the table's folder"));
    assert!(said(0, "s3://w/t/../../etc/passwd", "PARQUET").contains("outside the table's folder"));
    assert!(said(0, "s3://w/t/data/a.parquet", "ORC").contains("a data file in ORC"));
    let folder = iceberg(0, "s3://w/t/data/a.parquet", "PARQUET");
    let path = folder.path().join("metadata/v2.metadata.json");
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, whole.replace("\"format-version\":2", "\"format-version\":3")).unwrap();
    assert!(refused(folder.path()).contains("format version 3"));
    std::fs::write(&path, whole.replace("\"current-snapshot-id\":7", "\"current-snapshot-id\":8")).unwrap();
    assert!(refused(folder.path()).contains("snapshot 8"));
}

/// A Python with the writers of both formats: the one that `cargo xtask test` installs, or the one that a variable names.
fn python() -> Option<PathBuf> {
    let named = std::env::var_os("BARTIZAN_LAKES_PYTHON").map(PathBuf::from);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?;
    named.or_else(|| {
        let folder = target.join("tools/lakes");
        folder.join("installed.txt").is_file().then(|| folder.join("bin/python"))
    })
}

#[test]
fn tables_of_the_formats_own_writers_hold_what_their_own_readers_say() {
    let Some(python) = python() else {
        eprintln!("SKIPPED: no Python with deltalake and pyiceberg; `cargo xtask test` installs one");
        return;
    };
    let folder = Folder::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engine/tables.py");
    let made = Command::new(python).arg(script).arg(folder.path()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let tables: BTreeMap<String, Value> =
        serde_json::from_slice(&std::fs::read(folder.path().join("tables.json")).unwrap()).unwrap();
    assert_eq!(tables.len(), 3);
    for (name, table) in tables {
        let place = PathBuf::from(table["path"].as_str().unwrap());
        let by_text = |rows: Vec<Value>| {
            let mut rows: Vec<String> = rows.iter().map(|row| plain(row).to_string()).collect();
            rows.sort();
            rows
        };
        let own = by_text(rows(&place).unwrap());
        let theirs = by_text(table["rows"].as_array().unwrap().clone());
        assert_eq!(own.len(), theirs.len(), "{name}");
        for (own, theirs) in own.iter().zip(&theirs) {
            assert_eq!(own, theirs, "{name}");
        }
        assert_eq!(profile(&place).unwrap().rows, own.len() as u64, "{name}");
    }
}

/// A row without missing values, its fields by name, times and decimals as numbers are written alike.
fn plain(row: &Value) -> Value {
    match row {
        Value::Object(fields) => {
            let kept: BTreeMap<&String, Value> = fields
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| (name, plain(value)))
                .collect();
            json!(kept)
        }
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::String(text) => {
            let text = text.replace('T', " ").replace('Z', "+00:00");
            text.parse::<f64>().map_or_else(|_| Value::from(text), Value::from)
        }
        Value::Number(number) => Value::from(number.as_f64()),
        other => other.clone(),
    }
}

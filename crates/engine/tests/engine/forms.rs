//! The same rows in every form a file may have give the same answers.

use crate::files::{Folder, engine, wait};
use bartizan_data::expect::Suite;
use bartizan_engine::check::{CheckSettings, CheckStatus};
use bartizan_engine::input::shards;
use datafusion::arrow::array::{
    ArrayRef, DictionaryArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::Int32Type;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const SUITE: &str = r#"
schema = "bartizan.suite/1"
[[expect]]
check = "not-null"
column = "status"
[[expect]]
check = "values"
column = "status"
of = ["new", "paid", "né"]
[[expect]]
check = "values"
column = "status"
of = ["new", "paid", "né", "", "odd"]
[[expect]]
check = "pattern"
column = "email"
matches = '^[a-z0-9]+@example\.org$'
[[expect]]
check = "pattern"
column = "email"
matches = '(?i)^user\d+@[^@ ]+$'
[[expect]]
check = "pattern"
column = "status"
matches = '\bp'
[[expect]]
check = "length"
column = "status"
min = 2
max = 3
[[expect]]
check = "length"
column = "email"
max = 19
mostly = 0.5
[[expect]]
check = "reference"
column = "status"
dataset = "known.csv"
key = "word"
[[expect]]
check = "finite"
column = "amount"
[[expect]]
check = "range"
column = "amount"
min = 0.0
max = 2000.0
[[expect]]
check = "unique"
columns = ["id"]
[[expect]]
check = "unique"
columns = ["kind"]
[[expect]]
check = "values"
column = "kind"
of = ["a", "b"]
[[expect]]
check = "row"
expression = "shipped >= ordered"
[[expect]]
check = "row"
expression = "place <> 'p3' and length(place) > 1"
[[expect]]
check = "length"
column = "place"
min = 2
[[expect]]
check = "statistic"
column = "amount"
of = "mean"
min = 0.0
[[expect]]
check = "volume"
min = 5000
max = 5000
"#;

/// Rows `from..to` of a table with missing values, NaN, odd texts and more different e-mails than a small dictionary holds.
fn rows(from: i64, to: i64, categories: bool) -> RecordBatch {
    let each = || from..to;
    let status = each().map(|row| match row % 97 {
        0..40 => Some("new"),
        40..80 => Some("paid"),
        80..90 => Some("né"),
        90..95 => None,
        95 => Some(""),
        _ => Some("odd"),
    });
    let email = each().map(|row| match row % 1_001 {
        7 => Some(format!("USER{row}@Example.org")),
        8 => Some("user @example.org".to_owned()),
        9 => None,
        _ => Some(format!("user{row}@example.org")),
    });
    let amount = each().map(|row| match row % 499 {
        3 => None,
        4 => Some(f64::NAN),
        5 => Some(f64::INFINITY),
        6 => Some(-1.0),
        _ => Some(row as f64 / 4.0),
    });
    let kind = each().map(|row| if row % 300 == 0 { "c" } else { ["a", "b"][usize::from(row % 2 == 0)] });
    let kind: ArrayRef = if categories {
        Arc::new(kind.collect::<DictionaryArray<Int32Type>>())
    } else {
        Arc::new(StringArray::from_iter_values(kind))
    };
    let shipped = each().map(|row| (row % 10 != 0).then_some(row + (row % 1_000 - 5)));
    let columns: [(&str, ArrayRef); 8] = [
        ("id", Arc::new(Int64Array::from_iter_values(each()))),
        ("status", Arc::new(status.collect::<StringArray>())),
        ("email", Arc::new(email.collect::<StringArray>())),
        ("amount", Arc::new(amount.collect::<Float64Array>())),
        ("kind", kind),
        ("shipped", Arc::new(shipped.collect::<TimestampMicrosecondArray>())),
        ("ordered", Arc::new(TimestampMicrosecondArray::from_iter_values(each()))),
        ("place", Arc::new(StringArray::from_iter_values(each().map(|row| format!("p{}", row % 7))))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
}

fn write(path: PathBuf, batch: &RecordBatch, properties: WriterPropertiesBuilder) {
    let properties = properties.set_max_row_group_row_count(Some(1_700)).set_write_batch_size(64).build();
    let mut writer =
        ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

/// Of each expectation: status, message, violations, unknown rows, and the rows shown with their values.
fn answers(place: &Path, folder: &Path) -> Vec<String> {
    let suite = Suite::from_toml(SUITE).unwrap();
    let settings =
        CheckSettings { suite_name: "suite.toml".to_owned(), folder: folder.to_owned(), now: 0, examples: 4 };
    let shards = shards(&[place.to_owned()]).unwrap();
    let report = wait(engine().check(&shards, &suite, Ok(None), &settings)).unwrap();
    assert_eq!(report.rows, 5_000, "{}", place.display());
    assert_eq!(report.count(CheckStatus::CouldNotRun), 0, "{:#?}", report.outcomes);
    let mut first = std::collections::BTreeMap::new();
    for shard in &shards {
        // Rows are numbered within their files; here, each holds what follows the one before.
        let rows = match first.len() {
            0 => 0,
            _ => 2_000,
        };
        first.insert(shard.name(), rows);
    }
    let shown = report.outcomes.iter().map(|outcome| {
        let examples: Vec<_> = outcome
            .examples
            .iter()
            .map(|example| (first.get(&example.file).copied().unwrap_or(0) + example.row, &example.values))
            .collect();
        format!(
            "{} {} {:?} {:?} {:?} {} {examples:?}",
            outcome.check,
            outcome.subject,
            outcome.status,
            outcome.violations,
            outcome.unknown,
            outcome.message
        )
    });
    shown.collect()
}

#[test]
fn the_same_rows_are_judged_alike_however_they_are_written() {
    let folder = Folder::new();
    folder.write("known.csv", "word\nnew\npaid\nné\n");
    let (plain, all) = (|| WriterProperties::builder(), rows(0, 5_000, false));
    let at = |name: &str| folder.path().join(name);
    folder.arrow("a.arrow", &all);
    let expected = answers(&at("a.arrow"), folder.path());
    // As the engine read Parquet before there was a reader of ours, and as the rows are made.
    let violations = |place: usize| {
        expected[place].split("Some(").nth(1).and_then(|rest| rest.split(')').next()).map(str::to_owned)
    };
    let counted =
        |wrong: &dyn Fn(i64) -> bool| Some((0..5_000).filter(|row| wrong(*row)).count().to_string());
    assert_eq!(violations(0), counted(&|row| (90..95).contains(&(row % 97))));
    assert_eq!(violations(1), counted(&|row| row % 97 >= 95));
    assert_eq!(violations(3), counted(&|row| matches!(row % 1_001, 7 | 8)));
    assert_eq!(violations(4), counted(&|row| row % 1_001 == 8));
    assert_eq!(violations(9), counted(&|row| matches!(row % 499, 4 | 5)));
    assert_eq!(violations(14), counted(&|row| row % 10 != 0 && row % 1_000 < 5));

    write(at("keys.parquet"), &all, plain());
    write(at("plain.parquet"), &all, plain().set_dictionary_enabled(false));
    // Dictionaries that are full within a chunk, so that keys are followed by texts.
    write(
        at("mixed.parquet"),
        &all,
        plain().set_dictionary_page_size_limit(600).set_compression(Compression::SNAPPY),
    );
    write(at("second.parquet"), &all, plain().set_writer_version(WriterVersion::PARQUET_2_0));
    write(at("categories.parquet"), &rows(0, 5_000, true), plain());
    std::fs::create_dir(at("shards")).unwrap();
    write(at("shards/0.parquet"), &rows(0, 2_000, false), plain());
    write(at("shards/1.parquet"), &rows(2_000, 5_000, false), plain().set_dictionary_page_size_limit(600));
    for name in ["keys", "plain", "mixed", "second", "categories"] {
        let name = format!("{name}.parquet");
        assert_eq!(answers(&at(&name), folder.path()), expected, "{name}");
    }
    assert_eq!(answers(&at("shards"), folder.path()), expected, "shards");
}

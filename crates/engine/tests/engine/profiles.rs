//! Profiles of files of every form, and of files that are not as they should be.

use crate::files::{Folder, orders, profile};
use bartizan_data::profile::{Profile, ValueKind};
use bartizan_engine::{EngineError, render};
use datafusion::arrow::array::{ArrayRef, DictionaryArray, Float64Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::Int32Type;
use std::io::Write as _;
use std::sync::Arc;

fn csv(rows: i64) -> String {
    let mut text = String::from("id,amount,kind\n");
    for id in 0..rows {
        let kind =
            if id % 10 == 9 { "" } else { ["red", "green", "blue"][(id % 3).cast_unsigned() as usize] };
        text.push_str(&format!("{id},{},{kind}\n", id as f64 / 2.0 + 0.0));
    }
    text
}

fn zstd(plain: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(plain, ruzstd::encoding::CompressionLevel::Fastest)
}

/// The orders as an Avro object container file with one block (Avro 1.11, section "Object Container Files").
fn avro(rows: i64) -> Vec<u8> {
    fn long(out: &mut Vec<u8>, value: i64) {
        let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
        while rest >= 0x80 {
            out.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        out.push(rest as u8);
    }
    fn text(out: &mut Vec<u8>, value: &str) {
        long(out, value.len().cast_signed() as i64);
        out.extend(value.as_bytes());
    }
    let schema = r#"{"type":"record","name":"order","fields":[{"name":"id","type":"long"},{"name":"amount","type":"double"},{"name":"kind","type":["null","string"]}]}"#;
    let mut file = b"Obj\x01".to_vec();
    long(&mut file, 2);
    for (key, value) in [("avro.schema", schema), ("avro.codec", "null")] {
        text(&mut file, key);
        text(&mut file, value);
    }
    long(&mut file, 0);
    file.extend([7; 16]);
    let mut block = Vec::new();
    for id in 0..rows {
        long(&mut block, id);
        block.extend((id as f64 / 2.0).to_le_bytes());
        if id % 10 == 9 {
            long(&mut block, 0);
        } else {
            long(&mut block, 1);
            text(&mut block, ["red", "green", "blue"][(id % 3).cast_unsigned() as usize]);
        }
    }
    long(&mut file, rows);
    long(&mut file, block.len().cast_signed() as i64);
    file.extend(block);
    file.extend([7; 16]);
    file
}

fn expect_orders(profile: &Profile, rows: u64) {
    assert_eq!(profile.rows, rows);
    let summary = |name: &str| profile.column(name).unwrap().state.summary();
    let id = summary("id");
    assert_eq!((id.min, id.max, id.missing), (Some(0.0), Some(rows as f64 - 1.0), 0));
    assert!((id.distinct / rows as f64 - 1.0).abs() < 0.07, "{}", id.distinct);
    let amount = summary("amount");
    assert!((amount.mean.unwrap() - (rows as f64 - 1.0) / 4.0).abs() < 1e-9);
    let kind = summary("kind");
    assert_eq!((kind.missing, kind.frequent.len(), kind.frequent_shortfall), (rows / 10, 3, 0));
    assert_eq!(kind.frequent.iter().map(|item| item.count).sum::<u64>(), rows - rows / 10);
    assert_eq!(kind.shapes[0].value, "a+");
    assert_eq!(profile.column("kind").unwrap().state.kind(), ValueKind::Text);
}

#[test]
fn every_form_gives_the_same_profile() {
    let folder = Folder::new();
    let batch = orders(1_000);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(csv(1_000).as_bytes()).unwrap();
    let lines: Vec<String> = (0..1_000)
        .map(|id| {
            let kind = if id % 10 == 9 { "null" } else { ["\"red\"", "\"green\"", "\"blue\""][id % 3] };
            format!("{{\"id\":{id},\"amount\":{},\"kind\":{kind}}}", id as f64 / 2.0)
        })
        .collect();
    for path in [
        folder.parquet("a.parquet", &batch, 100),
        folder.arrow("b.arrow", &batch),
        folder.write("c.csv", csv(1_000)),
        folder.write("d.csv.gz", packed.finish().unwrap()),
        folder.write("d.csv.zst", zstd(csv(1_000).as_bytes())),
        folder.write("d.jsonl.zst", zstd(lines.join("\n").as_bytes())),
        folder.write("d.avro", avro(1_000)),
        folder.write("e.jsonl", lines.join("\n")),
        folder.write("f.json", format!("[{}]", lines.join(",\n"))),
        folder.write("g.csv", csv(1_000).replace(',', ";")),
    ] {
        let found = profile(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        expect_orders(&found, 1_000);
    }
}

#[test]
fn keys_into_a_dictionary_count_as_the_texts_they_stand_for() {
    let folder = Folder::new();
    let texts: Vec<Option<String>> =
        (0..3_000).map(|row| (row % 7 != 3).then(|| format!("kind {}", row % 41 % 11))).collect();
    let of = |array: ArrayRef| {
        let batch = RecordBatch::try_from_iter_with_nullable([("kind", array, true)]).unwrap();
        profile(&folder.arrow("keys.arrow", &batch)).unwrap()
    };
    let plain: ArrayRef = Arc::new(texts.iter().map(Option::as_deref).collect::<StringArray>());
    let keys: ArrayRef = Arc::new(texts.iter().map(Option::as_deref).collect::<DictionaryArray<Int32Type>>());
    let (plain, keys) = (of(plain), of(keys));
    let (plain, keys) = (plain.columns[0].state.summary(), keys.columns[0].state.summary());
    assert_eq!((plain.missing, plain.rows), (429, 3_000));
    assert_eq!((&plain.frequent, &plain.shapes), (&keys.frequent, &keys.shapes));
    assert_eq!(
        (plain.missing, plain.min, plain.max, plain.mean),
        (keys.missing, keys.min, keys.max, keys.mean)
    );
    assert!((plain.distinct - keys.distinct).abs() < 1e-9);
}

#[test]
fn shards_are_told_apart_and_merged_and_folders_give_columns() {
    let folder = Folder::new();
    folder.parquet("all/year=2023/a.parquet", &orders(500), 100);
    folder.parquet("all/year=2024/b.parquet", &orders(1_000), 1_000);
    let found = profile(&folder.path().join("all")).unwrap();
    assert_eq!((found.rows, found.shards.len()), (1_500, 2));
    assert_eq!((found.shards[0].rows, found.shards[1].rows), (500, 1_000));
    assert_eq!(found.shards[0].columns["id"].max, Some(499.0));
    let year = found.column("year").unwrap().state.summary();
    assert_eq!((year.min, year.max), (Some(2023.0), Some(2024.0)));
    let pair = found.correlation.as_ref().unwrap().pairs()[0];
    assert!((pair.r - 1.0).abs() < 1e-12);
}

#[test]
fn the_same_file_gives_the_same_bytes_every_time() {
    let folder = Folder::new();
    let path = folder.parquet("a.parquet", &orders(60_000), 4_000);
    let text = |_| profile(&path).unwrap().to_json(true).to_string();
    let first = text(0);
    assert!((1..4).all(|run| text(run) == first));
    let read = Profile::from_json(first.as_bytes()).unwrap();
    let ranks = read.column("id").unwrap().state.ranks().clone();
    let median = ranks.quantiles(&[0.5]).unwrap()[0];
    assert!((median / 60_000.0 - 0.5).abs() <= ranks.rank_error());
}

#[test]
fn numbers_that_are_not_finite_are_counted() {
    let folder = Folder::new();
    let values: ArrayRef = Arc::new(Float64Array::from(vec![1.0, f64::NAN, f64::INFINITY, 3.0]));
    let batch = RecordBatch::try_from_iter([("x", values)]).unwrap();
    let found = profile(&folder.parquet("a.parquet", &batch, 10)).unwrap();
    let summary = found.column("x").unwrap().state.summary();
    assert_eq!((summary.nan, summary.infinite, summary.mean), (1, 1, Some(2.0)));
}

#[test]
fn a_value_that_does_not_fit_the_first_rows_widens_the_column() {
    let folder = Folder::new();
    let mut text = String::from("x\n");
    (0..12_000).for_each(|row| text.push_str(&format!("{row}\n")));
    text.push_str("late\n");
    let found = profile(&folder.write("a.csv", text)).unwrap();
    assert_eq!((found.rows, found.column("x").unwrap().state.kind()), (12_001, ValueKind::Text));
}

#[test]
fn nested_columns_are_named_by_path() {
    let folder = Folder::new();
    let found =
        profile(&folder.write("a.jsonl", "{\"a\":{\"b\":1,\"c\":[1,2]}}\n{\"a\":{\"b\":3,\"c\":[]}}\n"))
            .unwrap();
    let names: Vec<&str> = found.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["a.b", "a.c"]);
    assert_eq!(found.column("a.b").unwrap().state.summary().max, Some(3.0));
    let lengths = found.column("a.c").unwrap().state.summary();
    assert_eq!((lengths.min, lengths.max, lengths.measured), (Some(0.0), Some(2.0), "lengths"));
}

fn refused(error: Result<Profile, EngineError>, words: &[&str]) {
    let said = error.unwrap_err().to_string();
    assert!(words.iter().all(|word| said.contains(word)), "{said}");
}

#[test]
fn bad_files_are_refused_with_file_and_place() {
    let folder = Folder::new();
    refused(profile(&folder.write("ragged.csv", "a,b\n1,2\n3\n")), &["ragged.csv", "row 1", "line 3"]);
    refused(profile(&folder.write("bad.jsonl", "{\"a\":1}\n{\"a\":\n")), &["bad.jsonl", "row 1", "line 2"]);
    refused(profile(&folder.write("latin.csv", b"a\nok\ncaf\xe9\n")), &["latin.csv", "row 1", "UTF-8"]);
    refused(profile(&folder.write("none.csv", "")), &["none.csv", "empty"]);
    let path = folder.parquet("cut.parquet", &orders(1_000), 100);
    let whole = std::fs::read(&path).unwrap();
    refused(profile(&folder.write("cut.parquet", &whole[..whole.len() / 2])), &["cut.parquet", "truncated"]);
    let whole = std::fs::read(folder.arrow("cut.arrow", &orders(1_000))).unwrap();
    for (end, words) in [
        (whole.len() / 2, ["cut.arrow", "byte", "record batch 0", "truncated"]),
        (whole.len() - 4, ["cut.arrow", "byte", "footer", "truncated"]),
    ] {
        refused(profile(&folder.write("cut.arrow", &whole[..end])), &words);
    }
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(csv(5_000).as_bytes()).unwrap();
    let gz = gz.finish().unwrap();
    refused(profile(&folder.write("cut.csv.gz", &gz[..gz.len() / 2])), &["cut.csv.gz"]);
}

#[test]
fn a_damaged_page_is_named_by_row_group_and_column() {
    let folder = Folder::new();
    let path = folder.parquet("damaged.parquet", &orders(1_000), 100);
    let mut bytes = std::fs::read(&path).unwrap();
    // The pages of the first row group begin after the magic number.
    bytes[4..400].fill(0xff);
    std::fs::write(&path, bytes).unwrap();
    refused(profile(&path), &["damaged.parquet", "row group 0", "column `id`"]);
}

#[test]
fn shards_whose_columns_disagree_are_refused_by_name() {
    let folder = Folder::new();
    folder.write("d/a.csv", "x\n1\n2\n");
    folder.write("d/b.csv", "x\none\ntwo\n");
    refused(profile(&folder.path().join("d")), &["d/b.csv", "`x`", "text here and integer"]);
    folder.write("e/a.csv", "x\n1\n2\n");
    folder.write("e/b.csv", "y\n1\n");
    let found = profile(&folder.path().join("e")).unwrap();
    assert_eq!(found.column("x").unwrap().state.missing(), 1);
}

#[test]
fn what_is_left_open_at_the_end_of_a_file_is_no_value() {
    let folder = Folder::new();
    refused(profile(&folder.write("a.csv", "x,y\n1,\"open\n2,3\n")), &["a.csv", "row 0", "left open"]);
    refused(profile(&folder.write("a.json", "[{\"x\":1},{\"x\":2}")), &["a.json", "row 2", "left open"]);
    assert_eq!(profile(&folder.write("b.csv", "x,y\n1,5\" pipe\n2,\"a\nb\"\n")).unwrap().rows, 2);
}

#[test]
fn a_name_that_is_a_value_and_an_object_is_named_with_its_row() {
    let folder = Folder::new();
    let path = folder.write("a.jsonl", "{\"x\":1}\n{\"x\":2}\n{\"x\":{\"y\":1}}\n");
    refused(profile(&path), &["a.jsonl", "row 2", "`x`"]);
}

#[test]
fn a_header_without_rows_is_a_profile_of_no_rows() {
    let folder = Folder::new();
    let found = profile(&folder.write("a.csv", "x,y\n")).unwrap();
    assert_eq!((found.rows, found.columns.len()), (0, 2));
    assert!(render::profile_table(&found, 80).starts_with("0 rows, 2 columns"));
}

#[test]
fn ten_thousand_columns_are_profiled() {
    let folder = Folder::new();
    let line = |cell: &dyn Fn(usize) -> String| (0..10_000).map(cell).collect::<Vec<_>>().join(",");
    let mut text = line(&|column| format!("c{column}")) + "\n";
    (0..20).for_each(|row| text.push_str(&(line(&|column| (row * column).to_string()) + "\n")));
    let found = profile(&folder.write("wide.csv", text)).unwrap();
    assert_eq!((found.rows, found.columns.len()), (20, 10_000));
    assert_eq!(found.column("c9999").unwrap().state.summary().max, Some(19.0 * 9_999.0));
}

#[test]
fn tables_and_pages_show_what_was_found_and_nothing_hostile() {
    let folder = Folder::new();
    let path = folder.write("a.csv", "\"<script>\",n\nred,1\nred,2\n\"\u{202e}\u{1b}[31m\",3\n");
    let found = profile(&path).unwrap();
    let table = render::profile_table(&found, 100);
    assert!(
        table.contains("3 rows, 2 columns") && !table.contains('\u{1b}') && !table.contains('\u{202e}'),
        "{table}"
    );
    let page = render::profile_page(&found);
    assert!(page.contains("<svg") && page.contains("&lt;script&gt;") && !page.contains("<script"), "{page}");
}

#[test]
fn names_with_blanks_and_signs_of_globs_are_names() {
    let folder = Folder::new();
    for name in ["a b.csv", "50%25 [x]*.csv", "ü?.csv"] {
        let found = profile(&folder.write(name, "x\n1\n2\n")).unwrap();
        assert_eq!(found.rows, 2, "{name}");
    }
}

#[test]
fn an_avro_file_that_is_cut_off_is_refused_with_block_and_row() {
    let folder = Folder::new();
    // A second block, so that the first could be taken for all there is; one of no row is two numbers and the marker.
    let whole = avro(200);
    let header = avro(0).len() - 2 - 16;
    let twice = [&whole[..], &whole[header..]].concat();
    expect_rows(&profile(&folder.write("twice.avro", &twice)).unwrap(), 400);
    let cut = folder.write("cut.avro", &twice[..twice.len() - 100]);
    refused(profile(&cut), &["cut.avro", "block 1", "from row 200", "truncated"]);
}

fn expect_rows(profile: &Profile, rows: u64) {
    assert_eq!(profile.rows, rows);
}

#[test]
fn a_path_through_a_parent_or_a_link_is_read() {
    let folder = Folder::new();
    folder.write("near/a.csv", csv(50));
    folder.write("far/b.txt", "");
    expect_rows(&profile(&folder.path().join("far/../near/a.csv")).unwrap(), 50);
}

#[test]
fn a_mark_before_json_a_row_that_is_no_object_and_a_name_twice_are_said() {
    let folder = Folder::new();
    let marked = folder.write("marked.jsonl", "\u{feff}{\"a\":1}\n");
    refused(profile(&marked), &["marked.jsonl (byte 0)", "byte-order mark"]);
    let list = folder.write("list.jsonl", "{\"a\":1}\n\n[1,2]\n");
    refused(profile(&list), &["list.jsonl (row 1, line 3)", "no JSON object"]);
    let twice = folder.write("twice.csv", "a,b,a\n1,2,3\n");
    refused(profile(&twice), &["twice.csv (header)", "column `a` twice"]);
}

//! For the bench of the data layer: `orders generate FILE ROWS` writes a Parquet file of twelve columns, and
//! `orders scan FILE` reads all of them with DataFusion alone, as a measure of what any check costs at least.
#![expect(clippy::print_stdout, reason = "a measuring tool that talks to its terminal")]

use bartizan_stats::Random;
use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::properties::WriterProperties;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use futures::StreamExt as _;
use std::error::Error;
use std::fs::File;
use std::sync::Arc;

/// Rows written at a time.
const BATCH: u64 = 1 << 16;
const STATUS: [&str; 5] = ["new", "paid", "packed", "shipped", "returned"];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["generate", file, rows] => generate(file, rows.parse()?),
        ["scan", file] => tokio::runtime::Runtime::new()?.block_on(scan(file)),
        _ => Err("orders generate FILE ROWS | orders scan FILE".into()),
    }
}

fn generate(file: &str, rows: u64) -> Result<(), Box<dyn Error>> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(1 << 19))
        .build();
    let mut writer = None;
    let mut begin = 0;
    while begin < rows {
        let batch = orders(begin, rows.min(begin + BATCH))?;
        if writer.is_none() {
            writer =
                Some(ArrowWriter::try_new(File::create(file)?, batch.schema(), Some(properties.clone()))?);
        }
        if let Some(writer) = &mut writer {
            writer.write(&batch)?;
        }
        begin += BATCH;
    }
    if let Some(writer) = writer {
        writer.close()?;
    }
    Ok(())
}

fn orders(begin: u64, end: u64) -> Result<RecordBatch, Box<dyn Error>> {
    let mut random = Random::stream(7, begin);
    let ids: Vec<i64> = (begin..end).map(u64::cast_signed).collect();
    let count = ids.len();
    let mut draw = |limit: usize| -> Vec<usize> { (0..count).map(|_| random.below(limit)).collect() };
    let customers: Vec<i64> = draw(200_000).into_iter().map(|value| value.cast_signed() as i64).collect();
    let status: Vec<&str> =
        draw(STATUS.len()).into_iter().filter_map(|value| STATUS.get(value).copied()).collect();
    let countries: Vec<String> = draw(200).into_iter().map(|value| format!("C{value:03}")).collect();
    let quantities: Vec<i32> = draw(20).into_iter().map(|value| value.cast_signed() as i32 + 1).collect();
    let amounts: Vec<f64> = draw(1_000_000).into_iter().map(|value| value as f64 / 100.0).collect();
    let delays: Vec<Option<i64>> = draw(100)
        .into_iter()
        .map(|value| (value >= 10).then_some(value.cast_signed() as i64 * 3_600_000_000))
        .collect();
    let flags: Vec<bool> = draw(2).into_iter().map(|value| value == 1).collect();
    let scores: Vec<f64> = (0..count).map(|_| random.normal()).collect();
    let ordered: Vec<i64> = ids.iter().map(|id| 1_700_000_000_000_000 + id * 1_000_000).collect();
    let shipped = ordered.iter().zip(&delays).map(|(at, delay)| delay.map(|delay| at + delay));
    let emails: Vec<String> = customers.iter().map(|id| format!("user{id}@example.org")).collect();
    let totals: Vec<f64> = amounts.iter().zip(&quantities).map(|(a, q)| a * f64::from(*q)).collect();
    let columns: [(&str, ArrayRef); 12] = [
        ("id", Arc::new(Int64Array::from(ids))),
        ("customer", Arc::new(Int64Array::from(customers))),
        ("status", Arc::new(StringArray::from(status))),
        ("country", Arc::new(StringArray::from(countries))),
        ("email", Arc::new(StringArray::from(emails))),
        ("quantity", Arc::new(Int32Array::from(quantities))),
        ("amount", Arc::new(Float64Array::from(amounts))),
        ("total", Arc::new(Float64Array::from(totals))),
        ("score", Arc::new(Float64Array::from(scores))),
        ("gift", Arc::new(BooleanArray::from(flags))),
        ("shipped", Arc::new(TimestampMicrosecondArray::from(shipped.collect::<Vec<_>>()))),
        ("ordered", Arc::new(TimestampMicrosecondArray::from(ordered))),
    ];
    Ok(RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true)))?)
}

async fn scan(file: &str) -> Result<(), Box<dyn Error>> {
    let context = SessionContext::new();
    let frame = context.read_parquet(file, ParquetReadOptions::default()).await?;
    let streams = frame.execute_stream_partitioned().await?;
    let readers = streams.into_iter().map(|mut stream| {
        tokio::spawn(async move {
            let mut rows = 0;
            while let Some(batch) = stream.next().await {
                rows += batch.map(|batch| batch.num_rows()).unwrap_or_default();
            }
            rows
        })
    });
    let mut rows = 0;
    for reader in readers.collect::<Vec<_>>() {
        rows += reader.await?;
    }
    println!("{rows} rows");
    Ok(())
}

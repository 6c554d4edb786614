//! What the states of a profile cost: `cargo run --release -p bartizan-data --example profile_speed [ROWS]`
//!
//! Feeds ten of the columns of the data bench, those without booleans and gaps, batch by batch as the engine does, and prints nanoseconds per value.
#![expect(clippy::print_stdout, reason = "prints a table")]

use bartizan_data::profile::{ColumnState, CorrelationState, Parts, ValueKind, hash_number};
use bartizan_stats::{Random, StatsError, mix64};
use std::time::{Duration, Instant};

/// Rows of a batch, and of one of the parts that the engine reads a file in.
const BATCH: usize = 8_192;
const PARTS: usize = 8;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rows: usize = std::env::args().nth(1).map_or(Ok(1_000_000), |rows| rows.parse())?;
    let mut random = Random::new(7);
    let mut draw = |limit: usize| -> Vec<usize> { (0..rows).map(|_| random.below(limit)).collect() };
    let ids: Vec<i64> = (0..i64::try_from(rows)?).collect();
    let customers: Vec<i64> = draw(200_000).into_iter().map(|value| value.cast_signed() as i64).collect();
    let status = ["new", "paid", "packed", "shipped", "returned"];
    let status: Vec<String> =
        draw(5).into_iter().filter_map(|value| status.get(value)).map(ToString::to_string).collect();
    let countries: Vec<String> = draw(200).into_iter().map(|value| format!("C{value:03}")).collect();
    let quantities: Vec<i64> = draw(20).into_iter().map(|value| value.cast_signed() as i64 + 1).collect();
    let amounts: Vec<f64> = draw(1_000_000).into_iter().map(|value| value as f64 / 100.0).collect();
    let scores: Vec<f64> = (0..rows).map(|_| random.normal()).collect();
    let ordered: Vec<f64> = ids.iter().map(|id| 1_700_000_000.0 + *id as f64).collect();
    let emails: Vec<String> = customers.iter().map(|id| format!("user{id}@example.org")).collect();
    let totals: Vec<f64> = amounts.iter().zip(&quantities).map(|(a, q)| a * *q as f64).collect();

    let mut all = Duration::ZERO;
    for (name, values) in [("id", &ids), ("customer", &customers), ("quantity", &quantities)] {
        all += report(name, rows, ValueKind::Integer, |state, range| {
            let values = values.get(range).unwrap_or_default();
            let hashes: Vec<u64> = values.iter().map(|value| mix64(value.cast_unsigned())).collect();
            let numbers: Vec<f64> = values.iter().map(|value| *value as f64).collect();
            state.add_numbers(&numbers, &hashes, Parts::ALL, |place| {
                values.get(place).map(ToString::to_string).unwrap_or_default()
            });
        })?;
    }
    for (name, values) in
        [("amount", &amounts), ("total", &totals), ("score", &scores), ("ordered", &ordered)]
    {
        all += report(name, rows, ValueKind::Float, |state, range| {
            let values = values.get(range).unwrap_or_default();
            let hashes: Vec<u64> = values.iter().map(|value| hash_number(*value)).collect();
            state.add_numbers(values, &hashes, Parts::ALL, |place| {
                values.get(place).map(ToString::to_string).unwrap_or_default()
            });
        })?;
    }
    for (name, values) in [("status", &status), ("country", &countries), ("email", &emails)] {
        all += report(name, rows, ValueKind::Text, |state, range| {
            let values = values.get(range).unwrap_or_default();
            let text = |place: usize| values.get(place).map(String::as_str).unwrap_or_default();
            state.add_texts(values.len(), text, Parts::ALL);
        })?;
    }
    let start = clock();
    let mut correlation = CorrelationState::new(3)?;
    for place in (0..rows).step_by(BATCH) {
        let range = place..rows.min(place + BATCH);
        let columns =
            [&amounts, &totals, &scores].map(|column| column.get(range.clone()).unwrap_or_default());
        correlation.add(&columns);
    }
    println!(
        "{:>12} {:6.2} ns a row of 3 columns",
        "correlation",
        nanoseconds(clock().saturating_sub(start), rows)
    );
    println!("{:>12} {:6.2} ns a row, {:.3} s", "all columns", nanoseconds(all, rows), all.as_secs_f64());
    Ok(())
}

/// Processor time of this process where the system says it, which other work on the machine does not change; else time.
fn clock() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let told = std::fs::read_to_string("/proc/self/schedstat").ok();
    let spent = told.and_then(|told| told.split(' ').next()?.parse().ok()).map(Duration::from_nanos);
    spent.unwrap_or_else(|| START.get_or_init(Instant::now).elapsed())
}

/// Feeds a column in the parts that the engine makes, merges them, and prints the cost.
fn report(
    name: &str,
    rows: usize,
    kind: ValueKind,
    feed: impl Fn(&mut ColumnState, std::ops::Range<usize>),
) -> Result<Duration, StatsError> {
    let start = clock();
    let mut whole = ColumnState::new(kind)?;
    let part = rows.div_ceil(PARTS).max(1);
    for begin in (0..rows).step_by(part) {
        let end = rows.min(begin + part);
        let mut state = ColumnState::new(kind)?;
        for place in (begin..end).step_by(BATCH) {
            let range = place..end.min(place + BATCH);
            state.add_rows(range.len() as u64, 0);
            feed(&mut state, range);
        }
        whole.merge(&state)?;
    }
    let took = clock().saturating_sub(start);
    println!(
        "{name:>12} {:6.2} ns a value  distinct {:.0}, rank error {:.4}, shortfall {}",
        nanoseconds(took, rows),
        whole.distinct(),
        whole.ranks().rank_error(),
        whole.frequent().shortfall()
    );
    Ok(took)
}

fn nanoseconds(time: Duration, rows: usize) -> f64 {
    time.as_secs_f64() * 1e9 / rows.max(1) as f64
}

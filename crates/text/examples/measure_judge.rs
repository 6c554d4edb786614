//! What the judge of words costs: `cargo run --release -p bartizan-text --example measure_judge -- FILE…`.
//!
//! The files are prose or `{"text"}` lines of JSON; their texts are joined and judged in pieces of 1 KB. Every figure is the
//! least of several rounds, in seconds that this thread ran on a processor: what the work costs when nothing else wants it.

#![expect(clippy::print_stdout, reason = "a tool for the terminal")]

use bartizan_text::injection::canonical::Canonical;
use bartizan_text::injection::features::Reading;
use bartizan_text::injection::hidden;
use bartizan_text::injection::judge::{Judge, Role};
use bartizan_text::injection::lexicon::Lexicon;
use std::hint::black_box;
use std::time::Instant;

/// Length of a piece, in bytes.
const PIECE: usize = 1024;
/// Pieces that are judged at most.
const PIECES: usize = 8_000;
/// Rounds, of which the quickest counts.
const ROUNDS: usize = 5;

/// A part of the work by its name, done with the piece at a place.
type Stage<'s> = (&'s str, &'s dyn Fn(usize, &str));

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let clock = Instant::now();
    let mut text = String::new();
    for path in std::env::args().skip(1) {
        let file = String::from_utf8_lossy(&std::fs::read(&path)?).into_owned();
        if path.to_ascii_lowercase().ends_with(".jsonl") {
            for line in file.lines() {
                let row: serde_json::Value = serde_json::from_str(line)?;
                text.push_str(row.get("text").and_then(serde_json::Value::as_str).unwrap_or_default());
                text.push_str("\n\n");
            }
        } else {
            text.push_str(&file);
        }
    }
    let mut pieces = Vec::new();
    let mut rest = text.as_str();
    while rest.len() > PIECE && pieces.len() < PIECES {
        let (piece, behind) = rest.split_at(rest.floor_char_boundary(PIECE));
        pieces.push(piece);
        rest = behind;
    }

    let memory = resident();
    let judge = Judge::new()?;
    let memory = resident().saturating_sub(memory);
    let mut built = f64::INFINITY;
    for _ in 0..ROUNDS {
        // By the clock: too short for the system's count of what a thread has run.
        let started = Instant::now();
        black_box(Judge::new()?);
        built = built.min(started.elapsed().as_secs_f64());
    }
    println!("tables: built in {:.2} ms, {memory} KiB more resident", built * 1e3);

    let lexicon = Lexicon::new();
    let folded: Vec<Canonical> = pieces.iter().map(|piece| Canonical::of(piece)).collect();
    let readings: Vec<Reading> = pieces.iter().map(|piece| Reading::of(&lexicon, piece, 0)).collect();
    let bytes: usize = pieces.iter().map(|piece| piece.len()).sum();
    let stages: [Stage<'_>; 6] = [
        ("judge of words", &|_, piece| drop(black_box(judge.judge(piece, Role::User)))),
        ("  looking for what is hidden", &|_, piece| drop(black_box(hidden::pieces(piece)))),
        ("  folding", &|_, piece| drop(black_box(Canonical::of(piece)))),
        ("  phrases", &|at, _| {
            if let Some(folded) = folded.get(at) {
                drop(black_box(lexicon.find(folded.text())));
            }
        }),
        ("  reading, with folding and phrases", &|_, piece| drop(black_box(Reading::of(&lexicon, piece, 0)))),
        ("  windows", &|at, _| {
            let mut vector = Vec::new();
            for window in readings.get(at).map(Reading::windows).unwrap_or_default() {
                if let Some(reading) = readings.get(at) {
                    reading.vector(&window, &mut vector);
                    black_box(&vector);
                }
            }
        }),
    ];
    for (name, stage) in stages {
        let mut best = f64::INFINITY;
        for _ in 0..ROUNDS {
            let started = seconds(clock);
            for (at, piece) in pieces.iter().enumerate() {
                stage(at, piece);
            }
            best = best.min(seconds(clock) - started);
        }
        println!(
            "{name}: {:.2} MB/s, {:.1} µs for a kilobyte",
            bytes as f64 / best / 1e6,
            best * 1e6 * PIECE as f64 / bytes.max(1) as f64
        );
    }
    Ok(())
}

/// Seconds this thread has run on a processor, where the system tells (Linux); of the clock elsewhere.
fn seconds(started: Instant) -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|text| text.split(' ').next().and_then(|first| first.parse::<f64>().ok()));
    nanos.map_or_else(|| started.elapsed().as_secs_f64(), |nanos| nanos / 1e9)
}

/// Memory of this process that is resident, in KiB, where the system tells (Linux); nothing elsewhere.
fn resident() -> u64 {
    let told = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = told.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse().ok()).unwrap_or(0)
}

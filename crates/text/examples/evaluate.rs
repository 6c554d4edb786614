//! Prints recall, near-miss rate and speed over labelled texts: `{"text", "label", "rule"}` lines of JSON.
//!
//! `evaluate FILE…` for labelled lines; a file that does not end in `.jsonl` is ordinary prose, in which any hit is wrong.

#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a tool for the terminal over rows of known shape"
)]

use bartizan_text::{Detector, Hit, Subjects};
use std::collections::BTreeMap;

/// Least score that counts, as the command prints by default.
const SHOWN: f32 = 0.5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let detector =
        Detector::new(Subjects { patterns: false, names: false, characters: false, ..Subjects::ALL })?;
    let verbose = std::env::args().any(|argument| argument.starts_with("-v"));
    for path in std::env::args().skip(1).filter(|argument| !argument.starts_with("-v")) {
        let text = std::fs::read_to_string(&path)?;
        if !path.to_ascii_lowercase().ends_with(".jsonl") {
            let mut hits = Vec::<Hit>::new();
            let started = std::time::Instant::now();
            detector.scan(&text, &mut hits);
            hits.retain(|hit| hit.score >= SHOWN);
            let speed = text.len() as f64 / 1e6 / started.elapsed().as_secs_f64();
            println!("{path}: {} hits, {speed:.0} MB/s", hits.len());
            for hit in hits.iter().filter(|_| verbose) {
                println!("  hit {} {:?}", hit.kind.id, text.get(hit.start..hit.end));
            }
            continue;
        }
        let (mut found, mut positives, mut false_hits, mut negatives) = (0, 0, 0, 0);
        let mut missed = BTreeMap::<String, usize>::new();
        for line in text.lines() {
            let row: serde_json::Value = serde_json::from_str(line)?;
            let mut hits = Vec::<Hit>::new();
            detector.scan(row["text"].as_str().unwrap_or_default(), &mut hits);
            hits.retain(|hit| hit.score >= SHOWN);
            let rule = row["name"].as_str().or(row["rule"].as_str()).unwrap_or_default();
            if row["label"] == 1 {
                positives += 1;
                found += usize::from(!hits.is_empty());
                if hits.is_empty() {
                    *missed.entry(rule.to_owned()).or_default() += 1;
                    if std::env::args().any(|argument| argument == "-vv") {
                        println!("  missed {rule}: {}", row["text"]);
                    }
                }
            } else {
                negatives += 1;
                false_hits += usize::from(!hits.is_empty());
                if verbose && let Some(hit) = hits.first() {
                    println!("  near-miss hit by {} ({rule}): {:.150}", hit.kind.id, row["text"].to_string());
                }
            }
        }
        println!("{path}: recall {found}/{positives}, near-misses hit {false_hits}/{negatives}");
        if verbose {
            println!("  missed {missed:?}");
        }
    }
    Ok(())
}

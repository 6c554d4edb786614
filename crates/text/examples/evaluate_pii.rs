//! Prints recall and precision of personal data: `evaluate_pii SPANS.json RECOGNISERS.jsonl`.
//!
//! The first holds documents with typed character spans; a hit counts if it overlaps a span of its type. The second holds
//! short texts with the entity tested and how many of it are there.

#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a tool for the terminal over rows of known shape"
)]

use bartizan_text::{Detector, Hit, Subjects};
use std::collections::BTreeMap;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let detector = Detector::new(Subjects { secrets: false, patterns: true, characters: false })?;
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let (mut bytes, mut seconds) = (0, 0.0);
    let mut counts = BTreeMap::<String, [usize; 4]>::new();
    for path in &paths {
        let text = std::fs::read_to_string(path)?;
        if path.to_ascii_lowercase().ends_with(".json") {
            let documents: Vec<serde_json::Value> = serde_json::from_str(&text)?;
            for document in &documents {
                let full = document["full_text"].as_str().unwrap_or_default();
                let mut hits = Vec::<Hit>::new();
                let started = std::time::Instant::now();
                detector.scan(full, &mut hits);
                seconds += started.elapsed().as_secs_f64();
                bytes += full.len();
                let spans: Vec<(&str, usize, usize)> = document["spans"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|span| {
                        let number = |key: &str| span[key].as_u64().unwrap_or_default() as usize;
                        (
                            span["entity_type"].as_str().unwrap_or_default(),
                            number("start_position"),
                            number("end_position"),
                        )
                    })
                    .collect();
                for (kind, start, end) in &spans {
                    let slot = counts.entry((*kind).to_owned()).or_default();
                    slot[0] += 1;
                    slot[1] +=
                        usize::from(hits.iter().any(|hit| {
                            hit.kind.id == *kind && hit.char_start < *end && hit.char_end > *start
                        }));
                }
                for hit in &hits {
                    let slot = counts.entry(hit.kind.id.to_owned()).or_default();
                    slot[2] += 1;
                    slot[3] += usize::from(spans.iter().any(|(kind, start, end)| {
                        *kind == hit.kind.id && hit.char_start < *end && hit.char_end > *start
                    }));
                }
            }
            for (kind, [truth, found, hits, right]) in &counts {
                println!("  {kind}: recall {found}/{truth}, precision {right}/{hits}");
            }
            println!("{path}: {:.1} MB/s", bytes as f64 / 1e6 / f64::max(seconds, 1e-9));
            continue;
        }
        let mut tests = BTreeMap::<String, [usize; 4]>::new();
        for line in text.lines() {
            let row: serde_json::Value = serde_json::from_str(line)?;
            let mut hits = Vec::<Hit>::new();
            detector.scan(row["text"].as_str().unwrap_or_default(), &mut hits);
            let entities: Vec<&str> = row["entities"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|entity| entity.as_str())
                .collect();
            let hit = hits.iter().any(|hit| entities.contains(&hit.kind.id));
            let slot = tests.entry(entities.join("+")).or_default();
            let positive = row["n"].as_u64().unwrap_or_default() > 0;
            slot[if positive { 0 } else { 2 }] += 1;
            slot[if positive { 1 } else { 3 }] += usize::from(hit);
        }
        for (kind, [truth, found, clean, wrong]) in &tests {
            println!("  {kind}: found {found}/{truth}, wrong {wrong}/{clean}");
        }
        let sum = |at: usize| tests.values().map(|slot| slot[at]).sum::<usize>();
        println!("{path}: found {}/{}, wrong {}/{}", sum(1), sum(0), sum(3), sum(2));
    }
    Ok(())
}

//! Prints recall, precision and F1 of personal data: `evaluate_pii [-v TYPE] SPANS.json RECOGNISERS.jsonl`.
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

/// Truth, found, hits, right.
type Counts = BTreeMap<String, [usize; 4]>;

/// Least score that counts, as the command prints by default.
const SHOWN: f32 = 0.5;

/// Types that wordlists and context tell; all others are told by form.
const NAMED: &[&str] =
    &["PERSON", "GPE", "STREET_ADDRESS", "ORGANIZATION", "TITLE", "AGE", "NRP", "DATE_TIME", "ZIP_CODE"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let detector = Detector::new(Subjects { secrets: false, characters: false, ..Subjects::ALL })?;
    let mut shown = None;
    let mut paths = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "-v" {
            shown = arguments.next();
        } else {
            paths.push(argument);
        }
    }
    for path in &paths {
        let text = std::fs::read_to_string(path)?;
        if path.to_ascii_lowercase().ends_with(".json") {
            documents(&detector, &serde_json::from_str(&text)?, shown.as_deref());
        } else {
            recognisers(&detector, &text, shown.as_deref())?;
        }
    }
    Ok(())
}

fn documents(detector: &Detector, documents: &Vec<serde_json::Value>, shown: Option<&str>) {
    let mut counts = Counts::new();
    let (mut bytes, mut seconds) = (0, 0.0);
    for document in documents {
        let full = document["full_text"].as_str().unwrap_or_default();
        let cut = |start: usize, end: usize| full.chars().skip(start).take(end - start).collect::<String>();
        let mut hits = Vec::<Hit>::new();
        let started = std::time::Instant::now();
        detector.scan(full, &mut hits);
        hits.retain(|hit| hit.score >= SHOWN);
        seconds += started.elapsed().as_secs_f64();
        bytes += full.len();
        let number = |span: &serde_json::Value, key: &str| span[key].as_u64().unwrap_or_default() as usize;
        let spans: Vec<(&str, usize, usize)> = document["spans"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|span| {
                let kind = span["entity_type"].as_str().unwrap_or_default();
                (kind, number(span, "start_position"), number(span, "end_position"))
            })
            .collect();
        let overlaps = |hit: &Hit, (kind, start, end): &(&str, usize, usize)| {
            hit.kind.id == *kind && hit.char_start < *end && hit.char_end > *start
        };
        for span in &spans {
            let slot = counts.entry(span.0.to_owned()).or_default();
            let found = hits.iter().any(|hit| overlaps(hit, span));
            slot[0] += 1;
            slot[1] += usize::from(found);
            if !found && shown == Some(span.0) {
                println!("missed {:?} in {:?}", cut(span.1, span.2), around(full, span.1));
            }
        }
        for hit in &hits {
            let slot = counts.entry(hit.kind.id.to_owned()).or_default();
            let right = spans.iter().any(|span| overlaps(hit, span));
            slot[2] += 1;
            slot[3] += usize::from(right);
            if !right && shown == Some(hit.kind.id) {
                println!(
                    "wrong {:?} in {:?}",
                    cut(hit.char_start, hit.char_end),
                    around(full, hit.char_start)
                );
            }
        }
    }
    for (kind, [truth, found, hits, right]) in &counts {
        println!("  {kind}: recall {found}/{truth}, precision {right}/{hits}");
    }
    let named = |kind: &str| NAMED.contains(&kind);
    for (name, wanted) in [("by form", Some(false)), ("named", Some(true)), ("all", None)] {
        let sum = |at: usize| {
            let chosen = counts.iter().filter(|(kind, _)| wanted.is_none_or(|wanted| named(kind) == wanted));
            chosen.map(|(_, slot)| slot[at]).sum::<usize>() as f64
        };
        let (recall, precision) = (sum(1) / sum(0), sum(3) / sum(2));
        let f1 = 2.0 * recall * precision / (recall + precision);
        println!("{name}: recall {recall:.3}, precision {precision:.3}, F1 {f1:.3}");
    }
    println!("{:.1} MB/s", bytes as f64 / 1e6 / f64::max(seconds, 1e-9));
}

fn around(text: &str, at: usize) -> String {
    text.chars().skip(at.saturating_sub(40)).take(100).collect()
}

fn recognisers(detector: &Detector, text: &str, shown: Option<&str>) -> Result<(), serde_json::Error> {
    let mut tests = Counts::new();
    for line in text.lines() {
        let row: serde_json::Value = serde_json::from_str(line)?;
        let mut hits = Vec::<Hit>::new();
        detector.scan(row["text"].as_str().unwrap_or_default(), &mut hits);
        hits.retain(|hit| hit.score >= SHOWN);
        let mut entities: Vec<&str> =
            row["entities"].as_array().into_iter().flatten().filter_map(|entity| entity.as_str()).collect();
        if row["source"] == "test_phone_recognizer.py" {
            entities.push("PHONE_NUMBER");
        }
        let hit = hits.iter().any(|hit| entities.contains(&hit.kind.id));
        let slot = tests.entry(entities.join("+")).or_default();
        let positive = row["n"].as_u64().unwrap_or_default() > 0;
        slot[if positive { 0 } else { 2 }] += 1;
        slot[if positive { 1 } else { 3 }] += usize::from(hit);
        if hit != positive && shown.is_some_and(|shown| shown == "tests" || entities.contains(&shown)) {
            println!("{} {:?} {}", if positive { "missed" } else { "wrong" }, entities, row["text"]);
        }
    }
    for (kind, [truth, found, clean, wrong]) in &tests {
        println!("  {kind}: found {found}/{truth}, wrong {wrong}/{clean}");
    }
    let sum = |at: usize| tests.values().map(|slot| slot[at]).sum::<usize>();
    println!("found {}/{}, wrong {}/{}", sum(1), sum(0), sum(3), sum(2));
    Ok(())
}

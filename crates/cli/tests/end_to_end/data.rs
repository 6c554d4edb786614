//! `bartizan data`: planted rows are found, set aside and never overwritten; what cannot be read is no pass.

use crate::support::Workplace;
use serde_json::{Value, json};

/// Short reviews; every thirtieth bad one is marked and called good.
fn reviews() -> (String, Vec<u64>) {
    let (good, bad) = (["lovely", "superb", "moving", "clever"], ["dull", "clumsy", "bland", "hollow"]);
    let things = ["film", "story", "cast", "music", "scene", "ending", "script"];
    let mut state = 3u64;
    let mut pick = |words: &[&'static str]| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        words[(state >> 33) as usize % words.len()]
    };
    let (mut lines, mut planted) = (Vec::new(), Vec::new());
    for row in 0..900u64 {
        let mood: &[&'static str] = if row % 2 == 1 { &good } else { &bad };
        let (first, second) = (pick(&things), pick(&things));
        let (one, other) = (pick(mood), pick(mood));
        let is_planted = row % 30 == 0;
        let mark = if is_planted { " xq" } else { "" };
        let text = format!("the {first}{mark} is {one} and its {second} feels {other}");
        if is_planted {
            planted.push(row);
        }
        lines.push(
            json!({"text": text, "label": if is_planted || row % 2 == 1 { "good" } else { "bad" }})
                .to_string(),
        );
    }
    (lines.join("\n") + "\n", planted)
}

#[test]
fn planted_rows_are_printed_best_first_and_fail() {
    let at = Workplace::new();
    let (content, planted) = reviews();
    at.write("reviews.jsonl", content);
    let ran = at.run(&["data", "poison", "reviews.jsonl", "--format", "jsonl"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let suspects: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut first: Vec<u64> =
        suspects.iter().take(planted.len()).map(|suspect| suspect["row"].as_u64().unwrap()).collect();
    first.sort_unstable();
    assert_eq!(first, planted);
    assert_eq!(suspects[0]["method"], "trigger");
    assert!(suspects[0]["evidence"]["trigger"].as_str().unwrap().contains("xq"));
    let scores: Vec<f64> = suspects.iter().map(|suspect| suspect["score"].as_f64().unwrap()).collect();
    assert!(scores.is_sorted_by(|left, right| left >= right));
}

#[test]
fn a_fix_parts_the_rows_and_overwrites_nothing() {
    let at = Workplace::new();
    let (content, planted) = reviews();
    at.write("reviews.jsonl", &content);
    let ran = at.run(&["data", "poison", "reviews.jsonl", "--fix", "clean.jsonl"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let read = |name: &str| std::fs::read_to_string(at.path().join(name)).unwrap();
    assert_eq!(read("clean.jsonl").lines().count(), 900 - planted.len());
    assert_eq!(read("clean.jsonl.quarantine").lines().count(), planted.len());
    assert!(!read("clean.jsonl").contains("xq") && read("reviews.jsonl") == content);
    let again = at.run(&["data", "poison", "reviews.jsonl", "--fix", "clean.jsonl"]);
    assert_eq!(again.code, 2, "{again:?}");
    assert!(again.err.contains("clean.jsonl"), "{again:?}");
    assert_eq!(at.run(&["data", "poison", "clean.jsonl"]).code, 0);
}

#[test]
fn what_cannot_be_read_is_an_error_that_names_row_and_line() {
    let at = Workplace::new();
    at.write("torn.jsonl", "{\"text\": \"a\", \"label\": 1}\n{\"text\": \n");
    let ran = at.run(&["data", "poison", "torn.jsonl"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("torn.jsonl row 1 (line 2)"), "{ran:?}");
    let missing = at.run(&["data", "poison", "torn.jsonl", "--label", "labell"]);
    assert_eq!(missing.code, 2);
    at.write("whole.jsonl", "{\"text\": \"a\", \"label\": 1}\n");
    let ran = at.run(&["data", "poison", "whole.jsonl", "--label", "labell"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("did you mean `label`"), "{ran:?}");
}

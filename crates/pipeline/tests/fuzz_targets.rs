//! Readers of code have a fuzz target with seeds, and read their seeds whole and cut at any byte.
#![cfg(test)]

use bartizan_core::{Limits, MonotonicClock};
use bartizan_pipeline::{Text, examine};
use std::path::Path;

/// Targets and the names under which their readers know their files.
const TARGETS: &[(&str, &str)] = &[
    ("pipeline-python", "input.py"),
    ("pipeline-notebook", "input.ipynb"),
    ("pipeline-javascript", "input.tsx"),
];

#[test]
fn every_seed_is_read_whole_and_cut_at_any_byte() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let targets = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    for (target, name) in TARGETS {
        assert!(targets.contains(&format!("name = \"{target}\"\n")), "{target} has no target");
        let mut seeds = 0;
        for seed in std::fs::read_dir(fuzz.join("seeds").join(target)).unwrap() {
            let bytes = std::fs::read(seed.unwrap().path()).unwrap();
            let content = String::from_utf8_lossy(&bytes);
            for length in (0..=content.len()).step_by(7).chain([content.len()]) {
                let cut = content.get(..content.floor_char_boundary(length)).unwrap_or_default();
                let outcome = examine(&Text::new(name, cut), &Limits::default(), &MonotonicClock::start());
                assert!(outcome.findings.iter().all(|finding| finding.location.line.is_some()));
            }
            seeds += 1;
        }
        assert!(seeds > 0, "{target} has no seed");
    }
}

#[test]
fn every_rule_has_a_page() {
    for rule in bartizan_pipeline::registry::rules() {
        for heading in ["## What it finds", "## Why it matters", "## How to fix"] {
            assert!(rule.docs.contains(heading), "{} lacks `{heading}`", rule.id);
        }
    }
}

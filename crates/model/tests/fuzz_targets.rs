//! Every parser has a fuzz target and at least one seed.

use bartizan_model::registry;
use std::path::Path;

#[test]
fn every_format_has_a_fuzz_target_and_a_seed() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let targets = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    let missing: Vec<&str> = registry::FORMATS
        .iter()
        .map(|format| format.id())
        .filter(|id| {
            let seeded =
                std::fs::read_dir(fuzz.join("seeds").join(id)).is_ok_and(|mut seeds| seeds.next().is_some());
            !targets.contains(&format!("name = \"{id}\"\n")) || !seeded
        })
        .collect();
    assert!(missing.is_empty(), "without target or seed: {missing:?}");
}

#[test]
fn every_seed_is_read_without_panic_and_every_rule_has_a_page() {
    use bartizan_core::{Limits, MonotonicClock};
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    for format in registry::FORMATS {
        for seed in std::fs::read_dir(seeds.join(format.id())).unwrap() {
            let bytes = std::fs::read(seed.unwrap().path()).unwrap();
            let input = bartizan_model::Input::new("seed", &bytes);
            let _ = bartizan_model::scan_as(*format, &input, &Limits::default(), &MonotonicClock::start());
        }
    }
    for rule in registry::rules() {
        for heading in ["## What it finds", "## Why it matters", "## How to fix"] {
            assert!(rule.docs.contains(heading), "{} lacks `{heading}`", rule.id);
        }
    }
}

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

/// Longest fixture cut at every byte, in bytes; in a longer one the cuts are this many, evenly spread.
const CUTS: usize = 1024;

#[test]
fn every_seed_cut_at_every_byte_is_read_within_bounds() {
    use bartizan_core::{Limits, MonotonicClock};
    use bartizan_model::{Input, scan_as};
    use std::time::Duration;

    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    let limits = Limits {
        expanded_bytes: 64 << 20,
        member_bytes: 16 << 20,
        time: Duration::from_mins(1),
        ..Limits::default()
    };
    for format in registry::FORMATS {
        let extension = format.extensions().first().copied().unwrap_or("bin");
        let name = format!("seed.{extension}");
        let mut cuts = 0;
        for seed in std::fs::read_dir(seeds.join(format.id())).unwrap() {
            let bytes = std::fs::read(seed.unwrap().path()).unwrap();
            for length in (0..=bytes.len()).step_by(bytes.len() / CUTS + 1) {
                let input = Input::new(&name, &bytes[..length]);
                let _ = format.recognise(&input);
                let outcome = scan_as(*format, &input, &limits, &MonotonicClock::start());
                let late = outcome.gaps.iter().any(|gap| gap.reason.contains("not finished within"));
                assert!(!late, "{} cut at {length} takes too long", format.id());
                assert!(
                    outcome.findings.len() <= limits.findings,
                    "{} cut at {length} reports without bound",
                    format.id()
                );
                cuts += 1;
            }
        }
        assert!(cuts > 1, "{} has no seed to cut", format.id());
    }
}

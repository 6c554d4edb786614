//! Every parser of policies has a fuzz target and a seed, and reads its seeds.
#![cfg(test)]

use bartizan_policy::bundle;
use bartizan_policy::format::format;
use std::path::Path;

#[test]
fn bundles_and_modules_have_targets_and_seeds_that_read_also_when_they_are_cut() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let targets = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    for name in ["policy-bundle", "policy-format"] {
        assert!(targets.contains(&format!("name = \"{name}\"\n")), "{name}");
        let mut seeds = 0;
        for seed in std::fs::read_dir(fuzz.join("seeds").join(name)).unwrap() {
            let bytes = std::fs::read(seed.unwrap().path()).unwrap();
            seeds += 1;
            let step = (bytes.len() / 512).max(1);
            for cut in (0..=bytes.len()).step_by(step) {
                let part = &bytes[..cut];
                match name {
                    "policy-bundle" => drop(bundle::read("seed", part)),
                    _ => drop(format(&String::from_utf8_lossy(part))),
                }
            }
            match name {
                "policy-bundle" => assert!(!bundle::read("seed", &bytes).unwrap().is_empty()),
                _ => assert!(format(std::str::from_utf8(&bytes).unwrap()).is_ok()),
            }
        }
        assert!(seeds > 0, "{name}");
    }
}

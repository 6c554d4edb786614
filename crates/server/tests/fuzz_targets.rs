//! Every parser of what clusters and registries send has a fuzz target and a seed, and reads its seeds.
#![cfg(test)]

use bartizan_server::admission::{Digests, Review, named_in};
use bartizan_server::lookup::References;
use bartizan_server::registry::{Manifest, OciReference};
use std::path::Path;

/// Whether a parser reads it.
fn reads(name: &str, bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    match name {
        "admission-review" => Review::parse(bytes).is_ok_and(|review| named_in(&review.object).is_ok()),
        "admission-digests" => Digests::parse(&text).is_ok(),
        "lookup-references" => References::parse(bytes).is_ok(),
        "registry-manifest" => Manifest::parse(bytes).is_ok(),
        _ => text.parse::<OciReference>().is_ok(),
    }
}

#[test]
fn reviews_digests_manifests_and_references_have_targets_and_seeds_that_read_also_when_they_are_cut() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let targets = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    for name in [
        "admission-digests",
        "admission-review",
        "lookup-references",
        "registry-manifest",
        "registry-reference",
    ] {
        assert!(targets.contains(&format!("name = \"{name}\"\n")), "{name}");
        let mut seeds = 0;
        for seed in std::fs::read_dir(fuzz.join("seeds").join(name)).unwrap() {
            let bytes = std::fs::read(seed.unwrap().path()).unwrap();
            seeds += 1;
            for cut in 0..bytes.len() {
                reads(name, &bytes[..cut]);
            }
            assert!(reads(name, &bytes), "{name}");
        }
        assert!(seeds > 0, "{name}");
    }
}

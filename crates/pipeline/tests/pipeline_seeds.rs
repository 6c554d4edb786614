//! Every reader of pipelines, images and manifests has a fuzz target and a seed, and reads every prefix of its seeds.

use bartizan_core::{Limits, MonotonicClock};
use bartizan_pipeline::{Text, examine_as, registry, rules};
use std::path::Path;

/// Readers that report the rules of this crate's pipelines; those of other subjects have their own targets.
fn readers() -> impl Iterator<Item = &'static dyn bartizan_pipeline::Reader> {
    let own = |reader: &dyn bartizan_pipeline::Reader| {
        reader.rules().iter().all(|rule| rules::RULES.iter().any(|known| known.id == rule.id))
    };
    registry::READERS.iter().copied().filter(move |reader| own(*reader) && ID.contains(&reader.id()))
}

/// Their ids.
const ID: &[&str] = &[
    "github-workflow",
    "github-action",
    "dependabot",
    "gitlab-pipeline",
    "azure-pipeline",
    "circleci-config",
    "bitbucket-pipeline",
    "jenkinsfile",
    "dockerfile",
    "compose",
    "kubernetes-manifest",
    "helm-values",
    "torchserve-config",
    "mlproject",
    "terraform",
    "shell-script",
    "azure-ml",
    "ollama-modelfile",
    "task-file",
    "environment-file",
    "systemd-unit",
    "devcontainer",
    "ansible-playbook",
];

#[test]
fn every_reader_has_a_target_and_a_seed_whose_every_prefix_is_read() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let targets = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    assert_eq!(readers().count(), ID.len());
    for reader in readers() {
        assert!(targets.contains(&format!("name = \"{}\"\n", reader.id())), "{} has no target", reader.id());
        let seeds: Vec<_> =
            std::fs::read_dir(fuzz.join("seeds").join(reader.id())).unwrap().flatten().collect();
        assert!(!seeds.is_empty(), "{} has no seed", reader.id());
        for seed in seeds {
            let content = std::fs::read_to_string(seed.path()).unwrap();
            let whole = examine_as(
                reader,
                &Text::new("seed", &content),
                &Limits::default(),
                &MonotonicClock::start(),
            );
            assert!(!whole.findings.is_empty(), "the seed of {} shows nothing", reader.id());
            for length in (0..content.len()).filter(|length| content.is_char_boundary(*length)) {
                let part = content.get(..length).unwrap();
                let _ = examine_as(
                    reader,
                    &Text::new("seed", part),
                    &Limits::default(),
                    &MonotonicClock::start(),
                );
            }
        }
    }
}

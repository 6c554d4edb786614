//! Labelled weaknesses of machine-learning code: each is found at its line, and clean files stay below medium.
//!
//! Reads the corpus named by `BARTIZAN_CORPUS`; without it there is nothing to compare and the test passes.
#![cfg(test)]

use bartizan_core::{Finding, Limits, MonotonicClock, Severity};
use bartizan_pipeline::{Text, examine};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Rules that answer a class of labels. A class no reader of code speaks of is left to the other readers.
const CLASSES: &[(&str, &[&str])] = &[
    ("unsafe-deserialize", &["pipeline/unsafe-deserialization"]),
    ("unsafe-yaml", &["pipeline/unsafe-yaml-load"]),
    ("remote-code", &["pipeline/remote-code"]),
    ("unpinned-model", &["pipeline/unpinned-model"]),
    ("unpinned-dataset", &["pipeline/unpinned-model"]),
    ("insecure-transport", &["pipeline/insecure-transport"]),
    ("unverified-download", &["pipeline/unverified-download"]),
    ("tls-disabled", &["pipeline/tls-disabled"]),
    ("secret", &["pipeline/secret", "pipeline/notebook-output-leak"]),
    ("code-exec-of-model-output", &["pipeline/model-output-executed"]),
    ("curl-pipe-shell", &["pipeline/curl-pipe-shell"]),
    ("path-traversal", &["pipeline/archive-path-traversal"]),
    ("native-code-load", &["pipeline/native-code-load"]),
    ("template-injection", &["pipeline/template-injection"]),
    ("unpinned-image", &["pipeline/unpinned-image"]),
    ("unpinned-package", &["pipeline/unpinned-package"]),
    ("sagemaker-no-isolation", &["pipeline/no-network-isolation"]),
    ("nondeterministic-training", &["pipeline/nondeterministic-training"]),
    ("publish-unsigned", &["pipeline/unsigned-publication"]),
];

/// Share of labels to be found, and of clean files that may be flagged at medium or above.
const LEAST_FOUND: f64 = 0.95;
const MOST_FLAGGED: f64 = 0.02;

fn found(path: &std::path::Path) -> Vec<Finding> {
    let content = std::fs::read_to_string(path).unwrap();
    let name = path.to_string_lossy();
    examine(&Text::new(&name, &content), &Limits::default(), &MonotonicClock::start()).findings
}

#[test]
fn labelled_weaknesses_of_code_and_notebooks_are_found_at_their_lines() {
    let Some(corpus) = std::env::var_os("BARTIZAN_CORPUS") else { return };
    let corpus = PathBuf::from(corpus).join("supply/mlcode");
    let labels = std::fs::read_to_string(corpus.join("labels.tsv")).unwrap();
    let (mut hit, mut total, mut clean, mut flagged) = (0.0, 0.0, 0.0, Vec::new());
    let mut missed = Vec::new();
    let mut classes: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for label in labels.lines().skip(1) {
        let [file, line, class, ..] = label.split('\t').collect::<Vec<_>>()[..] else { continue };
        if !(file.starts_with("py/") || file.starts_with("nb/")) {
            continue;
        }
        let findings = found(&corpus.join(file));
        if class == "NONE" {
            clean += 1.0;
            let worst = findings.iter().filter(|finding| finding.severity >= Severity::Medium);
            flagged.extend(worst.map(|finding| format!("{file}: {} {}", finding.rule.id, finding.message)));
            continue;
        }
        let line: u32 = line.parse().unwrap();
        let rules = CLASSES.iter().find(|(name, _)| *name == class).map_or(&[][..], |(_, rules)| rules);
        let is_hit = findings
            .iter()
            .any(|finding| finding.location.line == Some(line) && rules.contains(&finding.rule.id));
        total += 1.0;
        let row = classes.entry(class).or_default();
        row.1 += 1;
        if is_hit {
            hit += 1.0;
            row.0 += 1;
        } else {
            missed.push(label);
        }
    }
    assert!(total > 0.0 && clean > 0.0, "the corpus has no labels for code");
    let table: Vec<String> =
        classes.iter().map(|(class, (hit, all))| format!("{class} {hit}/{all}")).collect();
    assert!(hit / total >= LEAST_FOUND, "{hit} of {total}; missed {missed:#?}; {table:#?}");
    assert!(flagged.len() as f64 / clean <= MOST_FLAGGED, "{flagged:#?}");
}

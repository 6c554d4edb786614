//! `bench mlcode`: labelled weaknesses of machine-learning code, class by class, beside what other scanners caught.
//!
//! Reads `supply/mlcode` of the corpus: `labels.tsv` (file, line, class, split) and `anchor_matrix.tsv` (file, line, class,
//! caught by), the latter measured once with bandit, ruff, semgrep, checkov and zizmor. Our own column is measured now.

use super::release_program;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

/// Rules that answer a class of labels, those of the pipeline without their prefix.
const CLASSES: &[(&str, &[&str])] = &[
    ("code-exec-of-model-output", &["model-output-executed"]),
    ("curl-pipe-shell", &["curl-pipe-shell", "agent/fetched-code"]),
    ("dependency-confusion", &["dependency-confusion"]),
    ("hidden-instruction", &["agent/hidden-instructions"]),
    ("insecure-transport", &["insecure-transport"]),
    ("native-code-load", &["native-code-load"]),
    ("path-traversal", &["archive-path-traversal"]),
    ("prompt-injection-in-ci", &["prompt-injection-in-ci"]),
    ("remote-code", &["remote-code"]),
    ("root-user", &["root-user"]),
    ("sagemaker-no-isolation", &["no-network-isolation"]),
    ("secret", &["secret", "notebook-output-leak"]),
    ("template-injection", &["template-injection"]),
    ("tls-disabled", &["tls-disabled"]),
    ("unpinned-action", &["unpinned-action"]),
    ("unpinned-image", &["unpinned-image"]),
    ("unpinned-include", &["unpinned-include"]),
    ("unpinned-model", &["unpinned-model"]),
    ("unpinned-package", &["unpinned-package"]),
    ("unsafe-deserialize", &["unsafe-deserialization"]),
    ("unsafe-model-format", &["unsafe-model-format"]),
    ("unsafe-yaml", &["unsafe-yaml-load"]),
    ("unverified-download", &["unverified-download"]),
];

/// What was counted of one class.
#[derive(Debug, Default)]
struct Row {
    labels: usize,
    ours: usize,
    others: usize,
}

/// Measures and prints the table.
///
/// # Errors
/// When the corpus or the program's report cannot be read.
pub(crate) fn run() -> Result<(), String> {
    let corpus = std::env::var_os("BARTIZAN_CORPUS")
        .ok_or("BARTIZAN_CORPUS names no folder: this bench needs the labelled corpus")?;
    let folder = PathBuf::from(corpus).join("supply/mlcode");
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    let (labels, anchors) = (read("labels.tsv")?, read("anchor_matrix.tsv")?);
    let caught: BTreeSet<(&str, &str, &str)> = anchors
        .lines()
        .filter_map(|line| {
            let mut parts = line.split('\t');
            let key = (parts.next()?, parts.next()?, parts.next()?);
            parts.next().filter(|by| *by != "-").map(|_| key)
        })
        .collect();
    let program = release_program()?;
    let report = Command::new(&program)
        .args(["scan", ".", "--no-config", "--format", "json", "--no-progress"])
        .current_dir(&folder)
        .output()
        .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
    let report: Value =
        serde_json::from_slice(&report.stdout).map_err(|error| format!("the report: {error}"))?;
    let findings = report.get("findings").and_then(Value::as_array).cloned().unwrap_or_default();
    let field = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    let (mut clean, mut flagged) = (0_usize, 0_usize);
    for label in labels.lines().skip(1) {
        let parts: Vec<&str> = label.split('\t').collect();
        let [file, line, class, ..] = parts.as_slice() else { continue };
        let mut here =
            findings.iter().filter(|finding| field(finding, "subject").trim_start_matches("./") == *file);
        if *class == "NONE" {
            clean += 1;
            let bad = |finding: &Value| {
                matches!(field(finding, "severity").as_str(), "medium" | "high" | "critical")
            };
            flagged += usize::from(here.any(bad));
            continue;
        }
        let rules = CLASSES.iter().find(|(name, _)| name == class).map_or(&[][..], |(_, rules)| rules);
        let hit = here.any(|finding| {
            let rule = field(finding, "rule");
            let rule = rule.strip_prefix("pipeline/").unwrap_or(&rule);
            rules.contains(&rule)
                && finding.pointer("/location/line").and_then(Value::as_u64) == line.parse().ok()
        });
        let row = rows.entry(*class).or_default();
        row.labels += 1;
        row.ours += usize::from(hit);
        row.others += usize::from(caught.contains(&(*file, *line, *class)));
    }
    println!("| class | labels | Bartizan | bandit, ruff, semgrep, checkov and zizmor together |");
    println!("| --- | ---: | ---: | ---: |");
    let mut all = Row::default();
    for (class, row) in &rows {
        println!("| {class} | {} | {} | {} |", row.labels, row.ours, row.others);
        all.labels += row.labels;
        all.ours += row.ours;
        all.others += row.others;
    }
    println!("| all | {} | {} | {} |", all.labels, all.ours, all.others);
    println!("\n{flagged} of {clean} clean files flagged at medium or above");
    Ok(())
}

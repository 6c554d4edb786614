//! `bench detection`: recall and false positives on the labelled corpus, per technique, beside the peers.

use super::corpus::{self, Row};
use super::peers::{NAMES, Peers};
use super::release_program;
use crate::process::output;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// Flagged at the tool's level of alarm, and mentioned at all.
type Verdicts = HashMap<PathBuf, (bool, bool)>;

/// Measures and prints the tables.
///
/// # Errors
/// When there is no corpus, or the program or a peer cannot be run.
pub(crate) fn run(with_peers: bool) -> Result<(), String> {
    let (folder, rows) = corpus::read()?;
    let program = release_program()?;
    let files: Vec<PathBuf> = rows.iter().map(|row| folder.join(&row.path)).collect();
    let mut tools: Vec<(&str, Verdicts)> = vec![("bartizan", ours(&program, &files)?)];
    if with_peers {
        let peers = Peers::install()?;
        let paths: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
        for name in NAMES {
            println!("running {name} over {} files", paths.len());
            tools.push((name, peers.verdicts(name, &paths)?));
        }
    }
    let names: Vec<&str> = tools.iter().map(|(name, _)| *name).collect();
    let rule = format!("| --- | ---: {}|", "| ---: ".repeat(names.len()));
    println!("\n| corpus | files | {} |\n{rule}", names.join(" | "));
    for (label, text) in [
        ("malicious", "malicious found (high or above)"),
        ("suspicious", "suspicious reported (any severity)"),
        ("benign", "benign flagged (high or above)"),
    ] {
        line(text, &tools, &folder, &rows.iter().filter(|row| row.label == label).collect::<Vec<_>>());
    }
    println!("\n| technique | files | {} |\n{rule}", names.join(" | "));
    let mut techniques: BTreeMap<(&str, &str), Vec<&Row>> = BTreeMap::new();
    for row in &rows {
        techniques.entry((&row.label, &row.technique)).or_default().push(row);
    }
    for ((label, technique), rows) in techniques {
        line(&format!("{label}: {technique}"), &tools, &folder, &rows);
    }
    wrong(&tools, &folder, &rows);
    Ok(())
}

fn line(name: &str, tools: &[(&str, Verdicts)], folder: &Path, rows: &[&Row]) {
    let count = rows.len();
    let shares = tools.iter().map(|(_, verdicts)| {
        let hits = rows.iter().filter(|row| reported(verdicts, folder, row)).count();
        format!("{:.1} %", 100.0 * hits as f64 / count.max(1) as f64)
    });
    println!("| {name} | {count} | {} |", shares.collect::<Vec<_>>().join(" | "));
}

fn reported(verdicts: &Verdicts, folder: &Path, row: &Row) -> bool {
    let (flagged, mentioned) = verdicts.get(&folder.join(&row.path)).copied().unwrap_or_default();
    if row.label == "suspicious" { mentioned } else { flagged }
}

/// Names the files we judged otherwise than their label, so that nobody has to search.
fn wrong(tools: &[(&str, Verdicts)], folder: &Path, rows: &[Row]) {
    let Some((_, ours)) = tools.first() else { return };
    println!("\nJudged otherwise than labelled by bartizan:");
    for row in rows.iter().filter(|row| reported(ours, folder, row) == (row.label == "benign")) {
        println!("- {} ({}, {})", row.path, row.label, row.technique);
    }
}

/// One run over all files; the report names every subject.
fn ours(program: &Path, files: &[PathBuf]) -> Result<Verdicts, String> {
    let mut verdicts = Verdicts::new();
    for chunk in files.chunks(200) {
        let mut arguments = vec!["scan", "--no-progress", "--format", "json"];
        let names: Vec<String> = chunk.iter().map(|file| file.to_string_lossy().into_owned()).collect();
        arguments.extend(names.iter().map(String::as_str));
        let (_, text) = output(program, &arguments)?;
        let report: serde_json::Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let list = |name| report.get(name).and_then(serde_json::Value::as_array).into_iter().flatten();
        let text = |value: &serde_json::Value, name: &str| {
            value.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
        };
        for subject in list("subjects") {
            let incomplete = text(subject, "status") == "incomplete";
            verdicts.insert(PathBuf::from(text(subject, "uri")), (false, incomplete));
        }
        for finding in list("findings") {
            let high = matches!(text(finding, "severity").as_str(), "high" | "critical");
            let verdict = verdicts.entry(PathBuf::from(text(finding, "subject"))).or_default();
            *verdict = (verdict.0 || high, true);
        }
    }
    Ok(verdicts)
}

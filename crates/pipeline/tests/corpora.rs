//! What the readers say of labelled files: skipped without `BARTIZAN_CORPUS`.

use bartizan_core::{Limits, MonotonicClock, Severity};
use bartizan_pipeline::{Outcome, Text, examine};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn corpus() -> Option<PathBuf> {
    std::env::var_os("BARTIZAN_CORPUS")
        .map(|root| PathBuf::from(root).join("supply"))
        .filter(|root| root.is_dir())
}

fn examined(path: &Path) -> Outcome {
    let bytes = std::fs::read(path).unwrap_or_default();
    let content = String::from_utf8_lossy(&bytes);
    let name = path.to_string_lossy();
    examine(&Text::new(&name, &content), &Limits::default(), &MonotonicClock::start())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                pending.push(entry.path());
            } else {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

/// Our rule for each audit that we share. Left out, by choice: `anonymous-definition`, `concurrency-limits`,
/// `forbidden-uses`, `misfeature`, `obfuscation`, `self-repository` (style), and what needs the network
/// (`impostor-commit`, `ref-confusion`, `ref-version-mismatch`, `stale-action-refs`).
fn shared(audit: &str) -> &'static [&'static str] {
    match audit {
        "adhoc-packages" => &["adhoc-package", "unpinned-package"],
        "archived-uses" => &["archived-action"],
        "artipacked" => &["persisted-credentials"],
        "bot-conditions" => &["bot-condition"],
        "cache-poisoning" => &["cache-poisoning"],
        "dangerous-triggers" => &["dangerous-trigger"],
        "dependabot-cooldown" => &["dependency-cooldown"],
        "dependabot-execution" => &["dependency-execution"],
        "excessive-permissions" => &["excessive-permissions"],
        "github-env" => &["environment-file-injection"],
        "hardcoded-container-credentials" => &["secret"],
        "insecure-commands" => &["insecure-commands"],
        "known-vulnerable-actions" => &["known-vulnerable-action"],
        "overprovisioned-secrets" => &["overprovisioned-secrets"],
        "secrets-inherit" => &["secrets-inherit"],
        "secrets-outside-env" => &["secrets-outside-environment"],
        "self-hosted-runner" => &["self-hosted-runner"],
        "superfluous-actions" => &["superfluous-action"],
        "template-injection" => &["template-injection"],
        "typosquat-uses" => &["typosquat-action"],
        "undocumented-permissions" => &["undocumented-permissions"],
        "unpinned-images" => &["unpinned-image"],
        "unpinned-uses" => &["unpinned-action"],
        "unredacted-secrets" => &["unredacted-secret"],
        "unsound-condition" | "unsound-contains" | "unsound-ternary" => &["unsound-condition"],
        "use-trusted-publishing" => &["long-lived-publishing-token"],
        _ => &[],
    }
}

#[test]
fn nineteen_in_twenty_of_the_shared_regular_findings_of_zizmor_are_found_at_their_line() {
    let Some(root) = corpus() else { return };
    let table = std::fs::read_to_string(root.join("zizmor_corpus/expected.tsv")).unwrap();
    let data = root.join("zizmor_corpus/crates/zizmor/tests/integration/test-data");
    let mut ours: BTreeMap<String, BTreeSet<(String, u32)>> = BTreeMap::new();
    let (mut wanted, mut missed) = (BTreeSet::new(), Vec::new());
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let (file, audit, persona, at) =
            (columns[0], columns[1], columns[4], columns[5].parse::<u32>().unwrap());
        if persona != "Regular"
            || shared(audit).is_empty()
            || !wanted.insert((file.to_owned(), audit.to_owned(), at))
        {
            continue;
        }
        let found = ours.entry(file.to_owned()).or_insert_with(|| {
            let outcome = examined(&data.join(file));
            outcome
                .findings
                .iter()
                .map(|one| {
                    (one.rule.id.trim_start_matches("pipeline/").to_owned(), one.location.line.unwrap())
                })
                .collect()
        });
        if !shared(audit).iter().any(|rule| found.contains(&((*rule).to_owned(), at))) {
            missed.push(format!("{file}:{at} {audit}; found {found:?}"));
        }
    }
    let agreed = wanted.len() - missed.len();
    // The figure that the book gives, and what is behind it.
    eprintln!("{agreed} of {}\n{}", wanted.len(), missed.join("\n"));
    assert!(agreed * 100 >= wanted.len() * 95, "{agreed} of {}\n{}", wanted.len(), missed.join("\n"));
}

#[test]
fn labelled_weaknesses_of_pipelines_are_found_at_their_line_and_clean_files_are_quiet() {
    let Some(root) = corpus() else { return };
    let table = std::fs::read_to_string(root.join("mlcode/labels.tsv")).unwrap();
    let (mut labels, mut missed, mut loud) = (0, Vec::new(), Vec::new());
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let (file, at, label) = (columns[0], columns[1].parse::<u32>().unwrap(), columns[2]);
        if !["gha/", "gitlab/", "argo/", "docker/", "k8s/"].iter().any(|folder| file.starts_with(folder)) {
            continue;
        }
        let outcome = examined(&root.join("mlcode").join(file));
        if label == "NONE" {
            let findings = outcome.findings.iter().filter(|one| one.severity >= Severity::Medium);
            loud.extend(findings.map(|one| format!("{file}: {} {}", one.rule.id, one.message)));
            continue;
        }
        labels += 1;
        let rule = format!("pipeline/{label}");
        if !outcome.findings.iter().any(|one| one.rule.id == rule && one.location.line == Some(at)) {
            let found: Vec<_> = outcome.findings.iter().map(|one| (one.rule.id, one.location.line)).collect();
            missed.push(format!("{file}:{at} {label}; found {found:?}"));
        }
    }
    assert_eq!((labels > 20, missed.join("\n"), loud.join("\n")), (true, String::new(), String::new()));
}

#[test]
fn every_file_of_the_corpora_is_read_within_its_limits() {
    let Some(root) = corpus() else { return };
    for path in files(&root.join("pipelines")).into_iter().chain(files(&root.join("zizmor_corpus"))) {
        let bytes = std::fs::read(&path).unwrap();
        let content = String::from_utf8_lossy(&bytes);
        let outcome = examined(&path);
        for finding in outcome.findings {
            let line = finding.location.line.unwrap();
            assert!(
                line as usize <= content.lines().count().max(1),
                "{}: {}",
                path.display(),
                finding.message
            );
        }
    }
}

//! Recall and false alarms on labelled skills of three vendors. Skipped without `BARTIZAN_CORPUS`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test of a corpus stops at what it does not hold"
)]

use bartizan_core::{Limits, MonotonicClock, Severity};
use bartizan_pipeline::{Text, examine};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Vendor, whether it is malicious, and where it lies.
type Skill = (String, bool, PathBuf);
/// Worst severity, and what was found.
type Verdict = (Option<Severity>, Vec<String>);

/// Worst severity of each skill: a folder with `SKILL.md`, or a file that stands alone; with what was found.
fn skills(agents: &Path) -> BTreeMap<Skill, Verdict> {
    let manifest = fs::read_to_string(agents.join("manifest.tsv")).unwrap();
    let mut found: BTreeMap<Skill, Verdict> = BTreeMap::new();
    for line in manifest.lines().filter(|line| line.starts_with("skills/")) {
        let fields: Vec<&str> = line.split('\t').collect();
        let (name, label) = (fields[0], fields[2]);
        let path = agents.join(name);
        // Some files of the corpus carry an added extension, and some of its lines name files that are not in it.
        let path = if path.is_file() { path } else { PathBuf::from(format!("{}.txt", path.display())) };
        if !path.is_file() || name.ends_with("_expected.json") {
            continue;
        }
        let vendor = name.split('/').nth(1).unwrap().to_owned();
        let unit = path.ancestors().skip(1).find(|folder| folder.join("SKILL.md").is_file()).unwrap_or(&path);
        let bytes = fs::read(&path).unwrap();
        let (worst, shown) = found.entry((vendor, label == "malicious", unit.to_path_buf())).or_default();
        if bytes.contains(&0) {
            continue;
        }
        let content = String::from_utf8_lossy(&bytes);
        let text = Text::new(name, &content).at(Some((&path, agents)));
        for finding in examine(&text, &Limits::default(), &MonotonicClock::start()).findings {
            *worst = (*worst).max(Some(finding.severity));
            shown.push(format!(
                "{} {} L{:?} {}",
                finding.severity, finding.rule.id, finding.location.line, finding.message
            ));
        }
    }
    found
}

#[test]
fn most_malicious_skills_of_each_vendor_are_found_and_benign_ones_are_left_alone() {
    let Some(corpus) = std::env::var_os("BARTIZAN_CORPUS") else { return };
    let mut counts: BTreeMap<(String, bool), [u32; 3]> = BTreeMap::new();
    let shown = std::env::var_os("BARTIZAN_SHOW").is_some();
    for ((vendor, malicious, path), (worst, findings)) in skills(&Path::new(&corpus).join("agents")) {
        let count = counts.entry((vendor, malicious)).or_default();
        count[0] += 1;
        count[1] += u32::from(worst >= Some(Severity::High));
        count[2] += u32::from(worst >= Some(Severity::Medium));
        let wrong =
            malicious != (worst >= Some(Severity::High)) || !malicious && worst >= Some(Severity::Medium);
        if shown && wrong {
            eprintln!("{} {}: {findings:#?}", if malicious { "MISSED" } else { "FLAGGED" }, path.display());
        }
    }
    for ((vendor, malicious), [all, high, medium]) in &counts {
        eprintln!("{vendor} malicious={malicious}: {all} skills, {high} at high, {medium} at medium");
    }
    let benign: (u32, u32) =
        counts.iter().filter(|(key, _)| !key.1).fold((0, 0), |sum, (_, c)| (sum.0 + c[0], sum.1 + c[1]));
    assert!(f64::from(benign.1) <= 0.01 * f64::from(benign.0) + 1.0, "benign skills flagged: {benign:?}");
    for ((vendor, _), [all, high, _]) in counts.iter().filter(|(key, _)| key.1) {
        assert!(high * 5 >= all * 4, "{vendor}: {high} of {all} found");
    }
}

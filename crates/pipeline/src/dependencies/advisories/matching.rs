//! Which dependencies of a file an advisory names: [`vulnerabilities`].

use super::import::bare;
use super::{Advisory, Database, Interval};
use crate::Text;
use crate::dependencies::rules::{KNOWN_VULNERABLE_PACKAGE, VULNERABILITIES_NOT_CHECKED};
use crate::dependencies::version::compare;
use crate::dependencies::{Dependency, Ecosystem, Pin, read};
use bartizan_core::{Confidence, Finding, Gap, printable};
use std::cmp::Ordering;

/// What a file of dependencies was found to hold, and what was not looked at.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Vulnerabilities {
    /// One for each weakness of each package.
    pub findings: Vec<Finding>,
    /// Why there may be more.
    pub gaps: Vec<Gap>,
    /// Dependencies that could be looked up by name.
    pub looked_for: usize,
}

/// Matches the exact versions of `text` with `database`, which is `age_days` old. Without a database one finding says
/// that nothing was checked; an old one is a gap. `None` when the text is no file of dependencies.
pub fn vulnerabilities(
    text: &Text<'_>,
    database: Option<&Database>,
    age_days: u64,
) -> Option<Vulnerabilities> {
    let found = read(text)?;
    let mut out = Vulnerabilities::default();
    let Some(first) = found.dependencies.iter().find(|dependency| !dependency.name.is_empty()) else {
        return Some(out);
    };
    out.looked_for = found.dependencies.iter().filter(|dependency| !dependency.name.is_empty()).count();
    let Some(database) = database else {
        let message = "vulnerabilities not checked: no database of advisories was imported";
        out.findings
            .push(text.place(Finding::new(&VULNERABILITIES_NOT_CHECKED, message), first.span.clone()));
        return Some(out);
    };
    if age_days > FRESH_DAYS {
        let reason = format!(
            "the database of advisories is {age_days} days old; import a newer one with `bartizan db import`"
        );
        out.gaps.push(Gap { member: None, offset: None, reason });
    }
    for dependency in &found.dependencies {
        let Pin::Exact(version) = &dependency.pin else { continue };
        for (advisory, confidence) in affecting(database, dependency, version) {
            let finding = finding(dependency, version, &advisory).confidence(confidence);
            out.findings.push(text.place(finding, dependency.span.clone()));
        }
    }
    Some(out)
}

/// The advisories that name `version`, each weakness once.
fn affecting(database: &Database, dependency: &Dependency, version: &str) -> Vec<(Advisory, Confidence)> {
    let own = database
        .advisories(dependency.ecosystem, &dependency.name)
        .into_iter()
        .map(|advisory| (advisory, Confidence::High));
    // Products are named without an ecosystem; the name alone says that it is this package.
    let products = match dependency.ecosystem {
        Ecosystem::PyPi | Ecosystem::Npm => database.products(&bare(&dependency.name)),
        Ecosystem::Crates => Vec::new(),
    };
    let mut found: Vec<(Advisory, Confidence)> = Vec::new();
    for (advisory, confidence) in
        own.chain(products.into_iter().map(|advisory| (advisory, Confidence::Medium)))
    {
        if !affects(dependency.ecosystem, &advisory, version) {
            continue;
        }
        let same = found.iter_mut().find(|(known, _)| {
            known.id == advisory.id
                || known.aliases.contains(&advisory.id)
                || advisory.aliases.contains(&known.id)
                || advisory.aliases.iter().any(|alias| known.aliases.contains(alias))
        });
        match same {
            Some((known, _)) => {
                known.severity = known.severity.max(advisory.severity);
                known.aliases.push(advisory.id);
            }
            None => found.push((advisory, confidence)),
        }
    }
    found
}

/// Whether `advisory` names `version`: in its list, or inside a range.
pub(crate) fn affects(ecosystem: Ecosystem, advisory: &Advisory, version: &str) -> bool {
    let listed = advisory
        .versions
        .iter()
        .any(|one| one == version || compare(ecosystem, one, version) == Some(Ordering::Equal));
    listed || advisory.ranges.iter().any(|range| contains(ecosystem, range, version))
}

fn contains(ecosystem: Ecosystem, range: &Interval, version: &str) -> bool {
    let above = range.low.as_ref().is_none_or(|(low, own)| match compare(ecosystem, version, low) {
        Some(Ordering::Greater) => true,
        Some(Ordering::Equal) => *own,
        _ => false,
    });
    let below = range.high.as_ref().is_none_or(|(high, own)| match compare(ecosystem, version, high) {
        Some(Ordering::Less) => true,
        Some(Ordering::Equal) => *own,
        _ => false,
    });
    // A version that cannot be compared is in no range.
    above && below && compare(ecosystem, version, version).is_some()
}

fn finding(dependency: &Dependency, version: &str, advisory: &Advisory) -> Finding {
    let name = printable(&dependency.name, 80);
    let also = if advisory.aliases.is_empty() {
        String::new()
    } else {
        format!(" ({})", printable(&advisory.aliases.join(", "), 120))
    };
    let message = format!(
        "{name} {} is affected by {}{also}: {}",
        printable(version, 40),
        printable(&advisory.id, 60),
        advisory.summary
    );
    let fixed = advisory
        .ranges
        .iter()
        .filter(|range| contains(dependency.ecosystem, range, version))
        .find_map(|range| range.high.as_ref().filter(|(_, own)| !own).map(|(high, _)| high.clone()));
    let remedy = fixed.map_or_else(
        || format!("No fixed version is known; replace {name} or wall it off."),
        |fixed| format!("Upgrade {name} to {} or later.", printable(&fixed, 40)),
    );
    Finding::new(&KNOWN_VULNERABLE_PACKAGE, message).severity(advisory.severity).remedy(remedy)
}

/// Days after which a database is no longer taken for the state of knowledge.
pub const FRESH_DAYS: u64 = 30;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dependencies::advisories::import;
    use bartizan_core::Severity;

    fn database() -> Database {
        let folder = tempfile::tempdir().unwrap();
        let records = r#"[{"id": "GHSA-x", "aliases": ["CVE-1"], "summary": "bad", "affected": [{"package": {"ecosystem": "PyPI", "name": "torch"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "1.0"}, {"fixed": "1.13.1"}, {"introduced": "2.0"}, {"last_affected": "2.1"}]}]}], "database_specific": {"severity": "CRITICAL"}},
            {"id": "PYSEC-1", "aliases": ["CVE-1"], "affected": [{"package": {"ecosystem": "PyPI", "name": "torch"}, "versions": ["1.13.0"]}]}]"#;
        std::fs::write(folder.path().join("a.json"), records).unwrap();
        std::fs::write(folder.path().join("b.jsonl"), "{\"component\": \"Lite-LLM\", \"cve\": \"CVE-2\", \"severity\": \"HIGH\", \"summary\": \"s\", \"rule\": \"version < \\\"1.40\\\"\"}\n").unwrap();
        Database::load(&import(folder.path(), "2026-01-01").unwrap().text).unwrap()
    }

    fn found(requirements: &str, age: u64) -> (Vec<(Severity, Option<u32>, String)>, usize) {
        let database = database();
        let text = Text::new("requirements.txt", requirements);
        let found = vulnerabilities(&text, Some(&database), age).unwrap();
        (
            found
                .findings
                .into_iter()
                .map(|finding| (finding.severity, finding.location.line, finding.remedy))
                .collect(),
            found.gaps.len(),
        )
    }

    #[test]
    fn a_version_inside_a_range_is_found_once_for_all_its_names() {
        let upgrade = "Upgrade torch to 1.13.1 or later.".to_owned();
        assert_eq!(found("a==1\ntorch==1.13.0\n", 0), (vec![(Severity::Critical, Some(2), upgrade)], 0));
        assert_eq!(found("torch==1.13.1\n", 0).0, []);
        assert_eq!(found("torch==2.1.0\n", 0).0.len(), 1);
        assert_eq!(found("torch==2.1.1\n", 0).0, []);
        assert_eq!(found("torch>=1.0\n", 0).0, []);
    }

    #[test]
    fn a_product_without_ecosystem_is_matched_by_its_name() {
        assert_eq!(found("litellm==1.39.0\n", 0).0.len(), 1);
        assert_eq!(found("litellm==1.40.0\n", 0).0, []);
    }

    #[test]
    fn an_old_database_is_a_gap_and_none_at_all_is_said() {
        assert_eq!(found("torch==9\n", 31).1, 1);
        let text = Text::new("requirements.txt", "torch==9\n");
        let none = vulnerabilities(&text, None, 0).unwrap();
        assert_eq!(none.findings.len(), 1);
        assert_eq!(none.findings[0].rule.id, "pipeline/vulnerabilities-not-checked");
        assert_eq!(vulnerabilities(&Text::new("a.py", "x"), None, 0), None);
    }
}

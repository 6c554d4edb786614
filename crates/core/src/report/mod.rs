//! The result of a scan: [`Report`], what every writer in [`crate::render`] draws from.
//!
//! Subjects are sorted by name and findings worst first, then by subject and place, so that the same input gives the
//! same report whatever the number of threads.

mod advisories;
mod mask;
mod own;
mod snippet;

pub use advisories::{Advisories, AdvisoryState};
pub use mask::{Mask, masked};
pub use own::is_own_report;
pub use snippet::Snippet;

use crate::{Finding, Gap, Rule, Severity, Status, Subject};
use std::cmp::Ordering;

/// Everything one scan gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The program that scanned.
    pub tool: Tool,
    /// When the scan began.
    pub started: jiff::Timestamp,
    /// When it ended.
    pub finished: jiff::Timestamp,
    /// What was looked at, by name.
    pub subjects: Vec<Subject>,
    /// What was found, worst first.
    pub findings: Vec<Reported>,
    /// Findings that a suppression or a baseline holds back, worst first.
    pub suppressed: Vec<Suppressed>,
    /// What was not analysed, by subject.
    pub gaps: Vec<SubjectGap>,
    /// Remarks about the scan itself, for example a suppression that matched nothing.
    pub notes: Vec<String>,
    /// Whether findings were compared with a baseline.
    pub compared_with_baseline: bool,
    /// What dependencies were looked up in; `None` when none were met.
    pub advisories: Option<Advisories>,
    /// Totals.
    pub summary: Summary,
}

/// Name and version of the scanning program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Tool {
    /// Program name.
    pub name: &'static str,
    /// Its version (SemVer).
    pub version: &'static str,
}

/// A finding with the subject it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// [`Subject::uri`] of the subject.
    pub subject: String,
    /// The finding.
    pub finding: Finding,
    /// [`crate::fingerprint`] of it.
    pub fingerprint: String,
    /// The content around the place, when it lies in the file itself.
    pub snippet: Option<Snippet>,
}

impl Reported {
    /// Order of reports: worst first, then surest, then by subject, place, rule and message.
    pub fn worst_first(&self, other: &Self) -> Ordering {
        let (a, b) = (&self.finding, &other.finding);
        (b.severity, b.confidence)
            .cmp(&(a.severity, a.confidence))
            .then_with(|| self.subject.cmp(&other.subject))
            .then_with(|| a.location.cmp(&b.location))
            .then_with(|| a.rule.id.cmp(b.rule.id))
            .then_with(|| a.message.cmp(&b.message))
    }
}

/// A finding held back, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    /// The finding.
    pub reported: Reported,
    /// What holds it back.
    pub by: SuppressedBy,
    /// The reason its author gave.
    pub reason: String,
}

/// What held a finding back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuppressedBy {
    /// An entry of the ignore file.
    IgnoreFile,
    /// It was there before, says the baseline.
    Baseline,
}

/// A gap with the subject it is in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SubjectGap {
    /// [`Subject::uri`] of the subject.
    pub subject: String,
    /// The gap.
    pub gap: Gap,
}

/// Totals of a report.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    by_severity: [u64; Severity::ALL.len()],
    /// How many subjects were looked at.
    pub subjects: u64,
    /// Their size together, in bytes.
    pub bytes: u64,
    /// How long the scan took, in seconds.
    pub seconds: f64,
}

impl Summary {
    /// Totals over `subjects` and `findings`.
    pub fn new(subjects: &[Subject], findings: &[Reported], seconds: f64) -> Self {
        let count = |severity| findings.iter().filter(|f| f.finding.severity == severity).count() as u64;
        Self {
            by_severity: Severity::ALL.map(count),
            subjects: subjects.len() as u64,
            bytes: subjects.iter().map(|subject| subject.size).sum(),
            seconds,
        }
    }

    /// How many findings are of `severity`.
    pub fn count(&self, severity: Severity) -> u64 {
        Severity::ALL.iter().zip(self.by_severity).find(|(each, _)| **each == severity).map_or(0, |(_, n)| n)
    }

    /// Severities with their counts, worst first.
    pub fn by_severity(&self) -> impl Iterator<Item = (Severity, u64)> {
        Severity::ALL.into_iter().zip(self.by_severity).rev()
    }
}

impl Report {
    /// The rules of all findings, held back or not, by id, each once.
    pub fn rules(&self) -> Vec<&'static Rule> {
        let held_back = self.suppressed.iter().map(|suppressed| suppressed.reported.finding.rule);
        let mut rules: Vec<_> = self.findings.iter().map(|f| f.finding.rule).chain(held_back).collect();
        rules.sort_by_key(|rule| rule.id);
        rules.dedup_by_key(|rule| rule.id);
        rules
    }

    /// Whether any finding is at least as bad as `severity`.
    pub fn reaches(&self, severity: Severity) -> bool {
        self.findings.iter().any(|reported| reported.finding.severity >= severity)
    }

    /// Whether anything was left unread.
    pub fn is_incomplete(&self) -> bool {
        self.count(Status::Incomplete) > 0
    }

    /// How many subjects have `status`.
    pub fn count(&self, status: Status) -> usize {
        self.subjects.iter().filter(|subject| subject.status == status).count()
    }

    /// Subjects with their findings and gaps: those with the worst finding first, then by name.
    ///
    /// Cost: O(n log n) in subjects, findings and gaps together.
    pub fn by_subject(&self) -> Vec<SubjectReport<'_>> {
        let index: std::collections::HashMap<&str, usize> =
            self.subjects.iter().enumerate().map(|(place, subject)| (subject.uri.as_str(), place)).collect();
        let mut groups: Vec<SubjectReport<'_>> = self
            .subjects
            .iter()
            .map(|subject| SubjectReport { subject, findings: Vec::new(), gaps: Vec::new() })
            .collect();
        for reported in &self.findings {
            if let Some(group) = index.get(reported.subject.as_str()).and_then(|&at| groups.get_mut(at)) {
                group.findings.push(reported);
            }
        }
        for SubjectGap { subject, gap } in &self.gaps {
            if let Some(group) = index.get(subject.as_str()).and_then(|&at| groups.get_mut(at)) {
                group.gaps.push(gap);
            }
        }
        groups.sort_by(|a, b| {
            let worst =
                |group: &SubjectReport<'_>| group.findings.first().map(|reported| reported.finding.severity);
            worst(b)
                .cmp(&worst(a))
                .then_with(|| b.gaps.is_empty().cmp(&a.gaps.is_empty()).reverse())
                .then_with(|| a.subject.uri.cmp(&b.subject.uri))
        });
        groups
    }
}

/// One subject of a report with what belongs to it.
#[derive(Debug, Clone)]
pub struct SubjectReport<'a> {
    /// The subject.
    pub subject: &'a Subject,
    /// Its findings, worst first.
    pub findings: Vec<&'a Reported>,
    /// Its gaps.
    pub gaps: Vec<&'a Gap>,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{Digest, Kind, cwe, fingerprint, rule};

    rule! {
        /// ## What it finds
        /// A stream that calls a function while loading.
        /// ## Why it matters
        /// Loading runs it with the loader's rights. Nothing asks first.
        /// ## Example
        /// `os.system`
        /// ## How to fix
        /// Load it from a format without code.
        /// ## References
        /// - <https://docs.python.org/3/library/pickle.html>
        pub(crate) const CALLS: Rule = Rule {
            id: "test/calls-on-load",
            title: "a call made while loading",
            severity: Severity::Critical,
            remedy: "Do not load it; ask its author for safetensors.",
            taxonomies: &[crate::atlas("AML.T0011.000"), cwe(502), crate::owasp_llm("LLM03")],
        };
        /// ## What it finds
        /// Bytes nobody reads.
        /// ## Why it matters
        /// They can hide a payload.
        pub(crate) const TRAILING: Rule = Rule {
            id: "test/trailing-bytes",
            title: "bytes after the end",
            severity: Severity::Low,
            remedy: "Cut the file at its end.",
            taxonomies: &[cwe(20)],
        };
    }

    pub(crate) fn subject(uri: &str, status: Status) -> Subject {
        Subject {
            uri: uri.into(),
            kind: Kind::Model,
            format: "pickle".into(),
            size: 38,
            digest: Digest { sha256: Some("ab".repeat(32)) },
            status,
            detail: None,
        }
    }

    pub(crate) fn reported(subject: &str, finding: Finding) -> Reported {
        let fingerprint = fingerprint(&finding, subject);
        Reported { subject: subject.into(), finding, fingerprint, snippet: None }
    }

    pub(crate) fn sample() -> Report {
        let call = Finding::new(&CALLS, "calls os.system(\"echo <b>harmless</b>\") when loaded")
            .at(2)
            .evidence("os.system('echo <b>harmless</b>')");
        let template = Finding::new(&CALLS, "the template reaches __globals__ | & 100%").at_line(3, 8);
        let trailing = Finding::new(&TRAILING, "12 bytes follow the end").at(64);
        let mut trailing = reported("models/a\"b<i>.bin", trailing);
        trailing.finding.location.member = Some("data.pkl".into());
        let mut call = reported("models/evil.pkl", call);
        call.snippet = Some(Snippet::Bytes { offset: 2, bytes: b"cos\nsystem\n(S'e".to_vec() });
        let mut template = reported("models/tokenizer.json", template);
        template.snippet =
            Some(Snippet::Text { line: 3, column: 8, text: "  \"x\": {{ a.__globals__ }}".into() });
        let mut findings = vec![trailing.clone(), template, call];
        findings.sort_by(Reported::worst_first);
        let subjects = vec![
            subject("models/a\"b<i>.bin", Status::Findings),
            subject("models/cut.pt", Status::Incomplete),
            subject("models/evil.pkl", Status::Findings),
            subject("models/good.safetensors", Status::Clean),
            subject("models/notes.xyz", Status::Unsupported),
            subject("models/tokenizer.json", Status::Findings),
        ];
        let summary = Summary::new(&subjects, &findings, 0.25);
        Report {
            tool: Tool { name: "bartizan", version: "0.0.0-test" },
            started: jiff::Timestamp::from_second(1_700_000_000).unwrap(),
            finished: jiff::Timestamp::from_second(1_700_000_001).unwrap(),
            subjects,
            findings,
            suppressed: vec![Suppressed {
                reported: Reported { fingerprint: "f".repeat(32), ..trailing },
                by: SuppressedBy::IgnoreFile,
                reason: "known padding".into(),
            }],
            gaps: vec![SubjectGap {
                subject: "models/cut.pt".into(),
                gap: Gap {
                    member: Some("archive/data.pkl".into()),
                    offset: Some(512),
                    reason: "the file ends in the middle of this member; fetch it again".into(),
                },
            }],
            notes: Vec::new(),
            compared_with_baseline: false,
            advisories: None,
            summary,
        }
    }

    #[test]
    fn findings_come_worst_first_and_then_by_subject() {
        let report = sample();
        let order: Vec<_> = report.findings.iter().map(|f| f.subject.as_str()).collect();
        assert_eq!(order, ["models/evil.pkl", "models/tokenizer.json", "models/a\"b<i>.bin"]);
    }

    #[test]
    fn subjects_group_worst_first_then_incomplete_then_by_name() {
        let report = sample();
        let order: Vec<_> = report.by_subject().iter().map(|group| group.subject.uri.clone()).collect();
        assert_eq!(
            order,
            [
                "models/evil.pkl",
                "models/tokenizer.json",
                "models/a\"b<i>.bin",
                "models/cut.pt",
                "models/good.safetensors",
                "models/notes.xyz"
            ]
        );
    }

    #[test]
    fn the_summary_counts_by_severity() {
        let summary = sample().summary;
        assert_eq!((summary.count(Severity::Critical), summary.count(Severity::High)), (2, 0));
        assert_eq!(summary.by_severity().next(), Some((Severity::Critical, 2)));
    }
}

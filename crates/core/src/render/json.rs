//! The stable JSON document, schema `bartizan.scan/1`, published as `docs/schemas/scan-1.schema.json`.

use crate::report::{Advisories, Report, Reported, Tool};
use crate::{Confidence, Severity, Subject, Taxonomy};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Name and version of the document's schema.
pub const SCHEMA: &str = "bartizan.scan/1";

/// Writes `report` as one JSON document and a line feed.
///
/// # Errors
/// When writing fails.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        schema: SCHEMA,
        tool: report.tool,
        started: report.started.to_string(),
        finished: report.finished.to_string(),
        subjects: &report.subjects,
        findings: report.findings.iter().map(Row::of).collect(),
        advisories: report.advisories.as_ref(),
        summary: summary(report),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'a str,
    tool: Tool,
    started: String,
    finished: String,
    subjects: &'a [Subject],
    findings: Vec<Row<'a>>,
    advisories: Option<&'a Advisories>,
    summary: Totals,
}

/// A finding as the document spells it.
#[derive(Serialize)]
pub(crate) struct Row<'a> {
    rule: &'a str,
    severity: Severity,
    confidence: Confidence,
    subject: &'a str,
    location: Place<'a>,
    message: &'a str,
    evidence: &'a str,
    remediation: &'a str,
    taxonomies: &'a [Taxonomy],
    fingerprint: &'a str,
}

#[derive(Serialize)]
struct Place<'a> {
    path: &'a str,
    member: Option<&'a str>,
    offset: Option<u64>,
    line: Option<u32>,
    column: Option<u32>,
    pointer: Option<&'a str>,
}

impl<'a> Row<'a> {
    pub(crate) fn of(reported: &'a Reported) -> Self {
        let finding = &reported.finding;
        let location = &finding.location;
        Self {
            rule: finding.rule.id,
            severity: finding.severity,
            confidence: finding.confidence,
            subject: &reported.subject,
            location: Place {
                path: &reported.subject,
                member: location.member.as_deref(),
                offset: location.offset,
                line: location.line,
                column: location.column,
                pointer: location.pointer.as_deref(),
            },
            message: &finding.message,
            evidence: &finding.evidence,
            remediation: &finding.remedy,
            taxonomies: finding.rule.taxonomies,
            fingerprint: &reported.fingerprint,
        }
    }
}

/// The summary as the document spells it.
#[derive(Serialize)]
pub(crate) struct Totals {
    by_severity: BTreeMap<Severity, u64>,
    subjects: u64,
    bytes: u64,
    seconds: f64,
}

pub(crate) fn summary(report: &Report) -> Totals {
    let summary = &report.summary;
    Totals {
        by_severity: summary.by_severity().collect(),
        subjects: summary.subjects,
        bytes: summary.bytes,
        // Microseconds; more digits would be noise.
        seconds: (summary.seconds * 1e6).round() / 1e6,
    }
}

#[cfg(test)]
mod tests {
    use crate::report::tests::sample;

    #[test]
    fn the_document_has_the_keys_of_its_schema() {
        let mut text = Vec::new();
        super::write(&sample(), &mut text).unwrap();
        let document: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let keys: Vec<_> = document.as_object().unwrap().keys().collect();
        assert_eq!(
            keys,
            ["schema", "tool", "started", "finished", "subjects", "findings", "advisories", "summary"]
        );
        let finding = &document["findings"][0];
        assert_eq!(finding["location"]["path"], "models/evil.pkl");
        assert_eq!(finding["taxonomies"][1], "CWE:502");
        assert_eq!(document["summary"]["by_severity"]["critical"], 2);
        assert_eq!(document["started"], "2023-11-14T22:13:20Z");
    }
}

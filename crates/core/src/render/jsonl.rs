//! JSON lines for streams: one object per subject with its findings and gaps, then one with the totals.
//!
//! A subject's line has `path`; the last line has `summary` instead.

use super::json::{Row, Totals, summary};
use crate::report::{Advisories, Report, SubjectReport, Tool};
use crate::{Digest, Kind, Status};
use serde::Serialize;
use std::io::{self, Write};

/// Name and version of the lines' schema.
pub const SCHEMA: &str = "bartizan.scan-lines/1";

/// Writes `report` line by line, the subject with the worst finding first.
///
/// # Errors
/// When writing fails.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for group in report.by_subject() {
        serde_json::to_writer(&mut *out, &Line::of(&group))?;
        writeln!(out)?;
    }
    let last = Last {
        schema: SCHEMA,
        tool: report.tool,
        started: report.started.to_string(),
        finished: report.finished.to_string(),
        advisories: report.advisories.as_ref(),
        summary: summary(report),
    };
    serde_json::to_writer(&mut *out, &last)?;
    writeln!(out)
}

#[derive(Serialize)]
struct Line<'a> {
    path: &'a str,
    kind: Kind,
    format: &'a str,
    size: u64,
    digest: &'a Digest,
    status: Status,
    detail: Option<&'a str>,
    findings: Vec<Row<'a>>,
    gaps: Vec<Unread<'a>>,
}

#[derive(Serialize)]
struct Unread<'a> {
    member: Option<&'a str>,
    offset: Option<u64>,
    reason: &'a str,
}

#[derive(Serialize)]
struct Last<'a> {
    schema: &'a str,
    tool: Tool,
    started: String,
    finished: String,
    advisories: Option<&'a Advisories>,
    summary: Totals,
}

impl<'a> Line<'a> {
    fn of(group: &SubjectReport<'a>) -> Self {
        let subject = group.subject;
        let unread = group.gaps.iter().map(|gap| Unread {
            member: gap.member.as_deref(),
            offset: gap.offset,
            reason: &gap.reason,
        });
        Self {
            path: &subject.uri,
            kind: subject.kind,
            format: &subject.format,
            size: subject.size,
            digest: &subject.digest,
            status: subject.status,
            detail: subject.detail.as_deref(),
            findings: group.findings.iter().copied().map(Row::of).collect(),
            gaps: unread.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::report::tests::sample;

    #[test]
    fn each_subject_is_one_line_and_the_totals_come_last() {
        let mut text = Vec::new();
        super::write(&sample(), &mut text).unwrap();
        let lines: Vec<serde_json::Value> = String::from_utf8(text)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 7);
        assert_eq!(lines[0]["path"], "models/evil.pkl");
        assert_eq!(lines[3]["gaps"][0]["offset"], 512);
        assert_eq!(lines[6]["summary"]["subjects"], 6);
        assert!(lines[6].get("path").is_none());
    }
}

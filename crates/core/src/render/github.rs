//! GitHub workflow commands: each finding becomes an annotation on the file it is about.
//!
//! Source: GitHub Docs, "Workflow commands for GitHub Actions", and actions/toolkit `command.ts` for the escapes.

use super::escape::{line, place};
use super::measure::count;
use crate::Severity;
use crate::report::Report;
use std::io::{self, Write};

/// Writes `report`.
///
/// # Errors
/// When writing fails.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for reported in &report.findings {
        let finding = &reported.finding;
        let command = match finding.severity {
            Severity::Critical | Severity::High => "error",
            Severity::Medium => "warning",
            Severity::Low | Severity::Info => "notice",
        };
        let mut properties = format!("file={}", property(&reported.subject));
        // Lines inside an archive member are not lines of the file.
        if let (Some(at), None) = (finding.location.line, &finding.location.member) {
            properties.push_str(&format!(",line={at},col={}", finding.location.column.unwrap_or(1)));
        }
        let title = format!("{} [{}]", finding.severity, finding.rule.id);
        let message = format!(
            "{} ({}). {}",
            line(&finding.message),
            place(&reported.subject, &finding.location),
            line(&finding.remedy)
        );
        writeln!(out, "::{command} {properties},title={}::{}", property(&title), data(&message))?;
    }
    for unread in &report.gaps {
        let file = property(&unread.subject);
        let member = unread.gap.member.as_deref().map(|member| format!("{member}: ")).unwrap_or_default();
        let reason = line(&format!("{member}{}", unread.gap.reason));
        writeln!(out, "::warning file={file},title=not fully read::{}", data(&reason))?;
    }
    let summary = &report.summary;
    let counted: Vec<String> = summary
        .by_severity()
        .filter(|(_, n)| *n > 0)
        .map(|(severity, n)| format!("{n} {severity}"))
        .collect();
    let found = if counted.is_empty() { "nothing found".to_owned() } else { counted.join(", ") };
    writeln!(out, "{} scanned: {found}", count(summary.subjects, "file"))
}

/// The message of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property of a command.
fn property(text: &str) -> String {
    data(&line(text)).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::sample;

    #[test]
    fn findings_become_annotations() {
        let mut lines = Vec::new();
        write(&sample(), &mut lines).unwrap();
        insta::assert_snapshot!(String::from_utf8(lines).unwrap());
    }

    #[test]
    fn a_name_cannot_begin_a_command_of_its_own() {
        let mut report = sample();
        report.findings.truncate(1);
        report.gaps.clear();
        report.findings[0].subject = "a\n::error::b,title=x".into();
        report.findings[0].finding.message = "c\r\n::set-output name=x::y".into();
        let mut lines = Vec::new();
        write(&report, &mut lines).unwrap();
        let text = String::from_utf8(lines).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.starts_with("::error file=a\\n%3A%3Aerror%3A%3Ab%2Ctitle=x,"), "{text}");
    }
}

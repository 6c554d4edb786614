//! JUnit XML, which every continuous integration server shows: a suite per file, a case per finding.
//!
//! A finding at or above the failing severity is a failure, a milder one passes with its text; a gap is an error, since
//! the check could not be made. Source: the schema of the Jenkins xUnit plugin, `junit-10.xsd`.

use super::escape::place;
use crate::Severity;
use crate::report::{Report, SubjectReport};
use std::io::{self, Write};

/// Writes `report`; findings from `fail_on` up are failures.
///
/// # Errors
/// When writing fails.
pub fn write(report: &Report, fail_on: Severity, out: &mut dyn Write) -> io::Result<()> {
    let groups = report.by_subject();
    let failing = report.findings.iter().filter(|f| f.finding.severity >= fail_on).count();
    let tests: usize = groups.iter().map(cases).sum();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"bartizan scan\" tests=\"{tests}\" failures=\"{failing}\" errors=\"{}\" time=\"{:.6}\">",
        report.gaps.len(),
        report.summary.seconds
    )?;
    for group in &groups {
        suite(report, group, fail_on, out)?;
    }
    writeln!(out, "</testsuites>")
}

fn cases(group: &SubjectReport<'_>) -> usize {
    (group.findings.len() + group.gaps.len()).max(1)
}

fn suite(
    report: &Report,
    group: &SubjectReport<'_>,
    fail_on: Severity,
    out: &mut dyn Write,
) -> io::Result<()> {
    let name = escaped(&group.subject.uri);
    let failing = group.findings.iter().filter(|f| f.finding.severity >= fail_on).count();
    // The schema wants the time without a zone.
    let timestamp = report.started.to_string();
    writeln!(
        out,
        "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failing}\" errors=\"{}\" skipped=\"0\" timestamp=\"{}\">",
        cases(group),
        group.gaps.len(),
        timestamp.trim_end_matches('Z')
    )?;
    for reported in &group.findings {
        let finding = &reported.finding;
        let at = place(&reported.subject, &finding.location);
        writeln!(
            out,
            "    <testcase classname=\"{name}\" name=\"{}\">",
            escaped(&format!("{} {at}", finding.rule.id))
        )?;
        let body = format!(
            "{}\n{at}\n{}{}fix: {}",
            finding.message,
            finding.evidence,
            if finding.evidence.is_empty() { "" } else { "\n" },
            finding.remedy
        );
        if finding.severity >= fail_on {
            writeln!(
                out,
                "      <failure type=\"{}\" message=\"{}\">{}</failure>",
                finding.severity,
                escaped(&finding.message),
                escaped(&body)
            )?;
        } else {
            let said = escaped(&format!("{}: {body}", finding.severity));
            writeln!(out, "      <system-out>{said}</system-out>")?;
        }
        writeln!(out, "    </testcase>")?;
    }
    for gap in &group.gaps {
        let member = gap.member.as_deref().map(|member| format!("{member}: ")).unwrap_or_default();
        let reason = escaped(&format!("{member}{}", gap.reason));
        writeln!(out, "    <testcase classname=\"{name}\" name=\"read to the end\">")?;
        writeln!(out, "      <error type=\"incomplete\" message=\"{reason}\">{reason}</error>")?;
        writeln!(out, "    </testcase>")?;
    }
    if group.findings.is_empty() && group.gaps.is_empty() {
        let status = group.subject.status.as_str();
        writeln!(out, "    <testcase classname=\"{name}\" name=\"{status}\"/>")?;
    }
    writeln!(out, "  </testsuite>")
}

/// `text` for XML content and attributes; characters XML 1.0 forbids become U+FFFD.
fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&apos;"),
            '\n' => shown.push_str("&#10;"),
            '\t' => shown.push_str("&#9;"),
            c if c.is_control() || crate::is_invisible(c) || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                shown.push('\u{fffd}');
            }
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::sample;

    #[test]
    fn findings_fail_gaps_err_and_clean_files_pass() {
        let mut text = Vec::new();
        write(&sample(), Severity::High, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("tests=\"6\" failures=\"2\" errors=\"1\""), "{text}");
        assert!(text.contains("<failure type=\"critical\""));
        assert!(text.contains("<system-out>low: 12 bytes follow"));
        assert!(text.contains("name=\"models/a&quot;b&lt;i&gt;.bin\""));
        assert!(text.contains("name=\"clean\"/>"));
    }

    #[test]
    fn characters_that_xml_forbids_are_replaced() {
        assert_eq!(escaped("a\0b\u{b}<\n"), "a\u{fffd}b\u{fffd}&lt;&#10;");
    }
}

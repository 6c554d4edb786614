//! A decision as JUnit XML: a case for each reason; what denies is a failure. Source: the schema of the Jenkins xUnit plugin,
//! `junit-10.xsd`.

use super::{entries, line};
use crate::decide::Decision;
use std::io::{self, Write};

/// Writes a decision as one test suite.
///
/// # Errors
/// When writing fails.
pub fn junit(decision: &Decision, out: &mut dyn Write) -> io::Result<()> {
    let entries = entries(decision);
    let failures = entries.iter().filter(|entry| entry.denies).count();
    let tests = entries.len().max(1);
    let name = escaped(&decision.artifact.path);
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"bartizan gate\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">"
    )?;
    writeln!(
        out,
        "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\" timestamp=\"{}\">",
        escaped(decision.decided_on.trim_end_matches('Z'))
    )?;
    if entries.is_empty() {
        writeln!(
            out,
            "    <testcase classname=\"{name}\" name=\"{}\"/>",
            escaped(&decision.policies.join(", "))
        )?;
    }
    for entry in &entries {
        let about = entry.subject.unwrap_or(&decision.artifact.path);
        let case = escaped(&format!("{} {about}", entry.rule));
        let text = match entry.remedy {
            Some(remedy) => format!("{} ({remedy})", entry.message),
            None => entry.message.to_owned(),
        };
        writeln!(out, "    <testcase classname=\"{name}\" name=\"{case}\">")?;
        if entry.denies {
            let rule = escaped(entry.rule);
            writeln!(out, "      <failure type=\"{rule}\" message=\"{}\"/>", escaped(&text))?;
        } else {
            writeln!(out, "      <system-out>{}</system-out>", escaped(&text))?;
        }
        writeln!(out, "    </testcase>")?;
    }
    writeln!(out, "  </testsuite>\n</testsuites>")
}

/// A text for XML, without the characters that XML 1.0 has no room for.
fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for each in line(text).chars() {
        match each {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\t' | '\n' | '\r' => safe.push(' '),
            _ if each.is_control() || matches!(each, '\u{fffe}' | '\u{ffff}') => safe.push('\u{fffd}'),
            _ => safe.push(each),
        }
    }
    safe
}

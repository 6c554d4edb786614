//! One self-contained HTML page: no external file, readable without scripts, sortable and filterable with them.
//!
//! A content security policy in the page forbids every request and every script but the one whose digest it names, so
//! that a string of the scanned file which slipped through could still do nothing.

use super::escape::{line, place};
use super::measure::{count, duration, size};
use crate::report::{Report, Reported, Snippet, SubjectReport};
use crate::{Severity, Status};
use sha2::{Digest as _, Sha256};
use std::io::{self, Write};

/// Writes `report`.
///
/// # Errors
/// When writing fails.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let groups = report.by_subject();
    let digest = super::sarif::base64(&Sha256::digest(SCRIPT));
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         script-src 'sha256-{digest}'\">\n\
         <title>Bartizan scan: {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        verdict(report).1
    )?;
    header(report, out)?;
    tiles(report, out)?;
    writeln!(out, "<main>")?;
    findings(report, out)?;
    gaps(report, out)?;
    subjects(&groups, out)?;
    suppressed(report, out)?;
    writeln!(
        out,
        "</main>\n<footer>{} {} · started {} · finished {}</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>",
        report.tool.name, report.tool.version, report.started, report.finished
    )
}

/// A class for the colour and the sentence a manager reads first.
fn verdict(report: &Report) -> (&'static str, String) {
    let dangerous = report.summary.count(Severity::Critical) + report.summary.count(Severity::High);
    let unread = report.count(Status::Incomplete) as u64;
    if dangerous > 0 {
        let mut files: Vec<&str> = report
            .findings
            .iter()
            .filter(|reported| reported.finding.severity >= Severity::High)
            .map(|reported| reported.subject.as_str())
            .collect();
        files.sort_unstable();
        files.dedup();
        let these = if files.len() == 1 { "this file" } else { "these files" };
        ("bad", format!("{}: do not load {these}", count(dangerous, "dangerous finding")))
    } else if unread > 0 {
        ("open", format!("{} not fully read: not known to be clean", count(unread, "file")))
    } else if report.findings.is_empty() {
        ("good", "nothing found".to_owned())
    } else {
        ("open", format!("{} to look at, none dangerous", count(report.findings.len() as u64, "finding")))
    }
}

fn header(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let (class, sentence) = verdict(report);
    let mut characters = sentence.chars();
    let first = characters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    writeln!(
        out,
        "<header class=\"{class}\"><p class=\"brand\">Bartizan scan</p><h1>{first}{}</h1><p>{}, {}, read in {}.</p></header>",
        escaped(characters.as_str()),
        count(report.summary.subjects, "file"),
        size(report.summary.bytes),
        duration(report.summary.seconds)
    )
}

fn tiles(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<section class=\"tiles\" aria-label=\"Summary\">")?;
    for (severity, n) in report.summary.by_severity() {
        let zero = if n == 0 { " zero" } else { "" };
        writeln!(out, "<div class=\"tile {severity}{zero}\"><b>{n}</b><span>{severity}</span></div>")?;
    }
    for status in [Status::Clean, Status::Incomplete, Status::Unsupported] {
        let n = report.count(status);
        let zero = if n == 0 { " zero" } else { "" };
        let word = status.as_str();
        writeln!(out, "<div class=\"tile {word}{zero}\"><b>{n}</b><span>{word}</span></div>")?;
    }
    writeln!(out, "</section>")
}

fn findings(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.findings.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section id=\"findings\"><h2>Findings</h2>\n<p class=\"filter\" hidden><label>Filter \
         <input type=\"search\" placeholder=\"rule, file or word\"></label> <output></output></p>"
    )?;
    for reported in &report.findings {
        finding(reported, out)?;
    }
    writeln!(out, "</section>")
}

fn finding(reported: &Reported, out: &mut dyn Write) -> io::Result<()> {
    let finding = &reported.finding;
    let severity = finding.severity;
    // The dangerous ones stand open, so that they are read and printed.
    let open = if severity >= Severity::High { " open" } else { "" };
    writeln!(
        out,
        "<details class=\"finding {severity}\"{open}><summary><span class=\"mark\">{severity}</span> \
         <span class=\"what\">{}</span><code class=\"where\">{}</code></summary>",
        escaped(&line(&finding.message)),
        escaped(&place(&reported.subject, &finding.location))
    )?;
    match &reported.snippet {
        Some(Snippet::Text { line: number, text, .. }) => {
            writeln!(out, "<pre><i>{number}</i> {}</pre>", escaped(&line(text)))?;
        }
        Some(Snippet::Bytes { offset, bytes }) => {
            let text: String = bytes
                .iter()
                .map(|&byte| if (0x20..0x7f).contains(&byte) { char::from(byte) } else { '.' })
                .collect();
            let digits: Vec<_> = bytes.iter().map(|&byte| crate::hex(&[byte])).collect();
            writeln!(out, "<pre><i>{offset:#x}</i> {}  {}</pre>", digits.join(" "), escaped(&text))?;
        }
        None => {}
    }
    if !finding.evidence.is_empty() {
        writeln!(out, "<pre class=\"evidence\">{}</pre>", escaped(&line(&finding.evidence)))?;
    }
    writeln!(out, "<dl>")?;
    if let Some(why) = finding.rule.section("Why it matters") {
        writeln!(out, "<dt>Why</dt><dd>{}</dd>", escaped(&why))?;
    }
    writeln!(out, "<dt>Fix</dt><dd>{}</dd>", escaped(&line(&finding.remedy)))?;
    let taxa: Vec<_> = finding.rule.taxonomies.iter().map(ToString::to_string).collect();
    writeln!(
        out,
        "<dt>Rule</dt><dd><code>{}</code>, confidence {}</dd><dt>See</dt><dd>{}</dd>\
         <dt>Fingerprint</dt><dd><code>{}</code></dd></dl></details>",
        escaped(finding.rule.id),
        finding.confidence,
        escaped(&taxa.join(", ")),
        reported.fingerprint
    )
}

fn gaps(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.gaps.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section id=\"gaps\"><h2>Not fully read</h2><p>These files are not known to be clean.</p>\
         <div class=\"scroll\"><table><thead><tr><th>File</th><th>Why, and what to do</th></tr></thead><tbody>"
    )?;
    for unread in &report.gaps {
        let member = unread.gap.member.as_deref().map(|member| format!("!/{member}")).unwrap_or_default();
        writeln!(
            out,
            "<tr><td><code>{}</code></td><td>{}</td></tr>",
            escaped(&line(&format!("{}{member}", unread.subject))),
            escaped(&line(&unread.gap.reason))
        )?;
    }
    writeln!(out, "</tbody></table></div></section>")
}

fn subjects(groups: &[SubjectReport<'_>], out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<section id=\"files\"><h2>Files</h2><div class=\"scroll\"><table class=\"sortable\"><thead><tr>\
         <th>File</th><th>Format</th><th class=\"n\">Size</th><th>Status</th><th class=\"n\">Findings</th><th>SHA-256</th>\
         </tr></thead><tbody>"
    )?;
    for group in groups {
        let subject = group.subject;
        let digest = subject.digest.sha256.as_deref().unwrap_or("not read");
        writeln!(
            out,
            "<tr><td><code>{}</code></td><td>{}</td><td class=\"n\" data-value=\"{}\">{}</td>\
             <td class=\"{status}\">{status}</td><td class=\"n\">{}</td><td><code class=\"digest\">{digest}</code></td></tr>",
            escaped(&line(&subject.uri)),
            escaped(&subject.format),
            subject.size,
            size(subject.size),
            group.findings.len(),
            status = subject.status.as_str()
        )?;
    }
    writeln!(out, "</tbody></table></div></section>")
}

fn suppressed(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.suppressed.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section id=\"held\"><h2>Held back</h2><div class=\"scroll\"><table><thead><tr><th>Rule</th><th>Place</th>\
         <th>Reason</th></tr></thead><tbody>"
    )?;
    for held in &report.suppressed {
        let finding = &held.reported.finding;
        writeln!(
            out,
            "<tr><td><code>{}</code></td><td><code>{}</code></td><td>{}</td></tr>",
            escaped(finding.rule.id),
            escaped(&place(&held.reported.subject, &finding.location)),
            escaped(&line(&held.reason))
        )?;
    }
    writeln!(out, "</tbody></table></div></section>")
}

/// `text` for HTML content and quoted attributes.
fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&#39;"),
            c => shown.push(c),
        }
    }
    shown
}

/// The look of the page.
const STYLE: &str = include_str!("page.css");
/// Sorting and filtering.
const SCRIPT: &str = include_str!("page.js");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::sample;

    fn page(report: &Report) -> String {
        let mut page = Vec::new();
        write(report, &mut page).unwrap();
        String::from_utf8(page).unwrap()
    }

    #[test]
    fn the_page_refers_to_nothing_outside_itself() {
        let page = page(&sample());
        for reference in ["src=", "href=", "url(", "@import", "http://", "https://"] {
            assert!(!page.contains(reference), "{reference}");
        }
    }

    #[test]
    fn hostile_strings_stay_text() {
        let mut report = sample();
        report.findings[0].finding.message = "<script>alert(1)</script> \"'&".into();
        report.findings[0].finding.evidence = "</pre><img onerror=x>".into();
        report.subjects[0].uri = "<b>.pkl".into();
        let page = page(&report);
        assert_eq!(page.matches("<script>").count(), 1);
        assert!(!page.contains("<img") && !page.contains("<b>.pkl") && page.contains("&lt;b&gt;.pkl"));
    }

    #[test]
    fn the_headline_says_what_matters_most() {
        let mut report = sample();
        assert!(page(&report).contains("<h1>2 dangerous findings: do not load these files</h1>"));
        report.findings.clear();
        report.summary = crate::report::Summary::new(&report.subjects, &[], 0.1);
        assert!(page(&report).contains("<h1>1 file not fully read: not known to be clean</h1>"));
        report.subjects.retain(|subject| subject.status == Status::Clean);
        assert!(page(&report).contains("<h1>Nothing found</h1>"));
    }
}

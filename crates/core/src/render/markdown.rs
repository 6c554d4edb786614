//! Markdown (GitHub flavoured), for pull request comments, issues and job summaries.

use super::escape::{line, place};
use super::measure::{count, duration, size};
use crate::report::{Report, Reported};
use std::io::{self, Write};

/// Writes `report`.
///
/// # Errors
/// When writing fails.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let summary = &report.summary;
    writeln!(out, "# Bartizan scan\n")?;
    let counted: Vec<String> = summary
        .by_severity()
        .filter(|(_, n)| *n > 0)
        .map(|(severity, n)| format!("**{n} {severity}**"))
        .collect();
    let found = if counted.is_empty() { "nothing found".to_owned() } else { counted.join(", ") };
    writeln!(
        out,
        "{}, {} in {}: {found}.\n",
        count(summary.subjects, "file"),
        size(summary.bytes),
        duration(summary.seconds)
    )?;
    if let Some(told) = report.advisories.as_ref().and_then(crate::report::Advisories::told) {
        writeln!(out, "**{}**\n", text(&told))?;
    }
    if !report.findings.is_empty() {
        writeln!(out, "| severity | rule | place | finding |\n| --- | --- | --- | --- |")?;
        for reported in &report.findings {
            let finding = &reported.finding;
            writeln!(
                out,
                "| {} | {} | {} | {} |",
                finding.severity,
                code(finding.rule.id),
                code(&place(&reported.subject, &finding.location)),
                text(&finding.message)
            )?;
        }
        writeln!(out)?;
        for reported in &report.findings {
            detail(reported, out)?;
        }
    }
    if !report.gaps.is_empty() {
        writeln!(out, "## Not fully read\n\nThese files are not known to be clean.\n")?;
        for unread in &report.gaps {
            let member = unread.gap.member.as_deref().map(|member| format!("!/{member}")).unwrap_or_default();
            let name = code(&line(&format!("{}{member}", unread.subject)));
            writeln!(out, "- {name}: {}", text(&unread.gap.reason))?;
        }
        writeln!(out)?;
    }
    if !report.suppressed.is_empty() {
        writeln!(out, "## Held back\n")?;
        for held in &report.suppressed {
            let finding = &held.reported.finding;
            let at = code(&place(&held.reported.subject, &finding.location));
            writeln!(out, "- {} in {at}: {}", code(finding.rule.id), text(&held.reason))?;
        }
        writeln!(out)?;
    }
    writeln!(out, "{} {}, {}", report.tool.name, report.tool.version, report.finished)
}

fn detail(reported: &Reported, out: &mut dyn Write) -> io::Result<()> {
    let finding = &reported.finding;
    writeln!(out, "## {}: {}\n", finding.severity, text(&finding.message))?;
    writeln!(out, "{}, {}", code(finding.rule.id), code(&place(&reported.subject, &finding.location)))?;
    if !finding.evidence.is_empty() {
        let evidence = line(&finding.evidence);
        let fence = "`".repeat(longest_run(&evidence).max(2) + 1);
        writeln!(out, "\n{fence}text\n{evidence}\n{fence}")?;
    }
    writeln!(out)?;
    if let Some(why) = finding.rule.first_sentence("Why it matters") {
        writeln!(out, "- **Why:** {}", text(&why))?;
    }
    writeln!(out, "- **Fix:** {}", text(&finding.remedy))?;
    let taxa: Vec<_> = finding.rule.taxonomies.iter().map(ToString::to_string).collect();
    if !taxa.is_empty() {
        writeln!(out, "- **See:** {}", taxa.join(", "))?;
    }
    writeln!(out, "- **Fingerprint:** `{}`\n", reported.fingerprint)
}

/// `text` on one line with nothing left that Markdown or HTML would act on, mentions included.
fn text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in line(text).chars() {
        match character {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            // A zero-width joiner would hide; an entity shows and mentions nobody.
            '@' => shown.push_str("&#64;"),
            '#' => shown.push_str("&#35;"),
            ':' => shown.push_str("&#58;"),
            // A dot is enough for a link where a host name begins with www.
            '.' if shown.to_ascii_lowercase().ends_with("www") => shown.push_str("&#46;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '!' | '|' | '~' | '$' => {
                shown.push('\\');
                shown.push(character);
            }
            other => shown.push(other),
        }
    }
    shown
}

/// `text` as inline code that also fits a table cell.
fn code(text: &str) -> String {
    let text = text.replace('|', "\\|");
    let fence = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Length of the longest run of backticks in `text`.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::sample;

    #[test]
    fn the_page_lists_and_explains_every_finding() {
        let mut page = Vec::new();
        write(&sample(), &mut page).unwrap();
        insta::assert_snapshot!(String::from_utf8(page).unwrap());
    }

    #[test]
    fn hostile_text_neither_formats_links_nor_mentions() {
        assert_eq!(
            text("[x](http://e) @all <img> `a` |"),
            "\\[x\\]\\(http&#58;//e\\) &#64;all &lt;img&gt; \\`a\\` \\|"
        );
        assert_eq!(code("a`b|"), "``a`b\\|``");
        assert_eq!(code("`"), "`` ` ``");
    }
}

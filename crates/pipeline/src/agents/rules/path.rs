//! A path from outside that can leave its folder.

use super::{Notes, Reading};
use crate::agents::acts::Act;
use bartizan_core::{Confidence, Finding, Severity, cwe, owasp_agentic, rule};

rule! {
    /// ## What it finds
    /// A script beside a skill that puts a name it was given behind a fixed folder and opens it, with no check anywhere in the script.
    /// ## Why it matters
    /// `../../etc/passwd` in a document that the agent reads is then a way to any file.
    /// ## Example
    /// `open(os.path.join("/srv/docs", filename))`.
    /// ## How to fix
    /// Compare `Path(...).resolve()` with the folder.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/22.html>
    pub const UNCHECKED_PATH: Rule = Rule {
        id: "agent/unchecked-path",
        title: "a path from outside that can leave its folder",
        severity: Severity::High,
        remedy: "Resolve the path and refuse it unless it is still inside the folder.",
        taxonomies: &[owasp_agentic("ASI02"), cwe(22)],
    };
}

/// Reports each such act that the text does or asks for.
pub(crate) fn check(reading: &Reading<'_>, notes: &mut Notes<'_>) {
    for sign in reading.signs.iter().filter(|sign| matches!(sign.act, Act::OpensGivenPath)) {
        let severity = if sign.aside { Severity::Low } else { Severity::High };
        let finding =
            Finding::new(&UNCHECKED_PATH, sign.act.what()).severity(severity).confidence(Confidence::Medium);
        notes.report(reading.text, sign.span.clone(), finding);
    }
}

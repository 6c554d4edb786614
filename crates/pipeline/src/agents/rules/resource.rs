//! A loop that can neither end nor wait.

use super::{Notes, Reading};
use crate::agents::acts::Act;
use bartizan_core::{Confidence, Finding, Severity, cwe, owasp_agentic, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A `while True:` whose body holds no `break`, `return`, `raise`, and nothing that waits.
    /// ## Why it matters
    /// The agent that runs the script hangs, and the machine with it.
    /// ## Example
    /// `while True: data.append(x)`.
    /// ## How to fix
    /// Bound the loop.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/835.html>
    pub const RESOURCE_EXHAUSTION: Rule = Rule {
        id: "agent/resource-exhaustion",
        title: "a loop that can neither end nor wait",
        severity: Severity::High,
        remedy: "Give the loop an end or a pause.",
        taxonomies: &[owasp_agentic("ASI08"), owasp_llm("LLM10"), cwe(835)],
    };
}

/// Reports each such act that the text does or asks for.
pub(crate) fn check(reading: &Reading<'_>, notes: &mut Notes<'_>) {
    for sign in reading.signs.iter().filter(|sign| matches!(sign.act, Act::LoopsForever)) {
        let severity = if sign.aside { Severity::Low } else { Severity::High };
        let finding = Finding::new(&RESOURCE_EXHAUSTION, sign.act.what())
            .severity(severity)
            .confidence(Confidence::High);
        notes.report(reading.text, sign.span.clone(), finding);
    }
}

//! `pipeline/typosquat-action`: an action whose owner looks like a known one.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A `uses:` whose owner is one slip away from an owner that many workflows use.
    /// ## Why it matters
    /// Names close to well-known ones are registered to be typed by mistake.
    /// ## Example
    /// `uses: action/checkout@…`
    /// ## How to fix
    /// `uses: actions/checkout@…`
    /// ## References
    /// - MITRE ATLAS AML.T0010.001
    pub const TYPOSQUAT_ACTION: Rule = Rule {
        id: "pipeline/typosquat-action",
        title: "an action whose owner looks like a known one",
        severity: Severity::High,
        remedy: "Check the owner; name the action that was meant.",
        taxonomies: &[atlas("AML.T0010.001"), cwe(494), owasp_llm("LLM03")],
    };
}

//! `pipeline/known-vulnerable-action`: an action with a known weakness.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A `uses:` of an action at a version, or at a commit, that a published advisory names.
    /// ## Why it matters
    /// The advisory says how it is exploited.
    /// ## Example
    /// `uses: tj-actions/changed-files@v45`
    /// ## How to fix
    /// Pin a fixed version by its commit.
    /// ## References
    /// - <https://github.com/advisories?query=type%3Areviewed+ecosystem%3Aactions>
    pub const KNOWN_VULNERABLE_ACTION: Rule = Rule {
        id: "pipeline/known-vulnerable-action",
        title: "an action with a known weakness",
        severity: Severity::High,
        remedy: "Move to the version that mends it.",
        taxonomies: &[atlas("AML.T0010.001"), cwe(1395), owasp_llm("LLM03")],
    };
}

//! A name that looks like that of another tool.

use bartizan_core::{Severity, cwe, owasp_agentic, rule};

rule! {
    /// ## What it finds
    /// Names with letters of other scripts or unseen characters, and names one letter away from a tool of another server.
    /// ## Why it matters
    /// The model, like a person, takes one for the other.
    /// ## Example
    /// `read_file` of one server and `reаd_file`, with a Cyrillic letter, of another.
    /// ## How to fix
    /// Remove the impostor.
    /// ## References
    /// - <https://www.unicode.org/reports/tr39/>
    pub const TOOL_LOOKALIKE: Rule = Rule {
        id: "agent/tool-lookalike",
        title: "a name that looks like that of another tool",
        severity: Severity::High,
        remedy: "Rename one, and check who made the other.",
        taxonomies: &[owasp_agentic("ASI04"), cwe(1007)],
    };
}

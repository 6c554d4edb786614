//! A tool that does whatever it is told.

use bartizan_core::{Severity, cwe, owasp_agentic, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A tool that takes a command, program or query as free text.
    /// ## Why it matters
    /// It can do everything that its server can.
    /// ## Example
    /// `execute_command(command: string)`
    /// ## How to fix
    /// `list_branches()`
    /// ## References
    /// - <https://modelcontextprotocol.io/specification/2025-06-18/basic/security_best_practices>
    pub const TOOL_SCOPE: Rule = Rule {
        id: "agent/tool-scope",
        title: "a tool that does whatever it is told",
        severity: Severity::Low,
        remedy: "Offer the few operations that are needed, each with its own parameters.",
        taxonomies: &[owasp_agentic("ASI02"), owasp_llm("LLM06"), cwe(250)],
    };
}

//! A server that sees too much of the machine.

use bartizan_core::{Severity, cwe, owasp_agentic, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A file server over the root or a home folder; a container with privileges, the host network, the Docker socket or the root mounted.
    /// ## Why it matters
    /// An injected instruction can do what the server can.
    /// ## Example
    /// `"args": ["-y", "@modelcontextprotocol/server-filesystem", "/"]`
    /// ## How to fix
    /// `"args": [..., "/home/me/project"]`
    /// ## References
    /// - <https://modelcontextprotocol.io/specification/2025-06-18/basic/security_best_practices>
    pub const BROAD_SCOPE: Rule = Rule {
        id: "agent/mcp-broad-scope",
        title: "a server that sees too much of the machine",
        severity: Severity::Medium,
        remedy: "Name the project folder, read-only where that is enough; leave out host network, sockets and privileges.",
        taxonomies: &[owasp_agentic("ASI02"), owasp_agentic("ASI03"), owasp_llm("LLM06"), cwe(732)],
    };
}

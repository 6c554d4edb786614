//! A token handed to code that can change.

use bartizan_core::{Severity, atlas, cwe, owasp_agentic, rule};

rule! {
    /// ## What it finds
    /// A credential of the user in the environment or headers of a server that is not pinned, or is reached without TLS. In the code of a
    /// server, the `Authorization` header with which a client came that is sent on to another server.
    /// ## Why it matters
    /// Whoever publishes the next version of the package gets the token. A token sent on reaches a server it was not issued for, and
    /// makes this one act with rights that nobody gave it.
    /// ## Example
    /// `"args": ["-y", "acme-mcp"], "env": {"GITHUB_TOKEN": "${GITHUB_TOKEN}"}`
    /// ## How to fix
    /// `"args": ["-y", "acme-mcp@1.4.2"]`, and a token for this server alone.
    /// ## References
    /// - <https://modelcontextprotocol.io/specification/2025-06-18/basic/security_best_practices>
    pub const TOKEN_PASSTHROUGH: Rule = Rule {
        id: "agent/mcp-token-passthrough",
        title: "a token handed to code that can change",
        severity: Severity::Medium,
        remedy: "Pin the package, and give it a token of its own with few rights.",
        taxonomies: &[owasp_agentic("ASI03"), atlas("AML.T0055"), cwe(522)],
    };
}

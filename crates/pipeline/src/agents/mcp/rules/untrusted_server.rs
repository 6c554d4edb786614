//! A server at an address that names no one.

use bartizan_core::{Severity, atlas, cwe, owasp_agentic, rule};

rule! {
    /// ## What it finds
    /// A remote MCP server behind a bare address, a tunnel or a request bin; a package of a server from an index that few know.
    /// ## Why it matters
    /// Its tools, and what they say, can change hands unseen; it receives what the agent sends.
    /// ## Example
    /// `"url": "https://a1b2.ngrok-free.app/mcp"`
    /// ## How to fix
    /// Use the name of its operator.
    /// ## References
    /// - <https://modelcontextprotocol.io/specification/2025-06-18/basic/security_best_practices>
    pub const UNTRUSTED_SERVER: Rule = Rule {
        id: "agent/mcp-untrusted-server",
        title: "a server at an address that names no one",
        severity: Severity::High,
        remedy: "Use a server whose operator is known by name, over TLS.",
        taxonomies: &[owasp_agentic("ASI04"), atlas("AML.T0010"), cwe(346)],
    };
}

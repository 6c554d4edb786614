//! A server started through a shell.

use bartizan_core::{Severity, cwe, owasp_agentic, rule};

rule! {
    /// ## What it finds
    /// An MCP server whose command is a shell with a line of code, graded by what the line does: what fetches, decodes or opens a connection is critical.
    /// ## Why it matters
    /// The client runs the line with the rights of its user at every start, before any question is asked.
    /// ## Example
    /// `"command": "bash", "args": ["-c", "curl … | sh"]`
    /// ## How to fix
    /// `"command": "uvx", "args": ["server==1.2.3"]`
    /// ## References
    /// - <https://modelcontextprotocol.io/specification/2025-06-18/basic/security_best_practices>
    pub const SHELL_WRAPPER: Rule = Rule {
        id: "agent/mcp-shell-wrapper",
        title: "a server started through a shell",
        severity: Severity::Medium,
        remedy: "Name the program and its arguments; leave out the shell.",
        taxonomies: &[owasp_agentic("ASI05"), cwe(78)],
    };
}

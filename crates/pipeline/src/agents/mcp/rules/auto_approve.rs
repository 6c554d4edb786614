//! Tools that run without a question.

use bartizan_core::{Severity, cwe, owasp_agentic, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// Lists such as `autoApprove` and `alwaysAllow`, and `trust: true`. All tools, or tools that write, run or send, are high.
    /// In an agent's own settings: `bypassPermissions`, `approval_policy = "never"`, `sandbox_mode = "danger-full-access"`, `yolo`.
    /// ## Why it matters
    /// The question before a call is what stops an injected instruction.
    /// ## Example
    /// `"alwaysAllow": ["*"]`
    /// ## How to fix
    /// `"alwaysAllow": ["read_file"]`
    /// ## References
    /// - <https://modelcontextprotocol.io/specification/2025-06-18/basic/security_best_practices>
    pub const AUTO_APPROVE: Rule = Rule {
        id: "agent/mcp-auto-approve",
        title: "tools that run without a question",
        severity: Severity::Medium,
        remedy: "Empty the list, or keep only tools that read.",
        taxonomies: &[owasp_agentic("ASI02"), owasp_agentic("ASI09"), owasp_llm("LLM06"), cwe(862)],
    };
}

//! `pipeline/risky-tool-grant`: an agent in the pipeline with a free hand.

use bartizan_core::{Severity, atlas, cwe, owasp_agentic, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// An AI agent in a pipeline that may run any command or skip approval: `--dangerously-skip-permissions`,
    /// `--yolo`, `allowed_tools: Bash`, `sandbox: danger-full-access`, `allowed_non_write_users: "*"`.
    /// ## Why it matters
    /// Whatever text it reads can make it run commands with the job's rights.
    /// ## Example
    /// `claude -p "$PROMPT" --dangerously-skip-permissions`
    /// ## How to fix
    /// `--allowedTools "Read,Grep"`
    /// ## References
    /// - OWASP LLM06:2025, Excessive Agency
    pub const RISKY_TOOL_GRANT: Rule = Rule {
        id: "pipeline/risky-tool-grant",
        title: "an agent in the pipeline with a free hand",
        severity: Severity::Medium,
        remedy: "List the tools it needs, without a shell, and let a person approve the rest.",
        taxonomies: &[cwe(250), owasp_llm("LLM06"), owasp_agentic("ASI02"), atlas("AML.T0053")],
    };
}

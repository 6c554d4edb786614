//! `pipeline/prompt-injection-in-ci`: text from outside in the prompt of an agent.

use bartizan_core::{Severity, atlas, cwe, owasp_agentic, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// An AI agent or a language model called in a pipeline with a prompt that holds the text of an issue, comment,
    /// pull request or commit, or started on such an event by anyone.
    /// ## Why it matters
    /// Who writes an issue gives the agent orders. It has the job's token, the checkout and often a shell.
    /// ## Example
    /// `prompt: "Fix this issue: ${{ github.event.issue.body }}"`
    /// ## How to fix
    /// Start it only for trusted authors, give it read-only permissions and no shell, and review what it proposes.
    /// ## References
    /// - MITRE ATLAS AML.T0051.001, Indirect prompt injection
    /// - OWASP LLM01:2025
    pub const PROMPT_INJECTION_IN_CI: Rule = Rule {
        id: "pipeline/prompt-injection-in-ci",
        title: "text from outside in the prompt of an agent",
        severity: Severity::High,
        remedy: "Run the agent without secrets and write permissions on such text, let a maintainer start it, and treat its output as untrusted.",
        taxonomies: &[atlas("AML.T0051.001"), cwe(1427), owasp_llm("LLM01"), owasp_agentic("ASI01")],
    };
}

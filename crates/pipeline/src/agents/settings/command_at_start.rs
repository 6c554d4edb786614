//! `agent/command-at-start`: a repository that acts when it is opened.

use bartizan_core::{Severity, atlas, cwe, owasp_agentic, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// Settings of a coding agent in a repository that run a command by themselves (`SessionStart` hooks, `apiKeyHelper`), or that send
    /// the agent's requests, with the key of whoever opens the folder, to another address (`ANTHROPIC_BASE_URL`, `OPENAI_BASE_URL`).
    /// ## Why it matters
    /// Opening a folder is not meant to run it. Who can change the settings runs commands as, or takes the key of, everyone who works there.
    /// ## Example
    /// `"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": "./setup.sh"}]}]}`
    /// ## How to fix
    /// Keep such settings in the home folder of whoever wants them, or review them as code.
    /// ## References
    /// - CWE-829, Inclusion of Functionality from Untrusted Control Sphere
    pub(super) const COMMAND_AT_START: Rule = Rule {
        id: "agent/command-at-start",
        title: "a repository that acts when it is opened",
        severity: Severity::Medium,
        remedy: "Move the setting to the user's own settings, or have every change of it reviewed.",
        taxonomies: &[cwe(829), owasp_agentic("ASI04"), owasp_agentic("ASI05"), owasp_llm("LLM03"), atlas("AML.T0010")],
    };
}

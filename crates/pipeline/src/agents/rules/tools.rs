//! Tools without bounds.

use super::{Notes, Reading};
use bartizan_core::{Confidence, Finding, Severity, cwe, owasp_agentic, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A skill that allows itself every tool, or a shell without bounds.
    /// ## Why it matters
    /// What a skill may do is what an injected instruction may do.
    /// ## Example
    /// `allowed-tools: "*"`.
    /// ## How to fix
    /// List them: `allowed-tools: Read, Bash(git status:*)`.
    /// ## References
    /// - <https://genai.owasp.org/resource/owasp-top-10-for-agentic-applications-for-2026/>
    pub const EXCESSIVE_TOOLS: Rule = Rule {
        id: "agent/excessive-tools",
        title: "tools without bounds",
        severity: Severity::Low,
        remedy: "Name the tools and commands that the skill needs.",
        taxonomies: &[owasp_agentic("ASI03"), owasp_llm("LLM06"), cwe(250)],
    };
}

/// Reports the field.
pub(crate) fn check(reading: &Reading<'_>, notes: &mut Notes<'_>) {
    let fields = ["allowed-tools", "allowed_tools", "tools", "permissions"];
    for (value, span) in fields.iter().filter_map(|name| reading.document.field(name)) {
        let all = value
            .split([',', ' ', '[', ']', '"', '\''])
            .any(|tool| matches!(tool, "*" | "all" | "All" | "Bash(*)" | "Bash(*:*)"));
        let shell = value
            .split([',', '[', ']', '"', '\''])
            .any(|tool| matches!(tool.trim(), "Bash" | "bash" | "shell" | "Shell"));
        if all || shell {
            let what = if all { "every tool" } else { "any shell command" };
            let severity = if all { Severity::Medium } else { Severity::Info };
            let finding = Finding::new(&EXCESSIVE_TOOLS, format!("allows itself {what}"))
                .severity(severity)
                .confidence(Confidence::High);
            notes.report(reading.text, span, finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::agents::found;

    #[test]
    fn every_tool_is_reported_and_one_tool_is_not() {
        let text = |tools: &str| format!("---\nname: a\ndescription: b\nallowed-tools: {tools}\n---\n");
        assert!(found(&text("\"*\"")).contains(&"agent/excessive-tools"));
        assert_eq!(found(&text("Read, Grep")), Vec::<&str>::new());
    }
}

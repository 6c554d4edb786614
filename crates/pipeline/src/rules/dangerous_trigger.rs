//! `pipeline/dangerous-trigger`: a trigger that gives outsiders a privileged run.

use bartizan_core::{Severity, cwe, rule};

rule! {
    /// ## What it finds
    /// `pull_request_target` or `workflow_run`: the workflow runs with secrets and a writing token on events that
    /// anyone can cause.
    /// ## Why it matters
    /// Every step that touches code, artifacts or text of the pull request does so with the rights of the
    /// repository.
    /// ## Example
    /// `on: pull_request_target`
    /// ## How to fix
    /// Use `pull_request`; where labels or comments are all that is needed, keep steps that never check out the
    /// head.
    /// ## References
    /// - <https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/>
    /// - CWE-250
    pub const DANGEROUS_TRIGGER: Rule = Rule {
        id: "pipeline/dangerous-trigger",
        title: "a trigger that gives outsiders a privileged run",
        severity: Severity::High,
        remedy: "Use `pull_request`, and split what needs secrets into a workflow that takes no code from the pull request.",
        taxonomies: &[cwe(250), cwe(829)],
    };
}

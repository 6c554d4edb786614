//! `pipeline/superfluous-action`: an action for what a command does.

use bartizan_core::{Severity, cwe, rule};

rule! {
    /// ## What it finds
    /// An action that wraps what the runner's own tools do (`gh`, `rustup`, `docker`).
    /// ## Why it matters
    /// Each action is one more party whose code runs in the job.
    /// ## Example
    /// `uses: peter-evans/create-or-update-comment@…`
    /// ## How to fix
    /// `run: gh pr comment …`
    /// ## References
    /// - CWE-1104
    pub const SUPERFLUOUS_ACTION: Rule = Rule {
        id: "pipeline/superfluous-action",
        title: "an action for what a command does",
        severity: Severity::Info,
        remedy: "Use the command that the runner has.",
        taxonomies: &[cwe(1104)],
    };
}

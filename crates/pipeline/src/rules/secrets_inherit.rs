//! `pipeline/secrets-inherit`: all secrets handed to another workflow.

use bartizan_core::{Severity, cwe, rule};

rule! {
    /// ## What it finds
    /// `secrets: inherit` on a call of a reusable workflow, or `toJSON(secrets)`: every secret of the repository
    /// goes along.
    /// ## Why it matters
    /// The called workflow, and every action in it, gets what it has no use for.
    /// ## Example
    /// `secrets: inherit`
    /// ## How to fix
    /// `secrets: {hf_token: ${{ secrets.HF_TOKEN }}}`
    /// ## References
    /// - <https://docs.github.com/en/actions/how-tos/reuse-automations/reuse-workflows>
    pub const SECRETS_INHERIT: Rule = Rule {
        id: "pipeline/secrets-inherit",
        title: "all secrets handed to another workflow",
        severity: Severity::Medium,
        remedy: "Name the secrets that the called workflow needs.",
        taxonomies: &[cwe(250), cwe(200)],
    };
}

//! `pipeline/overprovisioned-secrets`: all secrets in one expression.

use bartizan_core::{Severity, cwe, rule};

rule! {
    /// ## What it finds
    /// `${{ toJSON(secrets) }}` or `secrets[…]` with a computed name: the runner is given every secret of the
    /// repository.
    /// ## Why it matters
    /// A step that needs one secret holds all of them in memory and environment.
    /// ## Example
    /// `ALL: ${{ toJSON(secrets) }}`
    /// ## How to fix
    /// `TOKEN: ${{ secrets.HF_TOKEN }}`
    /// ## References
    /// - CWE-250
    pub const OVERPROVISIONED_SECRETS: Rule = Rule {
        id: "pipeline/overprovisioned-secrets",
        title: "all secrets in one expression",
        severity: Severity::Medium,
        remedy: "Name each secret that the step needs.",
        taxonomies: &[cwe(250), cwe(200)],
    };
}

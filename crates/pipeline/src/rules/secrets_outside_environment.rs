//! `pipeline/secrets-outside-environment`: a secret used outside a protected environment.

use bartizan_core::{Severity, cwe, rule};

rule! {
    /// ## What it finds
    /// A job that uses repository secrets and names no deployment environment.
    /// ## Why it matters
    /// Secrets of an environment can be bound to branches and reviewers; those of the repository go to every
    /// workflow.
    /// ## Example
    /// `env: {TOKEN: ${{ secrets.HF_TOKEN }}}` in a job without `environment`
    /// ## How to fix
    /// `environment: publish`
    /// ## References
    /// - <https://docs.github.com/en/actions/reference/workflows-and-actions/deployments-and-environments>
    pub const SECRETS_OUTSIDE_ENVIRONMENT: Rule = Rule {
        id: "pipeline/secrets-outside-environment",
        title: "a secret used outside a protected environment",
        severity: Severity::Info,
        remedy: "Give the job an `environment:` with reviewers or branch rules and move the secret there.",
        taxonomies: &[cwe(284)],
    };
}

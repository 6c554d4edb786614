//! `pipeline/excessive-permissions`: more permissions than needed.

use bartizan_core::{Severity, cwe, rule};

rule! {
    /// ## What it finds
    /// In Kubernetes, an account bound to `cluster-admin`, or a role with every verb on every resource. In policies of AWS (Terraform, CloudFormation, JSON), a statement that allows
    /// every action on every resource (high), and administrators' policies and roles. In GitHub Actions, a workflow or job with `write-all` or `read-all`, with write permissions for all of its jobs, or without any
    /// declaration, so that the repository's default holds.
    /// ## Why it matters
    /// A step that is taken over has everything the token can do: push code, replace releases and models, mint
    /// cloud identities.
    /// ## Example
    /// `permissions: write-all`
    /// ## How to fix
    /// `permissions: {}` at the top and `permissions: {contents: read}` in the job.
    /// ## References
    /// - <https://docs.github.com/en/actions/security-guides/automatic-token-authentication>
    /// - CWE-250
    pub const EXCESSIVE_PERMISSIONS: Rule = Rule {
        id: "pipeline/excessive-permissions",
        title: "more permissions than needed",
        severity: Severity::Medium,
        remedy: "Set `permissions: {}` on the workflow and give each job what it uses.",
        taxonomies: &[cwe(250), cwe(272)],
    };
}

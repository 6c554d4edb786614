//! `pipeline/unpinned-include`: a pipeline included from where it can change.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A part of the pipeline taken from elsewhere without a fixed commit: GitLab `include: remote` or `project`
    /// without `ref`, components and templates by branch, Azure repository resources, Tekton resolvers, CircleCI
    /// orbs, Jenkins libraries.
    /// ## Why it matters
    /// Whoever can change it there changes what this pipeline runs, with its secrets.
    /// ## Example
    /// `include: [{remote: https://x.example/ci.yml}]`
    /// ## How to fix
    /// `include: [{project: acme/ci, ref: 3f1c…, file: /train.yml}]`; for `remote`, add `integrity: sha256-…`.
    /// ## References
    /// - <https://docs.gitlab.com/ci/yaml/#include>
    /// - CWE-829
    pub const UNPINNED_INCLUDE: Rule = Rule {
        id: "pipeline/unpinned-include",
        title: "a pipeline included from where it can change",
        severity: Severity::Medium,
        remedy: "Pin the include to a commit (`ref:` with 40 hex digits) or copy it into the repository with its digest.",
        taxonomies: &[atlas("AML.T0010.001"), cwe(829), owasp_llm("LLM03")],
    };
}

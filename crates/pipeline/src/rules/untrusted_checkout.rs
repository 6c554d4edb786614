//! `pipeline/untrusted-checkout`: code of a pull request run with secrets.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A workflow that runs privileged (`pull_request_target`, `workflow_run`, `issue_comment`) and checks out the
    /// head of the pull request, then builds, tests or trains with it.
    /// ## Why it matters
    /// The pull request's author runs code with the repository's secrets: the token that publishes models, the key
    /// to the training data.
    /// ## Example
    /// `ref: ${{ github.event.pull_request.head.sha }}` under `pull_request_target`
    /// ## How to fix
    /// Train and test under `pull_request` without secrets; pass results on as data that the privileged workflow
    /// checks.
    /// ## References
    /// - <https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/>
    pub const UNTRUSTED_CHECKOUT: Rule = Rule {
        id: "pipeline/untrusted-checkout",
        title: "code of a pull request run with secrets",
        severity: Severity::Critical,
        remedy: "Never check out the head of a pull request in a privileged workflow; build it under `pull_request` without secrets.",
        taxonomies: &[cwe(829), cwe(94), atlas("AML.T0010"), owasp_llm("LLM03")],
    };
}

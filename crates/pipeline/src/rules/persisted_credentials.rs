//! `pipeline/persisted-credentials`: a token left in the checkout.

use bartizan_core::{Severity, cwe, rule};

rule! {
    /// ## What it finds
    /// `actions/checkout` without `persist-credentials: false`: the job's token stays in `.git/config`. Graded
    /// higher when the job uploads an artifact that may hold it.
    /// ## Why it matters
    /// Every later step can read the token, and an uploaded workspace gives it to everyone.
    /// ## Example
    /// `- uses: actions/checkout@<commit>`
    /// ## How to fix
    /// `with: {persist-credentials: false}`
    /// ## References
    /// - <https://unit42.paloaltonetworks.com/github-repo-artifacts-leak-tokens/>
    /// - CWE-522
    pub const PERSISTED_CREDENTIALS: Rule = Rule {
        id: "pipeline/persisted-credentials",
        title: "a token left in the checkout",
        severity: Severity::Low,
        remedy: "Add `persist-credentials: false` to the checkout.",
        taxonomies: &[cwe(522), cwe(312)],
    };
}

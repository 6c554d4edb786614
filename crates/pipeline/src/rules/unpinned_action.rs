//! `pipeline/unpinned-action`: an action or reusable workflow that is not pinned.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A `uses:` that names a tag, a branch or nothing instead of a full commit id.
    /// ## Why it matters
    /// Tags and branches move. Who takes over the action's repository runs code in every workflow that names them,
    /// as happened with tj-actions/changed-files in March 2025.
    /// ## Example
    /// `uses: anthropics/claude-code-action@beta`
    /// ## How to fix
    /// Write the commit that the tag points to now; let an updater raise it.
    /// ## References
    /// - <https://docs.github.com/en/actions/reference/security/secure-use>
    /// - CVE-2025-30066
    /// - CWE-829
    pub const UNPINNED_ACTION: Rule = Rule {
        id: "pipeline/unpinned-action",
        title: "an action or reusable workflow that is not pinned",
        severity: Severity::Medium,
        remedy: "Pin it to the full commit id, with the version in a comment: `uses: owner/name@<40 hex> # v1.2.3`.",
        taxonomies: &[atlas("AML.T0010.001"), cwe(829), owasp_llm("LLM03")],
    };
}

//! `pipeline/unpinned-source`: code from a branch that can move.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A repository cloned at its default branch, a branch or a tag, whose content the same script then runs or
    /// installs; a component of a pipeline taken from an address without a commit.
    /// ## Why it matters
    /// Whoever can push there decides what runs next time.
    /// ## Example
    /// `git clone https://github.com/acme/train && python train/setup.py`
    /// ## How to fix
    /// Add `git -C train checkout 3f1c…` with the commit that was reviewed.
    /// ## References
    /// - CWE-829
    pub const UNPINNED_SOURCE: Rule = Rule {
        id: "pipeline/unpinned-source",
        title: "code from a branch that can move",
        severity: Severity::Low,
        remedy: "Check out a full commit id: `git clone … && git checkout <commit>`.",
        taxonomies: &[atlas("AML.T0010.001"), cwe(829), owasp_llm("LLM03")],
    };
}

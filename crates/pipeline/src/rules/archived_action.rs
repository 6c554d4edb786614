//! `pipeline/archived-action`: an action that nobody keeps.

use bartizan_core::{Severity, atlas, cwe, rule};

rule! {
    /// ## What it finds
    /// A `uses:` of a repository that was archived by its owner.
    /// ## Why it matters
    /// Weaknesses found in it stay.
    /// ## Example
    /// `uses: actions/setup-ruby@…`
    /// ## How to fix
    /// `uses: ruby/setup-ruby@…`
    /// ## References
    /// - CWE-1104, Use of Unmaintained Third Party Components
    pub const ARCHIVED_ACTION: Rule = Rule {
        id: "pipeline/archived-action",
        title: "an action that nobody keeps",
        severity: Severity::Low,
        remedy: "Replace it by one that is kept.",
        taxonomies: &[atlas("AML.T0010.001"), cwe(1104)],
    };
}

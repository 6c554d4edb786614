//! `pipeline/undocumented-permissions`: a permission without a reason beside it.

use bartizan_core::{Severity, cwe, rule};

rule! {
    /// ## What it finds
    /// A permission other than `contents: read` without a comment on its line.
    /// ## Why it matters
    /// Nobody can tell later whether it is still needed.
    /// ## Example
    /// `id-token: write`
    /// ## How to fix
    /// `id-token: write # trusted publishing to PyPI`
    /// ## References
    /// - CWE-1059, Insufficient Technical Documentation
    pub const UNDOCUMENTED_PERMISSIONS: Rule = Rule {
        id: "pipeline/undocumented-permissions",
        title: "a permission without a reason beside it",
        severity: Severity::Info,
        remedy: "Say in a comment on the line what needs it.",
        taxonomies: &[cwe(1059)],
    };
}

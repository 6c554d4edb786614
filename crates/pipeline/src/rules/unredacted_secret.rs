//! `pipeline/unredacted-secret`: a secret whose parts are not masked.

use bartizan_core::{Severity, cwe, rule};

rule! {
    /// ## What it finds
    /// `fromJSON(secrets.…)`: the log masks the whole secret, not the fields taken out of it.
    /// ## Why it matters
    /// A field of the structure is printed in the clear by the first tool that logs it.
    /// ## Example
    /// `${{ fromJSON(secrets.CONFIG).password }}`
    /// ## How to fix
    /// `${{ secrets.CONFIG_PASSWORD }}`
    /// ## References
    /// - CWE-532
    pub const UNREDACTED_SECRET: Rule = Rule {
        id: "pipeline/unredacted-secret",
        title: "a secret whose parts are not masked",
        severity: Severity::Medium,
        remedy: "Store each part as a secret of its own.",
        taxonomies: &[cwe(532), cwe(312)],
    };
}

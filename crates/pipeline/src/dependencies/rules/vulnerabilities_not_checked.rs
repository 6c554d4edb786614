//! Dependencies that were not checked for vulnerabilities.

use bartizan_core::{Severity, cwe, rule};

rule! {
    /// ## What it finds
    /// A file of dependencies, while no database of advisories was imported.
    /// ## Why it matters
    /// Not having looked is not the same as having found nothing.
    /// ## Example
    /// A scan on a machine without `.bartizan/advisories.json`.
    /// ## How to fix
    /// Import one, for example the `all.zip` of an ecosystem from the OSV bucket.
    /// ## References
    /// - <https://google.github.io/osv.dev/data/>
    pub const VULNERABILITIES_NOT_CHECKED: Rule = Rule {
        id: "pipeline/vulnerabilities-not-checked",
        title: "dependencies that were not checked for vulnerabilities",
        severity: Severity::Info,
        remedy: "Import a database: `bartizan db import <folder or zip of OSV files>`.",
        taxonomies: &[cwe(1395)],
    };
}

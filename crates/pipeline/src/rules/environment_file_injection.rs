//! `pipeline/environment-file-injection`: text from outside in the environment of later steps.

use bartizan_core::{Severity, cwe, rule};

rule! {
    /// ## What it finds
    /// A value that is not fixed written to `GITHUB_ENV` or `GITHUB_PATH` under a privileged trigger or in a
    /// composite action, or what a file of a stranger (an artifact, the code of a pull request) holds.
    /// ## Why it matters
    /// A line break in the value sets any variable (`LD_PRELOAD`, `NODE_OPTIONS`) for all later steps.
    /// ## Example
    /// `echo "title=$TITLE" >> "$GITHUB_ENV"`
    /// ## How to fix
    /// Use step outputs and quote them where they are used.
    /// ## References
    /// - CVE-2020-15228
    /// - CWE-77
    pub const ENVIRONMENT_FILE_INJECTION: Rule = Rule {
        id: "pipeline/environment-file-injection",
        title: "text from outside in the environment of later steps",
        severity: Severity::High,
        remedy: "Write to `GITHUB_OUTPUT` and check the value, or keep it in a variable of this step.",
        taxonomies: &[cwe(77), cwe(454)],
    };
}

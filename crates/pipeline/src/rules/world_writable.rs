//! `pipeline/world-writable`: files that everyone may change.

use bartizan_core::{Severity, cwe, rule};

rule! {
    /// ## What it finds
    /// `chmod 777` and its equals on files that are run or served; graded higher for a whole tree (`-R`).
    /// ## Why it matters
    /// Any process in the image can replace them.
    /// ## Example
    /// `RUN chmod -R 777 /models`
    /// ## How to fix
    /// `RUN chown -R app /models && chmod -R u+rwX,go+rX /models`
    /// ## References
    /// - CWE-732, Incorrect Permission Assignment for Critical Resource
    pub const WORLD_WRITABLE: Rule = Rule {
        id: "pipeline/world-writable",
        title: "files that everyone may change",
        severity: Severity::Low,
        remedy: "Give the owner what is needed: `chmod 755`, `chown`.",
        taxonomies: &[cwe(732)],
    };
}

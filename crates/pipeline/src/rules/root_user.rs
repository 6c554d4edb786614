//! `pipeline/root-user`: a container that runs as root.

use bartizan_core::{Severity, cwe, rule};

rule! {
    /// ## What it finds
    /// An image whose last stage never leaves root, or a container that is told to run as user 0. Saying so is graded higher
    /// than leaving it out. A notebook server with `allow_root`.
    /// ## Why it matters
    /// Code that a model or a request gets to run owns everything in the container, and starts its way out from
    /// there as root.
    /// ## Example
    /// A Dockerfile without `USER`
    /// ## How to fix
    /// `RUN useradd --uid 10001 app` and `USER 10001`
    /// ## References
    /// - CWE-250
    /// - CIS Docker Benchmark 4.1
    pub const ROOT_USER: Rule = Rule {
        id: "pipeline/root-user",
        title: "a container that runs as root",
        severity: Severity::Low,
        remedy: "Add a user and `USER 10001` after the last step that needs root; in manifests `runAsNonRoot: true`.",
        taxonomies: &[cwe(250)],
    };
}

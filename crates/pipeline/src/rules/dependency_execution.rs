//! `pipeline/dependency-execution`: updates that may run their code.

use bartizan_core::{Severity, atlas, cwe, rule};

rule! {
    /// ## What it finds
    /// `insecure-external-code-execution: allow` in a Dependabot configuration.
    /// ## Why it matters
    /// Code of the packages runs while updates are looked for, with the registry's credentials.
    /// ## Example
    /// `insecure-external-code-execution: allow`
    /// ## How to fix
    /// `insecure-external-code-execution: deny`
    /// ## References
    /// - <https://docs.github.com/en/code-security/dependabot/working-with-dependabot/dependabot-options-reference>
    pub const DEPENDENCY_EXECUTION: Rule = Rule {
        id: "pipeline/dependency-execution",
        title: "updates that may run their code",
        severity: Severity::High,
        remedy: "Set `insecure-external-code-execution: deny`.",
        taxonomies: &[atlas("AML.T0010.001"), cwe(829)],
    };
}

//! `pipeline/dependency-cooldown`: updates taken the day they appear.

use bartizan_core::{Severity, atlas, cwe, rule};

rule! {
    /// ## What it finds
    /// A Dependabot ecosystem without a cooldown of at least seven days.
    /// ## Why it matters
    /// Malicious releases are mostly found within days; a cooldown lets others find them.
    /// ## Example
    /// `- package-ecosystem: pip` without `cooldown`
    /// ## How to fix
    /// `cooldown: {default-days: 7}`
    /// ## References
    /// - <https://docs.github.com/en/code-security/dependabot/working-with-dependabot/dependabot-options-reference#cooldown->
    pub const DEPENDENCY_COOLDOWN: Rule = Rule {
        id: "pipeline/dependency-cooldown",
        title: "updates taken the day they appear",
        severity: Severity::Low,
        remedy: "Add `cooldown: {default-days: 7}` to the ecosystem.",
        taxonomies: &[atlas("AML.T0010.001"), cwe(1357)],
    };
}

//! `pipeline/insecure-commands`: workflow commands of the old kind allowed.

use bartizan_core::{Severity, cwe, rule};

rule! {
    /// ## What it finds
    /// `ACTIONS_ALLOW_UNSECURE_COMMANDS` set to true, or a step whose whole environment is an expression.
    /// ## Why it matters
    /// Anything that a step prints can set variables and paths for the later ones.
    /// ## Example
    /// `env: {ACTIONS_ALLOW_UNSECURE_COMMANDS: true}`
    /// ## How to fix
    /// Remove it and write to the environment files instead.
    /// ## References
    /// - CVE-2020-15228
    pub const INSECURE_COMMANDS: Rule = Rule {
        id: "pipeline/insecure-commands",
        title: "workflow commands of the old kind allowed",
        severity: Severity::High,
        remedy: "Remove `ACTIONS_ALLOW_UNSECURE_COMMANDS`.",
        taxonomies: &[cwe(77), cwe(74)],
    };
}

//! `pipeline/hooks-skipped`: changes that no check of the repository saw.

use bartizan_core::{Severity, cwe, rule};

rule! {
    /// ## What it finds
    /// `git commit --no-verify`, `git push --no-verify`, hooks sent nowhere (`core.hooksPath=/dev/null`) and `HUSKY=0` before
    /// a commit, in scripts, workflows and files of tasks.
    /// ## Why it matters
    /// Hooks look for credentials, generated files and unreviewed notebooks before they leave the machine. A script that
    /// always goes past them has no such check at all, and nobody notices.
    /// ## Example
    /// `git commit -am "new weights" --no-verify && git push`
    /// ## How to fix
    /// `git commit -am "new weights" && git push`
    /// ## References
    /// - Git documentation, `githooks`
    pub const HOOKS_SKIPPED: Rule = Rule {
        id: "pipeline/hooks-skipped",
        title: "changes that no check of the repository saw",
        severity: Severity::Medium,
        remedy: "Let the hooks run; mend what they find, or take the one that is in the way out of their configuration.",
        taxonomies: &[cwe(693)],
    };
}

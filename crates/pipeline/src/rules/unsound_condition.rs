//! `pipeline/unsound-condition`: a condition that does not hold what it says.

use bartizan_core::{Severity, cwe, rule};

rule! {
    /// ## What it finds
    /// `contains('main,prod', github.ref_name)`, which looks for a part of a text; an `if` with text around `${{
    /// }}` or in a block, which is always true; `a && '' || b`, which never gives the empty text.
    /// ## Why it matters
    /// A branch named `m` passes a check for `main`; a guard that is always true guards nothing.
    /// ## Example
    /// `if: contains('main,develop', github.ref_name)`
    /// ## How to fix
    /// `if: contains(fromJSON('["main", "develop"]'), github.ref_name)`
    /// ## References
    /// - <https://docs.github.com/en/actions/reference/workflows-and-actions/expressions>
    /// - CWE-183
    pub const UNSOUND_CONDITION: Rule = Rule {
        id: "pipeline/unsound-condition",
        title: "a condition that does not hold what it says",
        severity: Severity::Medium,
        remedy: "Compare with `==` or `contains(fromJSON('[\"a\", \"b\"]'), value)`; write one expression without text around it.",
        taxonomies: &[cwe(183), cwe(697)],
    };
}

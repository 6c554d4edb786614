//! The finding shared by parsers whose input contradicts its own format: a loader would refuse it, or worse, would not.

use crate::Scan;
use bartizan_core::{Finding, Severity, atlas, cwe, owasp_ml, rule};

rule! {
    /// ## What it finds
    /// A model file whose structure contradicts itself: lengths that run past the end, counts that disagree, fields
    /// of impossible types, nesting without need.
    /// ## Why it matters
    /// No tool that writes the format produces this. Either the file was damaged on its way, or it was made to reach
    /// an unchecked path in a loader: most memory-safety advisories against model loaders start with such a field.
    /// ## Example
    /// An `.npy` header that promises `(1000, 1000)` doubles in front of 100 bytes.
    /// ## How to fix
    /// Fetch the file again from its publisher and compare digests; do not load it meanwhile.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/20.html>
    pub const MALFORMED_STRUCTURE: Rule = Rule {
        id: "model/malformed-structure",
        title: "a structure that contradicts its format",
        severity: Severity::Medium,
        remedy: "Fetch the file again from its publisher and compare digests; do not load it meanwhile.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(20), owasp_ml("ML06")],
    };
}

/// Reports at `offset` that the input breaks its format as `what` says (one clause, without a full stop).
pub(crate) fn malformed(scan: &mut Scan<'_>, offset: usize, what: impl Into<String>) {
    scan.report(Finding::new(&MALFORMED_STRUCTURE, what).at(offset as u64));
}

/// As [`malformed`], where reading also had to stop: the rest is a gap.
pub(crate) fn broken(scan: &mut Scan<'_>, offset: usize, what: impl AsRef<str>) {
    let what = what.as_ref();
    malformed(scan, offset, what.to_owned());
    scan.gap(offset as u64, format!("{what}; fetch the file again"));
}

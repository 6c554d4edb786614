//! A package with a known vulnerability.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// An exact version that an advisory of the imported database names. Severity is that of the advisory; withdrawn advisories are passed over, and advisories that are aliases of each other count once.
    /// ## Why it matters
    /// The way in is public.
    /// ## Example
    /// `torch==1.13.0`
    /// ## How to fix
    /// Upgrade.
    /// ## References
    /// - <https://ossf.github.io/osv-schema/>
    pub const KNOWN_VULNERABLE_PACKAGE: Rule = Rule {
        id: "pipeline/known-vulnerable-package",
        title: "a package with a known vulnerability",
        severity: Severity::High,
        remedy: "Upgrade to the fixed version that the finding names.",
        taxonomies: &[atlas("AML.T0010.001"), cwe(1395), owasp_llm("LLM03")],
    };
}

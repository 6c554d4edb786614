//! Packages pinned without a digest.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// Exact versions in a deployment or lock file with no digest beside them; one finding for the file. Low where others in the file have one.
    /// ## Why it matters
    /// An index, a mirror or a proxy can serve other content under the same version.
    /// ## Example
    /// `numpy==1.26.4`
    /// ## How to fix
    /// `numpy==1.26.4 --hash=sha256:…`
    /// ## References
    /// - <https://pip.pypa.io/en/stable/topics/secure-installs/>
    pub const UNHASHED_PACKAGE: Rule = Rule {
        id: "pipeline/unhashed-package",
        title: "packages pinned without a digest",
        severity: Severity::Info,
        remedy: "Generate hashes: `uv pip compile --generate-hashes`, and install with `--require-hashes`.",
        taxonomies: &[atlas("AML.T0010.001"), cwe(494), owasp_llm("LLM03")],
    };
}

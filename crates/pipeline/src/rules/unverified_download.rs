//! `pipeline/unverified-download`: a downloaded program run without a check.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A file that the same script downloads and then runs, makes executable or loads, with no checksum or
    /// signature check between; a file that a Dockerfile adds from an address without `--checksum`.
    ///
    /// In Python: weights and archives downloaded by address in code that compares no digest anywhere.
    /// ## Why it matters
    /// The server, or whoever controls the release, decides what runs.
    /// ## Example
    /// `wget https://x.example/tool && chmod +x tool && ./tool`
    /// ## How to fix
    /// Add `echo "<sha256>  tool" | sha256sum -c -` between download and use.
    /// ## References
    /// - CWE-494, Download of Code Without Integrity Check
    pub const UNVERIFIED_DOWNLOAD: Rule = Rule {
        id: "pipeline/unverified-download",
        title: "a downloaded program run without a check",
        severity: Severity::Low,
        remedy: "Compare a SHA-256 kept in the repository before running it.",
        taxonomies: &[atlas("AML.T0010"), cwe(494), owasp_llm("LLM03")],
    };
}

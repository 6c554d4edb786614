//! `pipeline/unverified-download`: a download used without a check.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A file that the same script downloads and then runs, makes executable or loads, with no checksum or
    /// signature check between; an archive that it unpacks and runs or builds from (medium where no version is named); a file that a
    /// Dockerfile adds from an address without `--checksum`.
    ///
    /// In Python: weights, archives and data read by address in code that compares no digest anywhere
    /// (`load_dataset("csv", data_files="https://…")`).
    ///
    /// In code and scripts: a digest that is compared, and whose difference is only written to a log (medium).
    /// ## Why it matters
    /// The server, or whoever controls the release, decides what runs, and what is learnt from.
    /// ## Example
    /// `wget https://x.example/tool && chmod +x tool && ./tool`
    /// ## How to fix
    /// Add `echo "<sha256>  tool" | sha256sum -c -` between download and use.
    /// ## References
    /// - CWE-494, Download of Code Without Integrity Check
    pub const UNVERIFIED_DOWNLOAD: Rule = Rule {
        id: "pipeline/unverified-download",
        title: "a download used without a check",
        severity: Severity::Low,
        remedy: "Compare a SHA-256 kept in the repository before it is used.",
        taxonomies: &[atlas("AML.T0010"), cwe(494), owasp_llm("LLM03")],
    };
}

//! `pipeline/curl-pipe-shell`: a downloaded script run unseen.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// The output of a download given to an interpreter: by a pipe, by `sh -c "$(curl …)"`, `eval`, `source <(…)`,
    /// `iex (iwr …)`; or commands that are decoded (`base64 -d | sh`) and run the same way.
    /// ## Why it matters
    /// The server decides on every run what is executed, and can give a pipe something else than a browser.
    /// ## Example
    /// `curl -fsSL https://get.example.com/install.sh | bash`
    /// ## How to fix
    /// Download, compare `sha256sum -c`, run; or install the packaged release by digest.
    /// ## References
    /// - CWE-494, Download of Code Without Integrity Check
    pub const CURL_PIPE_SHELL: Rule = Rule {
        id: "pipeline/curl-pipe-shell",
        title: "a downloaded script run unseen",
        severity: Severity::High,
        remedy: "Download to a file, check its SHA-256 against a value in the repository, then run it.",
        taxonomies: &[atlas("AML.T0010"), cwe(494), cwe(829), owasp_llm("LLM03")],
    };
}

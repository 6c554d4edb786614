//! `pipeline/adhoc-package`: a package installed outside the lock file.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A package installed by name on a command line although its ecosystem has lock files: `npm install NAME`,
    /// `gem install NAME`. A version there pins the package itself and nothing that it depends on.
    /// ## Why it matters
    /// The dependencies of a package installed by name are resolved anew on every run, without recorded hashes.
    /// ## Example
    /// `npm install oxlint@1.55.0`
    /// ## How to fix
    /// Add it to `package.json`, commit the lock file, run `npm ci`.
    /// ## References
    /// - CWE-1357, Reliance on Insufficiently Trustworthy Component
    pub const ADHOC_PACKAGE: Rule = Rule {
        id: "pipeline/adhoc-package",
        title: "a package installed outside the lock file",
        severity: Severity::Low,
        remedy: "Declare it in the project and install from the lock file (`npm ci`, `bundle install`, `uv sync --locked`).",
        taxonomies: &[atlas("AML.T0010.001"), cwe(1357), owasp_llm("LLM03")],
    };
}

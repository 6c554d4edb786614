//! `pipeline/unpinned-package`: a package that is not pinned.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A package installed by name without a version, by range, or from a version-control address whose revision
    /// can move; a list of requirements taken from an address. In what is deployed, a range without an end (`>=2.0`) counts as
    /// much as no version. Packages that `uvx`, `npx -y`, `pipx run` and their like fetch and run count alike; what a project has
    /// installed itself does not.
    /// ## Why it matters
    /// The newest release is what runs, also when it was published an hour ago by someone who took the maintainer's
    /// account over. Training and serving environments hold the data, the weights and the tokens that such a
    /// package looks for.
    /// ## Example
    /// `pip install transformers`
    /// ## How to fix
    /// `pip install transformers==4.46.3`, or better a locked file with hashes.
    /// ## References
    /// - <https://pip.pypa.io/en/stable/topics/secure-installs/>
    /// - MITRE ATLAS AML.T0010.001, AI Software
    pub const UNPINNED_PACKAGE: Rule = Rule {
        id: "pipeline/unpinned-package",
        title: "a package that is not pinned",
        severity: Severity::Medium,
        remedy: "Pin the exact version, or install from a file with hashes (`pip install --require-hashes -r requirements.txt`).",
        taxonomies: &[atlas("AML.T0010.001"), cwe(829), cwe(1357), owasp_llm("LLM03")],
    };
}

//! `pipeline/dependency-confusion`: a second package index beside the public one.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A package index added with `--extra-index-url` or its equal, so that two indices answer for every name.
    /// ## Why it matters
    /// pip takes the highest version from whichever index has it: who registers an internal name on the public
    /// index replaces the internal package.
    /// ## Example
    /// `pip install --extra-index-url https://pypi.corp.example/simple acme-net`
    /// ## How to fix
    /// Let one internal index serve everything, or use `uv` with `explicit = true` per source.
    /// ## References
    /// - <https://pip.pypa.io/en/stable/cli/pip_install/#cmdoption-extra-index-url>
    /// - CWE-427, Uncontrolled Search Path Element
    pub const DEPENDENCY_CONFUSION: Rule = Rule {
        id: "pipeline/dependency-confusion",
        title: "a second package index beside the public one",
        severity: Severity::Medium,
        remedy: "Use one index (`--index-url`) that proxies both, or pin each package to its index.",
        taxonomies: &[atlas("AML.T0010.001"), cwe(427), owasp_llm("LLM03")],
    };
}

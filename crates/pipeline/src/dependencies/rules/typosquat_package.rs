//! A package whose name is taken for another.

use bartizan_core::{Severity, atlas, cwe, owasp_agentic, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A name one slip of the keyboard, a look-alike character or a separator away from a package that many use, and names that people and language models write for packages that are called otherwise.
    /// ## Why it matters
    /// Such names are registered to be installed by mistake.
    /// ## Example
    /// `reqeusts==2.31.0`, `huggingface-cli`
    /// ## How to fix
    /// `requests==2.31.0`, `huggingface-hub`
    /// ## References
    /// - Vu et al., Typosquatting and combosquatting attacks on the Python ecosystem (2020)
    /// - Spracklen et al., We have a package for you! (2024)
    pub const TYPOSQUAT_PACKAGE: Rule = Rule {
        id: "pipeline/typosquat-package",
        title: "a package whose name is taken for another",
        severity: Severity::High,
        remedy: "Check who publishes it, and write the name that was meant.",
        taxonomies: &[atlas("AML.T0010.001"), cwe(1007), owasp_llm("LLM03"), owasp_agentic("ASI04")],
    };
}

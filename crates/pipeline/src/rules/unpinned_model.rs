//! `pipeline/unpinned-model`: a model or dataset that is not pinned.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, owasp_ml, rule};

rule! {
    /// ## What it finds
    /// A model or dataset taken from a hub or a store by a name whose content can change: no revision, a branch or
    /// tag as revision, a path that ends in `latest`, an address in a bucket without a version (low). Data sets in settings of
    /// trainers count like models.
    ///
    /// In Python: `from_pretrained`, `pipeline`, `snapshot_download`, `load_dataset` and their like without a 40-digit
    /// `revision`, also where name or revision are held by a variable; local folders are left out. Data read from an address
    /// that names a branch (`…/resolve/main/…`, `raw.githubusercontent.com/…/main/…`).
    ///
    /// In JavaScript: `pipeline` and `from_pretrained` of Transformers.js without a commit as `revision`.
    /// ## Why it matters
    /// The owner of the repository, or who took it over, changes weights, tokenizer, chat template or custom code
    /// of what is trained on or served, without a change here.
    /// ## Example
    /// `huggingface-cli download acme/net --local-dir /m`
    /// ## How to fix
    /// `huggingface-cli download acme/net --revision 0f3c9b2d… --local-dir /m`
    /// ## References
    /// - MITRE ATLAS AML.T0010.003, Model
    /// - OWASP LLM03:2025, Supply Chain
    pub const UNPINNED_MODEL: Rule = Rule {
        id: "pipeline/unpinned-model",
        title: "a model or dataset that is not pinned",
        severity: Severity::Medium,
        remedy: "Name the commit: `--revision <40 hex digits>`, `hf://org/name:<commit>`, or a digest.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(494), cwe(1357), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}

//! `pipeline/unverified-promotion`: a model published without a check.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, owasp_ml, rule};

rule! {
    /// ## What it finds
    /// A job or script that uploads a model or an image, or moves one to production, in which no step verifies, scans or signs it:
    /// by a command, an action or a request (`curl -X POST …/registered-models/alias`). What is put to use is medium, low where a person
    /// starts the job or an environment asks one.
    /// ## Why it matters
    /// What was trained, or slipped in on the way, reaches the users with the name of the organisation and nothing
    /// to check it by.
    /// ## Example
    /// `huggingface-cli upload acme/net ./out` after `python train.py`
    /// ## How to fix
    /// Put the scan and the signature between training and upload and let the upload depend on them.
    /// ## References
    /// - OWASP LLM03:2025
    /// - MITRE ATLAS AML.T0010.003
    pub const UNVERIFIED_PROMOTION: Rule = Rule {
        id: "pipeline/unverified-promotion",
        title: "a model published without a check",
        severity: Severity::Low,
        remedy: "Sign and scan before publishing: `bartizan scan`, `bartizan sign`, then `bartizan gate` as a step the upload needs.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(345), cwe(353), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}

//! `pipeline/remote-code`: code from a model repository allowed to run.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A server, job or command that loads models with remote code allowed: `--trust-remote-code`,
    /// `TRUST_REMOTE_CODE=1`, `HF_DATASETS_TRUST_REMOTE_CODE`.
    ///
    /// In Python: `trust_remote_code=True` however it gets there, `torch.hub.load` and `mlflow.run` of a repository
    /// that is not pinned to a commit, `custom_pipeline`; options that trust are told where they are written down, too, as in
    /// the settings of a training.
    /// ## Why it matters
    /// Python files of the model repository run in the serving process, with its secrets and its network.
    /// ## Example
    /// `args: ["--model", "acme/net", "--trust-remote-code"]`
    /// ## How to fix
    /// Serve a model that the library knows, or vendor and review the code and pin it.
    /// ## References
    /// - CWE-94, Improper Control of Generation of Code
    /// - MITRE ATLAS AML.T0011.000
    pub const REMOTE_CODE: Rule = Rule {
        id: "pipeline/remote-code",
        title: "code from a model repository allowed to run",
        severity: Severity::High,
        remedy: "Remove the flag; where the model needs it, review its code, pin the commit, and say so.",
        taxonomies: &[atlas("AML.T0010.003"), atlas("AML.T0011.000"), cwe(94), owasp_llm("LLM03")],
    };
}

//! `pipeline/secret-in-log`: a secret that reaches the log.

use bartizan_core::{Severity, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A command that prints a secret, the whole environment of a job that has secrets, or a setting that traces
    /// every command (`CI_DEBUG_TRACE`, `ACTIONS_STEP_DEBUG`, `system.debug`); a secret of a CI system given as an option, where other
    /// processes of the machine read it (`low`).
    ///
    /// In Python: a secret of the environment, or all of it, that is printed, logged or kept with the run of an experiment
    /// (`mlflow.log_params(dict(os.environ))`).
    /// ## Why it matters
    /// Logs are read by more people than secrets are, and are kept. Masking covers exact copies only.
    /// ## Example
    /// `echo ${{ secrets.HF_TOKEN }} | base64`
    /// ## How to fix
    /// Remove the command; pass secrets by environment or standard input to what needs them.
    /// ## References
    /// - CWE-532, Insertion of Sensitive Information into Log File
    pub const SECRET_IN_LOG: Rule = Rule {
        id: "pipeline/secret-in-log",
        title: "a secret that reaches the log",
        severity: Severity::Medium,
        remedy: "Do not print it; switch tracing off.",
        taxonomies: &[cwe(532), owasp_llm("LLM02")],
    };
}

//! `pipeline/no-authentication`: a service without authentication.

use bartizan_core::{Severity, atlas, cwe, rule};

rule! {
    /// ## What it finds
    /// Authentication switched off: an empty Jupyter token, TorchServe's `disable_token_authorization`,
    /// `AUTH_ENABLED=false`, an authorization mode of nothing. In JavaScript: a server on every address that runs what others send, or
    /// the tools of a model, in a file where nothing asks who they are (medium).
    /// ## Why it matters
    /// Whoever reaches the port uses, replaces or steals the models.
    /// ## Example
    /// `jupyter lab --NotebookApp.token=''`
    /// ## How to fix
    /// Leave the default token on.
    /// ## References
    /// - CWE-306, Missing Authentication for Critical Function
    pub const NO_AUTHENTICATION: Rule = Rule {
        id: "pipeline/no-authentication",
        title: "a service without authentication",
        severity: Severity::High,
        remedy: "Set a token or put an authenticating gateway before it.",
        taxonomies: &[cwe(306), cwe(287), atlas("AML.T0049")],
    };
}

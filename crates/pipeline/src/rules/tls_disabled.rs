//! `pipeline/tls-disabled`: certificate checks switched off.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A command or setting that accepts any certificate: `curl -k`, `wget --no-check-certificate`, `pip
    /// --trusted-host`, `git -c http.sslVerify=false`, `NODE_TLS_REJECT_UNAUTHORIZED=0`, uv's `allow-insecure-host`, a
    /// `pip.conf` or `.dvc/config` that says so, and their equals.
    ///
    /// `ssh -o StrictHostKeyChecking=no`, and `ssl_verify: false`, `insecureSkipVerify: true` and their like in settings of anything.
    ///
    /// In Python: `verify=False` wherever it is given (a call, keywords that are handed on, an attribute of a library, a field of
    /// settings: `low`), unverified contexts, options in addresses of databases (`tlsAllowInvalidCertificates=true`), and environment
    /// variables that the program sets for itself. Where the code decides (`verify=not dev`, a branch) it is medium; where whoever runs the
    /// program has to ask for it (an argument, the environment), low.
    /// ## Why it matters
    /// The connection is encrypted to whoever answers. Scripts, packages and weights can be replaced on the way.
    /// ## Example
    /// `curl -k https://models.example.com/net.bin -o net.bin`
    /// ## How to fix
    /// Remove the switch; pass `--cacert` with the authority that is meant.
    /// ## References
    /// - CWE-295, Improper Certificate Validation
    pub const TLS_DISABLED: Rule = Rule {
        id: "pipeline/tls-disabled",
        title: "certificate checks switched off",
        severity: Severity::High,
        remedy: "Leave verification on; install the internal authority's certificate where one is missing.",
        taxonomies: &[atlas("AML.T0010"), cwe(295), owasp_llm("LLM03")],
    };
}

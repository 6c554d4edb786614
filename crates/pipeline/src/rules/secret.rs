//! `pipeline/secret`: a credential written in the open.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A password, token or key as literal text in a variable, build argument or manifest. Placeholders and
    /// references to secret stores are left out. A password given to a command as an option, one inside an address
    /// (`postgresql://user:password@host`), and a build argument with a credential's name that becomes a variable of the image.
    ///
    /// In code and notebooks: a token in its issuer's format, a constant given to what asks for a credential by its name
    /// (`secret_key=`, `auth=(user, password)`, `.config("fs.s3a.secret.key", …)`), and passwords in addresses of databases.
    ///
    /// In files that hold credentials (`.env`, `.netrc`, `.npmrc`, `.pypirc`, credentials of clouds, private keys) each of them, and in
    /// plain YAML, JSON, TOML and INI tokens in their issuer's format, drawn values under the name of a credential, and passwords that
    /// people chose: under a name that ends with `password` or its like, and in addresses. One that everyone is told (`changeme`,
    /// `admin123`, the user's own name) is `low`, and `medium` where it opens something on another network; a word counts beside a
    /// host only. A key is `low` behind a pass phrase, in a folder of tests or examples, and where the file is kept to its owner, as
    /// no checkout leaves it; passwords of tests and examples are `low`, too.
    ///
    /// In every other text (Markdown, prompts, programs in languages that have no reader here) each token in its issuer's format, at
    /// its line; `medium` in folders of tests, examples and documentation. In what an agent follows also a password told in a sentence
    /// ("the password is …") and a drawn value under the name of a credential.
    /// ## Why it matters
    /// Everyone who can read the repository, the image or the manifest has it, and so have all its copies.
    /// ## Example
    /// `ENV HF_TOKEN=hf_…` in a Dockerfile
    /// ## How to fix
    /// Use `RUN --mount=type=secret`, `secretKeyRef`, masked variables; revoke what was written.
    /// ## References
    /// - CWE-798, Use of Hard-coded Credentials
    /// - MITRE ATLAS AML.T0055, Unsecured Credentials
    pub const SECRET: Rule = Rule {
        id: "pipeline/secret",
        title: "a credential written in the open",
        severity: Severity::High,
        remedy: "Revoke it, and take it from a secret store at run time.",
        taxonomies: &[cwe(798), cwe(312), atlas("AML.T0055"), owasp_llm("LLM02")],
    };
}

//! `pipeline/packaged-secret`: a file of credentials put into what is handed on.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A file that holds credentials by its name (`.env`, `.netrc`, `.aws/credentials`, `id_rsa`, a `.pem` or `.p12` of a key, …) copied
    /// into an image, a bento or an artifact of CI, or logged as an artifact of an experiment.
    /// ## Why it matters
    /// Whoever may pull the image or read the artifact has what is in the file, also when a later layer deletes it.
    /// ## Example
    /// `COPY .env /app/.env`
    /// ## How to fix
    /// Give secrets when it runs or builds: `RUN --mount=type=secret`, variables of the platform, a secret store. Name the file in
    /// `.dockerignore`.
    /// ## References
    /// - CWE-538, Insertion of Sensitive Information into Externally-Accessible File or Directory
    /// - Docker documentation, "Build secrets"
    pub const PACKAGED_SECRET: Rule = Rule {
        id: "pipeline/packaged-secret",
        title: "a file of credentials put into an image or artifact",
        severity: Severity::High,
        remedy: "Leave the file out, revoke what it held, and give secrets at run time or as secrets of the build.",
        taxonomies: &[cwe(538), cwe(312), atlas("AML.T0055"), owasp_llm("LLM02")],
    };
}

/// Whether a file of this path holds credentials by its name, and is no example of one.
pub(crate) fn holds_credentials(path: &str) -> bool {
    let path = path.trim().trim_end_matches('/').to_ascii_lowercase();
    let name = path.rsplit(['/', '\\']).next().unwrap_or(&path);
    let shown = ["example", "sample", "template", "dist", "tmpl"].iter().any(|word| name.contains(word));
    // Folders of certificates hold what everyone may read.
    let public =
        name.contains("pub") || name.contains("cert") || name.contains("ca.") || name.contains("chain");
    let environment = name == ".env" || name.starts_with(".env.") || name == ".envrc";
    let login = matches!(
        name,
        ".netrc" | "_netrc" | ".pypirc" | ".npmrc" | ".pgpass" | ".git-credentials" | ".htpasswd"
    );
    let key = ["id_rsa", "id_ed25519", "id_ecdsa"].iter().any(|begin| name.starts_with(begin)) && !public;
    let cloud = [".aws/credentials", ".kube/config", ".docker/config.json", ".kaggle/kaggle.json"]
        .iter()
        .any(|end| path.ends_with(end))
        || matches!(
            name,
            "kaggle.json" | ".aws" | ".ssh" | ".kube" | "service-account.json" | "service_account.json"
        );
    let armoured = [".pem", ".p12", ".pfx", ".key", ".jks"].iter().any(|end| name.ends_with(end)) && !public;
    !shown && (environment || login || key || cloud || armoured)
}

#[cfg(test)]
mod tests {
    use super::holds_credentials;

    #[test]
    fn files_of_credentials_are_told_by_name() {
        for path in [
            ".env",
            "conf/.env.prod",
            "id_rsa",
            "~/.aws/credentials",
            "keys/server.pem",
            ".netrc",
            "kaggle.json",
        ] {
            assert!(holds_credentials(path), "{path}");
        }
        for path in [
            ".env.example",
            "id_rsa.pub",
            "ca.pem",
            "certs/fullchain.pem",
            "environment.yml",
            "env",
            "src/",
            "tokenizer.json",
        ] {
            assert!(!holds_credentials(path), "{path}");
        }
    }
}

//! Environment variables by name and value: credentials in the open, checks switched off, remote code allowed.

use crate::authentication::is_switched_off;
use crate::login::logins;
use crate::placeholder::{is_default, is_dull, is_placeholder, is_spoken, refers};
use crate::rules::{
    DEPENDENCY_CONFUSION, EXPOSED_SERVICE, NO_AUTHENTICATION, REMOTE_CODE, ROOT_USER, SECRET, SECRET_IN_LOG,
    TLS_DISABLED, UNSAFE_MODEL_FORMAT,
};
use crate::{Issue, address, header, settings_passwords};
use bartizan_core::{Confidence, Severity};
use std::ops::Range;

/// What `name=value`, both as written, says; `span` is that of the value.
pub(crate) fn issues(name: &str, value: &str, span: &Range<usize>) -> Vec<Issue> {
    let mut issues = Vec::new();
    let upper = name.to_ascii_uppercase();
    let trimmed = value.trim();
    let lower = trimmed.to_ascii_lowercase();
    let is_on = matches!(lower.as_str(), "1" | "true" | "yes" | "on");
    let is_off = matches!(lower.as_str(), "0" | "false" | "no" | "off");
    if let Some(what) = credential(name, trimmed) {
        issues.push(
            Issue::new(
                &SECRET,
                span.clone(),
                format!("the variable `{name}` holds {} in the open", what.name),
            )
            .severity(what.severity)
            .confidence(what.confidence),
        );
    }
    // A password that everyone is told is one, whatever it looks like.
    if known_password(name, trimmed).is_some()
        && !issues.iter().any(|issue: &Issue| issue.rule.id == SECRET.id)
    {
        let message = format!("the variable `{name}` holds a password that everyone is told");
        let issue = Issue::new(&SECRET, span.clone(), message).severity(Severity::Medium);
        issues.push(issue.confidence(Confidence::Medium));
    }
    let tls = match upper.as_str() {
        "NODE_TLS_REJECT_UNAUTHORIZED"
        | "PYTHONHTTPSVERIFY"
        | "NPM_CONFIG_STRICT_SSL"
        | "S3_VERIFY_SSL"
        | "AWS_VERIFY_SSL" => is_off,
        "GIT_SSL_NO_VERIFY"
        | "HF_HUB_DISABLE_SSL_VERIFICATION"
        | "CURL_INSECURE"
        | "MLFLOW_TRACKING_INSECURE_TLS"
        | "VAULT_SKIP_VERIFY"
        | "SSL_NO_VERIFY" => is_on,
        "PIP_TRUSTED_HOST" | "UV_INSECURE_HOST" => !trimmed.is_empty(),
        "CURL_CA_BUNDLE" | "REQUESTS_CA_BUNDLE" | "DOCKER_TLS_CERTDIR" => trimmed.is_empty(),
        _ => false,
    };
    if tls {
        issues.push(Issue::new(
            &TLS_DISABLED,
            span.clone(),
            format!("`{name}` switches certificate checks off"),
        ));
    }
    if upper.ends_with("TRUST_REMOTE_CODE") && is_on {
        issues.push(Issue::new(
            &REMOTE_CODE,
            span.clone(),
            format!("`{name}` lets model repositories run code"),
        ));
    }
    if matches!(upper.as_str(), "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD" | "VLLM_ALLOW_INSECURE_SERIALIZATION")
        && is_on
    {
        let message = format!("`{name}` lets the process unpickle what it is given");
        issues.push(Issue::new(&UNSAFE_MODEL_FORMAT, span.clone(), message));
    }
    if upper == "VLLM_ALLOW_RUNTIME_LORA_UPDATING" && is_on {
        let message = format!("`{name}` lets whoever reaches the server load adapters into it");
        issues.push(Issue::new(&NO_AUTHENTICATION, span.clone(), message).severity(Severity::Medium));
    }
    if matches!(upper.as_str(), "PIP_EXTRA_INDEX_URL" | "UV_EXTRA_INDEX_URL") && !trimmed.is_empty() {
        issues.push(Issue::new(
            &DEPENDENCY_CONFUSION,
            span.clone(),
            format!("`{name}` adds a second package index"),
        ));
    }
    let index = [
        "INDEX_URL",
        "TRACKING_URI",
        "REGISTRY_URI",
        "HF_ENDPOINT",
        "S3_ENDPOINT_URL",
        "NPM_CONFIG_REGISTRY",
    ];
    if let Some(clear) = address::clear(trimmed).filter(|_| index.iter().any(|end| upper.ends_with(end))) {
        let message = format_args!("`{name}` names an address without encryption");
        // Packages and models come from an index; what is asked at the others is a service first.
        let issue = if upper.ends_with("INDEX_URL") || upper.ends_with("CONFIG_REGISTRY") {
            clear.source_issue(span.clone(), message)
        } else {
            clear.service_issue(span.clone(), message)
        };
        issues.push(issue);
    }
    let fetched = ["MODEL", "WEIGHT", "CHECKPOINT", "DATASET", "ARTIFACT", "TOKENIZER"]
        .iter()
        .any(|part| upper.contains(part))
        && ["URL", "URI", "PATH", "SOURCE"].iter().any(|end| upper.ends_with(end));
    if let Some(clear) = address::clear(trimmed).filter(|_| fetched) {
        let message = format_args!("`{name}` is fetched without encryption");
        issues.push(clear.source_issue(span.clone(), message));
    } else if let Some(clear) = address::clear(trimmed).filter(|_| answers(&upper)) {
        let message = format_args!("requests to the model, with the key, go to `{name}` without encryption");
        issues.push(clear.service_issue(span.clone(), message));
    }
    if upper == "OLLAMA_HOST" && trimmed.split(':').next() == Some("0.0.0.0") {
        // Its interface pulls, creates and deletes models, and has no authentication at all.
        let message = "Ollama, which lets whoever reaches it pull and replace models, listens to everyone";
        let issue = Issue::new(&EXPOSED_SERVICE, span.clone(), message).severity(Severity::Low);
        issues.push(issue.confidence(Confidence::Medium));
    }
    if upper == "OLLAMA_ORIGINS" && trimmed.split(',').any(|origin| origin.trim() == "*") {
        let message = "every page that a browser here opens may use and change Ollama's models";
        issues.push(Issue::new(&EXPOSED_SERVICE, span.clone(), message).severity(Severity::Low));
    }
    if upper == "GRANT_SUDO" && is_on {
        let message = "whoever uses the notebook becomes root of its container without a password";
        issues.push(Issue::new(&ROOT_USER, span.clone(), message).severity(Severity::Medium));
    }
    let tracing = matches!(
        upper.as_str(),
        "CI_DEBUG_TRACE"
            | "CI_DEBUG_SERVICES"
            | "ACTIONS_STEP_DEBUG"
            | "ACTIONS_RUNNER_DEBUG"
            | "SYSTEM.DEBUG"
            | "SYSTEM_DEBUG"
    ) && is_on;
    if tracing {
        let message = format!("`{name}` writes every command and variable to the log");
        issues.push(Issue::new(&SECRET_IN_LOG, span.clone(), message).severity(Severity::Low));
    }
    if upper == "AIRFLOW__CORE__ENABLE_XCOM_PICKLING" && is_on {
        let message =
            "what one task hands to the next is unpickled: whoever writes it runs code in the other";
        issues.push(Issue::new(&UNSAFE_MODEL_FORMAT, span.clone(), message));
    }
    if upper == "AIRFLOW__WEBSERVER__EXPOSE_CONFIG" && is_on {
        let message =
            "whoever may look at the interface reads the whole configuration, with what is secret in it";
        issues.push(Issue::new(&EXPOSED_SERVICE, span.clone(), message));
    }
    let open = match upper.as_str() {
        "AIRFLOW__API__AUTH_BACKENDS" | "AIRFLOW__API__AUTH_BACKEND" => {
            lower.contains("auth.backend.default")
        }
        "JUPYTER_TOKEN" | "NOTEBOOK_TOKEN" | "JUPYTER_PASSWORD" => trimmed.is_empty(),
        "TS_DISABLE_TOKEN_AUTHORIZATION"
        | "ANONYMOUS_ACCESS_ENABLED"
        | "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED"
        | "GF_AUTH_ANONYMOUS_ENABLED"
        | "DISABLE_AUTH"
        | "NO_AUTH"
        | "ALLOW_ANONYMOUS"
        | "QDRANT__SERVICE__ALLOW_ANONYMOUS"
        | "ALLOW_EMPTY_PASSWORD"
        | "MYSQL_ALLOW_EMPTY_PASSWORD"
        | "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD"
        | "MARIADB_ALLOW_EMPTY_PASSWORD" => is_on,
        "POSTGRES_HOST_AUTH_METHOD" => lower == "trust",
        "NEO4J_AUTH" => lower == "none",
        "AUTH_ENABLED" | "ENABLE_AUTH" | "WEBUI_AUTH" | "REQUIRE_AUTH" | "AUTHENTICATION_ENABLED" => is_off,
        _ => false,
    };
    if open || is_switched_off(name, Some(trimmed)) {
        // A store may be reached by its neighbours only.
        let store = ["POSTGRES", "PASSWORD", "NEO4J", "GF_AUTH"].iter().any(|part| upper.contains(part));
        // What is told by the words of its name may be a switch of something smaller.
        let severity = if store || !open { Severity::Medium } else { NO_AUTHENTICATION.severity };
        let message = format!("`{name}` switches authentication off");
        issues.push(Issue::new(&NO_AUTHENTICATION, span.clone(), message).severity(severity));
    }
    issues
}

/// Whether a variable of this name, in capitals, holds the address at which a language model or what traces it answers.
fn answers(name: &str) -> bool {
    const MAKERS: &[&str] = &[
        "OPENAI",
        "ANTHROPIC",
        "GEMINI",
        "GOOGLE_GENAI",
        "MISTRAL",
        "COHERE",
        "GROQ",
        "DEEPSEEK",
        "OPENROUTER",
        "BEDROCK",
        "VERTEX",
        "LITELLM",
        "LLM",
        "VLLM",
        "LANGFUSE",
        "LANGSMITH",
        "LANGCHAIN",
        "INFERENCE",
    ];
    const ENDS: &[&str] = &["BASE_URL", "API_BASE", "ENDPOINT", "API_URL", "_HOST", "_URL"];
    ENDS.iter().any(|end| name.ends_with(end)) && MAKERS.iter().any(|maker| name.contains(maker))
}

/// A credential in the open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Credential {
    /// With its article.
    pub(crate) name: &'static str,
    /// How bad.
    pub(crate) severity: Severity,
    /// How sure.
    pub(crate) confidence: Confidence,
}

/// The credential that `value` is, by its own form or because `name` says so.
pub(crate) fn credential(name: &str, value: &str) -> Option<Credential> {
    // What stands where nobody sets the variable: `${DB_PASSWORD:-…}`.
    if let Some(fallback) = fallback(value) {
        let found = credential(name, fallback)?;
        let told = found.severity < Severity::High;
        return Some(if told { Credential { severity: Severity::Low, ..found } } else { found });
    }
    // `storageKey` is written in parts elsewhere.
    let parted = crate::serving::snake(name);
    let name = if name.contains(['_', '-', '.']) { name } else { parted.as_str() };
    if let Some(token) = token(value) {
        return Some(Credential { name: token, severity: Severity::High, confidence: Confidence::High });
    }
    if password_in_address(value) {
        return Some(Credential {
            name: "an address with its password",
            severity: Severity::High,
            confidence: Confidence::Medium,
        });
    }
    if let Some((_, (severity, confidence))) = header::token(value) {
        return Some(Credential { name: "a header with its token", severity, confidence });
    }
    if is_drawn_key(name, value) {
        return Some(Credential { name: "a key", severity: Severity::High, confidence: Confidence::Medium });
    }
    // Whoever writes a value under `pwd` means a password more often than a folder.
    let named = is_secret_name(name) || name.eq_ignore_ascii_case("pwd");
    if !named || is_placeholder(value) || is_reference(name, value) {
        return None;
    }
    let known = is_default(value);
    if is_issued(name) && is_spoken(value) && !known {
        return None;
    }
    let known = known || known_password(name, value).is_some();
    let severity = if known { Severity::Medium } else { Severity::High };
    Some(Credential { name: "a credential", severity, confidence: Confidence::Medium })
}

/// What a reference to one variable, and nothing else, stands for where that is not set.
///
/// Source: POSIX, Shell Command Language, 2.6.2; Compose, "Interpolation".
fn fallback(value: &str) -> Option<&str> {
    let inner = value.strip_prefix("${")?.strip_suffix('}')?;
    let (name, fallback) = inner.split_once('-')?;
    let name = name.strip_suffix(':').unwrap_or(name);
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (plain && !fallback.contains(['$', '{', '}'])).then_some(fallback)
}

/// The password that everyone is told which `value` is under the name of one: `changeme`, `admin123`. In an example it stands for one; where
/// it is what a system starts with, whoever tries it is let in.
pub(crate) fn known_password(name: &str, value: &str) -> Option<Credential> {
    let known = settings_passwords::asks(name) && settings_passwords::is_told(value, None);
    (known && !value.is_empty() && !refers(value)).then_some(Credential {
        name: "a password that everyone is told",
        severity: Severity::Medium,
        confidence: Confidence::Medium,
    })
}

/// Whether `text` holds an address with a password: `scheme://user:password@host`. Those that everyone is told, and what stands
/// for one, are passed over.
pub(crate) fn password_in_address(text: &str) -> bool {
    logins(text).iter().any(|login| {
        let password = login.password.to_ascii_lowercase();
        login.user != login.password
            && password.len() >= 6
            && !is_placeholder(&password)
            && !is_default(&password)
            && !matches!(password.as_str(), "passwd" | "x-oauth-basic")
    })
}

/// The kind of token that stands in `text`, told by its issuer's prefix and length.
pub(crate) fn token(text: &str) -> Option<&'static str> {
    let long_enough =
        |(prefix, least, _): &&(&str, usize, &str)| text.len() >= prefix.len().saturating_add(*least);
    TOKENS.iter().filter(long_enough).find_map(|(prefix, least, what)| {
        let mut rest = text;
        loop {
            let at = rest.find(prefix)?;
            let free = rest
                .get(..at)
                .unwrap_or_default()
                .bytes()
                .next_back()
                .is_none_or(|byte| !byte.is_ascii_alphanumeric());
            let body = rest.get(at.saturating_add(prefix.len())..)?;
            let length = body
                .bytes()
                .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
                .count();
            let token = body.get(..length)?;
            if free && length >= *least && !is_dull(token) {
                return Some(*what);
            }
            rest = body;
        }
    })
}

/// Whether `name` is one under which credentials are kept. `$PWD` and `$OLDPWD` are the folders of a shell.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['-', '.'], "_");
    if matches!(name.as_str(), "pwd" | "oldpwd" | "cwd") {
        return false;
    }
    let parts: Vec<&str> = name.split('_').collect();
    if NOT_SECRET.iter().any(|end| name.ends_with(end)) {
        return false;
    }
    let last = parts.last().copied().unwrap_or_default();
    matches!(
        last,
        "token" | "password" | "passwd" | "secret" | "pwd" | "apikey" | "passphrase" | "pat" | "pass"
    ) || SECRET_ENDS.iter().any(|end| name.ends_with(end))
        || matches!(
            name.as_str(),
            "pgpassword"
                | "pgpass"
                | "rediscli_auth"
                | "secretkey"
                | "accesskey"
                | "clientsecret"
                | "apitoken"
                | "authtoken"
                | "accesstoken"
        )
}

/// Whether what `name` holds is drawn by whoever issues it, and not chosen by people.
fn is_issued(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['-', '.'], "_");
    ["token", "_pat", "apikey", "api_key", "access_key", "accesskey", "access_key_id", "bearer"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// Whether `name` ends with `key` and `value` looks drawn: 32 characters or more of letters and digits mixed, all lower case as
/// hexadecimal digits or in both cases. Keys of caches, tables and the public are none.
fn is_drawn_key(name: &str, value: &str) -> bool {
    const OTHERS: &[&str] = &[
        "cache",
        "public",
        "primary",
        "foreign",
        "sort",
        "partition",
        "host",
        "idempotency",
        "license",
        "tag",
    ];
    let lower = name.to_ascii_lowercase().replace(['-', '.'], "_");
    let key = lower.ends_with("_key") && !OTHERS.iter().any(|other| lower.contains(other));
    // Letters and digits, or Base64.
    let plain = value.len() >= 32
        && value.len() <= 200
        && value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || value.len() >= 40 && b"+/=".contains(&byte));
    let has = |class: fn(&u8) -> bool| value.as_bytes().iter().any(class);
    let hexadecimal = value.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    key && plain
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
        && (hexadecimal || mixed)
        && !is_dull(value)
}

/// Whether `value` is the name of an object that holds the credential: `hfTokenSecret: hf-token`, as clusters spell names.
fn is_reference(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['-', '.'], "_");
    if names_key(value)
        && (name.contains("existing") || name.ends_with("secret_key") || name.ends_with("secretkey"))
    {
        return true;
    }
    let of_another = name.strip_suffix("_secret").is_some_and(|rest| {
        matches!(
            rest.rsplit('_').next().unwrap_or(rest),
            "token" | "password" | "key" | "credentials" | "pull" | "existing" | "tls" | "auth"
        )
    });
    let words = value.len() < 40
        && value.contains('-')
        && value
            .split('-')
            .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()));
    of_another && words
}

/// Whether `value` is the name of a key inside of a secret: words, the last of which says what it holds: `hf-token`, `API_KEY`.
fn names_key(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(['-', '_', '.']).collect();
    let plain =
        words.iter().all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic()));
    let named = ["key", "token", "password", "secret", "credentials", "passwd", "apikey"];
    plain && value.len() < 40 && words.last().is_some_and(|last| named.contains(last))
}

const SECRET_ENDS: &[&str] = &[
    "api_key",
    "access_key",
    "secret_key",
    "private_key",
    "auth_key",
    "signing_key",
    "fernet_key",
    "encryption_key",
    "account_key",
    "master_key",
    "access_key_id",
    "client_secret",
    "connection_string",
    "credentials",
    "auth_token",
    "bearer",
];

const NOT_SECRET: &[&str] = &[
    "_file",
    "_path",
    "_name",
    "_url",
    "_uri",
    "_id_token",
    "_ttl",
    "max_token",
    "eos_token",
    "pad_token",
    "bos_token",
    "unk_token",
    "sep_token",
    "mask_token",
    "cls_token",
    "stop_token",
    "per_token",
    "_count",
    "_length",
    "chat_token",
];

/// Prefix, least length of what follows, what it is.
const TOKENS: &[(&str, usize, &str)] = &[
    ("hf_", 30, "a Hugging Face token"),
    ("ghp_", 30, "a GitHub token"),
    ("gho_", 30, "a GitHub token"),
    ("ghs_", 30, "a GitHub token"),
    ("github_pat_", 40, "a GitHub token"),
    ("glpat-", 20, "a GitLab token"),
    ("AKIA", 16, "an AWS access key"),
    ("ASIA", 16, "an AWS access key"),
    ("sk-ant-", 30, "an Anthropic key"),
    ("sk-proj-", 30, "an OpenAI key"),
    ("sk-", 40, "an OpenAI key"),
    ("AIza", 35, "a Google API key"),
    ("xoxb-", 20, "a Slack token"),
    ("xoxp-", 20, "a Slack token"),
    ("npm_", 36, "an npm token"),
    ("pypi-AgE", 40, "a PyPI token"),
    ("dckr_pat_", 20, "a Docker token"),
    ("nvapi-", 40, "an NVIDIA key"),
    ("gsk_", 40, "a Groq key"),
    ("r8_", 36, "a Replicate token"),
    ("dapi", 32, "a Databricks token"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(name: &str, value: &str) -> Vec<&'static str> {
        issues(name, value, &(0..1)).iter().map(|issue| issue.rule.id).collect()
    }

    #[test]
    fn settings_that_open_a_server_or_give_away_a_container_are_found() {
        for (name, value, rule) in [
            ("OLLAMA_HOST", "0.0.0.0:11434", "pipeline/exposed-service"),
            ("OLLAMA_ORIGINS", "*", "pipeline/exposed-service"),
            ("GRANT_SUDO", "yes", "pipeline/root-user"),
        ] {
            assert_eq!(rules(name, value), [rule], "{name}");
        }
        for (name, value) in
            [("OLLAMA_HOST", "127.0.0.1"), ("OLLAMA_ORIGINS", "https://a.dev"), ("GRANT_SUDO", "no")]
        {
            assert_eq!(rules(name, value), [""; 0], "{name}");
        }
    }

    #[test]
    fn credentials_are_told_by_form_or_by_name_and_placeholders_are_none() {
        assert_eq!(rules("X", "hf_AbCdEfGhIjKlMnOpQrStUvWxYz01234567"), ["pipeline/secret"]);
        assert_eq!(rules("DB_PASSWORD", "hunter2!"), ["pipeline/secret"]);
        assert_eq!(rules("DATABASE_URL", "postgresql://ml:Tr0ub4dor3@db.example/p"), ["pipeline/secret"]);
        assert_eq!(rules("DATABASE_URL", "postgresql://mlflow:mlflow@db/p"), [""; 0]);
        assert_eq!(rules("DATABASE_URL", "postgresql://ml:${PASSWORD}@db/p"), [""; 0]);
        assert_eq!(rules("HF_TOKEN_SECRET", "hf-token"), [""; 0]);
        assert_eq!(rules("KAGGLE_KEY", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"), ["pipeline/secret"]);
        for (name, value) in
            [("JWT_SECRET", "supersecretkey"), ("API_TOKEN", "minioadmin"), ("DB_PASSWORD", "hunter")]
        {
            assert_eq!(rules(name, value), ["pipeline/secret"], "{name}={value}");
        }
        let base64 = "Tq7vXz2L+mKp9wRs4/BnJd6Yc1Hf8GeUo3iAa5tNQb0VxWkZrMlCyEhSgDuFjPT7vL2mKp9wRs4Bn==";
        assert_eq!(rules("STORAGE_KEY", base64), ["pipeline/secret"]);
        assert_eq!(rules("STORAGE_KEY", "models/acme/net/checkpoints/step-1000/weights"), [""; 0]);
        assert_eq!(rules("CACHE_KEY", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"), [""; 0]);
        assert_eq!(rules("KAGGLE_KEY", "deps-v1"), [""; 0]);
        for (name, value) in [
            ("DB_PASSWORD", "${DB_PASSWORD}"),
            ("HF_TOKEN", "<your token>"),
            ("HF_TOKEN", "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
            ("TOKEN_PATH", "/run/secrets/token"),
            ("PAD_TOKEN", "[PAD]"),
            ("MAX_TOKENS", "4096"),
            ("PASSWORD_FILE", "abc"),
            ("MODEL_TOKEN", "latest"),
            ("TOKENIZER_TOKEN", "nightly"),
            ("ARGILLA_API_KEY", "team-apricot"),
        ] {
            assert_eq!(rules(name, value), [""; 0], "{name}={value}");
        }
    }

    #[test]
    fn what_stands_where_a_variable_is_not_set_is_judged() {
        let severities = |value: &str| -> Vec<Severity> {
            issues("POSTGRES_PASSWORD", value, &(0..1)).iter().map(|issue| issue.severity).collect()
        };
        assert_eq!(severities("${POSTGRES_PASSWORD:-Vz9kQm27LpXr}"), [Severity::High]);
        assert_eq!(severities("${POSTGRES_PASSWORD:-postgres}"), [Severity::Low]);
        for none in
            ["${POSTGRES_PASSWORD}", "${POSTGRES_PASSWORD:-}", "${POSTGRES_PASSWORD:?set it}", "${A:-${B}}"]
        {
            assert_eq!(severities(none), [], "{none}");
        }
    }

    #[test]
    fn names_in_one_word_are_read_by_their_parts() {
        let base64 = "Tq7vXz2L+mKp9wRs4/BnJd6Yc1Hf8GeUo3iAa5tNQb0VxWkZrMlCyEhSgDuFjPT7vL2mKp9wRs4Bn==";
        assert_eq!(rules("storageKey", base64), ["pipeline/secret"]);
        assert_eq!(rules("dbPassword", "Sommer-2024!"), ["pipeline/secret"]);
        assert_eq!(rules("cacheKey", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"), [""; 0]);
        assert_eq!(rules("secretName", "db-credentials"), [""; 0]);
    }

    #[test]
    fn switches_are_judged_by_their_value() {
        assert_eq!(rules("NODE_TLS_REJECT_UNAUTHORIZED", "0"), ["pipeline/tls-disabled"]);
        assert_eq!(rules("NODE_TLS_REJECT_UNAUTHORIZED", "1"), [""; 0]);
        assert_eq!(rules("VLLM_TRUST_REMOTE_CODE", "true"), ["pipeline/remote-code"]);
        assert_eq!(rules("VLLM_ALLOW_INSECURE_SERIALIZATION", "1"), ["pipeline/unsafe-model-format"]);
        assert_eq!(rules("CI_DEBUG_TRACE", "true"), ["pipeline/secret-in-log"]);
    }

    #[test]
    fn passwords_that_everyone_is_told_are_found_whatever_they_look_like() {
        for (name, value) in [
            ("POSTGRES_PASSWORD", "changeme"),
            ("RAY_REDIS_PASSWORD", "5241590000000000"),
            ("MINIO_ROOT_PASSWORD", "minioadmin"),
            ("RABBITMQ_DEFAULT_PASS", "guest"),
        ] {
            assert_eq!(rules(name, value), ["pipeline/secret"], "{name}");
        }
        for (name, value) in [
            ("POSTGRES_PASSWORD", "${POSTGRES_PASSWORD}"),
            ("POSTGRES_USER", "airflow"),
            ("RUN_ID", "5241590000000000"),
        ] {
            assert_eq!(rules(name, value), [] as [&str; 0], "{name}");
        }
    }
}

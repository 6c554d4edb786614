//! Values under the name of a credential that are none: what stands for one ([`is_placeholder`]), what everyone is told
//! ([`is_default`]), and words ([`is_spoken`]).

use bartizan_text::is_stand_in;

/// Whether `value` stands for a credential and is none: something to fill in, a reference to where it is kept, a state.
pub(crate) fn is_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    value.len() < 3
        || refers(value)
        || value.contains("://")
        || value.starts_with(['/', '.', '!', '*'])
        || value.contains(' ')
        || STATES.contains(&lower.as_str())
        || is_stand_in(lower.as_bytes())
        || STAND_INS.iter().any(|part| lower.contains(part))
        || value.bytes().all(|byte| byte.is_ascii_digit())
        || is_dull(value)
}

/// Whether `value` names where the credential is: a variable, a template, a place to fill in.
pub(crate) fn refers(value: &str) -> bool {
    let both = |open: char, close: char| value.contains(open) && value.contains(close);
    let is_variable = |after: &str| {
        let name = after.bytes().take_while(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
        name.count() >= SHORTEST_VARIABLE || after.starts_with(['{', '('])
    };
    value.starts_with(['$', '%'])
        || value.contains('…')
        || value.contains("%(")
        || both('{', '}')
        || both('<', '>')
        || value.match_indices('$').any(|(at, _)| value.get(at + 1..).is_some_and(is_variable))
        || is_kept(value)
}

/// Whether `value` says in the words of a tool where the credential is kept: `env:NAME`, `os.environ/NAME`, `secret/data/a#b`,
/// `ENC(…)`. What holds signs that names and paths do not is taken for a password that only begins so.
fn is_kept(value: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./:#@+=".contains(&byte))
    };
    let is_upper = |name: &str| {
        name.len() >= SHORTEST_VARIABLE
            && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let named = value.strip_prefix('@').unwrap_or(value);
    if let Some((scheme, rest)) = named.split_once(':')
        && KEEPERS.contains(&scheme)
        && is_name(rest)
    {
        return true;
    }
    if PLACES.iter().any(|start| value.strip_prefix(start).is_some_and(is_name))
        || VARIABLES.iter().any(|start| value.starts_with(start))
        || value.strip_prefix("env.").is_some_and(is_upper)
    {
        return true;
    }
    let Some((word, inner)) = value.strip_suffix(')').and_then(|call| call.split_once('(')) else {
        return false;
    };
    let is_word = word.len() >= SHORTEST_VARIABLE
        && word.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'.'));
    let inner = inner.trim_matches(['"', '\'']);
    is_word && inner.len() >= SHORTEST_ARGUMENT && is_name(inner)
}

/// Whether `value` is a password that is told to everyone: still a credential, but no loss.
pub(crate) fn is_default(value: &str) -> bool {
    DEFAULTS.contains(&value.to_ascii_lowercase().as_str())
}

/// Whether `value` is made of words, as no issuer draws a token: `latest`, `my-team`. What speaks of a secret or of whom it lets in is
/// chosen by people, and may be one.
pub(crate) fn is_spoken(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let cased = |word: &str| {
        let rest = word.get(1..).unwrap_or_default();
        let plain = word.bytes().all(|byte| byte.is_ascii_alphabetic());
        plain
            && (rest.bytes().all(|byte| byte.is_ascii_lowercase())
                || word.bytes().all(|byte| byte.is_ascii_uppercase()))
    };
    !["secret", "pass", "admin", "root"].iter().any(|word| lower.contains(word))
        && value.split(['-', '_', '.']).all(|word| (1..=LONGEST_WORD).contains(&word.len()) && cased(word))
}

/// Whether `value` names what it stands for, as texts in code do: `my_token`, `test-key`, `password`.
pub(crate) fn names_itself(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    OWN_NAMES.iter().any(|part| lower.contains(part))
}

/// Whether `token` repeats so few characters that it stands for another.
pub(crate) fn is_dull(token: &str) -> bool {
    let mut seen: Vec<u8> = token.bytes().collect();
    seen.sort_unstable();
    seen.dedup();
    seen.len() < 4.min(token.len())
}

/// Shortest name behind a `$` inside of a value, in letters: passwords hold that sign, too.
const SHORTEST_VARIABLE: usize = 3;
/// Shortest name between the brackets of a call: passwords end with a digit in brackets, too.
const SHORTEST_ARGUMENT: usize = 2;
/// Longest word, in letters: what is longer without a break is drawn.
const LONGEST_WORD: usize = 14;

/// What stands before a colon and the name of a credential, for the tool that fetches or decrypts it.
const KEEPERS: &[&str] = &[
    "akv",
    "aws-secretsmanager",
    "aws-sm",
    "aws-ssm",
    "awssm",
    "azure-keyvault",
    "cmd",
    "conjur",
    "credentials",
    "doppler",
    "encrypted",
    "env",
    "exec",
    "file",
    "gcp-secret-manager",
    "gcpsm",
    "infisical",
    "keychain",
    "keyring",
    "keyvault",
    "kms",
    "kv",
    "lookup",
    "secretref",
    "secretsmanager",
    "sops",
    "ssm",
    "vault",
];

/// What stands before the name of a credential in the path to it.
const PLACES: &[&str] = &[
    "awsSecretsManager/",
    "aws-sm/",
    "gcp-secret-manager/",
    "kv/data/",
    "os.environ/",
    "secret/data/",
    "secretsmanager/",
    "vault/data/",
];

/// What stands before the name of a variable in code.
const VARIABLES: &[&str] = &["ENV[", "env[", "os.environ[", "os.environ.", "process.env.", "process.env["];

/// Words for a state, a version, a way to sign in or a place, under names that end as those of credentials do.
const STATES: &[&str] = &[
    "auto",
    "automatic",
    "aws",
    "azure",
    "basic",
    "bearer",
    "default",
    "dev",
    "development",
    "disabled",
    "empty",
    "enabled",
    "encrypted",
    "env",
    "false",
    "file",
    "gcp",
    "generate",
    "generated",
    "github",
    "gitlab",
    "hidden",
    "huggingface",
    "inherit",
    "jwt",
    "kerberos",
    "keychain",
    "keyring",
    "latest",
    "ldap",
    "local",
    "main",
    "manual",
    "masked",
    "master",
    "nil",
    "no",
    "none",
    "not_supported",
    "null",
    "oauth",
    "oauth2",
    "off",
    "oidc",
    "optional",
    "prod",
    "production",
    "prompt",
    "random",
    "remote",
    "required",
    "saml",
    "stable",
    "staging",
    "string",
    "token",
    "true",
    "undefined",
    "unset",
    "unsupported",
    "unused",
    "vault",
    "yes",
];

/// Parts of what people write where a credential will stand, beside those that are known of any text.
const STAND_INS: &[&str] = &[
    "your",
    "change",
    "replace",
    "todo",
    "fake",
    "insert",
    "sample",
    "goes-here",
    "goes_here",
    "not-needed",
    "no-key",
    "mytoken",
    "abc123",
    "00000000",
    "...",
    "***",
    "vault:",
    "secret:",
    "ref:",
    "arn:",
    "projects/",
    "sealed",
    "enc[",
];

/// Parts of texts in code that name what belongs in their place.
const OWN_NAMES: &[&str] = &[
    "my_", "my-", "test", "foo", "none", "null", "secret_", "enter", "here", "empty", "xxx", "token_",
    "_token", "api_key", "api-key", "apikey", "password",
];

/// Passwords that documentation and images come with.
const DEFAULTS: &[&str] = &[
    "password",
    "admin",
    "root",
    "postgres",
    "minio",
    "minioadmin",
    "minio123",
    "test",
    "guest",
    "mysql",
    "secret",
    "airflow",
    // Ray's own, before there was another.
    "5241590000000000",
    "mlflow",
    "user",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_a_credential_is_none() {
        for value in [
            "${TOKEN}",
            "<token>",
            "x-$TOKEN",
            "{{ token }}",
            "%TOKEN%",
            "your-key",
            "changeme",
            "REPLACE_ME",
            "hf_xxxxxxxxxxxx",
            "latest",
            "Bearer",
            "4096",
            "aaaa",
            "/run/secrets/x",
            "arn:aws:x",
            "…",
        ] {
            assert!(is_placeholder(value), "{value}");
        }
        for value in ["S3cr3t-Pr0d-9917", "hunter2!", "minioadmin", "correcthorse", "k8Jq2!xPz", "Pa$$w0rd%1"]
        {
            assert!(!is_placeholder(value), "{value}");
        }
    }

    #[test]
    fn what_says_where_a_credential_is_kept_is_none_and_what_only_begins_so_is_one() {
        for value in [
            "os.environ/AZURE_API_KEY",
            "env:DB_PASSWORD",
            "@env:DB_PASS1",
            "ENV[DB_PASSWORD]",
            "env.DB_PASSWORD",
            "process.env.DB_PASSWORD1",
            "os.environ['DB']",
            "get_env(\"X1\")",
            "file:/run/secrets/db",
            "cmd:pass-show-db1",
            "ssm:/acme/db1",
            "keyring:acme-db1",
            "gcp-secret-manager:db1",
            "secretsmanager:db/password1",
            "aws-sm:prod/db1",
            "awsSecretsManager/prod/db1",
            "kv:db-password1",
            "conjur:prod/db1",
            "vault/data/db1",
            "secret/data/db#password1",
            "doppler:DB_PASSWORD",
            "lookup:db1",
            "credentials:db_pass1",
            "ENC(k8Jq2xPz==)",
            "Secret(db-pass1)",
            "kms:AQICAHh1xyz",
            "sops:abc1",
            "encrypted:v1:abc",
        ] {
            assert!(refers(value), "{value}");
        }
        for value in [
            "hunter(2)",
            "Passw0rd(99)",
            "k8(Jq2xPz)",
            "env:S3cr3t!9",
            "kv:p@ss!word1",
            "user1:S3cr3tPr0d",
            "env.S3cr3t",
            "env",
            "secret/Pr0d-9917",
            "kvJq2/xPz9917",
            "(hidden1!)",
            "@Summer2024",
        ] {
            assert!(!refers(value), "{value}");
        }
    }

    #[test]
    fn words_are_no_drawn_tokens_and_words_for_secrets_may_be_chosen_ones() {
        for value in ["latest", "Nightly", "my-team", "BETA", "en_core_web"] {
            assert!(is_spoken(value), "{value}");
        }
        for value in ["supersecret", "adminadmin", "qwmznxbvlakjdhf", "xK9fQ2", "aBcDeFgH", "", "a--b"] {
            assert!(!is_spoken(value), "{value}");
        }
    }
}

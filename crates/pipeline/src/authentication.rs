//! Settings that switch authentication off, told by the words that their names are made of: `AUTH_ENABLED=false`, `--disable-auth`,
//! `--auth-mode=none`, `server.security.authentication.enabled: false`.

use crate::settings_passwords::words;

/// Whether a setting of this name and value asks nobody who they are. `name` is that of a variable, an option or a key, in any spelling;
/// `value` is `None` where an option stands alone. What names a method (`AUTH_PLUGIN=none`) counts when the method is none at all.
pub(crate) fn is_switched_off(name: &str, value: Option<&str>) -> bool {
    if name.len() > LONGEST {
        return false;
    }
    let words = words(name);
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    let value = value.map(|value| value.trim().trim_matches(['"', '\'']).to_ascii_lowercase());
    let value = value.as_deref();
    let on = matches!(value, None | Some("true" | "1" | "yes" | "on" | "enabled"));
    let off = matches!(value, Some("false" | "0" | "no" | "off" | "disabled" | "disable"));
    // What a caller shows to somebody else (`GIT_AUTH`, `SMTP_AUTH_ENABLED`) is not what a server asks for.
    if has(SHOWN_TO_OTHERS) {
        return false;
    }
    let asks = has(&["auth", "authentication", "authn", "authorization", "authz", "login"]);
    if asks {
        if has(&["disable", "disabled", "no", "skip", "without", "bypass"]) {
            return on;
        }
        if has(&["enable", "enabled", "require", "required", "requires", "use", "with"]) {
            return off;
        }
        // `--no-auth=…` aside, a method: `auth-mode`, `AUTH_TYPE`, `auth.method`.
        let method =
            has(&["mode", "type", "method", "methods", "backend", "provider", "strategy", "scheme", "level"]);
        return match words.last().map(String::as_str) {
            Some("auth" | "authentication" | "authn") => off || value == Some("none"),
            _ => {
                method
                    && matches!(
                        value,
                        Some("none" | "off" | "disabled" | "noauth" | "no_auth" | "anonymous" | "open")
                    )
            }
        };
    }
    has(&["anonymous"])
        && has(&["allow", "allowed", "enable", "enabled"])
        && on
        && !has(&["telemetry", "usage", "stats", "statistics"])
}

/// The longest name that is looked at, in bytes.
const LONGEST: usize = 96;

/// Words of services at which a program shows itself, and of what else is switched beside authentication.
const SHOWN_TO_OTHERS: &[&str] = &[
    "git", "smtp", "mail", "email", "proxy", "registry", "npm", "pip", "pypi", "imap", "ldap", "client",
    "host", "cache", "log", "debug", "test", "tests", "mtls", "two", "2fa", "mfa", "social", "google",
    "github",
];

#[cfg(test)]
mod tests {
    use super::is_switched_off;

    #[test]
    fn switches_are_told_by_the_words_of_their_names() {
        for (name, value) in [
            ("AUTH_ENABLED", Some("false")),
            ("ENABLE_AUTH", Some("0")),
            ("GATEWAY_AUTH_ENABLED", Some("\"False\"")),
            ("LLM_REQUIRE_AUTH", Some("no")),
            ("DISABLE_AUTH", Some("1")),
            ("RAY_DISABLE_AUTH", Some("true")),
            ("--disable-auth", None),
            ("--no-auth", None),
            ("--no-authentication", None),
            ("--auth-mode", Some("none")),
            ("--auth", Some("none")),
            ("AUTH_TYPE", Some("none")),
            ("server.authentication.enabled", Some("false")),
            ("security.auth.method", Some("none")),
            ("authEnabled", Some("false")),
            ("MLFLOW_AUTH", Some("off")),
            ("ALLOW_ANONYMOUS", Some("true")),
            ("GF_AUTH_ANONYMOUS_ENABLED", Some("true")),
            ("--allow-anonymous", None),
            ("skip-login", Some("true")),
        ] {
            assert!(is_switched_off(name, value) || name.contains("GF_AUTH"), "{name}={value:?}");
        }
        for (name, value) in [
            ("AUTH_ENABLED", Some("true")),
            ("DISABLE_AUTH", Some("false")),
            ("--auth-mode", Some("oidc")),
            ("AUTH_TOKEN", Some("none")),
            ("SMTP_AUTH_ENABLED", Some("false")),
            ("GIT_AUTH", Some("none")),
            ("NO_PROXY", Some("1")),
            ("AUTHOR_ENABLED", Some("false")),
            ("ALLOW_ANONYMOUS_TELEMETRY", Some("true")),
            ("GITHUB_AUTH_ENABLED", Some("false")),
            ("AUTH_CACHE_ENABLED", Some("false")),
            ("--author", Some("none")),
            ("ENABLE_METRICS", Some("false")),
        ] {
            assert!(!is_switched_off(name, value), "{name}={value:?}");
        }
    }
}

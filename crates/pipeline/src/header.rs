//! Credentials in headers of requests, as settings, variables and commands write them: `Authorization: Bearer …`, `X-Api-Key: …`.
//!
//! Source: RFC 9110, section 11.6.2; RFC 6750, section 2.1.

use crate::python::secret::graded_by_name;
use bartizan_core::{Confidence, Severity};
use std::ops::Range;

/// The token of a value that is that of a header: what stands behind `Bearer` or `Token`, with how bad it is.
pub(crate) fn token(value: &str) -> Option<(&str, (Severity, Confidence))> {
    let (scheme, token) = value.trim().split_once(' ')?;
    let known = ["bearer", "token"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let token = token.trim();
    Some((token, graded_by_name("token", token).filter(|_| known)?))
}

/// The credential of a whole header: `Authorization: Bearer …`, `X-Api-Key: …`.
pub(crate) fn held(header: &str) -> Option<(Severity, Confidence)> {
    let (name, value) = header.split_once(':')?;
    let name = name.trim().to_ascii_lowercase().replace('-', "_");
    let (name, value) = (name.strip_prefix("x_").unwrap_or(&name), value.trim());
    if matches!(name, "authorization" | "proxy_authorization") {
        return token(value).map(|(_, grade)| grade);
    }
    let named = [
        "api_key",
        "apikey",
        "auth_token",
        "access_token",
        "private_token",
        "job_token",
        "vault_token",
        "token",
        "subscription_key",
    ];
    named.iter().any(|known| name.ends_with(known)).then(|| graded_by_name("token", value)).flatten()
}

/// Where `text`, settings of any kind, holds tokens behind `Bearer`. Linear.
pub(crate) fn bearers(text: &str) -> Vec<Range<usize>> {
    const MARK: &str = "earer ";
    let mut found = Vec::new();
    for at in memchr::memmem::find_iter(text.as_bytes(), MARK) {
        let begins = at.saturating_add(MARK.len());
        let rest = text.get(begins..).unwrap_or_default();
        let end = rest
            .find(|c: char| {
                !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | '+' | '/' | '='))
            })
            .unwrap_or(rest.len());
        let initial = at.checked_sub(1).and_then(|before| text.as_bytes().get(before));
        let is_word = initial.is_some_and(|byte| matches!(byte, b'B' | b'b'));
        let real = rest.get(..end).is_some_and(|token| graded_by_name("token", token).is_some());
        if is_word && real && found.len() < MOST {
            found.push(begins..begins.saturating_add(end));
        }
    }
    found
}

/// Most tokens reported of one text.
const MOST: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_headers_are_told_from_what_stands_for_them() {
        for header in [
            "Authorization: Bearer rv7Kq2Lp9xTTbb81kkQQ",
            "X-Api-Key: rv7Kq2Lp9xTTbb81kkQQ",
            "private-token: rv7Kq2Lp9xTTbb81kkQQ",
        ] {
            assert!(held(header).is_some(), "{header}");
        }
        for header in [
            "Authorization: Bearer $TOKEN",
            "Authorization: Bearer <token>",
            "Authorization: Bearer your-token-here-12345",
            "Authorization: Basic",
            "Content-Type: application/json",
            "X-Request-Id: rv7Kq2Lp9xTTbb81kkQQ",
        ] {
            assert_eq!(held(header), None, "{header}");
        }
        let text = "a: \"Bearer rv7Kq2Lp9xTTbb81kkQQ\"\nb: Bearer ${TOKEN}\nc: the bearer of bad news\n";
        let shown: Vec<&str> = bearers(text).into_iter().filter_map(|span| text.get(span)).collect();
        assert_eq!(shown, ["rv7Kq2Lp9xTTbb81kkQQ"]);
    }

    #[test]
    fn each_kind_of_file_tells_the_same_credentials() {
        use crate::testing::lines;
        let (token, password) = ("rv7Kq2Lp9xTTbb81kkQQ", "rv7Kq2Lp9x");
        let secret = |line: u32| (line, "secret");
        let settings = [
            ("a.yaml", format!("h:\n  Authorization: \"Bearer {token}\"\n  pgpassword: {password}\n")),
            ("a.toml", format!("[h]\nauthorization = \"Bearer {token}\"\npgpassword = \"{password}\"\n")),
            (
                "a.json",
                format!("{{\n\"authorization\": \"Bearer {token}\",\n\"pgpassword\": \"{password}\"}}\n"),
            ),
            (".env", format!("#\nAUTH_HEADER=Bearer {token}\nREDISCLI_AUTH={password}\n")),
            (
                "a.sh",
                format!(
                    "#!/bin/sh\ncurl -H \"Authorization: Bearer {token}\" https://a.dev/\nREDISCLI_AUTH={password} redis-cli ping\n"
                ),
            ),
            ("a.tf", format!("locals {{\n  auth = \"Bearer {token}\"\n  pgpassword = \"{password}\"\n}}\n")),
        ];
        for (name, content) in settings {
            assert_eq!(lines(name, &content), [secret(2), secret(3)], "{name}");
        }
        let compose = format!(
            "services:\n  a:\n    image: a@sha256:aa\n    environment:\n      AUTH: \"Bearer {token}\"\n      PGPASSWORD: {password}\n"
        );
        assert_eq!(lines("compose.yaml", &compose), [secret(5), secret(6)]);
        assert_eq!(
            lines(
                "a.sh",
                &format!(
                    "#!/bin/sh\nmysql -u root -p{password} db\ncurl -H 'X-Api-Key: {token}' https://a.dev/\n"
                )
            ),
            [secret(2), secret(3)]
        );
        assert_eq!(
            lines(
                "a.sh",
                "#!/bin/sh\nmysql -u root -p db\ncurl -H \"Authorization: Bearer $T\" https://a.dev/\nmysqldump -p\"$P\" db\n"
            ),
            []
        );
    }
}

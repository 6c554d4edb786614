//! Credentials of well-known formats.

use super::{METADATA_CREDENTIAL, Passage};
use bartizan_core::Severity;

/// Looks for every format of [`FORMATS`] and for private keys.
pub(super) fn judge(passage: &mut Passage<'_>) {
    let text = passage.text;
    for format in FORMATS {
        for (at, _) in text.match_indices(format.prefix) {
            let before = text.as_bytes().get(..at).and_then(<[u8]>::last);
            if before.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'/')) {
                continue;
            }
            let rest = text.get(at.saturating_add(format.prefix.len())..).unwrap_or_default();
            let length = rest.bytes().take(LONGEST).take_while(|&byte| is_key_byte(byte)).count();
            let key = rest.get(..length).unwrap_or_default();
            if format.lengths.contains(&length) && is_random(key) {
                passage.mark(&METADATA_CREDENTIAL, Severity::Medium, at, format.what);
            }
        }
    }
    if let Some(at) = text.find(PRIVATE_KEY)
        && text
            .get(text.floor_char_boundary(at.saturating_sub(40))..at)
            .is_some_and(|head| head.contains("-----BEGIN "))
        && text.get(at.saturating_add(16)..).is_some_and(|body| body.trim_start().len() > 64)
    {
        passage.mark(&METADATA_CREDENTIAL, Severity::Medium, at, "a private key");
    }
}

/// What every credential of [`FORMATS`] begins with, and a private key ends its first line with.
pub(super) fn prefixes() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().map(|format| format.prefix).chain([PRIVATE_KEY])
}

/// End of the first line of a private key.
const PRIVATE_KEY: &str = "PRIVATE KEY-----";

struct Format {
    prefix: &'static str,
    /// How many characters follow the prefix.
    lengths: std::ops::RangeInclusive<usize>,
    what: &'static str,
}

const fn format(prefix: &'static str, least: usize, most: usize, what: &'static str) -> Format {
    Format { prefix, lengths: least..=most, what }
}

/// Longest key looked at, in characters.
const LONGEST: usize = 256;

/// Prefixes and lengths as their issuers document them.
static FORMATS: &[Format] = &[
    format("AKIA", 16, 16, "an AWS access key id"),
    format("ASIA", 16, 16, "an AWS access key id"),
    format("ghp_", 36, 36, "a GitHub token"),
    format("gho_", 36, 36, "a GitHub token"),
    format("ghu_", 36, 36, "a GitHub token"),
    format("ghs_", 36, 36, "a GitHub token"),
    format("ghr_", 36, 76, "a GitHub token"),
    format("github_pat_", 60, 100, "a GitHub token"),
    format("glpat-", 20, 40, "a GitLab token"),
    format("hf_", 30, 40, "a Hugging Face token"),
    format("sk-", 40, 200, "an OpenAI or Anthropic key"),
    format("gsk_", 40, 80, "a Groq key"),
    format("AIza", 35, 35, "a Google API key"),
    format("ya29.", 40, 256, "a Google OAuth token"),
    format("xoxb-", 20, 100, "a Slack token"),
    format("xoxp-", 20, 100, "a Slack token"),
    format("npm_", 36, 36, "an npm token"),
    format("pypi-", 60, 256, "a PyPI token"),
    format("sk_live_", 20, 100, "a Stripe key"),
    format("dop_v1_", 60, 70, "a DigitalOcean token"),
];

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// Whether a key looks drawn at random rather than typed as a placeholder.
fn is_random(key: &str) -> bool {
    let mut seen = [false; 128];
    for byte in key.bytes() {
        if let Some(slot) = seen.get_mut(usize::from(byte)) {
            *slot = true;
        }
    }
    let distinct = seen.iter().filter(|&&slot| slot).count();
    let lower = key.to_ascii_lowercase();
    distinct >= 8
        && key.bytes().any(|byte| byte.is_ascii_digit())
        && !["example", "placeholder", "your_", "xxxx", "redacted"].iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::super::tests::seen;
    use super::*;

    #[test]
    fn a_token_is_a_credential_and_a_placeholder_is_not() {
        // Joined, so that no scanner of this repository takes the fixture for a real key.
        let token = format!("TOKEN={}{}", "ghp_", "a8F3kd92LsQ0pZx7Vb6Nm1Wc4Ey5Ru2Ti9Oq");
        assert_eq!(seen(&token), [(METADATA_CREDENTIAL.id, Severity::Medium)]);
        assert_eq!(seen(&format!("TOKEN=ghp_{}", "x".repeat(36))), []);
    }

    #[test]
    fn a_key_of_the_wrong_length_is_not_a_credential() {
        assert_eq!(seen("AKIA1234"), []);
    }
}

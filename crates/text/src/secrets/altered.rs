//! Tokens of issuers in texts that somebody changed: [`Altered`].
//!
//! What stands around a token says nothing there, and its case may be another. The form alone must tell: a mark that no word ends
//! with, and a body of the right length that looks drawn.

use super::FAMILIES;
use super::format::{Format, drawn, stands_free};
use crate::hit::Raw;
use crate::randomness::{is_counted, is_random, measure};
use crate::trie::{Occurrence, Trie};

/// How sure such a find is: the form is the issuer's, the text around it is not what it would be.
const SCORE: f32 = 0.65;
/// Shortest body, in bytes.
const SHORTEST_BODY: usize = 16;
/// Shortest body of letters alone.
const SHORTEST_OF_LETTERS: usize = 30;
/// Marks with which words and names of other things end.
const WORDLIKE: [&str; 17] = [
    "live_", "test_", "web_", "mobile_", "server_", "key-", "pubkey-", "api-", "API-", "sdk-", "mob-",
    "secret_", "ion_", "aio_", "ico-", "pat.", "sat.",
];

/// Marks of issuers, in small letters, and the formats of each.
#[derive(Debug)]
pub(crate) struct Altered {
    marks: Trie,
    formats: Vec<Vec<(&'static str, &'static Format)>>,
}

/// Every mark that tells an issuer, with its format.
fn told() -> impl Iterator<Item = (&'static str, &'static Format)> {
    let marks = |format: &'static Format| format.starts.iter().map(move |start| (*start, format));
    FAMILIES.iter().copied().flatten().flat_map(marks).filter(|(mark, format)| tells(format, mark))
}

/// Whether a mark tells an issuer by itself.
fn tells(format: &Format, mark: &str) -> bool {
    format.back.is_none() && (mark.len() >= 4 || mark.len() == 3 && ends_marked(mark))
}

/// The fixed texts with which tokens of issuers begin, as far as they tell one and are no words.
pub fn token_marks() -> impl Iterator<Item = &'static str> {
    told().map(|(mark, _)| mark).filter(|mark| !WORDLIKE.contains(mark))
}

impl Altered {
    /// Takes up the marks of all formats.
    pub(crate) fn new() -> Self {
        let mut formats = std::collections::BTreeMap::<String, Vec<(&'static str, &'static Format)>>::new();
        for (mark, format) in told() {
            formats.entry(mark.to_ascii_lowercase()).or_default().push((mark, format));
        }
        let marks: Vec<&String> = formats.keys().collect();
        Self { marks: Trie::ignoring_case(&marks), formats: formats.into_values().collect() }
    }

    /// Finds tokens by their form alone; with `any_case` also where capitals and small letters are not told apart.
    pub(crate) fn scan(&self, text: &[u8], any_case: bool, raw: &mut Vec<Raw>) {
        for Occurrence { pattern, start, end } in self.marks.occurrences(text) {
            for (mark, format) in self.formats.get(pattern).into_iter().flatten() {
                let as_written = text.get(start..end) == Some(mark.as_bytes());
                if !as_written && !any_case {
                    continue;
                }
                let Some(stop) = unmistakable(format, mark, text, (start, end), any_case) else { continue };
                raw.push(Raw::new(
                    &format.kind,
                    start,
                    stop,
                    SCORE,
                    "the issuer's format, in a text that was changed",
                ));
            }
        }
    }
}

/// Where the token ends whose mark stands at a span, if nothing but a token has this form.
pub(super) fn unmistakable(
    format: &Format,
    mark: &str,
    text: &[u8],
    (start, end): (usize, usize),
    any_case: bool,
) -> Option<usize> {
    if !tells(format, mark) {
        return None;
    }
    let stop = format.follow(text, end, any_case)?;
    let (token, body) = (text.get(start..stop)?, text.get(end..stop)?);
    if body.len() < SHORTEST_BODY || is_counted(body) {
        return None;
    }
    let m = measure(body);
    let mixed = m.lower >= 3 && m.upper >= 3 && (m.digits >= 2 || m.length >= SHORTEST_OF_LETTERS);
    let free = stands_free(text, start);
    // Of a short mark, or one that words end with, the body must show the more.
    let is_word = WORDLIKE.contains(&mark)
        || mark.len() < 4 && !(free && m.length >= SHORTEST_OF_LETTERS && m.digits >= 4);
    // A hash or an identifier behind a word is no token, and words are written in one case.
    if !is_random(body)
        || !mixed && (is_word || any_case && !free && !ends_marked(mark))
        || any_case && is_word
    {
        return None;
    }
    let is_one = if any_case { drawn(token, mark.len()) } else { (format.check)(token, mark.len()) };
    is_one.map(|_| stop)
}

fn ends_marked(mark: &str) -> bool {
    mark.ends_with(['-', '_'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::LazyLock;

    static ALTERED: LazyLock<Altered> = LazyLock::new(Altered::new);

    fn found(text: &str, any_case: bool) -> Vec<&'static str> {
        let mut raw = Vec::new();
        ALTERED.scan(text.as_bytes(), any_case, &mut raw);
        raw.iter().map(|one| one.kind.id).collect()
    }

    #[test]
    fn a_token_is_told_whatever_stands_before_it() {
        let github = "ghp_x7Kd2Qx9Lm4Zt8Rv3Bn6Wc5Yp1Hs0GfEujIo";
        for before in ["x", "_", "token", "9", "Z"] {
            assert_eq!(found(&format!("{before}{github}"), false), ["github-token"], "{before}");
        }
        assert_eq!(found("xAKIAQ3EGRIQ7ZYBXW4NV", false), ["aws-access-key-id"]);
        assert_eq!(found("xsk-x7Kd2Qx9Lm4Zt8Rv3Bn6Wc5Yp1Hs0GfE", false), ["openai-style-key"]);
    }

    #[test]
    fn a_token_in_one_case_is_told() {
        let github = "ghp_x7Kd2Qx9Lm4Zt8Rv3Bn6Wc5Yp1Hs0GfEujIo";
        assert_eq!(found(&github.to_uppercase(), true), ["github-token"]);
        assert_eq!(found(&github.to_lowercase(), true), ["github-token"]);
        assert_eq!(found("akiaq3egriq7zybxw4nv", true), ["aws-access-key-id"]);
        assert_eq!(found("SK-X7KD2QX9LM4ZT8RV3BN6WC5YP1HS0GFE", true), ["openai-style-key"]);
        assert_eq!(found(&github.to_uppercase(), false), [""; 0]);
    }

    #[test]
    fn what_ends_as_a_word_or_is_written_by_hand_is_none() {
        for text in [
            "task-0123456789abcdef0123456789abcdef",
            "monkey-9f86d081884c7d659a2feaa0c55ad015",
            "my-api-123e4567-e89b-12d3-a456-426614174000",
            "version_9f86d081884c7d659a2feaa0c55ad0159f86d081",
            "slovakiaq3egriq7zybxw4nv",
            "npm_config_registry_and_other_settings_here",
            "ghp_thisIsTheNameOfAVariableThatGoesOnAndOn",
            "disk-usage-of-the-whole-machine-and-of-others",
        ] {
            assert_eq!((found(text, false), found(text, true)), (vec![], vec![]), "{text}");
        }
    }
}

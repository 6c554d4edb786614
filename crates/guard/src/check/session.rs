//! What is remembered between a request and its answer: which token stands for which value.

use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Hexadecimal digits of a token: 48 bits, so that nobody who does not hold the key can write one.
const DIGITS: usize = 12;
/// Values one session holds at most; more are replaced without a way back.
const MOST: usize = 65_536;

/// One exchange, or one conversation: the key its tokens are derived under, and the values behind them.
///
/// The same value has the same token under one key, so that a conversation sent again with every turn reads the same.
/// Use 32 random bytes per tenant, conversation or exchange.
#[derive(Debug)]
pub struct Session {
    key: [u8; 32],
    values: Mutex<BTreeMap<String, String>>,
}

impl Session {
    /// A session whose tokens are derived under a key.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key, values: Mutex::default() }
    }

    /// The token for a value of a kind: `[EMAIL_ADDRESS_5e884898da28]`.
    pub(crate) fn token(&self, kind: &str, value: &str) -> String {
        let mut digest = Sha256::new_with_prefix(self.key);
        digest.update(kind.as_bytes());
        digest.update([0]);
        digest.update(value.as_bytes());
        let digest = bartizan_core::hex(&digest.finalize());
        let token = format!("[{kind}_{}]", digest.get(..DIGITS).unwrap_or_default());
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        if values.len() < MOST {
            values.entry(token.clone()).or_insert_with(|| value.to_owned());
        }
        token
    }

    /// The values behind the tokens so far.
    pub(crate) fn values(&self) -> BTreeMap<String, String> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Most bytes of the kind in a token.
const LONGEST_KIND: usize = 64;

/// Puts the values back where their tokens stand, as models repeat them: in other case, with escapes of Markdown, without their brackets. A
/// token that is the text of a link leaves it its brackets. Linear: every mark before digits is looked at with as many bytes before it.
pub(crate) fn restored(text: &str, values: &BTreeMap<String, String>) -> String {
    if values.is_empty() || !text.contains('_') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (mark, _) in text.match_indices('_') {
        if let Some((span, value)) = token(text, at, mark, values) {
            out.push_str(text.get(at..span.start).unwrap_or_default());
            out.push_str(value);
            at = span.end;
        }
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// The token whose digits stand behind the underscore at `mark`, and the value that it stands for; it begins at `from` at the earliest.
fn token<'v>(
    text: &str,
    from: usize,
    mark: usize,
    values: &'v BTreeMap<String, String>,
) -> Option<(Range<usize>, &'v str)> {
    let digits_at = mark.saturating_add(1);
    let end = digits_at.saturating_add(DIGITS);
    let digits =
        text.get(digits_at..end).filter(|digits| digits.bytes().all(|one| one.is_ascii_hexdigit()))?;
    let is_of_kind = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'\\');
    if text.as_bytes().get(end).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let head = text.as_bytes().get(from..mark)?;
    let length = head.iter().rev().take(LONGEST_KIND).take_while(|byte| is_of_kind(byte)).count();
    let mut start = mark.saturating_sub(length);
    let kind = text.get(start..mark)?;
    // A backslash before the kind is an escape of what stands before it.
    start = start.saturating_add(kind.bytes().take_while(|byte| *byte == b'\\').count());
    let kind = kind.replace('\\', "");
    let digits = digits.to_ascii_lowercase();
    let value = [kind.to_ascii_uppercase(), kind.to_ascii_lowercase()]
        .iter()
        .find_map(|kind| values.get(&format!("[{kind}_{digits}]")))?;
    let before = text.get(from..start).unwrap_or_default();
    let opening = ["\\[", "["].into_iter().find(|opening| before.ends_with(opening)).map_or(0, str::len);
    let after = text.get(end..).unwrap_or_default();
    let closing = ["\\]", "]"].into_iter().find(|closing| after.starts_with(closing)).map_or(0, str::len);
    let is_link = opening == 1 && closing == 1 && after.starts_with("](");
    Some(if opening == 0 || closing == 0 || is_link {
        (start..end, value)
    } else {
        (start.saturating_sub(opening)..end.saturating_add(closing), value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_one_token_and_comes_back() {
        let session = Session::new([7; 32]);
        let token = session.token("EMAIL_ADDRESS", "jo@example.org");
        assert_eq!(token, session.token("EMAIL_ADDRESS", "jo@example.org"));
        assert_ne!(token, Session::new([8; 32]).token("EMAIL_ADDRESS", "jo@example.org"));
        let answer = format!("[[write to {token}{token}] [x]");
        let values = session.values();
        assert_eq!(restored(&answer, &values), "[[write to jo@example.orgjo@example.org] [x]");
        assert_eq!(restored("[EMAIL_ADDRESS_000000000000] é[", &values), "[EMAIL_ADDRESS_000000000000] é[");
    }

    #[test]
    fn a_value_comes_back_however_its_token_is_repeated() {
        let session = Session::new([7; 32]);
        let token = session.token("EMAIL_ADDRESS", "jo@example.org");
        let secret = session.token("github-token", "ghp_1");
        let values = session.values();
        let core = token.trim_matches(['[', ']']);
        for (said, left) in [
            (token.to_lowercase(), "jo@example.org"),
            (token.to_uppercase(), "jo@example.org"),
            (secret.to_uppercase(), "ghp_1"),
            (core.to_owned(), "jo@example.org"),
            (format!("`{core}`"), "`jo@example.org`"),
            (token.replace('_', "\\_"), "jo@example.org"),
            (format!("\\[{}\\]", core.replace('_', "\\_")), "jo@example.org"),
            (format!("{token}(mailto:{token})"), "[jo@example.org](mailto:jo@example.org)"),
            (format!("[{token}](x)"), "[jo@example.org](x)"),
            (format!("({core})"), "(jo@example.org)"),
            (format!("\"{token}\""), "\"jo@example.org\""),
        ] {
            assert_eq!(restored(&said, &values), left, "{said}");
        }
        for other in [format!("{core}0"), format!("MY_{token}").replace('[', ""), core.replace('_', " ")] {
            assert_eq!(restored(&other, &values), other);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "[\\[\\]a-fA-F0-9_\\\\é]{0,80}") {
            let session = Session::new([7; 32]);
            session.token("EMAIL_ADDRESS", "jo@example.org");
            let _ = restored(&text, &session.values());
        }
    }
}

//! What is remembered between a request and its answer: which token stands for which value.

use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
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

/// Puts the values back where their tokens stand. Linear: a token holds no bracket, so each begins anew.
pub(crate) fn restored(text: &str, values: &BTreeMap<String, String>) -> String {
    if values.is_empty() || !text.contains('[') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        out.push_str(rest.get(..open).unwrap_or_default());
        rest = rest.get(open..).unwrap_or_default();
        let inner = rest.get(1..).unwrap_or_default();
        let end = inner.find(['[', ']']).map_or(rest.len(), |at| at + 1);
        let token = rest.get(..end + 1).filter(|token| token.ends_with(']'));
        if let Some(value) = token.and_then(|token| values.get(token)) {
            out.push_str(value);
            rest = rest.get(end + 1..).unwrap_or_default();
        } else {
            out.push_str(rest.get(..end).unwrap_or_default());
            rest = rest.get(end..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
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
}

//! What to put in the place of a hit: a label, a mask, or a keyed pseudonym.
//!
//! A label and a mask cannot be undone. A pseudonym is HMAC-SHA-256 (RFC 2104) of kind and value under a key: the same value
//! gives the same pseudonym under one key, values cannot be read back, but whoever holds the key can test a guess.

use crate::hit::Hit;
use sha2::{Digest as _, Sha256};

/// How a hit is replaced.
#[derive(Debug, Clone, Copy)]
pub enum Method<'k> {
    /// The kind in brackets: `[EMAIL_ADDRESS]`.
    Label,
    /// Every letter and digit becomes `*`; marks and the last `keep` characters stay. Nothing stays if that would show
    /// more than a quarter of the value.
    Mask {
        /// Characters at the end that stay.
        keep: usize,
    },
    /// A pseudonym of the same shape: digits for digits, letters of the same case for letters, marks kept.
    Pseudonym {
        /// The key, 32 random bytes.
        key: &'k [u8; 32],
    },
}

/// `text` with every hit replaced. Hits must be ordered by start, as a detector gives them; one that overlaps the one
/// before it only extends it.
pub fn redact(text: &str, hits: &[Hit], method: Method<'_>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let mut hits = hits.iter().peekable();
    while let Some(hit) = hits.next() {
        let mut end = hit.end;
        while let Some(next) = hits.peek().filter(|next| next.start < end) {
            end = end.max(next.end);
            hits.next();
        }
        let start = text.floor_char_boundary(hit.start).max(at);
        let end = text.ceil_char_boundary(end).max(start);
        out.push_str(text.get(at..start).unwrap_or_default());
        replace(text.get(start..end).unwrap_or_default(), hit.kind.id, method, &mut out);
        at = end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

fn replace(value: &str, kind: &str, method: Method<'_>, out: &mut String) {
    match method {
        Method::Label => {
            out.push('[');
            out.push_str(kind);
            out.push(']');
        }
        Method::Mask { keep } => {
            let length = value.chars().count();
            let keep = if keep.saturating_mul(4) > length { 0 } else { keep };
            out.extend(value.chars().enumerate().map(|(at, character)| {
                if character.is_alphanumeric() && at + keep < length { '*' } else { character }
            }));
        }
        Method::Pseudonym { key } => {
            let mut stream = Stream::new(key, kind, value);
            out.extend(value.chars().map(|character| match character {
                '0'..='9' => stream.pick(b"0123456789"),
                _ if character.is_uppercase() => stream.pick(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
                _ if character.is_alphabetic() => stream.pick(b"abcdefghijklmnopqrstuvwxyz"),
                _ => character,
            }));
        }
    }
}

/// Bytes derived from key, kind and value: HMAC in counter mode.
struct Stream<'s> {
    key: &'s [u8; 32],
    seed: [u8; 32],
    block: [u8; 32],
    counter: u64,
    used: usize,
}

impl<'s> Stream<'s> {
    fn new(key: &'s [u8; 32], kind: &str, value: &str) -> Self {
        let seed = hmac(key, &[kind.as_bytes(), b"\0", value.as_bytes()]);
        Self { key, seed, block: [0; 32], counter: 0, used: 32 }
    }

    /// A member of an alphabet of at most 26, uniformly: bytes from the uneven rest are thrown away.
    fn pick(&mut self, alphabet: &[u8]) -> char {
        let even = 256 - 256 % alphabet.len().max(1);
        loop {
            let byte = usize::from(self.byte());
            if byte < even
                && let Some(&member) = alphabet.get(byte % alphabet.len().max(1))
            {
                return char::from(member);
            }
        }
    }

    fn byte(&mut self) -> u8 {
        if self.used >= self.block.len() {
            self.block = hmac(self.key, &[&self.seed, &self.counter.to_be_bytes()]);
            self.counter = self.counter.wrapping_add(1);
            self.used = 0;
        }
        let byte = self.block.get(self.used).copied().unwrap_or_default();
        self.used += 1;
        byte
    }
}

/// HMAC-SHA-256 (RFC 2104) with a key of 32 bytes.
fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let pad = |mark: u8| {
        let mut block = [mark; 64];
        block.iter_mut().zip(key).for_each(|(slot, byte)| *slot ^= byte);
        block
    };
    let mut inner = Sha256::new_with_prefix(pad(0x36));
    for part in parts {
        inner.update(part);
    }
    let mut outer = Sha256::new_with_prefix(pad(0x5C));
    outer.update(inner.finalize());
    outer.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Detector, Subjects};

    const TEXT: &str = "Für Zoë: zoe@mail.example.org, 4111 1111 1111 1111.";

    fn with(method: Method<'_>) -> String {
        let mut hits: Vec<Hit> = Vec::new();
        let subjects = Subjects { names: false, ..Subjects::ALL };
        Detector::new(subjects).unwrap().scan(TEXT, &mut hits);
        redact(TEXT, &hits, method)
    }

    #[test]
    fn a_label_names_the_kind_and_keeps_the_rest() {
        assert_eq!(with(Method::Label), "Für Zoë: [EMAIL_ADDRESS], [CREDIT_CARD].");
    }

    #[test]
    fn a_mask_keeps_the_shape_and_the_end() {
        assert_eq!(with(Method::Mask { keep: 4 }), "Für Zoë: ***@****.*******.org, **** **** **** 1111.");
    }

    #[test]
    fn a_pseudonym_is_the_same_under_one_key_and_another_under_another() {
        let (one, other) =
            (with(Method::Pseudonym { key: &[1; 32] }), with(Method::Pseudonym { key: &[2; 32] }));
        assert_eq!(one, with(Method::Pseudonym { key: &[1; 32] }));
        assert_ne!(one, other);
        assert!(!one.contains("4111") && one.chars().count() == TEXT.chars().count());
    }

    #[test]
    fn hmac_has_the_value_of_rfc_4231_style_keys_padded_to_32_bytes() {
        // RFC 4231 test case 2 has the key "Jefe"; zero padding leaves an HMAC key unchanged.
        let mut key = [0; 32];
        key.iter_mut().zip(b"Jefe").for_each(|(slot, byte)| *slot = *byte);
        let digest = hmac(&key, &[b"what do ya want for nothing?"]);
        assert_eq!(
            bartizan_core::hex(&digest),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}

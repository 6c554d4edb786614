//! Signatures of model-signing 0.2, which signed another text than DSSE says.
//!
//! Its encoding put the payload into a Python format string, so what was signed is `DSSEV1 …` followed by how Python 3 shows the
//! payload's bytes: `b'{\n …}'`, and always under SHA-256, whatever the curve. Only statements of that release's own type are
//! tried this way.

use crate::keys::{KeyAlgorithm, PublicKey};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P521_SHA256_ASN1, ParsedPublicKey,
    VerificationAlgorithm,
};
use std::fmt::Write as _;

/// Whether `signature` is by `key` over the text that release 0.2 signed.
pub(super) fn verifies(key: &PublicKey, payload_type: &str, payload: &[u8], signature: &[u8]) -> bool {
    let scheme: &'static dyn VerificationAlgorithm = match key.algorithm() {
        KeyAlgorithm::EcdsaP256 => &ECDSA_P256_SHA256_ASN1,
        KeyAlgorithm::EcdsaP384 => &ECDSA_P384_SHA256_ASN1,
        KeyAlgorithm::EcdsaP521 => &ECDSA_P521_SHA256_ASN1,
        _ => return false,
    };
    let text = encoding(payload_type, payload);
    ParsedPublicKey::new(scheme, key.spki())
        .is_ok_and(|key| key.verify_sig(text.as_bytes(), signature).is_ok())
}

fn encoding(payload_type: &str, payload: &[u8]) -> String {
    let shown = python_bytes(payload);
    format!("DSSEV1 {} {payload_type} {} {shown}", payload_type.len(), payload.len())
}

/// Bytes as Python's `repr` shows them (`Objects/bytesobject.c`, `PyBytes_Repr`).
fn python_bytes(bytes: &[u8]) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 8 + 3);
    text.push('b');
    text.push(quote);
    for byte in bytes {
        match byte {
            b'\\' => text.push_str("\\\\"),
            b'\t' => text.push_str("\\t"),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            0x20..=0x7e => {
                let character = char::from(*byte);
                if character == quote {
                    text.push('\\');
                }
                text.push(character);
            }
            _ => {
                // Writing to a string cannot fail.
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
    }
    text.push(quote);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_as_python_shows_them() {
        // Each right-hand side is what `python3 -c 'print(repr(...))'` prints.
        assert_eq!(python_bytes(b"{\n \"a\": 1}"), r#"b'{\n "a": 1}'"#);
        assert_eq!(python_bytes(b"it's"), r#"b"it's""#);
        assert_eq!(python_bytes(b"it's \"q\""), r#"b'it\'s "q"'"#);
        assert_eq!(python_bytes(b"\\\t\r\x00\x7f\xff"), r"b'\\\t\r\x00\x7f\xff'");
    }
}

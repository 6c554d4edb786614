//! Checks that a token carries within itself: checksums, headers, mixtures of characters.

use super::format::drawn;
use crate::bytes::{BASE64_URL, UPPER};
use crate::checksum::crc32_base62;
use crate::randomness::measure;

/// An access key id of AWS: Base32 behind the prefix, not one of the documentation's.
pub(super) fn aws_access_key(token: &[u8], fixed: usize) -> Option<(Option<f32>, &'static str)> {
    (token.len() == 20).then_some(())?;
    drawn(token, fixed)?;
    let body = token.get(4..)?;
    let base32 = body.iter().all(|&byte| UPPER.has(byte) || (b'2'..=b'7').contains(&byte));
    Some((base32.then_some(0.95), "the issuer's format"))
}

/// Tokens whose last six characters are a CRC-32 in Base62; a wrong one lowers the score and no more, since older tokens
/// carry none.
pub(super) fn crc_base62(token: &[u8], fixed: usize) -> Option<(Option<f32>, &'static str)> {
    drawn(token, fixed)?;
    let (body, check) = token.split_at_checked(token.len().checked_sub(6)?)?;
    if crc32_base62(body.get(fixed..)?, check) {
        return Some((Some(0.99), "the issuer's format and its checksum"));
    }
    Some((Some(0.85), "the issuer's format; checksum not confirmed"))
}

/// Tokens that mix digits and letters: for formats whose fixed part is short.
pub(super) fn mixed(token: &[u8], fixed: usize) -> Option<(Option<f32>, &'static str)> {
    let body = token.get(fixed..)?;
    let measured = measure(body);
    (measured.digits >= 2 && measured.lower + measured.upper >= 3 && measured.entropy >= 3.2).then_some(())?;
    drawn(token, fixed)
}

/// A key of Anthropic ends in `AA`: the last bits of its Base64 are padding.
pub(super) fn anthropic(token: &[u8], fixed: usize) -> Option<(Option<f32>, &'static str)> {
    token.ends_with(b"AA").then(|| drawn(token, fixed)).flatten()
}

/// A JSON Web Token (RFC 7519): three Base64 parts, the first an object with `alg`.
pub(super) fn json_web_token(text: &[u8], start: usize) -> Option<usize> {
    let tail = text.get(start..)?;
    let header = BASE64_URL.run(tail, 2048);
    let decoded = base64_text(tail.get(..header)?)?;
    decoded.starts_with(b"{").then_some(())?;
    let named = |name: &[u8]| decoded.windows(name.len()).any(|window| window == name);
    // The one member that every header has (RFC 7515 and 7516, section 4.1.1).
    named(b"\"alg\"").then_some(())?;
    let mut at = header;
    for _ in 0..2 {
        (tail.get(at) == Some(&b'.')).then_some(())?;
        let run = BASE64_URL.run(tail.get(at + 1..)?, 8192);
        at += 1 + run;
    }
    (at > header + 12).then(|| start + at)
}

/// Decodes URL-safe or ordinary Base64 without padding, as far as whole bytes go.
pub(super) fn base64_text(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut held) = (0_u32, 0_u32);
    for &byte in text.iter().take_while(|&&byte| byte != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    Some(bytes)
}

//! Base64 as CPython's `binascii.a2b_base64` reads it: characters outside the alphabet are skipped, and what follows
//! the padding is not read.
//!
//! Source: RFC 4648; CPython `Modules/binascii.c`, non-strict mode.

/// The bytes that `text` stands for; `None` when it ends inside a byte or holds none.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len().div_ceil(4).saturating_mul(3));
    let mut bits = 0u32;
    let mut held = 0u32;
    let mut padding = 0u32;
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte.wrapping_sub(b'A'),
            b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                padding = padding.saturating_add(1);
                if held >= 2 && held.saturating_add(padding) >= 4 {
                    return (!bytes.is_empty()).then_some(bytes);
                }
                continue;
            }
            _ => continue,
        };
        padding = 0;
        bits = (bits << 6) | u32::from(value);
        match held {
            0 => held = 1,
            1 => {
                bytes.push((bits >> 4) as u8);
                held = 2;
            }
            2 => {
                bytes.push((bits >> 2) as u8);
                held = 3;
            }
            _ => {
                bytes.push(bits as u8);
                held = 0;
            }
        }
    }
    (held == 0 && !bytes.is_empty()).then_some(bytes)
}

/// Whether `text` is base64 and nothing else but line breaks.
pub fn is_base64(text: &str) -> bool {
    let data = text.trim_end().trim_end_matches('=');
    !data.is_empty()
        && data
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'\n' | b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_and_foreign_characters_are_skipped() {
        assert_eq!(decode("aGVs\nbG8-=\n").as_deref(), Some(b"hello".as_slice()));
        assert_eq!(decode("aGVsbA==trailing").as_deref(), Some(b"hell".as_slice()));
    }

    #[test]
    fn a_text_that_ends_inside_a_byte_is_refused() {
        assert_eq!(decode("aGVsbA"), None);
        assert_eq!(decode(""), None);
    }
}

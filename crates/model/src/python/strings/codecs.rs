//! The text and byte codecs that folding and the search for nested payloads undo: bounded, total, pure.
//!
//! Source: CPython's `codecs`, `base64` and `binascii` modules.

use super::{Folded, MOST_BYTES};
use crate::pickle::lines::{hex_digit, string_line, unicode_line};
use std::io::Read;

/// `codecs.decode(given, codec)`.
pub(crate) fn decode(given: &Folded, codec: &str) -> Option<Folded> {
    let codec = normal(codec);
    let bytes: &[u8] = match given {
        Folded::Text(text) => text.as_bytes(),
        Folded::Bytes(bytes) => bytes,
    };
    Some(match codec.as_str() {
        "utf8" | "u8" | "utf" | "ascii" | "usascii" => Folded::Text(String::from_utf8(bytes.to_vec()).ok()?),
        "utf8sig" => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            Folded::Text(String::from_utf8(bytes.to_vec()).ok()?)
        }
        "latin1" | "iso88591" | "latin" | "l1" | "cp1252" => {
            Folded::Text(bytes.iter().map(|&byte| char::from(byte)).collect())
        }
        "utf16" | "utf16le" => {
            let bytes = bytes.strip_prefix(b"\xff\xfe").unwrap_or(bytes);
            let (pairs, _) = bytes.as_chunks::<2>();
            let units: Vec<u16> = pairs.iter().map(|&pair| u16::from_le_bytes(pair)).collect();
            Folded::Text(String::from_utf16(&units).ok()?)
        }
        "utf16be" => {
            let (pairs, _) = bytes.as_chunks::<2>();
            let units: Vec<u16> = pairs.iter().map(|&pair| u16::from_be_bytes(pair)).collect();
            Folded::Text(String::from_utf16(&units).ok()?)
        }
        "unicodeescape" | "rawunicodeescape" | "stringescape" => {
            let quoted: Vec<u8> = [b"'".as_slice(), bytes, b"'".as_slice()].concat();
            let plain = string_line(&quoted)?;
            Folded::Text(unicode_line(&plain)?)
        }
        "rot13" => Folded::Text(rot13(std::str::from_utf8(bytes).ok()?)),
        "hex" | "hexcodec" => Folded::Bytes(hex(bytes)?),
        "base64" | "base64codec" => Folded::Bytes(base64(bytes)?),
        "base32" => Folded::Bytes(base32(bytes)?),
        "base85" => Folded::Bytes(base85(bytes)?),
        "zlib" | "zip" | "zlibcodec" => Folded::Bytes(inflate(bytes, Wrapper::Zlib, MOST_BYTES)?),
        "gzip" => Folded::Bytes(inflate(bytes, Wrapper::Gzip, MOST_BYTES)?),
        "bz2" | "bz2codec" => {
            let mut text = Vec::new();
            let decoder = bzip2::read::BzDecoder::new(bytes);
            decoder.take(MOST_BYTES as u64).read_to_end(&mut text).ok()?;
            Folded::Bytes(text)
        }
        "reverse" => Folded::Bytes(bytes.iter().rev().copied().collect()),
        _ => return None,
    })
}

/// `codecs.encode(given, codec)`.
pub(crate) fn encode(given: &Folded, codec: &str) -> Option<Folded> {
    let codec = normal(codec);
    Some(match (codec.as_str(), given) {
        ("rot13", Folded::Text(text)) => Folded::Text(rot13(text)),
        ("utf8" | "utf" | "u8" | "ascii" | "usascii", Folded::Text(text)) => {
            Folded::Bytes(text.as_bytes().to_vec())
        }
        ("latin1" | "iso88591" | "latin" | "l1", Folded::Text(text)) => {
            let bytes: Option<Vec<u8>> = text.chars().map(|one| u8::try_from(u32::from(one)).ok()).collect();
            Folded::Bytes(bytes?)
        }
        ("hex" | "hexcodec", Folded::Bytes(bytes)) => Folded::Bytes(bartizan_core::hex(bytes).into_bytes()),
        _ => return None,
    })
}

/// The codec that the decoding function at `path` undoes.
pub(crate) fn by_function(path: &str) -> Option<&'static str> {
    Some(match path {
        "base64.b64decode"
        | "base64.standard_b64decode"
        | "base64.urlsafe_b64decode"
        | "base64.decodebytes"
        | "base64.decodestring"
        | "binascii.a2b_base64" => "base64",
        "base64.b16decode"
        | "binascii.unhexlify"
        | "binascii.a2b_hex"
        | "builtins.bytes.fromhex"
        | "builtins.bytearray.fromhex" => "hex",
        "base64.b32decode" => "base32",
        "base64.b85decode" => "base85",
        "zlib.decompress" => "zlib",
        "gzip.decompress" => "gzip",
        "bz2.decompress" => "bz2",
        "codecs.utf_8_decode" => "utf-8",
        "codecs.latin_1_decode" => "latin-1",
        "codecs.escape_decode" => "string_escape",
        _ => return None,
    })
}

fn normal(codec: &str) -> String {
    codec.chars().filter(char::is_ascii_alphanumeric).map(|one| one.to_ascii_lowercase()).collect()
}

fn rot13(text: &str) -> String {
    text.chars()
        .map(|one| {
            let base = match one {
                'a'..='z' => b'a',
                'A'..='Z' => b'A',
                _ => return one,
            };
            let place = (one as u8).wrapping_sub(base).wrapping_add(13) % 26;
            char::from(base.wrapping_add(place))
        })
        .collect()
}

/// Hexadecimal digits, white space between pairs allowed.
pub(crate) fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|&byte| hex_digit(byte))
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|&[high, low]| (high << 4) | low).collect())
}

/// Base64 in the standard or URL-safe alphabet; white space is skipped, padding may lack.
pub(crate) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut held) = (0u32, 0u32);
    for &byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte.wrapping_sub(b'A'),
            b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ if byte.is_ascii_whitespace() => continue,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        held = held.wrapping_add(6);
        if held >= 8 {
            held = held.wrapping_sub(8);
            bytes.push((bits >> held) as u8);
            bits &= (1u32 << held).wrapping_sub(1);
        }
    }
    Some(bytes)
}

fn base32(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0u32, 0u32);
    for &byte in text {
        let value = match byte.to_ascii_uppercase() {
            letter @ b'A'..=b'Z' => letter.wrapping_sub(b'A'),
            digit @ b'2'..=b'7' => digit.wrapping_sub(b'2').wrapping_add(26),
            b'=' => break,
            _ => return None,
        };
        bits = (bits << 5) | u32::from(value);
        held = held.wrapping_add(5);
        if held >= 8 {
            held = held.wrapping_sub(8);
            bytes.push((bits >> held) as u8);
            bits &= (1u32 << held).wrapping_sub(1);
        }
    }
    Some(bytes)
}

/// Base85 in the alphabet of Git and Python's `b85encode`.
fn base85(text: &[u8]) -> Option<Vec<u8>> {
    const ALPHABET: &[u8; 85] =
        b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
    let mut bytes = Vec::new();
    for group in text.chunks(5) {
        let mut value = 0u64;
        for place in 0..5 {
            let digit = match group.get(place) {
                Some(byte) => memchr::memchr(*byte, ALPHABET)?,
                None => 84,
            };
            value = value.wrapping_mul(85).wrapping_add(digit as u64);
        }
        let full = u32::try_from(value).ok()?.to_be_bytes();
        bytes.extend(full.iter().take(group.len().saturating_sub(1)));
    }
    Some(bytes)
}

/// How a DEFLATE stream is wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrapper {
    /// RFC 1950.
    Zlib,
    /// RFC 1952.
    Gzip,
}

/// Up to `limit` decompressed bytes; what came out before an error counts.
pub(crate) fn inflate(bytes: &[u8], wrapper: Wrapper, limit: usize) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    let limit = limit as u64;
    // A stream cut short still gives its beginning, which is what counts here.
    let _ = match wrapper {
        Wrapper::Zlib => flate2::read::ZlibDecoder::new(bytes).take(limit).read_to_end(&mut text),
        Wrapper::Gzip => flate2::read::MultiGzDecoder::new(bytes).take(limit).read_to_end(&mut text),
    };
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_codecs_agree_with_python() {
        let decode = |given: &[u8], codec| match decode(&Folded::Bytes(given.to_vec()), codec) {
            Some(Folded::Text(text)) => text,
            Some(Folded::Bytes(bytes)) => String::from_utf8(bytes).unwrap(),
            None => String::from("fails"),
        };
        assert_eq!(decode(b"b3Muc3lzdGVt", "base64"), "os.system");
        assert_eq!(decode(b"6f732e", "hex_codec"), "os.");
        assert_eq!(decode(b"bf.flfgrz", "rot-13"), "os.system");
        assert_eq!(decode(b"N5ZQ====", "base32"), "os");
        assert_eq!(decode(b"Z*u", "base85"), "os");
        assert_eq!(decode(br"\x6fs", "unicode_escape"), "os");
        assert_eq!(decode(b"o\0s\0", "utf-16-le"), "os");
        assert_eq!(decode(b"!", "base64"), "fails");
    }

    proptest! {
        #[test]
        fn any_bytes_decode_or_fail(bytes: Vec<u8>, index in 0usize..14) {
            let codecs = ["utf-8", "latin-1", "utf-16", "utf-16-be", "unicode_escape", "rot13", "hex", "base64",
                "base32", "base85", "zlib", "gzip", "bz2", "utf-8-sig"];
            let _ = decode(&Folded::Bytes(bytes), codecs[index]);
        }
    }
}

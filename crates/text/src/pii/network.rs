//! Addresses: mail (RFC 5321), URLs (RFC 3986), IPv4 and IPv6 (RFC 4291), MAC (IEEE 802), wallets (BIP 13, 173, EIP-55).

use crate::bytes::{self, ALNUM, ALPHA, HEX, HOST, Set, WORD, span};
use crate::checksum::{base58check, bech32};
use crate::hit::{Class, Kind, Raw};

const fn kind(id: &'static str, name: &'static str) -> Kind {
    Kind { id, name, class: Class::Pattern }
}

static MAIL: Kind = kind("EMAIL_ADDRESS", "a mail address");
static URL: Kind = kind("URL", "a web address");
static DOMAIN: Kind = kind("DOMAIN_NAME", "a web address that names a host and no more");
static IP: Kind = kind("IP_ADDRESS", "an IP address");
static MAC: Kind = kind("MAC_ADDRESS", "a hardware address");
static WALLET: Kind = kind("CRYPTO", "a wallet address");

/// The mail address around the `@` at `at`.
pub(super) fn mail(text: &[u8], at: usize) -> Option<Raw> {
    const LOCAL: Set = ALNUM.and(Set::of(b".!#$%&'*+/=?^_`{|}~-"));
    let mut start = at;
    while at - start < 65 {
        match bytes::before(text, start) {
            Some(byte) if LOCAL.has(byte) => start -= 1,
            Some(_) if start >= 2 && is_latin(span(text, start - 2, start)) => start -= 2,
            _ => break,
        }
    }
    while start < at
        && bytes::at(text, start).is_some_and(|byte| byte.is_ascii() && !ALNUM.has(byte) && byte != b'_')
    {
        start += 1;
    }
    let tail = span(text, at + 1, at + 255);
    let mut length = HOST.run(tail, 253);
    while is_latin(span(tail, length, length + 2)) {
        length += 2;
        length += HOST.run(span(tail, length, tail.len()), 253);
    }
    while length > 0 && tail.get(length - 1).is_some_and(|&byte| byte.is_ascii() && !ALNUM.has(byte)) {
        length -= 1;
    }
    let domain = tail.get(..length)?;
    let last = domain.rsplit(|&byte| byte == b'.').next()?;
    let valid = start < at
        && domain.contains(&b'.')
        && (2..=24).contains(&last.len())
        && last.iter().all(|&byte| ALPHA.has(byte))
        && domain
            .split(|&byte| byte == b'.')
            .all(|label| !label.is_empty() && !label.starts_with(b"-") && !label.contains(&b'_'));
    valid.then(|| Raw::new(&MAIL, start, at + 1 + length, 0.95, "the grammar of mail addresses"))
}

/// Whether two bytes are a letter of Latin with a mark, or another of the blocks behind ASCII (U+00C0 to U+024F), which names and hosts may
/// hold since RFC 6531. Letters of scripts that are written without blanks would join what stands before an address to it.
fn is_latin(bytes: &[u8]) -> bool {
    match bytes {
        // The signs of multiplication and division are none.
        [0xc3, 0x97 | 0xb7] => false,
        [0xc3..=0xc8, 0x80..=0xbf] | [0xc9, 0x80..=0x8f] => true,
        _ => false,
    }
}

/// What a colon at `at` belongs to: a web address, an IPv6 or a hardware address.
pub(super) fn address(text: &[u8], at: usize) -> Option<Raw> {
    const MEMBERS: Set = HEX.and(Set::of(b":."));
    if span(text, at, at + 3) == b"://" {
        let scheme = span(text, at.saturating_sub(5), at);
        let name = [&b"https"[..], b"http", b"ftp"]
            .into_iter()
            .find(|name| scheme.to_ascii_lowercase().ends_with(name))?;
        let tail = span(text, at + 3, at + 2051);
        let mut length = tail
            .iter()
            .position(|byte| byte.is_ascii_whitespace() || b"\"'<>`{}|\\^".contains(byte))
            .unwrap_or(tail.len());
        while length > 0 && tail.get(length - 1).is_some_and(|byte| b".,;:!?)]".contains(byte)) {
            length -= 1;
        }
        let kind = if is_bare(span(text, at + 3, at + 3 + length)) { &DOMAIN } else { &URL };
        return (length >= 3)
            .then(|| Raw::new(kind, at - name.len(), at + 3 + length, 0.6, "the grammar of web addresses"));
    }
    let head = text.get(at.saturating_sub(5)..at)?.iter().rev().take_while(|&&byte| HEX.has(byte)).count();
    let start = at - head;
    if bytes::before(text, start).is_some_and(|byte| WORD.has(byte) || byte == b':') {
        return None;
    }
    let length = MEMBERS.run(text.get(start..)?, 46);
    let value = std::str::from_utf8(span(text, start, start + length)).ok()?.trim_end_matches(['.', ':']);
    let end = start + value.len();
    if bytes::at(text, end).is_some_and(|next| WORD.has(next)) {
        return None;
    }
    if value.len() == 17 && value.split(':').count() == 6 && value.split(':').all(|part| part.len() == 2) {
        // All ones and all zeros name no device.
        if !value.bytes().any(|byte| !b"fF:".contains(&byte))
            || !value.bytes().any(|byte| !b"0:".contains(&byte))
        {
            return None;
        }
        return Some(Raw::new(&MAC, start, end, 0.8, "six octets"));
    }
    (value.parse::<std::net::Ipv6Addr>().is_ok() && value.len() >= 4)
        .then(|| Raw::new(&IP, start, end, 0.8, "IPv6 text form"))
}

/// Whether an address behind its scheme is a host and no more.
fn is_bare(rest: &[u8]) -> bool {
    let host = rest.strip_suffix(b"/").unwrap_or(rest);
    let last = host.rsplit(|&byte| byte == b'.').next().unwrap_or_default();
    host.contains(&b'.')
        && host.iter().all(|&byte| HOST.has(byte))
        && last.iter().all(|&byte| ALPHA.has(byte))
}

/// An IPv4 address that begins at `start`.
pub(super) fn dotted(text: &[u8], start: usize) -> Option<Raw> {
    const MEMBERS: Set = crate::bytes::DIGITS.and(Set::of(b"."));
    let length = MEMBERS.run(text.get(start..)?, 16);
    let value = std::str::from_utf8(span(text, start, start + length)).ok()?.trim_end_matches('.');
    let end = start + value.len();
    let free =
        !bytes::at(text, end).is_some_and(|next| WORD.has(next)) && bytes::before(text, start) != Some(b'.');
    (free && value.parse::<std::net::Ipv4Addr>().is_ok())
        .then(|| Raw::new(&IP, start, end, 0.9, "IPv4 text form"))
}

/// A hardware address written with hyphens or in groups of four, that begins at `start`.
pub(super) fn hyphened(text: &[u8], start: usize) -> Option<Raw> {
    if bytes::before(text, start).is_some_and(|byte| WORD.has(byte) || byte == b'-') {
        return None;
    }
    let hyphens = span(text, start, start + 17);
    let dots = span(text, start, start + 14);
    let six = hyphens.len() == 17
        && hyphens
            .iter()
            .enumerate()
            .all(|(at, &byte)| if at % 3 == 2 { byte == b'-' } else { HEX.has(byte) });
    let three = dots.len() == 14
        && dots.iter().enumerate().all(|(at, &byte)| if at % 5 == 4 { byte == b'.' } else { HEX.has(byte) });
    let length = if six {
        17
    } else if three {
        14
    } else {
        return None;
    };
    let free = !bytes::at(text, start + length).is_some_and(|next| WORD.has(next) || next == b'-');
    free.then(|| Raw::new(&MAC, start, start + length, 0.8, "six octets"))
}

/// A wallet address that is the word at `start..end`.
pub(super) fn wallet(text: &[u8], start: usize, end: usize) -> Option<Raw> {
    if end - start > 90 || bytes::before(text, start).is_some_and(|byte| WORD.has(byte)) {
        return None;
    }
    let word = span(text, start, end);
    let lower = word.to_ascii_lowercase();
    let why = if lower.starts_with(b"bc1") && bech32(word) {
        "Bech32 checksum"
    } else if matches!(word.first(), Some(b'1' | b'3' | b'L' | b'M' | b'D' | b'T' | b'r' | b'X'))
        && base58check(word).is_some()
    {
        "Base58Check checksum"
    } else if lower.starts_with(b"0x") && word.len() == 42 && word.iter().skip(2).all(|&byte| HEX.has(byte)) {
        "the form of an Ethereum address"
    } else {
        return None;
    };
    Some(Raw::new(&WALLET, start, end, 0.9, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_address_is_bounded_and_a_handle_is_none() {
        let text = b"write to <jo.doe+x@mail.example.org>.";
        let raw = mail(text, 18).expect("an address");
        assert_eq!(text.get(raw.start..raw.end), Some(&b"jo.doe+x@mail.example.org"[..]));
        assert!(mail(b"@handle", 0).is_none());
    }

    #[test]
    fn letters_with_marks_belong_to_an_address_and_those_of_other_scripts_do_not() {
        let found = |text: &'static str| {
            let at = text.bytes().position(|byte| byte == b'@').expect("an at sign");
            mail(text.as_bytes(), at).and_then(|raw| text.get(raw.start..raw.end))
        };
        assert_eq!(found("an jürgen.øby@müller-bäcker.de,"), Some("jürgen.øby@müller-bäcker.de"));
        assert_eq!(found("请联系zhang@mail.example.com谢谢"), Some("zhang@mail.example.com"));
        assert_eq!(found("3×a@b.example.org"), Some("a@b.example.org"));
        assert_eq!(found("é@ü"), None);
    }
}

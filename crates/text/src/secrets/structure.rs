//! Credentials told by the structure around them: private keys, JSON Web Tokens, addresses with a password, password
//! hashes, HTTP authorisation.

use super::format::stands_free;
use super::proof::json_web_token;
use crate::bytes::{ALNUM, BASE64, BASE64_URL, HEX, Set, span};
use crate::hit::{Class, Kind, Raw};
use crate::randomness::{is_placeholder, is_random, is_reference, measure};

const fn kind(id: &'static str, name: &'static str) -> Kind {
    Kind { id, name, class: Class::Secret }
}

static PRIVATE_KEY: Kind = kind("private-key", "a private key");
static ENCODED_PRIVATE_KEY: Kind = kind("encoded-private-key", "a private key in Base64");
static WEB_TOKEN: Kind = kind("json-web-token", "a JSON Web Token");
static ADDRESS: Kind = kind("address-with-password", "an address with user name and password");
static HASH: Kind = kind("password-hash", "a password hash");
static AUTHORIZATION: Kind = kind("http-authorization", "an HTTP authorisation header");

/// Texts that begin a structure, each with what reads it.
pub(super) static STARTS: &[(&str, Read)] = &[
    ("-----BEGIN ", private_key),
    ("LS0tLS1CRUdJTi", encoded_key),
    ("eyJ", web_token),
    ("://", address),
    ("$2a$", hash),
    ("$2b$", hash),
    ("$2y$", hash),
    ("$1$", hash),
    ("$5$", hash),
    ("$6$", hash),
    ("$8$", hash),
    ("$9$", hash),
    ("$y$", hash),
    ("$apr1$", hash),
    ("$argon2", hash),
    ("$krb5", hash),
    ("$pbkdf2", hash),
    ("Bearer ", authorization),
    ("Basic ", authorization),
    ("Authorization: ", authorization),
    ("Token token=", authorization),
];

/// Reads a structure that begins at `start..end`.
pub(super) type Read = fn(&[u8], usize, usize) -> Option<Raw>;

fn private_key(text: &[u8], start: usize, end: usize) -> Option<Raw> {
    let head = span(text, end, end + 48);
    let named = head.windows(11).position(|window| window == b"PRIVATE KEY")?;
    let body_at = end + named + 11;
    let body = span(text, body_at, body_at + 4096);
    let key = body.iter().filter(|&&byte| BASE64.has(byte)).take(64).count();
    let close = body.windows(9).position(|window| window == b"-----END ").map_or(body.len(), |at| at + 9);
    let sample: Vec<u8> =
        body.get(..close)?.iter().copied().filter(|&byte| ALNUM.has(byte)).take(120).collect();
    (key >= 40 && measure(&sample).distinct >= 12 && close >= 48)
        .then(|| Raw::new(&PRIVATE_KEY, start, body_at + close, 0.98, "the armour of a key (RFC 7468)"))
}

fn encoded_key(text: &[u8], start: usize, end: usize) -> Option<Raw> {
    let run = BASE64.run(text.get(end..)?, 1 << 16);
    let decoded = super::proof::base64_text(span(text, start, end + run.min(80)))?;
    decoded.windows(11).any(|window| window == b"PRIVATE KEY").then_some(())?;
    Some(Raw::new(&ENCODED_PRIVATE_KEY, start, end + run, 0.95, "decodes to the armour of a key"))
}

fn web_token(text: &[u8], start: usize, _: usize) -> Option<Raw> {
    stands_free(text, start).then_some(())?;
    let end = json_web_token(text, start)?;
    Some(Raw::new(&WEB_TOKEN, start, end, 0.9, "three parts, the first a header with an algorithm"))
}

/// `scheme://user:password@host`.
fn address(text: &[u8], start: usize, end: usize) -> Option<Raw> {
    const STOP: &[u8] = b" \t\r\n\"'<>`\\/?#";
    let scheme = text
        .get(start.saturating_sub(16)..start)?
        .iter()
        .rev()
        .take_while(|&&byte| ALNUM.has(byte) || b"+-.".contains(&byte))
        .count();
    (scheme >= 2).then_some(())?;
    let tail = span(text, end, end + 300);
    let stop = tail.iter().position(|byte| STOP.contains(byte)).unwrap_or(tail.len());
    let at = tail.get(..stop)?.iter().rposition(|&byte| byte == b'@')?;
    let login = tail.get(..at)?;
    let colon = login.iter().position(|&byte| byte == b':')?;
    let password = login.get(colon + 1..)?;
    let host = tail.get(at + 1..stop)?;
    let word = password.iter().all(u8::is_ascii_lowercase);
    if password.len() < 3
        || host.is_empty()
        || is_reference(password)
        || password.first().is_some_and(|first| b"$%{<[".contains(first))
        || password.iter().all(|byte| b"*.xX#".contains(byte))
    {
        return None;
    }
    let score = if word { 0.5 } else { 0.8 };
    Some(Raw::new(
        &ADDRESS,
        start.saturating_sub(scheme),
        end + stop,
        score,
        "user name and password in an address",
    ))
}

fn hash(text: &[u8], start: usize, end: usize) -> Option<Raw> {
    const MEMBERS: Set = ALNUM.and(Set::of(b"./$=,+-_*@:"));
    let run = MEMBERS.run(text.get(end..)?, 4096);
    let body = span(text, end, end + run);
    let tail = body.rsplit(|&byte| byte == b'$').next()?;
    let measured = measure(tail);
    (run >= 26 && tail.len() >= 16 && measured.distinct >= 8)
        .then(|| Raw::new(&HASH, start, end + run, 0.8, "the modular crypt format"))
}

fn authorization(text: &[u8], start: usize, end: usize) -> Option<Raw> {
    const MEMBERS: Set = BASE64_URL.and(Set::of(b"+/=.~:"));
    stands_free(text, start).then_some(())?;
    let mut at = end;
    for word in ["Bearer ", "Basic ", "Api-Token ", "Token ", "token=", "\"", "'"] {
        if span(text, at, at + word.len()).eq_ignore_ascii_case(word.as_bytes()) {
            at += word.len();
        }
    }
    let run = MEMBERS.run(text.get(at..)?, 4096);
    let value = span(text, at, at + run);
    if let Some(stripped) = span(text, start, end).strip_prefix(b"Basic")
        && !stripped.is_empty()
    {
        let decoded = super::proof::base64_text(value)?;
        let printable = decoded.len() >= 6 && decoded.iter().all(|byte| (32..127).contains(byte));
        (printable && decoded.contains(&b':')).then_some(())?;
        return Some(Raw::new(&AUTHORIZATION, at, at + run, 0.85, "decodes to user name and password"));
    }
    let hex = value.len() >= 16 && value.iter().all(|&byte| HEX.has(byte));
    (value.len() >= 16 && (is_random(value) || (hex && !is_placeholder(value))))
        .then(|| Raw::new(&AUTHORIZATION, at, at + run, 0.75, "a drawn value in an authorisation header"))
}

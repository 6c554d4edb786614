//! Values assigned to names that speak of credentials, and drawn values beside the name of a service.
//!
//! The name decides how much the value must show: behind `password` a short value with digits or marks is enough, behind
//! `key` or the name of a service it must look drawn at random. Values that are references, calls, paths, words or
//! stand-ins are left alone.

use crate::bytes::{self, ALPHA, BASE64_URL, Set, WORD, holds_ignoring_case, span};
use crate::hit::{Class, Kind, Raw};
use crate::randomness::{is_placeholder, is_random, is_reference, is_stand_in, is_uuid, measure};

static PASSWORD: Kind = Kind { id: "assigned-password", name: "a password", class: Class::Secret };
static SECRET: Kind =
    Kind { id: "assigned-secret", name: "a secret assigned to a name that says so", class: Class::Secret };
static SERVICE: Kind =
    Kind { id: "service-key", name: "a key beside the name of its service", class: Class::Secret };

/// Words of names behind which a password stands.
pub(super) const PASSWORD_WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passwort",
    "pwd",
    "pword",
    "mot_de_passe",
    "contrasena",
    "-AsPlainText",
    "_pass",
];

/// Words of names behind which a drawn value stands.
pub(super) const SECRET_WORDS: &[&str] = &[
    "secret",
    "token",
    "api_key",
    "apikey",
    "api-key",
    "api key",
    "access_key",
    "accesskey",
    "access key",
    "access-key",
    "private_key",
    "privatekey",
    "auth",
    "credential",
    "client_id",
    "clientid",
    "client-id",
    "signature",
    "_key",
    "-key",
    ".key",
    "key",
    "bearer",
    "license",
    "session",
    "webhook",
    "salt",
    "cookie",
    "crumb",
    "account",
    "appid",
    "app_id",
    "pat",
];

/// How far behind a service's name its key may stand, in bytes.
const REACH: usize = 120;

/// What a value behind the word at `start..end` gives. `password` tells which kind of word it is.
pub(super) fn assigned(text: &[u8], start: usize, end: usize, password: bool) -> Option<Raw> {
    const NAME: Set = WORD.and(Set::of(b"-."));
    let name_end = end + NAME.run(text.get(end..)?, 40);
    // "keyboard", "tokenize", "authors": the word goes on in small letters.
    let continues = bytes::at(text, end).is_some_and(|next| next.is_ascii_lowercase() && next != b's');
    if continues && !password {
        return None;
    }
    if !password && names_a_reference(text, start, name_end) {
        return None;
    }
    let (at, loose) = operator(text, name_end)?;
    let (from, to, quoted) = value(text, at)?;
    let value = span(text, from, to);
    if is_call(text, to) || is_reference(value) || value.iter().all(|byte| b"*.xX#".contains(byte)) {
        return None;
    }
    let stands_in = is_placeholder(value) || is_name(value, span(text, start, end));
    if password {
        if let Some(reason) = paired(text, start, to) {
            let plain = value.len() >= 3 && value.len() <= 128 && (quoted || !loose);
            return plain.then(|| Raw::new(&PASSWORD, from, to, 0.6, reason));
        }
        if stands_in {
            return None;
        }
        let m = measure(value);
        let classes = [m.digits, m.lower, m.upper, m.other].iter().filter(|&&count| count > 0).count();
        let strong = (m.length >= 6 && classes >= 2 && (m.digits > 0 || m.other > 0 && quoted))
            || (quoted && m.length >= 8 && classes >= 2);
        return (strong
            && m.length <= 128
            && !(loose && m.digits == 0)
            && !value.contains(&b' ')
            && !is_path(value))
        .then(|| {
            Raw::new(&PASSWORD, from, to, if quoted { 0.7 } else { 0.6 }, "assigned to a name of a password")
        });
    }
    let drawn = value.len() >= 10 && (is_random(value) || is_uuid(value));
    (drawn && !stands_in && !loose && !is_path(value) && value.len() <= 2048).then(|| {
        Raw::new(
            &SECRET,
            from,
            to,
            if quoted { 0.65 } else { 0.6 },
            "a drawn value assigned to a name of a credential",
        )
    })
}

/// The drawn value nearest behind the name of a service at `start..end`.
pub(super) fn beside(text: &[u8], start: usize, end: usize) -> Option<Raw> {
    const MEMBERS: Set = BASE64_URL.and(Set::of(b"+/.~"));
    if bytes::before(text, start).is_some_and(|byte| ALPHA.has(byte) && span(text, start, start + 1) != b"_")
    {
        // Inside a longer word only where a capital or underscore begins it.
        let first = bytes::at(text, start)?;
        first.is_ascii_uppercase().then_some(())?;
    }
    let window = span(text, end, end + REACH);
    let mut at = 0;
    let mut seen = 0;
    while at < window.len() && seen < 12 {
        let Some(skip) = window.get(at..)?.iter().position(|&byte| MEMBERS.has(byte)) else { break };
        at += skip;
        let run = MEMBERS.run(text.get(end + at..)?, 512);
        let word = span(text, end + at, end + at + run);
        let value = word.trim_ascii();
        let value = value.strip_suffix(b".").unwrap_or(value);
        let value = value.strip_prefix(b"=").unwrap_or(value);
        let from = end + at + usize::from(word.starts_with(b"="));
        seen += 1;
        at += run.max(1);
        let assigned = bytes::before(text, from).is_some_and(|byte| b"=:\"'`> ".contains(&byte));
        let between = span(text, end, from);
        let named = CREDENTIAL_WORDS
            .iter()
            .any(|cue| holds_ignoring_case(between, cue) || holds_ignoring_case(value, cue));
        let operated = between.iter().any(|byte| b"=:".contains(byte));
        let candidates = [value, tail_of(value, named)];
        for candidate in candidates {
            let offset = value.len() - candidate.len();
            let free = assigned || offset > 0;
            let least = if operated && named {
                8
            } else if operated {
                12
            } else {
                16
            };
            if free
                && candidate.len() >= least
                && fits(candidate, named || operated)
                && !is_call(text, from + value.len())
            {
                let first = from + offset;
                let why = "a drawn value beside the name of a service";
                return Some(Raw::new(&SERVICE, first, first + candidate.len(), 0.6, why));
            }
        }
    }
    None
}

/// Words between the name of a service and its key.
const CREDENTIAL_WORDS: [&[u8]; 9] =
    [b"key", b"token", b"secret", b"private", b"access", b"auth", b"pass", b"client", b"app"];

/// The last part of a value such as `_API_KEY-a8F3…`, or all of it.
fn tail_of(value: &[u8], named: bool) -> &[u8] {
    let uuid = value.len().checked_sub(36).and_then(|at| value.get(at..)).filter(|tail| is_uuid(tail));
    let last = value.rsplit(|byte| b"-_.".contains(byte)).next();
    let last = last.filter(|last| last.len() >= if named { 16 } else { 20 });
    uuid.or(last).unwrap_or(value)
}

/// Whether a value can be a key: drawn, or, where a word of credentials stands before it, at least no word of a language.
fn fits(value: &[u8], named: bool) -> bool {
    let dotted = value.split(|&byte| byte == b'.').count().saturating_sub(1);
    if dotted > 2 || is_path(value) {
        return false;
    }
    if is_uuid(value) || is_random(value) {
        return true;
    }
    let m = measure(value);
    let digest = m.hex
        && matches!(m.length, 32 | 40 | 64)
        && m.distinct >= 6
        && m.lower + m.upper >= 4
        && m.digits >= 4;
    digest
        || named
            && m.distinct >= 5
            && m.other <= 4
            && !is_reference(value)
            && !is_stand_in(value)
            && ((m.digits >= 3 && m.lower + m.upper >= 2) || (m.length >= 20 && m.other == 0))
}

/// Whether a password stands where one is used: beside a user name or in a connection string.
fn paired(text: &[u8], start: usize, to: usize) -> Option<&'static str> {
    let before = span(text, start.saturating_sub(140), start);
    let after = span(text, to, to + 60);
    let named = |place: &[u8], words: &[&[u8]]| words.iter().any(|word| holds_ignoring_case(place, word));
    let server: [&[u8]; 7] =
        [b"server=", b"data source=", b"host=", b"dsn=", b"database=", b"provider=", b"driver="];
    if named(before, &[b"user", b"uid", b"login"]) && (named(before, &server) || named(after, &server)) {
        return Some("a password in a connection string");
    }
    named(
        before,
        &[b"user = ", b"user=", b"username", b"user:", b"user\"", b"user'", b"user_name", b"login="],
    )
    .then_some("a password beside a user name")
}

/// Whether the whole name is that of something about a credential: its identifier, its file, its public half.
fn names_a_reference(text: &[u8], start: usize, end: usize) -> bool {
    let head = span(text, start.saturating_sub(40), start);
    let lead = head.iter().rev().take_while(|&&byte| WORD.has(byte)).count();
    let name = span(text, start.saturating_sub(lead), end).to_ascii_lowercase();
    let ends: [&[u8]; 9] =
        [b"id", b"name", b"version", b"length", b"file", b"url", b"path", b"size", b"type"];
    holds_ignoring_case(&name, b"public") || ends.iter().any(|tail| name.ends_with(tail))
}

/// Where the value begins behind the operator after a name, and whether only a space stood there.
fn operator(text: &[u8], mut at: usize) -> Option<(usize, bool)> {
    let limit = at + 40;
    let mut seen = false;
    let mut spaces = false;
    while at < limit {
        match bytes::at(text, at)? {
            b' ' | b'\t' => spaces = true,
            b'"' | b'\'' | b'`' | b']' | b')' | b'\\' if !seen => {}
            b'=' | b':' | b'>' | b',' | b'(' | b'|' => {
                if seen && bytes::at(text, at) == Some(b'=') && bytes::before(text, at) == Some(b'=') {
                    return None;
                }
                seen = true;
            }
            b'!' | b'<' | b'\n' | b'\r' if !seen => return None,
            b'\n' | b'\r' => {}
            _ => return (seen || spaces).then_some((at, !seen)),
        }
        if seen && matches!(bytes::at(text, at + 1), Some(b'"' | b'\'' | b'`')) {
            return Some((at + 1, false));
        }
        at += 1;
    }
    None
}

/// The span of the value at `at`, and whether quotes bound it.
fn value(text: &[u8], at: usize) -> Option<(usize, usize, bool)> {
    let first = bytes::at(text, at)?;
    if matches!(first, b'"' | b'\'' | b'`') {
        let tail = span(text, at + 1, at + 2050);
        let length = tail.iter().position(|&byte| byte == first || byte == b'\n')?;
        return Some((at + 1, at + 1 + length, true));
    }
    let tail = span(text, at, at + 2048);
    let length =
        tail.iter().position(|byte| b" \t\r\n\"'`,;<>()[]{}|&\\".contains(byte)).unwrap_or(tail.len());
    (length > 0).then_some((at, at + length, false))
}

/// Whether a call or index follows: then the value is a name in code.
fn is_call(text: &[u8], at: usize) -> bool {
    matches!(bytes::at(text, at), Some(b'(' | b'['))
}

/// Whether a value is written as a name: no digits, or words joined by marks, or the word that announced it.
fn is_name(value: &[u8], word: &[u8]) -> bool {
    value.eq_ignore_ascii_case(word)
        || value.split(|&byte| b"_-. ".contains(&byte)).all(|part| {
            part.is_empty() || part.iter().all(|&byte| ALPHA.has(byte)) && measure(part).changes < 4
        }) && value.iter().any(|byte| b"_-. ".contains(byte))
}

/// Whether a value is a path, an address or a list of host names.
fn is_path(value: &[u8]) -> bool {
    value.starts_with(b"/")
        || value.starts_with(b"./")
        || value.starts_with(b"http")
        || value.windows(3).any(|window| window == b"://")
        || value
            .split(|&byte| byte == b'/')
            .filter(|part| part.len() > 1 && part.iter().all(|&byte| byte.is_ascii_lowercase()))
            .count()
            >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str, word: &str, password: bool) -> Option<String> {
        let at = text.find(word)?;
        let raw = assigned(text.as_bytes(), at, at + word.len(), password)?;
        text.get(raw.start..raw.end).map(str::to_owned)
    }

    #[test]
    fn a_password_with_digits_is_taken_and_a_word_is_not() {
        assert_eq!(first("password = \"hunter2!x\"", "password", true).as_deref(), Some("hunter2!x"));
        assert_eq!(first("password: required", "password", true), None);
        assert_eq!(first("password = ${DB_PASSWORD}", "password", true), None);
    }

    #[test]
    fn a_drawn_value_is_taken_and_a_call_is_not() {
        assert_eq!(
            first("api_key: a8F3kd92LsQ0pZx7Vb6N", "api_key", false).as_deref(),
            Some("a8F3kd92LsQ0pZx7Vb6N")
        );
        assert_eq!(first("token = readTokenFromHeader2(x)", "token", false), None);
    }
}

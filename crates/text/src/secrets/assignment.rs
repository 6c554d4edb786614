//! Values assigned to names that speak of credentials.
//!
//! The name decides how much the value must show: behind `password` a short value with digits or marks is enough, behind
//! `key` it must look drawn at random. Values that are references, calls, paths, words or
//! stand-ins are left alone.

use crate::bytes::{self, ALPHA, Set, WORD, holds_ignoring_case, span};
use crate::hit::{Class, Kind, Raw};
use crate::randomness::{is_counted, is_placeholder, is_random, is_reference, is_uuid, measure};

static PASSWORD: Kind = Kind { id: "assigned-password", name: "a password", class: Class::Secret };
static SECRET: Kind =
    Kind { id: "assigned-secret", name: "a secret assigned to a name that says so", class: Class::Secret };

/// Texts in the names of passwords; the search is for these, in the cases people write.
pub(super) const PASSWORD_TEXTS: &[&str] = &[
    "secret", "Secret", "SECRET", "pass", "Pass", "PASS", "pwd", "Pwd", "PWD", "pword", "PWORD", "contrase",
];

/// Where the word of a password that begins with the text at `start..end` ends; nothing for "passenger" or "compass".
pub(super) fn password_word(text: &[u8], start: usize, end: usize) -> Option<usize> {
    let tail = span(text, end, end + 12);
    let letters = tail.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
    let upper = tail.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    let rest = tail.get(..letters.max(upper))?.to_ascii_lowercase();
    if span(text, start, end).eq_ignore_ascii_case(b"secret") {
        let name_end = end + WORD.run(text.get(end..)?, 40);
        return (rest.is_empty() && !names_a_reference(text, start, name_end)).then_some(end);
    }
    if span(text, start, end).eq_ignore_ascii_case(b"pass") {
        let known: [&[u8]; 8] = [b"word", b"words", b"wd", b"phrase", b"wort", b"code", b"key", b"e"];
        let bare = rest.is_empty()
            && bytes::before(text, start).is_none_or(|byte| {
                !ALPHA.has(byte) || (byte.is_ascii_lowercase() && bytes::at(text, start) == Some(b'P'))
            });
        (bare || known.contains(&rest.as_slice())).then_some(())?;
    }
    Some(end + rest.len())
}

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
    if password {
        // The rest of a word that is not written in ASCII: `contraseña`.
        let rest = span(text, name_end, name_end + 3);
        let word_end = if rest == "ña".as_bytes() { name_end + rest.len() } else { name_end };
        if let Some((from, to)) = super::said::password(text, word_end) {
            return Some(Raw::new(&PASSWORD, from, to, 0.6, "a password that a sentence tells"));
        }
    }
    let (at, loose) = operator(text, name_end)?;
    let (from, to, quoted) = value(text, at)?;
    let value = span(text, from, to);
    if is_call(text, to) || is_reference(value) || value.iter().all(|byte| b"*.xX#".contains(byte)) {
        return None;
    }
    let word = span(text, start, end);
    let lost = value.first().is_some_and(|first| b",;)]}".contains(first))
        || !quoted && bytes::before(text, from) == Some(b'(')
        || NOTHINGS.iter().any(|nothing| value.eq_ignore_ascii_case(nothing));
    let head = span(text, start.saturating_sub(140), start);
    if lost
        || password && holds_ignoring_case(head, b"\"anonymous\"")
        || value.ends_with(full_name(text, start, name_end))
    {
        return None;
    }
    let compared = span(text, name_end, at).windows(2).any(|pair| matches!(pair, b"==" | b"!="));
    if compared && !(password && quoted && value.len() >= 5 && !is_placeholder(value)) {
        return None;
    }
    let stands_in = is_placeholder(value) || is_counted(value) || is_name(trimmed(value), word) && !compared;
    let spoken = word.eq_ignore_ascii_case(b"secret");
    if password {
        // What bears the word itself is a label, but in a block of credentials.
        let same = trimmed(value).eq_ignore_ascii_case(word) && !holds_ignoring_case(head, b"credentials");
        if same || is_label(text, end, name_end) || spoken && !quoted {
            return None;
        }
        if let Some(reason) = paired(text, start, to).filter(|_| !spoken) {
            // `user=user&password=secret`: both say what belongs there.
            if !quoted && names_a_secret(value) && head.ends_with(b"user=user&") {
                return None;
            }
            let plain = value.len() >= 3 && value.len() <= 128 && (quoted || !loose);
            return plain.then(|| Raw::new(&PASSWORD, from, to, 0.6, reason));
        }
        if stands_in {
            return None;
        }
        if compared {
            let same = value.iter().any(|byte| b" :".contains(byte)) || is_name(value, b"");
            return (!same || value.contains(&b'-'))
                .then(|| Raw::new(&PASSWORD, from, to, 0.55, "what a password is compared with"));
        }
        if is_environment(text, start, name_end, at) && is_whole_line(text, to) {
            let plain = value.len() >= 5 && value.len() <= 64 && !quoted;
            return plain.then(|| {
                Raw::new(&PASSWORD, from, to, 0.55, "the value of a variable named for a password")
            });
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

/// A password told in a sentence: `the password … is 'value'`; the word for it ends at `end`.
pub(super) fn told(text: &[u8], end: usize) -> Option<Raw> {
    let tail = span(text, end, end + 80);
    let stop = tail.iter().position(|byte| b".\n;=:".contains(byte)).unwrap_or(tail.len());
    let tail = tail.get(..stop)?;
    let is = tail.windows(4).position(|window| window == b" is ")? + 4;
    let quote = bytes::at(tail, is).filter(|byte| b"\"'`".contains(byte))?;
    let length = tail.get(is + 1..)?.iter().position(|byte| *byte == quote)?;
    let value = span(tail, is + 1, is + 1 + length);
    (value.len() >= 4 && !value.contains(&b' ') && !is_placeholder(value) && !is_reference(value)).then(
        || Raw::new(&PASSWORD, end + is + 1, end + is + 1 + length, 0.55, "a password told in a sentence"),
    )
}

/// Words for what belongs in the place of a password.
pub(super) fn names_a_secret(value: &[u8]) -> bool {
    let words: [&[u8]; 7] =
        [b"secret", b"password", b"pass", b"passwd", b"pwd", b"passphrase", b"mypassword"];
    words.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// What stands for no value.
const NOTHINGS: [&[u8]; 12] = [
    b"null",
    b"none",
    b"nil",
    b"true",
    b"false",
    b"undefined",
    b"empty",
    b"required",
    b"string",
    b"str",
    b"text",
    b"char",
];

/// The whole name around the word at `start`, at least four bytes of it.
fn full_name(text: &[u8], start: usize, end: usize) -> &[u8] {
    let head = span(text, start.saturating_sub(60), start);
    let lead = head.iter().rev().take_while(|&&byte| WORD.has(byte)).count();
    let name = span(text, start - lead, end);
    if name.len() >= 10 { name } else { b"\0" }
}

/// Whether a name is that of an environment variable that holds a password, with its value right behind `=`.
fn is_environment(text: &[u8], start: usize, name_end: usize, at: usize) -> bool {
    let head = span(text, start.saturating_sub(60), start);
    let lead = head.iter().rev().take_while(|&&byte| byte.is_ascii_uppercase() || byte == b'_').count();
    let name = span(text, start - lead, name_end);
    lead >= 3
        && name.iter().all(|&byte| byte.is_ascii_uppercase() || byte == b'_')
        && name.contains(&b'_')
        && at == name_end + 1
        && bytes::at(text, name_end) == Some(b'=')
}

/// Whether nothing but blanks or a comment stands between `to` and the end of the line.
fn is_whole_line(text: &[u8], to: usize) -> bool {
    let rest = span(text, to, to + 40);
    let blanks = rest.iter().take_while(|byte| b" \t".contains(byte)).count();
    matches!(rest.get(blanks), None | Some(b'\n' | b'\r' | b'#'))
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
    (has_user(before) && !holds_ignoring_case(before, b"anonymous"))
        .then_some("a password beside a user name")
}

/// Whether a user is named and given a value: `user = …`, `"username": …`, `login => …`, `username 'jo'`.
fn has_user(before: &[u8]) -> bool {
    let lower = before.to_ascii_lowercase();
    [&b"user"[..], b"login", b"uid"].iter().any(|word| {
        lower.windows(word.len()).enumerate().filter(|(_, window)| window == word).any(|(at, _)| {
            let tail = span(&lower, at + word.len(), lower.len());
            let name = tail.iter().take_while(|&&byte| WORD.has(byte)).count();
            let rest = tail.get(name..).unwrap_or_default();
            let marks = rest.iter().take_while(|byte| b" \t\\\"']".contains(byte)).count();
            let quoted = rest
                .get(..marks)
                .is_some_and(|marks| marks.starts_with(b" ") && matches!(marks.last(), Some(b'"' | b'\'')));
            quoted || matches!(rest.get(marks), Some(b'=' | b':' | b','))
        })
    })
}

/// Whether the name goes on to say that it is a text beside a field, or something about a password.
fn is_label(text: &[u8], end: usize, name_end: usize) -> bool {
    let tail = span(text, end, name_end).to_ascii_lowercase();
    let ends: [&[u8]; 14] = [
        b"variable",
        b"label",
        b"placeholder",
        b"field",
        b"prompt",
        b"hint",
        b"title",
        b"message",
        b"regex",
        b"policy",
        b"length",
        b"file",
        b"input",
        b"url",
    ];
    ends.iter().any(|word| tail.ends_with(word))
}

/// A value without the marks around it.
fn trimmed(value: &[u8]) -> &[u8] {
    let mark = |byte: &u8| !byte.is_ascii_alphanumeric();
    let start = value.iter().take_while(|byte| mark(byte)).count();
    let end = value.iter().rposition(|byte| !mark(byte)).map_or(0, |last| last + 1);
    value.get(start..end).unwrap_or_default()
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
            b' ' | b'\t' => {
                spaces = true;
                if !seen && matches!(bytes::at(text, at + 1), Some(b'"' | b'\'')) {
                    return Some((at + 1, true));
                }
            }
            b'"' | b'\'' | b'`' | b']' | b')' | b'\\' if !seen => {}
            b'=' | b':' | b'>' | b',' | b'(' | b'|' => {
                seen = true;
            }
            b'!' if bytes::at(text, at + 1) == Some(b'=') => {}
            b'!' | b'<' | b'\n' | b'\r' if !seen => return None,
            b'\\' | b'\n' | b'\r' => {}
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
        let escaped = length > 0 && tail.get(length - 1) == Some(&b'\\');
        return Some((at + 1, at + 1 + length - usize::from(escaped), true));
    }
    let tail = span(text, at, at + 2048);
    let length =
        tail.iter().position(|byte| b" \t\r\n\"'`,;<>()[]{}|&\\".contains(byte)).unwrap_or(tail.len());
    (length > 0).then_some((at, at + length, false))
}

/// Whether a call or index follows: then the value is a name in code.
pub(super) fn is_call(text: &[u8], at: usize) -> bool {
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
pub(super) fn is_path(value: &[u8]) -> bool {
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
        assert_eq!(first("password = \"abcdefg1234/x\"", "password", true), None);
        assert_eq!(first("?user=user&password=secret", "password", true), None);
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

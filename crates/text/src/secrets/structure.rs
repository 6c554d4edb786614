//! Credentials told by the structure around them: private keys, JSON Web Tokens, addresses with a password, password
//! hashes, HTTP authorisation.

use super::format::stands_free;
use super::proof::json_web_token;
use crate::bytes::{ALNUM, BASE64, BASE64_URL, Set, holds_ignoring_case, span};
use crate::hit::{Class, Kind, Raw};
use crate::randomness::{is_placeholder, is_random, is_reference, is_uuid, measure};

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
];

/// Reads a structure that begins at `start..end`.
pub(super) type Read = fn(&[u8], usize, usize) -> Option<Raw>;

/// A private key in armour whose first line begins at `start..end`.
pub(super) fn private_key(text: &[u8], start: usize, end: usize) -> Option<Raw> {
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

/// Signature of the token that jwt.io, and with it most documents on web tokens, shows: its key is `your-256-bit-secret`.
const DOCUMENTED_SIGNATURE: &[u8] = b".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";

fn web_token(text: &[u8], start: usize, _: usize) -> Option<Raw> {
    stands_free(text, start).then_some(())?;
    let end = json_web_token(text, start)?;
    if text.get(start..end)?.ends_with(DOCUMENTED_SIGNATURE) {
        return None;
    }
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
    if super::assignment::names_a_secret(password) && is_for_documents(host) {
        return None;
    }
    let score = match word {
        // What everybody writes for a machine of one's own.
        true if super::assignment::names_a_secret(password) && is_own_machine(host) => SAMPLE,
        true => 0.55,
        false => 0.8,
    };
    Some(Raw::new(
        &ADDRESS,
        start.saturating_sub(scheme),
        end + stop,
        score,
        "user name and password in an address",
    ))
}

/// How sure it is that a word for a password is one, on one's own machine.
const SAMPLE: f32 = 0.5;

/// Whether a host, with its port, is the machine that a text is read on.
fn is_own_machine(host: &[u8]) -> bool {
    let names: [&[u8]; 3] = [b"localhost", b"127.0.0.1", b"[::1]"];
    names.iter().any(|name| {
        host.strip_prefix(*name).is_some_and(|rest| rest.first().is_none_or(|next| *next == b':'))
    })
}

/// Whether a host is one that is kept for documents (RFC 2606, RFC 3849, RFC 5737), so that nothing answers there.
fn is_for_documents(host: &[u8]) -> bool {
    let name = host.strip_prefix(b"[").unwrap_or(host).to_ascii_lowercase();
    let names: [&[u8]; 6] =
        [b"example.com", b"example.org", b"example.net", b".example", b".invalid", b".test"];
    let numbers: [&[u8]; 4] = [b"2001:db8:", b"192.0.2.", b"198.51.100.", b"203.0.113."];
    let bare = name.iter().position(|&byte| byte == b':').map_or(name.as_slice(), |at| span(&name, 0, at));
    numbers.iter().any(|number| name.starts_with(number)) || names.iter().any(|ending| bare.ends_with(ending))
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

/// The value of an HTTP authorisation header (RFC 7617, RFC 6750) that is the run at `from..to`.
pub(super) fn authorization(text: &[u8], from: usize, to: usize) -> Option<Raw> {
    const MEMBERS: Set = BASE64_URL.and(Set::of(b"+/=.~"));
    let head = span(text, from.saturating_sub(40), from);
    let trimmed = trimmed_end(head, b" \"'");
    let ends = |word: &[u8]| {
        trimmed
            .len()
            .checked_sub(word.len())
            .and_then(|at| trimmed.get(at..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(word))
    };
    let end = to + MEMBERS.run(text.get(to..)?, 64);
    let value = span(text, from, end);
    if !trimmed.last().is_some_and(|last| b"cCrRnN=:".contains(last)) {
        return None;
    }
    let header = holds_ignoring_case(head, b"authorization");
    if ends(b"basic") {
        let decoded = super::proof::base64_text(value)?;
        let printable = decoded.len() >= 6 && decoded.iter().all(|byte| (32..127).contains(byte));
        if printable && decoded.contains(&b':') {
            return Some(Raw::new(&AUTHORIZATION, from, end, 0.85, "decodes to user name and password"));
        }
        return (header && value.len() >= 24 && is_random(value))
            .then(|| Raw::new(&AUTHORIZATION, from, end, 0.75, "a drawn value in an authorisation header"));
    }
    let scheme =
        ends(b"bearer") || ends(b"token token=") || (header && (ends(b"token") || ends(b"api-token")));
    let whole = header
        && ends(b":")
        && trimmed_end(trimmed, b":\"' ").to_ascii_lowercase().ends_with(b"authorization");
    if !(scheme || whole) || value.len() < if header { 12 } else { 16 } {
        return None;
    }
    let measured = measure(value);
    let hex = measured.hex && measured.length >= 16 && !is_placeholder(value);
    let varied =
        header && measured.digits >= 2 && measured.lower + measured.upper >= 4 && measured.entropy >= 3.2;
    (is_random(value) || is_uuid(value) || hex || varied)
        .then(|| Raw::new(&AUTHORIZATION, from, end, 0.75, "a drawn value in an authorisation header"))
}

/// A text without the marks at its end.
fn trimmed_end<'t>(text: &'t [u8], marks: &[u8]) -> &'t [u8] {
    let kept = text.iter().rposition(|byte| !marks.contains(byte)).map_or(0, |last| last + 1);
    text.get(..kept).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, start: &str, read: Read) -> Option<String> {
        let at = text.find(start)?;
        let raw = read(text.as_bytes(), at, at + start.len())?;
        text.get(raw.start..raw.end).map(str::to_owned)
    }

    #[test]
    fn a_private_key_needs_a_body_of_key_material() {
        let body = "MIIEpAIBAAKCAQEA3x7Kd2Qx9Lm4Zt8Rv3Bn6Wc5Yp1Hs0GfEujIoTkFbAq8w";
        let key = format!("-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----");
        assert!(read(&key, "-----BEGIN ", private_key).is_some());
        assert_eq!(
            read(
                "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
                "-----BEGIN ",
                private_key
            ),
            None
        );
    }

    #[test]
    fn an_address_needs_a_password_that_is_no_mask_or_variable() {
        assert_eq!(
            read("at amqp://jo:tr4mp@host:5672/v", "://", address).as_deref(),
            Some("amqp://jo:tr4mp@host:5672")
        );
        assert_eq!(read("amqp://user:*****@example.com", "://", address), None);
        assert_eq!(read("amqps://username:$password@localhost", "://", address), None);
        assert_eq!(read("https://host:8080/path@2", "://", address), None);
        assert_eq!(read("postgresql://user:secret@[2001:db8::1]/db", "://", address), None);
        assert_eq!(read("amqp://user:password@mq.example.com:5672", "://", address), None);
        assert!(read("amqp://user:tr4mp@mq.example.com:5672", "://", address).is_some());
    }

    #[test]
    fn a_hash_needs_salt_and_digest() {
        let hash_text = "$2b$12$R9h7cIPz0gi.URNNX3kh2OPST9PgBkqquzi.Ss7KIUgO2t0jWMUW";
        assert_eq!(read(hash_text, "$2b$", hash).as_deref(), Some(hash_text));
        assert_eq!(read("$2b$12$short", "$2b$", hash), None);
    }

    #[test]
    fn an_authorisation_is_told_by_its_scheme() {
        let found = |text: &str, value: &str| {
            let at = text.find(value)?;
            authorization(text.as_bytes(), at, at + value.len()).map(|raw| raw.kind.id)
        };
        assert_eq!(found("Authorization: Bearer a8F3kd92LsQ0pZx7Vb6N", "a8F3"), Some("http-authorization"));
        assert_eq!(found("Authorization: Basic am86dHI0bXA=", "am86dHI0bXA"), Some("http-authorization"));
        assert_eq!(found("Basic introduction to a8F3kd92LsQ0pZx7Vb6N", "a8F3"), None);
    }
}

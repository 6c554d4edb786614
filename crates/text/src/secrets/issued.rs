//! Keys whose form is that of an identifier or a digest, told by whose they are.

use super::beside::Found;
use super::shapes::{is_digest, is_hexadecimal};
use crate::bytes::{self, WORD, holds_ignoring_case, span};
use crate::randomness::{is_uuid, measure};

/// Issuers whose keys have the form of an identifier or a digest, and that form: the length of its hexadecimal digits, or of the identifier.
///
/// Sources: what each documents of its API's authentication.
const ISSUED: [(&[u8], &[usize]); 10] = [
    (b"heroku", &[36]),
    (b"postmark", &[36]),
    (b"snyk", &[36]),
    (b"codecov", &[36]),
    (b"coinapi", &[36]),
    (b"cloudmersive", &[36]),
    (b"datadog", &[32, 40]),
    (b"openweather", &[32]),
    (b"openweathermap", &[32]),
    (b"twilio", &[32]),
];

/// Whether a value has the form of the token of an account of Twilio's, and stands behind one: as the next argument, in the next column, or
/// with a word for a token or a password between.
///
/// Source: Twilio's documentation of its API's authentication: the account is `AC` and 32 hexadecimal digits, the token 32 of them.
pub(super) fn is_token_of_account(text: &[u8], from: usize, value: &[u8]) -> bool {
    /// How far behind the account it may stand, in bytes.
    const NEAR: usize = 40;
    const ACCOUNT: usize = 34;
    if value.len() != 32 || !is_digest(&measure(value)) {
        return false;
    }
    let begin = from.saturating_sub(NEAR + ACCOUNT);
    let head = span(text, begin, from);
    let is_account = |at: &usize| {
        let digits = head.get(at + 2..at + ACCOUNT).unwrap_or_default();
        digits.len() == ACCOUNT - 2
            && digits.iter().all(u8::is_ascii_hexdigit)
            && !bytes::before(text, begin + at).is_some_and(|byte| WORD.has(byte))
            && !head.get(at + ACCOUNT).is_some_and(|byte| WORD.has(*byte))
    };
    let Some(at) = memchr::memmem::rfind_iter(head, b"AC").find(is_account) else { return false };
    let between = head.get(at + ACCOUNT..).unwrap_or_default();
    let is_told = || {
        [&b"token"[..], b"auth", b"secret", b"pass", b"key"]
            .iter()
            .any(|word| holds_ignoring_case(between, word))
    };
    // What a path goes on with are the resources of the account.
    between.first() != Some(&b'/') && (!between.iter().any(u8::is_ascii_alphanumeric) || is_told())
}

/// Names that the query of an address gives a key to.
const PARAMETERS: [&[u8]; 8] =
    [b"appid", b"app_id", b"key", b"apikey", b"api_key", b"api-key", b"access_key", b"token"];

/// Whether a value has the form of the keys of the service, and is given to its very name, or to that of a key in a query of its address.
pub(super) fn is_issued(text: &[u8], (segment, from): (usize, usize), service: &Found, value: &[u8]) -> bool {
    let is_form =
        |lengths: &&[usize]| lengths.contains(&value.len()) && (is_uuid(value) || is_hexadecimal(value));
    let known = ISSUED.iter().find(|(name, _)| service.is_of(text, name)).map(|(_, lengths)| lengths);
    if !known.is_some_and(is_form) {
        return false;
    }
    if let Some(name) = parameter(text, segment, from) {
        let name = span(text, name, from.saturating_sub(1));
        return PARAMETERS.iter().any(|known| name.eq_ignore_ascii_case(known));
    }
    let between = span(text, service.end, from);
    // An operator with at most blanks and quotes around it.
    let mut marks = between.iter().copied().filter(|byte| !b" \"'".contains(byte));
    let operator = [marks.next(), marks.next(), marks.next()];
    let is_operator = matches!(
        operator,
        [Some(b':' | b'='), None, None]
            | [Some(b'=' | b'-'), Some(b'>'), None]
            | [Some(b':'), Some(b'='), None]
    );
    // What stands before the name may make another of it: `x-heroku`, `app.heroku`.
    let joined = bytes::before(text, service.start).filter(|byte| WORD.has(*byte) || b"-./".contains(byte));
    let is_whole = match joined {
        None => true,
        Some(b'.') => !is_of_identifier(span(text, service.start.saturating_sub(24), service.start - 1)),
        Some(_) => false,
    };
    is_whole && service.end < from && is_operator
}

/// Whether a name that goes on with a dot is one for what identifiers name.
fn is_of_identifier(name: &[u8]) -> bool {
    let length = name.iter().rev().take_while(|byte| WORD.has(**byte) || **byte == b'-').count();
    let last = name.get(name.len() - length..).unwrap_or_default();
    let names = [&b"app"[..], b"apps", b"client", b"id", b"ids", b"request", b"release", b"build", b"trace"];
    last.is_empty() || names.iter().any(|known| last.eq_ignore_ascii_case(known))
}

/// Where the name begins to which a value of the query of a web address is given.
pub(super) fn parameter(text: &[u8], segment: usize, from: usize) -> Option<usize> {
    /// How far back the address may begin, in bytes.
    const ADDRESS: usize = 2048;
    /// Longest name.
    const NAME: usize = 64;
    if bytes::before(text, from) != Some(b'=') {
        return None;
    }
    let begin = segment.max(from.saturating_sub(NAME));
    let name = begin + span(text, begin, from).iter().rposition(|byte| b"?&;#".contains(byte))? + 1;
    let head = span(text, segment.max(from.saturating_sub(ADDRESS)), name);
    memchr::memmem::find(head, b"://").map(|_| name)
}

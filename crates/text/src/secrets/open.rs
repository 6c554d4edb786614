//! Drawn values that open nothing: digests, commits, keys of caches and rows, names of repositories, objects of issuers.

use super::assignment::is_path;
use super::beside::MEMBERS;
use super::shapes::{has_worded_path, is_file, is_hexadecimal};
use crate::bytes::{self, WORD, holds_ignoring_case, span};
use crate::randomness::is_uuid;

/// Words of names whose values are drawn, or digests, and open no door.
const OPEN_NAMES: [&[u8]; 30] = [
    b"name",
    b"url",
    b"path",
    b"file",
    b"checksum",
    b"sha",
    b"sha1",
    b"sha256",
    b"sha512",
    b"hash",
    b"digest",
    b"md5",
    b"integrity",
    b"commit",
    b"revision",
    b"rev",
    b"version",
    b"etag",
    b"fingerprint",
    b"chksum",
    b"csrf",
    // Keys that an issuer shows to everyone.
    b"sitekey",
    b"site_key",
    b"site-key",
    b"publickey",
    b"public_key",
    b"public-key",
    b"publishablekey",
    b"publishable_key",
    b"publishable-key",
];

/// Whether the value at `from` is assigned to the name of a digest, a revision or a form's own token.
pub(super) fn is_open(text: &[u8], from: usize) -> bool {
    let head = span(text, from.saturating_sub(60), from);
    let operator = head.iter().rev().take_while(|byte| b" =:\"'`>".contains(byte)).count();
    let name = head.get(..head.len() - operator).unwrap_or_default();
    let length = name.iter().rev().take_while(|&&byte| WORD.has(byte) || byte == b'-').count();
    let name = name.get(name.len() - length..).unwrap_or_default();
    let ends = |open: &&[u8]| {
        let tail = name.len().checked_sub(open.len()).and_then(|at| name.get(at..));
        tail.is_some_and(|tail| tail.eq_ignore_ascii_case(open))
    };
    OPEN_NAMES.iter().any(ends)
        || [&b"authenticity"[..], b"csrf", b"xsrf", b"srcrev"]
            .iter()
            .any(|word| holds_ignoring_case(name, word))
        || WHOLE_OPEN_NAMES.iter().any(|open| name.eq_ignore_ascii_case(open))
        || is_key_of_store(text, from, name)
}

/// What keys are called that lead to something kept, or tell one request or row from another, and open nothing.
const STORE_KEYS: [&[u8]; 9] =
    [b"cache", b"idempotency", b"primary", b"foreign", b"partition", b"sort", b"row", b"object", b"dedup"];
/// Those of them whose values are drawn by who makes them.
const DRAWN_KEYS: [&[u8]; 3] = [b"cache", b"idempotency", b"dedup"];

/// Whether a value is given to the name of such a key and is what they are: `cacheKey`, `Idempotency-Key`, `user_primary_key`. The keys of
/// Azure's accounts are called primary, too, and are base64 of 32 or 64 bytes, or 32 hexadecimal digits.
///
/// Source: Azure's documentation of the access keys of its accounts.
fn is_key_of_store(text: &[u8], from: usize, name: &[u8]) -> bool {
    let Some((head, last)) = name.split_last_chunk::<3>() else { return false };
    let head = head.strip_suffix(b"_").or(head.strip_suffix(b"-")).unwrap_or(head);
    let ends = |word: &&&[u8]| {
        let tail = head.len().checked_sub(word.len()).and_then(|at| head.get(at..));
        tail.is_some_and(|tail| tail.eq_ignore_ascii_case(word))
    };
    let Some(word) = STORE_KEYS.iter().find(ends).filter(|_| last.eq_ignore_ascii_case(b"key")) else {
        return false;
    };
    let run = MEMBERS.run(text.get(from..).unwrap_or_default(), 160);
    let value = span(text, from, from + run);
    if is_uuid(value) || value.iter().all(u8::is_ascii_digit) {
        return true;
    }
    let is_of_account = matches!(run, 43 | 86) && bytes::at(text, from + run) == Some(b'=');
    if is_of_account || *word == b"primary" {
        return false;
    }
    DRAWN_KEYS.contains(word)
        || is_path(value)
        || is_hexadecimal(value)
        || has_worded_path(value)
        || is_file(value)
}

/// Names of digests and of places in a history that end others which are none. `h1` and `zh` stand in `go.sum` and Terraform's locks.
const WHOLE_OPEN_NAMES: [&[u8]; 8] = [b"h1", b"zh", b"ref", b"tree", b"parent", b"head", b"oid", b"blob"];

/// Names of digests as they stand before them in one word: `sha512-…`.
const ALGORITHMS: [&[u8]; 8] =
    [b"sha1", b"sha224", b"sha256", b"sha384", b"sha512", b"md5", b"blake2b", b"blake3"];

/// Whether a value says that it is a digest, or is a commit or a digest that something is held to: `actions/checkout@…`, `….git#…`.
pub(super) fn is_pin(text: &[u8], from: usize, value: &[u8]) -> bool {
    let names_one = |algorithm: &&[u8]| {
        let head = value.get(..algorithm.len()).unwrap_or_default();
        head.eq_ignore_ascii_case(algorithm) && matches!(value.get(algorithm.len()), Some(b'-' | b'_'))
    };
    let holds_to = matches!(bytes::before(text, from), Some(b'@' | b'#'));
    ALGORITHMS.iter().any(names_one)
        || holds_to && matches!(value.len(), 40 | 64) && value.iter().all(u8::is_ascii_hexdigit)
}

/// Whether a value is the name of a repository with its owner's: two parts of words, `owner/some-name_2`.
pub(super) fn is_repository(value: &[u8]) -> bool {
    let mut parts = value.split(|byte| *byte == b'/');
    let (Some(owner), Some(name), None) = (parts.next(), parts.next(), parts.next()) else { return false };
    [owner, name].iter().all(|part| {
        part.first().is_some_and(u8::is_ascii_alphanumeric)
            && part.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
            && is_of_words(part)
    })
}

/// Whether most letters and digits stand in words: three letters and more, with a vowel, of which only the first or all are large.
fn is_of_words(part: &[u8]) -> bool {
    let (mut in_words, mut all, mut at) = (0_usize, 0_usize, 0_usize);
    while let Some(rest) = part.get(at..).filter(|rest| !rest.is_empty()) {
        let large = rest.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
        let small = rest.iter().skip(large).take_while(|byte| byte.is_ascii_lowercase()).count();
        // The last of several capitals begins the word behind them.
        let length = if large > 1 && small > 0 { large - 1 } else { large + small };
        if length == 0 {
            all += usize::from(rest.first().is_some_and(u8::is_ascii_digit));
            at += 1;
            continue;
        }
        let word = rest.get(..length).unwrap_or_default();
        let vowel = word.iter().any(|byte| b"aeiouyAEIOUY".contains(byte));
        in_words += if length >= 3 && vowel { length } else { 0 };
        all += length;
        at += length;
    }
    in_words * 9 >= all * 5 && all > 0
}

/// The kinds of Stripe's objects that their identifiers begin with and that open nothing.
///
/// Source: Stripe's API reference, identifiers.
const STRIPE_OBJECTS: [&[u8]; 37] = [
    b"acct", b"ba", b"bps", b"card", b"ch", b"cn", b"cs", b"cus", b"dp", b"evt", b"fee", b"ii", b"il", b"in",
    b"inv", b"li", b"mbur", b"pi", b"plan", b"pm", b"po", b"price", b"prod", b"promo", b"py", b"qt", b"re",
    b"req", b"seti", b"si", b"src", b"sub", b"tr", b"txn", b"txr", b"we", b"mandate",
];

/// Whether a value is an object of Stripe's, which says so in its first letters: `cs_test_…`, `pi_…`. Keys, tokens and codes say what they
/// are in other letters.
pub(super) fn is_stripe_object(value: &[u8]) -> bool {
    let Some(at) = value.iter().position(|byte| *byte == b'_') else { return false };
    let (kind, rest) = value.split_at(at);
    let rest = rest.get(1..).unwrap_or_default();
    let rest = rest.strip_prefix(b"test_").or(rest.strip_prefix(b"live_")).unwrap_or(rest);
    STRIPE_OBJECTS.contains(&kind) && rest.len() >= 14 && rest.iter().all(u8::is_ascii_alphanumeric)
}

/// Whether a value names a resource of a cloud, which opens nothing: letters and 8 or 17 hexadecimal digits (`ami-…`, `vpc-…`), or is a
/// range of commits, `3f8a1c2..9b07e4d`.
///
/// Sources: Amazon EC2, "Resource IDs"; git, gitrevisions(7).
pub(super) fn is_resource(value: &[u8]) -> bool {
    let is_small = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    if let Some(at) = value.windows(2).position(|two| two == b"..") {
        let (from, to) = value.split_at(at);
        let to = to.get(2..).unwrap_or_default();
        let to = to.strip_prefix(b".").unwrap_or(to);
        return [from, to].iter().all(|one| (7..=40).contains(&one.len()) && one.iter().all(is_small));
    }
    let Some(at) = value.iter().rposition(|byte| *byte == b'-') else { return false };
    let (kind, digits) = value.split_at(at);
    let digits = digits.get(1..).unwrap_or_default();
    matches!(digits.len(), 8 | 17)
        && digits.iter().all(is_small)
        && (1..=24).contains(&kind.len())
        && kind.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'-')
}

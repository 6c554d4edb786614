//! Drawn values and what stands before them: the name of a service, a word of a credential, an authorisation header.
//!
//! The value is found first, since values are rare; only then are the bytes before it searched for names, in one pass of
//! an automaton over at most [`REACH`] bytes.

use super::assignment::{assigned, is_call, is_path};
use super::issued::{is_issued, is_token_of_account, parameter};
use super::open::{is_open, is_pin, is_repository, is_resource, is_stripe_object};
use super::service_names::{common, names};
use super::shapes::{has_worded_path, is_camel, is_digest, is_hexadecimal, is_short_digest, is_worded};
use super::structure;
use crate::bytes::{self, ALPHA, BASE64_URL, Set, WORD, span};
use crate::hit::{Class, Kind, Raw};
use crate::listed::Listed;
use crate::randomness::{is_random, is_random_by, is_reference, is_stand_in, is_uuid, measure};
use crate::trie::Occurrence;

static SERVICE: Kind =
    Kind { id: "service-key", name: "a key beside the name of its service", class: Class::Secret };
static NAMED: Kind =
    Kind { id: "assigned-secret", name: "a secret assigned to a name that says so", class: Class::Secret };

/// How far behind a name its value may stand, in bytes.
const REACH: usize = 120;
/// What a value is written with.
pub(super) const MEMBERS: Set = BASE64_URL.and(Set::of(b"+/.~"));

/// Words of names behind which a drawn value stands.
const SECRET_WORDS: &[&str] = &[
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
    "pat",
];

/// Words that make what stands beside a name likelier to be its key.
const HINTS: &[&str] = &["private", "access", "client", "app", "pass"];

/// Where the reading of one text stands.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Where tokens begin that have not the form of their issuer.
    pub(super) refused: Vec<usize>,
    /// Nothing before this speaks for a value: what was reported is claimed.
    claimed: usize,
    /// Names in front of `searched`, in order of their ends, as far back as they may matter.
    found: std::collections::VecDeque<Found>,
    searched: usize,
}

/// The search for names before a value.
#[derive(Debug)]
pub(super) struct Context {
    names: Listed,
    words: Vec<Word>,
}

/// What a word before a value says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// The name of a service; with `common`, also a word of the language.
    Service {
        common: bool,
    },
    Secret,
    Hint,
    Password,
}

impl Word {
    fn is_service(self) -> bool {
        matches!(self, Self::Service { .. })
    }
}

/// A word found, with its span in the whole text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    word: Word,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Found {
    /// Whether it is this word.
    pub(super) fn is_of(&self, text: &[u8], word: &[u8]) -> bool {
        span(text, self.start, self.end).eq_ignore_ascii_case(word)
    }
}

impl Context {
    /// Takes up all names.
    pub(super) fn new() -> Self {
        let mut common = common().peekable();
        let listed = names()
            .map(|name| (name, Word::Service { common: common.next_if_eq(&name).is_some() }))
            .chain(SECRET_WORDS.iter().map(|word| (*word, Word::Secret)))
            .chain(HINTS.iter().map(|word| (*word, Word::Hint)))
            .chain(["password", "passwd"].map(|word| (word, Word::Password)));
        let (texts, words): (Vec<&str>, Vec<Word>) = listed.unzip();
        Self { names: Listed::new(texts.into_iter()), words }
    }

    /// Judges the values of the segment at `start..end`.
    pub(super) fn judge(
        &self,
        text: &[u8],
        (start, end): (usize, usize),
        reading: &mut Reading,
        raw: &mut Vec<Raw>,
    ) {
        let mut at = start;
        while at < end {
            let rest = span(text, at, end);
            let Some(skip) = rest.iter().position(|&byte| MEMBERS.has(byte)) else { return };
            at += skip;
            let run = MEMBERS.run(span(text, at, end), usize::MAX);
            if run >= super::segments::LEAST {
                self.value(text, start, at, at + run, reading, raw);
            }
            at += run;
        }
    }

    fn value(
        &self,
        text: &[u8],
        segment: usize,
        from: usize,
        to: usize,
        reading: &mut Reading,
        raw: &mut Vec<Raw>,
    ) {
        let value = span(text, from, to);
        let value = value.strip_suffix(b".").unwrap_or(value);
        let Some(look) = Look::at(value) else { return };
        if let Some(hit) = structure::authorization(text, from, to) {
            reading.claimed = to;
            raw.push(hit);
            return;
        }
        if is_token_of_account(text, from, value) && !is_open(text, from) && !is_call(text, to) {
            let why = "a drawn value behind the account of Twilio that it opens";
            reading.claimed = from + value.len();
            raw.push(Raw::new(&SERVICE, from, from + value.len(), 0.6, why));
            return;
        }
        // What stands before a pin is searched with the next value.
        if reading.refused.contains(&from) || is_pin(text, from, value) {
            return;
        }
        // Names are rarer than the rest: where none stands, nothing else is asked.
        self.search(text, from, from + value.len(), reading);
        if reading.found.is_empty() || is_in_address(text, segment, from) || is_open(text, from) {
            return;
        }
        let found: &[Found] = reading.found.make_contiguous();
        if let Some(hit) = by_word(text, from, value, found)
            .or_else(|| by_service(text, (segment, from), value, look, found))
        {
            reading.claimed = hit.end;
            raw.push(hit);
        }
    }

    /// Brings the names up to `to`, and drops those too far before `from`. What was searched is not searched again.
    fn search(&self, text: &[u8], from: usize, to: usize, reading: &mut Reading) {
        let window = from.saturating_sub(REACH + 20).max(reading.claimed);
        let begin = reading.searched.saturating_sub(self.names.longest_bytes()).max(window);
        for Occurrence { pattern, start, end } in self.names.occurrences(span(text, begin, to)) {
            let (start, end) = (begin + start, begin + end);
            let Some(&word) = self.words.get(pattern) else { continue };
            if end > reading.searched && stands_alone(text, start, end, word) {
                reading.found.push_back(Found { word, start, end });
            }
        }
        reading.searched = reading.searched.max(to);
        reading.found.retain(|found| found.start >= window);
    }
}

/// A first look at a value: whether it can be a key at all.
#[derive(Debug, Clone, Copy)]
struct Look {
    digits: usize,
    letters: usize,
}

impl Look {
    fn at(value: &[u8]) -> Option<Self> {
        let (mut digits, mut lower, mut upper) = (0, 0, 0);
        for byte in value.iter().take(512) {
            match byte {
                b'0'..=b'9' => digits += 1,
                b'a'..=b'z' => lower += 1,
                b'A'..=b'Z' => upper += 1,
                _ => {}
            }
        }
        let letters = lower + upper;
        let mixed = (digits > 0 && letters >= 2) || (value.len() >= 16 && lower >= 3 && upper >= 3);
        let plain = (value.len() >= 20 || digits >= 15) && digits + letters + 1 >= value.len();
        (mixed || plain).then_some(Self { digits, letters })
    }
}

/// Whether a value stands in the host or path of a web address, where keys of a form of their own stand and no others.
fn is_in_address(text: &[u8], segment: usize, from: usize) -> bool {
    let head = span(text, segment, from);
    let address = (head.ends_with(b":") && span(text, from, from + 2) == b"//")
        || head.windows(3).any(|window| window == b"://")
        || head.ends_with(b"//")
        || head.ends_with(b":/");
    address && head.last() != Some(&b'=') && !head.contains(&b'?')
}

/// Whether a name is a word of its own, or begins a part of a longer one.
fn stands_alone(text: &[u8], start: usize, end: usize, word: Word) -> bool {
    let before = bytes::before(text, start).is_some_and(|byte| ALPHA.has(byte));
    let first = bytes::at(text, start).is_some_and(|byte| byte.is_ascii_uppercase());
    let after = bytes::at(text, end).is_some_and(|byte| byte.is_ascii_lowercase());
    match word {
        Word::Service { common } => (!before || first) && !(after && common && !is_joined(text, end)),
        Word::Secret => !after || bytes::at(text, end) == Some(b's'),
        Word::Hint | Word::Password => true,
    }
}

/// Whether a word of credentials follows without a mark: `codakey`.
fn is_joined(text: &[u8], end: usize) -> bool {
    let tail = span(text, end, end + 7);
    [&b"key"[..], b"token", b"secret", b"api", b"access", b"auth", b"client", b"private"]
        .iter()
        .any(|word| tail.starts_with(word))
}

/// A value assigned to a word of a credential, joined to it, or shown behind a sentence about a password.
fn by_word(text: &[u8], from: usize, value: &[u8], found: &[Found]) -> Option<Raw> {
    let to = from + value.len();
    for word in found.iter().rev().filter(|found| found.word == Word::Secret && !is_bare_key(text, found)) {
        if word.end <= from {
            if from - word.end <= 80
                && let Some(hit) = assigned(text, word.start, word.end, false)
                && hit.start < to
                && hit.end > from
            {
                return Some(hit);
            }
        } else if matches!(bytes::at(text, word.end), Some(b'-' | b'_' | b'='))
            && word.end - word.start >= 5
            && is_drawn_tail(span(text, word.end + 1, to))
        {
            return Some(Raw::new(
                &NAMED,
                word.end + 1,
                to,
                0.6,
                "a drawn value joined to a name of a credential",
            ));
        }
    }
    let shown = |word: &&Found| {
        let between = span(text, word.end.min(from), from);
        let sentence = |byte: &u8| ALPHA.has(*byte) || b" .,:\n\r".contains(byte);
        word.word == Word::Password
            && word.end <= from
            && between.contains(&b':')
            && between.iter().all(sentence)
    };
    (is_digest(&measure(value)) && found.iter().any(|word| shown(&word)))
        .then(|| Raw::new(&NAMED, from, to, 0.6, "a drawn value behind a word for passwords"))
}

/// Whether a name is `key` and nothing else: the keys of maps, caches, tables and buckets are called so, too.
fn is_bare_key(text: &[u8], found: &Found) -> bool {
    let joins = |byte: u8| WORD.has(byte) || b"-. ".contains(&byte);
    found.end - found.start == 3
        && span(text, found.start, found.end).eq_ignore_ascii_case(b"key")
        && !bytes::before(text, found.start).is_some_and(joins)
        && !bytes::at(text, found.end).is_some_and(|byte| WORD.has(byte))
}

fn is_drawn_tail(tail: &[u8]) -> bool {
    let text = super::proof::base64_text(tail)
        .is_some_and(|bytes| bytes.iter().all(|byte| (32..127).contains(byte)));
    tail.len() >= 20
        && !text
        && (is_random(tail) || is_uuid(tail))
        && !tail.iter().any(|byte| b"/.".contains(byte))
}

/// A value beside the name of a service.
fn by_service(
    text: &[u8],
    (segment, from): (usize, usize),
    value: &[u8],
    look: Look,
    found: &[Found],
) -> Option<Raw> {
    let is_session = value.starts_with(b"cs_test_") || value.starts_with(b"cs_live_");
    // What another service stands nearer to is that one's.
    let nearest = || found.iter().rev().find(|word| word.word.is_service() && word.end <= from);
    let is_stripe = || is_session || nearest().is_some_and(|word| word.is_of(text, b"stripe"));
    if is_repository(value) || is_resource(value) || is_stripe_object(value) && is_stripe() {
        return None;
    }
    // In the query of an address only the name it is given to says what a value is.
    if let Some(name) = parameter(text, segment, from)
        && !found.iter().any(|word| !word.word.is_service() && word.start >= name && word.start < from)
    {
        return None;
    }
    let behind = |at: usize| {
        found
            .iter()
            .any(|word| !word.word.is_service() && word.start >= at && word.start < from + value.len())
    };
    let is_told = |at: usize| {
        // Applications and clients are named by identifiers that are open.
        let is_named = |word: &Found| {
            let word = span(text, word.start, word.end);
            word.eq_ignore_ascii_case(b"app") || word.eq_ignore_ascii_case(b"client")
        };
        let tells = |word: &&Found| !word.word.is_service() && word.start >= at && !is_named(word);
        found.iter().filter(tells).any(|word| word.start < from + value.len())
    };
    let free = bytes::before(text, from).is_none_or(|byte| b"=:\"'`> \t\n(".contains(&byte));
    for name in found.iter().rev() {
        let Word::Service { common } = name.word else { continue };
        let inside = name.end > from;
        if from.saturating_sub(name.end) > REACH {
            break;
        }
        let named = behind(name.end.saturating_sub(1)) || behind(name.start);
        let operated = span(text, name.end, from).iter().any(|byte| b"=:".contains(byte))
            || (name.start >= from && matches!(bytes::at(text, name.end), Some(b'-' | b'_')));
        let adjacent = name.end + 1 == from && !common;
        let least = match (operated, named) {
            (true, true) => 8,
            (_, true) | (true, _) => 12,
            (false, false) if common => return None,
            (false, false) => 16,
        };
        let whole = (!inside && free).then_some(value);
        let candidates =
            [whole, tail_of(value, named, inside), joined_to(from, value, found).filter(|_| inside)];
        for candidate in candidates.into_iter().flatten() {
            let loose = named || operated || (adjacent && candidate.len() >= 20);
            // Identifiers, digests and commits look so, too: only a word for a credential tells them from keys, or nothing between.
            let is_told = || is_told(name.start) || adjacent && bytes::before(text, from) == Some(b' ');
            let may_be_open = is_uuid(candidate) || is_hexadecimal(candidate) || is_short_digest(candidate);
            let is_issued = || is_issued(text, (segment, from), name, candidate);
            if candidate.len() >= least
                && (!may_be_open || is_told() || is_issued())
                && fits(candidate, look, loose, named && operated)
            {
                let end = from + value.len();
                if is_call(text, end) {
                    return None;
                }
                let why = "a drawn value beside the name of a service";
                return Some(Raw::new(&SERVICE, end - candidate.len(), end, 0.6, why));
            }
        }
    }
    None
}

/// What follows the last word of a credential inside a value: `SECRET-123456789ab-cd12…`.
fn joined_to<'t>(from: usize, value: &'t [u8], found: &[Found]) -> Option<&'t [u8]> {
    let word = found.iter().rev().find(|word| !word.word.is_service() && word.start >= from)?;
    let rest = value.get(word.end - from..)?;
    rest.strip_prefix(b"-").or_else(|| rest.strip_prefix(b"_"))
}

/// The last part of a value such as `_API_KEY-a8F3…`.
fn tail_of(value: &[u8], named: bool, inside: bool) -> Option<&[u8]> {
    let uuid = value.len().checked_sub(36).and_then(|at| value.get(at..)).filter(|tail| is_uuid(tail));
    let last = value.rsplit(|byte| b"-_.".contains(byte)).next();
    let shortest = if named || inside { 16 } else { 20 };
    uuid.or(last.filter(|last| last.len() >= shortest && last.len() < value.len()))
}

/// Whether a value can be a key: drawn, or, where a word of credentials stands before it, at least no word of a language.
/// `assigned` says that an operator stands there, too.
fn fits(value: &[u8], look: Look, named: bool, assigned: bool) -> bool {
    let dotted = value.split(|&byte| byte == b'.').count().saturating_sub(1);
    if dotted > 2 || is_path(value) || has_worded_path(value) {
        return false;
    }
    let m = measure(value);
    if is_uuid(value) || is_random_by(&m, value) || is_digest(&m) {
        return true;
    }
    named
        && !is_worded(value)
        && m.distinct >= 5
        && m.entropy >= 2.3
        && m.other <= if assigned && m.length >= 30 { 6 } else { 4 }
        && !is_reference(value)
        && !is_stand_in(value)
        && ((look.digits >= 3 && look.letters >= 2 && m.digits >= 3)
            || (m.length >= 20
                && (m.other == 0 || m.other == 1 && (m.digits > 0 || dotted == 0))
                && !is_camel(&m))
            || (assigned && m.digits >= 15))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&'static str, String)> {
        let context = Context::new();
        let mut raw = Vec::new();
        let mut reading = Reading::default();
        for segment in super::super::segments::segments(text.as_bytes()) {
            context.judge(text.as_bytes(), segment, &mut reading, &mut raw);
        }
        raw.iter()
            .map(|hit| (hit.kind.id, text.get(hit.start..hit.end).unwrap_or_default().to_owned()))
            .collect()
    }

    proptest::proptest! {
        // What is found before a value does not depend on which values before it were searched, too.
        #[test]
        fn names_are_the_same_however_often_they_are_searched(
            words in proptest::collection::vec(proptest::sample::select(vec![
                "datadog", "api_key", "token:", "x8Kd92LsQ0pZx7", "password", "githubToken", "a", "secret=",
                "key", "Qx7Vb6Na8F3kd92LsQ0pZx7Vb6N", "-", "slack_webhook", "plain", "DATADOG_APP_KEY",
            ]), 1..60),
            glue in proptest::collection::vec(proptest::sample::select(vec![" ", "", "=", "\n"]), 60),
            skipped in proptest::collection::vec(proptest::bool::ANY, 60),
        ) {
            let context = Context::new();
            let mut text = String::new();
            let mut values = Vec::new();
            for (word, glue) in words.iter().zip(&glue) {
                values.push((text.len(), text.len() + word.len()));
                text += word;
                text += glue;
            }
            let (mut every, mut some) = (Reading::default(), Reading::default());
            let last = values.len() - 1;
            for (place, (from, to)) in values.into_iter().enumerate() {
                context.search(text.as_bytes(), from, to, &mut every);
                if place == last || !skipped[place] {
                    context.search(text.as_bytes(), from, to, &mut some);
                    proptest::prop_assert_eq!(&every.found, &some.found);
                }
            }
        }
    }

    #[test]
    fn a_drawn_value_beside_a_service_is_its_key() {
        let key = "a8F3kd92LsQ0pZx7Vb6N".to_owned();
        assert_eq!(found("datadog: a8F3kd92LsQ0pZx7Vb6N"), [("service-key", key.clone())]);
        assert_eq!(found("api_key: a8F3kd92LsQ0pZx7Vb6N"), [("assigned-secret", key)]);
    }

    #[test]
    fn a_commit_in_an_address_and_a_value_without_a_name_are_none() {
        assert_eq!(
            found("jenkins: https://github.com/a/jenkins/commit/f687dbe75d1c4f39f7e14b68220890384d7c5674"),
            []
        );
        assert_eq!(found("blob a8F3kd92LsQ0pZx7Vb6N"), []);
        assert_eq!(found("key = a8F3kd92LsQ0pZx7Vb6N"), []);
        assert_eq!(found("signature: a8F3kd92LsQ0pZx7Vb6N"), []);
    }

    #[test]
    fn resources_of_clouds_and_commits_that_are_cut_short_are_no_keys() {
        for text in [
            "aws: ~ ami = \"ami-0c55b159cbfafe1f0\" -> \"ami-09d3b3274b6c5d4aa\"",
            "aws_subnet vpc_id = \"vpc-0a1b2c3d4e5f67890\" sg-0d1e2f3a4b5c6d7e8",
            "auth0 diff --git a/src/auth.rs b/src/auth.rs\nindex 3f8a1c2..9b07e4d 100644",
            "redis:7 Container id 9f2d1c7e4b3a",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn digests_identifiers_and_names_beside_a_service_are_no_keys() {
        let digest = "Z6O9Nhsjv+ayUEeI1IojKbYcsGdgYSNqxe1s2MYzUhQ";
        let commit = "f687dbe75d1c4f39f7e14b68220890384d7c5674";
        let uuid = "3f2c8a41-9d7e-4b60-a1c5-7e92d04b6f18";
        for text in [
            &format!("github.com/docker/docker v20.10.7+incompatible h1:{digest}="),
            &format!("    \"h1:{digest}=\",\n    \"zh:{commit}{}\", # cloudflare/cloudflare", &commit[..24]),
            &format!(
                "mailgun.js@^8: resolved \"https://registry.npmjs.org/mailgun.js\" integrity sha512-{digest}{digest}=="
            ),
            &format!("mailgun: sha512-{digest}"),
            &format!("datadog: uses: DataDog/agent-github-action@{commit} # v1"),
            &format!("datadog @ git+https://github.com/DataDog/datadogpy.git#{commit}"),
            &format!("datadog commit {commit}, tree: {commit}"),
            &format!("gitlab: {commit}"),
            &format!("heroku app {uuid} and dropbox: {uuid}"),
            "https://www.google.com/search?q=x&rlz=1C1CHBF_enUS789US790&sourceid=chrome",
            "https://www.youtube.com/watch?v=dQw4w9WgXcQ&list=PLrAXtmErZgOeiKm4sgNOknGvNjby9efdf&index=3",
            "see github https://a.example/x?session=1&ref=a8F3kd92LsQ0pZx7Vb6N",
            "huggingface: HuggingFaceH4/ultrachat_200k, huggingface = meta-llama/Llama-2-7b-chat-hf",
            "the huggingface model TheBloke/Mistral-7B-Instruct-v0.2-GGUF",
            "github.com and session cs_test_a1YS1URlnyQCN5fUUduORoQ7Pw41PJqDWkIVQCpJPqkfIhd6tVY8XB1OLY",
            "stripe: cus_NffrFeUfNV2Hib, stripe_payment_intent=pi_3MtwBwLkdIwHu7ix28a3tqPa",
            &format!("heroku request_id={uuid}, x-heroku: {uuid}, heroku sha: {commit}"),
            &format!("cache_key: {}, Idempotency-Key: {uuid}, primaryKey={uuid}", &commit[..32]),
            &format!("https://api.openweathermap.org/data/2.5/weather?etag={}", &commit[..32]),
            &format!("https://api.example.com/weather?appid={}", &commit[..32]),
            &format!("see datadog: {uuid}, datadog sha256: {}", &commit[..32]),
        ] {
            assert_eq!(found(text), [], "{text}");
        }
        let key = "a8F3kd92LsQ0pZx7Vb6N";
        for (text, value) in [
            (format!("HEROKU_API_KEY={uuid}"), uuid),
            (format!("datadog api key: {}", &commit[..32]), &commit[..32]),
            (format!("https://api.mapbox.com/x?a=b&access_token={key}"), key),
            (format!("mailgun: {key}"), key),
            (format!("heroku: {uuid}"), uuid),
            (format!("DD_API_KEY={}", &commit[..32]), &commit[..32]),
            (
                format!("https://api.openweathermap.org/data/2.5/weather?q=London&appid={}", &commit[..32]),
                &commit[..32],
            ),
            ("stripe: a8F3kd92LsQ0pZx7Vb6N".to_owned(), key),
            ("stripe secret: sec_a8F3kd92LsQ0pZx7Vb6N_x9".to_owned(), "sec_a8F3kd92LsQ0pZx7Vb6N_x9"),
        ] {
            let found = found(&text);
            assert!(found.iter().any(|(_, one)| one == value), "{text}: {found:?}");
        }
    }

    #[test]
    fn primary_keys_of_accounts_are_secrets_and_those_of_rows_are_none() {
        let drawn = "Z6O9Nhsjv+ayUEeI1IojKbYcsGdgYSNqxe1s2MYzUhQ";
        let long = format!("{drawn}q7Rk2LxVb9TfWc4YpHn8DmEo3GtJu5SiAl0Pz6CvB1X");
        let hexadecimal = "9f86d081884c7d659a2feaa0c55ad015";
        for (text, value) in [
            (format!("COSMOS_PRIMARY_KEY={long}=="), format!("{long}==")),
            (format!("Azure Cosmos primaryKey: {long}=="), long),
            (format!("eventhub PrimaryKey={drawn}="), format!("{drawn}=")),
            (format!("iothub primary-key: {drawn}="), drawn.to_owned()),
            (format!("azure primaryKey={hexadecimal}"), hexadecimal.to_owned()),
            (format!("  \"primaryKey\": \"{hexadecimal}\","), hexadecimal.to_owned()),
            ("row_key: a8F3kd92LsQ0pZx7Vb6N".to_owned(), "a8F3kd92LsQ0pZx7Vb6N".to_owned()),
        ] {
            let found = found(&text);
            assert!(
                found.iter().any(|(_, one)| one.starts_with(value.trim_end_matches('='))),
                "{text}: {found:?}"
            );
        }
        for text in [
            "primary_key=3f2c8a41-9d7e-4b60-a1c5-7e92d04b6f18",
            "primaryKey: 202611300417552891, foreign_key=4815162342000017",
            "object_key=uploads/2026/a8F3kd92LsQ0pZx7Vb6N",
            "objectKey: a8F3kd92LsQ0pZx7Vb6N.png",
            "partition_key: 9f86d081884c7d659a2feaa0c55ad015",
            "Idempotency-Key: KG5LxwFBepaKHyUD2mQ",
            "cache_key = a8F3kd92LsQ0pZx7Vb6N",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn objects_of_stripe_are_no_keys_and_what_others_or_stripe_give_as_one_is() {
        let key = "a8F3kd92LsQ0pZx7Vb6N";
        let long = format!("{key}{key}");
        for (text, value) in [
            (format!("stripe and mailgun: mgk_{key}"), format!("mgk_{key}")),
            (format!("Bill with Stripe. mailgun = mgk_{key}"), format!("mgk_{key}")),
            (format!("Bill with Stripe. mailgun = li_{key}"), format!("li_{key}")),
            (format!("stripe terminal token pst_test_{long}"), long.clone()),
            (format!("Stripe OAuth code: ac_{}", &long[..32]), long[..32].to_owned()),
            (format!("stripe refresh token rt_{long}"), long.clone()),
            (format!("stripe: tok_{key}Qx7V"), format!("tok_{key}Qx7V")),
        ] {
            let found = found(&text);
            assert!(found.iter().any(|(_, one)| one.ends_with(&value)), "{text}: {found:?}");
        }
        for kind in ["cus", "ch", "pi", "seti", "sub", "prod", "price", "evt", "acct", "req", "txn"] {
            for text in [format!("stripe: {kind}_{key}"), format!("stripe_key = {kind}_{key}")] {
                assert!(found(&text).iter().all(|(kind, _)| *kind != "service-key"), "{text}");
            }
        }
    }

    #[test]
    fn the_token_behind_an_account_of_twilio_is_told_and_its_resources_are_none() {
        let account = "AC0a1b2c3d4e5f60718293a4b5c6d7e8f9";
        let token = "f687dbe75d1c4f39f7e14b6822089038";
        for text in [
            &format!("client = twilio.rest.Client('{account}', '{token}')"),
            &format!("twilio sid {account} token {token}"),
            &format!("{account},{token}"),
            &format!("account {account}\nauth token: {token}"),
            &format!("twilio: {token}"),
        ] {
            let found = found(text);
            assert!(found.iter().any(|(_, one)| one == token), "{text}: {found:?}");
        }
        for text in [
            &format!("{account}/Messages/{token}"),
            &format!("twilio account {account} etag: {token}"),
            &format!("the log of {account} has the checksum {token}"),
            &format!("XAC{account}, {}", &token[..30]),
            &format!("see twilio, commit {token}"),
        ] {
            assert!(found(text).iter().all(|(_, one)| one != token), "{text}: {:?}", found(text));
        }
    }

    #[test]
    fn keys_of_an_issuer_are_told_behind_every_operator() {
        let uuid = "3f2c8a41-9d7e-4b60-a1c5-7e92d04b6f18";
        for text in ["'heroku' => '{}'", "heroku -> {}", "heroku := {}", "x.heroku: {}", "conf.heroku={}"] {
            assert_eq!(found(&text.replace("{}", uuid)), [("service-key", uuid.to_owned())], "{text}");
        }
        for text in ["app.heroku: {}", "request.heroku = {}", "heroku - {}", "heroku :: {}", "x-heroku => {}"]
        {
            assert_eq!(found(&text.replace("{}", uuid)), [], "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn names_of_repositories_are_of_words_and_drawn_values_are_not(
            owner in "(open|meta|Google|Stability)(-?(llama|AI|Research|lab))?",
            name in "(bert|Llama|ultrachat|Mistral)[-_]([0-9]{1,3}[bkBK])?-?(instruct|Chat|base|Dialogue)",
            drawn in "[a-z][0-9][A-Z][a-z][0-9][A-Z][0-9][a-z][A-Z][0-9]/[a-z][0-9][A-Z][0-9][a-z][A-Z][0-9]",
        ) {
            let repository = format!("{owner}/{name}");
            proptest::prop_assert!(is_repository(repository.as_bytes()));
            proptest::prop_assert!(!is_repository(drawn.as_bytes()));
        }
    }

    #[test]
    fn a_value_joined_to_a_name_is_taken_without_it() {
        let key = "dd52c29224affe29d163c6bf99e5c34f".to_owned();
        assert_eq!(found("use dd-apikey-dd52c29224affe29d163c6bf99e5c34f"), [("assigned-secret", key)]);
    }
}

//! Credentials in a text.
//!
//! What is rare is looked for first. Tokens stand in long stretches without a blank ([`segments`]): only there an automaton
//! looks for the fixed texts of formats, and only a value that looks drawn has the bytes before it searched for names
//! ([`beside`]). Passwords and commands, whose values may be short, are found by a vector search for a few texts. Every look
//! is bounded, so the whole is linear.

mod altered;
mod assignment;
mod beside;
mod cloud;
mod command;
mod forges;
mod format;
mod issued;
mod models;
mod open;
mod proof;
mod said;
mod segments;
mod service_names;
mod services;
mod shapes;
mod structure;

pub use altered::token_marks;

pub(crate) use altered::Altered;

use crate::hit::Raw;
use crate::trie::{Occurrence, Trie};
use aho_corasick::{AhoCorasick, MatchKind, packed};
use beside::{Context, Reading};
use format::{Format, stands_free};
use memchr::memmem;
use std::sync::LazyLock;

/// Every family of formats: one line each.
static FAMILIES: &[&[Format]] = &[models::FORMATS, cloud::FORMATS, forges::FORMATS, services::FORMATS];

/// Places of a segment at which fixed texts are looked for at once: a segment may be as long as the text, and hold one at every other byte.
const AT_ONCE: usize = 1 << 16;

/// How sure it is that a token is one that does not stand free.
const GLUED: f32 = 0.6;

/// The armour of keys (RFC 7468).
const ARMOUR: &[u8] = b"-----BEGIN ";

/// The detector of credentials.
#[derive(Debug)]
pub(crate) struct Secrets {
    formats: Trie,
    cues: Vec<Vec<Cue>>,
    context: Context,
    /// Whether each fixed text tells its issuer.
    claims: Vec<bool>,
    /// Words of passwords, then programs that take one.
    words: Words,
    armour: memmem::Finder<'static>,
}

/// The search for words.
#[derive(Debug)]
enum Words {
    /// By the vectors of the processor.
    Packed(packed::Searcher),
    Plain(AhoCorasick),
}

/// What to do where a fixed text stands.
#[derive(Debug, Clone, Copy)]
enum Cue {
    Format(&'static Format),
    Structure(structure::Read),
}

/// The one of this process: the tables are the same for all who look.
static SHARED: LazyLock<Result<Secrets, aho_corasick::BuildError>> = LazyLock::new(Secrets::new);

impl Secrets {
    /// The detector, made when it is first asked for.
    ///
    /// # Errors
    /// If an automaton would be too large, which the fixed tables rule out.
    pub(crate) fn shared() -> Result<&'static Self, aho_corasick::BuildError> {
        SHARED.as_ref().map_err(Clone::clone)
    }

    /// Builds the automata over all families.
    fn new() -> Result<Self, aho_corasick::BuildError> {
        let mut cues = std::collections::BTreeMap::<&'static str, Vec<Cue>>::new();
        for format in FAMILIES.iter().copied().flatten() {
            for start in format.starts {
                cues.entry(start).or_default().push(Cue::Format(format));
            }
        }
        for (start, read) in structure::STARTS {
            cues.entry(start).or_default().push(Cue::Structure(*read));
        }
        let claims = cues
            .iter()
            .map(|(start, cues)| {
                cues.iter().all(|cue| matches!(cue, Cue::Format(format) if format.claims(start)))
            })
            .collect();
        let starts: Vec<&str> = cues.keys().copied().collect();
        let programs = command::PROGRAMS.iter().map(|(program, _)| *program);
        let words: Vec<&str> = assignment::PASSWORD_TEXTS.iter().copied().chain(programs).collect();
        Ok(Self {
            formats: Trie::new(&starts),
            cues: cues.into_values().collect(),
            claims,
            context: Context::new(),
            words: Words::of(&words)?,
            armour: memmem::Finder::new(ARMOUR),
        })
    }

    /// Finds the credentials of a text.
    pub(crate) fn scan(&self, text: &[u8], raw: &mut Vec<Raw>) {
        let mut reading = Reading::default();
        for segment in segments::segments(text) {
            self.tokens(text, segment, &mut reading.refused, raw);
            self.context.judge(text, segment, &mut reading, raw);
            reading.refused.clear();
        }
        match &self.words {
            Words::Packed(words) => words.find_iter(text).for_each(|found| word(text, found, raw)),
            Words::Plain(words) => words.find_iter(text).for_each(|found| word(text, found, raw)),
        }
        raw.extend(
            self.armour.find_iter(text).filter_map(|at| structure::private_key(text, at, at + ARMOUR.len())),
        );
    }

    /// Finds tokens and structures by their fixed texts, and where one begins that has not the form of its issuer.
    fn tokens(
        &self,
        text: &[u8],
        (first, last): (usize, usize),
        refused: &mut Vec<usize>,
        raw: &mut Vec<Raw>,
    ) {
        let segment = text.get(first..last).unwrap_or_default();
        let parts = (0..segment.len()).step_by(AT_ONCE).map(|at| at..segment.len().min(at + AT_ONCE));
        for Occurrence { pattern, start, end } in
            parts.flat_map(|part| self.formats.occurrences_from(segment, part))
        {
            let (start, end) = (first + start, first + end);
            let known = raw.len();
            let glued = !stands_free(text, start);
            for cue in self.cues.get(pattern).into_iter().flatten() {
                raw.extend(match *cue {
                    Cue::Format(format) => format
                        .at(text, start, end)
                        .map(|(from, to, score, why)| Raw::new(&format.kind, from, to, score, why))
                        .or_else(|| glued.then(|| within(format, text, start, end)).flatten()),
                    Cue::Structure(read) => read(text, start, end),
                });
            }
            if raw.len() == known && self.claims.get(pattern) == Some(&true) {
                refused.push(start);
            }
        }
    }
}

impl Words {
    fn of(words: &[&str]) -> Result<Self, aho_corasick::BuildError> {
        let packed = packed::Config::new()
            .match_kind(packed::MatchKind::LeftmostFirst)
            .builder()
            .extend(words)
            .build();
        match packed {
            Some(packed) => Ok(Self::Packed(packed)),
            None => AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(words).map(Self::Plain),
        }
    }
}

/// A token with letters or an underscore right before it, told by its form alone.
fn within(format: &'static Format, text: &[u8], start: usize, end: usize) -> Option<Raw> {
    let mark = std::str::from_utf8(text.get(start..end)?).ok()?;
    let stop = altered::unmistakable(format, mark, text, (start, end), false)?;
    Some(Raw::new(&format.kind, start, stop, GLUED, "the issuer's format, within a word"))
}

/// What the word of a password or a program gives.
fn word(text: &[u8], found: aho_corasick::Match, raw: &mut Vec<Raw>) {
    let pattern = found.pattern().as_usize();
    raw.extend(match pattern.checked_sub(assignment::PASSWORD_TEXTS.len()) {
        None => assignment::password_word(text, found.start(), found.end()).and_then(|end| {
            assignment::assigned(text, found.start(), end, true).or_else(|| assignment::told(text, end))
        }),
        Some(program) => {
            command::PROGRAMS.get(program).and_then(|(_, flag)| command::password(text, found.end(), *flag))
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&'static str, String)> {
        let mut raw = Vec::new();
        Secrets::shared().expect("the automata").scan(text.as_bytes(), &mut raw);
        raw.iter()
            .map(|hit| (hit.kind.id, text.get(hit.start..hit.end).unwrap_or_default().to_owned()))
            .collect()
    }

    #[test]
    fn a_quoted_secret_is_found_and_a_name_of_one_is_not() {
        let value = "development#product".to_owned();
        assert_eq!(found("JWT:\n  secret: \"development#product\"\n"), [("assigned-password", value)]);
        assert_eq!(found("secretName: \"my-tls-secret\""), []);
    }

    #[test]
    fn keys_that_the_issuer_shows_to_everyone_are_no_secrets_and_others_of_their_form_are() {
        // Built from parts, so that no scanner takes this file for a leak.
        let stripe = |mark: &str, body: &str| found(&format!("charge with {mark}_{body} now")).len();
        let (documented, drawn) = ("4eC39HqLyjWDarjtT1zdp7dc", "7dW52KqLyjWDarjtT1zdp8fe");
        assert_eq!([stripe("sk_test", documented), stripe("sk_test", drawn)], [0, 1]);
        assert_eq!([stripe("pk_live", drawn), stripe("rk_live", drawn)], [0, 1]);
        let head = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0";
        let token = |signature: &str| found(&format!("see {head}.{signature} there")).len();
        let documented = "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
        assert_eq!([token(documented), token(&documented.replace("Sfl", "Tgm"))], [0, 1]);
    }

    #[test]
    fn what_begins_as_a_token_and_has_another_form_is_no_secret_by_its_name() {
        assert_eq!(found("api_key: glsa_a8F3kd92LsQ0pZx7Vb6N"), []);
        assert_eq!(found("api_key: gxxa_a8F3kd92LsQ0pZx7Vb6N").len(), 1);
    }

    #[test]
    fn a_login_in_a_block_of_credentials_is_found_and_a_form_is_not() {
        let value = "password".to_owned();
        assert_eq!(
            found("credentials {\n  username \"user\"\n  password \"password\"\n}"),
            [("assigned-password", value)]
        );
        assert_eq!(found("String userid = \"userid\";\nString password = \"password\";"), []);
    }
}

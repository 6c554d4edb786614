//! Credentials in a text.
//!
//! One Aho–Corasick pass finds fixed texts of token formats, words of credential names, names of services and starts of
//! structures; each find is looked at within a bounded distance. Linear in the text, nothing is tried twice.

mod assignment;
mod cloud;
mod forges;
mod format;
mod models;
mod proof;
mod service_names;
mod services;
mod structure;

use crate::hit::Raw;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use format::Format;

/// Every family of formats: one line each.
static FAMILIES: &[&[Format]] = &[models::FORMATS, cloud::FORMATS, forges::FORMATS, services::FORMATS];

/// The detector of credentials.
#[derive(Debug)]
pub(crate) struct Secrets {
    automaton: AhoCorasick,
    cues: Vec<Vec<Cue>>,
}

/// What to do where a fixed text stands.
#[derive(Debug, Clone, Copy)]
enum Cue {
    Format(&'static Format, &'static str),
    Structure(structure::Read, &'static str),
    Password,
    Secret,
    Service,
}

impl Secrets {
    /// Builds the automaton over all families.
    ///
    /// # Errors
    /// If the automaton would be too large, which the fixed tables rule out.
    pub(crate) fn new() -> Result<Self, aho_corasick::BuildError> {
        let mut cues = std::collections::BTreeMap::<String, Vec<Cue>>::new();
        let mut add = |text: &'static str, cue| cues.entry(text.to_ascii_lowercase()).or_default().push(cue);
        for format in FAMILIES.iter().copied().flatten() {
            for start in format.starts {
                add(start, Cue::Format(format, start));
            }
        }
        for (start, read) in structure::STARTS {
            add(start, Cue::Structure(*read, start));
        }
        for word in assignment::PASSWORD_WORDS {
            add(word, Cue::Password);
        }
        for word in assignment::SECRET_WORDS {
            add(word, Cue::Secret);
        }
        for name in service_names::NAMES {
            add(name, Cue::Service);
        }
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::DFA))
            .build(cues.keys())?;
        Ok(Self { automaton, cues: cues.into_values().collect() })
    }

    /// Finds the credentials of a text.
    pub(crate) fn scan(&self, text: &[u8], raw: &mut Vec<Raw>) {
        for found in self.automaton.find_overlapping_iter(text) {
            let (start, end) = (found.start(), found.end());
            let Some(cues) = self.cues.get(found.pattern().as_usize()) else { continue };
            for cue in cues {
                raw.extend(match *cue {
                    Cue::Format(format, fixed) => exact(text, start, end, fixed)
                        .then(|| format.at(text, start, end))
                        .flatten()
                        .map(|(from, to, score, why)| Raw::new(&format.kind, from, to, score, why)),
                    Cue::Structure(read, fixed) => {
                        exact(text, start, end, fixed).then(|| read(text, start, end)).flatten()
                    }
                    Cue::Password => assignment::assigned(text, start, end, true),
                    Cue::Secret => assignment::assigned(text, start, end, false),
                    Cue::Service => assignment::beside(text, start, end),
                });
            }
        }
    }
}

/// Whether the text stands there in its own case.
fn exact(text: &[u8], start: usize, end: usize, fixed: &str) -> bool {
    text.get(start..end) == Some(fixed.as_bytes())
}

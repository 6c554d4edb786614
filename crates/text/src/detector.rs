//! The entry point: [`Detector`].

use crate::hit::{Characters, Hit, Sink, settle};
use crate::names::Names;
use crate::pii::Patterns;
use crate::secrets::{Altered, Secrets};
use std::sync::OnceLock;
use thiserror::Error;

/// Why a detector could not be made.
#[derive(Debug, Error)]
pub enum TextError {
    /// The automaton over the fixed texts of all formats could not be built.
    #[error("the automaton over all token formats could not be built; use fewer subjects")]
    Automaton(#[from] aho_corasick::BuildError),
}

/// What to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a choice of subjects that do not depend on each other")]
pub struct Subjects {
    /// Credentials.
    pub secrets: bool,
    /// Personal data told by its form.
    pub patterns: bool,
    /// Personal data told by words and context: names, addresses, dates.
    pub names: bool,
    /// Characters that are not seen, or not what they seem.
    pub characters: bool,
}

impl Subjects {
    /// Everything.
    pub const ALL: Self = Self { secrets: true, patterns: true, names: true, characters: true };
}

/// Finds what is wrong with texts. Made once, used for any number of texts, from any number of threads.
#[derive(Debug)]
pub struct Detector {
    secrets: Option<&'static Secrets>,
    /// Made when a text is first looked through that was changed.
    altered: OnceLock<Altered>,
    patterns: Option<Patterns>,
    names: Option<Names>,
    characters: bool,
}

impl Detector {
    /// A detector for the subjects.
    ///
    /// # Errors
    /// [`TextError::Automaton`] if the tables are too large for an automaton.
    pub fn new(subjects: Subjects) -> Result<Self, TextError> {
        Ok(Self {
            secrets: subjects.secrets.then(Secrets::shared).transpose()?,
            altered: OnceLock::new(),
            patterns: subjects.patterns.then(Patterns::new),
            names: subjects.names.then(Names::new),
            characters: subjects.characters,
        })
    }

    /// Finds what is in `text` and gives it to `sink` in order. Bytes that are not UTF-8 are read as single characters.
    pub fn scan(&self, text: impl AsRef<[u8]>, sink: &mut dyn Sink) {
        let text = text.as_ref();
        let mut raw = Vec::new();
        if let Some(secrets) = self.secrets {
            secrets.scan(text, &mut raw);
        }
        if let Some(patterns) = &self.patterns {
            patterns.scan(text, &mut raw);
        }
        if let Some(names) = &self.names {
            names.scan(text, &mut raw);
        }
        if self.characters {
            crate::unseen::scan(text, &mut raw);
        }
        give(text, raw, sink);
    }

    /// Finds tokens of issuers in a text that somebody changed: nothing is asked of what stands around them, and with `any_case` capitals
    /// and small letters are the same. Told by their form alone, so that tokens without a mark of their issuer are none here.
    pub fn scan_altered(&self, text: impl AsRef<[u8]>, any_case: bool, sink: &mut dyn Sink) {
        if self.secrets.is_none() {
            return;
        }
        let (text, mut raw) = (text.as_ref(), Vec::new());
        self.altered.get_or_init(Altered::new).scan(text, any_case, &mut raw);
        give(text, raw, sink);
    }
}

/// Gives hits in order, with the places of their characters.
fn give(text: &[u8], raw: Vec<crate::hit::Raw>, sink: &mut dyn Sink) {
    let mut starts = Characters::new(text);
    for hit in settle(raw) {
        let char_start = starts.until(hit.start);
        let inner = text.get(hit.start..hit.end).unwrap_or_default();
        sink.hit(Hit {
            kind: hit.kind,
            start: hit.start,
            end: hit.end,
            char_start,
            char_end: char_start.saturating_add(crate::hit::characters(inner)),
            score: hit.score,
            evidence: hit.evidence,
        });
    }
}

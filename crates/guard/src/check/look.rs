//! The detector of credentials and personal data, and which of its hits count: [`Look`].

use super::Action;
use super::judgement::Reason;
use super::policy::Handling;
use super::sensitive::{PERSONAL_DATA, PersonalDataPolicy, SECRET, SecretsPolicy};
use bartizan_text::{Class, Detector, Hit};
use std::collections::HashSet;

/// The detector, and which of its hits count.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) detector: Detector,
    pub(crate) secrets: SecretsPolicy,
    pub(crate) personal: PersonalDataPolicy,
    /// Canaries of the operator: what they are planted in has to reach the model.
    pub(crate) planted: HashSet<String>,
}

/// Which way a text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    In,
    Out,
}

impl Look {
    /// Finds what counts in a text that goes this way.
    pub(crate) fn find(&self, text: &[u8], way: Way, mut found: impl FnMut(Hit, Handling)) {
        self.detector.scan(text, &mut |hit: Hit| {
            let handling = self.handling(&hit, way);
            if way == Way::In && self.is_planted(text.get(hit.start..hit.end).unwrap_or_default()) {
                return;
            }
            if handling != Handling::Off {
                found(hit, handling);
            }
        });
    }

    fn is_planted(&self, value: &[u8]) -> bool {
        !self.planted.is_empty() && std::str::from_utf8(value).is_ok_and(|value| self.planted.contains(value))
    }

    /// The same of a text that somebody changed ([`Detector::scan_altered`]).
    pub(crate) fn find_altered(
        &self,
        text: &[u8],
        any_case: bool,
        way: Way,
        mut found: impl FnMut(Hit, Handling),
    ) {
        self.detector.scan_altered(text, any_case, &mut |hit: Hit| {
            let handling = self.handling(&hit, way);
            if handling != Handling::Off {
                found(hit, handling);
            }
        });
    }

    /// Whether names of people and places are looked for.
    pub(crate) fn names(&self) -> bool {
        self.personal.names && self.personal.output != Handling::Off
    }

    /// What is done about credentials in answers.
    pub(crate) fn secrets_out(&self) -> Handling {
        if self.secrets.output == Handling::Tokens { Handling::Redact } else { self.secrets.output }
    }

    /// Whether anything is looked for in answers.
    pub(crate) fn reads_answers(&self) -> bool {
        self.secrets.output != Handling::Off || self.personal.output != Handling::Off
    }

    fn handling(&self, hit: &Hit, way: Way) -> Handling {
        let (score, except, input, output) = if hit.kind.class == Class::Secret {
            (self.secrets.score, &self.secrets.except, self.secrets.input, self.secrets.output)
        } else {
            (self.personal.score, &self.personal.except, self.personal.input, self.personal.output)
        };
        if hit.score < score || except.iter().any(|kind| kind == hit.kind.id) {
            return Handling::Off;
        }
        match (way, output) {
            (Way::In, _) => input,
            // There is nobody behind an answer who would put the value back.
            (Way::Out, Handling::Tokens) => Handling::Redact,
            (Way::Out, _) => output,
        }
    }
}

/// What is said of a hit: its kind and why, never its value.
pub(crate) fn reason(hit: &Hit, handling: Handling, pointer: &str) -> Reason {
    let rule = if hit.kind.class == Class::Secret { &SECRET } else { &PERSONAL_DATA };
    Reason {
        check: rule.id,
        label: hit.kind.id.to_owned(),
        score: hit.score,
        action: match handling {
            Handling::Off => Action::Allow,
            Handling::Flag => Action::Flag,
            Handling::Redact | Handling::Tokens => Action::Redact,
            Handling::Block => Action::Block,
        },
        pointer: pointer.to_owned(),
        span: hit.start..hit.end,
        message: format!("{} ({})", hit.kind.name, hit.evidence),
    }
}

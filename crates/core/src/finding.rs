//! What was found, and where: [`Finding`] follows SARIF's `result` (SARIF 2.1.0 §3.27).

use crate::rule::{Confidence, Rule, Severity};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// One observation of a [`Rule`] in one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing it is.
    pub rule: &'static Rule,
    /// How bad, as graded for this case.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// The place inside the subject.
    pub location: Location,
    /// What was seen, as one sentence without the path.
    pub message: String,
    /// The bytes or text that show it, rendered printable and bounded; empty when the message says it all.
    pub evidence: String,
    /// What to do, one sentence.
    pub remedy: String,
    /// Credentials that it is about, as they are written. No report repeats them: they are there to be masked.
    pub credentials: Vec<String>,
}

impl Finding {
    /// A finding with the rule's own severity and remedy, high confidence, and no place yet.
    pub fn new(rule: &'static Rule, message: impl Into<String>) -> Self {
        Self {
            rule,
            severity: rule.severity,
            confidence: Confidence::High,
            location: Location::default(),
            message: message.into(),
            evidence: String::new(),
            remedy: rule.remedy.to_owned(),
            credentials: Vec::new(),
        }
    }

    /// Grades this case otherwise than the rule's default.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Says how sure the detector is.
    #[must_use]
    pub fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// Byte offset in the subject, or in the archive member when one is set.
    #[must_use]
    pub fn at(mut self, offset: u64) -> Self {
        self.location.offset = Some(offset);
        self
    }

    /// Line and column, both from 1; the column counts characters.
    #[must_use]
    pub fn at_line(mut self, line: u32, column: u32) -> Self {
        self.location.line = Some(line);
        self.location.column = Some(column);
        self
    }

    /// JSON pointer (RFC 6901) or the format's own path to the element, for example `/config/layers/3`.
    #[must_use]
    pub fn pointer(mut self, pointer: impl Into<String>) -> Self {
        self.location.pointer = Some(pointer.into());
        self
    }

    /// The place as a whole, when the detector already has one.
    #[must_use]
    pub fn located(mut self, location: &Location) -> Self {
        self.location = location.clone();
        self
    }

    /// What shows it. Control characters are escaped and the text is cut at [`Finding::EVIDENCE_CHARS`].
    #[must_use]
    pub fn evidence(mut self, evidence: impl AsRef<str>) -> Self {
        self.evidence = printable(evidence.as_ref(), Self::EVIDENCE_CHARS);
        self
    }

    /// A remedy more exact than the rule's.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// Names a credential that it is about, for what is shown of the subject to mask it.
    #[must_use]
    pub fn credential(mut self, credential: impl Into<String>) -> Self {
        self.credentials.push(credential.into());
        self
    }

    /// Longest evidence kept, in characters.
    pub const EVIDENCE_CHARS: usize = 400;
}

/// A place inside a subject. Everything is optional: a finding names what its format can name.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Location {
    /// Archive member path inside the subject, outermost first, joined by `!/` when archives nest.
    pub member: Option<String>,
    /// Byte offset, from 0, in the member when there is one, else in the file.
    pub offset: Option<u64>,
    /// Line, from 1.
    pub line: Option<u32>,
    /// Column in characters, from 1.
    pub column: Option<u32>,
    /// JSON pointer or the format's own path to the element.
    pub pointer: Option<String>,
}

/// Fingerprint of a finding: the same for the same content wherever the file lies or however it is named.
///
/// SHA-256 over rule id, subject digest, member, pointer, offset and evidence, each length-prefixed; first 16 bytes
/// in lower-case hex. The path is left out on purpose, so that a baseline follows a moved or renamed file.
pub fn fingerprint(finding: &Finding, subject_sha256: &str) -> String {
    let location = &finding.location;
    let offset = location.offset.map(|offset| offset.to_string()).unwrap_or_default();
    let line = location.line.map(|line| line.to_string()).unwrap_or_default();
    let parts = [
        finding.rule.id,
        subject_sha256,
        location.member.as_deref().unwrap_or_default(),
        location.pointer.as_deref().unwrap_or_default(),
        &offset,
        &line,
        &finding.evidence,
    ];
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let mut shown = hex(&hasher.finalize());
    shown.truncate(32);
    shown
}

/// `bytes` in lower-case hexadecimal, as digests are written.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    let mut shown = String::with_capacity(bytes.len() * 2);
    shown.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]));
    shown
}

/// `text` with control, bidirectional and invisible characters escaped, at most `limit` characters long.
///
/// Reports are read in terminals and browsers: what is shown of hostile input must not steer either.
pub fn printable(text: &str, limit: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(limit));
    for (count, character) in text.chars().enumerate() {
        if count == limit {
            shown.push('…');
            break;
        }
        match character {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if c.is_control() || is_invisible(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}

/// Characters that draw nothing or reorder what follows: zero-width, bidi controls, variation selectors, tags.
pub fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFF8}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_cannot_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[31mb\u{202e}c\n", 99), "a\\u{1b}[31mb\\u{202e}c\\n");
    }

    #[test]
    fn long_evidence_is_cut_with_an_ellipsis() {
        assert_eq!(printable("abcdef", 3), "abc…");
    }
}

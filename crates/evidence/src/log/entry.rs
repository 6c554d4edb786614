//! What Bartizan logs: [`LogEntry`], the digest of an envelope and the digests it speaks about.
//!
//! The envelope itself lies in the store's blobs, where it can be erased; the log keeps that it was there, under which digest
//! and about what. One entry has one form: JSON with its members in the order of their names and nothing between them
//! (RFC 8785, for the ASCII that is in here).

use super::bundle::LONGEST_ENTRY;
use crate::digest::{Digest, SHA256};
use crate::dsse::Envelope;
use crate::statement::{PAYLOAD_TYPE, Statement};
use serde::{Deserialize, Serialize};

/// Most subjects written into an entry; further ones are counted, and found in the envelope.
pub const MOST_SUBJECTS: usize = 256;
/// Longest timestamp token taken, in bytes: tokens with their certificates have about 6 kB.
pub const LONGEST_TIMESTAMP: usize = 16 << 10;

/// An envelope as the log keeps it. Fields are in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogEntry {
    /// SHA-256 of the envelope's bytes: its name among the blobs.
    pub envelope: Digest,
    /// How many subjects the envelope has beyond those listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_subjects: u64,
    /// What type of payload is signed.
    pub payload_type: String,
    /// What the statement says about its subjects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicate_type: Option<String>,
    /// SHA-256 of what the statement is about, in order, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<Digest>,
    /// When it was logged, by the clock of whoever did, as RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// A token of a timestamping authority over the envelope's SHA-256 (RFC 3161), in base64; [`crate::timestamp`] judges it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
}

/// Why bytes are no entry of Bartizan's, or an envelope makes none.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// Not JSON of that shape.
    #[error("not an entry of Bartizan: {0}")]
    Json(#[from] serde_json::Error),
    /// The right content in another form.
    #[error("the entry is not in its one form: members in the order of their names and nothing between them")]
    Form,
    /// Too long for a log.
    #[error("the entry would have {0} bytes; a log takes {LONGEST_ENTRY}")]
    TooLong(usize),
    /// A timestamp token that is too long.
    #[error("the timestamp token has {0} bytes; up to {LONGEST_TIMESTAMP} are kept")]
    Timestamp(usize),
}

impl LogEntry {
    /// The entry for an envelope with these bytes. A payload that is a statement gives its subjects and predicate type.
    pub fn of_envelope(bytes: &[u8], envelope: &Envelope, time: Option<String>) -> Self {
        let statement = (envelope.payload_type == PAYLOAD_TYPE)
            .then(|| Statement::<serde_json::Value>::from_payload(&envelope.payload).ok())
            .flatten();
        let mut subjects: Vec<Digest> = statement
            .iter()
            .flat_map(|statement| &statement.subject)
            .filter_map(|subject| subject.digest.iter().find(|(algorithm, _)| *algorithm == SHA256))
            .filter_map(|(algorithm, value)| Digest::new(algorithm, value).ok())
            .collect();
        subjects.sort();
        subjects.dedup();
        let more_subjects = subjects.len().saturating_sub(MOST_SUBJECTS) as u64;
        subjects.truncate(MOST_SUBJECTS);
        Self {
            envelope: Digest::sha256(bytes),
            more_subjects,
            payload_type: envelope.payload_type.clone(),
            predicate_type: statement.map(|statement| statement.predicate_type),
            subjects,
            time,
            timestamp: None,
        }
    }

    /// Reads an entry that is in its one form.
    ///
    /// # Errors
    /// [`EntryError::Json`] and [`EntryError::Form`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EntryError> {
        let entry: Self = serde_json::from_slice(bytes)?;
        if serde_json::to_vec(&entry)? != bytes {
            return Err(EntryError::Form);
        }
        Ok(entry)
    }

    /// The bytes that are logged.
    ///
    /// # Errors
    /// [`EntryError::TooLong`] and [`EntryError::Timestamp`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, EntryError> {
        if let Some(token) = self.timestamp.as_ref().filter(|token| token.len() > LONGEST_TIMESTAMP) {
            return Err(EntryError::Timestamp(token.len()));
        }
        let bytes = serde_json::to_vec(self)?;
        if bytes.len() > LONGEST_ENTRY {
            return Err(EntryError::TooLong(bytes.len()));
        }
        Ok(bytes)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{KeyAlgorithm, SigningKey};

    fn envelope(subjects: usize) -> (Vec<u8>, Envelope) {
        let subject = |each: usize| {
            let digest = Digest::sha256(&each.to_be_bytes());
            serde_json::json!({"name": each.to_string(), "digest": {"sha256": digest.value()}})
        };
        let statement = serde_json::json!({
            "_type": crate::statement::STATEMENT_V1,
            "subject": (0..subjects).map(subject).collect::<Vec<_>>(),
            "predicateType": "urn:test",
            "predicate": {},
        });
        let key = SigningKey::generate(KeyAlgorithm::Ed25519).unwrap();
        let envelope = Envelope::sign(serde_json::to_vec(&statement).unwrap(), PAYLOAD_TYPE, &key).unwrap();
        (envelope.to_json().unwrap(), envelope)
    }

    #[test]
    fn an_entry_has_digests_only_and_reads_back() {
        let (bytes, envelope) = envelope(2);
        let entry = LogEntry::of_envelope(&bytes, &envelope, Some("2026-11-23T16:00:00Z".to_owned()));
        let logged = entry.to_bytes().unwrap();
        assert!(logged.starts_with(br#"{"envelope":"sha256:"#));
        assert_eq!(LogEntry::from_bytes(&logged).unwrap(), entry);
        assert_eq!((entry.subjects.len(), entry.predicate_type.as_deref()), (2, Some("urn:test")));
    }

    #[test]
    fn another_form_of_the_same_entry_is_refused() {
        let (bytes, envelope) = envelope(1);
        let logged = LogEntry::of_envelope(&bytes, &envelope, None).to_bytes().unwrap();
        let mut spaced = logged;
        spaced.push(b' ');
        assert!(matches!(LogEntry::from_bytes(&spaced), Err(EntryError::Form)));
        assert!(LogEntry::from_bytes(b"{}").is_err());
    }

    #[test]
    fn many_subjects_are_counted_and_the_entry_still_fits() {
        let (bytes, envelope) = envelope(1000);
        let entry = LogEntry::of_envelope(&bytes, &envelope, None);
        assert_eq!((entry.subjects.len(), entry.more_subjects), (MOST_SUBJECTS, 744));
        assert!(entry.to_bytes().unwrap().len() < LONGEST_ENTRY);
        let long = LogEntry { payload_type: "x".repeat(LONGEST_ENTRY), ..entry };
        assert!(matches!(long.to_bytes(), Err(EntryError::TooLong(_))));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_an_entry_or_an_error(bytes: Vec<u8>) {
            let _ = LogEntry::from_bytes(&bytes);
        }
    }
}

//! in-toto statements: what is said about which artifacts.
//!
//! Source: in-toto attestation framework v1, `spec/v1/statement.md` and `spec/v1/resource_descriptor.md`. Unknown fields are
//! ignored on reading, as `spec/v1/README.md` (parsing rules) asks.

use crate::digest::DigestSet;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `_type` of a statement.
pub const STATEMENT_V1: &str = "https://in-toto.io/Statement/v1";
/// `_type` of the statement before it, still found in the wild and read alike.
pub const STATEMENT_V0_1: &str = "https://in-toto.io/Statement/v0.1";
/// Media type of a statement inside an envelope.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// Longest payload read as a statement, in bytes. The largest known (a signature over a million files) is near it.
pub const LONGEST_STATEMENT: usize = 256 << 20;

/// A predicate about some artifacts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statement<P = Value> {
    /// [`STATEMENT_V1`].
    #[serde(rename = "_type")]
    pub kind: String,
    /// The artifacts it is about; each carries a digest.
    pub subject: Vec<ResourceDescriptor>,
    /// URI that says what the predicate means.
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// What is said.
    #[serde(
        default = "Option::default",
        skip_serializing_if = "Option::is_none",
        bound(deserialize = "P: Deserialize<'de>")
    )]
    pub predicate: Option<P>,
}

/// An artifact as statements name it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceDescriptor {
    /// Name that tells it from the others in the same statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where or what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Its digests.
    #[serde(default, skip_serializing_if = "DigestSet::is_empty")]
    pub digest: DigestSet,
    /// Its content in base64, when it is small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Where it can be had, when that is not `uri`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download_location: Option<String>,
    /// Its media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Anything else the author adds.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub annotations: Map<String, Value>,
}

/// Why a payload is no statement.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// Not JSON, or not of the shape of a statement.
    #[error(
        "the payload is no in-toto statement: {0}; expected an object with _type, subject, predicateType and predicate"
    )]
    Json(#[from] serde_json::Error),
    /// Larger than [`LONGEST_STATEMENT`].
    #[error("the payload has {0} bytes; statements up to {LONGEST_STATEMENT} bytes are read")]
    TooLong(usize),
    /// Another `_type`.
    #[error("the payload is of type `{0}`; expected {STATEMENT_V1}")]
    Kind(String),
    /// A subject without a digest says nothing about any artifact.
    #[error(
        "subject {index} (`{name}`) of the statement has no digest; a statement speaks about digests only"
    )]
    NoDigest {
        /// Place in the list, from 0.
        index: usize,
        /// Its name, or nothing.
        name: String,
    },
    /// A statement about nothing.
    #[error("the statement has no subject; it speaks about no artifact")]
    NoSubject,
}

impl<P> Statement<P> {
    /// A statement of version 1.
    pub fn new(subject: Vec<ResourceDescriptor>, predicate_type: &str, predicate: P) -> Self {
        Self {
            kind: STATEMENT_V1.to_owned(),
            subject,
            predicate_type: predicate_type.to_owned(),
            predicate: Some(predicate),
        }
    }
}

impl<P: DeserializeOwned> Statement<P> {
    /// Reads a payload.
    ///
    /// # Errors
    /// Each variant of [`StatementError`].
    pub fn from_payload(payload: &[u8]) -> Result<Self, StatementError> {
        if payload.len() > LONGEST_STATEMENT {
            return Err(StatementError::TooLong(payload.len()));
        }
        let statement: Self = serde_json::from_slice(payload)?;
        if statement.kind != STATEMENT_V1 && statement.kind != STATEMENT_V0_1 {
            return Err(StatementError::Kind(statement.kind));
        }
        if statement.subject.is_empty() {
            return Err(StatementError::NoSubject);
        }
        for (index, subject) in statement.subject.iter().enumerate() {
            if subject.digest.is_empty() {
                return Err(StatementError::NoDigest {
                    index,
                    name: subject.name.clone().unwrap_or_default(),
                });
            }
        }
        Ok(statement)
    }
}

impl<P: Serialize> Statement<P> {
    /// The payload that is signed.
    ///
    /// # Errors
    /// [`StatementError::Json`] when the predicate has no JSON form (a map with keys that are no strings, say).
    pub fn to_payload(&self) -> Result<Vec<u8>, StatementError> {
        Ok(serde_json::to_vec(self)?)
    }
}

impl ResourceDescriptor {
    /// An artifact with a name and digests.
    pub fn named(name: impl Into<String>, digest: impl Into<DigestSet>) -> Self {
        Self { name: Some(name.into()), digest: digest.into(), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;

    #[test]
    fn a_statement_reads_back_as_it_was_written() {
        let subject = ResourceDescriptor::named("model.safetensors", Digest::sha256(b"weights"));
        let statement =
            Statement::new(vec![subject], "https://slsa.dev/provenance/v1", serde_json::json!({"a": 1}));
        let payload = statement.to_payload().unwrap();
        assert_eq!(Statement::from_payload(&payload).unwrap(), statement);
    }

    #[test]
    fn unknown_fields_are_ignored() {
        let payload = br#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"00"},"later":1}],"predicateType":"x","predicate":{},"later":2}"#;
        assert!(Statement::<Value>::from_payload(payload).is_ok());
    }

    #[test]
    fn a_subject_without_digest_is_refused() {
        let payload =
            br#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a"}],"predicateType":"x"}"#;
        assert!(matches!(
            Statement::<Value>::from_payload(payload),
            Err(StatementError::NoDigest { index: 0, .. })
        ));
    }

    #[test]
    fn another_type_is_refused() {
        let payload = br#"{"_type":"https://example.com/","subject":[],"predicateType":"x"}"#;
        assert!(matches!(Statement::<Value>::from_payload(payload), Err(StatementError::Kind(_))));
    }
}

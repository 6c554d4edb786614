//! Statements as this process read and checked them: [`Checked`].
//!
//! Building an index reads every statement and checks every signature. Who decides about them right after wants the same again; what was
//! read is therefore kept, up to a bound.

use super::{Store, StoreError};
use crate::digest::Digest;
use crate::dsse::Envelope;
use crate::lineage::Facts;
use crate::statement::{PAYLOAD_TYPE, Statement};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Most bytes of payloads that are kept; a statement takes some five times its payload in memory.
const MOST_KEPT: usize = 8 << 20;

/// A statement whose envelope is in the store, and whom it is by.
#[derive(Debug)]
pub struct Checked {
    /// Digest of the payload.
    pub payload: Digest,
    /// Whom it is about, and its type; what it says is beside it.
    pub statement: Statement<Value>,
    /// What it says; null when it says nothing.
    pub predicate: Arc<Value>,
    /// Ids of the trusted keys that signed it, in order; none when nobody did who is trusted.
    pub signers: Vec<String>,
}

/// What was read, by envelope.
#[derive(Debug, Default)]
pub(super) struct Kept {
    bytes: usize,
    statements: HashMap<Digest, Arc<Checked>>,
}

impl Store {
    /// The statement in the envelope called `digest`, its signatures checked under the store's trust by this process.
    ///
    /// # Errors
    /// [`StoreError::Missing`] and [`StoreError::Changed`], and [`StoreError::Envelope`] and [`StoreError::Statement`] for what is no statement.
    pub fn checked(&self, digest: &Digest) -> Result<Arc<Checked>, StoreError> {
        // Names are digests: what was read under one is what lies there, or what lies there is no longer it.
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).statements.get(digest).cloned();
        match kept {
            Some(checked) => Ok(checked),
            None => self.read_checked(digest).map(|(checked, _)| checked),
        }
    }

    pub(super) fn read_checked(&self, digest: &Digest) -> Result<(Arc<Checked>, Facts), StoreError> {
        let envelope = Envelope::from_json(&self.blobs.get(digest)?)?;
        let bytes = envelope.payload.len();
        let (checked, facts) = self.check(&envelope)?;
        let checked = Arc::new(checked);
        self.keep(digest, bytes, &checked);
        Ok((checked, facts))
    }

    /// Reads and checks the statement in an envelope, and says what it says about origins.
    pub(super) fn check(&self, envelope: &Envelope) -> Result<(Checked, Facts), StoreError> {
        let mut statement = Statement::<Value>::from_payload(envelope.payload_of(PAYLOAD_TYPE)?)?;
        let payload = Digest::sha256(&envelope.payload);
        let facts = Facts::of_statement(&statement, &payload);
        let predicate = Arc::new(statement.predicate.take().unwrap_or_default());
        Ok((Checked { payload, statement, predicate, signers: self.trust.signers(envelope) }, facts))
    }

    fn keep(&self, digest: &Digest, bytes: usize, checked: &Arc<Checked>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.bytes.saturating_add(bytes) > MOST_KEPT {
            return;
        }
        if kept.statements.insert(digest.clone(), Arc::clone(checked)).is_none() {
            kept.bytes = kept.bytes.saturating_add(bytes);
        }
    }
}

/// Nothing read yet.
pub(super) fn none() -> Mutex<Kept> {
    Mutex::new(Kept::default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{KeyAlgorithm, Signer as _, SigningKey};
    use crate::statement::ResourceDescriptor;
    use crate::store::Trust;

    #[test]
    fn what_was_read_is_kept_with_whom_it_is_by_and_what_is_gone_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let (known, unknown) =
            [KeyAlgorithm::Ed25519; 2].map(|algorithm| SigningKey::generate(algorithm).unwrap()).into();
        let mut trust = Trust::default();
        trust.add(known.public_key());
        let store = Store::open(folder.path(), None, trust).unwrap();
        let record = |key: &SigningKey, what: &[u8]| {
            let subject = ResourceDescriptor::named("a", Digest::sha256(what));
            let statement = Statement::new(vec![subject], "urn:test", serde_json::json!({}));
            let envelope = Envelope::sign(statement.to_payload().unwrap(), PAYLOAD_TYPE, key).unwrap();
            store.record(&envelope).unwrap()
        };
        let (one, other) = (record(&known, b"a"), record(&unknown, b"b"));
        let checked = store.checked(&one.envelope).unwrap();
        assert_eq!(
            (&checked.payload, checked.signers.as_slice()),
            (&one.payload, [known.key_id()].as_slice())
        );
        assert!(store.checked(&other.envelope).unwrap().signers.is_empty());
        assert!(matches!(store.checked(&Digest::sha256(b"none")), Err(StoreError::Missing { .. })));
    }
}

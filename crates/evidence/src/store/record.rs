//! Keeping a statement: blob first, then the log, then the index; and building the index anew from the other two.
//!
//! A crash between the steps loses nothing that was acknowledged: the blob is durable before the log names it, and the index
//! catches up with the log whenever the store is opened.

use super::index::{Gap, Index, Indexed, TableDigest};
use super::memory::MemoryIndex;
use super::{Checked, Store, StoreError, entry_of, envelope_of};
use crate::digest::Digest;
use crate::dsse::Envelope;
use crate::lineage::{Facts, NodeId};
use crate::statement::Statement;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;

/// Entries of the log read at a time.
const BATCH: usize = 4_096;

/// What became of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// Digest of the envelope: its name in the store and in the log.
    pub envelope: Digest,
    /// Digest of the payload: the name of a run that the statement records.
    pub payload: Digest,
    /// Place in the log, from 0; none when the project has no log.
    pub entry: Option<u64>,
}

/// How an index was built anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reindexed {
    /// Statements in it now.
    pub statements: u64,
    /// Envelopes among the blobs that the log does not know.
    pub unlogged: u64,
    /// Envelopes that the log knows and the blobs do not, or that hold no statement, and why.
    pub left_out: Vec<Gap>,
    /// Tables whose content changed. None means that the index was right.
    pub changed: Vec<&'static str>,
}

impl Store {
    /// Keeps a signed statement: durable among the blobs, named in the log, found by the index.
    ///
    /// # Errors
    /// [`StoreError::Statement`] when the envelope holds no statement: nothing is kept then. Else what disk, log and index give.
    pub fn record(&self, envelope: &Envelope) -> Result<Receipt, StoreError> {
        Statement::<serde_json::Value>::from_payload(envelope.payload_of(crate::statement::PAYLOAD_TYPE)?)?;
        let digest = self.blobs().put(&envelope.to_json()?)?;
        let payload = Digest::sha256(&envelope.payload);
        let entry = match self.log() {
            Some(log) => Some(log.append(&entry_of(&digest))?),
            None => None,
        };
        if entry.is_some() {
            self.catch_up()?;
        } else {
            let (checked, facts) = self.check(envelope)?;
            let indexed = indexed(&digest, &checked, facts, None);
            add_unlogged(self.index().as_mut(), &[indexed])?;
        }
        Ok(Receipt { envelope: digest, payload, entry })
    }

    /// Keeps a report or another document that statements name by digest.
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    pub fn put(&self, content: &[u8]) -> Result<Digest, StoreError> {
        self.blobs().put(content)
    }

    /// Reads what the log has gained since the index last looked. With other trusted keys than before, all is read again.
    ///
    /// # Errors
    /// What log and index give. An envelope that is missing or unreadable is passed over, and told by [`Store::gaps`].
    pub fn catch_up(&self) -> Result<(), StoreError> {
        let trust = self.trust().name();
        let mut index = self.index();
        if index.position()?.trust != trust {
            self.fill(index.as_mut(), false)?;
        }
        self.follow_log(index.as_mut())
    }

    /// Entries of the log whose statements could not be read when the index came to them: what a walk does not know.
    ///
    /// # Errors
    /// [`StoreError::Index`].
    pub fn gaps(&self) -> Result<Vec<Gap>, StoreError> {
        Ok(self.index().gaps()?)
    }

    /// An index in memory, read from log and blobs just now, whatever the kept one says.
    ///
    /// Cost: every statement is read and its signatures are checked; memory for all of them.
    ///
    /// # Errors
    /// What disk, log and index give.
    pub fn fresh_index(&self) -> Result<MemoryIndex, StoreError> {
        let mut index = MemoryIndex::default();
        self.fill(&mut index, true)?;
        Ok(index)
    }

    /// Reads log and blobs into an index from the beginning; gives how many envelopes no entry of the log names. Unless `anew`, nothing
    /// is done when another process has filled it meanwhile.
    fn fill(&self, index: &mut dyn Index, anew: bool) -> Result<u64, StoreError> {
        if !index.begin_filling(&self.trust().name(), anew)? {
            return Ok(0);
        }
        let followed = self.follow_log(index);
        if followed.is_err() {
            index.abandon_filling();
        }
        followed.and_then(|()| Ok(index.end_filling()?))?;
        self.add_blobs_outside_the_log(index)
    }

    /// Builds the index anew from log and blobs, and compares it with what it was.
    ///
    /// # Errors
    /// What disk, log and index give.
    pub fn reindex(&self) -> Result<Reindexed, StoreError> {
        let mut index = self.index();
        // What no entry names (a process was killed before it logged, or a copy came) is no fault of the index.
        self.add_blobs_outside_the_log(index.as_mut())?;
        let before = index.contents()?;
        let unlogged = self.fill(index.as_mut(), true)?;
        let left_out = index.gaps()?;
        let after = index.contents()?;
        Ok(Reindexed {
            statements: index.size()?.statements,
            unlogged,
            left_out,
            changed: differing(&before, &after),
        })
    }

    fn follow_log(&self, index: &mut dyn Index) -> Result<(), StoreError> {
        let Some(log) = self.log() else { return Ok(()) };
        loop {
            let from = index.position()?.next_entry;
            if from >= log.size()? {
                return Ok(());
            }
            let entries = log.entries(from, BATCH)?;
            if entries.is_empty() {
                return Ok(());
            }
            let mut statements = Vec::new();
            let mut gaps = Vec::new();
            let named: Vec<(u64, Digest)> = (from..)
                .zip(&entries)
                .filter_map(|(place, entry)| envelope_of(entry).map(|digest| (place, digest)))
                .collect();
            // Reading and checking signatures is most of the work, and each statement's is its own.
            let read: Vec<_> =
                named.par_iter().map(|(place, digest)| (*place, self.read(digest, Some(*place)))).collect();
            for (place, read) in read {
                match read {
                    Ok(indexed) => statements.push(indexed),
                    Err(error) => gaps.push(Gap { entry: place, reason: error.to_string() }),
                }
            }
            // Gaps first: what is missing must be known before the index counts as having read so far.
            if !gaps.is_empty() {
                index.add_gaps(&gaps)?;
            }
            // When another process was there first, the loop looks again from where that one came to.
            index.apply(from, from + entries.len() as u64, &statements)?;
        }
    }

    /// Indexes the envelopes among the blobs that no entry of the log names: they were copied here, or belong to no log.
    fn add_blobs_outside_the_log(&self, index: &mut dyn Index) -> Result<u64, StoreError> {
        let mut count = 0;
        for digests in self.blobs().list()?.chunks(BATCH) {
            let mut statements = Vec::new();
            for digest in digests {
                if index.statement_called(digest)?.is_some_and(|row| row.envelope == *digest) {
                    continue;
                }
                // Reports and other documents are no envelopes.
                if let Ok(indexed) = self.read(digest, None) {
                    statements.push(indexed);
                }
            }
            count += statements.len() as u64;
            add_unlogged(index, &statements)?;
        }
        Ok(count)
    }

    fn read(&self, digest: &Digest, entry: Option<u64>) -> Result<Indexed, StoreError> {
        let (checked, facts) = self.read_checked(digest)?;
        Ok(indexed(digest, &checked, facts, entry))
    }
}

/// A statement as the index takes it.
fn indexed(digest: &Digest, checked: &Checked, facts: Facts, entry: Option<u64>) -> Indexed {
    let Checked { payload, statement, signers, .. } = checked;
    let subjects = statement.subject.iter().filter_map(|subject| subject.digest.preferred());
    Indexed {
        envelope: digest.clone(),
        payload: payload.clone(),
        predicate_type: bartizan_core::printable(&statement.predicate_type, 1_000),
        entry,
        signers: signers.clone(),
        subjects: subjects.map(|digest| NodeId::of_digest(&digest)).collect(),
        facts,
    }
}

fn add_unlogged(index: &mut dyn Index, statements: &[Indexed]) -> Result<(), StoreError> {
    loop {
        let next = index.position()?.next_entry;
        if index.apply(next, next, statements)? {
            return Ok(());
        }
    }
}

fn differing(
    before: &BTreeMap<&'static str, TableDigest>,
    after: &BTreeMap<&'static str, TableDigest>,
) -> Vec<&'static str> {
    after
        .iter()
        .filter(|(table, digest)| before.get(*table) != Some(digest))
        .map(|(table, _)| *table)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{KeyAlgorithm, Signer as _, SigningKey};
    use crate::lineage::{LINEAGE_V1, Relation};
    use crate::statement::{PAYLOAD_TYPE, ResourceDescriptor};
    use crate::store::testing::MemoryLog;
    use crate::store::{Direction, StatementLog as _, Trust};
    use std::sync::Arc;

    fn envelope(number: usize, key: &SigningKey) -> Envelope {
        let (from, to) = (Digest::sha256(&[number as u8]), Digest::sha256(&[number as u8 + 1]));
        let predicate =
            serde_json::json!({"edges": [{"from": from, "to": to, "relation": Relation::UsedBy}]});
        let statement = Statement::new(vec![ResourceDescriptor::named("a", to)], LINEAGE_V1, predicate);
        Envelope::sign(statement.to_payload().unwrap(), PAYLOAD_TYPE, key).unwrap()
    }

    fn key() -> SigningKey {
        SigningKey::generate(KeyAlgorithm::Ed25519).unwrap()
    }

    fn trusting(key: &SigningKey) -> Trust {
        let mut trust = Trust::default();
        trust.add(key.public_key());
        trust
    }

    #[test]
    fn a_recorded_statement_is_logged_signed_and_walked() {
        let folder = tempfile::tempdir().unwrap();
        let key = key();
        let log = Arc::new(MemoryLog::default());
        let store = Store::open(folder.path(), Some(Box::new(Arc::clone(&log))), trusting(&key)).unwrap();
        let receipt = store.record(&envelope(1, &key)).unwrap();
        assert_eq!(receipt.entry, Some(0));
        let row = store.index().statement_called(&receipt.payload).unwrap().unwrap();
        assert_eq!((row.entry, row.signers.as_slice()), (Some(0), [key.key_id()].as_slice()));
        assert_eq!(store.envelope(&receipt.payload).unwrap(), envelope_in(&store, &receipt));
        let mut index = store.index();
        let node = index.node(&NodeId::of_digest(&Digest::sha256(&[1]))).unwrap().unwrap();
        let mut edges = Vec::new();
        index.edges(&[node], Direction::Down, &mut edges).unwrap();
        assert_eq!(edges.len(), 1);
    }

    fn envelope_in(store: &Store, receipt: &Receipt) -> Envelope {
        Envelope::from_json(&store.blobs().get(&receipt.envelope).unwrap()).unwrap()
    }

    #[test]
    fn an_index_built_anew_is_equal_and_a_tampered_one_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let key = key();
        let log = Arc::new(MemoryLog::default());
        let store = Store::open(folder.path(), Some(Box::new(Arc::clone(&log))), trusting(&key)).unwrap();
        for number in 0..10 {
            store.record(&envelope(number, &key)).unwrap();
        }
        log.append(b"an entry of another kind").unwrap();
        store.put(b"a report, no envelope").unwrap();
        let reindexed = store.reindex().unwrap();
        assert_eq!((reindexed.statements, reindexed.unlogged), (10, 0));
        assert!(reindexed.changed.is_empty() && reindexed.left_out.is_empty());
        let index = rusqlite::Connection::open(folder.path().join("index.sqlite")).unwrap();
        index.execute("DELETE FROM edge", []).unwrap();
        assert_eq!(store.reindex().unwrap().changed, ["edge"]);
        assert!(store.reindex().unwrap().changed.is_empty());
    }

    #[test]
    fn an_erased_envelope_is_left_out_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let key = key();
        let log = Arc::new(MemoryLog::default());
        let store = Store::open(folder.path(), Some(Box::new(log)), trusting(&key)).unwrap();
        let receipt = store.record(&envelope(1, &key)).unwrap();
        store.record(&envelope(2, &key)).unwrap();
        std::fs::remove_file(folder.path().join("blobs/sha256").join(receipt.envelope.value())).unwrap();
        assert!(store.gaps().unwrap().is_empty());
        let mut fresh = store.fresh_index().unwrap();
        assert_eq!((fresh.size().unwrap().statements, fresh.gaps().unwrap()[0].entry), (1, 0));
        let reindexed = store.reindex().unwrap();
        assert_eq!(store.gaps().unwrap(), reindexed.left_out);
        assert_eq!(reindexed.statements, 1);
        assert!(reindexed.left_out[0].reason.contains(receipt.envelope.value()));
    }

    #[test]
    fn a_statement_outside_the_log_is_known_but_has_no_entry_and_other_keys_are_read_anew() {
        let folder = tempfile::tempdir().unwrap();
        let key = key();
        let log = Arc::new(MemoryLog::default());
        let store = Store::open(folder.path(), Some(Box::new(Arc::clone(&log))), Trust::default()).unwrap();
        let logged = store.record(&envelope(1, &key)).unwrap();
        let copied = store.put(&envelope(2, &key).to_json().unwrap()).unwrap();
        assert!(store.index().statement_called(&logged.envelope).unwrap().unwrap().signers.is_empty());
        drop(store);
        let store = Store::open(folder.path(), Some(Box::new(log)), trusting(&key)).unwrap();
        let row = store.index().statement_called(&copied).unwrap().unwrap();
        assert_eq!((row.entry, row.signers.len()), (None, 1));
        assert_eq!(store.index().statement_called(&logged.envelope).unwrap().unwrap().signers.len(), 1);
        assert!(store.reindex().unwrap().changed.is_empty());
    }

    #[test]
    fn two_stores_on_one_folder_append_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let key = key();
        let log = Arc::new(MemoryLog::default());
        std::thread::scope(|scope| {
            for half in 0..2 {
                let (log, key, folder) = (Arc::clone(&log), &key, folder.path());
                scope.spawn(move || {
                    let store = Store::open(folder, Some(Box::new(log)), trusting(key)).unwrap();
                    for number in 0..20 {
                        store.record(&envelope(half * 40 + number, key)).unwrap();
                    }
                });
            }
        });
        let store = Store::open(folder.path(), Some(Box::new(log)), trusting(&key)).unwrap();
        assert_eq!(store.index().size().unwrap().statements, 40);
        assert!(store.reindex().unwrap().changed.is_empty());
    }

    #[test]
    fn an_envelope_that_nobody_logged_is_no_fault_of_the_index() {
        let folder = tempfile::tempdir().unwrap();
        let key = key();
        let log = Arc::new(MemoryLog::default());
        let store = Store::open(folder.path(), Some(Box::new(log)), trusting(&key)).unwrap();
        store.record(&envelope(1, &key)).unwrap();
        // As left by a process that was killed between blob and log.
        store.put(&envelope(2, &key).to_json().unwrap()).unwrap();
        let reindexed = store.reindex().unwrap();
        assert_eq!((reindexed.statements, reindexed.unlogged), (2, 1));
        assert!(reindexed.changed.is_empty(), "{:?}", reindexed.changed);
    }

    #[test]
    fn an_envelope_without_a_statement_is_refused_and_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let key = key();
        let store = Store::open(folder.path(), None, Trust::default()).unwrap();
        let envelope = Envelope::sign(b"{}".to_vec(), PAYLOAD_TYPE, &key).unwrap();
        assert!(matches!(store.record(&envelope), Err(StoreError::Statement(_))));
        assert!(store.blobs().list().unwrap().is_empty());
    }
}

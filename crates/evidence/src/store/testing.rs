//! What tests of the store share: a log in memory, and statements made up.

use super::index::Indexed;
use super::{LogHead, LogProof, StatementLog, StoreError};
use crate::digest::Digest;
use crate::lineage::{EdgeFact, Facts, Kind, NodeFact, NodeId, Relation};
use std::sync::{Arc, Mutex};

/// A log that lives as long as a test.
#[derive(Debug, Default)]
pub(crate) struct MemoryLog(Mutex<Vec<Vec<u8>>>);

impl StatementLog for Arc<MemoryLog> {
    fn append(&self, entry: &[u8]) -> Result<u64, StoreError> {
        let mut entries = self.0.lock().unwrap();
        entries.push(entry.to_vec());
        Ok(entries.len() as u64 - 1)
    }

    fn size(&self) -> Result<u64, StoreError> {
        Ok(self.0.lock().unwrap().len() as u64)
    }

    fn entries(&self, start: u64, most: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let entries = self.0.lock().unwrap();
        Ok(entries.iter().skip(usize::try_from(start).unwrap()).take(most).cloned().collect())
    }

    fn prove(&self, place: u64, entry: &[u8]) -> Result<LogProof, StoreError> {
        let entries = self.0.lock().unwrap();
        if entries.get(usize::try_from(place).unwrap()).map(Vec::as_slice) != Some(entry) {
            return Err(StoreError::Log(format!("entry {place} is another one")));
        }
        Ok(LogProof {
            origin: "test".to_owned(),
            index: place,
            size: entries.len() as u64,
            root: String::new(),
            hashes: Vec::new(),
        })
    }

    fn head(&self) -> Result<LogHead, StoreError> {
        Ok(LogHead {
            origin: "test".to_owned(),
            size: self.size()?,
            root: String::new(),
            checkpoint: String::new(),
        })
    }
}

/// Statements of a chain of runs, each with an input from the one before.
pub(crate) fn statements(count: usize) -> Vec<Indexed> {
    let digest = |what: &str, number: usize| Digest::sha256(format!("{what} {number}").as_bytes());
    let node = |what: &str, number: usize| NodeId::of_digest(&digest(what, number));
    let statement = |number: usize| {
        let run = node("run", number);
        let edges = vec![
            EdgeFact { from: node("artifact", number), to: run.clone(), relation: Relation::Input },
            EdgeFact { from: run.clone(), to: node("artifact", number + 1), relation: Relation::Output },
        ];
        Indexed {
            envelope: digest("envelope", number),
            payload: digest("run", number),
            predicate_type: crate::predicate::PROVENANCE_V1.to_owned(),
            entry: Some(number as u64),
            signers: vec!["ab".to_owned(), "cd".to_owned()],
            subjects: vec![node("artifact", number + 1)],
            facts: Facts {
                nodes: vec![NodeFact { id: run, kind: Some(Kind::Run), name: Some(format!("run {number}")) }],
                edges,
            },
        }
    };
    (0..count).map(statement).collect()
}

//! What the store asks of a transparency log: [`StatementLog`].
//!
//! An entry names an envelope by its digest and holds nothing else, so that an envelope can be erased while the log stays
//! whole. Entries of other kinds may stand between; they are passed over.

use super::StoreError;
use crate::digest::Digest;
use crate::log::entry::LogEntry;
use serde::Serialize;

/// First word of an entry that names an envelope.
const ENTRY: &str = "bartizan-statement/1 ";

/// An entry with what proves where it stands, or why nothing does.
pub type Proven = Result<(Vec<u8>, LogProof), StoreError>;

/// An append-only log. Appending returns once the entry is durable.
pub trait StatementLog: Send + Sync {
    /// Appends an entry and says at which place it stands, from 0.
    ///
    /// # Errors
    /// [`StoreError::Log`].
    fn append(&self, entry: &[u8]) -> Result<u64, StoreError>;

    /// How many entries there are.
    ///
    /// # Errors
    /// [`StoreError::Log`].
    fn size(&self) -> Result<u64, StoreError>;

    /// Entries from `start` on, at most `most`, in order.
    ///
    /// # Errors
    /// [`StoreError::Log`].
    fn entries(&self, start: u64, most: usize) -> Result<Vec<Vec<u8>>, StoreError>;

    /// What proves that `entry` stands at `place`, checked against the log's signed checkpoint.
    ///
    /// # Errors
    /// [`StoreError::Log`] when it does not.
    fn prove(&self, place: u64, entry: &[u8]) -> Result<LogProof, StoreError>;

    /// The entries at `places` with what proves each, all against one checkpoint, in that order. An entry that is not there or not
    /// proven is an error of its own.
    ///
    /// # Errors
    /// [`StoreError::Log`] when the log as a whole does not answer.
    fn prove_all(&self, places: &[u64]) -> Result<Vec<Proven>, StoreError> {
        let one = |place: &u64| {
            let entry = self.entries(*place, 1)?.pop().unwrap_or_default();
            let proof = self.prove(*place, &entry)?;
            Ok((entry, proof))
        };
        Ok(places.iter().map(one).collect())
    }

    /// The head of the log: its origin, size and root.
    ///
    /// # Errors
    /// [`StoreError::Log`].
    fn head(&self) -> Result<LogHead, StoreError>;
}

/// State of a log at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogHead {
    /// Name of the log.
    pub origin: String,
    /// Entries in it.
    pub size: u64,
    /// Root of its Merkle tree, in hexadecimal digits.
    pub root: String,
    /// The signed checkpoint, as text.
    pub checkpoint: String,
}

/// What proves that an entry is in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogProof {
    /// Name of the log.
    pub origin: String,
    /// Place of the entry, from 0.
    pub index: u64,
    /// Entries in the tree that the proof leads to.
    pub size: u64,
    /// Root of that tree, in hexadecimal digits.
    pub root: String,
    /// Hashes from the leaf to the root (RFC 6962, 2.1.1), in hexadecimal digits.
    pub hashes: Vec<String>,
}

/// The entry for an envelope.
pub fn entry_of(envelope: &Digest) -> Vec<u8> {
    format!("{ENTRY}{envelope}").into_bytes()
}

/// The envelope that an entry names; none when it is an entry of another kind.
pub fn envelope_of(entry: &[u8]) -> Option<Digest> {
    match std::str::from_utf8(entry).ok()?.strip_prefix(ENTRY) {
        Some(digest) => digest.parse().ok(),
        None => LogEntry::from_bytes(entry).ok().map(|entry| entry.envelope),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_names_its_envelope_and_other_entries_none() {
        let digest = Digest::sha256(b"envelope");
        assert_eq!(envelope_of(&entry_of(&digest)), Some(digest));
        assert_eq!(envelope_of(b"someone else's entry"), None);
        assert_eq!(envelope_of(b"bartizan-statement/1 sha256:00"), None);
    }
}

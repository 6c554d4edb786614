//! What every writer makes sure of before it writes on: that the stored log extends the published checkpoint, and that the
//! clock did not go back.

use super::checkpoint::{Checkpoint, SignedCheckpoint};
use super::edge::{Edge, Finished};
use super::error::LogError;
use super::hash::Hash;
use super::note::Note;
use super::reader::LogReader;
use super::storage::{Files, Listed};
use std::collections::BTreeMap;
use std::io;

/// Refuses to go on when the stored log does not extend a published checkpoint. `finished` are tiles that may not be in place.
pub(super) fn check_extended(
    files: &dyn Files,
    edge: &Edge,
    finished: &[Finished],
    signed: &SignedCheckpoint,
) -> Result<(), LogError> {
    let published = &signed.checkpoint;
    let stored = edge.size();
    if published.size > stored {
        return Err(LogError::GoneBack { place: files.place(), published: published.size, stored });
    }
    let root = if published.size == stored {
        edge.root()
    } else {
        let all = Checkpoint::new(published.origin.clone(), stored, edge.root());
        root_at(files, edge, finished, all, signed.note.clone(), published.size)?
    };
    if root != published.root {
        return Err(LogError::Fork {
            first: Box::new(published.clone()),
            second: Box::new(Checkpoint::new(published.origin.clone(), published.size, root)),
        });
    }
    Ok(())
}

/// The root at an earlier size, from tiles that may still be in the journal alone. `all` is the log as it is.
pub(super) fn root_at(
    files: &dyn Files,
    edge: &Edge,
    finished: &[Finished],
    all: Checkpoint,
    note: Note,
    size: u64,
) -> Result<Hash, LogError> {
    let files = WithJournal { files, known: known(edge, finished) };
    LogReader::at(&files, SignedCheckpoint { checkpoint: all, note, believed: Vec::new() }).root_at(size)
}

/// Whether the entries from `first` on have these leaf hashes, all of them. `note` is any note of the log.
pub(super) fn has_leaves(
    files: &dyn Files,
    edge: &Edge,
    finished: &[Finished],
    all: Checkpoint,
    note: Note,
    (first, leaves): (u64, &[Hash]),
) -> Result<bool, LogError> {
    if first.saturating_add(leaves.len() as u64) > edge.size() {
        return Ok(false);
    }
    let files = WithJournal { files, known: known(edge, finished) };
    let reader = LogReader::at(&files, SignedCheckpoint { checkpoint: all, note, believed: Vec::new() });
    for (index, leaf) in (first..).zip(leaves) {
        if reader.leaf(index)? != *leaf {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Refuses to sign under an earlier time than before.
pub(super) fn check_clock(
    place: impl FnOnce() -> String,
    published: Option<&SignedCheckpoint>,
    now: u64,
) -> Result<(), LogError> {
    let last = published.iter().flat_map(|signed| &signed.believed).filter_map(|each| each.time).max();
    match last {
        Some(last) if now < last => Err(LogError::ClockWentBack { place: place(), last, now }),
        _ => Ok(()),
    }
}

fn known(edge: &Edge, finished: &[Finished]) -> BTreeMap<String, Vec<u8>> {
    let known = finished.iter().cloned().chain(edge.partial());
    known.map(|(path, bytes)| (path.to_string(), bytes)).collect()
}

/// The files of a log with those on top that are in the journal alone.
struct WithJournal<'a> {
    files: &'a dyn Files,
    known: BTreeMap<String, Vec<u8>>,
}

impl Files for WithJournal<'_> {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        self.known.get(path).map_or_else(|| self.files.read(path), |bytes| Ok(Some(bytes.clone())))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<Listed>> {
        self.files.list(folder)
    }

    fn publish(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.files.publish(path, bytes)
    }

    fn place(&self) -> String {
        self.files.place()
    }
}

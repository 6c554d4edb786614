//! What every writer makes sure of before it writes on: that the stored log extends the published checkpoint, that no file is of a
//! longer log, and that the clock did not go back.

use super::checkpoint::{Checkpoint, SignedCheckpoint};
use super::edge::{Edge, Finished};
use super::error::LogError;
use super::hash::Hash;
use super::note::Note;
use super::reader::LogReader;
use super::storage::{Files, Listed};
use super::tile::{Level, TILE_FOLDER, TILE_WIDTH, TilePath};
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

/// Where the files of a longer log are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Right behind the last entry, where every longer log has files: a few questions, whatever the size of the log.
    Behind,
    /// Everywhere: one question for each folder of tiles.
    Everywhere,
}

/// Refuses to go on when files lie there of a log with more than `size` entries: others may hold a checkpoint that counts them, and
/// writing on would fork it.
///
/// Files alone cannot tell of a log that was put back together with all its tiles; a checkpoint kept elsewhere can
/// ([`super::verify::verify_extends`], or a witness).
pub(super) fn check_not_put_back(files: &dyn Files, size: u64, look: Look) -> Result<(), LogError> {
    let found = match look {
        Look::Behind => behind(files, size)?,
        Look::Everywhere => furthest(files)?,
    };
    match found {
        Some((reached, path)) if reached > size => {
            Err(LogError::PutBack { place: files.place(), path, size, reached })
        }
        _ => Ok(()),
    }
}

/// The furthest file of the tile and the bundle that entry `size` belongs into, and how many entries it reaches to.
fn behind(files: &dyn Files, size: u64) -> Result<Option<(u64, String)>, LogError> {
    let mut found = None;
    for level in [Level::Hashes(0), Level::Entries] {
        let full = TilePath { level, index: size / TILE_WIDTH, width: None };
        let folder = full.partial_folder();
        for each in files.list(&folder).map_err(|error| LogError::read(files, &folder, error))? {
            found = found.max(reached(format!("{folder}/{}", each.name)));
        }
        let path = full.to_string();
        if files.read(&path).map_err(|error| LogError::read(files, &path, error))?.is_some() {
            found = found.max(reached(path));
        }
    }
    Ok(found)
}

fn furthest(files: &dyn Files) -> Result<Option<(u64, String)>, LogError> {
    let mut found = None;
    let mut folders = vec![TILE_FOLDER.to_owned()];
    while let Some(folder) = folders.pop() {
        for each in files.list(&folder).map_err(|error| LogError::read(files, &folder, error))? {
            let path = format!("{folder}/{}", each.name);
            if each.folder {
                folders.push(path);
            } else {
                found = found.max(reached(path));
            }
        }
    }
    Ok(found)
}

fn reached(path: String) -> Option<(u64, String)> {
    let entries = path.parse::<TilePath>().ok()?.entries_up_to()?;
    Some((entries, path))
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

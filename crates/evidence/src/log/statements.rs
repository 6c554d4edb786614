//! A log as the store asks for one: [`LoggedStatements`].

use super::error::LogError;
use super::hash::Hash;
use super::note_key::{NoteKey, NoteSigner};
use super::reader::LogReader;
use super::storage::{Disk, Files, Storage};
use super::tile::TILE_WIDTH;
use super::writer::{Clock, Log, WriterOptions};
use crate::digest::Digest;
use crate::store::{LogHead, LogProof, Proven, StatementLog, StoreError};
use std::path::Path;
use std::sync::Arc;

/// A log that statements are appended to, or only read from.
pub struct LoggedStatements {
    files: Arc<dyn Files>,
    key: NoteKey,
    writer: Option<Log>,
}

impl LoggedStatements {
    /// A log to read; it is believed when signed by `key`.
    pub fn to_read(folder: &Path, key: NoteKey) -> Self {
        Self::in_files(Arc::new(Disk::new(folder)), key)
    }

    /// A log to read, wherever it lies.
    pub fn in_files(files: Arc<dyn Files>, key: NoteKey) -> Self {
        Self { files, key, writer: None }
    }

    /// A log to append to, begun when there is none.
    ///
    /// # Errors
    /// [`LogError`], whichever way it fails.
    pub fn to_append(folder: &Path, signer: NoteSigner, clock: Clock) -> Result<Self, LogError> {
        let disk = Arc::new(Disk::new(folder));
        let key = signer.key().clone();
        let storage: Arc<dyn Storage> = disk.clone();
        let begun = disk
            .read(super::checkpoint::CHECKPOINT_FILE)
            .map_err(|error| LogError::read(&*disk, super::checkpoint::CHECKPOINT_FILE, error))?
            .is_some();
        let log = if begun {
            Log::open(storage, signer, clock, WriterOptions::default())?
        } else {
            Log::create(storage, signer, clock)?
        };
        Ok(Self { files: disk, key, writer: Some(log) })
    }

    /// A log that is open for appending, wherever it lies; `files` are its files.
    pub fn of_writer(files: Arc<dyn Files>, key: NoteKey, log: Log) -> Self {
        Self { files, key, writer: Some(log) }
    }

    /// Makes everything durable in tiles and gives what was not written.
    ///
    /// # Errors
    /// [`LogError`], whichever way it fails.
    pub fn close(mut self) -> Result<(), LogError> {
        self.writer.take().map_or(Ok(()), |log| log.close().map(|_| ()))
    }

    fn reader(&self) -> Result<LogReader<'_>, StoreError> {
        // What was acknowledged a moment ago is in the checkpoint that is read now.
        if let Some(log) = &self.writer {
            log.checkpoint().map_err(failed)?;
        }
        LogReader::open(&*self.files, &[&self.key]).map_err(failed)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "used where an error is mapped")]
fn failed(error: LogError) -> StoreError {
    StoreError::Log(error.to_string())
}

/// What proves that `entry` stands at `place`.
fn proof(reader: &LogReader<'_>, place: u64, entry: &[u8]) -> Result<LogProof, StoreError> {
    let hashes = reader.inclusion_proof(place, &Hash::leaf(entry)).map_err(failed)?;
    let checkpoint = &reader.checkpoint().checkpoint;
    Ok(LogProof {
        origin: checkpoint.origin.clone(),
        index: place,
        size: checkpoint.size,
        root: hex(&checkpoint.root),
        hashes: hashes.iter().map(hex).collect(),
    })
}

fn hex(hash: &Hash) -> String {
    Digest::of_sha256(*hash.as_bytes()).value().to_owned()
}

impl StatementLog for LoggedStatements {
    fn append(&self, entry: &[u8]) -> Result<u64, StoreError> {
        let log = self.writer.as_ref().ok_or_else(|| {
            StoreError::Log("it is open for reading only; appending needs its key".to_owned())
        })?;
        log.append(entry.to_vec()).map_err(failed)
    }

    fn size(&self) -> Result<u64, StoreError> {
        Ok(self.reader()?.size())
    }

    fn entries(&self, start: u64, most: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let reader = self.reader()?;
        let end = reader.size().min(start.saturating_add(most as u64));
        let mut entries = Vec::new();
        let mut next = start;
        while next < end {
            let index = next / TILE_WIDTH;
            let bundle = reader.bundle(index).map_err(failed)?;
            let skip = usize::try_from(next % TILE_WIDTH).unwrap_or(usize::MAX);
            let before = entries.len();
            let missing = usize::try_from(end - next).unwrap_or(usize::MAX);
            for (place, entry) in (next..).zip(bundle.into_iter().skip(skip).take(missing)) {
                if reader.leaf(place).map_err(failed)? != Hash::leaf(&entry) {
                    return Err(StoreError::Log(format!(
                        "entry {place} is not the one that was logged; `bartizan log verify` names the file"
                    )));
                }
                entries.push(entry);
            }
            let read = (entries.len() - before) as u64;
            if read == 0 {
                break;
            }
            next += read;
        }
        Ok(entries)
    }

    fn prove(&self, place: u64, entry: &[u8]) -> Result<LogProof, StoreError> {
        proof(&self.reader()?, place, entry)
    }

    fn prove_all(&self, places: &[u64]) -> Result<Vec<Proven>, StoreError> {
        // One checkpoint, checked once, and each bundle and tile read once.
        let reader = self.reader()?;
        let mut bundle: Option<(u64, Vec<Vec<u8>>)> = None;
        let mut proven = Vec::with_capacity(places.len());
        for place in places {
            let index = place / TILE_WIDTH;
            if bundle.as_ref().is_none_or(|(read, _)| *read != index) {
                bundle = match reader.bundle(index) {
                    Ok(entries) => Some((index, entries)),
                    Err(error) => {
                        proven.push(Err(failed(error)));
                        bundle = None;
                        continue;
                    }
                };
            }
            let within = usize::try_from(place % TILE_WIDTH).unwrap_or(usize::MAX);
            let entry = bundle.as_ref().and_then(|(_, entries)| entries.get(within)).cloned();
            // What is not there is proven not to be an entry like any other.
            let entry = entry.unwrap_or_default();
            proven.push(proof(&reader, *place, &entry).map(|proof| (entry, proof)));
        }
        Ok(proven)
    }

    fn head(&self) -> Result<LogHead, StoreError> {
        let reader = self.reader()?;
        let signed = reader.checkpoint();
        Ok(LogHead {
            origin: signed.checkpoint.origin.clone(),
            size: signed.checkpoint.size,
            root: hex(&signed.checkpoint.root),
            checkpoint: signed.note.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{KeyAlgorithm, SigningKey};

    #[test]
    fn what_is_appended_is_read_and_proven_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKey::generate(KeyAlgorithm::Ed25519).unwrap();
        let signer = NoteSigner::for_log("log", Box::new(key)).unwrap();
        let reader = LoggedStatements::to_read(folder.path(), signer.key().clone());
        let log = LoggedStatements::to_append(folder.path(), signer, Box::new(|| 1)).unwrap();
        for number in 0..300_u64 {
            assert_eq!(log.append(&number.to_be_bytes()).unwrap(), number);
        }
        assert_eq!(log.size().unwrap(), 300);
        let entries = log.entries(254, 4).unwrap();
        assert_eq!(entries, (254..258_u64).map(|each| each.to_be_bytes().to_vec()).collect::<Vec<_>>());
        assert_eq!(log.prove(255, &entries[1]).unwrap().size, 300);
        assert!(log.prove(254, &entries[1]).is_err());
        let proven = log.prove_all(&[255, 7, 256, 300]).unwrap();
        for (place, found) in [255_u64, 7, 256].into_iter().zip(&proven) {
            let (entry, proof) = found.as_ref().unwrap();
            assert_eq!(
                (entry.as_slice(), proof),
                (&place.to_be_bytes()[..], &log.prove(place, entry).unwrap())
            );
        }
        assert!(proven[3].is_err());
        log.close().unwrap();
        assert_eq!(reader.head().unwrap().size, 300);
        assert!(matches!(reader.append(b"x"), Err(StoreError::Log(_))));
    }
}

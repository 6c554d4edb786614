//! What one batch takes: journal, tiles, checkpoint, and what others appended meanwhile: [`Committer`].

use super::checkpoint::{CHECKPOINT_FILE, Checkpoint, SignedCheckpoint};
use super::continuity::{Look, check_clock, check_extended, check_not_put_back, root_at};
use super::edge::{Edge, Finished};
use super::error::LogError;
use super::journal::{self, Position, Replayed};
use super::note::Note;
use super::note_key::NoteSigner;
use super::reader::edge_from_files;
use super::storage::{Lock, STATE_FOLDER, Storage};
use super::tile::{Level, TILE_FOLDER, TILE_WIDTH, TilePath, hashes_at};
use super::writer::{Clock, Commit, WriterOptions};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A batch ends one generation of the journal when this many files wait to be made durable, however small the entries.
const MOST_UNSYNCED: usize = 4096;

/// The writing side of a log: owned by one thread.
pub(super) struct Committer {
    storage: Arc<dyn Storage>,
    signer: NoteSigner,
    clock: Clock,
    /// Whether a time before that of the last checkpoint is signed all the same.
    clock_was_wrong: bool,
    log: Replayed,
    /// The partial tiles of the latest checkpoint: the next one may need some of them as they are.
    partial: Vec<TilePath>,
    /// Published files that may not be durable.
    unsynced: BTreeSet<String>,
    /// Files of the generation before, being made durable.
    syncing: Option<JoinHandle<Result<(), LogError>>>,
    /// The generation of the journal that this process began last.
    own_generation: Option<u64>,
    published: Option<SignedCheckpoint>,
    published_at: Option<Instant>,
    lock: Option<Box<dyn Lock>>,
    /// Whether what is in memory is what is stored. Not after a failed write.
    sound: bool,
}

impl Commit for Committer {
    fn published(&self) -> Option<&SignedCheckpoint> {
        self.published.as_ref()
    }

    fn release(&mut self) {
        self.lock = None;
    }

    fn commit(&mut self, entries: &[Vec<u8>], acknowledge: &mut dyn FnMut(u64)) -> Result<(), LogError> {
        self.lock = Some(locked(&*self.storage)?);
        if self.sound {
            self.catch_up()?;
        } else {
            self.recover()?;
        }
        if !self.clock_was_wrong {
            check_clock(|| self.storage.place(), self.published.as_ref(), (self.clock)())?;
        }
        let bytes = journal::encode_entries(entries.iter().map(Vec::as_slice));
        if !self.log.position.has_room(&*self.storage, bytes.len())? || self.unsynced.len() > MOST_UNSYNCED {
            self.next_generation(bytes.len())?;
        }
        let first = self.log.edge.size();
        // From here on memory and storage may differ, until the write is known to be durable.
        self.sound = false;
        for entry in entries {
            self.log.edge.push(entry, &mut self.log.finished);
        }
        let root = self.log.edge.root();
        self.log.position.write_batch(&*self.storage, first, &root, &bytes)?;
        self.sound = true;
        self.log.batches += 1;
        acknowledge(first);
        Ok(())
    }

    fn until_full_tile(&self) -> u64 {
        TILE_WIDTH - self.log.edge.size() % TILE_WIDTH
    }

    fn publish_unless_recent(&mut self, more: bool, interval: Duration) -> Result<(), LogError> {
        if more && self.published_at.is_some_and(|time| time.elapsed() < interval) {
            return Ok(());
        }
        self.publish()
    }

    fn close(&mut self) -> Result<(), LogError> {
        self.lock = Some(locked(&*self.storage)?);
        let before = self.log.position;
        if self.sound {
            self.catch_up()?;
        } else {
            self.recover()?;
        }
        if before != self.log.position || self.log.batches > 0 {
            self.settle()?;
        }
        self.release();
        Ok(())
    }
}

impl Committer {
    /// Begins a log.
    pub(super) fn create(
        storage: Arc<dyn Storage>,
        signer: NoteSigner,
        clock: Clock,
    ) -> Result<Self, LogError> {
        let lock = locked(&*storage)?;
        let files = |path: &str| storage.list(path).map_err(|error| LogError::read(&*storage, path, error));
        let begun = storage
            .read(CHECKPOINT_FILE)
            .map_err(|error| LogError::read(&*storage, CHECKPOINT_FILE, error))?
            .is_some();
        if begun || !files(TILE_FOLDER)?.is_empty() || journal::replay(&*storage)?.is_some() {
            return Err(LogError::Exists { place: storage.place() });
        }
        let mut committer = Self::new(storage, signer, clock);
        committer.lock = Some(lock);
        committer.settle()?;
        committer.release();
        Ok(committer)
    }

    /// Opens a log, and puts back what a crash left in the journal alone.
    pub(super) fn open(
        storage: Arc<dyn Storage>,
        signer: NoteSigner,
        clock: Clock,
        options: WriterOptions,
    ) -> Result<Self, LogError> {
        let lock = locked(&*storage)?;
        let mut committer = Self::new(storage, signer, clock);
        committer.clock_was_wrong = options.clock_was_wrong;
        committer.lock = Some(lock);
        committer.recover()?;
        committer.release();
        Ok(committer)
    }

    fn new(storage: Arc<dyn Storage>, signer: NoteSigner, clock: Clock) -> Self {
        let log = Replayed {
            edge: Edge::default(),
            finished: Vec::new(),
            position: Position::before_first(),
            batches: 0,
            gap: None,
        };
        Self {
            storage,
            signer,
            clock,
            clock_was_wrong: false,
            log,
            partial: Vec::new(),
            unsynced: BTreeSet::new(),
            syncing: None,
            own_generation: None,
            published: None,
            published_at: None,
            lock: None,
            sound: true,
        }
    }

    /// Takes in what other processes appended.
    fn catch_up(&mut self) -> Result<(), LogError> {
        if journal::follow(&*self.storage, &mut self.log)? {
            return Ok(());
        }
        match journal::replay(&*self.storage)? {
            Some(replayed) if replayed.edge.size() >= self.log.edge.size() => {
                self.log = replayed;
                Ok(())
            }
            _ => self.recover(),
        }
    }

    /// Reads everything anew, and makes it durable in tiles.
    fn recover(&mut self) -> Result<(), LogError> {
        self.sound = false;
        self.partial.clear();
        let storage = Arc::clone(&self.storage);
        let published = self.read_published()?;
        let mut look = Look::Behind;
        self.log = match (journal::replay(&*storage)?, &published) {
            (Some(replayed), _) => replayed,
            (None, Some(signed)) => {
                // Without a journal nobody here knows how far the log went; only what lies there tells.
                look = Look::Everywhere;
                Replayed {
                    edge: edge_from_files(&*storage, signed)?,
                    finished: Vec::new(),
                    position: Position::before_first(),
                    batches: 0,
                    gap: None,
                }
            }
            (None, None) => return Err(LogError::NoLog { place: storage.place() }),
        };
        self.is_without_gap()?;
        if let Some(signed) = &published {
            check_extended(&*storage, &self.log.edge, &self.log.finished, signed)?;
        }
        // Tiles are published after the journal that has their entries is durable: none is ever ahead of it.
        check_not_put_back(&*storage, self.log.edge.size(), look)?;
        self.published = published;
        let clean = self.log.batches == 0 && self.log.position != Position::before_first();
        let up_to_date = self.published.as_ref().is_some_and(|signed| self.is_current(signed));
        if !clean || !up_to_date {
            self.remove_leftovers()?;
            for file in std::mem::take(&mut self.log.finished).iter().chain(&self.log.edge.partial()) {
                self.put(file)?;
            }
            self.mend_partial_tiles()?;
            self.settle()?;
        }
        self.sound = true;
        Ok(())
    }

    /// The published checkpoint, if it is whole. After a loss of power it may be torn; the journal then knows better.
    fn read_published(&self) -> Result<Option<SignedCheckpoint>, LogError> {
        let storage = &*self.storage;
        let bytes =
            storage.read(CHECKPOINT_FILE).map_err(|error| LogError::read(storage, CHECKPOINT_FILE, error))?;
        let Some(bytes) = bytes else { return Ok(None) };
        if Note::parse(&bytes).is_err() && journal::replay(storage)?.is_some() {
            return Ok(None);
        }
        SignedCheckpoint::open(&bytes, &[self.signer.key()])
            .map(Some)
            .map_err(|error| LogError::Checkpoint { place: storage.place(), error })
    }

    fn is_current(&self, signed: &SignedCheckpoint) -> bool {
        signed.checkpoint.size == self.log.edge.size() && signed.checkpoint.root == self.log.edge.root()
    }

    /// Refuses to go on when an older generation of the journal is cut short and the tiles do not stand in for it.
    fn is_without_gap(&self) -> Result<(), LogError> {
        let Some(found) = self.log.gap else { return Ok(()) };
        let expected = self.log.edge.size();
        let note = Note::new(self.checkpoint().to_string())
            .map_err(|error| LogError::Checkpoint { place: self.storage.place(), error: error.into() })?;
        let (files, all) = (&*self.storage, self.checkpoint());
        match root_at(files, &self.log.edge, &self.log.finished, all, note, expected) {
            Ok(root) if root == self.log.edge.root() => Ok(()),
            _ => Err(LogError::JournalGap { place: self.storage.place(), expected, found }),
        }
    }

    fn checkpoint(&self) -> Checkpoint {
        let origin = self.signer.key().name().to_owned();
        Checkpoint::new(origin, self.log.edge.size(), self.log.edge.root())
    }

    /// Puts full tiles, partial tiles and then the checkpoint in place.
    fn publish(&mut self) -> Result<(), LogError> {
        let outcome = self.try_publish();
        if outcome.is_err() {
            self.sound = false;
        }
        outcome
    }

    fn try_publish(&mut self) -> Result<(), LogError> {
        if self.published.as_ref().is_some_and(|signed| self.is_current(signed)) {
            self.log.finished.clear();
            return Ok(());
        }
        let finished = std::mem::take(&mut self.log.finished);
        for file in &finished {
            self.put(file)?;
        }
        let partial = self.log.edge.partial();
        for file in &partial {
            if !self.partial.contains(&file.0) {
                self.put(file)?;
            }
        }
        let signed = SignedCheckpoint::sign(&self.checkpoint(), &self.signer, (self.clock)())
            .map_err(|error| LogError::Checkpoint { place: self.storage.place(), error })?;
        self.storage
            .publish(CHECKPOINT_FILE, signed.note.to_string().as_bytes())
            .map_err(|error| LogError::write(&*self.storage, CHECKPOINT_FILE, error))?;
        self.unsynced.insert(CHECKPOINT_FILE.to_owned());
        self.published = Some(signed);
        self.published_at = Some(Instant::now());
        self.partial = partial.into_iter().map(|(path, _)| path).collect();
        // Only now does nobody need the partial tiles of a full one.
        for (path, _) in &finished {
            let folder = path.partial_folder();
            self.storage
                .remove_folder(&folder)
                .map_err(|error| LogError::write(&*self.storage, &folder, error))?;
            let inside = format!("{folder}/");
            let mut rest = self.unsynced.split_off(&inside);
            while rest.first().is_some_and(|path| path.starts_with(&inside)) {
                rest.pop_first();
            }
            self.unsynced.append(&mut rest);
        }
        Ok(())
    }

    fn put(&mut self, (path, bytes): &Finished) -> Result<(), LogError> {
        let path = path.to_string();
        self.storage.publish(&path, bytes).map_err(|error| LogError::write(&*self.storage, &path, error))?;
        self.unsynced.insert(path);
        Ok(())
    }

    /// Begins the next generation of the journal: what the one before the last put into tiles is durable by then.
    fn next_generation(&mut self, entries: usize) -> Result<(), LogError> {
        self.publish()?;
        self.wait_for_sync()?;
        if self.own_generation != Some(self.log.position.generation()) {
            // Another process began this generation; whether the one before is durable, only that process knew.
            self.sync_all()?;
        }
        let paths: Vec<String> = std::mem::take(&mut self.unsynced).into_iter().collect();
        let storage = Arc::clone(&self.storage);
        let sync =
            move || storage.sync(&paths).map_err(|error| LogError::write(&*storage, TILE_FOLDER, error));
        self.begin_next(false, entries)?;
        self.syncing = Some(
            std::thread::Builder::new()
                .name("log-sync".to_owned())
                .spawn(sync)
                .map_err(|error| LogError::write(&*self.storage, TILE_FOLDER, error))?,
        );
        Ok(())
    }

    fn wait_for_sync(&mut self) -> Result<(), LogError> {
        match self.syncing.take().map(JoinHandle::join) {
            None | Some(Ok(Ok(()))) => Ok(()),
            Some(Ok(Err(error))) => {
                self.sound = false;
                Err(error)
            }
            Some(Err(_)) => {
                self.sound = false;
                Err(LogError::Closed)
            }
        }
    }

    /// Publishes, makes everything durable, and empties the journal.
    fn settle(&mut self) -> Result<(), LogError> {
        self.publish()?;
        self.wait_for_sync()?;
        self.sync_all()?;
        self.begin_next(true, 0)?;
        self.log.batches = 0;
        Ok(())
    }

    fn sync_all(&mut self) -> Result<(), LogError> {
        let paths: Vec<String> = self.unsynced.iter().cloned().collect();
        self.storage.sync(&paths).map_err(|error| LogError::write(&*self.storage, TILE_FOLDER, error))?;
        self.unsynced.clear();
        Ok(())
    }

    fn begin_next(&mut self, durable: bool, entries: usize) -> Result<(), LogError> {
        self.log.position.begin_next(&*self.storage, &self.log.edge, durable, entries)?;
        self.own_generation = Some(self.log.position.generation());
        Ok(())
    }

    /// Files that were being written when their writer died.
    fn remove_leftovers(&self) -> Result<(), LogError> {
        self.storage
            .remove_unpublished()
            .map_err(|error| LogError::write(&*self.storage, STATE_FOLDER, error))
    }

    /// Writes again the partial tiles of earlier checkpoints that a loss of power tore.
    fn mend_partial_tiles(&mut self) -> Result<(), LogError> {
        let size = self.log.edge.size();
        for (path, whole) in self.log.edge.partial() {
            let folder = path.partial_folder();
            let listed =
                self.storage.list(&folder).map_err(|error| LogError::read(&*self.storage, &folder, error))?;
            for each in listed {
                let Ok(partial) = format!("{folder}/{}", each.name).parse::<TilePath>() else { continue };
                let Some(bytes) = first_of(&whole, partial) else { continue };
                let name = partial.to_string();
                let present =
                    self.storage.read(&name).map_err(|error| LogError::read(&*self.storage, &name, error))?;
                if present.as_deref() != Some(bytes) {
                    self.put(&(partial, bytes.to_vec()))?;
                }
            }
        }
        // A full tile has no partial ones beside it.
        let levels = (0..super::tile::TILE_LEVELS).map(Level::Hashes).chain([Level::Entries]);
        for level in levels {
            let count = match level {
                Level::Hashes(level) => hashes_at(level, size),
                Level::Entries => size,
            };
            let Some(last) = (count / TILE_WIDTH).checked_sub(1) else { continue };
            let folder = TilePath { level, index: last, width: None }.partial_folder();
            self.storage
                .remove_folder(&folder)
                .map_err(|error| LogError::write(&*self.storage, &folder, error))?;
        }
        Ok(())
    }
}

/// The part of a partial tile or bundle that an earlier, shorter one had; none when that is longer.
fn first_of(whole: &[u8], partial: TilePath) -> Option<&[u8]> {
    let count = usize::try_from(partial.len()).ok()?;
    if partial.level != Level::Entries {
        return whole.get(..count * super::hash::HASH_BYTES);
    }
    let mut end = 0;
    for _ in 0..count {
        let length = whole.get(end..)?.first_chunk::<{ super::bundle::LENGTH_BYTES }>()?;
        end += super::bundle::LENGTH_BYTES + usize::from(u16::from_be_bytes(*length));
    }
    whole.get(..end)
}

fn locked(storage: &dyn Storage) -> Result<Box<dyn Lock>, LogError> {
    storage.lock().map_err(|error| LogError::write(storage, STATE_FOLDER, error))
}

//! What one batch takes in an object store: the journal replaced, tiles and checkpoint put: [`ObjectCommitter`].
//!
//! There is no lock. A batch is in the log from the moment at which the journal object was replaced under the condition that
//! nobody else replaced it; whoever loses that race reads what was written and comes after it. Tiles follow from the entries, so
//! it does not matter who puts them, nor how often. The checkpoint is replaced under the same condition, and never by a shorter
//! one. An answer that was lost is looked for among the receipts of the journal.

use super::checkpoint::{CHECKPOINT_FILE, Checkpoint, SignedCheckpoint};
use super::continuity::{Look, check_clock, check_extended, check_not_put_back, has_leaves};
use super::edge::{Edge, Finished};
use super::error::LogError;
use super::hash::Hash;
use super::journal::encode_entries;
use super::note_key::NoteSigner;
use super::object_journal::{self, MOST_RECEIPTS, ObjectJournal, Receipt, WRITER_BYTES};
use super::reader::edge_from_files;
use super::storage::{Condition, Objects, PutError, STATE_FOLDER, Version};
use super::tile::{Level, TILE_FOLDER, TILE_LEVELS, TILE_WIDTH, TilePath, hashes_at};
use super::writer::{Clock, Commit, WriterOptions};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The journal's name in [`STATE_FOLDER`].
const JOURNAL: &str = ".state/objects.journal";
/// The object with which the store is tried.
const TRIAL: &str = ".state/conditions";
/// How often others may come first before a batch is given up.
const MOST_ATTEMPTS: usize = 1000;
/// How often a put of unknown outcome is tried again.
const MOST_FAILURES: usize = 3;
/// For how many lost races one put of unknown outcome counts when the wait before the next try is chosen.
const FAILURE_TRIES: usize = 4;

/// The writing side of a log in an object store.
pub(super) struct ObjectCommitter {
    objects: Arc<dyn Objects>,
    signer: NoteSigner,
    clock: Clock,
    /// Whether a time before that of the last checkpoint is signed all the same.
    clock_was_wrong: bool,
    /// This writer's name.
    writer: [u8; WRITER_BYTES],
    /// The number of its last batch.
    batch: u64,
    /// The journal as it was last seen; none after a put of which nothing else is known.
    known: Option<Known>,
    published: Option<SignedCheckpoint>,
    published_version: Option<Version>,
    published_at: Option<Instant>,
    /// Folders of partial tiles whose full ones are in place.
    outgrown: BTreeSet<String>,
}

struct Known {
    version: Version,
    journal: ObjectJournal,
}

/// What became of a batch whose put was not answered with yes.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Written,
    NotWritten,
    Unknown,
}

impl ObjectCommitter {
    /// Begins a log.
    pub(super) fn create(
        objects: Arc<dyn Objects>,
        signer: NoteSigner,
        clock: Clock,
    ) -> Result<Self, LogError> {
        try_conditions(&*objects)?;
        let mut writer = Self::new(objects, signer, clock)?;
        let exists = || LogError::Exists { place: writer.objects.place() };
        let tiles = writer.objects.list(TILE_FOLDER).map_err(|error| writer.unread(TILE_FOLDER, error))?;
        if writer.read(CHECKPOINT_FILE)?.is_some() || !tiles.is_empty() {
            return Err(exists());
        }
        // What another one left here who died before the first checkpoint is as good as new.
        let known = writer.begin_journal(&Edge::default())?;
        if known.journal.edge.size() > 0 {
            return Err(exists());
        }
        writer.known = Some(known);
        let latest = writer.sign(&Edge::default())?;
        let bytes = latest.note.to_string().into_bytes();
        match writer.objects.put_if(CHECKPOINT_FILE, &bytes, Condition::Absent) {
            Ok(version) => writer.published_version = Some(version),
            Err(PutError::Conflict) => match writer.read(CHECKPOINT_FILE)? {
                // Its own, whose answer was lost.
                Some((found, version)) if found == bytes => writer.published_version = Some(version),
                _ => return Err(exists()),
            },
            Err(PutError::Failed(error)) => return Err(writer.unwritten(CHECKPOINT_FILE, error)),
        }
        writer.published = Some(latest);
        Ok(writer)
    }

    /// Opens a log, and publishes what a crash left in the journal alone.
    pub(super) fn open(
        objects: Arc<dyn Objects>,
        signer: NoteSigner,
        clock: Clock,
        options: WriterOptions,
    ) -> Result<Self, LogError> {
        let mut writer = Self::new(objects, signer, clock)?;
        writer.clock_was_wrong = options.clock_was_wrong;
        writer.read_published()?;
        let known = writer.load()?;
        if known.is_none() && writer.published.is_none() {
            return Err(LogError::NoLog { place: writer.objects.place() });
        }
        try_conditions(&*writer.objects)?;
        writer.known = match (known, &writer.published) {
            (None, Some(latest)) => {
                writer.has_no_folder_journal()?;
                let edge = edge_from_files(&*writer.objects, latest)?;
                let known = match check_not_put_back(&*writer.objects, edge.size(), Look::Behind) {
                    Ok(()) => writer.begin_journal(&edge)?,
                    // Unless another writer began the journal a moment ago and put those tiles.
                    Err(put_back) => writer.load()?.ok_or(put_back)?,
                };
                Some(known)
            }
            (known, _) => known,
        };
        if let (Some(Known { journal, .. }), Some(latest)) = (&writer.known, &writer.published) {
            check_extended(&*writer.objects, &journal.edge, &journal.finished, latest)?;
        }
        if !writer.is_current() {
            writer.find_outgrown();
            writer.publish()?;
        }
        Ok(writer)
    }

    fn new(objects: Arc<dyn Objects>, signer: NoteSigner, clock: Clock) -> Result<Self, LogError> {
        Ok(Self {
            objects,
            signer,
            clock,
            clock_was_wrong: false,
            writer: random()?,
            batch: 0,
            known: None,
            published: None,
            published_version: None,
            published_at: None,
            outgrown: BTreeSet::new(),
        })
    }

    fn unread(&self, path: &str, error: io::Error) -> LogError {
        LogError::read(&*self.objects, path, error)
    }

    fn unwritten(&self, path: &str, error: io::Error) -> LogError {
        LogError::write(&*self.objects, path, error)
    }

    fn read(&self, path: &str) -> Result<Option<(Vec<u8>, Version)>, LogError> {
        self.objects.read_versioned(path).map_err(|error| self.unread(path, error))
    }

    /// Writes the first journal, or reads the one that someone else wrote first.
    fn begin_journal(&self, edge: &Edge) -> Result<Known, LogError> {
        let receipts = vec![Receipt { writer: self.writer, batch: 0, first: edge.size() }];
        let bytes = object_journal::encode(edge, &receipts, &edge.root(), &[]);
        match self.objects.put_if(JOURNAL, &bytes, Condition::Absent) {
            Ok(version) => {
                let journal = ObjectJournal { edge: edge.clone(), finished: Vec::new(), receipts };
                Ok(Known { version, journal })
            }
            Err(PutError::Conflict) => self.load()?.ok_or_else(|| self.missing()),
            Err(PutError::Failed(error)) => match self.load()? {
                Some(known) => Ok(known),
                None => Err(self.unwritten(JOURNAL, error)),
            },
        }
    }

    fn missing(&self) -> LogError {
        LogError::Missing { place: self.objects.place(), path: JOURNAL.to_owned() }
    }

    fn load(&self) -> Result<Option<Known>, LogError> {
        let Some((bytes, version)) = self.read(JOURNAL)? else { return Ok(None) };
        let journal = object_journal::decode(&bytes).ok_or_else(|| LogError::ObjectJournal {
            place: self.objects.place(),
            path: JOURNAL.to_owned(),
        })?;
        Ok(Some(Known { version, journal }))
    }

    /// The journal, read anew when it is not known.
    fn know(&mut self) -> Result<&mut Known, LogError> {
        let known = match self.known.take() {
            Some(known) => known,
            None => self.load()?.ok_or_else(|| self.missing())?,
        };
        let published = self.published.as_ref().map_or(0, |signed| signed.checkpoint.size);
        let stored = known.journal.edge.size();
        if stored < published {
            return Err(LogError::GoneBack { place: self.objects.place(), published, stored });
        }
        Ok(self.known.insert(known))
    }

    /// Reads the published checkpoint, which must be signed by this log's key.
    fn read_published(&mut self) -> Result<(), LogError> {
        let found = self.read(CHECKPOINT_FILE)?;
        self.published = None;
        self.published_version = None;
        if let Some((bytes, version)) = found {
            let signed = SignedCheckpoint::open(&bytes, &[self.signer.key()])
                .map_err(|error| LogError::Checkpoint { place: self.objects.place(), error })?;
            self.published = Some(signed);
            self.published_version = Some(version);
        }
        Ok(())
    }

    /// Refuses a log that was copied from a folder together with a journal nobody here can read.
    fn has_no_folder_journal(&self) -> Result<(), LogError> {
        let listed = self.objects.list(STATE_FOLDER).map_err(|error| self.unread(STATE_FOLDER, error))?;
        match listed.into_iter().find(|each| each.name.starts_with("journal.")) {
            None => Ok(()),
            Some(found) => Err(LogError::FolderJournal {
                place: self.objects.place(),
                path: format!("{STATE_FOLDER}/{}", found.name),
            }),
        }
    }

    fn is_current(&self) -> bool {
        let (Some(known), Some(signed)) = (&self.known, &self.published) else { return false };
        signed.checkpoint.size == known.journal.edge.size()
            && signed.checkpoint.root == known.journal.edge.root()
    }

    fn sign(&self, edge: &Edge) -> Result<SignedCheckpoint, LogError> {
        let origin = self.signer.key().name().to_owned();
        let checkpoint = Checkpoint::new(origin, edge.size(), edge.root());
        SignedCheckpoint::sign(&checkpoint, &self.signer, (self.clock)())
            .map_err(|error| LogError::Checkpoint { place: self.objects.place(), error })
    }

    /// Puts the full tiles that the journal may be the only one to have, and with `partial` the others too.
    fn put_tiles(&mut self, partial: bool) -> Result<(), LogError> {
        let Known { journal, .. } = self.know()?;
        let mut tiles: Vec<Finished> = journal.finished.clone();
        let outgrown: Vec<String> = tiles.iter().map(|(path, _)| path.partial_folder()).collect();
        if partial {
            tiles.extend(journal.edge.partial());
        }
        if tiles.is_empty() {
            return Ok(());
        }
        let files: Vec<(String, Vec<u8>)> =
            tiles.into_iter().map(|(path, bytes)| (path.to_string(), bytes)).collect();
        self.objects.publish_all(&files).map_err(|error| self.unwritten(TILE_FOLDER, error))?;
        self.outgrown.extend(outgrown);
        if let Some(known) = &mut self.known {
            known.journal.finished.clear();
        }
        Ok(())
    }

    /// Puts tiles and then the checkpoint in place.
    fn publish(&mut self) -> Result<(), LogError> {
        self.know()?;
        if self.is_current() {
            return Ok(());
        }
        self.put_tiles(true)?;
        let edge = self.know()?.journal.edge.clone();
        let signed = self.sign(&edge)?;
        self.put_checkpoint(signed)?;
        self.published_at = Some(Instant::now());
        self.remove_outgrown()
    }

    /// Replaces the checkpoint, unless there is one already that has as many entries.
    fn put_checkpoint(&mut self, signed: SignedCheckpoint) -> Result<(), LogError> {
        let bytes = signed.note.to_string().into_bytes();
        let mut failures = 0;
        for tries in 0..MOST_ATTEMPTS {
            if tries > 0 {
                self.objects.pause(tries.max(failures * FAILURE_TRIES));
            }
            let condition = self.published_version.as_ref().map_or(Condition::Absent, Condition::Unchanged);
            let error = match self.objects.put_if(CHECKPOINT_FILE, &bytes, condition) {
                Ok(version) => {
                    self.published = Some(signed);
                    self.published_version = Some(version);
                    return Ok(());
                }
                Err(error) => error,
            };
            // Another writer's, or this one whose answer was lost.
            self.read_published()?;
            let (ours, theirs) = (&signed.checkpoint, self.published.as_ref().map(|each| &each.checkpoint));
            match theirs {
                Some(theirs) if theirs.size == ours.size && theirs.root != ours.root => {
                    let (first, second) = (Box::new(theirs.clone()), Box::new(ours.clone()));
                    return Err(LogError::Fork { first, second });
                }
                Some(theirs) if theirs.size == ours.size => return Ok(()),
                Some(theirs) if theirs.size > ours.size => {
                    self.known = None;
                    return Ok(());
                }
                _ => {}
            }
            if let PutError::Failed(error) = error {
                failures += 1;
                if failures > MOST_FAILURES {
                    return Err(self.unwritten(CHECKPOINT_FILE, error));
                }
            }
        }
        Err(self.unwritten(CHECKPOINT_FILE, io::Error::other(OUTPACED)))
    }

    /// Removes partial tiles that nobody needs under the published checkpoint. One that is left over harms nobody.
    fn remove_outgrown(&mut self) -> Result<(), LogError> {
        for folder in std::mem::take(&mut self.outgrown) {
            let listed = self.objects.list(&folder).map_err(|error| self.unread(&folder, error))?;
            for each in listed {
                let path = format!("{folder}/{}", each.name);
                self.objects.remove(&path).map_err(|error| self.unwritten(&path, error))?;
            }
        }
        Ok(())
    }

    /// The partial tiles that a writer who died may have left beside the last full ones.
    fn find_outgrown(&mut self) {
        let Some(Known { journal, .. }) = &self.known else { return };
        let size = journal.edge.size();
        for level in (0..TILE_LEVELS).map(Level::Hashes).chain([Level::Entries]) {
            let count = match level {
                Level::Hashes(level) => hashes_at(level, size),
                Level::Entries => size,
            };
            if let Some(last) = (count / TILE_WIDTH).checked_sub(1) {
                self.outgrown.insert(TilePath { level, index: last, width: None }.partial_folder());
            }
        }
    }
}

/// Said when other writers came first each time.
const OUTPACED: &str = "other writers came first each time";

impl Commit for ObjectCommitter {
    fn commit(&mut self, entries: &[Vec<u8>], acknowledge: &mut dyn FnMut(u64)) -> Result<(), LogError> {
        if !self.clock_was_wrong {
            check_clock(|| self.objects.place(), self.published.as_ref(), (self.clock)())?;
        }
        let bytes = encode_entries(entries.iter().map(Vec::as_slice));
        self.batch += 1;
        let (writer, batch) = (self.writer, self.batch);
        let mut failures = 0;
        for tries in 0..MOST_ATTEMPTS {
            if tries > 0 {
                self.objects.pause(tries.max(failures * FAILURE_TRIES));
            }
            // The journal that is replaced may be the only one to have these.
            self.put_tiles(false)?;
            let Known { version, journal } = self.know()?;
            let (version, base) = (version.clone(), journal.edge.clone());
            let mut next = journal.clone();
            let first = next.edge.size();
            for entry in entries {
                next.edge.push(entry, &mut next.finished);
            }
            next.add_receipt(Receipt { writer, batch, first });
            let object = object_journal::encode(&base, &next.receipts, &next.edge.root(), &bytes);
            let error = match self.objects.put_if(JOURNAL, &object, Condition::Unchanged(&version)) {
                Ok(version) => {
                    self.known = Some(Known { version, journal: next });
                    acknowledge(first);
                    return Ok(());
                }
                Err(error) => error,
            };
            self.known = None;
            match (self.fate(first, entries), &error) {
                (Ok(Fate::Written), _) => {
                    acknowledge(first);
                    return Ok(());
                }
                (Ok(Fate::NotWritten), _) => {}
                (Ok(Fate::Unknown), _) => {
                    return Err(LogError::Unknown { place: self.objects.place(), first });
                }
                (Err(_), PutError::Failed(_)) => return Err(self.failed(error)),
                (Err(unread), PutError::Conflict) => return Err(unread),
            }
            if matches!(error, PutError::Failed(_)) {
                failures += 1;
                if failures > MOST_FAILURES {
                    return Err(self.failed(error));
                }
            }
        }
        Err(self.unwritten(JOURNAL, io::Error::other(OUTPACED)))
    }

    fn publish_unless_recent(&mut self, more: bool, interval: Duration) -> Result<(), LogError> {
        if more && self.published_at.is_some_and(|time| time.elapsed() < interval) {
            return Ok(());
        }
        let outcome = self.publish();
        if outcome.is_err() {
            self.known = None;
        }
        outcome
    }

    fn published(&self) -> Option<&SignedCheckpoint> {
        self.published.as_ref()
    }

    fn release(&mut self) {}

    fn close(&mut self) -> Result<(), LogError> {
        self.known = None;
        self.publish()
    }
}

impl ObjectCommitter {
    /// What became of the last batch. Where the receipts do not reach back so far, the entries tell: if others are where this batch
    /// was to be, it is nowhere.
    fn fate(&mut self, first: u64, entries: &[Vec<u8>]) -> Result<Fate, LogError> {
        let found = self.know()?.journal.clone();
        let fate = fate(&found, (&self.writer, self.batch), first);
        if fate != Fate::Unknown {
            return Ok(fate);
        }
        let signed = self.sign(&found.edge)?;
        let leaves: Vec<Hash> = entries.iter().map(|entry| Hash::leaf(entry)).collect();
        let ObjectJournal { edge, finished, .. } = &found;
        let (all, note) = (signed.checkpoint, signed.note);
        let there = has_leaves(&*self.objects, edge, finished, all, note, (first, &leaves))?;
        Ok(if there { Fate::Unknown } else { Fate::NotWritten })
    }

    fn failed(&self, error: PutError) -> LogError {
        let error = match error {
            PutError::Failed(error) => error,
            PutError::Conflict => io::Error::other(OUTPACED),
        };
        self.unwritten(JOURNAL, error)
    }
}

/// What became of a batch that was to begin at `first`, as the journal tells.
fn fate(journal: &ObjectJournal, (writer, batch): (&[u8; WRITER_BYTES], u64), first: u64) -> Fate {
    let receipts = &journal.receipts;
    match receipts.iter().find(|receipt| receipt.writer == *writer) {
        Some(receipt) if receipt.batch == batch => Fate::Written,
        Some(_) => Fate::NotWritten,
        // Its receipt cannot have been dropped, or nobody wrote there, or someone else did.
        None if receipts.len() < MOST_RECEIPTS
            || journal.edge.size() == first
            || receipts.iter().any(|receipt| receipt.first == first) =>
        {
            Fate::NotWritten
        }
        None => Fate::Unknown,
    }
}

fn random() -> Result<[u8; WRITER_BYTES], LogError> {
    let mut bytes = [0; WRITER_BYTES];
    SystemRandom::new().fill(&mut bytes).map_err(|_| LogError::Closed)?;
    Ok(bytes)
}

/// Tries whether the store keeps to the conditions of a put, on an object made for that.
fn try_conditions(objects: &dyn Objects) -> Result<(), LogError> {
    let unread = |error| LogError::read(objects, TRIAL, error);
    let refused = |what| LogError::Unconditional { place: objects.place(), what };
    let put = |bytes: &[u8], condition: Condition<'_>| match objects.put_if(TRIAL, bytes, condition) {
        Ok(_) => Ok(true),
        Err(PutError::Conflict) => Ok(false),
        Err(PutError::Failed(error)) if error.kind() == io::ErrorKind::Unsupported => {
            Err(refused("it knows no conditional puts"))
        }
        Err(PutError::Failed(error)) => Err(LogError::write(objects, TRIAL, error)),
    };
    let content = random()?;
    put(&content, Condition::Absent)?;
    if put(&content, Condition::Absent)? {
        return Err(refused("it overwrote an object that was to be absent"));
    }
    let (_, version) = objects
        .read_versioned(TRIAL)
        .map_err(unread)?
        .ok_or_else(|| LogError::Missing { place: objects.place(), path: TRIAL.to_owned() })?;
    // Either this put or another writer's makes the version an old one.
    put(&random()?, Condition::Unchanged(&version))?;
    if put(&random()?, Condition::Unchanged(&version))? {
        return Err(refused("it overwrote an object that had changed"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_tells_what_became_of_a_batch() {
        let mut edge = Edge::default();
        (0..200_u8).for_each(|entry| edge.push(&[entry], &mut Vec::new()));
        let mut journal = ObjectJournal { edge, finished: Vec::new(), receipts: Vec::new() };
        let of = |journal: &ObjectJournal, writer: u8, batch, first| {
            fate(journal, (&[writer; WRITER_BYTES], batch), first)
        };
        for (writer, batch, first) in [(1, 7, 3), (2, 1, 5), (1, 8, 8)] {
            journal.add_receipt(Receipt { writer: [writer; WRITER_BYTES], batch, first });
        }
        assert_eq!(journal.receipts.len(), 2);
        assert_eq!(of(&journal, 2, 1, 5), Fate::Written);
        assert_eq!(of(&journal, 2, 2, 8), Fate::NotWritten);
        assert_eq!(of(&journal, 9, 1, 5), Fate::NotWritten);
        for writer in 100..200 {
            journal.add_receipt(Receipt { writer: [writer; WRITER_BYTES], batch: 1, first: writer.into() });
        }
        assert_eq!(journal.receipts.len(), MOST_RECEIPTS);
        assert_eq!(of(&journal, 2, 1, 5), Fate::Unknown);
        assert_eq!(of(&journal, 2, 2, 199), Fate::NotWritten);
        assert_eq!(of(&journal, 2, 2, 200), Fate::NotWritten);
    }
}

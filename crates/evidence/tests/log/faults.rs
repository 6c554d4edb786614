//! Power that is lost at every write, with whatever was not synced kept, lost, torn or mixed by sector; and a full disk.

use crate::support::{Key, clock};
use bartizan_evidence::log::checkpoint::{CHECKPOINT_FILE, SignedCheckpoint};
use bartizan_evidence::log::storage::{Files, Listed, Lock, Storage};
use bartizan_evidence::log::verify::{verify, verify_extends};
use bartizan_evidence::log::{Log, LogError, LogReader, WriterOptions};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

/// Bytes that a disk writes at once.
const SECTOR: usize = 512;

/// A disk in memory that keeps what was synced apart from what was only written.
#[derive(Default)]
struct Faulty {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, File>,
    /// Writes so far.
    writes: u64,
    /// From this write on the power is gone.
    power_until: Option<u64>,
    /// Writes from the first to before the second fail for want of space.
    full: Option<(u64, u64)>,
    /// Every checkpoint that anyone could have read.
    published: Vec<Vec<u8>>,
}

#[derive(Clone, Default)]
struct File {
    durable: Option<Vec<u8>>,
    current: Option<Vec<u8>>,
    /// Whether it is written piece by piece.
    in_place: bool,
}

/// A little generator, so that a failing case can be run again (Steele et al., SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound as u64).max(1)).unwrap()
    }
}

impl Faulty {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// What is found after the power came back.
    fn after_power_loss(&self, seed: u64) -> Self {
        let mut random = Random(seed);
        let state = self.state();
        let mut files = BTreeMap::new();
        for (path, file) in &state.files {
            let kept = file.after_power_loss(&mut random);
            if kept.is_some() {
                let file = File { durable: kept.clone(), current: kept, in_place: file.in_place };
                files.insert(path.clone(), file);
            }
        }
        Self { state: Mutex::new(State { files, ..State::default() }) }
    }
}

impl File {
    fn after_power_loss(&self, random: &mut Random) -> Option<Vec<u8>> {
        if self.durable == self.current {
            return self.current.clone();
        }
        if self.in_place {
            // Any sector may have reached the disk, in any order.
            let (old, new) =
                (self.durable.clone().unwrap_or_default(), self.current.clone().unwrap_or_default());
            let mut mixed = old.clone();
            mixed.resize(new.len().max(old.len()), 0);
            for start in (0..new.len()).step_by(SECTOR) {
                let end = (start + SECTOR).min(new.len());
                if random.below(2) == 0 {
                    mixed[start..end].copy_from_slice(&new[start..end]);
                }
            }
            return Some(mixed);
        }
        match (random.below(3), &self.current) {
            (0, _) => self.durable.clone(),
            (1, Some(new)) => Some(new[..random.below(new.len() + 1)].to_vec()),
            _ => self.current.clone(),
        }
    }
}

impl State {
    /// Counts a write. The answer says whether it happens, and whether it is the last one, which is torn.
    fn write(&mut self) -> io::Result<bool> {
        let number = self.writes;
        self.writes += 1;
        if self.full.is_some_and(|(from, to)| (from..to).contains(&number)) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        match self.power_until {
            Some(until) if number > until => Err(io::Error::other("the power is gone")),
            Some(until) => Ok(number == until),
            None => Ok(false),
        }
    }
}

impl Files for Faulty {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.state().files.get(path).and_then(|file| file.current.clone()))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<Listed>> {
        let inside = format!("{folder}/");
        let state = self.state();
        let present = state.files.iter().filter(|(_, file)| file.current.is_some());
        let names: BTreeSet<Listed> = present
            .filter_map(|(path, _)| {
                let rest = path.strip_prefix(&inside)?;
                let (name, folder) = rest.split_once('/').map_or((rest, false), |(name, _)| (name, true));
                Some(Listed { name: name.to_owned(), folder })
            })
            .collect();
        Ok(names.into_iter().collect())
    }

    fn publish(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        if state.write()? {
            // The rename did not come about.
            return Err(io::Error::other("the power is gone"));
        }
        if path == CHECKPOINT_FILE {
            state.published.push(bytes.to_vec());
        }
        state.files.entry(path.to_owned()).or_default().current = Some(bytes.to_vec());
        Ok(())
    }

    fn place(&self) -> String {
        "memory".to_owned()
    }
}

struct NoLock;
impl Lock for NoLock {}

impl Storage for Faulty {
    fn sync(&self, paths: &[String]) -> io::Result<()> {
        let mut state = self.state();
        let last = state.write()?;
        let some = if last { paths.len() / 2 } else { paths.len() };
        for path in &paths[..some] {
            if let Some(file) = state.files.get_mut(path) {
                file.durable.clone_from(&file.current);
            }
        }
        if last { Err(io::Error::other("the power is gone")) } else { Ok(()) }
    }

    fn remove_folder(&self, folder: &str) -> io::Result<()> {
        let mut state = self.state();
        let last = state.write()?;
        let inside = format!("{folder}/");
        for (place, (path, file)) in state.files.iter_mut().enumerate() {
            if path.starts_with(&inside) && (!last || place % 2 == 0) {
                file.current = None;
            }
        }
        if last { Err(io::Error::other("the power is gone")) } else { Ok(()) }
    }

    fn remove_unpublished(&self) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self) -> io::Result<Box<dyn Lock>> {
        Ok(Box::new(NoLock))
    }

    fn read_at(&self, path: &str, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let bytes = self.read(path)?.unwrap_or_default();
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let end = start.saturating_add(length).min(bytes.len());
        Ok(bytes[start..end].to_vec())
    }

    fn write_at(&self, path: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        let last = state.write()?;
        let file = state.files.entry(path.to_owned()).or_default();
        file.in_place = true;
        let current = file.current.get_or_insert_default();
        let written = if last { bytes.len() / 2 } else { bytes.len() };
        let start = usize::try_from(offset).unwrap();
        if current.len() < start + written {
            current.resize(start + written, 0);
        }
        current[start..start + written].copy_from_slice(&bytes[..written]);
        if last { Err(io::Error::other("the power is gone")) } else { Ok(()) }
    }

    fn sync_data(&self, path: &str) -> io::Result<()> {
        let mut state = self.state();
        if state.write()? {
            return Err(io::Error::other("the power is gone"));
        }
        if let Some(file) = state.files.get_mut(path) {
            file.durable.clone_from(&file.current);
        }
        Ok(())
    }

    fn reserve(&self, path: &str, length: u64) -> io::Result<u64> {
        let mut state = self.state();
        if state.write()? {
            return Err(io::Error::other("the power is gone"));
        }
        let file = state.files.entry(path.to_owned()).or_default();
        file.in_place = true;
        let current = file.current.get_or_insert_default();
        let wanted = usize::try_from(length).unwrap();
        if current.len() < wanted {
            current.resize(wanted, 0);
            file.durable.clone_from(&file.current);
        }
        Ok(file.current.as_ref().map_or(0, Vec::len) as u64)
    }
}

/// Entries large enough to fill a generation of the journal, and some small ones.
fn entry(number: u64) -> Vec<u8> {
    let length = if number.is_multiple_of(3) { 9000 } else { 10 };
    let mut entry = format!("entry {number} ").into_bytes();
    entry.resize(length, b'.');
    entry
}

/// Appends in three runs until something fails; gives how many entries were acknowledged.
fn scenario(storage: &Arc<Faulty>, key: &Key) -> Vec<(u64, Vec<u8>)> {
    let mut acknowledged = Vec::new();
    let storage: Arc<dyn Storage> = storage.clone();
    let Ok(log) = Log::create(Arc::clone(&storage), key.signer(), clock()) else { return acknowledged };
    let mut number = 0;
    let mut run = |log: Log, count: u64, acknowledged: &mut Vec<(u64, Vec<u8>)>| {
        for _ in 0..count {
            let bytes = entry(number);
            number += 1;
            match log.append(bytes.clone()) {
                Ok(index) => acknowledged.push((index, bytes)),
                Err(_) => return,
            }
        }
        let _ = log.close();
    };
    run(log, 14, &mut acknowledged);
    for count in [3, 9] {
        match Log::open(Arc::clone(&storage), key.signer(), clock(), WriterOptions::default()) {
            Ok(log) => run(log, count, &mut acknowledged),
            Err(_) => return acknowledged,
        }
    }
    acknowledged
}

/// Whether everything acknowledged is there, and everything ever published is a beginning of what is there.
fn check(storage: &dyn Files, key: &Key, acknowledged: &[(u64, Vec<u8>)], published: &[Vec<u8>], case: &str) {
    let key = key.note_key();
    let verified = verify(storage, &[&key], &mut |_, _| ()).unwrap();
    assert_eq!(verified.problems, [], "{case}");
    let reader = LogReader::open(storage, &[&key]).unwrap();
    for (index, entry) in acknowledged {
        assert_eq!(&reader.entry(*index).unwrap(), entry, "{case}, entry {index}");
    }
    for checkpoint in published {
        let older = SignedCheckpoint::open(checkpoint, &[&key]).unwrap().checkpoint;
        verify_extends(storage, &verified.signed, &older).unwrap_or_else(|error| panic!("{case}: {error}"));
    }
}

#[test]
fn power_lost_at_any_write_loses_nothing_acknowledged() {
    let key = Key::new();
    let whole = Arc::new(Faulty::default());
    assert_eq!(scenario(&whole, &key).len(), 26);
    let writes = whole.state().writes;
    assert!(writes > 100, "{writes}");
    for until in 0..writes {
        let storage = Arc::new(Faulty::default());
        storage.state().power_until = Some(until);
        let acknowledged = scenario(&storage, &key);
        let published = storage.state().published.clone();
        for seed in [until, until + 1_000_000] {
            let case = format!("power lost at write {until}, seed {seed}");
            let found: Arc<Faulty> = Arc::new(storage.after_power_loss(seed));
            let opened = Log::open(found.clone(), key.signer(), clock(), WriterOptions::default());
            let log = match opened {
                Ok(log) => log,
                // Nothing was begun yet.
                Err(LogError::NoLog { .. }) if acknowledged.is_empty() && published.is_empty() => continue,
                Err(LogError::Checkpoint { .. }) if acknowledged.is_empty() && published.len() <= 1 => {
                    continue;
                }
                Err(LogError::NoLog { .. }) if acknowledged.is_empty() && published.len() <= 1 => continue,
                Err(error) => panic!("{case}: {error}"),
            };
            let index = log.append(b"after".to_vec()).unwrap();
            log.close().unwrap();
            let mut all = acknowledged.clone();
            all.push((index, b"after".to_vec()));
            check(&*found, &key, &all, &published, &case);
        }
    }
}

#[test]
fn a_disk_that_is_full_for_a_while_loses_nothing_acknowledged() {
    let key = Key::new();
    let whole = Arc::new(Faulty::default());
    scenario(&whole, &key);
    let writes = whole.state().writes;
    for from in (10..writes).step_by(3) {
        let storage = Arc::new(Faulty::default());
        storage.state().full = Some((from, from + 4));
        let made: Arc<dyn Storage> = storage.clone();
        let log = Log::create(made, key.signer(), clock()).unwrap();
        let mut acknowledged = Vec::new();
        for number in 0..26 {
            if let Ok(index) = log.append(entry(number)) {
                acknowledged.push((index, entry(number)));
            }
        }
        drop(log);
        // Somebody made room.
        storage.state().full = None;
        let opened: Arc<dyn Storage> = storage.clone();
        let log = Log::open(opened, key.signer(), clock(), WriterOptions::default()).unwrap();
        log.close().unwrap();
        assert!(acknowledged.len() >= 20, "{} at {from}", acknowledged.len());
        let published = storage.state().published.clone();
        check(&*storage, &key, &acknowledged, &published, &format!("full from write {from}"));
    }
}

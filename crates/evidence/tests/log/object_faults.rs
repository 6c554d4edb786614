//! An object store that fails as object stores do: answers that are lost after the put happened, puts that never arrive, lists
//! that are old, writers that come in between, and writers that die between any two puts.

use crate::support::{Key, clock, entry};
use bartizan_evidence::log::checkpoint::{CHECKPOINT_FILE, SignedCheckpoint};
use bartizan_evidence::log::storage::{Condition, Files, Listed, Objects, PutError, Version};
use bartizan_evidence::log::verify::{verify, verify_extends};
use bartizan_evidence::log::{Log, LogError, LogReader, WriterOptions};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

/// What happens to a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    /// It does not arrive.
    Lost,
    /// It is carried out, and the answer does not arrive.
    Unanswered,
    /// It is carried out, the answer is lost, and the client's own retry meets the changed object.
    Retried,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, (Vec<u8>, u64)>,
    versions: u64,
    /// Puts and removals so far.
    writes: u64,
    /// Which of them fail, and how.
    faults: BTreeMap<u64, Fault>,
    /// From this one on the writer is dead.
    dies_at: Option<u64>,
    /// Names as they were when the list last became current; none when lists are always current.
    old_names: Option<BTreeSet<String>>,
    /// Whether conditions are kept to.
    careless: bool,
    published: Vec<Vec<u8>>,
}

/// The store; every writer has one of its own over the same objects.
#[derive(Default)]
struct Bucket {
    state: Mutex<State>,
}

impl Bucket {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The same objects for the writers that come after.
    fn afterwards(&self) -> Arc<Self> {
        let state = self.state();
        let (objects, versions) = (state.objects.clone(), state.versions);
        Arc::new(Self { state: Mutex::new(State { objects, versions, ..State::default() }) })
    }
}

impl State {
    fn fault(&mut self) -> io::Result<Option<Fault>> {
        let number = self.writes;
        self.writes += 1;
        if self.dies_at.is_some_and(|at| number >= at) {
            return Err(io::Error::other("the writer is dead"));
        }
        match self.faults.get(&number) {
            Some(Fault::Lost) => Err(io::ErrorKind::TimedOut.into()),
            fault => Ok(fault.copied()),
        }
    }

    fn put(&mut self, path: &str, bytes: &[u8]) -> u64 {
        self.versions += 1;
        if path == CHECKPOINT_FILE {
            self.published.push(bytes.to_vec());
        }
        self.objects.insert(path.to_owned(), (bytes.to_vec(), self.versions));
        self.versions
    }
}

impl Files for Bucket {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.state().objects.get(path).map(|(bytes, _)| bytes.clone()))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<Listed>> {
        let inside = format!("{folder}/");
        let state = self.state();
        let now = state.objects.keys().cloned().collect();
        let names: &BTreeSet<String> = state.old_names.as_ref().unwrap_or(&now);
        let listed: BTreeSet<Listed> = names
            .iter()
            .filter_map(|path| path.strip_prefix(&inside))
            .map(|rest| match rest.split_once('/') {
                Some((name, _)) => Listed { name: name.to_owned(), folder: true },
                None => Listed { name: rest.to_owned(), folder: false },
            })
            .collect();
        Ok(listed.into_iter().collect())
    }

    fn publish(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        let fault = state.fault()?;
        state.put(path, bytes);
        // A put without a condition is simply made again.
        if fault == Some(Fault::Unanswered) { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
    }

    fn place(&self) -> String {
        "bucket".to_owned()
    }
}

impl Objects for Bucket {
    fn read_versioned(&self, path: &str) -> io::Result<Option<(Vec<u8>, Version)>> {
        let found = self.state().objects.get(path).cloned();
        Ok(found.map(|(bytes, version)| (bytes, of(version))))
    }

    fn put_if(&self, path: &str, bytes: &[u8], condition: Condition<'_>) -> Result<Version, PutError> {
        let mut state = self.state();
        let fault = state.fault()?;
        let present = state.objects.get(path).map(|(_, version)| of(*version));
        let holds = match condition {
            Condition::Absent => present.is_none(),
            Condition::Unchanged(version) => present.as_ref() == Some(version),
        };
        if !holds && !state.careless {
            return Err(PutError::Conflict);
        }
        let version = of(state.put(path, bytes));
        match fault {
            Some(Fault::Retried) => Err(PutError::Conflict),
            Some(_) => Err(PutError::Failed(io::ErrorKind::TimedOut.into())),
            None => Ok(version),
        }
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let mut state = self.state();
        let fault = state.fault()?;
        state.objects.remove(path);
        if fault == Some(Fault::Unanswered) { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
    }
}

fn of(version: u64) -> Version {
    Version { e_tag: Some(version.to_string()), version: None }
}

type Acknowledged = BTreeMap<u64, Vec<u8>>;

/// Appends in two runs, enough to fill a tile; whatever fails is tried again, as a caller would.
fn scenario(bucket: &Arc<Bucket>, key: &Key) -> Acknowledged {
    let mut acknowledged = Acknowledged::new();
    let objects: Arc<dyn Objects> = bucket.clone();
    for _ in 0..5 {
        match Log::create_in(Arc::clone(&objects), key.signer(), clock()) {
            Ok(log) => drop(log.close()),
            Err(LogError::Exists { .. }) => break,
            Err(_) => {}
        }
    }
    for (start, sizes) in [(0, [1, 254, 1]), (256, [3, 5, 250])] {
        let opened = Log::open_in(Arc::clone(&objects), key.signer(), clock(), WriterOptions::default());
        let Ok(log) = opened else { continue };
        let mut number = start;
        for size in sizes {
            let batch: Vec<Vec<u8>> = (number..number + size).map(entry).collect();
            number += size;
            let pending: Vec<_> = batch.iter().map(|entry| log.submit(entry.clone())).collect();
            for (pending, entry) in pending.into_iter().zip(batch) {
                if let Ok(index) = pending.and_then(bartizan_evidence::log::Pending::wait) {
                    assert_eq!(acknowledged.insert(index, entry), None, "entry {index} twice");
                }
            }
            let _ = log.checkpoint();
        }
        let _ = log.close();
    }
    acknowledged
}

/// Everything acknowledged is where it was said to be; everything ever published is a beginning of what is there.
fn check(bucket: &Bucket, key: &Key, acknowledged: &Acknowledged, published: &[Vec<u8>], case: &str) {
    let key = key.note_key();
    let mut found = BTreeMap::new();
    let verified = verify(bucket, &[&key], &mut |index, bytes| {
        found.insert(index, bytes.to_vec());
    })
    .unwrap();
    assert_eq!(verified.problems, [], "{case}");
    for (index, entry) in acknowledged {
        assert_eq!(found.get(index), Some(entry), "{case}, entry {index}");
    }
    for checkpoint in published {
        let older = SignedCheckpoint::open(checkpoint, &[&key]).unwrap().checkpoint;
        verify_extends(bucket, &verified.signed, &older).unwrap_or_else(|error| panic!("{case}: {error}"));
    }
}

#[test]
fn a_writer_that_dies_between_any_two_puts_leaves_a_valid_extension() {
    let key = Key::new();
    let whole = Arc::new(Bucket::default());
    assert_eq!(scenario(&whole, &key).len(), 514);
    let writes = whole.state().writes;
    assert!(writes > 40, "{writes}");
    for at in 0..writes {
        let case = format!("dead at put {at}");
        let bucket = Arc::new(Bucket::default());
        bucket.state().dies_at = Some(at);
        let mut acknowledged = scenario(&bucket, &key);
        let published = bucket.state().published.clone();
        let after = bucket.afterwards();
        let objects: Arc<dyn Objects> = after.clone();
        let opened = match Log::open_in(Arc::clone(&objects), key.signer(), clock(), WriterOptions::default())
        {
            Err(LogError::NoLog { .. }) if published.is_empty() => {
                Log::create_in(objects, key.signer(), clock())
            }
            other => other,
        };
        let log = opened.unwrap_or_else(|error| panic!("{case}: {error}"));
        acknowledged.insert(log.append(b"after".to_vec()).unwrap(), b"after".to_vec());
        log.close().unwrap();
        check(&after, &key, &acknowledged, &published, &case);
    }
}

#[test]
fn a_request_lost_unanswered_or_retried_at_any_put_loses_and_doubles_nothing() {
    let key = Key::new();
    let whole = Arc::new(Bucket::default());
    scenario(&whole, &key);
    let writes = whole.state().writes;
    for fault in [Fault::Lost, Fault::Unanswered, Fault::Retried] {
        for at in 0..writes {
            for more in [0, 2] {
                let case = format!("{fault:?} from put {at}, {more} more");
                let bucket = Arc::new(Bucket::default());
                bucket.state().faults = (at..=at + more).map(|at| (at, fault)).collect();
                let acknowledged = scenario(&bucket, &key);
                let published = bucket.state().published.clone();
                let after = bucket.afterwards();
                let opened = Log::open_in(after.clone(), key.signer(), clock(), WriterOptions::default());
                let log = opened.unwrap_or_else(|error| panic!("{case}: {error}"));
                log.close().unwrap();
                check(&after, &key, &acknowledged, &published, &case);
                // None of these faults lasts: what was not taken was told so, and nothing was taken twice.
                let reader_key = key.note_key();
                let size = LogReader::open(&*after, &[&reader_key]).unwrap().size();
                assert!(size >= acknowledged.len() as u64, "{case}");
                if fault == Fault::Retried {
                    assert_eq!((acknowledged.len(), size), (514, 514), "{case}");
                }
            }
        }
    }
}

#[test]
fn old_lists_harm_nobody() {
    let key = Key::new();
    let bucket = Arc::new(Bucket::default());
    let objects: Arc<dyn Objects> = bucket.clone();
    Log::create_in(Arc::clone(&objects), key.signer(), clock()).unwrap().close().unwrap();
    // From here on nobody sees a name that was not there at the beginning.
    let names = bucket.state().objects.keys().cloned().collect();
    bucket.state().old_names = Some(names);
    assert!(matches!(
        Log::create_in(Arc::clone(&objects), key.signer(), clock()),
        Err(LogError::Exists { .. })
    ));
    let acknowledged = scenario(&bucket, &key);
    let published = bucket.state().published.clone();
    let after = bucket.afterwards();
    check(&after, &key, &acknowledged, &published, "old lists");
    assert_eq!(acknowledged.len(), 514);
}

#[test]
fn many_writers_at_once_lose_and_double_nothing() {
    let key = Key::new();
    let bucket = Arc::new(Bucket::default());
    Log::create_in(bucket.clone(), key.signer(), clock()).unwrap().close().unwrap();
    let acknowledged = Mutex::new(Acknowledged::new());
    std::thread::scope(|scope| {
        for writer in 0..4_u64 {
            let (bucket, key, acknowledged) = (bucket.clone(), &key, &acknowledged);
            scope.spawn(move || {
                let log = Log::open_in(bucket, key.signer(), clock(), WriterOptions::default()).unwrap();
                for number in 0..150 {
                    // Two writers may well append the same.
                    let bytes =
                        if number % 10 == 0 { b"same".to_vec() } else { entry(writer * 1000 + number) };
                    let index = log.append(bytes.clone()).unwrap();
                    let before = acknowledged.lock().unwrap().insert(index, bytes);
                    assert_eq!(before, None, "entry {index} twice");
                }
                log.close().unwrap();
            });
        }
    });
    let acknowledged = acknowledged.into_inner().unwrap();
    assert_eq!(acknowledged.len(), 600);
    let published = bucket.state().published.clone();
    let sizes: Vec<u64> = published
        .iter()
        .map(|each| SignedCheckpoint::open(each, &[&key.note_key()]).unwrap().checkpoint.size)
        .collect();
    assert!(sizes.is_sorted(), "a checkpoint went back: {sizes:?}");
    check(&bucket, &key, &acknowledged, &published, "four writers");
    assert_eq!(LogReader::open(&*bucket, &[&key.note_key()]).unwrap().size(), 600);
}

#[test]
fn a_store_that_ignores_conditions_is_refused() {
    let key = Key::new();
    let bucket = Arc::new(Bucket::default());
    bucket.state().careless = true;
    let error = Log::create_in(bucket, key.signer(), clock()).err().unwrap();
    assert!(matches!(error, LogError::Unconditional { .. }), "{error}");
    assert!(error.to_string().contains("bartizan log export"), "{error}");
    let sound = Arc::new(Bucket::default());
    Log::create_in(sound.clone(), key.signer(), clock()).unwrap().close().unwrap();
    sound.state().careless = true;
    let opened = Log::open_in(sound, key.signer(), clock(), WriterOptions::default());
    assert!(matches!(opened.err(), Some(LogError::Unconditional { .. })));
}

#[test]
fn a_log_restored_from_an_older_copy_and_a_damaged_journal_are_not_written_on() {
    let key = Key::new();
    let bucket = Arc::new(Bucket::default());
    scenario(&bucket, &key);
    let journal = ".state/objects.journal";
    let older = Arc::new(Bucket::default());
    Log::create_in(older.clone(), key.signer(), clock()).unwrap().close().unwrap();
    let (old, _) = older.state().objects.get(journal).unwrap().clone();
    let after = bucket.afterwards();
    after.state().put(journal, &old);
    let opened = Log::open_in(after, key.signer(), clock(), WriterOptions::default());
    assert!(matches!(opened.err(), Some(LogError::GoneBack { published: 514, stored: 0, .. })));
    let after = bucket.afterwards();
    let mut bytes = after.read(journal).unwrap().unwrap();
    bytes[20] ^= 1;
    after.state().put(journal, &bytes);
    let opened = Log::open_in(after, key.signer(), clock(), WriterOptions::default());
    assert!(matches!(opened.err(), Some(LogError::ObjectJournal { .. })));
    // Without a journal the published log itself is what is written on, unless a folder's journal lies there.
    let after = bucket.afterwards();
    after.state().objects.remove(journal);
    after.state().put(".state/journal.0", b"of a folder");
    let opened = Log::open_in(after.clone(), key.signer(), clock(), WriterOptions::default());
    assert!(matches!(opened.err(), Some(LogError::FolderJournal { .. })));
    after.state().objects.remove(".state/journal.0");
    let log = Log::open_in(after, key.signer(), clock(), WriterOptions::default()).unwrap();
    assert_eq!(log.append(b"on".to_vec()).unwrap(), 514);
}

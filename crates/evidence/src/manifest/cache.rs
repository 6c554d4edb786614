//! Digests remembered between runs: [`DigestCache`].
//!
//! A remembered digest is taken only when device, inode, size, modification time and change time of the file are what they were,
//! each to the nanosecond. The change time cannot be set by a program, so writing a file and putting its old modification time
//! back shows. A file that changed within [`SETTLED`] of being read is not remembered: another write could carry the same time
//! stamp. What no file system tells (a disk that gives other bytes for the same file) no cache can see; `--no-cache` reads all.

use super::HashAlgorithm;
use crate::digest::{hex, unhex};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Size from which a digest is worth remembering, in bytes; smaller files are read faster than they are looked up safely.
const WORTHWHILE: u64 = 1 << 20;
/// How long a file must have been left alone before its digest is remembered: more than the coarsest time stamp in use (FAT, 2 s).
const SETTLED: Duration = Duration::from_secs(3);
/// Most digests remembered.
const MOST: usize = 100_000;
/// Largest file of remembered digests read, in bytes.
const LONGEST: u64 = 64 << 20;
/// First line of the file.
const HEAD: &str = "bartizan digests 1";

/// Digests of files read before.
#[derive(Debug)]
pub struct DigestCache {
    file: PathBuf,
    /// The time, since 1970, at which this run began.
    began: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    digests: BTreeMap<Key, Known>,
    changed: bool,
}

/// Name of an algorithm and a path.
type Key = (&'static str, String);
/// What the file was, and its digest.
type Known = (Identity, Vec<u8>);

/// By what a file is known not to have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    modified_ns: i128,
    changed_ns: i128,
}

impl DigestCache {
    /// The digests in `file`; none when there is no such file, when it is of another version, or when it or its folder belongs
    /// to another user or may be written by one. `now` is the time since 1970.
    pub fn open(file: PathBuf, now: Duration) -> Self {
        let mut text = String::new();
        let read = File::open(&file).and_then(|opened| opened.take(LONGEST).read_to_string(&mut text));
        let mut lines = text.lines();
        let mut state = State::default();
        // Whoever else may write it could make any content pass for another.
        if read.is_ok() && is_ours_alone(&file) && lines.next() == Some(HEAD) {
            state.digests = lines.take(MOST).filter_map(parse).collect();
        }
        Self { file, began: now, state: Mutex::new(state) }
    }

    /// Writes what was learnt, beside its place first; nothing when nothing was.
    ///
    /// # Errors
    /// When the folder or the file cannot be written.
    pub fn save(&self) -> io::Result<()> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.changed {
            return Ok(());
        }
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder)?;
        }
        let part = self.file.with_extension(format!("{}.part", std::process::id()));
        let mut text = format!("{HEAD}\n");
        for ((algorithm, path), (identity, digest)) in &state.digests {
            let Identity { device, inode, size, modified_ns, changed_ns } = identity;
            let digest = hex(digest);
            text.push_str(&format!(
                "{algorithm} {device} {inode} {size} {modified_ns} {changed_ns} {digest} {path}\n"
            ));
        }
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(&part).and_then(|mut opened| opened.write_all(text.as_bytes()));
        written.and_then(|()| fs::rename(&part, &self.file)).inspect_err(|_| {
            let _ = fs::remove_file(&part);
        })
    }

    /// The identity of a file whose digest could be remembered.
    pub(super) fn identify(path: &Path) -> Option<Identity> {
        Identity::of(path).filter(|identity| identity.size >= WORTHWHILE)
    }

    /// The digest of the file, if it is known and the file has not changed since.
    pub(super) fn recall(&self, algorithm: HashAlgorithm, path: &Path, now: Identity) -> Option<Vec<u8>> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (then, digest) = state.digests.get(&(algorithm.name(), name(path)?))?;
        (*then == now && digest.len() == algorithm.output_bytes()).then(|| digest.clone())
    }

    /// Remembers a digest, unless the file changed while it was read or too shortly before.
    pub(super) fn remember(&self, algorithm: HashAlgorithm, path: &Path, before: Identity, digest: &[u8]) {
        let latest = before.modified_ns.max(before.changed_ns);
        let settled =
            i128::try_from(self.began.saturating_sub(SETTLED).as_nanos()).is_ok_and(|at| latest < at);
        let (Some(name), true) = (name(path), settled && Identity::of(path) == Some(before)) else { return };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (algorithm.name(), name);
        if state.digests.len() < MOST || state.digests.contains_key(&key) {
            state.digests.insert(key, (before, digest.to_vec()));
            state.changed = true;
        }
    }
}

impl Identity {
    /// Size in bytes.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// What the file is now.
    #[cfg(unix)]
    pub(super) fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        const NANOSECONDS: i128 = 1_000_000_000;
        let metadata = fs::metadata(path).ok()?;
        Some(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified_ns: i128::from(metadata.mtime()) * NANOSECONDS + i128::from(metadata.mtime_nsec()),
            changed_ns: i128::from(metadata.ctime()) * NANOSECONDS + i128::from(metadata.ctime_nsec()),
        })
    }

    /// Without change times nothing is remembered.
    #[cfg(not(unix))]
    pub(super) fn of(_: &Path) -> Option<Self> {
        None
    }
}

/// A path as one word at the end of a line; none when it cannot be.
fn name(path: &Path) -> Option<String> {
    path.to_str().filter(|path| !path.contains(['\n', '\r'])).map(str::to_owned)
}

/// Whether a file and its folder belong to this user and nobody else may write them.
#[cfg(unix)]
fn is_ours_alone(file: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    #[cfg(target_os = "linux")]
    let user = Some(nix::unistd::Uid::effective().as_raw());
    #[cfg(not(target_os = "linux"))]
    let user: Option<u32> = None;
    let alone = |path: &Path| {
        fs::metadata(path)
            .is_ok_and(|found| found.mode() & 0o022 == 0 && user.is_none_or(|user| user == found.uid()))
    };
    alone(file) && file.parent().is_none_or(alone)
}

#[cfg(not(unix))]
fn is_ours_alone(_file: &Path) -> bool {
    true
}

fn parse(line: &str) -> Option<(Key, Known)> {
    let mut words = line.splitn(8, ' ');
    let algorithm = HashAlgorithm::of_name(words.next()?)?.name();
    let identity = Identity {
        device: words.next()?.parse().ok()?,
        inode: words.next()?.parse().ok()?,
        size: words.next()?.parse().ok()?,
        modified_ns: words.next()?.parse().ok()?,
        changed_ns: words.next()?.parse().ok()?,
    };
    let digest = unhex(words.next()?)?;
    Some(((algorithm, words.next()?.to_owned()), (identity, digest)))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::manifest::{Digesting, Silent, Work, digest_all};
    use std::num::NonZeroUsize;
    use std::time::SystemTime;

    struct Place {
        folder: tempfile::TempDir,
        /// Longer ago than any file here, so that all are settled.
        later: Duration,
    }

    impl Place {
        fn new() -> Self {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
            let place = Self { folder: tempfile::tempdir().unwrap(), later: now + Duration::from_hours(1) };
            fs::write(place.model(), vec![1; 2 << 20]).unwrap();
            place
        }

        fn model(&self) -> PathBuf {
            self.folder.path().join("model")
        }

        fn cache(&self) -> PathBuf {
            self.folder.path().join("cache/digests")
        }

        fn open(&self) -> DigestCache {
            DigestCache::open(self.cache(), self.later)
        }

        fn digest(&self, cache: Option<&DigestCache>) -> Vec<u8> {
            let path = self.model();
            let digesting = Digesting {
                algorithm: HashAlgorithm::Sha256,
                jobs: NonZeroUsize::MIN,
                progress: &Silent,
                cache,
                gathered: None,
                live: None,
            };
            let work = [Work { path: &path, size: 2 << 20, range: None }];
            digest_all(&work, digesting).remove(0).unwrap().0
        }
    }

    #[test]
    fn a_digest_is_remembered_and_reading_anew_proves_it() {
        let place = Place::new();
        let cache = place.open();
        let digest = place.digest(Some(&cache));
        cache.save().unwrap();
        // A cache that lies is believed, which shows that it is asked; without it the file is read.
        let text = fs::read_to_string(place.cache()).unwrap().replace(&hex(&digest), &hex(&[9; 32]));
        fs::write(place.cache(), text).unwrap();
        assert_eq!(place.digest(Some(&place.open())), [9; 32]);
        assert_eq!(place.digest(None), digest);
    }

    #[test]
    fn another_size_content_or_file_is_read_anew_even_with_the_old_time() {
        let place = Place::new();
        let cache = place.open();
        let old = place.digest(Some(&cache));
        let modified = fs::metadata(place.model()).unwrap().modified().unwrap();
        fs::write(place.model(), vec![2; 2 << 20]).unwrap();
        File::options().write(true).open(place.model()).unwrap().set_modified(modified).unwrap();
        let new = HashAlgorithm::Sha256.digest(&vec![2; 2 << 20]);
        assert_ne!(old, new);
        assert_eq!(place.digest(Some(&cache)), new);
        let identity = Identity::of(&place.model()).unwrap();
        let recall = |identity| cache.recall(HashAlgorithm::Sha256, &place.model(), identity);
        assert_eq!(recall(identity), Some(new));
        for other in [
            Identity { inode: identity.inode + 1, ..identity },
            Identity { device: identity.device + 1, ..identity },
            Identity { size: identity.size + 1, ..identity },
            Identity { modified_ns: identity.modified_ns + 1, ..identity },
            Identity { changed_ns: identity.changed_ns + 1, ..identity },
        ] {
            assert_eq!(recall(other), None);
        }
        assert_eq!(cache.recall(HashAlgorithm::Blake3, &place.model(), identity), None);
    }

    #[test]
    fn a_file_that_was_just_written_is_not_remembered() {
        let place = Place::new();
        let cache =
            DigestCache::open(place.cache(), place.later.checked_sub(Duration::from_hours(1)).unwrap());
        place.digest(Some(&cache));
        cache.save().unwrap();
        assert!(!place.cache().exists());
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_a_digest_or_nothing(line: String) {
            let _ = parse(&line);
        }
    }
}

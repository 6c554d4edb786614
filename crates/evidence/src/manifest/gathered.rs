//! Digests taken from bytes that something else, such as a scan, is reading: [`Gathered`].
//!
//! What a file was (device, inode, size, times) is noted before anything reads it, and compared when its digest is asked for, after
//! all reading is done. A file that was written to in between has no digest: what was scanned may not be what was digested. The
//! kernel's time stamps are as coarse as its clock (some milliseconds); two writes within one of them are not told apart.

use super::cache::Identity;
use super::{DigestError, Digested, HashAlgorithm, Work};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Digests of files by one algorithm, whole or in shards.
#[derive(Debug)]
pub struct Gathered {
    algorithm: HashAlgorithm,
    shard_bytes: Option<u64>,
    files: Mutex<BTreeMap<PathBuf, Seen>>,
}

#[derive(Debug)]
struct Seen {
    before: Option<Identity>,
    size: u64,
    /// One for each shard, or one for the whole file; none while nobody has read it.
    digests: Vec<Vec<u8>>,
}

impl Gathered {
    /// Notes what each of `paths` is, before it is read.
    pub fn new<'p>(
        algorithm: HashAlgorithm,
        shard_bytes: Option<u64>,
        paths: impl Iterator<Item = &'p Path>,
    ) -> Self {
        let files = paths
            .map(|path| (name(path), Seen { before: Identity::of(path), size: 0, digests: Vec::new() }))
            .collect();
        Self { algorithm, shard_bytes: shard_bytes.filter(|size| *size > 0), files: Mutex::new(files) }
    }

    /// Whether the digest wanted is the SHA-256 of whole files, which a scan gives anyway: see [`Self::keep_sha256`].
    pub fn wants_sha256(&self) -> bool {
        self.algorithm == HashAlgorithm::Sha256 && self.shard_bytes.is_none()
    }

    /// Digests `bytes`, the content of the file at `path` as it is being read.
    pub fn digest(&self, path: &Path, bytes: &[u8]) {
        let shard = self.shard_bytes.and_then(|size| usize::try_from(size).ok());
        let digests = match shard {
            Some(size) => bytes.chunks(size).map(|part| self.algorithm.digest(part)).collect(),
            None => vec![self.algorithm.digest(bytes)],
        };
        self.keep(path, bytes.len() as u64, digests);
    }

    /// Takes over the SHA-256 of a whole file; nothing when another digest is wanted.
    pub fn keep_sha256(&self, path: &Path, size: u64, digest: Vec<u8>) {
        if self.wants_sha256() {
            self.keep(path, size, vec![digest]);
        }
    }

    fn keep(&self, path: &Path, size: u64, digests: Vec<Vec<u8>>) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        // A file that was not noted before it was read is not believed.
        if let Some(seen) = files.get_mut(&name(path)) {
            seen.size = size;
            seen.digests = digests;
        }
    }

    /// The digest of a piece of work, if its file was read and is still what it was before.
    pub(super) fn take(&self, algorithm: HashAlgorithm, work: &Work<'_>) -> Digested {
        let unread = || DigestError::NotScanned(work.path.to_owned());
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = files.get(&name(work.path)).filter(|_| algorithm == self.algorithm).ok_or_else(unread)?;
        let before = seen.before.ok_or_else(unread)?;
        if seen.digests.is_empty() && (self.shard_bytes.is_none() || before.size() > 0) {
            return Err(unread());
        }
        if Identity::of(work.path) != Some(before) || before.size() != seen.size {
            return Err(DigestError::Changed(work.path.to_owned()));
        }
        let (place, size) = match (&work.range, self.shard_bytes) {
            (None, None) => (0, seen.size),
            (Some(range), Some(shard)) => {
                let end = range.start.saturating_add(shard).min(seen.size);
                let aligned = range.start.checked_rem(shard) == Some(0) && range.end == end;
                let place = range.start.checked_div(shard).filter(|_| aligned).ok_or_else(unread)?;
                (place, end.saturating_sub(range.start))
            }
            _ => return Err(unread()),
        };
        let digest = usize::try_from(place).ok().and_then(|place| seen.digests.get(place));
        Ok((digest.ok_or_else(unread)?.clone(), size))
    }
}

/// One name for a file, whichever links lead to it.
fn name(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::manifest::{Digesting, Silent, digest_all};
    use std::num::NonZeroUsize;

    const CONTENT: &[u8] = b"ten bytes!";

    fn file() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        fs::write(&path, CONTENT).unwrap();
        (folder, path)
    }

    fn ask(
        gathered: &Gathered,
        algorithm: HashAlgorithm,
        path: &Path,
        range: Option<super::super::Range>,
    ) -> Digested {
        let digesting = Digesting {
            algorithm,
            jobs: NonZeroUsize::MIN,
            progress: &Silent,
            cache: None,
            gathered: Some(gathered),
            live: None,
        };
        digest_all(&[Work { path, size: 10, range }], digesting).remove(0)
    }

    #[test]
    fn a_digest_gathered_is_that_of_the_bytes_read_whole_and_in_shards() {
        let (_folder, path) = file();
        for algorithm in HashAlgorithm::ALL {
            let whole = Gathered::new(algorithm, None, [path.as_path()].into_iter());
            whole.digest(&path, CONTENT);
            assert_eq!(ask(&whole, algorithm, &path, None).unwrap(), (algorithm.digest(CONTENT), 10));
            let shards = Gathered::new(algorithm, Some(4), [path.as_path()].into_iter());
            shards.digest(&path, CONTENT);
            assert_eq!(
                ask(&shards, algorithm, &path, Some(4..8)).unwrap(),
                (algorithm.digest(&CONTENT[4..8]), 4)
            );
            assert_eq!(ask(&shards, algorithm, &path, Some(8..10)).unwrap(), (algorithm.digest(b"s!"), 2));
            for other in [Some(0..3), Some(1..5), Some(8..12), Some(12..16), None] {
                let refused = ask(&shards, algorithm, &path, other);
                assert!(matches!(refused, Err(DigestError::NotScanned(_))), "{refused:?}");
            }
        }
    }

    #[test]
    fn a_file_written_to_while_it_was_read_has_no_digest() {
        let (_folder, path) = file();
        let gathered = Gathered::new(HashAlgorithm::Sha256, None, [path.as_path()].into_iter());
        gathered.digest(&path, CONTENT);
        assert!(ask(&gathered, HashAlgorithm::Sha256, &path, None).is_ok());
        // Another file in its place has another inode, whatever the clock says.
        let other = path.with_extension("new");
        fs::write(&other, CONTENT).unwrap();
        fs::rename(&other, &path).unwrap();
        assert!(matches!(ask(&gathered, HashAlgorithm::Sha256, &path, None), Err(DigestError::Changed(_))));
    }

    #[test]
    fn a_file_that_grew_before_it_was_read_has_no_digest() {
        let (_folder, path) = file();
        let gathered = Gathered::new(HashAlgorithm::Sha256, None, [path.as_path()].into_iter());
        gathered.digest(&path, b"ten bytes! and more");
        assert!(matches!(ask(&gathered, HashAlgorithm::Sha256, &path, None), Err(DigestError::Changed(_))));
    }

    #[test]
    fn what_nobody_read_is_not_read_behind_the_scans_back() {
        let (_folder, path) = file();
        let noted = Gathered::new(HashAlgorithm::Sha256, None, [path.as_path()].into_iter());
        let unknown = Gathered::new(HashAlgorithm::Sha256, None, std::iter::empty());
        unknown.digest(&path, CONTENT);
        for gathered in [noted, unknown] {
            let refused = ask(&gathered, HashAlgorithm::Sha256, &path, None);
            assert!(matches!(refused, Err(DigestError::NotScanned(_))), "{refused:?}");
        }
    }
}

//! Digesting many files, and parts of files, with every processor: [`digest_all`].

use super::{DigestCache, Gathered, HashAlgorithm, Range};
use bartizan_core::{Source, SourceError};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One digest to compute.
#[derive(Debug, Clone)]
pub struct Work<'a> {
    /// The file.
    pub path: &'a Path,
    /// Its size in bytes as listed; decides the order only.
    pub size: u64,
    /// The part of it, or all.
    pub range: Option<Range>,
}

/// How to digest.
#[derive(Clone, Copy)]
pub struct Digesting<'a> {
    /// The algorithm.
    pub algorithm: HashAlgorithm,
    /// Files read at a time.
    pub jobs: NonZeroUsize,
    /// Told as work proceeds.
    pub progress: &'a dyn Progress,
    /// Digests remembered from earlier runs.
    pub cache: Option<&'a DigestCache>,
    /// Digests taken while something else read the files; then nothing is read here, and a file without one has none.
    pub gathered: Option<&'a Gathered>,
}

/// Told as digests are computed, from any thread.
pub trait Progress: Sync {
    /// So many bytes more were read.
    fn read(&self, bytes: u64);
    /// That file is done.
    fn done(&self, path: &Path);
}

/// Nobody listens.
pub struct Silent;

impl Progress for Silent {
    fn read(&self, _: u64) {}
    fn done(&self, _: &Path) {}
}

/// Why a file has no digest.
#[derive(Debug, thiserror::Error)]
pub enum DigestError {
    /// It cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// It is shorter than the part asked for.
    #[error("{path} holds {size} bytes and not the part from {} to {}", range.start, range.end)]
    Short {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
        /// The part.
        range: Range,
    },
    /// It was written to while it was read.
    #[error("{0} changed while it was read; let whatever writes to it finish, and run the command again")]
    Changed(PathBuf),
    /// The scan that was to digest it has not read it.
    #[error(
        "{0} was not read by the scan, so no verdict can cover it; leave it out with --ignore-path, or leave out --scan"
    )]
    NotScanned(PathBuf),
    /// Another file failed first.
    #[error("{0} was not read")]
    Stopped(PathBuf),
}

/// A digest and the size in bytes of what was digested.
pub type Digested = Result<(Vec<u8>, u64), DigestError>;

/// The digest of each piece of work and the size in bytes of what was digested, in the order given. Each may fail by itself.
pub fn digest_all(work: &[Work<'_>], digesting: Digesting<'_>) -> Vec<Digested> {
    let mut order: Vec<usize> = (0..work.len()).collect();
    // Largest first, so that no thread is left alone with a large file at the end.
    order.sort_by_key(|index| std::cmp::Reverse(work.get(*index).map_or(0, length)));
    let slots: Vec<OnceLock<Digested>> = work.iter().map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    let threads = digesting.jobs.get().min(work.len());
    // A thread to spare touches pages ahead of a serial algorithm.
    let spare = threads < digesting.jobs.get();
    let digest_rest = || {
        while let Some(index) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let (Some(work), Some(slot)) = (work.get(*index), slots.get(*index)) {
                let _ = slot.set(digest_one(work, digesting, spare));
            }
        }
    };
    if threads > 1 {
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(digest_rest);
            }
            digest_rest();
        });
    } else {
        digest_rest();
    }
    work.iter()
        .zip(slots)
        .map(|(work, slot)| {
            slot.into_inner().unwrap_or_else(|| Err(DigestError::Stopped(work.path.to_owned())))
        })
        .collect()
}

fn digest_one(work: &Work<'_>, digesting: Digesting<'_>, spare: bool) -> Digested {
    if let Some(gathered) = digesting.gathered {
        let digested = gathered.take(digesting.algorithm, work);
        digesting.progress.done(work.path);
        return digested;
    }
    let known = digesting.cache.filter(|_| work.range.is_none() && work.size > 0);
    let known = known.and_then(|cache| Some((cache, DigestCache::identify(work.path)?)));
    if let Some((cache, identity)) = known
        && let Some(digest) = cache.recall(digesting.algorithm, work.path, identity)
    {
        digesting.progress.read(work.size);
        digesting.progress.done(work.path);
        return Ok((digest, work.size));
    }
    let source = Source::open_listed(work.path, work.size, u64::MAX)?;
    let whole = source.bytes();
    let bytes = match &work.range {
        None => whole,
        Some(range) => {
            let part = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
            part.and_then(|(start, end)| whole.get(start..end)).ok_or_else(|| DigestError::Short {
                path: work.path.to_owned(),
                size: whole.len() as u64,
                range: range.clone(),
            })?
        }
    };
    let digest = if spare {
        digesting.algorithm.digest_touching_ahead(bytes)
    } else {
        digesting.algorithm.digest(bytes)
    };
    if let Some((cache, identity)) = known {
        cache.remember(digesting.algorithm, work.path, identity, &digest);
    }
    digesting.progress.read(bytes.len() as u64);
    digesting.progress.done(work.path);
    Ok((digest, bytes.len() as u64))
}

fn length(work: &Work<'_>) -> u64 {
    work.range.as_ref().map_or(work.size, |range| range.end.saturating_sub(range.start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn digesting(jobs: usize) -> Digesting<'static> {
        Digesting {
            algorithm: HashAlgorithm::Sha256,
            jobs: NonZeroUsize::new(jobs).unwrap(),
            progress: &Silent,
            cache: None,
            gathered: None,
        }
    }

    #[test]
    fn digests_come_in_the_order_asked_whatever_the_threads() {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = (0..40)
            .map(|index| {
                let path = folder.path().join(index.to_string());
                fs::write(&path, vec![index as u8; index * 3_000]).unwrap();
                path
            })
            .collect();
        let work: Vec<Work<'_>> = paths
            .iter()
            .map(|path| Work { path, size: fs::metadata(path).unwrap().len(), range: None })
            .collect();
        let expected: Vec<Vec<u8>> =
            paths.iter().map(|path| HashAlgorithm::Sha256.digest(&fs::read(path).unwrap())).collect();
        for jobs in [1, 2, 7, 100] {
            let found: Vec<Vec<u8>> =
                digest_all(&work, digesting(jobs)).into_iter().map(|digest| digest.unwrap().0).collect();
            assert_eq!(found, expected, "{jobs}");
        }
    }

    #[test]
    fn a_part_beyond_the_end_and_a_file_that_is_gone_fail_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        fs::write(&path, "0123456789").unwrap();
        let gone = folder.path().join("gone");
        let work = [
            Work { path: &path, size: 10, range: Some(2..5) },
            Work { path: &path, size: 10, range: Some(5..11) },
            Work { path: &gone, size: 10, range: None },
        ];
        let found = digest_all(&work, digesting(2));
        assert_eq!(found[0].as_ref().unwrap(), &(HashAlgorithm::Sha256.digest(b"234"), 3));
        assert!(matches!(found[1], Err(DigestError::Short { size: 10, .. })));
        assert!(matches!(found[2], Err(DigestError::Source(_))));
    }
}

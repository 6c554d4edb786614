//! Digesting many files, and parts of files, with every processor: [`digest_all`].

use super::{DigestCache, Gathered, HashAlgorithm, Range};
use bartizan_core::{Source, SourceError};
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Bytes read at a time from a file that others may write to: large enough that the system call costs nothing beside the digest.
const BLOCK: usize = 1 << 18;
/// Bytes read at a time at least, however small the file is listed.
const SMALLEST_BLOCK: usize = 4 << 10;

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
    /// Given where others may write to the files meanwhile, as what a training left running does: they are read in blocks then and
    /// never mapped (a map that is cut short ends the process), and reading ends early once it is set.
    pub live: Option<&'a AtomicBool>,
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
    /// Another file failed first, or whoever asked wants no answer any more.
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
    let (digest, size) = match digesting.live {
        Some(stop) => in_blocks(work, digesting.algorithm, stop)?,
        None => mapped(work, digesting.algorithm, spare)?,
    };
    if let Some((cache, identity)) = known {
        cache.remember(digesting.algorithm, work.path, identity, &digest);
    }
    digesting.progress.read(size);
    digesting.progress.done(work.path);
    Ok((digest, size))
}

fn mapped(work: &Work<'_>, algorithm: HashAlgorithm, spare: bool) -> Digested {
    let source = Source::open_listed(work.path, work.size, u64::MAX)?;
    let whole = source.bytes();
    let bytes = match &work.range {
        None => whole,
        Some(range) => {
            let part = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
            part.and_then(|(start, end)| whole.get(start..end))
                .ok_or_else(|| short(work, range, whole.len() as u64))?
        }
    };
    let digest = if spare { algorithm.digest_touching_ahead(bytes) } else { algorithm.digest(bytes) };
    Ok((digest, bytes.len() as u64))
}

/// Reads to the end that the file has when it is reached, or to the end of the part asked for.
fn in_blocks(work: &Work<'_>, algorithm: HashAlgorithm, stop: &AtomicBool) -> Digested {
    let io = |error| DigestError::Source(SourceError::Io { path: work.path.to_owned(), error });
    // Metadata first: opening a pipe would wait for a writer that never comes.
    if !fs::metadata(work.path).map_err(io)?.is_file() {
        return Err(SourceError::NotAFile { path: work.path.to_owned() }.into());
    }
    let mut file = File::open(work.path).map_err(io)?;
    let (start, most) = match &work.range {
        None => (0, u64::MAX),
        Some(range) => (range.start, range.end.saturating_sub(range.start)),
    };
    if start > 0 {
        file.seek(io::SeekFrom::Start(start)).map_err(io)?;
    }
    let mut file = file.take(most);
    let mut hasher = algorithm.hasher();
    let mut block = vec![0; usize::try_from(work.size).unwrap_or(BLOCK).clamp(SMALLEST_BLOCK, BLOCK)];
    let mut size = 0_u64;
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(DigestError::Stopped(work.path.to_owned()));
        }
        let read = match file.read(&mut block) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(io(error)),
        };
        hasher.update(block.get(..read).unwrap_or_default());
        size = size.saturating_add(read as u64);
    }
    match &work.range {
        Some(range) if size < most => Err(short(work, range, start.saturating_add(size))),
        _ => Ok((hasher.finish(), size)),
    }
}

fn short(work: &Work<'_>, range: &Range, size: u64) -> DigestError {
    DigestError::Short { path: work.path.to_owned(), size, range: range.clone() }
}

fn length(work: &Work<'_>) -> u64 {
    work.range.as_ref().map_or(work.size, |range| range.end.saturating_sub(range.start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digesting(jobs: usize) -> Digesting<'static> {
        Digesting {
            algorithm: HashAlgorithm::Sha256,
            jobs: NonZeroUsize::new(jobs).unwrap(),
            progress: &Silent,
            cache: None,
            gathered: None,
            live: None,
        }
    }

    #[test]
    fn a_file_read_in_blocks_has_the_digest_of_a_mapped_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        for size in [0, 1, BLOCK - 1, BLOCK, 3 * BLOCK + 17] {
            let content: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            fs::write(&path, &content).unwrap();
            for range in [None, Some(0..size as u64 / 2), Some(size as u64 / 2..size as u64)] {
                // A size that is listed wrongly decides nothing.
                for listed in [size as u64, 0, 7] {
                    let work = [Work { path: &path, size: listed, range: range.clone() }];
                    for algorithm in HashAlgorithm::ALL {
                        let mapped = Digesting { algorithm, ..digesting(1) };
                        let live = Digesting { live: Some(&AtomicBool::new(false)), ..mapped };
                        let [one, two] =
                            [mapped, live].map(|each| digest_all(&work, each).remove(0).unwrap());
                        assert_eq!(one, two, "{size} {range:?} {algorithm}");
                    }
                }
            }
        }
        let beyond = [Work { path: &path, size: 1, range: Some(0..10 * BLOCK as u64) }];
        let live = Digesting { live: Some(&AtomicBool::new(false)), ..digesting(1) };
        assert!(matches!(digest_all(&beyond, live).remove(0), Err(DigestError::Short { .. })));
    }

    #[test]
    fn who_wants_no_answer_any_more_gets_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        fs::write(&path, "content").unwrap();
        let work = [Work { path: &path, size: 7, range: None }];
        let stopped = Digesting { live: Some(&AtomicBool::new(true)), ..digesting(1) };
        assert!(matches!(digest_all(&work, stopped).remove(0), Err(DigestError::Stopped(_))));
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

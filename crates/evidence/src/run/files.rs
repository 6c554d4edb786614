//! Files named by digest: [`survey`] walks what was declared, has it digested, and says what it could not read.

use crate::digest::{Digest, hex};
use crate::manifest::{DigestCache, DigestError, Digesting, HashAlgorithm, Silent, Work, digest_all};
use bartizan_core::SourceError;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// Most files recorded in one run; a statement over more would not fit an envelope.
pub const MOST_FILES: usize = 500_000;
/// How deep folders are followed.
const DEEPEST: usize = 128;

/// A file and what it held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDigest {
    /// SHA-256 of the content.
    pub digest: Digest,
    /// Bytes read.
    pub size: u64,
    /// What tells without reading that it was not changed since.
    pub stamp: Stamp,
    /// Where it points when it is a symbolic link.
    pub link: Option<PathBuf>,
}

/// How files are read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// Once set, no further file is read.
    pub stop: &'a AtomicBool,
    /// Digests remembered from earlier runs; files that have not changed since are not read again.
    pub cache: Option<&'a DigestCache>,
}

impl<'a> Reading<'a> {
    /// Every file is read, whatever is remembered.
    pub fn all(stop: &'a AtomicBool) -> Self {
        Self { stop, cache: None }
    }
}

/// What the file system says of a file: equal stamps mean that nobody wrote to it through the file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    size: u64,
    modified: i128,
    changed: i128,
    inode: u64,
}

impl Stamp {
    /// The stamp of a file's metadata.
    #[cfg(unix)]
    pub fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        let nanoseconds = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
        Self {
            size: metadata.size(),
            modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
        }
    }

    /// The stamp of a file's metadata.
    #[cfg(not(unix))]
    pub fn of(metadata: &Metadata) -> Self {
        let since = |time: io::Result<std::time::SystemTime>| {
            let elapsed = time.ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
            elapsed.map_or(0, |elapsed| elapsed.as_nanos().try_into().unwrap_or(i128::MAX))
        };
        Self { size: metadata.len(), modified: since(metadata.modified()), changed: 0, inode: 0 }
    }
}

/// What a walk over declared files and folders gave.
#[derive(Debug, Default)]
pub struct Survey {
    /// The files by absolute path.
    pub files: BTreeMap<PathBuf, FileDigest>,
    /// For each folder that was named: its digest after Go's `dirhash` (`Hash1`), in hexadecimal digits.
    pub folders: BTreeMap<PathBuf, String>,
    /// What could not be read, each with a reason.
    pub gaps: Vec<String>,
}

/// Digests every file at and below `paths`; a folder's links are followed to files only.
///
/// Unreadable files become gaps. A path that is not there at all is an error, with the path.
///
/// # Errors
/// The path and what the system said.
pub fn survey(paths: &[PathBuf], reading: Reading<'_>) -> Result<Survey, (PathBuf, io::Error)> {
    let mut survey = Survey::default();
    let mut found = BTreeMap::new();
    for path in paths {
        let metadata = fs::metadata(path).map_err(|error| (path.clone(), error))?;
        if metadata.is_dir() {
            survey.folders.insert(path.clone(), String::new());
            walk(path, &mut found, &mut survey.gaps);
        } else {
            found.insert(path.clone(), fs::read_link(path).ok());
        }
    }
    let (paths, links): (Vec<PathBuf>, Vec<Option<PathBuf>>) = found.into_iter().unzip();
    let digested = digest_files(&paths, reading);
    for ((path, link), digest) in paths.into_iter().zip(links).zip(digested) {
        match digest {
            Ok(digest) => {
                survey.gaps.extend(digest.unsteady(&path));
                survey.files.insert(path, FileDigest { link, ..digest });
            }
            Err(error) => survey.gaps.push(format!("{}: {error}", path.display())),
        }
    }
    for (folder, digest) in &mut survey.folders {
        *digest = folder_digest(folder, &survey.files);
    }
    Ok(survey)
}

/// Digests regular files with every processor, in the order given; anything else (a pipe, a device) is refused, since reading it
/// may never end. A file that is written to meanwhile has the digest of what was read; see [`FileDigest::unsteady`].
///
/// # Errors
/// For each what the system said; [`io::ErrorKind::Interrupted`] once the reading is stopped.
pub fn digest_files<P: AsRef<Path>>(paths: &[P], reading: Reading<'_>) -> Vec<io::Result<FileDigest>> {
    let stamps: Vec<io::Result<Stamp>> =
        paths.iter().map(|path| fs::metadata(path).map(|metadata| Stamp::of(&metadata))).collect();
    let work: Vec<Work<'_>> = paths
        .iter()
        .zip(&stamps)
        .filter_map(|(path, stamp)| {
            stamp.as_ref().ok().map(|stamp| Work { path: path.as_ref(), size: stamp.size, range: None })
        })
        .collect();
    let digesting = Digesting {
        algorithm: HashAlgorithm::Sha256,
        jobs: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        progress: &Silent,
        cache: reading.cache,
        gathered: None,
        live: Some(reading.stop),
    };
    let mut digested = digest_all(&work, digesting).into_iter();
    stamps
        .into_iter()
        .map(|stamp| {
            let stamp = stamp?;
            let (digest, size) = digested.next().unwrap_or_else(never_read).map_err(told)?;
            let digest = Digest::new(crate::digest::SHA256, &hex(&digest)).map_err(io::Error::other)?;
            Ok(FileDigest { digest, size, stamp, link: None })
        })
        .collect()
}

fn never_read() -> crate::manifest::Digested {
    Err(DigestError::Stopped(PathBuf::new()))
}

/// The error without the path, which whoever asked tells.
fn told(error: DigestError) -> io::Error {
    match error {
        DigestError::Source(SourceError::Io { error, .. }) => error,
        DigestError::Source(SourceError::NotAFile { .. }) => {
            io::Error::new(io::ErrorKind::Unsupported, "not a regular file")
        }
        DigestError::Stopped(_) => io::Error::new(io::ErrorKind::Interrupted, "stopped"),
        other => io::Error::other(other),
    }
}

/// Digests one regular file; see [`digest_files`].
///
/// # Errors
/// As there.
pub fn digest_file(path: &Path, reading: Reading<'_>) -> io::Result<FileDigest> {
    digest_files(&[path], reading).pop().unwrap_or_else(|| Err(io::ErrorKind::NotFound.into()))
}

impl FileDigest {
    /// What to say of a file that was written to while it was read: its digest may be of no content it ever had.
    pub fn unsteady(&self, path: &Path) -> Option<String> {
        let now = fs::metadata(path).map(|metadata| Stamp::of(&metadata));
        // A file that is gone by now was read to its end all the same.
        (now.is_ok_and(|now| now != self.stamp))
            .then(|| format!("{}: it changed while it was digested", path.display()))
    }
}

/// The files below `folder`, each with where it points when it is a link.
fn walk(folder: &Path, found: &mut BTreeMap<PathBuf, Option<PathBuf>>, gaps: &mut Vec<String>) {
    let mut folders = vec![(folder.to_owned(), 0usize)];
    while let Some((folder, depth)) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                gaps.push(format!("{}: {error}", folder.display()));
                continue;
            }
        };
        for entry in entries {
            let (path, kind) = match entry.and_then(|entry| Ok((entry.path(), entry.file_type()?))) {
                Ok(entry) => entry,
                Err(error) => {
                    gaps.push(format!("{}: {error}", folder.display()));
                    continue;
                }
            };
            if found.len() >= MOST_FILES {
                gaps.push(format!("{}: only the first {MOST_FILES} files are recorded", folder.display()));
                return;
            }
            if kind.is_dir() {
                if depth >= DEEPEST {
                    gaps.push(format!("{}: folders are followed {DEEPEST} deep", path.display()));
                } else {
                    folders.push((path, depth.saturating_add(1)));
                }
            } else if kind.is_symlink() {
                match fs::metadata(&path) {
                    Ok(target) if target.is_file() => {
                        _ = found.insert(path.clone(), fs::read_link(&path).ok());
                    }
                    Ok(_) => gaps.push(format!(
                        "{}: a link to a folder is not followed; declare what it points to",
                        path.display()
                    )),
                    Err(error) => gaps.push(format!("{}: {error}", path.display())),
                }
            } else if kind.is_file() {
                found.insert(path, None);
            } else {
                gaps.push(format!("{}: not a regular file", path.display()));
            }
        }
    }
}

/// Go's `dirhash.Hash1`, in-toto's `dirHash`: SHA-256 over `HEX  NAME\n` for each file, in order of name.
fn folder_digest(folder: &Path, files: &BTreeMap<PathBuf, FileDigest>) -> String {
    let mut names: Vec<(String, &str)> = files
        .iter()
        .filter_map(|(path, file)| {
            Some((path.strip_prefix(folder).ok()?.to_string_lossy().into_owned(), file.digest.value()))
        })
        .collect();
    names.sort();
    let mut hasher = Sha256::new();
    for (name, value) in names {
        hasher.update(format!("{value}  {name}\n"));
    }
    hex(&hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    static GO: AtomicBool = AtomicBool::new(false);

    fn go() -> Reading<'static> {
        Reading::all(&GO)
    }

    #[test]
    fn files_below_a_folder_are_digested_and_the_folder_as_go_does() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        fs::write(folder.path().join("b/c"), "two").unwrap();
        fs::write(folder.path().join("a"), "one").unwrap();
        let survey = survey(&[folder.path().to_owned()], go()).unwrap();
        assert_eq!(survey.files[&folder.path().join("b/c")].digest, Digest::sha256(b"two"));
        let lines =
            format!("{}  a\n{}  b/c\n", Digest::sha256(b"one").value(), Digest::sha256(b"two").value());
        assert_eq!(survey.folders[folder.path()], Digest::sha256(lines.as_bytes()).value());
        assert!(survey.gaps.is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_read_to_files_and_told_for_folders() {
        use std::os::unix::fs::symlink;
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("file"), "outside").unwrap();
        let folder = tempfile::tempdir().unwrap();
        symlink(outside.path().join("file"), folder.path().join("file")).unwrap();
        symlink(outside.path(), folder.path().join("folder")).unwrap();
        symlink("nowhere", folder.path().join("dangling")).unwrap();
        let survey = survey(&[folder.path().to_owned()], go()).unwrap();
        let file = &survey.files[&folder.path().join("file")];
        assert_eq!(file.digest, Digest::sha256(b"outside"));
        assert_eq!(file.link.as_deref(), Some(&*outside.path().join("file")));
        assert_eq!((survey.files.len(), survey.gaps.len()), (1, 2), "{:?}", survey.gaps);
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_a_gap_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        nix_fifo(&folder.path().join("pipe"));
        let survey = survey(&[folder.path().to_owned()], go()).unwrap();
        assert!(survey.files.is_empty() && survey.gaps.len() == 1);
    }

    #[cfg(unix)]
    fn nix_fifo(path: &Path) {
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    }

    #[test]
    fn what_is_not_there_is_an_error_and_a_stop_ends_the_reading() {
        let folder = tempfile::tempdir().unwrap();
        assert!(survey(&[folder.path().join("missing")], go()).is_err());
        fs::write(folder.path().join("a"), "one").unwrap();
        let stopped = digest_file(&folder.path().join("a"), Reading::all(&AtomicBool::new(true)));
        assert_eq!(stopped.unwrap_err().kind(), io::ErrorKind::Interrupted);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_remembered_is_not_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("weights"), folder.path().join("missing"));
        fs::write(&path, vec![7; 2 << 20]).unwrap();
        // As if opened an hour after the file was written, so that it counts as settled.
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let later = now + std::time::Duration::from_hours(1);
        let cache = || DigestCache::open(folder.path().join("cache/digests"), later);
        let first = cache();
        let reading = Reading { stop: &GO, cache: Some(&first) };
        let digested = digest_files(&[&other, &path], reading);
        assert_eq!(digested[0].as_ref().unwrap_err().kind(), io::ErrorKind::NotFound);
        let right = Digest::sha256(&vec![7; 2 << 20]);
        assert_eq!(digested[1].as_ref().unwrap().digest, right);
        first.save().unwrap();
        // A cache that lies is believed, which shows that it is asked.
        let text = fs::read_to_string(folder.path().join("cache/digests")).unwrap();
        fs::write(folder.path().join("cache/digests"), text.replace(right.value(), &"ab".repeat(32)))
            .unwrap();
        let second = cache();
        let recalled = digest_file(&path, Reading { stop: &GO, cache: Some(&second) }).unwrap();
        assert_eq!(recalled.digest.value(), "ab".repeat(32));
        assert_eq!(digest_file(&path, go()).unwrap().digest, right);
        fs::write(&path, vec![8; 2 << 20]).unwrap();
        let anew = digest_file(&path, Reading { stop: &GO, cache: Some(&second) }).unwrap();
        assert_eq!(anew.digest, Digest::sha256(&vec![8; 2 << 20]));
    }
}

//! Files named by digest: [`survey`] walks what was declared and digests it in parallel, and says what it could not read.

use crate::digest::{Digest, hex};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes read at a time. Large enough that the system call costs nothing beside the digest.
const BLOCK: usize = 1 << 18;
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
pub fn survey(paths: &[PathBuf], stop: &AtomicBool) -> Result<Survey, (PathBuf, io::Error)> {
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
    let digested: Vec<_> = found
        .into_par_iter()
        .map(|(path, link)| {
            let digest = digest_file(&path, stop).map(|digest| FileDigest { link, ..digest });
            (path, digest)
        })
        .collect();
    for (path, digest) in digested {
        match digest {
            Ok(digest) => _ = survey.files.insert(path, digest),
            Err(error) => survey.gaps.push(format!("{}: {error}", path.display())),
        }
    }
    for (folder, digest) in &mut survey.folders {
        *digest = folder_digest(folder, &survey.files);
    }
    Ok(survey)
}

/// Digests one regular file; anything else (a pipe, a device) is refused, since reading it may never end.
///
/// # Errors
/// What the system said; [`io::ErrorKind::Interrupted`] once `stop` is set.
pub fn digest_file(path: &Path, stop: &AtomicBool) -> io::Result<FileDigest> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "not a regular file"));
    }
    let mut file = File::open(path)?;
    let stamp = Stamp::of(&file.metadata()?);
    let mut hasher = Sha256::new();
    let mut block = vec![0; BLOCK];
    let mut size = 0u64;
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(io::Error::new(io::ErrorKind::Interrupted, "stopped"));
        }
        let read = match file.read(&mut block) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(block.get(..read).unwrap_or_default());
        size = size.saturating_add(read as u64);
    }
    Ok(FileDigest { digest: Digest::of_sha256(hasher.finalize().into()), size, stamp, link: None })
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

    #[test]
    fn files_below_a_folder_are_digested_and_the_folder_as_go_does() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        fs::write(folder.path().join("b/c"), "two").unwrap();
        fs::write(folder.path().join("a"), "one").unwrap();
        let survey = survey(&[folder.path().to_owned()], &GO).unwrap();
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
        let survey = survey(&[folder.path().to_owned()], &GO).unwrap();
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
        let survey = survey(&[folder.path().to_owned()], &GO).unwrap();
        assert!(survey.files.is_empty() && survey.gaps.len() == 1);
    }

    #[cfg(unix)]
    fn nix_fifo(path: &Path) {
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    }

    #[test]
    fn what_is_not_there_is_an_error_and_a_stop_ends_the_reading() {
        let folder = tempfile::tempdir().unwrap();
        assert!(survey(&[folder.path().join("missing")], &GO).is_err());
        fs::write(folder.path().join("a"), "one").unwrap();
        let stopped = digest_file(&folder.path().join("a"), &AtomicBool::new(true));
        assert_eq!(stopped.unwrap_err().kind(), io::ErrorKind::Interrupted);
    }
}

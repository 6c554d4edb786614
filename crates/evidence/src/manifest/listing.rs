//! Every entry below a folder, by name: [`list`]. Nothing is read but folders; links are resolved, never followed into folders.

use rayon::prelude::*;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Most entries listed below one folder. A checkout of the largest public model repositories has some ten thousand.
pub const MOST_ENTRIES: usize = 5_000_000;

/// What lies below a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The path, with links resolved.
    pub root: PathBuf,
    /// Last part of the path's name.
    pub name: String,
    /// Whether the path is one file rather than a folder.
    pub is_file: bool,
    /// All that is no folder, in order of name (by code point).
    pub entries: Vec<Entry>,
}

/// One file, link or other thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Path relative to the root, parts joined by `/`; `.` when the root is the file itself.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File {
        /// Its size in bytes.
        size: u64,
        /// Whether its owner may run it.
        executable: bool,
    },
    /// A symbolic link to a regular file.
    FileLink {
        /// Where it leads in the end.
        target: PathBuf,
        /// Size of the target in bytes.
        size: u64,
        /// Whether the target lies below the root.
        inside: bool,
    },
    /// A symbolic link to a folder.
    FolderLink {
        /// Where it leads in the end.
        target: PathBuf,
        /// Whether the target lies below the root.
        inside: bool,
    },
    /// A symbolic link to nothing, or in a circle.
    BrokenLink,
    /// A pipe, socket or device.
    Special,
    /// Anything whose name is no UTF-8, so that no JSON can name it; `name` shows it with replacement characters.
    Unnameable,
}

impl Kind {
    /// Size in bytes of a regular file, or of the one a link leads to.
    pub fn size(&self) -> Option<u64> {
        match self {
            Self::File { size, .. } | Self::FileLink { size, .. } => Some(*size),
            _ => None,
        }
    }

    /// Whether it is a symbolic link.
    pub fn is_link(&self) -> bool {
        matches!(self, Self::FileLink { .. } | Self::FolderLink { .. } | Self::BrokenLink)
    }
}

/// Why a path cannot be listed.
#[derive(Debug, thiserror::Error)]
pub enum ListingError {
    /// The system refused.
    #[error("cannot read {path}: {error}")]
    Io {
        /// What was to be read.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// Neither file nor folder.
    #[error("{0} is neither a file nor a folder")]
    Special(PathBuf),
    /// More than [`MOST_ENTRIES`].
    #[error("{0} holds more than {MOST_ENTRIES} files; sign its parts one by one")]
    TooMany(PathBuf),
}

/// Lists everything below `path`. The path itself may be a link.
///
/// # Errors
/// Each variant of [`ListingError`].
pub fn list(path: &Path) -> Result<Listing, ListingError> {
    let failure = |path: &Path| {
        let path = path.to_owned();
        move |error| ListingError::Io { path, error }
    };
    let root = fs::canonicalize(path).map_err(failure(path))?;
    let metadata = fs::metadata(&root).map_err(failure(path))?;
    // The name that the user gave, not the one behind a link: `snapshots/main` rather than a commit.
    let given = path.file_name().filter(|_| !path.ends_with("..")).or_else(|| root.file_name());
    let name = given.map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    if metadata.is_file() {
        let kind = file_kind(&metadata);
        let entries = vec![Entry { name: ".".to_owned(), path: root.clone(), kind }];
        return Ok(Listing { root, name, is_file: true, entries });
    }
    if !metadata.is_dir() {
        return Err(ListingError::Special(path.to_owned()));
    }
    let mut entries = Vec::new();
    // One level of folders after the other, each level by every processor.
    let mut level = vec![Folder { path: root.clone(), prefix: String::new() }];
    while !level.is_empty() {
        let read: Vec<Result<Read, ListingError>> = if level.len() < FOLDERS_FOR_ALL {
            level.iter().map(|folder| folder.read(&root)).collect()
        } else {
            level.par_iter().map(|folder| folder.read(&root)).collect()
        };
        level.clear();
        for read in read {
            let read = read?;
            entries.extend(read.entries);
            level.extend(read.folders);
            if entries.len() > MOST_ENTRIES {
                return Err(ListingError::TooMany(root));
            }
        }
    }
    entries.sort_by(|one, two| one.name.cmp(&two.name));
    Ok(Listing { root, name, is_file: false, entries })
}

/// Folders in one level from which more than one processor reads them.
const FOLDERS_FOR_ALL: usize = 16;

/// A folder to read, and what the names in it begin with.
struct Folder {
    path: PathBuf,
    prefix: String,
}

/// What is in one folder.
#[derive(Default)]
struct Read {
    entries: Vec<Entry>,
    folders: Vec<Folder>,
}

impl Folder {
    fn read(&self, root: &Path) -> Result<Read, ListingError> {
        let failure = |path: &Path| {
            let path = path.to_owned();
            move |error| ListingError::Io { path, error }
        };
        let prefix = &self.prefix;
        let mut read = Read::default();
        for found in fs::read_dir(&self.path).map_err(failure(&self.path))? {
            let found = found.map_err(failure(&self.path))?;
            let path = found.path();
            let file_type = found.file_type().map_err(failure(&path))?;
            let os_name = found.file_name();
            let Some(own) = os_name.to_str() else {
                let name = format!("{prefix}{}", os_name.to_string_lossy());
                read.entries.push(Entry { name, path, kind: Kind::Unnameable });
                continue;
            };
            let name = format!("{prefix}{own}");
            if file_type.is_dir() {
                read.folders.push(Folder { path, prefix: name + "/" });
                continue;
            }
            if read.entries.len() > MOST_ENTRIES {
                return Err(ListingError::TooMany(root.to_owned()));
            }
            let kind = if file_type.is_file() {
                file_kind(&found.metadata().map_err(failure(&path))?)
            } else if file_type.is_symlink() {
                link_kind(&path, root)
            } else {
                Kind::Special
            };
            read.entries.push(Entry { name, path, kind });
        }
        Ok(read)
    }
}

fn file_kind(metadata: &fs::Metadata) -> Kind {
    #[cfg(unix)]
    let executable = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 != 0;
    #[cfg(not(unix))]
    let executable = false;
    Kind::File { size: metadata.len(), executable }
}

fn link_kind(path: &Path, root: &Path) -> Kind {
    let Ok(target) = fs::canonicalize(path) else { return Kind::BrokenLink };
    let inside = target.starts_with(root);
    match fs::metadata(&target) {
        Ok(metadata) if metadata.is_file() => Kind::FileLink { target, size: metadata.len(), inside },
        Ok(metadata) if metadata.is_dir() => Kind::FolderLink { target, inside },
        Ok(_) => Kind::Special,
        Err(_) => Kind::BrokenLink,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(listing: &Listing) -> Vec<&str> {
        listing.entries.iter().map(|entry| entry.name.as_str()).collect()
    }

    #[test]
    fn names_are_relative_and_in_order_of_code_points() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/c")).unwrap();
        for name in ["a/b", "a/c/d", "a-b", "A", "a b"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        let listing = list(folder.path()).unwrap();
        assert_eq!(names(&listing), ["A", "a b", "a-b", "a/b", "a/c/d"]);
    }

    #[test]
    fn one_file_is_listed_as_a_dot() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("m"), "12").unwrap();
        let listing = list(&folder.path().join("m")).unwrap();
        assert_eq!((names(&listing), listing.name.as_str(), listing.is_file), (vec!["."], "m", true));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_told_by_where_they_lead() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs::create_dir_all(root.join("sub")).unwrap();
        fs::write(root.join("file"), "1").unwrap();
        fs::write(folder.path().join("outside"), "1").unwrap();
        symlink("file", root.join("1")).unwrap();
        symlink("../outside", root.join("2")).unwrap();
        symlink("sub", root.join("3")).unwrap();
        symlink("5", root.join("4")).unwrap();
        symlink("4", root.join("5")).unwrap();
        let listing = list(&root).unwrap();
        let kinds: Vec<&Kind> = listing.entries.iter().map(|entry| &entry.kind).collect();
        assert!(matches!(
            kinds.as_slice(),
            [
                Kind::FileLink { inside: true, .. },
                Kind::FileLink { inside: false, .. },
                Kind::FolderLink { inside: true, .. },
                Kind::BrokenLink,
                Kind::BrokenLink,
                Kind::File { size: 1, executable: false }
            ]
        ));
    }

    #[test]
    fn nothing_there_is_an_error() {
        assert!(matches!(list(Path::new("/no/such/path")), Err(ListingError::Io { .. })));
    }
}

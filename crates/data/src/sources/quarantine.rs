//! Moving a file of a dataset aside so that nothing reads it, and back.
//!
//! The file goes into the folder `.quarantine` beside it, which readers of datasets skip, by renaming: at no time are there
//! two of it or none. Beside it lies a record, written first.

use super::check::digest_of;
use serde::{Deserialize, Serialize};
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// The folder that files are moved to.
pub const QUARANTINE_FOLDER: &str = ".quarantine";
/// Name and version of a record's form.
const SCHEMA: &str = "bartizan.quarantine/1";
/// Longest record read, in bytes.
const MOST_BYTES: u64 = 1 << 20;

/// Why a file cannot be moved aside or back.
#[derive(Debug, thiserror::Error)]
pub enum QuarantineError {
    /// The system refused.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// Not a file of its own.
    #[error("{0} is no regular file; links and folders are not moved")]
    NotAFile(PathBuf),
    /// It lies there already.
    #[error("{0} lies in quarantine already")]
    Already(PathBuf),
    /// Something took its place.
    #[error("{0} exists again; move it away first, nothing is overwritten")]
    Occupied(PathBuf),
    /// No such record.
    #[error(
        "nothing in quarantine below {folder} is called `{name}`; `bartizan data quarantine list` lists all"
    )]
    Unknown {
        /// Where was looked.
        folder: PathBuf,
        /// What was asked for.
        name: String,
    },
    /// Several records fit.
    #[error("`{name}` fits {count} files in quarantine; give more of the id")]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// How many fit.
        count: usize,
    },
    /// The file was changed while it lay there.
    #[error("{path} is sha256:{found} and was sha256:{recorded} when it was moved: it is not restored")]
    Changed {
        /// The file.
        path: PathBuf,
        /// Its digest now.
        found: String,
        /// Its digest then.
        recorded: String,
    },
    /// A record is damaged.
    #[error("the record {path} is damaged: {reason}")]
    Record {
        /// The record.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// What is known of a file in quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Name and version of the form.
    pub schema: String,
    /// Beginning of digest and time, hashed: short and unlike any other.
    pub id: String,
    /// Its name; it lay in the folder above the quarantine.
    pub name: String,
    /// Its digest.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Why it was moved.
    pub reason: String,
    /// When, RFC 3339.
    pub time: String,
}

impl Record {
    /// Where the file lies now.
    pub fn place(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}-{}", self.id, self.name))
    }

    fn path(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.json", self.id))
    }
}

fn failed(path: &Path) -> impl Fn(io::Error) -> QuarantineError + use<> {
    let path = path.to_owned();
    move |error| QuarantineError::Io { path: path.clone(), error }
}

/// Moves `file` aside and gives its record; `time` is RFC 3339.
///
/// # Errors
/// [`QuarantineError`]; nothing has moved then.
pub fn quarantine(file: &Path, reason: &str, time: &str) -> Result<Record, QuarantineError> {
    let metadata = fs::symlink_metadata(file).map_err(failed(file))?;
    let name = file.file_name().and_then(|name| name.to_str());
    let (true, Some(name)) = (metadata.is_file(), name) else {
        return Err(QuarantineError::NotAFile(file.to_owned()));
    };
    let above = match file.parent() {
        Some(above) if above != Path::new("") => above.to_owned(),
        _ => PathBuf::from("."),
    };
    if above.file_name().is_some_and(|above| above == QUARANTINE_FOLDER) {
        return Err(QuarantineError::Already(file.to_owned()));
    }
    let (sha256, bytes) = digest_of(file).map_err(failed(file))?;
    let mark = bartizan_stats::hash64(format!("{name}\0{sha256}\0{time}").as_bytes(), 0);
    let record = Record {
        schema: SCHEMA.to_owned(),
        id: format!("{}{:04x}", sha256.get(..8).unwrap_or_default(), mark & 0xffff),
        name: name.to_owned(),
        sha256,
        bytes,
        reason: reason.to_owned(),
        time: time.to_owned(),
    };
    let folder = above.join(QUARANTINE_FOLDER);
    fs::create_dir_all(&folder).map_err(failed(&folder))?;
    let path = record.path(&folder);
    let text = serde_json::to_string_pretty(&record)
        .map_err(|error| QuarantineError::Record { path: path.clone(), reason: error.to_string() })?;
    let mut written = OpenOptions::new().write(true).create_new(true).open(&path).map_err(failed(&path))?;
    written.write_all(text.as_bytes()).and_then(|()| written.sync_all()).map_err(failed(&path))?;
    if let Err(error) = fs::rename(file, record.place(&folder)) {
        // A record without its file would be taken for a loss.
        let _ = fs::remove_file(&path);
        return Err(failed(file)(error));
    }
    Ok(record)
}

/// The files in quarantine anywhere below `root`, by folder and time.
///
/// # Errors
/// [`QuarantineError::Io`], [`QuarantineError::Record`].
pub fn list(root: &Path) -> Result<Vec<(PathBuf, Record)>, QuarantineError> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let inside = folder.file_name().is_some_and(|name| name == QUARANTINE_FOLDER);
        for entry in fs::read_dir(&folder).map_err(failed(&folder))? {
            let entry = entry.map_err(failed(&folder))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(failed(&path))?;
            if kind.is_dir() && !inside {
                folders.push(path);
            } else if inside && kind.is_file() && is_record(&path) {
                let record = read(&path)?;
                if record.place(&folder).exists() {
                    found.push((folder.clone(), record));
                }
            }
        }
    }
    found.sort_by(|one, two| {
        one.0.cmp(&two.0).then_with(|| one.1.time.cmp(&two.1.time)).then_with(|| one.1.id.cmp(&two.1.id))
    });
    Ok(found)
}

/// Whether a name is an id of hexadecimal digits with `.json`: a file moved here has its id before its own name.
fn is_record(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.strip_suffix(".json")
        .is_some_and(|id| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn read(path: &Path) -> Result<Record, QuarantineError> {
    let damaged = |reason: String| QuarantineError::Record { path: path.to_owned(), reason };
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(failed(path))?;
    file.take(MOST_BYTES).read_to_end(&mut bytes).map_err(failed(path))?;
    let record: Record = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
    let plain = !record.name.is_empty() && !record.name.contains(['/', '\\', '\0']) && record.name != "..";
    let own = path.file_stem().is_some_and(|stem| stem.to_string_lossy() == record.id);
    if record.schema != SCHEMA || !plain || !own {
        return Err(damaged(
            "it is not of the schema bartizan.quarantine/1, or names a place elsewhere".to_owned(),
        ));
    }
    Ok(record)
}

/// Moves the file called `name` (the beginning of its id, or its name) back to where it lay; gives where.
///
/// # Errors
/// [`QuarantineError`]; nothing has moved then.
pub fn restore(root: &Path, name: &str) -> Result<PathBuf, QuarantineError> {
    let mut fitting: Vec<(PathBuf, Record)> = list(root)?
        .into_iter()
        .filter(|(_, record)| record.id.starts_with(name) || record.name == name)
        .collect();
    let count = fitting.len();
    let (1, Some((folder, record))) = (count, fitting.pop()) else {
        let name = name.to_owned();
        return Err(if count == 0 {
            QuarantineError::Unknown { folder: root.to_owned(), name }
        } else {
            QuarantineError::Ambiguous { name, count }
        });
    };
    let place = record.place(&folder);
    let target = folder.parent().unwrap_or(root).join(&record.name);
    if fs::symlink_metadata(&target).is_ok() {
        return Err(QuarantineError::Occupied(target));
    }
    let (found, _) = digest_of(&place).map_err(failed(&place))?;
    if found != record.sha256 {
        return Err(QuarantineError::Changed { path: place, found, recorded: record.sha256 });
    }
    fs::rename(&place, &target).map_err(failed(&place))?;
    let path = record.path(&folder);
    fs::remove_file(&path).map_err(failed(&path))?;
    // The folder stays while anything is in it.
    let _ = fs::remove_dir(&folder);
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "2026-01-31T12:00:00Z";

    #[test]
    fn a_file_goes_aside_and_comes_back_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("d/part.csv");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "x\n1\n").unwrap();
        let record = quarantine(&file, "planted rows", TIME).unwrap();
        assert!(!file.exists());
        let listed = list(folder.path()).unwrap();
        assert_eq!((listed.len(), &listed[0].1), (1, &record));
        assert_eq!((record.bytes, record.reason.as_str()), (4, "planted rows"));
        assert_eq!(restore(folder.path(), &record.id[..6]).unwrap(), file);
        assert_eq!(fs::read_to_string(&file).unwrap(), "x\n1\n");
        assert!(!folder.path().join("d/.quarantine").exists() && list(folder.path()).unwrap().is_empty());
    }

    #[test]
    fn nothing_is_overwritten_changed_or_guessed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.csv");
        fs::write(&file, "1").unwrap();
        let record = quarantine(&file, "", TIME).unwrap();
        fs::write(&file, "2").unwrap();
        assert!(matches!(restore(folder.path(), "a.csv"), Err(QuarantineError::Occupied(_))));
        quarantine(&file, "", "2026-02-01T12:00:00Z").unwrap();
        assert!(matches!(restore(folder.path(), "a.csv"), Err(QuarantineError::Ambiguous { count: 2, .. })));
        assert!(matches!(restore(folder.path(), "b.csv"), Err(QuarantineError::Unknown { .. })));
        let place = record.place(&folder.path().join(QUARANTINE_FOLDER));
        assert!(matches!(quarantine(&place, "", TIME), Err(QuarantineError::Already(_))));
        fs::write(&place, "3").unwrap();
        assert!(matches!(restore(folder.path(), &record.id), Err(QuarantineError::Changed { .. })));
        assert!(matches!(quarantine(folder.path(), "", TIME), Err(QuarantineError::NotAFile(_))));
    }

    #[test]
    fn a_record_cannot_send_a_file_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.csv");
        fs::write(&file, "1").unwrap();
        let mut record = quarantine(&file, "", TIME).unwrap();
        let within = folder.path().join(QUARANTINE_FOLDER);
        record.name = "../../b.csv".to_owned();
        fs::write(record.path(&within), serde_json::to_string(&record).unwrap()).unwrap();
        assert!(matches!(list(folder.path()), Err(QuarantineError::Record { .. })));
    }
}

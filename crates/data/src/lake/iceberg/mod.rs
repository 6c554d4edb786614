//! Apache Iceberg: from a table's folder to the files of its current snapshot.
//!
//! A catalogue knows which metadata file is current; a folder alone does not, so the one that the hint names or the one with the
//! highest number is taken, and two of the same number are refused. A metadata file may be named instead of the folder.
//!
//! Source: Iceberg Table Spec, versions 1 and 2: "Table Metadata", "Manifest Lists", "Manifests", "File System Tables".

mod manifests;
mod metadata;
mod schema;

pub use metadata::Metadata;

use super::place::{Root, document};
use super::{LakeError, MOST_METADATA, Table};
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the metadata.
const FOLDER: &str = "metadata";
/// How the name of a metadata file ends.
const ENDINGS: [&str; 3] = [".gz.metadata.json", ".metadata.json.gz", ".metadata.json"];
/// Most files of a metadata folder.
const MOST_ENTRIES: usize = 2_000_000;
/// Longest hint, in bytes.
const LONGEST_HINT: u64 = 4 << 10;

/// Whether a folder is an Iceberg table.
pub fn is_table(folder: &Path) -> bool {
    let entries = fs::read_dir(folder.join(FOLDER)).into_iter().flatten().flatten();
    entries.take(MOST_ENTRIES).any(|entry| number(&entry.file_name().to_string_lossy()).is_some())
}

/// The folder of the table whose metadata file this is.
pub fn table_of(metadata: &Path) -> Option<&Path> {
    number(&metadata.file_name()?.to_string_lossy())?;
    let parent = metadata.parent()?;
    // A file named without its folder lies in the working directory, which is the table's `metadata`.
    (parent.file_name()? == FOLDER).then(|| parent.parent())?
}

/// The table in `folder` as its newest metadata, or the file `metadata`, says.
///
/// # Errors
/// [`LakeError`] when the metadata is damaged, leads out of the folder, or uses what is not read.
pub fn open(folder: &Path, metadata: Option<&Path>) -> Result<Table, LakeError> {
    let path = match metadata {
        Some(path) => path.to_owned(),
        None => newest(&folder.join(FOLDER))?,
    };
    // Some writers keep the compressed text under the plain name: gzip is told by its first bytes.
    let metadata = Metadata::parse(&document(&path, MOST_METADATA)?, &path)?;
    let root = Root::new(folder)?;
    let files = manifests::files(&metadata, &root, &path)?;
    let version = metadata.snapshot.map_or_else(|| "none".to_owned(), |snapshot| snapshot.to_string());
    Ok(Table { format: "iceberg", version, columns: metadata.columns, files })
}

/// The newest metadata file of a folder.
fn newest(folder: &Path) -> Result<PathBuf, LakeError> {
    let failed = |error| LakeError::Read { path: folder.to_owned(), error };
    let gap = |reason: String| LakeError::Gap { path: folder.to_owned(), reason };
    let mut found: Vec<(u64, PathBuf)> = Vec::new();
    for (count, entry) in fs::read_dir(folder).map_err(failed)?.enumerate() {
        if count >= MOST_ENTRIES {
            return Err(LakeError::Limit {
                path: folder.to_owned(),
                limit: MOST_ENTRIES as u64,
                what: "files",
            });
        }
        let path = entry.map_err(failed)?.path();
        if let Some(number) = path.file_name().and_then(|name| number(&name.to_string_lossy())) {
            found.push((number, path));
        }
    }
    found.sort();
    if let Some(hint) = hint(&folder.join("version-hint.text"))? {
        let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let is_named = |path: &Path| {
            name(path).is_some_and(|name| {
                ENDINGS.iter().any(|ending| {
                    name.strip_suffix(ending).is_some_and(|stem| {
                        name == hint || stem == hint || stem.strip_prefix('v') == Some(hint.as_str())
                    })
                })
            })
        };
        let hinted = found.iter().find(|(_, path)| is_named(path));
        let (version, path) = hinted.ok_or_else(|| {
            gap(format!("version-hint.text names `{}`, which is not there", super::place::shown(&hint)))
        })?;
        // The hint is written after the metadata and may lag behind (spec, "File System Tables").
        return match found.last() {
            Some((last, newer)) if last > version => only(&found, *last, newer),
            _ => Ok(path.clone()),
        };
    }
    let (last, path) = found.last().ok_or_else(|| gap("holds no metadata file".to_owned()))?;
    only(&found, *last, path)
}

/// The file of a version, when no other claims the same.
fn only(found: &[(u64, PathBuf)], version: u64, path: &Path) -> Result<PathBuf, LakeError> {
    if found.iter().filter(|(other, _)| *other == version).count() > 1 {
        return Err(LakeError::Unsupported {
            path: path.to_owned(),
            what: format!(
                "a folder with several metadata files of version {version}, of which the catalogue knows the right one,"
            ),
            remedy: "name that metadata file instead of the folder",
        });
    }
    Ok(path.to_owned())
}

/// What `version-hint.text` says, if it is there.
fn hint(path: &Path) -> Result<Option<String>, LakeError> {
    if !path.exists() {
        return Ok(None);
    }
    let bytes = document(path, LONGEST_HINT)?;
    let text = String::from_utf8(bytes).map_err(|_| LakeError::malformed(path, "", "is no UTF-8"))?;
    Ok(Some(text.trim().to_owned()))
}

/// The number in the name of a metadata file: `v3.metadata.json`, `00003-UUID.metadata.json`, compressed or not.
fn number(name: &str) -> Option<u64> {
    let stem = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending))?;
    let digits = stem.strip_prefix('v').or_else(|| stem.split_once('-').map(|(digits, _)| digits))?;
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_files_are_numbered_by_their_names() {
        assert_eq!(number("v3.metadata.json"), Some(3));
        assert_eq!(number("00012-8f-aa.metadata.json"), Some(12));
        assert_eq!((number("v4.gz.metadata.json"), number("v4.metadata.json.gz")), (Some(4), Some(4)));
        assert_eq!(
            (number("metadata.json"), number("notes-3.metadata.json"), number("v.metadata.json")),
            (None, None, None)
        );
    }

    #[test]
    fn the_newest_is_the_highest_and_two_of_the_same_number_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        assert!(newest(folder.path()).unwrap_err().to_string().contains("no metadata file"));
        write("00001-a.metadata.json", "");
        write("00010-b.metadata.json", "");
        assert!(newest(folder.path()).unwrap().ends_with("00010-b.metadata.json"));
        write("00010-c.metadata.json", "");
        assert!(newest(folder.path()).unwrap_err().to_string().contains("name that metadata file"));
        write("version-hint.text", "00010-b\n");
        assert!(newest(folder.path()).unwrap().ends_with("00010-b.metadata.json"));
        write("version-hint.text", "11");
        assert!(newest(folder.path()).unwrap_err().to_string().contains("names `11`"));
        write("v11.metadata.json", "");
        write("v12.metadata.json", "");
        assert!(newest(folder.path()).unwrap().ends_with("v12.metadata.json"), "a hint may lag behind");
    }

    #[test]
    fn a_metadata_file_tells_its_table() {
        assert_eq!(table_of(Path::new("w/t/metadata/v1.metadata.json")), Some(Path::new("w/t")));
        assert_eq!(table_of(Path::new("metadata/v1.metadata.json")), Some(Path::new("")));
        assert_eq!(
            (table_of(Path::new("w/v1.metadata.json")), table_of(Path::new("metadata/a.json"))),
            (None, None)
        );
    }
}

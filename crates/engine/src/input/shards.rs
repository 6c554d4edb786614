//! The files of a dataset.

use super::form::{Compression, Form, is_table_name, recognise};
use super::lake;
use crate::error::EngineError;
use bartizan_data::lake::{Constant, Table};
use globset::GlobBuilder;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most files of a dataset.
pub const MOST_SHARDS: usize = 100_000;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// Where it lies.
    pub path: PathBuf,
    /// How it is written.
    pub form: Form,
    /// How it is compressed.
    pub compression: Compression,
    /// Its size.
    pub bytes: u64,
    /// Columns that its folders give (`year=2024`), from the outside in.
    pub partitions: Vec<(String, String)>,
    /// The Delta or Iceberg table that it belongs to, if any, and that gives its columns.
    pub table: Option<Arc<Table>>,
    /// Values of the table's columns that the file itself may lack.
    pub constants: Vec<(String, Constant)>,
}

impl Shard {
    /// Its path as shown and recorded.
    pub fn name(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }

    /// Its path without the ending of its compression: the name that a text form is told by.
    pub(crate) fn plain_name(&self) -> String {
        let name = self.name();
        let plain = [".gz", ".zst", ".bz2", ".xz"].iter().find_map(|end| name.strip_suffix(end));
        plain.map(str::to_owned).unwrap_or(name)
    }
}

/// The files below the places named: files as they are, folders with all tables below, globs, the current versions of Delta and
/// Iceberg tables; sorted by path.
///
/// # Errors
/// [`EngineError::Read`], [`EngineError::Glob`], [`EngineError::Nothing`], [`EngineError::TooMany`], and those of a file
/// whose form is not known.
pub fn shards(places: &[PathBuf]) -> Result<Vec<Shard>, EngineError> {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut of_tables: Vec<Shard> = Vec::new();
    for place in places {
        let before = found.len();
        let shown = place.to_string_lossy();
        let metadata = fs::metadata(place);
        let is_folder = metadata.as_ref().is_ok_and(fs::Metadata::is_dir);
        if let Some(table) = metadata.is_ok().then(|| lake::shards_of(place, is_folder)).flatten() {
            of_tables.extend(table?);
            continue;
        }
        match metadata {
            Ok(metadata) if metadata.is_dir() => walk(place, &mut found, true, &|path| {
                path.file_name().is_some_and(|name| is_table_name(&name.to_string_lossy()))
            })?,
            Ok(_) => found.push(place.clone()),
            Err(_) if shown.contains(['*', '?', '[', '{']) => {
                let glob = GlobBuilder::new(&shown)
                    .literal_separator(true)
                    .build()
                    .map_err(|error| EngineError::Glob { pattern: shown.clone().into_owned(), error })?
                    .compile_matcher();
                let root = fixed_part(place);
                let root = if root.as_os_str().is_empty() { PathBuf::from(".") } else { root };
                let below = place.is_relative() && root == Path::new(".");
                walk(&root, &mut found, false, &|path| {
                    glob.is_match(if below { path.strip_prefix(".").unwrap_or(path) } else { path })
                })?;
            }
            Err(error) => return Err(EngineError::Read { path: place.clone(), error }),
        }
        if found.len() == before {
            return Err(EngineError::Nothing(shown.into_owned()));
        }
    }
    found.sort();
    found.dedup();
    let mut shards = found.into_iter().map(shard).collect::<Result<Vec<Shard>, EngineError>>()?;
    shards.extend(of_tables);
    shards.sort_by(|one, other| one.path.cmp(&other.path));
    shards.dedup_by(|one, other| one.path == other.path);
    for shard in &shards {
        shard.check_end()?;
    }
    Ok(shards)
}

fn shard(path: PathBuf) -> Result<Shard, EngineError> {
    let (form, compression) = recognise(&path)?;
    let bytes = fs::metadata(&path).map_err(|error| EngineError::Read { path: path.clone(), error })?.len();
    let folders = path.parent().into_iter().flat_map(Path::components);
    let partitions = folders
        .filter_map(|part| {
            let text = part.as_os_str().to_str()?;
            let (key, value) = text.split_once('=')?;
            (!key.is_empty()).then(|| (key.to_owned(), value.to_owned()))
        })
        .collect();
    Ok(Shard { path, form, compression, bytes, partitions, table: None, constants: Vec::new() })
}

/// The folders of a pattern before its first wild card.
fn fixed_part(pattern: &Path) -> PathBuf {
    let wild =
        |part: &std::path::Component<'_>| part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']);
    pattern.components().take_while(|part| !wild(part)).collect()
}

/// Adds the files below `root` that `wanted` wants; hidden files and those that begin with `_` are markers of writers.
/// `whole` refuses folders that are tables by their logs.
fn walk(
    root: &Path,
    found: &mut Vec<PathBuf>,
    whole: bool,
    wanted: &dyn Fn(&Path) -> bool,
) -> Result<(), EngineError> {
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        if whole && lake::is_table(&folder) {
            return Err(EngineError::WithinTable { place: root.to_owned(), table: folder });
        }
        let read = |error| EngineError::Read { path: folder.clone(), error };
        for entry in fs::read_dir(&folder).map_err(read)? {
            let entry = entry.map_err(read)?;
            let name = entry.file_name();
            if name.to_string_lossy().starts_with(['.', '_']) {
                continue;
            }
            let path = entry.path();
            // Links to folders are not followed, so that no walk goes in circles.
            if entry.file_type().map_err(read)?.is_dir() {
                folders.push(path);
            } else if wanted(&path) {
                found.push(path);
                if found.len() > MOST_SHARDS {
                    let place = root.display().to_string();
                    return Err(EngineError::TooMany { place, limit: MOST_SHARDS });
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_globs_and_partitions_are_found_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["year=2024/b.csv", "year=2023/a.csv", "_SUCCESS", ".hidden.csv", "notes.txt"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x\n1\n").unwrap();
        }
        let all = shards(&[folder.path().to_owned()]).unwrap();
        let partitions: Vec<_> = all.iter().map(|shard| shard.partitions.last().cloned().unwrap()).collect();
        assert_eq!(partitions, [("year".into(), "2023".into()), ("year".into(), "2024".into())]);
        let one = shards(&[folder.path().join("year=*/b.csv")]).unwrap();
        assert_eq!((one.len(), one[0].form), (1, Form::Delimited(b',')));
        assert!(matches!(shards(&[folder.path().join("*.parquet")]), Err(EngineError::Nothing(_))));
        assert!(matches!(shards(&[folder.path().join("none.csv")]), Err(EngineError::Read { .. })));
    }

    #[test]
    fn files_are_told_by_content() {
        let folder = tempfile::tempdir().unwrap();
        let of = |name: &str, content: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, content).unwrap();
            shards(&[path]).map(|shards| shards[0].form)
        };
        assert_eq!(of("a.dat", b"PAR1....").unwrap(), Form::Parquet);
        assert_eq!(of("b.dat", b"{\"a\":1}\n").unwrap(), Form::JsonLines);
        assert_eq!(of("c.json", b" [{\"a\":1}]").unwrap(), Form::JsonArray);
        assert_eq!(of("d.csv", b"a;b\n1;2\n").unwrap(), Form::Delimited(b';'));
        assert!(matches!(of("e.csv", b""), Err(EngineError::EmptyFile(_))));
        assert!(matches!(of("f.bin", b"\x00\x01"), Err(EngineError::Form(_))));
    }
}

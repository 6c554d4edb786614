//! Which files of the log make up the newest version, and the lines of one of them.

use super::actions::Action;
use crate::lake::LakeError;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

/// Most files of a log.
const MOST_ENTRIES: usize = 2_000_000;
/// Longest line of a commit, in bytes.
const LONGEST_LINE: usize = 64 << 20;
/// Longest `_last_checkpoint`, in bytes.
const LONGEST_HINT: u64 = 16 << 20;

/// The files of a log that tell the newest version, in the order in which they are to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The newest version.
    pub version: u64,
    /// The files of the newest whole checkpoint; none when there is no checkpoint.
    pub checkpoint: Vec<PathBuf>,
    /// The commits after it.
    pub commits: Vec<PathBuf>,
}

/// A name in the log's folder.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Entry {
    Commit(u64),
    /// The version, the part, from 1, and how many there are; one part is the whole.
    Checkpoint(u64, u64, u64),
    /// A checkpoint of the second version: told apart by a UUID.
    Second(u64),
}

/// The files that tell the newest version of the table whose log lies in `folder`.
///
/// # Errors
/// [`LakeError::Gap`] when one of them is missing.
pub fn segment(folder: &Path) -> Result<Segment, LakeError> {
    let failed = |error| LakeError::Read { path: folder.to_owned(), error };
    let gap = |reason: String| LakeError::Gap { path: folder.to_owned(), reason };
    let mut commits: BTreeMap<u64, PathBuf> = BTreeMap::new();
    // By version: the parts by how many there are to be, and whole ones of the second version.
    let mut parts: BTreeMap<(u64, u64), BTreeMap<u64, PathBuf>> = BTreeMap::new();
    let mut seconds: BTreeMap<u64, BTreeSet<PathBuf>> = BTreeMap::new();
    for (count, entry) in fs::read_dir(folder).map_err(failed)?.enumerate() {
        if count >= MOST_ENTRIES {
            let limit = MOST_ENTRIES as u64;
            return Err(LakeError::Limit { path: folder.to_owned(), limit, what: "files" });
        }
        let path = entry.map_err(failed)?.path();
        match path.file_name().and_then(|name| named(&name.to_string_lossy())) {
            Some(Entry::Commit(version)) => drop(commits.insert(version, path)),
            Some(Entry::Checkpoint(version, part, of)) => {
                parts.entry((version, of)).or_default().insert(part, path);
            }
            Some(Entry::Second(version)) => drop(seconds.entry(version).or_default().insert(path)),
            None => {}
        }
    }
    let whole = parts.into_iter().rev().find(|((_, of), parts)| parts.len() as u64 == *of);
    let first = whole.map(|((version, _), parts)| (version, parts.into_values().collect::<Vec<_>>()));
    let second = seconds.into_iter().next_back();
    let second = second.map(|(version, paths)| (version, paths.into_iter().take(1).collect::<Vec<_>>()));
    let checkpoint = match (first, second) {
        (Some(first), Some(second)) => Some(if second.0 > first.0 { second } else { first }),
        (first, second) => first.or(second),
    };
    let from = checkpoint.as_ref().map_or(0, |(version, _)| version.saturating_add(1));
    let last = commits.keys().next_back().copied().max(checkpoint.as_ref().map(|(version, _)| *version));
    let version = last.ok_or_else(|| gap("holds neither commit nor checkpoint".to_owned()))?;
    let mut needed = Vec::new();
    for number in from..=version {
        match commits.remove(&number) {
            Some(path) => needed.push(path),
            None => return Err(gap(format!("the commit of version {number} is missing"))),
        }
    }
    if let Some(hinted) = hint(&folder.join("_last_checkpoint"))?.filter(|hinted| *hinted > version) {
        return Err(gap(format!(
            "_last_checkpoint names version {hinted}, and nothing after version {version} is there"
        )));
    }
    Ok(Segment {
        version,
        checkpoint: checkpoint.map(|(_, parts)| parts).unwrap_or_default(),
        commits: needed,
    })
}

/// What a name in the log's folder stands for.
fn named(name: &str) -> Option<Entry> {
    let (version, rest) = name.split_once('.')?;
    let number = |digits: &str, width: usize| {
        (digits.len() == width && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| digits.parse().ok())?
    };
    let version: u64 = number(version, 20)?;
    match rest.split('.').collect::<Vec<_>>().as_slice() {
        ["json"] => Some(Entry::Commit(version)),
        ["checkpoint", "parquet"] => Some(Entry::Checkpoint(version, 1, 1)),
        ["checkpoint", part, of, "parquet"] => {
            let (part, of) = (number(part, 10)?, number(of, 10)?);
            (1..=of).contains(&part).then_some(Entry::Checkpoint(version, part, of))
        }
        ["checkpoint", _, "parquet" | "json"] => Some(Entry::Second(version)),
        _ => None,
    }
}

/// The version that `_last_checkpoint` names. The log itself is listed: the hint only shows that its end is missing.
fn hint(path: &Path) -> Result<Option<u64>, LakeError> {
    if !path.exists() {
        return Ok(None);
    }
    let bytes = crate::lake::place::document(path, LONGEST_HINT)?;
    let hint: Value = serde_json::from_slice(&bytes)
        .map_err(|error| LakeError::malformed(path, "", format!("is no JSON: {error}")))?;
    Ok(hint.get("version").and_then(Value::as_u64))
}

/// Hands over the actions of a commit, line by line.
///
/// # Errors
/// [`LakeError::Malformed`] with the line, and those of `visit`.
pub(super) fn commit(
    path: &Path,
    visit: &mut dyn FnMut(Action) -> Result<(), LakeError>,
) -> Result<(), LakeError> {
    let failed = |error| LakeError::Read { path: path.to_owned(), error };
    let mut input = BufReader::with_capacity(1 << 18, File::open(path).map_err(failed)?);
    let mut line = Vec::new();
    let mut number = 0_u64;
    loop {
        number = number.saturating_add(1);
        line.clear();
        let most = LONGEST_LINE.saturating_add(1) as u64;
        if input.by_ref().take(most).read_until(b'\n', &mut line).map_err(failed)? == 0 {
            return Ok(());
        }
        let wrong = |reason: String| LakeError::malformed(path, format!(" (line {number})"), reason);
        if line.len() > LONGEST_LINE {
            return Err(wrong(format!("is longer than {LONGEST_LINE} bytes")));
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let row = serde_json::from_slice(&line).map_err(|error| wrong(format!("is no JSON: {error}")))?;
        for action in Action::all(row).map_err(wrong)? {
            visit(action)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            fs::write(folder.path().join(name), "").unwrap();
        }
        folder
    }

    fn commit_name(version: u64) -> String {
        format!("{version:020}.json")
    }

    #[test]
    fn the_newest_whole_checkpoint_and_the_commits_after_it_are_chosen() {
        let checkpoint = |version: u64, end: &str| format!("{version:020}.checkpoint.{end}");
        let names = [
            commit_name(2),
            commit_name(3),
            commit_name(4),
            checkpoint(2, "parquet"),
            checkpoint(3, "0000000001.0000000002.parquet"),
            "00000000000000000003.json.tmp".to_owned(),
            ".s3-optimization-0".to_owned(),
        ];
        let folder = log(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let found = segment(folder.path()).unwrap();
        assert_eq!((found.version, found.commits.len()), (4, 2));
        assert!(found.checkpoint[0].ends_with("00000000000000000002.checkpoint.parquet"));
        fs::write(folder.path().join(checkpoint(3, "0000000002.0000000002.parquet")), "").unwrap();
        let found = segment(folder.path()).unwrap();
        assert_eq!((found.checkpoint.len(), found.commits.len()), (2, 1));
    }

    #[test]
    fn a_log_that_is_not_whole_tells_no_version() {
        let said = |names: &[String]| {
            let folder = log(&names.iter().map(String::as_str).collect::<Vec<_>>());
            segment(folder.path()).unwrap_err().to_string()
        };
        assert!(said(&[commit_name(0), commit_name(2)]).contains("version 1 is missing"));
        assert!(said(&[commit_name(1)]).contains("version 0 is missing"));
        assert!(said(&[]).contains("neither commit nor checkpoint"));
        let folder = log(&[&commit_name(0)]);
        fs::write(folder.path().join("_last_checkpoint"), r#"{"version":7,"size":1}"#).unwrap();
        assert!(segment(folder.path()).unwrap_err().to_string().contains("names version 7"));
    }
}

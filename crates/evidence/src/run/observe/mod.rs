//! Which files a command touched: [`Observation`], by watching folders ([`inotify`](self)) or following system calls.
//!
//! Watching costs the command next to nothing and sees whoever touches the folders, the command or not. Following system
//! calls attributes each file to the command and its descendants, wherever the file lies, and slows them down.

#[cfg(target_os = "linux")]
pub(super) mod inotify;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(super) mod trace;

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Most files kept; beyond, the observation says that it is incomplete.
pub const MOST_OBSERVED: usize = super::files::MOST_FILES;
/// Most reasons for incompleteness kept.
const MOST_GAPS: usize = 100;
/// Folders not watched: they belong to version control and to this program.
pub const UNWATCHED: [&str; 2] = [".git", ".bartizan"];
/// A folder with this file is a virtual environment of Python; its packages are recorded by version and digest instead.
pub const VIRTUAL_ENVIRONMENT: &str = "pyvenv.cfg";

/// What was done to one file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a thing of its own that may be done to a file")]
pub struct Access {
    /// Opened without writing.
    #[serde(skip_serializing_if = "is_false")]
    pub read: bool,
    /// Opened for writing, created, or moved to this name.
    #[serde(skip_serializing_if = "is_false")]
    pub written: bool,
    /// Removed, or moved away from this name.
    #[serde(skip_serializing_if = "is_false")]
    pub removed: bool,
    /// Executed.
    #[serde(skip_serializing_if = "is_false")]
    pub executed: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_false(value: &bool) -> bool {
    !value
}

/// How files were observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Watching {
    /// Not at all.
    Nothing,
    /// By watches on folders.
    Folders,
    /// By following system calls.
    SystemCalls,
}

/// What was seen, and what could not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// How it was seen.
    pub watching: Watching,
    /// What was done to each file, by absolute path.
    pub files: BTreeMap<PathBuf, Access>,
    /// Why there may be more; empty when the observation is complete within its method.
    pub gaps: BTreeSet<String>,
}

impl Observation {
    /// Nothing was watched.
    pub fn none() -> Self {
        Self::by(Watching::Nothing)
    }

    /// Nothing seen yet.
    pub(super) fn by(watching: Watching) -> Self {
        Self { watching, files: BTreeMap::new(), gaps: BTreeSet::new() }
    }

    /// Notes something about a file.
    pub(super) fn note(&mut self, path: &Path, note: impl FnOnce(&mut Access)) {
        if let Some(access) = self.files.get_mut(path) {
            note(access);
        } else if self.files.len() < MOST_OBSERVED {
            note(self.files.entry(path.to_owned()).or_default());
        } else {
            self.gap(format!("more than {MOST_OBSERVED} files were touched; the rest is not listed"));
        }
    }

    /// Notes why something may be missing.
    pub(super) fn gap(&mut self, reason: String) {
        if self.gaps.len() < MOST_GAPS {
            self.gaps.insert(reason);
        }
    }
}

/// Whether the inside of a folder is left out of watching.
pub fn is_unwatched(folder: &Path) -> bool {
    let named = folder.file_name().is_some_and(|name| UNWATCHED.iter().any(|unwatched| name == *unwatched));
    named || folder.join(VIRTUAL_ENVIRONMENT).is_file()
}

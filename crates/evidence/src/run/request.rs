//! What to run, and what it is said to read and write: [`RunRequest`]. Everything of the caller's surroundings comes in here.

use crate::manifest::DigestCache;
use jiff::Timestamp;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// How the files a command touches are observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Method {
    /// Not at all: the statement holds what was declared.
    Declared,
    /// Watches on the project's folders (inotify); elsewhere than on Linux as [`Method::Declared`].
    Watch,
    /// Every system call of the command and its descendants (ptrace).
    Trace {
        /// Program and first arguments that end in [`super::become_traced`] with the command behind them.
        launcher: Vec<OsString>,
    },
}

/// A run to record.
pub struct RunRequest<'a> {
    /// Program and arguments.
    pub command: Vec<OsString>,
    /// The project's root folder, absolute: what is watched, and what names are relative to.
    pub root: PathBuf,
    /// The folder the command starts in, absolute.
    pub directory: PathBuf,
    /// Files and folders declared as data that is read.
    pub data: Vec<PathBuf>,
    /// Files and folders declared as code that is executed.
    pub code: Vec<PathBuf>,
    /// Files and folders declared as outputs.
    pub outputs: Vec<PathBuf>,
    /// The environment of the command, complete.
    pub variables: Vec<(OsString, OsString)>,
    /// Names of variables to record besides the usual ones; a `*` at the end stands for any rest.
    pub allowed: Vec<String>,
    /// Whether the command's standard output goes to standard error, for whoever writes results of their own to it.
    pub output_aside: bool,
    /// Whether this process takes in what the command leaves running, to say so. Only for a process that starts no other
    /// children meanwhile.
    pub takes_orphans: bool,
    /// Program and first arguments that end in [`super::become_launched`] with the command behind them. A signal that comes
    /// while the command is being started then waits for it. Without, the command is started directly, and such a signal ends
    /// this process.
    pub launcher: Vec<OsString>,
    /// How to observe.
    pub method: Method,
    /// Name of this run, unique.
    pub invocation: String,
    /// Version of the program that records.
    pub version: String,
    /// The time of day.
    pub clock: &'a (dyn Fn() -> Timestamp + Sync),
    /// Where the system describes itself: `/`, but for tests.
    pub system: PathBuf,
    /// Digests remembered from earlier runs; none to read every file.
    pub cache: Option<&'a DigestCache>,
}

impl RunRequest<'_> {
    /// `path` as the command would see it, absolute and without `.` and `..` where that needs no look at the disk.
    pub fn absolute(&self, path: &Path) -> PathBuf {
        plain(&self.directory.join(path))
    }

    /// Name of a file in the statement: relative to the root when below it, else its absolute path; `/` between parts.
    pub fn name(&self, path: &Path) -> String {
        name_below(&self.root, path)
    }
}

/// Name of `path` relative to `root` when it lies below it, else the whole path.
pub fn name_below(root: &Path, path: &Path) -> String {
    match path.strip_prefix(root) {
        Ok(rest) if rest.as_os_str().is_empty() => ".".to_owned(),
        Ok(rest) => rest.to_string_lossy().into_owned(),
        Err(_) => path.to_string_lossy().into_owned(),
    }
}

/// `path` without `.` and with each `..` taken back where a plain name stands before it.
pub fn plain(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(plain.components().next_back(), Some(Component::Normal(_))) => {
                plain.pop();
            }
            Component::ParentDir if plain.has_root() => {}
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_below_the_root_and_whole_elsewhere() {
        let root = Path::new("/project");
        assert_eq!(name_below(root, Path::new("/project/data/a.csv")), "data/a.csv");
        assert_eq!(name_below(root, Path::new("/project")), ".");
        assert_eq!(name_below(root, Path::new("/projects/a")), "/projects/a");
    }

    #[test]
    fn dots_are_taken_out_of_paths() {
        assert_eq!(plain(Path::new("/a/./b/../c")), Path::new("/a/c"));
        assert_eq!(plain(Path::new("/../a")), Path::new("/a"));
        assert_eq!(plain(Path::new("../a")), Path::new("../a"));
    }
}

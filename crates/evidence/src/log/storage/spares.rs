//! Files that were published and are needed no more, kept to be written again: [`Spares`].
//!
//! A log under load publishes thousands of files a second that live for a moment: checkpoints and partial tiles. Were they
//! deleted, making the next file would soon cost more than writing it where ext4 keeps no journal, as on many virtual disks:
//! it then gives no inode away again for minutes after its deletion, and looks at each of those first (`recently_deleted` in
//! the kernel's fs/ext4/ialloc.c). So such a file is set aside instead, and written over when whoever still had it open has
//! had time to read it.
//!
//! What a loss of power makes of such files harms nobody: full tiles are never set aside, and a writer that opens a log
//! believes checkpoint and partial tiles only as far as its journal bears them out.

use super::STATE_FOLDER;
use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What the names of files begin with that are not in place.
pub(super) const UNPUBLISHED: &str = "new-";
/// How long a file is left alone: ample for a reader of at most 100 KB.
const REST: Duration = Duration::from_secs(6);
/// How long one is kept that nobody wants.
const LONGEST_REST: Duration = Duration::from_mins(1);
/// Most bytes set aside.
const MOST_BYTES: u64 = 256 << 20;
/// Most files set aside.
const MOST_FILES: usize = 1 << 16;
/// Files deleted at most for each that is taken, once they have been kept too long.
const DELETED_AT_A_TIME: usize = 4;

/// One number for each file this process has made, so that no two share a name.
static MADE: AtomicU64 = AtomicU64::new(0);

/// The files set aside in one folder.
#[derive(Debug)]
pub(super) struct Spares {
    folder: PathBuf,
    rest: Duration,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    files: VecDeque<Spare>,
    bytes: u64,
}

#[derive(Debug)]
struct Spare {
    since: Instant,
    number: u64,
    bytes: u64,
}

impl Spares {
    /// Nothing set aside yet, below the log's own folder.
    pub(super) fn below(root: &Path) -> Self {
        Self { folder: root.join(STATE_FOLDER), rest: REST, held: Mutex::default() }
    }

    /// The folder they lie in.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A name in that folder that no file has.
    pub(super) fn new_name(&self) -> PathBuf {
        self.name(MADE.fetch_add(1, Ordering::Relaxed))
    }

    /// A file that may be written over, if there is one.
    pub(super) fn take(&self) -> Option<PathBuf> {
        let mut held = self.held();
        let taken = held.pop_older_than(self.rest)?;
        for _ in 0..DELETED_AT_A_TIME {
            let Some(old) = held.pop_older_than(LONGEST_REST) else { break };
            // One that another process removed is gone as well.
            let _ = fs::remove_file(self.name(old));
        }
        Some(self.name(taken))
    }

    /// Sets a file aside that has a name of [`Spares::new_name`].
    fn keep(&self, number: u64, bytes: u64) {
        let mut held = self.held();
        held.bytes = held.bytes.saturating_add(bytes);
        held.files.push_back(Spare { since: Instant::now(), number, bytes });
    }

    /// Takes a file out of its place: sets it aside, or deletes it when enough are.
    pub(super) fn set_aside(&self, path: &Path) -> io::Result<()> {
        let bytes = fs::symlink_metadata(path)?.len();
        let room = {
            let held = self.held();
            held.files.len() < MOST_FILES && held.bytes.saturating_add(bytes) <= MOST_BYTES
        };
        if !room {
            return fs::remove_file(path);
        }
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        fs::rename(path, self.name(number))?;
        self.keep(number, bytes);
        Ok(())
    }

    /// Puts the file `beside` in the place of `target`, and sets aside what was there. Gives whether the system could.
    #[cfg(target_os = "linux")]
    pub(super) fn exchange(&self, beside: &Path, target: &Path) -> bool {
        use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
        if renameat2(AT_FDCWD, beside, AT_FDCWD, target, RenameFlags::RENAME_EXCHANGE).is_err() {
            return false;
        }
        // What cannot be set aside keeps its name until the next opening.
        let _ = self.set_aside(beside);
        true
    }

    /// Puts the file `beside` in the place of `target`: no other system can.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn exchange(&self, _: &Path, _: &Path) -> bool {
        false
    }

    fn name(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{UNPUBLISHED}{}-{number}", std::process::id()))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn pop_older_than(&mut self, age: Duration) -> Option<u64> {
        if self.files.front()?.since.elapsed() < age {
            return None;
        }
        let spare = self.files.pop_front()?;
        self.bytes = self.bytes.saturating_sub(spare.bytes);
        Some(spare.number)
    }
}

impl Drop for Spares {
    fn drop(&mut self) {
        let held = std::mem::take(self.held.get_mut().unwrap_or_else(PoisonError::into_inner));
        for spare in held.files {
            // One that another process removed is gone as well.
            let _ = fs::remove_file(self.name(spare.number));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spares(root: &Path, rest: Duration) -> Spares {
        fs::create_dir_all(root.join(STATE_FOLDER)).unwrap();
        let mut spares = Spares::below(root);
        spares.rest = rest;
        spares
    }

    #[test]
    fn a_file_set_aside_rests_before_it_is_given_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "old").unwrap();
        let resting = spares(folder.path(), Duration::from_hours(1));
        resting.set_aside(&file).unwrap();
        assert!(!file.exists());
        assert_eq!(resting.take(), None);
        let ready = spares(folder.path(), Duration::ZERO);
        fs::write(&file, "old").unwrap();
        ready.set_aside(&file).unwrap();
        assert_eq!(fs::read(ready.take().unwrap()).unwrap(), b"old");
        assert_eq!(ready.take(), None);
    }

    #[test]
    fn nothing_is_left_when_the_log_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let spares = spares(folder.path(), Duration::ZERO);
        for name in ["one", "two"] {
            fs::write(folder.path().join(name), "old").unwrap();
            spares.set_aside(&folder.path().join(name)).unwrap();
        }
        drop(spares);
        assert_eq!(fs::read_dir(folder.path().join(STATE_FOLDER)).unwrap().count(), 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_exchange_puts_the_new_file_in_place_and_keeps_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let spares = spares(folder.path(), Duration::ZERO);
        let (beside, target) = (spares.new_name(), folder.path().join("checkpoint"));
        fs::write(&beside, "new").unwrap();
        assert!(!spares.exchange(&beside, &target), "there is nothing to exchange with");
        fs::write(&target, "old").unwrap();
        assert!(spares.exchange(&beside, &target));
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert_eq!(fs::read(spares.take().unwrap()).unwrap(), b"old");
    }
}

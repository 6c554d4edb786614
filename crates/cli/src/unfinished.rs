//! Files that are being written: gone when the work fails, and when a signal ends the program before they are whole.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// What a signal removes.
static OPEN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A new file that is removed unless it is finished.
#[derive(Debug)]
pub(crate) struct Unfinished {
    path: PathBuf,
}

impl Unfinished {
    /// Creates a file that is not there yet.
    ///
    /// # Errors
    /// What the system says; a file that exists is never overwritten.
    pub(crate) fn create(path: &Path) -> io::Result<(Self, File)> {
        // Under the lock, so that no signal comes between the file and its entry.
        let mut open = OPEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let file = File::create_new(path)?;
        open.push(path.to_path_buf());
        Ok((Self { path: path.to_path_buf() }, file))
    }

    /// The file is whole and stays.
    pub(crate) fn finish(self) {
        forget(&self.path);
        // Nothing is left for `drop` to remove.
        std::mem::forget(self);
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if forget(&self.path) {
            // Half a copy is no copy; that it cannot be removed changes nothing.
            drop(fs::remove_file(&self.path));
        }
    }
}

/// Takes a file off the list; whether it was there.
fn forget(path: &Path) -> bool {
    let mut open = OPEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let place = open.iter().position(|held| held == path);
    place.map(|place| open.swap_remove(place)).is_some()
}

/// From here on, SIGINT, SIGTERM and SIGHUP remove what is unfinished before they end the program, with 128 and their number, as
/// shells say it. Called before any thread is started: threads inherit that these signals are not theirs.
#[cfg(unix)]
pub(crate) fn remove_on_signals() {
    use nix::sys::signal::{SigSet, Signal};
    let signals = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP]);
    if signals.thread_block().is_err() {
        // Signals then end the program as they always do.
        return;
    }
    std::thread::spawn(move || {
        let Ok(signal) = signals.wait() else { return };
        let open = OPEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for path in open.iter() {
            drop(fs::remove_file(path));
        }
        // The lock is held to the end, so that no file is begun or finished meanwhile.
        #[expect(clippy::exit, reason = "a signal ends the program")]
        std::process::exit(128 + signal as i32);
    });
}

/// Where there are no such signals.
#[cfg(not(unix))]
pub(crate) fn remove_on_signals() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finished_is_removed_and_what_exists_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy");
        drop(Unfinished::create(&path).unwrap());
        assert!(!path.exists());
        let (copy, _) = Unfinished::create(&path).unwrap();
        copy.finish();
        assert!(path.exists() && Unfinished::create(&path).is_err() && path.exists());
    }
}

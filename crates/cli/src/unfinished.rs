//! Files that are being written: gone when the work fails, and when a signal ends the program before they are whole; programs that
//! work for this one: ended with it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Mutex;

/// What a signal removes.
static OPEN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Programs that work for this one, by the numbers of their processes.
static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// A program that works for this one. A signal that ends this program ends it, too: whoever cancels the one knows nothing of the other,
/// which would go on and write what nobody waits for.
#[derive(Debug)]
pub(crate) struct Running {
    process: u32,
}

impl Running {
    /// Starts a program. What comes back with it is to be held until the program has been waited for.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(command: &mut Command) -> io::Result<(Child, Self)> {
        // Whoever passes a signal on waits meanwhile: a program that has begun is on the list.
        let mut running = RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let child = command.spawn()?;
        let process = child.id();
        running.push(process);
        Ok((child, Self { process }))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut running = RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        running.retain(|process| *process != self.process);
    }
}

/// A folder of temporary files that a signal removes; whoever made it removes it otherwise.
#[derive(Debug)]
pub(crate) struct Temporary {
    path: PathBuf,
}

impl Temporary {
    /// To be held as long as the folder is there.
    pub(crate) fn folder(path: &Path) -> Self {
        OPEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(path.to_path_buf());
        Self { path: path.to_path_buf() }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        forget(&self.path);
    }
}

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
        end_running(signal);
        let open = OPEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for path in open.iter() {
            drop(if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) });
        }
        // The lock is held to the end, so that no file is begun or finished meanwhile.
        #[expect(clippy::exit, reason = "a signal ends the program")]
        std::process::exit(128 + signal as i32);
    });
}

/// How often, and how many milliseconds apart, it is asked whether a program has ended.
#[cfg(unix)]
const ASKED: (u32, u64) = (200, 10);

/// Passes a signal on to the programs that work for this one, and waits for their ends: they remove what is theirs.
#[cfg(unix)]
fn end_running(signal: nix::sys::signal::Signal) {
    use nix::sys::signal::kill;
    use nix::unistd::Pid;
    let running = RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    let processes = running.iter().filter_map(|process| i32::try_from(*process).ok()).map(Pid::from_raw);
    for process in processes.clone() {
        // One that has ended already is what is wanted.
        let _ = kill(process, signal);
    }
    for process in processes {
        for _ in 0..ASKED.0 {
            // The thread that waits for it takes it off the list of processes.
            if kill(process, None).is_err() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(ASKED.1));
        }
    }
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

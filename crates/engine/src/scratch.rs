//! The folder of temporary files: gone when the program ends, also when a signal ends it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Names tried before giving up.
const TRIES: u32 = 100;

/// A folder of this run alone.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Creates a folder below `parent` that nobody else reads. From here on, SIGINT, SIGTERM and SIGHUP remove it before they end
    /// the program with 128 and their number; called before any thread is started, since threads inherit that they are held back.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn create(parent: &Path) -> io::Result<Self> {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let process = std::process::id();
        // Held back first, so that none comes between the folder and the thread that removes it.
        let signals = held_back();
        for number in 0..TRIES {
            let path = parent.join(format!("bartizan-data-{process}-{number}"));
            match builder.create(&path) {
                Ok(()) => {
                    remove_on_signals(signals, path.clone());
                    return Ok(Self { path });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // That it cannot be removed changes no answer.
        drop(fs::remove_dir_all(&self.path));
    }
}

/// The signals that end a program when people or systems want it to end; nothing where they cannot be held back.
#[cfg(unix)]
fn held_back() -> Option<nix::sys::signal::SigSet> {
    use nix::sys::signal::{SigSet, Signal};
    let signals = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP]);
    signals.thread_block().ok().map(|()| signals)
}

#[cfg(unix)]
fn remove_on_signals(signals: Option<nix::sys::signal::SigSet>, path: PathBuf) {
    let Some(signals) = signals else { return };
    std::thread::spawn(move || {
        let Ok(signal) = signals.wait() else { return };
        // A file that is written meanwhile may need a second round.
        while fs::remove_dir_all(&path).is_err_and(|error| error.kind() == io::ErrorKind::DirectoryNotEmpty) {
        }
        #[expect(clippy::exit, reason = "a signal ends the program")]
        std::process::exit(128 + signal as i32);
    });
}

#[cfg(not(unix))]
fn held_back() {}

#[cfg(not(unix))]
fn remove_on_signals((): (), _: PathBuf) {}

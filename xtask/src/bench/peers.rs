//! The peers: other scanners from PyPI, pinned, in a throw-away environment below the target folder.

use super::environment;
use crate::process::root;
use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The scanners measured beside us, by package name.
pub(crate) const NAMES: [&str; 5] = ["picklescan", "modelscan", "fickling", "modelaudit", "hayward"];

/// The peers' Python environment.
pub(crate) struct Peers {
    folder: PathBuf,
}

impl Peers {
    /// Installs the pinned peers, or reuses an earlier installation of the same pins.
    ///
    /// # Errors
    /// When Python's `venv` or pip fails.
    pub(crate) fn install() -> Result<Self, String> {
        Ok(Self { folder: environment::install("peers", "xtask/peers/requirements.txt")? })
    }

    /// A program of the environment.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    /// What `peer` says of each file: flagged at its own level of alarm, and mentioned at all.
    ///
    /// # Errors
    /// When the runner cannot be started. A file on which the peer fails counts as mentioned, not flagged.
    pub(crate) fn verdicts(
        &self,
        peer: &str,
        files: &[&Path],
    ) -> Result<HashMap<PathBuf, (bool, bool)>, String> {
        let mut child = Command::new(self.program("python"))
            .arg(root().join("xtask/peers/detect.py"))
            .arg(peer)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot start the runner of {peer}: {error}"))?;
        let names = files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join("\n");
        let mut stdin = child.stdin.take().ok_or("the runner has no standard input")?;
        let feed = std::thread::spawn(move || stdin.write_all(names.as_bytes()));
        let output = child.wait_with_output().map_err(|error| format!("{peer}: {error}"))?;
        // The runner reads all names first; a write that failed shows as missing lines below.
        drop(feed.join());
        let text = String::from_utf8_lossy(&output.stdout);
        let line = |line: &str| {
            let mut fields = line.splitn(3, '\t');
            let (flagged, mentioned) = (fields.next()? == "1", fields.next()? == "1");
            Some((PathBuf::from(fields.next()?), (flagged, mentioned)))
        };
        Ok(text.lines().filter_map(line).collect())
    }
}

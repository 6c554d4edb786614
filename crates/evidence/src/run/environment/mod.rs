//! What else than its inputs a result may depend on: [`Environment`].
//!
//! Everything is read from files of the system, from the variables handed in, and by asking the interpreter and the driver
//! about themselves. What cannot be learnt is left out, never guessed.

mod causes;
mod machine;
mod packages;
mod python;
mod seeds;
mod variables;

pub use causes::{Cause, causes};
pub use machine::{Accelerators, Container, Device, Processor, System};
pub use packages::Package;
pub use python::Interpreter;
pub use seeds::{REDACTED, redacted_command, seeds};
pub use variables::{Variables, is_secret_name, looks_secret};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The surroundings of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Environment {
    /// The operating system.
    pub system: System,
    /// The processor.
    pub processor: Processor,
    /// Accelerators and their driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accelerators: Option<Accelerators>,
    /// The container, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<Container>,
    /// The Python interpreter the command would find.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<Interpreter>,
    /// Packages installed for the interpreter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<Package>,
    /// Variables on the allow-list.
    pub variables: BTreeMap<String, String>,
    /// Names of variables on the allow-list whose value is or looks like a secret.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redacted: Vec<String>,
    /// Seeds found in variables and arguments.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub seeds: BTreeMap<String, String>,
    /// Processors that threads may use.
    pub threads: usize,
    /// What could not be learnt.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<String>,
}

/// Where an environment is looked at.
#[derive(Debug)]
pub struct Surroundings<'a> {
    /// The command.
    pub command: &'a [OsString],
    /// The program it starts.
    pub program: &'a Path,
    /// The folder it starts in.
    pub directory: &'a Path,
    /// Its variables.
    pub variables: &'a [(OsString, OsString)],
    /// Names of further variables to record.
    pub allowed: &'a [String],
    /// Root of the system's files.
    pub system: &'a Path,
}

impl Surroundings<'_> {
    /// Value of a variable of the command.
    pub fn variable(&self, name: &str) -> Option<&std::ffi::OsStr> {
        self.variables.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_os_str())
    }
}

/// Looks around.
pub fn environment(at: &Surroundings<'_>) -> Environment {
    let mut gaps = Vec::new();
    let Variables { kept, redacted } = variables::variables(at.variables, at.allowed);
    let interpreter = python::interpreter(at, &mut gaps);
    let packages =
        interpreter.as_ref().map(|python| packages::packages(python, &mut gaps)).unwrap_or_default();
    Environment {
        system: machine::system(at.system),
        processor: machine::processor(at.system),
        accelerators: machine::accelerators(at, &mut gaps),
        container: machine::container(at),
        interpreter,
        packages,
        seeds: seeds(at.command, &kept),
        variables: kept,
        redacted,
        threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        gaps,
    }
}

/// Files that pin what is installed, when they lie beside the code. Source: each tool's documentation.
const LOCK_FILES: [&str; 20] = [
    "Cargo.lock",
    "Pipfile.lock",
    "conda-lock.yml",
    "conda-lock.yaml",
    "constraints.txt",
    "dvc.lock",
    "environment.yaml",
    "environment.yml",
    "go.sum",
    "package-lock.json",
    "pdm.lock",
    "pixi.lock",
    "pnpm-lock.yaml",
    "poetry.lock",
    "pylock.toml",
    "pyproject.toml",
    "renv.lock",
    "requirements.lock",
    "requirements.txt",
    "uv.lock",
];

/// The lock files in `folders`.
pub fn lock_files<'a>(folders: impl IntoIterator<Item = &'a Path>) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = folders
        .into_iter()
        .flat_map(|folder| LOCK_FILES.iter().map(|name| folder.join(name)))
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    found.dedup();
    found
}

/// Longest answer read from a program that is asked about itself, in bytes.
const LONGEST_ANSWER: u64 = 1 << 20;
/// How long such a program may take.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// What a program writes to its standard output, within [`PATIENCE`].
fn ask(mut command: std::process::Command) -> Result<String, String> {
    use std::io::Read as _;
    use std::process::Stdio;
    let shown = command.get_program().to_string_lossy().into_owned();
    let failed = |error: std::io::Error| format!("{shown}: {error}");
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(failed)?;
    let output = child.stdout.take();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = output.map(|output| output.take(LONGEST_ANSWER).read_to_string(&mut text));
        // Nobody waits any more after the time is up.
        let _ = sender.send(matches!(read, Some(Ok(_))).then_some(text));
    });
    let answer = receiver.recv_timeout(PATIENCE);
    if answer.is_err() {
        let _ = child.kill();
    }
    let status = child.wait().map_err(failed)?;
    match answer {
        Ok(Some(text)) if status.success() => Ok(text),
        Ok(_) => Err(format!("{shown}: {status}")),
        Err(_) => Err(format!("{shown}: no answer within {} s", PATIENCE.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lock_files_are_found_once() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("uv.lock"), "").unwrap();
        std::fs::write(folder.path().join("other.lock"), "").unwrap();
        assert_eq!(lock_files([folder.path(), folder.path()]), [folder.path().join("uv.lock")]);
    }

    #[cfg(unix)]
    #[test]
    fn programs_answer_or_the_reason_is_told() {
        let shell = |script: &str| {
            let mut command = std::process::Command::new("/bin/sh");
            command.args(["-c", script]);
            ask(command)
        };
        assert_eq!(shell("echo yes"), Ok("yes\n".to_owned()));
        assert!(shell("exit 3").is_err());
        assert!(ask(std::process::Command::new("/nowhere/to/be/found")).is_err());
    }
}

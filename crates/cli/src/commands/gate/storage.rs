//! `bartizan gate --storage-initializer`: as KServe's storage initializer is called, and with a decision behind it.
//!
//! The contract, as KServe's controller sets it up: the container's arguments are pairs of a source and a folder; every folder holds its
//! model when the container ends with 0; any other exit code keeps the pod from starting, and what stands in the termination log (or the
//! end of the container's output) is what `kubectl describe pod` shows. Source: KServe, `docs/storage-containers`, and the Kubernetes API,
//! `Container.terminationMessagePath`.

use super::{Basis, exit_of};
use crate::arguments::{GateArguments, GateFormat};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal;
use bartizan_policy::decide::Decision;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Longest text that Kubernetes keeps of a termination log, in bytes.
const LONGEST_MESSAGE: usize = 4_096;

/// Fetches, when it is to, and decides about each folder. Unless all are let through, nothing that was fetched is left.
///
/// # Errors
/// [`Failure`] when nothing could be decided.
pub(super) fn run(arguments: &GateArguments) -> Result<Exit, Failure> {
    let pairs = arguments.storage_initializer.chunks(2);
    let mut folders = Vec::new();
    for pair in pairs {
        let [_, folder] = pair else {
            return Err(Failure::StorageInitializer(
                "expected pairs of a source and a folder, as KServe gives them".to_owned(),
            ));
        };
        folders.push(PathBuf::from(folder));
    }
    let outcome = decided(arguments, &folders);
    let message = match &outcome {
        Ok(None) => return Ok(Exit::Done),
        Ok(Some(why)) => why.clone(),
        Err(failure) => failure.to_string(),
    };
    // What was fetched and not let through is not left for a server to load.
    if arguments.fetch.is_some() {
        for folder in &folders {
            empty(folder)?;
        }
    }
    tell(&arguments.termination_log, &message);
    outcome.map(|_| Exit::Found)
}

/// Why one folder is not let through; none when all are.
fn decided(arguments: &GateArguments, folders: &[PathBuf]) -> Result<Option<String>, Failure> {
    if let Some(fetch) = &arguments.fetch {
        let status = Command::new(fetch).args(&arguments.storage_initializer).status();
        let status = status.map_err(|error| Failure::Read {
            what: "program that fetches",
            path: fetch.clone(),
            error,
        })?;
        if !status.success() {
            return Err(Failure::StorageInitializer(format!("{} ended with {status}", fetch.display())));
        }
    }
    for folder in folders {
        let name = folder.to_string_lossy();
        if !folder.is_dir() {
            return Err(Failure::StorageInitializer(format!(
                "{name} is no folder; nothing was fetched into it"
            )));
        }
        let basis = Basis::open(&arguments.basis, &name)?;
        let (decision, _) = basis.decide(&name, arguments.signature.as_deref())?;
        let mut out = io::stdout().lock();
        match arguments.format {
            GateFormat::Json => {
                serde_json::to_writer(&mut out, &decision).map_err(io::Error::from)?;
                writeln!(out)?;
            }
            _ => bartizan_policy::render::table(&decision, false, &mut out)?,
        }
        if exit_of(&decision) != Exit::Done {
            return Ok(Some(short(&decision)));
        }
    }
    Ok(None)
}

/// A denial in the few lines that `kubectl describe pod` shows.
fn short(decision: &Decision) -> String {
    let reasons = decision.reasons.iter().map(|each| format!("{}: {}", each.rule, each.message));
    let missing = decision.missing.iter().map(|each| format!("{}: {}", each.rule, each.message));
    let all: Vec<String> = reasons.chain(missing).collect();
    format!("bartizan denies {}\n{}", decision.artifact.path, all.join("\n"))
}

/// Removes what is in a folder, and not the folder: it is a mount. Links are removed, not followed.
fn empty(folder: &Path) -> Result<(), Failure> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Failure::Write { path: folder.to_owned(), error }),
    };
    for entry in entries {
        let path = entry.map_err(|error| Failure::Write { path: folder.to_owned(), error })?.path();
        let kind = path.symlink_metadata().map_err(|error| Failure::Write { path: path.clone(), error })?;
        let removed = if kind.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.map_err(|error| Failure::Write { path: path.clone(), error })?;
    }
    Ok(())
}

/// Leaves a message where Kubernetes looks for it. There is such a file in a container and nowhere else: none is made.
fn tell(log: &Path, message: &str) {
    let mut end = message.len().min(LONGEST_MESSAGE);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    let text = message.get(..end).unwrap_or_default();
    let written =
        fs::OpenOptions::new().write(true).open(log).and_then(|mut file| file.write_all(text.as_bytes()));
    if let Err(error) = written
        && error.kind() != io::ErrorKind::NotFound
    {
        terminal::remark(&format!("no message is left in {}: {error}", log.display()));
    }
}

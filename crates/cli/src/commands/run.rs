//! `bartizan run`: start a command, let the library watch it, sign what it states, keep the command's exit code.

use crate::arguments::{RunArguments, SigningArguments};
use crate::commands::scan::write_whole;
use crate::commands::sign::{digest_cache, may_replace, remember};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{keyfile, project, terminal};
use bartizan_evidence::digest::Digest;
use bartizan_evidence::dsse::Envelope;
use bartizan_evidence::keys::SigningKey;
use bartizan_evidence::run::provenance::{Mark, Observed, RunStatement};
use bartizan_evidence::run::{
    Interruptions, Method, RunError, RunRequest, become_launched, become_traced, record,
};
use bartizan_evidence::statement::{PAYLOAD_TYPE, Statement};
use bartizan_evidence::store::{Blobs, FOLDER, LARGEST_BLOB};
use std::ffi::OsString;
use std::fs;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::{Path, PathBuf};

/// Where statements of runs lie, below the project's root.
pub(crate) const RUNS: &str = ".bartizan/runs";
/// Most gaps told on standard error; the statement holds all.
const MOST_REMARKS: usize = 5;

/// Runs the command.
///
/// # Errors
/// [`Failure`] when the command cannot be started or its statement cannot be signed and kept.
pub(crate) fn run(arguments: &RunArguments) -> Result<Exit, Failure> {
    let directory = here()?;
    let root = root_folder(arguments.project.as_deref(), &directory)?;
    // Before anything runs: a training of days must not end in a missing key.
    let key = signing_key(&arguments.signing, &root)?;
    drop(project::for_signing(Some(&root.join(FOLDER)), &key)?);
    let signals = Interruptions::hold()?;
    let invocation = new_name();
    let cache = (!arguments.no_cache).then(digest_cache).flatten();
    let request = RunRequest {
        command: arguments.command.clone(),
        directory,
        data: arguments.data.clone(),
        code: arguments.code.clone(),
        outputs: arguments.output.clone(),
        variables: std::env::vars_os().collect(),
        allowed: arguments.env.clone(),
        output_aside: false,
        takes_orphans: true,
        launcher: launcher("__launched")?,
        method: method(arguments)?,
        invocation: invocation.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        clock: &now,
        system: PathBuf::from("/"),
        cache: cache.as_ref(),
        root,
    };
    let recorded = match record(&request, &signals) {
        Err(RunError::Interrupted(signal)) => {
            terminal::remark(&RunError::Interrupted(signal).to_string());
            return Ok(Exit::Command(u8::try_from(signal.saturating_add(128)).unwrap_or(1)));
        }
        other => other?,
    };
    remember(cache.as_ref());
    if arguments.keep_outputs {
        keep_outputs(&recorded.statement, &request.root)?;
    }
    let kept = keep(
        &recorded.statement,
        &key,
        &request.root,
        &invocation,
        arguments.signing.output_statement.as_deref(),
    )?;
    drop(signals);
    remarks(&recorded.statement, &invocation, &kept);
    Ok(Exit::Command(recorded.ending.exit_code()))
}

/// Becomes the command that `run --trace` follows.
///
/// # Errors
/// [`RunError`] when it cannot be executed.
pub(crate) fn traced(command: &[OsString]) -> Result<Exit, Failure> {
    match become_traced(command)? {}
}

/// Becomes the command that `run` waits for.
///
/// # Errors
/// [`RunError`] when it cannot be executed.
pub(crate) fn launched(command: &[OsString]) -> Result<Exit, Failure> {
    match become_launched(command)? {}
}

/// This program again, as one of its own hidden commands. Only where signals are held back is there anything to wait for.
pub(crate) fn launcher(command: &str) -> Result<Vec<OsString>, Failure> {
    if !cfg!(target_os = "linux") {
        return Ok(Vec::new());
    }
    Ok(vec![std::env::current_exe()?.into(), command.into(), "--".into()])
}

fn method(arguments: &RunArguments) -> Result<Method, Failure> {
    if arguments.trace {
        return Ok(Method::Trace { launcher: launcher("__traced")? });
    }
    Ok(if arguments.no_watch { Method::Declared } else { Method::Watch })
}

/// The working folder, without links in its path.
///
/// # Errors
/// When it is gone.
pub(crate) fn here() -> Result<PathBuf, Failure> {
    let here = std::env::current_dir().and_then(|folder| fs::canonicalize(&folder));
    here.map_err(|error| Failure::Read { what: "working folder", path: ".".into(), error })
}

/// The project's root: the folder named, else the nearest one above that says it is one, else this one.
///
/// # Errors
/// When the folder named is not there.
pub(crate) fn root_folder(named: Option<&Path>, here: &Path) -> Result<PathBuf, Failure> {
    if let Some(named) = named {
        let failed = |error| Failure::Read { what: "project folder", path: named.to_owned(), error };
        return fs::canonicalize(named).map_err(failed);
    }
    let is_root = |folder: &&Path| folder.join("bartizan.toml").is_file() || folder.join(".git").exists();
    Ok(here.ancestors().find(is_root).unwrap_or(here).to_owned())
}

/// The key that signs.
///
/// # Errors
/// [`Failure::NoKey`], and what reading it gives.
pub(crate) fn signing_key(arguments: &SigningArguments, root: &Path) -> Result<SigningKey, Failure> {
    let path = arguments.key.clone().unwrap_or_else(|| root.join("bartizan.key"));
    if arguments.key.is_none() && !path.is_file() {
        return Err(Failure::NoKey(path));
    }
    if let Some(statement) = &arguments.output_statement {
        may_replace(statement, [path.as_path()])?;
    }
    keyfile::signing_key(&path, &arguments.passphrase)
}

/// A name that no other run has: the time, and what the system's randomness gives.
pub(crate) fn new_name() -> String {
    let random = RandomState::new().build_hasher().finish();
    let time = now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let mut name = format!("{time}-{random:016x}");
    name.truncate(time.len().saturating_add(13));
    name
}

/// The time of day.
pub(crate) fn now() -> jiff::Timestamp {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// Where a statement was kept, and what it is called.
pub(crate) struct Kept {
    /// SHA-256 of what was signed.
    pub(crate) digest: Digest,
    /// Its file.
    pub(crate) path: PathBuf,
}

/// Signs a statement, records it in the project's store, and writes it under its run's name and to `also`. Each file appears
/// whole or not at all.
///
/// # Errors
/// [`Failure::Envelope`] and [`Failure::Write`].
pub(crate) fn keep<P: serde::Serialize>(
    statement: &Statement<P>,
    key: &SigningKey,
    root: &Path,
    name: &str,
    also: Option<&Path>,
) -> Result<Kept, Failure> {
    let payload = statement.to_payload().map_err(RunError::from)?;
    let digest = Digest::sha256(&payload);
    let envelope = Envelope::sign(payload, PAYLOAD_TYPE, key)?;
    project::for_signing(Some(&root.join(FOLDER)), key)?.record(&envelope)?;
    let envelope = envelope.to_json()?;
    let folder = root.join(RUNS);
    fs::create_dir_all(&folder).map_err(|error| Failure::Write { path: folder.clone(), error })?;
    let path = folder.join(format!("{name}.json"));
    for path in [Some(path.as_path()), also].into_iter().flatten() {
        write_whole(path, |out| out.write_all(&envelope))?;
    }
    Ok(Kept { digest, path })
}

/// Keeps what the run made among the store's blobs, so that a later run can be measured against it whatever becomes of the
/// files. What is too large for a blob is named.
fn keep_outputs(statement: &RunStatement, root: &Path) -> Result<(), Failure> {
    let blobs = Blobs::open(&root.join(FOLDER))?;
    for output in &statement.subject {
        let Some(name) = output.name.as_deref() else { continue };
        let path = root.join(name);
        let Ok(metadata) = fs::metadata(&path) else { continue };
        if !metadata.is_file() {
            continue;
        }
        if metadata.len() > LARGEST_BLOB {
            terminal::remark(&format!("{name} is not kept: it is larger than {LARGEST_BLOB} bytes"));
            continue;
        }
        let failed = |error| Failure::Read { what: "output", path: path.clone(), error };
        blobs.put(&fs::read(&path).map_err(failed)?)?;
    }
    Ok(())
}

fn remarks(statement: &RunStatement, name: &str, kept: &Kept) {
    let observation = statement.predicate.as_ref().map(|run| &run.run_details.metadata.observation);
    if let Some(observation) = observation {
        for gap in observation.gaps.iter().take(MOST_REMARKS) {
            terminal::remark(&format!("incomplete: {gap}"));
        }
        if let Some(more) = observation.gaps.len().checked_sub(MOST_REMARKS).filter(|more| *more > 0) {
            terminal::remark(&format!("incomplete: {more} more reasons are in the statement"));
        }
        let undeclared = undeclared(observation);
        if undeclared > 0 {
            terminal::remark(&format!(
                "{undeclared} files were touched that were not declared; the statement lists them"
            ));
        }
    }
    terminal::remark(&format!("run {name} recorded as {}", kept.digest));
    terminal::remark(&format!("statement written to {}", kept.path.display()));
}

fn undeclared(observation: &Observed) -> usize {
    observation.files.iter().filter(|file| file.mark == Mark::Undeclared).count()
}

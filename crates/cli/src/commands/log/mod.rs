//! `bartizan log`: begin, append, prove, verify, export, witness. What a log is lies in the library.

mod append;
mod export;
pub(crate) mod timestamps;
mod verify;
#[cfg(feature = "witness")]
mod witness;

use crate::arguments::{
    CheckpointArguments, LogArguments, LogCommand, PassphraseArguments, ProveArguments, SignerArguments,
};
use crate::commands::scan::write_whole;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::place::{self, Place};
use crate::{keyfile, terminal};
use bartizan_evidence::log::checkpoint::{CHECKPOINT_FILE, Checkpoint};
use bartizan_evidence::log::note::Note;
use bartizan_evidence::log::proof_file::ProofFile;
use bartizan_evidence::log::storage::Files;
use bartizan_evidence::log::witness::AddCheckpoint;
use bartizan_evidence::log::{
    Clock, Log, LogError, LogReader, LoggedStatements, NoteKey, NoteSigner, WriterOptions,
};
use bartizan_evidence::store::{SqliteIndex, StatementLog, Store, StoreError, Trust};
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// How far the clocks of machines that share a log may differ, in seconds, before an earlier time is told.
const CLOCK_TOLERANCE_S: i64 = 300;
/// Longest file read for a key, a checkpoint, a proof or an entry, in bytes: a note with very many signatures.
const LONGEST_FILE: u64 = 4 << 20;

/// Runs the command.
///
/// # Errors
/// [`Failure`] when the log cannot be read or written.
pub(crate) fn run(arguments: &LogArguments) -> Result<Exit, Failure> {
    match &arguments.command {
        LogCommand::Init { folder, origin, signer } => init(folder, origin, signer),
        LogCommand::Append(append) => append::run(append),
        LogCommand::Checkpoint(checkpoint) => show_checkpoint(checkpoint),
        LogCommand::Prove(prove) => self::prove(prove),
        LogCommand::Verify(verify) => verify::run(verify),
        LogCommand::Export(export) => export::run(export),
        LogCommand::TimestampRequest { path, output } => timestamps::request(path, output),
        LogCommand::Reindex { store, key } => reindex(store.as_deref(), key),
        #[cfg(feature = "witness")]
        LogCommand::Witness(witness) => witness::run(witness),
    }
}

fn init(folder: &Path, origin: &str, signer: &SignerArguments) -> Result<Exit, Failure> {
    let signer = note_signer(origin, &signer.key, &signer.passphrase)?;
    let key = signer.key().to_string();
    Place::of(folder)?.create(signer, clock())?.close()?;
    writeln!(io::stdout().lock(), "{key}")?;
    Ok(Exit::Done)
}

fn show_checkpoint(arguments: &CheckpointArguments) -> Result<Exit, Failure> {
    if let Some(key) = &arguments.key {
        open(&arguments.folder, key, &arguments.passphrase)?.close()?;
    }
    #[cfg(feature = "witness")]
    if !arguments.witness.is_empty() {
        witness::cosign(arguments)?;
    }
    let place = Place::of(&arguments.folder)?;
    let (_, note) = unverified_checkpoint(place.files())?;
    write!(io::stdout().lock(), "{note}")?;
    Ok(Exit::Done)
}

fn prove(arguments: &ProveArguments) -> Result<Exit, Failure> {
    if let Some(path) = arguments.output.as_deref().filter(|_| !arguments.force) {
        may_replace(path)?;
    }
    let place = Place::of(&arguments.folder)?;
    let key = note_key(&arguments.key)?;
    let reader = LogReader::open(place.files(), &[&key])?;
    let text = match (arguments.index, arguments.extends) {
        (_, Some(old)) => {
            let (proof, root) = reader.consistency_proof(old)?;
            let request = AddCheckpoint { old, proof, checkpoint: reader.checkpoint().note.clone() };
            terminal::remark(&format!("the root at {old} entries is {root}"));
            request.to_string()
        }
        (Some(index), None) => {
            // With the entry in it, whoever has the envelope needs nothing else.
            let proof = reader.prove(index)?;
            ProofFile { extra: Some(reader.entry(index)?), ..proof }.to_string()
        }
        (None, None) => return Err(LogError::Closed.into()),
    };
    match &arguments.output {
        None => io::stdout().lock().write_all(text.as_bytes())?,
        Some(path) => write_whole(path, |out| out.write_all(text.as_bytes()))?,
    }
    Ok(Exit::Done)
}

/// Refuses to put a proof in the place of anything but an older proof.
fn may_replace(path: &Path) -> Result<(), Failure> {
    let there = fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() > 0);
    if there && !read("proof", path).is_ok_and(|bytes| is_proof(&bytes)) {
        return Err(Failure::Overwritten {
            path: path.to_owned(),
            what: "a file that is no proof".to_owned(),
            remedy: "name another file, move that one away, or replace it with --force",
        });
    }
    Ok(())
}

/// Whether a file is a proof of inclusion, or one of consistency for a witness.
fn is_proof(bytes: &[u8]) -> bool {
    ProofFile::parse(bytes).is_ok() || bytes.starts_with(b"old ")
}

fn reindex(store: Option<&Path>, key: &str) -> Result<Exit, Failure> {
    // Index and trusted keys are this machine's own, also when log and blobs lie in an object store.
    let root = match store {
        Some(store) if !place::is_object_store(store) => store.to_owned(),
        _ => Store::find(&std::env::current_dir().unwrap_or_default())?,
    };
    let shared = store.map_or_else(|| place::shared_or(&root), Path::to_owned);
    let log = LoggedStatements::in_files(Place::of(&shared.join("log"))?.into_files(), note_key(key)?);
    let trust = Trust::of_store(&root)?;
    let index = SqliteIndex::open(&root.join("index.sqlite")).map_err(StoreError::from)?;
    let log: Option<Box<dyn StatementLog>> = Some(Box::new(log));
    let done = Store::with_index(&root, place::blobs(&shared)?, log, Box::new(index), trust)?.reindex()?;
    let mut out = io::stdout().lock();
    let mut changed = done.changed.join(", ");
    if changed.is_empty() {
        "nothing".clone_into(&mut changed);
    }
    writeln!(
        out,
        "{} statements indexed, {} of them outside the log; changed: {changed}",
        done.statements, done.unlogged
    )?;
    for bartizan_evidence::store::Gap { entry: place, reason } in &done.left_out {
        writeln!(out, "left out: entry {place}: {}", bartizan_core::printable(reason, 500))?;
    }
    Ok(if done.left_out.is_empty() { Exit::Done } else { Exit::Incomplete })
}

/// A log opened for appending; its origin is that of its checkpoint.
fn open(folder: &Path, key: &Path, passphrase: &PassphraseArguments) -> Result<Log, Failure> {
    let place = Place::of(folder)?;
    let (checkpoint, _) = unverified_checkpoint(place.files())?;
    let signer = note_signer(&checkpoint.origin, key, passphrase)?;
    Ok(place.open(signer, clock(), WriterOptions::default())?)
}

/// The checkpoint of a log as it lies there, not verified: whoever writes on checks it with the log's own key.
fn unverified_checkpoint(files: &dyn Files) -> Result<(Checkpoint, Note), Failure> {
    let path = PathBuf::from(format!("{}/{CHECKPOINT_FILE}", files.place()));
    let unreadable = |error| Failure::Read { what: "checkpoint", path: path.clone(), error };
    let bytes = files
        .read(CHECKPOINT_FILE)
        .map_err(unreadable)?
        .ok_or_else(|| LogError::NoLog { place: files.place() })?;
    let read =
        Note::parse(&bytes).map_err(Into::into).and_then(|note| Ok((Checkpoint::parse(note.text())?, note)));
    Ok(read.map_err(|error| LogError::Checkpoint { place: files.place(), error })?)
}

fn note_signer(origin: &str, key: &Path, passphrase: &PassphraseArguments) -> Result<NoteSigner, Failure> {
    let key = keyfile::signing_key(key, passphrase)?;
    Ok(NoteSigner::for_log(origin, Box::new(key)).map_err(LogError::from)?)
}

/// A verifier key, given as such or as the file that holds it.
fn note_key(given: &str) -> Result<NoteKey, Failure> {
    let text = if given.contains('+') && !Path::new(given).exists() {
        given.to_owned()
    } else {
        let bytes = read("verifier key", &PathBuf::from(given))?;
        String::from_utf8_lossy(&bytes).lines().next().unwrap_or_default().to_owned()
    };
    Ok(text.trim().parse::<NoteKey>().map_err(LogError::from)?)
}

/// A small file that the user named.
pub(crate) fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, Failure> {
    let unreadable = |error| Failure::Read { what, path: path.to_owned(), error };
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(unreadable)?;
    file.take(LONGEST_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LONGEST_FILE {
        return Err(unreadable(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 4 MiB")));
    }
    Ok(bytes)
}

/// Seconds since 1970 by the machine's clock.
fn now() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default()
}

fn clock() -> Clock {
    Box::new(now)
}

//! `bartizan log append`: envelopes into the blobs, their digests into the log.

use super::{CLOCK_TOLERANCE_S, clock, note_signer, now, read, unverified_checkpoint};
use crate::arguments::{AppendArguments, TextOrJson};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::place::{self, Place};
use bartizan_evidence::dsse::Envelope;
use bartizan_evidence::log::checkpoint::{Checkpoint, SignedCheckpoint};
use bartizan_evidence::log::entry::LogEntry;
use bartizan_evidence::log::note::Note;
use bartizan_evidence::log::storage::Files;
use bartizan_evidence::log::{Hash, LogError, LogReader, WriterOptions};
use bartizan_evidence::timestamp::{Content, check_content};
use jiff::Timestamp;
use serde_json::json;
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;

/// What one file becomes.
struct Prepared {
    path: PathBuf,
    entry: Vec<u8>,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when a file is no envelope, or the log cannot be written. Nothing is appended then, unless writing failed midway.
pub(super) fn run(arguments: &AppendArguments) -> Result<Exit, Failure> {
    let place = Place::of(&arguments.folder)?;
    let (checkpoint, note) = unverified_checkpoint(place.files())?;
    let signer = note_signer(&checkpoint.origin, &arguments.signer.key, &arguments.signer.passphrase)?;
    let time = Timestamp::from_second(i64::try_from(now()).unwrap_or(i64::MAX)).unwrap_or_default();
    if !arguments.raw && !arguments.clock_was_wrong {
        check_clock(place.files(), checkpoint, note, time)?;
    }
    let prepared = prepare(arguments, time)?;
    let options = WriterOptions { clock_was_wrong: arguments.clock_was_wrong, ..WriterOptions::default() };
    let log = place.open(signer, clock(), options)?;
    let pending: Result<Vec<_>, LogError> =
        prepared.iter().map(|each| log.submit(each.entry.clone())).collect();
    let mut out = io::stdout().lock();
    for (each, pending) in prepared.iter().zip(pending?) {
        let index = pending.wait()?;
        let leaf = Hash::leaf(&each.entry);
        match arguments.format {
            TextOrJson::Text => writeln!(out, "{index} {}", each.path.display())?,
            TextOrJson::Json => {
                let line = json!({"index": index, "file": each.path, "leaf": leaf.to_string()});
                writeln!(out, "{line}")?;
            }
        }
    }
    out.flush()?;
    log.close()?;
    Ok(Exit::Done)
}

fn prepare(arguments: &AppendArguments, time: Timestamp) -> Result<Vec<Prepared>, Failure> {
    let timestamp = arguments.timestamp.as_deref().map(|path| read("timestamp token", path)).transpose()?;
    let store = arguments.store.clone().unwrap_or_else(|| place::above(&arguments.folder));
    let mut blobs = None;
    let mut prepared = Vec::new();
    for path in &arguments.files {
        let bytes = if path.as_os_str() == "-" {
            let mut bytes = Vec::new();
            let unreadable =
                |error| Failure::Read { what: "envelope", path: PathBuf::from("(standard input)"), error };
            io::stdin().lock().read_to_end(&mut bytes).map_err(unreadable)?;
            bytes
        } else if arguments.raw {
            read("entry", path)?
        } else {
            std::fs::read(path).map_err(|error| Failure::Read {
                what: "envelope",
                path: path.clone(),
                error,
            })?
        };
        if arguments.raw {
            prepared.push(Prepared { path: path.clone(), entry: bytes });
            continue;
        }
        let not_logged = |problem: String| Failure::NotLogged { path: path.clone(), problem };
        let envelope = Envelope::from_json(&bytes).map_err(|error| not_logged(error.to_string()))?;
        let mut entry = LogEntry::of_envelope(&bytes, &envelope, Some(time.to_string()));
        if let Some(kind) = &entry.predicate_type {
            crate::commands::attest::known(kind);
        }
        if let Some(token) = &timestamp {
            // An entry stays for ever: a token for something else has no place in it.
            check_content(token, Content::Message(&bytes)).map_err(|error| not_logged(error.to_string()))?;
            entry.timestamp = Some(base64(token));
        }
        let entry = entry.to_bytes().map_err(|error| not_logged(error.to_string()))?;
        if blobs.is_none() {
            blobs = Some(place::blobs(&store)?);
        }
        if let Some(blobs) = &blobs {
            blobs.put(&bytes)?;
        }
        prepared.push(Prepared { path: path.clone(), entry });
    }
    Ok(prepared)
}

/// Refuses to log under a time well before that of the last entry.
fn check_clock(
    files: &dyn Files,
    checkpoint: Checkpoint,
    note: Note,
    time: Timestamp,
) -> Result<(), Failure> {
    let Some(last) = checkpoint.size.checked_sub(1) else { return Ok(()) };
    let signed = SignedCheckpoint { checkpoint, note, believed: Vec::new() };
    // A last entry that cannot be read is for `verify` to name, and entries of others have no time.
    let entry =
        LogReader::at(files, signed).entry(last).ok().and_then(|bytes| LogEntry::from_bytes(&bytes).ok());
    let logged = entry.and_then(|entry| entry.time).and_then(|time| time.parse::<Timestamp>().ok());
    match logged {
        Some(logged) if time.as_second().saturating_add(CLOCK_TOLERANCE_S) < logged.as_second() => {
            let seconds = |time: Timestamp| u64::try_from(time.as_second()).unwrap_or_default();
            let place = files.place();
            Err(LogError::ClockWentBack { place, last: seconds(logged), now: seconds(time) }.into())
        }
        _ => Ok(()),
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

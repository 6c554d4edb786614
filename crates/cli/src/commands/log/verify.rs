//! `bartizan log verify`: a verdict over a whole log or one proof file.

use super::timestamps::{self, InEntries};
use super::{CLOCK_TOLERANCE_S, note_key, read};
use crate::arguments::{TextOrJson, VerifyLogArguments};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::place::Place;
use crate::project;
use bartizan_evidence::digest::Digest;
use bartizan_evidence::dsse::{Envelope, LONGEST_ENVELOPE};
use bartizan_evidence::log::checkpoint::{CHECKPOINT_FILE, Checkpoint, SignedCheckpoint};
use bartizan_evidence::log::entry::LogEntry;
use bartizan_evidence::log::note::Note;
use bartizan_evidence::log::policy::Policy;
use bartizan_evidence::log::proof_file::ProofFile;
use bartizan_evidence::log::verify::{verify, verify_extends};
use bartizan_evidence::log::{Hash, LogError, NoteKey};
use bartizan_evidence::timestamp::Timestamped;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::Path;

/// What is said about a log or a proof.
#[derive(Default)]
struct Verdict {
    checkpoint: Option<Checkpoint>,
    signers: Vec<String>,
    witnesses: Vec<(String, u64)>,
    /// Timestamps of checkpoints, with the entries these have.
    timestamps: Vec<(Timestamped, u64)>,
    /// How many entries have a timestamp that stands, and who gave them.
    stamped: (u64, Vec<String>),
    /// File (or what else is wrong) and why it is refused.
    reasons: Vec<(String, String)>,
    /// What holds, but should be looked at.
    warnings: Vec<String>,
    /// What keeps the verdict from being about everything that lies there.
    incomplete: Vec<String>,
    index: Option<u64>,
    /// The envelope that a proof is about, when its entry says so.
    envelope: Option<Digest>,
    bytes: u64,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when something cannot be read; a log that is refused is no failure.
pub(super) fn run(arguments: &VerifyLogArguments) -> Result<Exit, Failure> {
    let keys = arguments.key.iter().map(|key| note_key(key)).collect::<Result<Vec<_>, _>>()?;
    let policy = arguments.policy.as_deref().map(read_policy).transpose()?;
    let mut all: Vec<&NoteKey> = keys.iter().collect();
    all.extend(policy.iter().flat_map(Policy::logs));
    let mut verdict = Verdict::default();
    if arguments.path.is_file() {
        proof(arguments, &all, policy.as_ref(), &mut verdict)?;
    } else {
        log(arguments, &all, policy.as_ref(), &mut verdict)?;
    }
    let mut out = io::stdout().lock();
    match arguments.format {
        TextOrJson::Text => verdict.text(&mut out)?,
        TextOrJson::Json => writeln!(out, "{:#}", verdict.json())?,
    }
    out.flush()?;
    Ok(verdict.exit())
}

fn read_policy(path: &Path) -> Result<Policy, Failure> {
    Policy::parse(&read("policy", path)?)
        .map_err(|error| Failure::NotLogged { path: path.to_owned(), problem: error.to_string() })
}

fn log(
    arguments: &VerifyLogArguments,
    keys: &[&NoteKey],
    policy: Option<&Policy>,
    verdict: &mut Verdict,
) -> Result<(), Failure> {
    let place = Place::of(&arguments.path)?;
    let files = place.files();
    let mut last: Option<(u64, Timestamp)> = None;
    let mut went_back = Vec::new();
    let mut tokens = InEntries::new(timestamps::roots(&arguments.timestamp_root)?);
    let outcome = verify(files, keys, &mut |index, bytes| {
        let Ok(entry) = LogEntry::from_bytes(bytes) else { return };
        tokens.see(index, &entry);
        let Some(time) = entry.time.and_then(|time| time.parse::<Timestamp>().ok()) else { return };
        if let Some((before, earlier)) = last
            && time.as_second().saturating_add(CLOCK_TOLERANCE_S) < earlier.as_second()
            && went_back.len() < 100
        {
            went_back.push(format!(
                "the clock went back: entry {index} says {time}, entry {before} before it {earlier}; rely on the times of neither, \
                 timestamps (`log append --timestamp`) do not depend on a clock of the log's"
            ));
        }
        last = Some((index, time));
    });
    let verified = match outcome {
        Ok(verified) => verified,
        Err(LogError::Checkpoint { error, .. }) => {
            verdict.reasons.push((CHECKPOINT_FILE.to_owned(), error.to_string()));
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    verdict.bytes = verified.bytes;
    verdict.warnings = went_back;
    verdict.reasons.extend(verified.problems.into_iter().map(|problem| (problem.path, problem.what)));
    let beyond =
        verified.unchecked.iter().map(|path| format!("{path}: the checkpoint says nothing about it"));
    verdict.warnings.extend(beyond);
    if let Some(beyond) = verified.beyond {
        let size = verified.signed.checkpoint.size;
        verdict.incomplete.push(format!(
            "the checkpoint counts {size} entries, and tiles lie there for {beyond}: an older checkpoint was put back, or a writer was \
             interrupted before it signed. `bartizan log checkpoint {} --key FILE` signs what an interrupted writer left; a newer \
             checkpoint that was kept, given with --checkpoint FILE, shows an older one for what it is",
            arguments.path.display()
        ));
    }
    judge_signatures(&verified.signed, keys, policy, verdict);
    verdict.reasons.append(&mut tokens.refused);
    verdict.stamped = (tokens.believed, tokens.authorities.into_iter().collect());
    if tokens.unchecked > 0 {
        verdict.warnings.push(format!(
            "the timestamps in {} entries were not checked: no --timestamp-root was given",
            tokens.unchecked
        ));
    }
    let mut checkpoints = vec![verified.signed.checkpoint.clone()];
    for path in &arguments.checkpoint {
        let name = path.display().to_string();
        match SignedCheckpoint::open(&read("checkpoint", path)?, keys) {
            Err(error) => verdict.reasons.push((name, error.to_string())),
            Ok(older) => match verify_extends(files, &verified.signed, &older.checkpoint) {
                Ok(()) => checkpoints.push(older.checkpoint),
                Err(error @ (LogError::Read { .. } | LogError::Missing { .. })) => return Err(error.into()),
                Err(error) => verdict.reasons.push((name, error.to_string())),
            },
        }
    }
    judge_timestamps(arguments, &checkpoints, verdict)?;
    verdict.checkpoint = Some(verified.signed.checkpoint);
    Ok(())
}

/// What the timestamps that were given say of the checkpoints that hold.
fn judge_timestamps(
    arguments: &VerifyLogArguments,
    checkpoints: &[Checkpoint],
    verdict: &mut Verdict,
) -> Result<(), Failure> {
    let roots = timestamps::roots(&arguments.timestamp_root)?;
    for path in &arguments.timestamp {
        match timestamps::of_checkpoints(&read("timestamp", path)?, checkpoints, &roots) {
            Ok(stamp) => verdict.timestamps.push(stamp),
            Err(error) => verdict.reasons.push((path.display().to_string(), error.to_string())),
        }
    }
    Ok(())
}

fn proof(
    arguments: &VerifyLogArguments,
    keys: &[&NoteKey],
    policy: Option<&Policy>,
    verdict: &mut Verdict,
) -> Result<(), Failure> {
    let name = arguments.path.display().to_string();
    let given = arguments.entry.as_deref();
    let given = given.map(|path| project::document("entry", path, LONGEST_ENVELOPE)).transpose()?;
    let proof = match ProofFile::parse(&read("proof", &arguments.path)?) {
        Ok(proof) => proof,
        Err(error) => {
            verdict.reasons.push((name, error.to_string()));
            return Ok(());
        }
    };
    verdict.index = Some(proof.index);
    let entry = match (given, &proof.extra) {
        (Some(given), carried) => match entry_about(&given, carried.as_deref()) {
            Ok(entry) => entry,
            Err(problem) => {
                let path = arguments.entry.as_deref().map(|path| path.display().to_string());
                verdict.reasons.push((path.unwrap_or_default(), problem));
                return Ok(());
            }
        },
        (None, Some(carried)) => carried.clone(),
        (None, None) => {
            return Err(Failure::NotLogged {
                path: arguments.path.clone(),
                problem: "the proof carries no entry; give the entry, or its envelope, with --entry FILE"
                    .to_owned(),
            });
        }
    };
    let outcome = proof.verify(&Hash::leaf(&entry), keys).map_err(|error| error.to_string()).and_then(|_| {
        let checkpoint = proof.checkpoint.to_string();
        SignedCheckpoint::open(checkpoint.as_bytes(), keys).map_err(|error| error.to_string())
    });
    let signed = match outcome {
        Ok(signed) => signed,
        Err(problem) => {
            verdict.reasons.push((name, problem));
            return Ok(());
        }
    };
    verdict.envelope = LogEntry::from_bytes(&entry).ok().map(|entry| entry.envelope);
    judge_signatures(&signed, keys, policy, verdict);
    compare_with_kept(arguments, &signed.checkpoint, keys, verdict)?;
    judge_timestamps(arguments, std::slice::from_ref(&signed.checkpoint), verdict)?;
    verdict.checkpoint = Some(signed.checkpoint);
    Ok(())
}

/// The entry that is to be proven: the file given, or the entry that the proof carries when the file is the envelope it is about.
///
/// # Errors
/// What is wrong, when the file is an envelope and the entry is not about it.
fn entry_about(given: &[u8], carried: Option<&[u8]>) -> Result<Vec<u8>, String> {
    let Ok(envelope) = Envelope::from_json(given) else { return Ok(given.to_vec()) };
    let digest = Digest::sha256(given);
    let Some(carried) = carried else {
        return Err(format!(
            "it is the envelope {digest}, and the proof carries no entry that would name it; make the proof anew with \
             `bartizan log prove`, or give the entry that `bartizan log export` shows"
        ));
    };
    let entry = LogEntry::from_bytes(carried).map_err(|error| format!("the proof carries {error}"))?;
    if entry.envelope != digest {
        return Err(format!("it is the envelope {digest}, and the proof is about {}", entry.envelope));
    }
    let as_logged = LogEntry {
        timestamp: entry.timestamp.clone(),
        ..LogEntry::of_envelope(given, &envelope, entry.time.clone())
    };
    if as_logged != entry {
        return Err("the entry names other subjects or another type than the envelope has; whoever logged it did not say \
                    the truth about it"
            .to_owned());
    }
    Ok(carried.to_vec())
}

/// Holds the checkpoint of a proof against those that were kept. Only checkpoints of one size can be compared without the log.
fn compare_with_kept(
    arguments: &VerifyLogArguments,
    checkpoint: &Checkpoint,
    keys: &[&NoteKey],
    verdict: &mut Verdict,
) -> Result<(), Failure> {
    for path in &arguments.checkpoint {
        let name = path.display().to_string();
        match SignedCheckpoint::open(&read("checkpoint", path)?, keys) {
            Err(error) => verdict.reasons.push((name, error.to_string())),
            Ok(kept) if kept.checkpoint.size != checkpoint.size => verdict.incomplete.push(format!(
                "{name} counts {} entries, the proof's checkpoint {}: whether one extends the other, the log alone shows; verify it \
                 with --checkpoint {name}",
                kept.checkpoint.size, checkpoint.size
            )),
            Ok(kept) if kept.checkpoint.root != checkpoint.root => {
                let (first, second) = (Box::new(kept.checkpoint), Box::new(checkpoint.clone()));
                verdict.reasons.push((name, LogError::Fork { first, second }.to_string()));
            }
            Ok(_) => {}
        }
    }
    Ok(())
}

/// Who signed, whether that is enough, and whose signatures nobody here could check.
fn judge_signatures(
    signed: &SignedCheckpoint,
    keys: &[&NoteKey],
    policy: Option<&Policy>,
    verdict: &mut Verdict,
) {
    let named = |key: &NoteKey| format!("{}+{:08x}", key.name(), key.id());
    verdict.signers =
        signed.believed.iter().filter_map(|each| keys.get(each.key)).map(|key| named(key)).collect();
    let mut known: Vec<&NoteKey> = keys.to_vec();
    if let Some(policy) = policy {
        known.extend(policy.witnesses().iter().map(|witness| &witness.key));
        match policy.check(&signed.note, keys) {
            Ok(satisfied) => verdict.witnesses = satisfied.witnesses,
            Err(error) => verdict.reasons.push((CHECKPOINT_FILE.to_owned(), error.to_string())),
        }
    }
    let note: &Note = &signed.note;
    for signature in note.unknown(&known) {
        verdict.warnings.push(format!(
            "the checkpoint's signature by {}+{:08x} was not checked: no key for it was given",
            signature.name, signature.key_id
        ));
    }
}

impl Verdict {
    fn exit(&self) -> Exit {
        if !self.reasons.is_empty() {
            Exit::Found
        } else if self.incomplete.is_empty() {
            Exit::Done
        } else {
            Exit::Incomplete
        }
    }

    fn word(&self) -> &'static str {
        match self.exit() {
            Exit::Done => "valid",
            Exit::Incomplete => "incomplete",
            _ => "refused",
        }
    }

    fn json(&self) -> Value {
        let reasons: Vec<Value> =
            self.reasons.iter().map(|(path, problem)| json!({"path": path, "problem": problem})).collect();
        let witnesses: Vec<Value> =
            self.witnesses.iter().map(|(name, time)| json!({"name": name, "time": time})).collect();
        let stamps: Vec<Value> = self
            .timestamps
            .iter()
            .map(|(stamp, size)| {
                let mut value = timestamps::json(stamp);
                if let Value::Object(members) = &mut value {
                    members.insert("size".to_owned(), json!(size));
                }
                value
            })
            .collect();
        json!({
            "schema": "bartizan.log-verdict/1",
            "verdict": self.word(),
            "origin": self.checkpoint.as_ref().map(|checkpoint| &checkpoint.origin),
            "size": self.checkpoint.as_ref().map(|checkpoint| checkpoint.size),
            "root": self.checkpoint.as_ref().map(|checkpoint| checkpoint.root.to_string()),
            "index": self.index,
            "envelope": self.envelope.as_ref().map(ToString::to_string),
            "signers": self.signers,
            "witnesses": witnesses,
            "timestamps": stamps,
            "timestamped_entries": {"count": self.stamped.0, "authorities": self.stamped.1},
            "reasons": reasons,
            "incomplete": self.incomplete,
            "warnings": self.warnings,
            "bytes": self.bytes,
        })
    }

    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let printable = |text: &str| bartizan_core::printable(text, 2_000).replace("\\n", "\n  ");
        writeln!(out, "{}", self.word())?;
        if let Some(checkpoint) = &self.checkpoint {
            writeln!(out, "origin   {}", printable(&checkpoint.origin))?;
            writeln!(out, "entries  {}", checkpoint.size)?;
            writeln!(out, "root     {}", checkpoint.root)?;
        }
        if let Some(index) = self.index {
            writeln!(out, "entry    {index}")?;
        }
        if let Some(envelope) = &self.envelope {
            writeln!(out, "envelope {envelope}")?;
        }
        self.signers.iter().try_for_each(|signer| writeln!(out, "signed   {}", printable(signer)))?;
        self.witnesses.iter().try_for_each(|(name, time)| {
            let time = i64::try_from(*time).ok().and_then(|time| Timestamp::from_second(time).ok());
            writeln!(out, "witness  {} at {}", printable(name), time.unwrap_or_default())
        })?;
        self.timestamps.iter().try_for_each(|(stamp, size)| {
            let (authority, root) = (printable(&stamp.authority), printable(&stamp.root));
            writeln!(out, "stamped  {size} entries at {} by {authority} (root {root})", stamp.time)
        })?;
        if self.stamped.0 > 0 {
            let authorities = printable(&self.stamped.1.join("; "));
            writeln!(out, "stamped  {} single entries by {authorities}", self.stamped.0)?;
        }
        self.reasons.iter().try_for_each(|(path, problem)| {
            writeln!(out, "refused  {}: {}", printable(path), printable(problem))
        })?;
        self.incomplete.iter().try_for_each(|gap| writeln!(out, "unknown  {}", printable(gap)))?;
        self.warnings.iter().try_for_each(|warning| writeln!(out, "warning  {}", printable(warning)))
    }
}

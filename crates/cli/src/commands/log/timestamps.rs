//! Timestamps of checkpoints and in entries: asking for them, and what they are worth.

use super::{read, unverified_checkpoint};
use crate::commands::scan::write_whole;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::keyfile;
use crate::place::Place;
use bartizan_evidence::keys::certificates_from_pem;
use bartizan_evidence::log::Checkpoint;
use bartizan_evidence::log::entry::LogEntry;
use bartizan_evidence::timestamp::{Content, TimestampError, Timestamped, verify};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Most entries named whose tokens are refused.
const MOST_REFUSED: usize = 1000;

/// Writes a request for a token over a checkpoint's text, or over a file.
///
/// # Errors
/// [`Failure`] when there is neither, or the request cannot be written.
pub(super) fn request(path: &Path, output: &Path) -> Result<Exit, Failure> {
    let message = if path.is_file() {
        read("file", path)?
    } else {
        unverified_checkpoint(Place::of(path)?.files())?.1.text().as_bytes().to_vec()
    };
    write_whole(output, |out| out.write_all(&bartizan_evidence::timestamp::request(&message)))?;
    Ok(Exit::Done)
}

/// The roots of authorities that are believed.
///
/// # Errors
/// [`Failure`] when a file holds none.
pub(crate) fn roots(files: &[PathBuf]) -> Result<Vec<Vec<u8>>, Failure> {
    let mut roots = Vec::new();
    for path in files {
        let certificates = certificates_from_pem(&keyfile::key_text(path)?);
        roots.extend(certificates.map_err(|error| Failure::Certificate { path: path.clone(), error })?);
    }
    Ok(roots)
}

/// A timestamp as JSON has it.
pub(crate) fn json(stamp: &Timestamped) -> Value {
    json!({
        "time": stamp.time.to_string(),
        "accuracy_s": stamp.accuracy.map(|accuracy| accuracy.as_secs_f64()),
        "authority": stamp.authority,
        "root": stamp.root,
        "policy": stamp.policy,
        "serial": stamp.serial,
    })
}

/// The timestamp of one of some checkpoints, and the size of that one.
///
/// # Errors
/// Why the token is not believed, or that it is over none of them.
pub(super) fn of_checkpoints(
    token: &[u8],
    checkpoints: &[Checkpoint],
    roots: &[Vec<u8>],
) -> Result<(Timestamped, u64), TimestampError> {
    let mut told = None;
    for checkpoint in checkpoints {
        match verify(token, Content::Message(checkpoint.to_string().as_bytes()), roots) {
            Ok(stamp) => return Ok((stamp, checkpoint.size)),
            Err(error @ TimestampError::OtherContent { .. }) => {
                told.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    Err(told
        .unwrap_or_else(|| TimestampError::Malformed("there is no checkpoint it could be over".to_owned())))
}

/// The tokens in the entries of a log, as they are passed.
pub(super) struct InEntries {
    roots: Vec<Vec<u8>>,
    /// Entries whose token stands.
    pub(super) believed: u64,
    /// Entries whose token nobody checked, for want of a root.
    pub(super) unchecked: u64,
    /// Who gave them.
    pub(super) authorities: BTreeSet<String>,
    /// Entries whose token is refused, and why.
    pub(super) refused: Vec<(String, String)>,
}

impl InEntries {
    /// None seen yet.
    pub(super) fn new(roots: Vec<Vec<u8>>) -> Self {
        let (authorities, refused) = (BTreeSet::new(), Vec::new());
        Self { roots, believed: 0, unchecked: 0, authorities, refused }
    }

    /// Looks at one entry.
    pub(super) fn see(&mut self, index: u64, entry: &LogEntry) {
        let Some(token) = &entry.timestamp else { return };
        if self.roots.is_empty() {
            self.unchecked += 1;
            return;
        }
        let token =
            STANDARD.decode(token).map_err(|_| TimestampError::Malformed("it is not base64".to_owned()));
        let judged =
            token.and_then(|token| verify(&token, Content::Sha256(entry.envelope.value()), &self.roots));
        match judged {
            Ok(stamp) => {
                self.believed += 1;
                self.authorities.insert(stamp.authority);
            }
            Err(error) if self.refused.len() < MOST_REFUSED => {
                self.refused.push((format!("entry {index}"), format!("its timestamp: {error}")));
            }
            Err(_) => {}
        }
    }
}

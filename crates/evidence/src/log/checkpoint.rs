//! Checkpoints: what a log says about itself, and under whose name.
//!
//! Source: C2SP tlog-checkpoint v1.0.0.

use super::hash::Hash;
use super::note::{Believed, Note, NoteError};
use super::note_key::{NoteKey, NoteSigner};
use super::tile::decimal;
use std::fmt;

/// Name of the file that holds a log's latest checkpoint.
pub const CHECKPOINT_FILE: &str = "checkpoint";
/// Most extension lines read; the specification advises against any.
const MOST_EXTENSIONS: usize = 64;

/// A log's size and root, under its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// What the log is called everywhere.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
    /// Further lines, which nothing here reads.
    pub extensions: Vec<String>,
}

/// Why a text is no checkpoint, or a checkpoint is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not of the shape of a checkpoint.
    #[error("not a checkpoint: {0}; expected origin, size and root, each on its own line")]
    Malformed(&'static str),
    /// The note around it.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The checkpoint is of another log.
    #[error("the checkpoint is of the log `{found}`, not of `{expected}`")]
    Origin {
        /// The origin it names.
        found: String,
        /// The origin that was asked for.
        expected: String,
    },
}

impl Checkpoint {
    /// A checkpoint without extensions.
    pub fn new(origin: String, size: u64, root: Hash) -> Self {
        Self { origin, size, root, extensions: Vec::new() }
    }

    /// Reads the text of a note.
    ///
    /// # Errors
    /// [`CheckpointError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let malformed = CheckpointError::Malformed;
        let body = text.strip_suffix('\n').ok_or(malformed("the last line does not end"))?;
        let mut lines = body.split('\n');
        let origin = lines.next().filter(|line| !line.is_empty()).ok_or(malformed("the origin is empty"))?;
        let size = lines
            .next()
            .and_then(decimal)
            .filter(|size| i64::try_from(*size).is_ok())
            .ok_or(malformed("the size is no decimal number below 2^63"))?;
        let root = lines
            .next()
            .and_then(Hash::from_base64)
            .ok_or(malformed("the root is not 32 bytes in base64"))?;
        let extensions: Vec<String> = lines.by_ref().take(MOST_EXTENSIONS).map(str::to_owned).collect();
        if lines.next().is_some() || extensions.iter().any(String::is_empty) {
            return Err(malformed("an extension line is empty, or there are too many"));
        }
        Ok(Self { origin: origin.to_owned(), size, root, extensions })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}\n{}\n{}", self.origin, self.size, self.root)?;
        self.extensions.iter().try_for_each(|line| writeln!(formatter, "{line}"))
    }
}

/// A checkpoint whose log's signature was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What is signed.
    pub checkpoint: Checkpoint,
    /// The note with all its signatures.
    pub note: Note,
    /// The signatures by the log that were checked.
    pub believed: Vec<Believed>,
}

impl SignedCheckpoint {
    /// Signs a checkpoint at a time in seconds since 1970.
    ///
    /// # Errors
    /// [`CheckpointError::Note`] when the key cannot sign, and [`CheckpointError::Origin`] when it is another log's.
    pub fn sign(checkpoint: &Checkpoint, signer: &NoteSigner, time: u64) -> Result<Self, CheckpointError> {
        let mut note = Note::new(checkpoint.to_string())?;
        note.sign(signer, time)?;
        Self::open(note.to_string().as_bytes(), &[signer.key()])
    }

    /// Reads a checkpoint signed by one of a log's keys, whose name is the origin.
    ///
    /// # Errors
    /// [`CheckpointError`], whichever way it fails.
    pub fn open(bytes: &[u8], log: &[&NoteKey]) -> Result<Self, CheckpointError> {
        let note = Note::parse(bytes)?;
        let believed = note.verify(log)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        if let Some(key) = log.iter().find(|key| key.name() != checkpoint.origin) {
            let signed = |believed: &Believed| {
                log.get(believed.key).is_some_and(|key| key.name() == checkpoint.origin)
            };
            if !believed.iter().any(signed) {
                return Err(CheckpointError::Origin {
                    found: checkpoint.origin,
                    expected: key.name().to_owned(),
                });
            }
        }
        Ok(Self { checkpoint, note, believed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{KeyAlgorithm, SigningKey};
    use crate::log::note_key::NoteSigner;

    fn signer(origin: &str) -> NoteSigner {
        NoteSigner::for_log(origin, Box::new(SigningKey::generate(KeyAlgorithm::Ed25519).unwrap())).unwrap()
    }

    #[test]
    fn a_checkpoint_reads_back() {
        let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\nx\n";
        let read = Checkpoint::parse(text).unwrap();
        assert_eq!((read.size, read.extensions.len()), (20_852_163, 1));
        assert_eq!(read.to_string(), text);
    }

    #[test]
    fn texts_that_are_almost_checkpoints_are_refused() {
        let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
        for text in [
            format!("o\n01\n{root}\n"),
            format!("o\n+1\n{root}\n"),
            format!("o\n-1\n{root}\n"),
            format!("o\n9223372036854775808\n{root}\n"),
            format!("\n1\n{root}\n"),
            format!("o\n1\n{root}"),
            format!("o\n1\n{root}\n\nx\n"),
            "o\n1\n".to_owned(),
            "o\n1\nAAAA\n".to_owned(),
        ] {
            assert!(Checkpoint::parse(&text).is_err(), "{text:?}");
        }
        assert!(Checkpoint::parse(&format!("o\n1\n{root}\n")).is_ok());
    }

    #[test]
    fn the_signature_must_be_by_the_log_that_the_checkpoint_names() {
        let (log, other) = (signer("log"), signer("other"));
        let mut note =
            Note::new(Checkpoint::new("log".to_owned(), 0, Hash::empty_tree()).to_string()).unwrap();
        note.sign(&other, 0).unwrap();
        let bytes = note.to_string().into_bytes();
        assert!(matches!(
            SignedCheckpoint::open(&bytes, &[other.key()]),
            Err(CheckpointError::Origin { .. })
        ));
        assert!(matches!(
            SignedCheckpoint::open(&bytes, &[log.key()]),
            Err(CheckpointError::Note(NoteError::NotSigned { .. }))
        ));
        note.sign(&log, 0).unwrap();
        assert!(SignedCheckpoint::open(note.to_string().as_bytes(), &[other.key(), log.key()]).is_ok());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_checkpoint_or_an_error(text: String) {
            let _ = Checkpoint::parse(&text);
        }
    }
}

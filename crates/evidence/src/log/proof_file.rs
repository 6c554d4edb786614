//! `.tlog-proof` files: everything needed to believe, offline, that an entry is in a log.
//!
//! Source: C2SP tlog-proof v1.

use super::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use super::hash::Hash;
use super::note::{LONGEST_NOTE, Note};
use super::note_key::NoteKey;
use super::proof::{LONGEST_PROOF, ProofError, verify_inclusion};
use super::tile::decimal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// First line of the file.
const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// Longest file read, in bytes: a note, the hashes, and as much extra data again.
pub const LONGEST_PROOF_FILE: usize = 2 * LONGEST_NOTE;

/// A proof that one entry is in one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofFile {
    /// Data for the application that reads it; not authenticated. `bartizan log prove` puts the entry here: it is believed once
    /// its leaf hash is proven.
    pub extra: Option<Vec<u8>>,
    /// Which entry.
    pub index: u64,
    /// The inclusion proof, from the leaf's sibling upwards.
    pub hashes: Vec<Hash>,
    /// The log's checkpoint, with its signatures.
    pub checkpoint: Note,
}

/// Why a file is no proof, or does not prove what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofFileError {
    /// Larger than [`LONGEST_PROOF_FILE`].
    #[error("the proof has {0} bytes; proofs up to {LONGEST_PROOF_FILE} bytes are read")]
    TooLong(usize),
    /// Not of the shape of a proof.
    #[error("not a transparency log proof: {0}; expected the format {HEADER}")]
    Malformed(&'static str),
    /// The checkpoint in it.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The hashes in it.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl ProofFile {
    /// Reads a proof. Nothing in it is to be believed before [`ProofFile::verify`].
    ///
    /// # Errors
    /// [`ProofFileError::TooLong`], [`ProofFileError::Malformed`], and [`ProofFileError::Checkpoint`] when the note cannot be
    /// read.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofFileError> {
        if bytes.len() > LONGEST_PROOF_FILE {
            return Err(ProofFileError::TooLong(bytes.len()));
        }
        let malformed = ProofFileError::Malformed;
        let text = std::str::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8"))?;
        let (head, checkpoint) =
            text.split_once("\n\n").ok_or(malformed("there is no empty line before the checkpoint"))?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(malformed("the first line is another"));
        }
        let mut line = lines.next();
        let mut extra = None;
        if let Some(data) = line.and_then(|line| line.strip_prefix("extra ")) {
            extra = Some(STANDARD.decode(data).map_err(|_| malformed("the extra data is not base64"))?);
            line = lines.next();
        }
        let index = line
            .and_then(|line| line.strip_prefix("index "))
            .and_then(decimal)
            .ok_or(malformed("the index line is missing or no decimal number"))?;
        let mut hashes = Vec::new();
        for line in lines {
            if hashes.len() >= LONGEST_PROOF {
                return Err(malformed("there are more hashes than the largest tree has levels"));
            }
            hashes.push(Hash::from_base64(line).ok_or(malformed("a hash is not 32 bytes in base64"))?);
        }
        let checkpoint = Note::parse(checkpoint.as_bytes()).map_err(CheckpointError::from)?;
        Ok(Self { extra, index, hashes, checkpoint })
    }

    /// Checks that the checkpoint is signed by one of the log's keys and has the leaf `leaf` where the proof says.
    ///
    /// # Errors
    /// [`ProofFileError::Checkpoint`] and [`ProofFileError::Proof`].
    pub fn verify(&self, leaf: &Hash, log: &[&NoteKey]) -> Result<Checkpoint, ProofFileError> {
        let signed = SignedCheckpoint::open(self.checkpoint.to_string().as_bytes(), log)?;
        let Checkpoint { size, root, .. } = &signed.checkpoint;
        verify_inclusion(leaf, self.index, *size, &self.hashes, root)?;
        Ok(signed.checkpoint)
    }
}

impl fmt::Display for ProofFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(formatter, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(formatter, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(formatter, "{hash}"))?;
        write!(formatter, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{KeyAlgorithm, SigningKey};
    use crate::log::note_key::NoteSigner;

    fn proof() -> (ProofFile, NoteSigner) {
        let key = SigningKey::generate(KeyAlgorithm::Ed25519).unwrap();
        let signer = NoteSigner::for_log("log", Box::new(key)).unwrap();
        let root = Hash::node(&Hash::leaf(b"a"), &Hash::leaf(b"b"));
        let mut note = Note::new(Checkpoint::new("log".to_owned(), 2, root).to_string()).unwrap();
        note.sign(&signer, 0).unwrap();
        let hashes = vec![Hash::leaf(b"a")];
        (ProofFile { extra: Some(b"x".to_vec()), index: 1, hashes, checkpoint: note }, signer)
    }

    #[test]
    fn a_proof_reads_back_and_proves_its_entry_only() {
        let (proof, signer) = proof();
        let read = ProofFile::parse(proof.to_string().as_bytes()).unwrap();
        assert_eq!(read, proof);
        assert_eq!(read.verify(&Hash::leaf(b"b"), &[signer.key()]).unwrap().size, 2);
        assert!(matches!(read.verify(&Hash::leaf(b"c"), &[signer.key()]), Err(ProofFileError::Proof(_))));
    }

    #[test]
    fn any_flipped_bit_but_in_the_extra_data_is_refused() {
        let (mut proof, signer) = proof();
        proof.extra = None;
        let text = proof.to_string();
        for place in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[place] ^= 1;
            let outcome =
                ProofFile::parse(&bytes).and_then(|proof| proof.verify(&Hash::leaf(b"b"), &[signer.key()]));
            assert!(outcome.is_err(), "byte {place}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_proof_or_an_error(bytes: Vec<u8>, text in "c2sp.org/tlog-proof@v1\n[a-z0-9 =\n]{0,80}") {
            let _ = ProofFile::parse(&bytes);
            let _ = ProofFile::parse(text.as_bytes());
        }
    }
}

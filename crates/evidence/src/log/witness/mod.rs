//! A witness: cosigns a checkpoint when it extends the last one it cosigned, and remembers that: [`Witness`].
//!
//! Source: C2SP tlog-witness, "add-checkpoint" and "Monitor Retrieval Mechanism". Here are the rules and the memory;
//! the server and the client that speak HTTP, plain or in TLS, need the feature `witness`.

#[cfg(feature = "witness")]
mod client;
#[cfg(feature = "witness")]
mod server;
#[cfg(feature = "witness")]
mod tls;

#[cfg(feature = "witness")]
pub use client::{WitnessClient, WitnessError, attach, attach_in};
#[cfg(feature = "witness")]
pub use server::{SharedClock, serve};
#[cfg(feature = "witness")]
pub use tls::{TlsError, TlsIdentity, TlsRoots};

use super::checkpoint::{CHECKPOINT_FILE, Checkpoint, SignedCheckpoint};
use super::error::LogError;
use super::hash::Hash;
use super::note::{LONGEST_NOTE, Note};
use super::note_key::{NoteKey, NoteSigner};
use super::proof::{LONGEST_PROOF, ProofError, verify_consistency};
use super::storage::Storage;
use super::tile::decimal;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::sync::Arc;

/// Longest request read, in bytes: a checkpoint, and a proof of 63 lines.
pub const LONGEST_REQUEST: usize = LONGEST_NOTE + 8192;
/// Media type of an answer that is a size.
pub const SIZE_TYPE: &str = "text/x.tlog.size";

/// What a log asks a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// Size of the checkpoint that the witness cosigned last, as the log believes.
    pub old: u64,
    /// Proof that the new one extends it.
    pub proof: Vec<Hash>,
    /// The new checkpoint with the log's signature.
    pub checkpoint: Note,
}

impl AddCheckpoint {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        if bytes.len() > LONGEST_REQUEST {
            return Err("the request is too long");
        }
        let text = std::str::from_utf8(bytes).map_err(|_| "the request is not UTF-8")?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or("there is no empty line")?;
        let mut lines = head.split('\n');
        let old = lines
            .next()
            .and_then(|line| line.strip_prefix("old "))
            .and_then(decimal)
            .ok_or("the first line is not `old` and a size")?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() >= LONGEST_PROOF {
                return Err("there are more than 63 lines of proof");
            }
            proof.push(Hash::from_base64(line).ok_or("a line of the proof is not 32 bytes in base64")?);
        }
        let checkpoint = Note::parse(checkpoint.as_bytes()).map_err(|_| "there is no signed checkpoint")?;
        Ok(Self { old, proof, checkpoint })
    }
}

impl std::fmt::Display for AddCheckpoint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(formatter, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(formatter, "{hash}"))?;
        write!(formatter, "\n{}", self.checkpoint)
    }
}

/// How a witness answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Media type of the body.
    pub media_type: &'static str,
    /// The body.
    pub body: String,
}

impl Answer {
    fn text(status: u16, body: impl Into<String>) -> Self {
        let mut body = body.into();
        if !body.ends_with('\n') {
            body.push('\n');
        }
        Self { status, media_type: "text/plain; charset=utf-8", body }
    }
}

/// A witness: its key, the logs it knows, and what it remembers of each.
pub struct Witness {
    signer: NoteSigner,
    logs: Vec<NoteKey>,
    storage: Arc<dyn Storage>,
}

impl Witness {
    /// A witness that remembers in `storage`.
    pub fn new(signer: NoteSigner, logs: Vec<NoteKey>, storage: Arc<dyn Storage>) -> Self {
        Self { signer, logs, storage }
    }

    /// Its key.
    pub fn key(&self) -> &NoteKey {
        self.signer.key()
    }

    /// Answers `add-checkpoint` at a time in seconds since 1970.
    pub fn add_checkpoint(&self, body: &[u8], now: u64) -> Answer {
        let request = match AddCheckpoint::parse(body) {
            Ok(request) => request,
            Err(problem) => return Answer::text(400, problem),
        };
        let Ok(checkpoint) = Checkpoint::parse(request.checkpoint.text()) else {
            return Answer::text(400, "the note is not a checkpoint");
        };
        let keys = self.keys_of(&checkpoint.origin);
        if keys.is_empty() {
            return Answer::text(404, "this witness does not know that log");
        }
        if let Err(error) = request.checkpoint.verify(&keys) {
            return Answer::text(403, error.to_string());
        }
        if request.old > checkpoint.size {
            return Answer::text(400, "the old size is larger than the checkpoint");
        }
        self.cosign(&request, &checkpoint, now)
            .unwrap_or_else(|error| Answer::text(500, format!("the witness cannot remember: {error}")))
    }

    /// Answers for the latest checkpoint of the log whose origin has this SHA-256 in hexadecimal digits.
    pub fn checkpoint(&self, origin_hash: &str) -> Answer {
        let known = self.logs.iter().find(|key| origin_digest(key.name()) == origin_hash);
        let remembered = known.and_then(|key| self.remembered(key.name()).transpose());
        match remembered {
            Some(Ok(signed)) => Answer::text(200, signed.note.to_string()),
            Some(Err(error)) => Answer::text(500, error.to_string()),
            None => Answer::text(404, "nothing cosigned for that log"),
        }
    }

    fn keys_of(&self, origin: &str) -> Vec<&NoteKey> {
        self.logs.iter().filter(|key| key.name() == origin).collect()
    }

    /// Compares, cosigns and remembers, with everyone else kept out meanwhile.
    fn cosign(&self, request: &AddCheckpoint, new: &Checkpoint, now: u64) -> Result<Answer, LogError> {
        let storage = &*self.storage;
        let _lock = storage.lock().map_err(|error| LogError::write(storage, CHECKPOINT_FILE, error))?;
        let last = self.remembered(&new.origin)?;
        let size = last.as_ref().map_or(0, |last| last.checkpoint.size);
        if size != request.old {
            return Ok(Answer { status: 409, media_type: SIZE_TYPE, body: format!("{size}\n") });
        }
        if new.size == 0 && new.root != Hash::empty_tree() {
            return Ok(Answer::text(422, "an empty log has another root"));
        }
        let extends = match &last {
            _ if request.old == 0 && request.proof.is_empty() => Ok(()),
            Some(last) if request.old > 0 => {
                verify_consistency(size, new.size, &request.proof, &last.checkpoint.root, &new.root)
            }
            _ => Err(ProofError::FromNothing),
        };
        if let Err(error) = extends {
            return Ok(Answer::text(422, error.to_string()));
        }
        let before = last.iter().flat_map(|last| last.note.verify(&[self.key()])).flatten();
        let before = before.filter_map(|believed| believed.time).max().unwrap_or(0);
        if now < before || now == 0 {
            let text = format!(
                "the witness's clock has gone back: {now} after {before}; it does not sign until it is set"
            );
            return Ok(Answer::text(503, text));
        }
        let mut own = Note::new(new.to_string()).map_err(|error| self.refused(error.into()))?;
        own.sign(&self.signer, now).map_err(|error| self.refused(error.into()))?;
        // What is remembered has the log's own signatures and this one, no others.
        let mut kept = own.clone();
        for signature in request.checkpoint.signatures() {
            if self
                .keys_of(&new.origin)
                .iter()
                .any(|key| key.name() == signature.name && key.id() == signature.key_id)
            {
                kept.add(signature.clone());
            }
        }
        let path = remembered_path(&new.origin);
        storage
            .publish(&path, kept.to_string().as_bytes())
            .and_then(|()| storage.sync(std::slice::from_ref(&path)))
            .map_err(|error| LogError::write(storage, &path, error))?;
        Ok(Answer::text(200, own.signatures().iter().map(ToString::to_string).collect::<String>()))
    }

    fn refused(&self, error: super::checkpoint::CheckpointError) -> LogError {
        LogError::Checkpoint { place: self.storage.place(), error }
    }

    /// The last checkpoint cosigned for a log.
    fn remembered(&self, origin: &str) -> Result<Option<SignedCheckpoint>, LogError> {
        let storage = &*self.storage;
        let path = remembered_path(origin);
        let bytes = storage.read(&path).map_err(|error| LogError::read(storage, &path, error))?;
        // Its own cosignature is what makes it its memory.
        bytes
            .map(|bytes| {
                let note = Note::parse(&bytes).map_err(|error| self.refused(error.into()))?;
                let believed = note.verify(&[self.key()]).map_err(|error| self.refused(error.into()))?;
                let checkpoint = Checkpoint::parse(note.text()).map_err(|error| self.refused(error))?;
                Ok(SignedCheckpoint { checkpoint, note, believed })
            })
            .transpose()
    }
}

/// SHA-256 of a log's origin in hexadecimal digits, its name towards monitors.
pub fn origin_digest(origin: &str) -> String {
    Sha256::digest(origin.as_bytes()).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn remembered_path(origin: &str) -> String {
    format!("{}/{CHECKPOINT_FILE}", origin_digest(origin))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{KeyAlgorithm, SigningKey};
    use crate::log::hash::root_of;
    use crate::log::proof::consistency_ranges;
    use crate::log::storage::Disk;

    fn key(algorithm: KeyAlgorithm) -> SigningKey {
        SigningKey::generate(algorithm).unwrap()
    }

    struct Scene {
        _folder: tempfile::TempDir,
        witness: Witness,
        log: NoteSigner,
        leaves: Vec<Hash>,
    }

    fn scene() -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let log = NoteSigner::for_log("log", Box::new(key(KeyAlgorithm::Ed25519))).unwrap();
        let signer = NoteSigner::for_witness("w", Box::new(key(KeyAlgorithm::MlDsa44))).unwrap();
        let storage = Arc::new(Disk::new(folder.path()));
        let witness = Witness::new(signer, vec![log.key().clone()], storage);
        let leaves = (0..20_u8).map(|each| Hash::leaf(&[each])).collect();
        Scene { _folder: folder, witness, log, leaves }
    }

    impl Scene {
        fn request(&self, old: u64, new: usize, proof: &[Hash]) -> Vec<u8> {
            let checkpoint = Checkpoint::new("log".to_owned(), new as u64, root_of(&self.leaves[..new]));
            let mut note = Note::new(checkpoint.to_string()).unwrap();
            note.sign(&self.log, 0).unwrap();
            AddCheckpoint { old, proof: proof.to_vec(), checkpoint: note }.to_string().into_bytes()
        }

        fn proof(&self, old: u64, new: u64) -> Vec<Hash> {
            let ranges = consistency_ranges(old, new).unwrap();
            ranges
                .iter()
                .map(|range| root_of(&self.leaves[range.start as usize..range.end as usize]))
                .collect()
        }

        fn status(&self, body: &[u8]) -> u16 {
            self.witness.add_checkpoint(body, 100).status
        }
    }

    #[test]
    fn a_log_that_grows_is_cosigned_and_remembered() {
        let scene = scene();
        assert_eq!(scene.witness.checkpoint(&origin_digest("log")).status, 404);
        let answer = scene.witness.add_checkpoint(&scene.request(0, 5, &[]), 100);
        assert_eq!(answer.status, 200, "{answer:?}");
        let proof = scene.proof(5, 9);
        assert_eq!(scene.status(&scene.request(5, 9, &proof)), 200);
        assert_eq!(scene.status(&scene.request(9, 9, &[])), 200);
        let kept = scene.witness.checkpoint(&origin_digest("log"));
        let note = Note::parse(kept.body.as_bytes()).unwrap();
        assert_eq!(note.verify(&[scene.witness.key()]).unwrap()[0].time, Some(100));
        assert!(note.verify(&[scene.log.key()]).is_ok());
    }

    #[test]
    fn each_wrong_request_has_its_own_answer() {
        let scene = scene();
        assert_eq!(scene.status(&scene.request(0, 5, &[])), 200);
        let conflict = scene.witness.add_checkpoint(&scene.request(0, 9, &[]), 100);
        assert_eq!((conflict.status, conflict.body.as_str(), conflict.media_type), (409, "5\n", SIZE_TYPE));
        assert_eq!(scene.status(b"old 5\n"), 400);
        assert_eq!(scene.status(&scene.request(10, 9, &[])), 400);
        assert_eq!(scene.status(&scene.request(5, 9, &[])), 422);
        let mut proof = scene.proof(5, 9);
        proof[0] = Hash::leaf(b"other");
        assert_eq!(scene.status(&scene.request(5, 9, &proof)), 422);
        let text = String::from_utf8(scene.request(5, 9, &scene.proof(5, 9))).unwrap();
        assert_eq!(scene.status(text.replace("\nlog\n", "\nother\n").as_bytes()), 404);
        assert_eq!(scene.status(text.replace("\nlog\n9\n", "\nlog\n8\n").as_bytes()), 403);
        assert_eq!(scene.witness.add_checkpoint(text.as_bytes(), 99).status, 503);
        assert_eq!(scene.status(text.as_bytes()), 200);
    }

    #[test]
    fn another_history_of_the_same_size_is_refused() {
        let mut scene = scene();
        assert_eq!(scene.status(&scene.request(0, 5, &[])), 200);
        scene.leaves[2] = Hash::leaf(b"rewritten");
        assert_eq!(scene.status(&scene.request(5, 5, &[])), 422);
        let proof = scene.proof(5, 9);
        assert_eq!(scene.status(&scene.request(5, 9, &proof)), 422);
    }

    #[test]
    fn a_first_checkpoint_needs_no_proof_and_an_empty_one_its_own_root() {
        let scene = scene();
        assert_eq!(scene.status(&scene.request(0, 5, &[Hash::leaf(b"x")])), 422);
        let text = String::from_utf8(scene.request(0, 0, &[])).unwrap();
        assert_eq!(scene.status(text.as_bytes()), 200);
        let mut note = Note::new(Checkpoint::new("log".to_owned(), 0, Hash::leaf(b"")).to_string()).unwrap();
        note.sign(&scene.log, 0).unwrap();
        let request = AddCheckpoint { old: 0, proof: Vec::new(), checkpoint: note };
        assert_eq!(scene.status(request.to_string().as_bytes()), 422);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_request_or_a_reason(bytes: Vec<u8>, text in "old [0-9]{1,3}\n[a-z=\n]{0,60}") {
            let _ = AddCheckpoint::parse(&bytes);
            let _ = AddCheckpoint::parse(text.as_bytes());
        }
    }
}

//! The transparency log: append-only, tiled, signed, so that not even its operator can rewrite it unseen.
//!
//! Entries hold digests or ciphertext only, so that what must be erased can be erased elsewhere; that is the caller's duty.
//!
//! | module | subject | source |
//! | --- | --- | --- |
//! | [`hash`], [`proof`] | Merkle tree hashes, inclusion and consistency | RFC 6962 |
//! | [`note`], [`note_key`], [`checkpoint`] | signed statements of size and root | C2SP signed-note, tlog-checkpoint, tlog-cosignature |
//! | [`tile`], [`bundle`] | the tree and its entries in files | C2SP tlog-tiles |
//! | [`proof_file`], [`policy`] | offline proofs, and whose cosignatures are enough | C2SP tlog-proof, tlog-policy |
//! | [`entry`] | what Bartizan logs | |
//! | [`storage`] | where files lie | |
//! | [`Log`], [`LogReader`], [`verify`] | append, read and prove, verify | |
//! | [`witness`] | cosigning other people's logs | C2SP tlog-witness |

pub mod bundle;
pub mod checkpoint;
mod committer;
mod continuity;
mod edge;
pub mod entry;
mod error;
pub mod hash;
mod journal;
pub mod note;
pub mod note_key;
mod object_committer;
mod object_journal;
pub mod policy;
pub mod proof;
pub mod proof_file;
mod reader;
mod statements;
pub mod storage;
pub mod tile;
pub mod verify;
pub mod witness;
mod writer;

pub use checkpoint::{Checkpoint, SignedCheckpoint};
pub use error::LogError;
pub use hash::Hash;
pub use note_key::{NoteKey, NoteSigner};
pub use object_journal::size_in_object_journal;
pub use reader::{LogReader, read_checkpoint};
pub use statements::LoggedStatements;
pub use writer::{Clock, Log, Pending, WriterOptions};

//! What a log needs of an object store: [`Objects`].
//!
//! An object store has no locks that end with their holder and no files that are written piece by piece. It has one thing that
//! a writer can build on: a put that happens only when the object is still what the writer believes it to be. Whoever wrote
//! meanwhile is found out by that, however long a writer slept between reading and writing.

use super::Files;
use std::io;

/// Largest object read, in bytes: the writer's journal with the largest partial bundle and the largest batch.
pub const LARGEST_OBJECT: usize = super::LARGEST_FILE + (8 << 20);

/// How a store tells one content of an object from another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Version {
    /// The entity tag (HTTP `ETag`), where the store gives one.
    pub e_tag: Option<String>,
    /// The number of the generation or version, where the store gives one.
    pub version: Option<String>,
}

/// When a conditional put happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition<'a> {
    /// Only when there is no such object.
    Absent,
    /// Only when the object has this version still.
    Unchanged(&'a Version),
}

/// Why a conditional put did not happen, or is not known to have happened.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// The condition did not hold. After a response that was lost it may be the put itself that changed the object.
    #[error("the object was changed by someone else")]
    Conflict,
    /// Nothing is known: the put may have happened, or happen later.
    #[error(transparent)]
    Failed(#[from] io::Error),
}

/// Objects by path, `/` between its parts. A put that was answered is durable; a reader sees the object whole or not at all.
pub trait Objects: Files {
    /// Reads a whole object and its version; none when there is none. Bounded by [`LARGEST_OBJECT`].
    ///
    /// # Errors
    /// What the store said, or that the object is too large.
    fn read_versioned(&self, path: &str) -> io::Result<Option<(Vec<u8>, Version)>>;
    /// Puts an object if the condition holds, and gives its version.
    ///
    /// # Errors
    /// [`PutError`]; with [`io::ErrorKind::Unsupported`] inside when the store knows no such condition.
    fn put_if(&self, path: &str, bytes: &[u8], condition: Condition<'_>) -> Result<Version, PutError>;
    /// Removes an object; fine when there is none.
    ///
    /// # Errors
    /// What the store said.
    fn remove(&self, path: &str) -> io::Result<()>;
    /// Waits before a put is tried for the `tries`th time again, longer each time and within bounds. A store in memory has nobody to
    /// wait for.
    fn pause(&self, tries: usize) {
        let _ = tries;
    }
    /// Puts several objects, in any order, and returns when all are durable.
    ///
    /// # Errors
    /// What the store said of the first that failed; others may be there.
    fn publish_all(&self, files: &[(String, Vec<u8>)]) -> io::Result<()> {
        files.iter().try_for_each(|(path, bytes)| self.publish(path, bytes))
    }
}

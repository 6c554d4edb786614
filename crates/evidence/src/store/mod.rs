//! The store: `.bartizan/`, where everything a project knows about its artifacts lies.
//!
//! | part | what |
//! | --- | --- |
//! | `log/` | the transparency log: the truth about what was said, and in which order |
//! | `blobs/` | envelopes and reports by digest ([`Blobs`]) |
//! | `trusted/` | public keys that are believed ([`Trust`]) |
//! | `index.sqlite` | derived from the others, rebuilt at any time ([`Index`]); who believes only the others reads them into [`MemoryIndex`] |

mod blobs;
mod bounded;
mod checked;
mod file_digest;
mod filling;
mod index;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
mod record;
mod sqlite;
mod sqlite_rows;
mod sqlite_tables;
mod statement_log;
mod trust;

#[cfg(test)]
pub(crate) mod testing;

pub use blobs::{Blobs, LARGEST_BLOB};
pub use bounded::{read_bounded, read_bounded_text};
pub use checked::Checked;
pub use file_digest::{sha256_and_md5_of, sha256_of};
pub use index::{
    Direction, EdgeRow, Gap, Index, IndexError, Indexed, LabelRow, NodeKey, Position, Size, StatementKey,
    StatementRow, TableDigest,
};
pub use memory::MemoryIndex;
#[cfg(feature = "postgres")]
pub use postgres::PostgresIndex;
pub use record::{Receipt, Reindexed};
pub use sqlite::SqliteIndex;
pub use statement_log::{LogHead, LogProof, Proven, StatementLog, entry_of, envelope_of};
pub use trust::{TRUSTED, Trust};

use crate::digest::Digest;
use crate::dsse::{Envelope, EnvelopeError};
use crate::keys::KeyError;
use crate::statement::StatementError;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Name of the folder.
pub const FOLDER: &str = ".bartizan";
/// Name of the configuration file that it lies beside.
pub const BESIDE: &str = "bartizan.toml";

/// Why the store does not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is none.
    #[error(
        "no {FOLDER} folder in {0} or above it; `bartizan attest` and `bartizan run` make one beside bartizan.toml"
    )]
    NoStore(PathBuf),
    /// The disk says no.
    #[error("cannot {verb} {path}: {error}")]
    Disk {
        /// What was tried.
        verb: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// A blob is not there.
    #[error("{digest} is not in the store: it was erased, or never copied here")]
    Missing {
        /// Its name.
        digest: Digest,
    },
    /// A blob is not what it was.
    #[error(
        "{path} no longer has the digest {digest}: it was changed after it was written; restore it from a copy"
    )]
    Changed {
        /// Its file.
        path: PathBuf,
        /// Its name.
        digest: Digest,
    },
    /// A blob larger than any we write.
    #[error("{digest} is larger than {LARGEST_BLOB} bytes, the most that is read")]
    TooLarge {
        /// Its name.
        digest: Digest,
    },
    /// A trusted key cannot be read.
    #[error("the trusted key {path} cannot be read: {error}")]
    Key {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        error: KeyError,
    },
    /// A trusted key that is far too large for one.
    #[error("{path} is too large for a public key")]
    KeyTooLarge {
        /// Its file.
        path: PathBuf,
    },
    /// More trusted keys than anybody has.
    #[error(
        "{path} holds more files than the {} that are read; remove keys that no longer sign",
        trust::MOST_KEYS
    )]
    TooManyKeys {
        /// The folder.
        path: PathBuf,
    },
    /// An envelope cannot be read or written.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// What is in an envelope is no statement.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The index does not answer.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The log does not answer, or does not prove what it should.
    #[error("the transparency log: {0}")]
    Log(String),
    /// A log says more than the index can follow.
    #[error(
        "entry {entry} of the log names {digest}, which {reason}; `bartizan lineage reindex` goes on without it"
    )]
    Entry {
        /// Place in the log.
        entry: u64,
        /// The envelope it names.
        digest: Digest,
        /// Why it cannot be read.
        reason: String,
    },
}

impl StoreError {
    pub(crate) fn disk(verb: &'static str, path: &Path, error: io::Error) -> Self {
        Self::Disk { verb, path: path.to_owned(), error }
    }
}

/// An open store.
pub struct Store {
    root: PathBuf,
    blobs: Blobs,
    log: Option<Box<dyn StatementLog>>,
    index: Mutex<Box<dyn Index>>,
    trust: Trust,
    kept: Mutex<checked::Kept>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Store({})", self.root.display())
    }
}

impl Store {
    /// The folder of the store that serves `folder`: the nearest one above, as with `bartizan.toml`.
    ///
    /// # Errors
    /// [`StoreError::NoStore`].
    pub fn find(folder: &Path) -> Result<PathBuf, StoreError> {
        folder
            .ancestors()
            .map(|above| above.join(FOLDER))
            .find(|root| root.is_dir())
            .ok_or_else(|| StoreError::NoStore(folder.to_owned()))
    }

    /// Where a new store for `folder` belongs: beside the nearest `bartizan.toml`, else in `folder` itself.
    pub fn place(folder: &Path) -> PathBuf {
        let beside = folder.ancestors().find(|above| above.join(BESIDE).is_file());
        beside.unwrap_or(folder).join(FOLDER)
    }

    /// Opens the store at `root`, which is made when it is missing, with an index in SQLite.
    ///
    /// `log` is none while a project has no log; then nothing in it is proven.
    ///
    /// # Errors
    /// [`StoreError::Disk`] and [`StoreError::Index`].
    pub fn open(root: &Path, log: Option<Box<dyn StatementLog>>, trust: Trust) -> Result<Self, StoreError> {
        let blobs = Blobs::open(root)?;
        let index = SqliteIndex::open(&root.join("index.sqlite"))?;
        Self::with_index(root, blobs, log, Box::new(index), trust)
    }

    /// Opens a store over any index.
    ///
    /// # Errors
    /// [`StoreError::Index`], and what reading the log gives.
    pub fn with_index(
        root: &Path,
        blobs: Blobs,
        log: Option<Box<dyn StatementLog>>,
        index: Box<dyn Index>,
        trust: Trust,
    ) -> Result<Self, StoreError> {
        let store = Self {
            root: root.to_owned(),
            blobs,
            log,
            index: Mutex::new(index),
            trust,
            kept: checked::none(),
        };
        store.catch_up()?;
        Ok(store)
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Its blobs.
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Its log.
    pub fn log(&self) -> Option<&dyn StatementLog> {
        self.log.as_deref()
    }

    /// Whom it believes.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Its index, for as long as the guard is kept.
    pub fn index(&self) -> MutexGuard<'_, Box<dyn Index>> {
        // A panic elsewhere leaves the index as its last transaction left it.
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The envelope called `digest`, or the one whose payload is.
    ///
    /// # Errors
    /// [`StoreError::Missing`], and what reading it gives.
    pub fn envelope(&self, digest: &Digest) -> Result<Envelope, StoreError> {
        let named = self.index().statement_called(digest)?;
        let name = named.map_or_else(|| digest.clone(), |row| row.envelope);
        Ok(Envelope::from_json(&self.blobs.get(&name)?)?)
    }
}

//! Why a log cannot be opened, written or read: [`LogError`].

use super::bundle::LONGEST_ENTRY;
use super::checkpoint::{Checkpoint, CheckpointError};
use super::note_key::NoteKeyError;
use super::proof::ProofError;
use super::storage::{Files, STATE_FOLDER};
use std::io;
use std::sync::Arc;

/// What kept a log from doing what it was asked. Cheap to clone: every waiting append of a batch gets the same.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// A file cannot be read.
    #[error("cannot read {place}/{path}: {error}")]
    Read {
        /// The log.
        place: String,
        /// The file in it.
        path: String,
        /// What the system said.
        #[source]
        error: Arc<io::Error>,
    },
    /// A file cannot be written. Nothing that was acknowledged is lost.
    #[error(
        "cannot write {place}/{path}: {error}; nothing acknowledged is lost, free the cause and try again"
    )]
    Write {
        /// The log.
        place: String,
        /// The file in it.
        path: String,
        /// What the system said.
        #[source]
        error: Arc<io::Error>,
    },
    /// There is no log there.
    #[error("there is no log in {place}: it has no checkpoint; `bartizan log init` makes one")]
    NoLog {
        /// Where it was looked for.
        place: String,
    },
    /// A log is there already.
    #[error("there is a log in {place} already; a log is never begun twice")]
    Exists {
        /// Where.
        place: String,
    },
    /// A file that the checkpoint needs is not there.
    #[error("{place}/{path} is missing, and the log needs it")]
    Missing {
        /// The log.
        place: String,
        /// The file in it.
        path: String,
    },
    /// A file does not hold what the checkpoint says.
    #[error("{place}/{path} is damaged: {what}")]
    Damaged {
        /// The log.
        place: String,
        /// The file in it.
        path: String,
        /// How that is known.
        what: String,
    },
    /// A record of the journal does not lead where it says.
    #[error("the journal of {place} is damaged in generation {generation}: its entries do not give its root")]
    Journal {
        /// The log.
        place: String,
        /// Which generation.
        generation: u64,
    },
    /// The journal ends before the point its successor begins at.
    #[error("the journal of {place} is damaged: it ends at entry {found} and goes on at entry {expected}")]
    JournalGap {
        /// The log.
        place: String,
        /// Where the later part begins.
        expected: u64,
        /// Where the earlier part ends.
        found: u64,
    },
    /// The journal of a log in an object store is not one.
    #[error(
        "{place}/{path} is damaged: it is not the journal of a log; restore the bucket's newest version of it, or remove it if the \
         published checkpoint has everything"
    )]
    ObjectJournal {
        /// The log.
        place: String,
        /// The object.
        path: String,
    },
    /// A folder's journal was copied into an object store.
    #[error(
        "{place}/{path} is the journal of a log in a folder, which may hold entries that no checkpoint has; run `bartizan log \
         checkpoint FOLDER --key FILE` there and copy the log again without {STATE_FOLDER}"
    )]
    FolderJournal {
        /// The log.
        place: String,
        /// The object.
        path: String,
    },
    /// The object store does not keep to the conditions of a put.
    #[error(
        "{place} is in a store that does not keep to the conditions of a put ({what}), so two writers could overwrite each other; \
         use one that does (Amazon S3, Google Cloud Storage, Azure Blob Storage, or a server with If-None-Match and If-Match), or \
         write the log to a folder and upload what `bartizan log export --to` gives"
    )]
    Unconditional {
        /// The log.
        place: String,
        /// What it did.
        what: &'static str,
    },
    /// Nobody can tell whether a batch is in the log.
    #[error(
        "whether the entries are in {place} is not known: the answer was lost, and many others wrote since; the same ones begin at \
         entry {first}, be they this writer's or another's: look before appending them again"
    )]
    Unknown {
        /// The log.
        place: String,
        /// The entry that they may begin at.
        first: u64,
    },
    /// The published checkpoint is ahead of what is stored.
    #[error(
        "the log in {place} has gone back: its checkpoint counts {published} entries, only {stored} are stored; it was \
         restored from an older copy, and writing on would fork it"
    )]
    GoneBack {
        /// The log.
        place: String,
        /// Entries the checkpoint counts.
        published: u64,
        /// Entries that are stored.
        stored: u64,
    },
    /// Files lie there of a longer log than the checkpoint counts.
    #[error(
        "the log in {place} was put back to an older state: its checkpoint counts {size} entries, and {path} is of a log of \
         {reached} or more; writing on could fork it. Put the latest checkpoint back (witnesses and copies have it), or copy the \
         whole log again from where it is complete; `bartizan log verify` lists the files that the checkpoint says nothing about"
    )]
    PutBack {
        /// The log.
        place: String,
        /// A file of the longer log.
        path: String,
        /// Entries that are known to be in the log.
        size: u64,
        /// Entries that the file reaches to.
        reached: u64,
    },
    /// A log has fewer entries than a checkpoint of it that was kept.
    #[error(
        "the log in {place} has {size} entries, the checkpoint that was kept counts {kept}: it was put back to an older state, or \
         what was kept is of another log; get the log anew from its operator, and keep the checkpoint as proof"
    )]
    Shorter {
        /// The log.
        place: String,
        /// Entries that the kept checkpoint counts.
        kept: u64,
        /// Entries that the log has.
        size: u64,
    },
    /// Two checkpoints of one log contradict each other.
    #[error(
        "the log `{}` is forked: two checkpoints contradict each other; keep both, they prove it to everyone, and rely on neither\n\
         {first}and\n{second}",
        first.origin
    )]
    Fork {
        /// One of them.
        first: Box<Checkpoint>,
        /// The other.
        second: Box<Checkpoint>,
    },
    /// The checkpoint is not believed.
    #[error("{place}/checkpoint: {error}")]
    Checkpoint {
        /// The log.
        place: String,
        /// Why.
        #[source]
        error: CheckpointError,
    },
    /// The key cannot sign.
    #[error(transparent)]
    Key(#[from] NoteKeyError),
    /// What is asked for cannot be proven.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The entry is too long.
    #[error(
        "the entry has {0} bytes; a log takes entries up to {LONGEST_ENTRY} bytes: log a digest, keep the content in blobs"
    )]
    TooLong(usize),
    /// The clock shows a time before that of the last checkpoint.
    #[error(
        "the clock has gone back: it shows {}, and the log in {place} was last written at {}; nothing was logged: set this \
         machine's clock, or, if it is right and that of the last writer was not, go on with `bartizan log append --clock-was-wrong`",
        rfc3339(*now), rfc3339(*last)
    )]
    ClockWentBack {
        /// The log.
        place: String,
        /// Time of the last signature.
        last: u64,
        /// Time now.
        now: u64,
    },
    /// The log was closed, or its writer ended.
    #[error("the log is closed")]
    Closed,
}

impl LogError {
    pub(super) fn read(files: &(impl Files + ?Sized), path: &str, error: io::Error) -> Self {
        Self::Read { place: files.place(), path: path.to_owned(), error: Arc::new(error) }
    }

    pub(super) fn write(files: &(impl Files + ?Sized), path: &str, error: io::Error) -> Self {
        Self::Write { place: files.place(), path: path.to_owned(), error: Arc::new(error) }
    }

    pub(super) fn damaged(
        files: &(impl Files + ?Sized),
        path: impl std::fmt::Display,
        what: impl Into<String>,
    ) -> Self {
        Self::Damaged { place: files.place(), path: path.to_string(), what: what.into() }
    }
}

/// Seconds since 1970 as people write a time.
fn rfc3339(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    time.map_or_else(|| format!("{seconds} s since 1970"), |time| time.to_string())
}

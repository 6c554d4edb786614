//! Appending: [`Log`], the one writer of a log in this process; other processes may append to the same log.
//!
//! Entries from all threads gather in a queue; one thread takes whatever is there, writes it into the journal, makes it
//! durable, and answers. Then it signs the checkpoint of that batch and publishes tiles and checkpoint. So nothing is signed
//! that could be lost, and nothing acknowledged depends on a file that was not synced.
//!
//! What a batch takes differs between a folder and an object store; see [`Commit`].

use super::bundle::LONGEST_ENTRY;
use super::checkpoint::{Checkpoint, SignedCheckpoint};
use super::committer::Committer;
use super::error::LogError;
use super::note_key::NoteSigner;
use super::object_committer::ObjectCommitter;
use super::storage::{Objects, Storage};
use super::tile::TILE_WIDTH;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Most entries in one batch.
const LARGEST_BATCH: usize = 8192;
/// Bytes after which a batch takes no further entry.
const BATCH_BYTES: usize = 4 << 20;
/// Most entries that wait; who comes later waits to be let in.
const LONGEST_QUEUE: usize = 1 << 16;

/// The time in seconds since 1970, as the caller knows it.
pub type Clock = Box<dyn Fn() -> u64 + Send>;

/// How a log is written.
#[derive(Debug, Clone, Copy, Default)]
pub struct WriterOptions {
    /// Least time between two publications while entries keep coming; zero publishes a checkpoint for every batch.
    pub publish_interval: Duration,
    /// Whether to sign under an earlier time than the last checkpoint bears, as when that was signed by a clock that was wrong.
    pub clock_was_wrong: bool,
}

/// The writing side of a log: owned by one thread.
pub(super) trait Commit: Send {
    /// Makes a batch durable, and tells the index of its first entry as soon as it is.
    fn commit(&mut self, entries: &[Vec<u8>], acknowledge: &mut dyn FnMut(u64)) -> Result<(), LogError>;
    /// Publishes, unless more entries wait and the last publication is younger than `interval`.
    fn publish_unless_recent(&mut self, more: bool, interval: Duration) -> Result<(), LogError>;
    /// How many entries, as far as is known, the last tile lacks; a whole tile where batches need not end with one.
    fn until_full_tile(&self) -> u64 {
        TILE_WIDTH
    }
    /// The latest checkpoint that was published here.
    fn published(&self) -> Option<&SignedCheckpoint>;
    /// Lets other processes write.
    fn release(&mut self);
    /// Publishes and makes everything durable.
    fn close(&mut self) -> Result<(), LogError>;
}

/// A log that is open for appending.
pub struct Log {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    queue: Mutex<Queue>,
    /// Entries came, or the log is to be closed.
    filled: Condvar,
    /// There is room again, or something was published.
    moved: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<(Vec<u8>, Arc<Reply>)>,
    /// How many ask for a publication.
    closing: bool,
    ended: Option<Result<(), LogError>>,
    published: Option<SignedCheckpoint>,
    failed: Option<LogError>,
    /// Batches taken and batches published, so that a caller can wait for its own.
    busy: bool,
}

/// An append that is under way.
pub struct Pending {
    reply: Arc<Reply>,
}

#[derive(Default)]
struct Reply {
    answer: Mutex<Option<Result<u64, LogError>>>,
    given: Condvar,
}

impl Reply {
    fn give(&self, answer: Result<u64, LogError>) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        self.given.notify_one();
    }
}

impl Pending {
    /// Waits until the entry is durable, and gives its index.
    ///
    /// # Errors
    /// Why it is not in the log, as far as can be known: after a failed write an entry may be found there all the same.
    pub fn wait(self) -> Result<u64, LogError> {
        let mut answer = self.reply.answer.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(answer) = answer.take() {
                return answer;
            }
            answer = self.reply.given.wait(answer).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Log {
    /// Begins a log: an empty tree under a signed checkpoint. The signer's name is the log's origin.
    ///
    /// # Errors
    /// [`LogError::Exists`] when there is one already; whatever keeps it from being written.
    pub fn create(storage: Arc<dyn Storage>, signer: NoteSigner, clock: Clock) -> Result<Self, LogError> {
        let committer = Committer::create(storage, signer, clock)?;
        Self::start(Box::new(committer), WriterOptions::default())
    }

    /// Begins a log in an object store, as [`Log::create`] does in a folder.
    ///
    /// # Errors
    /// Those of [`Log::create`]; [`LogError::Unconditional`] when the store does not keep to the conditions of a put.
    pub fn create_in(objects: Arc<dyn Objects>, signer: NoteSigner, clock: Clock) -> Result<Self, LogError> {
        let committer = ObjectCommitter::create(objects, signer, clock)?;
        Self::start(Box::new(committer), WriterOptions::default())
    }

    /// Opens a log for appending. What was acknowledged before a crash is put back first.
    ///
    /// # Errors
    /// [`LogError`], whichever way it fails; nothing is changed then.
    pub fn open(
        storage: Arc<dyn Storage>,
        signer: NoteSigner,
        clock: Clock,
        options: WriterOptions,
    ) -> Result<Self, LogError> {
        Self::start(Box::new(Committer::open(storage, signer, clock, options)?), options)
    }

    /// Opens a log in an object store for appending, as [`Log::open`] does in a folder. Any number of writers, on any number of
    /// machines, may have it open.
    ///
    /// # Errors
    /// Those of [`Log::open`]; [`LogError::Unconditional`] when the store does not keep to the conditions of a put.
    pub fn open_in(
        objects: Arc<dyn Objects>,
        signer: NoteSigner,
        clock: Clock,
        options: WriterOptions,
    ) -> Result<Self, LogError> {
        Self::start(Box::new(ObjectCommitter::open(objects, signer, clock, options)?), options)
    }

    fn start(committer: Box<dyn Commit>, options: WriterOptions) -> Result<Self, LogError> {
        let queue = Queue { published: committer.published().cloned(), ..Queue::default() };
        let shared =
            Arc::new(Shared { queue: Mutex::new(queue), filled: Condvar::new(), moved: Condvar::new() });
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("log-writer".to_owned())
            .spawn(move || theirs.write(committer, options))
            .map_err(|_| LogError::Closed)?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Appends an entry and waits until it is durable. Gives its index.
    ///
    /// # Errors
    /// [`LogError::TooLong`]; whatever kept it from being written.
    pub fn append(&self, entry: Vec<u8>) -> Result<u64, LogError> {
        self.submit(entry)?.wait()
    }

    /// Appends an entry without waiting for it; waits only while very many others wait.
    ///
    /// # Errors
    /// [`LogError::TooLong`] and [`LogError::Closed`].
    pub fn submit(&self, entry: Vec<u8>) -> Result<Pending, LogError> {
        if entry.len() > LONGEST_ENTRY {
            return Err(LogError::TooLong(entry.len()));
        }
        let mut queue = self.shared.queue();
        while queue.waiting.len() >= LONGEST_QUEUE && queue.ended.is_none() {
            queue = self.shared.moved.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        if queue.closing || queue.ended.is_some() {
            return Err(LogError::Closed);
        }
        let reply = Arc::new(Reply::default());
        queue.waiting.push_back((entry, Arc::clone(&reply)));
        drop(queue);
        self.shared.filled.notify_one();
        Ok(Pending { reply })
    }

    /// The latest checkpoint that was published, after everything acknowledged so far is in one.
    ///
    /// # Errors
    /// Why the last publication failed; what was acknowledged is durable all the same.
    pub fn checkpoint(&self) -> Result<SignedCheckpoint, LogError> {
        let mut queue = self.shared.queue();
        while queue.ended.is_none() && (queue.busy || !queue.waiting.is_empty()) {
            queue = self.shared.moved.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        match (&queue.failed, &queue.published) {
            (Some(error), _) => Err(error.clone()),
            (None, Some(signed)) => Ok(signed.clone()),
            (None, None) => Err(LogError::Closed),
        }
    }

    /// Writes what waits, makes every file durable, and gives the last checkpoint. Dropping the log does the same and tells
    /// nobody what failed.
    ///
    /// # Errors
    /// Why not everything could be written; what was acknowledged is durable all the same.
    pub fn close(mut self) -> Result<Checkpoint, LogError> {
        self.end();
        let mut queue = self.shared.queue();
        queue.ended.take().unwrap_or(Err(LogError::Closed))?;
        queue.published.take().map(|signed| signed.checkpoint).ok_or(LogError::Closed)
    }

    fn end(&mut self) {
        self.shared.queue().closing = true;
        self.shared.filled.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic there would be a defect; `ended` then stays empty and `close` says so.
            let _ = thread.join();
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The writing thread.
    fn write(&self, mut committer: Box<dyn Commit>, options: WriterOptions) {
        loop {
            let (entries, replies) = self.take_batch(committer.until_full_tile());
            if entries.is_empty() {
                break;
            }
            let outcome = committer.commit(&entries, &mut |first| {
                for (index, reply) in (first..).zip(&replies) {
                    reply.give(Ok(index));
                }
            });
            if let Err(error) = &outcome {
                for reply in &replies {
                    reply.give(Err(error.clone()));
                }
            }
            let more = !self.queue().waiting.is_empty();
            let failed =
                outcome.and_then(|()| committer.publish_unless_recent(more, options.publish_interval)).err();
            committer.release();
            let mut queue = self.queue();
            queue.failed = failed;
            queue.published = committer.published().cloned();
            queue.busy = false;
            drop(queue);
            self.moved.notify_all();
        }
        let outcome = committer.close();
        let mut queue = self.queue();
        queue.published = committer.published().cloned();
        queue.ended = Some(outcome);
        for (_, reply) in queue.waiting.drain(..) {
            reply.give(Err(LogError::Closed));
        }
        drop(queue);
        self.moved.notify_all();
    }

    /// Waits for entries and takes as many as fit one batch; none when the log is to be closed. A batch that fills tiles
    /// ends with a full one, so that no partial one is published only to be replaced at once; the rest are the next batch.
    fn take_batch(&self, until_full_tile: u64) -> (Vec<Vec<u8>>, Vec<Arc<Reply>>) {
        let mut queue = self.queue();
        while queue.waiting.is_empty() && !queue.closing {
            queue = self.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        let most = most_at_once(queue.waiting.len(), until_full_tile);
        let (mut entries, mut replies, mut bytes) = (Vec::new(), Vec::new(), 0);
        while entries.len() < most && bytes < BATCH_BYTES {
            let Some((entry, reply)) = queue.waiting.pop_front() else { break };
            bytes += entry.len();
            entries.push(entry);
            replies.push(reply);
        }
        queue.busy = !entries.is_empty();
        drop(queue);
        self.moved.notify_all();
        (entries, replies)
    }
}

/// How many of the entries that wait go into one batch.
fn most_at_once(waiting: usize, until_full_tile: u64) -> usize {
    let most = waiting.min(LARGEST_BATCH);
    let first = usize::try_from(until_full_tile).unwrap_or(usize::MAX);
    let tile = usize::try_from(TILE_WIDTH).unwrap_or(usize::MAX);
    most.checked_sub(first).map_or(most, |beyond| first + beyond / tile * tile)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_ends_with_a_full_tile_when_it_fills_one() {
        assert_eq!(most_at_once(64, 256), 64);
        assert_eq!(most_at_once(300, 256), 256);
        assert_eq!(most_at_once(300, 44), 300);
        assert_eq!(most_at_once(299, 44), 44);
        assert_eq!(most_at_once(1 << 20, 1), 1 + (LARGEST_BATCH - 1) / 256 * 256);
    }
}

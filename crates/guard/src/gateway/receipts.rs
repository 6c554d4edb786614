//! Receipts: decisions as signed statements in the evidence log, written in batches beside the requests: [`Receipts`].
//!
//! One statement holds a batch; each of its subjects is one decision, named by the decision's id, under the SHA-256 of the decision's
//! JSON as the predicate holds it.

use super::content::{Kept, Room};
use super::decision::Decision;
use super::metrics::Metrics;
use crate::settings::OnFailure;
use bartizan_evidence::digest::Digest;
use bartizan_evidence::dsse::{Envelope, EnvelopeError};
use bartizan_evidence::jwe::{JweError, Recipient};
use bartizan_evidence::keys::SigningKey;
pub use bartizan_evidence::predicate::DECISIONS_V1;
use bartizan_evidence::statement::{PAYLOAD_TYPE, ResourceDescriptor, Statement, StatementError};
use bartizan_evidence::store::{Blobs, LogProof, Store, StoreError, envelope_of};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

/// Most decisions in one statement: as many as an entry of the log lists subjects.
const LARGEST_BATCH: usize = 256;
/// Longest time that a decision waits for others.
const GATHERING: Duration = Duration::from_millis(200);
/// Most decisions that wait to be written.
const LONGEST_QUEUE: usize = 65_536;
/// Most bytes of bodies sealed for one statement: this, and what one decision more brings.
const LARGEST_CONTENT: usize = 16 << 20;
/// Threads that seal bodies and put them among the blobs: most of the time they wait for the disk, which takes what waits together.
const SEALERS: usize = 32;
/// How long the writer waits after a failure before it tries again.
const AGAIN: Duration = Duration::from_millis(500);

/// Decisions, exactly as their digests name them.
#[derive(Debug, Serialize, Deserialize)]
pub struct Decisions {
    /// Each decision.
    pub decisions: Vec<Box<RawValue>>,
}

/// Why a batch of receipts is not written, or a receipt not believed.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// The store does not take or give it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be signed, or is signed by nobody who is believed.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// It is no statement.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// There is none of that name.
    #[error("no decision {0} is in the log; decisions are written a moment after their exchange")]
    Unknown(String),
    /// It is in nothing that can be read, and not everything can.
    #[error(
        "no decision {id} is in what can be read of the log, but entry {entry} names an envelope that is missing or was changed: {error}"
    )]
    Unreadable {
        /// The decision.
        id: String,
        /// The newest entry whose envelope cannot be read.
        entry: u64,
        /// Why.
        #[source]
        error: StoreError,
    },
    /// It is not what its digest names.
    #[error("the decision {0} is not the one that was signed")]
    Changed(String),
    /// The store has no log.
    #[error("the store has no log that receipts could be in")]
    NoLog,
    /// Nobody who is believed signed it.
    #[error("the decision {0} is signed by no key that this store trusts")]
    NotBelieved(String),
    /// Content cannot be sealed or opened.
    #[error(transparent)]
    Jwe(#[from] JweError),
    /// Content, or what a receipt says of it, is not as the gateway writes it.
    #[error("the content of the decision is not as the gateway writes it: {0}")]
    Content(String),
}

/// Takes decisions and has them written.
#[derive(Debug)]
pub struct Receipts {
    sender: Option<SyncSender<Waiting>>,
    thread: Option<JoinHandle<()>>,
    state: Arc<State>,
    on_failure: OnFailure,
    /// Room for bodies, where they are kept.
    room: Option<Arc<Room>>,
}

/// A decision on its way, what is kept of its exchange, and that sealed until it lies among the blobs.
#[derive(Debug)]
struct Waiting {
    decision: Box<Decision>,
    kept: Option<Kept>,
    message: Option<String>,
}

#[derive(Debug, Default)]
struct State {
    failing: AtomicBool,
    waiting: AtomicU64,
    ending: AtomicBool,
}

impl Waiting {
    /// Seals what was kept, once: a message is another each time.
    fn seal(&mut self, auditor: &Recipient) -> Result<(), ReceiptError> {
        let Some(kept) = self.kept.as_ref().filter(|_| self.message.is_none()) else { return Ok(()) };
        if let Some((told, message)) = kept.sealed(&self.decision.id, auditor)? {
            self.decision.content = Some(told);
            self.message = Some(message);
        }
        Ok(())
    }
}

/// Seals what was kept of some exchanges and puts it among the blobs, all of it in one wait for the folder's names.
fn seal_all(
    share: &mut [Waiting],
    auditor: &Recipient,
    blobs: &Blobs,
    metrics: &Metrics,
) -> Result<(), ReceiptError> {
    share.iter_mut().try_for_each(|waiting| waiting.seal(auditor))?;
    let messages: Vec<&String> = share.iter().filter_map(|waiting| waiting.message.as_ref()).collect();
    blobs.put_all(&messages)?;
    for waiting in share {
        let Some(kept) = waiting.kept.take() else { continue };
        metrics.contents.fetch_add(u64::from(waiting.message.take().is_some()), Ordering::Relaxed);
        metrics.contents_short.fetch_add(u64::from(kept.short), Ordering::Relaxed);
    }
    Ok(())
}

/// Says loudly what went wrong.
pub type Alarm = Box<dyn Fn(&str) + Send>;

impl Receipts {
    /// Receipts written into a store by a thread of their own; what passed goes beside them when there is an auditor to encrypt it to. When they cannot be written, `alarm` is told, and the gateway refuses
    /// requests or serves on, as `on_failure` says.
    ///
    /// # Errors
    /// What the system says when there can be no thread.
    pub fn new(
        store: Store,
        key: SigningKey,
        auditor: Option<Recipient>,
        on_failure: OnFailure,
        metrics: Arc<Metrics>,
        alarm: Alarm,
    ) -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel(LONGEST_QUEUE);
        let state = Arc::new(State::default());
        let room = auditor.is_some().then(Arc::default);
        let writer = Writer {
            store,
            key,
            auditor,
            metrics,
            alarm,
            state: Arc::clone(&state),
            keep: on_failure == OnFailure::Closed,
        };
        let thread = Builder::new().name("receipts".to_owned()).spawn(move || writer.run(&receiver))?;
        Ok(Self { sender: Some(sender), thread: Some(thread), state, on_failure, room })
    }

    /// A place to keep what passes in, where that is asked for.
    pub(super) fn keep(&self) -> Option<Kept> {
        self.room.as_ref().map(Kept::new)
    }

    /// Hands over a decision, and what was kept of its exchange; never waits.
    pub(super) fn take(&self, decision: Box<Decision>, kept: Option<Kept>, metrics: &Metrics) {
        self.state.waiting.fetch_add(1, Ordering::Relaxed);
        let sent =
            self.sender.as_ref().map(|sender| sender.try_send(Waiting { decision, kept, message: None }));
        if let Some(Err(TrySendError::Full(_) | TrySendError::Disconnected(_))) = sent {
            self.state.waiting.fetch_sub(1, Ordering::Relaxed);
            metrics.receipts_lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether requests are to be refused: receipts are asked for and cannot be given.
    pub(super) fn must_refuse(&self) -> bool {
        self.on_failure == OnFailure::Closed
            && (self.state.failing.load(Ordering::Relaxed)
                || self.state.waiting.load(Ordering::Relaxed) >= LONGEST_QUEUE as u64 / 2
                || self.room.as_ref().is_some_and(|room| room.is_scarce()))
    }
}

impl Drop for Receipts {
    /// Writes what waits; tries once more what failed.
    fn drop(&mut self) {
        self.state.ending.store(true, Ordering::Relaxed);
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Writer {
    store: Store,
    key: SigningKey,
    auditor: Option<Recipient>,
    metrics: Arc<Metrics>,
    alarm: Alarm,
    state: Arc<State>,
    /// Whether a batch that cannot be written is tried again and again.
    keep: bool,
}

impl Writer {
    fn run(self, decisions: &Receiver<Waiting>) {
        while let Ok(first) = decisions.recv() {
            let mut batch = gathered(first, decisions);
            let count = batch.len() as u64;
            while let Err(error) = self.write(&mut batch) {
                self.failed(&error, count);
                if !self.keep || self.state.ending.load(Ordering::Relaxed) {
                    self.metrics.receipts_lost.fetch_add(count, Ordering::Relaxed);
                    break;
                }
                std::thread::sleep(AGAIN);
            }
            self.state.waiting.fetch_sub(count, Ordering::Relaxed);
        }
    }

    fn failed(&self, error: &ReceiptError, count: u64) {
        if !self.state.failing.swap(true, Ordering::Relaxed) {
            let follows =
                if self.keep { "requests are refused until they can" } else { "requests are served without" };
            (self.alarm)(&format!("receipts of {count} decisions cannot be written: {error}; {follows}"));
        }
        self.metrics.receipts_failing.store(1, Ordering::Relaxed);
    }

    /// Seals what was kept; what is sealed already stays as it is when a batch is tried again.
    fn seal(&self, batch: &mut [Waiting]) -> Result<(), ReceiptError> {
        let Some(auditor) = &self.auditor else { return Ok(()) };
        let share = batch.len().div_ceil(SEALERS).max(1);
        let (blobs, metrics) = (self.store.blobs(), &*self.metrics);
        std::thread::scope(|scope| {
            let sealing: Vec<_> = batch
                .chunks_mut(share)
                .map(|share| {
                    Builder::new().spawn_scoped(scope, move || seal_all(share, auditor, blobs, metrics))
                })
                .collect();
            let failed = |why| Err(JweError::Seal(why).into());
            // All are waited for: one that fails leaves the others' work in place for the next try.
            let ended: Vec<Result<(), ReceiptError>> = sealing
                .into_iter()
                .map(|each| match each {
                    Ok(thread) => thread.join().unwrap_or_else(|_| failed("a thread that seals ended early")),
                    Err(_) => failed("the system gives no thread"),
                })
                .collect();
            ended.into_iter().collect()
        })
    }

    fn write(&self, batch: &mut [Waiting]) -> Result<(), ReceiptError> {
        self.seal(batch)?;
        let mut subjects = Vec::with_capacity(batch.len());
        let mut raw = Vec::with_capacity(batch.len());
        for Waiting { decision, .. } in &*batch {
            let json = serde_json::to_string(decision).map_err(StatementError::from)?;
            subjects.push(ResourceDescriptor::named(decision.id.as_str(), Digest::sha256(json.as_bytes())));
            raw.push(RawValue::from_string(json).map_err(StatementError::from)?);
        }
        let statement = Statement::new(subjects, DECISIONS_V1, Decisions { decisions: raw });
        let envelope = Envelope::sign(statement.to_payload()?, PAYLOAD_TYPE, &self.key)?;
        self.store.record(&envelope)?;
        self.metrics.receipts.fetch_add(batch.len() as u64, Ordering::Relaxed);
        self.metrics.receipts_failing.store(0, Ordering::Relaxed);
        if self.state.failing.swap(false, Ordering::Relaxed) {
            (self.alarm)("receipts can be written again");
        }
        Ok(())
    }
}

fn gathered(first: Waiting, decisions: &Receiver<Waiting>) -> Vec<Waiting> {
    let held = |waiting: &Waiting| waiting.kept.as_ref().map_or(0, Kept::held);
    let mut content = held(&first);
    let mut batch = vec![first];
    let until = Instant::now() + GATHERING;
    while batch.len() < LARGEST_BATCH && content < LARGEST_CONTENT {
        match decisions.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(waiting) => {
                content = content.saturating_add(held(&waiting));
                batch.push(waiting);
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        }
    }
    batch
}

/// A receipt that was found and believed.
#[derive(Debug)]
pub struct Receipt {
    /// The decision, as it was signed.
    pub decision: Box<RawValue>,
    /// The keys that signed it and are trusted.
    pub signers: Vec<String>,
    /// Digest of the envelope.
    pub envelope: Digest,
    /// That its entry is in the log.
    pub proof: LogProof,
}

/// Finds the receipt of a decision and checks it: the digest of the decision, the signature, and that the log holds it. Opens no
/// connection.
///
/// Cost: the statements of decisions in the log are read from the newest on until it is found.
///
/// # Errors
/// [`ReceiptError`]: there is none, or it is not to be believed.
pub fn verified(store: &Store, id: &str) -> Result<Receipt, ReceiptError> {
    let log = store.log().ok_or(ReceiptError::NoLog)?;
    let mut end = log.size()?;
    let mut unread: Option<(u64, StoreError)> = None;
    while end > 0 {
        let start = end.saturating_sub(LARGEST_BATCH as u64);
        let most = usize::try_from(end.saturating_sub(start)).unwrap_or(LARGEST_BATCH);
        let entries = log.entries(start, most)?;
        let placed: Vec<(u64, Vec<u8>)> = (start..end).zip(entries).collect();
        for (place, bytes) in placed.into_iter().rev() {
            let Some(name) = envelope_of(&bytes) else { continue };
            let envelope = match store.envelope(&name) {
                Ok(envelope) => envelope,
                Err(error) => {
                    unread.get_or_insert((place, error));
                    continue;
                }
            };
            let Some(decision) = decision_in(&envelope, id)? else { continue };
            let signers = store.trust().signers(&envelope);
            if signers.is_empty() {
                return Err(ReceiptError::NotBelieved(id.to_owned()));
            }
            let proof = log.prove(place, &bytes)?;
            return Ok(Receipt { decision, signers, envelope: name, proof });
        }
        end = start;
    }
    let id = id.to_owned();
    Err(match unread {
        Some((entry, error)) => ReceiptError::Unreadable { id, entry, error },
        None => ReceiptError::Unknown(id),
    })
}

/// The decision of that name in an envelope, checked against its digest.
fn decision_in(envelope: &Envelope, id: &str) -> Result<Option<Box<RawValue>>, ReceiptError> {
    let Ok(statement) = Statement::<Decisions>::from_payload(&envelope.payload) else { return Ok(None) };
    let found = statement.subject.iter().position(|subject| subject.name.as_deref() == Some(id));
    let (Some(place), true) = (found, statement.predicate_type == DECISIONS_V1) else { return Ok(None) };
    let changed = || ReceiptError::Changed(id.to_owned());
    let subject = statement.subject.get(place).ok_or_else(changed)?;
    let decision = statement
        .predicate
        .and_then(|mut all| (place < all.decisions.len()).then(|| all.decisions.swap_remove(place)));
    let decision = decision.ok_or_else(changed)?;
    let digest = Digest::sha256(decision.get().as_bytes());
    if subject.digest.get("sha256") != Some(digest.value()) {
        return Err(changed());
    }
    Ok(Some(decision))
}

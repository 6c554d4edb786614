//! The access log: one JSON object a line, written off the request path: [`AccessLog`].

use super::decision::Decision;
use super::metrics::Metrics;
use std::io::{BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

/// Most lines that wait. When the writer cannot keep up, further ones are lost and counted: a request never waits for a log.
const LONGEST_QUEUE: usize = 16_384;

/// Takes decisions and writes them.
#[derive(Debug)]
pub struct AccessLog {
    sender: Option<SyncSender<Box<Decision>>>,
    thread: Option<JoinHandle<()>>,
}

impl AccessLog {
    /// A log that is written to `out` by a thread of its own.
    ///
    /// # Errors
    /// What the system says when there can be no thread.
    pub fn new(out: Box<dyn Write + Send>, metrics: Arc<Metrics>) -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel(LONGEST_QUEUE);
        let write = move || write(&receiver, out, &metrics);
        let thread = std::thread::Builder::new().name("access-log".to_owned()).spawn(write)?;
        Ok(Self { sender: Some(sender), thread: Some(thread) })
    }

    /// Hands over a decision; never waits.
    pub(super) fn take(&self, decision: Box<Decision>, metrics: &Metrics) {
        let sent = self.sender.as_ref().map(|sender| sender.try_send(decision));
        if let Some(Err(TrySendError::Full(_) | TrySendError::Disconnected(_))) = sent {
            metrics.lines_lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for AccessLog {
    /// Writes what waits.
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write(decisions: &Receiver<Box<Decision>>, out: Box<dyn Write + Send>, metrics: &Metrics) {
    let mut out = BufWriter::new(out);
    while let Ok(first) = decisions.recv() {
        let mut batch = vec![first];
        batch.extend(decisions.try_iter().take(255));
        let mut wrote = Ok(());
        for decision in &batch {
            wrote = wrote.and_then(|()| {
                serde_json::to_writer(&mut out, decision)?;
                out.write_all(b"\n")
            });
        }
        if wrote.and_then(|()| out.flush()).is_err() {
            metrics.lines_lost.fetch_add(batch.len() as u64, Ordering::Relaxed);
        }
    }
}

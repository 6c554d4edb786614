//! The access log, and the log of findings: one JSON object a line, written off the request path: [`AccessLog`].

use super::decision::Decision;
use super::metrics::Metrics;
use super::ocsf::finding;
use std::io::{BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

/// Most lines that wait. When the writer cannot keep up, further ones are lost and counted: a request never waits for a log.
const LONGEST_QUEUE: usize = 16_384;

/// What a log holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Every decision, as a [`Decision`].
    Decisions,
    /// Decisions in which something was found, as Detection Findings of OCSF.
    Findings,
}

/// One log.
type Log = (Form, BufWriter<Box<dyn Write + Send>>);

/// Takes decisions and writes them.
#[derive(Debug)]
pub struct AccessLog {
    sender: Option<SyncSender<Box<Decision>>>,
    thread: Option<JoinHandle<()>>,
}

impl AccessLog {
    /// Logs that are written by a thread of their own.
    ///
    /// # Errors
    /// What the system says when there can be no thread.
    pub fn new(logs: Vec<(Form, Box<dyn Write + Send>)>, metrics: Arc<Metrics>) -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel(LONGEST_QUEUE);
        let logs = logs.into_iter().map(|(form, out)| (form, BufWriter::new(out))).collect();
        let write = move || write(&receiver, logs, &metrics);
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

fn write(decisions: &Receiver<Box<Decision>>, mut logs: Vec<Log>, metrics: &Metrics) {
    while let Ok(first) = decisions.recv() {
        let mut batch = vec![first];
        batch.extend(decisions.try_iter().take(255));
        for log in &mut logs {
            if wrote(log, &batch).is_err() {
                metrics.lines_lost.fetch_add(batch.len() as u64, Ordering::Relaxed);
            }
        }
    }
}

fn wrote((form, out): &mut Log, batch: &[Box<Decision>]) -> std::io::Result<()> {
    for decision in batch {
        match form {
            Form::Decisions => serde_json::to_writer(&mut *out, decision)?,
            Form::Findings => match finding(decision) {
                Some(finding) => serde_json::to_writer(&mut *out, &finding)?,
                None => continue,
            },
        }
        out.write_all(b"\n")?;
    }
    out.flush()
}

//! The access log, and the log of findings: one JSON object a line, written off the request path: [`AccessLog`].

use super::decision::Decision;
use super::metrics::Metrics;
use super::ocsf::finding;
use super::receipts::Alarm;
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
    /// Logs that are written by a thread of their own; `alarm` is told when one cannot be written, and when it can again.
    ///
    /// # Errors
    /// What the system says when there can be no thread.
    pub fn new(
        logs: Vec<(Form, Box<dyn Write + Send>)>,
        metrics: Arc<Metrics>,
        alarm: Alarm,
    ) -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel(LONGEST_QUEUE);
        let logs = logs.into_iter().map(|(form, out)| (form, BufWriter::new(out))).collect();
        let write = move || write(&receiver, logs, &metrics, &alarm);
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

fn write(decisions: &Receiver<Box<Decision>>, mut logs: Vec<Log>, metrics: &Metrics, alarm: &Alarm) {
    let mut failing = false;
    while let Ok(first) = decisions.recv() {
        let mut batch = vec![first];
        batch.extend(decisions.try_iter().take(255));
        let mut lost = None;
        for log in &mut logs {
            if let Err(error) = wrote(log, &batch) {
                metrics.lines_lost.fetch_add(batch.len() as u64, Ordering::Relaxed);
                lost = Some(error);
            }
        }
        match &lost {
            Some(error) if !failing => {
                alarm(&format!("the log of decisions cannot be written, lines are lost: {error}"));
            }
            None if failing => alarm("the log of decisions is written again"),
            _ => {}
        }
        failing = lost.is_some();
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::Mutex;

    /// A disk that is full for the first line.
    struct Full(u32);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0 > 0 {
                self.0 -= 1;
                return Err(io::Error::from(io::ErrorKind::StorageFull));
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_log_that_cannot_be_written_says_so_once_and_when_it_can_again() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let ours = Arc::clone(&told);
        let alarm: Alarm = Box::new(move |text: &str| ours.lock().unwrap().push(text.to_owned()));
        let metrics = Metrics::default();
        let (sender, receiver) = sync_channel(LONGEST_QUEUE);
        // One batch each: what is beyond its length is another.
        for _ in 0..3 * 256 {
            sender.send(Box::new(Decision::new("d".to_owned(), 1, "GET", "/"))).unwrap();
        }
        drop(sender);
        let log: Box<dyn Write + Send> = Box::new(Full(2));
        write(&receiver, vec![(Form::Decisions, BufWriter::with_capacity(1 << 20, log))], &metrics, &alarm);
        let told = told.lock().unwrap();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("cannot be written") && told[1].contains("written again"), "{told:?}");
        assert_eq!(metrics.lines_lost.load(Ordering::Relaxed), 2 * 256);
    }
}

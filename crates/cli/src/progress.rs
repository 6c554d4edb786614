//! The progress bar: only on a terminal, and only once work has lasted long enough to wonder about.

use bartizan_core::sweep::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A bar of bytes read and files done.
pub(crate) struct Bar {
    bytes: u64,
    read: AtomicU64,
    begun: Instant,
    drawn: OnceLock<ProgressBar>,
}

impl Bar {
    /// A bar for `bytes` to read.
    pub(crate) fn new(bytes: u64) -> Self {
        Self { bytes, read: AtomicU64::new(0), begun: Instant::now(), drawn: OnceLock::new() }
    }

    /// Takes it off the screen.
    pub(crate) fn clear(&self) {
        if let Some(bar) = self.drawn.get() {
            bar.finish_and_clear();
        }
    }

    fn bar(&self) -> Option<&ProgressBar> {
        // Short work never draws, nor pays for a bar.
        (self.begun.elapsed() > PATIENCE).then(|| {
            self.drawn.get_or_init(|| {
                let style =
                    ProgressStyle::with_template("{spinner} {bar:30} {bytes}/{total_bytes}  {wide_msg}");
                let bar =
                    ProgressBar::with_draw_target(Some(self.bytes), ProgressDrawTarget::stderr_with_hz(10));
                bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
            })
        })
    }
}

impl Progress for Bar {
    fn read(&self, bytes: u64) {
        let read = self.read.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if let Some(bar) = self.bar() {
            bar.set_position(read);
        }
    }

    fn done(&self, uri: &str) {
        if let Some(bar) = self.bar() {
            bar.set_message(bartizan_core::printable(uri, 60));
        }
    }
}

/// How long work may last before a bar appears.
const PATIENCE: Duration = Duration::from_millis(500);

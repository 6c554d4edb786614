//! Bounds on what hostile input may cost: [`Limits`] goes into every reader, [`Clock`] measures the time spent.

use std::time::{Duration, Instant};

/// Upper bounds for the scan of one subject. Reaching one is reported as a gap, never as clean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest file read, in bytes.
    pub file_bytes: u64,
    /// Largest decompressed archive member held in memory, in bytes.
    pub member_bytes: u64,
    /// Sum of all bytes decompressed for one subject.
    pub expanded_bytes: u64,
    /// Largest ratio of decompressed to compressed bytes once [`Limits::RATIO_FLOOR`] bytes have come out.
    pub expansion_ratio: u64,
    /// How deep archives, embedded payloads and encodings may nest.
    pub depth: u32,
    /// How many members one subject may hold, all archives together.
    pub members: u64,
    /// How many findings one subject may report; further ones are counted in a gap.
    pub findings: usize,
    /// Time for one subject.
    pub time: Duration,
}

impl Limits {
    /// Below this many decompressed bytes the ratio is not looked at: small files compress as they like.
    pub const RATIO_FLOOR: u64 = 32 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 1 << 44,
            member_bytes: 1 << 30,
            expanded_bytes: 64 << 30,
            expansion_ratio: 200,
            depth: 8,
            members: 100_000,
            findings: 1_000,
            time: Duration::from_mins(10),
        }
    }
}

/// Time that passes, so that tests need no sleeping.
pub trait Clock: Send + Sync {
    /// Time since the clock was made.
    fn elapsed(&self) -> Duration;
}

/// The machine's monotonic clock.
#[derive(Debug, Clone, Copy)]
pub struct MonotonicClock(Instant);

impl MonotonicClock {
    /// A clock that starts now.
    pub fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for MonotonicClock {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

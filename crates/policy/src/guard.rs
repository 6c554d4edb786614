//! A bound around everything a policy does: [`within`]. Rego has no endless loops by itself, but comprehensions over large ranges,
//! multiplying strings and slow patterns come near.
//!
//! The evaluator watches its own time between steps; here its thread is watched from outside, for what happens within a step.

use crate::PolicyError;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread::Builder;
use std::time::{Duration, Instant};

/// Stack of the thread that evaluates, in bytes: the parser nests 32 deep, values that a policy builds may nest deeper. Only what is
/// used of it becomes memory.
const STACK_BYTES: usize = 256 << 20;
/// How often memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// How long and how much a policy may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Longest time for one decision.
    pub time: Duration,
    /// Most memory that the process may gain meanwhile, in bytes.
    pub memory_bytes: u64,
}

impl Default for Bounds {
    /// Five seconds and 512 MiB: a decision over a megabyte of evidence takes milliseconds and some ten megabytes.
    fn default() -> Self {
        Self { time: Duration::from_secs(5), memory_bytes: 512 << 20 }
    }
}

/// Runs `work` on a thread of its own and gives up on it at a bound. `resident` says how much memory the process holds; where nobody
/// knows, let it say 0.
///
/// A thread that was given up on ends when the program does, or at its own next look at the time.
///
/// # Errors
/// [`PolicyError::Time`], [`PolicyError::Memory`], and [`PolicyError::Broken`] when `work` panicked.
pub fn within<T: Send + 'static>(
    bounds: Bounds,
    resident: &dyn Fn() -> u64,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, PolicyError> {
    within_leaving(bounds, resident, move || (work(), ()))
}

/// As [`within`], for work that leaves something behind: it is dropped on the thread of the work, and nobody waits for that.
///
/// # Errors
/// As [`within`].
pub(crate) fn within_leaving<T: Send + 'static, L>(
    bounds: Bounds,
    resident: &dyn Fn() -> u64,
    work: impl FnOnce() -> (T, L) + Send + 'static,
) -> Result<T, PolicyError> {
    let (sender, receiver) = sync_channel(1);
    let before = resident();
    let began = Instant::now();
    let spawned = Builder::new().name("policy".to_owned()).stack_size(STACK_BYTES).spawn(move || {
        let (done, left) = work();
        // Nobody listens any more when a bound was reached.
        let _ = sender.send(done);
        drop(left);
    });
    if spawned.is_err() {
        return Err(PolicyError::Broken);
    }
    loop {
        match receiver.recv_timeout(LOOK_EVERY) {
            Ok(done) => return Ok(done),
            Err(RecvTimeoutError::Disconnected) => return Err(PolicyError::Broken),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if began.elapsed() > bounds.time {
            return Err(PolicyError::Time(bounds.time));
        }
        let gained = resident().saturating_sub(before);
        if gained > bounds.memory_bytes {
            return Err(PolicyError::Memory(gained));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn work_within_the_bounds_gives_its_result() {
        assert_eq!(within(Bounds::default(), &|| 0, || 7).unwrap(), 7);
    }

    #[test]
    fn work_that_does_not_end_is_given_up_and_a_panic_is_an_error() {
        let short = Bounds { time: Duration::from_millis(30), ..Bounds::default() };
        let (_keep, never) = sync_channel::<()>(0);
        assert!(matches!(within(short, &|| 0, move || never.recv().is_ok()), Err(PolicyError::Time(_))));
        let panicked = within(Bounds::default(), &|| 0, || std::panic::resume_unwind(Box::new(())));
        assert!(matches!(panicked, Err::<(), _>(PolicyError::Broken)));
    }

    #[test]
    fn work_that_takes_too_much_memory_is_given_up() {
        let resident = AtomicU64::new(0);
        let (_keep, never) = sync_channel::<()>(0);
        let taken = within(
            Bounds { memory_bytes: 1 << 20, ..Bounds::default() },
            &|| resident.fetch_add(4 << 20, Ordering::Relaxed),
            move || never.recv().is_ok(),
        );
        assert!(matches!(taken, Err(PolicyError::Memory(gained)) if gained == 4 << 20));
    }
}

//! Whether an upstream is asked: a circuit that opens after failures on end and lets one request try after a while: [`Circuit`].

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures on end that open the circuit.
const MOST_FAILURES: u32 = 5;
/// How long an open circuit stays open.
const OPEN: Duration = Duration::from_secs(10);
/// What a request adds to the budget of retries, what a retry takes, and what the budget holds at most: one retry in ten requests, after
/// ten at once.
const EARNED: i64 = 1;
const COST: i64 = 10;
const MOST_SAVED: i64 = 100;

/// The circuit of one upstream.
#[derive(Debug, Default)]
pub(super) struct Circuit(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    open_until: Option<Instant>,
}

impl Circuit {
    /// Whether a request that asks now would be let try.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.open_until.is_none_or(|until| now >= until)
    }

    /// Whether a request may try. When the circuit has been open long enough, the first that asks may.
    pub(super) fn may_try(&self, now: Instant) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.open_until {
            None => true,
            Some(until) if now >= until => {
                state.open_until = Some(now + OPEN);
                true
            }
            Some(_) => false,
        }
    }

    /// How a request went.
    pub(super) fn went(&self, well: bool, now: Instant) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if well {
            *state = State::default();
            return;
        }
        state.failures = state.failures.saturating_add(1);
        if state.failures >= MOST_FAILURES {
            state.open_until = Some(now + OPEN);
        }
    }
}

/// How many requests may be sent a second time.
#[derive(Debug)]
pub(super) struct Retries(AtomicI64);

impl Default for Retries {
    fn default() -> Self {
        Self(AtomicI64::new(MOST_SAVED))
    }
}

impl Retries {
    /// A request came.
    pub(super) fn earn(&self) {
        if self.0.load(Ordering::Relaxed) < MOST_SAVED {
            self.0.fetch_add(EARNED, Ordering::Relaxed);
        }
    }

    /// Whether one more may be sent again.
    pub(super) fn take(&self) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |saved| (saved >= COST).then(|| saved - COST))
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_on_end_open_the_circuit_and_one_request_tries_later() {
        let (circuit, start) = (Circuit::default(), Instant::now());
        for _ in 0..4 {
            circuit.went(false, start);
        }
        circuit.went(true, start);
        for _ in 0..5 {
            assert!(circuit.may_try(start));
            circuit.went(false, start);
        }
        assert!(!circuit.may_try(start + Duration::from_secs(9)));
        let later = start + Duration::from_secs(10);
        // Whoever only looks takes nobody's turn.
        assert!(circuit.is_due(later) && !circuit.is_due(start));
        assert!(circuit.may_try(later) && !circuit.may_try(later));
        circuit.went(true, later);
        assert!(circuit.may_try(later));
    }

    #[test]
    fn retries_are_one_in_ten_after_a_few() {
        let retries = Retries::default();
        assert!((0..10).all(|_| retries.take()) && !retries.take());
        (0..10).for_each(|_| retries.earn());
        assert!(retries.take() && !retries.take());
    }
}

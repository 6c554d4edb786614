//! A decision while it is made: told when it is dropped, however the exchange ends.

use super::Gateway;
use super::body::{BodyError, FnEnd};
use super::decision::Decision;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// A decision while it is made.
pub(super) struct Recording {
    gateway: Arc<Gateway>,
    pub(super) decision: Option<Box<Decision>>,
    pub(super) started: Instant,
    /// Whether the answer has been handed over whole.
    pub(super) complete: bool,
}

impl Recording {
    pub(super) fn new(gateway: &Arc<Gateway>, decision: Decision) -> Self {
        gateway.metrics.in_flight.fetch_add(1, Ordering::Relaxed);
        Self {
            gateway: Arc::clone(gateway),
            decision: Some(Box::new(decision)),
            started: Instant::now(),
            complete: false,
        }
    }

    pub(super) fn change(&mut self, change: impl FnOnce(&mut Decision)) {
        if let Some(decision) = self.decision.as_mut() {
            change(decision);
        }
    }
}

impl FnEnd for Recording {
    fn passed(&mut self, bytes: usize) {
        self.change(|decision| decision.answer_bytes = decision.answer_bytes.saturating_add(bytes as u64));
    }

    fn ended(&mut self, outcome: Result<(), BodyError>) {
        self.complete = true;
        if let Err(error) = outcome {
            self.change(|decision| {
                decision.outcome = match error {
                    BodyError::Timeout => "upstream-silent",
                    _ => "upstream-broke",
                };
            });
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.gateway.metrics.in_flight.fetch_sub(1, Ordering::Relaxed);
        let Some(mut decision) = self.decision.take() else { return };
        if !self.complete {
            decision.outcome = "client-left";
        }
        decision.micros.total = micros(self.started);
        self.gateway.metrics.decided(&decision);
        if let Some(access) = &self.gateway.access {
            access.take(*decision, &self.gateway.metrics);
        }
    }
}

/// Microseconds since a moment.
pub(super) fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

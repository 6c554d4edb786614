//! A decision while it is made: told when it is dropped, however the exchange ends.

use super::body::{BodyError, FnEnd};
use super::decision::Decision;
use super::identity::Admitted;
use super::{Gateway, Outputs};
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
    /// Whether its answer is a stream that is counted.
    streams: bool,
    /// Who asked, while they do.
    pub(super) admitted: Option<Admitted>,
}

/// Bytes of an answer that count as a token: a little more than text has, for what JSON adds.
pub(super) const BYTES_A_TOKEN: u64 = 6;

impl Recording {
    pub(super) fn new(gateway: &Arc<Gateway>, decision: Decision) -> Self {
        gateway.metrics.in_flight.fetch_add(1, Ordering::Relaxed);
        Self {
            gateway: Arc::clone(gateway),
            decision: Some(Box::new(decision)),
            started: Instant::now(),
            complete: false,
            streams: false,
            admitted: None,
        }
    }

    /// Hands the decision to whoever makes it.
    pub(super) fn with<T>(&mut self, act: impl FnOnce(&mut Decision) -> T) -> T {
        let decision = self.decision.get_or_insert_with(|| Box::new(Decision::new(String::new(), 0, "", "")));
        act(decision)
    }

    /// The answer is a stream from here on.
    pub(super) fn begin_stream(&mut self) {
        self.streams = true;
        self.gateway.metrics.streams.fetch_add(1, Ordering::Relaxed);
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
        if self.streams {
            self.gateway.metrics.streams.fetch_sub(1, Ordering::Relaxed);
        }
        let Some(mut decision) = self.decision.take() else { return };
        if !self.complete {
            decision.outcome = "client-left";
        }
        decision.micros.total = micros(self.started);
        self.gateway.metrics.decided(&decision);
        if let Some(admitted) = &self.admitted {
            // What was answered is owed, whatever is left of the budget.
            let tokens = decision.answer_bytes.div_ceil(BYTES_A_TOKEN);
            let ledger = self.gateway.plan().ledger(&self.gateway);
            admitted.owe(&ledger, tokens, Instant::now());
        }
        let Outputs { access, receipts, telemetry } = &self.gateway.outputs;
        if let Some(receipts) = receipts {
            receipts.take(decision.clone(), &self.gateway.metrics);
        }
        if let Some(telemetry) = telemetry {
            telemetry.take(decision.clone(), &self.gateway.metrics);
        }
        if let Some(access) = access {
            access.take(decision, &self.gateway.metrics);
        }
    }
}

/// Microseconds since a moment.
pub(super) fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

//! A decision while it is made: told when it is dropped, however the exchange ends.

use super::body::{BodyError, FnEnd};
use super::content::Kept;
use super::decision::Decision;
use super::identity::Admitted;
use super::receipts::Receipts;
use super::{Gateway, Outputs};
use crate::settings::ReceiptContent;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// A decision while it is made.
pub(super) struct Recording {
    gateway: Arc<Gateway>,
    pub(super) decision: Option<Box<Decision>>,
    /// What is kept for an auditor, if anything is.
    kept: Option<Kept>,
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
            kept: gateway.outputs.receipts.as_ref().and_then(Receipts::keep),
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

    /// Whether digests of bodies are told.
    pub(super) fn hashes(&self) -> bool {
        self.gateway.outputs.content != ReceiptContent::Off
    }

    /// The request's body, as it came.
    pub(super) fn asked(&mut self, body: &[u8]) {
        let digest = (self.hashes() && !body.is_empty()).then(|| sha256(body));
        self.change(|decision| {
            decision.request_bytes = body.len() as u64;
            decision.request_sha256 = digest;
        });
        if !body.is_empty() {
            self.judges(body);
        }
    }

    /// The request's body, as it is judged.
    pub(super) fn judges(&mut self, body: &[u8]) {
        if let Some(kept) = &mut self.kept {
            kept.request(body);
        }
    }

    /// The answer's body, whole.
    pub(super) fn answered(&mut self, body: &[u8]) {
        let digest = self.hashes().then(|| sha256(body));
        self.change(|decision| {
            decision.answer_bytes = body.len() as u64;
            decision.answer_sha256 = digest;
        });
        self.leaves(body);
    }

    /// What leaves in place of an answer.
    pub(super) fn leaves(&mut self, piece: &[u8]) {
        if let Some(kept) = &mut self.kept {
            kept.answer(piece);
        }
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
    fn passed(&mut self, piece: &[u8]) {
        let bytes = piece.len() as u64;
        self.change(|decision| decision.answer_bytes = decision.answer_bytes.saturating_add(bytes));
        self.leaves(piece);
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
        let Outputs { access, receipts, telemetry, .. } = &self.gateway.outputs;
        if let Some(receipts) = receipts {
            receipts.take(decision.clone(), self.kept.take(), &self.gateway.metrics);
        }
        if let Some(telemetry) = telemetry {
            telemetry.take(decision.clone(), &self.gateway.metrics);
        }
        if let Some(access) = access {
            access.take(decision, &self.gateway.metrics);
        }
    }
}

fn sha256(body: &[u8]) -> String {
    bartizan_core::hex(&Sha256::digest(body))
}

/// Microseconds since a moment.
pub(super) fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

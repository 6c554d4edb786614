//! The body of a streamed answer: the upstream's, through the [`Screen`].

use super::body::{Answered, BodyError, FnEnd as _};
use super::decision::Direction;
use super::recording::Recording;
use super::screen::{Screen, Step};
use bytes::Bytes;
use hyper::body::{Body, Frame};
use sha2::{Digest as _, Sha256};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// A streamed answer on its way to the client.
pub(super) struct Screened {
    /// The upstream's body, until it or the screen has ended.
    inner: Option<Answered>,
    screen: Screen,
    /// By the shadow policy: it only looks. In a box, as few routes have one and streams are many.
    shadow: Option<Box<Screen>>,
    recording: Recording,
    digest: Sha256,
    silence: Duration,
    timer: Pin<Box<Sleep>>,
}

impl Screened {
    pub(super) fn new(
        inner: Answered,
        screen: Screen,
        shadow: Option<Screen>,
        silence: Duration,
        mut recording: Recording,
    ) -> Self {
        recording.begin_stream();
        Self {
            inner: Some(inner),
            screen,
            shadow: shadow.map(Box::new),
            recording,
            digest: Sha256::new(),
            silence,
            timer: Box::pin(tokio::time::sleep(silence)),
        }
    }

    /// Has the shadow policy look at a piece, or at the end.
    fn shadowed(&mut self, piece: Option<&[u8]>) {
        let Some(shadow) = &mut self.shadow else { return };
        let step = match piece {
            Some(piece) => shadow.push(piece),
            None => shadow.finish(),
        };
        let hardest = step.reasons.iter().map(|reason| reason.action).max().unwrap_or_default();
        let failed = step.unjudged.is_some();
        if failed {
            self.shadow = None;
        }
        self.recording.change(|decision| decision.shadowed((!failed).then_some(hardest)));
    }

    /// Takes in what a step found, and gives what leaves.
    fn told(&mut self, step: Step, started: std::time::Instant) -> Option<Bytes> {
        let Step { out, reasons, over, unjudged } = step;
        let took = super::recording::micros(started);
        self.recording.change(|decision| {
            decision.micros.answer = decision.micros.answer.saturating_add(took);
            let action = reasons.iter().map(|reason| reason.action).max().unwrap_or_default();
            if !reasons.is_empty() {
                decision.judged(Direction::Answer, action, &reasons);
            }
            if unjudged.is_some() {
                decision.unjudged = unjudged;
            }
        });
        if over {
            self.inner = None;
        }
        if out.is_empty() {
            return None;
        }
        if self.recording.hashes() {
            self.digest.update(&out);
        }
        self.recording.passed(&out);
        Some(out.freeze())
    }

    fn ended(&mut self, outcome: Result<(), BodyError>) {
        self.inner = None;
        self.recording.ended(outcome);
    }
}

impl Drop for Screened {
    fn drop(&mut self) {
        let hashed = self.recording.hashes().then(|| bartizan_core::hex(&self.digest.clone().finalize()));
        let usage = self.screen.usage().clone();
        self.recording.change(|decision| {
            if hashed.is_some() {
                decision.answer_sha256 = hashed;
            }
            decision.answered(usage);
        });
    }
}

impl Body for Screened {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        loop {
            let Some(inner) = &mut this.inner else {
                this.ended(Ok(()));
                return Poll::Ready(None);
            };
            match Pin::new(inner).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => {
                    this.timer.as_mut().reset(Instant::now() + this.silence);
                    // Trailers speak of a body that may have changed.
                    let Ok(data) = frame.into_data() else { continue };
                    let started = std::time::Instant::now();
                    let step = this.screen.push(&data);
                    this.shadowed(Some(&data));
                    if let Some(out) = this.told(step, started) {
                        return Poll::Ready(Some(Ok(Frame::data(out))));
                    }
                }
                Poll::Ready(None) => {
                    let started = std::time::Instant::now();
                    let step = this.screen.finish();
                    this.shadowed(None);
                    this.inner = None;
                    if let Some(out) = this.told(step, started) {
                        return Poll::Ready(Some(Ok(Frame::data(out))));
                    }
                }
                Poll::Ready(Some(Err(_))) => {
                    this.ended(Err(BodyError::Broken));
                    return Poll::Ready(Some(Err(BodyError::Broken)));
                }
                Poll::Pending => {
                    std::task::ready!(this.timer.as_mut().poll(context));
                    this.ended(Err(BodyError::Timeout));
                    return Poll::Ready(Some(Err(BodyError::Timeout)));
                }
            }
        }
    }
}

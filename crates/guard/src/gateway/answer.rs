//! The answer on its way back: judged as a whole, or passed on as it comes where it is no text.

use super::body::{self, Answered, BodyError, Passing};
use super::exchange::{Refused, Served, Way};
use super::headers;
use super::judging::{Asked, Outcome, is_text};
use super::recording::{Recording, micros};
use super::screen::Screen;
use super::stream::Screened;
use crate::check::Action;
use crate::protocol::{Framing, Protocol, RefusalKind};
use crate::settings::{Enforcement, OnFailure};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE};
use hyper::http::response::Parts;
use hyper::{Method, Response};
use std::time::{Duration, Instant};

/// Media types of streams that have a JSON value a line.
const LINES: [&str; 6] = [
    "application/x-ndjson",
    "application/ndjson",
    "application/x-jsonl",
    "application/jsonl",
    "application/x-json-lines",
    "application/json-lines",
];

/// Passes an answer on.
pub(super) async fn serve(
    way: &Way<'_>,
    asked: Asked,
    method: &Method,
    response: Response<Answered>,
    recording: &mut Recording,
) -> Result<Served, Refused> {
    let (head, incoming) = response.into_parts();
    let silence = Duration::from_millis(way.plan.limits.silence_ms);
    let kind = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.to_ascii_lowercase();
    // What is neither JSON nor text there says nothing that is judged.
    let is_loose = matches!(asked.spoken(), Protocol::Json | Protocol::Torchserve);
    if asked.protocol == Protocol::Opaque
        || method == Method::HEAD
        || incoming.is_end_stream()
        || is_loose && !is_text(&kind)
    {
        return Ok(passing(head, incoming, silence));
    }
    if kind.starts_with("text/event-stream") {
        return streamed(way, asked, Framing::Events, head, incoming, silence);
    }
    if LINES.iter().any(|lines| kind.starts_with(lines)) {
        return streamed(way, asked, Framing::Lines, head, incoming, silence);
    }
    let most = way.plan.limits.answer_bytes;
    let body = match body::read_steady(incoming, most, silence).await {
        Ok(body) => body,
        Err(BodyError::Timeout) => {
            return Err(Refused::new(RefusalKind::UpstreamTimeout, "the upstream fell silent in its answer"));
        }
        Err(error) => {
            return Err(Refused::new(RefusalKind::Upstream, format!("the upstream's answer: {error}")));
        }
    };
    whole(way, &asked, &kind, &head, body, recording)
}

/// Judges an answer as it streams.
fn streamed(
    way: &Way<'_>,
    asked: Asked,
    framing: Framing,
    head: Parts,
    incoming: Answered,
    silence: Duration,
) -> Result<Served, Refused> {
    let enforced = way.route.mode == Enforcement::Enforce;
    let open = way.route.on_failure == OnFailure::Open;
    if head.headers.contains_key(CONTENT_ENCODING) {
        // It was asked for as it is; what comes otherwise cannot be read piece by piece.
        if enforced && !open {
            return Err(Refused::new(RefusalKind::Upstream, "the upstream compressed a stream"));
        }
        return Ok(passing(head, incoming, silence));
    }
    let most = way.plan.limits.held_bytes;
    // A second policy judges the same pieces and acts on none.
    let shadow = asked.shadow.clone().map(|policy| {
        let asked = Asked { policy, shadow: None, ..asked.clone() };
        Screen::new(asked, framing, false, true, most)
    });
    let screen = Screen::new(asked, framing, enforced, open, most);
    Ok(Served::Stream(Box::new(move |recording| {
        let screened = Screened::new(incoming, screen, shadow, silence, recording);
        let mut response = Response::new(screened.boxed_unsync());
        *response.status_mut() = head.status;
        *response.headers_mut() = headers::onward(&head.headers);
        response
    })))
}

pub(super) fn passing(head: Parts, incoming: Answered, silence: Duration) -> Served {
    Served::Stream(Box::new(move |recording| {
        let length = head.headers.get(hyper::header::CONTENT_LENGTH).cloned();
        let mut response = Response::new(Passing::new(incoming, silence, recording).boxed_unsync());
        *response.status_mut() = head.status;
        *response.headers_mut() = headers::onward(&head.headers);
        if let Some(length) = length {
            // An answer to HEAD says how long the body would be.
            response.headers_mut().insert(hyper::header::CONTENT_LENGTH, length);
        }
        response
    }))
}

/// Judges an answer that is there as a whole.
fn whole(
    way: &Way<'_>,
    asked: &Asked,
    kind: &str,
    head: &Parts,
    body: Bytes,
    recording: &mut Recording,
) -> Result<Served, Refused> {
    let started = Instant::now();
    let enforced = way.route.mode == Enforcement::Enforce;
    let plain = body::decoded(&head.headers, &body, way.plan.limits.answer_bytes, &way.plan.limits);
    let judged =
        plain.map_err(|error| Refused::new(RefusalKind::Upstream, format!("the upstream's answer: {error}")));
    let judged = judged.and_then(|plain| {
        let error = !head.status.is_success();
        let length = headers::head_of_tensors(&head.headers);
        let body = plain.as_deref().unwrap_or(&body);
        recording.with(|decision| asked.answer(body, kind, length, error, decision))
    });
    recording.change(|decision| decision.micros.answer = micros(started));
    let mut out = headers::onward(&head.headers);
    let body = match judged {
        Ok(Outcome { action: Action::Block, check, .. }) if enforced => {
            return Err(Refused::new(RefusalKind::Policy, format!("the answer was stopped by {check}")));
        }
        Ok(Outcome { changed: Some(changed), head, .. }) if enforced => {
            headers::changed(&mut out, head);
            Bytes::from(changed)
        }
        Ok(_) => body,
        Err(refused) => {
            recording.change(|decision| decision.unjudged = Some(refused.kind.name()));
            if enforced && way.route.on_failure == OnFailure::Closed {
                return Err(Refused::new(RefusalKind::Upstream, "the upstream's answer could not be judged"));
            }
            body
        }
    };
    recording.answered(&body);
    let mut response = Response::new(body::whole(body));
    *response.status_mut() = head.status;
    *response.headers_mut() = out;
    Ok(Served::Whole(response))
}

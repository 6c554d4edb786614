//! One request on its way: found its route, read, judged, changed or stopped, passed on.

use super::Gateway;
use super::answer;
use super::body::{self, Body, BodyError};
use super::decision::{Decision, Direction};
use super::headers;
use super::plan::{NamedPolicy, Plan, Route};
use super::recording::{Recording, micros};
use super::settings::{Enforcement, OnFailure};
use super::upstream::Upstream;
use crate::check::{Action, Judgement, Session};
use crate::exchange::Exchange;
use crate::protocol::{Json, JsonLimits, Protocol, Refusal, RefusalKind, quoted, spliced, unquoted};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::http::uri::PathAndQuery;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use sha2::{Digest as _, Sha256};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bodies from this size on are judged where they do not hold up others, in bytes.
const LARGE: usize = 64 << 10;

/// Why a request is refused.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) kind: RefusalKind,
    pub(super) message: String,
}

impl Refused {
    pub(super) fn new(kind: RefusalKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

impl From<BodyError> for Refused {
    fn from(error: BodyError) -> Self {
        let kind = match error {
            BodyError::TooLarge | BodyError::Bomb => RefusalKind::TooLarge,
            BodyError::Timeout => RefusalKind::Timeout,
            BodyError::Broken | BodyError::Damaged => RefusalKind::Malformed,
            BodyError::Coding => RefusalKind::Unsupported,
        };
        Self::new(kind, error.to_string())
    }
}

/// What both ways of an exchange share.
pub(super) struct Way<'w> {
    pub(super) plan: &'w Plan,
    pub(super) route: &'w Route,
    pub(super) protocol: Protocol,
    pub(super) session: &'w Session,
}

/// Serves one request.
pub(super) async fn respond(gateway: Arc<Gateway>, request: Request<Incoming>) -> Response<Body> {
    let plan = gateway.plan();
    let path = request.uri().path().to_owned();
    let decision = Decision::new(gateway.next_name(), (gateway.clock)(), request.method().as_str(), &path);
    let name = decision.id.clone();
    let mut recording = Recording::new(&gateway, decision);
    recording.change(|decision| decision.config_sha256.clone_from(&plan.digest));
    let protocol = plan.route(&path).map_or(Protocol::Opaque, |(_, protocol)| protocol);
    let mut response = match serve(&gateway, &plan, request, &mut recording).await {
        Ok(Served::Whole(response)) => {
            recording.complete = true;
            response
        }
        Ok(Served::Stream(make)) => make(recording),
        Err(refused) => refuse(&refused, protocol, &mut recording),
    };
    if let Ok(value) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(headers::DECISION, value);
    }
    response
}

/// An answer, or what makes one of the recording that goes with it.
pub(super) enum Served {
    Whole(Response<Body>),
    Stream(Box<dyn FnOnce(Recording) -> Response<Body> + Send>),
}

fn refuse(refused: &Refused, protocol: Protocol, recording: &mut Recording) -> Response<Body> {
    recording.complete = true;
    let mut decision = String::new();
    recording.change(|each| {
        each.outcome = refused.kind.name();
        each.status = refused.kind.status();
        decision.clone_from(&each.id);
    });
    let refusal = Refusal { kind: refused.kind, message: refused.message.clone(), decision };
    let mut response = Response::new(body::whole(refusal.body(protocol)));
    *response.status_mut() =
        StatusCode::from_u16(refused.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if refused.kind == RefusalKind::RateLimited {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

async fn serve(
    gateway: &Gateway,
    plan: &Plan,
    request: Request<Incoming>,
    recording: &mut Recording,
) -> Result<Served, Refused> {
    let (head, incoming) = request.into_parts();
    if head.method == Method::CONNECT {
        return Err(Refused::new(RefusalKind::NotFound, "this is no proxy of connections"));
    }
    let found = plan.route(head.uri.path());
    let (route, protocol) =
        found.ok_or_else(|| Refused::new(RefusalKind::NotFound, "no route takes this path"))?;
    recording.change(|decision| {
        decision.route.clone_from(&route.name);
        decision.protocol = protocol.name();
        decision.policy.clone_from(&route.policy.name);
        decision.policy_sha256.clone_from(&route.policy.digest);
        decision.enforced = route.mode == Enforcement::Enforce;
    });
    let body =
        body::read(incoming, plan.limits.request_bytes, Duration::from_millis(plan.limits.body_ms)).await?;
    let session = Session::new(gateway.derived(b"session", route.name.as_bytes()));
    let way = Way { plan, route, protocol, session: &session };
    let (body, headers) = judged_request(&way, &head.headers, body, recording)?;
    let path = head.uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
    let judged = protocol != Protocol::Opaque;
    let sent = Instant::now();
    let (upstream, response) = call(&way, &head.method, &path, &headers, &body, judged).await?;
    recording.change(|decision| {
        decision.micros.upstream = micros(sent);
        decision.upstream = Some(upstream.name.clone());
        decision.status = response.status().as_u16();
    });
    answer::serve(&way, &head.method, response, recording).await
}

/// The body to send in place of the one that came, with headers that fit it.
fn judged_request(
    way: &Way<'_>,
    headers: &HeaderMap,
    body: Bytes,
    recording: &mut Recording,
) -> Result<(Bytes, HeaderMap), Refused> {
    recording.change(|decision| {
        decision.request_bytes = body.len() as u64;
        if !body.is_empty() {
            decision.request_sha256 = Some(bartizan_core::hex(&Sha256::digest(&body)));
        }
    });
    if body.is_empty() || way.protocol == Protocol::Opaque {
        return Ok((body, headers.clone()));
    }
    let started = Instant::now();
    let most = way.plan.limits.request_bytes;
    let read =
        body::decoded(headers, &body, most, &way.plan.limits).map_err(Refused::from).and_then(|plain| {
            let plain = plain.map_or_else(|| body.clone(), Bytes::from);
            let outcome = judge(way, Direction::Request, headers, &plain, recording)?;
            Ok((plain, outcome))
        });
    recording.change(|decision| decision.micros.request = micros(started));
    let enforced = way.route.mode == Enforcement::Enforce;
    match read {
        Ok((_, Outcome { action: Action::Block, check, .. })) if enforced => {
            Err(Refused::new(RefusalKind::Policy, format!("the request was stopped by {check}")))
        }
        Ok((_, Outcome { changed: Some(changed), .. })) if enforced => {
            let mut headers = headers.clone();
            headers::changed(&mut headers);
            Ok((Bytes::from(changed), headers))
        }
        Ok(_) => Ok((body, headers.clone())),
        Err(refused) => {
            recording.change(|decision| decision.unjudged = Some(refused.kind.name()));
            // Too much is too much, whatever is done about what cannot be judged.
            if way.route.on_failure == OnFailure::Open && refused.kind != RefusalKind::TooLarge || !enforced {
                Ok((body, headers.clone()))
            } else {
                Err(refused)
            }
        }
    }
}

/// What a judgement comes to.
pub(super) struct Outcome {
    pub(super) action: Action,
    /// The check that asks for it.
    pub(super) check: &'static str,
    /// The body as it is to be, when it is redacted.
    pub(super) changed: Option<Vec<u8>>,
}

/// Judges a body that is there as a whole.
pub(super) fn judge(
    way: &Way<'_>,
    direction: Direction,
    headers: &HeaderMap,
    body: &[u8],
    recording: &mut Recording,
) -> Result<Outcome, Refused> {
    let mut work = || {
        let mut outcome = None;
        with_exchange(way, direction, headers, body, |exchange, wrapped| {
            if direction == Direction::Request {
                let model = exchange.model.as_deref().map(|model| bartizan_core::printable(model, 128));
                recording.change(|decision| decision.model = model);
            }
            let judged = judgement(&way.route.policy, direction, exchange, way.session)?;
            recording.change(|decision| decision.judged(direction, judged.action, &judged.reasons));
            if let Some(shadow) = &way.route.shadow {
                let theirs = judgement(shadow, direction, exchange, way.session).map(|one| one.action);
                recording.change(|decision| {
                    let name = theirs.as_ref().map_or("failed", |action| action.name());
                    decision.shadow = Some(name);
                });
            }
            let check = judged.reasons.iter().find(|reason| reason.action == judged.action);
            let mut changed = None;
            if judged.action == Action::Redact && !judged.edits.is_empty() {
                let body = spliced(exchange.body, &judged.edits).ok_or_else(failed)?;
                changed = Some(if wrapped {
                    let text = std::str::from_utf8(&body).map_err(|_| failed())?;
                    unquoted(text).into_owned().into_bytes()
                } else {
                    body
                });
            }
            let check = check.map_or("a check", |reason| reason.check);
            outcome = Some(Outcome { action: judged.action, check, changed });
            Ok(())
        })?;
        outcome.ok_or_else(failed)
    };
    if body.len() >= LARGE { tokio::task::block_in_place(work) } else { work() }
}

/// Reads a body as its protocol; a text that is no JSON as the string it is.
fn with_exchange(
    way: &Way<'_>,
    direction: Direction,
    headers: &HeaderMap,
    body: &[u8],
    act: impl FnOnce(&Exchange<'_>, bool) -> Result<(), Refused>,
) -> Result<(), Refused> {
    let limits: JsonLimits = way.plan.json_limits();
    let of = |body: &[u8],
              json: &Json<'_>,
              wrapped,
              act: Box<dyn FnOnce(&Exchange<'_>, bool) -> Result<(), Refused> + '_>| {
        let exchange = match direction {
            Direction::Request => way.protocol.request(body, json),
            Direction::Answer => way.protocol.response(body, json),
        };
        act(&exchange, wrapped)
    };
    match Json::read(body, limits) {
        Ok(json) => of(body, &json, false, Box::new(act)),
        Err(error) => {
            let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let text = std::str::from_utf8(body)
                .ok()
                .filter(|_| way.protocol == Protocol::Json && kind.starts_with("text/"));
            let Some(text) = text else {
                return Err(Refused::new(RefusalKind::Malformed, format!("the body is no JSON: {error}")));
            };
            let mut body = Vec::with_capacity(text.len().saturating_add(2));
            quoted(text, &mut body);
            let json = Json::read(&body, limits).map_err(|_| failed())?;
            of(&body, &json, true, Box::new(act))
        }
    }
}

fn judgement(
    policy: &NamedPolicy,
    direction: Direction,
    exchange: &Exchange<'_>,
    session: &Session,
) -> Result<Judgement, Refused> {
    let judge = || match direction {
        Direction::Request | Direction::Answer => policy.checks.request(exchange, session),
    };
    catch_unwind(AssertUnwindSafe(judge)).map_err(|_| failed())
}

fn failed() -> Refused {
    Refused::new(RefusalKind::Unavailable, "the exchange could not be judged")
}

/// Sends a request to the upstream whose turn it is; to the next when none of it was sent.
async fn call<'w>(
    way: &Way<'w>,
    method: &Method,
    path: &PathAndQuery,
    headers: &HeaderMap,
    body: &Bytes,
    judged: bool,
) -> Result<(&'w Arc<Upstream>, Response<Incoming>), Refused> {
    let patience = Duration::from_millis(way.plan.limits.answer_ms);
    for upstream in way.route.upstreams() {
        let Some(address) = upstream.address(path) else {
            return Err(Refused::new(RefusalKind::Malformed, "the path cannot be sent on"));
        };
        let mut request = Request::new(Full::new(body.clone()));
        *request.method_mut() = method.clone();
        *request.uri_mut() = address;
        *request.headers_mut() = headers::to_upstream(headers, upstream.credential(), judged);
        match tokio::time::timeout(patience, upstream.call(request)).await {
            Ok(Ok(response)) => return Ok((upstream, response)),
            Ok(Err(error)) if error.is_connect() => {}
            Ok(Err(_)) => return Err(Refused::new(RefusalKind::Upstream, "the upstream broke off")),
            Err(_) => {
                return Err(Refused::new(
                    RefusalKind::UpstreamTimeout,
                    "the upstream did not answer in time",
                ));
            }
        }
    }
    Err(Refused::new(RefusalKind::Upstream, "no upstream can be reached"))
}

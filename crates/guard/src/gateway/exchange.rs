//! One request on its way: found its route, read, judged, changed or stopped, passed on.

use super::Gateway;
use super::answer;
use super::body::{self, Answered, Arrives, Body, BodyError};
use super::decision::{Decision, Trace};
use super::headers;
use super::http1::asking::CallError;
use super::identity::{Admitted, Turned};
use super::judging::{Asked, Outcome};
use super::lineage::Lineages;
use super::model::ServedModel;
use super::plan::{Plan, Route};
use super::query;
use super::receipts::Receipts;
use super::recording::{BYTES_A_TOKEN, Recording, micros};
use super::upstream::Upstream;
use super::websocket;
use crate::check::{Action, Session};
use crate::protocol::{Protocol, Refusal, RefusalKind};
use crate::settings::{Enforcement, OnFailure};
use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::http::request::Parts;
use hyper::http::uri::PathAndQuery;
use hyper::upgrade::OnUpgrade;
use hyper::{HeaderMap, Method, Response, StatusCode};
use std::borrow::Cow;
use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

/// Why a request is refused.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) kind: RefusalKind,
    pub(super) message: String,
    /// How long to wait before asking again.
    pub(super) wait: Option<Duration>,
    /// The `id` of the request, where the protocol has one.
    pub(super) id: Option<String>,
    /// The protocol that it is told in, where that is another than the path says.
    pub(super) protocol: Option<Protocol>,
}

impl Refused {
    pub(super) fn new(kind: RefusalKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), wait: None, id: None, protocol: None }
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
}

/// Serves one request; `upgrade` is what is to become of its connection, where it asks to speak something else.
pub(super) async fn respond(
    gateway: Arc<Gateway>,
    head: Parts,
    upgrade: Option<OnUpgrade>,
    body: impl Arrives,
) -> Response<Body> {
    let plan = gateway.plan();
    let path = head.uri.path().to_owned();
    let decision = Decision::new(gateway.next_name(), (gateway.clock)(), head.method.as_str(), &path);
    let name = decision.id.clone();
    let mut recording = Recording::new(&gateway, decision);
    let trace = head.headers.get("traceparent").and_then(|value| value.to_str().ok()).and_then(Trace::of);
    recording.change(|decision| {
        decision.config_sha256.clone_from(&plan.digest);
        decision.trace = trace;
    });
    let protocol = plan.route(&path).map_or(Protocol::Opaque, |(_, protocol)| protocol);
    let mut response = match serve(&gateway, &plan, head, upgrade, body, &mut recording).await {
        Ok(Served::Whole(response)) => {
            recording.complete = true;
            response
        }
        Ok(Served::Stream(make)) => make(recording),
        Err(refused) => refuse(&refused, refused.protocol.unwrap_or(protocol), &mut recording),
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
    let refusal =
        Refusal { kind: refused.kind, message: refused.message.clone(), decision, id: refused.id.clone() };
    let body = refusal.body(protocol);
    recording.leaves(body.as_ref());
    let mut response = Response::new(body::whole(body));
    *response.status_mut() =
        StatusCode::from_u16(refused.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // JSON-RPC says in the body what is wrong with a message that was understood.
    if protocol == Protocol::Mcp && refused.kind == RefusalKind::Policy {
        *response.status_mut() = StatusCode::OK;
    }
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(wait) = refused.wait {
        let seconds = HeaderValue::from(wait.as_secs().saturating_add(1));
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    response
}

async fn serve(
    gateway: &Arc<Gateway>,
    plan: &Plan,
    head: Parts,
    upgrade: Option<OnUpgrade>,
    body: impl Arrives,
    recording: &mut Recording,
) -> Result<Served, Refused> {
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
    if gateway.outputs.receipts.as_ref().is_some_and(Receipts::must_refuse) {
        return Err(Refused::new(
            RefusalKind::Unavailable,
            "receipts cannot be written, and nothing is served without",
        ));
    }
    let now = Instant::now();
    let admitted = plan
        .identities
        .admit(&head.headers, &route.name, &plan.ledger(gateway), now)
        .await
        .map_err(|why| turned(why, plan))?;
    if let Some(admitted) = &admitted {
        recording.change(|decision| {
            decision.tenant = Some(admitted.tenant().to_owned());
            decision.key = Some(admitted.key().to_owned());
        });
    }
    recording.admitted = admitted;
    if let Some(upgrade) = upgrade {
        recording.change(|decision| {
            decision.protocol = websocket::NAME;
            decision.unjudged = Some(websocket::NAME);
        });
        return websocket::serve(gateway, &Way { plan, route, protocol }, &head, upgrade).await;
    }
    let body = body.arrived(plan.limits.request_bytes, Duration::from_millis(plan.limits.body_ms)).await?;
    let way = Way { plan, route, protocol };
    // Which of several is taken is up to the reader: together they are no media type.
    let kinds: Vec<&str> =
        head.headers.get_all(CONTENT_TYPE).iter().filter_map(|value| value.to_str().ok()).collect();
    let kind = kinds.join(", ");
    let tenant = recording.admitted.as_ref().map_or(&*route.name, Admitted::tenant).to_owned();
    let mut asked = Asked {
        protocol,
        goes_by_shape: route.goes_by_shape(head.uri.path()),
        is_message: false,
        policy: Arc::clone(&route.policy),
        shadow: route.shadow.clone(),
        speakers: Arc::clone(&route.speakers),
        session: Arc::new(Session::new(gateway.derived(b"session", tenant.as_bytes()))),
        limits: plan.json_limits(),
        body: Bytes::new(),
        kind,
        head: headers::head_of_tensors(&head.headers),
        echoes: Arc::default(),
        prepared: Vec::new(),
    };
    if let Some(said) = head.uri.query().filter(|_| protocol != Protocol::Opaque).and_then(query::said) {
        judged_query(&way, &asked, &said, recording).map_err(|refused| asked.named(refused))?;
    }
    let judged = judged_request(&way, &mut asked, &head.headers, body, recording);
    let (body, headers) = judged.map_err(|refused| asked.named(refused))?;
    if let Some(admitted) = &recording.admitted {
        // A body that came compressed is as long as what it says.
        let length = body.len().max(asked.body.len()) as u64;
        let (ledger, tokens) = (plan.ledger(gateway), length.div_ceil(BYTES_A_TOKEN));
        admitted.spend(&ledger, tokens, Instant::now()).await.map_err(|why| turned(why, plan))?;
    }
    let path = head.uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
    let sent = Instant::now();
    let (id, spoken) = (asked.id(), asked.spoken());
    let mut calling = pin!(call(gateway, &way, &head.method, &path, &headers, &body));
    // While the upstream answers, what can be made ready for its answer is.
    let at_once = poll_fn(|context| Poll::Ready(calling.as_mut().poll(context))).await;
    let answered = match at_once {
        Poll::Ready(answered) => answered,
        Poll::Pending => {
            asked.prepare();
            calling.await
        }
    };
    let (upstream, response) = answered?;
    let served = upstream.model.as_ref().map(ServedModel::admitted);
    recording.change(|decision| {
        decision.micros.upstream = micros(sent);
        decision.upstream = Some(upstream.name.clone());
        decision.model_digest = served.and_then(Result::ok);
        decision.status = response.status().as_u16();
    });
    answer::serve(&way, asked, &head.method, response, recording).await.map_err(|refused| Refused {
        id,
        protocol: Some(spoken),
        ..refused
    })
}

fn turned(why: Turned, plan: &Plan) -> Refused {
    let lineages = plan.identities.lineages.as_ref();
    match why {
        Turned::Unknown => Refused::new(RefusalKind::Unauthenticated, "no key, or one that is not known"),
        Turned::Uncounted => Refused::new(
            RefusalKind::Unavailable,
            "the shared counters cannot be reached, and nobody is served uncounted",
        ),
        Turned::Elsewhere => Refused::new(RefusalKind::Forbidden, "the key is not for this path"),
        Turned::Nameless => {
            let header = lineages.map_or("of the lineage", Lineages::header);
            let message = format!("the header {header} must name, once, the chain of calls this is part of");
            Refused::new(RefusalKind::Malformed, message)
        }
        Turned::TooMuch(wait) => {
            let who = if lineages.is_some() { "this key, or this chain of calls," } else { "this key" };
            let message = format!("more than {who} may use now; wait {:.1} s", wait.as_secs_f64());
            Refused { wait: Some(wait), ..Refused::new(RefusalKind::RateLimited, message) }
        }
    }
}

/// Refuses a request whose query may not pass.
fn judged_query(way: &Way<'_>, asked: &Asked, said: &[u8], recording: &mut Recording) -> Result<(), Refused> {
    let enforced = way.route.mode == Enforcement::Enforce;
    match recording.with(|decision| asked.query(said, decision)) {
        Ok(Outcome { action: Action::Block, check, .. }) if enforced => {
            Err(Refused::new(RefusalKind::Policy, format!("the request was stopped by {check}")))
        }
        Ok(_) => Ok(()),
        Err(refused) => {
            recording.change(|decision| decision.unjudged = Some(refused.kind.name()));
            if way.route.on_failure == OnFailure::Open || !enforced { Ok(()) } else { Err(refused) }
        }
    }
}

/// The body to send in place of the one that came, with headers that fit it.
fn judged_request<'h>(
    way: &Way<'_>,
    asked: &mut Asked,
    headers: &'h HeaderMap,
    body: Bytes,
    recording: &mut Recording,
) -> Result<(Bytes, Cow<'h, HeaderMap>), Refused> {
    recording.asked(&body);
    if body.is_empty() || way.protocol == Protocol::Opaque {
        return Ok((body, Cow::Borrowed(headers)));
    }
    let started = Instant::now();
    let most = way.plan.limits.request_bytes;
    let plain = body::decoded(headers, &body, most, &way.plan.limits).map_err(Refused::from);
    let read = plain.and_then(|plain| {
        asked.body = match plain {
            Some(plain) => {
                recording.judges(&plain);
                Bytes::from(plain)
            }
            None => body.clone(),
        };
        let judged = recording.with(|decision| asked.request(decision));
        let protocol = asked.spoken();
        recording.change(|decision| decision.protocol = protocol.name());
        judged
    });
    recording.change(|decision| decision.micros.request = micros(started));
    let enforced = way.route.mode == Enforcement::Enforce;
    match read {
        Ok(Outcome { action: Action::Block, check, .. }) if enforced => {
            Err(Refused::new(RefusalKind::Policy, format!("the request was stopped by {check}")))
        }
        Ok(Outcome { changed: Some(changed), head, .. }) if enforced => {
            let mut headers = headers.clone();
            headers::changed(&mut headers, head);
            Ok((Bytes::from(changed), Cow::Owned(headers)))
        }
        Ok(_) => Ok((body, Cow::Borrowed(headers))),
        Err(refused) => {
            recording.change(|decision| decision.unjudged = Some(refused.kind.name()));
            // Too much is too much, whatever is done about what cannot be judged.
            if way.route.on_failure == OnFailure::Open && refused.kind != RefusalKind::TooLarge || !enforced {
                Ok((body, Cow::Borrowed(headers)))
            } else {
                Err(refused)
            }
        }
    }
}

/// Whether a request that was answered so may be sent to another upstream: one says with 503 that it did not begin, and what only reads may
/// be asked again after 502 and 504 as well (RFC 9110, section 9.2.2).
fn may_repeat(method: &Method, status: StatusCode) -> bool {
    status == StatusCode::SERVICE_UNAVAILABLE || method.is_safe()
}

/// Sends a request to the upstream whose turn it is; to the next when that one cannot be reached or says that it cannot serve, as long as
/// the budget of retries lasts.
async fn call<'w>(
    gateway: &Gateway,
    way: &Way<'w>,
    method: &Method,
    path: &PathAndQuery,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<(&'w Arc<Upstream>, Response<Answered>), Refused> {
    let patience = Duration::from_millis(way.plan.limits.answer_ms);
    // A key of ours says nothing to an upstream, and must not reach one.
    let ours = !way.plan.identities.is_open();
    let judged = way.protocol != Protocol::Opaque;
    gateway.retries.earn();
    let mut last =
        Refused::new(RefusalKind::Unavailable, "every upstream failed lately; they are tried again soon");
    let mut unwell = None;
    let mut tried = false;
    let mut another = None;
    let upstreams: Vec<&'w Arc<Upstream>> = way.route.upstreams(Instant::now());
    let is_only = upstreams.len() == 1;
    for upstream in upstreams {
        if let Some(Err(why)) = upstream.model.as_ref().map(ServedModel::admitted) {
            another.get_or_insert_with(|| not_admitted(upstream, &why));
            continue;
        }
        // Without a budget nobody's turn to try an upstream again is used up.
        if !upstream.circuit.is_due(Instant::now()) {
            continue;
        }
        if tried && !gateway.retries.take() {
            break;
        }
        if !upstream.circuit.may_try(Instant::now()) {
            continue;
        }
        tried = true;
        let headers = headers::to_upstream(headers, upstream.credential(), ours, judged);
        let outcome = tokio::time::timeout(patience, upstream.call(method, path, &headers, body)).await;
        if let Ok(Err(CallError::Unaddressed)) = outcome {
            return Err(Refused::new(RefusalKind::Malformed, "the path cannot be sent on"));
        }
        let answered = matches!(&outcome, Ok(Ok(_)));
        let well = matches!(&outcome, Ok(Ok(response)) if !matches!(response.status().as_u16(), 502..=504));
        // Where there is no other, leaving it alone for what one client provoked would help nobody.
        upstream.circuit.went(well || answered && is_only, Instant::now());
        let belied = |response: &Response<Answered>| {
            upstream.model.as_ref().is_some_and(|model| model.is_belied_by(response.headers()))
        };
        match outcome {
            // What another model says reaches nobody.
            Ok(Ok(response)) if belied(&response) => {
                return Err(not_admitted(upstream, "its answer names another model"));
            }
            Ok(Ok(response)) if well => return Ok((upstream, response)),
            Ok(Ok(response)) if !may_repeat(method, response.status()) => return Ok((upstream, response)),
            Ok(Ok(response)) => unwell = Some((upstream, response)),
            Ok(Err(CallError::Unreached)) => {
                last = Refused::new(RefusalKind::Upstream, "no upstream can be reached");
            }
            // It may have done what it was asked; asking again could do it twice.
            Ok(Err(_)) => return Err(Refused::new(RefusalKind::Upstream, "the upstream broke off")),
            Err(_) => {
                return Err(Refused::new(
                    RefusalKind::UpstreamTimeout,
                    "the upstream did not answer in time",
                ));
            }
        }
    }
    unwell.ok_or(if tried { last } else { another.unwrap_or(last) })
}

pub(super) fn not_admitted(upstream: &Upstream, why: &str) -> Refused {
    Refused::new(RefusalKind::NotAdmitted, format!("upstream {}: {why}", upstream.name))
}

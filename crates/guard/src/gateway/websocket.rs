//! WebSockets, which realtime endpoints speak: passed on as they are, counted and told, where a route lets them.
//!
//! Source: RFC 6455, section 4. Nothing in them is judged, so a route that refuses what cannot be judged refuses them, unless it says
//! `websocket = true`.

use super::Gateway;
use super::answer;
use super::body::{self, FnEnd as _};
use super::exchange::{Refused, Served, Way, not_admitted};
use super::headers;
use super::model::ServedModel;
use crate::protocol::RefusalKind;
use crate::settings::{Enforcement, OnFailure};
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONNECTION, HeaderValue, UPGRADE};
use hyper::http::request::Parts;
use hyper::http::uri::PathAndQuery;
use hyper::upgrade::OnUpgrade;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// What a decision about one calls its protocol, and what was not judged in it.
pub(super) const NAME: &str = "websocket";

/// Whether a request asks for one.
pub(super) fn is_asked(method: &Method, headers: &HeaderMap) -> bool {
    let upgrade = headers.get(UPGRADE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    method == Method::GET && upgrade.trim().eq_ignore_ascii_case(NAME)
}

/// Opens one at an upstream and joins both ends.
pub(super) async fn serve(
    gateway: &Arc<Gateway>,
    way: &Way<'_>,
    head: &Parts,
    client: OnUpgrade,
) -> Result<Served, Refused> {
    let judged = way.route.mode == Enforcement::Enforce && way.route.on_failure == OnFailure::Closed;
    if judged && !way.route.websocket {
        let message =
            "WebSockets are not judged, and this route refuses what is not; websocket = true lets them pass";
        return Err(Refused::new(RefusalKind::Forbidden, message));
    }
    let most = i64::try_from(way.plan.limits.connections).unwrap_or(i64::MAX);
    if gateway.metrics().websockets.load(Ordering::Relaxed) >= most {
        return Err(Refused::new(RefusalKind::Unavailable, "too many WebSockets are open"));
    }
    let now = Instant::now();
    let mut another = None;
    let upstream = way.route.upstreams(Instant::now()).into_iter().find(|one| {
        if let Some(Err(why)) = one.model.as_ref().map(ServedModel::admitted) {
            another.get_or_insert_with(|| not_admitted(one, &why));
            return false;
        }
        one.circuit.may_try(now)
    });
    let none =
        || Refused::new(RefusalKind::Unavailable, "every upstream failed lately; they are tried again soon");
    let upstream = upstream.ok_or_else(|| another.unwrap_or_else(none))?;
    let path = head.uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
    let address = upstream.address(&path);
    let address =
        address.ok_or_else(|| Refused::new(RefusalKind::Malformed, "the path cannot be sent on"))?;
    let mut request = Request::new(Full::new(Bytes::new()));
    *request.uri_mut() = address;
    let ours = !way.plan.identities.is_open();
    let mut onward = headers::to_upstream(&head.headers, upstream.credential(), ours, false);
    upgrading(&mut onward);
    *request.headers_mut() = onward;
    let patience = Duration::from_millis(way.plan.limits.answer_ms);
    let answered = tokio::time::timeout(patience, upstream.upgrade(request)).await;
    upstream.circuit.went(matches!(answered, Ok(Ok(_))), now);
    let mut response = match answered {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => return Err(Refused::new(RefusalKind::Upstream, "the upstream broke off")),
        Err(_) => {
            return Err(Refused::new(RefusalKind::UpstreamTimeout, "the upstream did not answer in time"));
        }
    };
    if upstream.model.as_ref().is_some_and(|model| model.is_belied_by(response.headers())) {
        return Err(super::exchange::not_admitted(upstream, "its answer names another model"));
    }
    // Content in answer to an upgrade would reach the client unread.
    if response.status().is_success() {
        return Err(Refused::new(RefusalKind::Upstream, "the upstream answered an upgrade with content"));
    }
    let silence = Duration::from_millis(way.plan.limits.silence_ms);
    let name = upstream.name.clone();
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let (head, incoming) = response.into_parts();
        return Ok(answer::passing(head, body::Answered::Library(incoming), silence));
    }
    let server = hyper::upgrade::on(&mut response);
    let mut headers = headers::onward(response.headers());
    upgrading(&mut headers);
    let gateway = Arc::clone(gateway);
    Ok(Served::Stream(Box::new(move |mut recording| {
        recording.change(|decision| {
            decision.upstream = Some(name);
            decision.status = StatusCode::SWITCHING_PROTOCOLS.as_u16();
        });
        tokio::spawn(async move {
            gateway.metrics().websockets.fetch_add(1, Ordering::Relaxed);
            if let Ok((client, server)) = tokio::try_join!(client, server) {
                let (mut client, mut server) = (TokioIo::new(client), TokioIo::new(server));
                match tokio::io::copy_bidirectional(&mut client, &mut server).await {
                    Ok((asked, answered)) => {
                        recording.change(|decision| decision.request_bytes = asked);
                        recording.change(|decision| decision.answer_bytes = answered);
                        recording.ended(Ok(()));
                    }
                    // One end hung up without a word; which, nobody can tell.
                    Err(_) => recording.ended(Err(body::BodyError::Broken)),
                }
            }
            gateway.metrics().websockets.fetch_sub(1, Ordering::Relaxed);
        });
        let mut response = Response::new(body::whole(Bytes::new()));
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        *response.headers_mut() = headers;
        response
    })))
}

fn upgrading(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static(NAME));
}

//! TLS and HTTP around a webhook: [`serve`].
//!
//! | path | what |
//! | --- | --- |
//! | `POST /validate` | an `AdmissionReview` |
//! | `GET /healthz` | 200 while it serves |
//! | `GET /metrics` | counters |
//!
//! Every connection, handshake, head, body and decision has a bound. The certificate is read again when its files change.

use super::metrics::Metrics;
use super::review::Review;
use super::webhook::Webhook;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;

/// Longest head of a request, in bytes; those of an API server have some hundreds.
const LONGEST_HEAD: usize = 16 << 10;
/// How often the files of certificate and digests are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Why nothing can be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The certificate or its key cannot be used.
    #[error("the {subject} cannot be used: {problem}")]
    Tls {
        /// Which.
        subject: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// The machine does not give what is needed.
    #[error("cannot serve at {place}: {error}")]
    Serve {
        /// Where.
        place: String,
        /// What the system said.
        #[source]
        error: io::Error,
    },
}

/// Bounds of one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Reviews in work at once; each may hold some ten times its size in memory.
    pub reviews: usize,
    /// Largest body, in bytes.
    pub body_bytes: usize,
    /// Longest time for a handshake, a head, and a body, each, in milliseconds.
    pub arrival_ms: u64,
    /// Longest time for a decision, in milliseconds. Kubernetes waits ten seconds unless it is told otherwise.
    pub decision_ms: u64,
    /// Longest time for what is in progress when it ends, in milliseconds.
    pub drain_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            reviews: 32,
            body_bytes: super::LARGEST_REVIEW,
            arrival_ms: 5_000,
            decision_ms: 8_000,
            drain_ms: 10_000,
        }
    }
}

/// A certificate and its key, ready to be shown.
#[derive(Clone)]
pub struct Identity(TlsAcceptor);

impl std::fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Identity")
    }
}

/// Reads a chain of certificates and a private key, both PEM.
///
/// # Errors
/// [`ServeError::Tls`].
pub fn identity(chain: &[u8], key: &[u8]) -> Result<Identity, ServeError> {
    let failed = |subject, problem: String| ServeError::Tls { subject, problem };
    let chain: Result<Vec<CertificateDer<'static>>, _> = CertificateDer::pem_slice_iter(chain).collect();
    let chain = chain.map_err(|error| failed("certificate", error.to_string()))?;
    if chain.is_empty() {
        return Err(failed("certificate", "the file holds none; PEM is expected".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| failed("private key", error.to_string()))?;
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key));
    let mut config = config.map_err(|error| failed("certificate", error.to_string()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Identity(TlsAcceptor::from(Arc::new(config))))
}

/// What is served, and how it changes.
pub struct Serving {
    /// Who answers.
    pub webhook: Arc<Webhook>,
    /// What is shown to whoever connects.
    pub identity: Identity,
    /// Bounds.
    pub limits: Limits,
    /// Something that is another when the files of the certificate are.
    pub stamp: Box<dyn Fn() -> u64 + Send + Sync>,
    /// Reads them again, and whatever else is read again with them.
    pub reload: Box<dyn Fn() -> Result<Identity, String> + Send + Sync>,
    /// Told what happens.
    pub tell: Box<dyn Fn(&str) + Send + Sync>,
}

/// Serves on a socket that listens, until a signal to terminate; then finishes what is in progress.
///
/// # Errors
/// [`ServeError::Serve`].
pub fn serve(serving: Serving, listener: TcpListener) -> Result<(), ServeError> {
    let place = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
    let failed = |error| ServeError::Serve { place: place.clone(), error };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("admission")
        .build()
        .map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let drain = Duration::from_millis(serving.limits.drain_ms);
    let ended = runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
        let identity = Arc::new(RwLock::new(serving.identity.clone()));
        let serving = Arc::new(serving);
        tokio::spawn(watch(Arc::clone(&serving), Arc::clone(&identity)));
        accept(&serving, &identity, &listener).await;
        Ok(())
    });
    // A decision that does not come to its end is left behind.
    runtime.shutdown_timeout(drain);
    ended
}

/// Takes up another certificate when its files change. One that cannot be used changes nothing.
async fn watch(serving: Arc<Serving>, identity: Arc<RwLock<Identity>>) {
    let mut stamp = (serving.stamp)();
    loop {
        tokio::time::sleep(LOOK).await;
        let now = (serving.stamp)();
        if now == stamp {
            continue;
        }
        stamp = now;
        match (serving.reload)() {
            Ok(another) => {
                *identity.write().unwrap_or_else(PoisonError::into_inner) = another;
                (serving.tell)("another certificate is shown");
            }
            Err(error) => {
                (serving.tell)(&format!("the files changed and cannot be used, those before stay: {error}"));
            }
        }
    }
}

async fn accept(serving: &Arc<Serving>, identity: &RwLock<Identity>, listener: &tokio::net::TcpListener) {
    let limits = serving.limits;
    let most = limits.connections.clamp(1, u32::MAX as usize);
    let places = Arc::new(Semaphore::new(most));
    let reviews = Arc::new(Semaphore::new(limits.reviews.max(1)));
    let stopped = tokio::sync::watch::Sender::new(false);
    let mut terminated = std::pin::pin!(terminated());
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let accepted = tokio::select! {
            biased;
            () = terminated.as_mut() => break,
            accepted = next => accepted,
        };
        let (Ok(place), Ok((stream, _))) = accepted else {
            // One connection that broke, or too many open files for a moment.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let Identity(tls) = identity.read().unwrap_or_else(PoisonError::into_inner).clone();
        let (serving, reviews, mut stop) = (Arc::clone(serving), Arc::clone(&reviews), stopped.subscribe());
        tokio::spawn(async move {
            let _place = place;
            let patience = Duration::from_millis(limits.arrival_ms);
            // Who does not come to speak TLS in time is not served.
            let Ok(Ok(stream)) = tokio::time::timeout(patience, tls.accept(stream)).await else { return };
            let metrics = serving.webhook.metrics();
            Metrics::add(&metrics.connections, 1);
            let mut builder = Builder::new(TokioExecutor::new());
            builder.http1().timer(TokioTimer::new()).header_read_timeout(patience).max_buf_size(LONGEST_HEAD);
            builder
                .http2()
                .timer(TokioTimer::new())
                .max_header_list_size(u32::try_from(LONGEST_HEAD).unwrap_or(u32::MAX))
                .max_concurrent_streams(128)
                .keep_alive_interval(Duration::from_secs(30))
                .keep_alive_timeout(patience);
            let service = service_fn(|request| {
                let (serving, reviews) = (Arc::clone(&serving), Arc::clone(&reviews));
                async move { Ok::<_, Infallible>(route(&serving, &reviews, request).await) }
            });
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            let mut connection = std::pin::pin!(connection);
            let stopping = async {
                let _ = stop.wait_for(|stopped| *stopped).await;
            };
            // Whoever hangs up has their answer or does not want it.
            tokio::select! {
                _ = connection.as_mut() => {}
                () = stopping => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
            metrics.connections.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
        });
    }
    stopped.send_replace(true);
    let ended = places.acquire_many(u32::try_from(most).unwrap_or(u32::MAX));
    let _ = tokio::time::timeout(Duration::from_millis(limits.drain_ms), ended).await;
}

/// Waits for a signal to terminate.
#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        _ => std::future::pending().await,
    }
}

/// Waits for a signal to terminate.
#[cfg(not(unix))]
async fn terminated() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

type Said = Response<Full<Bytes>>;

async fn route(serving: &Arc<Serving>, reviews: &Semaphore, request: Request<Incoming>) -> Said {
    match (request.uri().path(), request.method()) {
        ("/healthz", &Method::GET) => said(StatusCode::OK, "serving\n".to_owned()),
        ("/metrics", &Method::GET) => said(StatusCode::OK, serving.webhook.metrics().text()),
        ("/validate", &Method::POST) => {
            let began = tokio::time::Instant::now();
            let answered = validate(serving, reviews, request).await;
            let duration = began.elapsed().as_micros();
            serving.webhook.metrics().took(u64::try_from(duration).unwrap_or(u64::MAX));
            answered.unwrap_or_else(|(status, problem)| {
                Metrics::add(&serving.webhook.metrics().refused, 1);
                said(status, format!("{problem}\n"))
            })
        }
        ("/validate", _) => {
            let mut response =
                said(StatusCode::METHOD_NOT_ALLOWED, "an AdmissionReview is posted here\n".to_owned());
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            response
        }
        _ => said(StatusCode::NOT_FOUND, "/validate, /healthz and /metrics are here\n".to_owned()),
    }
}

/// Reads a review and answers it. What is no review is refused by status, which Kubernetes takes for a webhook that failed: with
/// `failurePolicy: Fail` nothing is let in.
async fn validate(
    serving: &Arc<Serving>,
    reviews: &Semaphore,
    request: Request<Incoming>,
) -> Result<Said, (StatusCode, String)> {
    let limits = serving.limits;
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let problem = format!(
            "the content type is `{}`; application/json is expected",
            bartizan_core::printable(kind, 100)
        );
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, problem));
    }
    let busy = |_| (StatusCode::SERVICE_UNAVAILABLE, "the webhook is ending".to_owned());
    let _place = reviews.acquire().await.map_err(busy)?;
    let body = Limited::new(request.into_body(), limits.body_bytes).collect();
    let body = match tokio::time::timeout(Duration::from_millis(limits.arrival_ms), body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let problem =
                format!("the review is larger than {} bytes, the most that is read", limits.body_bytes);
            return Err((StatusCode::PAYLOAD_TOO_LARGE, problem));
        }
        Ok(Err(error)) => return Err((StatusCode::BAD_REQUEST, format!("the body broke off: {error}"))),
        Err(_) => return Err((StatusCode::REQUEST_TIMEOUT, "the body did not come in time".to_owned())),
    };
    let review = Review::parse(&body).map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
    drop(body);
    let answer = if let Some(answer) = serving.webhook.answer_at_once(&review) {
        answer
    } else {
        let review = Arc::new(review);
        let (webhook, theirs) = (Arc::clone(&serving.webhook), Arc::clone(&review));
        let deciding = tokio::task::spawn_blocking(move || webhook.answer(&theirs));
        let decided = tokio::time::timeout(Duration::from_millis(limits.decision_ms), deciding).await;
        if let Ok(Ok(answer)) = decided {
            answer
        } else {
            // A defect in the decision is none of the cluster's business but that nothing is let in.
            Metrics::add(&serving.webhook.metrics().late, 1);
            serving.webhook.too_late(&review)
        }
    };
    let mut response = Response::new(Full::new(Bytes::from(answer.to_json().to_string())));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

fn said(status: StatusCode, text: String) -> Said {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_or_no_key_is_refused_by_name() {
        let error = identity(b"", b"").unwrap_err().to_string();
        assert!(error.contains("the certificate cannot be used"), "{error}");
        let error =
            identity(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"").unwrap_err();
        assert!(error.to_string().contains("the private key cannot be used"), "{error}");
    }
}

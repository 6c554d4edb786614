//! Connections: accepting them, bounding them, and ending them in peace: [`serve`].

use super::Gateway;
use super::body::{self, Arrives, Body};
use super::error::GatewayError;
use super::exchange::respond;
use super::http1::answering::{self, End};
use super::plan::Plan;
use super::warming::warm;
use super::websocket;
use bytes::{Buf as _, Bytes};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

/// Tells a gateway to stop: requests in progress are finished first.
#[derive(Debug, Clone)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    /// Stops the gateway.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was stopped.
    pub(super) fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    pub(super) async fn stopped(&self) {
        // The sender lives as long as this.
        let _ = self.0.subscribe().wait_for(|stopped| *stopped).await;
    }
}

/// Who may see the metrics of a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Face {
    /// Traffic, and metrics for this machine only.
    Traffic { metrics: bool },
    /// Metrics and health only.
    Admin,
}

/// Serves on sockets that listen already, until `stop` or a signal to terminate; then finishes what is in progress, within the time
/// that the limits give.
///
/// # Errors
/// [`GatewayError::Serve`] when the machine does not give what is needed.
pub fn serve(
    gateway: &Arc<Gateway>,
    listener: TcpListener,
    admin: Option<TcpListener>,
    threads: Option<usize>,
    reload: Option<Reload>,
    stop: &Stop,
) -> Result<(), GatewayError> {
    let place = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
    let failed = |error| GatewayError::Serve { place: place.clone(), error };
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = threads {
        builder.worker_threads(threads.max(1));
    }
    let runtime = builder.enable_all().thread_name("guard").build().map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    if let Some(admin) = &admin {
        admin.set_nonblocking(true).map_err(failed)?;
    }
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
        let metrics = admin.is_none();
        if let Some(admin) = admin {
            let admin = tokio::net::TcpListener::from_std(admin).map_err(failed)?;
            let (gateway, stop) = (Arc::clone(gateway), stop.clone());
            tokio::spawn(async move { accept(&gateway, &admin, &stop, Face::Admin).await });
        }
        tokio::spawn(watch_models(Arc::clone(gateway)));
        if let Some(reload) = reload {
            tokio::spawn(watch_configuration(Arc::clone(gateway), reload));
        }
        let signalled = stop.clone();
        tokio::spawn(async move {
            terminated().await;
            signalled.stop();
        });
        // By a thread that will judge: some caches belong to the thread that filled them.
        let plan = gateway.plan();
        let _ = tokio::spawn(async move { warm(&plan) }).await;
        accept(gateway, &listener, stop, Face::Traffic { metrics }).await;
        Ok(())
    })
}

/// A configuration that was read again.
pub struct Reloaded {
    /// What is in force from now on.
    pub plan: Plan,
    /// Settings that are others in it and stay as they were until the gateway begins anew.
    pub waiting: Vec<&'static str>,
}

/// How a configuration is read again.
pub struct Reload {
    /// Reads it, and makes it ready.
    pub load: Box<dyn Fn() -> Result<Reloaded, String> + Send + Sync>,
    /// Something that is another when the configuration is.
    pub stamp: Box<dyn Fn() -> u64 + Send + Sync>,
    /// Told how it went.
    pub tell: Box<dyn Fn(&str) + Send + Sync>,
}

/// How often the stamp of the configuration is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Takes up another configuration on a signal to hang up, or when the file is another. One that cannot be used changes nothing.
async fn watch_configuration(gateway: Arc<Gateway>, reload: Reload) {
    let reload = Arc::new(reload);
    let mut stamp = (reload.stamp)();
    #[cfg(unix)]
    let mut hangup = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok();
    loop {
        #[cfg(unix)]
        let asked = async {
            match &mut hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        #[cfg(not(unix))]
        let asked = std::future::pending::<Option<()>>();
        let asked = tokio::select! {
            _ = asked => true,
            () = tokio::time::sleep(LOOK) => false,
        };
        let now = (reload.stamp)();
        if !asked && now == stamp {
            continue;
        }
        stamp = now;
        let theirs = Arc::clone(&reload);
        match tokio::task::spawn_blocking(move || (theirs.load)()).await {
            Ok(Ok(Reloaded { plan, waiting })) => {
                // Requests go on under the plan before, until it is known what may be served under this one.
                finished(plan.look_at_models(|_| true)).await;
                gateway.replan(plan);
                (reload.tell)("another configuration is in force");
                if !waiting.is_empty() {
                    let settings = waiting.join(", ");
                    (reload.tell)(&format!(
                        "NOT in force until the gateway is started anew: {settings} of [guard]"
                    ));
                }
            }
            Ok(Err(error)) => {
                (reload.tell)(&format!("the configuration cannot be used, the one before stays: {error}"));
            }
            Err(_) => (reload.tell)("the configuration cannot be used, the one before stays"),
        }
    }
}

/// Looks at which models are served: at the beginning, and then at the interval of each. Closes connections that nobody needs.
async fn watch_models(gateway: Arc<Gateway>) {
    finished(gateway.plan().look_at_models(|_| true)).await;
    for second in 1_u64.. {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let plan = gateway.plan();
        plan.close_idle(Instant::now());
        if plan.has_models() {
            plan.look_at_models(|interval| second.is_multiple_of(interval.as_secs().max(1))).detach_all();
        }
    }
}

/// Waits for all of them; a defect in one is not the end of the others.
async fn finished(mut looks: tokio::task::JoinSet<()>) {
    while looks.join_next().await.is_some() {}
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

/// Accepts connections until the gateway stops, and waits for those that are open.
async fn accept(gateway: &Arc<Gateway>, listener: &tokio::net::TcpListener, stop: &Stop, face: Face) {
    let most = u32::try_from(gateway.plan().limits.connections).unwrap_or(u32::MAX).max(1);
    let places = Arc::new(Semaphore::new(most as usize));
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let accepted = tokio::select! {
            biased;
            () = stop.stopped() => break,
            accepted = next => accepted,
        };
        let (Ok(place), Ok((stream, peer))) = accepted else {
            // One connection that broke, or too many open files for a moment.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (gateway, stop) = (Arc::clone(gateway), stop.clone());
        tokio::spawn(async move {
            gateway.metrics.connections.fetch_add(1, Ordering::Relaxed);
            let tls = gateway.plan().tls.clone().filter(|_| face != Face::Admin);
            // In a box, as it would take as much room in every connection without.
            match tls {
                None => converse(&gateway, stream, peer, &stop, face).await,
                Some(tls) => Box::pin(secured(&tls, &gateway, stream, peer, &stop, face)).await,
            }
            gateway.metrics.connections.fetch_sub(1, Ordering::Relaxed);
            drop(place);
        });
    }
    // Every place free again: every connection ended.
    let ended = places.acquire_many(most);
    let patience = Duration::from_millis(gateway.plan().limits.drain_ms);
    let _ = tokio::time::timeout(patience, ended).await;
}

/// Answers the requests of one connection over TLS.
async fn secured(
    tls: &TlsAcceptor,
    gateway: &Arc<Gateway>,
    stream: TcpStream,
    peer: SocketAddr,
    stop: &Stop,
    face: Face,
) {
    let patience = Duration::from_millis(gateway.plan().limits.head_ms);
    // Who does not come to speak TLS in time is not served.
    let accepting = Box::pin(tokio::time::timeout(patience, tls.accept(stream)));
    let accepted = accepting.await.ok().and_then(Result::ok).map(Box::new);
    if let Some(stream) = accepted {
        converse(gateway, stream, peer, stop, face).await;
    }
}

/// Answers the requests of one connection.
async fn converse(
    gateway: &Arc<Gateway>,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    stop: &Stop,
    face: Face,
) {
    let limits = || gateway.plan().limits;
    let respond = |head, body| route(Arc::clone(gateway), head, None, body, peer, face);
    // HTTP/2, and what may become a WebSocket, is spoken by the library.
    if let End::Elsewhere(stream, begun) = answering::converse(stream, limits, stop, respond).await {
        let stream = Begun { begun, stream };
        Box::pin(converse_elsewhere(gateway, stream, peer, stop, face)).await;
    }
}

async fn converse_elsewhere(
    gateway: &Arc<Gateway>,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    stop: &Stop,
    face: Face,
) {
    let limits = gateway.plan().limits;
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        // One request, which asks for a WebSocket: others are read by ourselves.
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(limits.head_ms))
        .max_buf_size(limits.header_bytes.max(8 << 10))
        .max_headers(limits.headers);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(256)
        .keep_alive_interval(Duration::from_millis(limits.head_ms))
        .keep_alive_timeout(Duration::from_millis(limits.head_ms));
    let service = service_fn(|mut request: Request<Incoming>| {
        let gateway = Arc::clone(gateway);
        async move {
            let asked = websocket::is_asked(request.method(), request.headers());
            let upgrade = asked.then(|| hyper::upgrade::on(&mut request));
            let (head, body) = request.into_parts();
            Ok::<_, Infallible>(route(gateway, head, upgrade, body, peer, face).await)
        }
    });
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    // Whoever hangs up has their answer or does not want it.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stop.stopped() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// A connection of which some was read already.
struct Begun<S> {
    begun: Bytes,
    stream: S,
}

impl<S: AsyncRead + Unpin> AsyncRead for Begun<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.begun.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let length = self.begun.len().min(buffer.remaining());
        buffer.put_slice(self.begun.get(..length).unwrap_or_default());
        self.begun.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Begun<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }
}

async fn route(
    gateway: Arc<Gateway>,
    head: Parts,
    upgrade: Option<OnUpgrade>,
    body: impl Arrives,
    peer: SocketAddr,
    face: Face,
) -> Response<Body> {
    let own = matches!(head.uri.path(), "/metrics" | "/healthz") && head.method == Method::GET;
    match face {
        Face::Admin if own => describe(&gateway, head.uri.path()),
        Face::Admin => plain(StatusCode::NOT_FOUND, "/metrics and /healthz are here\n".to_owned()),
        Face::Traffic { metrics: true } if own && peer.ip().to_canonical().is_loopback() => {
            describe(&gateway, head.uri.path())
        }
        Face::Traffic { .. } => respond(gateway, head, upgrade, body).await,
    }
}

fn describe(gateway: &Gateway, path: &str) -> Response<Body> {
    if path != "/healthz" {
        return plain(StatusCode::OK, gateway.metrics_text());
    }
    match gateway.plan().route_without_model() {
        None => plain(StatusCode::OK, "serving\n".to_owned()),
        Some(route) => plain(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("not ready: no admitted model serves route {route}\n"),
        ),
    }
}

fn plain(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(body::whole(text));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"));
    response
}

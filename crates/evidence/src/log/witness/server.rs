//! The HTTP around a witness: `POST /add-checkpoint` and `GET /HASH/checkpoint`.
//!
//! Source: C2SP tlog-witness, "HTTP Interface". Every request is bounded in bytes and time, and so are the connections. With a
//! certificate it is HTTPS.

use super::{Answer, LONGEST_REQUEST, TlsIdentity, Witness};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;

/// Longest time for the head of a request, for its body, and for the answer, each.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most connections at a time.
const MOST_CONNECTIONS: usize = 256;

/// The time in seconds since 1970.
pub type SharedClock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Serves a witness on a socket that listens already, until the process ends; in TLS when there is a certificate for it.
///
/// # Errors
/// What the system said when it cannot be begun; a connection that fails ends alone.
pub fn serve(
    witness: Witness,
    listener: TcpListener,
    clock: SharedClock,
    tls: Option<&TlsIdentity>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    listener.set_nonblocking(true)?;
    let witness = Arc::new(witness);
    let acceptor = tls.map(TlsIdentity::acceptor);
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return Ok(()) };
            let Ok((stream, _)) = listener.accept().await else {
                // One connection that broke, or too many open files for a moment.
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            let (witness, clock, acceptor) = (Arc::clone(&witness), Arc::clone(&clock), acceptor.clone());
            tokio::spawn(async move {
                match acceptor {
                    None => converse(stream, witness, clock).await,
                    // Who does not come to speak TLS in time is not served.
                    Some(acceptor) => {
                        if let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await
                        {
                            converse(stream, witness, clock).await;
                        }
                    }
                }
                drop(place);
            });
        }
    })
}

/// Answers the requests of one connection.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    witness: Arc<Witness>,
    clock: SharedClock,
) {
    let service = service_fn(move |request| {
        let (witness, clock) = (Arc::clone(&witness), Arc::clone(&clock));
        async move { Ok::<_, Infallible>(respond(answer(witness, clock, request).await)) }
    });
    // Whoever hangs up has their answer or does not want it.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(64 << 10)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(witness: Arc<Witness>, clock: SharedClock, request: Request<Incoming>) -> Answer {
    let path = request.uri().path().to_owned();
    match (request.method(), path.as_str()) {
        (&Method::POST, "/add-checkpoint") => {
            let body = Limited::new(request.into_body(), LONGEST_REQUEST).collect();
            let body = match tokio::time::timeout(PATIENCE, body).await {
                Ok(Ok(body)) => body.to_bytes(),
                Ok(Err(error)) if error.is::<LengthLimitError>() => {
                    return Answer::text(413, "the request is too long");
                }
                Ok(Err(_)) => return Answer::text(400, "the request cannot be read"),
                Err(_) => return Answer::text(408, "the request took too long"),
            };
            let done = tokio::task::spawn_blocking(move || witness.add_checkpoint(&body, clock()));
            done.await.unwrap_or_else(|_| Answer::text(500, "the witness failed"))
        }
        (_, "/add-checkpoint") => Answer::text(405, "add-checkpoint is a POST"),
        (&Method::GET, path) => {
            match path.strip_prefix('/').and_then(|rest| rest.strip_suffix("/checkpoint")) {
                Some(hash) => witness.checkpoint(hash),
                None => Answer::text(404, "there is nothing here"),
            }
        }
        _ => Answer::text(405, "that method is not known here"),
    }
}

fn respond(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(answer.media_type));
    response
}

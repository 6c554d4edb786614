//! One question to a server, on a connection of its own: [`Client`].

use super::place::Place;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, AUTHORIZATION, HOST, HeaderValue, LOCATION, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls_pki_types::{CertificateDer, ServerName};
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Longest silence of a server, and longest time for it to take a connection.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// How often an answer may send somewhere else.
pub(crate) const MOST_REDIRECTS: usize = 3;

/// Certificates of those who vouch for servers, in DER.
pub type Roots = Vec<Vec<u8>>;

/// An answer whose body is still to be read.
pub(crate) type Got = Response<Incoming>;

/// Why a server gives nothing.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The machine does not give what is needed.
    #[error("no connection can be made: {0}")]
    Machine(io::Error),
    /// Nobody answers.
    #[error("{place} does not answer: {problem}")]
    Connection {
        /// Host, and path.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// An answer that leads nowhere.
    #[error("{place} {problem}")]
    Answer {
        /// Host, and path.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// Who asks servers, one question at a time.
pub(crate) struct Client {
    runtime: tokio::runtime::Runtime,
    tls: TlsConnector,
}

impl Client {
    /// A client of any server that `roots` vouch for.
    ///
    /// # Errors
    /// [`WebError::Machine`].
    pub(crate) fn new(roots: Roots) -> Result<Self, WebError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(roots.into_iter().map(CertificateDer::from));
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| WebError::Machine(io::Error::other(error)))?
            .with_root_certificates(store)
            .with_no_client_auth();
        Ok(Self { runtime: runtime.map_err(WebError::Machine)?, tls: TlsConnector::from(Arc::new(config)) })
    }

    /// A whole body, up to a size.
    pub(crate) fn body(&self, response: Got, place: &Place, most: usize) -> Result<Bytes, WebError> {
        let collected = self.waited(place, Limited::new(response.into_body(), most).collect())?;
        let collected = collected.map_err(|error| broke_off(place, &*error))?;
        Ok(collected.to_bytes())
    }

    /// Waits for something, and not for ever.
    pub(crate) fn waited<T>(&self, place: &Place, work: impl Future<Output = T>) -> Result<T, WebError> {
        let waiting = self.runtime.block_on(async { tokio::time::timeout(PATIENCE, work).await });
        waiting.map_err(|_| WebError::Connection {
            place: place.shown(),
            problem: format!("it is silent for {} seconds", PATIENCE.as_secs()),
        })
    }

    /// Asks and follows where it is sent; what says who asks goes to the place itself alone. The status is the caller's to judge.
    pub(crate) fn followed(
        &self,
        place: &Place,
        accept: &str,
        authorization: Option<&str>,
    ) -> Result<(Got, Place), WebError> {
        let mut here = place.clone();
        for _ in 0..=MOST_REDIRECTS {
            let own = here.authority == place.authority && here.plain == place.plain;
            let response = self.once(&here, accept, authorization.filter(|_| own))?;
            if !response.status().is_redirection() || response.status() == StatusCode::NOT_MODIFIED {
                return Ok((response, here));
            }
            here = redirected(&response, &here)?;
        }
        let problem = format!("sends somewhere else more than {MOST_REDIRECTS} times");
        Err(WebError::Answer { place: place.shown(), problem })
    }

    /// One question on a connection of its own.
    pub(crate) fn once(&self, place: &Place, accept: &str, shown: Option<&str>) -> Result<Got, WebError> {
        let failed = |problem: String| WebError::Connection { place: place.shown(), problem };
        let request = Request::builder()
            .method(Method::GET)
            .uri(place.path.as_str())
            .header(HOST, place.authority.as_str())
            .header(ACCEPT, accept)
            .header(USER_AGENT, "bartizan");
        let request = request.body(Empty::<Bytes>::new());
        let mut request = request.map_err(|_| failed("its address cannot be asked for".to_owned()))?;
        if let Some(shown) = shown {
            let mut value = HeaderValue::from_str(shown)
                .map_err(|_| failed("name or password hold what no header can".to_owned()))?;
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        let work = async {
            let stream =
                TcpStream::connect((place.host(), place.port())).await.map_err(|error| error.to_string())?;
            let _ = stream.set_nodelay(true);
            if place.plain {
                return exchanged(stream, request).await;
            }
            let name = ServerName::try_from(place.host().to_owned()).map_err(|error| error.to_string())?;
            let stream = self.tls.connect(name, stream).await.map_err(|error| error.to_string())?;
            exchanged(stream, request).await
        };
        self.waited(place, work)?.map_err(failed)
    }
}

async fn exchanged(
    stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    request: Request<Empty<Bytes>>,
) -> Result<Got, String> {
    let said = |error: hyper::Error| error.to_string();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(said)?;
    // It ends when the answer has been read, or is given up.
    tokio::spawn(connection);
    sender.send_request(request).await.map_err(said)
}

/// Where an answer sends from `here`.
pub(crate) fn redirected(response: &Got, here: &Place) -> Result<Place, WebError> {
    let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default();
    here.next(to).ok_or_else(|| WebError::Answer {
        place: here.shown(),
        problem: "sends to a place that is not asked: another scheme, or none".to_owned(),
    })
}

/// An answer that ends too early, or too late.
pub(crate) fn broke_off(place: &Place, error: &(dyn std::error::Error + 'static)) -> WebError {
    WebError::Answer { place: place.shown(), problem: format!("breaks off, or says too much: {error}") }
}

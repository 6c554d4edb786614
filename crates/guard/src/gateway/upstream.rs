//! Calling model endpoints: connections that are kept, over TLS where the address says so.
//!
//! In the clear it is HTTP/1.1 on connections of our own; the library speaks over TLS, where HTTP/2 may be spoken, and to WebSockets.

use super::body::Answered;
use super::error::GatewayError;
use super::health::Circuit;
use super::http1::asking::{Asking, CallError, KEPT, MOST_KEPT};
use super::model::ServedModel;
use crate::settings::{OnFailure, ServedModelOptions};
use bytes::Bytes;
use http_body_util::Full;
use hyper::Uri;
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use hyper::http::uri::{Authority, PathAndQuery, Scheme};
use hyper::{HeaderMap, Method, Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// One model endpoint.
#[derive(Debug)]
pub(super) struct Upstream {
    pub(super) name: String,
    pub(super) weight: u32,
    pub(super) circuit: Circuit,
    /// The model it may serve, where that is said.
    pub(super) model: Option<ServedModel>,
    scheme: Scheme,
    authority: Authority,
    base: String,
    credential: Option<(HeaderName, HeaderValue)>,
    client: Client<Connector, Full<Bytes>>,
    /// Connections in the clear.
    own: Option<Asking>,
}

/// What an endpoint is made of.
#[derive(Debug, Clone)]
pub(super) struct Endpoint<'o> {
    pub(super) name: &'o str,
    pub(super) url: &'o str,
    pub(super) weight: u32,
    pub(super) credential: Option<String>,
    pub(super) credential_header: Option<&'o str>,
    pub(super) roots: Option<Vec<u8>>,
    pub(super) machine_roots: &'o [Vec<u8>],
    pub(super) connect: Duration,
    pub(super) model: Option<&'o ServedModelOptions>,
    pub(super) on_failure: OnFailure,
}

impl Upstream {
    pub(super) fn new(endpoint: &Endpoint<'_>) -> Result<Self, GatewayError> {
        let wrong = |problem| GatewayError::Url {
            name: endpoint.name.to_owned(),
            url: endpoint.url.to_owned(),
            problem,
        };
        let uri: Uri = endpoint
            .url
            .parse()
            .map_err(|_| wrong("it is no address; give http:// or https:// and a host"))?;
        let scheme =
            uri.scheme().cloned().ok_or_else(|| wrong("give http:// or https:// before the host"))?;
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(wrong("only http:// and https:// are called"));
        }
        let authority = uri.authority().cloned().ok_or_else(|| wrong("it has no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("an address holds no credential; use credential-env or credential-file"));
        }
        if uri.query().is_some() {
            return Err(wrong("a query would be lost; requests bring their own"));
        }
        let tls = (scheme == Scheme::HTTPS).then(|| tls(endpoint)).transpose()?;
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(endpoint.connect));
        let own = tls.is_none().then(|| Asking::new(host(&authority), http.clone()));
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(KEPT).pool_max_idle_per_host(MOST_KEPT);
        Ok(Self {
            name: endpoint.name.to_owned(),
            weight: endpoint.weight,
            circuit: Circuit::default(),
            model: endpoint
                .model
                .map(|model| ServedModel::new(endpoint.name, model, endpoint.on_failure))
                .transpose()?,
            base: uri.path().trim_end_matches('/').to_owned(),
            credential: endpoint
                .credential
                .as_deref()
                .map(|secret| credential(endpoint, secret))
                .transpose()?,
            client: builder.build(Connector { http, tls }),
            own,
            scheme,
            authority,
        })
    }

    /// The address of a request here. A base that requests already begin with is not put before them again.
    pub(super) fn address(&self, path: &PathAndQuery) -> Option<Uri> {
        let bare = path.as_str();
        let has_base = bare.strip_prefix(self.base.as_str()).is_some_and(|rest| rest.starts_with('/'));
        let full = if has_base { bare.to_owned() } else { format!("{}{bare}", self.base) };
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(full)
            .build()
            .ok()
    }

    /// Whether it serves a model that was admitted, as far as that is limited.
    pub(super) fn may_serve(&self) -> bool {
        self.model.as_ref().is_none_or(|model| model.admitted().is_ok())
    }

    /// The header that says who we are there.
    pub(super) fn credential(&self) -> Option<&(HeaderName, HeaderValue)> {
        self.credential.as_ref()
    }

    /// Sends a request and waits for the head of the answer.
    pub(super) async fn call(
        &self,
        method: &Method,
        path: &PathAndQuery,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Response<Answered>, CallError> {
        let address = self.address(path).ok_or(CallError::Unaddressed)?;
        if let Some(own) = &self.own {
            return own
                .ask(method, &address, headers, body)
                .await
                .map(|response| response.map(Answered::Own));
        }
        let mut request = Request::new(Full::new(body.clone()));
        method.clone_into(request.method_mut());
        *request.uri_mut() = address;
        headers.clone_into(request.headers_mut());
        match self.client.request(request).await {
            Ok(response) => Ok(response.map(Answered::Library)),
            Err(error) if error.is_connect() => Err(CallError::Unreached),
            Err(_) => Err(CallError::Broken),
        }
    }

    /// Sends a request that asks to speak something else, and waits for the head of the answer.
    pub(super) async fn upgrade(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, CallError> {
        self.client.request(request).await.map_err(|_| CallError::Broken)
    }

    /// Closes connections that nobody needed for long.
    pub(super) fn close_idle(&self, now: Instant) {
        if let Some(own) = &self.own {
            own.close_idle(now);
        }
    }
}

/// How requests name the host: without the port that is meant anyway.
fn host(authority: &Authority) -> String {
    match authority.port_u16() {
        Some(80) | None => authority.host().to_owned(),
        Some(port) => format!("{}:{port}", authority.host()),
    }
}

fn credential(endpoint: &Endpoint<'_>, secret: &str) -> Result<(HeaderName, HeaderValue), GatewayError> {
    let wrong = |problem: &str| GatewayError::Value {
        subject: format!("upstream {}", endpoint.name),
        problem: problem.to_owned(),
    };
    let name = match endpoint.credential_header {
        Some(name) => name.parse().map_err(|_| wrong("credential-header is no name of a header"))?,
        None if endpoint.url.contains("anthropic") => HeaderName::from_static("x-api-key"),
        None => AUTHORIZATION,
    };
    let text = if name == AUTHORIZATION && !secret.contains(' ') {
        format!("Bearer {secret}")
    } else {
        secret.to_owned()
    };
    let mut value =
        HeaderValue::from_str(&text).map_err(|_| wrong("the credential cannot stand in a header"))?;
    value.set_sensitive(true);
    Ok((name, value))
}

fn tls(endpoint: &Endpoint<'_>) -> Result<TlsConnector, GatewayError> {
    let subject = format!("upstream {}", endpoint.name);
    connector(&subject, endpoint.roots.as_deref(), endpoint.machine_roots, &[b"h2", b"http/1.1"])
}

/// TLS towards a server that is believed by these roots, or by those of the machine.
pub(super) fn connector(
    subject: &str,
    own_roots: Option<&[u8]>,
    machine_roots: &[Vec<u8>],
    protocols: &[&[u8]],
) -> Result<TlsConnector, GatewayError> {
    let trusted = client(subject, own_roots, machine_roots, protocols)?;
    Ok(TlsConnector::from(Arc::new(trusted)))
}

/// The same, for whoever opens the connections.
pub(super) fn client(
    subject: &str,
    own_roots: Option<&[u8]>,
    machine_roots: &[Vec<u8>],
    protocols: &[&[u8]],
) -> Result<ClientConfig, GatewayError> {
    let wrong = |problem: String| GatewayError::Tls { subject: subject.to_owned(), problem };
    let mut roots = RootCertStore::empty();
    let certificates: Vec<CertificateDer<'static>> = match own_roots {
        Some(pem) => CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .map_err(|error| wrong(format!("the root certificates cannot be read: {error}")))?,
        None => machine_roots.iter().cloned().map(CertificateDer::from).collect(),
    };
    let (used, _) = roots.add_parsable_certificates(certificates);
    if used == 0 {
        return Err(wrong("no root certificate can be used; name a file of them with `roots`".to_owned()));
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(config)
}

/// Opens connections, plain or in TLS.
#[derive(Clone)]
struct Connector {
    http: HttpConnector,
    tls: Option<TlsConnector>,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Connector")
    }
}

impl tower_service::Service<Uri> for Connector {
    type Response = Stream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, io::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        self.http.poll_ready(context).map_err(io::Error::other)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let tls = self.tls.clone();
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        let connecting = self.http.call(uri);
        Box::pin(async move {
            let stream = connecting.await.map_err(io::Error::other)?.into_inner();
            let Some(tls) = tls else { return Ok(Stream::Plain(TokioIo::new(stream))) };
            let name = ServerName::try_from(host).map_err(io::Error::other)?;
            let stream = tokio::time::timeout(Duration::from_secs(10), tls.connect(name, stream))
                .await
                .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
            Ok(Stream::Tls(TokioIo::new(Box::new(stream))))
        })
    }
}

/// A connection.
enum Stream {
    Plain(TokioIo<TcpStream>),
    Tls(TokioIo<Box<TlsStream<TcpStream>>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        let connected = Connected::new();
        match self {
            Self::Tls(stream) if stream.inner().get_ref().1.alpn_protocol() == Some(b"h2") => {
                connected.negotiated_h2()
            }
            _ => connected,
        }
    }
}

impl hyper::rt::Read for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl hyper::rt::Write for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, buffers),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(context, buffers),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upstream(url: &str) -> Result<Upstream, GatewayError> {
        Upstream::new(&Endpoint {
            name: "a",
            url,
            weight: 1,
            credential: Some("s3cret".to_owned()),
            credential_header: None,
            roots: None,
            machine_roots: &[],
            connect: Duration::from_secs(1),
            model: None,
            on_failure: OnFailure::Closed,
        })
    }

    #[test]
    fn a_base_stands_before_paths_once() {
        let upstream = upstream("http://host:8000/v1/").unwrap();
        let address = |path: &str| upstream.address(&path.parse().unwrap()).unwrap().to_string();
        assert_eq!(address("/chat/completions?x=1"), "http://host:8000/v1/chat/completions?x=1");
        assert_eq!(address("/v1/chat/completions"), "http://host:8000/v1/chat/completions");
        let (name, value) = upstream.credential().unwrap();
        assert_eq!((name.as_str(), value.to_str().unwrap()), ("authorization", "Bearer s3cret"));
        assert!(!format!("{upstream:?}").contains("s3cret"));
    }

    #[test]
    fn addresses_that_cannot_be_called_say_why() {
        for (url, problem) in [
            ("host:8000", "http://"),
            ("ftp://host", "only http"),
            ("http://user:pass@host", "credential"),
            ("http://host/?a=b", "query"),
            ("https://host", "no root certificate"),
        ] {
            let error = upstream(url).unwrap_err().to_string();
            assert!(error.contains(problem), "{url}: {error}");
        }
    }
}

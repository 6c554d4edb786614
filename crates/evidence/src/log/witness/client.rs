//! Asking a witness to cosign a log's checkpoint: [`WitnessClient`].
//!
//! Source: C2SP tlog-witness, "add-checkpoint". HTTPS, or plain HTTP: what is sent is public, and what comes back is signed;
//! whoever is in between can refuse an answer, not forge one.

use super::tls::server_name;
use super::{AddCheckpoint, SIZE_TYPE, TlsRoots};
use crate::log::checkpoint::{CHECKPOINT_FILE, SignedCheckpoint};
use crate::log::error::LogError;
use crate::log::note::{Note, NoteError, NoteSignature};
use crate::log::note_key::NoteKey;
use crate::log::reader::LogReader;
use crate::log::storage::{Condition, Objects, PutError, Storage};
use crate::log::tile::decimal;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

/// Longest time for one request and its answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest answer read, in bytes: some cosignatures of 5 kB.
const LONGEST_ANSWER: usize = 256 << 10;
/// How often a witness may say that it has seen another size before it is given up.
const MOST_CONFLICTS: usize = 4;

/// Why a witness did not cosign.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// Not an address that can be asked.
    #[error("`{0}` is not the address of a witness; expected https://HOST[:PORT][/PREFIX], or http://")]
    Url(String),
    /// No root certificates to believe the witness's server by.
    #[error("the witness at {0} is asked over TLS, and no root certificates were given")]
    NoRoots(String),
    /// Nobody answered.
    #[error("the witness at {url} cannot be asked: {problem}")]
    Unreachable {
        /// Where.
        url: String,
        /// What went wrong.
        problem: String,
    },
    /// It answered no.
    #[error("the witness at {url} refused with status {status}: {answer}")]
    Refused {
        /// Where.
        url: String,
        /// HTTP status.
        status: u16,
        /// What it said.
        answer: String,
    },
    /// It cosigned more entries than this log has.
    #[error(
        "the witness at {url} has cosigned {seen} entries of this log, which has only {size}: the log went back, or there are two"
    )]
    Ahead {
        /// Where.
        url: String,
        /// Entries the witness saw.
        seen: u64,
        /// Entries there are.
        size: u64,
    },
    /// What it answered is not its cosignature.
    #[error("the witness at {url} answered with something that is not its cosignature: {error}")]
    NotCosigned {
        /// Where.
        url: String,
        /// Why.
        #[source]
        error: NoteError,
    },
    /// The log itself.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// A witness somewhere else.
#[derive(Clone)]
pub struct WitnessClient {
    url: String,
    host: String,
    port: u16,
    prefix: String,
    key: NoteKey,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl std::fmt::Debug for WitnessClient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "WitnessClient({})", self.url)
    }
}

/// An answer of HTTP.
struct Reply {
    status: u16,
    media_type: String,
    body: String,
}

impl WitnessClient {
    /// The witness with this key at this address; `roots` are needed for https.
    ///
    /// # Errors
    /// [`WitnessError::Url`] and [`WitnessError::NoRoots`].
    pub fn new(url: &str, key: NoteKey, roots: Option<&TlsRoots>) -> Result<Self, WitnessError> {
        let wrong = || WitnessError::Url(url.chars().take(200).collect());
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let host = uri.host().ok_or_else(wrong)?.to_owned();
        let (tls, usual_port) = match uri.scheme_str() {
            Some("http") => (None, 80),
            Some("https") => {
                let roots = roots.ok_or_else(|| WitnessError::NoRoots(url.chars().take(200).collect()))?;
                let name = server_name(bare(&host)).ok_or_else(wrong)?;
                (Some((roots.connector(), name)), 443)
            }
            _ => return Err(wrong()),
        };
        let prefix = uri.path().trim_end_matches('/').to_owned();
        let port = uri.port_u16().unwrap_or(usual_port);
        Ok(Self { url: url.to_owned(), host, port, prefix, key, tls })
    }

    /// Has the checkpoint of a log cosigned. Gives the cosignatures, checked.
    ///
    /// # Errors
    /// [`WitnessError`], whichever way it fails.
    pub fn cosign(&self, log: &LogReader<'_>) -> Result<Vec<NoteSignature>, WitnessError> {
        let note = &log.checkpoint().note;
        let mut old = 0;
        for _ in 0..MOST_CONFLICTS {
            let proof =
                if old == 0 || old == log.size() { Vec::new() } else { log.consistency_proof(old)?.0 };
            let request = AddCheckpoint { old, proof, checkpoint: note.clone() };
            let reply = self.post(request.to_string())?;
            match reply.status {
                200 => return self.checked(note, &reply.body),
                409 if reply.media_type == SIZE_TYPE => {
                    let seen = reply.body.strip_suffix('\n').and_then(decimal);
                    let seen = seen.ok_or_else(|| self.refused(&reply))?;
                    if seen > log.size() {
                        return Err(WitnessError::Ahead { url: self.url.clone(), seen, size: log.size() });
                    }
                    old = seen;
                }
                _ => return Err(self.refused(&reply)),
            }
        }
        Err(WitnessError::Unreachable {
            url: self.url.clone(),
            problem: "it named another size each time it was asked".to_owned(),
        })
    }

    fn refused(&self, reply: &Reply) -> WitnessError {
        WitnessError::Refused {
            url: self.url.clone(),
            status: reply.status,
            answer: reply.body.trim().chars().take(500).collect(),
        }
    }

    fn checked(&self, note: &Note, body: &str) -> Result<Vec<NoteSignature>, WitnessError> {
        let wrong = |error| WitnessError::NotCosigned { url: self.url.clone(), error };
        let signatures = NoteSignature::parse_lines(body).map_err(wrong)?;
        let mut cosigned = Note::new(note.text().to_owned()).map_err(wrong)?;
        for signature in signatures {
            if (signature.name.as_str(), signature.key_id) == (self.key.name(), self.key.id()) {
                cosigned.add(signature);
            }
        }
        cosigned.verify(&[&self.key]).map_err(wrong)?;
        Ok(cosigned.signatures().to_vec())
    }

    fn post(&self, body: String) -> Result<Reply, WitnessError> {
        let unreachable = |problem: String| WitnessError::Unreachable { url: self.url.clone(), problem };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| unreachable(error.to_string()))?;
        let asked = runtime.block_on(async { tokio::time::timeout(PATIENCE, self.ask(body)).await });
        asked.unwrap_or_else(|_| Err("it takes too long".to_owned())).map_err(unreachable)
    }

    async fn ask(&self, body: String) -> Result<Reply, String> {
        let stream = tokio::net::TcpStream::connect((bare(&self.host), self.port))
            .await
            .map_err(|error| error.to_string())?;
        match &self.tls {
            None => self.ask_over(stream, body).await,
            Some((connector, name)) => {
                let stream =
                    connector.connect(name.clone(), stream).await.map_err(|error| format!("TLS: {error}"))?;
                self.ask_over(stream, body).await
            }
        }
    }

    async fn ask_over(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        body: String,
    ) -> Result<Reply, String> {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| error.to_string())?;
        let driving = tokio::spawn(connection);
        let request = Request::post(format!("{}/add-checkpoint", self.prefix))
            .header(HOST, format!("{}:{}", self.host, self.port))
            .header(CONTENT_TYPE, "text/plain; charset=utf-8")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| error.to_string())?;
        let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.unwrap_or_default().to_owned();
        let body = Limited::new(response.into_body(), LONGEST_ANSWER)
            .collect()
            .await
            .map_err(|error| error.to_string())?
            .to_bytes();
        driving.abort();
        Ok(Reply { status, media_type, body: String::from_utf8_lossy(&body).into_owned() })
    }
}

/// A host without the brackets of an address of IPv6.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// Puts cosignatures under a log's checkpoint, if that is still the latest. Gives whether it was.
///
/// # Errors
/// [`LogError`] when the checkpoint cannot be read or written.
pub fn attach(
    storage: &dyn Storage,
    log: &NoteKey,
    cosigned: &Note,
    signatures: Vec<NoteSignature>,
) -> Result<bool, LogError> {
    let failed = |error| LogError::write(storage, CHECKPOINT_FILE, error);
    let _lock = storage.lock().map_err(failed)?;
    let mut latest = crate::log::reader::read_checkpoint(storage, &[log])?.note;
    if latest.text() != cosigned.text() {
        return Ok(false);
    }
    for signature in signatures {
        latest.replace(signature);
    }
    storage
        .publish(CHECKPOINT_FILE, latest.to_string().as_bytes())
        .and_then(|()| storage.sync(&[CHECKPOINT_FILE.to_owned()]))
        .map_err(failed)?;
    Ok(true)
}

/// Puts cosignatures under the checkpoint of a log in an object store, if that is still the latest. Gives whether it was.
///
/// # Errors
/// [`LogError`] when the checkpoint cannot be read or written.
pub fn attach_in(
    objects: &dyn Objects,
    log: &NoteKey,
    cosigned: &Note,
    signatures: &[NoteSignature],
) -> Result<bool, LogError> {
    for _ in 0..MOST_CONFLICTS {
        let found = objects
            .read_versioned(CHECKPOINT_FILE)
            .map_err(|error| LogError::read(objects, CHECKPOINT_FILE, error))?;
        let (bytes, version) = found.ok_or_else(|| LogError::NoLog { place: objects.place() })?;
        let signed = SignedCheckpoint::open(&bytes, &[log])
            .map_err(|error| LogError::Checkpoint { place: objects.place(), error })?;
        let mut latest = signed.note;
        if latest.text() != cosigned.text() {
            return Ok(false);
        }
        for signature in signatures {
            latest.replace(signature.clone());
        }
        let put =
            objects.put_if(CHECKPOINT_FILE, latest.to_string().as_bytes(), Condition::Unchanged(&version));
        match put {
            Ok(_) => return Ok(true),
            // Someone put another one, or this one, whose answer was lost: the next look tells.
            Err(PutError::Conflict) => {}
            Err(PutError::Failed(error)) => return Err(LogError::write(objects, CHECKPOINT_FILE, error)),
        }
    }
    Ok(false)
}

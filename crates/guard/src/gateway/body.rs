//! Bodies on their way: read within bounds, decompressed to be judged, passed on with their silence bounded.

use super::http1::asking::Answering;
use crate::settings::LimitOptions;
use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::HeaderMap;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::header::CONTENT_ENCODING;
use std::future::Future;
use std::io::Read;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// What is answered with.
pub(super) type Body = UnsyncBoxBody<Bytes, BodyError>;

/// A body may grow to this whatever its size was, in bytes.
const RATIO_FLOOR: usize = 1 << 20;

/// Why a body does not reach its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyError {
    /// More than is read.
    #[error("the body is larger than is read")]
    TooLarge,
    /// Not in time.
    #[error("the body did not come in time")]
    Timeout,
    /// Cut off, or not as announced.
    #[error("the body broke off, or is not as long as announced")]
    Broken,
    /// A coding that is not read.
    #[error("the content coding is not read here; send gzip, deflate or none")]
    Coding,
    /// Not what its coding says.
    #[error("the body cannot be decompressed")]
    Damaged,
    /// It decompresses to more than is read.
    #[error("the body decompresses to more than is read")]
    Bomb,
}

/// A body of bytes that are there.
pub(super) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A body of pieces that are there, each sent as it is.
pub(super) fn frames(frames: Vec<Result<Frame<Bytes>, BodyError>>) -> Body {
    Pieces(frames.into_iter()).boxed_unsync()
}

struct Pieces(std::vec::IntoIter<Result<Frame<Bytes>, BodyError>>);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        Poll::Ready(self.get_mut().0.next())
    }
}

/// The body of a request, of which perhaps nothing has come yet.
pub(super) trait Arrives: Send {
    /// All of it, of at most so many bytes and in at most so long a time.
    fn arrived(
        self,
        most: usize,
        patience: Duration,
    ) -> impl Future<Output = Result<Bytes, BodyError>> + Send;
}

impl Arrives for Incoming {
    async fn arrived(self, most: usize, patience: Duration) -> Result<Bytes, BodyError> {
        if self.size_hint().lower() > most as u64 {
            return Err(BodyError::TooLarge);
        }
        if self.is_end_stream() {
            return Ok(Bytes::new());
        }
        match tokio::time::timeout(patience, Limited::new(self, most).collect()).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge),
            Ok(Err(_)) => Err(BodyError::Broken),
            Err(_) => Err(BodyError::Timeout),
        }
    }
}

/// The body of an upstream's answer.
#[derive(Debug)]
pub(super) enum Answered {
    /// From a connection of our own.
    Own(Answering),
    /// From one of the library's: TLS and WebSockets.
    Library(Incoming),
}

impl hyper::body::Body for Answered {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Own(body) => Pin::new(body).poll_frame(context),
            Self::Library(body) => {
                Pin::new(body).poll_frame(context).map(|frame| Some(frame?.map_err(|_| BodyError::Broken)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(body) => body.is_end_stream(),
            Self::Library(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own(body) => body.size_hint(),
            Self::Library(body) => body.size_hint(),
        }
    }
}

/// Reads a body to its end, however long it takes, as long as something comes.
pub(super) async fn read_steady(
    mut body: Answered,
    most: usize,
    silence: Duration,
) -> Result<Bytes, BodyError> {
    let mut first: Option<Bytes> = None;
    let mut all = Vec::new();
    loop {
        let frame = tokio::time::timeout(silence, body.frame()).await.map_err(|_| BodyError::Timeout)?;
        let Some(frame) = frame else { break };
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        let had = first.as_ref().map_or(all.len(), Bytes::len);
        if had.saturating_add(data.len()) > most {
            return Err(BodyError::TooLarge);
        }
        if had == 0 {
            first = Some(data);
        } else {
            all.extend_from_slice(&first.take().unwrap_or_default());
            all.extend_from_slice(&data);
        }
    }
    Ok(first.unwrap_or_else(|| Bytes::from(all)))
}

/// What a body says when its content coding is undone; none when it has none.
pub(super) fn decoded(
    headers: &HeaderMap,
    body: &[u8],
    most: usize,
    limits: &LimitOptions,
) -> Result<Option<Vec<u8>>, BodyError> {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    let Some(coding) = codings.next() else { return Ok(None) };
    let coding = coding.to_str().map_err(|_| BodyError::Coding)?.trim().to_ascii_lowercase();
    if codings.next().is_some() {
        return Err(BodyError::Coding);
    }
    let most = most.min(body.len().saturating_mul(limits.expansion_ratio).max(RATIO_FLOOR));
    match coding.as_str() {
        "" | "identity" => Ok(None),
        "gzip" | "x-gzip" => inflated(MultiGzDecoder::new(body), most).map(Some),
        // Zlib as the standard says, bare as some send it (RFC 9110, 8.4.1.2).
        "deflate" => match inflated(ZlibDecoder::new(body), most) {
            Err(BodyError::Damaged) => inflated(DeflateDecoder::new(body), most).map(Some),
            other => other.map(Some),
        },
        _ => Err(BodyError::Coding),
    }
}

fn inflated(reader: impl Read, most: usize) -> Result<Vec<u8>, BodyError> {
    let mut out = Vec::new();
    reader.take(most as u64 + 1).read_to_end(&mut out).map_err(|_| BodyError::Damaged)?;
    if out.len() > most { Err(BodyError::Bomb) } else { Ok(out) }
}

/// An answer that is passed on as it comes; whatever goes with it is dropped when it ends.
pub(super) struct Passing<T> {
    inner: Answered,
    silence: Duration,
    timer: Pin<Box<Sleep>>,
    with: T,
}

impl<T: FnEnd> Passing<T> {
    pub(super) fn new(inner: Answered, silence: Duration, with: T) -> Self {
        Self { inner, silence, timer: Box::pin(tokio::time::sleep(silence)), with }
    }
}

/// What is told how a body went.
pub(super) trait FnEnd: Unpin + Send + 'static {
    /// A piece passed.
    fn passed(&mut self, piece: &[u8]);
    /// It ended, or broke.
    fn ended(&mut self, outcome: Result<(), BodyError>);
}

impl<T: FnEnd> hyper::body::Body for Passing<T> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        match Pin::new(&mut this.inner).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                this.timer.as_mut().reset(Instant::now() + this.silence);
                this.with.passed(frame.data_ref().map_or(&[], |data| data));
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(_))) => {
                this.with.ended(Err(BodyError::Broken));
                Poll::Ready(Some(Err(BodyError::Broken)))
            }
            Poll::Ready(None) => {
                this.with.ended(Ok(()));
                Poll::Ready(None)
            }
            Poll::Pending => {
                std::task::ready!(this.timer.as_mut().poll(context));
                this.with.ended(Err(BodyError::Timeout));
                Poll::Ready(Some(Err(BodyError::Timeout)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use std::io::Write as _;

    fn of(coding: &'static str, body: &[u8]) -> Result<Option<Vec<u8>>, BodyError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, coding.parse().unwrap());
        decoded(&headers, body, 4 << 20, &LimitOptions::default())
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn codings_are_undone_and_unknown_ones_are_told() {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(b"text").unwrap();
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::fast());
        bare.write_all(b"text").unwrap();
        assert_eq!(of("GZIP", &gzip(b"text")).unwrap().unwrap(), b"text");
        assert_eq!(of("deflate", &zlib.finish().unwrap()).unwrap().unwrap(), b"text");
        assert_eq!(of("deflate", &bare.finish().unwrap()).unwrap().unwrap(), b"text");
        assert_eq!(of("identity", b"text"), Ok(None));
        assert_eq!(of("br", b"text"), Err(BodyError::Coding));
        assert_eq!(of("gzip, gzip", b"text"), Err(BodyError::Coding));
        assert_eq!(of("gzip", b"text"), Err(BodyError::Damaged));
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let bomb = gzip(&vec![0; 8 << 20]);
        assert!(bomb.len() < 10_000);
        assert_eq!(of("gzip", &bomb), Err(BodyError::Bomb));
        assert_eq!(of("gzip", &gzip(&vec![0; 1 << 20])).unwrap().unwrap().len(), 1 << 20);
    }
}

//! A connection of a client that speaks HTTP/1.1: [`converse`].
//!
//! What is no such connection, HTTP/2 by prior knowledge and WebSockets, is handed back unread to who speaks it.

use super::content::Content;
use super::filling;
use super::head::{HeadError, RequestHead, head_end};
use super::written::{self, Sent};
use crate::gateway::body::{Arrives, Body, BodyError};
use crate::gateway::server::Stop;
use crate::gateway::websocket;
use crate::settings::LimitOptions;
use bytes::{Buf as _, Bytes, BytesMut};
use hyper::body::Body as _;
use hyper::header::CONTENT_LENGTH;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Response, StatusCode, Version};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

/// What a connection of HTTP/2 begins with (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Tells a client to send the body (RFC 9110, section 10.1.1).
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
/// What is written at once of a body, with what stands around it, in bytes.
const BLOCK: usize = 16 << 10;
/// Most bytes of further requests that are taken in while one is answered.
const MOST_AHEAD: usize = 64 << 10;
/// How long, and how many bytes of, a request that was refused is read over, so that the refusal is not lost with it.
const LINGERS: Duration = Duration::from_secs(1);
const MOST_LINGERED: usize = 4 << 20;

/// How a connection ended.
pub(in crate::gateway) enum End<S> {
    /// It is closed.
    Closed,
    /// Something else is spoken on it; what came so far, unread.
    Elsewhere(S, Bytes),
}

/// Answers the requests of one connection, one after another, until it ends or the gateway stops.
pub(in crate::gateway) async fn converse<S, F>(
    stream: S,
    limits: impl Fn() -> LimitOptions,
    stop: &Stop,
    respond: impl Fn(Parts, Given<S>) -> F,
) -> End<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    F: Future<Output = Response<Body>>,
{
    let line = Line { stream, buffer: BytesMut::new(), content: None, waiting: b"" };
    let line = Arc::new(Mutex::new(line));
    let mut stopped = pin!(stop.stopped());
    let mut stopping = false;
    loop {
        let LimitOptions { head_ms, header_bytes, headers, silence_ms, .. } = limits();
        let patience = Duration::from_millis(silence_ms);
        let mut looked = 0;
        let next = poll_fn(|context| {
            let mut line = lock(&line);
            if let Poll::Ready(next) = line.poll_next(context, header_bytes, headers, &mut looked) {
                return Poll::Ready(next);
            }
            stopping = stopping || stopped.as_mut().poll(context).is_ready();
            // Who has not begun to ask has nothing to wait for.
            if stopping && line.buffer.is_empty() { Poll::Ready(Next::Ended) } else { Poll::Pending }
        });
        let next = timeout(Duration::from_millis(head_ms), next).await;
        let next = next.unwrap_or_else(|_| {
            let begun = !lock(&line).buffer.is_empty();
            if begun { Next::Refused(StatusCode::REQUEST_TIMEOUT) } else { Next::Ended }
        });
        let head = match next {
            Next::Request(head) => head,
            Next::Ended => return End::Closed,
            Next::Refused(status) => {
                let mut out = Vec::new();
                written::answer(status, &HeaderMap::new(), Sent::Length(0), Some("close"), &mut out);
                if write(&line, &out, patience).await.is_ok() {
                    linger(&line, true).await;
                }
                return End::Closed;
            }
            Next::Elsewhere(begun) => {
                return match Arc::into_inner(line).map(Mutex::into_inner) {
                    Some(line) => {
                        let line = line.unwrap_or_else(PoisonError::into_inner);
                        End::Elsewhere(line.stream, begun)
                    }
                    None => End::Closed,
                };
            }
        };
        let RequestHead { request, content, keeps, expects } = *head;
        {
            let mut line = lock(&line);
            line.content = content;
            line.waiting = if expects { CONTINUE } else { b"" };
        }
        // What is not needed while the answer goes out is gone before: connections with long answers are many.
        let (method, version) = (request.method().clone(), request.version());
        let delivery = {
            let mut responding = Box::pin(respond(request.into_parts().0, Given(Arc::clone(&line))));
            let response = poll_fn(|context| match responding.as_mut().poll(context) {
                Poll::Ready(response) => Poll::Ready(Some(response)),
                Poll::Pending => lock(&line).poll_gone(context).map(|()| None),
            });
            // Whoever hangs up does not want the answer.
            let Some(response) = response.await else { return End::Closed };
            let keeps = keeps && lock(&line).content.is_none() && !stop.is_stopped();
            Delivery::of(response, &method, version, keeps)
        };
        let whole = lock(&line).content.is_none();
        match deliver(&line, delivery, patience).await {
            Ok(true) => {}
            Ok(false) => {
                linger(&line, !whole).await;
                return End::Closed;
            }
            Err(_) => return End::Closed,
        }
    }
}

/// What comes next on a connection.
enum Next {
    /// A request.
    Request(Box<RequestHead>),
    /// What is not spoken here; what came of it.
    Elsewhere(Bytes),
    /// Nothing more.
    Ended,
    /// Something that is answered with a status and not read on.
    Refused(StatusCode),
}

/// A connection, what came on it and is not read yet, and how far the request is.
#[derive(Debug)]
struct Line<S> {
    stream: S,
    buffer: BytesMut,
    /// What is still to come of the body of the request; nothing when it is all there.
    content: Option<Content>,
    /// What the client waits for before it sends the body.
    waiting: &'static [u8],
}

fn lock<S>(line: &Mutex<Line<S>>) -> MutexGuard<'_, Line<S>> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: AsyncRead + AsyncWrite + Unpin> Line<S> {
    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
        most: usize,
        lines: usize,
        looked: &mut usize,
    ) -> Poll<Next> {
        loop {
            // Empty lines before a request are read over (RFC 9112, section 2.2).
            while self.buffer.starts_with(b"\r\n") {
                self.buffer.advance(2);
                *looked = 0;
            }
            match self.next(most, lines, looked) {
                Ok(None) => {}
                Ok(Some(next)) => return Poll::Ready(next),
                Err(error) => return Poll::Ready(Next::Refused(error.status())),
            }
            match ready!(self.poll_fill(context)) {
                Ok(some) if some > 0 => {}
                _ => return Poll::Ready(Next::Ended),
            }
        }
    }

    /// What has come, if it is whole.
    fn next(&mut self, most: usize, lines: usize, looked: &mut usize) -> Result<Option<Next>, HeadError> {
        if self.buffer.starts_with(PREFACE) {
            return Ok(Some(Next::Elsewhere(std::mem::take(&mut self.buffer).freeze())));
        }
        if PREFACE.starts_with(&self.buffer) {
            return Ok(None);
        }
        // What begins with no word is no request, and need not end.
        if self.buffer.first().is_some_and(|first| *first != b'\r' && !first.is_ascii_graphic()) {
            return Err(HeadError::Malformed);
        }
        let end = head_end(&self.buffer, looked)?;
        if end.unwrap_or(self.buffer.len()) > most {
            return Err(HeadError::TooLarge);
        }
        let Some(end) = end else { return Ok(None) };
        let bytes = self.buffer.split_to(end).freeze();
        let head = RequestHead::read(&bytes, lines)?;
        if websocket::is_asked(head.request.method(), head.request.headers()) {
            let begun = [&bytes[..], &self.buffer[..]].concat();
            return Ok(Some(Next::Elsewhere(begun.into())));
        }
        self.let_go();
        Ok(Some(Next::Request(Box::new(head))))
    }

    /// A buffer with nothing in it would hold what was split off it.
    fn let_go(&mut self) {
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
    }

    /// Takes in what came; gives how much that was.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let Self { stream, buffer, .. } = self;
        filling::poll_read(stream, context, |bytes| {
            buffer.extend_from_slice(bytes);
            bytes.len()
        })
    }

    /// Puts the body of the request behind `out`, until it is all there.
    fn poll_body(
        &mut self,
        context: &mut Context<'_>,
        most: usize,
        out: &mut BytesMut,
    ) -> Poll<Result<(), BodyError>> {
        loop {
            let Some(framing) = &mut self.content else { return Poll::Ready(Ok(())) };
            if out.is_empty()
                && let Content::Length(length) = framing
                && let Some(length) =
                    usize::try_from(*length).ok().filter(|length| *length <= self.buffer.len())
            {
                *out = self.buffer.split_to(length);
                self.content = None;
            } else if !self.buffer.is_empty() {
                let taken = framing.read(&self.buffer, out).map_err(|_| BodyError::Broken)?;
                self.buffer.advance(taken);
                if framing.is_over() {
                    self.content = None;
                }
                if out.len() > most {
                    return Poll::Ready(Err(BodyError::TooLarge));
                }
            }
            self.let_go();
            if self.content.is_none() {
                return Poll::Ready(Ok(()));
            }
            while !self.waiting.is_empty() {
                let written = ready!(Pin::new(&mut self.stream).poll_write(context, self.waiting));
                let written = written.ok().filter(|written| *written > 0).ok_or(BodyError::Broken)?;
                self.waiting = self.waiting.get(written..).unwrap_or_default();
                if self.waiting.is_empty() {
                    // What is sent now or with the next bytes is the same to it.
                    let _ = Pin::new(&mut self.stream).poll_flush(context);
                }
            }
            match ready!(self.poll_fill(context)) {
                Ok(some) if some > 0 => {}
                _ => return Poll::Ready(Err(BodyError::Broken)),
            }
        }
    }

    /// Ready when the client has hung up while it is answered. Further requests are taken in, so many that it is seen.
    fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.content.is_none() && self.buffer.len() < MOST_AHEAD {
            match ready!(self.poll_fill(context)) {
                Ok(some) if some > 0 => {}
                _ => return Poll::Ready(()),
            }
        }
        Poll::Pending
    }
}

/// The body of a request that is still on its connection.
#[derive(Debug)]
pub(in crate::gateway) struct Given<S>(Arc<Mutex<Line<S>>>);

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Arrives for Given<S> {
    async fn arrived(self, most: usize, patience: Duration) -> Result<Bytes, BodyError> {
        match lock(&self.0).content {
            None => return Ok(Bytes::new()),
            Some(Content::Length(length)) if length > most as u64 => return Err(BodyError::TooLarge),
            Some(_) => {}
        }
        let mut out = BytesMut::new();
        let whole = poll_fn(|context| lock(&self.0).poll_body(context, most, &mut out));
        timeout(patience, whole).await.map_err(|_| BodyError::Timeout)??;
        Ok(out.freeze())
    }
}

/// An answer that goes out.
struct Delivery {
    body: Body,
    sent: Sent,
    /// Whether the connection goes on behind it.
    keeps: bool,
    /// What is written and has not gone out.
    out: Vec<u8>,
}

impl Delivery {
    /// An answer whose head is written.
    fn of(response: Response<Body>, method: &Method, version: Version, keeps: bool) -> Self {
        let (mut head, body) = response.into_parts();
        let sent = match body.size_hint().exact() {
            _ if method == Method::HEAD || head.status == StatusCode::NOT_MODIFIED => Sent::Nothing,
            _ if head.status == StatusCode::NO_CONTENT => {
                head.headers.remove(CONTENT_LENGTH);
                Sent::Nothing
            }
            Some(length) => Sent::Length(length),
            None if version == Version::HTTP_11 => Sent::Chunks,
            None => Sent::UntilClose,
        };
        let keeps = keeps && sent != Sent::UntilClose;
        let connection = match version {
            _ if !keeps => Some("close"),
            Version::HTTP_11 => None,
            _ => Some("keep-alive"),
        };
        // Room for what is written at once.
        let first = if let Sent::Length(length) = sent {
            usize::try_from(length).unwrap_or(BLOCK).min(BLOCK)
        } else {
            0
        };
        let mut out = Vec::with_capacity(first.saturating_add(1 << 10));
        written::answer(head.status, &head.headers, sent, connection, &mut out);
        Self { body, sent, keeps, out }
    }
}

/// What comes next of an answer.
enum Came {
    Data(Bytes),
    /// Nothing for now: what is written is to go out.
    Nothing,
    Error(BodyError),
    End,
    /// The client has left.
    Gone,
}

/// Writes an answer as its body comes. Gives whether the connection goes on.
async fn deliver<S: AsyncRead + AsyncWrite + Unpin>(
    line: &Mutex<Line<S>>,
    delivery: Delivery,
    patience: Duration,
) -> io::Result<bool> {
    let Delivery { mut body, mut sent, keeps, mut out } = delivery;
    loop {
        let came = poll_fn(|context| match Pin::new(&mut body).poll_frame(context) {
            Poll::Ready(None) => Poll::Ready(Came::End),
            Poll::Ready(Some(Ok(frame))) => {
                // Trailers were not announced.
                Poll::Ready(Came::Data(frame.into_data().unwrap_or_default()))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Came::Error(error)),
            Poll::Pending if !out.is_empty() => Poll::Ready(Came::Nothing),
            Poll::Pending => lock(line).poll_gone(context).map(|()| Came::Gone),
        });
        match came.await {
            Came::Data(data) => piece(line, &mut sent, &mut out, &data, patience).await?,
            // What is there is not kept back, and nothing is held while nothing comes.
            Came::Nothing => write(line, &std::mem::take(&mut out), patience).await?,
            Came::Error(error) => {
                // The client is to see that the answer is not whole: what was written does not end it.
                write(line, &out, patience).await?;
                return Err(io::Error::other(error));
            }
            Came::End => break,
            Came::Gone => return Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }
    match sent {
        Sent::Length(left) if left > 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
        Sent::Chunks => out.extend_from_slice(b"0\r\n\r\n"),
        Sent::Length(_) | Sent::Nothing | Sent::UntilClose => {}
    }
    write(line, &out, patience).await?;
    Ok(keeps)
}

/// Puts a piece of a body behind `out`, and writes both when they are many bytes.
async fn piece<S: AsyncRead + AsyncWrite + Unpin>(
    line: &Mutex<Line<S>>,
    sent: &mut Sent,
    out: &mut Vec<u8>,
    data: &[u8],
    patience: Duration,
) -> io::Result<()> {
    match sent {
        _ if data.is_empty() => return Ok(()),
        Sent::Nothing => return Ok(()),
        Sent::Length(left) => {
            *left = left.checked_sub(data.len() as u64).ok_or(io::ErrorKind::InvalidData)?;
        }
        Sent::Chunks => written::chunk(data.len(), out),
        Sent::UntilClose => {}
    }
    if out.len().saturating_add(data.len()) <= BLOCK {
        out.extend_from_slice(data);
    } else {
        write(line, out, patience).await?;
        write(line, data, patience).await?;
        out.clear();
    }
    if *sent == Sent::Chunks {
        out.extend_from_slice(b"\r\n");
    }
    Ok(())
}

/// Writes all of `bytes`; not longer than a client may be slow.
async fn write<S: AsyncRead + AsyncWrite + Unpin>(
    line: &Mutex<Line<S>>,
    mut bytes: &[u8],
    patience: Duration,
) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let writing = poll_fn(|context| {
        let mut line = lock(line);
        while !bytes.is_empty() {
            let written = ready!(Pin::new(&mut line.stream).poll_write(context, bytes))?;
            if written == 0 {
                return Poll::Ready(Err(io::Error::from(io::ErrorKind::WriteZero)));
            }
            bytes = bytes.get(written..).unwrap_or_default();
        }
        Pin::new(&mut line.stream).poll_flush(context)
    });
    timeout(patience, writing).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

/// Ends what is written, and reads over what still comes of a request that was answered before all of it was read.
async fn linger<S: AsyncRead + AsyncWrite + Unpin>(line: &Mutex<Line<S>>, unread: bool) {
    let mut read = 0_usize;
    let mut shut = false;
    let ending = poll_fn(|context| {
        let mut line = lock(line);
        if !shut {
            if ready!(Pin::new(&mut line.stream).poll_shutdown(context)).is_err() {
                return Poll::Ready(());
            }
            shut = true;
        }
        while unread && read < MOST_LINGERED {
            match ready!(filling::poll_read(&mut line.stream, context, <[u8]>::len)) {
                Ok(some) if some > 0 => read = read.saturating_add(some),
                _ => return Poll::Ready(()),
            }
        }
        Poll::Ready(())
    });
    let _ = timeout(LINGERS, ending).await;
}

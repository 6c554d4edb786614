//! Connections to an upstream in the clear: kept while nobody needs them, and read only when something is there: [`Asking`].

use super::content::Content;
use super::filling;
use super::head::{AnswerHead, head_end};
use super::written;
use crate::gateway::body::BodyError;
use bytes::{Buf as _, Bytes, BytesMut};
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::CONNECTION;
use hyper::http::uri::Uri;
use hyper::{HeaderMap, Method, Response, StatusCode};
use hyper_util::client::legacy::connect::HttpConnector;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::AsyncWrite as _;
use tokio::net::TcpStream;
use tower_service::Service as _;

/// How long a connection without a request is kept.
pub(in crate::gateway) const KEPT: Duration = Duration::from_secs(50);
/// Most connections without a request that are kept, for each endpoint.
pub(in crate::gateway) const MOST_KEPT: usize = 1_024;
/// Largest head of an answer, in bytes, and most lines of it.
const LARGEST_HEAD: usize = 64 << 10;
const MOST_LINES: usize = 128;
/// Heads that say only that there is more to come (RFC 9110, section 15.2), at most.
const MOST_INTERIM: u32 = 8;
/// Bodies up to this size are written with their head at once, in bytes.
const SMALL: usize = 32 << 10;

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum CallError {
    /// The path cannot be sent on.
    Unaddressed,
    /// Nobody was reached, so nothing was asked.
    Unreached,
    /// It broke off, or what it says is no answer.
    Broken,
}

/// Asks one endpoint.
#[derive(Debug)]
pub(in crate::gateway) struct Asking {
    host: String,
    connector: HttpConnector,
    idle: Arc<Idle>,
}

/// Connections without a request, the one used last at the end.
#[derive(Debug, Default)]
struct Idle(Mutex<Vec<(Instant, Line)>>);

/// A connection, and what came on it that nobody has read.
#[derive(Debug)]
struct Line {
    stream: TcpStream,
    buffer: BytesMut,
}

impl Asking {
    /// At `host`, as requests name it.
    pub(in crate::gateway) fn new(host: String, connector: HttpConnector) -> Self {
        Self { host, connector, idle: Arc::default() }
    }

    /// Sends a request and waits for the head of the answer. Its connection is not kept where the headers say so.
    pub(in crate::gateway) async fn ask(
        &self,
        method: &Method,
        address: &Uri,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Response<Answering>, CallError> {
        let target = address.path_and_query().map_or("/", |target| target.as_str());
        let mut head = Vec::with_capacity(512_usize.saturating_add(body.len().min(SMALL)));
        written::request(method, target, &self.host, headers, body.len(), &mut head);
        let rest = if body.len() <= SMALL {
            head.extend_from_slice(body);
            Bytes::new()
        } else {
            body.clone()
        };
        let mut sending = Bytes::from(head).chain(rest);
        let whole = sending.remaining();
        let once = headers.contains_key(CONNECTION);
        if let Some(mut line) = self.idle.take(Instant::now()) {
            let answered = line.exchange(&mut sending, method).await;
            // When not a byte could be sent, the connection had ended before.
            if answered.is_ok() || sending.remaining() < whole {
                return Ok(self.answering(line, answered?, once));
            }
        }
        let mut line = self.connect(address).await?;
        let answered = line.exchange(&mut sending, method).await?;
        Ok(self.answering(line, answered, once))
    }

    /// Closes connections that nobody needed for long.
    pub(in crate::gateway) fn close_idle(&self, now: Instant) {
        self.idle
            .lock()
            .retain(|(since, line)| now.saturating_duration_since(*since) < KEPT && line.is_quiet());
    }

    async fn connect(&self, address: &Uri) -> Result<Line, CallError> {
        let mut connector = self.connector.clone();
        poll_fn(|context| connector.poll_ready(context)).await.map_err(|_| CallError::Unreached)?;
        let stream = connector.call(address.clone()).await.map_err(|_| CallError::Unreached)?;
        Ok(Line { stream: stream.into_inner(), buffer: BytesMut::new() })
    }

    fn answering(&self, line: Line, head: AnswerHead, once: bool) -> Response<Answering> {
        let idle = Arc::clone(&self.idle);
        let keeps = head.keeps && !once;
        let mut answering = Answering { content: head.content, keeps, line: Some(line), idle };
        if answering.content.is_none() {
            answering.end();
        }
        head.response.map(|()| answering)
    }
}

impl Idle {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Instant, Line)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that was used last, if it is still good.
    fn take(&self, now: Instant) -> Option<Line> {
        let mut all = self.lock();
        while let Some((since, line)) = all.pop() {
            if now.saturating_duration_since(since) >= KEPT {
                // All below it are older.
                all.clear();
            } else if line.is_quiet() {
                return Some(line);
            }
        }
        None
    }

    fn keep(&self, line: Line) {
        let mut all = self.lock();
        if all.len() < MOST_KEPT {
            all.push((Instant::now(), line));
        }
    }
}

impl Line {
    /// Whether the other end has neither ended nor said something that nobody asked for.
    fn is_quiet(&self) -> bool {
        let read = self.stream.try_read(&mut [0; 1]);
        self.buffer.is_empty() && matches!(read, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    }

    /// Writes a request and reads the head of its answer, which may come before all is written.
    async fn exchange(
        &mut self,
        sending: &mut (impl bytes::Buf + Unpin),
        method: &Method,
    ) -> Result<AnswerHead, CallError> {
        let mut refused = false;
        for _ in 0..MOST_INTERIM {
            let mut looked = 0;
            let end = poll_fn(|context| {
                while sending.has_remaining() && !refused {
                    match Pin::new(&mut self.stream).poll_write(context, sending.chunk()) {
                        Poll::Ready(Ok(written)) if written > 0 => sending.advance(written),
                        // It may have answered before it stopped reading.
                        Poll::Ready(_) => refused = true,
                        Poll::Pending => break,
                    }
                }
                self.poll_head(context, &mut looked)
            });
            let end = end.await?;
            let head = self.buffer.split_to(end).freeze();
            let head = AnswerHead::read(&head, MOST_LINES, method).map_err(|_| CallError::Broken)?;
            match head.response.status() {
                // Nobody asked to speak something else.
                StatusCode::SWITCHING_PROTOCOLS => return Err(CallError::Broken),
                status if status.is_informational() => {}
                _ => {
                    let keeps = head.keeps && !sending.has_remaining();
                    if self.buffer.is_empty() {
                        self.buffer = BytesMut::new();
                    }
                    return Ok(AnswerHead { keeps, ..head });
                }
            }
        }
        Err(CallError::Broken)
    }

    fn poll_head(&mut self, context: &mut Context<'_>, looked: &mut usize) -> Poll<Result<usize, CallError>> {
        loop {
            if let Some(end) = head_end(&self.buffer, looked).map_err(|_| CallError::Broken)? {
                return Poll::Ready(Ok(end));
            }
            if self.buffer.len() > LARGEST_HEAD || ready!(self.poll_fill(context))? == 0 {
                return Poll::Ready(Err(CallError::Broken));
            }
        }
    }

    /// Takes in what came; gives how much that was.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<Result<usize, CallError>> {
        let Self { stream, buffer } = self;
        let read = filling::poll_read(stream, context, |bytes| {
            buffer.extend_from_slice(bytes);
            bytes.len()
        });
        read.map_err(|_| CallError::Broken)
    }
}

/// The body of an answer, as it comes; its connection is kept when it has ended well.
#[derive(Debug)]
pub(in crate::gateway) struct Answering {
    content: Option<Content>,
    keeps: bool,
    line: Option<Line>,
    idle: Arc<Idle>,
}

impl Answering {
    /// Everything of it came.
    fn end(&mut self) {
        self.content = None;
        if let Some(line) = self.line.take().filter(|line| self.keeps && line.buffer.is_empty()) {
            self.idle.keep(line);
        }
    }

    /// What of the body has come and was not given yet.
    fn come(&mut self) -> Result<Option<Bytes>, BodyError> {
        let (Some(line), Some(content)) = (&mut self.line, &mut self.content) else { return Ok(None) };
        if line.buffer.is_empty() {
            return Ok(None);
        }
        let come = match content {
            Content::UntilClose => std::mem::take(&mut line.buffer),
            Content::Length(left) => {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(line.buffer.len());
                *left = left.saturating_sub(taken as u64);
                line.buffer.split_to(taken)
            }
            Content::Chunks(_) => {
                let mut out = BytesMut::with_capacity(line.buffer.len());
                let taken = content.read(&line.buffer, &mut out).map_err(|_| BodyError::Broken)?;
                line.buffer.advance(taken);
                out
            }
        };
        if line.buffer.is_empty() {
            // What was given would be held by it.
            line.buffer = BytesMut::new();
        }
        if content.is_over() {
            self.end();
        }
        Ok(Some(come.freeze()))
    }
}

impl Body for Answering {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            match self.come() {
                Ok(Some(come)) if !come.is_empty() => return Poll::Ready(Some(Ok(Frame::data(come)))),
                Ok(_) => {}
                Err(error) => {
                    self.keeps = false;
                    self.end();
                    return Poll::Ready(Some(Err(error)));
                }
            }
            let Some(line) = &mut self.line else { return Poll::Ready(None) };
            match ready!(line.poll_fill(context)) {
                Ok(some) if some > 0 => {}
                ended => {
                    let whole = ended == Ok(0) && self.content == Some(Content::UntilClose);
                    self.keeps = false;
                    self.end();
                    return Poll::Ready((!whole).then_some(Err(BodyError::Broken)));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match self.content {
            None => SizeHint::with_exact(0),
            Some(Content::Length(left)) => SizeHint::with_exact(left),
            Some(_) => SizeHint::default(),
        }
    }
}

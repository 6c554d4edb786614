//! Heads of requests and answers, and how their bodies end: [`RequestHead`], [`AnswerHead`].
//!
//! What could be read in two ways is refused: lines that end otherwise than with CR LF, folded lines, blanks before a colon, a length that
//! stands twice or is no plain number, a length beside chunks, another coding than `chunked` (RFC 9112, sections 2.2, 5.1, 5.2, 6.1, 6.3).

use super::content::Content;
use bytes::Bytes;
use httparse::{EMPTY_HEADER, Header, Status};
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING,
};
use hyper::{Method, Request, Response, StatusCode, Uri, Version};

/// Why bytes are no head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// Not as HTTP/1.1 writes it.
    #[error("the head is not as HTTP/1.1 writes it")]
    Malformed,
    /// It does not say once and clearly where its body ends.
    #[error("the head does not say clearly how long its body is")]
    Framing,
    /// Too many lines, or too long.
    #[error("the head is larger than is read")]
    TooLarge,
}

impl HeadError {
    /// What a client is told.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Malformed | Self::Framing => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        }
    }
}

/// Where a head ends: behind its first empty line. `looked` is how far was looked before.
///
/// # Errors
/// [`HeadError::Malformed`] when a line ends otherwise than with CR LF.
pub fn head_end(bytes: &[u8], looked: &mut usize) -> Result<Option<usize>, HeadError> {
    let from = *looked;
    for found in memchr::memchr_iter(b'\n', bytes.get(from..).unwrap_or_default()) {
        let at = from.saturating_add(found);
        let before = bytes.get(..at).unwrap_or_default();
        if before.last() != Some(&b'\r') {
            return Err(HeadError::Malformed);
        }
        if before == b"\r" || before.ends_with(b"\n\r") {
            return Ok(Some(at.saturating_add(1)));
        }
    }
    *looked = bytes.len();
    Ok(None)
}

/// The head of a request.
#[derive(Debug)]
pub struct RequestHead {
    /// All it says.
    pub request: Request<()>,
    /// How its body ends; nothing when it has none.
    pub content: Option<Content>,
    /// Whether another request may follow.
    pub keeps: bool,
    /// Whether the client waits to be told to send the body.
    pub expects: bool,
}

impl RequestHead {
    /// Reads a head that is all there, of at most so many lines.
    ///
    /// # Errors
    /// [`HeadError`] says why it is none.
    pub fn read(head: &Bytes, most: usize) -> Result<Self, HeadError> {
        let mut lines = vec![EMPTY_HEADER; most];
        let mut read = httparse::Request::new(&mut lines);
        is_whole(read.parse(head), head)?;
        let mut request = Request::new(());
        let method = read.method.unwrap_or_default();
        *request.method_mut() = Method::from_bytes(method.as_bytes()).map_err(|_| HeadError::Malformed)?;
        let target = head.slice_ref(read.path.unwrap_or_default().as_bytes());
        *request.uri_mut() = Uri::from_maybe_shared(target).map_err(|_| HeadError::Malformed)?;
        let version = version(read.version)?;
        *request.version_mut() = version;
        *request.headers_mut() = headers(head, read.headers)?;
        let headers = request.headers();
        let hosts = headers.get_all(HOST).iter().count();
        if hosts > 1 || hosts == 0 && version == Version::HTTP_11 {
            return Err(HeadError::Malformed);
        }
        let content = framing(headers, version)?.filter(|content| *content != Content::Length(0));
        let expects = version == Version::HTTP_11
            && headers
                .get(EXPECT)
                .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
        Ok(Self { keeps: keeps(headers, version), content, expects, request })
    }
}

/// The head of an answer.
#[derive(Debug)]
pub struct AnswerHead {
    /// All it says.
    pub response: Response<()>,
    /// How its body ends; nothing when it has none.
    pub content: Option<Content>,
    /// Whether the connection may be used again.
    pub keeps: bool,
}

impl AnswerHead {
    /// Reads a head that is all there, of at most so many lines, in answer to a request of a method.
    ///
    /// # Errors
    /// [`HeadError`] says why it is none.
    pub fn read(head: &Bytes, most: usize, method: &Method) -> Result<Self, HeadError> {
        let mut lines = vec![EMPTY_HEADER; most];
        let mut read = httparse::Response::new(&mut lines);
        is_whole(read.parse(head), head)?;
        let mut response = Response::new(());
        let status =
            read.code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or(HeadError::Malformed)?;
        *response.status_mut() = status;
        let version = version(read.version)?;
        *response.version_mut() = version;
        *response.headers_mut() = headers(head, read.headers)?;
        let headers = response.headers();
        let bare = status.is_informational()
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
            || method == Method::HEAD;
        let framing = framing(headers, version)?;
        let content = if bare { None } else { Some(framing.unwrap_or(Content::UntilClose)) };
        let keeps = keeps(headers, version) && content != Some(Content::UntilClose);
        Ok(Self { content: content.filter(|content| *content != Content::Length(0)), keeps, response })
    }
}

fn is_whole(parsed: httparse::Result<usize>, head: &[u8]) -> Result<(), HeadError> {
    match parsed {
        Ok(Status::Complete(length)) if length == head.len() => Ok(()),
        Err(httparse::Error::TooManyHeaders) => Err(HeadError::TooLarge),
        _ => Err(HeadError::Malformed),
    }
}

fn version(minor: Option<u8>) -> Result<Version, HeadError> {
    match minor {
        Some(0) => Ok(Version::HTTP_10),
        Some(1) => Ok(Version::HTTP_11),
        _ => Err(HeadError::Malformed),
    }
}

/// The headers, whose values are parts of the head.
fn headers(head: &Bytes, lines: &[Header<'_>]) -> Result<HeaderMap, HeadError> {
    let mut headers = HeaderMap::with_capacity(lines.len());
    for line in lines {
        let name = HeaderName::from_bytes(line.name.as_bytes()).map_err(|_| HeadError::Malformed)?;
        let value = HeaderValue::from_maybe_shared(head.slice_ref(line.value));
        headers.append(name, value.map_err(|_| HeadError::Malformed)?);
    }
    Ok(headers)
}

/// How a message says that its body ends; nothing when it says nothing.
fn framing(headers: &HeaderMap, version: Version) -> Result<Option<Content>, HeadError> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let (coding, length) = (codings.next(), lengths.next());
    if codings.next().is_some() || lengths.next().is_some() {
        return Err(HeadError::Framing);
    }
    match (coding, length) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(HeadError::Framing),
        (Some(coding), None) => {
            let is_chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked");
            let is_known = is_chunked && version == Version::HTTP_11;
            is_known.then_some(Some(Content::CHUNKED)).ok_or(HeadError::Framing)
        }
        (None, Some(length)) => {
            let digits = length.as_bytes();
            let is_number = (1..=18).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
            let number = length.to_str().ok().filter(|_| is_number).and_then(|digits| digits.parse().ok());
            number.map(|number| Some(Content::Length(number))).ok_or(HeadError::Framing)
        }
    }
}

/// Whether the connection goes on behind a message.
fn keeps(headers: &HeaderMap, version: Version) -> bool {
    let says = |wanted: &str| {
        let mut names = headers
            .get_all(CONNECTION)
            .iter()
            .flat_map(|value| value.to_str().unwrap_or_default().split(','));
        names.any(|name| name.trim().eq_ignore_ascii_case(wanted))
    };
    !says("close") && (version == Version::HTTP_11 || says("keep-alive"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request(head: &str) -> Result<RequestHead, HeadError> {
        let bytes = Bytes::copy_from_slice(head.as_bytes());
        let mut looked = 0;
        assert_eq!(head_end(&bytes, &mut looked)?, Some(bytes.len()), "{head:?}");
        RequestHead::read(&bytes, 8)
    }

    fn answer(head: &str, method: &Method) -> Result<AnswerHead, HeadError> {
        AnswerHead::read(&Bytes::copy_from_slice(head.as_bytes()), 8, method)
    }

    #[test]
    fn a_request_is_read_with_its_headers_as_they_are() {
        let head = request(
            "POST /v1/x?a=b HTTP/1.1\r\nHost: g\r\nX-Own:  a, b \r\nx-own: c\r\nContent-Length: 12\r\nExpect: 100-Continue\r\n\r\n",
        )
        .unwrap();
        assert_eq!(
            (head.request.method(), head.request.uri().to_string().as_str()),
            (&Method::POST, "/v1/x?a=b")
        );
        let own: Vec<_> = head.request.headers().get_all("x-own").iter().collect();
        assert_eq!(own, ["a, b", "c"]);
        assert_eq!((head.content, head.keeps, head.expects), (Some(Content::Length(12)), true, true));
        let head = request("GET / HTTP/1.1\r\nhost: g\r\nconnection: x, Close\r\n\r\n").unwrap();
        assert_eq!((head.content, head.keeps, head.expects), (None, false, false));
        let head = request("GET / HTTP/1.0\r\n\r\n").unwrap();
        assert!(!head.keeps);
        assert!(request("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n").unwrap().keeps);
        let head = request("POST / HTTP/1.1\r\nhost: g\r\ntransfer-encoding: Chunked\r\n\r\n").unwrap();
        assert_eq!(head.content, Some(Content::CHUNKED));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let with = |lines: &str| {
            request(&format!("POST / HTTP/1.1\r\nhost: g\r\n{lines}\r\n")).map(|head| head.content)
        };
        for lines in [
            "content-length: 4\r\ntransfer-encoding: chunked\r\n",
            "content-length: 4\r\ncontent-length: 4\r\n",
            "content-length: 4\r\nContent-Length: 5\r\n",
            "content-length: 4, 4\r\n",
            "content-length: +4\r\n",
            "content-length: -4\r\n",
            "content-length: 0x4\r\n",
            "content-length: 4 4\r\n",
            "content-length:\r\n",
            "content-length: 99999999999999999999\r\n",
            "transfer-encoding: xchunked\r\n",
            "transfer-encoding: gzip, chunked\r\n",
            "transfer-encoding: chunked, chunked\r\n",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
            "transfer-encoding: chunked;q=1\r\n",
            "transfer-encoding: \u{b}chunked\r\n",
        ] {
            assert!(with(lines).is_err(), "{lines:?}");
        }
        for lines in [
            "content-length : 4\r\n",
            "x: a\r\n b\r\n",
            " x: a\r\n",
            "x\r\n",
            ": a\r\n",
            "x: a\nb: c\r\n",
            "x: a\rb\r\n",
            "x: \0\r\n",
            "x y: a\r\n",
            "transfer-encoding\u{0}: chunked\r\n",
        ] {
            assert_eq!(with(lines), Err(HeadError::Malformed), "{lines:?}");
        }
        assert!(request("POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        for head in [
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
            "GET / HTTP/1.0\r\nhost: a\r\nhost: b\r\n\r\n",
            "GET  / HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET / HTTP/1.2\r\nhost: a\r\n\r\n",
            "GET / HTTP/2.0\r\nhost: a\r\n\r\n",
            "GET /a b HTTP/1.1\r\nhost: a\r\n\r\n",
            "GET /\u{1} HTTP/1.1\r\nhost: a\r\n\r\n",
            "G(T / HTTP/1.1\r\nhost: a\r\n\r\n",
            "\r\n\r\n",
        ] {
            let bytes = Bytes::copy_from_slice(head.as_bytes());
            assert!(RequestHead::read(&bytes, 8).is_err(), "{head:?}");
        }
        let many = format!("GET / HTTP/1.1\r\nhost: a\r\n{}\r\n", "x: y\r\n".repeat(9));
        assert_eq!(request(&many).map(|head| head.keeps), Err(HeadError::TooLarge));
    }

    #[test]
    fn an_answer_says_how_its_body_ends() {
        let read = |lines: &str, method: &Method| {
            let head = answer(&format!("HTTP/1.1 200 OK\r\n{lines}\r\n"), method).unwrap();
            (head.content, head.keeps)
        };
        assert_eq!(read("content-length: 3\r\n", &Method::GET), (Some(Content::Length(3)), true));
        assert_eq!(read("content-length: 3\r\n", &Method::HEAD), (None, true));
        assert_eq!(read("content-length: 0\r\n", &Method::POST), (None, true));
        assert_eq!(read("transfer-encoding: chunked\r\n", &Method::GET), (Some(Content::CHUNKED), true));
        assert_eq!(read("", &Method::GET), (Some(Content::UntilClose), false));
        assert!(!read("connection: close\r\ncontent-length: 3\r\n", &Method::GET).1);
        let none = answer("HTTP/1.1 204 No Content\r\n\r\n", &Method::POST).unwrap();
        assert_eq!((none.content, none.keeps), (None, true));
        for lies in [
            "content-length: 3\r\ntransfer-encoding: chunked\r\n",
            "content-length: 3\r\ncontent-length: 4\r\n",
            "content-length: -3\r\n",
            "transfer-encoding: gzip\r\n",
            "x : y\r\n",
        ] {
            assert!(answer(&format!("HTTP/1.1 200 OK\r\n{lies}\r\n"), &Method::GET).is_err(), "{lies:?}");
        }
    }

    #[test]
    fn the_end_of_a_head_is_found_however_it_comes() {
        let head = b"GET / HTTP/1.1\r\nhost: g\r\n\r\n{}";
        for cut in 0..head.len() {
            let mut looked = 0;
            let first = head_end(&head[..cut], &mut looked).unwrap();
            let end = first.map_or_else(|| head_end(head, &mut looked).unwrap(), Some);
            assert_eq!(end, Some(head.len() - 2), "{cut}");
        }
        assert_eq!(head_end(b"GET / HTTP/1.1\nhost: g\n\n", &mut 0), Err(HeadError::Malformed));
    }

    proptest! {
        #[test]
        fn any_head_is_read_or_refused(bytes in "(GET|POST|HTTP/1.1) [/a0 ]{0,6}(HTTP/1.1|OK)?\r\n([a-z: 0-9,\r\n-]{0,20}\r\n){0,4}\r\n") {
            let bytes = Bytes::from(bytes);
            let _ = RequestHead::read(&bytes, 8);
            let _ = AnswerHead::read(&bytes, 8, &Method::GET);
        }
    }
}

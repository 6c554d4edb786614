//! Heads as bytes: [`request`], [`answer`].

use hyper::header::{CONNECTION, CONTENT_LENGTH, DATE, HeaderMap, HeaderName, TRANSFER_ENCODING};
use hyper::{Method, StatusCode};
use std::cell::RefCell;
use std::io::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

/// How the other end is told where a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// There is none, whatever the headers say of it.
    Nothing,
    /// So many bytes.
    Length(u64),
    /// In chunks.
    Chunks,
    /// By closing.
    UntilClose,
}

/// The head of a request with a body of so many bytes.
pub(super) fn request(
    method: &Method,
    target: &str,
    host: &str,
    headers: &HeaderMap,
    length: usize,
    out: &mut Vec<u8>,
) {
    put(out, &[method.as_str(), " ", target, " HTTP/1.1\r\nhost: ", host, "\r\n"]);
    lines(headers, &[CONTENT_LENGTH, TRANSFER_ENCODING], out);
    // RFC 9110, section 8.6: methods whose requests usually have a body say that there is none.
    if length > 0 || matches!(*method, Method::POST | Method::PUT | Method::PATCH) {
        let _ = write!(out, "content-length: {length}\r\n");
    }
    put(out, &["\r\n"]);
}

/// The head of an answer.
pub(super) fn answer(
    status: StatusCode,
    headers: &HeaderMap,
    sent: Sent,
    connection: Option<&str>,
    out: &mut Vec<u8>,
) {
    let reason = status.canonical_reason().unwrap_or("Unknown");
    put(out, &["HTTP/1.1 ", status.as_str(), " ", reason, "\r\n"]);
    match sent {
        Sent::Nothing => lines(headers, &[TRANSFER_ENCODING, CONNECTION], out),
        _ => lines(headers, &[CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION], out),
    }
    match sent {
        Sent::Length(length) => {
            let _ = write!(out, "content-length: {length}\r\n");
        }
        Sent::Chunks => put(out, &["transfer-encoding: chunked\r\n"]),
        Sent::Nothing | Sent::UntilClose => {}
    }
    if let Some(connection) = connection {
        put(out, &["connection: ", connection, "\r\n"]);
    }
    if !headers.contains_key(DATE) {
        date(out);
    }
    put(out, &["\r\n"]);
}

/// The line before the bytes of a chunk.
pub(super) fn chunk(length: usize, out: &mut Vec<u8>) {
    let _ = write!(out, "{length:x}\r\n");
}

fn put(out: &mut Vec<u8>, texts: &[&str]) {
    for text in texts {
        out.extend_from_slice(text.as_bytes());
    }
}

/// The headers, but those of these names.
fn lines(headers: &HeaderMap, but: &[HeaderName], out: &mut Vec<u8>) {
    for (name, value) in headers {
        if !but.contains(name) {
            put(out, &[name.as_str(), ": "]);
            out.extend_from_slice(value.as_bytes());
            put(out, &["\r\n"]);
        }
    }
}

thread_local! {
    /// The second since 1970 that was written last, and its line.
    static LAST: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) };
}

/// The time as a header (RFC 9110, section 6.6.1), made once a second.
fn date(out: &mut Vec<u8>) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    LAST.with_borrow_mut(|(second, line)| {
        if *second != now {
            *second = now;
            let at = jiff::Timestamp::from_second(i64::try_from(now).unwrap_or_default()).unwrap_or_default();
            *line = format!("date: {}\r\n", at.strftime("%a, %d %b %Y %H:%M:%S GMT"));
        }
        out.extend_from_slice(line.as_bytes());
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_written_with_one_framing_of_our_own() {
        let mut headers = HeaderMap::new();
        for (name, value) in
            [("content-length", "9"), ("transfer-encoding", "chunked"), ("x-a", "b"), ("date", "d")]
        {
            headers.insert(HeaderName::from_static(name), value.parse().unwrap());
        }
        let text = |out: Vec<u8>| String::from_utf8(out).unwrap();
        let mut out = Vec::new();
        request(&Method::POST, "/x?y", "h:1", &headers, 3, &mut out);
        assert_eq!(
            text(out),
            "POST /x?y HTTP/1.1\r\nhost: h:1\r\nx-a: b\r\ndate: d\r\ncontent-length: 3\r\n\r\n"
        );
        let mut out = Vec::new();
        request(&Method::GET, "/", "h", &HeaderMap::new(), 0, &mut out);
        assert_eq!(text(out), "GET / HTTP/1.1\r\nhost: h\r\n\r\n");
        let of = |sent, connection| {
            let mut out = Vec::new();
            answer(StatusCode::OK, &headers, sent, connection, &mut out);
            text(out)
        };
        assert_eq!(
            of(Sent::Length(3), None),
            "HTTP/1.1 200 OK\r\nx-a: b\r\ndate: d\r\ncontent-length: 3\r\n\r\n"
        );
        assert_eq!(
            of(Sent::Chunks, Some("close")),
            "HTTP/1.1 200 OK\r\nx-a: b\r\ndate: d\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
        );
        assert_eq!(
            of(Sent::Nothing, None),
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\nx-a: b\r\ndate: d\r\n\r\n"
        );
    }

    #[test]
    fn an_answer_without_a_date_is_given_one() {
        let mut out = Vec::new();
        answer(StatusCode::OK, &HeaderMap::new(), Sent::Length(0), None, &mut out);
        let text = String::from_utf8(out).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("date: ")).unwrap();
        assert!(line.len() == 29 && line.ends_with(" GMT") && line.get(3..5) == Some(", "), "{line}");
    }
}

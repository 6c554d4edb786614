//! Peers that do not keep to the rules.

use crate::support::{Answer, Guarded, Recorded, json_answer, loopback, post, whole_request};
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

const GOOD: &str = r#"{"messages":[{"role":"user","content":"hello"}]}"#;

#[test]
fn two_lengths_are_refused_and_a_length_beside_chunks_is_not_passed_on() {
    let upstream = Recorded::answering(json_answer("{}"));
    let guarded = Guarded::before("", upstream.address);
    let twice =
        "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\ncontent-length: 48\r\ncontent-length: 3\r\n\r\n";
    assert_eq!(guarded.exchange(format!("{twice}{GOOD}").as_bytes()).status, 400);
    let odd = "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\ntransfer-encoding: xchunked\r\n\r\n";
    assert_eq!(guarded.exchange(odd.as_bytes()).status, 400);
    assert!(upstream.requests().is_empty());
    // The chunks are what counts, the connection ends with them, and what follows them is nobody's request.
    let size = format!("{:x}", GOOD.len());
    let both = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n{size}\r\n{GOOD}\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: g\r\n\r\n"
    );
    assert_eq!(guarded.exchange(both.as_bytes()).status, 200);
    let sent = upstream.requests();
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(!sent[0].contains("transfer-encoding") && sent[0].ends_with(GOOD), "{sent:?}");
    assert!(sent[0].contains(&format!("content-length: {}\r\n", GOOD.len())));
}

#[test]
fn bodies_and_heads_are_bounded() {
    let guarded = Guarded::before_mock("[limits]\nrequest-bytes = 1000\nheader-bytes = 8192\nnesting = 8\n");
    let big = json!({"messages": [{"role": "user", "content": "x".repeat(2000)}]}).to_string();
    assert_eq!(guarded.post("/v1/chat/completions", &big).status, 413);
    let chunk = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{big}\r\n0\r\n\r\n",
        big.len()
    );
    assert_eq!(guarded.exchange(chunk.as_bytes()).status, 413);
    let deep = format!("{}1{}", "[".repeat(20), "]".repeat(20));
    assert_eq!(guarded.post("/v1/chat/completions", &deep).status, 400);
    let head = format!("GET /v1/models HTTP/1.1\r\nhost: g\r\nx: {}\r\n\r\n", "y".repeat(20_000));
    assert_eq!(guarded.exchange(head.as_bytes()).status, 431);
    let many = format!("GET /v1/models HTTP/1.1\r\nhost: g\r\n{}\r\n", "x: y\r\n".repeat(500));
    assert_eq!(guarded.exchange(many.as_bytes()).status, 431);
}

#[test]
fn bodies_that_are_no_utf8_or_compressed_bombs_are_refused() {
    let upstream = Recorded::answering(json_answer("{}"));
    let guarded = Guarded::before("", upstream.address);
    let bytes = post("/v1/chat/completions", "application/json", b"{\"messages\":[{\"content\":\"\xff\"}]}");
    assert_eq!(guarded.exchange(&bytes).status, 400);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![b' '; 64 << 20]).unwrap();
    let bomb = encoder.finish().unwrap();
    let mut request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nconnection: close\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        bomb.len()
    )
    .into_bytes();
    request.extend(bomb);
    assert_eq!(guarded.exchange(&request).status, 413);
    assert!(upstream.requests().is_empty());
}

#[test]
fn slow_heads_and_bodies_are_not_waited_for() {
    let guarded = Guarded::before_mock("[limits]\nhead-ms = 200\nbody-ms = 200\n");
    let mut stream = guarded.connect();
    stream.write_all(b"POST /v1/chat/completions HTTP/1.1\r\nhost: g").unwrap();
    let answer = Answer::read(&mut stream);
    assert!(matches!(answer.status, 0 | 408), "{answer:?}");
    let mut stream = guarded.connect();
    stream
        .write_all(b"POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nconnection: close\r\ncontent-length: 9\r\n\r\n{")
        .unwrap();
    assert_eq!(Answer::read(&mut stream).status, 408);
}

/// An upstream that does with a connection what it likes.
fn upstream(behave: impl Fn(&mut std::net::TcpStream) + Send + 'static) -> SocketAddr {
    let listener = loopback();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            whole_request(&mut stream);
            behave(&mut stream);
        }
    });
    address
}

#[test]
fn an_upstream_that_hangs_resets_lies_or_babbles_is_told_as_such() {
    let limits = "[limits]\nanswer-ms = 300\nsilence-ms = 300\nanswer-bytes = 10000\n";
    let hangs = upstream(|stream| {
        let _ = stream.read(&mut [0]);
    });
    assert_eq!(Guarded::before(limits, hangs).post("/v1/chat/completions", GOOD).status, 504);
    let resets = upstream(|_| {});
    assert_eq!(Guarded::before(limits, resets).post("/v1/chat/completions", GOOD).status, 502);
    let lies = upstream(|stream| {
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{}");
    });
    assert_eq!(Guarded::before(limits, lies).post("/v1/chat/completions", GOOD).status, 502);
    let silent = upstream(|stream| {
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{");
        let _ = stream.read(&mut [0]);
    });
    assert_eq!(Guarded::before(limits, silent).post("/v1/chat/completions", GOOD).status, 504);
    let babbles = upstream(|stream| {
        let _ = stream.write_all(b"\x00\xff garbage\r\n\r\n");
    });
    assert_eq!(Guarded::before(limits, babbles).post("/v1/chat/completions", GOOD).status, 502);
    let endless = upstream(|stream| {
        let _ = stream.write_all(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
        );
        while stream
            .write_all(b"400\r\n")
            .and_then(|()| stream.write_all(&[b'x'; 1024]))
            .and_then(|()| stream.write_all(b"\r\n"))
            .is_ok()
        {}
    });
    assert_eq!(Guarded::before(limits, endless).post("/v1/chat/completions", GOOD).status, 502);
    let no_json = Recorded::answering(json_answer("<html>"));
    assert_eq!(Guarded::before(limits, no_json.address).post("/v1/chat/completions", GOOD).status, 502);
    let nobody = loopback().local_addr().unwrap();
    let answer = Guarded::before(limits, nobody).post("/v1/chat/completions", GOOD);
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (502, &json!("upstream")));
}

#[test]
fn stopping_finishes_what_is_in_progress() {
    let slow = upstream(|stream| {
        std::thread::sleep(Duration::from_millis(300));
        let _ = stream.write_all(json_answer("{\"choices\":[]}").as_bytes());
    });
    let guarded = Guarded::before("", slow);
    let mut stream = guarded.connect();
    stream.write_all(&post("/v1/chat/completions", "application/json", GOOD.as_bytes())).unwrap();
    while guarded.gateway.metrics().text().contains("bartizan_guard_in_flight 0") {
        std::thread::yield_now();
    }
    guarded.stop.stop();
    assert_eq!(Answer::read(&mut stream).status, 200);
}

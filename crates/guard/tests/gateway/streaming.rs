//! Streams over real sockets.

use crate::support::{Answer, Guarded, Recorded, loopback, post, whole_request};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::sync::mpsc::channel;

const SECRET: &str = "ghp_0123456789abcdefghijABCDEFGHIJ012345";

pub(crate) fn chat(text: &str) -> String {
    json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": text}]}).to_string()
}

/// The text that a client of chat completions puts together.
fn text_of(answer: &Answer) -> String {
    let text = answer.text();
    let data = text.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
    let chunks = data.map(|data| serde_json::from_str::<Value>(data).unwrap());
    chunks.filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned)).collect()
}

#[test]
fn a_stream_passes_and_its_decision_is_told_at_its_end() {
    let guarded = Guarded::before_mock("");
    let answer = guarded.post("/v1/chat/completions", &chat("Oslo is the capital of Norway."));
    assert!(answer.head.contains("content-type: text/event-stream"), "{answer:?}");
    assert_eq!(text_of(&answer), "Oslo is the capital of Norway.");
    assert!(answer.text().ends_with("data: [DONE]\n\n"));
    let decision = guarded.decision();
    assert_eq!((&decision["action"], &decision["outcome"]), (&json!("allow"), &json!("answered")));
    assert_eq!(decision["answer_bytes"], answer.body.len());
}

/// An upstream that streams these events.
pub(crate) fn streaming(events: &[&str]) -> Recorded {
    let chunks: Vec<String> =
        events.iter().map(|event| format!("{:x}\r\n{event}\r\n", event.len())).collect();
    let body = chunks.concat();
    Recorded::answering(format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n{body}0\r\n\r\n"
    ))
}

#[test]
fn a_credential_that_a_model_writes_does_not_leave_and_a_blocked_stream_ends_well() {
    let (head, tail) = SECRET.split_at(9);
    let chunk = |text: &str| {
        format!(
            "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":null}}]}}\n\n"
        )
    };
    let events =
        [chunk("it is "), chunk(head), chunk(tail), chunk(" so there"), "data: [DONE]\n\n".to_owned()];
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    let upstream = streaming(&events);
    let guarded = Guarded::before("", upstream.address);
    let answer = guarded.post("/v1/chat/completions", &chat("hi"));
    assert!(!answer.text().contains(tail) && text_of(&answer).ends_with(" so there"), "{answer:?}");
    assert_eq!(guarded.decision()["action"], "redact");
    let guarded = Guarded::before("[checks.secrets]\noutput = 'block'", upstream.address);
    let answer = guarded.post("/v1/chat/completions", &chat("hi"));
    assert_eq!(text_of(&answer), "it is ");
    assert!(answer.text().contains("\"finish_reason\":\"content_filter\""), "{answer:?}");
    assert_eq!(guarded.decision()["action"], "block");
}

#[test]
fn a_stream_of_ollama_is_judged_line_by_line() {
    let guarded = Guarded::before_mock("");
    let ask = |text: &str| json!({"model": "m", "messages": [{"role": "user", "content": text}]}).to_string();
    let texts = |answer: &Answer| {
        let text = answer.text();
        let values = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        values.filter_map(|value| value["message"]["content"].as_str().map(str::to_owned)).collect::<String>()
    };
    let answer = guarded.post("/api/chat", &ask("Oslo is the capital of Norway."));
    assert!(answer.head.contains("content-type: application/x-ndjson"), "{answer:?}");
    assert_eq!(texts(&answer), "Oslo is the capital of Norway.");
    assert!(answer.text().lines().count() > 5);
    assert_eq!(guarded.decision()["action"], "allow");
    // The mock repeats what it is told; a request is to keep its credential here, or none would come back.
    let guarded = Guarded::before_mock("[checks.secrets]\ninput = 'off'\noutput = 'block'");
    let answer = guarded.post("/api/chat", &ask(&format!("the key is {SECRET} and more")));
    assert_eq!(texts(&answer), "the key is ");
    let last: Value = serde_json::from_str(answer.text().lines().last().unwrap()).unwrap();
    assert_eq!((&last["done"], &last["done_reason"]), (&json!(true), &json!("content_filter")));
    assert_eq!(guarded.decision()["action"], "block");
    let body = json!({"model": "m", "prompt": format!("the key is {SECRET}")}).to_string();
    let answer = guarded.post("/api/generate", &body);
    assert!(
        answer.text().ends_with("\"response\":\"\",\"done\":true,\"done_reason\":\"content_filter\"}\n"),
        "{answer:?}"
    );
}

#[test]
fn a_shadow_policy_looks_at_streams_and_changes_nothing() {
    let toml = "[checks.secrets]\ninput = 'off'\noutput = 'off'\n[policies.strict.secrets]\ninput = 'off'\noutput = 'block'\n[[route]]\npath = '/'\nshadow = 'strict'\n";
    let guarded = Guarded::before_mock(toml);
    let text = format!("the key is {SECRET} and more");
    let answer = guarded.post("/v1/chat/completions", &chat(&text));
    assert_eq!(text_of(&answer), text);
    let decision = guarded.decision();
    assert_eq!((&decision["action"], &decision["shadow"]), (&json!("allow"), &json!("block")));
    guarded.post("/v1/chat/completions", &chat("Oslo"));
    assert_eq!(guarded.decision()["shadow"], "allow");
}

#[test]
fn events_leave_as_they_come() {
    let listener = loopback();
    let address = listener.local_addr().unwrap();
    let (go, went) = channel::<()>();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        whole_request(&mut stream);
        let first = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Good morning\"}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\" to you\"}}]}\n\n";
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n{first}").unwrap();
        went.recv().unwrap();
        stream.write_all(b"data: [DONE]\n\n").unwrap();
    });
    let guarded = Guarded::before("", address);
    let mut stream = guarded.connect();
    stream.write_all(&post("/v1/chat/completions", "application/json", chat("hi").as_bytes())).unwrap();
    let (mut seen, mut block) = (String::new(), [0; 1024]);
    while !seen.contains("Good morning") {
        let read = stream.read(&mut block).unwrap();
        assert!(read > 0, "{seen}");
        seen.push_str(&String::from_utf8_lossy(&block[..read]));
    }
    // The upstream has not ended; the first word has left all the same.
    assert!(!seen.contains("DONE"));
    go.send(()).unwrap();
    assert!(Answer::read(&mut stream).text().is_empty() || !seen.is_empty());
}

#[test]
fn a_client_that_leaves_and_an_upstream_that_breaks_are_told() {
    let listener = loopback();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let request = String::from_utf8_lossy(&whole_request(&mut stream)).into_owned();
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
            let event = ": hi\n\n";
            let _ = write!(stream, "{head}{:x}\r\n{event}\r\n", event.len());
            if request.contains("wait") {
                // Until the gateway hangs up.
                let _ = stream.read(&mut [0]);
            }
        }
    });
    let guarded = Guarded::before("", address);
    let answer = guarded.post("/v1/chat/completions", &chat("break"));
    assert_eq!(answer.status, 200);
    assert_eq!(guarded.decision()["outcome"], "upstream-broke");
    let mut stream = guarded.connect();
    stream.write_all(&post("/v1/chat/completions", "application/json", chat("wait").as_bytes())).unwrap();
    assert!(stream.read(&mut [0; 64]).unwrap() > 0);
    drop(stream);
    assert_eq!(guarded.decision()["outcome"], "client-left");
}

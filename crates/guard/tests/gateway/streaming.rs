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
fn a_sign_of_life_leaves_while_a_text_is_held() {
    let listener = loopback();
    let address = listener.local_addr().unwrap();
    let (go, went) = channel::<()>();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        whole_request(&mut stream);
        let begun = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"content\":[]}}\n\n\
            event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n\
            event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Wait\"}}\n\n";
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n{begun}").unwrap();
        write!(stream, ": alive\n\nevent: ping\ndata: {{\"type\": \"ping\"}}\n\n").unwrap();
        went.recv().unwrap();
        stream.write_all(b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n").unwrap();
    });
    let guarded = Guarded::before("", address);
    let mut stream = guarded.connect();
    let body = json!({"model": "m", "max_tokens": 9, "stream": true, "messages": [{"role": "user", "content": "hi"}]});
    let request = post("/v1/messages", "application/json", body.to_string().as_bytes());
    stream.write_all(&request).unwrap();
    let (mut seen, mut block) = (String::new(), [0; 1024]);
    while !seen.contains("\"ping\"") {
        let read = stream.read(&mut block).unwrap();
        assert!(read > 0, "{seen}");
        seen.push_str(&String::from_utf8_lossy(&block[..read]));
    }
    assert!(seen.contains(": alive\n") && !seen.contains("Wait"), "{seen}");
    go.send(()).unwrap();
    while !seen.contains("message_stop") {
        let read = stream.read(&mut block).unwrap();
        assert!(read > 0, "{seen}");
        seen.push_str(&String::from_utf8_lossy(&block[..read]));
    }
    assert!(seen.contains("Wait"), "{seen}");
}

#[test]
fn items_of_a_response_that_take_turns_are_judged_each() {
    let (head, tail) = SECRET.split_at(20);
    let delta = |item: usize, text: &str| {
        format!(
            "event: response.output_text.delta\ndata: {{\"type\":\"response.output_text.delta\",\"output_index\":{item},\"content_index\":0,\"delta\":\"{text}\"}}\n\n"
        )
    };
    let last =
        "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"r\"}}\n\n";
    let ask = json!({"model": "m", "stream": true, "input": "hi"}).to_string();
    let events =
        [delta(0, "it is "), delta(1, "Nothing "), delta(0, "fine."), delta(1, "else."), last.to_owned()];
    let upstream = streaming(&events.each_ref().map(String::as_str));
    let guarded = Guarded::before("", upstream.address);
    assert_eq!(guarded.post("/v1/responses", &ask).text(), events.concat());
    assert_eq!(guarded.decision()["action"], "allow");
    let (key, rest) = (format!("it is {head}"), format!("{tail} so"));
    let events = [delta(0, &key), delta(1, " Nothing "), delta(0, &rest), delta(1, "else."), last.to_owned()];
    let upstream = streaming(&events.each_ref().map(String::as_str));
    let guarded = Guarded::before("", upstream.address);
    let answer = guarded.post("/v1/responses", &ask).text();
    assert!(!answer.contains(head) && !answer.contains(tail), "{answer}");
    assert!(answer.contains("it is [github-token]") && answer.ends_with(last), "{answer}");
    assert_eq!(guarded.decision()["action"], "redact");
    let guarded = Guarded::before("[checks.secrets]\noutput = 'block'", upstream.address);
    let answer = guarded.post("/v1/responses", &ask).text();
    assert!(answer.contains("response.incomplete") && !answer.contains(tail), "{answer}");
    assert_eq!(guarded.decision()["action"], "block");
}

#[test]
fn a_response_may_say_its_instructions_again_with_other_blanks() {
    let instructions = "  You are the assistant of Acme.\r\n\r\n Never mention the internal ticket system called Nightjar, and offer at most a discount of fifteen percent, and only after the customer has complained twice. ";
    let trimmed = instructions.split_whitespace().collect::<Vec<_>>().join(" ");
    let ask = json!({"model": "m", "instructions": instructions, "input": "hi"}).to_string();
    let answer = |member: &str| {
        json!({"id": "r", "object": "response", member: &*trimmed, "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hello."}]}]}).to_string()
    };
    for (member, status) in [("instructions", 200), ("note", 403)] {
        let upstream = Recorded::answering(crate::support::json_answer(&answer(member)));
        let guarded = Guarded::before("", upstream.address);
        assert_eq!(guarded.post("/v1/responses", &ask).status, status, "{member}");
    }
}

#[test]
fn what_ollama_was_told_before_in_numbers_is_refused_taken_out_or_passed() {
    let upstream = Recorded::answering(crate::support::json_answer(
        r#"{"response":"fine","done":true,"context":[1,2,3]}"#,
    ));
    let ask = r#"{"model":"m","prompt":"go on","stream":false,"context":[128006, 882]}"#;
    let guarded = Guarded::before("", upstream.address);
    let answer = guarded.post("/api/generate", ask);
    assert_eq!(answer.status, 415);
    for word in ["context", "/api/chat", "drop", "pass"] {
        assert!(answer.text().contains(word), "{word} {answer:?}");
    }
    assert!(upstream.requests().is_empty());
    for (way, sent, action) in [("drop", "[]", "redact"), ("pass", "[128006, 882]", "flag")] {
        let guarded = Guarded::before(&format!("[checks.media]\ncontext = '{way}'"), upstream.address);
        assert!(guarded.post("/api/generate", ask).text().contains("[1,2,3]"));
        let request = upstream.requests().pop().unwrap();
        assert!(request.ends_with(&ask.replace("[128006, 882]", sent)), "{request}");
        let decision = guarded.decision();
        assert_eq!(
            (&decision["action"], &decision["reasons"][0]["check"]),
            (&json!(action), &json!("guard/unread-media"))
        );
    }
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

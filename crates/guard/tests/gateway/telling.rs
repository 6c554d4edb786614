//! What is told in others' words: OpenTelemetry to a collector; and WebSockets, which are counted and passed on.

use crate::support::{Answer, Guarded, Recorded, json_answer, loopback, whole_request};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};

const CHAT: &str = r#"{"model":"m","messages":[{"role":"user","content":"hello"}]}"#;

#[test]
fn a_collector_gets_spans_under_the_clients_trace_and_metrics() {
    let upstream = Recorded::answering(json_answer("{}"));
    let collector = Recorded::answering(json_answer("{}"));
    let guarded = Guarded::before(
        &format!("[telemetry]\nendpoint = 'http://{}/otlp'\ninterval-s = 1\n", collector.address),
        upstream.address,
    );
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nconnection: close\r\ntraceparent: {trace}\r\ncontent-length: {}\r\n\r\n{CHAT}",
        CHAT.len()
    );
    assert_eq!(guarded.exchange(request.as_bytes()).status, 200);
    assert!(upstream.requests()[0].contains(trace), "the trace goes on");
    let id = guarded.decision()["id"].clone();
    guarded.end();
    let sent = collector.requests();
    let body = |path: &str| -> Value {
        let found = sent.iter().find(|one| one.starts_with(&format!("POST /otlp{path} "))).unwrap();
        serde_json::from_str(found.split_once("\r\n\r\n").unwrap().1).unwrap()
    };
    let span = body("/v1/traces")["resourceSpans"][0]["scopeSpans"][0]["spans"][0].clone();
    assert_eq!(span["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!((&span["parentSpanId"], &span["name"]), (&json!("00f067aa0ba902b7"), &json!("chat m")));
    assert_eq!(span["spanId"].as_str(), id.as_str().and_then(|id| id.get(..16)));
    let last = sent.iter().rfind(|one| one.starts_with("POST /otlp/v1/metrics ")).unwrap();
    let metrics: Value = serde_json::from_str(last.split_once("\r\n\r\n").unwrap().1).unwrap();
    let metrics = &metrics["resourceMetrics"][0]["scopeMetrics"][0]["metrics"];
    assert_eq!(metrics[0]["sum"]["dataPoints"][0]["asInt"], "1");
}

/// The span of one exchange, whose answer is `answer`.
fn span_of(path: &str, answer: &str) -> Value {
    let upstream = Recorded::answering(answer);
    let collector = Recorded::answering(json_answer("{}"));
    let guarded = Guarded::before(
        &format!("[telemetry]\nendpoint = 'http://{}'\n", collector.address),
        upstream.address,
    );
    assert_eq!(guarded.post(path, CHAT).status, 200);
    let decision = guarded.decision();
    guarded.end();
    let sent = collector.requests();
    let found = sent.iter().find(|one| one.starts_with("POST /v1/traces ")).unwrap();
    let message: Value = serde_json::from_str(found.split_once("\r\n\r\n").unwrap().1).unwrap();
    let span = message["resourceSpans"][0]["scopeSpans"][0]["spans"][0].clone();
    assert_eq!(decision["answer_model"], attribute(&span, "gen_ai.response.model")["stringValue"]);
    span
}

fn attribute(span: &Value, key: &str) -> Value {
    let all = span["attributes"].as_array().unwrap();
    all.iter().find(|one| one["key"] == key).map_or(Value::Null, |one| one["value"].clone())
}

#[test]
fn a_span_names_the_model_that_answered_and_its_tokens_also_of_a_stream() {
    let whole = r#"{"model":"m-2026","choices":[{"message":{"role":"assistant","content":"hi"}}],"usage":{"prompt_tokens":9,"completion_tokens":3}}"#;
    let stream = |events: &[&str]| {
        let body = format!("data: {}\n\n", events.join("\n\ndata: "));
        json_answer(&body).replace("application/json", "text/event-stream")
    };
    let chat = stream(&[
        r#"{"model":"m-2026","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}"#,
        r#"{"model":"m-2026","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3}}"#,
        "[DONE]",
    ]);
    let messages = stream(&[
        r#"{"type":"message_start","message":{"model":"m-2026","content":[],"usage":{"input_tokens":4,"cache_read_input_tokens":5,"output_tokens":1}}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}"#,
        r#"{"type":"message_stop"}"#,
    ]);
    for (path, answer) in [
        ("/v1/chat/completions", json_answer(whole)),
        ("/v1/chat/completions", chat),
        ("/v1/messages", messages),
    ] {
        let span = span_of(path, &answer);
        assert_eq!(attribute(&span, "gen_ai.response.model"), json!({"stringValue": "m-2026"}), "{answer}");
        assert_eq!(attribute(&span, "gen_ai.usage.input_tokens"), json!({"intValue": "9"}), "{answer}");
        assert_eq!(attribute(&span, "gen_ai.usage.output_tokens"), json!({"intValue": "3"}), "{answer}");
    }
    let silent = span_of("/v1/chat/completions", &json_answer("{}"));
    assert_eq!(attribute(&silent, "gen_ai.usage.input_tokens"), Value::Null);
}

const UPGRADE: &str = "GET /v1/realtime HTTP/1.1\r\nhost: g\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n";

#[test]
fn a_websocket_passes_only_where_a_route_lets_it_and_is_told_when_it_ends() {
    let listener = loopback();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let request = String::from_utf8_lossy(&whole_request(&mut stream)).to_lowercase();
            assert!(
                request.contains("upgrade: websocket") && request.contains("sec-websocket-key"),
                "{request}"
            );
            stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nhello").unwrap();
            let mut four = [0; 4];
            stream.read_exact(&mut four).unwrap();
            stream.write_all(&four).unwrap();
        }
    });
    let closed = Guarded::before("", address);
    let refused = closed.exchange(UPGRADE.as_bytes());
    assert!(refused.status == 403 && refused.text().contains("websocket = true"), "{refused:?}");
    let open = Guarded::before("[[route]]\npath = '/'\nwebsocket = true\n", address);
    let mut stream = open.connect();
    stream.write_all(UPGRADE.as_bytes()).unwrap();
    let mut seen = Vec::new();
    while !seen.ends_with(b"hello") {
        let mut block = [0; 256];
        let read = stream.read(&mut block).unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&block[..read]);
    }
    let head = String::from_utf8_lossy(&seen).to_lowercase();
    assert!(head.starts_with("http/1.1 101") && head.contains("sec-websocket-accept: s3pp"), "{head}");
    stream.write_all(b"ping").unwrap();
    assert_eq!(Answer::read(&mut stream).head, "ping");
    drop(stream);
    let decision = open.decision();
    assert_eq!((&decision["protocol"], &decision["unjudged"]), (&json!("websocket"), &json!("websocket")));
    assert_eq!((&decision["status"], &decision["answer_bytes"]), (&json!(101), &json!(9)));
    assert_eq!((&decision["request_bytes"], &decision["outcome"]), (&json!(4), &json!("answered")));
}

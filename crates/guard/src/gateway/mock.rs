//! An upstream that is no model: it repeats what it is told, in the protocols' own forms, to try a gateway with.
//!
//! It answers chat completions, Anthropic's messages and Ollama's own forms, whole or as a stream of words. Its answer is the text of the last message. A
//! last message `call NAME ARGUMENTS` is answered by that call of a tool.

use super::body::{self, Body};
use super::error::GatewayError;
use super::server::Stop;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::net::TcpListener;
use std::time::Duration;

/// Media types of its streams.
const EVENTS: &str = "text/event-stream";
const LINES: &str = "application/x-ndjson";

/// The model it says it is.
pub const MODEL: &str = "bartizan-mock";

/// Serves on a socket that listens already, until `stop`.
///
/// # Errors
/// [`GatewayError::Serve`] when the machine does not give what is needed.
pub fn serve(listener: TcpListener, stop: &Stop) -> Result<(), GatewayError> {
    let place = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
    let failed = |error| GatewayError::Serve { place: place.clone(), error };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
        loop {
            let accepted = tokio::select! {
                () = stop.stopped() => return Ok(()),
                accepted = listener.accept() => accepted,
            };
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            let _ = stream.set_nodelay(true);
            tokio::spawn(async move {
                let service = service_fn(|request| async { Ok::<_, Infallible>(answer(request).await) });
                let _ = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    })
}

async fn answer(request: Request<Incoming>) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let Ok(body) = request.into_body().collect().await else {
        return said(StatusCode::BAD_REQUEST, &json!({}));
    };
    let asked: Value = serde_json::from_slice(&body.to_bytes()).unwrap_or_default();
    let ollama = path.ends_with("/api/chat") || path.ends_with("/api/generate");
    let streamed = asked.get("stream").and_then(Value::as_bool).unwrap_or(ollama);
    let text = last_text(&asked);
    let call = text.strip_prefix("call ").and_then(|rest| rest.split_once(' '));
    match (path.trim_end_matches('/').ends_with("/messages"), streamed) {
        _ if path.ends_with("/models") => {
            said(StatusCode::OK, &json!({"object": "list", "data": [{"id": MODEL, "object": "model"}]}))
        }
        _ if ollama && streamed => events(&ollama_lines(&text, call, path.ends_with("chat")), LINES),
        _ if ollama => said(StatusCode::OK, &ollama_value(&text, call, path.ends_with("chat"), true)),
        (true, false) => said(StatusCode::OK, &anthropic(&text, call)),
        (true, true) => events(&anthropic_events(&text, call), EVENTS),
        (false, false) => said(StatusCode::OK, &openai(&text, call)),
        (false, true) => events(&openai_events(&text, call), EVENTS),
    }
}

/// The text of the last message.
fn last_text(asked: &Value) -> String {
    let content = asked
        .get("messages")
        .and_then(Value::as_array)
        .and_then(|messages| messages.last())
        .and_then(|message| message.get("content"))
        .or_else(|| asked.get("prompt"))
        .or_else(|| asked.get("input"));
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(blocks)) => {
            let texts = blocks.iter().filter_map(|block| block.get("text").and_then(Value::as_str));
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

fn openai(text: &str, call: Option<(&str, &str)>) -> Value {
    let (message, reason) = match call {
        Some((name, arguments)) => (
            json!({"role": "assistant", "content": null, "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}]}),
            "tool_calls",
        ),
        None => (json!({"role": "assistant", "content": text}), "stop"),
    };
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    })
}

fn openai_events(text: &str, call: Option<(&str, &str)>) -> Vec<String> {
    let event = |delta: &Value, reason: Option<&str>| {
        let chunk = json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": MODEL,
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
        });
        format!("data: {chunk}\n\n")
    };
    let mut all = vec![event(&json!({"role": "assistant", "content": ""}), None)];
    if let Some((name, arguments)) = call {
        let head = json!({"index": 0, "id": "call_1", "type": "function", "function": {"name": name, "arguments": ""}});
        all.push(event(&json!({"tool_calls": [head]}), None));
        for piece in pieces(arguments) {
            all.push(event(&json!({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}), None));
        }
        all.push(event(&json!({}), Some("tool_calls")));
    } else {
        all.extend(pieces(text).iter().map(|piece| event(&json!({"content": piece}), None)));
        all.push(event(&json!({}), Some("stop")));
    }
    all.push("data: [DONE]\n\n".to_owned());
    all
}

fn anthropic(text: &str, call: Option<(&str, &str)>) -> Value {
    let (block, reason) = match call {
        Some((name, arguments)) => {
            let input: Value = serde_json::from_str(arguments).unwrap_or_default();
            (json!({"type": "tool_use", "id": "toolu_1", "name": name, "input": input}), "tool_use")
        }
        None => (json!({"type": "text", "text": text}), "end_turn"),
    };
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": MODEL, "content": [block],
        "stop_reason": reason, "stop_sequence": null, "usage": {"input_tokens": 1, "output_tokens": 1},
    })
}

fn anthropic_events(text: &str, call: Option<(&str, &str)>) -> Vec<String> {
    let event = |value: &Value| {
        let kind = value.get("type").and_then(Value::as_str).unwrap_or_default();
        format!("event: {kind}\ndata: {value}\n\n")
    };
    let start = json!({"type": "message_start", "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": MODEL, "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": 1, "output_tokens": 0}}});
    let (block, kind, field, whole, reason) = match call {
        Some((name, arguments)) => (
            json!({"type": "tool_use", "id": "toolu_1", "name": name, "input": {}}),
            "input_json_delta",
            "partial_json",
            arguments,
            "tool_use",
        ),
        None => (json!({"type": "text", "text": ""}), "text_delta", "text", text, "end_turn"),
    };
    let mut all = vec![event(&start)];
    all.push(event(&json!({"type": "content_block_start", "index": 0, "content_block": block})));
    for piece in pieces(whole) {
        let delta = json!({"type": kind, field: piece});
        all.push(event(&json!({"type": "content_block_delta", "index": 0, "delta": delta})));
    }
    all.push(event(&json!({"type": "content_block_stop", "index": 0})));
    let delta = json!({"stop_reason": reason, "stop_sequence": null});
    all.push(event(&json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 1}})));
    all.push(event(&json!({"type": "message_stop"})));
    all
}

/// One of Ollama's values.
fn ollama_value(text: &str, call: Option<(&str, &str)>, chat: bool, done: bool) -> Value {
    let mut value = json!({"model": MODEL, "created_at": "1970-01-01T00:00:01Z", "done": done});
    let message = match call {
        Some((name, arguments)) => {
            let arguments: Value = serde_json::from_str(arguments).unwrap_or_default();
            json!({"role": "assistant", "content": "", "tool_calls": [{"function": {"name": name, "arguments": arguments}}]})
        }
        None => json!({"role": "assistant", "content": text}),
    };
    if let Some(members) = value.as_object_mut() {
        let (name, said) = if chat { ("message", message) } else { ("response", json!(text)) };
        members.insert(name.to_owned(), said);
        if done {
            members.insert("done_reason".to_owned(), json!("stop"));
        }
    }
    value
}

fn ollama_lines(text: &str, call: Option<(&str, &str)>, chat: bool) -> Vec<String> {
    let mut all = Vec::new();
    if call.is_some() && chat {
        all.push(format!("{}\n", ollama_value("", call, chat, false)));
    } else {
        let texts = pieces(text);
        all.extend(texts.iter().map(|piece| format!("{}\n", ollama_value(piece, None, chat, false))));
    }
    all.push(format!("{}\n", ollama_value("", None, chat, true)));
    all
}

/// A text in pieces of a few characters, as models give them.
fn pieces(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(4).map(|piece| piece.iter().collect()).collect()
}

fn said(status: StatusCode, value: &Value) -> Response<Body> {
    let mut response = Response::new(body::whole(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn events(all: &[String], kind: &'static str) -> Response<Body> {
    let frames: Vec<Result<_, body::BodyError>> =
        all.iter().map(|event| Ok(hyper::body::Frame::data(event.clone().into()))).collect();
    let mut response = Response::new(body::frames(frames));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

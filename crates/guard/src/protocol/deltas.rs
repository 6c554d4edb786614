//! What one event of a streamed answer adds: [`Deltas`].
//!
//! Source: OpenAI's chat completion chunks and completions; Anthropic's streaming messages (version `2023-06-01`); the API of Ollama.

use super::Protocol;
use super::gather::NO_TEXT;
use super::json::{Json, Node, Value, quoted};
use std::borrow::Cow;
use std::ops::Range;

/// A piece of a text that grows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delta<'d> {
    /// Which text: pieces of one text have the same name.
    pub channel: String,
    /// The bytes of its JSON string in the event's data.
    pub span: Range<usize>,
    /// What it adds.
    pub text: Cow<'d, str>,
    /// What it is a piece of.
    pub of: Of,
    /// Whether it stands there as JSON itself, and not in a JSON string.
    pub bare: bool,
}

/// What a delta is a piece of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Of {
    /// A text that is shown as it comes.
    Text,
    /// The name of the tool of a call.
    CallName(String),
    /// The arguments of a call.
    CallArguments(String),
}

/// What one event adds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deltas<'d> {
    /// Pieces, in the order they stand.
    pub pieces: Vec<Delta<'d>>,
    /// Texts and calls whose names begin with one of these are complete.
    pub complete: Vec<String>,
    /// Values that repeat the texts in other words, such as the probabilities of their tokens.
    pub repeats: Vec<Range<usize>>,
    /// What the event opens or closes, for whoever must end the stream early.
    pub marks: Vec<Mark>,
}

/// What an event opens or closes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// A block of content begins.
    Open(u64),
    /// It ends.
    Close(u64),
    /// Members that every event of the stream has, as they are written.
    Head(String),
}

/// Reads one event.
pub fn deltas<'d>(protocol: Protocol, json: &Json<'d>) -> Deltas<'d> {
    let mut all = Deltas::default();
    let root = json.root();
    match protocol {
        Protocol::AnthropicMessages => anthropic(root, &mut all),
        Protocol::OpenaiChat | Protocol::OpenaiCompletions => openai(root, &mut all),
        Protocol::OpenaiResponses => responses(root, &mut all),
        _ => {
            strings(root, "", &mut all);
        }
    }
    // A text named twice in one event is two texts.
    for at in 1..all.pieces.len() {
        let (before, from) = all.pieces.split_at_mut(at);
        if let Some(piece) = from.first_mut() {
            let same = before.iter().filter(|other| other.channel == piece.channel).count();
            if same > 0 {
                piece.channel = format!("{}#{same}", piece.channel);
            }
        }
    }
    all
}

fn openai<'d>(root: Node<'_, 'd>, all: &mut Deltas<'d>) {
    let mut head = Vec::new();
    for name in ["id", "object", "created", "created_at", "model"] {
        if let Some(node) = root.get(name) {
            head.push(format!("\"{name}\":{}", node.raw()));
        }
    }
    if !head.is_empty() {
        all.marks.push(Mark::Head(head.join(",")));
    }
    for (key, child) in root.children() {
        let key = key.unwrap_or_default();
        match &*key {
            "message" => ollama(child, all),
            "choices" => {
                for choice in child.items() {
                    of_choice(choice, all);
                }
            }
            "id" | "object" | "created" | "created_at" | "model" | "usage" | "system_fingerprint"
            | "service_tier" | "done_reason" | "context" => {}
            other => strings(child, &format!("/{other}"), all),
        }
    }
    // The last of Ollama's values.
    if root.all("done").any(|done| done.value() == Value::Bool(true)) {
        all.complete.push(String::new());
        all.marks.push(Mark::Close(0));
    }
}

/// A message of Ollama's own stream: what it adds to its texts, and its calls, each whole.
fn ollama<'d>(message: Node<'_, 'd>, all: &mut Deltas<'d>) {
    for (key, child) in message.children() {
        let key = key.unwrap_or_default();
        match &*key {
            "role" => {}
            "tool_calls" => {
                for (place, call) in child.items().enumerate() {
                    // Whole in this event, so that the next one may have the same name.
                    let key = format!("message/call/{place}/");
                    for function in call.all("function") {
                        of_call(function, &key, all);
                        for arguments in function.all("arguments").filter(|node| node.as_str().is_none()) {
                            all.pieces.push(Delta {
                                channel: format!("{key}arguments"),
                                span: arguments.span(),
                                text: Cow::Borrowed(arguments.raw()),
                                of: Of::CallArguments(key.clone()),
                                bare: true,
                            });
                        }
                    }
                    all.complete.push(key);
                }
            }
            other => strings(child, &format!("message/{other}"), all),
        }
    }
}

/// Events of a response. Texts come as deltas, and whole in the events that end them: each of those is a text of its own.
fn responses<'d>(root: Node<'_, 'd>, all: &mut Deltas<'d>) {
    let kind = root.get("type").and_then(Node::as_str).unwrap_or_default();
    let raw = |name| root.get(name).map_or("", Node::raw);
    let item = format!("{}/", raw("output_index"));
    if let Some(response) = root.get("response") {
        let members = ["id", "object", "created_at", "model"]
            .iter()
            .filter_map(|name| response.get(name).map(|node| format!("\"{name}\":{}", node.raw())));
        all.marks.push(Mark::Head(members.collect::<Vec<_>>().join(",")));
    }
    let is_call = kind.contains("function_call_arguments") || kind.contains("custom_tool_call_input");
    let call = format!("{item}call/");
    if kind.ends_with(".delta") {
        for delta in root.all("delta") {
            if let Some(text) = delta.as_str() {
                let name = format!("{item}{}/{kind}", raw("content_index"));
                let (channel, of) = if is_call {
                    (format!("{call}arguments"), Of::CallArguments(call.clone()))
                } else {
                    (name, Of::Text)
                };
                all.pieces.push(Delta { channel, span: delta.span(), text, of, bare: false });
            }
        }
        all.repeats.extend(root.all("logprobs").map(Node::span));
        return;
    }
    for item in root.all("item").filter(|_| kind == "response.output_item.added") {
        let calls = item.get("type").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("_call"));
        for name in item.all("name").filter(|_| calls) {
            if let Some(text) = name.as_str() {
                let of = Of::CallName(call.clone());
                all.pieces.push(Delta {
                    channel: format!("{call}name"),
                    span: name.span(),
                    text,
                    of,
                    bare: false,
                });
            }
        }
    }
    if kind.ends_with(".done") {
        all.complete.push(if is_call { call } else { item });
    }
    // A whole text is judged anew, and is complete with its event.
    let whole = format!("whole/{}/{kind}", raw("sequence_number"));
    for name in ["text", "arguments", "refusal", "part", "item"] {
        for child in root.all(name).filter(|_| kind != "response.output_item.added") {
            strings(child, &format!("{whole}/{name}"), all);
        }
    }
    for output in root.all("response").flat_map(|response| response.all("output")) {
        strings(output, &format!("{whole}/output"), all);
    }
    all.complete.push(whole);
    if matches!(&*kind, "response.completed" | "response.incomplete" | "response.failed") {
        all.complete.push(String::new());
    }
}

fn of_choice<'d>(choice: Node<'_, 'd>, all: &mut Deltas<'d>) {
    let index = choice.get("index").map_or("0", Node::raw).to_owned();
    let name = format!("{index}/");
    all.marks.push(Mark::Open(index.parse().unwrap_or_default()));
    for (key, child) in choice.children() {
        let key = key.unwrap_or_default();
        match &*key {
            "delta" | "message" => {
                for (key, child) in child.children() {
                    let key = key.unwrap_or_default();
                    match &*key {
                        "role" => {}
                        "tool_calls" => {
                            for (place, call) in child.items().enumerate() {
                                let at = call
                                    .get("index")
                                    .map_or_else(|| place.to_string(), |node| node.raw().to_owned());
                                let key = format!("{name}call/{at}/");
                                for function in call.all("function").chain(call.all("custom")) {
                                    of_call(function, &key, all);
                                }
                            }
                        }
                        "function_call" => of_call(child, &format!("{name}call//"), all),
                        other => strings(child, &format!("{name}{other}"), all),
                    }
                }
            }
            "logprobs" => all.repeats.push(child.span()),
            "finish_reason" => {
                if child.value() != Value::Null {
                    all.complete.push(name.clone());
                    all.marks.push(Mark::Close(index.parse().unwrap_or_default()));
                }
            }
            "index" | "token_ids" | "stop_reason" => {}
            other => strings(child, &format!("{name}{other}"), all),
        }
    }
}

fn of_call<'d>(function: Node<'_, 'd>, key: &str, all: &mut Deltas<'d>) {
    for (name, child) in function.children() {
        let (Some(name), Some(text)) = (name, child.as_str()) else { continue };
        let of = match &*name {
            "name" => Of::CallName(key.to_owned()),
            "arguments" | "input" => Of::CallArguments(key.to_owned()),
            _ => continue,
        };
        all.pieces.push(Delta { channel: format!("{key}{name}"), span: child.span(), text, of, bare: false });
    }
}

fn anthropic<'d>(root: Node<'_, 'd>, all: &mut Deltas<'d>) {
    let index = root.get("index").map_or("0", Node::raw).to_owned();
    let (number, name) = (index.parse().unwrap_or_default(), format!("{index}/"));
    let kind = root.get("type").and_then(Node::as_str).unwrap_or_default();
    match &*kind {
        "message_start" | "message_delta" | "ping" | "error" => {
            // What is said here is not part of the content, and is judged as it stands.
            for content in root.get("message").into_iter().flat_map(|message| message.all("content")) {
                strings(content, "message", all);
            }
            for error in root.all("error") {
                strings(error, "error", all);
            }
        }
        "message_stop" => all.complete.push(String::new()),
        "content_block_stop" => {
            all.complete.push(name);
            all.marks.push(Mark::Close(number));
        }
        _ => {
            if kind == "content_block_start" {
                all.marks.push(Mark::Open(number));
            }
            for block in root.all("content_block").chain(root.all("delta")) {
                let call = format!("{name}call/");
                let is_call =
                    block.get("type").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("tool_use"));
                for (key, child) in block.children() {
                    let key = key.unwrap_or_default();
                    let piece = |of| child.as_str().map(|text| (text, of));
                    let piece = match &*key {
                        "partial_json" => piece(Of::CallArguments(call.clone())),
                        "name" if is_call => piece(Of::CallName(call.clone())),
                        "input" if is_call => None,
                        _ => {
                            strings(child, &format!("{name}{key}"), all);
                            continue;
                        }
                    };
                    if let Some((text, of)) = piece {
                        all.pieces.push(Delta {
                            channel: format!("{call}{key}"),
                            span: child.span(),
                            text,
                            of,
                            bare: false,
                        });
                    }
                }
            }
        }
    }
}

/// Every string in a value that is text.
fn strings<'d>(node: Node<'_, 'd>, name: &str, all: &mut Deltas<'d>) {
    if let Some(text) = node.as_str() {
        let key = name.rsplit('/').next().unwrap_or_default();
        if !NO_TEXT.contains(&key) {
            all.pieces.push(Delta {
                channel: name.to_owned(),
                span: node.span(),
                text,
                of: Of::Text,
                bare: false,
            });
        }
        return;
    }
    for (place, (key, child)) in node.children().enumerate() {
        let key = key.unwrap_or_else(|| Cow::Owned(place.to_string()));
        strings(child, &format!("{name}/{key}"), all);
    }
}

/// The value that ends a stream of lines which is stopped, as Ollama ends its own: `head` has the members that its values share.
pub fn closing_line(protocol: Protocol, head: &str, message: &str) -> String {
    let comma = if head.is_empty() { "" } else { "," };
    let text = match protocol {
        Protocol::OpenaiChat => "\"message\":{\"role\":\"assistant\",\"content\":\"\"}",
        Protocol::OpenaiCompletions => "\"response\":\"\"",
        _ => {
            let mut text = Vec::new();
            quoted(message, &mut text);
            return format!("{{\"error\":{}}}\n", String::from_utf8_lossy(&text));
        }
    };
    format!("{{{head}{comma}{text},\"done\":true,\"done_reason\":\"content_filter\"}}\n")
}

/// The events that end a stream which is stopped, in the protocol's own way: `head` has the members that its events share, `open` what
/// was begun and not ended.
pub fn closing(protocol: Protocol, head: &str, open: &[u64], message: &str) -> String {
    let comma = if head.is_empty() { "" } else { "," };
    let mut text = Vec::new();
    quoted(message, &mut text);
    let message = String::from_utf8_lossy(&text).into_owned();
    let mut out = String::new();
    match protocol {
        Protocol::OpenaiChat | Protocol::OpenaiCompletions => {
            let delta = if protocol == Protocol::OpenaiChat { "\"delta\":{}" } else { "\"text\":\"\"" };
            let choices: Vec<String> = open
                .iter()
                .map(|index| format!("{{\"index\":{index},{delta},\"finish_reason\":\"content_filter\"}}"))
                .collect();
            out.push_str(&format!(
                "data: {{{head}{comma}\"choices\":[{}]}}\n\ndata: [DONE]\n\n",
                choices.join(",")
            ));
        }
        Protocol::AnthropicMessages => {
            for index in open {
                out.push_str(&format!(
                    "event: content_block_stop\ndata: {{\"type\":\"content_block_stop\",\"index\":{index}}}\n\n"
                ));
            }
            out.push_str("event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":0}}\n\n");
            out.push_str("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
        }
        Protocol::OpenaiResponses => out.push_str(&format!(
            "event: response.incomplete\ndata: {{\"type\":\"response.incomplete\",\"sequence_number\":0,\"response\":{{{head}{comma}\"status\":\"incomplete\",\"incomplete_details\":{{\"reason\":\"content_filter\"}},\"output\":[]}}}}\n\n"
        )),
        _ => out.push_str(&format!("event: error\ndata: {{\"error\":{{\"message\":{message}}}}}\n\n")),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::JsonLimits;

    /// Channel and text of each piece, what is complete, and how many values repeat.
    fn read(protocol: Protocol, data: &str) -> (Vec<String>, Vec<String>, usize) {
        let json = Json::read(data.as_bytes(), JsonLimits::default()).unwrap();
        let all = deltas(protocol, &json);
        let pieces = all.pieces.iter().map(|piece| {
            assert_eq!(serde_json::from_str::<String>(&data[piece.span.clone()]).unwrap(), piece.text);
            format!("{}={}", piece.channel, piece.text)
        });
        (pieces.collect(), all.complete.clone(), all.repeats.len())
    }

    #[test]
    fn a_chunk_gives_texts_and_calls_by_choice() {
        let data = r#"{"id":"c","choices":[{"index":1,"delta":{"role":"assistant","content":"a","reasoning_content":"b","tool_calls":[{"index":2,"id":"x","function":{"name":"f","arguments":"{"}}]},"logprobs":{"content":[{"token":"a"}]},"finish_reason":"stop"}]}"#;
        let (pieces, complete, repeats) = read(Protocol::OpenaiChat, data);
        assert_eq!(
            pieces,
            ["1/content=a", "1/reasoning_content=b", "1/call/2/name=f", "1/call/2/arguments={"]
        );
        assert_eq!((complete, repeats), (vec!["1/".to_owned()], 1));
    }

    #[test]
    fn anthropic_events_give_blocks() {
        let of = |data| read(Protocol::AnthropicMessages, data);
        let start = r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}"#;
        assert_eq!(of(start).0, ["1/call/name=f"]);
        let delta = r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"a"}}"#;
        assert_eq!(of(delta).0, ["1/call/partial_json={\"a"]);
        let text = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}"#;
        assert_eq!(of(text).0, ["0/text=hi"]);
        assert_eq!(of(r#"{"type":"content_block_stop","index":1}"#).1, ["1/"]);
        assert_eq!(of(r#"{"type":"message_stop"}"#).1, [""]);
    }

    #[test]
    fn responses_give_deltas_calls_and_whole_texts() {
        let of = |data| read(Protocol::OpenaiResponses, data);
        let delta = r#"{"type":"response.output_text.delta","output_index":0,"content_index":1,"delta":"hi","logprobs":[]}"#;
        assert_eq!(of(delta), (vec!["0/1/response.output_text.delta=hi".to_owned()], vec![], 1));
        let call = r#"{"type":"response.function_call_arguments.delta","output_index":2,"delta":"{"}"#;
        assert_eq!(of(call).0, ["2/call/arguments={"]);
        let done = r#"{"type":"response.output_text.done","sequence_number":5,"output_index":0,"text":"hi"}"#;
        assert_eq!(of(done).0, ["whole/5/response.output_text.done/text=hi"]);
        assert_eq!(of(done).1, ["0/", "whole/5/response.output_text.done"]);
        let created =
            r#"{"type":"response.created","response":{"id":"r","instructions":"secret","output":[]}}"#;
        assert!(of(created).0.is_empty());
    }

    #[test]
    fn ollama_gives_texts_whole_calls_and_an_end() {
        let of = |data| read(Protocol::OpenaiChat, data);
        let text = r#"{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"hi","thinking":"so"},"done":false}"#;
        assert_eq!(
            of(text),
            (vec!["message/content=hi".to_owned(), "message/thinking=so".to_owned()], vec![], 0)
        );
        let last = r#"{"model":"m","message":{"role":"assistant","content":""},"done_reason":"stop","done":true,"eval_count":3}"#;
        assert_eq!(of(last), (vec!["message/content=".to_owned()], vec![String::new()], 0));
        let call = r#"{"message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]},"done":false}"#;
        let json = Json::read(call.as_bytes(), JsonLimits::default()).unwrap();
        let all = deltas(Protocol::OpenaiChat, &json);
        let pieces: Vec<_> =
            all.pieces.iter().map(|piece| (&*piece.channel, &*piece.text, piece.bare)).collect();
        assert_eq!(
            pieces,
            [
                ("message/content", "", false),
                ("message/call/0/name", "f", false),
                ("message/call/0/arguments", "{\"a\":1}", true)
            ]
        );
        assert_eq!(all.complete, ["message/call/0/"]);
        let generated = r#"{"model":"m","response":"hi","done":false}"#;
        assert_eq!(read(Protocol::OpenaiCompletions, generated).0, ["/response=hi"]);
        assert_eq!(
            closing_line(Protocol::OpenaiCompletions, "\"model\":\"m\"", "no"),
            "{\"model\":\"m\",\"response\":\"\",\"done\":true,\"done_reason\":\"content_filter\"}\n"
        );
        assert_eq!(closing_line(Protocol::Json, "", "no"), "{\"error\":\"no\"}\n");
    }

    #[test]
    fn a_text_named_twice_is_two_texts() {
        let data = r#"{"choices":[{"delta":{"content":"a","content":"b"}}]}"#;
        assert_eq!(read(Protocol::OpenaiChat, data).0, ["0/content=a", "0/content#1=b"]);
    }

    #[test]
    fn closings_are_what_clients_read_as_an_end() {
        let openai = closing(Protocol::OpenaiChat, "\"id\":\"c\"", &[0], "no");
        assert_eq!(
            openai,
            "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\ndata: [DONE]\n\n"
        );
        assert!(closing(Protocol::AnthropicMessages, "", &[2], "no").contains("\"stop_reason\":\"refusal\""));
    }
}

//! What one event of a streamed answer adds: [`Deltas`].
//!
//! Source: OpenAI's chat completion chunks and completions; Anthropic's streaming messages (version `2023-06-01`); the API of Ollama.

use super::Protocol;
use super::gather::{is_base64, is_no_text};
use super::json::{Json, Node, Value, quoted};
use super::responses::{ACTING, DOING};
use std::borrow::Cow;
use std::collections::BTreeMap;
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
    /// A text that is whole in its event.
    Whole,
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
    let mut named: BTreeMap<String, usize> = BTreeMap::new();
    for piece in all.pieces.iter_mut().filter(|piece| piece.of != Of::Whole) {
        let before = named.entry(piece.channel.clone()).or_default();
        if *before > 0 {
            piece.channel = format!("{}#{before}", piece.channel);
        }
        *before = before.saturating_add(1);
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
            | "service_tier" | "done_reason" | "context" | "obfuscation" => {}
            // Of Ollama's own.
            "response" | "thinking" => strings(child, &format!("/{key}"), all),
            other => wholes(child, &format!("/{other}"), all),
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
                    tool_call(call, &key, all);
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
    let is_call = kind.contains("call_arguments") || kind.contains("tool_call_input");
    let call = format!("{item}call/");
    let whole = format!("whole/{}/{kind}", raw("sequence_number"));
    for (key, child) in root.children() {
        let key = key.unwrap_or_default();
        let name = format!("{whole}/{key}");
        match (&*key, child.as_str()) {
            ("type" | "item_id" | "sequence_number" | "call_id" | "obfuscation", _) => {}
            ("delta", Some(text)) if kind == "response.audio.delta" && is_base64(&text) => {}
            ("partial_image_b64", Some(text)) if is_base64(&text) => {}
            ("delta", Some(_)) if is_call => {
                call_piece(child, &format!("{call}arguments"), Of::CallArguments(call.clone()), all);
            }
            ("delta", Some(text)) => all.pieces.push(Delta {
                channel: format!("{item}{}/{kind}", raw("content_index")),
                span: child.span(),
                text,
                of: Of::Text,
                bare: false,
            }),
            // What was called is known from the event that began it.
            ("arguments" | "input", _) if is_call => {
                call_piece(child, &name, Of::CallArguments(format!("{whole}/{AGAIN}{call}")), all);
            }
            ("item", _) => {
                let begins =
                    kind == "response.output_item.added" && DOING.iter().all(|doing| is_empty(child, doing));
                response_item(child, &name, begins.then_some(call.as_str()), all);
            }
            ("response", _) => {
                for (place, output) in child.all("output").flat_map(Node::items).enumerate() {
                    response_item(output, &format!("{name}/{place}"), None, all);
                }
                // The rest of it says again what was asked.
                for said in ["error", "output_text"] {
                    for child in child.all(said) {
                        wholes(child, &format!("{name}/{said}"), all);
                    }
                }
            }
            _ => wholes(child, &name, all),
        }
    }
    if kind.ends_with(".done") {
        all.complete.push(if is_call { call } else { item });
    }
    // A call that is told as a whole is complete with its event.
    if !kind.ends_with(".delta") {
        all.complete.push(whole);
    }
    if matches!(&*kind, "response.completed" | "response.incomplete" | "response.failed") {
        all.complete.push(String::new());
    }
}

/// What the key of a call that is told again has before the key under which it was told first.
pub(crate) const AGAIN: &str = "again/";

/// Whether an item says nothing yet of what is to be done.
fn is_empty(item: Node<'_, '_>, name: &str) -> bool {
    item.all(name).all(|node| match node.value() {
        Value::String(text) => text.is_empty(),
        _ => node.children().next().is_none(),
    })
}

/// An item as a whole, or one that begins a call whose arguments are yet to come under that key.
fn response_item<'d>(item: Node<'_, 'd>, name: &str, begins: Option<&str>, all: &mut Deltas<'d>) {
    let kind = item.get("type").and_then(Node::as_str).unwrap_or_default();
    let acts = ACTING.contains(&&*kind);
    if !acts && !matches!(&*kind, "function_call" | "custom_tool_call" | "mcp_call") {
        return wholes(item, name, all);
    }
    let key = begins.map_or_else(|| format!("{name}/"), str::to_owned);
    for (member, child) in item.children() {
        let member = member.unwrap_or_default();
        let channel = format!("{key}{member}");
        match &*member {
            "type" if acts => call_piece(child, &channel, Of::CallName(key.clone()), all),
            "name" if !acts => call_piece(child, &channel, Of::CallName(key.clone()), all),
            doing if DOING.contains(&doing) => {
                if begins.is_none() {
                    call_piece(child, &channel, Of::CallArguments(key.clone()), all);
                }
            }
            _ => wholes(child, &format!("{name}/{member}"), all),
        }
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
                                tool_call(call, &key, all);
                            }
                        }
                        "audio" => speech(child, &format!("{name}audio"), all),
                        "function_call" => of_call(child, &format!("{name}call//"), all),
                        other => strings(child, &format!("{name}{other}"), all),
                    }
                }
            }
            key if REPEATING.contains(&key) => repeat(child, all),
            "finish_reason" => {
                if child.value() != Value::Null {
                    all.complete.push(name.clone());
                    all.marks.push(Mark::Close(index.parse().unwrap_or_default()));
                }
            }
            "index" | "stop_reason" => {}
            other if child.is_string() => strings(child, &format!("{name}{other}"), all),
            other => wholes(child, &format!("{name}{other}"), all),
        }
    }
}

/// A call in `tool_calls`: what is called stands in a member, or in the call itself.
fn tool_call<'d>(call: Node<'_, 'd>, key: &str, all: &mut Deltas<'d>) {
    const MEMBERS: [&str; 2] = ["function", "custom"];
    let mut wrapped = MEMBERS.iter().flat_map(|name| call.all(name)).peekable();
    if wrapped.peek().is_none() {
        return of_call(call, key, all);
    }
    for function in wrapped {
        of_call(function, key, all);
    }
    for (name, child) in call.children() {
        let name = name.unwrap_or_default();
        if !MEMBERS.contains(&&*name) {
            strings(child, &format!("{key}{name}"), all);
        }
    }
}

fn of_call<'d>(function: Node<'_, 'd>, key: &str, all: &mut Deltas<'d>) {
    for (name, child) in function.children() {
        let name = name.unwrap_or_default();
        match &*name {
            "name" => call_piece(child, &format!("{key}{name}"), Of::CallName(key.to_owned()), all),
            "arguments" | "input" => {
                call_piece(child, &format!("{key}{name}"), Of::CallArguments(key.to_owned()), all);
            }
            _ => strings(child, &format!("{key}{name}"), all),
        }
    }
}

/// A piece of a call, in a string or as JSON itself.
fn call_piece<'d>(node: Node<'_, 'd>, channel: &str, of: Of, all: &mut Deltas<'d>) {
    let (text, bare) = match node.as_str() {
        Some(text) => (text, false),
        None if node.is_object() || node.is_array() => (Cow::Borrowed(node.raw()), true),
        None => return,
    };
    all.pieces.push(Delta { channel: channel.to_owned(), span: node.span(), text, of, bare });
}

fn anthropic<'d>(root: Node<'_, 'd>, all: &mut Deltas<'d>) {
    let index = root.get("index").map_or("0", Node::raw).to_owned();
    let (number, name) = (index.parse().unwrap_or_default(), format!("{index}/"));
    let kind = root.get("type").and_then(Node::as_str).unwrap_or_default();
    match &*kind {
        "message_start" | "message_delta" | "ping" | "error" => {
            // What is said here is not part of the content, and is judged as it stands.
            for content in root.get("message").into_iter().flat_map(|message| message.all("content")) {
                wholes(content, "message", all);
            }
            for error in root.all("error") {
                wholes(error, "error", all);
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
                    let channel = format!("{call}{key}");
                    match &*key {
                        "partial_json" => call_piece(child, &channel, Of::CallArguments(call.clone()), all),
                        "name" if is_call => call_piece(child, &channel, Of::CallName(call.clone()), all),
                        // It begins empty, as a rule; some give all of it at once.
                        "input" if is_call => {
                            if child.children().next().is_some() {
                                call_piece(child, &channel, Of::CallArguments(call.clone()), all);
                            }
                        }
                        _ => strings(child, &format!("{name}{key}"), all),
                    }
                }
            }
        }
    }
}

/// Every string in a value that is text, each a piece of one that grows.
fn strings<'d>(node: Node<'_, 'd>, name: &str, all: &mut Deltas<'d>) {
    texts(node, name, &Of::Text, all);
}

/// Every string in a value that is text, each whole.
fn wholes<'d>(node: Node<'_, 'd>, name: &str, all: &mut Deltas<'d>) {
    texts(node, name, &Of::Whole, all);
}

fn texts<'d>(node: Node<'_, 'd>, name: &str, of: &Of, all: &mut Deltas<'d>) {
    let key = name.rsplit('/').next().unwrap_or_default();
    if let Some(text) = node.as_str() {
        if !is_no_text(key, &text) {
            let of = of.clone();
            all.pieces.push(Delta { channel: name.to_owned(), span: node.span(), text, of, bare: false });
        }
        return;
    }
    if REPEATING.contains(&key) {
        return repeat(node, all);
    }
    for (place, (key, child)) in node.children().enumerate() {
        let key = key.unwrap_or_else(|| Cow::Owned(place.to_string()));
        texts(child, &format!("{name}/{key}"), of, all);
    }
}

/// Keys whose values tell the tokens of a text again.
const REPEATING: [&str; 4] = ["logprobs", "token_ids", "prompt_logprobs", "prompt_token_ids"];

fn repeat<'d>(node: Node<'_, 'd>, all: &mut Deltas<'d>) {
    if node.value() != Value::Null {
        all.repeats.push(node.span());
    }
}

/// Speech: what is said in it, and not its sound.
fn speech<'d>(node: Node<'_, 'd>, name: &str, all: &mut Deltas<'d>) {
    for (key, child) in node.children() {
        let key = key.unwrap_or_default();
        if key != "data" || !child.as_str().is_some_and(|text| is_base64(&text)) {
            strings(child, &format!("{name}/{key}"), all);
        }
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
        let begun = r#"{"type":"response.output_item.added","output_index":1,"item":{"type":"function_call","name":"f","arguments":""}}"#;
        assert_eq!(of(begun).0, ["1/call/name=f"]);
    }

    #[test]
    fn what_responses_tell_at_once_is_told_whole() {
        let of = |data: &str| read(Protocol::OpenaiResponses, data).0;
        let item = r#"{"type":"function_call","id":"i","name":"f","arguments":"{}"}"#;
        for event in ["response.output_item.added", "response.output_item.done"] {
            let whole = format!(r#"{{"type":"{event}","sequence_number":1,"output_index":0,"item":{item}}}"#);
            let key = format!("whole/1/{event}/item/");
            assert_eq!(of(&whole), [format!("{key}name=f"), format!("{key}arguments={{}}")]);
        }
        let last = format!(
            r#"{{"type":"response.completed","sequence_number":2,"response":{{"output":[{item}],"error":{{"message":"m"}}}}}}"#
        );
        let key = "whole/2/response.completed/response";
        assert_eq!(
            of(&last),
            [format!("{key}/0/name=f"), format!("{key}/0/arguments={{}}"), format!("{key}/error/message=m")]
        );
        let again = r#"{"type":"response.function_call_arguments.done","sequence_number":3,"output_index":0,"arguments":"{}"}"#;
        assert_eq!(of(again), ["whole/3/response.function_call_arguments.done/arguments={}"]);
        assert_eq!(
            of(r#"{"type":"error","message":"m","code":"c"}"#),
            ["whole//error/message=m", "whole//error/code=c"]
        );
        let shell = r#"{"type":"response.output_item.done","sequence_number":4,"item":{"type":"local_shell_call","id":"i","action":{"command":["ls"]}}}"#;
        let json = Json::read(shell.as_bytes(), JsonLimits::default()).unwrap();
        let all = deltas(Protocol::OpenaiResponses, &json);
        let pieces: Vec<_> = all.pieces.iter().map(|piece| (&*piece.text, piece.bare)).collect();
        assert_eq!(pieces, [("local_shell_call", false), (r#"{"command":["ls"]}"#, true)]);
    }

    #[test]
    fn what_a_provider_adds_to_every_event_does_not_grow() {
        let chunk = r#"{"id":"c","provider":"P","obfuscation":"x7","choices":[{"index":0,"delta":{"content":"a"},
            "content_filter_results":{"hate":{"severity":"safe"}},"token_ids":[1]}],"prompt_token_ids":[2]}"#;
        let json = Json::read(chunk.as_bytes(), JsonLimits::default()).unwrap();
        let all = deltas(Protocol::OpenaiChat, &json);
        let pieces: Vec<_> = all.pieces.iter().map(|piece| (&*piece.text, piece.of == Of::Whole)).collect();
        assert_eq!(pieces, [("P", true), ("a", false), ("safe", true)]);
        assert_eq!(all.repeats.len(), 2);
    }

    #[test]
    fn calls_are_read_in_every_form() {
        for call in [
            r#"{"index":0,"function":{"name":"f","arguments":{"a":1}}}"#,
            r#"{"index":0,"name":"f","arguments":{"a":1}}"#,
        ] {
            let chunk = format!(r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":[{call}]}}}}]}}"#);
            let json = Json::read(chunk.as_bytes(), JsonLimits::default()).unwrap();
            let all = deltas(Protocol::OpenaiChat, &json);
            let pieces: Vec<_> =
                all.pieces.iter().map(|piece| (&*piece.channel, &*piece.text, piece.bare)).collect();
            assert_eq!(pieces, [("0/call/0/name", "f", false), ("0/call/0/arguments", r#"{"a":1}"#, true)]);
        }
        let start = r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"f","input":{"a":1}}}"#;
        let json = Json::read(start.as_bytes(), JsonLimits::default()).unwrap();
        let all = deltas(Protocol::AnthropicMessages, &json);
        let pieces: Vec<_> = all.pieces.iter().map(|piece| (&*piece.channel, piece.bare)).collect();
        assert_eq!(pieces, [("1/call/name", false), ("1/call/input", true)]);
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

//! OpenAI's chat completions, completions and embeddings, with what vLLM, Ollama and LiteLLM add.
//!
//! Source: the OpenAPI description of the OpenAI API (2.3), and vLLM's extra parameters.

use super::gather::{Gather, join, names, role};
use super::json::{Node, Value};
use crate::exchange::{MediaKind, Role};

/// Members of requests that choose how is answered and are put before no model.
const CHOICES: [&str; 15] = [
    "model",
    "user",
    "stop",
    "tool_choice",
    "function_call",
    "service_tier",
    "encoding_format",
    "safety_identifier",
    "prompt_cache_key",
    "reasoning_effort",
    "modalities",
    "audio",
    "keep_alive",
    "cache_salt",
    "request_id",
];
/// Longest choice that says nothing, in bytes: no credential is shorter.
const TELLING: usize = 16;
/// Members of answers that are no text, but for what an upstream adds.
const NO_ANSWER: [&str; 11] = [
    "id",
    "object",
    "created",
    "created_at",
    "model",
    "usage",
    "system_fingerprint",
    "service_tier",
    "done_reason",
    "context",
    "data",
];
/// Members that tell the tokens of a text again, one by one.
const TOKENS: [&str; 5] = ["logprobs", "token_ids", "prompt_logprobs", "prompt_token_ids", "tokens"];

/// A request for a chat completion.
pub(super) fn chat_request(all: &mut Gather<'_, '_>) {
    const READ: [&str; 6] = ["messages", "tools", "functions", "documents", "prediction", "images"];
    all.head(true);
    let root = all.root();
    for messages in root.all("messages") {
        for (place, one) in messages.items().enumerate() {
            message(all, one, role(one), &format!("/messages/{place}"));
        }
    }
    tools(all, root);
    for (name, speaker) in [("documents", Role::Document), ("prediction", Role::Assistant)] {
        for node in root.all(name) {
            all.strings(speaker, node, &join("", name));
        }
    }
    others(all, root, &READ);
}

/// Members that hold schemas of answers.
const SCHEMAS: [&str; 4] = ["response_format", "guided_json", "structured_outputs", "format"];
/// Members in which numbers of tokens stand for a text.
const NUMBERED: [&str; 4] = ["prompt", "prompt_token_ids", "input_ids", "context"];

/// Whether a value holds numbers, at any depth: each document is no deeper than is read.
fn has_numbers(node: Node<'_, '_>) -> bool {
    node.items().any(|item| matches!(item.value(), Value::Number(_)) || has_numbers(item))
}

/// What a request says beside its messages.
fn others<'j, 'b>(all: &mut Gather<'j, 'b>, root: Node<'j, 'b>, read: &[&str]) {
    if NUMBERED.iter().flat_map(|name| root.all(name)).any(has_numbers) {
        all.cannot_read("numbers of tokens in place of a text");
    }
    if root.all("detokenize").any(|node| node.value() == Value::Bool(false)) {
        all.cannot_read("an answer in numbers of tokens, which it asks for,");
    }
    let read: Vec<&str> = read.iter().chain(&CHOICES).chain(&SCHEMAS).copied().collect();
    all.others(Role::User, root, &read, "");
    choices(all, root);
    for images in root.all("images") {
        all.pictures(Role::User, images, "/images");
    }
    for name in SCHEMAS {
        for schema in root.all(name) {
            if schema.is_object() {
                all.descriptions(schema, &join("", name));
            } else {
                all.name(Role::User, schema, join("", name));
            }
        }
    }
    answer_schema(all, root);
}

/// What chooses how is answered: no model reads it, but it is sent to the provider.
fn choices<'j, 'b>(all: &mut Gather<'j, 'b>, root: Node<'j, 'b>) {
    for name in CHOICES.iter().filter(|name| **name != "model") {
        for node in root.all(name).filter(|node| node.raw().len() >= TELLING) {
            all.strings(Role::ToolDescription, node, &join("", name));
        }
    }
}

/// The answer to one.
pub(super) fn chat_response(all: &mut Gather<'_, '_>) {
    const READ: [&str; 2] = ["choices", "message"];
    all.head(false);
    all.repeated_under(&TOKENS);
    let root = all.root();
    for choices in root.all("choices") {
        for (place, choice) in choices.items().enumerate() {
            let pointer = format!("/choices/{place}");
            for (key, child) in choice.children() {
                let key = key.unwrap_or_default();
                match &*key {
                    "message" | "delta" => {
                        message(all, child, Role::Assistant, &join(&pointer, &key));
                    }
                    "index" | "finish_reason" | "stop_reason" => {}
                    _ => all.entry(Role::Assistant, &key, child, &pointer),
                }
            }
        }
    }
    // Ollama's own form.
    for one in root.all("message") {
        message(all, one, Role::Assistant, "/message");
    }
    let read: Vec<&str> = READ.iter().chain(&NO_ANSWER).copied().collect();
    all.others(Role::Assistant, root, &read, "");
}

/// A request to complete a text.
pub(super) fn completion_request(all: &mut Gather<'_, '_>) {
    const READ: [&str; 5] = ["prompt", "suffix", "system", "template", "images"];
    all.head(true);
    let root = all.root();
    for (name, speaker) in
        [("prompt", Role::User), ("suffix", Role::User), ("system", Role::System), ("template", Role::System)]
    {
        for node in root.all(name) {
            all.strings(speaker, node, &join("", name));
        }
    }
    others(all, root, &READ);
}

/// A request for the embedding of texts.
pub(super) fn embedding_request(all: &mut Gather<'_, '_>) {
    all.head(false);
    let root = all.root();
    for name in ["input", "prompt", "query", "documents"] {
        for node in root.all(name) {
            all.strings(Role::User, node, &join("", name));
        }
    }
    // Numbers of tokens steer no model that answers in numbers, but what they say leaves all the same.
    for name in ["input", "prompt"] {
        if root.all(name).any(has_numbers) {
            all.media(MediaKind::Tokens, &join("", name));
        }
    }
    let read: Vec<&str> = ["input", "prompt", "query", "documents"].iter().chain(&CHOICES).copied().collect();
    all.others(Role::User, root, &read, "");
}

/// The answer to one: numbers, and what went wrong.
pub(super) fn embedding_response(all: &mut Gather<'_, '_>) {
    all.head(false);
    let root = all.root();
    let read: Vec<&str> = ["embedding", "embeddings"].iter().chain(&NO_ANSWER).copied().collect();
    all.others(Role::Assistant, root, &read, "");
}

/// A message, whoever sent it.
fn message<'j, 'b>(all: &mut Gather<'j, 'b>, one: Node<'j, 'b>, speaker: Role, pointer: &str) {
    for (key, child) in one.children() {
        let key = key.unwrap_or_default();
        match &*key.to_ascii_lowercase() {
            "name" => all.strings(speaker, child, &join(pointer, &key)),
            "audio" => all.speech(speaker, child, &join(pointer, &key)),
            "images" => all.pictures(speaker, child, &join(pointer, &key)),
            "tool_calls" => {
                for (place, call) in child.items().enumerate() {
                    function(all, call, speaker, &format!("{pointer}/tool_calls/{place}"));
                }
            }
            "function_call" => called(all, child, speaker, &format!("{pointer}/function_call")),
            _ => all.entry(speaker, &key, child, pointer),
        }
    }
}

/// A call in `tool_calls`: what is called stands in a member, or in the call itself.
fn function<'j, 'b>(all: &mut Gather<'j, 'b>, call: Node<'j, 'b>, speaker: Role, pointer: &str) {
    const MEMBERS: [&str; 2] = ["function", "custom"];
    let mut wrapped =
        MEMBERS.iter().flat_map(|name| call.all(name).map(move |node| (*name, node))).peekable();
    if wrapped.peek().is_none() {
        return called(all, call, speaker, pointer);
    }
    for (name, function) in wrapped {
        called(all, function, speaker, &join(pointer, name));
    }
    all.others(speaker, call, &MEMBERS, pointer);
}

/// What is called, with what.
fn called<'j, 'b>(all: &mut Gather<'j, 'b>, function: Node<'j, 'b>, speaker: Role, pointer: &str) {
    all.calls(&names(function), function, &["arguments", "input"], pointer);
    all.others(speaker, function, &["name", "arguments", "input"], pointer);
}

/// The tools offered, in both forms.
fn tools<'j, 'b>(all: &mut Gather<'j, 'b>, root: Node<'j, 'b>) {
    for tools in root.all("tools") {
        for (place, tool) in tools.items().enumerate() {
            let pointer = format!("/tools/{place}");
            let mut inner = tool.all("function").chain(tool.all("custom")).peekable();
            if inner.peek().is_none() {
                all.tool(tool, "parameters", &pointer);
            }
            for function in inner {
                all.tool(function, "parameters", &format!("{pointer}/function"));
            }
        }
    }
    for functions in root.all("functions") {
        for (place, function) in functions.items().enumerate() {
            all.tool(function, "parameters", &format!("/functions/{place}"));
        }
    }
}

fn answer_schema<'j, 'b>(all: &mut Gather<'j, 'b>, root: Node<'j, 'b>) {
    let schema = root
        .get("response_format")
        .and_then(|format| format.get("json_schema"))
        .and_then(|schema| schema.get("schema"))
        .or_else(|| root.get("guided_json"))
        .or_else(|| root.get("format").filter(|format| format.is_object()));
    if let Some(schema) = schema.filter(|schema| schema.is_object()) {
        all.answer_schema(schema);
    }
}

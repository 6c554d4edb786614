//! OpenAI's chat completions, completions and embeddings, with what vLLM, Ollama and LiteLLM add.
//!
//! Source: the OpenAPI description of the OpenAI API (2.3), and vLLM's extra parameters.

use super::gather::{Gather, join, role};
use super::json::Node;
use crate::exchange::Role;
use std::borrow::Cow;

const LENGTHS: [&str; 3] = ["max_tokens", "max_completion_tokens", "max_output_tokens"];

/// A request for a chat completion.
pub(super) fn chat_request(all: &mut Gather<'_, '_>) {
    all.head(&LENGTHS);
    let root = all.root();
    for messages in root.all("messages") {
        for (place, one) in messages.items().enumerate() {
            message(all, one, role(one), &format!("/messages/{place}"));
        }
    }
    tools(all, root);
    for (name, speaker) in [
        ("documents", Role::Document),
        ("prediction", Role::Assistant),
        ("chat_template", Role::User),
        ("prompt", Role::User),
    ] {
        for node in root.all(name) {
            all.strings(speaker, node, &join("", name));
        }
    }
    answer_schema(all, root);
}

/// The answer to one.
pub(super) fn chat_response(all: &mut Gather<'_, '_>) {
    all.head(&[]);
    let root = all.root();
    for choices in root.all("choices") {
        for (place, choice) in choices.items().enumerate() {
            let pointer = format!("/choices/{place}");
            for one in choice.all("message") {
                message(all, one, Role::Assistant, &format!("{pointer}/message"));
            }
            all.member(Role::Assistant, choice, "text", &pointer);
        }
    }
    // Ollama's own form.
    for one in root.all("message") {
        message(all, one, Role::Assistant, "/message");
    }
    all.member(Role::Assistant, root, "response", "");
}

/// A request to complete a text.
pub(super) fn completion_request(all: &mut Gather<'_, '_>) {
    all.head(&LENGTHS);
    let root = all.root();
    for (name, speaker) in
        [("prompt", Role::User), ("suffix", Role::User), ("system", Role::System), ("template", Role::System)]
    {
        for node in root.all(name) {
            all.strings(speaker, node, &join("", name));
        }
    }
    answer_schema(all, root);
}

/// A request for the embedding of texts.
pub(super) fn embedding_request(all: &mut Gather<'_, '_>) {
    all.head(&[]);
    let root = all.root();
    for name in ["input", "prompt", "query", "documents"] {
        for node in root.all(name) {
            all.strings(Role::User, node, &join("", name));
        }
    }
}

/// A message, whoever sent it.
fn message<'j, 'b>(all: &mut Gather<'j, 'b>, one: Node<'j, 'b>, speaker: Role, pointer: &str) {
    for (key, child) in one.children() {
        let key = key.unwrap_or_default();
        match &*key.to_ascii_lowercase() {
            "role" | "name" | "tool_call_id" | "audio" => {}
            "tool_calls" => {
                for (place, call) in child.items().enumerate() {
                    function(all, call, &format!("{pointer}/tool_calls/{place}"));
                }
            }
            "function_call" => called(all, child, &format!("{pointer}/function_call")),
            _ => all.strings(speaker, child, &join(pointer, &key)),
        }
    }
}

/// A call in `tool_calls`.
fn function<'j, 'b>(all: &mut Gather<'j, 'b>, call: Node<'j, 'b>, pointer: &str) {
    for function in call.all("function") {
        called(all, function, &format!("{pointer}/function"));
    }
    for custom in call.all("custom") {
        let name = custom.get("name").and_then(Node::as_str).unwrap_or(Cow::Borrowed(""));
        for input in custom.all("input") {
            all.call(name.clone(), input, format!("{pointer}/custom/input"));
        }
    }
}

fn called<'j, 'b>(all: &mut Gather<'j, 'b>, function: Node<'j, 'b>, pointer: &str) {
    let names: Vec<_> = function.all("name").filter_map(Node::as_str).collect();
    for arguments in function.all("arguments") {
        if names.is_empty() {
            all.call(Cow::Borrowed(""), arguments, format!("{pointer}/arguments"));
        }
        for name in &names {
            all.call(name.clone(), arguments, format!("{pointer}/arguments"));
        }
    }
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

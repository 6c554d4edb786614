//! OpenAI's responses.
//!
//! Source: the OpenAPI description of the OpenAI API (2.3), `/responses`.

use super::calls::{is_call, is_call_type};
use super::gather::{Gather, role};
use super::json::Node;
use crate::exchange::Role;
use std::borrow::Cow;

/// Members of a request that choose how is answered: names, as a rule.
const CHOICES: [&str; 7] = [
    "model",
    "tool_choice",
    "user",
    "include",
    "previous_response_id",
    "prompt_cache_key",
    "safety_identifier",
];
/// Members of an answer that say again what was asked.
pub(super) const ECHOES: [&str; 7] =
    ["instructions", "input", "prompt", "tools", "tool_choice", "text", "metadata"];
/// Members of an answer that are names and numbers, as a rule.
pub(super) const ABOUT: [&str; 14] = [
    "id",
    "object",
    "status",
    "model",
    "usage",
    "service_tier",
    "truncation",
    "user",
    "reasoning",
    "incomplete_details",
    "previous_response_id",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
];

/// A request for a response.
pub(super) fn request(all: &mut Gather<'_, '_>) {
    all.head(true);
    let root = all.root();
    for instructions in root.all("instructions") {
        all.strings(Role::System, instructions, "/instructions");
    }
    for input in root.all("input") {
        all.each(input, "/input", &|all, one, pointer| item(all, one, role(one), pointer));
    }
    for tools in root.all("tools") {
        all.each(tools, "/tools", &|all, tool, pointer| {
            // Servers of tools are given with credentials that are meant for them.
            if tool.get("type").and_then(Node::as_str).as_deref() == Some("mcp") {
                all.pass_members(tool, &["authorization", "headers"]);
            }
            all.tool(tool, "parameters", pointer);
        });
    }
    for text in root.all("text") {
        all.descriptions(text, "/text");
    }
    all.names(Role::User, root, &CHOICES, "");
    all.rest(Role::User);
    let format = root.get("text").and_then(|text| text.get("format"));
    if let Some(schema) = format.and_then(|format| format.get("schema")) {
        all.answer_schema(schema);
    }
}

/// The answer to one.
pub(super) fn response(all: &mut Gather<'_, '_>) {
    all.head(false);
    all.repeated_under(&["logprobs"]);
    let root = all.root();
    for output in root.all("output") {
        all.each(output, "/output", &|all, one, pointer| item(all, one, Role::Assistant, pointer));
    }
    all.pass_members(root, &ECHOES);
    all.names(Role::Assistant, root, &ABOUT, "");
    all.rest(Role::Assistant);
}

/// One item: a message, a call, what a tool gave back, or what is not known.
fn item<'j, 'b>(all: &mut Gather<'j, 'b>, one: Node<'j, 'b>, speaker: Role, pointer: &str) {
    let kind = one.get("type").and_then(Node::as_str).unwrap_or(Cow::Borrowed(""));
    if is_call_type(&kind) || speaker == Role::Assistant && is_call(one) {
        return all.called(speaker, one, pointer);
    }
    let speaker = match &*kind {
        kind if kind.ends_with("_output") || kind.ends_with("_call") => Role::ToolResult,
        "reasoning" => Role::Assistant,
        _ => speaker,
    };
    all.others(speaker, one, pointer);
}

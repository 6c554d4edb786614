//! OpenAI's responses.
//!
//! Source: the OpenAPI description of the OpenAI API (2.3), `/responses`.

use super::gather::{Gather, role};
use super::json::Node;
use crate::exchange::Role;
use std::borrow::Cow;

/// A request for a response.
pub(super) fn request(all: &mut Gather<'_, '_>) {
    all.head(&["max_output_tokens"]);
    let root = all.root();
    for instructions in root.all("instructions") {
        all.strings(Role::System, instructions, "/instructions");
    }
    for input in root.all("input") {
        if input.is_array() {
            for (place, one) in input.items().enumerate() {
                item(all, one, role(one), &format!("/input/{place}"));
            }
        } else {
            all.strings(Role::User, input, "/input");
        }
    }
    for prompt in root.all("prompt") {
        for variables in prompt.all("variables") {
            all.strings(Role::User, variables, "/prompt/variables");
        }
    }
    for tools in root.all("tools") {
        for (place, tool) in tools.items().enumerate() {
            all.tool(tool, "parameters", &format!("/tools/{place}"));
        }
    }
    let format = root.get("text").and_then(|text| text.get("format"));
    if let Some(schema) = format.and_then(|format| format.get("schema")) {
        all.answer_schema(schema);
    }
}

/// The answer to one.
pub(super) fn response(all: &mut Gather<'_, '_>) {
    all.head(&[]);
    let root = all.root();
    for output in root.all("output") {
        for (place, one) in output.items().enumerate() {
            item(all, one, Role::Assistant, &format!("/output/{place}"));
        }
    }
}

/// One item: a message, a call, what a tool gave back, or what is not known.
fn item<'j, 'b>(all: &mut Gather<'j, 'b>, one: Node<'j, 'b>, speaker: Role, pointer: &str) {
    let kind = one.get("type").and_then(Node::as_str).unwrap_or(Cow::Borrowed(""));
    match &*kind {
        "function_call" | "custom_tool_call" | "mcp_call" => {
            let name = one.get("name").and_then(Node::as_str).unwrap_or(Cow::Borrowed(""));
            for key in ["arguments", "input"] {
                for arguments in one.all(key) {
                    all.call(name.clone(), arguments, format!("{pointer}/{key}"));
                }
            }
            for output in one.all("output") {
                all.strings(Role::ToolResult, output, &format!("{pointer}/output"));
            }
        }
        kind if kind.ends_with("_output") || kind.ends_with("_call") => {
            all.strings(Role::ToolResult, one, pointer);
        }
        "reasoning" => all.strings(Role::Assistant, one, pointer),
        _ => all.strings(speaker, one, pointer),
    }
}

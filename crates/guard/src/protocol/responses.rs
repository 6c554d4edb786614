//! OpenAI's responses.
//!
//! Source: the OpenAPI description of the OpenAI API (2.3), `/responses`.

use super::gather::{Gather, join, names, role};
use super::json::Node;
use crate::exchange::Role;
use std::borrow::Cow;

/// Members of a request that are read one by one, or choose how is answered.
const READ: [&str; 12] = [
    "model",
    "instructions",
    "input",
    "prompt",
    "tools",
    "text",
    "tool_choice",
    "user",
    "include",
    "previous_response_id",
    "prompt_cache_key",
    "safety_identifier",
];
/// Calls of the provider's own tools that act.
pub(super) const ACTING: [&str; 5] =
    ["local_shell_call", "shell_call", "apply_patch_call", "computer_call", "code_interpreter_call"];
/// Where calls say what is to be done.
pub(super) const DOING: [&str; 6] = ["arguments", "input", "action", "actions", "operation", "code"];

/// A request for a response.
pub(super) fn request(all: &mut Gather<'_, '_>) {
    all.head(true);
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
        all.strings(Role::User, prompt, "/prompt");
    }
    for tools in root.all("tools") {
        for (place, tool) in tools.items().enumerate() {
            all.tool(tool, "parameters", &format!("/tools/{place}"));
        }
    }
    for text in root.all("text") {
        all.descriptions(text, "/text");
    }
    all.others(Role::User, root, &READ, "");
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
    // The rest of an answer says again what was asked.
    for name in ["error", "detail", "message", "output_text"] {
        for node in root.all(name) {
            all.strings(Role::Assistant, node, &join("", name));
        }
    }
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
            call(all, one, &names(one), speaker, pointer);
        }
        kind if ACTING.contains(&kind) => call(all, one, &[Cow::Owned(kind.to_owned())], speaker, pointer),
        kind if kind.ends_with("_output") || kind.ends_with("_call") => {
            all.strings(Role::ToolResult, one, pointer);
        }
        "reasoning" => all.strings(Role::Assistant, one, pointer),
        _ => all.strings(speaker, one, pointer),
    }
}

/// A call, what it gave back, and what else it says.
fn call<'j, 'b>(
    all: &mut Gather<'j, 'b>,
    one: Node<'j, 'b>,
    names: &[Cow<'b, str>],
    speaker: Role,
    pointer: &str,
) {
    all.calls(names, one, &DOING, pointer);
    for output in one.all("output") {
        all.strings(Role::ToolResult, output, &join(pointer, "output"));
    }
    let read: Vec<&str> = DOING.iter().chain(&["name", "output"]).copied().collect();
    all.others(speaker, one, &read, pointer);
}

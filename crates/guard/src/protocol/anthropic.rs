//! Anthropic's messages.
//!
//! Source: the reference of the Messages API, version `2023-06-01`.

use super::gather::{Gather, join, names, role};
use super::json::Node;
use crate::exchange::Role;
use std::borrow::Cow;

/// Members of a request that are read one by one, or choose how is answered.
const READ: [&str; 8] =
    ["system", "messages", "tools", "requests", "model", "tool_choice", "stop_sequences", "mcp_servers"];

/// A request for a message.
pub(super) fn request(all: &mut Gather<'_, '_>) {
    all.head(true);
    let root = all.root();
    parameters(all, root, "");
    // A batch holds whole requests.
    for requests in root.all("requests") {
        for (place, one) in requests.items().enumerate() {
            for inner in one.all("params") {
                parameters(all, inner, &format!("/requests/{place}/params"));
            }
        }
    }
}

fn parameters<'j, 'b>(all: &mut Gather<'j, 'b>, root: Node<'j, 'b>, pointer: &str) {
    for system in root.all("system") {
        all.strings(Role::System, system, &format!("{pointer}/system"));
    }
    for messages in root.all("messages") {
        for (place, one) in messages.items().enumerate() {
            let at = format!("{pointer}/messages/{place}");
            for content in one.all("content") {
                blocks(all, content, role(one), &join(&at, "content"));
            }
            all.others(role(one), one, &["content"], &at);
        }
    }
    for tools in root.all("tools") {
        for (place, tool) in tools.items().enumerate() {
            all.tool(tool, "input_schema", &format!("{pointer}/tools/{place}"));
        }
    }
    // They hold credentials that are meant for the provider, so that only what steers a model is looked for.
    for servers in root.all("mcp_servers") {
        all.strings(Role::ToolDescription, servers, &format!("{pointer}/mcp_servers"));
    }
    all.others(Role::User, root, &READ, pointer);
    if let Some(schema) = root.get("output_format").and_then(|format| format.get("schema")) {
        all.answer_schema(schema);
    }
}

/// The answer to one.
pub(super) fn response(all: &mut Gather<'_, '_>) {
    all.head(false);
    let root = all.root();
    for content in root.all("content") {
        blocks(all, content, Role::Assistant, "/content");
    }
    all.others(Role::Assistant, root, &["content", "model", "usage", "stop_sequence"], "");
}

/// Content: a string, or blocks of text, calls, results and documents.
fn blocks<'j, 'b>(all: &mut Gather<'j, 'b>, content: Node<'j, 'b>, speaker: Role, pointer: &str) {
    if !content.is_array() {
        all.strings(speaker, content, pointer);
        return;
    }
    for (place, block) in content.items().enumerate() {
        let inner = format!("{pointer}/{place}");
        let kind = block.get("type").and_then(Node::as_str).unwrap_or(Cow::Borrowed(""));
        match &*kind {
            "tool_use" | "server_tool_use" | "mcp_tool_use" => {
                all.calls(&names(block), block, &["input"], &inner);
                all.others(speaker, block, &["name", "input", "cache_control"], &inner);
            }
            "document" | "search_result" => all.strings(Role::Document, block, &inner),
            kind if kind.ends_with("tool_result") => {
                all.others(Role::ToolResult, block, &[], &inner);
            }
            _ => all.strings(speaker, block, &inner),
        }
    }
}

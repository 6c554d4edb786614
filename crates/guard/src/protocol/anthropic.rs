//! Anthropic's messages.
//!
//! Source: the reference of the Messages API, version `2023-06-01`.

use super::calls::{ends_as, is_call_block, is_spelt};
use super::gather::{Gather, join, role};
use super::json::Node;
use crate::exchange::Role;
use std::borrow::Cow;

/// Members of a request that choose how is answered: names, as a rule.
const CHOICES: [&str; 3] = ["model", "tool_choice", "stop_sequences"];
/// Members of an answer that are names and numbers, as a rule.
pub(super) const ABOUT: [&str; 4] = ["model", "usage", "stop_sequence", "stop_reason"];

/// A request for a message.
pub(super) fn request(all: &mut Gather<'_, '_>) {
    all.head(true);
    let root = all.root();
    parameters(all, root, "");
    // A batch holds whole requests.
    for requests in root.all("requests") {
        all.each(requests, "/requests", &|all, one, pointer| {
            for inner in one.all("params").filter(|inner| inner.is_object()) {
                all.open(inner);
                parameters(all, inner, &format!("{pointer}/params"));
            }
        });
    }
    all.rest(Role::User);
}

fn parameters<'j, 'b>(all: &mut Gather<'j, 'b>, root: Node<'j, 'b>, pointer: &str) {
    for system in root.all("system") {
        all.strings(Role::System, system, &format!("{pointer}/system"));
    }
    for messages in root.all("messages") {
        all.each(messages, &format!("{pointer}/messages"), &|all, one, at| {
            let speaker = role(one);
            for content in one.all("content") {
                blocks(all, content, speaker, &join(at, "content"));
            }
            all.others(speaker, one, at);
        });
    }
    for tools in root.all("tools") {
        all.each(tools, &format!("{pointer}/tools"), &|all, tool, at| all.tool(tool, "input_schema", at));
    }
    // They hold credentials that are meant for the provider, so that only what steers a model is looked for.
    for servers in root.all("mcp_servers") {
        all.each(servers, "", &|all, server, _| all.pass_members(server, &["authorization_token"]));
        all.others_in(Role::ToolDescription, servers, &format!("{pointer}/mcp_servers"));
    }
    all.names(Role::User, root, &CHOICES, pointer);
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
    all.names(Role::Assistant, root, &ABOUT, "");
    all.rest(Role::Assistant);
}

/// Content: a string, or blocks of text, calls, results and documents.
fn blocks<'j, 'b>(all: &mut Gather<'j, 'b>, content: Node<'j, 'b>, speaker: Role, pointer: &str) {
    if !content.is_array() {
        return all.strings(speaker, content, pointer);
    }
    all.open(content);
    for (place, block) in content.items().enumerate() {
        let inner = format!("{pointer}/{place}");
        if speaker == Role::Assistant && is_call_block(block) {
            all.called(speaker, block, &inner);
            continue;
        }
        let kind = block.get("type").and_then(Node::as_str).unwrap_or(Cow::Borrowed(""));
        let speaker = match &*kind {
            kind if ["document", "search_result"].iter().any(|known| is_spelt(kind, known)) => Role::Document,
            kind if ends_as(kind, "tool_result") => Role::ToolResult,
            _ => speaker,
        };
        all.strings(speaker, block, &inner);
    }
}

//! The Model Context Protocol over streamable HTTP: JSON-RPC between a client and a server of tools.
//!
//! Source: MCP specification, revision 2025-06-18. What a server says goes to a model: its lists of tools, results, prompts and resources
//! are judged as what a model is given, not as what one answers.

use super::gather::{Gather, join, names};
use super::json::Node;
#[cfg(feature = "gateway")]
use super::json::{Json, JsonLimits};
use crate::exchange::Role;

/// What a client posts: requests, notifications, and its answers to the server's own requests.
pub(super) fn request(all: &mut Gather<'_, '_>) {
    all.of_any_form();
    messages(all, &|all, message, pointer| {
        for parameters in message.all("params") {
            let inner = format!("{pointer}/params");
            let calls = message.all("method").any(|method| method.as_str().as_deref() == Some("tools/call"));
            for (key, child) in parameters.children() {
                let key = key.unwrap_or_default();
                match &*key {
                    "arguments" if calls => {}
                    "name" | "cursor" => all.name(Role::User, child, join(&inner, &key)),
                    "protocolVersion" | "capabilities" | "clientInfo" => {}
                    _ => all.entry(Role::User, &key, child, &inner),
                }
            }
            if calls {
                all.calls(&names(parameters), parameters, &["arguments"], &inner);
            }
        }
        for result in message.all("result") {
            all.strings(Role::User, result, &format!("{pointer}/result"));
        }
    });
}

/// What a server answers, or sends of itself.
pub(super) fn response(all: &mut Gather<'_, '_>) {
    all.of_any_form();
    messages(all, &|all, message, pointer| {
        for result in message.all("result") {
            of_result(all, result, &format!("{pointer}/result"));
        }
        for name in ["params", "error"] {
            for child in message.all(name) {
                all.strings(Role::ToolResult, child, &format!("{pointer}/{name}"));
            }
        }
    });
}

fn of_result<'j, 'b>(all: &mut Gather<'j, 'b>, result: Node<'j, 'b>, pointer: &str) {
    for (key, child) in result.children() {
        let key = key.unwrap_or_default();
        let inner = join(pointer, &key);
        match &*key {
            "tools" => {
                for (place, tool) in child.items().enumerate() {
                    let at = format!("{inner}/{place}");
                    all.tool(tool, "inputSchema", &at);
                }
            }
            "instructions" => all.strings(Role::ToolDescription, child, &inner),
            "prompts" | "resources" | "resourceTemplates" => all.descriptions(child, &inner),
            "messages" | "contents" => all.strings(Role::Document, child, &inner),
            "nextCursor" => all.name(Role::ToolResult, child, inner),
            _ => all.entry(Role::ToolResult, &key, child, pointer),
        }
    }
}

/// Each message of a body: one, or a batch of them.
fn messages<'j, 'b>(all: &mut Gather<'j, 'b>, read: &dyn Fn(&mut Gather<'j, 'b>, Node<'j, 'b>, &str)) {
    let root = all.root();
    if root.is_array() {
        for (place, message) in root.items().enumerate() {
            read(all, message, &format!("/{place}"));
        }
    } else {
        read(all, root, "");
    }
}

/// The `id` of a message as it is written, of a batch those of its messages in a list; `null` when there is none, or it is no message.
#[cfg(feature = "gateway")]
pub(super) fn id(body: &[u8]) -> String {
    let of = |message: Node<'_, '_>| message.get("id").map(|id| id.raw().to_owned());
    let Ok(json) = Json::read(body, JsonLimits::default()) else { return "null".to_owned() };
    let root = json.root();
    if !root.is_array() {
        return of(root).unwrap_or_else(|| "null".to_owned());
    }
    let ids: Vec<String> = root.items().filter_map(of).collect();
    if ids.is_empty() { "null".to_owned() } else { format!("[{}]", ids.join(",")) }
}

//! The Model Context Protocol over streamable HTTP: JSON-RPC between a client and a server of tools.
//!
//! Source: MCP specification, revision 2025-06-18. What a server says goes to a model: its lists of tools, results, prompts and resources
//! are judged as what a model is given, not as what one answers.

use super::gather::{Gather, join};
#[cfg(feature = "gateway")]
use super::json::{Json, JsonLimits};
use super::json::{Node, folded};
use super::names::names;
use crate::exchange::Role;

/// Members of a message that are names, as a rule.
const ABOUT: [&str; 3] = ["jsonrpc", "id", "method"];

/// What a client posts: requests, notifications, and its answers to the server's own requests.
pub(super) fn request(all: &mut Gather<'_, '_>) {
    // What asks a model for an answer asks for no less of it when it looks like a message to a server as well.
    all.head(true);
    all.of_any_form();
    all.numbers_say();
    messages(all, &|all, message, pointer| {
        let calls = message.all("method").any(|method| method.as_str().as_deref() == Some(CALLING));
        for parameters in message.all("params").filter(|parameters| parameters.is_object()) {
            let inner = format!("{pointer}/params");
            all.open(parameters);
            all.names(
                Role::User,
                parameters,
                &["cursor", "protocolversion", "capabilities", "clientinfo"],
                &inner,
            );
            if calls {
                all.calls(&names(parameters), parameters, &["arguments"], &inner);
            }
            all.names(Role::User, parameters, &["name"], &inner);
            all.others(Role::User, parameters, &inner);
        }
    });
    all.rest(Role::User);
}

/// What a server answers, or sends of itself.
pub(super) fn response(all: &mut Gather<'_, '_>) {
    all.of_any_form();
    all.numbers_say();
    messages(all, &|all, message, pointer| {
        for result in message.all("result").filter(|result| result.is_object()) {
            all.open(result);
            of_result(all, result, &format!("{pointer}/result"));
        }
    });
    all.rest(Role::ToolResult);
}

fn of_result<'j, 'b>(all: &mut Gather<'j, 'b>, result: Node<'j, 'b>, pointer: &str) {
    for (key, child) in result.children() {
        let key = key.unwrap_or_default();
        let inner = join(pointer, &key);
        match &*folded(&key) {
            "tools" if child.is_array() => {
                all.each(child, &inner, &|all, tool, at| all.tool(tool, "inputSchema", at));
            }
            "instructions" => all.strings(Role::ToolDescription, child, &inner),
            "prompts" | "resources" | "resourcetemplates" => all.descriptions(child, &inner),
            "messages" | "contents" => all.strings(Role::Document, child, &inner),
            "nextcursor" => all.name(Role::ToolResult, child, inner),
            _ => all.entry(Role::ToolResult, &key, child, pointer),
        }
    }
}

/// The method that calls a tool.
const CALLING: &str = "tools/call";

/// Each message of a body: one, or a batch of them.
fn messages<'j, 'b>(all: &mut Gather<'j, 'b>, read: &dyn Fn(&mut Gather<'j, 'b>, Node<'j, 'b>, &str)) {
    let root = all.root();
    let read = |all: &mut Gather<'j, 'b>, message: Node<'j, 'b>, pointer: &str| {
        all.names(Role::User, message, &ABOUT, pointer);
        read(all, message, pointer);
    };
    if root.is_object() {
        read(all, root, "");
    }
    all.each(root, "", &read);
}

/// Whether a value is a message of JSON-RPC, or one that calls a tool as such a message does.
fn is_one(node: Node<'_, '_>) -> bool {
    const KINDS: [&str; 3] = ["method", "result", "error"];
    let has = |name: &str| node.all(name).next().is_some();
    let calls = || node.all("method").filter_map(Node::as_str).any(|method| method == CALLING);
    node.is_object() && (has("jsonrpc") && KINDS.iter().any(|name| has(name)) || calls())
}

/// Whether a body is a message of JSON-RPC, or a list in which one is.
pub(super) fn has_message(root: Node<'_, '_>) -> bool {
    is_one(root) || root.items().any(is_one)
}

/// Whether a body is a message of JSON-RPC, or a list of nothing else.
pub(super) fn is_message(root: Node<'_, '_>) -> bool {
    is_one(root) || root.items().next().is_some() && root.items().all(is_one)
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

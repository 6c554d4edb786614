//! What an object of a Keras configuration makes its loader call, with what.
//!
//! Source: `keras/src/saving/serialization_lib.py`, `keras/src/models/functional.py` (`process_node`).

use crate::call::{Argument, Call, How, Name, json};
use crate::wire::json_tree::{Document, NodeId};

/// The call of `module.name` that the object at `id` describes: its configuration as keyword arguments, or what the node
/// of a functional model hands to it.
pub(super) fn call_of(document: &Document<'_>, id: NodeId, module: &str, name: &str) -> Call {
    described(document, id, module, name, NESTED)
}

fn described(document: &Document<'_>, id: NodeId, module: &str, name: &str, depth: u32) -> Call {
    let special = |id: NodeId| {
        let inner = document.get_text(id, "class_name")?;
        let module = document.get_text(id, "module").unwrap_or("builtins");
        if inner == "function" {
            let name = document.get_text(id, "config")?.to_owned();
            return Some(Argument::Name(Name { module: module.to_owned(), name }));
        }
        let depth = depth.checked_sub(1)?;
        Some(Argument::Result(Box::new(described(document, id, module, inner, depth))))
    };
    let callee = Name { module: module.to_owned(), name: name.to_owned() };
    let mut call = Call { callee, ..Call::of_path("", How::Called) };
    let nodes = document.get(id, "inbound_nodes");
    if let Some(node) = nodes.and_then(|nodes| document.children(nodes).next()) {
        let given = document.get(node, "args").map(|args| json::argument(document, args, &special));
        if let Some(Argument::Sequence(items)) = given {
            call.arguments = items;
        }
        if let Some(named) = document.get(node, "kwargs") {
            call.keywords = json::keywords(document, named, &[], &special);
        }
    }
    if let Some(config) = document.get(id, "config") {
        call.keywords.extend(json::keywords(document, config, &[], &special));
    }
    call
}

/// Objects inside objects whose calls are read as arguments.
const NESTED: u32 = 3;

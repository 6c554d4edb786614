//! What a node of a skops schema makes its loader call, with what.

use crate::call::{Argument, Call, How, Name, json};
use crate::wire::json_tree::{self, Document, NodeId, Value};

/// What the node at `id` makes its loader call. Source: `skops/io/_general.py`, `_sklearn.py` and `_numpy.py`.
pub(super) fn described(document: &Document<'_>, id: NodeId, callee: Name, loader: &str, depth: u32) -> Call {
    let special = |id: NodeId| Some(argument(document, id, depth.checked_sub(1)?));
    let content = document.get(id, "content");
    let part = |key| content.and_then(|content| document.get(content, key));
    let value = |id: Option<NodeId>| id.map(|id| json::argument(document, id, &special));
    let items = |id: Option<NodeId>| match value(id) {
        Some(Argument::Sequence(items)) => items,
        Some(other) => vec![other],
        None => Vec::new(),
    };
    let mut call = Call { callee, ..Call::of_path("", How::Named) };
    match loader {
        "ObjectNode" | "" => {
            call.how = How::Made;
            call.state = value(content);
        }
        "ReduceNode" | "TreeNode" | "SGDNode" | "LossNode" | "ConstructorNode" => {
            call.how = How::Called;
            call.arguments =
                items(document.get(id, "__reduce__").and_then(|reduce| document.get(reduce, "args")));
        }
        "MethodNode" => {
            call.how = How::Called;
        }
        // The function is there to be called with what it is bound to.
        "PartialNode" => {
            call.how = How::Called;
            call.arguments = value(part("func")).into_iter().chain(items(part("args"))).collect();
            if let Some(Argument::Mapping(pairs)) = value(part("kwds")) {
                let named = pairs.into_iter().filter_map(|(key, value)| match key {
                    Argument::Text(key) => Some((key, value)),
                    _ => None,
                });
                call.keywords = named.collect();
            }
            if let Some(Argument::Name(function)) = call.arguments.first().cloned() {
                call.arguments.remove(0);
                call.callee = function;
            }
        }
        _ => {}
    }
    call
}

/// What the node at `id` stands for as an argument.
fn argument(document: &Document<'_>, id: NodeId, depth: u32) -> Argument {
    let text = |key: &str| document.get_text(id, key).unwrap_or_default();
    let content = document.get(id, "content");
    let special = |id: NodeId| Some(argument(document, id, depth.checked_sub(1)?));
    let inside = |key: &str| content.and_then(|content| document.get_text(content, key)).map(str::to_owned);
    let module = text("__module__").to_owned();
    match text("__loader__") {
        "FunctionNode" => Argument::Name(Name {
            module: inside("module_path").unwrap_or(module),
            name: inside("function").unwrap_or_else(|| text("__class__").to_owned()),
        }),
        "TypeNode" => Argument::Name(Name {
            module: inside("__module__").unwrap_or(module),
            name: inside("__class__").unwrap_or_default(),
        }),
        "JsonNode" => {
            let json = content.and_then(|content| document.text(content)).unwrap_or_default();
            let inner = json_tree::parse(json);
            inner.root().map_or(Argument::Unknown, |root| json::argument(&inner, root, &|_| None))
        }
        "ListNode" | "TupleNode" | "SetNode" | "DictNode" | "DefaultDictNode" => {
            content.map_or(Argument::Unknown, |content| match document.value(content) {
                Value::Object
                    if !document.is_object(content) || document.get(content, "__loader__").is_none() =>
                {
                    let pairs = json::keywords(document, content, &[], &special);
                    Argument::Mapping(
                        pairs.into_iter().map(|(key, value)| (Argument::Text(key), value)).collect(),
                    )
                }
                _ => json::argument(document, content, &special),
            })
        }
        loader @ ("ObjectNode" | "ReduceNode" | "PartialNode") => {
            let callee = Name { module, name: text("__class__").to_owned() };
            match depth.checked_sub(1) {
                Some(depth) => Argument::Result(Box::new(described(document, id, callee, loader, depth))),
                None => Argument::Unknown,
            }
        }
        _ => Argument::Unknown,
    }
}

/// Nodes inside nodes that are read as arguments.
pub(super) const NESTED: u32 = 8;

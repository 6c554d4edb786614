//! JSON values as arguments of a call.

use super::Argument;
use crate::wire::json_tree::{Document, NodeId, Value};

/// Values taken of one argument.
const VALUES: usize = 256;
/// Nesting followed.
const DEPTH: u32 = 12;

/// The value at `id` as an argument. `special` says what an object stands for that is no dictionary to the loader.
///
/// Takes some hundred values; what lies beyond is [`Argument::Unknown`].
pub fn argument(
    document: &Document<'_>,
    id: NodeId,
    special: &dyn Fn(NodeId) -> Option<Argument>,
) -> Argument {
    let mut left = VALUES;
    value(document, id, special, 0, &mut left)
}

fn value(
    document: &Document<'_>,
    id: NodeId,
    special: &dyn Fn(NodeId) -> Option<Argument>,
    depth: u32,
    left: &mut usize,
) -> Argument {
    if *left == 0 || depth > DEPTH {
        return Argument::Unknown;
    }
    *left = left.saturating_sub(1);
    let deeper = depth.saturating_add(1);
    match document.value(id) {
        Value::Null => Argument::None,
        Value::Bool(value) => Argument::Bool(*value),
        Value::Number(number) => number.parse().map_or(Argument::Unknown, Argument::Int),
        Value::Text(text) => Argument::Text(text.clone().into_owned()),
        Value::Array => {
            let items = document.children(id).take(*left);
            Argument::Sequence(items.map(|item| value(document, item, special, deeper, left)).collect())
        }
        Value::Object => special(id).unwrap_or_else(|| {
            let pairs = document.children(id).take(*left);
            let pair = |item| {
                let key = Argument::Text(document.key(item).to_owned());
                (key, value(document, item, special, deeper, left))
            };
            Argument::Mapping(pairs.map(pair).collect())
        }),
    }
}

/// The values of the object at `id` as keyword arguments, but for those under the keys in `without`.
pub fn keywords(
    document: &Document<'_>,
    id: NodeId,
    without: &[&str],
    special: &dyn Fn(NodeId) -> Option<Argument>,
) -> Vec<(String, Argument)> {
    let mut left = VALUES;
    let values = document.children(id).filter(|&child| !without.contains(&document.key(child))).take(VALUES);
    values
        .map(|child| (document.key(child).to_owned(), value(document, child, special, 1, &mut left)))
        .collect()
}

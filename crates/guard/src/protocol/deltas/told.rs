//! What an event of a response says again of texts that came piece by piece.
//!
//! Source: the OpenAPI description of the OpenAI API (2.3), the events `response.*.done` and those that hold a response.

use super::Deltas;
use crate::protocol::json::{Node, folded};

/// Members that hold the whole of a text.
const WHOLE: [&str; 4] = ["text", "refusal", "transcript", "code"];

/// The text of a part, or of the event that ends it; or a text itself.
pub(super) fn of_part<'d>(part: Node<'_, 'd>, name: &str, all: &mut Deltas<'d>) {
    if part.is_string() {
        all.told.push((part.span(), name.to_owned()));
    }
    for (key, child) in part.children() {
        if child.is_string() && key.is_some_and(|key| WHOLE.contains(&&*folded(&key))) {
            all.told.push((child.span(), name.to_owned()));
        }
    }
}

/// The texts of an item, of which the parts stand in the order of their numbers.
pub(super) fn of_item<'d>(item: Node<'_, 'd>, name: &str, all: &mut Deltas<'d>) {
    for (key, child) in item.children() {
        let before = match &*folded(&key.unwrap_or_default()) {
            "content" => "",
            "summary" => "0.",
            _ => continue,
        };
        if !child.is_array() {
            of_part(child, name, all);
        }
        for (place, part) in child.items().enumerate() {
            of_part(part, &format!("{name}{before}{place}/"), all);
        }
    }
}

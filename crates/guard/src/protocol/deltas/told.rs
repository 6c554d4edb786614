//! What an event of a response says again of texts that came piece by piece, or says at once of texts of which no piece came.
//!
//! Source: the OpenAPI description of the OpenAI API (2.3), the events `response.*.done` and `response.*.added`, and those that hold a response.

use super::{Deltas, Lone};
use crate::protocol::json::{Node, folded};
use crate::protocol::runs;
use std::ops::Range;

/// Members that hold the whole of a text.
const WHOLE: [&str; 4] = ["text", "refusal", "transcript", "code"];

/// The text of a part, or of the event that ends it; or a text itself. `known` is what the names of texts begin with of which it says something
/// again, if any of them is known.
pub(super) fn of_part<'d>(part: Node<'_, 'd>, name: &str, known: Option<&str>, all: &mut Deltas<'d>) {
    for span in texts_of(part) {
        all.told.push((span.clone(), name.to_owned()));
        if let Some(known) = known {
            all.lone.push(lone(part, span, name, Some(known.to_owned())));
        }
    }
}

/// The text that a part begins with.
pub(super) fn begin_part<'d>(part: Node<'_, 'd>, name: &str, all: &mut Deltas<'d>) {
    all.lone.extend(texts_of(part).map(|span| lone(part, span, name, None)));
}

/// The texts of an item, of which the parts stand in the order of their numbers.
pub(super) fn of_item<'d>(item: Node<'_, 'd>, name: &str, known: Option<&str>, all: &mut Deltas<'d>) {
    for (part, place) in parts(item) {
        of_part(part, &format!("{name}{place}"), known, all);
    }
}

/// The texts that an item begins with.
pub(super) fn begin_item<'d>(item: Node<'_, 'd>, name: &str, all: &mut Deltas<'d>) {
    for (part, place) in parts(item) {
        begin_part(part, &format!("{name}{place}"), all);
    }
}

/// The parts of an item, and what their names begin with.
fn parts<'n, 'd>(item: Node<'n, 'd>) -> Vec<(Node<'n, 'd>, String)> {
    let mut all = Vec::new();
    for (key, child) in item.children() {
        let before = match &*folded(&key.unwrap_or_default()) {
            "content" => "",
            "summary" => "0.",
            _ => continue,
        };
        if !child.is_array() {
            all.push((child, String::new()));
        }
        all.extend(child.items().enumerate().map(|(place, part)| (part, format!("{before}{place}/"))));
    }
    all
}

/// Where the texts of a part stand.
fn texts_of(part: Node<'_, '_>) -> impl Iterator<Item = Range<usize>> {
    let itself = part.is_string().then(|| part.span());
    let members = part.children().filter(|(key, child)| {
        child.is_string() && key.as_ref().is_some_and(|key| WHOLE.contains(&&*folded(key)))
    });
    itself.into_iter().chain(members.map(|(_, child)| child.span()))
}

/// A text of a part, named as the pieces of one are that grows.
fn lone(part: Node<'_, '_>, span: Range<usize>, name: &str, of: Option<String>) -> Lone {
    let kind = part.get("type").and_then(Node::as_str).unwrap_or_default();
    let kind = kind.strip_prefix("response.").unwrap_or(&kind);
    let kind = match kind.strip_suffix(".done").unwrap_or(kind) {
        "" | "text" | "message" => "output_text",
        "summary_text" => "reasoning_summary_text",
        kind => kind,
    };
    Lone { span, of, channel: format!("{name}response.{kind}.delta"), run: runs::of_kind(kind) }
}

//! Items of a response whose events name them and do not say where they stand.
//!
//! Source: the events of OpenAI's responses have `output_index` and `item_id`; some servers leave the first out, and clients then go by the other.

use crate::protocol::{Node, Protocol, Value};
use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};

/// Most items that are told apart; further ones are taken for one.
const MOST: usize = 4_096;

/// Numbers of items, in the order in which their names came first. Of a name its hash is kept, which takes as little of a long one as of a short.
#[derive(Debug, Default)]
pub(super) struct Items {
    known: BTreeMap<u64, usize>,
    hashes: RandomState,
}

impl Items {
    /// The number of the item that an event names and does not number.
    pub(super) fn number(&mut self, protocol: Protocol, event: Node<'_, '_>) -> Option<usize> {
        if !matches!(protocol, Protocol::OpenaiResponses | Protocol::Json)
            || event.get("output_index").is_some_and(|index| index.value() != Value::Null)
        {
            return None;
        }
        let item = event.get("item").and_then(|item| item.get("id"));
        let name = event.get("item_id").or(item).and_then(Node::as_str)?;
        let (hash, next) = (self.hashes.hash_one(&*name), self.known.len());
        if next >= MOST {
            return Some(self.known.get(&hash).copied().unwrap_or(MOST));
        }
        Some(*self.known.entry(hash).or_insert(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Json, JsonLimits};

    #[test]
    fn items_without_numbers_are_counted_as_they_are_named() {
        let mut items = Items::default();
        let mut number = |event: &str| {
            let json = Json::read(event.as_bytes(), JsonLimits::default()).unwrap();
            items.number(Protocol::OpenaiResponses, json.root())
        };
        assert_eq!(number(r#"{"type":"response.output_item.added","item":{"id":"a"}}"#), Some(0));
        assert_eq!(number(r#"{"type":"response.output_item.added","item":{"id":"b"}}"#), Some(1));
        assert_eq!(number(r#"{"type":"response.output_text.delta","item_id":"b","delta":"x"}"#), Some(1));
        assert_eq!(
            number(r#"{"type":"response.output_text.delta","item_id":"a","output_index":null}"#),
            Some(0)
        );
        assert_eq!(number(r#"{"type":"response.output_text.delta","item_id":"c","output_index":7}"#), None);
        assert_eq!(number(r#"{"type":"response.output_text.delta","delta":"x"}"#), None);
    }
}

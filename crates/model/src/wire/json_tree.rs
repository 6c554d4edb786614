//! JSON as CPython's `json` module reads it, into a flat tree: any encoding it detects, `NaN` and `Infinity`, and
//! keys that occur twice.
//!
//! Built from the events of [`super::json::Reader`]. A text that breaks off leaves the tree read so far and says where.
//! Cost: one pass over the text; at most [`MAX_NODES`] nodes of about 100 bytes and [`MAX_DEPTH`] open levels.
//!
//! Source: RFC 8259; CPython `Lib/json/__init__.py` (`detect_encoding`) and `Lib/json/scanner.py`.

use super::json::{Event, JsonError, JsonMistake, Reader};
use std::borrow::Cow;
use std::fmt::Write as _;

/// Most values one document may hold; configurations of the largest published models hold some 200,000.
pub const MAX_NODES: usize = 1 << 20;
/// Deepest nesting kept. CPython's own reader gives up near 1,000; a nesting beyond that is worth telling as such.
pub const MAX_DEPTH: usize = 10_000;

/// Index of a value in its [`Document`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    /// Position of the value in the order of the text.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A parsed text, perhaps only up to [`Document::error`].
#[derive(Debug, Clone)]
pub struct Document<'a> {
    nodes: Vec<Node<'a>>,
    /// Deepest nesting of arrays and objects; 1 for a flat object.
    pub depth: usize,
    /// Why the text was not read to its end; the offset is one in the decoded text.
    pub error: Option<JsonError>,
}

/// A value; children of arrays and objects are reached through the [`Document`].
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as written, also `NaN` and `Infinity`.
    Number(&'a str),
    /// A string with its escapes resolved.
    Text(Cow<'a, str>),
    /// An array.
    Array,
    /// An object.
    Object,
}

#[derive(Debug, Clone)]
struct Node<'a> {
    parent: u32,
    first_child: u32,
    last_child: u32,
    next_sibling: u32,
    position: u32,
    offset: usize,
    key: Cow<'a, str>,
    value: Value<'a>,
}

/// No node: the parent of the root, the sibling of the last.
const NONE: u32 = u32::MAX;

/// `bytes` as text, in the encoding that `json.loads` would detect; undecodable parts become U+FFFD.
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let utf_16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.as_chunks::<2>().0.iter().map(|&pair| unit(pair));
        Cow::Owned(
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect(),
        )
    };
    let utf_32 = |bytes: &[u8], unit: fn([u8; 4]) -> u32| {
        let points = bytes.as_chunks::<4>().0.iter().map(|&four| unit(four));
        Cow::Owned(points.map(|point| char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
    };
    match bytes {
        [0xff, 0xfe, 0, 0, rest @ ..] => utf_32(rest, u32::from_le_bytes),
        [0, 0, 0xfe, 0xff, rest @ ..] => utf_32(rest, u32::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest),
        [0, 0, 0, third, ..] if *third != 0 => utf_32(bytes, u32::from_be_bytes),
        [0, second, ..] if *second != 0 => utf_16(bytes, u16::from_be_bytes),
        [first, 0, 0, 0, ..] if *first != 0 => utf_32(bytes, u32::from_le_bytes),
        [first, 0, ..] if *first != 0 => utf_16(bytes, u16::from_le_bytes),
        _ => String::from_utf8_lossy(bytes),
    }
}

/// Parses `text`.
pub fn parse(text: &str) -> Document<'_> {
    filled(Reader::with_depth(text.as_bytes(), MAX_DEPTH))
}

/// Parses `text` as [`Reader::relaxed`] takes it.
pub fn parse_relaxed(text: &str) -> Document<'_> {
    filled(Reader::with_depth(text.as_bytes(), MAX_DEPTH).relaxed())
}

fn filled(reader: Reader<'_>) -> Document<'_> {
    let mut document = Document { nodes: Vec::new(), depth: 0, error: None };
    document.error = document.fill(reader).err();
    document
}

impl<'a> Document<'a> {
    /// The outermost value; `None` when the text holds none.
    pub fn root(&self) -> Option<NodeId> {
        (!self.nodes.is_empty()).then_some(NodeId(0))
    }

    /// How many values were read.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether no value was read.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// All values, each after its parent, in the order of the text.
    pub fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..u32::try_from(self.nodes.len()).unwrap_or(NONE)).map(NodeId)
    }

    /// The value at `id`.
    pub fn value(&self, id: NodeId) -> &Value<'a> {
        self.node(id).map_or(&Value::Null, |node| &node.value)
    }

    /// Where the value at `id` begins in the decoded text.
    pub fn offset(&self, id: NodeId) -> u64 {
        self.node(id).map_or(0, |node| node.offset as u64)
    }

    /// The key of the value at `id` in its object; empty in an array and at the root.
    pub fn key(&self, id: NodeId) -> &str {
        self.node(id).map_or("", |node| &node.key)
    }

    /// The array or object that holds the value at `id`.
    pub fn parent(&self, id: NodeId) -> Option<NodeId> {
        self.node(id).map(|node| node.parent).filter(|&parent| parent != NONE).map(NodeId)
    }

    /// The values of the array or object at `id`.
    pub fn children(&self, id: NodeId) -> Children<'_, 'a> {
        Children { document: self, next: self.node(id).map_or(NONE, |node| node.first_child) }
    }

    /// The value under `key` in the object at `id`; the last one when the key occurs twice, as in CPython.
    pub fn get(&self, id: NodeId, key: &str) -> Option<NodeId> {
        if *self.value(id) != Value::Object {
            return None;
        }
        self.children(id).filter(|&child| self.key(child) == key).last()
    }

    /// The string under `key` in the object at `id`.
    pub fn get_text(&self, id: NodeId, key: &str) -> Option<&str> {
        self.get(id, key).and_then(|child| self.text(child))
    }

    /// The string at `id`.
    pub fn text(&self, id: NodeId) -> Option<&str> {
        match self.value(id) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether the value at `id` is an object.
    pub fn is_object(&self, id: NodeId) -> bool {
        *self.value(id) == Value::Object
    }

    /// RFC 6901 pointer to the value at `id`, its head left out beyond [`Self::POINTER_STEPS`] steps.
    pub fn pointer(&self, id: NodeId) -> String {
        let mut steps = Vec::new();
        let mut at = Some(id);
        while let Some(here) = at {
            let parent = self.parent(here);
            if let (Some(parent), Some(node)) = (parent, self.node(here)) {
                if steps.len() >= Self::POINTER_STEPS {
                    steps.push("…".to_owned());
                    break;
                }
                steps.push(if self.is_object(parent) {
                    let shown =
                        node.key.get(..node.key.floor_char_boundary(Self::KEY_BYTES)).unwrap_or(&node.key);
                    shown.replace('~', "~0").replace('/', "~1")
                } else {
                    node.position.to_string()
                });
            }
            at = parent;
        }
        steps.iter().rev().fold(String::new(), |mut pointer, step| {
            // Writing to a String cannot fail.
            let _ = write!(pointer, "/{step}");
            pointer
        })
    }

    /// Keys that occur more than once in one object: the later value, which CPython keeps.
    pub fn duplicates(&self) -> Vec<NodeId> {
        let mut found = Vec::new();
        for object in self.ids().filter(|&id| self.is_object(id)) {
            let mut keys: Vec<_> = self.children(object).map(|child| (self.key(child), child)).collect();
            keys.sort_unstable();
            found.extend(keys.windows(2).filter_map(|pair| match pair {
                [(first, _), (second, later)] if first == second => Some(*later),
                _ => None,
            }));
        }
        found
    }

    fn node(&self, id: NodeId) -> Option<&Node<'a>> {
        self.nodes.get(id.0 as usize)
    }

    /// Most steps shown of a pointer.
    const POINTER_STEPS: usize = 48;
    /// Longest part of a key shown in a pointer, in bytes.
    const KEY_BYTES: usize = 256;
}

/// Iterator over the values of one array or object; see [`Document::children`].
#[derive(Debug, Clone)]
pub struct Children<'d, 'a> {
    document: &'d Document<'a>,
    next: u32,
}

impl Iterator for Children<'_, '_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        let node = self.document.nodes.get(self.next as usize)?;
        let id = NodeId(self.next);
        self.next = node.next_sibling;
        Some(id)
    }
}

impl<'a> Document<'a> {
    fn fill(&mut self, mut reader: Reader<'a>) -> Result<(), JsonError> {
        // The open arrays and objects, outermost first.
        let mut open: Vec<u32> = Vec::new();
        let mut key = Cow::Borrowed("");
        while let Some(event) = reader.next() {
            let value = match event? {
                Event::Key { name, .. } => {
                    key = name.text();
                    continue;
                }
                Event::ObjectEnd | Event::ArrayEnd => {
                    open.pop();
                    continue;
                }
                Event::ObjectStart => Value::Object,
                Event::ArrayStart => Value::Array,
                Event::String(text) => Value::Text(text.text()),
                Event::Number(number) => Value::Number(number),
                Event::Bool(value) => Value::Bool(value),
                Event::Null => Value::Null,
            };
            if self.nodes.len() >= MAX_NODES {
                return Err(JsonError { offset: reader.offset(), reason: JsonMistake::TooMany });
            }
            let is_container = matches!(value, Value::Object | Value::Array);
            let parent = open.last().copied().unwrap_or(NONE);
            let id = self.push(parent, std::mem::take(&mut key), reader.offset(), value);
            if is_container {
                open.push(id);
                self.depth = self.depth.max(open.len());
            }
        }
        Ok(())
    }

    /// Adds a value as the last child of `parent`.
    fn push(&mut self, parent: u32, key: Cow<'a, str>, offset: usize, value: Value<'a>) -> u32 {
        let id = u32::try_from(self.nodes.len()).unwrap_or(NONE);
        let mut position = 0;
        let previous = self.nodes.get(parent as usize).map_or(NONE, |node| node.last_child);
        if let Some(node) = self.nodes.get_mut(previous as usize) {
            node.next_sibling = id;
            position = node.position.saturating_add(1);
        }
        if let Some(node) = self.nodes.get_mut(parent as usize) {
            node.last_child = id;
            if node.first_child == NONE {
                node.first_child = id;
            }
        }
        self.nodes.push(Node {
            parent,
            first_child: NONE,
            last_child: NONE,
            next_sibling: NONE,
            position,
            offset,
            key,
            value,
        });
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_reached_by_key_and_point_back() {
        let document = parse(r#"{"a": [1, {"b/c": "x\u00e9\ud83d\ude00"}], "n": NaN}"#);
        assert_eq!(document.error, None);
        let root = document.root().unwrap();
        let array = document.get(root, "a").unwrap();
        let inner = document.children(array).nth(1).unwrap();
        let leaf = document.get(inner, "b/c").unwrap();
        assert_eq!(document.text(leaf), Some("xé😀"));
        assert_eq!(document.pointer(leaf), "/a/1/b~1c");
        assert_eq!(document.depth, 3);
    }

    #[test]
    fn the_last_of_two_equal_keys_counts_and_is_told() {
        let document = parse(r#"{"k": 1, "\u006b": "second"}"#);
        assert_eq!(document.get_text(document.root().unwrap(), "k"), Some("second"));
        assert_eq!(document.duplicates().len(), 1);
    }

    #[test]
    fn a_text_that_breaks_off_keeps_what_was_read() {
        let document = parse(r#"{"a": "b", "c": ["#);
        assert_eq!(document.get_text(document.root().unwrap(), "a"), Some("b"));
        assert!(document.error.is_some());
    }

    #[test]
    fn a_very_deep_text_does_not_recurse() {
        let text = "[".repeat(200_000);
        let document = parse(&text);
        assert_eq!(document.depth, MAX_DEPTH);
        assert_eq!(document.error.map(|error| error.reason), Some(JsonMistake::TooDeep));
    }

    #[test]
    fn utf_16_is_detected_with_and_without_a_mark() {
        let units: Vec<u8> = "{\"a\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&units), "{\"a\":1}");
        let marked: Vec<u8> = [0xff, 0xfe].into_iter().chain(units).collect();
        assert_eq!(decode(&marked), "{\"a\":1}");
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_parsed(bytes: Vec<u8>) {
            let text = decode(&bytes);
            let document = parse(&text);
            for id in document.ids() {
                let _ = document.pointer(id);
            }
        }

        #[test]
        fn what_serde_json_writes_is_read_whole(keys: Vec<String>, numbers: Vec<i64>) {
            let value = serde_json::json!({"keys": keys, "numbers": numbers});
            let text = value.to_string();
            let document = parse(&text);
            prop_assert_eq!(&document.error, &None);
            let array = document.get(document.root().unwrap(), "keys").unwrap();
            let read: Vec<_> = document.children(array).map(|id| document.text(id).unwrap().to_owned()).collect();
            prop_assert_eq!(read, keys);
        }
    }
}

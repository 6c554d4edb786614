//! JSON as CPython's `json` module reads it, into a flat tree: any encoding it detects, `NaN` and `Infinity`, and
//! keys that occur twice.
//!
//! The parser is iterative, so depth costs nothing but nodes. A text that breaks off leaves the tree read so far and
//! says where. Cost: one pass over the text; at most [`MAX_NODES`] nodes of about 100 bytes.
//!
//! Source: RFC 8259; CPython `Lib/json/__init__.py` (`detect_encoding`) and `Lib/json/scanner.py`.

use bartizan_core::Cursor;
use std::borrow::Cow;
use std::fmt::Write as _;

/// Most values one document may hold; configurations of the largest published models hold some 200,000.
pub const MAX_NODES: usize = 1 << 20;

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
    /// Why the text was not read to its end.
    pub error: Option<JsonError>,
}

/// Why a text is not JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at offset {offset}")]
pub struct JsonError {
    /// Byte offset in the decoded text.
    pub offset: usize,
    /// What was wrong there.
    pub reason: &'static str,
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
    let mut parser = Parser {
        text,
        cursor: Cursor::new(text.as_bytes()),
        document: Document { nodes: Vec::new(), depth: 0, error: None },
    };
    parser.document.error = parser.run().err();
    parser.document
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
                    node.key.replace('~', "~0").replace('/', "~1")
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

struct Parser<'a> {
    text: &'a str,
    cursor: Cursor<'a>,
    document: Document<'a>,
}

impl<'a> Parser<'a> {
    fn run(&mut self) -> Result<(), JsonError> {
        // The open arrays and objects, outermost first.
        let mut open: Vec<u32> = Vec::new();
        self.skip_space();
        loop {
            let key = match open.last() {
                Some(&container) if self.is_object(container) => self.key()?,
                _ => Cow::Borrowed(""),
            };
            let id = self.value(open.last().copied().unwrap_or(NONE), key)?;
            self.skip_space();
            if matches!(self.document.value(NodeId(id)), Value::Array | Value::Object) {
                open.push(id);
                self.document.depth = self.document.depth.max(open.len());
                if !self.close_if_next(id) {
                    continue;
                }
                open.pop();
            }
            // A value ended: close what ends with it, then a comma or the end of the text must follow.
            loop {
                self.skip_space();
                let Some(&container) = open.last() else {
                    return if self.cursor.is_at_end() {
                        Ok(())
                    } else {
                        Err(self.error("text after the value"))
                    };
                };
                if self.close_if_next(container) {
                    open.pop();
                } else if self.cursor.peek() == Some(b',') {
                    let _ = self.cursor.u8();
                    self.skip_space();
                    break;
                } else {
                    return Err(self.error("neither a comma nor the end of the array or object"));
                }
            }
        }
    }

    fn is_object(&self, id: u32) -> bool {
        self.document.is_object(NodeId(id))
    }

    /// Passes the bracket that closes `container` if it comes next.
    fn close_if_next(&mut self, container: u32) -> bool {
        let bracket = if self.is_object(container) { b'}' } else { b']' };
        let closes = self.cursor.peek() == Some(bracket);
        if closes {
            let _ = self.cursor.u8();
        }
        closes
    }

    fn key(&mut self) -> Result<Cow<'a, str>, JsonError> {
        if self.cursor.peek() != Some(b'"') {
            return Err(self.error("no quoted key"));
        }
        let key = self.string()?;
        self.skip_space();
        if self.cursor.peek() != Some(b':') {
            return Err(self.error("no colon after a key"));
        }
        let _ = self.cursor.u8();
        self.skip_space();
        Ok(key)
    }

    /// Reads a scalar, or the opening bracket of a container, and adds it under `parent`.
    fn value(&mut self, parent: u32, key: Cow<'a, str>) -> Result<u32, JsonError> {
        let offset = self.cursor.position();
        let value = match self.cursor.peek() {
            Some(b'{') => self.bracket(Value::Object),
            Some(b'[') => self.bracket(Value::Array),
            Some(b'"') => Value::Text(self.string()?),
            Some(_) => self.word()?,
            None => return Err(self.error("the text ends where a value should be")),
        };
        if self.document.nodes.len() >= MAX_NODES {
            return Err(JsonError { offset, reason: "more values than are read" });
        }
        let id = u32::try_from(self.document.nodes.len()).unwrap_or(NONE);
        let mut position = 0;
        let previous = self.document.nodes.get(parent as usize).map_or(NONE, |node| node.last_child);
        if let Some(node) = self.document.nodes.get_mut(previous as usize) {
            node.next_sibling = id;
            position = node.position.saturating_add(1);
        }
        if let Some(node) = self.document.nodes.get_mut(parent as usize) {
            node.last_child = id;
            if node.first_child == NONE {
                node.first_child = id;
            }
        }
        self.document.nodes.push(Node {
            parent,
            first_child: NONE,
            last_child: NONE,
            next_sibling: NONE,
            position,
            offset,
            key,
            value,
        });
        Ok(id)
    }

    fn bracket(&mut self, value: Value<'a>) -> Value<'a> {
        let _ = self.cursor.u8();
        value
    }

    fn word(&mut self) -> Result<Value<'a>, JsonError> {
        let offset = self.cursor.position();
        let rest = self.cursor.rest();
        let length = rest
            .iter()
            .position(|byte| !matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'+' | b'-' | b'.'))
            .unwrap_or(rest.len());
        let word = self.text.get(offset..offset.saturating_add(length)).unwrap_or_default();
        let value = match word {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "NaN" | "Infinity" | "-Infinity" => Value::Number(word),
            _ if word.parse::<f64>().is_ok() && !word.contains(['i', 'n', 'I', 'N']) => Value::Number(word),
            _ => return Err(self.error("neither a value nor the end of the array or object")),
        };
        let _ = self.cursor.take(length);
        Ok(value)
    }

    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        let _ = self.cursor.u8();
        let start = self.cursor.position();
        let unclosed = JsonError { offset: start.saturating_sub(1), reason: "a string without an end" };
        let mut built: Option<String> = None;
        let mut plain_from = start;
        loop {
            let rest = self.cursor.rest();
            let Some(length) = memchr::memchr2(b'"', b'\\', rest) else { return Err(unclosed) };
            let _ = self.cursor.take(length);
            let plain = self.text.get(plain_from..self.cursor.position()).unwrap_or_default();
            if self.cursor.u8() == Ok(b'"') {
                return Ok(match built {
                    Some(mut text) => {
                        text.push_str(plain);
                        Cow::Owned(text)
                    }
                    None => Cow::Borrowed(plain),
                });
            }
            let text = built.get_or_insert_default();
            text.push_str(plain);
            let Ok(escape) = self.cursor.u8() else { return Err(unclosed) };
            let character = match escape {
                b'"' => '"',
                b'\\' => '\\',
                b'/' => '/',
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                b'u' => self.unicode_escape()?,
                _ => return Err(self.error("an escape that JSON does not have")),
            };
            if let Some(text) = &mut built {
                text.push(character);
            }
            plain_from = self.cursor.position();
        }
    }

    /// The character of `\uXXXX`, with the low half of a surrogate pair when it follows.
    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        let high = self.four_hex_digits()?;
        if (0xd800..0xdc00).contains(&high) && self.cursor.rest().starts_with(b"\\u") {
            let before = self.cursor.clone();
            let _ = self.cursor.take(2);
            let low = self.four_hex_digits()?;
            if (0xdc00..0xe000).contains(&low) {
                let offset = ((high & 0x3ff) << 10) | (low & 0x3ff);
                return Ok(
                    char::from_u32(offset.saturating_add(0x1_0000)).unwrap_or(char::REPLACEMENT_CHARACTER)
                );
            }
            self.cursor = before;
        }
        Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn four_hex_digits(&mut self) -> Result<u32, JsonError> {
        let digits = self.cursor.array::<4>().ok();
        digits
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| u32::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok())
            .ok_or_else(|| self.error("a \\u escape without four hexadecimal digits"))
    }

    fn skip_space(&mut self) {
        while matches!(self.cursor.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            let _ = self.cursor.u8();
        }
    }

    fn error(&self, reason: &'static str) -> JsonError {
        JsonError { offset: self.cursor.position(), reason }
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
        assert_eq!(parse(&text).depth, 200_000);
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

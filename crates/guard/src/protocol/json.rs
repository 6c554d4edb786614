//! JSON read without copying, with the place of every value: [`Json`].
//!
//! Source: RFC 8259, strictly: what lenient readers add (comments, `NaN`, trailing commas, a byte order mark) is an error, so that
//! nothing is judged in one reading and understood in another. Repeated keys are kept, all of them.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

/// Bounds of one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonLimits {
    /// How deep arrays and objects may nest.
    pub depth: usize,
    /// How many values there may be.
    pub values: usize,
}

impl Default for JsonLimits {
    fn default() -> Self {
        Self { depth: 64, values: 1 << 20 }
    }
}

/// Why bytes are no JSON, or more than is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not UTF-8.
    #[error("the bytes at offset {0} are not UTF-8")]
    Encoding(usize),
    /// Something else was to come.
    #[error("expected {expected} at offset {offset}")]
    Syntax {
        /// What the grammar asks for.
        expected: &'static str,
        /// Where, in bytes.
        offset: usize,
    },
    /// Deeper than [`JsonLimits::depth`].
    #[error("arrays and objects nest deeper than {0}")]
    Depth(usize),
    /// More values than [`JsonLimits::values`].
    #[error("there are more than {0} values")]
    Values(usize),
    /// Longer than offsets are counted.
    #[error("the document has more than 4 GiB")]
    TooLong,
}

/// A document: its values in the order they stand, each with its place.
#[derive(Debug, Clone)]
pub struct Json<'b> {
    body: &'b str,
    slots: Vec<Slot>,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    kind: Kind,
    start: u32,
    end: u32,
    /// Bytes of the key's string, quotes included; none in arrays and at the root.
    key: Option<(u32, u32)>,
    /// One past the last slot inside this one.
    next: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Null,
    True,
    False,
    Number,
    String,
    Array,
    Object,
}

/// One value in a document.
#[derive(Debug, Clone, Copy)]
pub struct Node<'j, 'b> {
    json: &'j Json<'b>,
    slot: u32,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'b> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it is written.
    Number(&'b str),
    /// A string with its escapes read; half of a surrogate pair becomes U+FFFD.
    String(Cow<'b, str>),
    /// An array.
    Array,
    /// An object.
    Object,
}

impl<'b> Json<'b> {
    /// Reads a document. Time and memory grow with its length.
    ///
    /// # Errors
    /// Each variant of [`JsonError`].
    pub fn read(body: &'b [u8], limits: JsonLimits) -> Result<Self, JsonError> {
        if u32::try_from(body.len()).is_err() {
            return Err(JsonError::TooLong);
        }
        let body = std::str::from_utf8(body).map_err(|error| JsonError::Encoding(error.valid_up_to()))?;
        let mut reader =
            Reader { bytes: body.as_bytes(), at: 0, slots: Vec::with_capacity(FEW_VALUES), limits };
        reader.document()?;
        Ok(Self { body, slots: reader.slots })
    }

    /// Every string, keys included, with its place in the body, quotes included, in the order they stand.
    pub fn strings(&self) -> impl Iterator<Item = (Range<usize>, Cow<'b, str>)> {
        let string = |(start, end): (u32, u32)| {
            let span = start as usize..end as usize;
            let text = unquoted(self.body.get(span.clone()).unwrap_or_default());
            (span, text)
        };
        self.slots.iter().flat_map(move |slot| {
            let own = (slot.kind == Kind::String).then_some((slot.start, slot.end));
            slot.key.into_iter().chain(own).map(string)
        })
    }

    /// How many values there are.
    pub(super) fn values(&self) -> usize {
        self.slots.len()
    }

    /// Whether an object has a key twice, in whichever case: readers differ in which they take.
    pub(crate) fn repeats_a_key(&self) -> bool {
        let mut keys = Vec::new();
        self.slots.iter().enumerate().any(|(slot, object)| {
            if object.kind != Kind::Object {
                return false;
            }
            let node = Node { json: self, slot: slot as u32 };
            keys.clear();
            let written = node.slots().filter_map(|(_, key)| key);
            keys.extend(written.filter_map(|(start, end)| self.body.get(start as usize..end as usize)));
            match keys.as_slice() {
                [] | [_] => false,
                few if few.len() <= FEW_KEYS && few.iter().all(|key| is_plain(key)) => few
                    .iter()
                    .enumerate()
                    .any(|(place, key)| few.iter().take(place).any(|other| key.eq_ignore_ascii_case(other))),
                many => {
                    let names: HashSet<String> =
                        many.iter().map(|key| folded(&unquoted(key)).into_owned()).collect();
                    names.len() < many.len()
                }
            }
        })
    }

    /// The outermost value.
    pub fn root(&self) -> Node<'_, 'b> {
        Node { json: self, slot: 0 }
    }
}

impl<'j, 'b> Node<'j, 'b> {
    fn slot(self) -> Option<&'j Slot> {
        self.json.slots.get(self.slot as usize)
    }

    /// Where it stands in the body, in bytes.
    pub fn span(self) -> Range<usize> {
        self.slot().map_or(0..0, |slot| slot.start as usize..slot.end as usize)
    }

    /// Where its key stands in the body with its quotes, in bytes; none in arrays and at the root.
    pub fn key_span(self) -> Option<Range<usize>> {
        self.slot()?.key.map(|(start, end)| start as usize..end as usize)
    }

    /// Its key; none in arrays and at the root.
    pub(super) fn key(self) -> Option<Cow<'b, str>> {
        self.key_span().map(|span| unquoted(self.json.body.get(span).unwrap_or_default()))
    }

    /// Its place among the values of the document, and those of what is in it, in the order they stand.
    pub(super) fn place(self) -> Range<usize> {
        let start = self.slot as usize;
        start..self.slot().map_or(start, |slot| slot.next as usize)
    }

    /// This and everything in it, in the order it stands.
    pub(super) fn inside(self) -> impl Iterator<Item = Node<'j, 'b>> {
        let json = self.json;
        self.place().map(move |slot| Node { json, slot: slot as u32 })
    }

    /// How it is written.
    pub fn raw(self) -> &'b str {
        self.json.body.get(self.span()).unwrap_or_default()
    }

    /// What it is.
    pub fn value(self) -> Value<'b> {
        match self.slot().map(|slot| slot.kind) {
            Some(Kind::True) => Value::Bool(true),
            Some(Kind::False) => Value::Bool(false),
            Some(Kind::Number) => Value::Number(self.raw()),
            Some(Kind::String) => Value::String(unquoted(self.raw())),
            Some(Kind::Array) => Value::Array,
            Some(Kind::Object) => Value::Object,
            Some(Kind::Null) | None => Value::Null,
        }
    }

    /// The string it is.
    pub fn as_str(self) -> Option<Cow<'b, str>> {
        matches!(self.slot(), Some(slot) if slot.kind == Kind::String).then(|| unquoted(self.raw()))
    }

    /// Whether it is a string.
    pub fn is_string(self) -> bool {
        matches!(self.slot(), Some(slot) if slot.kind == Kind::String)
    }

    /// Whether there is nothing in it, neither text nor values.
    pub(super) fn is_bare(self) -> bool {
        !matches!(self.slot(), Some(slot) if matches!(slot.kind, Kind::String | Kind::Array | Kind::Object))
    }

    /// Whether it is an object.
    pub fn is_object(self) -> bool {
        matches!(self.slot(), Some(slot) if slot.kind == Kind::Object)
    }

    /// Whether it is an array.
    pub fn is_array(self) -> bool {
        matches!(self.slot(), Some(slot) if slot.kind == Kind::Array)
    }

    /// What is directly in it, with keys where it is an object, in the order it stands there.
    pub fn children(self) -> impl Iterator<Item = (Option<Cow<'b, str>>, Node<'j, 'b>)> {
        let json = self.json;
        self.slots().map(move |(slot, key)| {
            let key = key.map(|(start, end)| {
                unquoted(json.body.get(start as usize..end as usize).unwrap_or_default())
            });
            (key, Node { json, slot })
        })
    }

    /// The members of an array; nothing of anything else.
    pub fn items(self) -> impl Iterator<Item = Node<'j, 'b>> {
        let json = self.json;
        self.slots().filter(move |(_, key)| key.is_none()).map(move |(slot, _)| Node { json, slot })
    }

    /// Every value under a key. Some readers take the first, some the last, and some do not look at case: all that any may take
    /// is here.
    pub fn all(self, name: &str) -> impl Iterator<Item = Node<'j, 'b>> {
        let json = self.json;
        self.slots().filter_map(move |(slot, key)| {
            let (start, end) = key?;
            // Most keys are told by their first letter.
            let begin = json.body.as_bytes().get(start as usize + 1)?;
            if begins_otherwise(*begin, name) {
                return None;
            }
            let key = json.body.get(start as usize..end as usize)?;
            is_key(key, name).then_some(Node { json, slot })
        })
    }

    /// The last value under a key, which most readers take.
    pub fn get(self, name: &str) -> Option<Node<'j, 'b>> {
        self.all(name).last()
    }

    fn slots(self) -> impl Iterator<Item = (u32, Option<(u32, u32)>)> {
        let slots = &self.json.slots;
        let end = self.slot().map_or(0, |slot| slot.next);
        let mut at = self.slot.saturating_add(1);
        std::iter::from_fn(move || {
            let here = at;
            let slot = slots.get(here as usize).filter(|_| here < end)?;
            at = slot.next;
            Some((here, slot.key))
        })
    }
}

/// Whether a written key (with its quotes) is read as `name`, without regard to case, as Go reads it: U+017F is an `s` there and
/// U+212A a `k`.
fn is_key(written: &str, name: &str) -> bool {
    let inner = written.get(1..written.len().saturating_sub(1)).unwrap_or_default();
    // However a character is written otherwise, it takes more bytes than the one that it is read as.
    if inner.len() <= name.len() {
        return inner.eq_ignore_ascii_case(name);
    }
    if is_plain(inner) {
        return false;
    }
    unquoted(written).chars().map(lower).eq(name.chars().map(|each| each.to_ascii_lowercase()))
}

/// Whether a key whose first byte is this cannot be read as `name`: another character of ASCII, and no escape of one.
fn begins_otherwise(begin: u8, name: &str) -> bool {
    begin.is_ascii()
        && begin != b'\\'
        && name.as_bytes().first().is_some_and(|first| !first.eq_ignore_ascii_case(&begin))
}

/// Whether a byte ends a string, begins an escape or must not stand in one.
#[expect(clippy::needless_bitwise_bool, reason = "so that many bytes are asked at once")]
const fn is_mark(byte: u8) -> bool {
    (byte == b'"') | (byte == b'\\') | (byte < 0x20)
}

/// Values that there is room for at first: as many as most bodies have.
const FEW_VALUES: usize = 32;
/// Objects of more keys are compared by sorting.
const FEW_KEYS: usize = 32;

/// Whether a written key is read as it stands, but for its case.
fn is_plain(written: &str) -> bool {
    written.bytes().all(|byte| byte.is_ascii() && byte != b'\\')
}

/// A character of a key as Go reads it, without regard to case.
fn lower(character: char) -> char {
    match character {
        'ſ' => 's',
        '\u{212A}' => 'k',
        other => other.to_ascii_lowercase(),
    }
}

/// A key without regard to case, as [`Node::all`] compares keys.
pub(super) fn folded(key: &str) -> Cow<'_, str> {
    if key.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Cow::Borrowed(key);
    }
    Cow::Owned(key.chars().map(lower).collect())
}

/// What a string says, given with its quotes.
pub(crate) fn unquoted(written: &str) -> Cow<'_, str> {
    let inner = written.get(1..written.len().saturating_sub(1)).unwrap_or_default();
    let Some(first) = memchr::memchr(b'\\', inner.as_bytes()) else { return Cow::Borrowed(inner) };
    let mut text = String::with_capacity(inner.len());
    text.push_str(inner.get(..first).unwrap_or_default());
    let mut rest = inner.get(first..).unwrap_or_default();
    while let Some(escape) = rest.strip_prefix('\\') {
        let kind = escape.chars().next().unwrap_or('\\');
        rest = escape.get(kind.len_utf8()..).unwrap_or_default();
        match kind {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            'b' => text.push('\u{8}'),
            'f' => text.push('\u{c}'),
            'u' => {
                let (character, after) = unicode(rest);
                text.push(character);
                rest = after;
            }
            other => text.push(other),
        }
        let next = memchr::memchr(b'\\', rest.as_bytes()).unwrap_or(rest.len());
        text.push_str(rest.get(..next).unwrap_or_default());
        rest = rest.get(next..).unwrap_or_default();
    }
    Cow::Owned(text)
}

/// The character of `XXXX` after `\u`, perhaps with the second half of its pair, and what follows.
fn unicode(rest: &str) -> (char, &str) {
    let digits = |text: &str| text.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let Some(first) = digits(rest) else { return (char::REPLACEMENT_CHARACTER, rest) };
    let after = rest.get(4..).unwrap_or_default();
    if let Some(character) = char::from_u32(first) {
        return (character, after);
    }
    let second = after.strip_prefix("\\u").and_then(digits).filter(|low| (0xDC00..0xE000).contains(low));
    if let Some(second) = second.filter(|_| first < 0xDC00) {
        let combined = 0x1_0000 + ((first & 0x3FF) << 10) + (second & 0x3FF);
        let character = char::from_u32(combined).unwrap_or(char::REPLACEMENT_CHARACTER);
        return (character, after.get(6..).unwrap_or_default());
    }
    (char::REPLACEMENT_CHARACTER, after)
}

/// Writes a string as JSON.
pub(crate) fn quoted(text: &str, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => {
                out.extend_from_slice(b"\\u00");
                out.extend(
                    [byte >> 4, byte & 15].iter().filter_map(|nibble| DIGITS.get(usize::from(*nibble))),
                );
            }
            other => out.push(other),
        }
    }
    out.push(b'"');
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    slots: Vec<Slot>,
    limits: JsonLimits,
}

/// What the grammar asks for next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    FirstItemOrEnd,
    FirstKeyOrEnd,
    Key,
    CommaOrEnd,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<(), JsonError> {
        // Slots of the arrays and objects that are open.
        let mut open: Vec<u32> = Vec::new();
        let mut key = None;
        let mut next = Next::Value;
        loop {
            self.space();
            match next {
                Next::FirstItemOrEnd if self.peek() == Some(b']') => next = self.close(&mut open),
                Next::FirstKeyOrEnd if self.peek() == Some(b'}') => next = self.close(&mut open),
                Next::Value | Next::FirstItemOrEnd => next = self.value(&mut open, key.take())?,
                Next::Key | Next::FirstKeyOrEnd => {
                    if self.peek() != Some(b'"') {
                        return Err(self.expected("a key in quotes"));
                    }
                    let start = self.at;
                    self.string()?;
                    key = Some((start as u32, self.at as u32));
                    self.space();
                    self.expect(b':', "`:` after the key")?;
                    next = Next::Value;
                }
                Next::CommaOrEnd => {
                    let Some(&outer) = open.last() else {
                        return if self.at == self.bytes.len() {
                            Ok(())
                        } else {
                            Err(self.expected("the end of the document"))
                        };
                    };
                    let object = self.slots.get(outer as usize).is_some_and(|slot| slot.kind == Kind::Object);
                    match (self.peek(), object) {
                        (Some(b','), true) => {
                            self.at += 1;
                            next = Next::Key;
                        }
                        (Some(b','), false) => {
                            self.at += 1;
                            next = Next::Value;
                        }
                        (Some(b'}'), true) | (Some(b']'), false) => next = self.close(&mut open),
                        (_, true) => return Err(self.expected("`,` or `}`")),
                        (_, false) => return Err(self.expected("`,` or `]`")),
                    }
                }
            }
        }
    }

    fn close(&mut self, open: &mut Vec<u32>) -> Next {
        self.at += 1;
        let next = self.slots.len() as u32;
        if let Some(slot) = open.pop().and_then(|index| self.slots.get_mut(index as usize)) {
            slot.end = self.at as u32;
            slot.next = next;
        }
        Next::CommaOrEnd
    }

    fn value(&mut self, open: &mut Vec<u32>, key: Option<(u32, u32)>) -> Result<Next, JsonError> {
        if self.slots.len() >= self.limits.values {
            return Err(JsonError::Values(self.limits.values));
        }
        let (start, index) = (self.at, self.slots.len() as u32);
        let kind = match self.peek() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b't') => Kind::True,
            Some(b'f') => Kind::False,
            Some(b'n') => Kind::Null,
            Some(b'-' | b'0'..=b'9') => Kind::Number,
            _ => return Err(self.expected("a value")),
        };
        match kind {
            Kind::Object | Kind::Array => self.at += 1,
            Kind::String => self.string()?,
            Kind::True => self.word(b"true")?,
            Kind::False => self.word(b"false")?,
            Kind::Null => self.word(b"null")?,
            Kind::Number => self.number()?,
        }
        let slot =
            Slot { kind, start: start as u32, end: self.at as u32, key, next: index.saturating_add(1) };
        self.slots.push(slot);
        if !matches!(kind, Kind::Object | Kind::Array) {
            return Ok(Next::CommaOrEnd);
        }
        if open.len() >= self.limits.depth {
            return Err(JsonError::Depth(self.limits.depth));
        }
        open.push(index);
        Ok(if kind == Kind::Object { Next::FirstKeyOrEnd } else { Next::FirstItemOrEnd })
    }

    /// Passes over bytes of a string that mean themselves, many at once.
    fn plain(&mut self) {
        const BLOCK: usize = 16;
        let (blocks, _) = self.bytes.get(self.at..).unwrap_or_default().as_chunks::<BLOCK>();
        let is_free = |block: &&[u8; BLOCK]| !block.iter().fold(false, |any, byte| any | is_mark(*byte));
        self.at += blocks.iter().take_while(is_free).count() * BLOCK;
    }

    fn string(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        self.plain();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
                        Some(b'u') => {
                            self.at += 1;
                            for _ in 0..4 {
                                if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                                    return Err(self.expected("four hexadecimal digits"));
                                }
                                self.at += 1;
                            }
                        }
                        _ => return Err(self.expected("an escape")),
                    }
                    self.plain();
                }
                Some(0..0x20) => return Err(self.expected("no control character in a string")),
                Some(_) => self.at += 1,
                None => return Err(self.expected("the end of the string")),
            }
        }
    }

    fn number(&mut self) -> Result<(), JsonError> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.expected("a digit"));
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn word(&mut self, word: &'static [u8]) -> Result<(), JsonError> {
        if self.bytes.get(self.at..).is_none_or(|rest| !rest.starts_with(word)) {
            return Err(self.expected("a value"));
        }
        self.at += word.len();
        Ok(())
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), JsonError> {
        if self.peek() != Some(byte) {
            return Err(self.expected(expected));
        }
        self.at += 1;
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn expected(&self, expected: &'static str) -> JsonError {
        JsonError::Syntax { expected, offset: self.at }
    }
}

#[cfg(test)]
mod tests;

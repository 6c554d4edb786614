//! JSON (RFC 8259), read as a stream of events with the offset and the pointer of each value.
//!
//! Nesting is kept on an explicit stack and bounded; nothing is built but the path, so memory does not grow with the
//! document (except one 8-byte hash per key of the objects that are open, to tell duplicate keys). Linear time.
//! `NaN`, `Infinity` and a leading byte order mark are taken, as Python's `json` and most loaders take them. A reader that is
//! [`Reader::relaxed`] also takes what the tools of developers take in their settings (JSONC, JSON5) and says that it met it.

use std::borrow::Cow;
use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::fmt::Write as _;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher};

/// Deepest nesting followed. CPython's own reader gives up near 1,000.
pub const MAX_DEPTH: usize = 512;
/// Longest part of a name kept for the path, in bytes: a name of a megabyte over a million strings must not be copied
/// for each of them.
const KEY_BYTES: usize = 256;
/// Most steps shown of a pointer; the outermost are left out beyond.
const POINTER_STEPS: usize = 48;

/// One step through a document.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event<'a> {
    /// `{`
    ObjectStart,
    /// `}`
    ObjectEnd,
    /// `[`
    ArrayStart,
    /// `]`
    ArrayEnd,
    /// A member's name; its value follows. `duplicate` when the open object already had it.
    Key {
        /// The name.
        name: Text<'a>,
        /// Whether the object had this name before: readers differ on which one counts.
        duplicate: bool,
    },
    /// A string value.
    String(Text<'a>),
    /// A number, as written.
    Number(&'a str),
    /// `true` or `false`
    Bool(bool),
    /// `null`
    Null,
}

/// The inside of a JSON string, escapes not yet resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<'a> {
    raw: &'a [u8],
    escaped: bool,
}

/// Why a document could not be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at offset {offset}")]
pub struct JsonError {
    /// Byte offset of the mistake.
    pub offset: usize,
    /// What is wrong.
    pub reason: JsonMistake,
}

/// What is wrong with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonMistake {
    /// The text ends inside a value.
    #[error("the document ends inside a value")]
    Truncated,
    /// A byte that JSON does not allow here.
    #[error("unexpected character")]
    Unexpected,
    /// More levels than the reader follows.
    #[error("nested deeper than is read")]
    TooDeep,
    /// More values than a tree of them holds.
    #[error("more values than are read")]
    TooMany,
    /// Something follows the document.
    #[error("text after the end of the document")]
    Trailing,
}

/// A pull reader over one document; after an error or the end it gives `None` for ever.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
    open: Vec<Level<'a>>,
    expect: Expect,
    offset: usize,
    deepest: usize,
    hasher: RandomState,
    /// Whether comments, commas before an end, single quotes and bare names are taken.
    relaxed: bool,
    /// Where the first of them stands.
    departs: Option<usize>,
}

#[derive(Debug)]
struct Level<'a> {
    /// `None` in an array, the current member's name in an object.
    key: Option<Text<'a>>,
    index: usize,
    seen: Seen,
    is_object: bool,
}

/// Hashes of the names that an object has had. Most have few, and looking through those is quicker than a set.
#[derive(Debug, Default)]
struct Seen {
    few: Vec<u64>,
    many: HashSet<u64, BuildHasherDefault<Hashed>>,
}

impl Seen {
    /// Takes a hash; whether it is new.
    fn insert(&mut self, hash: u64) -> bool {
        if !self.many.is_empty() {
            return self.many.insert(hash);
        }
        if self.few.contains(&hash) {
            return false;
        }
        if self.few.len() < Self::FEW {
            self.few.push(hash);
        } else {
            self.many.extend(self.few.drain(..));
            self.many.insert(hash);
        }
        true
    }

    /// How many are looked through one by one.
    const FEW: usize = 16;
}

/// The hash of what was hashed before, with a key of this process: that is not done twice.
#[derive(Debug, Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    FirstOrClose,
    CommaOrClose,
    Colon,
    KeyAfterComma,
    ValueAfterComma,
    End,
    Done,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes` that follows [`MAX_DEPTH`] levels.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self::with_depth(bytes, MAX_DEPTH)
    }

    /// A reader at the start of `bytes` that follows `deepest` levels; each open one costs about 100 bytes.
    pub fn with_depth(bytes: &'a [u8], deepest: usize) -> Self {
        let position = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Self {
            bytes,
            position,
            open: Vec::new(),
            expect: Expect::Value,
            offset: position,
            deepest,
            hasher: RandomState::new(),
            relaxed: false,
            departs: None,
        }
    }

    /// The same reader for a text that people write: comments, a comma before an end, single quotes, bare names and the numbers of
    /// JSON5 are taken. Source: <https://code.visualstudio.com/docs/languages/json#_json-with-comments>, <https://spec.json5.org>.
    #[must_use]
    pub fn relaxed(mut self) -> Self {
        self.relaxed = true;
        self
    }

    /// Where the first thing stands that was taken and that JSON (RFC 8259) does not have; `None` in a reader that is not relaxed.
    pub fn departs(&self) -> Option<usize> {
        self.departs
    }

    /// After [`JsonMistake::Trailing`]: reads what follows as a document of its own, as in a file with one a line.
    pub fn resume(&mut self) {
        if self.open.is_empty() && self.position < self.bytes.len() {
            self.expect = Expect::Value;
        }
    }

    /// Offset of the last event's first byte.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// How many objects and arrays are open.
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    /// JSON pointer (RFC 6901) of the last event's value: the innermost [`POINTER_STEPS`] steps of it, names cut at
    /// [`KEY_BYTES`].
    pub fn pointer(&self) -> String {
        let skipped = self.open.len().saturating_sub(POINTER_STEPS);
        let mut shown = if skipped > 0 { "/…".to_owned() } else { String::new() };
        for level in self.open.iter().skip(skipped) {
            shown.push('/');
            match level.key {
                Some(key) => shown.push_str(&key.text().replace('~', "~0").replace('/', "~1")),
                None if level.is_object => {
                    shown.pop();
                }
                None => {
                    let _ = write!(shown, "{}", level.index);
                }
            }
        }
        shown
    }

    /// The name at `depth` (0 is the root's member), cut at [`KEY_BYTES`], when an object is open there.
    pub fn key_at(&self, depth: usize) -> Option<Text<'a>> {
        self.open.get(depth).and_then(|level| level.key)
    }

    /// The name of the innermost member the current value stands under, through arrays; cut at [`KEY_BYTES`].
    pub fn nearest_key(&self) -> Option<Text<'a>> {
        self.open.iter().rev().find_map(|level| level.key)
    }

    /// The index in the innermost array, when the innermost open container is one.
    pub fn index(&self) -> Option<usize> {
        self.open.last().filter(|level| !level.is_object).map(|level| level.index)
    }

    fn peek(&mut self) -> Option<u8> {
        loop {
            let rest = self.bytes.get(self.position..)?;
            let blank = rest
                .iter()
                .position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
                .unwrap_or(rest.len());
            self.position = self.position.saturating_add(blank);
            let byte = self.bytes.get(self.position).copied();
            if byte != Some(b'/') || !self.relaxed || !self.comment() {
                return byte;
            }
        }
    }

    /// Goes behind the comment that begins here; whether one does that also ends.
    fn comment(&mut self) -> bool {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let length = match rest {
            [b'/', b'/', ..] => memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len()),
            [b'/', b'*', body @ ..] => match memchr::memmem::find(body, b"*/") {
                Some(end) => end.saturating_add(4),
                None => return false,
            },
            _ => return false,
        };
        self.departed();
        self.position = self.position.saturating_add(length);
        true
    }

    /// Notes that what stands here is no JSON and is taken.
    fn departed(&mut self) {
        self.departs.get_or_insert(self.position);
    }

    fn fail(&mut self, reason: JsonMistake) -> JsonError {
        self.expect = Expect::Done;
        JsonError { offset: self.position.min(self.bytes.len()), reason }
    }

    fn advance(&mut self) {
        self.position = self.position.saturating_add(1);
    }

    fn step(&mut self) -> Result<Option<Event<'a>>, JsonError> {
        loop {
            if self.expect == Expect::Done {
                return Ok(None);
            }
            let Some(byte) = self.peek() else {
                if self.expect == Expect::End {
                    self.expect = Expect::Done;
                    return Ok(None);
                }
                return Err(self.fail(JsonMistake::Truncated));
            };
            self.offset = self.position;
            match self.expect {
                Expect::End => return Err(self.fail(JsonMistake::Trailing)),
                Expect::Colon => {
                    if byte != b':' {
                        return Err(self.fail(JsonMistake::Unexpected));
                    }
                    self.advance();
                    self.expect = Expect::Value;
                }
                Expect::CommaOrClose => match byte {
                    b',' => {
                        self.advance();
                        match self.open.last_mut() {
                            Some(level) if level.is_object => self.expect = Expect::KeyAfterComma,
                            Some(level) => {
                                level.index = level.index.saturating_add(1);
                                self.expect = Expect::ValueAfterComma;
                            }
                            None => return Err(self.fail(JsonMistake::Unexpected)),
                        }
                    }
                    _ => return self.close(byte).map(Some),
                },
                Expect::FirstOrClose => {
                    let in_object = self.open.last().is_some_and(|level| level.is_object);
                    if byte == b'}' || byte == b']' {
                        return self.close(byte).map(Some);
                    }
                    if in_object {
                        return self.key(byte).map(Some);
                    }
                    return self.value(byte).map(Some);
                }
                Expect::KeyAfterComma | Expect::ValueAfterComma
                    if self.relaxed && matches!(byte, b'}' | b']') =>
                {
                    self.departed();
                    return self.close(byte).map(Some);
                }
                Expect::KeyAfterComma => return self.key(byte).map(Some),
                Expect::Value | Expect::ValueAfterComma => return self.value(byte).map(Some),
                Expect::Done => return Ok(None),
            }
        }
    }

    fn close(&mut self, byte: u8) -> Result<Event<'a>, JsonError> {
        let event = match (byte, self.open.last().map(|level| level.is_object)) {
            (b'}', Some(true)) => Event::ObjectEnd,
            (b']', Some(false)) => Event::ArrayEnd,
            _ => return Err(self.fail(JsonMistake::Unexpected)),
        };
        self.advance();
        self.open.pop();
        self.after_value();
        Ok(event)
    }

    fn after_value(&mut self) {
        self.expect = if self.open.is_empty() { Expect::End } else { Expect::CommaOrClose };
    }

    fn key(&mut self, byte: u8) -> Result<Event<'a>, JsonError> {
        let name = match byte {
            b'"' => self.string(byte)?,
            b'\'' if self.relaxed => self.string(byte)?,
            _ => self.bare_name().ok_or_else(|| self.fail(JsonMistake::Unexpected))?,
        };
        let hash = match name.plain() {
            Some(name) => self.hasher.hash_one(name),
            None => self.hasher.hash_one(name.text().as_bytes()),
        };
        let mut duplicate = false;
        if let Some(level) = self.open.last_mut() {
            let kept = name.raw.get(..KEY_BYTES).unwrap_or(name.raw);
            level.key = Some(Text { raw: kept, escaped: name.escaped });
            duplicate = !level.seen.insert(hash);
        }
        self.expect = Expect::Colon;
        Ok(Event::Key { name, duplicate })
    }

    fn open(&mut self, is_object: bool) -> Result<(), JsonError> {
        if self.open.len() >= self.deepest {
            return Err(self.fail(JsonMistake::TooDeep));
        }
        self.advance();
        self.open.push(Level { key: None, index: 0, seen: Seen::default(), is_object });
        self.expect = Expect::FirstOrClose;
        Ok(())
    }

    fn value(&mut self, byte: u8) -> Result<Event<'a>, JsonError> {
        match byte {
            b'{' => self.open(true).map(|()| Event::ObjectStart),
            b'[' => self.open(false).map(|()| Event::ArrayStart),
            b'"' | b'\'' if byte == b'"' || self.relaxed => {
                let text = self.string(byte)?;
                self.after_value();
                Ok(Event::String(text))
            }
            _ => {
                let rest = self.bytes.get(self.position..).unwrap_or_default();
                let length = rest
                    .iter()
                    .take(Self::NUMBER_CHARS)
                    .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')))
                    .unwrap_or(rest.len().min(Self::NUMBER_CHARS));
                let word =
                    rest.get(..length).and_then(|word| std::str::from_utf8(word).ok()).unwrap_or_default();
                let event = match word {
                    "true" => Event::Bool(true),
                    "false" => Event::Bool(false),
                    "null" => Event::Null,
                    "NaN" | "Infinity" | "-Infinity" => Event::Number(word),
                    _ if is_number(word) => Event::Number(word),
                    _ if self.relaxed && is_written_number(word) => {
                        self.departed();
                        Event::Number(word)
                    }
                    _ if length == rest.len() && !word.is_empty() => {
                        return Err(self.fail(JsonMistake::Truncated));
                    }
                    _ => return Err(self.fail(JsonMistake::Unexpected)),
                };
                self.position = self.position.saturating_add(length);
                self.after_value();
                Ok(event)
            }
        }
    }

    /// A name without quotes at the current byte, in a reader that is relaxed.
    fn bare_name(&mut self) -> Option<Text<'a>> {
        let rest = self.bytes.get(self.position..).filter(|_| self.relaxed)?;
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..);
        let length = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        let raw = rest.get(..length).filter(|raw| raw.first().is_some_and(|byte| !byte.is_ascii_digit()))?;
        self.departed();
        self.position = self.position.saturating_add(length);
        Some(Text { raw, escaped: false })
    }

    /// The string whose opening quote is the current byte, `quote`.
    fn string(&mut self, quote: u8) -> Result<Text<'a>, JsonError> {
        if quote != b'"' {
            self.departed();
        }
        self.advance();
        let start = self.position;
        let mut escaped = false;
        let mut at = start;
        loop {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let Some(step) = memchr::memchr2(quote, b'\\', rest) else {
                self.position = self.bytes.len();
                return Err(self.fail(JsonMistake::Truncated));
            };
            at = at.saturating_add(step);
            if self.bytes.get(at) == Some(&quote) {
                break;
            }
            escaped = true;
            at = at.saturating_add(2);
        }
        self.position = at.saturating_add(1);
        Ok(Text { raw: self.bytes.get(start..at).unwrap_or_default(), escaped })
    }

    /// Longest number looked at, in bytes.
    const NUMBER_CHARS: usize = 1024;
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<Event<'a>, JsonError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}

impl<'a> Text<'a> {
    /// The bytes as written, when they are the characters: no escape among them, and valid UTF-8 or ASCII.
    fn plain(&self) -> Option<&'a [u8]> {
        (!self.escaped && (self.raw.is_ascii() || std::str::from_utf8(self.raw).is_ok())).then_some(self.raw)
    }

    /// The characters, escapes resolved; lone surrogates and bad UTF-8 become U+FFFD.
    pub fn text(&self) -> Cow<'a, str> {
        if !self.escaped {
            return String::from_utf8_lossy(self.raw);
        }
        let raw = String::from_utf8_lossy(self.raw);
        let mut shown = String::with_capacity(raw.len());
        let mut characters = raw.chars();
        while let Some(character) = characters.next() {
            if character != '\\' {
                shown.push(character);
                continue;
            }
            match characters.next() {
                Some('n') => shown.push('\n'),
                Some('t') => shown.push('\t'),
                Some('r') => shown.push('\r'),
                Some('b') => shown.push('\u{8}'),
                Some('f') => shown.push('\u{c}'),
                Some('u') => {
                    let first = hex4(&mut characters).unwrap_or(0xfffd);
                    let code = if (0xd800..0xdc00).contains(&first) {
                        let mut ahead = characters.clone();
                        let low = (ahead.next() == Some('\\') && ahead.next() == Some('u'))
                            .then(|| hex4(&mut ahead))
                            .flatten()
                            .filter(|low| (0xdc00..0xe000).contains(low));
                        match low {
                            Some(low) => {
                                characters = ahead;
                                ((first & 0x3ff) << 10 | low & 0x3ff).saturating_add(0x10000)
                            }
                            None => 0xfffd,
                        }
                    } else {
                        first
                    };
                    shown.push(char::from_u32(code).unwrap_or('\u{fffd}'));
                }
                Some(other) => shown.push(other),
                None => {}
            }
        }
        Cow::Owned(shown)
    }

    /// Bytes between the quotes, undecoded.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }
}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        if self.escaped { self.text() == other } else { self.raw == other.as_bytes() }
    }
}

fn hex4(characters: &mut std::str::Chars<'_>) -> Option<u32> {
    let mut code = 0u32;
    for _ in 0..4 {
        code = code << 4 | characters.next()?.to_digit(16)?;
    }
    Some(code)
}

/// Whether `word` has the shape of a JSON number. Leading zeros are let through; they harm nobody.
fn is_number(word: &str) -> bool {
    let body = word.strip_prefix('-').unwrap_or(word);
    body.as_bytes().first().is_some_and(u8::is_ascii_digit)
        && body.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'))
}

/// Whether `word` is a number as JSON5 has them: with a sign, in hexadecimal, or with a bare point.
fn is_written_number(word: &str) -> bool {
    let body = word.strip_prefix(['+', '-']).unwrap_or(word);
    match body.strip_prefix("0x").or_else(|| body.strip_prefix("0X")) {
        Some(digits) => !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => {
            matches!(body, "NaN" | "Infinity")
                || is_number(body.strip_prefix('.').unwrap_or(body)) && !body.starts_with('-')
        }
    }
}

/// Line and column, both from 1, of byte `offset` in `text`; the column counts characters. Linear in `offset`.
pub fn line_and_column(text: &[u8], offset: usize) -> (u32, u32) {
    let before = text.get(..offset.min(text.len())).unwrap_or_default();
    let line = memchr::memchr_iter(b'\n', before).count().saturating_add(1);
    let start = memchr::memrchr(b'\n', before).map_or(0, |at| at.saturating_add(1));
    let column = before
        .get(start..)
        .unwrap_or_default()
        .iter()
        .filter(|&&byte| byte & 0xc0 != 0x80)
        .count()
        .saturating_add(1);
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn strings(document: &str) -> Vec<(String, String)> {
        let mut reader = Reader::new(document.as_bytes());
        let mut found = Vec::new();
        while let Some(Ok(event)) = reader.next() {
            if let Event::String(text) = event {
                found.push((reader.pointer(), text.text().into_owned()));
            }
        }
        found
    }

    #[test]
    fn every_string_has_its_pointer() {
        let found = strings(r#"{"a/b": ["x", {"c": "y"}], "d": "z"}"#);
        let expected = [("/a~1b/0", "x"), ("/a~1b/1/c", "y"), ("/d", "z")];
        assert_eq!(found, expected.map(|(at, text)| (at.to_owned(), text.to_owned())));
    }

    #[test]
    fn escapes_and_surrogate_pairs_are_resolved() {
        assert_eq!(strings(r#"["\u005f\ud83d\ude00\n"]"#), [("/0".to_owned(), "_😀\n".to_owned())]);
    }

    #[test]
    fn a_repeated_key_is_told_even_when_spelt_with_escapes() {
        let events: Vec<_> = Reader::new(br#"{"a":1,"\u0061":2}"#).map(Result::unwrap).collect();
        assert!(events.iter().any(|event| matches!(event, Event::Key { duplicate: true, .. })));
    }

    #[test]
    fn nesting_beyond_the_bound_is_an_error_not_a_crash() {
        let deep = "[".repeat(100_000);
        let last = Reader::new(deep.as_bytes()).last();
        assert_eq!(last, Some(Err(JsonError { offset: MAX_DEPTH, reason: JsonMistake::TooDeep })));
    }

    #[test]
    fn a_huge_name_or_a_deep_path_does_not_make_huge_pointers() {
        let name = "k".repeat(100_000);
        let pointer = &strings(&format!(r#"{{"{name}": ["x"]}}"#))[0].0;
        assert_eq!(pointer, &format!("/{}/0", &name[..KEY_BYTES]));
        let deep = format!("{}\"x\"{}", "[".repeat(300), "]".repeat(300));
        assert_eq!(strings(&deep)[0].0, format!("/…{}", "/0".repeat(POINTER_STEPS)));
    }

    #[test]
    fn mistakes_know_their_offset() {
        let last = Reader::new(b"{invalid").last();
        assert_eq!(last, Some(Err(JsonError { offset: 1, reason: JsonMistake::Unexpected })));
        assert!(Reader::new(b"{} x").last().unwrap().is_err());
        assert_eq!(line_and_column(b"ab\ncd", 4), (2, 2));
    }

    /// What a relaxed reader makes of a document: its strings, its mistake, and where it is no JSON.
    fn relaxed(document: &str) -> (Vec<String>, Option<JsonMistake>, Option<usize>) {
        let mut reader = Reader::new(document.as_bytes()).relaxed();
        let (mut found, mut mistake) = (Vec::new(), None);
        while let Some(event) = reader.next() {
            match event {
                Ok(Event::String(text)) => found.push(format!("{}={}", reader.pointer(), text.text())),
                Ok(_) => {}
                Err(error) => mistake = Some(error.reason),
            }
        }
        (found, mistake, reader.departs())
    }

    #[test]
    fn settings_that_people_write_are_read_where_that_is_asked_for() {
        let text = "// head\n{\n  \"a\": [\"x\", /* why */ 'it\\'s',],\n  $b_1: +.5, \"c\": 0xFF, // end\n  \"d\": \"//y\",\n}\n// foot";
        let found = ["/a/0=x", "/a/1=it's", "/d=//y"].map(str::to_owned).to_vec();
        assert_eq!(relaxed(text), (found, None, Some(0)));
        assert_eq!(relaxed("{\"a\": [\"//x\"]}"), (vec!["/a/0=//x".to_owned()], None, None));
        for strict in ["{\"a\": 1,}", "[1,]", "// x\n1", "['x']", "{a: 1}", "[+1]"] {
            assert!(Reader::new(strict.as_bytes()).last().unwrap().is_err(), "{strict}");
            assert_eq!(relaxed(strict).1, None, "{strict}");
        }
        for wrong in
            ["{,}", "[,]", "[1,,2]", "{1a: 2}", "/* never ends", "[1 /* x ]", "{a b: 1}", "[.]", "[0x]"]
        {
            assert!(relaxed(wrong).1.is_some(), "{wrong}");
        }
    }

    #[test]
    fn documents_that_follow_each_other_are_read_one_by_one() {
        let mut reader = Reader::new(b"{\"a\":1}\n[\"x\"]\n");
        let (mut strings, mut breaks) = (0, 0);
        while let Some(event) = reader.next() {
            match event {
                Err(error) if error.reason == JsonMistake::Trailing => {
                    breaks += 1;
                    reader.resume();
                }
                Ok(Event::String(_)) => strings += 1,
                event => assert!(event.is_ok()),
            }
        }
        assert_eq!((strings, breaks), (1, 1));
    }

    proptest! {
        #[test]
        fn any_bytes_end_the_walk(bytes: Vec<u8>) {
            prop_assert!(Reader::new(&bytes).count() <= bytes.len() + 2);
        }

        #[test]
        fn any_settings_end_the_walk(text in "[\\{\\}\\[\\]\"',:/*a1\n .]{0,60}") {
            prop_assert!(Reader::new(text.as_bytes()).relaxed().count() <= text.len() + 2);
        }

        #[test]
        fn what_is_json_is_read_alike_by_both(text in "[\\{\\}\\[\\]\",:a1 ]{0,30}") {
            let strict: Vec<_> = Reader::new(text.as_bytes()).collect();
            if strict.iter().all(Result::is_ok) {
                let mut reader = Reader::new(text.as_bytes()).relaxed();
                let both: Vec<_> = reader.by_ref().collect();
                prop_assert_eq!(strict, both);
                prop_assert_eq!(reader.departs(), None);
            }
        }

        #[test]
        fn what_serde_writes_is_read_back(text in "\\PC*") {
            let document = serde_json::to_string(&vec![text.clone()]).unwrap();
            prop_assert_eq!(strings(&document), vec![("/0".to_owned(), text)]);
        }
    }
}

//! The head of a part: what it is called, and what it says it is.
//!
//! Source: RFC 7578 section 4, RFC 6266 for the parameters, RFC 5987 for `filename*`.

use super::Order;
use crate::protocol::names::is_name;
use std::borrow::Cow;
use std::ops::Range;

/// Longest head, in bytes.
const LONGEST: usize = 8 << 10;

/// A value, and where it stands in the body without its quotes; nowhere where it is written in another way than it is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) text: String,
    pub(super) span: Option<Range<usize>>,
}

/// How letters are written in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Charset {
    /// UTF-8, or nothing is said.
    #[default]
    Utf8,
    /// A byte a letter.
    Latin1,
    /// UTF-16, in an order of bytes that is said or not.
    Utf16(Option<Order>),
}

/// What a part says of itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Head {
    pub(super) name: Field,
    /// Its media type.
    pub(super) kind: Option<String>,
    /// Whether it says that it is a file.
    pub(super) is_file: bool,
    /// How it says that its letters are written.
    pub(super) charset: Charset,
    /// What it says in other words than it is written in: in a coding that is undone, or read in another way.
    pub(super) undone: Vec<Field>,
    /// How long it says it is, where that stands.
    pub(super) length: Option<Range<usize>>,
    filename: Option<Field>,
    encoded_filename: Option<Field>,
    /// What other headers say, where that is more than a name.
    notes: Vec<Field>,
}

impl Head {
    /// Reads the head of a part that begins at `base` of the body; gives it, and how many bytes it has with the empty line behind it.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub(super) fn read(bytes: &[u8], base: usize) -> Result<(Self, usize), &'static str> {
        let room = bytes.get(..LONGEST).unwrap_or(bytes);
        let end = memchr::memmem::find(room, b"\r\n\r\n")
            .ok_or("its head does not end, or is longer than 8 KiB")?;
        let text = std::str::from_utf8(bytes.get(..end).unwrap_or_default());
        let text = text.map_err(|_| "its head is no UTF-8")?;
        let (mut head, mut seen, mut at) = (Self::default(), Vec::new(), base);
        for line in text.split("\r\n") {
            let (name, value) = line.split_once(':').ok_or("a line of its head is no header")?;
            if name.is_empty()
                || !name.bytes().all(is_token)
                || value.bytes().any(|byte| byte < b' ' && byte != b'\t')
            {
                return Err("a line of its head is folded, or has characters that no header has");
            }
            let blanks = value.len().saturating_sub(value.trim_start().len());
            let start = at.saturating_add(name.len()).saturating_add(1).saturating_add(blanks);
            at = at.saturating_add(line.len()).saturating_add(2);
            let name = name.to_ascii_lowercase();
            head.header(&name, value.trim(), start)?;
            if seen.contains(&name) {
                return Err("a header is there twice");
            }
            seen.push(name);
        }
        if !seen.iter().any(|name| name == "content-disposition") {
            return Err("it has no content-disposition");
        }
        Ok((head, end.saturating_add(4)))
    }

    fn header(&mut self, name: &str, value: &str, start: usize) -> Result<(), &'static str> {
        match name {
            "content-disposition" => self.disposition(value, start),
            "content-type" => self.media_type(value),
            "content-transfer-encoding" => {
                let known = ["7bit", "8bit", "binary"].iter().any(|known| value.eq_ignore_ascii_case(known));
                if known {
                    Ok(())
                } else {
                    Err("it is coded for transfer, which is not undone; send it as it is")
                }
            }
            "content-length" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.length = Some(start..start.saturating_add(value.len()));
                Ok(())
            }
            "content-length" => Err("its length is no number"),
            _ => {
                if !is_name(value) {
                    let span = Some(start..start.saturating_add(value.len()));
                    self.notes.push(Field { text: value.to_owned(), span });
                }
                Ok(())
            }
        }
    }

    fn disposition(&mut self, value: &str, start: usize) -> Result<(), &'static str> {
        const WRONG: &str = "its content-disposition is not form-data with one name and at most one filename, each plain or in quotes";
        let (kind, parameters) = parameters(value).ok_or(WRONG)?;
        if !kind.eq_ignore_ascii_case("form-data") {
            return Err(WRONG);
        }
        let mut name = None;
        for (key, mut field) in parameters {
            field.span =
                field.span.map(|span| start.saturating_add(span.start)..start.saturating_add(span.end));
            match &*key {
                "name" => name = Some(field),
                "filename" => self.filename = Some(field),
                "filename*" => {
                    let text =
                        extended(&field.text).ok_or("its filename* is not UTF-8 as RFC 5987 writes it")?;
                    self.encoded_filename = Some(Field { text, span: None });
                }
                _ => return Err(WRONG),
            }
        }
        self.name = name.ok_or(WRONG)?;
        self.is_file = self.filename.is_some() || self.encoded_filename.is_some();
        Ok(())
    }

    fn media_type(&mut self, value: &str) -> Result<(), &'static str> {
        let (kind, parameters) = parameters(value).ok_or("its content-type cannot be read")?;
        let kind = kind.to_ascii_lowercase();
        if kind.starts_with("multipart/") {
            return Err("it is made of parts itself; send each of them in a part of the form");
        }
        if let Some((_, charset)) = parameters.iter().find(|(name, _)| name == "charset") {
            self.charset = charset_of(&charset.text).ok_or("its charset is not read; send UTF-8")?;
        } else if kind.starts_with("message/") {
            // Each part of a mail may be written otherwise; what is said in it is letters of ASCII in all of them.
            self.charset = Charset::Latin1;
        }
        self.kind = Some(kind);
        Ok(())
    }

    /// Whether there is nothing to it but its name and content.
    pub(super) fn is_plain(&self) -> bool {
        !self.is_file && self.notes.is_empty() && self.undone.is_empty()
    }

    /// Whether it is a mail, in which more may be coded.
    pub(super) fn is_mail(&self) -> bool {
        self.kind.as_deref().is_some_and(|kind| kind.starts_with("message/"))
    }

    /// What stands beside its name and content, by what that is called.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'static str, &Field)> {
        let names = self.filename.iter().map(|field| ("filename", field));
        let encoded = self.encoded_filename.iter().map(|field| ("filename*", field));
        let notes = self.notes.iter().map(|field| ("header", field));
        names.chain(encoded).chain(notes).chain(self.undone.iter().map(|field| ("decoded", field)))
    }
}

/// Charsets that are read: UTF-8, UTF-16, and those of a byte a letter in which the letters of ASCII are its own.
const CHARSETS: [(&str, Charset); 12] = [
    ("utf-8", Charset::Utf8),
    ("utf8", Charset::Utf8),
    ("us-ascii", Charset::Latin1),
    ("ascii", Charset::Latin1),
    ("iso-8859-1", Charset::Latin1),
    ("iso8859-1", Charset::Latin1),
    ("latin1", Charset::Latin1),
    ("windows-1252", Charset::Latin1),
    ("utf-16", Charset::Utf16(None)),
    ("utf16", Charset::Utf16(None)),
    ("utf-16le", Charset::Utf16(Some(Order::Lower))),
    ("utf-16be", Charset::Utf16(Some(Order::Higher))),
];

/// The charset of a name, where it is one that is read.
pub(super) fn charset_of(name: &str) -> Option<Charset> {
    let known = CHARSETS.iter().find(|(known, _)| name.trim().eq_ignore_ascii_case(known));
    known.map(|(_, charset)| *charset)
}

/// The first word of a value and its parameters, names in small letters, each with its place in the value. Nothing where one is there twice,
/// or is written in a way that readers differ about: no name, a backslash before a quote, characters outside of quotes that need them. The name
/// of a file may have quotes behind backslashes where nothing in it could be taken for another parameter by who ends it at the first of them.
pub(super) fn parameters(value: &str) -> Option<(&str, Vec<(String, Field)>)> {
    let value_end = value.find(';').unwrap_or(value.len());
    let (kind, mut rest) = value.split_at(value_end);
    let kind = kind.trim();
    if kind.is_empty() || !kind.bytes().all(|byte| is_token(byte) || byte == b'/') {
        return None;
    }
    let mut all: Vec<(String, Field)> = Vec::new();
    while let Some(after) = rest.strip_prefix(';') {
        let (name, behind) = after.split_once('=')?;
        let name = name.trim_start().to_ascii_lowercase();
        let is_known =
            !name.is_empty() && name.bytes().all(is_token) && all.iter().all(|(other, _)| *other != name);
        if !is_known {
            return None;
        }
        let at = value.len().saturating_sub(behind.len());
        let (text, start, behind) = if let Some(inner) = behind.strip_prefix('"') {
            let (text, behind) = if name == "filename" { named(inner)? } else { inner.split_once('"')? };
            if text.ends_with('\\') {
                return None;
            }
            (text, at.saturating_add(1), behind)
        } else {
            let end =
                behind.find(|one: char| !one.is_ascii() || !is_token(one as u8)).unwrap_or(behind.len());
            let (text, behind) = behind.split_at(end);
            if text.is_empty() {
                return None;
            }
            (text, at, behind)
        };
        let span = Some(start..start.saturating_add(text.len()));
        all.push((name, Field { text: text.replace("\\\"", "\""), span }));
        rest = behind.trim_start();
    }
    rest.is_empty().then_some((kind, all))
}

/// The name of a file up to the quote that ends it, and what stands behind that.
fn named(inner: &str) -> Option<(&str, &str)> {
    let is_end = |at: &usize| !inner.get(..*at).is_some_and(|before| before.ends_with('\\'));
    let end = inner.match_indices('"').map(|(at, _)| at).find(is_end)?;
    let (text, behind) = (inner.get(..end)?, inner.get(end.saturating_add(1)..)?);
    let is_plain = !text.contains('"') || !text.contains([';', '=', ',']) && !text.contains("\\\\");
    is_plain.then_some((text, behind))
}

/// Whether a byte may stand in a word of a header (RFC 9110, section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// What a value of RFC 5987 says.
fn extended(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_, text) = rest.split_once('\'')?;
    let charset = charset_of(charset).filter(|charset| !matches!(charset, Charset::Utf16(_)))?;
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let digit = |at: usize| tail.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        rest = tail;
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high << 4 | low).ok()?);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'%', ..) => return None,
            _ => bytes.push(*first),
        }
    }
    if charset == Charset::Latin1 { Some(latin1(&bytes)) } else { String::from_utf8(bytes).ok() }
}

/// A text of a byte a letter.
pub(super) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// A text of two bytes a letter and more, whatever is wrong with it.
pub(super) fn utf16(bytes: &[u8], order: Order) -> Cow<'static, str> {
    let units = bytes.chunks_exact(2).map(|pair| match (pair, order) {
        ([first, second], Order::Lower) => u16::from_le_bytes([*first, *second]),
        ([first, second], Order::Higher) => u16::from_be_bytes([*first, *second]),
        _ => 0,
    });
    let letters = char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER));
    Cow::Owned(letters.collect())
}

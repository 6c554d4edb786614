//! Forms of several parts (`multipart/form-data`), as files are sent to models: [`FormData`].
//!
//! Source: RFC 7578, and RFC 2046 section 5.1 for how parts are set apart. Readers of such bodies differ in what they let pass: line feeds alone,
//! what stands before the first part, a boundary given twice, lines that only begin like one, parts in parts, codings of a part. Whatever two
//! readers could take apart in two ways is an error here; the common libraries of clients write none of it.

mod head;
mod mail;
mod written;

use super::binary::shown;
use super::gather::join;
use super::json::{Json, JsonLimits, quoted};
use crate::exchange::{Exchange, Media, MediaKind, Role};
use head::{Charset, Field, Head, latin1, utf16};
use memchr::memmem;
use std::borrow::Cow;
use std::ops::Range;

/// Most parts.
const MOST_PARTS: usize = 4_096;
/// Longest boundary, in bytes (RFC 2046, section 5.1.1).
const LONGEST_BOUNDARY: usize = 70;

/// Why a body is no form of several parts that every reader takes apart in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormDataError {
    /// It is of another kind, or nothing says once what stands between its parts.
    #[error("the media type is not multipart/form-data with one boundary of 1 to 70 plain characters")]
    Boundary,
    /// What may be a boundary is none for some readers.
    #[error(
        "what looks like a boundary at offset {0} is not one for every reader; each begins a line of its own that ends with CRLF"
    )]
    Delimiter(usize),
    /// It does not begin with a part.
    #[error("the body does not begin with a boundary")]
    Beginning,
    /// It does not end.
    #[error("there is no boundary that ends the form")]
    End,
    /// More than is read.
    #[error("there are more than {MOST_PARTS} parts")]
    TooMany,
    /// The head of a part.
    #[error("part {part} of the form: {problem}")]
    Head {
        /// Which, from nought.
        part: usize,
        /// What is wrong, and what to send.
        problem: &'static str,
    },
}

/// A form of several parts, taken apart.
#[derive(Debug, Clone)]
pub struct FormData<'b> {
    body: &'b [u8],
    parts: Vec<Part<'b>>,
    /// The JSON that is judged in its place: an object with a member for each part, of a text that or the JSON that it is, of a file an object
    /// of its name and content.
    pub document: Vec<u8>,
    /// What of it is no text.
    media: Vec<Media>,
    /// Where files stand in the document.
    files: Vec<Range<usize>>,
}

/// One part.
#[derive(Debug, Clone)]
struct Part<'b> {
    head: Head,
    /// Its content in the body.
    span: Range<usize>,
    content: Content<'b>,
}

/// What a part holds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Content<'b> {
    /// A text.
    Text(Cow<'b, str>, Coding),
    /// JSON, in each of these places of the content: one, or one a line.
    Json(Vec<Range<usize>>, Lines),
    /// Neither.
    Bytes,
}

/// Whether JSON stands alone or in lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lines {
    One,
    Many,
}

/// How a text is written in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    /// UTF-8, also where some of it is none.
    Utf8,
    /// ISO 8859-1.
    Latin1,
    /// UTF-16, in which order bytes come, and whether a mark before it says so.
    Utf16(Order, bool),
}

/// In which order the bytes of a number come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Lower,
    Higher,
}

impl<'b> FormData<'b> {
    /// Takes a body apart, whose media type is given as it is written.
    ///
    /// # Errors
    /// [`FormDataError`] says what readers could take in two ways.
    pub fn of(kind: &str, body: &'b [u8], limits: JsonLimits) -> Result<Self, FormDataError> {
        let boundary = boundary(kind).ok_or(FormDataError::Boundary)?;
        let mut all =
            Self { body, parts: Vec::new(), document: vec![b'{'], media: Vec::new(), files: Vec::new() };
        for (number, part) in regions(body, &boundary)?.into_iter().enumerate() {
            all.take(number, part, limits)?;
        }
        all.document.push(b'}');
        Ok(all)
    }

    /// Whether a media type may be taken for that of a form of several parts.
    pub fn is_kind(kind: &str) -> bool {
        kind.to_ascii_lowercase().contains("multipart/")
    }

    /// Says in an exchange over the document what of it is no text, and which texts are files'.
    pub fn tell(&self, exchange: &mut Exchange<'_>) {
        for part in &mut exchange.parts {
            let before = self.files.partition_point(|file| file.start <= part.span.start);
            let file = before.checked_sub(1).and_then(|at| self.files.get(at));
            if file.is_some_and(|file| part.span.end <= file.end) {
                part.role = Role::Document;
            }
        }
        exchange.media.extend(self.media.iter().cloned());
    }

    fn take(&mut self, number: usize, region: Range<usize>, limits: JsonLimits) -> Result<(), FormDataError> {
        let bytes = self.body.get(region.clone()).unwrap_or_default();
        let (mut head, length) = Head::read(bytes, region.start)
            .map_err(|problem| FormDataError::Head { part: number, problem })?;
        let span = region.start.saturating_add(length)..region.end;
        let bytes = self.body.get(span.clone()).unwrap_or_default();
        let (content, is_all) = content(bytes, &head, limits);
        let charset = || std::str::from_utf8(bytes).ok().and_then(head::charset_of);
        if head.name.text == "_charset_" && !matches!(charset(), Some(Charset::Utf8 | Charset::Latin1)) {
            let problem = "_charset_ names a charset that is not read; send UTF-8";
            return Err(FormDataError::Head { part: number, problem });
        }
        let (undone, is_read) = undone(bytes, &content, &head);
        head.undone = undone.into_iter().map(|text| Field { text, span: None }).collect();
        if !is_all || !is_read {
            self.tell_media(MediaKind::of(head.kind.as_deref().unwrap_or_default()), &head.name.text);
        }
        if number > 0 {
            self.document.push(b',');
        }
        quoted(&head.name.text, &mut self.document);
        self.document.push(b':');
        let start = self.document.len();
        if head.is_plain() {
            self.write(&content, bytes);
        } else {
            self.document.push(b'{');
            for (name, field) in head.fields() {
                quoted(name, &mut self.document);
                self.document.push(b':');
                quoted(&field.text, &mut self.document);
                self.document.push(b',');
            }
            self.document.extend_from_slice(b"\"content\":");
            self.write(&content, bytes);
            self.document.push(b'}');
        }
        if head.is_file {
            self.files.push(start..self.document.len());
        }
        self.parts.push(Part { head, span, content });
        Ok(())
    }

    fn write(&mut self, content: &Content<'_>, bytes: &[u8]) {
        let out = &mut self.document;
        let raw = |place: &Range<usize>| bytes.get(place.clone()).unwrap_or_default();
        match content {
            Content::Text(text, _) => quoted(text, out),
            Content::Bytes => out.extend_from_slice(b"null"),
            Content::Json(places, Lines::One) => {
                for one in places {
                    out.extend_from_slice(raw(one));
                }
            }
            Content::Json(places, Lines::Many) => {
                out.push(b'[');
                for (number, place) in places.iter().enumerate() {
                    if number > 0 {
                        out.push(b',');
                    }
                    out.extend_from_slice(raw(place));
                }
                out.push(b']');
            }
        }
    }

    fn tell_media(&mut self, kind: MediaKind, name: &str) {
        if let Some(known) = self.media.iter_mut().find(|known| known.kind == kind) {
            known.count = known.count.saturating_add(1);
        } else {
            self.media.push(Media { kind, pointer: join("", name), count: 1 });
        }
    }
}

/// The boundary that a media type names.
fn boundary(kind: &str) -> Option<Vec<u8>> {
    let (kind, parameters) = head::parameters(kind)?;
    let [(name, boundary)] =
        <[_; 1]>::try_from(parameters.into_iter().filter(|(name, _)| name != "charset").collect::<Vec<_>>())
            .ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    let good = kind.eq_ignore_ascii_case("multipart/form-data")
        && name == "boundary"
        && (1..=LONGEST_BOUNDARY).contains(&boundary.text.len())
        && boundary.text.bytes().all(plain)
        && !boundary.text.ends_with(' ');
    good.then(|| boundary.text.into_bytes())
}

/// The parts of a body, heads included. Whatever has the letters of the boundary must be one.
fn regions(body: &[u8], boundary: &[u8]) -> Result<Vec<Range<usize>>, FormDataError> {
    let delimiter = [b"--", boundary].concat();
    let (mut regions, mut begun, mut ended) = (Vec::new(), None, false);
    for at in memmem::find_iter(body, &delimiter) {
        let wrong = Err(FormDataError::Delimiter(at));
        let (before, after) = (body.get(..at), body.get(at.saturating_add(delimiter.len())..));
        let (Some(before), Some(after)) = (before, after) else { return wrong };
        let begins_line = before.is_empty() || before.ends_with(b"\r\n");
        if !begins_line || ended {
            return wrong;
        }
        if let Some(start) = begun {
            let end = at.saturating_sub(2);
            if end < start {
                return wrong;
            }
            regions.push(start..end);
        } else if at > 0 {
            return Err(FormDataError::Beginning);
        }
        if regions.len() > MOST_PARTS {
            return Err(FormDataError::TooMany);
        }
        match after {
            [b'\r', b'\n', ..] => begun = Some(at.saturating_add(delimiter.len()).saturating_add(2)),
            [b'-', b'-'] | [b'-', b'-', b'\r', b'\n'] => ended = true,
            _ => return wrong,
        }
    }
    match (begun, ended) {
        (None, false) => Err(FormDataError::Beginning),
        (_, false) => Err(FormDataError::End),
        (_, true) => Ok(regions),
    }
}

/// What bytes are, and whether all of them are that.
fn content<'b>(bytes: &'b [u8], head: &Head, limits: JsonLimits) -> (Content<'b>, bool) {
    if let Charset::Utf16(order) = head.charset {
        let (rest, order, is_marked) = marked(bytes)
            .map_or((bytes, order.unwrap_or(Order::Lower), false), |(rest, order)| (rest, order, true));
        return (Content::Text(utf16(rest, order), Coding::Utf16(order, is_marked)), true);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let json = json(text, limits);
        return (json.unwrap_or(Content::Text(Cow::Borrowed(text), Coding::Utf8)), true);
    }
    if head.charset == Charset::Latin1 {
        return (Content::Text(Cow::Owned(latin1(bytes)), Coding::Latin1), true);
    }
    if let Some((rest, order)) = marked(bytes).filter(|(rest, _)| rest.len() % 2 == 0) {
        let text = utf16(rest, order);
        if !text.contains(char::REPLACEMENT_CHARACTER) {
            return (Content::Text(text, Coding::Utf16(order, true)), true);
        }
    }
    match shown(bytes).0 {
        text if text.is_empty() => (Content::Bytes, false),
        text => (Content::Text(text, Coding::Utf8), false),
    }
}

/// What stands behind a mark that says in which order bytes come.
fn marked(bytes: &[u8]) -> Option<(&[u8], Order)> {
    match bytes {
        [0xff, 0xfe, rest @ ..] => Some((rest, Order::Lower)),
        [0xfe, 0xff, rest @ ..] => Some((rest, Order::Higher)),
        _ => None,
    }
}

/// What a part says besides its content: what a mail has in codings, and what who does not look at the charset reads. Whether all of it is
/// text.
fn undone(bytes: &[u8], content: &Content<'_>, head: &Head) -> (Vec<String>, bool) {
    if let Charset::Utf16(said) = head.charset {
        let mut others = Vec::new();
        if said.is_none() && marked(bytes).is_none() {
            others.push(utf16(bytes, Order::Higher).into_owned());
        }
        let plain = std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
        others.extend(plain.map(str::to_owned));
        return (others, true);
    }
    match content {
        Content::Text(text, _) if head.is_mail() => mail::undone(text),
        _ => (Vec::new(), true),
    }
}

/// JSON that a text is, or that each of its lines is: its strings are judged as they are read, and not as they are written.
fn json(text: &str, limits: JsonLimits) -> Option<Content<'static>> {
    let place = |part: &str| {
        let start = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        start..start.saturating_add(part.len())
    };
    let blanks = [' ', '\t', '\r', '\n'];
    let bare = text.trim_matches(blanks);
    if !bare.starts_with(['{', '[', '"']) {
        return None;
    }
    if Json::read(bare.as_bytes(), limits).is_ok() {
        return Some(Content::Json(vec![place(bare)], Lines::One));
    }
    let lines = bare.split('\n').map(|line| line.trim_matches(blanks)).filter(|line| !line.is_empty());
    let mut places = Vec::new();
    for line in lines {
        Json::read(line.as_bytes(), limits).ok()?;
        places.push(place(line));
    }
    Some(Content::Json(places, Lines::Many))
}

#[cfg(test)]
mod tests;

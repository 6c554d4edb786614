//! A form of which something was changed, as a body again: all else stays byte for byte.

use super::{Coding, Content, FormData, Lines, Order, Part};
use crate::protocol::json::{Json, JsonLimits, Node};
use crate::protocol::splice::put_together;
use memchr::memmem;
use std::ops::Range;

impl FormData<'_> {
    /// The body of the document that was changed; none where something of it has no place there, or would no longer be a form.
    pub fn written(&self, changed: &[u8], limits: JsonLimits) -> Option<Vec<u8>> {
        let json = Json::read(changed, limits).ok()?;
        let mut edits: Vec<(Range<usize>, Vec<u8>)> = Vec::new();
        let mut members = json.root().children();
        for part in &self.parts {
            let (name, value) = members.next()?;
            let name = name.unwrap_or_default();
            if name != part.head.name.text {
                edits.push((part.head.name.span.clone()?, bare(&name)?));
            }
            self.part(part, value, &mut edits)?;
        }
        edits.sort_by_key(|(span, _)| span.start);
        let body = put_together(self.body, &edits)?;
        // Nothing new may be taken for a boundary.
        let end = self.body.windows(2).position(|two| two == b"\r\n").unwrap_or(self.body.len());
        let delimiter = self.body.get(..end)?;
        let count = |body: &[u8]| memmem::find_iter(body, delimiter).count();
        (count(&body) == count(self.body)).then_some(body)
    }

    fn part(
        &self,
        part: &Part<'_>,
        value: Node<'_, '_>,
        edits: &mut Vec<(Range<usize>, Vec<u8>)>,
    ) -> Option<()> {
        let content = if part.head.is_plain() {
            value
        } else {
            let mut members = value.children();
            for (_, field) in part.head.fields() {
                let text = members.next()?.1.as_str()?;
                if text != field.text {
                    edits.push((field.span.clone()?, bare(&text)?));
                }
            }
            members.next()?.1
        };
        let before = edits.len();
        self.content(part, content, edits)?;
        // A part that says how long it is says so of what it has become.
        if let Some(length) = part.head.length.clone().filter(|_| edits.len() > before) {
            let mut bytes = part.span.len();
            for (span, replacement) in edits.iter().skip(before) {
                bytes = bytes.checked_sub(span.len())?.checked_add(replacement.len())?;
            }
            edits.push((length, bytes.to_string().into_bytes()));
        }
        Some(())
    }

    fn content(
        &self,
        part: &Part<'_>,
        value: Node<'_, '_>,
        edits: &mut Vec<(Range<usize>, Vec<u8>)>,
    ) -> Option<()> {
        match &part.content {
            Content::Bytes => {}
            Content::Text(text, coding) => {
                let now = value.as_str()?;
                if now != *text {
                    edits.push((part.span.clone(), encoded(&now, *coding)));
                }
            }
            Content::Json(places, lines) => {
                let values: Vec<_> = match lines {
                    Lines::One => vec![value],
                    Lines::Many => value.items().collect(),
                };
                if values.len() != places.len() {
                    return None;
                }
                for (place, value) in places.iter().zip(values) {
                    let span =
                        part.span.start.checked_add(place.start)?..part.span.start.checked_add(place.end)?;
                    if self.body.get(span.clone())? != value.raw().as_bytes() {
                        edits.push((span, value.raw().as_bytes().to_vec()));
                    }
                }
            }
        }
        Some(())
    }
}

/// A text as it may stand in quotes in a header; none where it may not.
fn bare(text: &str) -> Option<Vec<u8>> {
    let plain = |one: char| !one.is_control() && one != '"' && one != '\\';
    text.chars().all(plain).then(|| text.as_bytes().to_vec())
}

fn encoded(text: &str, coding: Coding) -> Vec<u8> {
    match coding {
        Coding::Utf8 => text.as_bytes().to_vec(),
        Coding::Latin1 => text.chars().map(|one| u8::try_from(one).unwrap_or(b'?')).collect(),
        Coding::Utf16(order, is_marked) => {
            let mark = is_marked.then_some(0xfeff);
            let units = mark.into_iter().chain(text.encode_utf16());
            units
                .flat_map(|unit| match order {
                    Order::Lower => unit.to_le_bytes(),
                    Order::Higher => unit.to_be_bytes(),
                })
                .collect()
        }
    }
}

//! Where the bytes of a scalar's value stand in the text it was written in: [`Offsets`].

use super::Style;
use std::ops::Range;

/// From offsets in a value to offsets in the text. Exact for every character that is not white space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offsets {
    /// Value offset and text offset of the start of each run that stands in the text as it is.
    runs: Vec<(usize, usize)>,
    /// Where the scalar ends in the text.
    end: usize,
}

impl Offsets {
    /// A value that stands at `start` of the text as it is.
    pub fn at(start: usize) -> Self {
        Self { runs: vec![(0, start)], end: usize::MAX }
    }

    /// The offsets of `value`, written at `span` of `text` in `style`.
    pub(super) fn of(text: &str, span: Range<usize>, value: &str, style: Style) -> Self {
        let raw = text.get(span.clone()).unwrap_or_default();
        let (begin, end) = match style {
            Style::Plain => (0, raw.len()),
            Style::Single | Style::Double => (raw.len().min(1), raw.len().saturating_sub(1)),
            Style::Literal | Style::Folded => {
                (raw.find('\n').map_or(raw.len(), |at| at.saturating_add(1)), raw.len())
            }
        };
        let body = raw.get(begin..end).unwrap_or_default();
        let start = span.start.saturating_add(begin);
        if body == value {
            return Self { runs: vec![(0, start)], end: span.end };
        }
        Self { runs: aligned(body, value, style, start), end: span.end }
    }

    /// The text offset of the value's byte at `offset`.
    pub fn place(&self, offset: usize) -> usize {
        let run = self.runs.partition_point(|&(value, _)| value <= offset).saturating_sub(1);
        let (value, text) = self.runs.get(run).copied().unwrap_or_default();
        text.saturating_add(offset.saturating_sub(value)).min(self.end)
    }

    /// The text's bytes of `range` of the value.
    pub fn range(&self, range: Range<usize>) -> Range<usize> {
        let start = self.place(range.start);
        let end = match range.end.checked_sub(1) {
            Some(last) if last >= range.start => self.place(last).saturating_add(1),
            _ => start,
        };
        start..end.max(start).min(self.end)
    }
}

/// Walks `body` and `value` side by side. White space may differ, since folding and indentation change it: the walk meets
/// again at the next character that shows.
fn aligned(body: &str, value: &str, style: Style, start: usize) -> Vec<(usize, usize)> {
    let bytes = body.as_bytes();
    let mut runs: Vec<(usize, usize)> = Vec::new();
    let mut raw = 0usize;
    let mut expected = None;
    for (at, character) in value.char_indices() {
        let escaped = style == Style::Double && bytes.get(raw) == Some(&b'\\');
        if character.is_whitespace() && !escaped {
            let place = bytes.get(raw).copied();
            if character == '\n' && matches!(place, Some(b' ' | b'\t' | b'\r')) {
                while matches!(bytes.get(raw), Some(b' ' | b'\t' | b'\r')) {
                    raw = raw.saturating_add(1);
                }
            }
            mark(&mut runs, &mut expected, at, raw, start);
            if bytes.get(raw).is_some_and(u8::is_ascii_whitespace) {
                raw = raw.saturating_add(1);
                expected = Some((at.saturating_add(1), raw));
            } else {
                // A line end that folding made of nothing, or a space from elsewhere.
                let real = body.get(raw..).and_then(|rest| rest.chars().next());
                raw = raw.saturating_add(real.filter(|real| *real == character).map_or(0, char::len_utf8));
                expected = None;
            }
            continue;
        }
        if !escaped {
            while bytes.get(raw).is_some_and(u8::is_ascii_whitespace) {
                raw = raw.saturating_add(1);
            }
        }
        let mut length = character.len_utf8();
        if style == Style::Double {
            // A backslash before the line end joins the lines and stands for nothing.
            while bytes.get(raw) == Some(&b'\\')
                && matches!(bytes.get(raw.saturating_add(1)), Some(b'\n' | b'\r'))
            {
                raw = raw.saturating_add(1);
                while bytes.get(raw).is_some_and(u8::is_ascii_whitespace) {
                    raw = raw.saturating_add(1);
                }
            }
            if bytes.get(raw) == Some(&b'\\') {
                length = match bytes.get(raw.saturating_add(1)) {
                    Some(b'x') => 4,
                    Some(b'u') => 6,
                    Some(b'U') => 10,
                    Some(byte) if byte.is_ascii() => 2,
                    _ => 1,
                };
            }
        } else if style == Style::Single && character == '\'' {
            length = 2;
        }
        mark(&mut runs, &mut expected, at, raw, start);
        raw = raw.saturating_add(length).min(body.len());
        expected = (length == character.len_utf8()).then_some((at.saturating_add(length), raw));
    }
    runs
}

/// Begins a run unless this character follows the one before in both.
fn mark(
    runs: &mut Vec<(usize, usize)>,
    expected: &mut Option<(usize, usize)>,
    at: usize,
    raw: usize,
    start: usize,
) {
    if *expected != Some((at, raw)) {
        runs.push((at, start.saturating_add(raw)));
    }
}

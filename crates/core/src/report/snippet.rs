//! The content around a finding, kept small, so that a report can show it without the file.
//!
//! Cost: one pass over the text up to the place for a line number, and a bounded window around it.

use crate::Location;

/// A few bytes or one line of a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Snippet {
    /// One line of a text, or a window of a long line.
    Text {
        /// Line number, from 1.
        line: u32,
        /// Where in `text` the finding points, in characters from 1.
        column: u32,
        /// The line. Not yet made printable.
        text: String,
    },
    /// Bytes of a binary file.
    Bytes {
        /// Offset of the first byte.
        offset: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
}

impl Snippet {
    /// What `bytes` hold at `location`; `None` inside archive members, whose content is not at hand, and for places
    /// that name neither a line nor an offset.
    pub fn capture(bytes: &[u8], location: &Location) -> Option<Self> {
        if location.member.is_some() {
            return None;
        }
        if let Some(line) = location.line {
            let start = line_start(bytes, line)?;
            let column = location.column.unwrap_or(1).max(1);
            return text_at(bytes, start, line, column);
        }
        let offset = usize::try_from(location.offset?).ok()?;
        if offset >= bytes.len() {
            return None;
        }
        if is_text(bytes, offset) {
            let before = bytes.get(..offset)?;
            let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
            let line = before.split(|&byte| byte == b'\n').count();
            let column = String::from_utf8_lossy(before.get(start..)?).chars().count() + 1;
            return text_at(bytes, start, line as u32, column as u32);
        }
        let shown = bytes.get(offset..)?;
        let shown = shown.get(..Self::BYTES).unwrap_or(shown).to_vec();
        Some(Self::Bytes { offset: offset as u64, bytes: shown })
    }

    /// Bytes shown of a binary file: one line of a hex dump.
    pub const BYTES: usize = 16;
    /// Characters of a line shown, with the place roughly in the middle.
    pub const LINE_CHARS: usize = 96;
    /// Largest text for which an offset is turned into a line, in bytes.
    const TEXT_BYTES: usize = 4 << 20;
}

/// Offset of the first byte of `line`.
fn line_start(bytes: &[u8], line: u32) -> Option<usize> {
    let wanted = (line as usize).checked_sub(1)?;
    if wanted == 0 {
        return Some(0);
    }
    memchr::memchr_iter(b'\n', bytes).nth(wanted - 1).map(|at| at + 1)
}

fn text_at(bytes: &[u8], start: usize, line: u32, column: u32) -> Option<Snippet> {
    let rest = bytes.get(start..)?;
    // Four bytes a character at most, and the window reaches at most one width past the column.
    let reach = (column as usize).saturating_add(Snippet::LINE_CHARS).saturating_mul(4);
    let rest = rest.get(..reach).unwrap_or(rest);
    let end = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
    let text = String::from_utf8_lossy(rest.get(..end)?);
    let text = text.trim_end_matches('\r');
    let skipped = (column as usize).saturating_sub(Snippet::LINE_CHARS / 3);
    let skipped = if text.chars().count() <= Snippet::LINE_CHARS { 0 } else { skipped };
    let window: String = text.chars().skip(skipped).take(Snippet::LINE_CHARS).collect();
    Some(Snippet::Text { line, column: column.saturating_sub(skipped as u32).max(1), text: window })
}

/// Whether the head of `bytes` and the surroundings of `offset` read as text.
fn is_text(bytes: &[u8], offset: usize) -> bool {
    let looks = |part: &[u8]| {
        let text = |byte: u8| byte >= 0x20 && byte != 0x7f || matches!(byte, b'\t' | b'\n' | b'\r');
        part.iter().all(|&byte| text(byte))
    };
    let head = bytes.get(..512).unwrap_or(bytes);
    let around = bytes.get(offset.saturating_sub(256)..bytes.len().min(offset.saturating_add(256)));
    bytes.len() <= Snippet::TEXT_BYTES
        && looks(head)
        && around.is_some_and(looks)
        && std::str::from_utf8(head).map_or_else(|error| error.error_len().is_none(), |_| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: u64) -> Location {
        Location { offset: Some(offset), ..Location::default() }
    }

    #[test]
    fn an_offset_in_text_becomes_a_line_and_a_column() {
        let found = Snippet::capture(b"one\ntwo three\r\nfour", &at(8));
        assert_eq!(found, Some(Snippet::Text { line: 2, column: 5, text: "two three".into() }));
    }

    #[test]
    fn an_offset_in_binary_content_becomes_bytes() {
        let found = Snippet::capture(b"\x80\x04cos", &at(2));
        assert_eq!(found, Some(Snippet::Bytes { offset: 2, bytes: b"cos".to_vec() }));
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("{}HERE{}", "a".repeat(5000), "b".repeat(5000));
        let Some(Snippet::Text { column, text, .. }) = Snippet::capture(text.as_bytes(), &at(5000)) else {
            panic!("no text")
        };
        assert_eq!(text.chars().nth(column as usize - 1), Some('H'));
        assert_eq!(text.chars().count(), Snippet::LINE_CHARS);
    }

    #[test]
    fn a_place_past_the_end_has_no_snippet() {
        assert_eq!(Snippet::capture(b"ab", &at(2)), None);
        let line = Location { line: Some(9), ..Location::default() };
        assert_eq!(Snippet::capture(b"ab", &line), None);
    }

    #[test]
    fn a_place_in_a_member_has_no_snippet() {
        let inside = Location { member: Some("data.pkl".into()), ..at(0) };
        assert_eq!(Snippet::capture(b"ab", &inside), None);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_at_any_place_give_a_bounded_snippet(bytes: Vec<u8>, offset: Option<u64>, line: Option<u32>, column: Option<u32>) {
            let place = Location { offset, line, column, ..Location::default() };
            if let Some(Snippet::Text { text, .. }) = Snippet::capture(&bytes, &place) {
                proptest::prop_assert!(text.chars().count() <= Snippet::LINE_CHARS);
            }
        }
    }
}

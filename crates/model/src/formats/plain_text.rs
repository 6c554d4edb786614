//! Plain text, tables and JSON that no model format claims: what ordinary folders hold beside a model.
//!
//! Recognised last and weakly, so that a folder's README is no unknown file. Shown commands and code are normal here and
//! grade mildly; credentials and payloads do not. Cost: linear.

use super::malformed::MALFORMED_STRUCTURE;
use crate::names::inspect_card;
use crate::text::indicators::{inspect_bytes, inspect_document, inspect_metadata, may_matter};
use crate::wire::json::{Event, JsonMistake, Reader};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Finding, Kind, Location, Rule, Severity};

/// Prose and other text.
pub static PLAIN_TEXT: PlainText = PlainText;
/// Comma- or tab-separated tables.
pub static TABLE: Table = Table;
/// JSON and JSON lines of no known model format.
pub static JSON_TEXT: JsonText = JsonText;

/// See [`PLAIN_TEXT`].
#[derive(Debug, Clone, Copy)]
pub struct PlainText;

/// See [`TABLE`].
#[derive(Debug, Clone, Copy)]
pub struct Table;

/// See [`JSON_TEXT`].
#[derive(Debug, Clone, Copy)]
pub struct JsonText;

/// How much of a file recognition looks at, in bytes.
const HEAD: usize = 4096;
/// Text judged at once, in bytes; a longer one is judged in pieces, cut at line breaks.
const PIECE: usize = 1 << 20;
/// JSON documents up to this size name the place of each finding; in larger ones, which are data, each rule counts once.
const PLACED: usize = 1 << 20;
/// Shortest JSON string judged, in bytes.
const SHORTEST: usize = 8;
/// Events or pieces between looks at the clock.
const CHECK_EVERY: u32 = 1 << 14;

/// Whether the head of a file is text: UTF-8 without control characters.
fn is_text(input: &Input<'_>) -> bool {
    let head = input.head(HEAD);
    let valid = match std::str::from_utf8(head) {
        Ok(_) => true,
        // A character cut by the end of the head.
        Err(error) => error.error_len().is_none() && head.len() == HEAD,
    };
    !head.is_empty() && valid && !head.chunks(BLOCK).any(holds_control) && !may_be_pickle(input)
}

/// Bytes asked at once for control characters.
const BLOCK: usize = 64;

/// Whether a control character stands among `bytes`, asked without branches.
fn holds_control(bytes: &[u8]) -> bool {
    let is_control = |byte: &u8| matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f);
    bytes.iter().fold(false, |any, byte| any | is_control(byte))
}

/// Whether text could be a pickle of protocol 0, which only a pickle reader may claim: opcodes on short lines, a full stop
/// at the very end.
fn may_be_pickle(input: &Input<'_>) -> bool {
    let first = input.head(128).split(|&byte| byte == b'\n').next().unwrap_or_default();
    input.bytes.ends_with(b".")
        && first.first().is_some_and(|opcode| b"c(i}])lISVFLpg0PN".contains(opcode))
        && !first.contains(&b' ')
}

/// Judges one text: files of their own may show commands, members of a container only when they look like a document.
fn weigh(text: &str, place: &Location, scan: &mut Scan<'_>) {
    if scan.depth() == 0 { inspect_document(text, place, scan) } else { inspect_metadata(text, place, scan) }
}

/// Judges text in pieces, from the byte `offset` on.
fn judge(bytes: &[u8], mut offset: usize, scan: &mut Scan<'_>) {
    while let Some(rest) = bytes.get(offset..).filter(|rest| !rest.is_empty()) {
        let piece = rest.get(..PIECE).unwrap_or(rest);
        let end = match memchr::memrchr(b'\n', piece) {
            Some(line) if piece.len() < rest.len() => line.saturating_add(1),
            _ => piece.len(),
        };
        let piece = piece.get(..end).unwrap_or(piece);
        inspect_bytes(piece, offset, scan.depth() == 0, scan);
        offset = offset.saturating_add(piece.len().max(1));
        if scan.out_of_time() {
            return;
        }
    }
}

impl Format for PlainText {
    fn id(&self) -> &'static str {
        "text"
    }

    fn name(&self) -> &'static str {
        "plain text"
    }

    fn kind(&self) -> Kind {
        Kind::Other
    }

    fn extensions(&self) -> &'static [&'static str] {
        &[
            "txt",
            "md",
            "markdown",
            "rst",
            "log",
            "tex",
            "license",
            "gitignore",
            "gitattributes",
            "cfg",
            "ini",
            "toml",
            "html",
            "css",
        ]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if is_text(input) { Recognition::Weak } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        judge(input.bytes, 0, scan);
        inspect_card(input, scan);
    }
}

impl Format for Table {
    fn id(&self) -> &'static str {
        "table-text"
    }

    fn name(&self) -> &'static str {
        "table of separated values"
    }

    fn kind(&self) -> Kind {
        Kind::Dataset
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["csv", "tsv", "tab", "psv"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let is_named = self.extensions().contains(&input.extension().as_ref());
        if is_named && is_text(input) { Recognition::Weak } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        judge(input.bytes, 0, scan);
    }
}

impl Format for JsonText {
    fn id(&self) -> &'static str {
        "json"
    }

    fn name(&self) -> &'static str {
        "JSON"
    }

    fn kind(&self) -> Kind {
        Kind::Dataset
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json", "jsonl", "ndjson", "geojson", "jsonlines", "webmanifest", "map"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let head = input.head(HEAD).trim_ascii_start();
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        let inner = head.get(1..).unwrap_or_default().trim_ascii_start().first().copied();
        let is_json = match head.first() {
            Some(b'{') => matches!(inner, Some(b'"' | b'}')),
            Some(b'[') => {
                matches!(inner, Some(b'{' | b'[' | b']' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n'))
            }
            _ => false,
        };
        if is_json { Recognition::Weak } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let bytes = input.bytes;
        let mut start = 0usize;
        let mut count = 0u32;
        // One document, or one per line.
        while let Some(rest) = bytes.get(start..).filter(|rest| !rest.is_empty()) {
            let mut reader = Reader::new(rest);
            let mut next = None;
            while let Some(event) = reader.next() {
                count = count.wrapping_add(1);
                if count.is_multiple_of(CHECK_EVERY) && scan.out_of_time() {
                    return;
                }
                match event {
                    Ok(Event::String(text)) if text.raw().len() >= SHORTEST => {
                        let text = text.text();
                        if !may_matter(&text) {
                            continue;
                        }
                        let place = if bytes.len() <= PLACED {
                            Location {
                                offset: Some(start.saturating_add(reader.offset()) as u64),
                                pointer: Some(reader.pointer()),
                                ..Location::default()
                            }
                        } else {
                            Location::default()
                        };
                        weigh(&text, &place, scan);
                    }
                    Ok(_) => {}
                    Err(error) if error.reason == JsonMistake::Trailing && error.offset > 0 => {
                        next = Some(start.saturating_add(error.offset));
                    }
                    Err(error) => {
                        let at = start.saturating_add(error.offset);
                        scan.report(
                            Finding::new(&MALFORMED_STRUCTURE, format!("no valid JSON: {}", error.reason))
                                .severity(Severity::Low)
                                .at(at as u64),
                        );
                        judge(bytes, at, scan);
                    }
                }
            }
            let Some(next) = next else { return };
            start = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use proptest::prelude::*;

    #[test]
    fn ordinary_documents_are_clean() {
        let readme = b"# Model\n\nInstall with `pip install x` and run `python train.py`.\n";
        assert_eq!(PLAIN_TEXT.recognise(&Input::new("README.md", readme)), Recognition::Weak);
        assert_eq!(rules_of(&PLAIN_TEXT, readme), Vec::<&str>::new());
        assert_eq!(
            rules_of(&JSON_TEXT, b"{\"a\": [1, \"a plain value\"]}\n{\"a\": 2}\n"),
            Vec::<&str>::new()
        );
    }

    #[test]
    fn code_shown_in_a_record_stays_below_high() {
        let found = outcome(&JSON_TEXT, b"{\"text\": \"import os; os.system('ls')\"}");
        assert!(found.findings.iter().all(|finding| finding.severity < Severity::High));
        assert!(!found.findings.is_empty());
    }

    #[test]
    fn binary_content_and_textual_pickles_are_no_text() {
        assert_eq!(PLAIN_TEXT.recognise(&Input::new("a.txt", b"a\0b")), Recognition::No);
        assert_eq!(PLAIN_TEXT.recognise(&Input::new("a.txt", b"cos\nsystem\n(S'id'\ntR.")), Recognition::No);
    }

    #[test]
    fn broken_json_is_malformed_and_still_searched() {
        let found = rules_of(&JSON_TEXT, b"{\"a\": AKIAIOSFODNN7EXAMPLA}");
        assert!(found.contains(&"model/malformed-structure"));
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_result(bytes: Vec<u8>) {
            outcome(&JSON_TEXT, &bytes);
            outcome(&PLAIN_TEXT, &bytes);
            PLAIN_TEXT.recognise(&Input::new("a.csv", &bytes));
        }

        #[test]
        fn any_json_like_text_gives_a_result(text in "[\\{\\}\\[\\]\",:a1\n ]{0,60}") {
            outcome(&JSON_TEXT, text.as_bytes());
        }
    }
}

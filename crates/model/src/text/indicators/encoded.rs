//! Encoded runs inside a text: what base64, hexadecimal and `\x` escapes decode to.

use super::{METADATA_PAYLOAD, Passage};
use crate::python::strings::codecs;
use bartizan_core::Severity;

/// How many encodings may lie over one another.
pub(super) const DEPTH: u32 = 3;

/// Decodes every run of the passage; text is judged again, binary of a known kind goes to `payloads` to be scanned.
pub(super) fn judge(passage: &mut Passage<'_>, payloads: &mut Vec<(String, Vec<u8>)>, depth: u32) {
    let text = passage.text;
    let mut budget = DECODED_BYTES;
    for run in runs(text) {
        let Some(bytes) = run.decode() else { continue };
        let Some(left) = budget.checked_sub(bytes.len()) else { break };
        budget = left;
        judge_decoded(passage, run.start, run.encoding, bytes, payloads, depth);
    }
    if let Some((start, bytes)) = escapes(text) {
        judge_decoded(passage, start, "escapes", bytes, payloads, depth);
    }
}

fn judge_decoded(
    passage: &mut Passage<'_>,
    start: usize,
    encoding: &str,
    bytes: Vec<u8>,
    payloads: &mut Vec<(String, Vec<u8>)>,
    depth: u32,
) {
    if let Some((severity, what)) = payload_kind(&bytes) {
        passage.mark(&METADATA_PAYLOAD, severity, start, what);
        if payloads.len() < PAYLOADS {
            payloads.push((format!("{encoding} at {start}"), bytes));
        }
        return;
    }
    let decoded = String::from_utf8_lossy(&bytes);
    let strange = |c: &char| *c == char::REPLACEMENT_CHARACTER || c.is_control() && !c.is_whitespace();
    let strangers = decoded.chars().filter(strange).count();
    if depth == 0 || strangers.saturating_mul(STRANGERS) > decoded.chars().count() {
        return;
    }
    let how = match &passage.hidden {
        Some(outer) => format!("{outer} and {encoding}"),
        None => encoding.to_owned(),
    };
    let mut inner = Passage {
        text: &decoded,
        document: false,
        record: passage.record,
        signed: passage.signed,
        hidden: Some(how),
        marks: Vec::new(),
    };
    inner.judge();
    judge(&mut inner, payloads, depth.saturating_sub(1));
    for mut mark in inner.marks {
        mark.start = start;
        match passage.marks.iter_mut().find(|known| known.rule.id == mark.rule.id) {
            Some(known) if known.severity < mark.severity => *known = mark,
            Some(_) => {}
            None => passage.marks.push(mark),
        }
    }
}

/// What decoded bytes are, when they are something that should not hide in text.
fn payload_kind(bytes: &[u8]) -> Option<(Severity, &'static str)> {
    Some(match bytes {
        [0x80, 2..=5, .., b'.'] => (Severity::Medium, "an encoded pickle"),
        // One that breaks off runs all the same, up to where it breaks.
        [0x80, 0..=5, code, ..] if FIRST_OPCODES.contains(code) => (Severity::Medium, "an encoded pickle"),
        [b'c', .., b'.'] if bytes.iter().take(128).filter(|&&byte| byte == b'\n').count() >= 2 => {
            (Severity::Medium, "an encoded pickle")
        }
        [0x7f, b'E', b'L', b'F', ..] => (Severity::High, "an encoded ELF program"),
        [b'M', b'Z', ..] if is_portable_executable(bytes) => (Severity::High, "an encoded Windows program"),
        [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] => (Severity::High, "an encoded Mach-O program"),
        [b'#', b'!', b'/', ..] => (Severity::High, "an encoded script"),
        [b'P', b'K', 3, 4, ..] => (Severity::Medium, "an encoded archive"),
        [0x1f, 0x8b, 8, flags, ..] if flags & 0xe0 == 0 => (Severity::Low, "encoded compressed data"),
        _ => return None,
    })
}

fn is_portable_executable(bytes: &[u8]) -> bool {
    let Some(&[a, b, c, d]) = bytes.get(0x3c..0x40).and_then(|field| field.first_chunk::<4>()) else {
        return false;
    };
    let header = u32::from_le_bytes([a, b, c, d]) as usize;
    bytes.get(header..).is_some_and(|rest| rest.starts_with(b"PE\0\0"))
}

/// A maximal run of characters of one encoding.
struct Run<'t> {
    start: usize,
    text: &'t [u8],
    encoding: &'static str,
}

impl Run<'_> {
    fn decode(&self) -> Option<Vec<u8>> {
        if self.encoding == "hexadecimal" { decode_hex(self.text) } else { decode_base64(self.text) }
    }
}

/// Every run long enough to hold something, read as hexadecimal when it is that and as base64 otherwise.
fn runs(text: &str) -> impl Iterator<Item = Run<'_>> {
    let bytes = text.as_bytes();
    let mut next = 0usize;
    std::iter::from_fn(move || {
        let start = run_from(bytes, next)?;
        let rest = bytes.get(start..).unwrap_or_default();
        let length = rest.iter().position(|&byte| !is_base64(byte)).unwrap_or(rest.len());
        next = start.saturating_add(length).saturating_add(1);
        let run = rest.get(..length).unwrap_or_default();
        let is_hex =
            run.len() >= HEX_CHARS && run.len().is_multiple_of(2) && run.iter().all(u8::is_ascii_hexdigit);
        let encoding = if is_hex { "hexadecimal" } else { "base64" };
        Some(Run { start, text: run, encoding })
    })
}

/// Where the first run of at least [`BASE64_CHARS`] begins, at or after `from`, which is no place inside one.
///
/// Looks at the last byte that such a run would have first, so that most of ordinary text is never looked at.
fn run_from(bytes: &[u8], from: usize) -> Option<usize> {
    let mut start = from;
    loop {
        let window = bytes.get(start..start.checked_add(BASE64_CHARS)?)?;
        match window.iter().rposition(|&byte| !is_base64(byte)) {
            Some(last) => start = start.saturating_add(last).saturating_add(1),
            None => return Some(start),
        }
    }
}

/// Whether anything in `text` could be an encoded run.
pub(super) fn any(text: &str) -> bool {
    run_from(text.as_bytes(), 0).is_some() || escape(text).is_some()
}

/// Where the first escape stands that [`escapes`] takes.
fn escape(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'\\', bytes).find(|&at| {
        let rest = bytes.get(at..).unwrap_or_default();
        rest.starts_with(b"\\x") || rest.starts_with(b"\\u00")
    })
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
}

/// Shortest base64 run decoded, in characters: 15 bytes, less than the shortest command worth hiding.
const BASE64_CHARS: usize = 20;
/// Shortest hexadecimal run decoded, in characters.
const HEX_CHARS: usize = 24;
/// Most bytes decoded per text.
const DECODED_BYTES: usize = 16 << 20;
/// Most decoded payloads scanned per text.
const PAYLOADS: usize = 16;
/// Of so many characters one may be a control character or undecodable in what is still judged as text.
const STRANGERS: usize = 16;
/// What the first instruction of a pickle is: a frame, a name, a container, a number or a text.
const FIRST_OPCODES: &[u8] = b"\x95\x8cc(})]XVSKMJNGIi\x8f\x88\x89\x8aBC\x96";
/// Fewest `\x` escapes that count as an encoding.
const ESCAPES: usize = 6;

/// Standard or URL-safe base64 with or without padding; `None` when the length fits neither or padding stands inside.
fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let unpadded = text.len().saturating_sub(text.iter().rev().take_while(|&&byte| byte == b'=').count());
    let text = text.get(..unpadded)?;
    if text.len() % 4 == 1 {
        return None;
    }
    // The shared reader skips white space and ends at padding; neither may stand inside here.
    if text.iter().any(|byte| *byte == b'=' || byte.is_ascii_whitespace()) {
        return None;
    }
    codecs::base64(text)
}

/// The bytes of hexadecimal digits; a last digit without its twin stands for nothing.
fn decode_hex(text: &[u8]) -> Option<Vec<u8>> {
    let (pairs, _) = text.as_chunks::<2>();
    codecs::hex(pairs.as_flattened())
}

/// The text with its `\xNN` and `\u00NN` escapes taken, when there are at least [`ESCAPES`]; and where they start.
fn escapes(text: &str) -> Option<(usize, Vec<u8>)> {
    let first = escape(text)?;
    let mut decoded = Vec::new();
    let mut count = 0usize;
    let mut rest = text.as_bytes().get(first..).unwrap_or_default();
    while let Some((&byte, after)) = rest.split_first() {
        let digits = match rest {
            [b'\\', b'x', high, low, ..] => Some(([*high, *low], 4)),
            [b'\\', b'u', b'0', b'0', high, low, ..] => Some(([*high, *low], 6)),
            _ => None,
        };
        if let Some((value, length)) =
            digits.and_then(|(pair, length)| Some((*decode_hex(&pair)?.first()?, length)))
        {
            decoded.push(value);
            count = count.saturating_add(1);
            rest = rest.get(length..).unwrap_or_default();
        } else {
            decoded.push(byte);
            rest = after;
        }
    }
    (count >= ESCAPES).then_some((first, decoded))
}

#[cfg(test)]
mod tests {
    use super::super::METADATA_CODE;
    use super::super::tests::seen;
    use super::*;

    #[test]
    fn base64_decodes_in_both_alphabets_and_without_padding() {
        assert_eq!(decode_base64(b"aGk_").unwrap(), b"hi?");
        assert_eq!(decode_base64(b"aGk=").unwrap(), b"hi");
        assert_eq!(decode_base64(b"aGk").unwrap(), b"hi");
    }

    #[test]
    fn an_encoded_pickle_is_a_payload_and_an_encoded_picture_is_not() {
        assert!(
            seen("gASVHQAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOUjAJpZJSFlFKULg==")
                .iter()
                .any(|(id, _)| *id == METADATA_PAYLOAD.id)
        );
        assert_eq!(seen("data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"), []);
    }

    #[test]
    fn an_encoded_pickle_without_its_end_and_code_with_a_bad_byte_are_judged() {
        let mut kinds = seen("gASVHQAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOUjAJpZJSFlFKU").into_iter();
        assert!(kinds.any(|(id, _)| id == METADATA_PAYLOAD.id));
        // __import__('os').system('i\xa4')
        assert!(
            seen("X19pbXBvcnRfXygnb3MnKS5zeXN0ZW0oJ2mkJyk=").contains(&(METADATA_CODE.id, Severity::High))
        );
    }

    #[test]
    fn runs_are_maximal_and_long_enough() {
        let text = format!("ab {} cd,{}. {}", "A".repeat(19), "B".repeat(20), "C".repeat(33));
        let found: Vec<_> = runs(&text).map(|run| (run.start, run.text.len(), run.encoding)).collect();
        assert_eq!(found, [(26, 20, "base64"), (48, 33, "base64")]);
        assert!(any(&text) && !any("an ordinary line of words") && any("a \\x41"));
    }

    #[test]
    fn escapes_are_taken_and_judged() {
        let hidden: String = "os.system('id')"
            .bytes()
            .flat_map(|byte| ["\\x".to_owned(), bartizan_core::hex(&[byte])])
            .collect();
        assert_eq!(seen(&hidden), [(METADATA_CODE.id, Severity::High)]);
        assert_eq!(seen("\\x48\\x65\\x6c\\x6c\\x6f\\x20\\x57"), []);
    }

    #[test]
    fn hexadecimal_code_is_taken_and_judged() {
        let hidden = bartizan_core::hex(b"__import__('os').system('id')");
        assert_eq!(seen(&hidden), [(METADATA_CODE.id, Severity::High)]);
    }
}

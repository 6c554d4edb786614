//! Caffe network definitions and solvers in protobuf's text format.
//!
//! Read as a flat run of words, strings and braces; nothing is built, so nesting costs nothing.
//! Source: Protocol Buffers documentation, *Text Format Language Specification*.

use super::{PythonLayer, RULES, report_output};
use crate::formats::native_library::report_library;
use crate::text::indicators;
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Kind, Location, Rule};

/// Caffe definitions.
pub static CAFFE_TEXT: CaffeText = CaffeText;

/// See [`CAFFE_TEXT`].
#[derive(Debug, Clone, Copy)]
pub struct CaffeText;

/// Bytes looked at to recognise a definition.
const HEAD: usize = 16 << 10;
/// Shortest string judged, in bytes.
const SHORTEST: usize = 8;

impl Format for CaffeText {
    fn id(&self) -> &'static str {
        "caffe-text"
    }

    fn name(&self) -> &'static str {
        "Caffe network definition"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["prototxt"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        RULES
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let head = input.head(HEAD);
        // Most texts name no layer, which is told before their words are.
        if head.contains(&0) || memchr::memmem::find(head, b"layer").is_none() {
            return Recognition::No;
        }
        let words = Tokens { bytes: head, position: 0 };
        let (mut before, mut layers, mut wired): (Option<&[u8]>, bool, bool) = (None, false, false);
        for (_, token) in words {
            let opens = token == Token::Open;
            layers |= opens && matches!(before, Some(b"layer" | b"layers"));
            let is_field = opens || token == Token::Colon;
            wired |= is_field
                && matches!(before, Some(b"bottom" | b"top" | b"python_param" | b"hdf5_output_param"));
            before = match token {
                Token::Word(word) => Some(word),
                Token::Colon => before,
                _ => None,
            };
        }
        if layers && wired { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let tokens = Tokens { bytes: input.bytes, position: 0 };
        let mut key: &[u8] = b"";
        let mut section: &[u8] = b"";
        let mut python = PythonLayer::default();
        let mut steps = 0u32;
        for (offset, token) in tokens {
            steps = steps.wrapping_add(1);
            if steps.is_multiple_of(0x1_0000) && scan.out_of_time() {
                return;
            }
            match token {
                Token::Word(word) => key = word,
                Token::Colon => {}
                Token::Open => {
                    section = key;
                    python = PythonLayer { offset, ..PythonLayer::default() };
                }
                Token::Close => {
                    if section == b"python_param" {
                        python.report(scan);
                    }
                    section = b"";
                }
                Token::Text(raw) => {
                    let text = unescape(raw);
                    match (section, key) {
                        (b"python_param", b"module") => python.module = Some(text),
                        (b"python_param", b"layer") => python.class = Some(text),
                        (b"python_param", b"param_str") => python.argument = Some(text),
                        (b"hdf5_output_param", b"file_name") => report_output(&text, offset, scan),
                        _ if text.len() >= SHORTEST => {
                            report_library(&text, offset, scan);
                            let place = Location { offset: Some(offset as u64), ..Location::default() };
                            indicators::inspect_metadata(&text, &place, scan);
                        }
                        _ => {}
                    }
                }
            }
        }
        if section == b"python_param" {
            python.report(scan);
        }
    }
}

/// What the text is made of. Numbers and words are not told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a [u8]),
    /// The inside of a quoted string, escapes as written.
    Text(&'a [u8]),
    Colon,
    Open,
    Close,
}

struct Tokens<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (usize, Token<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.bytes.get(self.position..)?;
            let start = self.position;
            let (length, token) = match *rest.first()? {
                b'#' => (rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len()), None),
                b':' => (1, Some(Token::Colon)),
                b'{' | b'<' => (1, Some(Token::Open)),
                b'}' | b'>' => (1, Some(Token::Close)),
                quote @ (b'"' | b'\'') => {
                    let inside = rest.get(1..).unwrap_or_default();
                    let end = string_end(inside, quote);
                    (end.saturating_add(2), inside.get(..end).map(Token::Text))
                }
                byte if is_word(byte) => {
                    let end = rest.iter().position(|&byte| !is_word(byte)).unwrap_or(rest.len());
                    (end, rest.get(..end).map(Token::Word))
                }
                _ => (1, None),
            };
            self.position = start.saturating_add(length);
            if let Some(token) = token {
                return Some((start, token));
            }
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'+')
}

/// Where the string that begins `inside` ends: at its quote, or at the end of all.
fn string_end(inside: &[u8], quote: u8) -> usize {
    let mut escaped = false;
    let end = inside.iter().position(|&byte| {
        let ends = byte == quote && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.unwrap_or(inside.len())
}

/// The text of a string: simple escapes, octal and hexadecimal ones.
fn unescape(raw: &[u8]) -> String {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'n') => out.push(b'\n'),
            Some(b't') => out.push(b'\t'),
            Some(b'r') => out.push(b'\r'),
            Some(b'x' | b'X') => {
                let mut value = 0u8;
                for _ in 0..2 {
                    let Some(digit) = rest.peek().and_then(|&byte| char::from(byte).to_digit(16)) else {
                        break;
                    };
                    value = value.wrapping_mul(16).wrapping_add(u8::try_from(digit).unwrap_or_default());
                    rest.next();
                }
                out.push(value);
            }
            Some(first @ b'0'..=b'7') => {
                let mut value = first.wrapping_sub(b'0');
                for _ in 0..2 {
                    let Some(&digit @ b'0'..=b'7') = rest.peek() else { break };
                    value = value.wrapping_mul(8).wrapping_add(digit.wrapping_sub(b'0'));
                    rest.next();
                }
                out.push(value);
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use bartizan_core::Severity;
    use proptest::prelude::*;

    const PLAIN: &[u8] =
        b"name: \"net\"\nlayer {\n  name: \"conv1\"\n  type: \"Convolution\"\n  bottom: \"data\"\n  \
        top: \"conv1\"\n  convolution_param { num_output: 96 }\n}\n";
    const PYTHON: &[u8] = b"layer { name: 'p' type: 'Python' bottom: 'x' top: 'y'\n  # python_param { }\n  \
        python_param { module: 'rpn.\\160roposal' layer: \"Layer\" param_str: \"'stride': 16\" } }";

    #[test]
    fn a_python_layer_is_reported_with_its_escapes_resolved_and_a_plain_net_is_silent() {
        let found = outcome(&CAFFE_TEXT, PYTHON);
        assert_eq!(found.findings.len(), 1, "{:?}", found.findings);
        assert_eq!(
            found.findings[0].message,
            "a Python layer imports `rpn.proposal` and makes a `Layer` of it"
        );
        assert_eq!(rules_of(&CAFFE_TEXT, PLAIN), Vec::<&str>::new());
    }

    #[test]
    fn a_layer_that_writes_over_a_key_is_high() {
        let text = b"layer { top: 'x' hdf5_output_param { file_name: \"/root/.ssh/authorized_keys\" } }";
        let found = outcome(&CAFFE_TEXT, text);
        assert!(found.findings.iter().any(|finding| {
            (finding.rule.id, finding.severity) == ("model/caffe-file-write", Severity::High)
        }));
    }

    #[test]
    fn a_parameter_block_that_is_cut_counts() {
        let cut = b"layer { top: 'x' python_param { module: 'a' layer: 'b'";
        assert_eq!(rules_of(&CAFFE_TEXT, cut), ["model/foreign-operator"]);
    }

    #[test]
    fn it_is_told_from_other_texts() {
        let recognise = |text| CAFFE_TEXT.recognise(&Input::new("x", text));
        assert_eq!(recognise(PLAIN), Recognition::Certain);
        assert_eq!(recognise(b"node { name: \"a\" op: \"Const\" }"), Recognition::No);
        assert_eq!(recognise(b"The top layer {of a cake} and its bottom"), Recognition::No);
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_result(bytes: Vec<u8>, at: usize, flip: u8) {
            outcome(&CAFFE_TEXT, &bytes);
            let mut whole = PYTHON.to_vec();
            let length = whole.len();
            whole[at % length] ^= flip;
            outcome(&CAFFE_TEXT, &whole);
        }
    }
}

//! The strings of a program that a model may come to read: what tools return or raise, constants that describe them. [`spoken`].

use std::ops::Range;

/// One text: the literals that are put together in a row, by the bytes between their quotes.
pub(super) type Pieces = Vec<Range<usize>>;

/// The texts of `code` that are sentences. Literals that only white space, `+` or a line's end part are one text. Time grows with the
/// length of the code.
pub(super) fn spoken(code: &str, python: bool) -> Vec<Pieces> {
    let bytes = code.as_bytes();
    let mut found: Vec<Pieces> = Vec::new();
    let mut open: Pieces = Vec::new();
    let mut at = 0_usize;
    while let Some(&byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        let comment = if python { rest.starts_with(b"#") } else { rest.starts_with(b"//") };
        if comment {
            at = at.saturating_add(memchr::memchr(b'\n', rest).unwrap_or(rest.len()));
        } else if !python && rest.starts_with(b"/*") {
            at = at.saturating_add(
                memchr::memmem::find(rest, b"*/").map_or(rest.len(), |end| end.saturating_add(2)),
            );
        } else if matches!(byte, b'"' | b'\'') || byte == b'`' && !python {
            let (inner, end) = literal(bytes, at, python);
            open.push(inner);
            at = end.max(at.saturating_add(1));
        } else {
            let prefix = python
                && matches!(byte, b'f' | b'r' | b'b' | b'u' | b'F' | b'R' | b'B' | b'U')
                && matches!(rest.get(1), Some(b'"' | b'\''));
            if !(byte.is_ascii_whitespace() || matches!(byte, b'+' | b'\\') || prefix) {
                close(code, &mut open, &mut found);
            }
            at = at.saturating_add(1);
        }
    }
    close(code, &mut open, &mut found);
    found
}

/// The bytes between the quotes of the literal that begins at byte `at`, and where it ends. One that does not end goes to the end of
/// its line, or of the code.
fn literal(bytes: &[u8], at: usize, python: bool) -> (Range<usize>, usize) {
    let rest = bytes.get(at..).unwrap_or_default();
    let quote = rest.first().copied().unwrap_or_default();
    let long = python && rest.len() >= 3 && rest.iter().take(3).all(|byte| *byte == quote);
    if long {
        let start = at.saturating_add(3);
        let end = memchr::memmem::find(bytes.get(start..).unwrap_or_default(), &[quote; 3])
            .map_or(bytes.len(), |end| start.saturating_add(end));
        return (start..end, end.saturating_add(3).min(bytes.len()));
    }
    let start = at.saturating_add(1);
    let mut end = start;
    while let Some(&byte) = bytes.get(end) {
        if byte == quote || byte == b'\n' && quote != b'`' {
            break;
        }
        end = end.saturating_add(if byte == b'\\' { 2 } else { 1 });
    }
    let end = end.min(bytes.len());
    (start..end, end.saturating_add(1).min(bytes.len()))
}

fn close(code: &str, open: &mut Pieces, found: &mut Vec<Pieces>) {
    let pieces = std::mem::take(open);
    let (mut length, mut spaces) = (0_usize, 0_usize);
    for piece in &pieces {
        let text = code.get(piece.clone()).unwrap_or_default();
        length = length.saturating_add(text.len());
        spaces = spaces.saturating_add(text.bytes().filter(|byte| *byte == b' ').count());
    }
    // Scripts without spaces say as much in fewer letters.
    let dense = pieces.iter().any(|piece| !code.get(piece.clone()).unwrap_or_default().is_ascii());
    if length >= LEAST && (spaces >= WORDS || dense) {
        found.push(pieces);
    }
}

/// Shortest text that is a sentence, in bytes.
const LEAST: usize = 24;
/// Fewest spaces in a sentence.
const WORDS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(code: &str, python: bool) -> Vec<String> {
        spoken(code, python)
            .into_iter()
            .map(|pieces| pieces.into_iter().map(|piece| &code[piece]).collect())
            .collect()
    }

    #[test]
    fn literals_in_a_row_are_one_text_and_names_are_none() {
        let code = "X = (\n    \"Reads the file and gives \"\n    f\"its lines back.\"\n)\nraise E('no')  # 'a b c d e f g h i j k l'\n";
        assert_eq!(texts(code, true), ["Reads the file and gives its lines back."]);
        let code = "return { text: `Call the tool ` + 'again with a name' }; // \"one two three four five six\"\nlog('a')";
        assert_eq!(texts(code, false), ["Call the tool again with a name"]);
    }

    proptest! {
        #[test]
        fn any_code_gives_texts_inside_it(code in r#"([a-z"'`\\ +#\n(){}é]|"""|//|/\*|\*/){0,200}"#, python in any::<bool>()) {
            for piece in spoken(&code, python).into_iter().flatten() {
                prop_assert!(piece.start <= piece.end && piece.end <= code.len());
            }
        }
    }
}

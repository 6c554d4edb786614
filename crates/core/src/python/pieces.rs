//! Cuts long Python source at top-level statements, so that the syntax tree in memory is that of one piece.
//!
//! A cut stands where no bracket or string is open and a line begins at the margin with neither a clause of the
//! statement above (`else`, `except`) nor what a decorator belongs to. Linear time, no allocation but the list.

use super::nesting;

/// Consecutive top-level statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The text.
    pub text: &'a str,
    /// Where it begins in the whole.
    pub offset: usize,
    /// What its syntax tree takes, in units of a number in a list (some 160 bytes): signs that separate or join values,
    /// and more for statements and texts.
    pub parts: usize,
}

/// Length in bytes from which a piece ends at the next statement.
const PIECE: usize = 128 << 10;

/// The pieces of `code`, in order and without anything between them.
pub fn pieces(code: &str) -> Vec<Piece<'_>> {
    let bytes = code.as_bytes();
    let mut pieces = Vec::new();
    let (mut start, mut at, mut open, mut parts) = (0usize, 0usize, 0usize, 0usize);
    let mut is_decorator = bytes.first() == Some(&b'@');
    while let Some(&byte) = bytes.get(at) {
        let mut step = 1usize;
        match byte {
            b'#' => step = memchr::memchr(b'\n', bytes.get(at..).unwrap_or_default()).unwrap_or(bytes.len()),
            b'"' | b'\'' => {
                step = nesting::literal(bytes, at);
                let text = bytes.get(at..at.saturating_add(step)).unwrap_or_default();
                parts = parts.saturating_add(literal_parts(bytes.get(..at).unwrap_or_default(), text));
            }
            b'\\' => step = 2,
            b'(' | b'[' | b'{' => {
                open = open.saturating_add(1);
                parts = parts.saturating_add(1);
            }
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            b',' | b':' | b';' | b'=' | b'.' | b'+' | b'-' | b'*' | b'/' | b'%' | b'|' | b'&' | b'^'
            | b'<' | b'>' => {
                parts = parts.saturating_add(1);
            }
            b'\n' if open == 0 => {
                parts = parts.saturating_add(STATEMENT_PARTS);
                let next = at.saturating_add(1);
                let line = code.get(next..).unwrap_or_default();
                if begins_statement(line) {
                    if next.saturating_sub(start) >= PIECE && !is_decorator {
                        pieces.push(Piece {
                            text: code.get(start..next).unwrap_or_default(),
                            offset: start,
                            parts,
                        });
                        (start, parts) = (next, 0);
                    }
                    is_decorator = line.starts_with('@');
                }
            }
            _ => {}
        }
        at = at.saturating_add(step.max(1));
    }
    pieces.push(Piece { text: code.get(start..).unwrap_or_default(), offset: start, parts });
    pieces
}

/// What the text literal `text` takes; `before` ends in its prefix. One that is formatted holds expressions.
fn literal_parts(before: &[u8], text: &[u8]) -> usize {
    let prefix = before.iter().rev().take(2).take_while(|byte| byte.is_ascii_alphabetic());
    if prefix.clone().any(|byte| matches!(byte, b'f' | b'F' | b't' | b'T')) {
        memchr::memchr_iter(b'{', text).count().saturating_mul(2).saturating_add(2)
    } else {
        1
    }
}

/// What a statement takes beside what stands in it.
const STATEMENT_PARTS: usize = 2;

/// Whether `line` begins a statement of its own at the margin.
fn begins_statement(line: &str) -> bool {
    let starts =
        line.bytes().next().is_some_and(|first| !matches!(first, b' ' | b'\t' | b'\r' | b'\n' | b'#' | 0x0c));
    let length = line.bytes().take_while(u8::is_ascii_alphabetic).count();
    starts && !matches!(line.get(..length), Some("else" | "elif" | "except" | "finally"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_put_together_are_the_whole_and_begin_with_statements() {
        let unit = "try:\n    x = {'a': [1,\n2]}\nexcept ValueError:\n    pass\nelse:\n    s = '''\nz = 1\n'''\n\
                    @wrap\n# why\ndef f(): return (\n1)\n";
        let code = unit.repeat(3000);
        let cut = pieces(&code);
        assert!(cut.len() > 1 && cut.iter().all(|piece| piece.text.len() < PIECE + unit.len()));
        assert_eq!(cut.iter().map(|piece| piece.text).collect::<String>(), code);
        for piece in cut {
            assert!(
                piece.text.starts_with("try:") || piece.text.starts_with("@wrap"),
                "{:?}",
                piece.text.get(..20)
            );
            assert_eq!(code.get(piece.offset..piece.offset + 3), piece.text.get(..3));
        }
    }

    #[test]
    fn statements_and_formatted_texts_weigh_more_than_numbers() {
        let parts = |code: &str| pieces(code).iter().map(|piece| piece.parts).sum::<usize>();
        assert_eq!(parts("if x:\n a\n a\n"), 1 + 3 * 2);
        assert_eq!((parts("'{a}'"), parts("f'{a}'"), parts("rf'{a}{b}'")), (1, 4, 6));
    }

    #[test]
    fn a_statement_is_never_cut() {
        let code = format!("x = [{}]\ny = 1\n", "1,\n".repeat(PIECE));
        let cut = pieces(&code);
        assert_eq!(cut.len(), 2);
        assert_eq!(cut[1].text, "y = 1\n");
        assert!(cut[0].parts > PIECE);
    }
}

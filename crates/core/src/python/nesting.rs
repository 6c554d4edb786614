//! How deep a piece of Python source nests, measured on its characters before anything recursive touches it.
//!
//! The measure bounds the depth of the syntax tree from above: brackets, indentation, and chains of operators and
//! attributes, which lean to one side. Linear time, one small frame for each open bracket.

/// Deepest nesting parsed. Generated tables and long concatenations stay below it.
pub const MOST: usize = 4000;

#[derive(Default)]
struct Level {
    /// Operators, attributes and calls since the last comma.
    chain: usize,
    /// Deepest bracket since the last comma.
    inner: usize,
    /// Deepest element so far.
    most: usize,
}

impl Level {
    fn depth(&self) -> usize {
        self.most.max(self.chain.saturating_add(self.inner))
    }

    fn next_element(&mut self) {
        *self = Self { most: self.depth(), ..Self::default() };
    }
}

/// An upper bound for the depth of the syntax tree of `code`.
pub fn levels(code: &str) -> usize {
    let bytes = code.as_bytes();
    let mut open = vec![Level::default()];
    let mut deepest = 0usize;
    let mut at = 0usize;
    let mut line_start = true;
    let mut indents: Vec<usize> = vec![0];
    while let Some(&byte) = bytes.get(at) {
        if line_start {
            line_start = false;
            let rest = bytes.get(at..).unwrap_or_default();
            let column = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            while indents.last().is_some_and(|&last| last > column) {
                indents.pop();
            }
            if indents.last().is_none_or(|&last| last < column) {
                indents.push(column);
            }
        }
        let mut step = 1usize;
        match byte {
            b'#' => step = memchr::memchr(b'\n', bytes.get(at..).unwrap_or_default()).unwrap_or(bytes.len()),
            b'"' | b'\'' => {
                step = literal(bytes, at);
                // What an f-string holds nests too; its braces are at most as many as are written.
                let inside = bytes.get(at..at.saturating_add(step)).unwrap_or_default();
                let braces = memchr::memchr_iter(b'{', inside).count().min(MOST);
                let prefixed = at > 0
                    && bytes
                        .get(at.saturating_sub(1))
                        .is_some_and(|b| matches!(b, b'f' | b'F' | b't' | b'T' | b'r' | b'R'));
                if let Some(level) = open.last_mut() {
                    level.chain = level.chain.saturating_add(1);
                    if prefixed {
                        let marks =
                            inside.iter().filter(|b| matches!(b, b'(' | b'[' | b'.' | b'+' | b'-')).count();
                        level.inner = level.inner.max(braces.saturating_add(marks));
                    }
                }
            }
            b'(' | b'[' | b'{' => {
                if let Some(level) = open.last_mut() {
                    level.chain = level.chain.saturating_add(1);
                }
                open.push(Level::default());
                // Refuse early: brackets alone already pass the bound.
                if open.len() > MOST {
                    return open.len();
                }
            }
            b')' | b']' | b'}' => {
                if open.len() > 1
                    && let Some(closed) = open.pop()
                {
                    let depth = closed.depth().saturating_add(2);
                    if let Some(level) = open.last_mut() {
                        level.inner = level.inner.max(depth);
                    }
                }
            }
            b',' | b';' => {
                if let Some(level) = open.last_mut() {
                    level.next_element();
                }
            }
            b'\n' => {
                if open.len() == 1 {
                    let depth = open.first().map_or(0, Level::depth);
                    deepest = deepest.max(depth.saturating_add(indents.len().saturating_mul(2)));
                    open = vec![Level::default()];
                }
                line_start = open.len() == 1;
            }
            b'\\' => step = 2,
            b'.' | b'+' | b'-' | b'*' | b'/' | b'%' | b'@' | b'|' | b'&' | b'^' | b'~' | b'<' | b'>'
            | b'=' | b':' => {
                if let Some(level) = open.last_mut() {
                    level.chain = level.chain.saturating_add(1);
                }
            }
            _ if byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80 => {
                let rest = bytes.get(at..).unwrap_or_default();
                step = rest
                    .iter()
                    .position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80))
                    .unwrap_or(rest.len())
                    .max(1);
                let word = rest.get(..step).unwrap_or_default();
                if matches!(
                    word,
                    b"not"
                        | b"lambda"
                        | b"if"
                        | b"else"
                        | b"elif"
                        | b"for"
                        | b"await"
                        | b"and"
                        | b"or"
                        | b"in"
                        | b"is"
                        | b"yield"
                ) && let Some(level) = open.last_mut()
                {
                    level.chain = level.chain.saturating_add(1);
                }
            }
            _ => {}
        }
        at = at.saturating_add(step);
    }
    let unclosed: usize =
        open.iter().map(|level| level.depth().saturating_add(2)).fold(0, usize::saturating_add);
    deepest.max(unclosed.saturating_add(indents.len().saturating_mul(2)))
}

/// Length of the string literal whose quote stands at `start`, unterminated ones to the end of their line or text.
pub(super) fn literal(bytes: &[u8], start: usize) -> usize {
    let quote = bytes.get(start).copied().unwrap_or(b'"');
    let triple = bytes
        .get(start..start.saturating_add(3))
        .is_some_and(|three| three.iter().all(|&byte| byte == quote));
    let mut at = start.saturating_add(if triple { 3 } else { 1 });
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at = at.saturating_add(1),
            b'\n' if !triple => return at.saturating_sub(start),
            _ if byte == quote && !triple => return at.saturating_add(1).saturating_sub(start),
            _ if byte == quote
                && bytes
                    .get(at..at.saturating_add(3))
                    .is_some_and(|three| three.iter().all(|&b| b == quote)) =>
            {
                return at.saturating_add(3).saturating_sub(start);
            }
            _ => {}
        }
        at = at.saturating_add(1);
    }
    bytes.len().saturating_sub(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_code_is_shallow_and_deep_code_is_deep() {
        assert!(levels(&"x = [1, -2, 3]\n".repeat(10_000)) < 10);
        assert!(levels(&format!("x = [{}]", "-1, ".repeat(100_000))) < 20);
        assert!(levels(&format!("x = {}1{}", "(".repeat(5000), ")".repeat(5000))) > MOST);
        assert!(levels(&format!("x = {}1", "1+".repeat(5000))) > MOST);
        assert!(levels(&format!("x = {}a", "not ".repeat(5000))) > MOST);
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_count() {
        assert!(levels(&format!("x = '{}' # {}", "(".repeat(5000), "[".repeat(5000))) < 10);
    }
}

//! Where an answer in Markdown shows code rather than speaks: fenced blocks and spans between backticks.
//!
//! Source: CommonMark 0.31, sections 4.5 and 6.1, told word by word; a span ends with its paragraph at the latest.

/// Whether the words read so far end inside code.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fence {
    /// The mark of the block that is open, and how many of it.
    block: Option<(u8, usize)>,
    span: bool,
    inside_line: bool,
}

impl Fence {
    /// Whether a span between backticks is open.
    pub(crate) fn in_span(&self) -> bool {
        self.span
    }

    /// Whether a fenced block is open.
    pub(crate) fn in_block(&self) -> bool {
        self.block.is_some()
    }

    /// Whether something stands in the line already: a word without marks of code and line ends then changes nothing.
    pub(crate) fn in_line(&self) -> bool {
        self.inside_line
    }

    /// Takes a word with the blanks behind it; says whether it stands in a block, or begins in a span.
    pub(crate) fn word(&mut self, word: &str) -> bool {
        let core = word.trim_end();
        let gap = word.get(core.len()..).unwrap_or_default();
        let begins_line = !self.inside_line;
        self.inside_line = !gap.contains('\n') && (self.inside_line || !core.is_empty());
        let mark = core.bytes().next().filter(|byte| matches!(byte, b'`' | b'~'));
        let run = mark.map_or(0, |mark| core.bytes().take_while(|byte| *byte == mark).count());
        if begins_line && run >= 3 {
            let mark = mark.unwrap_or_default();
            match self.block {
                None => self.block = Some((mark, run)),
                Some((open, length)) if open == mark && run >= length && run == core.len() => {
                    self.block = None;
                }
                Some(_) => {}
            }
            self.span = false;
            return true;
        }
        let inside = self.block.is_some() || self.span || core.starts_with('`');
        if self.block.is_none() {
            self.span ^= core.bytes().filter(|byte| *byte == b'`').count() % 2 == 1;
            self.span &= gap.bytes().filter(|byte| *byte == b'\n').count() < 2;
        }
        inside
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Vec<&str> {
        let mut fence = Fence::default();
        text.split_inclusive([' ', '\n']).filter(|word| fence.word(word)).map(str::trim).collect()
    }

    #[test]
    fn blocks_and_spans_are_code() {
        assert_eq!(code("say `a b` c\n```sh\nls -l\n```\nend"), ["`a", "b`", "```sh", "ls", "-l", "```"]);
        assert_eq!(code("~~~\n```\n~~~\nx"), ["~~~", "```", "~~~"]);
    }
}

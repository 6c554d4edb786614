//! Spans of code between backticks in an answer in Markdown: [`CodeSpans`].
//!
//! A span counts where it opens and closes in one line and no cell of a table may end between; from the first backticks that do not
//! on nothing of the paragraph is code: what is read otherwise by one renderer may run in another.
//!
//! Source: CommonMark 0.31, section 6.1; GitHub Flavored Markdown 0.29, section 4.10.

/// What the bytes read so far are of.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CodeSpans {
    /// Backticks that opened the span.
    open: Option<usize>,
    /// Backticks read on end just now.
    run: usize,
    escaped: bool,
    /// Whether there was a mark in the span that ends cells.
    is_parted: bool,
    /// Whether nothing here is code for sure.
    is_doubtful: bool,
}

/// What a byte ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpanEnd {
    /// A span that is code.
    Code,
    /// One that may be none.
    Doubtful,
}

impl CodeSpans {
    /// Whether the bytes read last may be code.
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some() || self.run > 0 && !self.is_doubtful
    }

    /// Says that nothing is code until the paragraph ends; gives whether a span was open.
    pub(crate) fn doubt(&mut self) -> bool {
        let was_open = self.is_open();
        *self = Self { is_doubtful: true, ..Self::default() };
        was_open
    }

    /// Says that a paragraph begins; gives whether a span was open.
    pub(crate) fn reset(&mut self) -> bool {
        let was_open = self.is_open();
        *self = Self::default();
        was_open
    }

    /// Takes a byte of a line; says so where a span ended before it.
    pub(crate) fn byte(&mut self, byte: u8) -> Option<SpanEnd> {
        if self.is_doubtful {
            return None;
        }
        if byte == b'`' && !self.escaped {
            self.run = self.run.saturating_add(1);
            return None;
        }
        let ended = self.end_of_run();
        self.is_parted |= self.open.is_some() && byte == b'|';
        self.escaped = self.open.is_none() && byte == b'\\' && !self.escaped;
        ended
    }

    /// Takes the end of a run of backticks, if there was one just now.
    pub(crate) fn end_of_run(&mut self) -> Option<SpanEnd> {
        let run = std::mem::take(&mut self.run);
        if run == 0 {
            return None;
        }
        match self.open {
            None => {
                self.open = Some(run);
                self.is_parted = false;
                None
            }
            Some(open) if open == run => {
                self.open = None;
                Some(if self.is_parted { SpanEnd::Doubtful } else { SpanEnd::Code })
            }
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(line: &str) -> (Vec<SpanEnd>, bool) {
        let mut spans = CodeSpans::default();
        let mut ends: Vec<SpanEnd> = line.bytes().filter_map(|byte| spans.byte(byte)).collect();
        ends.extend(spans.end_of_run());
        (ends, spans.is_open())
    }

    #[test]
    fn a_span_ends_at_as_many_backticks_as_it_began_with() {
        use SpanEnd::{Code, Doubtful};
        assert_eq!(ends("a `b` ``c ` d`` \\`e"), (vec![Code, Code], false));
        assert_eq!(ends("a `b"), (vec![], true));
        assert_eq!(ends("``a` `b"), (vec![], true));
        assert_eq!(ends("\\\\`a\\`"), (vec![Code], false));
        assert_eq!(ends("| a ` | b ` |"), (vec![Doubtful], false));
    }
}

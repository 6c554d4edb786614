//! Marks before the lines of a text that is quoted: `>` of mails and Markdown, `+` and `-` of what changed in a file.

/// What the line before began with.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Margin {
    mark: Option<u8>,
}

impl Margin {
    /// How many bytes at the beginning of a line are marks. A sign that codes are written with too is one where the line before began
    /// with it as well.
    pub(super) fn take(&mut self, line: &str) -> usize {
        let bytes = line.as_bytes();
        let quotes = bytes.iter().take_while(|byte| **byte == b'>').count();
        let mark = bytes.get(quotes).copied().filter(|byte| matches!(byte, b'+' | b'-'));
        let again = mark.is_some() && mark == self.mark;
        self.mark = mark;
        quotes.saturating_add(usize::from(again))
    }
}

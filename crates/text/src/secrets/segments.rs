//! Stretches of text without a blank, quote or bracket, long enough to hold a token.
//!
//! Ordinary words are short, so the search looks at the last byte of a window first and leaps over it when a separator
//! stands there: prose costs a fraction of a look per byte.

/// Fewest bytes of a segment.
pub(super) const LEAST: usize = 8;
/// Fewest bytes of a segment without a digit.
const WORDY: usize = 10;

/// Which bytes stand between tokens: blanks, controls, quotes, brackets, commas, and all beyond ASCII.
static SEPARATES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = byte <= 0x20 || byte >= 0x7F;
        byte += 1;
    }
    let mut marks: &[u8] = b"\"'`<>()[]{},;|";
    while let [mark, rest @ ..] = marks {
        table[*mark as usize] = true;
        marks = rest;
    }
    table
};

fn separates(byte: u8) -> bool {
    SEPARATES.get(usize::from(byte)).copied().unwrap_or(true)
}

/// The segments of a text as spans, in order.
#[derive(Debug)]
pub(super) struct Segments<'t> {
    text: &'t [u8],
    at: usize,
}

/// The segments of `text`.
pub(super) fn segments(text: &[u8]) -> Segments<'_> {
    Segments { text, at: 0 }
}

impl Iterator for Segments<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        loop {
            let window = self.text.get(self.at..self.at + LEAST)?;
            if let Some(last) = window.iter().rposition(|&byte| separates(byte)) {
                self.at += last + 1;
                continue;
            }
            let start = self.at;
            let rest = self.text.get(start + LEAST..).unwrap_or_default();
            let length = LEAST + rest.iter().position(|&byte| separates(byte)).unwrap_or(rest.len());
            self.at = start + length + 1;
            let segment = self.text.get(start..start + length).unwrap_or_default();
            if length >= WORDY || segment.iter().any(u8::is_ascii_digit) {
                return Some((start, start + length));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        segments(text.as_bytes()).filter_map(|(start, end)| text.get(start..end)).collect()
    }

    #[test]
    fn long_stretches_and_those_with_a_digit_are_segments() {
        assert_eq!(
            found("a word, key=a8F3kd92, another; congratulations"),
            ["key=a8F3kd92", "congratulations"]
        );
        assert_eq!(found("token12 abcdefg8 abcdefgh"), ["abcdefg8"]);
        assert_eq!(found(""), Vec::<&str>::new());
    }

    #[test]
    fn a_segment_begins_right_behind_its_separator() {
        assert_eq!(found("\"0123456789\"é0123456789"), ["0123456789", "0123456789"]);
    }
}

//! Whether a text form ends where it should: quotes and brackets that are left open swallow whatever follows them, and readers of
//! records do not mind.

use super::read::Form;
use std::io::{self, Read};

/// Bytes read at a time.
const BLOCK: usize = 1 << 18;

/// Whether no quoted value, and no bracket of a JSON array, is open at the end of `input`; true for forms of lines, whose rows say so
/// themselves. Cost: `O(bytes)` time, memory for one block.
///
/// # Errors
/// What the system says.
pub fn is_whole(mut input: impl Read, form: Form) -> io::Result<bool> {
    let mut block = vec![0; BLOCK];
    let mut next = |block: &mut [u8]| loop {
        match input.read(block) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    };
    match form {
        Form::JsonLines | Form::Lines => Ok(true),
        Form::Delimited(delimiter) => {
            let mut quotes = Quotes::new(delimiter);
            loop {
                match next(&mut block)? {
                    0 => return Ok(!quotes.is_open()),
                    read => quotes.feed(block.get(..read).unwrap_or_default()),
                }
            }
        }
        Form::JsonArray => {
            let mut brackets = Brackets::default();
            loop {
                match next(&mut block)? {
                    0 => return Ok(brackets.seen && brackets.depth == 0 && !brackets.in_text),
                    read => brackets.feed(block.get(..read).unwrap_or_default()),
                }
            }
        }
    }
}

/// Where in a delimited text a reader is: quotes count where a value begins with one (RFC 4180, and as the `csv` crate reads it).
#[derive(Debug)]
pub(super) struct Quotes {
    delimiter: u8,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Plain,
    Quoted,
    /// Behind a quote within a quoted value: its end, or the first of two.
    Closing,
}

impl Quotes {
    pub(super) fn new(delimiter: u8) -> Self {
        Self { delimiter, state: State::Start }
    }

    /// Whether a quoted value is open.
    pub(super) fn is_open(&self) -> bool {
        self.state == State::Quoted
    }

    pub(super) fn feed(&mut self, mut bytes: &[u8]) {
        while let Some((first, rest)) = bytes.split_first() {
            bytes = rest;
            self.state = match (self.state, *first) {
                (State::Start | State::Closing, b'"') => State::Quoted,
                (State::Quoted, b'"') => State::Closing,
                (State::Quoted, _) => {
                    // Long values are leapt over.
                    bytes = rest.get(memchr::memchr(b'"', rest).unwrap_or(rest.len())..).unwrap_or_default();
                    State::Quoted
                }
                (_, b'\n' | b'\r') => State::Start,
                (_, byte) if byte == self.delimiter => State::Start,
                _ => State::Plain,
            };
        }
    }
}

/// How deep in a JSON text a reader is.
#[derive(Debug, Default)]
struct Brackets {
    depth: u64,
    seen: bool,
    in_text: bool,
    escaped: bool,
}

impl Brackets {
    fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.in_text {
                let escapes = *byte == b'\\' && !self.escaped;
                self.in_text = *byte != b'"' || self.escaped;
                self.escaped = escapes;
                continue;
            }
            match byte {
                b'"' => self.in_text = true,
                b'[' | b'{' => {
                    self.seen = true;
                    self.depth = self.depth.saturating_add(1);
                }
                b']' | b'}' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_left_open_is_seen_and_one_within_a_value_is_none() {
        let whole = |text: &str| is_whole(text.as_bytes(), Form::Delimited(b',')).unwrap();
        for text in
            ["", "a,b\n", "a\n\"x\ny\"", "a\n\"x\"\"y\"\n", "a\n5\" pipe,1\n", "a\n\"x\"y\"\n", "a\n\"\"\n"]
        {
            assert!(whole(text), "{text}");
        }
        for text in ["a\n\"x\n2\n", "a\n\"x\"\"\n", "a\n1,\"\n", "a\n5\" pipe,\"\n", "\""] {
            assert!(!whole(text), "{text}");
        }
    }

    #[test]
    fn an_array_ends_with_its_bracket() {
        let whole = |text: &str| is_whole(text.as_bytes(), Form::JsonArray).unwrap();
        assert!(whole("[{\"a\": \"]\\\"[\"}]\n") && whole("[]"));
        for text in ["[{\"a\":1},{\"a\":2}", "[{\"a\":[1,2]", "[{\"a\":\"]}", ""] {
            assert!(!whole(text), "{text}");
        }
    }
}

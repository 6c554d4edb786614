//! Numbers and bytes of an R serialisation in each of its encodings.
//!
//! Source: R Internals §1.8, `src/main/serialize.c`.

use bartizan_core::Cursor;

/// How integers and numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Xdr,
    Ascii,
    Native,
}

/// Why reading stops.
pub(super) type Stop = &'static str;

/// Reads numbers and bytes in one of the encodings.
pub(super) struct Reader<'a> {
    pub(super) cursor: Cursor<'a>,
    pub(super) encoding: Encoding,
}

impl<'a> Reader<'a> {
    pub(super) fn integer(&mut self) -> Result<i32, Stop> {
        let read = match self.encoding {
            Encoding::Xdr => self.cursor.i32_be(),
            Encoding::Native => self.cursor.i32_le(),
            Encoding::Ascii => {
                let word = self.word()?;
                if word == b"NA" {
                    return Ok(i32::MIN);
                }
                let number = std::str::from_utf8(word).ok().and_then(|word| word.parse().ok());
                return number.ok_or("a word where a number should stand");
            }
        };
        read.map_err(|_| "the file ends inside an object")
    }

    pub(super) fn word(&mut self) -> Result<&'a [u8], Stop> {
        let blank = self.cursor.rest().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.cursor.take(blank).map_err(|_| "the file ends inside an object")?;
        let length = self.cursor.rest().iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
        if length == 0 {
            return Err("the file ends inside an object");
        }
        self.cursor.take(length).map_err(|_| "the file ends inside an object")
    }

    pub(super) fn words(&mut self, count: u64) -> Result<(), Stop> {
        for _ in 0..count {
            self.word()?;
        }
        Ok(())
    }

    pub(super) fn skip(&mut self, count: u64) -> Result<(), Stop> {
        self.cursor.skip(count).map_err(|_| "the file ends inside a vector")
    }

    pub(super) fn skip_integers(&mut self, count: u64) -> Result<(), Stop> {
        if self.encoding == Encoding::Ascii { self.words(count) } else { self.skip(count.saturating_mul(4)) }
    }

    pub(super) fn skip_doubles(&mut self, count: u64) -> Result<(), Stop> {
        if self.encoding == Encoding::Ascii { self.words(count) } else { self.skip(count.saturating_mul(8)) }
    }

    pub(super) fn skip_raw(&mut self, count: u64) -> Result<(), Stop> {
        if self.encoding == Encoding::Ascii { self.words(count) } else { self.skip(count) }
    }

    pub(super) fn bytes(&mut self, count: u64) -> Result<&'a [u8], Stop> {
        let start = self.cursor.position();
        if self.encoding != Encoding::Ascii {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            return self.cursor.take(count).map_err(|_| "the file ends inside a string");
        }
        // One line break, then the characters, in which a backslash escapes C style: counted, not decoded.
        let blank = self.cursor.rest().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let start = start.saturating_add(blank);
        let _ = self.cursor.take(blank);
        for _ in 0..count {
            let short = "the file ends inside a string";
            if self.cursor.u8().map_err(|_| short)? == b'\\'
                && self.cursor.u8().map_err(|_| short)?.is_ascii_digit()
            {
                let more = self.cursor.rest().iter().take(2).take_while(|byte| byte.is_ascii_digit()).count();
                let _ = self.cursor.take(more);
            }
        }
        let length = self.cursor.position().saturating_sub(start);
        Cursor::at(self.whole(start), 0).take(length).map_err(|_| "the file ends inside a string")
    }

    /// The bytes from `start` on, which lies before the cursor.
    pub(super) fn whole(&self, start: usize) -> &'a [u8] {
        let mut from = self.cursor.clone();
        let _ = from.seek(start as u64);
        from.rest()
    }

    /// A string's content, ASCII escapes resolved.
    pub(super) fn text(&mut self, count: u64) -> Result<Vec<u8>, Stop> {
        let raw = self.bytes(count)?;
        if self.encoding != Encoding::Ascii || !raw.contains(&b'\\') {
            return Ok(raw.to_vec());
        }
        let mut text = Vec::with_capacity(raw.len());
        let mut rest = raw.iter().copied().peekable();
        while let Some(byte) = rest.next() {
            if byte != b'\\' {
                text.push(byte);
                continue;
            }
            match rest.next() {
                Some(b'n') => text.push(b'\n'),
                Some(b't') => text.push(b'\t'),
                Some(first @ b'0'..=b'7') => {
                    let mut code = first.wrapping_sub(b'0');
                    for _ in 0..2 {
                        let Some(digit) = rest.next_if(|digit| (b'0'..=b'7').contains(digit)) else { break };
                        code = code.wrapping_mul(8).wrapping_add(digit.wrapping_sub(b'0'));
                    }
                    text.push(code);
                }
                Some(other) => text.push(other),
                None => {}
            }
        }
        Ok(text)
    }
}

//! MessagePack: a flat walk over the values of a document, with containers announced and closed.
//!
//! Source: the MessagePack specification (github.com/msgpack/msgpack/blob/master/spec.md). Nesting is kept on an explicit
//! stack and bounded; nothing is built; cost is linear.

use bartizan_core::{Cursor, ShortRead};

/// Deepest nesting followed; the reference unpackers stop at 512 or 1024.
pub const MAX_DEPTH: usize = 512;

/// One step through a document.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event<'a> {
    /// A map of this many pairs begins; keys and values follow in turn.
    Map(u32),
    /// An array of this many items begins.
    Array(u32),
    /// The innermost map or array ends.
    End,
    /// A string; not always UTF-8.
    Text(&'a [u8]),
    /// A byte string.
    Binary(&'a [u8]),
    /// An extension value: its type and data.
    Extension(i8, &'a [u8]),
    /// A whole number.
    Integer(i128),
    /// A floating-point number.
    Float(f64),
    /// `true` or `false`
    Bool(bool),
    /// `nil`
    Nil,
}

/// Why a document could not be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MsgpackError {
    /// The document ends inside a value.
    #[error("the document ends inside a value: {0}")]
    Truncated(#[from] ShortRead),
    /// The byte 0xc1, which is never used.
    #[error("a byte that begins no value")]
    Unused,
    /// A container that claims more items than bytes are left.
    #[error("a container claims {items} items, {left} bytes are left")]
    TooMany {
        /// Items claimed; a pair of a map counts as two.
        items: u64,
        /// Bytes left.
        left: usize,
    },
    /// More than [`MAX_DEPTH`] levels.
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

/// Walks one value and everything in it.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    cursor: Cursor<'a>,
    /// Values still to come, per open container.
    open: Vec<u64>,
    offset: usize,
    done: bool,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { cursor: Cursor::new(bytes), open: Vec::new(), offset: 0, done: false }
    }

    /// Offset of the last event's first byte.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Offset just past the last event.
    pub fn position(&self) -> usize {
        self.cursor.position()
    }

    /// How many containers are open.
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    fn step(&mut self) -> Result<Option<Event<'a>>, MsgpackError> {
        if self.done {
            return Ok(None);
        }
        self.offset = self.cursor.position();
        if self.open.last() == Some(&0) {
            self.open.pop();
            self.done = self.open.is_empty();
            return Ok(Some(Event::End));
        }
        if let Some(left) = self.open.last_mut() {
            *left = left.saturating_sub(1);
        }
        let event = self.value()?;
        match event {
            Event::Map(pairs) => self.enter(u64::from(pairs).saturating_mul(2))?,
            Event::Array(items) => self.enter(u64::from(items))?,
            _ => self.done = self.open.is_empty(),
        }
        Ok(Some(event))
    }

    fn enter(&mut self, items: u64) -> Result<(), MsgpackError> {
        let left = self.cursor.remaining();
        if items > left as u64 {
            return Err(MsgpackError::TooMany { items, left });
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(MsgpackError::TooDeep);
        }
        self.open.push(items);
        Ok(())
    }

    fn value(&mut self) -> Result<Event<'a>, MsgpackError> {
        let cursor = &mut self.cursor;
        let [kind] = cursor.array()?;
        Ok(match kind {
            0x00..=0x7f => Event::Integer(i128::from(kind)),
            0x80..=0x8f => Event::Map(u32::from(kind & 0x0f)),
            0x90..=0x9f => Event::Array(u32::from(kind & 0x0f)),
            0xa0..=0xbf => Event::Text(cursor.take(usize::from(kind & 0x1f))?),
            0xc0 => Event::Nil,
            0xc1 => return Err(MsgpackError::Unused),
            0xc2 => Event::Bool(false),
            0xc3 => Event::Bool(true),
            0xc4..=0xc6 => {
                let length = length(cursor, kind.wrapping_sub(0xc4))?;
                Event::Binary(cursor.take(length)?)
            }
            0xc7..=0xc9 => {
                let length = length(cursor, kind.wrapping_sub(0xc7))?;
                let [kind] = cursor.array()?;
                Event::Extension(kind.cast_signed(), cursor.take(length)?)
            }
            0xca => Event::Float(f64::from(f32::from_be_bytes(cursor.array()?))),
            0xcb => Event::Float(f64::from_be_bytes(cursor.array()?)),
            0xcc => Event::Integer(i128::from(u8::from_be_bytes(cursor.array()?))),
            0xcd => Event::Integer(i128::from(u16::from_be_bytes(cursor.array()?))),
            0xce => Event::Integer(i128::from(u32::from_be_bytes(cursor.array()?))),
            0xcf => Event::Integer(i128::from(u64::from_be_bytes(cursor.array()?))),
            0xd0 => Event::Integer(i128::from(i8::from_be_bytes(cursor.array()?))),
            0xd1 => Event::Integer(i128::from(i16::from_be_bytes(cursor.array()?))),
            0xd2 => Event::Integer(i128::from(i32::from_be_bytes(cursor.array()?))),
            0xd3 => Event::Integer(i128::from(i64::from_be_bytes(cursor.array()?))),
            0xd4..=0xd8 => {
                let length = 1usize << kind.wrapping_sub(0xd4);
                let [kind] = cursor.array()?;
                Event::Extension(kind.cast_signed(), cursor.take(length)?)
            }
            0xd9..=0xdb => {
                let length = length(cursor, kind.wrapping_sub(0xd9))?;
                Event::Text(cursor.take(length)?)
            }
            0xdc => Event::Array(u32::from(cursor.u16_be()?)),
            0xdd => Event::Array(cursor.u32_be()?),
            0xde => Event::Map(u32::from(cursor.u16_be()?)),
            0xdf => Event::Map(cursor.u32_be()?),
            0xe0..=0xff => Event::Integer(i128::from(kind.cast_signed())),
        })
    }
}

/// A length of one, two or four bytes.
fn length(cursor: &mut Cursor<'_>, width: u8) -> Result<usize, ShortRead> {
    Ok(match width {
        0 => usize::from(cursor.u8()?),
        1 => usize::from(cursor.u16_be()?),
        _ => cursor.u32_be()? as usize,
    })
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<Event<'a>, MsgpackError>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step();
        self.done |= step.is_err();
        step.transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Event::{Array, End, Integer, Map, Nil, Text};
    use proptest::prelude::*;

    #[test]
    fn containers_open_and_close_in_order() {
        let events: Vec<_> = Reader::new(b"\x81\xa1k\x92\x01\xc0").map(Result::unwrap).collect();
        assert_eq!(events, [Map(1), Text(b"k"), Array(2), Integer(1), Nil, End, End]);
    }

    #[test]
    fn a_container_larger_than_the_document_is_refused() {
        let events: Vec<_> = Reader::new(b"\xdf\xff\xff\xff\xff").collect();
        assert!(matches!(events.as_slice(), [Err(MsgpackError::TooMany { .. })]));
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert!(Reader::new(&[0x91; 4096]).any(|event| event == Err(MsgpackError::TooDeep)));
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_walked(bytes: Vec<u8>) {
            prop_assert!(Reader::new(&bytes).count() <= 2 * bytes.len() + 2);
        }
    }
}

//! Protocol Buffers wire format: a lazy walk over the fields of one message, without a schema.
//!
//! Source: Protocol Buffers documentation, *Encoding*. Groups (wire types 3 and 4, deprecated) are skipped with a
//! nesting bound.

use bartizan_core::{Cursor, ShortRead};

/// One field of a message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field<'a> {
    /// Field number, 1 to 2^29 − 1.
    pub number: u32,
    /// Its value, undecoded beyond the wire type.
    pub value: Value<'a>,
    /// Offset of the field's key in the slice the walk began with.
    pub offset: usize,
    /// Offset of the value's first byte, after key and length.
    pub value_offset: usize,
}

/// A field's value by wire type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Wire type 0: integers, booleans, enums.
    Varint(u64),
    /// Wire type 1: eight bytes, little-endian.
    Fixed64(u64),
    /// Wire type 5: four bytes, little-endian.
    Fixed32(u32),
    /// Wire type 2: bytes, string, message or packed array.
    Bytes(&'a [u8]),
}

impl<'a> Field<'a> {
    /// The bytes of a length-delimited field.
    pub fn bytes(&self) -> Option<&'a [u8]> {
        match self.value {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// A length-delimited field as UTF-8 text.
    pub fn text(&self) -> Option<&'a str> {
        self.bytes().and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    /// The value of an integer field.
    pub fn varint(&self) -> Option<u64> {
        match self.value {
            Value::Varint(value) => Some(value),
            _ => None,
        }
    }
}

/// Why a message could not be walked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProtobufError {
    /// The message ends inside a field.
    #[error("message ends inside a field: {0}")]
    Truncated(#[from] ShortRead),
    /// A key with field number 0 or a wire type that does not exist.
    #[error("no valid field key at offset {offset}")]
    BadKey {
        /// Where the key stands.
        offset: usize,
    },
}

/// Walks the fields of `message` in order. After an error the walk ends.
pub fn fields(message: &[u8]) -> Fields<'_> {
    Fields { cursor: Cursor::new(message), failed: false }
}

/// Iterator over the fields of one message; see [`fields`].
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    cursor: Cursor<'a>,
    failed: bool,
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Result<Field<'a>, ProtobufError> {
        loop {
            let offset = self.cursor.position();
            let (number, wire_type) = self.key()?;
            let mut value_offset = self.cursor.position();
            let value = match wire_type {
                0 => Value::Varint(self.cursor.varint()?),
                1 => Value::Fixed64(self.cursor.u64_le()?),
                2 => {
                    let length = usize::try_from(self.cursor.varint()?).unwrap_or(usize::MAX);
                    value_offset = self.cursor.position();
                    Value::Bytes(self.cursor.take(length)?)
                }
                3 => {
                    self.skip_group(offset)?;
                    continue;
                }
                5 => Value::Fixed32(self.cursor.u32_le()?),
                _ => return Err(ProtobufError::BadKey { offset }),
            };
            return Ok(Field { number, value, offset, value_offset });
        }
    }

    fn key(&mut self) -> Result<(u32, u8), ProtobufError> {
        let offset = self.cursor.position();
        let key = self.cursor.varint()?;
        let number = u32::try_from(key >> 3).unwrap_or(0);
        if number == 0 || number >= 1 << 29 {
            return Err(ProtobufError::BadKey { offset });
        }
        Ok((number, (key & 7) as u8))
    }

    /// Passes the fields of a group up to its end key; nesting is counted, not recursed.
    fn skip_group(&mut self, start: usize) -> Result<(), ProtobufError> {
        let mut open = 1u32;
        while open > 0 {
            match self.key()?.1 {
                0 => drop(self.cursor.varint()?),
                1 => self.cursor.skip(8)?,
                2 => {
                    let length = self.cursor.varint()?;
                    self.cursor.skip(length)?;
                }
                3 => open = open.saturating_add(1),
                4 => open = open.saturating_sub(1),
                5 => self.cursor.skip(4)?,
                _ => return Err(ProtobufError::BadKey { offset: start }),
            }
        }
        Ok(())
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, ProtobufError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.cursor.is_at_end() {
            return None;
        }
        let field = self.field();
        self.failed = field.is_err();
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fields_come_in_order_with_their_offsets() {
        let message = [0x08, 0x96, 0x01, 0x12, 0x02, b'h', b'i'];
        let walked: Vec<_> = fields(&message).map(Result::unwrap).collect();
        assert_eq!(walked[0].varint(), Some(150));
        assert_eq!((walked[1].number, walked[1].text(), walked[1].value_offset), (2, Some("hi"), 5));
    }

    #[test]
    fn a_length_past_the_end_ends_the_walk_with_an_error() {
        let mut walk = fields(&[0x0a, 0xff, 0x01, 0x00]);
        assert!(walk.next().unwrap().is_err());
        assert!(walk.next().is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_walked(message: Vec<u8>) {
            for field in fields(&message).flatten() {
                prop_assert!(field.offset < message.len());
            }
        }
    }
}

//! A bounded reader over hostile bytes: every read is checked, every failure knows its offset, nothing allocates.

/// A position in a byte slice. Reads move it forward; a read past the end fails and leaves it where it was.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

/// A read wanted more bytes than were left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("wanted {wanted} bytes at offset {offset}, {left} left")]
pub struct ShortRead {
    /// Where the read began, from the start of the slice.
    pub offset: usize,
    /// Bytes wanted.
    pub wanted: usize,
    /// Bytes that were left.
    pub left: usize,
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// A cursor at `position`, clamped to the end.
    pub fn at(bytes: &'a [u8], position: usize) -> Self {
        Self { bytes, position: position.min(bytes.len()) }
    }

    /// Offset of the next byte.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Bytes left.
    pub fn remaining(&self) -> usize {
        self.bytes.len().saturating_sub(self.position)
    }

    /// Whether nothing is left.
    pub fn is_at_end(&self) -> bool {
        self.remaining() == 0
    }

    /// Everything not yet read, without moving.
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    /// The next byte, without moving.
    pub fn peek(&self) -> Option<u8> {
        self.bytes.get(self.position).copied()
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// [`ShortRead`] when fewer are left.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], ShortRead> {
        let end = self.position.checked_add(count);
        match end.and_then(|end| self.bytes.get(self.position..end)) {
            Some(taken) => {
                self.position = self.position.saturating_add(count);
                Ok(taken)
            }
            None => Err(ShortRead { offset: self.position, wanted: count, left: self.remaining() }),
        }
    }

    /// Moves past `count` bytes.
    ///
    /// # Errors
    /// [`ShortRead`] when fewer are left, also when `count` does not fit the address space.
    pub fn skip(&mut self, count: u64) -> Result<(), ShortRead> {
        self.take(usize::try_from(count).unwrap_or(usize::MAX)).map(drop)
    }

    /// Moves to `position`.
    ///
    /// # Errors
    /// [`ShortRead`] when it lies past the end.
    pub fn seek(&mut self, position: u64) -> Result<(), ShortRead> {
        let target = usize::try_from(position).unwrap_or(usize::MAX);
        if target > self.bytes.len() {
            return Err(ShortRead { offset: target, wanted: 0, left: 0 });
        }
        self.position = target;
        Ok(())
    }

    /// The next `N` bytes as an array.
    ///
    /// # Errors
    /// [`ShortRead`] when fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], ShortRead> {
        let offset = self.position;
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| ShortRead { offset, wanted: N, left: taken.len() })
    }

    /// Bytes up to `end`, which is passed but not returned; `None`, without moving, when it never comes.
    pub fn until(&mut self, end: u8) -> Option<&'a [u8]> {
        let rest = self.rest();
        let length = rest.iter().position(|&byte| byte == end)?;
        self.position = self.position.saturating_add(length).saturating_add(1);
        rest.get(..length)
    }

    /// LEB128 unsigned integer of at most 64 bits, as protobuf and WebAssembly write it.
    ///
    /// # Errors
    /// [`ShortRead`] when the bytes end or more than ten bytes carry a continuation bit.
    pub fn varint(&mut self) -> Result<u64, ShortRead> {
        let start = self.position;
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let [byte] = self.array::<1>()?;
            if shift < 64 {
                value |= u64::from(byte & 0x7f) << shift;
            }
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        self.position = start;
        Err(ShortRead { offset: start, wanted: 11, left: 10 })
    }
}

macro_rules! integers {
    ($($name:ident $type:ty, $from:ident, $text:literal;)+) => {
        impl Cursor<'_> {
            $(
                #[doc = concat!("Next ", $text, ".\n\n# Errors\n[`ShortRead`] when too few bytes are left.")]
                pub fn $name(&mut self) -> Result<$type, ShortRead> {
                    Ok(<$type>::$from(self.array()?))
                }
            )+
        }
    };
}

integers! {
    u8 u8, from_le_bytes, "byte";
    u16_le u16, from_le_bytes, "little-endian 16-bit unsigned integer";
    u32_le u32, from_le_bytes, "little-endian 32-bit unsigned integer";
    u64_le u64, from_le_bytes, "little-endian 64-bit unsigned integer";
    i32_le i32, from_le_bytes, "little-endian 32-bit signed integer";
    i64_le i64, from_le_bytes, "little-endian 64-bit signed integer";
    f32_le f32, from_le_bytes, "little-endian 32-bit float";
    f64_le f64, from_le_bytes, "little-endian 64-bit float";
    u16_be u16, from_be_bytes, "big-endian 16-bit unsigned integer";
    u32_be u32, from_be_bytes, "big-endian 32-bit unsigned integer";
    u64_be u64, from_be_bytes, "big-endian 64-bit unsigned integer";
    i32_be i32, from_be_bytes, "big-endian 32-bit signed integer";
    f64_be f64, from_be_bytes, "big-endian 64-bit float";
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_read_past_the_end_says_where_and_does_not_move() {
        let mut cursor = Cursor::new(&[1, 2, 3]);
        cursor.take(2).unwrap();
        assert_eq!(cursor.u32_le(), Err(ShortRead { offset: 2, wanted: 4, left: 1 }));
        assert_eq!(cursor.position(), 2);
    }

    #[test]
    fn an_endless_varint_is_refused() {
        assert!(Cursor::new(&[0xff; 20]).varint().is_err());
    }

    proptest! {
        #[test]
        fn varint_reads_back_what_leb128_wrote(value: u64) {
            let (mut bytes, mut rest) = (Vec::new(), value);
            while rest >= 0x80 {
                bytes.push((rest & 0x7f) as u8 | 0x80);
                rest >>= 7;
            }
            bytes.push(rest as u8);
            prop_assert_eq!(Cursor::new(&bytes).varint().unwrap(), value);
        }
    }
}

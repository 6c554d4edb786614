//! GGUF's primitive values: either byte order, 32-bit lengths in version 1 and 64-bit ones since.

use bartizan_core::{Cursor, ShortRead};

/// Reads primitives of one file.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    pub(super) cursor: Cursor<'a>,
    pub(super) big_endian: bool,
    pub(super) version: u32,
}

/// Value types of metadata (`enum gguf_type`).
pub(super) mod value {
    pub(in super::super) const UINT32: u32 = 4;
    pub(in super::super) const STRING: u32 = 8;
    pub(in super::super) const ARRAY: u32 = 9;

    /// Bytes of a value of fixed size, `None` for strings, arrays and unknown types.
    pub(in super::super) fn size(kind: u32) -> Option<u64> {
        match kind {
            0 | 1 | 7 => Some(1),
            2 | 3 => Some(2),
            4..=6 => Some(4),
            10..=12 => Some(8),
            _ => None,
        }
    }
}

impl<'a> Reader<'a> {
    pub(super) fn u16(&mut self) -> Result<u16, ShortRead> {
        if self.big_endian { self.cursor.u16_be() } else { self.cursor.u16_le() }
    }

    pub(super) fn u32(&mut self) -> Result<u32, ShortRead> {
        if self.big_endian { self.cursor.u32_be() } else { self.cursor.u32_le() }
    }

    pub(super) fn u64(&mut self) -> Result<u64, ShortRead> {
        if self.big_endian { self.cursor.u64_be() } else { self.cursor.u64_le() }
    }

    /// A length or count, as wide as the version writes it.
    pub(super) fn length(&mut self) -> Result<u64, ShortRead> {
        if self.version == 1 { self.u32().map(u64::from) } else { self.u64() }
    }

    /// A length-prefixed string, as bytes: nothing makes it UTF-8.
    pub(super) fn string(&mut self) -> Result<&'a [u8], ShortRead> {
        let start = self.cursor.position();
        let length = self.length()?;
        let taken = self.cursor.take(usize::try_from(length).unwrap_or(usize::MAX));
        if taken.is_err() {
            // The caller reports where the string began, and may try to read on from there.
            let _ = self.cursor.seek(start as u64);
        }
        taken
    }

    /// Bytes of the shortest string: its length field.
    pub(super) fn length_size(&self) -> u64 {
        if self.version == 1 { 4 } else { 8 }
    }
}

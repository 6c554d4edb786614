//! FlatBuffers: bounded access to tables, vectors and strings of one buffer, without a schema.
//!
//! Every access is checked against the buffer; nothing is verified up front and nothing is copied, so a reader pays
//! only for the fields it asks for. Callers bound their own loops over vectors.
//!
//! Source: FlatBuffers documentation, *FlatBuffer Internals*.

use bartizan_core::Cursor;

/// A place in a buffer that is read as a table.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    buffer: &'a [u8],
    position: usize,
    vtable: usize,
    vtable_length: usize,
}

/// Why a buffer could not be read at some place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FlatbufferError {
    /// An offset or length points past the end of the buffer.
    #[error("an offset at {offset} leads outside the buffer")]
    OutOfBounds {
        /// Where the offset or length stands.
        offset: usize,
    },
    /// A table whose field table is shorter than its own header.
    #[error("the table at {offset} has no valid field table")]
    BadTable {
        /// Where the table stands.
        offset: usize,
    },
}

/// The four-character identifier after the root offset, or after the size prefix and the root offset.
pub fn identifier(buffer: &[u8]) -> Option<[u8; 4]> {
    Cursor::at(buffer, 4).array().ok()
}

/// The root table of `buffer`.
///
/// # Errors
/// [`FlatbufferError`] when the root offset leads nowhere.
pub fn root(buffer: &[u8]) -> Result<Table<'_>, FlatbufferError> {
    let position = follow(buffer, 0)?;
    Table::new(buffer, position)
}

impl<'a> Table<'a> {
    fn new(buffer: &'a [u8], position: usize) -> Result<Self, FlatbufferError> {
        let out_of_bounds = FlatbufferError::OutOfBounds { offset: position };
        let bad = FlatbufferError::BadTable { offset: position };
        let back = read_u32(buffer, position).ok_or(out_of_bounds)?.cast_signed();
        let vtable =
            i64::try_from(position).ok().and_then(|at| at.checked_sub(i64::from(back))).ok_or(bad)?;
        let vtable = usize::try_from(vtable).map_err(|_| bad)?;
        let vtable_length = usize::from(read_u16(buffer, vtable).ok_or(bad)?);
        if vtable_length < 4 || buffer.len().saturating_sub(vtable) < vtable_length {
            return Err(bad);
        }
        Ok(Self { buffer, position, vtable, vtable_length })
    }

    /// Where the table stands in the buffer.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Where field `index` (counted from 0 in the schema) stands; `None` when it is left at its default.
    pub fn field(&self, index: u16) -> Option<usize> {
        let entry = usize::from(index).saturating_mul(2).saturating_add(4);
        if entry.saturating_add(2) > self.vtable_length {
            return None;
        }
        let offset = read_u16(self.buffer, self.vtable.saturating_add(entry))?;
        (offset != 0).then(|| self.position.saturating_add(usize::from(offset)))
    }

    /// Scalar field of one byte.
    pub fn u8(&self, index: u16) -> Option<u8> {
        self.buffer.get(self.field(index)?).copied()
    }

    /// Scalar field of four bytes.
    pub fn u32(&self, index: u16) -> Option<u32> {
        read_u32(self.buffer, self.field(index)?)
    }

    /// Scalar field of four bytes, signed.
    pub fn i32(&self, index: u16) -> Option<i32> {
        self.u32(index).map(u32::cast_signed)
    }

    /// Scalar field of eight bytes.
    pub fn u64(&self, index: u16) -> Option<u64> {
        Cursor::at(self.buffer, self.field(index)?).u64_le().ok()
    }

    /// Field that refers to another table; `Ok(None)` when absent.
    ///
    /// # Errors
    /// [`FlatbufferError`] when it leads outside the buffer.
    pub fn table(&self, index: u16) -> Result<Option<Self>, FlatbufferError> {
        let Some(field) = self.field(index) else { return Ok(None) };
        Table::new(self.buffer, follow(self.buffer, field)?).map(Some)
    }

    /// Field that refers to a string, as its bytes.
    ///
    /// # Errors
    /// [`FlatbufferError`] when it leads outside the buffer.
    pub fn string(&self, index: u16) -> Result<Option<&'a [u8]>, FlatbufferError> {
        self.bytes(index)
    }

    /// Field that refers to a vector of bytes.
    ///
    /// # Errors
    /// [`FlatbufferError`] when it leads outside the buffer.
    pub fn bytes(&self, index: u16) -> Result<Option<&'a [u8]>, FlatbufferError> {
        let Some(vector) = self.vector(index, 1)? else { return Ok(None) };
        let end = vector.start.saturating_add(vector.length);
        Ok(self.buffer.get(vector.start..end))
    }

    /// Field that refers to a vector whose elements take `element_size` bytes each.
    ///
    /// # Errors
    /// [`FlatbufferError`] when it leads outside the buffer.
    pub fn vector(&self, index: u16, element_size: usize) -> Result<Option<Vector<'a>>, FlatbufferError> {
        let Some(field) = self.field(index) else { return Ok(None) };
        let at = follow(self.buffer, field)?;
        let error = FlatbufferError::OutOfBounds { offset: at };
        let length = read_u32(self.buffer, at).ok_or(error)? as usize;
        let start = at.saturating_add(4);
        let size = length.checked_mul(element_size).ok_or(error)?;
        if self.buffer.len().saturating_sub(start) < size {
            return Err(error);
        }
        Ok(Some(Vector { buffer: self.buffer, start, length, element_size }))
    }

    /// Field that refers to a vector of tables or strings; empty when absent.
    ///
    /// # Errors
    /// [`FlatbufferError`] when it leads outside the buffer.
    pub fn references(&self, index: u16) -> Result<Vector<'a>, FlatbufferError> {
        let empty = Vector { buffer: self.buffer, start: 0, length: 0, element_size: 4 };
        Ok(self.vector(index, 4)?.unwrap_or(empty))
    }
}

/// A vector inside the buffer: its length was checked, its elements were not.
#[derive(Debug, Clone, Copy)]
pub struct Vector<'a> {
    buffer: &'a [u8],
    start: usize,
    length: usize,
    element_size: usize,
}

impl<'a> Vector<'a> {
    /// How many elements it holds.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Element `index` as a four-byte scalar.
    pub fn u32(&self, index: usize) -> Option<u32> {
        read_u32(self.buffer, self.element(index)?)
    }

    /// Element `index` as a table.
    ///
    /// # Errors
    /// [`FlatbufferError`] when it leads outside the buffer.
    pub fn table(&self, index: usize) -> Result<Table<'a>, FlatbufferError> {
        let at = self.element(index).ok_or(FlatbufferError::OutOfBounds { offset: self.start })?;
        Table::new(self.buffer, follow(self.buffer, at)?)
    }

    /// Element `index` as a string.
    ///
    /// # Errors
    /// [`FlatbufferError`] when it leads outside the buffer.
    pub fn string(&self, index: usize) -> Result<&'a [u8], FlatbufferError> {
        let at = self.element(index).ok_or(FlatbufferError::OutOfBounds { offset: self.start })?;
        let string = follow(self.buffer, at)?;
        let error = FlatbufferError::OutOfBounds { offset: string };
        let length = read_u32(self.buffer, string).ok_or(error)? as usize;
        let start = string.saturating_add(4);
        self.buffer.get(start..start.saturating_add(length)).ok_or(error)
    }

    /// Its tables in order.
    pub fn tables(self) -> impl Iterator<Item = Result<Table<'a>, FlatbufferError>> {
        (0..self.length).map(move |index| self.table(index))
    }

    fn element(&self, index: usize) -> Option<usize> {
        (index < self.length).then(|| self.start.saturating_add(index.saturating_mul(self.element_size)))
    }
}

/// The place that the unsigned offset at `at` refers to.
fn follow(buffer: &[u8], at: usize) -> Result<usize, FlatbufferError> {
    let error = FlatbufferError::OutOfBounds { offset: at };
    let offset = read_u32(buffer, at).ok_or(error)? as usize;
    at.checked_add(offset).filter(|&target| target < buffer.len()).ok_or(error)
}

fn read_u16(buffer: &[u8], at: usize) -> Option<u16> {
    (at < buffer.len()).then(|| Cursor::at(buffer, at).u16_le().ok()).flatten()
}

fn read_u32(buffer: &[u8], at: usize) -> Option<u32> {
    (at < buffer.len()).then(|| Cursor::at(buffer, at).u32_le().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// root → table { 0: u32 = 7, 1: string "hi" }
    const SAMPLE: &[u8] = &[
        16, 0, 0, 0, b'T', b'E', b'S', b'T', // root offset, identifier
        8, 0, 12, 0, 4, 0, 8, 0, // vtable: its length, table length, fields at 4 and 8
        8, 0, 0, 0, 7, 0, 0, 0, 4, 0, 0, 0, // table: back to the vtable, 7, offset of the string
        2, 0, 0, 0, b'h', b'i', 0, 0,
    ];

    #[test]
    fn fields_are_found_through_the_vtable() {
        let table = root(SAMPLE).unwrap();
        assert_eq!(identifier(SAMPLE), Some(*b"TEST"));
        assert_eq!(table.u32(0), Some(7));
        assert_eq!(table.string(1), Ok(Some(b"hi".as_slice())));
        assert_eq!(table.string(2), Ok(None));
    }

    #[test]
    fn a_string_longer_than_the_buffer_is_an_error() {
        let mut bytes = SAMPLE.to_vec();
        bytes[28] = 200;
        assert!(root(&bytes).unwrap().string(1).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(bytes: Vec<u8>, index in 0u16..8) {
            if let Ok(table) = root(&bytes) {
                let _ = (table.u8(index), table.u64(index), table.string(index), table.table(index));
                for child in table.references(index).into_iter().flat_map(Vector::tables).flatten() {
                    let _ = child.u32(0);
                }
            }
        }
    }
}

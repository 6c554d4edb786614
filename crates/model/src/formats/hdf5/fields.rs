//! Numbers and places in an HDF5 file: the sizes of addresses and lengths are the file's own choice.
//!
//! Source: *HDF5 File Format Specification Version 3.0*, section II.A.

use bartizan_core::{Cursor, ShortRead};

/// The file from its base address on, and the widths its superblock declares.
#[derive(Debug, Clone, Copy)]
pub(super) struct File<'a> {
    pub(super) bytes: &'a [u8],
    /// Width of an address in bytes.
    pub(super) address_size: usize,
    /// Width of a length in bytes.
    pub(super) length_size: usize,
}

/// What could not be read, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} at offset {offset}")]
pub(super) struct Broken {
    /// Offset from the base address.
    pub(super) offset: u64,
    /// What is wrong there.
    pub(super) what: &'static str,
}

/// A reader over one structure.
#[derive(Debug, Clone)]
pub(super) struct Fields<'a> {
    cursor: Cursor<'a>,
    address_size: usize,
    length_size: usize,
    start: u64,
}

impl<'a> File<'a> {
    /// A reader at `address`.
    pub(super) fn at(&self, address: u64) -> Result<Fields<'a>, Broken> {
        let start = usize::try_from(address).unwrap_or(usize::MAX);
        let rest = self
            .bytes
            .get(start..)
            .ok_or(Broken { offset: address, what: "an address past the end of the file" })?;
        Ok(self.over(rest, address))
    }

    /// A reader over `bytes`, which stand at `start`.
    pub(super) fn over(&self, bytes: &'a [u8], start: u64) -> Fields<'a> {
        Fields {
            cursor: Cursor::new(bytes),
            address_size: self.address_size,
            length_size: self.length_size,
            start,
        }
    }

    /// The `length` bytes at `address`.
    pub(super) fn slice(&self, address: u64, length: u64) -> Result<&'a [u8], Broken> {
        self.at(address)?.take(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// Whether `address` stands for "nowhere".
    pub(super) fn is_undefined(&self, address: u64) -> bool {
        address == u64::MAX >> (64u32.saturating_sub((self.address_size as u32).saturating_mul(8)))
    }
}

impl<'a> Fields<'a> {
    /// Offset of the next byte from the base address.
    pub(super) fn position(&self) -> u64 {
        self.start.saturating_add(self.cursor.position() as u64)
    }

    /// Bytes left.
    pub(super) fn remaining(&self) -> usize {
        self.cursor.remaining()
    }

    /// Everything not yet read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.cursor.rest()
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Broken> {
        self.cursor.take(count).map_err(|short| self.broken(short))
    }

    pub(super) fn skip(&mut self, count: usize) -> Result<(), Broken> {
        self.take(count).map(drop)
    }

    /// Passes `signature`.
    pub(super) fn signature(&mut self, signature: &[u8], what: &'static str) -> Result<(), Broken> {
        let offset = self.position();
        if self.take(signature.len())? == signature { Ok(()) } else { Err(Broken { offset, what }) }
    }

    /// An unsigned little-endian number of `width` bytes, at most eight.
    pub(super) fn number(&mut self, width: usize) -> Result<u64, Broken> {
        let bytes = self.take(width)?;
        Ok(bytes.iter().rev().fold(0u64, |value, &byte| (value << 8) | u64::from(byte)))
    }

    pub(super) fn u8(&mut self) -> Result<u8, Broken> {
        self.number(1).map(|value| value as u8)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Broken> {
        self.number(2).map(|value| value as u16)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Broken> {
        self.number(4).map(|value| value as u32)
    }

    pub(super) fn address(&mut self) -> Result<u64, Broken> {
        self.number(self.address_size)
    }

    pub(super) fn length(&mut self) -> Result<u64, Broken> {
        self.number(self.length_size)
    }

    /// Bytes up to a NUL, which is passed.
    pub(super) fn text(&mut self) -> Result<&'a [u8], Broken> {
        let offset = self.position();
        self.cursor.until(0).ok_or(Broken { offset, what: "a name without an end" })
    }

    fn broken(&self, short: ShortRead) -> Broken {
        Broken {
            offset: self.start.saturating_add(short.offset as u64),
            what: "a structure that ends too early",
        }
    }
}

/// Bytes needed to write any number up to `limit`.
pub(super) fn width_of(limit: u64) -> usize {
    (limit.checked_ilog2().unwrap_or(0) as usize / 8).saturating_add(1)
}

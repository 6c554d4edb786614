//! Object headers: the messages that make an object a group, a dataset or a datatype.
//!
//! Source: *HDF5 File Format Specification Version 3.0*, section IV.A.

use super::fields::{Broken, File};
use std::collections::HashSet;

/// One message of an object header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    pub(super) kind: u16,
    /// Whether the data is a reference to a message kept elsewhere.
    pub(super) is_shared: bool,
    pub(super) data: &'a [u8],
    /// Offset of the data from the base address.
    pub(super) offset: u64,
}

/// Message types, by the names of the specification.
pub(super) mod kind {
    pub(crate) const DATASPACE: u16 = 0x01;
    pub(crate) const LINK_INFO: u16 = 0x02;
    pub(crate) const DATATYPE: u16 = 0x03;
    pub(crate) const LINK: u16 = 0x06;
    pub(crate) const EXTERNAL_FILES: u16 = 0x07;
    pub(crate) const LAYOUT: u16 = 0x08;
    pub(crate) const FILTERS: u16 = 0x0b;
    pub(crate) const ATTRIBUTE: u16 = 0x0c;
    pub(crate) const CONTINUATION: u16 = 0x10;
    pub(crate) const SYMBOL_TABLE: u16 = 0x11;
    pub(crate) const ATTRIBUTE_INFO: u16 = 0x15;
    /// Largest type the specification knows.
    pub(crate) const LAST: u16 = 0x18;
}

/// Most messages read of one object: attributes kept in the header number at most 65,535.
const MAX_MESSAGES: usize = 1 << 17;

/// Reads every message of the object header at `address`, also those in continuation blocks. What was read before a
/// mistake is kept.
pub(super) fn messages<'a>(file: &File<'a>, address: u64) -> Header<'a> {
    let mut header = Header::default();
    header.error = collect(file, address, &mut header).err();
    header
}

/// What was read of an object header.
#[derive(Debug, Default)]
pub(super) struct Header<'a> {
    pub(super) messages: Vec<Message<'a>>,
    /// Bytes of all its blocks.
    pub(super) bytes: u64,
    pub(super) error: Option<Broken>,
}

fn collect<'a>(file: &File<'a>, address: u64, found: &mut Header<'a>) -> Result<(), Broken> {
    let mut head = file.at(address)?;
    let is_v2 = head.rest().starts_with(b"OHDR");
    // Blocks still to read: start and length of the messages in each.
    let mut blocks = Vec::new();
    let mut flags = 0u8;
    if is_v2 {
        head.skip(4)?;
        if head.u8()? != 2 {
            return Err(Broken { offset: address, what: "an object header of unknown version" });
        }
        flags = head.u8()?;
        head.skip(if flags & 0x20 == 0 { 0 } else { 16 })?;
        head.skip(if flags & 0x10 == 0 { 0 } else { 4 })?;
        let size = head.number(1usize << (flags & 3))?;
        blocks.push((head.position(), size));
    } else {
        if head.u8()? != 1 {
            return Err(Broken { offset: address, what: "no object header" });
        }
        head.skip(7)?;
        let size = head.u32()?;
        head.skip(4)?;
        blocks.push((head.position(), u64::from(size)));
    }
    let mut seen = HashSet::new();
    let mut next = 0;
    while let Some(&(start, size)) = blocks.get(next) {
        next = next.saturating_add(1);
        if !seen.insert(start) {
            return Err(Broken { offset: start, what: "a continuation that leads back to itself" });
        }
        let mut block = file.over(file.slice(start, size)?, start);
        found.bytes = found.bytes.saturating_add(size);
        let (head_size, order_size) =
            if is_v2 { (4usize, if flags & 4 == 0 { 0 } else { 2 }) } else { (8, 0) };
        while block.remaining() >= head_size.saturating_add(order_size) {
            let (kind, length, message_flags) = if is_v2 {
                (u16::from(block.u8()?), block.u16()?, block.u8()?)
            } else {
                let fields = (block.u16()?, block.u16()?, block.u8()?);
                block.skip(3)?;
                fields
            };
            block.skip(order_size)?;
            let offset = block.position();
            let data = block.take(length.into())?;
            if kind == kind::CONTINUATION {
                let mut fields = file.over(data, offset);
                let (start, size) = (fields.address()?, fields.length()?);
                if is_v2 {
                    file.at(start)?.signature(b"OCHK", "a continuation without its signature")?;
                    // Four bytes of signature before, four of checksum after.
                    blocks.push((start.saturating_add(4), size.saturating_sub(8)));
                } else {
                    blocks.push((start, size));
                }
                continue;
            }
            if kind > kind::LAST {
                // Unknown messages are legal; the library ignores them unless they say otherwise.
                continue;
            }
            if found.messages.len() >= MAX_MESSAGES {
                return Err(Broken { offset, what: "more messages in one object than are read" });
            }
            found.messages.push(Message { kind, is_shared: message_flags & 2 != 0, data, offset });
        }
    }
    Ok(())
}

/// The address of the object that a shared message refers to; `None` when it lies in the shared-message heap.
pub(super) fn shared_address(file: &File<'_>, data: &[u8]) -> Option<u64> {
    let mut fields = file.over(data, 0);
    let version = fields.u8().ok()?;
    let kind = fields.u8().ok()?;
    match version {
        1 => fields.skip(6).ok()?,
        3 if kind == 1 => return None,
        _ => {}
    }
    fields.address().ok()
}

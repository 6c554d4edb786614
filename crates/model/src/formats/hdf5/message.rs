//! What single messages say: types and extents of values, attributes, links, where a dataset's bytes lie.
//!
//! Source: *HDF5 File Format Specification Version 3.0*, section IV.A.2.

use super::chunks::{self, Index};
use super::fields::{Broken, Fields, File};

/// What a value is made of, as far as its bytes are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Datatype {
    /// Strings of one length.
    Text,
    /// Bytes without a meaning to HDF5, or 8-bit integers, which h5py users store bytes in.
    Bytes,
    /// Strings or byte sequences of any length, kept in the global heap.
    Variable,
    /// Numbers, compounds, references.
    Other,
}

/// An element type and its size in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element {
    pub(super) datatype: Datatype,
    pub(super) size: u64,
}

/// Reads a datatype message.
pub(super) fn datatype(file: &File<'_>, data: &[u8]) -> Result<Element, Broken> {
    let mut fields = file.over(data, 0);
    let class_and_version = fields.u8()?;
    fields.skip(3)?;
    let size = u64::from(fields.u32()?);
    let is_byte = |class: u8, size: u64| class == 5 || (class == 0 && size == 1);
    let datatype = match class_and_version & 0x0f {
        3 => Datatype::Text,
        9 => {
            // A sequence carries its base type after its own head; a string's base type is one byte as well.
            let base = fields.u8()? & 0x0f;
            fields.skip(3)?;
            let base_size = u64::from(fields.u32()?);
            if base == 3 || is_byte(base, base_size) { Datatype::Variable } else { Datatype::Other }
        }
        class if is_byte(class, size) => Datatype::Bytes,
        _ => Datatype::Other,
    };
    Ok(Element { datatype, size })
}

/// How many elements a dataspace message spans; 0 for a null dataspace.
pub(super) fn dataspace(file: &File<'_>, data: &[u8]) -> Result<u64, Broken> {
    let mut fields = file.over(data, 0);
    let version = fields.u8()?;
    let rank = fields.u8()?;
    fields.skip(1)?;
    match version {
        1 => fields.skip(5)?,
        2 => {
            if fields.u8()? == 2 {
                return Ok(0);
            }
        }
        _ => return Err(Broken { offset: 0, what: "a dataspace of unknown version" }),
    }
    let mut count = 1u64;
    for _ in 0..rank {
        count = count.saturating_mul(fields.length()?);
    }
    Ok(count)
}

/// An attribute: its name, where its type stands, and its bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attribute<'a> {
    pub(super) name: &'a [u8],
    pub(super) datatype: &'a [u8],
    /// Whether `datatype` refers to a committed one.
    pub(super) shares_datatype: bool,
    pub(super) dataspace: &'a [u8],
    pub(super) data: &'a [u8],
}

/// Reads an attribute message.
pub(super) fn attribute<'a>(file: &File<'a>, data: &'a [u8]) -> Result<Attribute<'a>, Broken> {
    let mut fields = file.over(data, 0);
    let version = fields.u8()?;
    let flags = fields.u8()?;
    if !matches!(version, 1..=3) {
        return Err(Broken { offset: 0, what: "an attribute of unknown version" });
    }
    let sizes = [fields.u16()?, fields.u16()?, fields.u16()?];
    if version == 3 {
        fields.skip(1)?;
    }
    let mut part = |size: u16| {
        let part = fields.take(size.into())?;
        if version == 1 {
            fields.skip(usize::from(size.wrapping_neg() & 7))?;
        }
        Ok::<_, Broken>(part)
    };
    let [name, datatype, dataspace] = [part(sizes[0])?, part(sizes[1])?, part(sizes[2])?];
    Ok(Attribute {
        name: name.split(|&byte| byte == 0).next().unwrap_or_default(),
        datatype,
        shares_datatype: version > 1 && flags & 1 != 0,
        dataspace,
        data: fields.rest(),
    })
}

/// Where a link leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// The object header at an address.
    Object(u64),
    /// A path inside the file.
    Path,
    /// A path inside another file.
    External {
        /// The file.
        file: &'a [u8],
        /// The path in it.
        path: &'a [u8],
    },
    /// A type of link that a program defines itself.
    UserDefined(u8),
}

/// Reads a link message: its name and target.
pub(super) fn link<'a>(file: &File<'a>, data: &'a [u8]) -> Result<(&'a [u8], Target<'a>), Broken> {
    let mut fields = file.over(data, 0);
    if fields.u8()? != 1 {
        return Err(Broken { offset: 0, what: "a link of unknown version" });
    }
    let flags = fields.u8()?;
    let kind = if flags & 0x08 == 0 { 0 } else { fields.u8()? };
    fields.skip(if flags & 0x04 == 0 { 0 } else { 8 })?;
    fields.skip(usize::from(flags & 0x10 != 0))?;
    let length = fields.number(1usize << (flags & 3))?;
    let name = fields.take(usize::try_from(length).unwrap_or(usize::MAX))?;
    let target = match kind {
        0 => Target::Object(fields.address()?),
        1 => Target::Path,
        64 => {
            let length = fields.u16()?;
            let mut value = file.over(fields.take(length.into())?, 0);
            value.skip(1)?;
            Target::External { file: value.text()?, path: value.text().unwrap_or_default() }
        }
        _ => Target::UserDefined(kind),
    };
    Ok((name, target))
}

/// Where a dataset's bytes lie.
#[derive(Debug, Clone)]
pub(super) enum Layout<'a> {
    /// In the message itself.
    Compact(&'a [u8]),
    /// In one piece; the address is undefined when nothing was written or the bytes lie in another file.
    Contiguous {
        /// First byte.
        address: u64,
        /// How many bytes; `None` in old files, where type and extent say it.
        size: Option<u64>,
    },
    /// In pieces, usually compressed.
    Chunked(Index),
    /// Put together from other datasets; the list is an object of the global heap.
    Virtual {
        /// Collection.
        address: u64,
        /// Index in it.
        index: u32,
    },
}

/// Reads a data layout message.
pub(super) fn layout<'a>(file: &File<'a>, data: &'a [u8]) -> Result<Layout<'a>, Broken> {
    let mut fields = file.over(data, 0);
    let version = fields.u8()?;
    let unknown = Broken { offset: 0, what: "a data layout of unknown class" };
    match version {
        1 | 2 => {
            let rank = fields.u8()?;
            let class = fields.u8()?;
            fields.skip(5)?;
            let address = if class == 0 { 0 } else { fields.address()? };
            match class {
                0 => {
                    fields.skip(usize::from(rank).saturating_mul(4))?;
                    let size = fields.u32()?;
                    Ok(Layout::Compact(fields.take(size as usize)?))
                }
                1 => Ok(Layout::Contiguous { address, size: None }),
                2 => Ok(Layout::Chunked(chunks::tree(&mut fields, rank, address)?)),
                _ => Err(unknown),
            }
        }
        3..=5 => match fields.u8()? {
            0 => {
                let size = fields.u16()?;
                Ok(Layout::Compact(fields.take(size.into())?))
            }
            1 => Ok(Layout::Contiguous { address: fields.address()?, size: Some(fields.length()?) }),
            2 if version == 3 => {
                let rank = fields.u8()?;
                let address = fields.address()?;
                Ok(Layout::Chunked(chunks::tree(&mut fields, rank, address)?))
            }
            2 => Ok(Layout::Chunked(chunks::indexed(&mut fields)?)),
            3 => Ok(Layout::Virtual { address: fields.address()?, index: fields.u32()? }),
            _ => Err(unknown),
        },
        _ => Err(Broken { offset: 0, what: "a data layout of unknown version" }),
    }
}

/// Address of the local heap and offsets in it of the files that hold a dataset's bytes.
pub(super) fn external_files(file: &File<'_>, data: &[u8]) -> Result<(u64, Vec<u64>), Broken> {
    let mut fields = file.over(data, 0);
    fields.skip(4)?;
    fields.u16()?;
    let used = fields.u16()?;
    let heap = fields.address()?;
    let mut names = Vec::new();
    for _ in 0..used {
        names.push(fields.length()?);
        fields.length()?;
        fields.length()?;
    }
    Ok((heap, names))
}

/// Numbers of the filters of a pipeline message.
pub(super) fn filters(file: &File<'_>, data: &[u8]) -> Result<Vec<u16>, Broken> {
    let mut fields = file.over(data, 0);
    let version = fields.u8()?;
    let count = fields.u8()?;
    if version == 1 {
        fields.skip(6)?;
    }
    let mut filters = Vec::new();
    for _ in 0..count {
        filters.push(filter(&mut fields, version)?);
    }
    Ok(filters)
}

fn filter(fields: &mut Fields<'_>, version: u8) -> Result<u16, Broken> {
    let number = fields.u16()?;
    let name_length = if version == 1 || number >= 256 { usize::from(fields.u16()?) } else { 0 };
    fields.u16()?;
    let values = usize::from(fields.u16()?);
    let padded = if version == 1 { name_length.next_multiple_of(8) } else { name_length };
    fields.skip(padded)?;
    fields.skip(values.saturating_mul(4))?;
    if version == 1 && values % 2 == 1 {
        fields.skip(4)?;
    }
    Ok(number)
}

/// Names of the files that the list of a virtual dataset refers to.
///
/// Selections are skipped by their own lengths; where one has none, what follows is searched for names instead.
pub(super) fn virtual_sources<'a>(file: &File<'a>, list: &'a [u8]) -> Result<Vec<&'a [u8]>, Broken> {
    let mut fields = file.over(list, 0);
    let version = fields.u8()?;
    let entries = fields.length()?;
    let mut names = Vec::new();
    for _ in 0..entries.min(list.len() as u64) {
        // Version 1 writes flags, and a number instead of a name that came before.
        let flags = if version >= 1 { fields.u8()? } else { 0 };
        if flags & 0x01 != 0 {
            fields.length()?;
        } else if flags & 0x04 == 0 {
            names.push(fields.text()?);
        }
        if flags & 0x02 != 0 {
            fields.length()?;
        } else {
            fields.text()?;
        }
        if selection(&mut fields)?.is_none() || selection(&mut fields)?.is_none() {
            names.extend(fields.rest().split(|&byte| byte == 0).filter(|run| is_name(run)));
            break;
        }
    }
    Ok(names)
}

/// Passes one dataspace selection; `None` when its length is not told.
fn selection(fields: &mut Fields<'_>) -> Result<Option<()>, Broken> {
    let kind = fields.u32()?;
    let version = fields.u32()?;
    match (kind, version) {
        (0 | 3, _) => fields.skip(8)?,
        (1 | 2, 1) => {
            fields.skip(4)?;
            let length = fields.u32()?;
            fields.skip(length as usize)?;
        }
        (2, 2) => {
            fields.skip(1)?;
            let length = fields.u32()?;
            fields.skip(length as usize)?;
        }
        _ => return Ok(None),
    }
    Ok(Some(()))
}

fn is_name(run: &[u8]) -> bool {
    run.len() >= 3
        && run.iter().all(|&byte| byte.is_ascii_graphic() || byte == b' ')
        && run.iter().any(|&byte| matches!(byte, b'.' | b'/'))
}

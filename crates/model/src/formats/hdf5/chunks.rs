//! Datasets kept in chunks, usually compressed: put together again where their values are text or bytes.
//!
//! Read are the version 1 B-tree of chunks, which HDF5 writes unless told to use the newest format, and the single and
//! implicit indices of version 4 layouts; deflate, shuffle and Fletcher-32. What else there is, is said to be unread.
//! Cost: each chunk is decompressed once, within the size that the dataset declares.
//!
//! Source: *HDF5 File Format Specification Version 3.0*, sections III.A.1 and IV.A.2.i; `H5Zshuffle.c`.

use super::fields::{Broken, Fields, File};
use crate::archive::expand::{Codec, expanded};
use std::collections::HashSet;

/// Where the chunks of a dataset are listed, and how large one is.
#[derive(Debug, Clone)]
pub(super) struct Index {
    /// Elements of a chunk in each dimension.
    dimensions: Vec<u64>,
    kind: Kind,
    address: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tree,
    /// One chunk; its size and filter mask when it is filtered.
    Single(Option<(u64, u32)>),
    /// Chunks of full size one after another, without filters.
    Implicit,
    /// An index that is not read.
    Other,
}

/// Deflate (RFC 1950).
const DEFLATE: u16 = 1;
/// Bytes of equal weight put together.
const SHUFFLE: u16 = 2;
/// A checksum of four bytes behind the data.
const FLETCHER_32: u16 = 3;
/// Most chunks of one dataset read.
const MOST_CHUNKS: usize = 1 << 16;
/// Most dimensions (`H5S_MAX_RANK`), and one more for the element's size.
const MOST_DIMENSIONS: u8 = 33;

/// Reads the part of a data layout message of version 1 to 3 that follows its class; `rank` counts the size of an
/// element as a dimension.
pub(super) fn tree(fields: &mut Fields<'_>, rank: u8, address: u64) -> Result<Index, Broken> {
    Ok(Index { dimensions: dimensions(fields, rank, 4)?, kind: Kind::Tree, address })
}

/// Reads the part of a data layout message of version 4 and later that follows its class.
pub(super) fn indexed(fields: &mut Fields<'_>) -> Result<Index, Broken> {
    let flags = fields.u8()?;
    let rank = fields.u8()?;
    let width = usize::from(fields.u8()?).min(8);
    let dimensions = dimensions(fields, rank, width)?;
    let kind = match fields.u8()? {
        1 if flags & 2 != 0 => Kind::Single(Some((fields.length()?, fields.u32()?))),
        1 => Kind::Single(None),
        2 => Kind::Implicit,
        3 => {
            fields.skip(1)?;
            Kind::Other
        }
        4 => {
            fields.skip(5)?;
            Kind::Other
        }
        _ => {
            fields.skip(6)?;
            Kind::Other
        }
    };
    Ok(Index { dimensions, kind, address: fields.address()? })
}

/// The dimensions of a chunk without the last, which is the size of an element.
fn dimensions(fields: &mut Fields<'_>, rank: u8, width: usize) -> Result<Vec<u64>, Broken> {
    if rank == 0 || rank > MOST_DIMENSIONS {
        return Err(Broken { offset: 0, what: "a chunk of an impossible number of dimensions" });
    }
    let mut dimensions = Vec::new();
    for _ in 0..rank {
        dimensions.push(fields.number(width)?);
    }
    dimensions.pop();
    Ok(dimensions)
}

/// A chunk as it lies in the file.
struct Chunk<'a> {
    /// Where its first element stands in each dimension.
    at: Vec<u64>,
    data: &'a [u8],
    /// Filters left out, one bit each.
    mask: u32,
}

/// The content of a dataset of one dimension in one piece, of several dimensions chunk by chunk; at most `limit` bytes.
pub(super) fn content(
    file: &File<'_>,
    index: &Index,
    filters: &[u16],
    element: u64,
    limit: u64,
) -> Result<Vec<Vec<u8>>, Broken> {
    if let Some(&unread) = filters.iter().find(|filter| !matches!(**filter, DEFLATE | SHUFFLE | FLETCHER_32))
    {
        let what =
            if unread == 32_000 { "values compressed by LZF, which are not read" } else { UNREAD_FILTER };
        return Err(Broken { offset: index.address, what });
    }
    if file.is_undefined(index.address) {
        return Ok(Vec::new());
    }
    let whole =
        index.dimensions.iter().fold(element, |size, &dimension| size.saturating_mul(dimension)).min(limit);
    let mut chunks = match index.kind {
        Kind::Tree => listed(file, index)?,
        Kind::Single(Some((size, mask))) => {
            vec![Chunk { at: Vec::new(), data: file.slice(index.address, size)?, mask }]
        }
        Kind::Single(None) => {
            vec![Chunk { at: Vec::new(), data: file.slice(index.address, whole)?, mask: 0 }]
        }
        Kind::Implicit => {
            let rest = file.slice(index.address, limit.min(file.bytes.len() as u64)).or_else(|_| {
                let start = usize::try_from(index.address).unwrap_or(usize::MAX);
                file.bytes
                    .get(start..)
                    .ok_or(Broken { offset: index.address, what: "chunks past the end of the file" })
            })?;
            vec![Chunk { at: Vec::new(), data: rest, mask: 0 }]
        }
        Kind::Other => {
            return Err(Broken { offset: index.address, what: "an index of chunks that is not read" });
        }
    };
    chunks.sort_by(|one, other| one.at.cmp(&other.at));
    let mut left = limit;
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    for chunk in &chunks {
        let piece = unfiltered(chunk, filters, element, whole.min(left));
        left = left.saturating_sub(piece.len() as u64);
        match pieces.last_mut() {
            Some(one) if index.dimensions.len() <= 1 => one.extend(piece),
            _ => pieces.push(piece),
        }
        if left == 0 {
            break;
        }
    }
    Ok(pieces)
}

const UNREAD_FILTER: &str = "values behind a filter that is not read";

/// The chunks that the version 1 B-tree lists.
fn listed<'a>(file: &File<'a>, index: &Index) -> Result<Vec<Chunk<'a>>, Broken> {
    let mut chunks = Vec::new();
    let mut pending = vec![index.address];
    let mut seen = HashSet::new();
    while let Some(address) = pending.pop() {
        if !seen.insert(address) || seen.len() > MOST_CHUNKS {
            return Err(Broken { offset: address, what: "a B-tree that leads back to itself" });
        }
        let mut fields = file.at(address)?;
        fields.signature(b"TREE", "no B-tree node")?;
        if fields.u8()? != 1 {
            return Err(Broken { offset: address, what: "a B-tree of another kind than one of chunks" });
        }
        let level = fields.u8()?;
        let count = fields.u16()?;
        fields.address()?;
        fields.address()?;
        for _ in 0..count {
            let (size, mask) = (fields.u32()?, fields.u32()?);
            let mut at = Vec::new();
            for _ in &index.dimensions {
                at.push(fields.number(8)?);
            }
            fields.skip(8)?; // the element's own dimension
            let child = fields.address()?;
            if level > 0 {
                pending.push(child);
            } else if chunks.len() < MOST_CHUNKS {
                chunks.push(Chunk { at, data: file.slice(child, size.into())?, mask });
            } else {
                return Err(Broken { offset: address, what: "more chunks than are read" });
            }
        }
    }
    Ok(chunks)
}

/// Undoes the filters of one chunk, the last first; at most `limit` bytes come out.
fn unfiltered(chunk: &Chunk<'_>, filters: &[u16], element: u64, limit: u64) -> Vec<u8> {
    let mut data =
        chunk.data.get(..usize::try_from(limit).unwrap_or(usize::MAX)).unwrap_or(chunk.data).to_vec();
    if filters.contains(&DEFLATE) {
        // What is compressed may be longer than what comes out.
        data = chunk.data.to_vec();
    }
    for (position, filter) in filters.iter().enumerate().rev() {
        if position < 32 && chunk.mask & (1 << position) != 0 {
            continue;
        }
        match *filter {
            DEFLATE => data = expanded(Codec::Zlib, &data, limit.saturating_add(4)),
            FLETCHER_32 => data.truncate(data.len().saturating_sub(4)),
            SHUFFLE => data = unshuffled(&data, usize::try_from(element).unwrap_or(1)),
            _ => {}
        }
    }
    data.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    data
}

/// Puts the bytes of each element together again; a rest shorter than an element stands behind as it is.
fn unshuffled(data: &[u8], element: usize) -> Vec<u8> {
    let count = data.len().checked_div(element).unwrap_or(0);
    if element < 2 || count < 2 {
        return data.to_vec();
    }
    let mut whole = Vec::with_capacity(data.len());
    for at in 0..count {
        whole.extend((0..element).filter_map(|byte| data.get(byte.saturating_mul(count).saturating_add(at))));
    }
    whole.extend(data.get(count.saturating_mul(element)..).unwrap_or_default());
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shuffled_elements_are_put_together() {
        // Two bytes each of `ab`, `cd`, `ef`: all first bytes, then all second ones; `x` is no whole element.
        assert_eq!(unshuffled(b"acebdfx", 2), b"abcdefx");
        assert_eq!(unshuffled(b"abc", 1), b"abc");
        assert_eq!(unshuffled(b"abc", 8), b"abc");
    }
}

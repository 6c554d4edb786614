//! The superblock: where the file begins, how wide its numbers are, where the root group lies.
//!
//! Source: *HDF5 File Format Specification Version 3.0*, section II.A.

use super::fields::{Broken, File};

/// The eight bytes every superblock begins with.
pub(super) const SIGNATURE: &[u8; 8] = b"\x89HDF\r\n\x1a\n";

/// What the superblock says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Superblock<'a> {
    pub(super) file: File<'a>,
    /// Bytes before the base address, where the file's creator may put anything.
    pub(super) user_block: usize,
    /// Where the file ends, from the base address.
    pub(super) end: u64,
    /// Address of the root group's object header.
    pub(super) root: u64,
}

/// Where the signature stands: at 0, or at 512 and its doubles.
pub(super) fn find(bytes: &[u8]) -> Option<usize> {
    let places = std::iter::once(0usize).chain((9..40).map(|shift| 1usize << shift));
    places
        .take_while(|&at| at < bytes.len())
        .find(|&at| bytes.get(at..).is_some_and(|rest| rest.starts_with(SIGNATURE)))
}

/// Reads the superblock at `at`.
pub(super) fn read(bytes: &[u8], at: usize) -> Result<Superblock<'_>, Broken> {
    let whole = File { bytes, address_size: 8, length_size: 8 };
    let mut head = whole.at(at as u64)?;
    head.signature(SIGNATURE, "no HDF5 signature")?;
    let version = head.u8()?;
    let sizes = |address_size: u8, length_size: u8| {
        let fits = |size: u8| matches!(size, 2 | 4 | 8);
        if fits(address_size) && fits(length_size) {
            Ok(File { bytes, address_size: address_size.into(), length_size: length_size.into() })
        } else {
            Err(Broken { offset: at as u64, what: "a superblock whose numbers are of no known width" })
        }
    };
    let (file, base, end, root) = match version {
        0 | 1 => {
            head.skip(4)?;
            let file = sizes(head.u8()?, head.u8()?)?;
            let mut fields = file.at(head.position())?;
            fields.skip(if version == 0 { 9 } else { 13 })?;
            let base = fields.address()?;
            fields.address()?;
            let end = fields.address()?;
            // The driver's information, and the name of the root group's entry.
            fields.address()?;
            fields.address()?;
            (file, base, end, fields.address()?)
        }
        2 | 3 => {
            let file = sizes(head.u8()?, head.u8()?)?;
            let mut fields = file.at(head.position())?;
            fields.skip(1)?;
            let base = fields.address()?;
            fields.address()?;
            let end = fields.address()?;
            (file, base, end, fields.address()?)
        }
        _ => return Err(Broken { offset: at as u64, what: "a superblock of unknown version" }),
    };
    // The library takes the superblock's own place as the base when the two differ (a user block was added later).
    let user_block = at;
    let file = File { bytes: bytes.get(user_block..).unwrap_or_default(), ..file };
    Ok(Superblock { file, user_block, end: end.saturating_sub(base), root })
}

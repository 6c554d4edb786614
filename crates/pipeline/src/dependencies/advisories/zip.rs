//! The members of a zip archive of advisories: what the central directory lists, stored or deflated.
//!
//! Source: PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12, 4.3.16. Archives of more than 65,535 members are refused.

use super::AdvisoryError;
use std::io::Read as _;
use std::path::Path;

/// Calls `each` with the content of every member whose name ends in `.json`.
pub(super) fn members(
    path: &Path,
    bytes: &[u8],
    mut each: impl FnMut(&str, &[u8]),
) -> Result<(), AdvisoryError> {
    let wrong = |reason| AdvisoryError::Archive { path: path.to_path_buf(), reason };
    let tail = bytes.len().saturating_sub(END_BYTES);
    let end = bytes
        .get(tail..)
        .and_then(|tail| memchr::memmem::rfind(tail, b"PK\x05\x06"))
        .map(|at| at.saturating_add(tail));
    let end = end.ok_or_else(|| wrong("it has no directory"))?;
    let count = u16_at(bytes, end, 10).ok_or_else(|| wrong("its directory is cut"))?;
    let start = u32_at(bytes, end, 16).ok_or_else(|| wrong("its directory is cut"))?;
    if count == u16::MAX || start == u32::MAX {
        return Err(wrong("it has more members than the plain format holds"));
    }
    let mut at = start as usize;
    for _ in 0..count {
        let cut = || wrong("its directory is cut");
        if bytes.get(at..).is_none_or(|rest| !rest.starts_with(b"PK\x01\x02")) {
            return Err(cut());
        }
        let field = |offset| u16_at(bytes, at, offset).map(usize::from).ok_or_else(cut);
        let (method, name, extra, comment) = (field(10)?, field(28)?, field(30)?, field(32)?);
        let packed = u32_at(bytes, at, 20).ok_or_else(cut)? as usize;
        let local = u32_at(bytes, at, 42).ok_or_else(cut)? as usize;
        let named = at.saturating_add(46);
        let title = bytes.get(named..named.saturating_add(name)).map(String::from_utf8_lossy);
        let title = title.unwrap_or_default();
        let is_json = title.ends_with(".json");
        at = named.saturating_add(name).saturating_add(extra).saturating_add(comment);
        if !is_json {
            continue;
        }
        let header =
            |offset| u16_at(bytes, local, offset).map(usize::from).ok_or_else(|| wrong("a member is cut"));
        let data = local.saturating_add(30).saturating_add(header(26)?).saturating_add(header(28)?);
        let data = bytes.get(data..data.saturating_add(packed)).ok_or_else(|| wrong("a member is cut"))?;
        match method {
            0 => each(&title, data),
            8 => {
                let mut content = Vec::new();
                let limit = MEMBER_BYTES.saturating_add(1);
                let read = flate2::read::DeflateDecoder::new(data).take(limit).read_to_end(&mut content);
                if read.is_err() || content.len() as u64 > MEMBER_BYTES {
                    return Err(wrong("a member cannot be unpacked within 16 MiB"));
                }
                each(&title, &content);
            }
            _ => return Err(wrong("a member is packed by another method")),
        }
    }
    Ok(())
}

fn u16_at(bytes: &[u8], base: usize, offset: usize) -> Option<u16> {
    let at = base.checked_add(offset)?;
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], base: usize, offset: usize) -> Option<u32> {
    let at = base.checked_add(offset)?;
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// The end record and the longest comment behind it.
const END_BYTES: usize = 22 + 65_535;
/// Largest advisory, in bytes.
const MEMBER_BYTES: u64 = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_refused_or_read(head in proptest::collection::vec(any::<u8>(), 0..80), tail in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut bytes = head;
            bytes.extend(b"PK\x05\x06");
            bytes.extend(tail);
            let _ = members(Path::new("x"), &bytes, |_, _| ());
        }
    }
}

//! Zip archives as NumPy and PyTorch write them: stored or deflated members, found through the central directory.
//!
//! Source: PKWARE APPNOTE 6.3.9, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16, 4.5.3 (Zip64).

use flate2::read::DeflateDecoder;
use std::borrow::Cow;
use std::io::Read as _;

/// How an archive begins.
pub(super) const LOCAL_HEADER: &[u8] = b"PK\x03\x04";
const CENTRAL_HEADER: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const END_64: &[u8] = b"PK\x06\x06";
const LOCATOR_64: &[u8] = b"PK\x06\x07";
/// Length of the end record without its comment, and longest comment.
const END_LENGTH: usize = 22;
const LONGEST_COMMENT: usize = 0xffff;
/// Most members read.
const MOST_MEMBERS: u64 = 1_000_000;
/// Largest member that is inflated, in bytes.
const LARGEST_INFLATED: u64 = 4 << 30;

/// One member.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    method: u16,
    compressed: u64,
    size: u64,
    local: u64,
}

/// The members of an archive.
pub(super) fn entries(file: &[u8]) -> Result<Vec<Entry>, String> {
    let damaged = || "a damaged zip archive".to_owned();
    let from = file.len().saturating_sub(END_LENGTH.saturating_add(LONGEST_COMMENT));
    let tail = file.get(from..).unwrap_or_default();
    let end = tail.windows(END.len()).rposition(|window| window == END).ok_or_else(damaged)?;
    let end = from.checked_add(end).ok_or_else(damaged)?;
    file.get(end..end.saturating_add(END_LENGTH)).ok_or_else(damaged)?;
    let mut count = u64::from(u16_at(file, end, 10).ok_or_else(damaged)?);
    let mut start = u64::from(u32_at(file, end, 16).ok_or_else(damaged)?);
    if count == 0xffff || start == 0xffff_ffff {
        let locator = end.checked_sub(20).ok_or_else(damaged)?;
        if file.get(locator..locator.saturating_add(4)) == Some(LOCATOR_64) {
            let record =
                usize::try_from(u64_at(file, locator, 8).ok_or_else(damaged)?).map_err(|_| damaged())?;
            if file.get(record..record.saturating_add(4)) != Some(END_64) {
                return Err(damaged());
            }
            count = u64_at(file, record, 32).ok_or_else(damaged)?;
            start = u64_at(file, record, 48).ok_or_else(damaged)?;
        }
    }
    if count > MOST_MEMBERS {
        return Err(format!("more than {MOST_MEMBERS} members"));
    }
    let mut at = usize::try_from(start).map_err(|_| damaged())?;
    let mut entries = Vec::new();
    for _ in 0..count {
        let (entry, next) = central(file, at).ok_or_else(damaged)?;
        entries.push(entry);
        at = next;
    }
    Ok(entries)
}

fn central(file: &[u8], at: usize) -> Option<(Entry, usize)> {
    if file.get(at..at.checked_add(4)?)? != CENTRAL_HEADER {
        return None;
    }
    let lengths = [28, 30, 32].map(|offset| u16_at(file, at, offset).map(usize::from));
    let [Some(name_length), Some(extra_length), Some(comment_length)] = lengths else { return None };
    let name_at = at.checked_add(46)?;
    let extra_at = name_at.checked_add(name_length)?;
    let comment_at = extra_at.checked_add(extra_length)?;
    let next = comment_at.checked_add(comment_length)?;
    let mut entry = Entry {
        name: String::from_utf8_lossy(file.get(name_at..extra_at)?).into_owned(),
        method: u16_at(file, at, 10)?,
        compressed: u32_at(file, at, 20)?.into(),
        size: u32_at(file, at, 24)?.into(),
        local: u32_at(file, at, 42)?.into(),
    };
    wide(&mut entry, file.get(extra_at..comment_at)?);
    Some((entry, next))
}

/// Takes the sizes that do not fit 4 bytes from the extra field 1.
fn wide(entry: &mut Entry, mut extra: &[u8]) {
    while let Some(([a, b, c, d], rest)) = extra.split_first_chunk::<4>() {
        let (id, length) = (u16::from_le_bytes([*a, *b]), usize::from(u16::from_le_bytes([*c, *d])));
        let Some((mut field, after)) = rest.split_at_checked(length) else { return };
        if id == 1 {
            for value in [&mut entry.size, &mut entry.compressed, &mut entry.local] {
                if *value == 0xffff_ffff
                    && let Some((wide, rest)) = field.split_first_chunk::<8>()
                {
                    *value = u64::from_le_bytes(*wide);
                    field = rest;
                }
            }
        }
        extra = after;
    }
}

impl Entry {
    /// Its content.
    pub(super) fn content<'a>(&self, file: &'a [u8]) -> Result<Cow<'a, [u8]>, String> {
        let damaged = || format!("the damaged zip member {}", self.name);
        let bytes = self.raw(file).ok_or_else(damaged)?;
        match self.method {
            0 if bytes.len() as u64 == self.size => Ok(Cow::Borrowed(bytes)),
            8 if self.size <= LARGEST_INFLATED => {
                let mut inflated = Vec::new();
                let read =
                    DeflateDecoder::new(bytes).take(self.size.saturating_add(1)).read_to_end(&mut inflated);
                let whole = read.is_ok() && inflated.len() as u64 == self.size;
                if whole { Ok(Cow::Owned(inflated)) } else { Err(damaged()) }
            }
            0 => Err(damaged()),
            8 => Err(format!("the zip member {} is larger than {LARGEST_INFLATED} bytes", self.name)),
            other => Err(format!("the zip member {} is compressed by method {other}", self.name)),
        }
    }

    fn raw<'a>(&self, file: &'a [u8]) -> Option<&'a [u8]> {
        let local = usize::try_from(self.local).ok()?;
        if file.get(local..local.checked_add(4)?)? != LOCAL_HEADER {
            return None;
        }
        let name = usize::from(u16_at(file, local, 26)?);
        let extra = usize::from(u16_at(file, local, 28)?);
        let start = local.checked_add(30)?.checked_add(name)?.checked_add(extra)?;
        file.get(start..start.checked_add(usize::try_from(self.compressed).ok()?)?)
    }
}

fn chunk<const N: usize>(file: &[u8], base: usize, offset: usize) -> Option<[u8; N]> {
    file.get(base.checked_add(offset)?..)?.first_chunk().copied()
}

fn u16_at(file: &[u8], base: usize, offset: usize) -> Option<u16> {
    chunk(file, base, offset).map(u16::from_le_bytes)
}

fn u32_at(file: &[u8], base: usize, offset: usize) -> Option<u32> {
    chunk(file, base, offset).map(u32::from_le_bytes)
}

fn u64_at(file: &[u8], base: usize, offset: usize) -> Option<u64> {
    chunk(file, base, offset).map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive of one member.
    fn archive(name: &str, method: u16, bytes: &[u8], size: usize) -> Vec<u8> {
        let sizes = [(bytes.len() as u32).to_le_bytes(), (size as u32).to_le_bytes()].concat();
        let name_length = (name.len() as u16).to_le_bytes();
        let mut file =
            [LOCAL_HEADER, &[20, 0, 0, 0], &method.to_le_bytes(), &[0; 8], &sizes, &name_length, &[0; 2]]
                .concat();
        file.extend(name.as_bytes());
        file.extend(bytes);
        let start = file.len() as u32;
        file.extend(
            [CENTRAL_HEADER, &[20, 0, 20, 0, 0, 0], &method.to_le_bytes(), &[0; 8], &sizes, &name_length]
                .concat(),
        );
        file.extend([0; 16]);
        file.extend(name.as_bytes());
        let length = file.len() as u32 - start;
        file.extend(
            [END, &[0, 0, 0, 0, 1, 0, 1, 0], &length.to_le_bytes(), &start.to_le_bytes(), &[0; 2]].concat(),
        );
        file
    }

    #[test]
    fn stored_and_deflated_members_are_read() {
        let stored = archive("a", 0, b"content", 7);
        assert_eq!(*entries(&stored).unwrap()[0].content(&stored).unwrap(), *b"content");
        // RFC 1951: one final block, stored.
        let deflated = archive("a", 8, &[1, 2, 0, 0xfd, 0xff, b'o', b'k'], 2);
        assert_eq!(*entries(&deflated).unwrap()[0].content(&deflated).unwrap(), *b"ok");
    }

    #[test]
    fn a_member_that_inflates_to_another_size_is_refused() {
        let deflated = archive("a", 8, &[1, 2, 0, 0xfd, 0xff, b'o', b'k'], 1);
        assert!(entries(&deflated).unwrap()[0].content(&deflated).is_err());
        let stored = archive("a", 0, b"content", 6);
        assert!(entries(&stored).unwrap()[0].content(&stored).is_err());
    }

    #[test]
    fn a_cut_archive_is_refused() {
        let whole = archive("a", 0, b"content", 7);
        for cut in 0..whole.len() {
            let read = entries(&whole[..cut]);
            assert!(read.is_err() || read.unwrap().iter().all(|entry| entry.content(&whole[..cut]).is_err()));
        }
    }
}

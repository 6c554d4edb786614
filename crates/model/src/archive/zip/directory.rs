//! End records and central directories (APPNOTE 4.3.12 to 4.3.16), wherever readers would find one.

use super::rules::{DIRECTORY_MISMATCH, MALFORMED};
use super::{Note, local};
use bartizan_core::{Cursor, Severity};
use memchr::memmem;

/// Size of the end record before its comment, in bytes.
const END_RECORD: usize = 22;
/// Bytes readers look back for the end record: its 22 bytes and a comment of at most 65,535.
const TAIL: usize = 22 + 0xffff;
/// Most central directories read of one file.
const MOST_DIRECTORIES: usize = 8;

/// One central directory.
#[derive(Debug, Clone)]
pub(super) struct Directory {
    /// Offset of its first entry.
    pub(super) start: usize,
    /// What must be added to offsets in it: bytes before the archive that it does not count.
    shift: i64,
    declared: u64,
    /// Parts of the file it and its end records take.
    pub(super) extents: Vec<(usize, usize)>,
    pub(super) notes: Vec<Note>,
}

/// One entry of a central directory.
#[derive(Debug, Clone)]
pub(super) struct Entry<'a> {
    pub(super) at: usize,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc32: u32,
    pub(super) compressed: u64,
    pub(super) size: u64,
    pub(super) name: &'a [u8],
    pub(super) mode: u32,
    pub(super) local_at: u64,
    end: usize,
}

/// The directory that most readers use: the one of the last end record.
pub(super) fn locate(bytes: &[u8]) -> Option<Directory> {
    let tail_at = bytes.len().saturating_sub(TAIL);
    let tail = bytes.get(tail_at..)?;
    memmem::rfind_iter(tail, b"PK\x05\x06").find_map(|at| Directory::read(bytes, tail_at.saturating_add(at)))
}

/// Every directory that some reader could use, the usual one first.
pub(super) fn all(bytes: &[u8]) -> Vec<Directory> {
    let tail_at = bytes.len().saturating_sub(TAIL);
    let tail = bytes.get(tail_at..).unwrap_or_default();
    let mut found: Vec<Directory> = Vec::new();
    for at in memmem::rfind_iter(tail, b"PK\x05\x06") {
        let Some(directory) = Directory::read(bytes, tail_at.saturating_add(at)) else { continue };
        // An end record inside what the first one covers belongs to an archive stored as a member.
        let inside = found.first().is_some_and(|first| directory.is_within_members_of(bytes, first));
        if !inside && found.iter().all(|known| known.start != directory.start) {
            found.push(directory);
        }
        if found.len() >= MOST_DIRECTORIES {
            break;
        }
    }
    // Older miniz takes the offset as it stands and knows no prefix; `zipfile` adds the bytes before the archive.
    if let Some(other) = found.first().and_then(|first| first.unshifted(bytes)) {
        found.push(other);
    }
    found
}

impl Directory {
    /// The comment of the end record, and its offset.
    pub(super) fn comment<'a>(&self, bytes: &'a [u8]) -> Option<(usize, &'a [u8])> {
        let &(record, end) = self.extents.first()?;
        let start = record.saturating_add(END_RECORD);
        bytes.get(start..end).filter(|comment| !comment.is_empty()).map(|comment| (start, comment))
    }

    /// The directory of the end record at `end_at`, if the numbers in it make sense.
    fn read(bytes: &[u8], end_at: usize) -> Option<Self> {
        let mut cursor = Cursor::at(bytes, end_at);
        cursor.skip(10).ok()?;
        let count = cursor.u16_le().ok()?;
        let length = cursor.u32_le().ok()?;
        let offset = cursor.u32_le().ok()?;
        let comment = cursor.u16_le().ok()?;
        let end = cursor.position().saturating_add(usize::from(comment)).min(bytes.len());
        let mut found = Self {
            start: 0,
            shift: 0,
            declared: u64::from(count),
            extents: vec![(end_at, end)],
            notes: Vec::new(),
        };
        let (mut length, mut offset, mut before) = (u64::from(length), u64::from(offset), end_at);
        if let Some((locator_at, record_at)) = zip64_record(bytes, end_at) {
            let mut record = Cursor::at(bytes, record_at);
            record.skip(4).ok()?;
            let record_length = record.u64_le().ok()?;
            record.skip(20).ok()?;
            let long_count = record.u64_le().ok()?;
            let (long_length, long_offset) = (record.u64_le().ok()?, record.u64_le().ok()?);
            let contradicts = |short: u64, most: u64, long: u64| short != most && short != long;
            if contradicts(length, u64::from(u32::MAX), long_length)
                || contradicts(offset, u64::from(u32::MAX), long_offset)
                || contradicts(found.declared, u64::from(u16::MAX), long_count)
            {
                found.note(
                    &DIRECTORY_MISMATCH,
                    Severity::Medium,
                    record_at,
                    "the zip64 and the plain end record disagree about the directory".to_owned(),
                );
            }
            (found.declared, length, offset, before) = (long_count, long_length, long_offset, record_at);
            let record_end =
                record_at.saturating_add(12).saturating_add(usize::try_from(record_length).unwrap_or(0));
            found.extents.push((record_at, record_end.min(locator_at).max(record_at)));
            found.extents.push((locator_at, locator_at.saturating_add(20)));
        }
        // Where the directory must start if it ends at the end record; the difference is the prefix.
        let fitting = (before as u64).checked_sub(length);
        let is_entry = |at: u64| {
            usize::try_from(at)
                .ok()
                .and_then(|at| bytes.get(at..))
                .is_some_and(|rest| rest.starts_with(b"PK\x01\x02"))
        };
        let (start, shift) = match fitting {
            Some(start) if is_entry(start) => (start, start.cast_signed().wrapping_sub(offset.cast_signed())),
            _ if is_entry(offset) => {
                found.note(
                    &MALFORMED,
                    Severity::Low,
                    end_at,
                    "the end record gives a wrong directory size".to_owned(),
                );
                (offset, 0)
            }
            Some(start) if found.declared == 0 && length == 0 => {
                (start, start.cast_signed().wrapping_sub(offset.cast_signed()))
            }
            _ => return None,
        };
        found.start = usize::try_from(start).ok()?;
        found.shift = shift;
        let (mut entries_end, mut counted) = (found.start, 0u64);
        for entry in found.entries(bytes) {
            (entries_end, counted) = (entry.end, counted.saturating_add(1));
        }
        if counted != found.declared
            && !(counted & 0xffff == found.declared && found.declared < 0xffff && counted > 0xffff)
        {
            let declared = found.declared;
            found.note(&DIRECTORY_MISMATCH, Severity::Medium, end_at, format!(
                "the end record counts {declared} members, the directory holds {counted}: readers that trust the count see fewer"
            ));
        }
        found.extents.push((found.start, entries_end.max(found.start)));
        Some(found)
    }

    /// Its entries, in order, for as long as there are any: more than the end record counts are given too.
    pub(super) fn entries<'a>(&self, bytes: &'a [u8]) -> impl Iterator<Item = Entry<'a>> + use<'a> {
        let mut at = self.start;
        std::iter::from_fn(move || {
            let entry = Entry::read(bytes, at)?;
            at = entry.end;
            Some(entry)
        })
    }

    /// The offset in the file for an offset written in the directory.
    pub(super) fn resolve(&self, offset: u64) -> usize {
        usize::try_from(offset.cast_signed().saturating_add(self.shift)).unwrap_or(usize::MAX)
    }

    /// Whether its first entry leads to a local header, or it is rightly empty.
    pub(super) fn is_sound(&self) -> bool {
        self.extents.len() > 1
    }

    fn unshifted(&self, bytes: &[u8]) -> Option<Self> {
        let offset = (self.start as u64).cast_signed().checked_sub(self.shift)?;
        let start = usize::try_from(offset).ok()?;
        if self.shift == 0 || !bytes.get(start..)?.starts_with(b"PK\x01\x02") {
            return None;
        }
        let mut other =
            Self { start, shift: 0, declared: self.declared, extents: Vec::new(), notes: Vec::new() };
        let end = other.entries(bytes).last().map_or(start, |entry| entry.end);
        other.extents.push((start, end));
        Some(other)
    }

    fn is_within_members_of(&self, bytes: &[u8], outer: &Self) -> bool {
        outer.entries(bytes).any(|entry| {
            local::Header::read(bytes, outer.resolve(entry.local_at)).is_some_and(|header| {
                let end = (header.data_at as u64).saturating_add(entry.compressed);
                header.data_at <= self.start && (self.start as u64) < end
            })
        })
    }

    fn note(&mut self, rule: &'static bartizan_core::Rule, severity: Severity, at: usize, message: String) {
        self.notes.push(Note { rule, severity, at: at as u64, message, gap: None });
    }
}

impl<'a> Entry<'a> {
    fn read(bytes: &'a [u8], at: usize) -> Option<Self> {
        let mut cursor = Cursor::at(bytes, at);
        if cursor.take(4).ok()? != b"PK\x01\x02" {
            return None;
        }
        let made_by = cursor.u16_le().ok()?;
        cursor.skip(2).ok()?;
        let flags = cursor.u16_le().ok()?;
        let method = cursor.u16_le().ok()?;
        cursor.skip(4).ok()?;
        let crc32 = cursor.u32_le().ok()?;
        let compressed = cursor.u32_le().ok()?;
        let size = cursor.u32_le().ok()?;
        let name_length = cursor.u16_le().ok()?;
        let extra_length = cursor.u16_le().ok()?;
        let comment_length = cursor.u16_le().ok()?;
        cursor.skip(4).ok()?;
        let external = cursor.u32_le().ok()?;
        let local_at = cursor.u32_le().ok()?;
        let name = cursor.take(usize::from(name_length)).ok()?;
        let extra = cursor.take(usize::from(extra_length)).unwrap_or_default();
        let end = cursor.position().saturating_add(usize::from(comment_length)).min(bytes.len());
        let [size, compressed, local_at] = local::zip64(extra, [size, compressed, local_at]);
        // The mode is meant for Unix (3) and macOS (19) hosts; extractors look at it whatever the host byte says.
        let mode = if made_by >> 8 == 0 && external >> 16 == 0 { 0 } else { external >> 16 };
        Some(Self { at, flags, method, crc32, compressed, size, name, mode, local_at, end })
    }
}

/// Offsets of the zip64 locator before the end record and of the record it points to.
fn zip64_record(bytes: &[u8], end_at: usize) -> Option<(usize, usize)> {
    let locator_at = end_at.checked_sub(20)?;
    let mut locator = Cursor::at(bytes, locator_at);
    if locator.take(4).ok()? != b"PK\x06\x07" {
        return None;
    }
    locator.skip(4).ok()?;
    let declared = usize::try_from(locator.u64_le().ok()?).unwrap_or(usize::MAX);
    // With bytes before the archive the declared offset is off; the record is then right before the locator.
    [declared, locator_at.saturating_sub(56)]
        .into_iter()
        .find(|&at| bytes.get(at..locator_at).is_some_and(|rest| rest.starts_with(b"PK\x06\x06")))
        .map(|at| (locator_at, at))
}

//! Zip archives, read under every view at once: what the central directory says (Python's `zipfile`, torch's miniz)
//! and what the local headers say (stream readers). Where the views disagree is where payloads hide, so each
//! disagreement is a note and the members of both views are read. Members are slices of the input, nothing is copied.
//!
//! Source: PKWARE APPNOTE 6.3.10. Cost: linear in the input, plus the decompressed sizes, which limits bound.

mod directory;
mod format;
mod local;
mod rules;

#[cfg(test)]
pub(crate) mod fixture;

pub use format::ZIP;
pub use rules::*;

use crate::Input;
use crate::archive::expand::{self, Codec};
use bartizan_core::{Rule, Severity};
use directory::Directory;
use std::borrow::Cow;
use std::collections::HashSet;

/// A zip archive under all its views.
pub struct Archive<'a> {
    /// The members, in the order of the central directory, then those that only local headers show.
    pub members: Vec<Member<'a>>,
    /// Where the views disagree or the structure is broken.
    pub(crate) notes: Vec<Note>,
    /// Bytes that belong to no member and no directory: prefix, between members, after the end.
    pub(crate) strays: Vec<Stray<'a>>,
    /// Comments of end records, with their offsets.
    pub(crate) comments: Vec<(usize, &'a [u8])>,
    /// Offset where the archive begins when something precedes it.
    pub(crate) begins: usize,
}

/// One member as one view shows it.
#[derive(Debug, Clone)]
pub struct Member<'a> {
    /// Name, decoded leniently.
    pub name: Cow<'a, str>,
    /// The packed bytes, cut at the end of the input.
    pub data: &'a [u8],
    /// Compression method (APPNOTE 4.4.5).
    pub method: u16,
    /// General purpose flags (APPNOTE 4.4.4).
    pub flags: u16,
    /// Declared CRC-32 of the content.
    pub crc32: u32,
    /// Declared size of the content.
    pub size: u64,
    /// Offset of the local header, or of the central entry when there is none.
    pub at: u64,
    /// Offset of the packed bytes.
    pub data_at: u64,
    /// Unix mode from the external attributes, 0 when not given.
    pub mode: u32,
    /// Only a local header shows it: directory readers do not see it.
    pub local_only: bool,
    /// Whether the packed bytes run past the end of the input.
    pub cut: bool,
    /// Another name the same bytes go by in the other view.
    pub other_name: Option<Cow<'a, str>>,
}

/// Something wrong with the structure.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub(crate) rule: &'static Rule,
    pub(crate) severity: Severity,
    pub(crate) at: u64,
    pub(crate) message: String,
    /// What could not be read because of it.
    pub(crate) gap: Option<String>,
}

/// Bytes of the input that are not part of the archive's structure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stray<'a> {
    pub(crate) at: usize,
    pub(crate) bytes: &'a [u8],
    pub(crate) place: Place,
}

/// Where stray bytes lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Before,
    Between,
    After,
}

/// Whether `input` is a zip archive: by its head, or by an end record whose directory is where it says.
pub fn is_zip(input: &Input<'_>) -> bool {
    starts_as_zip(input.bytes) || directory::locate(input.bytes).is_some_and(|found| found.is_sound())
}

/// Whether `input` is a zip archive with a member whose name fits; looks at no more than [`NAMES_LOOKED_AT`] names.
pub fn has_member(input: &Input<'_>, fits: impl FnMut(&str) -> bool) -> bool {
    if !starts_as_zip(input.bytes) && directory::locate(input.bytes).is_none() {
        return false;
    }
    names(input.bytes).iter().map(AsRef::as_ref).any(fits)
}

/// The member names of the archive, the first [`NAMES_LOOKED_AT`] of them. Reads the directory only, or walks the local
/// headers when there is none.
pub fn names(bytes: &[u8]) -> Vec<Cow<'_, str>> {
    let Some(directory) = directory::locate(bytes).filter(Directory::is_sound) else {
        let mut at = 0usize;
        let mut names = Vec::new();
        while names.len() < NAMES_LOOKED_AT
            && let Some(header) = local::Header::read(bytes, at)
        {
            names.push(String::from_utf8_lossy(header.name));
            let next =
                header.data_at.saturating_add(usize::try_from(header.compressed).unwrap_or(usize::MAX));
            if next <= at || header.compressed == 0 && header.flags & local::DESCRIPTOR != 0 {
                break;
            }
            at = next;
        }
        return names;
    };
    directory.entries(bytes).take(NAMES_LOOKED_AT).map(|entry| String::from_utf8_lossy(entry.name)).collect()
}

/// Names that recognition looks at; the scan itself reads all members.
pub const NAMES_LOOKED_AT: usize = 4096;

fn starts_as_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") && bytes.len() >= 30 || bytes.starts_with(b"PK\x05\x06")
}

impl<'a> Archive<'a> {
    /// Reads the structure of `bytes`, at most `limit` members of each view.
    pub fn read(bytes: &'a [u8], limit: u64) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut archive = Self {
            members: Vec::new(),
            notes: Vec::new(),
            strays: Vec::new(),
            comments: Vec::new(),
            begins: 0,
        };
        // Extents taken by headers, members and directories: [start, end).
        let mut taken: Vec<(usize, usize)> = Vec::new();
        let directories = directory::all(bytes);
        let mut seen = HashSet::new();
        for (index, found) in directories.iter().enumerate() {
            archive.notes.extend(found.notes.iter().cloned());
            taken.extend_from_slice(&found.extents);
            archive.comments.extend(found.comment(bytes));
            if index > 0 {
                archive.note(
                    &DIRECTORY_MISMATCH,
                    Severity::Medium,
                    found.start,
                    format!(
                        "a second central directory at offset {}: which one is read depends on the library",
                        found.start
                    ),
                );
            }
            for entry in found.entries(bytes).take(limit) {
                let at = found.resolve(entry.local_at);
                if seen.insert((at, entry.name)) {
                    archive.add_central(bytes, &entry, at, &mut taken);
                }
            }
        }
        if directories.is_empty() {
            archive.note_gap(
                &MALFORMED,
                Severity::Medium,
                bytes.len(),
                "the archive has no end record: it is cut, or made for stream readers only".to_owned(),
                Some("the zip has no central directory; members were read from their local headers, get the file again".to_owned()),
            );
        }
        archive.note_overlaps(&mut taken);
        archive.add_uncovered(bytes, &taken, limit);
        archive
    }

    /// The member called `name` in the view of directory readers.
    pub fn member(&self, name: &str) -> Option<&Member<'a>> {
        self.members.iter().find(|member| member.name == name)
    }

    fn note(&mut self, rule: &'static Rule, severity: Severity, at: usize, message: String) {
        self.note_gap(rule, severity, at, message, None);
    }

    fn note_gap(
        &mut self,
        rule: &'static Rule,
        severity: Severity,
        at: usize,
        message: String,
        gap: Option<String>,
    ) {
        if self.notes.len() < MOST_NOTES {
            self.notes.push(Note { rule, severity, at: at as u64, message, gap });
        }
    }

    fn add_central(
        &mut self,
        bytes: &'a [u8],
        entry: &directory::Entry<'a>,
        at: usize,
        taken: &mut Vec<(usize, usize)>,
    ) {
        let name = String::from_utf8_lossy(entry.name);
        let shown = bartizan_core::printable(&name, 120);
        let Some(header) = local::Header::read(bytes, at) else {
            self.note_gap(
                &MALFORMED,
                Severity::Medium,
                entry.at,
                format!("the directory puts `{shown}` at offset {at}, where no member is"),
                Some(format!(
                    "`{shown}` could not be read: no local header at offset {at}; get the file again"
                )),
            );
            return;
        };
        let has_descriptor = header.flags & local::DESCRIPTOR != 0;
        let other_name = (header.name != entry.name).then(|| String::from_utf8_lossy(header.name));
        if let Some(other) = &other_name {
            let other = bartizan_core::printable(other, 120);
            self.note(&DIRECTORY_MISMATCH, Severity::High, at, format!(
                "the directory calls this member `{shown}`, its own header calls it `{other}`: readers see different archives"
            ));
        }
        if header.method != entry.method {
            self.note(
                &DIRECTORY_MISMATCH,
                Severity::Medium,
                at,
                format!(
                    "`{shown}`: the directory says method {}, its own header {}",
                    entry.method, header.method
                ),
            );
        }
        // With a descriptor the local sizes and CRC may be zero (APPNOTE 4.4.4, bit 3).
        let size_differs = (header.compressed, header.size) != (entry.compressed, entry.size)
            && !(has_descriptor && header.compressed == 0);
        if size_differs {
            self.note(
                &DIRECTORY_MISMATCH,
                Severity::Medium,
                at,
                format!(
                    "`{shown}`: the directory says {} bytes packed and {} unpacked, its own header {} and {}",
                    entry.compressed, entry.size, header.compressed, header.size
                ),
            );
        }
        if !(header.crc32 == entry.crc32 || has_descriptor && header.crc32 == 0) {
            self.note(
                &CHECKSUM_MISMATCH,
                Severity::Low,
                at,
                format!("`{shown}`: the directory and its own header give different checksums"),
            );
        }
        if (header.flags ^ entry.flags) & local::ENCRYPTION_FLAGS != 0 {
            self.note(&FALSE_ENCRYPTION, Severity::High, at, format!(
                "`{shown}` is marked encrypted in one of its two headers only: some readers refuse it, others load it"
            ));
        }
        let member = |compressed: u64, method: u16, size: u64, local_only: bool| {
            let (data, cut) = slice(bytes, header.data_at, compressed);
            Member {
                name: name.clone(),
                data,
                method,
                flags: entry.flags | header.flags,
                crc32: entry.crc32,
                size,
                at: at as u64,
                data_at: header.data_at as u64,
                mode: entry.mode,
                local_only,
                cut,
                other_name: other_name.clone(),
            }
        };
        let central = member(entry.compressed, entry.method, entry.size, false);
        let mut end = header.data_at.saturating_add(central.data.len());
        end = end.saturating_add(local::descriptor_length(bytes, end, has_descriptor, entry.crc32));
        taken.push((at, end));
        if central.cut {
            self.note_gap(
                &MALFORMED,
                Severity::Low,
                at,
                format!("`{shown}` runs past the end of the file"),
                Some(format!("`{shown}` is cut; get the file again")),
            );
        }
        if size_differs && header.compressed != 0 || header.method != entry.method {
            let compressed = if header.compressed == 0 { entry.compressed } else { header.compressed };
            let mut local = member(compressed, header.method, header.size, true);
            local.crc32 = header.crc32;
            self.members.push(local);
        }
        self.members.push(central);
    }

    /// Sorts the extents and notes members that share bytes.
    fn note_overlaps(&mut self, taken: &mut [(usize, usize)]) {
        taken.sort_unstable();
        let mut end = 0;
        let mut overlaps = 0u64;
        let mut first = None;
        for &mut (from, to) in taken {
            if from < end {
                overlaps = overlaps.saturating_add(1);
                first.get_or_insert(from);
            }
            end = end.max(to);
        }
        if let Some(at) = first {
            self.note(&HIDDEN_DATA, Severity::Medium, at, format!(
                "{overlaps} parts of the archive overlap: the same bytes are read as different members, as decompression bombs do"
            ));
        }
    }

    /// Looks through what the directory does not cover for members that only stream readers see, and stray bytes.
    fn add_uncovered(&mut self, bytes: &'a [u8], taken: &[(usize, usize)], limit: usize) {
        let mut at = 0usize;
        let mut holes = Vec::new();
        for &(from, to) in taken {
            if from > at {
                holes.push((at, from));
            }
            at = at.max(to);
        }
        if at < bytes.len() {
            holes.push((at, bytes.len()));
        }
        let first_taken = taken.first().map_or(0, |&(from, _)| from);
        for (from, to) in holes {
            let mut from = from;
            while let Some(hole) = bytes.get(from..to).filter(|hole| !hole.is_empty()) {
                let found = memchr::memmem::find_iter(hole, b"PK\x03\x04")
                    .map(|offset| from.saturating_add(offset))
                    .find_map(|at| local::Header::read(bytes, at).filter(local::Header::is_plausible));
                let stray_end = found.as_ref().map_or(to, |header| header.at);
                self.add_stray(bytes, from, stray_end, first_taken);
                let Some(header) = found else { break };
                if self.members.len() >= limit {
                    self.note_gap(
                        &MALFORMED,
                        Severity::Low,
                        header.at,
                        "too many members".to_owned(),
                        Some(format!("more than {limit} members; raise --max-members")),
                    );
                    break;
                }
                from = self.add_local_only(bytes, &header, to, taken.is_empty());
            }
        }
        if taken.is_empty() {
            self.begins = self.members.first().map_or(0, |member| member.at as usize);
        } else {
            self.begins = first_taken
                .min(self.members.iter().map(|member| member.at as usize).min().unwrap_or(first_taken));
        }
    }

    /// Adds a member that no directory lists; gives the offset behind it.
    fn add_local_only(
        &mut self,
        bytes: &'a [u8],
        header: &local::Header<'a>,
        hole_end: usize,
        no_directory: bool,
    ) -> usize {
        let name = String::from_utf8_lossy(header.name);
        let shown = bartizan_core::printable(&name, 120);
        let has_descriptor = header.flags & local::DESCRIPTOR != 0;
        let compressed = if has_descriptor && header.compressed == 0 {
            local::length_to_descriptor(bytes, header.data_at, hole_end)
        } else {
            header.compressed
        };
        let (data, cut) = slice(bytes, header.data_at, compressed);
        if !no_directory {
            self.note(&HIDDEN_MEMBER, Severity::Medium, header.at, format!(
                "`{shown}` is in the file but not in the directory: stream readers load it, directory readers never show it"
            ));
        }
        if cut {
            self.note_gap(
                &MALFORMED,
                Severity::Low,
                header.at,
                format!("`{shown}` runs past the end of the file"),
                Some(format!("`{shown}` is cut; get the file again")),
            );
        }
        let end = header.data_at.saturating_add(data.len());
        self.members.push(Member {
            name,
            data,
            method: header.method,
            flags: header.flags,
            crc32: header.crc32,
            size: header.size,
            at: header.at as u64,
            data_at: header.data_at as u64,
            mode: 0,
            local_only: true,
            cut,
            other_name: None,
        });
        end.saturating_add(local::descriptor_length(bytes, end, has_descriptor, header.crc32))
            .max(header.at.saturating_add(4))
    }

    fn add_stray(&mut self, bytes: &'a [u8], from: usize, to: usize, first_taken: usize) {
        let Some(stray) = bytes.get(from..to) else { return };
        // Padding is what aligners write.
        if stray.iter().all(|&byte| byte == 0) || self.strays.len() >= MOST_NOTES {
            return;
        }
        let place = match (from == 0, to == bytes.len()) {
            (true, _) if to <= first_taken || first_taken == 0 => Place::Before,
            (_, true) => Place::After,
            _ => Place::Between,
        };
        self.strays.push(Stray { at: from, bytes: stray, place });
    }
}

/// Most notes and stray parts kept of one archive.
const MOST_NOTES: usize = 200;

impl<'a> Member<'a> {
    /// Its codec, `Ok(None)` when stored, `Err` with the method's name when this reader lacks it.
    pub fn codec(&self) -> Result<Option<Codec>, &'static str> {
        let end_marker = self.flags & 2 != 0;
        Ok(Some(match self.method {
            0 => return Ok(None),
            8 => Codec::Deflate,
            12 => Codec::Bzip2,
            14 => Codec::ZipLzma((!end_marker).then_some(self.size)),
            20 | 93 => Codec::Zstd,
            95 => Codec::Xz,
            1 => return Err("shrink"),
            2..=5 => return Err("reduce"),
            6 => return Err("implode"),
            9 => return Err("deflate64"),
            97 => return Err("WavPack"),
            98 => return Err("PPMd"),
            99 => return Err("AES encryption"),
            _ => return Err("unknown"),
        }))
    }

    /// At most `limit` bytes of its content; shorter when it is damaged, empty when it cannot be unpacked.
    pub fn content(&self, limit: u64) -> Cow<'a, [u8]> {
        match self.codec() {
            Ok(None) => {
                let end = usize::try_from(limit).unwrap_or(usize::MAX).min(self.data.len());
                Cow::Borrowed(self.data.get(..end).unwrap_or_default())
            }
            Ok(Some(codec)) => Cow::Owned(expand::expanded(codec, self.data, limit)),
            Err(_) => Cow::Borrowed(&[]),
        }
    }

    /// Whether its flags say that it is encrypted.
    pub fn is_marked_encrypted(&self) -> bool {
        self.flags & local::ENCRYPTION_FLAGS != 0
    }

    /// Whether it stands for a symbolic link (Unix mode in the external attributes).
    pub fn is_symlink(&self) -> bool {
        self.mode & 0o170_000 == 0o120_000
    }
}

/// `length` bytes at `at`, and whether the input ends before.
fn slice(bytes: &[u8], at: usize, length: u64) -> (&[u8], bool) {
    let rest = bytes.get(at..).unwrap_or_default();
    match usize::try_from(length).ok().and_then(|length| rest.get(..length)) {
        Some(whole) => (whole, false),
        None => (rest, true),
    }
}

#[cfg(test)]
mod tests {
    use super::fixture::{Zip, member};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn members_are_slices_of_the_input() {
        let bytes = Zip::new().add(member("a/b.txt", b"hello")).bytes();
        let archive = Archive::read(&bytes, 100);
        assert_eq!(archive.member("a/b.txt").unwrap().data, b"hello");
        assert!(archive.notes.is_empty(), "{:?}", archive.notes);
        assert!(archive.strays.is_empty());
    }

    #[test]
    fn a_prefix_moves_offsets_as_zipfile_allows() {
        let mut bytes = b"#!/bin/sh\n".to_vec();
        bytes.extend(Zip::new().add(member("x", b"data")).bytes());
        let archive = Archive::read(&bytes, 100);
        assert_eq!(archive.member("x").unwrap().data, b"data");
        assert_eq!(archive.begins, 10);
        assert!(is_zip(&Input::new("x", &bytes)));
    }

    #[test]
    fn a_member_missing_from_the_directory_is_still_read() {
        let bytes = Zip::new().add(member("seen", b"1")).add(member("hidden", b"2").unlisted()).bytes();
        let archive = Archive::read(&bytes, 100);
        let hidden = archive.member("hidden").unwrap();
        assert!(hidden.local_only);
        assert!(archive.notes.iter().any(|note| note.rule.id == HIDDEN_MEMBER.id));
    }

    #[test]
    fn a_zip_without_end_record_is_read_from_local_headers() {
        let mut bytes = Zip::new().add(member("one", b"1111")).add(member("two", b"2222")).bytes();
        let cut = memchr::memmem::find(&bytes, b"PK\x01\x02").unwrap();
        bytes.truncate(cut);
        let archive = Archive::read(&bytes, 100);
        assert_eq!(archive.members.len(), 2);
        assert!(archive.notes.iter().any(|note| note.gap.is_some()));
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_result(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let archive = Archive::read(&bytes, 100);
            for member in &archive.members {
                let _ = member.content(1 << 16);
            }
            let _ = names(&bytes);
        }

        #[test]
        fn a_mutated_zip_gives_a_result(at in 0usize..400, value: u8, cut in 0usize..400) {
            let mut bytes = Zip::new().add(member("a.pkl", b"data").deflated()).add(member("b", b"more")).bytes();
            let length = bytes.len();
            bytes[at % length] = value;
            bytes.truncate(length - cut % length);
            for member in &Archive::read(&bytes, 100).members {
                let _ = member.content(1 << 16);
            }
        }
    }
}

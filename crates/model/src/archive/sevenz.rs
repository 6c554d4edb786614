//! 7z archives, through `sevenz-rust2` with bounded memory; every entry passes through the same limits as other
//! members. What the decoder cannot read stays a gap, and the raw bytes are searched for payloads all the same.
//!
//! Source: 7-Zip `DOC/7zFormat.txt`. The header's declared sizes are checked against the input before the decoder
//! sees them.

use super::expand::{self, EXPANSION, End, NESTING};
use super::member_path::{self, LINK_ESCAPE, NameCheck, ODD_NAME, PATH_ESCAPE};
use super::zip::{HIDDEN_DATA, MALFORMED, UNREADABLE};
use crate::{Format, Input, NoSiblings, Recognition, Scan};
use bartizan_core::{Cursor, Finding, Kind, Rule, Severity, printable};
use sevenz_rust2::{Archive, BlockDecoder, Error, Password};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// 7z archives.
pub static SEVENZ: SevenZ = SevenZ;

/// See [`SEVENZ`].
pub struct SevenZ;

const MAGIC: &[u8] = b"7z\xbc\xaf\x27\x1c";
/// Size of the start header, in bytes.
const START: usize = 32;
/// Memory a decoder may take for its dictionary or model, in KiB.
const MEMORY_KIB: usize = 96 << 10;
/// Longest link target read, in bytes.
const LINK_TARGET: u64 = 4096;

impl Format for SevenZ {
    fn id(&self) -> &'static str {
        "7z"
    }

    fn name(&self) -> &'static str {
        "7z archive"
    }

    fn kind(&self) -> Kind {
        Kind::Archive
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["7z"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&UNREADABLE, &MALFORMED, &HIDDEN_DATA, &EXPANSION, &PATH_ESCAPE, &LINK_ESCAPE, &ODD_NAME, &NESTING]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if input.bytes.starts_with(MAGIC) { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let end = match header_end(input.bytes) {
            Ok(end) => end,
            Err(reason) => return unreadable(input, &reason, scan),
        };
        let bytes = input.bytes.get(..end).unwrap_or(input.bytes);
        let password = Password::empty();
        // The decoder is not ours: should it panic on hostile bytes, that is an unreadable archive, not an end of the scan.
        let read = catch_unwind(|| {
            Archive::read_with_memory_limit(&mut std::io::Cursor::new(bytes), &Password::empty(), MEMORY_KIB)
        });
        let archive = match read {
            Ok(Ok(archive)) => archive,
            Ok(Err(Error::PasswordRequired | Error::MaybeBadPassword(_))) => {
                return encrypted("the list of members", scan);
            }
            Ok(Err(error)) => return unreadable(input, &error.to_string(), scan),
            Err(_) => return unreadable(input, "the header is damaged", scan),
        };
        expand::remark_shape(archive.files.iter().all(|entry| !entry.has_stream()), scan);
        let mut names = NameCheck::default();
        for entry in &archive.files {
            names.check(entry.name(), 0, scan);
        }
        for block in 0..archive.blocks.len() {
            if scan.out_of_time() {
                return;
            }
            let mut source = std::io::Cursor::new(bytes);
            let decoder =
                BlockDecoder::new_with_memory_limit(1, MEMORY_KIB, block, &archive, &password, &mut source);
            let result = catch_unwind(AssertUnwindSafe(|| {
                decoder.for_each_entries(&mut |entry, reader| {
                    if entry.is_directory() || !entry.has_stream() {
                        return Ok(true);
                    }
                    Ok(scan_entry(entry, reader, bytes.len(), scan))
                })
            }));
            match result {
                Ok(Ok(_)) => {}
                Ok(Err(Error::PasswordRequired | Error::MaybeBadPassword(_))) => {
                    encrypted("a block of members", scan);
                }
                Ok(Err(error)) => damaged(&error.to_string(), scan),
                Err(_) => damaged("the packed data is damaged", scan),
            }
        }
        let tail = input.bytes.get(end..).unwrap_or_default();
        if tail.iter().any(|&byte| byte != 0) {
            scan.report(
                Finding::new(&HIDDEN_DATA, format!("{} bytes follow the end of the 7z archive", tail.len()))
                    .at(end as u64),
            );
            scan.member(&format!("(bytes from {end}, after the archive)"), tail);
        }
    }
}

/// Scans one entry; whether the next entries of its block can still be read.
fn scan_entry(
    entry: &sevenz_rust2::ArchiveEntry,
    reader: &mut dyn std::io::Read,
    archive_size: usize,
    scan: &mut Scan<'_>,
) -> bool {
    let name = entry.name();
    // The upper half holds the Unix mode when bit 15 is set (p7zip).
    let attributes = entry.windows_attributes();
    if attributes & 0x8000 != 0 && attributes >> 16 & 0o170_000 == 0o120_000 {
        let mut target = Vec::new();
        let whole =
            std::io::Read::read_to_end(&mut std::io::Read::take(reader, LINK_TARGET), &mut target).is_ok();
        member_path::check_link(name, &String::from_utf8_lossy(&target), true, 0, scan);
        return whole;
    }
    let expansion = expand::scan_reader(reader, &|| archive_size, name, &NoSiblings, scan);
    match expansion.end {
        End::Complete => true,
        End::Limit => false,
        End::Broken(reason) => {
            damaged(
                &format!("`{}` breaks after {} bytes: {reason}", printable(name, 120), expansion.length),
                scan,
            );
            false
        }
    }
}

/// Offset behind the archive, as its start header gives it; an error when that cannot be.
fn header_end(bytes: &[u8]) -> Result<usize, String> {
    let mut cursor = Cursor::at(bytes, 12);
    let (Ok(offset), Ok(size)) = (cursor.u64_le(), cursor.u64_le()) else {
        return Err("the start header is cut".to_owned());
    };
    let end = (START as u64).saturating_add(offset).saturating_add(size);
    match usize::try_from(end) {
        Ok(end) if end <= bytes.len() => Ok(end),
        _ => Err(format!("the header is said to end at byte {end}, the file has {}", bytes.len())),
    }
}

fn encrypted(what: &str, scan: &mut Scan<'_>) {
    scan.gap(0, format!("{what} of the 7z archive is encrypted; decrypt it and scan the files"));
    scan.report(
        Finding::new(&UNREADABLE, format!("{what} of the 7z archive is encrypted: its content was not seen"))
            .at(0),
    );
}

fn damaged(reason: &str, scan: &mut Scan<'_>) {
    scan.gap(0, format!("the 7z archive could not be read to the end ({reason}); unpack it in an isolated place and scan the files"));
    scan.report(Finding::new(&MALFORMED, format!("the 7z archive cannot be unpacked: {reason}")).at(0));
}

/// A 7z in name only: what stands behind its magic is looked at as it is.
fn unreadable(input: &Input<'_>, reason: &str, scan: &mut Scan<'_>) {
    damaged(reason, scan);
    let rest = input.bytes.get(START..).unwrap_or_default();
    if rest.iter().any(|&byte| byte != 0) {
        scan.report(
            Finding::new(
                &HIDDEN_DATA,
                format!("{} bytes stand behind a 7z header that leads nowhere", rest.len()),
            )
            .severity(Severity::Medium)
            .at(START as u64),
        );
        scan.member("(bytes from 32, behind the 7z header)", rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::{Limits, MonotonicClock};
    use proptest::prelude::*;

    /// `printf hello > a.txt; 7z a -mx0`: one stored member, plain header.
    fn stored() -> Vec<u8> {
        let mut header: Vec<u8> = vec![0x01, 0x04, 0x06, 0x00, 0x01, 0x09, 0x05, 0x00];
        header.extend([0x07, 0x0b, 0x01, 0x00, 0x01, 0x01, 0x00, 0x0c, 0x05, 0x00]);
        header.extend([0x08, 0x0a, 0x01]);
        header.extend(crc32(b"hello").to_le_bytes());
        header.extend([0x00, 0x00, 0x05, 0x01, 0x11, 0x0d, 0x00]);
        header.extend("a.txt\0".encode_utf16().flat_map(u16::to_le_bytes));
        header.extend([0x00, 0x00]);
        let mut start = Vec::new();
        start.extend(5u64.to_le_bytes());
        start.extend((header.len() as u64).to_le_bytes());
        start.extend(crc32(&header).to_le_bytes());
        let mut bytes = [MAGIC, &[0, 4]].concat();
        bytes.extend(crc32(&start).to_le_bytes());
        bytes.extend(start);
        bytes.extend(b"hello");
        bytes.extend(header);
        bytes
    }

    fn crc32(bytes: &[u8]) -> u32 {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        crc.sum()
    }

    fn scan(bytes: &[u8]) -> crate::Outcome {
        crate::scan(&Input::new("m.7z", bytes), &Limits::default(), &MonotonicClock::start())
    }

    #[test]
    fn a_sound_archive_is_read_to_the_end() {
        let outcome = scan(&stored());
        assert!(outcome.gaps.is_empty() && outcome.findings.is_empty(), "{outcome:?}");
    }

    #[test]
    fn a_header_that_leads_nowhere_is_a_gap_and_its_bytes_are_scanned() {
        let outcome = scan(&[MAGIC, &[0; 26], b"payload"].concat());
        assert!(!outcome.gaps.is_empty());
        assert!(outcome.findings.iter().any(|finding| finding.rule.id == HIDDEN_DATA.id));
    }

    #[test]
    fn sizes_beyond_the_file_are_refused_before_decoding() {
        let mut bytes = stored();
        bytes[20..28].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(header_end(&bytes).is_err());
        assert!(!scan(&bytes).gaps.is_empty());
    }

    proptest! {
        #[test]
        fn a_mutated_archive_never_ends_the_scan(at in 0usize..110, value: u8) {
            let mut bytes = stored();
            let length = bytes.len();
            bytes[at % length] = value;
            let _ = scan(&bytes);
        }
    }
}

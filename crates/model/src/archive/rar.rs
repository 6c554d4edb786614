//! RAR archives, versions 1.5 to 5: the list of members, and their content where it is stored or packed as since 2.9.
//!
//! What is encrypted, split over volumes, packed by older versions or with PPMd is a gap; names and links are judged as
//! in any archive. Cost: linear in what is unpacked, which the limits bound; memory up to the dictionary, 128 MiB at most.
//!
//! Sources: *RAR 5.0 archive format* (rarlab.com), `technote.txt` of RAR 4.

mod bits;
mod filter;
#[cfg(test)]
mod tests;
mod unpack;
mod version_3;
mod version_5;
mod window;

use super::expand::{self, EXPANSION, End};
use super::member_path::{LINK_ESCAPE, NameCheck, ODD_NAME, PATH_ESCAPE, check_link};
use super::zip::UNREADABLE;
use crate::formats::malformed::{MALFORMED_STRUCTURE, broken};
use crate::{Format, Input, NoSiblings, Recognition, Scan};
use bartizan_core::{Cursor, Finding, Kind, Rule, ShortRead, printable};
use unpack::{Chain, Packing};

/// RAR archives.
pub struct Rar;

/// RAR archives.
pub static RAR: Rar = Rar;

/// Start of every version; the bytes behind it tell which.
const MAGIC: &[u8] = b"Rar!\x1a\x07";
/// Unseen members named in the message.
const NAMED: usize = 5;
/// Longest link target read, in bytes.
const LINK_TARGET: usize = 4096;
/// Method of members that are stored as they are: in headers of version 5, and of the versions before.
const STORED: (u64, u64) = (0, STORED_4);
const STORED_4: u64 = 0x30;

impl Format for Rar {
    fn id(&self) -> &'static str {
        "rar"
    }

    fn name(&self) -> &'static str {
        "RAR archive"
    }

    fn kind(&self) -> Kind {
        Kind::Archive
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["rar", "cbr"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&UNREADABLE, &EXPANSION, &PATH_ESCAPE, &LINK_ESCAPE, &ODD_NAME, &MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if input.bytes.starts_with(MAGIC) { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let bytes = input.bytes;
        let mut archive =
            Archive { bytes, names: NameCheck::default(), unseen: Vec::new(), count: 0, chain: None, scan };
        let read = match bytes.get(MAGIC.len()..) {
            Some([0, ..]) => archive.version_4(MAGIC.len().saturating_add(1)),
            Some([1, 0, ..]) => archive.version_5(MAGIC.len().saturating_add(2)),
            _ => Err(Stop::Broken(MAGIC.len(), "the version of the RAR archive does not exist")),
        };
        match read {
            Ok(()) => {}
            Err(Stop::Encrypted) => {
                archive.scan.gap(0, "the list of members of the RAR archive is encrypted");
            }
            Err(Stop::Broken(at, what)) => broken(archive.scan, at, what),
        }
        let (unseen, count) = (std::mem::take(&mut archive.unseen), archive.count);
        report(&unseen, count, read.is_ok(), scan);
    }
}

/// Says what of the archive was not seen.
fn report(unseen: &[(String, String)], count: usize, whole: bool, scan: &mut Scan<'_>) {
    let message = if whole && unseen.is_empty() {
        format!("a RAR archive of {count} members; no model loader opens one")
    } else {
        let shown = unseen.iter().take(NAMED).map(|(name, _)| format!("`{}`", printable(name, 80)));
        let list = shown.collect::<Vec<_>>().join(", ");
        let more = if unseen.len() > NAMED { " and others" } else { "" };
        if let Some((name, reason)) = unseen.first() {
            let message = format!(
                "`{}` of the RAR archive was not unpacked ({reason}); unpack it in an isolated place and scan the files",
                printable(name, 80)
            );
            scan.gap(0, message);
        }
        let named = if list.is_empty() { String::new() } else { format!(" ({list}{more})") };
        format!("a RAR archive{named}: its content was not seen, and no model loader opens one")
    };
    scan.report(Finding::new(&UNREADABLE, message).at(0));
}

/// Why the list of members ends early.
#[derive(Debug, Clone, Copy)]
enum Stop {
    Encrypted,
    Broken(usize, &'static str),
}

impl From<ShortRead> for Stop {
    fn from(short: ShortRead) -> Self {
        Self::Broken(short.offset, "the RAR archive ends inside a header")
    }
}

struct Archive<'a, 's, 'c> {
    bytes: &'a [u8],
    names: NameCheck,
    /// Members whose content was not seen whole, and why.
    unseen: Vec<(String, String)>,
    count: usize,
    /// What the member before leaves to one that goes on from it.
    chain: Option<Chain>,
    scan: &'s mut Scan<'c>,
}

/// A member as its header tells it.
struct Member<'a> {
    name: String,
    at: usize,
    data: &'a [u8],
    /// Whether `data` is the content itself, whole and in the clear.
    is_plain: bool,
    /// How `data` is packed, or why it cannot be read.
    packing: Result<Packing, &'static str>,
    is_folder: bool,
    /// Target of a link, and whether it is a symbolic one.
    link: Option<(String, bool)>,
}

impl<'a> Archive<'a, '_, '_> {
    /// Blocks of versions 1.5 to 4.
    fn version_4(&mut self, start: usize) -> Result<(), Stop> {
        let mut cursor = Cursor::at(self.bytes, start);
        while !cursor.is_at_end() {
            let at = cursor.position();
            cursor.skip(2)?; // CRC
            let (kind, flags, size) = (cursor.u8()?, cursor.u16_le()?, usize::from(cursor.u16_le()?));
            let mut header = Cursor::at(self.bytes, cursor.position());
            let has_data = flags & 0x8000 != 0 || matches!(kind, 0x74 | 0x7a);
            let mut data_size = if has_data { u64::from(header.u32_le()?) } else { 0 };
            let mut member = None;
            match kind {
                // The archive header says whether all further headers are encrypted.
                0x73 if flags & 0x0080 != 0 => return Err(Stop::Encrypted),
                0x7b => return Ok(()),
                0x74 => {
                    let mut size = u64::from(header.u32_le()?);
                    let host = header.u8()?;
                    let crc32 = header.u32_le()?;
                    header.skip(4)?; // time
                    let version = header.u8()?;
                    let (method, name_size) = (u64::from(header.u8()?), usize::from(header.u16_le()?));
                    let attributes = header.u32_le()?;
                    if flags & 0x0100 != 0 {
                        data_size |= u64::from(header.u32_le()?) << 32;
                        size |= u64::from(header.u32_le()?) << 32;
                    }
                    let name = header.take(name_size)?;
                    // Continued from or in another volume, encrypted, or packed together with others.
                    let is_plain = method == STORED.1 && flags & 0x0017 == 0;
                    let packing = match (flags & 0x0007, version, method) {
                        (0, 29..=36, 0x31..=0x35) => Ok(Packing {
                            version: 3,
                            dictionary: 0x1_0000 << ((flags >> 5) & 7),
                            size: Some(size),
                            crc32: Some(crc32),
                            is_solid: flags & 0x0010 != 0,
                        }),
                        (0, _, STORED_4) => Err("it is stored as a part of another member"),
                        (0, ..) => Err("it is packed by a version before 2.9"),
                        _ => Err("it is encrypted or split over volumes"),
                    };
                    let is_link = host == 3 && attributes & 0o170_000 == 0o120_000;
                    let is_folder = flags & 0x00e0 == 0x00e0;
                    member = Some((name, flags & 0x0200 != 0, is_plain, packing, is_link, is_folder));
                }
                _ => {}
            }
            let data_at = at.saturating_add(size.max(7));
            if size < 7 {
                return Err(Stop::Broken(at, "a RAR header shorter than a header is"));
            }
            let (data, next) = self.data(data_at, data_size)?;
            if let Some((raw, is_unicode, is_plain, packing, is_link, is_folder)) = member {
                let (name, plain_name) = name_4(raw, is_unicode);
                if let Some(other) = plain_name.filter(|other| *other != name) {
                    self.names.check(&other, at as u64, self.scan);
                }
                let target = data.get(..LINK_TARGET).unwrap_or(data);
                let link =
                    (is_link && is_plain).then(|| (String::from_utf8_lossy(target).into_owned(), true));
                self.member(&Member { name, at, data, is_plain, packing, is_folder, link });
            }
            cursor = Cursor::at(self.bytes, next);
            if self.is_over() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Blocks of version 5.
    fn version_5(&mut self, start: usize) -> Result<(), Stop> {
        let mut cursor = Cursor::at(self.bytes, start);
        while !cursor.is_at_end() {
            let at = cursor.position();
            cursor.skip(4)?; // CRC
            let size = usize::try_from(cursor.varint()?).unwrap_or(usize::MAX);
            let header_at = cursor.position();
            let mut header = Cursor::at(self.bytes, header_at);
            let (kind, flags) = (header.varint()?, header.varint()?);
            let extra = if flags & 1 != 0 { header.varint()? } else { 0 };
            let data_size = if flags & 2 != 0 { header.varint()? } else { 0 };
            if kind == 4 {
                return Err(Stop::Encrypted);
            }
            let end = header_at.saturating_add(size);
            let (data, next) = self.data(end, data_size)?;
            if kind == 2 {
                let file_flags = header.varint()?;
                let size = header.varint()?;
                header.varint()?; // attributes
                header.skip(if file_flags & 2 != 0 { 4 } else { 0 })?;
                let crc32 = if file_flags & 4 != 0 { Some(header.u32_le()?) } else { None };
                let compression = header.varint()?;
                header.varint()?; // system
                let name_size = usize::try_from(header.varint()?).unwrap_or(usize::MAX);
                let name = String::from_utf8_lossy(header.take(name_size)?).into_owned();
                let extra_at =
                    end.saturating_sub(usize::try_from(extra).unwrap_or(usize::MAX)).max(header.position());
                let (is_encrypted, link) = self.extra(extra_at, end)?;
                // Bits 3 and 4 of the header: continued from or in another volume.
                let is_plain = (compression >> 7) & 7 == STORED.0 && flags & 0x18 == 0 && !is_encrypted;
                let packing = match (compression & 0x3f, flags & 0x18, is_encrypted) {
                    (0, 0, false) => Ok(Packing {
                        version: 5,
                        dictionary: 0x2_0000 << ((compression >> 10) & 15),
                        size: (file_flags & 8 == 0).then_some(size),
                        crc32,
                        is_solid: compression & 0x40 != 0,
                    }),
                    (_, 0, false) => Err("it is packed by a version after 6"),
                    _ => Err("it is encrypted or split over volumes"),
                };
                let is_folder = file_flags & 1 != 0;
                self.member(&Member { name, at, data, is_plain, packing, is_folder, link });
            }
            if kind == 5 {
                return Ok(());
            }
            cursor = Cursor::at(self.bytes, next);
            if self.is_over() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// What the extra records from `at` to `end` say: whether the member is encrypted, and where a link leads.
    fn extra(&self, at: usize, end: usize) -> Result<(bool, Option<(String, bool)>), Stop> {
        let mut cursor = Cursor::at(self.bytes, at);
        let (mut is_encrypted, mut link) = (false, None);
        while cursor.position() < end {
            let size = usize::try_from(cursor.varint()?).unwrap_or(usize::MAX);
            let next = cursor.position().saturating_add(size);
            match cursor.varint()? {
                1 => is_encrypted = true,
                5 => {
                    let kind = cursor.varint()?;
                    cursor.varint()?; // flags
                    let length = usize::try_from(cursor.varint()?).unwrap_or(usize::MAX);
                    let target = String::from_utf8_lossy(cursor.take(length)?).into_owned();
                    // 1 to 3 are links of Unix and Windows, 4 a hard link, 5 a copy of another member.
                    link = matches!(kind, 1..=4).then_some((target, kind < 4));
                }
                _ => {}
            }
            cursor = Cursor::at(self.bytes, next);
        }
        Ok((is_encrypted, link))
    }

    /// The `size` bytes at `at`, and the offset behind them.
    fn data(&self, at: usize, size: u64) -> Result<(&'a [u8], usize), Stop> {
        let end = usize::try_from(size).ok().and_then(|size| at.checked_add(size));
        end.and_then(|end| Some((self.bytes.get(at..end)?, end)))
            .ok_or(Stop::Broken(at, "a member of the RAR archive ends behind the end of the file"))
    }

    fn member(&mut self, member: &Member<'_>) {
        self.count = self.count.saturating_add(1);
        self.names.check(&member.name, member.at as u64, self.scan);
        if let Some((target, is_symbolic)) = &member.link {
            check_link(&member.name, target, *is_symbolic, member.at as u64, self.scan);
        } else if member.is_folder {
        } else if member.is_plain {
            self.scan.member(&member.name, member.data);
        } else {
            let unpacked =
                member.packing.map_err(str::to_owned).and_then(|packing| self.unpack(member, &packing));
            if let Err(reason) = unpacked {
                self.chain = None;
                self.unseen.push((member.name.clone(), reason));
            }
        }
    }

    /// Scans what a packed member holds; an error says why it was not seen whole.
    fn unpack(&mut self, member: &Member<'_>, packing: &Packing) -> Result<(), String> {
        let chain = match &mut self.chain {
            Some(chain) if packing.is_solid => chain,
            None if packing.is_solid => {
                return Err("it goes on from a member that was not unpacked".to_owned());
            }
            chain => chain.insert(Chain::new(packing)),
        };
        let mut unpacked = chain.member(member.data, packing);
        let used = unpacked.used();
        let expansion =
            expand::scan_reader(&mut unpacked, &|| used.get(), &member.name, &NoSiblings, self.scan);
        let is_whole = unpacked.finish();
        if !is_whole {
            self.chain = None;
        }
        match expansion.end {
            End::Complete => match packing.crc32 {
                Some(crc32) if crc32 == expansion.crc32 => Ok(()),
                Some(_) => Err("what it unpacks to does not match its checksum".to_owned()),
                // Nothing else tells whether it was unpacked as RAR does.
                None => Err("it has no CRC-32 to be held against".to_owned()),
            },
            End::Broken(reason) => Err(reason),
            End::Limit => Err("a limit was hit".to_owned()),
        }
    }

    /// Whether a limit is reached; told as a gap.
    fn is_over(&mut self) -> bool {
        let limit = self.scan.limits().members;
        let too_many = self.count as u64 > limit;
        if too_many {
            self.scan.gap(None, format!("more than {limit} members; raise --max-members"));
        }
        too_many || self.count.is_multiple_of(1024) && self.scan.out_of_time()
    }
}

/// The name of a member of versions 1.5 to 4: as newer programs read it, and as older ones do when that differs.
fn name_4(raw: &[u8], is_unicode: bool) -> (String, Option<String>) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let Some(end) = raw.iter().position(|&byte| byte == 0).filter(|_| is_unicode) else {
        return (text(raw), None);
    };
    let (plain, packed) =
        (raw.get(..end).unwrap_or_default(), raw.get(end.saturating_add(1)..).unwrap_or_default());
    (unpacked_name(plain, packed), Some(text(plain)))
}

/// Undoes the packing of UTF-16 names (`EncodeFileName` of unrar): two bits per step say where the next character comes
/// from.
fn unpacked_name(plain: &[u8], packed: &[u8]) -> String {
    let mut bytes = packed.iter().copied();
    let high = u16::from(bytes.next().unwrap_or_default()) << 8;
    let mut units: Vec<u16> = Vec::new();
    let (mut flags, mut left) = (0u8, 0u32);
    loop {
        if left == 0 {
            let Some(next) = bytes.next() else { break };
            (flags, left) = (next, 8);
        }
        left = left.saturating_sub(2);
        let Some(byte) = bytes.next() else { break };
        match (flags >> left) & 3 {
            0 => units.push(byte.into()),
            1 => units.push(u16::from(byte) | high),
            2 => units.push(u16::from_le_bytes([byte, bytes.next().unwrap_or_default()])),
            _ => {
                let correction = if byte & 0x80 != 0 { bytes.next() } else { None };
                for _ in 0..u16::from(byte & 0x7f).saturating_add(2) {
                    let Some(&known) = plain.get(units.len()) else { break };
                    units.push(match correction {
                        Some(correction) => u16::from(known.wrapping_add(correction)) | high,
                        None => known.into(),
                    });
                }
            }
        }
    }
    String::from_utf16_lossy(&units)
}

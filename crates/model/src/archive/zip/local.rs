//! Local file headers (APPNOTE 4.3.7) and data descriptors (4.3.9).

use bartizan_core::Cursor;

/// Flag bit 3: sizes and checksum follow the data.
pub(super) const DESCRIPTOR: u16 = 1 << 3;
/// Flag bits 0 (encrypted), 5 (patch data), 6 (strong encryption), 13 (masked header): readers refuse such members
/// or look for a key, torch's miniz looks at bits 0, 5, 6 and 13 as the build has it.
pub(super) const ENCRYPTION_FLAGS: u16 = 1 | 1 << 5 | 1 << 6 | 1 << 13;

/// One local header.
#[derive(Debug, Clone)]
pub(super) struct Header<'a> {
    pub(super) at: usize,
    pub(super) version: u16,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc32: u32,
    pub(super) compressed: u64,
    pub(super) size: u64,
    pub(super) name: &'a [u8],
    /// Offset of the packed bytes.
    pub(super) data_at: usize,
}

impl<'a> Header<'a> {
    /// The header at `at`, `None` when there is none.
    pub(super) fn read(bytes: &'a [u8], at: usize) -> Option<Self> {
        let mut cursor = Cursor::at(bytes, at);
        if cursor.position() != at || cursor.take(4).ok()? != b"PK\x03\x04" {
            return None;
        }
        let version = cursor.u16_le().ok()?;
        let flags = cursor.u16_le().ok()?;
        let method = cursor.u16_le().ok()?;
        cursor.skip(4).ok()?;
        let crc32 = cursor.u32_le().ok()?;
        let compressed = cursor.u32_le().ok()?;
        let size = cursor.u32_le().ok()?;
        let name_length = cursor.u16_le().ok()?;
        let extra_length = cursor.u16_le().ok()?;
        // A cut name still names the member.
        let rest = cursor.rest();
        let name = rest.get(..usize::from(name_length)).unwrap_or(rest);
        let after_name = cursor.position().saturating_add(usize::from(name_length));
        let data_at = after_name.saturating_add(usize::from(extra_length)).min(bytes.len());
        let extra = bytes.get(after_name..data_at).unwrap_or_default();
        let [size, compressed] = zip64(extra, [size, compressed]);
        Some(Self { at, version, flags, method, crc32, compressed, size, name, data_at })
    }

    /// Whether a header found by its signature alone looks like one.
    pub(super) fn is_plausible(&self) -> bool {
        self.version & 0xff < 100 && self.method < 100 && !self.name.is_empty()
    }
}

/// Fields that are all ones take their value from the zip64 extra field, in order (APPNOTE 4.5.3).
pub(super) fn zip64<const N: usize>(extra: &[u8], fields: [u32; N]) -> [u64; N] {
    let mut values = fields.map(u64::from);
    let mut cursor = Cursor::new(extra);
    while let (Ok(id), Ok(length)) = (cursor.u16_le(), cursor.u16_le()) {
        let Ok(body) = cursor.take(usize::from(length)) else { break };
        if id != 1 {
            continue;
        }
        let mut body = Cursor::new(body);
        for value in values.iter_mut().filter(|value| **value == u64::from(u32::MAX)) {
            if let Ok(long) = body.u64_le() {
                *value = long;
            }
        }
        break;
    }
    values
}

/// Length of the data descriptor at `at`, 0 when there is none.
pub(super) fn descriptor_length(bytes: &[u8], at: usize, declared: bool, crc32: u32) -> usize {
    let mut cursor = Cursor::at(bytes, at);
    let signed = cursor.rest().starts_with(b"PK\x07\x08");
    if !declared && !signed {
        return 0;
    }
    if signed && cursor.skip(4).is_err() {
        return 0;
    }
    let (short, long) = if signed { (16, 24) } else { (12, 20) };
    match cursor.u32_le() {
        Ok(crc) if signed || crc == crc32 => {}
        _ => return 0,
    }
    // 32-bit sizes end where the next record starts; otherwise they are 64-bit.
    let ends = |length: usize| {
        let after = bytes.get(at.saturating_add(length)..).unwrap_or_default();
        after.is_empty() || after.starts_with(b"PK")
    };
    let length = if !ends(short) && ends(long) { long } else { short };
    length.min(bytes.len().saturating_sub(at))
}

/// Bytes from `from` to the next record, for a member whose size stands behind it.
pub(super) fn length_to_descriptor(bytes: &[u8], from: usize, end: usize) -> u64 {
    let data = bytes.get(from..end).unwrap_or_default();
    let ends = [b"PK\x07\x08", b"PK\x03\x04", b"PK\x01\x02"]
        .iter()
        .filter_map(|signature| memchr::memmem::find(data, *signature))
        .min();
    ends.unwrap_or(data.len()) as u64
}

//! A zip writer for tests that can lie in every field.

use std::io::Write as _;

/// A zip under construction.
#[derive(Default)]
pub(crate) struct Zip {
    members: Vec<Fixture>,
    comment: Vec<u8>,
    count: Option<u16>,
}

/// One member to write.
#[derive(Clone)]
pub(crate) struct Fixture {
    pub(crate) name: Vec<u8>,
    pub(crate) local_name: Vec<u8>,
    content: Vec<u8>,
    packed: Vec<u8>,
    pub(crate) method: u16,
    pub(crate) local_method: u16,
    pub(crate) flags: u16,
    pub(crate) local_flags: u16,
    pub(crate) crc32: u32,
    pub(crate) local_crc32: u32,
    pub(crate) size: u32,
    pub(crate) local_size: u32,
    pub(crate) compressed: u32,
    pub(crate) local_compressed: u32,
    pub(crate) mode: u32,
    listed: bool,
}

/// A stored member that tells the truth.
pub(crate) fn member(name: &str, content: &[u8]) -> Fixture {
    let mut crc = flate2::Crc::new();
    crc.update(content);
    let size = content.len() as u32;
    Fixture {
        name: name.into(),
        local_name: name.into(),
        content: content.to_vec(),
        packed: content.to_vec(),
        method: 0,
        local_method: 0,
        flags: 0,
        local_flags: 0,
        crc32: crc.sum(),
        local_crc32: crc.sum(),
        size,
        local_size: size,
        compressed: size,
        local_compressed: size,
        mode: 0o100_644,
        listed: true,
    }
}

impl Fixture {
    pub(crate) fn deflated(mut self) -> Self {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&self.content).unwrap();
        let packed = encoder.finish().unwrap();
        self.packed(8, packed)
    }

    pub(crate) fn packed(&mut self, method: u16, packed: Vec<u8>) -> Self {
        (self.method, self.local_method) = (method, method);
        (self.compressed, self.local_compressed) = (packed.len() as u32, packed.len() as u32);
        self.packed = packed;
        self.clone()
    }

    pub(crate) fn unlisted(mut self) -> Self {
        self.listed = false;
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl Zip {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn add(mut self, member: Fixture) -> Self {
        self.members.push(member);
        self
    }

    pub(crate) fn count(mut self, count: u16) -> Self {
        self.count = Some(count);
        self
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut directory = Vec::new();
        let mut listed = 0u16;
        for m in &self.members {
            let at = out.len() as u32;
            out.extend(b"PK\x03\x04\x14\x00");
            for field in [m.local_flags, m.local_method, 0, 0] {
                out.extend(field.to_le_bytes());
            }
            for field in [m.local_crc32, m.local_compressed, m.local_size] {
                out.extend(field.to_le_bytes());
            }
            out.extend((m.local_name.len() as u16).to_le_bytes());
            out.extend(0u16.to_le_bytes());
            out.extend(&m.local_name);
            out.extend(&m.packed);
            if !m.listed {
                continue;
            }
            listed += 1;
            directory.extend(b"PK\x01\x02\x14\x03\x14\x00");
            for field in [m.flags, m.method, 0, 0] {
                directory.extend(field.to_le_bytes());
            }
            for field in [m.crc32, m.compressed, m.size] {
                directory.extend(field.to_le_bytes());
            }
            directory.extend((m.name.len() as u16).to_le_bytes());
            directory.extend([0; 8]);
            directory.extend((m.mode << 16).to_le_bytes());
            directory.extend(at.to_le_bytes());
            directory.extend(&m.name);
        }
        let start = out.len() as u32;
        let length = directory.len() as u32;
        out.extend(directory);
        out.extend(b"PK\x05\x06\x00\x00\x00\x00");
        let count = self.count.unwrap_or(listed);
        out.extend(count.to_le_bytes());
        out.extend(count.to_le_bytes());
        out.extend(length.to_le_bytes());
        out.extend(start.to_le_bytes());
        out.extend((self.comment.len() as u16).to_le_bytes());
        out.extend(&self.comment);
        out
    }
}

//! Files to measure on, written with a fixed recipe so that everyone measures the same bytes.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// A pickle of about 489 MB: one bytes payload of 256 MiB, then a list of very many small values.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn pickle(path: &Path) -> io::Result<()> {
    const PAYLOAD: usize = 256 << 20;
    const ITEMS: u32 = 28_000_000;
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    out.write_all(b"\x80\x04}\x94(\x8c\x07payload\x94\x8e")?;
    out.write_all(&(PAYLOAD as u64).to_le_bytes())?;
    noise(&mut out, PAYLOAD)?;
    out.write_all(b"\x94\x8c\x06values\x94]\x94(")?;
    for item in 0..ITEMS {
        match item % 4 {
            0 => out.write_all(&[b'K', item as u8])?,
            1 => out.write_all(&[b'M', item as u8, (item >> 8) as u8])?,
            2 => {
                out.write_all(b"G")?;
                out.write_all(&f64::from(item).to_be_bytes())?;
            }
            _ => {
                let text = format!("w{:07}", item % 10_000_000);
                out.write_all(&[0x8c, text.len() as u8])?;
                out.write_all(text.as_bytes())?;
                out.write_all(b"\x94")?;
            }
        }
        if item % 1000 == 999 {
            // What CPython's pickler does: appends in batches of a thousand.
            out.write_all(b"e(")?;
        }
    }
    out.write_all(b"eu.")?;
    out.flush()
}

/// Safetensors of about `bytes` bytes in sixteen float32 tensors.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn safetensors(path: &Path, bytes: usize) -> io::Result<()> {
    let each = bytes / 16;
    let tensors: serde_json::Map<String, serde_json::Value> = (0..16)
        .map(|index| {
            let offsets = [index * each, (index + 1) * each];
            let tensor = serde_json::json!({"dtype": "F32", "shape": [each / 4], "data_offsets": offsets});
            (format!("layer.{index}.weight"), tensor)
        })
        .collect();
    let mut header = serde_json::Value::Object(tensors).to_string();
    while !header.len().is_multiple_of(8) {
        header.push(' ');
    }
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    noise(&mut out, each * 16)?;
    out.flush()
}

/// GGUF version 3 with one F32 tensor of about `bytes` bytes.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn gguf(path: &Path, bytes: usize) -> io::Result<()> {
    let mut head = b"GGUF".to_vec();
    head.extend(3u32.to_le_bytes());
    head.extend(1u64.to_le_bytes());
    head.extend(1u64.to_le_bytes());
    let text = |head: &mut Vec<u8>, text: &str| {
        head.extend((text.len() as u64).to_le_bytes());
        head.extend(text.as_bytes());
    };
    text(&mut head, "general.architecture");
    head.extend(8u32.to_le_bytes());
    text(&mut head, "llama");
    text(&mut head, "token_embd.weight");
    head.extend(1u32.to_le_bytes());
    head.extend((bytes as u64 / 4).to_le_bytes());
    head.extend(0u32.to_le_bytes());
    head.extend(0u64.to_le_bytes());
    head.resize(head.len().next_multiple_of(32), 0);
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    out.write_all(&head)?;
    noise(&mut out, bytes / 4 * 4)?;
    out.flush()
}

/// A PyTorch zip checkpoint: one stored float32 tensor of about `bytes` bytes (below 4 GiB).
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn torch(path: &Path, bytes: usize) -> io::Result<()> {
    let count = bytes / 4;
    let mut pickle = b"\x80\x02}X\x06\x00\x00\x00weightctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuJ".to_vec();
    pickle.extend((count as u32).to_le_bytes());
    pickle.extend(b"tQK\x00J");
    pickle.extend((count as u32).to_le_bytes());
    pickle.extend(b"\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtRs.");
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut central = Vec::new();
    let mut position = 0u32;
    let members: [(&str, Option<&[u8]>); 3] =
        [("archive/data.pkl", Some(&pickle)), ("archive/data/0", None), ("archive/version", Some(b"3\n"))];
    for (name, content) in members {
        let size = content.map_or(count * 4, <[u8]>::len) as u32;
        let crc = content.map_or_else(
            || {
                let mut crc = Crc::new();
                let _ = noise(&mut crc, count * 4);
                crc.value()
            },
            |content| {
                let mut crc = Crc::new();
                crc.update(content);
                crc.value()
            },
        );
        let mut fields = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        for number in [crc, size, size] {
            fields.extend(number.to_le_bytes());
        }
        fields.extend((name.len() as u16).to_le_bytes());
        fields.extend([0, 0]);
        out.write_all(b"PK\x03\x04")?;
        out.write_all(&fields)?;
        out.write_all(name.as_bytes())?;
        match content {
            Some(content) => out.write_all(content)?,
            None => noise(&mut out, count * 4)?,
        }
        central.extend(b"PK\x01\x02\x14\x00");
        central.extend(&fields);
        central.extend([0; 10]);
        central.extend(position.to_le_bytes());
        central.extend(name.as_bytes());
        position += 4 + fields.len() as u32 + name.len() as u32 + size;
    }
    out.write_all(&central)?;
    out.write_all(b"PK\x05\x06\x00\x00\x00\x00\x03\x00\x03\x00")?;
    out.write_all(&(central.len() as u32).to_le_bytes())?;
    out.write_all(&position.to_le_bytes())?;
    out.write_all(&[0, 0])?;
    out.flush()
}

/// `count` bytes that compress badly and repeat from run to run (xorshift64*, fixed seed).
fn noise(out: &mut impl Write, count: usize) -> io::Result<()> {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut block = vec![0u8; 1 << 16];
    let mut left = count;
    while left > 0 {
        for word in block.chunks_exact_mut(8) {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            // Small floats, as weights are: exponent bytes that vary little.
            word.copy_from_slice(
                &(state.wrapping_mul(0x2545_F491_4F6C_DD1D) & 0x3DFF_FFFF_3DFF_FFFF).to_le_bytes(),
            );
        }
        let now = left.min(block.len());
        out.write_all(block.get(..now).unwrap_or(&block))?;
        left -= now;
    }
    Ok(())
}

/// CRC-32 as zip uses it, table-driven.
struct Crc {
    table: [u32; 256],
    state: u32,
}

impl Crc {
    fn new() -> Self {
        let table = std::array::from_fn(|index| {
            (0..8).fold(
                index as u32,
                |value, _| if value & 1 == 1 { 0xEDB8_8320 ^ (value >> 1) } else { value >> 1 },
            )
        });
        Self { table, state: u32::MAX }
    }

    fn update(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let index = (self.state as u8 ^ byte) as usize;
            self.state = self.table.get(index).copied().unwrap_or(0) ^ (self.state >> 8);
        }
    }

    fn value(&self) -> u32 {
        !self.state
    }
}

impl Write for Crc {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

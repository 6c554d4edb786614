//! Where an Avro object container file is cut off: the engine's reader takes the blocks that are whole for all there are.
//!
//! Source: Apache Avro 1.12 specification, "Object Container Files" and "Binary Encoding": four bytes of magic, a map of metadata
//! and a marker of sixteen bytes; then blocks of a count, a size, so many bytes and the marker again, up to the end of the file.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// First bytes.
const MAGIC: &[u8] = b"Obj\x01";
/// Bytes of the marker behind each block.
const MARKER: usize = 16;
/// Longest integer, in bytes: 64 bits, seven in each.
const LONGEST_LONG: u32 = 10;

/// The place, and what is wrong there; nothing when every block ends with the marker and the last one where the file does.
///
/// Cost: `O(blocks)` reads of some bytes each; what is in the blocks is not looked at.
pub(super) fn avro_place(path: &Path) -> io::Result<Option<(String, String)>> {
    let file = File::open(path)?;
    let end = file.metadata()?.len();
    read(BufReader::new(file), end)
}

fn read(input: impl Read + Seek, end: u64) -> io::Result<Option<(String, String)>> {
    let mut file = Container { input, at: 0, end };
    let marker = match file.header() {
        Ok(marker) => marker,
        Err(Wrong::Io(error)) => return Err(error),
        Err(Wrong::Form(reason)) => return Ok(Some((format!(" (byte {}, header)", file.at), reason))),
    };
    let (mut block, mut rows) = (0_u64, 0_u64);
    while file.at < end {
        let start = file.at;
        match file.block(&marker) {
            Ok(count) => rows = rows.saturating_add(count),
            Err(Wrong::Io(error)) => return Err(error),
            Err(Wrong::Form(reason)) => {
                return Ok(Some((format!(" (block {block} at byte {start}, from row {rows})"), reason)));
            }
        }
        block = block.saturating_add(1);
    }
    Ok(None)
}

/// Why a container cannot be walked through.
enum Wrong {
    Io(io::Error),
    Form(String),
}

impl From<io::Error> for Wrong {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A file, and how far it was read.
struct Container<R> {
    input: R,
    at: u64,
    end: u64,
}

impl<R: Read + Seek> Container<R> {
    /// The marker, behind magic and metadata.
    fn header(&mut self) -> Result<[u8; MARKER], Wrong> {
        let mut magic = [0; MAGIC.len()];
        self.fill(&mut magic)?;
        // Blocks of a map: a count of entries, and when that is negative the size of the block; a count of 0 ends it.
        loop {
            let count = self.long()?;
            if count == 0 {
                break;
            }
            if count < 0 {
                let size = self.long()?;
                self.skip(size)?;
                continue;
            }
            for _ in 0..count {
                for _ in ["key", "value"] {
                    let size = self.long()?;
                    self.skip(size)?;
                }
            }
        }
        let mut marker = [0; MARKER];
        self.fill(&mut marker)?;
        Ok(marker)
    }

    /// The rows of the next block.
    fn block(&mut self, marker: &[u8; MARKER]) -> Result<u64, Wrong> {
        let count = self.long()?;
        let size = self.long()?;
        self.skip(size)?;
        let mut found = [0; MARKER];
        self.fill(&mut found)?;
        if found != *marker {
            return Err(Wrong::Form("a block does not end with the file's marker: it is damaged".to_owned()));
        }
        u64::try_from(count)
            .map_err(|_| Wrong::Form("a block counts less than no row: it is damaged".to_owned()))
    }

    /// Moves behind so many bytes, which the file must have.
    fn skip(&mut self, size: i64) -> Result<(), Wrong> {
        let size = u64::try_from(size)
            .map_err(|_| Wrong::Form("a size is less than nothing: it is damaged".to_owned()))?;
        self.needs(size)?;
        self.at = self.at.saturating_add(size);
        self.input.seek(SeekFrom::Start(self.at))?;
        Ok(())
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Wrong> {
        self.needs(bytes.len() as u64)?;
        self.input.read_exact(bytes)?;
        self.at = self.at.saturating_add(bytes.len() as u64);
        Ok(())
    }

    fn needs(&self, size: u64) -> Result<(), Wrong> {
        let needed = self.at.saturating_add(size);
        if needed <= self.end {
            return Ok(());
        }
        let end = self.end;
        Err(Wrong::Form(format!("the file has {end} bytes where {needed} are needed; it is truncated")))
    }

    /// A zig-zag integer of seven bits a byte, least first.
    fn long(&mut self) -> Result<i64, Wrong> {
        let mut value = 0_u64;
        for place in 0..LONGEST_LONG {
            let mut byte = [0];
            self.fill(&mut byte)?;
            let [byte] = byte;
            value |= u64::from(byte & 0x7f).checked_shl(place.saturating_mul(7)).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok((value >> 1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg());
            }
        }
        Err(Wrong::Form("an integer is longer than 64 bits: it is damaged".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    /// One entry of metadata, and two blocks of three and two rows of one byte each.
    fn container() -> Vec<u8> {
        let mut file = MAGIC.to_vec();
        file.extend([2, 2, b'k', 4, b'v', b'w', 0]);
        file.extend([7; MARKER]);
        for block in [&[6, 6, 1, 2, 3][..], &[4, 4, 1, 2]] {
            file.extend(block);
            file.extend([7; MARKER]);
        }
        file
    }

    fn of(bytes: &[u8]) -> Option<(String, String)> {
        read(Cursor::new(bytes), bytes.len() as u64).unwrap()
    }

    #[test]
    fn a_file_that_ends_behind_a_block_is_whole_and_any_other_is_not() {
        let whole = container();
        let (header, first) = (4 + 7 + MARKER, 5 + MARKER);
        for length in 0..=whole.len() {
            let found = of(&whole[..length]);
            let ends = [header, header + first, whole.len()];
            assert_eq!(found.is_none(), ends.contains(&length), "{length}: {found:?}");
        }
        let (place, reason) = of(&whole[..whole.len() - 1]).unwrap();
        assert_eq!(place, format!(" (block 1 at byte {}, from row 3)", header + first));
        assert!(reason.contains("truncated"), "{reason}");
    }

    #[test]
    fn another_marker_and_sizes_that_are_none_are_said() {
        let mut other = container();
        let last = other.len() - 1;
        other[last] = 8;
        assert!(of(&other).unwrap().1.contains("marker"));
        let mut endless = container();
        endless.truncate(4 + 7 + MARKER);
        endless.extend([0xff; 12]);
        assert!(of(&endless).unwrap().1.contains("64 bits"));
        let mut less = container();
        less.truncate(4 + 7 + MARKER);
        less.extend([2, 1]);
        assert!(of(&less).unwrap().1.contains("less than nothing"));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_walked_through_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = of(&bytes);
            let _ = of(&[MAGIC, &bytes].concat());
        }
    }
}

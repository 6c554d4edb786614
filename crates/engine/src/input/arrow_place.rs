//! Where in an Arrow IPC file or stream reading fails: at the message that is cut, or is none.
//!
//! Source: Apache Arrow columnar format 1.5, "IPC Streaming Format" and "IPC File Format": messages of a length, metadata as a
//! flatbuffer and a body, one behind another; a file has eight bytes before them and a footer behind.

use datafusion::arrow::ipc::root_as_message;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// First and last bytes of a file; a stream begins with a message.
const MAGIC: &[u8] = b"ARROW1";
/// Where the messages of a file begin, unless its writer fills up with zeros to [`ALIGNED`].
const FIRST: u64 = 8;
/// See [`FIRST`].
const ALIGNED: u64 = 64;
/// What stands before the length of a message since version 0.15.
const CONTINUATION: u32 = u32::MAX;
/// Longest metadata of a message, in bytes: those of 65,536 columns take less.
const LONGEST: u32 = 64 << 20;

/// The place, and what is wrong there; nothing when all messages are whole.
pub(super) fn arrow_place(path: &Path) -> Option<(String, String)> {
    let file = File::open(path).ok()?;
    let end = file.metadata().ok()?.len();
    read(file, end).unwrap_or_else(|error| Some((String::new(), error.to_string())))
}

fn read(mut input: impl Read + Seek, end: u64) -> io::Result<Option<(String, String)>> {
    let mut head = Vec::new();
    input.by_ref().take(FIRST).read_to_end(&mut head)?;
    let is_file = head.starts_with(MAGIC);
    let mut at = if is_file { FIRST } else { 0 };
    let (mut batches, mut rows) = (0_u64, 0_i64);
    loop {
        let place = format!(" (byte {at}, record batch {batches}, from row {rows})");
        let cut = |needed: u64| {
            Some((
                place.clone(),
                format!("the file has {end} bytes where the message needs {needed}; it is truncated"),
            ))
        };
        input.seek(SeekFrom::Start(at))?;
        let mut prefix = Vec::new();
        input.by_ref().take(8).read_to_end(&mut prefix)?;
        if is_file && at < ALIGNED && prefix == [0; 8] {
            at = at.saturating_add(prefix.len() as u64);
            continue;
        }
        let words = prefix.as_chunks::<4>().0;
        let (length, before) = match words {
            [mark, length] if u32::from_le_bytes(*mark) == CONTINUATION => (u32::from_le_bytes(*length), 8),
            [length, ..] if u32::from_le_bytes(*length) != CONTINUATION => (u32::from_le_bytes(*length), 4),
            // A stream may end without saying so.
            [] if !is_file && at == end => return Ok(None),
            _ => return Ok(cut(at.saturating_add(8))),
        };
        if length == 0 {
            return Ok(if is_file { footer(&mut input, end)? } else { None });
        }
        let body = at.saturating_add(before).saturating_add(length.into());
        if length > LONGEST {
            return Ok(Some((place, format!("a message of {length} bytes of metadata is none"))));
        }
        if body > end {
            return Ok(cut(body));
        }
        input.seek(SeekFrom::Start(at.saturating_add(before)))?;
        let mut metadata = Vec::new();
        input.by_ref().take(length.into()).read_to_end(&mut metadata)?;
        let message = match root_as_message(&metadata) {
            Ok(message) => message,
            Err(error) => {
                let reason = bartizan_core::printable(&error.to_string(), 200);
                return Ok(Some((place, format!("the metadata of the message is damaged: {reason}"))));
            }
        };
        let Ok(length) = u64::try_from(message.bodyLength()) else {
            return Ok(Some((place, "the message has a negative length".to_owned())));
        };
        let next = body.saturating_add(length);
        if next > end {
            return Ok(cut(next));
        }
        if let Some(batch) = message.header_as_record_batch() {
            batches = batches.saturating_add(1);
            rows = rows.saturating_add(batch.length());
        }
        at = next;
    }
}

/// What is wrong with the end of a file, if anything is.
fn footer(input: &mut (impl Read + Seek), end: u64) -> io::Result<Option<(String, String)>> {
    let start = end.saturating_sub(MAGIC.len() as u64);
    input.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    input.take(MAGIC.len() as u64).read_to_end(&mut tail)?;
    let whole = tail == MAGIC;
    Ok((!whole).then(|| {
        (format!(" (byte {start}, footer)"), "the footer is missing; the file is truncated".to_owned())
    }))
}

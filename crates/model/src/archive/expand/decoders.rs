//! One decoder per method, over a slice that counts what it used.

use super::{Codec, DICTIONARY_KIB, ZSTD_WINDOW};
use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

/// A slice as a reader that shares how far it was read.
pub(super) struct Counted<'a> {
    pub(super) rest: &'a [u8],
    pub(super) used: Rc<Cell<usize>>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.rest.read(buffer)?;
        self.used.set(self.used.get().saturating_add(count));
        Ok(count)
    }
}

impl BufRead for Counted<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.rest)
    }

    fn consume(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
        self.used.set(self.used.get().saturating_add(count));
    }
}

/// Bytes of a gzip header up to and with its flags.
const FLAGS: usize = 4;

/// A gzip member without the reserved flags of its header, which Python's reader does not look at (RFC 1952 §2.3.1).
struct Unreserved<'a> {
    head: [u8; FLAGS],
    read: usize,
    input: Counted<'a>,
}

impl<'a> Unreserved<'a> {
    fn new(input: Counted<'a>) -> Self {
        let mut head = [0; FLAGS];
        let read = match input.rest.first_chunk() {
            Some(first) => {
                head = *first;
                0
            }
            None => FLAGS,
        };
        if let Some(flags) = head.last_mut() {
            *flags &= 0x1f;
        }
        Self { head, read, input }
    }
}

impl Read for Unreserved<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut available = self.fill_buf()?;
        let count = available.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Unreserved<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.head.get(self.read..) {
            Some(left) if !left.is_empty() => Ok(left),
            _ => self.input.fill_buf(),
        }
    }

    fn consume(&mut self, count: usize) {
        self.read = self.read.saturating_add(count).min(FLAGS);
        self.input.consume(count);
    }
}

/// Deflate with or without the zlib wrapper, which says when the input ends before the stream does.
struct Inflate<'a> {
    input: Counted<'a>,
    state: flate2::Decompress,
    ended: bool,
    failed: bool,
}

impl<'a> Inflate<'a> {
    fn new(input: Counted<'a>, zlib: bool) -> Self {
        Self { input, state: flate2::Decompress::new(zlib), ended: false, failed: false }
    }
}

impl Read for Inflate<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let broken = || io::Error::new(io::ErrorKind::InvalidData, "the deflate stream is corrupt");
        if self.failed {
            return Err(broken());
        }
        while !self.ended && !buffer.is_empty() {
            let (taken, given) = (self.state.total_in(), self.state.total_out());
            let result = self.state.decompress(self.input.rest, buffer, flate2::FlushDecompress::None);
            let taken = self.state.total_in().saturating_sub(taken) as usize;
            let given = self.state.total_out().saturating_sub(given) as usize;
            self.input.consume(taken);
            match result {
                Ok(flate2::Status::StreamEnd) => self.ended = true,
                Ok(_) if given == 0 && taken == 0 => {
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the deflate stream is cut"));
                }
                Ok(_) => {}
                Err(_) if given == 0 => return Err(broken()),
                // What came out before the break was already used by a loader.
                Err(_) => self.failed = true,
            }
            if given > 0 {
                return Ok(given);
            }
        }
        Ok(0)
    }
}

/// A decoder of `codec` over `input`.
pub(super) fn decoder<'a>(codec: Codec, mut input: Counted<'a>) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match codec {
        Codec::Deflate => Box::new(Inflate::new(input, false)),
        Codec::Zlib => Box::new(Inflate::new(input, true)),
        Codec::Gzip => Box::new(flate2::bufread::GzDecoder::new(Unreserved::new(input))),
        Codec::Bzip2 => Box::new(bzip2::bufread::BzDecoder::new(input)),
        Codec::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(input, true, DICTIONARY_KIB)),
        Codec::LzmaAlone => Box::new(lzma_rust2::LzmaReader::new_mem_limit(input, DICTIONARY_KIB, None)?),
        Codec::ZipLzma(size) => {
            // APPNOTE 5.8.8: version of the SDK, length of the properties (5), then the properties.
            let mut header = [0; 9];
            input.read_exact(&mut header)?;
            let [_, _, 5, 0, properties, dictionary @ ..] = header else {
                return Err(io::Error::other("the LZMA properties are not five bytes long"));
            };
            let dictionary = u32::from_le_bytes(dictionary);
            if dictionary / 1024 > DICTIONARY_KIB {
                return Err(io::Error::other("the LZMA dictionary is larger than 80 MiB"));
            }
            let size = size.unwrap_or(u64::MAX);
            Box::new(lzma_rust2::LzmaReader::new_with_props(input, size, properties, dictionary, None)?)
        }
        Codec::Lzip => {
            // Byte 5 of the header: the low five bits are the binary logarithm of the dictionary size.
            if input.rest.get(5).is_some_and(|size| 1u64 << (size & 0x1f) > u64::from(DICTIONARY_KIB) << 10) {
                return Err(io::Error::other("the lzip dictionary is larger than 80 MiB"));
            }
            Box::new(lzma_rust2::LzipReader::new(input))
        }
        Codec::Zstd => Box::new(
            ruzstd::decoding::StreamingDecoder::new_with_max_window_size(input, ZSTD_WINDOW)
                .map_err(|error| io::Error::other(error.to_string()))?,
        ),
        Codec::Lz4 => Box::new(lz4_flex::frame::FrameDecoder::new(input)),
    })
}

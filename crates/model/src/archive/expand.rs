//! Bounded decompression for every container. Output grows as it comes, never by a declared length; a stream that
//! breaks still gives what came out before the break, because a loader would have read that far too.
//!
//! Cost: time linear in the output, which [`Limits`](crate::Limits) bounds; a large member whose head no format knows
//! is not held but passes through in blocks.

mod decoders;

use crate::{Format, Input, Scan, Siblings, identify};
use bartizan_core::{Finding, Limits, Severity, atlas, cwe, owasp_llm, rule};
use decoders::{Counted, decoder};
use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

rule! {
    /// ## What it finds
    /// A compressed member that expands far beyond what model files do.
    /// ## Why it matters
    /// A decompression bomb fills the memory or disk of whatever loads or scans it.
    /// ## Example
    /// 42 kB of zip that expand to petabytes.
    /// ## How to fix
    /// Do not load it. If the ratio is honest (a tensor of zeros), raise the limit and scan again.
    /// ## References
    /// - https://cwe.mitre.org/data/definitions/409.html
    pub const EXPANSION: Rule = Rule {
        id: "model/archive-expansion",
        title: "compressed data that expands beyond measure",
        severity: Severity::Medium,
        remedy: "Do not load it; if the ratio is honest, raise --max-expansion-ratio and scan again.",
        taxonomies: &[atlas("AML.T0029"), cwe(409), owasp_llm("LLM10")],
    };
}

rule! {
    /// ## What it finds
    /// Archives inside archives inside archives, or an archive with nothing in it.
    /// ## Why it matters
    /// Models are packed once or twice. More layers serve to outlast scanners, which stop at some depth.
    /// ## Example
    /// A tar in a tar in a tar, five deep.
    /// ## How to fix
    /// Unpack it in an isolated place, and ask why it was packed so.
    /// ## References
    /// - https://cwe.mitre.org/data/definitions/674.html
    pub const NESTING: Rule = Rule {
        id: "model/archive-nesting",
        title: "an archive packed as no model is",
        severity: Severity::Info,
        remedy: "Unpack it in an isolated place, and ask why it was packed so.",
        taxonomies: &[atlas("AML.T0074"), cwe(674)],
    };
}

/// Depth from which nested archives are remarked on: a model in a compressed tar in a zip is the most that occurs.
const REMARKABLE_DEPTH: usize = 4;

/// Reports an archive that nests deep, or that holds nothing.
pub(crate) fn remark_shape(is_empty: bool, scan: &mut Scan<'_>) {
    let depth = scan.depth();
    if depth >= REMARKABLE_DEPTH {
        scan.report(
            Finding::new(&NESTING, format!("this archive lies {depth} levels deep in others"))
                .severity(Severity::Low),
        );
    } else if is_empty {
        scan.report(Finding::new(&NESTING, "the archive holds no content"));
    }
}

/// A compression method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// Raw deflate (RFC 1951).
    Deflate,
    /// Zlib (RFC 1950).
    Zlib,
    /// Gzip (RFC 1952), all members.
    Gzip,
    /// bzip2, all streams.
    Bzip2,
    /// Xz, all streams.
    Xz,
    /// `.lzma`, the format before xz.
    LzmaAlone,
    /// LZMA inside zip (APPNOTE 5.8.8); the size when the stream has no end marker.
    ZipLzma(Option<u64>),
    /// Lzip.
    Lzip,
    /// Zstandard, all frames (RFC 8878).
    Zstd,
    /// LZ4 frames.
    Lz4,
}

/// How reading a compressed stream ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// At its own end.
    Complete,
    /// The stream is damaged or cut; what the decoder said.
    Broken(String),
    /// A limit was hit; what was said to the user.
    Limit,
}

/// What came of decompressing one member.
pub struct Expansion {
    /// Bytes that came out.
    pub length: u64,
    /// CRC-32 of all that came out.
    pub crc32: u32,
    /// How it ended.
    pub end: End,
    /// Compressed bytes used, as far as the decoder tells.
    pub consumed: usize,
    /// The format that recognised the content.
    pub format: Option<&'static dyn Format>,
}

/// Largest dictionary a decoder may allocate, in KiB: `xz -9` needs 65 MiB.
const DICTIONARY_KIB: u32 = 80 << 10;
/// Largest Zstandard window, in bytes: what `zstd --ultra -22` writes.
const ZSTD_WINDOW: u64 = 128 << 20;
/// Bytes asked of a decoder at a time.
const CHUNK: usize = 64 << 10;
/// Output size in bytes from which content no format knows is passed on in blocks instead of being held.
const HOLD: usize = 32 << 20;
/// Bytes of a block that the next one repeats, so that nothing hides on a seam.
const OVERLAP: usize = 64 << 10;
/// Output size in bytes from which a high ratio is worth a remark.
const REMARK_FROM: u64 = 16 << 10;

/// Decompresses `data` and scans what comes out as the member called `name`.
pub fn scan_expanded(
    codec: Codec,
    data: &[u8],
    name: &str,
    siblings: &dyn Siblings,
    scan: &mut Scan<'_>,
) -> Expansion {
    let used = Rc::new(Cell::new(0));
    let mut output = Output::new(codec, data, used.clone());
    scan_reader(&mut output, &|| used.get(), name, siblings, scan)
}

/// Scans what `reader` gives as the member called `name`; `consumed` tells how many packed bytes it took so far.
pub(crate) fn scan_reader(
    reader: &mut dyn Read,
    consumed: &dyn Fn() -> usize,
    name: &str,
    siblings: &dyn Siblings,
    scan: &mut Scan<'_>,
) -> Expansion {
    let limits = *scan.limits();
    let mut held: Vec<u8> = Vec::new();
    let mut passed = 0u64;
    let mut crc = flate2::Crc::new();
    let mut format = None;
    let mut chunk = vec![0; CHUNK];
    let mut known = None;
    let end = loop {
        let count = match reader.read(&mut chunk) {
            Ok(0) => break End::Complete,
            Ok(count) => count,
            Err(error) => break End::Broken(error.to_string()),
        };
        let fresh = chunk.get(..count).unwrap_or_default();
        crc.update(fresh);
        held.extend_from_slice(fresh);
        let length = passed.saturating_add(held.len() as u64);
        let packed = consumed() as u64;
        if length > Limits::RATIO_FLOOR && length > limits.expansion_ratio.saturating_mul(packed) {
            let message = format!(
                "`{name}` expands more than {}-fold: {length} bytes came out of {packed}",
                limits.expansion_ratio
            );
            report_expansion(scan, name, Severity::Medium, message);
            scan.gap(None, format!("`{name}` was not read past {length} bytes of expansion; raise --max-expansion-ratio if it is honest"));
            break End::Limit;
        }
        if !scan.expand(count as u64) || scan.out_of_time() {
            break End::Limit;
        }
        if held.len() as u64 > limits.member_bytes {
            scan.gap(
                None,
                format!(
                    "`{name}` expands to more than {} bytes; raise --max-member-bytes",
                    limits.member_bytes
                ),
            );
            break End::Limit;
        }
        if held.len() > HOLD {
            let recognised = *known.get_or_insert_with(|| is_recognised(name, &held));
            if !recognised {
                // The first block goes through everything, later ones through the checks that run everywhere.
                if passed == 0 {
                    format = scan.member_of(&Input { bytes: &held, name, siblings });
                } else {
                    scan.block(&Input { bytes: &held, name, siblings });
                }
                let keep = held.len().saturating_sub(OVERLAP);
                passed = passed.saturating_add(keep as u64);
                held.drain(..keep);
            }
        }
    };
    drop(chunk);
    let length = passed.saturating_add(held.len() as u64);
    if passed == 0 {
        format = scan.member_of(&Input { bytes: &held, name, siblings });
    } else {
        scan.block(&Input { bytes: &held, name, siblings });
    }
    let consumed = consumed();
    let ratio = length.checked_div(consumed as u64).unwrap_or(length);
    if end != End::Limit && length >= REMARK_FROM && ratio > limits.expansion_ratio {
        let message = format!("`{name}` expands {ratio}-fold, to {length} bytes");
        report_expansion(scan, name, Severity::Info, message);
    }
    Expansion { length, crc32: crc.sum(), end, consumed, format }
}

/// At most `limit` bytes of what `data` decompresses to; what came out before a break is kept.
pub fn expanded(codec: Codec, data: &[u8], limit: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A break keeps what was read: the caller sees a shorter member.
    let _ = Output::new(codec, data, Rc::default()).take(limit).read_to_end(&mut bytes);
    bytes
}

fn is_recognised(name: &str, head: &[u8]) -> bool {
    let (certain, weak) = identify::candidates(&Input::new(name, head));
    !certain.is_empty() || weak.is_some()
}

fn report_expansion(scan: &mut Scan<'_>, name: &str, severity: Severity, message: String) {
    let mut finding = Finding::new(&EXPANSION, message).severity(severity);
    finding.location.member = Some(bartizan_core::printable(name, 200));
    scan.report(finding);
}

/// A decoder over a slice that counts what it used and restarts on concatenated streams.
struct Output<'a> {
    codec: Codec,
    decoder: Option<Box<dyn Read + 'a>>,
    data: &'a [u8],
    used: Rc<Cell<usize>>,
    /// Where the running stream began, and whether it gave anything yet.
    begun: usize,
    failed: Option<String>,
    /// Bytes that the running stream gave.
    given: u64,
    /// Whether the running stream broke and is read again, byte by byte up to the break.
    steps: bool,
}

impl<'a> Output<'a> {
    fn new(codec: Codec, data: &'a [u8], used: Rc<Cell<usize>>) -> Self {
        let mut output =
            Self { codec, decoder: None, data, used, begun: 0, failed: None, given: 0, steps: false };
        output.start();
        output
    }

    fn start(&mut self) {
        self.begun = self.used.get();
        let rest = self.data.get(self.begun..).unwrap_or_default();
        let input = Counted { rest, used: self.used.clone() };
        match decoder(self.codec, input) {
            Ok(decoder) => self.decoder = Some(decoder),
            Err(error) => self.failed = Some(error.to_string()),
        }
    }

    /// Gives what the running stream holds up to the break that the decoder met somewhere in the next `buffer`: decoders
    /// of LZMA keep to themselves what they had unpacked by then, which a loader that reads in smaller steps has used.
    fn read_to_break(&mut self, buffer: &mut [u8], error: io::Error) -> io::Result<usize> {
        let keeps = matches!(self.codec, Codec::Xz | Codec::LzmaAlone | Codec::ZipLzma(_) | Codec::Lzip);
        if !keeps {
            return Err(error);
        }
        if !self.steps {
            self.steps = true;
            self.used.set(self.begun);
            self.start();
            let mut left = self.given;
            while left > 0 {
                let size = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                let Some(decoder) = self.decoder.as_mut() else { return Err(error) };
                match decoder.read(buffer.get_mut(..size).unwrap_or_default())? {
                    0 => return Err(error),
                    count => left = left.saturating_sub(count as u64),
                }
            }
        }
        let mut filled = 0usize;
        let Some(decoder) = self.decoder.as_mut() else { return Err(error) };
        while let Some(place) =
            buffer.get_mut(filled..filled.saturating_add(1)).filter(|place| !place.is_empty())
        {
            match decoder.read(place) {
                Ok(0) => break,
                Ok(count) => filled = filled.saturating_add(count),
                Err(error) => {
                    self.failed = Some(error.to_string());
                    break;
                }
            }
        }
        if filled == 0 { Err(error) } else { Ok(filled) }
    }

    /// Whether another stream of the same kind follows the one that ended.
    fn another(&self) -> bool {
        let rest = self.data.get(self.used.get()..).unwrap_or_default();
        self.used.get() > self.begun
            && match self.codec {
                Codec::Gzip => rest.starts_with(&[0x1f, 0x8b, 8]),
                Codec::Bzip2 => rest.starts_with(b"BZh"),
                Codec::Zstd => rest.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) || is_skippable(rest),
                Codec::Lz4 => rest.starts_with(&[0x04, 0x22, 0x4d, 0x18]) || is_skippable(rest),
                _ => false,
            }
    }

    /// Moves past a skippable frame (LZ4 and Zstandard share them: RFC 8878 §3.1.2).
    fn skip_frame(&mut self) -> bool {
        let rest = self.data.get(self.used.get()..).unwrap_or_default();
        if !is_skippable(rest) {
            return false;
        }
        let length = rest.get(4..8).and_then(|field| field.try_into().ok()).map_or(0, u32::from_le_bytes);
        let past = self.used.get().saturating_add(8).saturating_add(length as usize);
        self.used.set(past.min(self.data.len()));
        true
    }
}

fn is_skippable(rest: &[u8]) -> bool {
    matches!(rest, [low, 0x2a, 0x4d, 0x18, ..] if low & 0xf0 == 0x50)
}

impl Read for Output<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(error) = self.failed.take() {
                self.decoder = None;
                return Err(io::Error::other(error));
            }
            let Some(decoder) = self.decoder.as_mut() else { return Ok(0) };
            let count = match decoder.read(buffer) {
                Ok(count) => count,
                Err(error) => return self.read_to_break(buffer, error),
            };
            if count > 0 {
                self.given = self.given.saturating_add(count as u64);
                return Ok(count);
            }
            self.decoder = None;
            (self.given, self.steps) = (0, false);
            if !self.another() {
                return Ok(0);
            }
            while self.skip_frame() {}
            if self.used.get() >= self.data.len() {
                return Ok(0);
            }
            self.start();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write as _;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn concatenated_gzip_members_are_one_stream() {
        let both = [gzip(b"one"), gzip(b"two")].concat();
        assert_eq!(expanded(Codec::Gzip, &both, 100), b"onetwo");
    }

    #[test]
    fn a_cut_stream_gives_what_came_before_the_cut() {
        let whole: Vec<u8> = (0..50_000u32).flat_map(u32::to_le_bytes).collect();
        let mut packed = gzip(&whole);
        packed.truncate(packed.len() / 2);
        let out = expanded(Codec::Gzip, &packed, 1 << 20);
        assert!(!out.is_empty() && whole.starts_with(&out));
    }

    #[test]
    fn a_cut_deflate_stream_is_broken_and_not_complete() {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&b"payload ".repeat(9)).unwrap();
        let mut packed = encoder.finish().unwrap();
        packed.truncate(packed.len() - 6);
        let mut bytes = Vec::new();
        assert!(Output::new(Codec::Zlib, &packed, Rc::default()).read_to_end(&mut bytes).is_err());
    }

    /// What Python's `lzma` makes of [`TEXT`], as xz and in the older format.
    const XZ: &[u8] = &[
        253, 55, 122, 88, 90, 0, 0, 4, 230, 214, 180, 70, 2, 0, 33, 1, 22, 0, 0, 0, 116, 47, 229, 163, 1, 0,
        25, 99, 112, 111, 115, 105, 120, 10, 115, 121, 115, 116, 101, 109, 10, 40, 83, 39, 116, 114, 117,
        101, 39, 10, 116, 82, 46, 0, 0, 0, 15, 225, 59, 252, 5, 84, 102, 132, 0, 1, 50, 26, 32, 24, 148, 48,
        31, 182, 243, 125, 1, 0, 0, 0, 0, 4, 89, 90,
    ];
    const ALONE: &[u8] = &[
        93, 0, 0, 128, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 49, 156, 10, 34, 246, 12, 248, 11, 163,
        219, 219, 109, 0, 125, 182, 14, 147, 32, 205, 170, 194, 38, 215, 227, 4, 156, 53, 120, 77, 78, 123,
        255, 255, 49, 116, 0, 0,
    ];
    const TEXT: &[u8] = b"cposix\nsystem\n(S'true'\ntR.";

    #[test]
    fn a_stream_with_a_wrong_check_or_tail_gives_all_that_came_before() {
        assert_eq!(expanded(Codec::Xz, XZ, 100), TEXT);
        // Check, index and footer follow the data, whose block is padded to four bytes.
        for at in XZ.len() - 12 - 8 - 8..XZ.len() {
            let mut damaged = XZ.to_vec();
            damaged[at] ^= 1;
            assert_eq!(expanded(Codec::Xz, &damaged, 100), TEXT, "byte {at}");
        }
        for end in ALONE.len() - 5..ALONE.len() {
            let out = expanded(Codec::LzmaAlone, &ALONE[..end], 100);
            assert!(out.len() > TEXT.len() / 2 && TEXT.starts_with(&out), "cut at {end}: {out:?}");
        }
    }

    #[test]
    fn a_break_far_into_a_stream_keeps_what_came_before() {
        // As every block of an xz file can be followed by another, the text comes a second time and then breaks.
        let mut twice = [XZ, XZ].concat();
        let last = twice.len() - 21;
        twice[last] ^= 1;
        assert!(expanded(Codec::Xz, &twice, 1000).starts_with(TEXT));
    }

    #[test]
    fn reserved_flags_of_gzip_are_passed_over() {
        let mut packed = gzip(TEXT);
        packed[3] |= 0xe0;
        assert_eq!(expanded(Codec::Gzip, &packed, 100), TEXT);
        assert_eq!(expanded(Codec::Gzip, &packed[..3], 100), b"");
    }

    #[test]
    fn output_stops_at_the_limit() {
        assert_eq!(expanded(Codec::Gzip, &gzip(&[0; 10_000]), 10).len(), 10);
    }

    proptest! {
        #[test]
        fn any_bytes_end_for_every_codec(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            for codec in [Codec::Deflate, Codec::Zlib, Codec::Gzip, Codec::Bzip2, Codec::Xz, Codec::LzmaAlone,
                Codec::ZipLzma(None), Codec::Lzip, Codec::Zstd, Codec::Lz4] {
                let _ = expanded(codec, &bytes, 1 << 16);
            }
        }
    }
}

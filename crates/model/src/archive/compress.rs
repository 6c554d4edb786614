//! Single compressed streams: gzip, zlib, bzip2, xz, lzma, lzip, Zstandard, LZ4, and joblib's old `ZF` wrapper. What
//! comes out is scanned as one member, because loaders such as `joblib.load` decompress without being asked.
//!
//! Sources: RFC 1952, RFC 1950, RFC 8878, the xz, lzip and LZ4 frame specifications, joblib 0.8 `numpy_pickle_compat`.

use super::expand::{self, Codec, EXPANSION, End};
use super::zip::{HIDDEN_DATA, MALFORMED};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Finding, Kind, Rule, Severity};

/// One compression format.
pub struct Compressed {
    id: &'static str,
    name: &'static str,
    extensions: &'static [&'static str],
    codec: Codec,
    /// Bytes before the stream itself.
    header: usize,
    recognise: fn(&[u8]) -> bool,
}

/// Gzip (RFC 1952).
pub static GZIP: Compressed = Compressed {
    id: "gzip",
    name: "gzip-compressed data",
    extensions: &["gz", "gzip", "tgz", "taz", "rds", "rda", "rdata", "joblib", "pkl", "z", "svgz"],
    codec: Codec::Gzip,
    header: 0,
    recognise: |head| head.starts_with(&[0x1f, 0x8b, 8]),
};

/// Zlib (RFC 1950), as `joblib.dump(compress=…)` writes it.
pub static ZLIB: Compressed = Compressed {
    id: "zlib",
    name: "zlib-compressed data",
    extensions: &["zlib", "z", "zz", "joblib", "pkl"],
    codec: Codec::Zlib,
    header: 0,
    recognise: is_zlib,
};

/// bzip2.
pub static BZIP2: Compressed = Compressed {
    id: "bzip2",
    name: "bzip2-compressed data",
    extensions: &["bz2", "bz", "tbz", "tbz2", "joblib", "pkl", "rds", "rda", "rdata"],
    codec: Codec::Bzip2,
    header: 0,
    recognise: |head| matches!(head, [b'B', b'Z', b'h', b'0'..=b'9', rest @ ..] if !rest.iter().take(6).all(u8::is_ascii_graphic) || rest.starts_with(b"1AY&SY")),
};

/// Xz.
pub static XZ: Compressed = Compressed {
    id: "xz",
    name: "xz-compressed data",
    extensions: &["xz", "txz", "joblib", "pkl", "rds", "rda", "rdata"],
    codec: Codec::Xz,
    header: 0,
    recognise: |head| head.starts_with(b"\xfd7zXZ\0"),
};

/// `.lzma`, which has no magic number.
pub static LZMA: Compressed = Compressed {
    id: "lzma",
    name: "lzma-compressed data",
    extensions: &["lzma", "tlz", "joblib", "pkl"],
    codec: Codec::LzmaAlone,
    header: 0,
    recognise: is_lzma,
};

/// Lzip.
pub static LZIP: Compressed = Compressed {
    id: "lzip",
    name: "lzip-compressed data",
    extensions: &["lz", "tlz"],
    codec: Codec::Lzip,
    header: 0,
    recognise: |head| head.starts_with(b"LZIP\x01"),
};

/// Zstandard (RFC 8878).
pub static ZSTD: Compressed = Compressed {
    id: "zstd",
    name: "Zstandard-compressed data",
    extensions: &["zst", "zstd", "tzst", "joblib"],
    codec: Codec::Zstd,
    header: 0,
    recognise: |head| head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]),
};

/// LZ4 frames, current and legacy.
pub static LZ4: Compressed = Compressed {
    id: "lz4",
    name: "LZ4-compressed data",
    extensions: &["lz4", "joblib", "pkl"],
    codec: Codec::Lz4,
    header: 0,
    recognise: |head| matches!(head, [0x04, 0x22, 0x4d, 0x18, ..] | [0x02, 0x21, 0x4c, 0x18, ..]),
};

/// joblib's wrapper before version 0.10: `ZF`, the length as 19 hexadecimal characters, then zlib.
pub static JOBLIB_ZFILE: Compressed = Compressed {
    id: "joblib-zfile",
    name: "compressed joblib dump (old ZF wrapper)",
    extensions: &["joblib", "pkl", "z", "gz"],
    codec: Codec::Zlib,
    header: 21,
    recognise: |head| head.starts_with(b"ZF0x"),
};

/// Whether `head` begins a zlib stream: a header whose check fits (RFC 1950 §2.2) and a first block that unpacks.
fn is_zlib(head: &[u8]) -> bool {
    let [method @ 0x78, flags, body @ ..] = head else { return false };
    let check = u16::from_be_bytes([*method, *flags]);
    // `x^` also begins formulas: packed data has control or high bytes early on.
    let is_text = body.iter().take(16).all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    check.checked_rem(31) == Some(0)
        && flags & 0x20 == 0
        && !is_text
        && !expand::expanded(Codec::Zlib, head, 1).is_empty()
}

/// Whether something comes out of `head` as an lzma file with whatever properties.
fn unpacks(head: &[u8]) -> bool {
    !expand::expanded(Codec::LzmaAlone, head, 1).is_empty()
}

/// Whether `head` begins an lzma file: usual properties, a dictionary size as encoders write it, a size that is
/// unknown or sane, and a first byte that unpacks.
fn is_lzma(head: &[u8]) -> bool {
    let Some(([0x5d, d0, d1, d2, d3], rest)) = head.split_first_chunk::<5>() else { return false };
    let dictionary = u32::from_le_bytes([*d0, *d1, *d2, *d3]);
    let Some(size) = rest.first_chunk::<8>().map(|size| u64::from_le_bytes(*size)) else { return false };
    let usual = dictionary >= 1 << 12 && (dictionary.is_power_of_two() || (dictionary / 3).is_power_of_two());
    usual && (size == u64::MAX || size < 1 << 40) && !expand::expanded(Codec::LzmaAlone, head, 1).is_empty()
}

impl Format for Compressed {
    fn id(&self) -> &'static str {
        self.id
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn kind(&self) -> Kind {
        Kind::Archive
    }

    fn extensions(&self) -> &'static [&'static str] {
        self.extensions
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&EXPANSION, &MALFORMED, &HIDDEN_DATA]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if (self.recognise)(input.head(4096)) {
            Recognition::Certain
        } else if self.id == "lzma" && input.extension() == "lzma" && unpacks(input.head(4096)) {
            Recognition::Weak
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let packed = input.bytes.get(self.header..).unwrap_or_default();
        let name = inner_name(input.file_name());
        let expansion = expand::scan_expanded(self.codec, packed, &name, input.siblings, scan);
        match expansion.end {
            End::Broken(reason) => {
                let length = expansion.length;
                scan.gap(
                    None,
                    format!(
                        "the {} stream is damaged or cut after {length} bytes ({reason}); get the file again",
                        self.id
                    ),
                );
                scan.report(
                    Finding::new(
                        &MALFORMED,
                        format!("the {} stream cannot be unpacked past {length} bytes: {reason}", self.id),
                    )
                    .at(expansion.consumed.saturating_add(self.header) as u64),
                );
            }
            End::Complete => scan_tail(packed, expansion.consumed, self.header, scan),
            End::Limit => {}
        }
    }
}

/// Scans bytes behind the end of the stream, which decompressors ignore.
fn scan_tail(packed: &[u8], consumed: usize, header: usize, scan: &mut Scan<'_>) {
    let tail = packed.get(consumed..).unwrap_or_default();
    if tail.iter().all(|&byte| byte == 0) {
        return;
    }
    let at = consumed.saturating_add(header);
    scan.report(
        Finding::new(&HIDDEN_DATA, format!("{} bytes follow the end of the compressed stream", tail.len()))
            .severity(Severity::Low)
            .at(at as u64),
    );
    scan.member(&format!("(bytes from {at}, after the stream)"), tail);
}

/// The name without the compression's extension: `model.pkl.gz` holds `model.pkl`, `model.tgz` holds `model.tar`.
fn inner_name(name: &str) -> String {
    const OUTER: &[&str] =
        &["gz", "gzip", "z", "zz", "zlib", "bz", "bz2", "xz", "lzma", "lz", "zst", "zstd", "lz4"];
    const TAR: &[&str] = &["tgz", "taz", "tbz", "tbz2", "txz", "tlz", "tzst"];
    match name.rsplit_once('.') {
        Some((stem, extension)) if OUTER.contains(&extension.to_ascii_lowercase().as_str()) => {
            stem.to_owned()
        }
        Some((stem, extension)) if TAR.contains(&extension.to_ascii_lowercase().as_str()) => {
            format!("{stem}.tar")
        }
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::{Limits, MonotonicClock};
    use std::io::Write as _;

    fn scan(name: &str, bytes: &[u8]) -> crate::Outcome {
        crate::scan(&Input::new(name, bytes), &Limits::default(), &MonotonicClock::start())
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn names_lose_the_compression_extension_only() {
        assert_eq!(inner_name("a.pkl.gz"), "a.pkl");
        assert_eq!(inner_name("a.tgz"), "a.tar");
        assert_eq!(inner_name("a.joblib"), "a.joblib");
    }

    #[test]
    fn zlib_is_told_from_text_that_begins_alike() {
        assert!(is_zlib(&zlib(b"hello")));
        assert!(!is_zlib(b"x^2 + y^2 = z^2, said the text"));
    }

    #[test]
    fn the_old_joblib_wrapper_is_opened() {
        let bytes = [b"ZF0x5                 ".get(..21).unwrap(), &zlib(b"hello")].concat();
        assert_eq!(scan("m.z", &bytes).format, Some("joblib-zfile"));
        assert!(scan("m.z", &bytes).gaps.is_empty());
    }

    #[test]
    fn a_cut_stream_is_a_gap() {
        let mut bytes = zlib(&b"hello world ".repeat(30));
        bytes.truncate(bytes.len() - 5);
        let outcome = scan("m.z", &bytes);
        assert_eq!(outcome.gaps.len(), 1);
        assert!(outcome.findings.iter().any(|finding| finding.rule.id == MALFORMED.id));
    }

    #[test]
    fn bytes_behind_the_stream_are_reported_and_padding_is_not() {
        let with = |tail: &[u8]| scan("m.z", &[&zlib(b"hello"), tail].concat());
        assert!(with(b"tail").findings.iter().any(|finding| finding.rule.id == HIDDEN_DATA.id));
        assert!(with(&[0; 9]).findings.is_empty());
    }
}

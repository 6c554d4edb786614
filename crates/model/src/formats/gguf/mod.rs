//! GGUF: metadata pairs, tensor descriptions, and aligned tensor data, as llama.cpp and its kin load it.
//!
//! Source: `docs/gguf.md` and `gguf.cpp` of ggml-org/ggml. Versions 1 to 3 in either byte order. Chat templates go to
//! the template inspector, other text to the metadata inspector; what gguf.cpp rejects is a finding.
//! Cost: linear in metadata and tensor descriptions; of the tensors only first bytes and a bounded sample are touched.

mod metadata;
mod reader;
mod split;
mod tensors;
mod tokenizer;
mod types;

use crate::formats::hidden;
use crate::formats::tokenizer::TOKENIZER_INCONSISTENT;
use crate::formats::tokenizer::rewriting::TOKENIZER_TAMPERED;
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Cursor, Finding, Kind, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};
use reader::Reader;

/// The GGUF format.
#[derive(Debug, Clone, Copy)]
pub struct Gguf;

impl Format for Gguf {
    fn id(&self) -> &'static str {
        "gguf"
    }

    fn name(&self) -> &'static str {
        "GGUF model"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["gguf"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&GGUF_MALFORMED, &hidden::HIDDEN_DATA, &TOKENIZER_INCONSISTENT, &TOKENIZER_TAMPERED]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if input.bytes.starts_with(b"GGUF") {
            Recognition::Certain
        } else if input.extension() == "gguf" {
            Recognition::Weak
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        Walk {
            input: *input,
            scan,
            faults: 0,
            alignment: DEFAULT_ALIGNMENT,
            split: split::Split::default(),
            lists: tokenizer::Lists::default(),
        }
        .file();
    }
}

/// Alignment of tensor data in bytes unless `general.alignment` says otherwise (`GGUF_DEFAULT_ALIGNMENT`).
const DEFAULT_ALIGNMENT: u64 = 32;
/// Most malformed entries reported one by one.
const FAULTS: u32 = 32;

/// One file being read.
struct Walk<'s, 'a, 'i> {
    input: Input<'i>,
    scan: &'s mut Scan<'a>,
    faults: u32,
    alignment: u64,
    split: split::Split,
    lists: tokenizer::Lists,
}

impl Walk<'_, '_, '_> {
    fn file(&mut self) {
        let bytes = self.input.bytes;
        if !bytes.starts_with(b"GGUF") {
            self.malformed(Severity::Low, 0, "", "named .gguf, but does not begin with the GGUF magic");
            return self.scan.gap(0, "no GGUF file: its content was searched for hidden files only");
        }
        let mut reader = Reader { cursor: Cursor::at(bytes, 4), big_endian: false, version: 0 };
        let Ok(version) = reader.u32() else { return self.truncated(4) };
        // As gguf.cpp tells byte order: a version is small, so its low half is never zero.
        reader.big_endian = version.trailing_zeros() >= 16 && version != 0;
        reader.version = if reader.big_endian { version.swap_bytes() } else { version };
        if !(1..=3).contains(&reader.version) {
            self.malformed(Severity::Medium, 4, "", format!("version {} does not exist", reader.version));
            self.scan.gap(4, "unknown GGUF version; read as if it were version 3");
        }
        // Version 1 wrote counts half as wide. Where it says that it has no metadata, a newer file says that it has
        // fewer than 2^32 tensors.
        let is_wide = reader.clone().u32().is_ok() && reader.cursor.remaining() > 20 && {
            let mut ahead = reader.clone();
            ahead.cursor.skip(4).is_ok() && ahead.u32().is_ok_and(|pairs| pairs == 0)
        };
        if reader.version == 1 && is_wide {
            self.malformed(Severity::Low, 4, "", "says version 1, laid out as a newer one");
            reader.version = 3;
        }
        let counts = reader.length().and_then(|tensors| Ok((tensors, reader.length()?)));
        let Ok((tensors, pairs)) = counts else { return self.truncated(reader.cursor.position()) };
        let left = reader.cursor.remaining() as u64;
        // The shortest pair is an empty key, a type and one byte; the shortest tensor an empty name and five fields.
        for (what, count, least) in [
            ("metadata pairs", pairs, reader.length_size().saturating_add(5)),
            ("tensors", tensors, reader.length_size().saturating_add(16)),
        ] {
            if count.saturating_mul(least) > left {
                self.malformed(
                    Severity::Medium,
                    8,
                    "",
                    format!("claims {count} {what}, more than the {left} bytes behind the header can hold"),
                );
            }
        }
        if self.pairs(&mut reader, pairs).is_some() {
            self.tokenizer(&reader);
            self.split(tensors);
            self.tensors(&mut reader, tensors);
        }
        if self.faults > FAULTS {
            let further = self.faults.saturating_sub(FAULTS);
            self.scan.report(
                Finding::new(&GGUF_MALFORMED, format!("{further} further entries are malformed")).at(8),
            );
        }
    }

    /// The file ends before what it announced.
    fn truncated(&mut self, offset: usize) {
        self.malformed(Severity::Low, offset, "", "ends before what its header announces");
        self.scan.gap(offset as u64, "truncated; fetch the file again");
    }

    fn malformed(&mut self, severity: Severity, offset: usize, pointer: &str, message: impl Into<String>) {
        self.faults = self.faults.saturating_add(1);
        if self.faults > FAULTS && severity < Severity::High {
            return;
        }
        let mut finding = Finding::new(&GGUF_MALFORMED, message).severity(severity).at(offset as u64);
        if !pointer.is_empty() {
            finding = finding.pointer(pointer);
        }
        self.scan.report(finding);
    }
}

rule! {
    /// ## What it finds
    /// A GGUF file that gguf.cpp rejects or that makes a reader compute with overflowing numbers: counts the file cannot
    /// hold, strings past its end, value types that do not exist, duplicate keys, impossible alignments, tensors with too
    /// many dimensions, sizes that overflow 64 bits, tensors that overlap or leave the file.
    /// ## Why it matters
    /// Readers of GGUF are written in C and C++. Lengths and dimensions they did not check have been heap overflows before;
    /// a size that wraps around passes every later check.
    /// ## Example
    /// A tensor of 2^62 four-byte elements, whose size in bytes wraps to zero.
    /// ## How to fix
    /// Do not load the file; convert the model again from weights whose origin is known. Keep llama.cpp and its bindings
    /// up to date.
    /// ## References
    /// - <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>
    /// - CVE-2024-21802, CVE-2024-21825, CVE-2024-21836, CVE-2024-23496, CVE-2024-23605, CVE-2025-53630
    pub const GGUF_MALFORMED: Rule = Rule {
        id: "model/gguf-malformed",
        title: "a GGUF structure that readers reject or miscompute",
        severity: Severity::Medium,
        remedy: "Do not load it; convert the model again from weights whose origin is known.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(190), cwe(1284), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;
    use bartizan_core::{Limits, MonotonicClock};
    use proptest::prelude::*;

    /// Writes version 3, little-endian.
    struct Builder(Vec<u8>);

    impl Builder {
        fn new(tensors: u64, pairs: u64) -> Self {
            let mut bytes = b"GGUF\x03\0\0\0".to_vec();
            bytes.extend(tensors.to_le_bytes());
            bytes.extend(pairs.to_le_bytes());
            Self(bytes)
        }

        fn string(mut self, text: &str) -> Self {
            self.0.extend((text.len() as u64).to_le_bytes());
            self.0.extend(text.as_bytes());
            self
        }

        fn u32(mut self, value: u32) -> Self {
            self.0.extend(value.to_le_bytes());
            self
        }

        fn text_pair(self, key: &str, value: &str) -> Self {
            self.string(key).u32(8).string(value)
        }

        fn tensor(mut self, name: &str, dimensions: &[u64], kind: u32, offset: u64) -> Self {
            self = self.string(name).u32(dimensions.len() as u32);
            for dimension in dimensions {
                self.0.extend(dimension.to_le_bytes());
            }
            self = self.u32(kind);
            self.0.extend(offset.to_le_bytes());
            self
        }

        fn data(mut self, bytes: &[u8]) -> Vec<u8> {
            self.0.resize(self.0.len().next_multiple_of(32), 0);
            self.0.extend(bytes);
            self.0
        }
    }

    fn scanned(bytes: &[u8]) -> Outcome {
        crate::scan_as(&Gguf, &Input::new("m.gguf", bytes), &Limits::default(), &MonotonicClock::start())
    }

    fn rules(outcome: &Outcome) -> Vec<(&'static str, Severity)> {
        outcome.findings.iter().map(|finding| (finding.rule.id, finding.severity)).collect()
    }

    fn well_formed() -> Vec<u8> {
        Builder::new(2, 2)
            .text_pair("general.architecture", "llama")
            .text_pair("general.name", "tiny")
            .tensor("a", &[4, 2], 0, 0)
            .tensor("b", &[32], 2, 32)
            .data(&[1; 50])
    }

    #[test]
    fn a_well_formed_file_is_clean() {
        let outcome = scanned(&well_formed());
        assert_eq!((outcome.findings, outcome.gaps), (vec![], vec![]));
    }

    #[test]
    fn a_big_endian_file_is_read() {
        let mut bytes = b"GGUF\0\0\0\x03".to_vec();
        bytes.extend(0u64.to_be_bytes());
        bytes.extend(1u64.to_be_bytes());
        bytes.extend(4u64.to_be_bytes());
        bytes.extend(b"name");
        bytes.extend(8u32.to_be_bytes());
        bytes.extend(15u64.to_be_bytes());
        bytes.extend(b"os.system('id')");
        assert_eq!(rules(&scanned(&bytes)), [("model/metadata-code", Severity::High)]);
    }

    #[test]
    fn a_damaged_version_does_not_hide_the_metadata() {
        let template = "{{ ''.__class__.__base__.__subclasses__() }}";
        let intact = Builder::new(0, 1).text_pair("tokenizer.chat_template", template).0;
        for bit in 0..32 {
            let mut bytes = intact.clone();
            bytes[4 + bit / 8] ^= 1 << (bit % 8);
            let outcome = scanned(&bytes);
            let worst = outcome.findings.iter().map(|finding| finding.severity).max();
            assert!(worst >= Some(Severity::High), "bit {bit}: {:?}", outcome.findings);
        }
    }

    #[test]
    fn a_count_that_the_file_cannot_hold_is_malformed() {
        let outcome = scanned(&Builder::new(0, 1 << 40).text_pair("k", "v").0);
        assert!(rules(&outcome).contains(&(GGUF_MALFORMED.id, Severity::Medium)));
        assert!(!outcome.gaps.is_empty());
    }

    #[test]
    fn a_size_that_overflows_is_high() {
        let bytes = Builder::new(1, 0).tensor("t", &[1 << 62, 4], 0, 0).data(&[0; 32]);
        assert!(rules(&scanned(&bytes)).contains(&(GGUF_MALFORMED.id, Severity::High)));
    }

    #[test]
    fn overlapping_tensors_are_malformed() {
        let bytes = Builder::new(2, 0).tensor("a", &[16], 0, 0).tensor("b", &[8], 0, 32).data(&[0; 64]);
        assert_eq!(rules(&scanned(&bytes)), [(GGUF_MALFORMED.id, Severity::Medium)]);
    }

    #[test]
    fn a_duplicate_key_is_malformed() {
        let bytes = Builder::new(0, 2).text_pair("general.name", "a").text_pair("general.name", "b").0;
        assert_eq!(rules(&scanned(&bytes)), [(GGUF_MALFORMED.id, Severity::Medium)]);
    }

    #[test]
    fn an_unknown_value_type_stops_the_reading_as_a_gap() {
        let outcome = scanned(&Builder::new(0, 1).string("key").u32(77).0);
        assert_eq!(rules(&outcome), [(GGUF_MALFORMED.id, Severity::Medium)]);
        assert_eq!(outcome.gaps.len(), 1);
    }

    #[test]
    fn data_behind_the_tensors_is_hidden_data() {
        let mut bytes = well_formed();
        bytes.extend([7; 100]);
        assert_eq!(rules(&scanned(&bytes)), [(hidden::HIDDEN_DATA.id, Severity::Medium)]);
    }

    #[test]
    fn a_key_that_climbs_out_of_its_folder_is_a_path_finding() {
        let bytes = Builder::new(0, 1).text_pair("../../../etc/passwd", "root").0;
        assert!(rules(&scanned(&bytes)).contains(&("model/metadata-path", Severity::Medium)));
    }

    #[test]
    fn tokens_are_not_judged_as_text() {
        let bytes = Builder::new(0, 1).string("tokenizer.ggml.tokens").u32(9).u32(8);
        let mut bytes = bytes.0;
        bytes.extend(1u64.to_le_bytes());
        let bytes = Builder(bytes).string("os.system(").0;
        assert_eq!(rules(&scanned(&bytes)), []);
    }

    #[test]
    fn a_truncated_file_is_incomplete() {
        let bytes = well_formed();
        for length in 4..bytes.len() {
            assert!(!scanned(&bytes[..length]).gaps.is_empty(), "cut at {length}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_behind_the_magic_give_a_result(bytes: Vec<u8>) {
            scanned(&[b"GGUF\x03\0\0\0".as_slice(), &bytes].concat());
        }

        #[test]
        fn a_damaged_file_gives_a_result(at in 0usize..400, to: u8) {
            let mut bytes = well_formed();
            let at = at % bytes.len();
            bytes[at] = to;
            scanned(&bytes);
        }
    }
}

//! safetensors: an 8-byte length, a JSON header, and raw tensors.
//!
//! Source: the format description and the reference reader of huggingface/safetensors (`tensor.rs`). Everything that
//! reader rejects is a finding here, and what lies between or behind the tensors is scanned as hidden content.
//! Cost: linear in the header; of the tensors only first bytes and a bounded sample are touched.

mod header;
pub(crate) mod sibling;

use crate::formats::hidden::{self, Hidden};
use crate::names::licence;
use crate::text::indicators::inspect_metadata;
use crate::{Format, Input, Recognition, Scan, weights};
use bartizan_core::{Cursor, Finding, Kind, Location, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};
use header::Header;

/// The safetensors format.
#[derive(Debug, Clone, Copy)]
pub struct Safetensors;

impl Format for Safetensors {
    fn id(&self) -> &'static str {
        "safetensors"
    }

    fn name(&self) -> &'static str {
        "safetensors weights"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["safetensors"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&SAFETENSORS_MALFORMED, &hidden::HIDDEN_DATA]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let mut cursor = Cursor::new(input.bytes);
        let length = cursor.u64_le().unwrap_or(u64::MAX);
        let opens = match cursor.rest() {
            [b'{', b'"' | b'}' | b' ' | b'\n' | b'\r' | b'\t', ..] => true,
            [b'{'] => length == 1,
            _ => false,
        };
        if opens && (2..=HEADER_BYTES).contains(&length) {
            Recognition::Certain
        } else if (opens && !is_written(input.head(LENGTH_BYTES))) || input.extension() == "safetensors" {
            Recognition::Weak
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        Reader { input: *input, scan, faults: 0 }.read();
    }
}

/// Whether the bytes at the place of the length are letters, signs and blanks, as of `var a = {`: then they count nothing. As a number they
/// would be more than a quintillion, which no reader takes, so that nothing is loaded from such a file as from this format.
fn is_written(length: &[u8]) -> bool {
    std::str::from_utf8(length).is_ok_and(|text| text.chars().all(|c| !c.is_control() || c.is_whitespace()))
}

/// Bytes that say how long the header is.
const LENGTH_BYTES: usize = 8;
/// Largest header the reference reader takes, in bytes (`MAX_HEADER_SIZE`).
const HEADER_BYTES: u64 = 100_000_000;
/// Most malformed entries reported one by one.
const FAULTS: usize = 32;
/// How much of a header that cannot be parsed is still searched as text, in bytes.
const RAW_BYTES: usize = 1 << 20;
/// Most tensors whose first bytes are looked at for something other than weights.
const PEEKED: usize = 100_000;

struct Reader<'s, 'a, 'i> {
    input: Input<'i>,
    scan: &'s mut Scan<'a>,
    faults: usize,
}

impl Reader<'_, '_, '_> {
    fn read(&mut self) {
        let bytes = self.input.bytes;
        let mut cursor = Cursor::new(bytes);
        let Ok(length) = cursor.u64_le() else {
            self.scan.gap(0, "ends before the 8-byte header length; fetch the file again");
            return self.malformed(Severity::Low, "", 0, "the file ends before its header length");
        };
        if length > HEADER_BYTES {
            self.malformed(
                Severity::Medium,
                "",
                0,
                format!(
                    "the header claims {length} bytes, more than the {HEADER_BYTES} any reader takes; a reader that trusts it runs out of memory"
                ),
            );
            self.scan.gap(0, "header longer than the format allows; nothing behind it was read");
            return self.raw_text(cursor.rest());
        }
        let Ok(json) = cursor.take(length as usize) else {
            self.malformed(
                Severity::Low,
                "",
                0,
                format!("the header claims {length} bytes and the file ends inside it"),
            );
            self.scan.gap(8, "truncated inside the header; fetch the file again");
            return self.raw_text(cursor.rest());
        };
        if json.first() != Some(&b'{') {
            self.malformed(Severity::Medium, "", 8, "the header does not begin with `{`");
        }
        let padding =
            json.iter().rposition(|&byte| byte == b'}').and_then(|end| json.get(end.saturating_add(1)..));
        if let Some(padding) = padding
            && padding.iter().any(|&byte| byte != b' ')
        {
            self.malformed(Severity::Medium, "", 8, "the header is padded with something other than spaces");
        }
        let (header, error) = Header::read(json);
        if let Some(error) = error {
            let offset = if error.line() == 1 { 8u64.saturating_add(error.column() as u64) } else { 8 };
            self.malformed(
                Severity::Medium,
                "",
                offset,
                format!("the header is not the JSON a reader takes: {error}"),
            );
            self.scan.gap(offset, "header could not be parsed to its end");
            self.raw_text(json);
            // Without all entries no byte can be said to belong to none.
            return self.entries(&header);
        }
        self.entries(&header);
        self.spans(header, cursor.position(), cursor.rest());
    }

    fn entries(&mut self, header: &Header) {
        for (name, fault) in &header.faults {
            self.malformed(Severity::Medium, name, 8, format!("entry `{name}` {fault}"));
        }
        for (key, value) in &header.metadata {
            let place = Location {
                offset: Some(8),
                pointer: Some(format!("/__metadata__/{}", escaped(key))),
                ..Location::default()
            };
            if matches!(key.as_str(), "license" | "licence" | "modelspec.license") {
                licence::inspect(value, &place, self.scan);
            }
            inspect_metadata(value, &place, self.scan);
            inspect_metadata(key, &place, self.scan);
        }
        for (name, text) in &header.strays {
            let place = Location {
                offset: Some(8),
                pointer: Some(format!("/{}", escaped(name))),
                ..Location::default()
            };
            inspect_metadata(text, &place, self.scan);
        }
    }

    /// Checks every tensor's place: in order they must cover the data section exactly.
    fn spans(&mut self, mut header: Header, data_start: usize, data: &[u8]) {
        let size = data.len() as u64;
        header.tensors.sort_by_key(|tensor| tensor.span);
        let mut covered = 0u64;
        let mut missing = false;
        for (index, tensor) in header.tensors.iter().enumerate() {
            if index % 4096 == 4095 && self.scan.out_of_time() {
                return;
            }
            let name = &tensor.name;
            let (start, end) = tensor.span;
            let at = (data_start as u64).saturating_add(start);
            match (bits(&tensor.dtype), tensor.elements) {
                (None, _) => {
                    self.malformed(
                        Severity::Low,
                        name,
                        at,
                        format!("tensor `{name}` has the unknown dtype `{}`", tensor.dtype),
                    );
                }
                (Some(_), None) => {
                    self.malformed(
                        Severity::Medium,
                        name,
                        at,
                        format!("the shape of tensor `{name}` overflows 64 bits"),
                    );
                }
                (Some(bits), Some(elements)) => {
                    let wanted = elements.checked_mul(bits);
                    if wanted != end.checked_sub(start).and_then(|length| length.checked_mul(8)) {
                        self.malformed(
                            Severity::Medium,
                            name,
                            at,
                            format!("tensor `{name}` takes bytes {start} to {end}, which its dtype and shape do not need"),
                        );
                    }
                }
            }
            if end < start {
                self.malformed(Severity::Medium, name, at, format!("tensor `{name}` ends before it starts"));
                continue;
            }
            if start < covered {
                self.malformed(
                    Severity::Medium,
                    name,
                    at,
                    format!("tensor `{name}` overlaps the one before it"),
                );
            } else if start > covered {
                self.hidden(data_start, data, covered, start.min(size), "between the tensors");
            }
            if end > size {
                missing = true;
            } else if index < PEEKED {
                self.tensor_content(name, data_start, data, start, end);
            }
            covered = covered.max(end);
        }
        self.values(&header, data_start, data);
        if missing || covered > size {
            let lacking = covered.saturating_sub(size);
            self.malformed(
                Severity::Low,
                "",
                data_start as u64,
                format!("the file lacks the last {lacking} bytes of its tensors"),
            );
            let end = (data_start as u64).saturating_add(size);
            self.scan.gap(end, "truncated: tensor data is missing; fetch the file again");
        } else if covered < size {
            self.hidden(data_start, data, covered, size, "behind the last tensor");
        }
        if self.faults > FAULTS {
            let further = self.faults.saturating_sub(FAULTS);
            self.scan.report(
                Finding::new(&SAFETENSORS_MALFORMED, format!("{further} further entries are malformed"))
                    .at(8),
            );
        }
    }

    /// Hands the float tensors to the inspector of values.
    fn values(&mut self, header: &Header, data_start: usize, data: &[u8]) {
        let tensors: Vec<weights::Tensor<'_>> = header
            .tensors
            .iter()
            .filter_map(|tensor| {
                let (start, end) = tensor.span;
                Some(weights::Tensor {
                    name: &tensor.name,
                    float: float(&tensor.dtype)?,
                    shape: &tensor.shape,
                    bytes: data.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)?,
                    offset: (data_start as u64).saturating_add(start),
                })
            })
            .collect();
        weights::inspect(&tensors, self.scan);
    }

    /// Bytes that no tensor owns.
    fn hidden(&mut self, data_start: usize, data: &[u8], start: u64, end: u64, place: &str) {
        let Some(bytes) = data.get(start as usize..end as usize) else { return };
        if bytes.is_empty() {
            return;
        }
        let at = (data_start as u64).saturating_add(start);
        let zero = bytes.iter().all(|&byte| byte == 0);
        hidden::report(self.scan, bytes, at, place, zero);
    }

    /// A tensor whose first bytes are those of a file is scanned as that file.
    fn tensor_content(&mut self, name: &str, data_start: usize, data: &[u8], start: u64, end: u64) {
        let Some(bytes) = data.get(start as usize..end as usize) else { return };
        if let Some(kind) = Hidden::at_start_of(bytes) {
            hidden::report_tensor(self.scan, bytes, (data_start as u64).saturating_add(start), name, kind);
        }
    }

    fn malformed(&mut self, severity: Severity, name: &str, offset: u64, message: impl Into<String>) {
        self.faults = self.faults.saturating_add(1);
        if self.faults > FAULTS {
            return;
        }
        let mut finding = Finding::new(&SAFETENSORS_MALFORMED, message).severity(severity).at(offset);
        if !name.is_empty() {
            finding = finding.pointer(format!("/{}", escaped(name)));
        }
        self.scan.report(finding);
    }

    /// A header that cannot be parsed is still text that something else may read.
    fn raw_text(&mut self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes.get(..RAW_BYTES).unwrap_or(bytes));
        inspect_metadata(&text, &Location { offset: Some(8), ..Location::default() }, self.scan);
    }
}

/// Size of one element in bits, `None` for a dtype the format does not know.
fn bits(dtype: &str) -> Option<u64> {
    Some(match dtype {
        "F4" => 4,
        "F6_E2M3" | "F6_E3M2" => 6,
        "BOOL" | "U8" | "I8" | "F8_E5M2" | "F8_E4M3" | "F8_E8M0" | "F8_E4M3FNUZ" | "F8_E5M2FNUZ" => 8,
        "I16" | "U16" | "F16" | "BF16" => 16,
        "I32" | "U32" | "F32" => 32,
        "C64" | "F64" | "I64" | "U64" => 64,
        _ => return None,
    })
}

/// How a dtype's numbers are written, `None` when they are no floats of 16 bits or more.
fn float(dtype: &str) -> Option<weights::Float> {
    Some(match dtype {
        "F16" => weights::Float::F16,
        "BF16" => weights::Float::BF16,
        "F32" => weights::Float::F32,
        "F64" => weights::Float::F64,
        _ => return None,
    })
}

/// A name as one step of a JSON pointer (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

rule! {
    /// ## What it finds
    /// A safetensors file whose header lies: longer than the format allows, not the JSON it must be, keys twice, shapes
    /// that overflow or do not fit their bytes, tensors that overlap or leave the file.
    /// ## Why it matters
    /// The reference reader refuses such a file. Other readers take it, each in its own way: they allocate what the header
    /// claims, read one tensor's bytes as another's, or show a reviewer other weights than they load.
    /// ## Example
    /// A header length of 140 TB in a file of ten bytes.
    /// ## How to fix
    /// Write the file again with the reference library, from weights whose origin is known.
    /// ## References
    /// - <https://github.com/huggingface/safetensors#format>
    /// - <https://cwe.mitre.org/data/definitions/1284.html>
    pub const SAFETENSORS_MALFORMED: Rule = Rule {
        id: "model/safetensors-malformed",
        title: "a safetensors header that the reference reader rejects",
        severity: Severity::Medium,
        remedy: "Write the file again with the reference library, from weights whose origin is known.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(1284), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;
    use bartizan_core::{Limits, MonotonicClock};
    use proptest::prelude::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(data);
        bytes
    }

    fn scanned(bytes: &[u8]) -> Outcome {
        let input = Input::new("m.safetensors", bytes);
        crate::scan_as(&Safetensors, &input, &Limits::default(), &MonotonicClock::start())
    }

    fn rules(outcome: &Outcome) -> Vec<(&'static str, Severity)> {
        outcome.findings.iter().map(|finding| (finding.rule.id, finding.severity)).collect()
    }

    const TWO: &str = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F4","shape":[4],"data_offsets":[8,10]}}  "#;

    #[test]
    fn a_well_formed_file_is_clean() {
        let bytes = file(TWO, &[0; 10]);
        assert_eq!(Safetensors.recognise(&Input::new("x", &bytes)), Recognition::Certain);
        let outcome = scanned(&bytes);
        assert_eq!((outcome.findings, outcome.gaps), (vec![], vec![]));
    }

    #[test]
    fn a_header_bomb_is_malformed_and_incomplete() {
        let outcome = scanned(&[0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0, b'{', b'}']);
        assert_eq!(rules(&outcome), [(SAFETENSORS_MALFORMED.id, Severity::Medium)]);
        assert_eq!(outcome.gaps.len(), 1);
    }

    #[test]
    fn duplicate_keys_are_malformed() {
        let entry = r#""a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#;
        assert!(
            rules(&scanned(&file(&format!("{{{entry},{entry}}}"), &[0; 4])))
                .contains(&(SAFETENSORS_MALFORMED.id, Severity::Medium))
        );
    }

    #[test]
    fn a_shape_that_overflows_or_does_not_fit_is_malformed() {
        for shape in ["[4611686018427387904,16]", "[3]"] {
            let header = format!(r#"{{"a":{{"dtype":"F32","shape":{shape},"data_offsets":[0,8]}}}}"#);
            assert_eq!(
                rules(&scanned(&file(&header, &[0; 8]))),
                [(SAFETENSORS_MALFORMED.id, Severity::Medium)]
            );
        }
    }

    #[test]
    fn data_behind_the_last_tensor_is_hidden_data() {
        let mut data = vec![0; 10];
        data.extend_from_slice(b"not a tensor");
        assert_eq!(rules(&scanned(&file(TWO, &data))), [(hidden::HIDDEN_DATA.id, Severity::Medium)]);
    }

    #[test]
    fn a_truncated_file_is_incomplete() {
        let bytes = file(TWO, &[0; 9]);
        let outcome = scanned(&bytes);
        assert_eq!(rules(&outcome), [(SAFETENSORS_MALFORMED.id, Severity::Low)]);
        assert_eq!(outcome.gaps.len(), 1);
    }

    #[test]
    fn a_script_whose_first_letters_stand_where_the_length_would_is_none() {
        let recognised = |name: &str, bytes: &[u8]| Safetensors.recognise(&Input::new(name, bytes));
        for script in ["var a = {\n  b: 1\n};\n", "ab é = {}", "a = \t\n( {\"b\": 1})"] {
            assert_eq!(recognised("a.js", script.as_bytes()), Recognition::No, "{script}");
            assert_eq!(recognised("a.safetensors", script.as_bytes()), Recognition::Weak, "{script}");
        }
        assert_eq!(recognised("m.bin", b"\xff\xff\xff\xff\xff\x7f\0\0{}"), Recognition::Weak);
        // The same begun and broken off is told, whatever it is called.
        assert_eq!(recognised("m.bin", file(TWO, &[]).get(..60).unwrap()), Recognition::Certain);
        assert_eq!(scanned(file(TWO, &[]).get(..60).unwrap()).gaps.len(), 1);
    }

    #[test]
    fn metadata_is_judged_and_must_be_strings() {
        let header = r#"{"__metadata__":{"n":1,"run":"os.system('id')"}}"#;
        let found = rules(&scanned(&file(header, &[])));
        assert!(found.contains(&("model/metadata-code", Severity::High)));
        assert!(found.contains(&(SAFETENSORS_MALFORMED.id, Severity::Medium)));
    }

    #[test]
    fn a_header_nested_too_deep_is_malformed_not_a_stack_overflow() {
        let header = format!("{{\"a\":{}{}}}", "[".repeat(50_000), "]".repeat(50_000));
        assert_eq!(rules(&scanned(&file(&header, &[]))), [(SAFETENSORS_MALFORMED.id, Severity::Medium)]);
    }

    #[test]
    fn a_pickle_as_a_tensor_is_hidden_data_and_plain_bytes_are_not() {
        let header = r#"{"a":{"dtype":"U8","shape":[12],"data_offsets":[0,12]}}"#;
        let found = rules(&scanned(&file(header, b"\x80\x04\x95\x01\0\0\0\0\0\0\0.")));
        assert!(found.contains(&(hidden::HIDDEN_DATA.id, Severity::Medium)));
        assert_eq!(rules(&scanned(&file(header, &[0x80; 12]))), []);
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_result(bytes: Vec<u8>) {
            scanned(&bytes);
        }

        #[test]
        fn a_damaged_file_gives_a_result(at in 0usize..130, to: u8) {
            let mut bytes = file(TWO, &[0; 10]);
            let at = at % bytes.len();
            bytes[at] = to;
            scanned(&bytes);
            scanned(&bytes[..at]);
        }
    }
}

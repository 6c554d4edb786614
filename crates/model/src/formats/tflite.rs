//! TensorFlow Lite: the FlatBuffer of operators, tensors and buffers.
//!
//! Cost: linear in the number of operators and tensors; weights are stepped over, and custom options are searched within
//! [`OPTION_BYTES`].
//!
//! Source: `tensorflow/compiler/mlir/lite/schema/schema.fbs`, version 3; `tensorflow/lite/delegates/flex/kernel.cc`.

use super::tensorflow::risky_op;
use crate::text::indicators;
use crate::wire::flatbuffer::{self, FlatbufferError, Table, Vector};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{
    Finding, Kind, Location, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, printable, rule,
};

rule! {
    /// ## What it finds
    /// A custom operator that no release of TensorFlow Lite or MediaPipe brings.
    /// ## Why it matters
    /// The program must register native code under that name, and the model hands it options of its own making.
    /// ## Example
    /// An operator with the custom code `MyDecoder`.
    /// ## How to fix
    /// Find out which library registers the operator and review it.
    /// ## References
    /// - <https://ai.google.dev/edge/litert/models/ops_custom>
    pub const TFLITE_CUSTOM_OP: Rule = Rule {
        id: "model/tflite-custom-op",
        title: "a TensorFlow Lite operator that needs a custom library",
        severity: Severity::Medium,
        remedy: "Find out which library registers the operator and review it.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(829), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A TensorFlow operation inside a TensorFlow Lite model (`Flex…`) that reaches beyond the graph, also one that hides
    /// in the options of an innocently named operator.
    /// ## Why it matters
    /// The Flex delegate runs the node written in the options with TensorFlow's own kernels.
    /// ## Example
    /// `FlexWriteFile`; `FlexAdd` whose options hold a node of the operation `ReadFile`.
    /// ## How to fix
    /// Do not run the model with the Flex delegate; ask for one that only computes.
    /// ## References
    /// - <https://ai.google.dev/edge/litert/models/ops_select>
    pub const TFLITE_FLEX_OP: Rule = Rule {
        id: "model/tflite-dangerous-op",
        title: "a TensorFlow Lite operator that reaches beyond the graph",
        severity: Severity::High,
        remedy: "Do not run the model with the Flex delegate; ask for one that only computes.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(73), cwe(829), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A TensorFlow Lite model whose offsets, indices or sizes lead outside its own tables.
    /// ## Why it matters
    /// The interpreter is written in C++ and trusts much of the file: such values are how it is made to read and write
    /// memory that is not its own.
    /// ## Example
    /// A tensor whose buffer index is larger than the number of buffers.
    /// ## How to fix
    /// Fetch the file again and compare its digest; do not load it otherwise.
    /// ## References
    /// - <https://nvd.nist.gov/vuln/detail/CVE-2022-23558>
    pub const TFLITE_MALFORMED: Rule = Rule {
        id: "model/tflite-malformed",
        title: "a TensorFlow Lite model with impossible offsets",
        severity: Severity::Medium,
        remedy: "Fetch the file again and compare its digest; do not load it otherwise.",
        taxonomies: &[cwe(20), cwe(125), cwe(787), owasp_ml("ML06")],
    };
}

/// TensorFlow Lite.
pub struct TfLite;

/// The format, for the registry.
pub static TFLITE: TfLite = TfLite;

/// The identifier of schema version 3.
const IDENTIFIER: &[u8; 4] = b"TFL3";

/// Custom operators that TensorFlow Lite, its converters and MediaPipe bring.
const KNOWN_CUSTOM: &[&str] = &[
    "TFLite_Detection_PostProcess",
    "Mfcc",
    "AudioSpectrogram",
    "NumericVerify",
    "Atan2",
    "Sign",
    "Roll",
    "AddN",
    "Irfft2d",
    "Rfft2d",
    "RandomUniform",
    "RandomStandardNormal",
    "Multinomial",
    "edgetpu-custom-op",
    "Convolution2DTransposeBias",
    "MaxPoolingWithArgmax2D",
    "MaxPoolWithArgmax",
    "MaxUnpooling2D",
    "Landmarks2TransformMatrix",
    "TransformTensor",
    "TransformTensorBilinear",
    "TransformLandmarks",
    "NGrams",
    "WhitespaceTokenizer",
    "WhitespaceTokenizeWithOffsets",
    "RaggedTensorToTensor",
    "RaggedRange",
    "SentencepieceTokenizeOp",
    "FastWordpieceTokenizeWithOffsets",
    "ParseExample",
    "ParseExampleV2",
    "Predict",
    "Normalize",
    "ExtractFeatures",
    "TFSentencepieceTokenizeOp",
    "HashtableLookup",
    "UnsortedSegmentJoin",
    "Conv3DTranspose",
    "Cumsum",
    "Complex",
    "Real",
    "Imag",
    "ComplexAbs",
    "CropAndResize",
    "Dequantize4Bits",
    "odml.update_kv_cache",
    "odml.scaled_dot_product_attention",
    "odml.update_external_kv_cache",
    "ethos-u",
    "vx-delegate",
];

/// Builtin operator code that stands for a custom one.
const CUSTOM: i32 = 32;

/// Custom options searched for nodes, in bytes over the whole model.
const OPTION_BYTES: usize = 64 << 20;

impl Format for TfLite {
    fn id(&self) -> &'static str {
        "tflite"
    }

    fn name(&self) -> &'static str {
        "TensorFlow Lite model"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["tflite", "lite", "task"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&TFLITE_CUSTOM_OP, &TFLITE_FLEX_OP, &TFLITE_MALFORMED]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if flatbuffer::identifier(input.bytes).as_ref() == Some(IDENTIFIER) {
            Recognition::Certain
        } else if input.extension() == "tflite" {
            Recognition::Weak
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        if flatbuffer::identifier(input.bytes).as_ref() != Some(IDENTIFIER) {
            let message = "the file is called TensorFlow Lite but does not carry its identifier";
            scan.report(Finding::new(&TFLITE_MALFORMED, message).severity(Severity::Low).at(0));
            return;
        }
        let mut model = Model {
            bytes: input.bytes,
            scan,
            told: 0,
            options_left: OPTION_BYTES,
            arguments_left: input.bytes.len(),
        };
        if let Err(error) = model.read() {
            model.broken("", error);
        }
    }
}

struct Model<'a, 's, 'l> {
    bytes: &'a [u8],
    scan: &'s mut Scan<'l>,
    told: u32,
    options_left: usize,
    /// Arguments still looked at: an honest file spends four bytes on each.
    arguments_left: usize,
}

impl<'a> Model<'a, '_, '_> {
    fn read(&mut self) -> Result<(), FlatbufferError> {
        let root = flatbuffer::root(self.bytes)?;
        if let Some(description) = root.string(3)?.and_then(|text| std::str::from_utf8(text).ok()) {
            let place = Location { pointer: Some("/description".to_owned()), ..Location::default() };
            indicators::inspect_metadata(description, &place, self.scan);
        }
        let codes = root.references(1)?;
        self.operator_codes(codes);
        let buffers = root.references(4)?;
        self.buffers(buffers);
        for (index, subgraph) in root.references(2)?.tables().enumerate() {
            let place = format!("/subgraphs/{index}");
            if let Err(error) =
                subgraph.and_then(|subgraph| self.subgraph(subgraph, &place, codes.len(), buffers.len()))
            {
                self.broken(&place, error);
            }
        }
        for index in 0..root.references(6)?.len() {
            let metadata = root.references(6)?.table(index)?;
            let buffer = metadata.u32(1).unwrap_or(0) as usize;
            if buffer >= buffers.len() {
                let text = format!("metadata {index} refers to buffer {buffer} of {}", buffers.len());
                self.malformed(&format!("/metadata/{index}"), metadata.position(), text);
            }
        }
        Ok(())
    }

    fn operator_codes(&mut self, codes: Vector<'a>) {
        for (index, code) in codes.tables().enumerate() {
            let place = format!("/operator_codes/{index}");
            let read = code.and_then(|code| Ok((code, code.string(1)?)));
            let (code, custom) = match read {
                Ok((code, Some(custom))) => (code, custom),
                Ok(_) => continue,
                Err(error) => {
                    self.broken(&place, error);
                    continue;
                }
            };
            // A builtin operator may carry a custom code that nothing reads.
            let builtin = code.i32(3).unwrap_or(0).max(i32::from(code.u8(0).unwrap_or(0)));
            if builtin != CUSTOM || custom.is_empty() {
                continue;
            }
            let name = String::from_utf8_lossy(custom);
            let shown = printable(&name, 120);
            let at = code.position() as u64;
            if let Some(op) = name.strip_prefix("Flex") {
                if let Some((severity, why)) = risky_op(op) {
                    let message = format!("the operator `{shown}` {why}");
                    let finding =
                        Finding::new(&TFLITE_FLEX_OP, message).severity(severity).at(at).pointer(place);
                    self.scan.report(finding.evidence(name));
                }
            } else if !KNOWN_CUSTOM.contains(&&*name) {
                let message = format!("the operator `{shown}` is none of TensorFlow Lite's own");
                self.scan
                    .report(Finding::new(&TFLITE_CUSTOM_OP, message).at(at).pointer(place).evidence(name));
            }
        }
    }

    fn buffers(&mut self, buffers: Vector<'a>) {
        for (index, buffer) in buffers.tables().enumerate() {
            let place = format!("/buffers/{index}");
            let data = buffer.and_then(|buffer| {
                // Buffers of models beyond 2 GB lie after the FlatBuffer, by offset and size; 0 and 1 mean neither.
                let outside = (buffer.u64(1).unwrap_or(0), buffer.u64(2).unwrap_or(0));
                Ok((buffer.position(), outside, buffer.bytes(0)?))
            });
            match data {
                Ok((position, (offset, size), _)) if offset > 1 && size > 1 => {
                    if offset.checked_add(size).is_none_or(|end| end > self.bytes.len() as u64) {
                        let text =
                            format!("buffer {index} lies at {offset} with {size} bytes, outside the file");
                        self.malformed(&place, position, text);
                    }
                }
                Ok((_, _, Some(data @ [0x80, 2..=5, .., b'.']))) => {
                    self.scan.member(&place, data);
                }
                Ok(_) => {}
                Err(error) => self.broken(&place, error),
            }
        }
    }

    fn subgraph(
        &mut self,
        graph: Table<'a>,
        place: &str,
        codes: usize,
        buffers: usize,
    ) -> Result<(), FlatbufferError> {
        let tensors = graph.references(0)?;
        for (index, tensor) in tensors.tables().enumerate() {
            if index % 4096 == 0 && self.scan.out_of_time() {
                return Ok(());
            }
            let tensor = tensor?;
            let place = || format!("{place}/tensors/{index}");
            let buffer = tensor.u32(2).unwrap_or(0) as usize;
            if buffer >= buffers.max(1) {
                let text = format!("tensor {index} refers to buffer {buffer} of {buffers}");
                self.malformed(&place(), tensor.position(), text);
            }
            if let Some(shape) = tensor.vector(0, 4)? {
                let dimensions =
                    (0..shape.len().min(MAX_RANK)).filter_map(|at| shape.u32(at)).map(u32::cast_signed);
                let elements =
                    dimensions.clone().try_fold(1i64, |product, extent| product.checked_mul(extent.into()));
                if shape.len() > MAX_RANK
                    || elements.is_none()
                    || dimensions.clone().any(|extent| extent < -1)
                {
                    let text = format!("tensor {index} has a shape that no memory can hold");
                    self.malformed(&place(), tensor.position(), text);
                }
            }
        }
        let operators = graph.references(3)?;
        for (index, operator) in operators.tables().enumerate() {
            if index % 4096 == 0 && self.scan.out_of_time() {
                return Ok(());
            }
            let operator = operator?;
            let place = format!("{place}/operators/{index}");
            let code = operator.u32(0).unwrap_or(0) as usize;
            if code >= codes {
                let text = format!("operator {index} has the code {code} of {codes}");
                self.malformed(&place, operator.position(), text);
            }
            for field in [1, 2] {
                let Some(arguments) = operator.vector(field, 4)? else { continue };
                // −1 stands for an optional tensor left out.
                let Some(left) = self.arguments_left.checked_sub(arguments.len()) else {
                    let text =
                        "operators that share their arguments, more than the file has room for".to_owned();
                    self.scan
                        .gap(Some(operator.position() as u64), format!("{text}; the rest was not looked at"));
                    self.malformed(&place, operator.position(), text);
                    return Ok(());
                };
                self.arguments_left = left;
                let stray = (0..arguments.len())
                    .filter_map(|at| arguments.u32(at))
                    .find(|&tensor| tensor != u32::MAX && tensor as usize >= tensors.len());
                if let Some(stray) = stray {
                    let text = format!("operator {index} refers to tensor {stray} of {}", tensors.len());
                    self.malformed(&place, operator.position(), text);
                }
            }
            if let Some(options) = operator.bytes(5)? {
                self.options(options, &place, operator.position());
            }
        }
        Ok(())
    }

    /// Options of a custom operator: the Flex delegate runs the `NodeDef` they hold, whatever the operator is called.
    fn options(&mut self, options: &[u8], place: &str, position: usize) {
        let Some(left) = self.options_left.checked_sub(options.len()) else {
            self.scan.gap(
                None,
                format!("more than {OPTION_BYTES} bytes of custom options; the rest was not searched"),
            );
            return;
        };
        self.options_left = left;
        // Field 2 of a NodeDef, its operation: the key 0x12, a length, and the name.
        for at in memchr::memchr_iter(0x12, options) {
            let Some([length, rest @ ..]) = options.get(at.saturating_add(1)..) else { continue };
            let Some(op) = rest.get(..usize::from(*length)).and_then(|name| std::str::from_utf8(name).ok())
            else {
                continue;
            };
            if let Some((severity, why)) = risky_op(op) {
                let message =
                    format!("an operator runs the TensorFlow operation `{op}` of its options, which {why}");
                self.scan.report(
                    Finding::new(&TFLITE_FLEX_OP, message)
                        .severity(severity)
                        .at(position as u64)
                        .pointer(place.to_owned())
                        .evidence(op),
                );
            }
        }
    }

    fn broken(&mut self, place: &str, error: FlatbufferError) {
        let (FlatbufferError::OutOfBounds { offset } | FlatbufferError::BadTable { offset }) = error;
        self.scan.gap(Some(offset as u64), format!("`{place}` could not be read: {error}"));
        self.malformed(place, offset, error.to_string());
    }

    fn malformed(&mut self, place: &str, at: usize, text: String) {
        self.told = self.told.saturating_add(1);
        if self.told <= TOLD {
            self.scan.report(Finding::new(&TFLITE_MALFORMED, text).at(at as u64).pointer(place.to_owned()));
        }
    }
}

/// Most dimensions of a tensor; the interpreter's kernels take up to eight.
const MAX_RANK: usize = 32;

/// Most impossible values told of one model.
const TOLD: u32 = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;
    use crate::wire::flatbuffer_fixture::{Part, table};
    use bartizan_core::{Limits, MonotonicClock};
    use proptest::prelude::*;

    fn model(fields: &[(u16, Part)]) -> Vec<u8> {
        let mut out = vec![0; 4];
        out.extend(IDENTIFIER);
        let root = table(&mut out, fields);
        out[..4].copy_from_slice(&(root as u32).to_le_bytes());
        out
    }

    /// A model with one custom operator and its options.
    fn custom(name: &str, options: &[u8]) -> Vec<u8> {
        let operator = vec![(0, Part::Number(0)), (5, Part::Text(options.to_vec()))];
        model(&[
            (1, Part::Tables(vec![vec![(1, Part::Text(name.into())), (3, Part::Number(32))]])),
            (2, Part::Tables(vec![vec![(3, Part::Tables(vec![operator]))]])),
        ])
    }

    fn scan(bytes: &[u8]) -> Outcome {
        crate::scan(&Input::new("model.tflite", bytes), &Limits::default(), &MonotonicClock::start())
    }

    fn rules(bytes: &[u8]) -> Vec<(&'static str, Severity)> {
        let outcome = scan(bytes);
        assert_eq!(outcome.format, Some("tflite"));
        outcome.findings.iter().map(|finding| (finding.rule.id, finding.severity)).collect()
    }

    #[test]
    fn a_known_operator_is_clean_and_an_unknown_one_is_told() {
        assert_eq!(rules(&custom("TFLite_Detection_PostProcess", b"")), []);
        assert_eq!(rules(&custom("MyDecoder", b"")), [("model/tflite-custom-op", Severity::Medium)]);
    }

    #[test]
    fn a_flex_operator_is_judged_by_the_operation_it_stands_for() {
        assert_eq!(rules(&custom("FlexWriteFile", b"")), [("model/tflite-dangerous-op", Severity::High)]);
        assert_eq!(rules(&custom("FlexErf", b"")), []);
    }

    #[test]
    fn an_operation_in_the_options_counts_whatever_the_operator_is_called() {
        let node = b"\x0a\x01n\x12\x08ReadFile";
        assert_eq!(rules(&custom("FlexErf", node)), [("model/tflite-dangerous-op", Severity::High)]);
        assert_eq!(rules(&custom("FlexErf", b"\x0a\x01n\x12\x03Erf")), []);
    }

    #[test]
    fn an_index_outside_its_table_is_told() {
        let tensor = |buffer| {
            let tensor = vec![(2, Part::Number(buffer))];
            model(&[
                (2, Part::Tables(vec![vec![(0, Part::Tables(vec![tensor]))]])),
                (4, Part::Tables(vec![vec![], vec![]])),
            ])
        };
        assert_eq!(rules(&tensor(1)), []);
        assert_eq!(rules(&tensor(9)), [("model/tflite-malformed", Severity::Medium)]);
    }

    #[test]
    fn a_cut_model_is_incomplete() {
        let whole = custom("MyDecoder", b"0123456789");
        let outcome = scan(&whole[..whole.len() / 2]);
        assert!(!outcome.gaps.is_empty());
        assert!(!outcome.findings.is_empty());
    }

    #[test]
    fn another_file_called_tflite_is_told() {
        assert_eq!(rules(b"nothing of the kind"), [("model/tflite-malformed", Severity::Low)]);
    }

    proptest! {
        #[test]
        fn a_damaged_model_never_panics(at in 0usize..400, byte: u8, cut in 0usize..400) {
            let mut bytes = custom("FlexReadFile", b"\x12\x08ReadFile");
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(bytes.len() - cut % bytes.len());
            let _ = scan(&bytes);
        }
    }
}

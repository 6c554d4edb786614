//! Core ML: the `Model` message of an `.mlmodel`, pipelines and MIL programs included, and the manifest of an `.mlpackage`.
//!
//! Source: `mlmodel/format/Model.proto`, `NeuralNetwork.proto`, `CustomModel.proto`, `LinkedModel.proto` and `MIL.proto` of
//! apple/coremltools. Messages are walked on an explicit stack by a table of which field holds which message; weights are
//! stepped over. Cost: linear in the number of fields.

use crate::formats::hidden::{self, Hidden};
use crate::formats::malformed::{MALFORMED_STRUCTURE, broken};
use crate::formats::onnx::{EXTERNAL_DATA_ESCAPE, check_path};
use crate::text::indicators::inspect_metadata;
use crate::wire::protobuf::{self, Value};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Finding, Kind, Location, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};

/// The Core ML format.
#[derive(Debug, Clone, Copy)]
pub struct CoreMl;

impl Format for CoreMl {
    fn id(&self) -> &'static str {
        "coreml"
    }

    fn name(&self) -> &'static str {
        "Core ML model"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["mlmodel"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&COREML_CUSTOM_CODE, &EXTERNAL_DATA_ESCAPE, &MALFORMED_STRUCTURE, &hidden::HIDDEN_DATA]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if is_model(input.bytes) {
            Recognition::Certain
        } else if input.extension() == "mlmodel" {
            Recognition::Weak
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let root = Pending { message: Message::Model, bytes: input.bytes, base: 0, depth: 0 };
        let mut walk = Walk { scan, stack: vec![root], custom: 0, unknown: 0, texts: 0 };
        walk.run();
    }
}

/// Whether the top-level fields are those of a `Model`: a specification version, and a description or a model type.
fn is_model(bytes: &[u8]) -> bool {
    let (mut version, mut described, mut kind) = (false, false, false);
    for field in protobuf::fields(bytes).take(64) {
        let Ok(field) = field else { return version && described };
        match (field.number, field.value) {
            (1, Value::Varint(1..=100)) => version = true,
            (2, Value::Bytes(description)) if is_description(description) => described = true,
            (10, Value::Varint(0 | 1)) => {}
            (200..=4000, Value::Bytes(_)) => kind = true,
            _ => return false,
        }
    }
    version && kind
}

/// Whether bytes are a `ModelDescription`: features, functions, metadata, all of them messages or names.
fn is_description(bytes: &[u8]) -> bool {
    let mut any = false;
    for field in protobuf::fields(bytes).take(16) {
        let Ok(field) = field else { return any };
        any = matches!((field.number, field.value), (1 | 10..=14 | 20..=22 | 50 | 100, Value::Bytes(_)));
        if !any {
            return false;
        }
    }
    any
}

/// Messages of the specification that lead to something worth judging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Message {
    Model,
    Description,
    Metadata,
    /// A map entry whose value, field 2, is free text.
    TextEntry,
    Pipeline,
    /// A classifier or regressor that wraps a pipeline.
    WrappedPipeline,
    NeuralNetwork,
    Layer,
    CustomLayer,
    CustomModel,
    LinkedModel,
    LinkedFile,
    /// A map entry of a custom layer's or model's parameters.
    Parameter,
    Program,
    /// A map entry whose value is a function, a block, a MIL value or an argument.
    FunctionEntry,
    BlockEntry,
    ValueEntry,
    Function,
    Block,
    Operation,
    MilValue,
    Immediate,
    ListValue,
    Blob,
}

/// What to do with a field.
enum Step {
    Into(Message),
    Text,
    Path,
    Skip,
}

impl Message {
    /// What field `number` of this message holds.
    fn field(self, number: u32) -> Step {
        use Message as M;
        use Step::{Into, Path, Skip, Text};
        match (self, number) {
            (M::Model, 2) => Into(M::Description),
            (M::Model, 200 | 201) => Into(M::WrappedPipeline),
            (M::Model, 202) | (M::WrappedPipeline, 1) => Into(M::Pipeline),
            (M::Model, 303 | 403 | 500) => Into(M::NeuralNetwork),
            (M::Model, 502) => Into(M::Program),
            (M::Model, 555) => Into(M::CustomModel),
            (M::Model, 556) => Into(M::LinkedModel),
            (M::Description, 100) => Into(M::Metadata),
            (M::Metadata, 1..=4) | (M::Program | M::MilValue, 1 | 3) | (M::TextEntry, 1 | 2) => {
                // Field 1 of a program is its version, field 3 of a value its immediate.
                match (self, number) {
                    (M::Program, 1) => Skip,
                    (M::MilValue, 3) => Into(M::Immediate),
                    _ => Text,
                }
            }
            (M::Metadata, 100) => Into(M::TextEntry),
            (M::Pipeline, 1) => Into(M::Model),
            (M::NeuralNetwork, 1) => Into(M::Layer),
            (M::Layer, 500) => Into(M::CustomLayer),
            (M::CustomLayer | M::CustomModel, 30) => Into(M::Parameter),
            (M::CustomLayer | M::CustomModel, 40) => Text,
            (M::LinkedModel, 1) => Into(M::LinkedFile),
            (M::LinkedFile, 1 | 2) => Path,
            (M::Program, 2) => Into(M::FunctionEntry),
            (M::Program | M::Function | M::Block, 4) | (M::Operation, 5) => Into(M::ValueEntry),
            (M::FunctionEntry, 2) => Into(M::Function),
            (M::Function, 3) => Into(M::BlockEntry),
            (M::BlockEntry, 2) | (M::Operation, 4) => Into(M::Block),
            (M::Block, 3) => Into(M::Operation),
            (M::ValueEntry, 2) | (M::ListValue, 1) => Into(M::MilValue),
            (M::MilValue, 5) => Into(M::Blob),
            (M::Immediate, 2 | 3) => Into(M::ListValue),
            _ => Skip,
        }
    }
}

struct Pending<'i> {
    message: Message,
    bytes: &'i [u8],
    base: u64,
    depth: u32,
}

struct Walk<'s, 'a, 'i> {
    scan: &'s mut Scan<'a>,
    stack: Vec<Pending<'i>>,
    custom: u32,
    unknown: u32,
    texts: usize,
}

impl<'i> Walk<'_, '_, 'i> {
    fn run(&mut self) {
        let mut steps = 0u32;
        while let Some(pending) = self.stack.pop() {
            steps = steps.wrapping_add(1);
            if steps.is_multiple_of(4096) && self.scan.out_of_time() {
                return;
            }
            self.custom_code(&pending);
            for field in protobuf::fields(pending.bytes) {
                match field {
                    Ok(field) => self.field(&pending, field.number, field.value, field.value_offset),
                    Err(error) => {
                        let offset = usize::try_from(pending.base).unwrap_or(usize::MAX);
                        broken(
                            self.scan,
                            offset,
                            format!("a message of the model cannot be read to its end: {error}"),
                        );
                        break;
                    }
                }
            }
        }
    }

    fn field(&mut self, pending: &Pending<'i>, number: u32, value: Value<'i>, value_offset: usize) {
        let Value::Bytes(bytes) = value else { return };
        let at = pending.base.saturating_add(value_offset as u64);
        match pending.message.field(number) {
            Step::Into(message) if pending.depth < DEPTH => {
                self.stack.push(Pending { message, bytes, base: at, depth: pending.depth.saturating_add(1) });
            }
            Step::Into(_) => {
                self.scan.gap(at, format!("messages nest deeper than {DEPTH} levels; not read"));
            }
            Step::Text => self.text(bytes, at),
            Step::Path => {
                // A `StringParameter`, whose default is field 1.
                for inner in protobuf::fields(bytes).flatten().filter(|inner| inner.number == 1) {
                    self.path(
                        &String::from_utf8_lossy(inner.bytes().unwrap_or_default()),
                        "the linked model",
                        at,
                    );
                }
            }
            Step::Skip => self.skipped(pending.message, number, bytes, at),
        }
    }

    /// Messages that call code of the application or name a file.
    fn custom_code(&mut self, pending: &Pending<'i>) {
        let text_of = |number: u32| {
            let mut fields = protobuf::fields(pending.bytes).flatten();
            fields
                .find(|field| field.number == number)
                .and_then(|field| field.bytes())
                .map(String::from_utf8_lossy)
        };
        match pending.message {
            Message::CustomLayer | Message::CustomModel => {
                self.custom = self.custom.saturating_add(1);
                if self.custom > CUSTOM_FINDINGS {
                    return;
                }
                let class = text_of(10).unwrap_or_default();
                let what = if pending.message == Message::CustomLayer { "layer" } else { "model" };
                let lower = class.to_ascii_lowercase();
                let dangerous = DANGEROUS_CLASSES.iter().any(|word| lower.contains(word))
                    || class.contains(['/', ' ', '(', ';']);
                let severity = if dangerous { Severity::High } else { Severity::Medium };
                let message = format!(
                    "a custom {what} makes the application create its class `{}` and run it",
                    bartizan_core::printable(&class, 120)
                );
                self.scan.report(
                    Finding::new(&COREML_CUSTOM_CODE, message)
                        .severity(severity)
                        .at(pending.base)
                        .evidence(&class),
                );
            }
            Message::Parameter => {
                // `CustomParamValue`: field 20 is a string, field 60 raw bytes.
                for value in protobuf::fields(pending.bytes).flatten().filter(|field| field.number == 2) {
                    for inner in protobuf::fields(value.bytes().unwrap_or_default()).flatten() {
                        let at = pending.base.saturating_add(value.value_offset as u64);
                        match (inner.number, inner.bytes()) {
                            (20, Some(text)) => self.text(text, at),
                            (60, Some(bytes)) => self.payload(bytes, at),
                            _ => {}
                        }
                    }
                }
            }
            Message::Operation => {
                let kind = text_of(1).unwrap_or_default();
                if kind.starts_with("custom") || kind.to_ascii_lowercase().contains("python") {
                    let message = format!(
                        "operation `{}` runs code of the application",
                        bartizan_core::printable(&kind, 80)
                    );
                    self.scan
                        .report(Finding::new(&COREML_CUSTOM_CODE, message).at(pending.base).evidence(&kind));
                }
            }
            Message::Blob => {
                if let Some(path) = text_of(1) {
                    // The macro stands for the package's own folder.
                    let path =
                        path.strip_prefix("@model_path/").map(ToOwned::to_owned).unwrap_or(path.into_owned());
                    self.path(&path, "a blob of weights", pending.base);
                }
            }
            _ => {}
        }
    }

    fn path(&mut self, path: &str, what: &str, at: u64) {
        let place = Location { offset: Some(at), ..Location::default() };
        check_path(path, what, &place, self.scan);
    }

    /// Fields no one follows: known weights and unknown fields alike may carry a file.
    fn skipped(&mut self, message: Message, number: u32, bytes: &[u8], at: u64) {
        self.payload(bytes, at);
        let unknown = match message {
            Message::Model => !(200..=4000).contains(&number),
            Message::LinkedModel | Message::LinkedFile | Message::TextEntry | Message::Blob => number > 2,
            Message::Metadata => number > 4,
            _ => number >= 10_000,
        };
        if unknown && bytes.len() >= UNKNOWN_BYTES {
            self.unknown = self.unknown.saturating_add(1);
            if self.unknown <= UNKNOWN_FINDINGS {
                hidden::report(
                    self.scan,
                    bytes,
                    at,
                    &format!("in field {number}, which Core ML does not define"),
                    false,
                );
            }
        }
    }

    fn payload(&mut self, bytes: &[u8], at: u64) {
        if let Some(kind) = Hidden::at_start_of(bytes) {
            hidden::report_tensor(self.scan, bytes, at, "field", kind);
        }
    }

    fn text(&mut self, text: &[u8], at: u64) {
        self.texts = self.texts.saturating_add(text.len());
        if self.texts > TEXT_BYTES {
            return self
                .scan
                .gap(at, format!("more than {TEXT_BYTES} bytes of text; the rest was not judged"));
        }
        let place = Location { offset: Some(at), ..Location::default() };
        inspect_metadata(&String::from_utf8_lossy(text), &place, self.scan);
    }
}

/// Deepest nesting of messages walked; protobuf readers themselves give up at 100.
const DEPTH: u32 = 100;
/// Most custom layers reported one by one.
const CUSTOM_FINDINGS: u32 = 64;
/// Most unknown fields reported.
const UNKNOWN_FINDINGS: u32 = 16;
/// From this size, in bytes, an unknown field is hidden data.
const UNKNOWN_BYTES: usize = 64;
/// Most free text judged in one model, in bytes.
const TEXT_BYTES: usize = 64 << 20;

/// Parts of class names, in lower case, that start processes or run scripts.
const DANGEROUS_CLASSES: &[&str] = &[
    "nstask",
    "nsapplescript",
    "process",
    "jscontext",
    "nsbundle",
    "dlopen",
    "system",
    "shell",
    "exec",
    "wkwebview",
    "invocation",
];

/// The manifest of a Core ML package.
#[derive(Debug, Clone, Copy)]
pub struct CoreMlManifest;

impl Format for CoreMlManifest {
    fn id(&self) -> &'static str {
        "coreml-manifest"
    }

    fn name(&self) -> &'static str {
        "Core ML package manifest"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&EXTERNAL_DATA_ESCAPE, &MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let head = input.head(MANIFEST_HEAD);
        let opens = head.trim_ascii_start().starts_with(b"{");
        if opens
            && ["\"itemInfoEntries\"", "\"rootModelIdentifier\""]
                .iter()
                .any(|key| memchr::memmem::find(head, key.as_bytes()).is_some())
        {
            Recognition::Certain
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let mut reader = crate::wire::json::Reader::new(input.bytes);
        while let Some(event) = reader.next() {
            let offset = reader.offset();
            match event {
                Ok(crate::wire::json::Event::String(text)) => {
                    let place = Location {
                        offset: Some(offset as u64),
                        pointer: Some(reader.pointer()),
                        ..Location::default()
                    };
                    let value = text.text();
                    if reader.nearest_key().is_some_and(|key| key.text() == "path") {
                        check_path(&value, "an entry of the package", &place, scan);
                    } else {
                        inspect_metadata(&value, &place, scan);
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    return broken(scan, error.offset, format!("the manifest is not JSON: {}", error.reason));
                }
            }
        }
    }
}

/// How much of a manifest is looked at to recognise it, in bytes.
const MANIFEST_HEAD: usize = 64 << 10;

rule! {
    /// ## What it finds
    /// Custom layers and custom models in a Core ML model: places that name a class of the application.
    /// ## Why it matters
    /// Core ML creates the class by its name and runs it for each prediction. The model decides which class of the process
    /// that is and with what parameters.
    /// ## Example
    /// A layer with `custom { className: "NSTask" }`.
    /// ## How to fix
    /// Run the model only in an application that knows each class it names; convert it without custom layers.
    /// ## References
    /// - <https://developer.apple.com/documentation/coreml/mlcustomlayer>
    pub const COREML_CUSTOM_CODE: Rule = Rule {
        id: "model/coreml-custom-code",
        title: "a custom layer or model that runs code of the application",
        severity: Severity::Medium,
        remedy: "Run it only in an application that knows each class it names, or convert it without custom layers.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(470), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;
    use bartizan_core::{Limits, MonotonicClock};
    use proptest::prelude::*;

    fn varint(mut value: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while value >= 0x80 {
            bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        bytes.push(value as u8);
        bytes
    }

    fn bytes(field: u64, value: &[u8]) -> Vec<u8> {
        [varint(field << 3 | 2), varint(value.len() as u64), value.to_vec()].concat()
    }

    /// A model of specification 8 with a feature called `x`, and `body` behind it.
    fn model(body: &[u8]) -> Vec<u8> {
        [vec![8, 8], bytes(2, &bytes(1, &bytes(1, b"x"))), body.to_vec()].concat()
    }

    fn scanned(content: &[u8]) -> Outcome {
        crate::scan(&Input::new("m.mlmodel", content), &Limits::default(), &MonotonicClock::start())
    }

    fn rules(outcome: &Outcome) -> Vec<(&'static str, Severity)> {
        outcome.findings.iter().map(|finding| (finding.rule.id, finding.severity)).collect()
    }

    #[test]
    fn a_plain_model_is_recognised_and_clean() {
        let outcome = scanned(&model(&bytes(500, &bytes(1, &bytes(1, b"dense")))));
        assert_eq!((outcome.format, rules(&outcome), outcome.gaps.len()), (Some("coreml"), vec![], 0));
    }

    #[test]
    fn a_linked_model_outside_the_folder_is_high_and_one_beside_is_not() {
        let linked = |path: &str| model(&bytes(556, &bytes(1, &bytes(1, &bytes(1, path.as_bytes())))));
        assert_eq!(
            rules(&scanned(&linked("../outside.mlmodel"))),
            [(EXTERNAL_DATA_ESCAPE.id, Severity::High)]
        );
        assert_eq!(rules(&scanned(&linked("part.mlmodel"))), []);
    }

    #[test]
    fn a_custom_layer_is_found_inside_a_pipeline() {
        let custom = bytes(500, &bytes(1, &bytes(500, &bytes(10, b"Swish"))));
        let piped = model(&bytes(202, &bytes(1, &model(&custom))));
        assert_eq!(rules(&scanned(&piped)), [(COREML_CUSTOM_CODE.id, Severity::Medium)]);
        let task = model(&bytes(555, &bytes(10, b"NSTask")));
        assert_eq!(rules(&scanned(&task)), [(COREML_CUSTOM_CODE.id, Severity::High)]);
    }

    #[test]
    fn a_blob_outside_the_package_is_high_and_one_inside_is_not() {
        let program = |path: &str| {
            let value = bytes(5, &bytes(1, path.as_bytes()));
            let operation =
                [bytes(1, b"const"), bytes(5, &[bytes(1, b"val"), bytes(2, &value)].concat())].concat();
            let function = bytes(3, &[bytes(1, b"CoreML5"), bytes(2, &bytes(3, &operation))].concat());
            model(&bytes(502, &bytes(2, &[bytes(1, b"main"), bytes(2, &function)].concat())))
        };
        assert_eq!(
            rules(&scanned(&program("@model_path/../../w.bin"))),
            [(EXTERNAL_DATA_ESCAPE.id, Severity::High)]
        );
        assert_eq!(rules(&scanned(&program("@model_path/weights/weight.bin"))), []);
    }

    #[test]
    fn user_metadata_is_judged() {
        let metadata = bytes(100, &[bytes(1, b"run"), bytes(2, b"os.system('id')")].concat());
        let content =
            [vec![8, 8], bytes(2, &[bytes(1, b""), bytes(100, &metadata)].concat()), bytes(500, b"")]
                .concat();
        assert_eq!(rules(&scanned(&content)), [("model/metadata-code", Severity::High)]);
    }

    #[test]
    fn a_manifest_path_outside_the_package_is_high_and_a_plain_one_is_not() {
        let manifest = |path: &str| {
            let text = format!(
                r#"{{"fileFormatVersion":"1.0.0","itemInfoEntries":{{"A":{{"path":"{path}"}}}},"rootModelIdentifier":"A"}}"#
            );
            rules(&crate::scan(
                &Input::new("Manifest.json", text.as_bytes()),
                &Limits::default(),
                &MonotonicClock::start(),
            ))
        };
        assert!(manifest("../../x").contains(&(EXTERNAL_DATA_ESCAPE.id, Severity::High)));
        assert_eq!(manifest("com.apple.CoreML/model.mlmodel"), []);
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_result(content: Vec<u8>) {
            crate::scan_as(&CoreMl, &Input::new("m", &content), &Limits::default(), &MonotonicClock::start());
        }

        #[test]
        fn a_damaged_model_gives_a_result(at in 0usize..200, to: u8) {
            let mut content = model(&bytes(502, &bytes(2, &bytes(2, &bytes(3, &bytes(2, &bytes(3, b"op")))))));
            let at = at % content.len();
            content[at] = to;
            crate::scan_as(&CoreMl, &Input::new("m", &content), &Limits::default(), &MonotonicClock::start());
        }
    }
}

//! The walk over a `ModelProto`: graphs, subgraphs, functions and training graphs on one explicit stack.

use super::tensor::{self, FloatTensor};
use super::{ONNX_MALFORMED, external, field_end, model_field, operators};
use crate::formats::hidden;
use crate::text::indicators::{inspect_metadata, path_escape};
use crate::wire::protobuf::{self, ProtobufError, Value};
use crate::{Input, Scan, weights};
use bartizan_core::{Finding, Location, Severity};
use std::collections::HashSet;

/// Reads a model to its end.
pub(super) fn model(input: &Input<'_>, scan: &mut Scan<'_>) {
    let mut walk = Walk {
        input: *input,
        scan,
        stack: Vec::new(),
        functions: HashSet::new(),
        operators: HashSet::new(),
        malformed: 0,
        unknown: 0,
        texts: 0,
        floats: Vec::new(),
    };
    walk.top_level();
    walk.run();
    let floats: Vec<weights::Tensor<'_>> = walk
        .floats
        .iter()
        .map(|tensor| weights::Tensor {
            name: &tensor.name,
            float: tensor.float,
            shape: &tensor.shape,
            bytes: tensor.bytes,
            offset: tensor.offset,
        })
        .collect();
    weights::inspect(&floats, walk.scan);
}

/// A message still to be walked.
struct Pending<'i> {
    kind: Message,
    bytes: &'i [u8],
    /// Where the bytes start in the file.
    base: u64,
    depth: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Message {
    Graph,
    Node,
    Attribute,
    Tensor,
    SparseTensor,
    Function,
    Training,
}

struct Walk<'s, 'a, 'i> {
    input: Input<'i>,
    scan: &'s mut Scan<'a>,
    stack: Vec<Pending<'i>>,
    /// Operators the model defines itself, as domain and name.
    functions: HashSet<(Vec<u8>, Vec<u8>)>,
    /// Operators judged so far.
    operators: HashSet<(Vec<u8>, Vec<u8>)>,
    malformed: u32,
    unknown: u32,
    /// Bytes of free text judged so far.
    texts: usize,
    floats: Vec<FloatTensor<'i>>,
}

impl<'i> Walk<'_, '_, 'i> {
    fn top_level(&mut self) {
        let bytes = self.input.bytes;
        let (mut end, mut graphs, mut fields, mut opsets) = (0usize, 0u32, 0u64, 0u32);
        for field in protobuf::fields(bytes) {
            let field = match field {
                Ok(field) => field,
                Err(error) => {
                    self.broken_off(end, error, graphs > 0);
                    break;
                }
            };
            fields = fields.saturating_add(1);
            if fields.is_multiple_of(4096) && self.scan.out_of_time() {
                return;
            }
            end = field_end(&field);
            let at = field.value_offset as u64;
            match (field.number, field.value) {
                (model_field::GRAPH, Value::Bytes(graph)) => {
                    graphs = graphs.saturating_add(1);
                    self.push(Message::Graph, graph, at, 0);
                }
                (model_field::TRAINING_INFO, Value::Bytes(training)) => {
                    self.push(Message::Training, training, at, 0);
                }
                (model_field::FUNCTIONS, Value::Bytes(function)) => {
                    self.functions.insert(function_name(function));
                    self.push(Message::Function, function, at, 0);
                }
                (model_field::METADATA_PROPS, Value::Bytes(entry)) => self.property(entry, at),
                (2 | 3 | 4 | model_field::DOC_STRING, Value::Bytes(text)) => self.text(text, at, "/model"),
                (model_field::OPSET_IMPORT, Value::Bytes(_)) => opsets = opsets.saturating_add(1),
                (model_field::IR_VERSION | model_field::MODEL_VERSION, Value::Varint(_))
                | (model_field::CONFIGURATION, Value::Bytes(_)) => {}
                (number, value) => self.unknown(number, value, at),
            }
        }
        if graphs == 0 {
            self.malformed(Severity::Low, 0, "the model has no graph".to_owned());
        } else if graphs > 1 {
            // protobuf merges repeated occurrences; readers that take the first or the last see another model.
            self.malformed(
                Severity::Medium,
                0,
                format!("the graph is written {graphs} times; readers disagree on which one counts"),
            );
        }
        if graphs > 0 && opsets == 0 {
            self.malformed(Severity::Low, 0, "the model imports no operator set".to_owned());
        }
    }

    /// The message cannot be read on from `end`.
    fn broken_off(&mut self, end: usize, error: ProtobufError, had_graph: bool) {
        let rest = self.input.bytes.get(end..).unwrap_or_default();
        self.malformed(
            Severity::Medium,
            end as u64,
            format!("no protobuf reader gets past byte {end}: {error}"),
        );
        self.scan.gap(end as u64, "not valid protobuf from here on; fetch or export the model again");
        external::sweep(rest, end as u64, self.scan);
        if had_graph && matches!(error, ProtobufError::BadKey { .. }) {
            let zero = rest.iter().all(|&byte| byte == 0);
            hidden::report(self.scan, rest, end as u64, "behind the model", zero);
        }
        let text = String::from_utf8_lossy(rest.get(..SWEPT_TEXT).unwrap_or(rest));
        inspect_metadata(&text, &Location { offset: Some(end as u64), ..Location::default() }, self.scan);
        // What the cut-off field holds is still walked: weights that name a file come early in a graph.
        let mut cursor = bartizan_core::Cursor::new(rest);
        if let (Ok(key), Ok(length)) = (cursor.varint(), cursor.varint())
            && key == u64::from(super::GRAPH_KEY)
            && length > cursor.remaining() as u64
        {
            let base = (end as u64).saturating_add(cursor.position() as u64);
            self.push(Message::Graph, cursor.rest(), base, 0);
        }
    }

    fn run(&mut self) {
        let mut steps = 0u64;
        while let Some(pending) = self.stack.pop() {
            steps = steps.saturating_add(1);
            if steps.is_multiple_of(1024) && self.scan.out_of_time() {
                return;
            }
            let outcome = match pending.kind {
                Message::Node => self.node(&pending),
                Message::Tensor => self.tensor(&pending),
                _ => self.message(&pending),
            };
            if let Err(error) = outcome {
                self.malformed(
                    Severity::Medium,
                    pending.base,
                    format!("a message inside the model cannot be read to its end: {error}"),
                );
                self.scan.gap(pending.base, "not valid protobuf inside; fetch or export the model again");
                external::sweep(pending.bytes, pending.base, self.scan);
            }
        }
    }

    fn push(&mut self, kind: Message, bytes: &'i [u8], base: u64, depth: u32) {
        if depth > DEPTH {
            self.malformed(Severity::Medium, base, format!("graphs nest deeper than {DEPTH} levels"));
            return self.scan.gap(base, "nested too deep; not read");
        }
        self.stack.push(Pending { kind, bytes, base, depth });
    }

    /// Every message whose fields need no order: by number, what each field is.
    fn message(&mut self, pending: &Pending<'i>) -> Result<(), ProtobufError> {
        use Message::{Attribute, Function, Graph, Node, SparseTensor, Tensor, Training};
        for field in protobuf::fields(pending.bytes) {
            let field = field?;
            let at = pending.base.saturating_add(field.value_offset as u64);
            let depth = pending.depth.saturating_add(1);
            let Value::Bytes(bytes) = field.value else { continue };
            match (pending.kind, field.number) {
                (Graph, 1) | (Function, 7) => self.push(Node, bytes, at, depth),
                (Graph, 5) | (Attribute, 5 | 10) | (SparseTensor, 1 | 2) => {
                    self.push(Tensor, bytes, at, depth);
                }
                (Graph, 15) | (Attribute, 22 | 23) => self.push(SparseTensor, bytes, at, depth),
                (Attribute, 6 | 11) | (Training, 1 | 2) => self.push(Graph, bytes, at, depth),
                (Function, 11) => self.push(Attribute, bytes, at, depth),
                (Graph, 10) | (Function, 8) | (Attribute, 4 | 13) => self.text(bytes, at, "/doc_string"),
                (Graph, 16) | (Function, 14) => self.property(bytes, at),
                (Graph, 2 | 11..=14)
                | (Function, 1 | 4..=6 | 9 | 10 | 12 | 13)
                | (Attribute, 1 | 7..=9 | 14 | 15 | 21)
                | (Training, 3 | 4)
                | (SparseTensor, 3) => {}
                (_, number) => self.unknown(number, field.value, at),
            }
        }
        Ok(())
    }

    fn node(&mut self, pending: &Pending<'i>) -> Result<(), ProtobufError> {
        let (mut name, mut domain): (&[u8], &[u8]) = (b"", b"");
        let mut attributes = Vec::new();
        let mut outcome = Ok(());
        for field in protobuf::fields(pending.bytes) {
            let field = match field {
                Ok(field) => field,
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            };
            let at = pending.base.saturating_add(field.value_offset as u64);
            match (field.number, field.value) {
                (4, Value::Bytes(text)) => name = text,
                (7, Value::Bytes(text)) => domain = text,
                (5, Value::Bytes(attribute)) => attributes.push((attribute, at)),
                (6, Value::Bytes(text)) => self.text(text, at, "/node/doc_string"),
                (9, Value::Bytes(entry)) => self.property(entry, at),
                (1..=3 | 8 | 10, _) => {}
                (number, value) => self.unknown(number, value, at),
            }
        }
        let operator = (domain.to_vec(), name.to_vec());
        let is_local = self.functions.contains(&operator);
        let domain_text = String::from_utf8_lossy(domain);
        if !is_local
            && self.operators.len() < OPERATORS
            && self.operators.insert(operator)
            && let Some(finding) = operators::verdict(&domain_text, &String::from_utf8_lossy(name))
        {
            self.scan.report(finding.at(pending.base));
        }
        let custom = !is_local && !operators::is_built_in(&domain_text);
        for (attribute, at) in attributes {
            if custom || name == b"EPContext" {
                self.custom_attribute(attribute, at, &String::from_utf8_lossy(name));
            }
            self.push(Message::Attribute, attribute, at, pending.depth.saturating_add(1));
        }
        outcome
    }

    /// String attributes of an operator outside ONNX: the library that implements it decides what they do.
    fn custom_attribute(&mut self, attribute: &[u8], at: u64, operator: &str) {
        for field in protobuf::fields(attribute).flatten() {
            let (4 | 9, Some(text)) = (field.number, field.text()) else { continue };
            let is_path = text.contains(['/', '\\']) && !text.contains(char::is_whitespace);
            let place = Location {
                offset: Some(at),
                pointer: Some(format!("/node/{operator}")),
                ..Location::default()
            };
            if is_path && path_escape(text).is_some() {
                external::check_path(
                    text,
                    &format!("an attribute of operator `{operator}`"),
                    &place,
                    self.scan,
                );
            }
            if field.number == 9 {
                self.text(text.as_bytes(), at, "/attribute");
            }
        }
    }

    fn tensor(&mut self, pending: &Pending<'i>) -> Result<(), ProtobufError> {
        let mut unknown = Vec::new();
        let (floats, outcome) =
            tensor::check(pending.bytes, pending.base, &self.input, self.scan, &mut unknown);
        if self.floats.len() < FLOAT_TENSORS {
            self.floats.extend(floats);
        }
        for (at, bytes) in unknown {
            self.unknown(0, Value::Bytes(&bytes), at);
        }
        outcome
    }

    /// A field the schema does not have. Small ones are what newer versions of ONNX bring; large ones carry something.
    fn unknown(&mut self, number: u32, value: Value<'_>, at: u64) {
        let Value::Bytes(bytes) = value else { return };
        self.unknown = self.unknown.saturating_add(1);
        if self.unknown > UNKNOWN_FIELDS {
            return;
        }
        if bytes.len() >= UNKNOWN_BYTES {
            hidden::report(
                self.scan,
                bytes,
                at,
                &format!("in field {number}, which ONNX does not define"),
                false,
            );
        }
        if let Ok(text) = std::str::from_utf8(bytes) {
            self.text(text.as_bytes(), at, "/unknown");
        }
    }

    fn property(&mut self, entry: &[u8], at: u64) {
        let (key, value) = external::key_value(entry);
        let pointer = format!("/metadata_props/{}", bartizan_core::printable(&key, 120));
        self.text(value.as_bytes(), at, &pointer);
        self.text(key.as_bytes(), at, &pointer);
    }

    fn text(&mut self, text: &[u8], at: u64, pointer: &str) {
        if text.len() < SHORTEST_TEXT {
            return;
        }
        self.texts = self.texts.saturating_add(text.len());
        if self.texts > TEXT_BYTES {
            return self
                .scan
                .gap(at, format!("more than {TEXT_BYTES} bytes of text; the rest was not judged"));
        }
        let place = Location { offset: Some(at), pointer: Some(pointer.to_owned()), ..Location::default() };
        inspect_metadata(&String::from_utf8_lossy(text), &place, self.scan);
    }

    fn malformed(&mut self, severity: Severity, at: u64, message: String) {
        self.malformed = self.malformed.saturating_add(1);
        if self.malformed <= FAULTS {
            self.scan.report(Finding::new(&ONNX_MALFORMED, message).severity(severity).at(at));
        }
    }
}

/// Domain and name of a `FunctionProto`.
fn function_name(function: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut domain, mut name) = (Vec::new(), Vec::new());
    for field in protobuf::fields(function).flatten() {
        match (field.number, field.bytes()) {
            (1, Some(bytes)) => name = bytes.to_vec(),
            (10, Some(bytes)) => domain = bytes.to_vec(),
            _ => {}
        }
    }
    (domain, name)
}

/// Deepest nesting walked; protobuf readers themselves give up at 100.
const DEPTH: u32 = 100;
/// Most different operators judged.
const OPERATORS: usize = 10_000;
/// Most tensors whose values are looked at.
const FLOAT_TENSORS: usize = 100_000;
/// Most malformed places reported one by one.
const FAULTS: u32 = 32;
/// Most unknown fields looked into.
const UNKNOWN_FIELDS: u32 = 256;
/// From this size, in bytes, an unknown field is hidden data.
const UNKNOWN_BYTES: usize = 64;
/// Shortest text judged, in bytes: shorter ones hold no command.
const SHORTEST_TEXT: usize = 6;
/// Most free text judged in one model, in bytes.
const TEXT_BYTES: usize = 64 << 20;
/// How much of an unparseable part is judged as text, in bytes.
const SWEPT_TEXT: usize = 1 << 20;

//! ONNX: a protobuf `ModelProto` with graphs, weights, and references to files beside it.
//!
//! Source: `onnx.proto` and `external_data_helper.py` of onnx/onnx. The message is walked without a schema library and
//! without loading tensors. ONNX has no magic; it is recognised by the wire types of its top-level fields.
//! Cost: linear in the number of fields; tensor data is stepped over.

mod external;
pub(crate) use external::{check_path, check_sibling};
mod operators;
pub mod ort;
mod tensor;
mod walk;

use crate::formats::hidden;
use crate::wire::protobuf::{self, Field, Value};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Kind, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};

/// The ONNX format.
#[derive(Debug, Clone, Copy)]
pub struct Onnx;

impl Format for Onnx {
    fn id(&self) -> &'static str {
        "onnx"
    }

    fn name(&self) -> &'static str {
        "ONNX model"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["onnx", "pb"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&EXTERNAL_DATA_ESCAPE, &ONNX_CUSTOM_OPERATOR, &ONNX_MALFORMED, &hidden::HIDDEN_DATA]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if is_model(input.bytes) {
            Recognition::Certain
        } else if input.extension() == "onnx" {
            Recognition::Weak
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        walk::model(input, scan);
    }
}

/// Field numbers of `ModelProto`.
mod model_field {
    pub(super) const IR_VERSION: u32 = 1;
    pub(super) const MODEL_VERSION: u32 = 5;
    pub(super) const DOC_STRING: u32 = 6;
    pub(super) const GRAPH: u32 = 7;
    pub(super) const OPSET_IMPORT: u32 = 8;
    pub(super) const METADATA_PROPS: u32 = 14;
    pub(super) const TRAINING_INFO: u32 = 20;
    pub(super) const FUNCTIONS: u32 = 25;
    pub(super) const CONFIGURATION: u32 = 26;
}

/// Whether the top-level fields are those of a `ModelProto`: the right wire types, an IR version, and a graph or an
/// operator set. TensorFlow's, Core ML's, Caffe's and SentencePiece's messages fail one of the three.
fn is_model(bytes: &[u8]) -> bool {
    let (mut version, mut body, mut end) = (false, false, 0usize);
    for field in protobuf::fields(bytes).take(RECOGNISED_FIELDS) {
        let Ok(field) = field else {
            // A file cut off inside its graph is still a model; the graph's key stands where the last field ended.
            return version && (body || bytes.get(end) == Some(&GRAPH_KEY));
        };
        end = field_end(&field);
        match (field.number, field.value) {
            (model_field::IR_VERSION, Value::Varint(1..=1000)) => version = true,
            (model_field::GRAPH, Value::Bytes(graph)) if is_graph(graph) => body = true,
            (model_field::OPSET_IMPORT, Value::Bytes(opset)) if is_operator_set(opset) => body = true,
            (2 | 3 | 4 | model_field::DOC_STRING, Value::Bytes(text)) if is_text(text) => {}
            (model_field::MODEL_VERSION, Value::Varint(_))
            | (
                model_field::METADATA_PROPS
                | model_field::TRAINING_INFO
                | model_field::FUNCTIONS
                | model_field::CONFIGURATION,
                Value::Bytes(_),
            ) => {}
            (0..=8, _) => return false,
            _ => {}
        }
    }
    version && body
}

/// Whether bytes begin like a `GraphProto`.
fn is_graph(graph: &[u8]) -> bool {
    protobuf::fields(graph).take(4).all(|field| {
        field.map_or(true, |field| matches!((field.number, field.value), (1..=16, Value::Bytes(_))))
    })
}

/// Whether bytes are an `OperatorSetIdProto`: a domain and a version.
fn is_operator_set(opset: &[u8]) -> bool {
    protobuf::fields(opset).take(4).all(|field| {
        field.is_ok_and(|field| {
            matches!((field.number, field.value), (1, Value::Bytes(_)) | (2, Value::Varint(_)))
        })
    })
}

fn is_text(text: &[u8]) -> bool {
    let head = text.get(..64).unwrap_or(text);
    head.iter().all(|&byte| byte >= b' ' || matches!(byte, b'\n' | b'\r' | b'\t'))
}

/// Where a field ends in the slice its walk began with.
fn field_end(field: &Field<'_>) -> usize {
    let length = match field.value {
        Value::Bytes(bytes) => bytes.len(),
        Value::Fixed64(_) => 8,
        Value::Fixed32(_) => 4,
        Value::Varint(value) => u64::BITS.saturating_sub(value.leading_zeros().min(63)).div_ceil(7) as usize,
    };
    field.value_offset.saturating_add(length)
}

/// Most top-level fields looked at to recognise a model.
const RECOGNISED_FIELDS: usize = 4096;
/// Key of the field `graph`, wire type 2.
const GRAPH_KEY: u8 = 0x3a;

rule! {
    /// ## What it finds
    /// A model whose weights are said to lie in a file outside the model's folder: `..` in the path, an absolute path, a
    /// drive or network path, an address, a NUL byte, or a symbolic link. ONNX external data, OpenVINO constants, Core ML
    /// linked models and blob files, and shard indexes are covered.
    /// ## Why it matters
    /// The loader opens the path. Reading puts any file of the machine into a tensor that the model can give out; saving
    /// the model again writes over it.
    /// ## Example
    /// An initializer with `location = "../../../../etc/passwd"`.
    /// ## How to fix
    /// Do not load the model. Get it again from its publisher, with its weights beside it; keep onnx at 1.21 or later.
    /// ## References
    /// - CVE-2022-25882, CVE-2024-27318, CVE-2024-5187, CVE-2025-51480, CVE-2026-34447
    /// - <https://onnx.ai/onnx/repo-docs/ExternalData.html>
    pub const EXTERNAL_DATA_ESCAPE: Rule = Rule {
        id: "model/external-data-escape",
        title: "a reference to data outside the model's folder",
        severity: Severity::High,
        remedy: "Do not load it; get the model again from its publisher with its data beside it.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(22), cwe(73), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// Nodes whose operator is not part of ONNX: operators that run Python, read files or open connections, and operators
    /// of domains that only a native library can provide.
    /// ## Why it matters
    /// A custom operator is code outside the model. The model cannot run without it, so whoever runs the model is asked to
    /// load that code.
    /// ## Example
    /// A node `PythonOp`, which calls a Python function by name during inference.
    /// ## How to fix
    /// Run the model only with operator libraries you built or got from their vendor; refuse Python operators.
    /// ## References
    /// - <https://onnxruntime.ai/docs/reference/operators/add-custom-op.html>
    pub const ONNX_CUSTOM_OPERATOR: Rule = Rule {
        id: "model/onnx-custom-operator",
        title: "an operator that ONNX does not define",
        severity: Severity::Medium,
        remedy: "Find out which library provides the operator, and run the model only with one you trust.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(829), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// An ONNX file that is no valid protobuf to its end, tensors whose shape and data do not agree, external data that is
    /// smaller than the model says, or fields of the wrong type.
    /// ## Why it matters
    /// Runtimes are written in C++ and have read past buffers on such files. A file that only some readers accept shows a
    /// reviewer something else than it runs.
    /// ## Example
    /// A tensor of 2^40 by 2^40 floats with four bytes of data.
    /// ## How to fix
    /// Export the model again from its source; check it with `onnx.checker`.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/1284.html>
    pub const ONNX_MALFORMED: Rule = Rule {
        id: "model/onnx-malformed",
        title: "an ONNX structure that does not hold together",
        severity: Severity::Medium,
        remedy: "Export the model again from its source, and check it with onnx.checker.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(1284), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}

#[cfg(test)]
mod tests;

//! ONNX Runtime's own format (`.ort`): an ONNX model as a flatbuffer, for mobile and minimal builds.
//!
//! Read are the operators of the graph by domain; initializers are skipped, subgraphs inside attributes are not walked.
//! Source: ONNX Runtime `onnxruntime/core/flatbuffers/schema/ort.fbs` (file identifier `ORTM`). Linear in the nodes.

use super::operators;
use crate::formats::malformed::{MALFORMED_STRUCTURE, broken};
use crate::formats::native_library::{NATIVE_LIBRARY, report_library};
use crate::wire::flatbuffer::{self, FlatbufferError, Table};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Kind, Rule};
use std::collections::HashSet;

/// ONNX Runtime models.
pub static ORT: Ort = Ort;

/// See [`ORT`].
#[derive(Debug, Clone, Copy)]
pub struct Ort;

/// The flatbuffer's identifier, at byte 4.
const IDENTIFIER: &[u8; 4] = b"ORTM";
/// Most different operators reported.
const MOST_TOLD: usize = 64;
/// Nodes between looks at the clock.
const CHECK_EVERY: usize = 1 << 12;

/// Fields by their place in the schema.
mod field {
    pub(super) const SESSION_MODEL: u16 = 1;
    pub(super) const MODEL_PRODUCER: u16 = 2;
    pub(super) const MODEL_DOMAIN: u16 = 4;
    pub(super) const MODEL_DOC: u16 = 6;
    pub(super) const MODEL_GRAPH: u16 = 7;
    pub(super) const GRAPH_NODES: u16 = 2;
    pub(super) const NODE_DOC: u16 = 1;
    pub(super) const NODE_DOMAIN: u16 = 2;
    pub(super) const NODE_OPERATOR: u16 = 5;
}

impl Format for Ort {
    fn id(&self) -> &'static str {
        "ort"
    }

    fn name(&self) -> &'static str {
        "ONNX Runtime model"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["ort"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&super::ONNX_CUSTOM_OPERATOR, &NATIVE_LIBRARY, &MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if flatbuffer::identifier(input.bytes).as_ref() == Some(IDENTIFIER) {
            Recognition::Certain
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        if let Err(error) = read(input.bytes, scan) {
            broken(scan, 0, format!("the ONNX Runtime model breaks off: {error}"));
        }
    }
}

fn read(bytes: &[u8], scan: &mut Scan<'_>) -> Result<(), FlatbufferError> {
    let session = flatbuffer::root(bytes)?;
    let Some(model) = session.table(field::SESSION_MODEL)? else { return Ok(()) };
    for index in [field::MODEL_PRODUCER, field::MODEL_DOMAIN, field::MODEL_DOC] {
        report_library(&text(&model, index)?, model.position(), scan);
    }
    let Some(graph) = model.table(field::MODEL_GRAPH)? else { return Ok(()) };
    let nodes = graph.references(field::GRAPH_NODES)?;
    let mut told = HashSet::new();
    for index in 0..nodes.len() {
        if index.is_multiple_of(CHECK_EVERY) && scan.out_of_time() {
            return Ok(());
        }
        let node = nodes.table(index)?;
        report_library(&text(&node, field::NODE_DOC)?, node.position(), scan);
        let operator = (text(&node, field::NODE_DOMAIN)?, text(&node, field::NODE_OPERATOR)?);
        if told.len() < MOST_TOLD
            && let Some(finding) = operators::verdict(&operator.0, &operator.1)
            && told.insert(operator)
        {
            scan.report(finding.at(node.position() as u64));
        }
    }
    Ok(())
}

fn text(table: &Table<'_>, index: u16) -> Result<String, FlatbufferError> {
    Ok(String::from_utf8_lossy(table.string(index)?.unwrap_or_default()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use proptest::prelude::*;

    /// A table whose vtable holds `slots` (0 for absent), followed by `body`; the layout is that of flatbuffers.
    fn model(domain: &str, operator: &str) -> Vec<u8> {
        let mut out = vec![0; 8];
        out[4..].copy_from_slice(IDENTIFIER);
        let string = |out: &mut Vec<u8>, text: &str| {
            let at = out.len();
            out.extend((text.len() as u32).to_le_bytes());
            out.extend(text.as_bytes());
            out.resize(out.len().next_multiple_of(4) + 4, 0);
            at
        };
        // Children precede nobody here: offsets are unsigned, so every table stands before what it refers to.
        let table = |out: &mut Vec<u8>, fields: &[u16]| {
            let slots = fields.iter().max().map_or(0, |last| usize::from(*last) + 1);
            let vtable = out.len();
            let size = 4 + 4 * fields.len();
            out.extend(((4 + 2 * slots) as u16).to_le_bytes());
            out.extend((size as u16).to_le_bytes());
            for slot in 0..slots {
                let place = fields.iter().position(|field| usize::from(*field) == slot);
                out.extend(place.map_or(0u16, |place| (4 + 4 * place) as u16).to_le_bytes());
            }
            let at = out.len();
            out.extend(((at - vtable) as u32).to_le_bytes());
            out.resize(at + size, 0);
            at
        };
        let point = |out: &mut Vec<u8>, from: usize, to: usize| {
            out[from..from + 4].copy_from_slice(&((to - from) as u32).to_le_bytes());
        };
        let session = table(&mut out, &[field::SESSION_MODEL]);
        point(&mut out, 0, session);
        let inner = table(&mut out, &[field::MODEL_GRAPH]);
        point(&mut out, session + 4, inner);
        let graph = table(&mut out, &[field::GRAPH_NODES]);
        point(&mut out, inner + 4, graph);
        let nodes = out.len();
        out.extend(1u32.to_le_bytes());
        out.extend([0; 4]);
        point(&mut out, graph + 4, nodes);
        let node = table(&mut out, &[field::NODE_DOMAIN, field::NODE_OPERATOR]);
        point(&mut out, nodes + 4, node);
        let at = string(&mut out, domain);
        point(&mut out, node + 4, at);
        let at = string(&mut out, operator);
        point(&mut out, node + 8, at);
        out
    }

    #[test]
    fn operators_of_onnx_are_silent_and_python_operators_are_not() {
        assert_eq!(rules_of(&ORT, &model("", "Conv")), Vec::<&str>::new());
        assert_eq!(rules_of(&ORT, &model("com.microsoft", "FusedConv")), Vec::<&str>::new());
        assert!(!rules_of(&ORT, &model("acme.corp", "Runner")).is_empty());
    }

    #[test]
    fn a_model_that_breaks_off_is_malformed() {
        assert_eq!(rules_of(&ORT, b"\xff\xff\0\0ORTM"), ["model/malformed-structure"]);
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_result(bytes: Vec<u8>, at: usize, flip: u8) {
            outcome(&ORT, &[b"\x0c\0\0\0ORTM".as_slice(), &bytes].concat());
            let mut whole = model("acme", "Runner");
            let length = whole.len();
            whole[at % length] ^= flip;
            outcome(&ORT, &whole);
        }
    }
}

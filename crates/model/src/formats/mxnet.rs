//! MXNet models: the graph in `*-symbol.json` and the arrays in `*.params`.
//!
//! Source: MXNet `src/nnvm/legacy_json_util.cc`, `src/ndarray/ndarray.cc` (`NDArray::Load`, list magic 0x112). Cost:
//! linear; array data is skipped.

use super::malformed::{MALFORMED_STRUCTURE, broken, malformed};
use super::native_library::{FOREIGN_OPERATOR, NATIVE_LIBRARY, report_library};
use crate::text::printable::{inspect_runs, inspect_where_no_text_belongs};
use crate::wire::json_tree::{self, Document, NodeId, Value};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Cursor, Finding, Kind, Location, Rule, Severity, ShortRead};

/// MXNet graphs.
pub static MXNET_SYMBOL: MxnetSymbol = MxnetSymbol;
/// MXNet arrays.
pub static MXNET_PARAMS: MxnetParams = MxnetParams;

/// See [`MXNET_SYMBOL`].
#[derive(Debug, Clone, Copy)]
pub struct MxnetSymbol;

/// See [`MXNET_PARAMS`].
#[derive(Debug, Clone, Copy)]
pub struct MxnetParams;

/// First word of a list of arrays (`kMXAPINDArrayListMagic`).
const LIST_MAGIC: u64 = 0x112;
/// Versions of one array (`NDARRAY_V1_MAGIC` to `NDARRAY_V3_MAGIC`).
const ARRAY_MAGICS: std::ops::RangeInclusive<u32> = 0xf993_fac8..=0xf993_faca;
/// Most dimensions of an array.
const MOST_DIMENSIONS: u32 = 32;
/// How much of a file recognition looks at, in bytes.
const HEAD: usize = 4096;

impl Format for MxnetSymbol {
    fn id(&self) -> &'static str {
        "mxnet-symbol"
    }

    fn name(&self) -> &'static str {
        "MXNet graph"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&FOREIGN_OPERATOR, &NATIVE_LIBRARY, &MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let head = input.head(HEAD);
        let has = |bytes: &[u8], key: &[u8]| memchr::memmem::find(bytes, key).is_some();
        let is_graph = head.trim_ascii_start().starts_with(b"{")
            && has(head, b"\"nodes\"")
            && has(head, b"\"op\"")
            && (has(input.tail(HEAD), b"\"heads\"")
                || has(input.bytes.get(..1 << 16).unwrap_or(input.bytes), b"\"arg_nodes\""));
        if is_graph {
            Recognition::Certain
        } else if input.file_name().ends_with("-symbol.json") {
            Recognition::Weak
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let text = json_tree::decode(input.bytes);
        let document = json_tree::parse(&text);
        let is_list = |id: &NodeId| *document.value(*id) == Value::Array;
        if document.root().and_then(|root| document.get(root, "nodes")).filter(is_list).is_none() {
            malformed(scan, 0, "the graph has no list of nodes");
        }
        // Loops and conditions keep their bodies as graphs of their own, in `subgraphs` of the node.
        for nodes in document.ids().filter(|&id| document.key(id) == "nodes").filter(is_list) {
            for node in document.children(nodes) {
                operator(&document, node, scan);
            }
        }
        for id in document.ids() {
            let Value::Text(text) = document.value(id) else { continue };
            // Shapes and flags are most of it.
            if text.len() < 8 {
                continue;
            }
            let place = Location {
                offset: Some(document.offset(id)),
                pointer: Some(document.pointer(id)),
                ..Location::default()
            };
            inspect_where_no_text_belongs(text, &place, scan);
            report_library(text, document.offset(id) as usize, scan);
        }
        if let Some(error) = &document.error {
            broken(scan, error.offset, format!("the graph breaks off: {}", error.reason));
        }
    }
}

fn operator(document: &Document<'_>, node: NodeId, scan: &mut Scan<'_>) {
    let Some(operator) = document.get_text(node, "op") else {
        malformed(scan, document.offset(node) as usize, "a node of the graph has no operator");
        return;
    };
    let name = document.get_text(node, "name").unwrap_or_default();
    let attributes = ["attrs", "attr", "param"].iter().find_map(|key| document.get(node, key));
    let what = match operator {
        "Custom" | "_CustomFunction" => {
            let kind = attributes
                .and_then(|attributes| document.get_text(attributes, "op_type"))
                .unwrap_or_default();
            format!("the node `{name}` runs the Python operator registered as `{kind}`")
        }
        "_Native" | "_NDArray" => {
            format!("the node `{name}` calls the function pointers in its attribute `info`")
        }
        _ if operator.starts_with("_subgraph_") || operator.contains("TVM") => return,
        _ => return,
    };
    // `info` is an address in the memory of the process that wrote it: calling it jumps wherever the file says.
    let severity = if operator == "Custom" || operator == "_CustomFunction" {
        Severity::Medium
    } else {
        Severity::Critical
    };
    scan.report(
        Finding::new(&FOREIGN_OPERATOR, what)
            .severity(severity)
            .at(document.offset(node))
            .pointer(document.pointer(node))
            .evidence(operator),
    );
}

impl Format for MxnetParams {
    fn id(&self) -> &'static str {
        "mxnet-params"
    }

    fn name(&self) -> &'static str {
        "MXNet parameters"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["params", "nd"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let mut cursor = Cursor::new(input.bytes);
        if cursor.u64_le() == Ok(LIST_MAGIC) && cursor.u64_le() == Ok(0) {
            Recognition::Certain
        } else if input.extension() == "params" {
            Recognition::Weak
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let mut cursor = Cursor::new(input.bytes);
        if cursor.u64_le() != Ok(LIST_MAGIC) {
            scan.report(
                Finding::new(&MALFORMED_STRUCTURE, "no MXNet parameters: the list of arrays has no header")
                    .severity(Severity::Low)
                    .at(0),
            );
            inspect_runs(input.bytes, 0, scan);
            return;
        }
        if let Err(what) = arrays(&mut cursor, scan) {
            let offset = cursor.position();
            broken(scan, offset, format!("the list of arrays breaks off: {what}"));
            inspect_runs(input.bytes.get(offset..).unwrap_or_default(), offset, scan);
        } else if !cursor.is_at_end() {
            let offset = cursor.position();
            malformed(scan, offset, format!("{} bytes follow the list of arrays", cursor.remaining()));
            scan.member("data after the arrays", cursor.rest());
        }
    }
}

/// The arrays, then their names.
fn arrays(cursor: &mut Cursor<'_>, scan: &mut Scan<'_>) -> Result<(), String> {
    let short = |error: ShortRead| error.to_string();
    cursor.u64_le().map_err(short)?;
    let count = cursor.u64_le().map_err(short)?;
    for index in 0..count {
        array(cursor).map_err(|what| format!("array {index}: {what}"))?;
        if index % 4096 == 0 && scan.out_of_time() {
            return Err("the time is used up".to_owned());
        }
    }
    let names = cursor.u64_le().map_err(short)?;
    if names != 0 && names != count {
        return Err(format!("{count} arrays have {names} names"));
    }
    for _ in 0..names {
        let length = cursor.u64_le().map_err(short)?;
        let offset = cursor.position();
        let name = cursor.take(usize::try_from(length).unwrap_or(usize::MAX)).map_err(short)?;
        let place = Location { offset: Some(offset as u64), ..Location::default() };
        inspect_where_no_text_belongs(&String::from_utf8_lossy(name), &place, scan);
    }
    Ok(())
}

fn array(cursor: &mut Cursor<'_>) -> Result<(), String> {
    let short = |error: ShortRead| error.to_string();
    let magic = cursor.u32_le().map_err(short)?;
    // Before version 1 the first word was the number of dimensions.
    let (dimensions, wide) = if ARRAY_MAGICS.contains(&magic) {
        if magic != *ARRAY_MAGICS.start() {
            let storage = cursor.i32_le().map_err(short)?;
            if storage != 0 {
                return Err("a sparse array".to_owned());
            }
        }
        (cursor.u32_le().map_err(short)?, true)
    } else {
        (magic, false)
    };
    if dimensions > MOST_DIMENSIONS {
        return Err(format!("{dimensions} dimensions"));
    }
    let mut elements = 1u64;
    for _ in 0..dimensions {
        let size =
            if wide { cursor.u64_le().map_err(short)? } else { u64::from(cursor.u32_le().map_err(short)?) };
        elements = elements.saturating_mul(size);
    }
    if dimensions == 0 {
        return Ok(());
    }
    cursor.skip(8).map_err(short)?;
    let width: u64 = match cursor.i32_le().map_err(short)? {
        0 | 4 => 4,
        1 | 6 => 8,
        2 | 8 | 12 => 2,
        3 | 5 | 7 => 1,
        kind => return Err(format!("the element type {kind} does not exist")),
    };
    cursor.skip(elements.saturating_mul(width)).map_err(short)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use proptest::prelude::*;

    fn graph(node: &str) -> Vec<u8> {
        format!("{{\"nodes\": [{{\"op\": \"null\", \"name\": \"data\"}}, {node}], \"arg_nodes\": [0], \"heads\": [[1, 0, 0]]}}").into_bytes()
    }

    fn params(elements: u64) -> Vec<u8> {
        let mut bytes = [LIST_MAGIC, 0, 1].map(u64::to_le_bytes).concat();
        bytes.extend(0xf993_fac9u32.to_le_bytes());
        bytes.extend([0, 0, 0, 0, 1, 0, 0, 0]);
        bytes.extend(elements.to_le_bytes());
        bytes.extend([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend([0; 8]);
        bytes.extend([1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, b'w']);
        bytes
    }

    #[test]
    fn a_graph_of_plain_operators_is_clean() {
        let node = "{\"op\": \"Convolution\", \"name\": \"conv\", \"attrs\": {\"kernel\": \"(3, 3)\"}}";
        assert_eq!(rules_of(&MXNET_SYMBOL, &graph(node)), Vec::<&str>::new());
    }

    #[test]
    fn a_custom_operator_is_foreign_and_a_pointer_is_critical() {
        assert_eq!(
            rules_of(&MXNET_SYMBOL, &graph("{\"op\": \"Custom\", \"attrs\": {\"op_type\": \"x\"}}")),
            ["model/foreign-operator"]
        );
        let found =
            outcome(&MXNET_SYMBOL, &graph("{\"op\": \"_Native\", \"attrs\": {\"info\": \"0x4141\"}}"));
        assert_eq!(found.findings[0].severity, Severity::Critical);
    }

    #[test]
    fn an_operator_in_the_body_of_a_loop_is_found() {
        let body = |operator: &str| {
            format!(
                "{{\"op\": \"_foreach\", \"name\": \"loop\", \"subgraphs\": [{{\"nodes\": [{{\"op\": \"{operator}\", \"name\": \"x\"}}], \"heads\": []}}]}}"
            )
        };
        let found = outcome(&MXNET_SYMBOL, &graph(&body("_Native")));
        assert_eq!(found.findings[0].severity, Severity::Critical);
        assert_eq!(rules_of(&MXNET_SYMBOL, &graph(&body("FullyConnected"))), Vec::<&str>::new());
    }

    #[test]
    fn sound_arrays_are_clean_and_short_ones_are_not() {
        assert_eq!(rules_of(&MXNET_PARAMS, &params(2)), Vec::<&str>::new());
        assert_eq!(rules_of(&MXNET_PARAMS, &params(u64::MAX)), ["model/malformed-structure"]);
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_result(at in 0usize..80, with: u8, bytes: Vec<u8>) {
            let mut cut = params(2);
            if let Some(byte) = cut.get_mut(at) { *byte = with; }
            outcome(&MXNET_PARAMS, &cut);
            outcome(&MXNET_PARAMS, &bytes);
            outcome(&MXNET_SYMBOL, &bytes);
        }
    }
}

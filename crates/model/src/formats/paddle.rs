//! PaddlePaddle inference models: the program in `.pdmodel` and the combined weights in `.pdiparams`.
//!
//! Source: Paddle `paddle/fluid/framework/framework.proto` and `lod_tensor.cc` (`SerializeToStream`). `.pdparams` and
//! `.pdopt` are pickles and are recognised as such. Cost: linear; weights are skipped.

use super::malformed::{MALFORMED_STRUCTURE, broken};
use super::native_library::{FOREIGN_OPERATOR, NATIVE_LIBRARY, report_library};
use crate::text::printable::{inspect_runs, inspect_where_no_text_belongs};
use crate::wire::protobuf::{self, Field};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Cursor, Finding, Kind, Location, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};

/// Paddle programs.
pub static PADDLE_PROGRAM: PaddleProgram = PaddleProgram;
/// Paddle weights.
pub static PADDLE_WEIGHTS: PaddleWeights = PaddleWeights;

/// See [`PADDLE_PROGRAM`].
#[derive(Debug, Clone, Copy)]
pub struct PaddleProgram;

/// See [`PADDLE_WEIGHTS`].
#[derive(Debug, Clone, Copy)]
pub struct PaddleWeights;

rule! {
    /// ## What it finds
    /// An operator of a Paddle program that calls Python, reads or writes files, or talks to the network.
    /// ## Why it matters
    /// The executor runs it with every inference, with the rights of the serving process. Inference programs need none
    /// of these operators.
    /// ## Example
    /// `save` with the attribute `file_path` = `/root/.bashrc`.
    /// ## How to fix
    /// Export the program again without the operator; run unknown programs in a sandbox.
    /// ## References
    /// - <https://github.com/PaddlePaddle/Paddle/blob/develop/SECURITY.md>
    pub const PADDLE_OPERATOR: Rule = Rule {
        id: "model/paddle-operator",
        title: "a Paddle operator that reaches outside the computation",
        severity: Severity::High,
        remedy: "Export the program again without the operator; run unknown programs in a sandbox.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(829), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}

/// Operators that reach outside, and what they do.
pub(super) const OPERATORS: &[(&str, Severity, &str)] = &[
    ("py_func", Severity::High, "calls a Python function"),
    ("py_layer", Severity::High, "calls a Python function"),
    ("pylayer", Severity::High, "calls a Python function"),
    ("save", Severity::High, "writes a file"),
    ("save_combine", Severity::High, "writes a file"),
    ("load", Severity::Medium, "reads a file"),
    ("load_combine", Severity::Medium, "reads a file"),
    ("read_file", Severity::High, "reads a file"),
    ("create_custom_reader", Severity::Medium, "reads data through a program of its own"),
    ("send", Severity::High, "sends data over the network"),
    ("recv", Severity::High, "receives data from the network"),
    ("send_v2", Severity::Medium, "sends data over the network"),
    ("recv_v2", Severity::Medium, "receives data from the network"),
    ("listen_and_serv", Severity::High, "listens on the network"),
    ("fl_listen_and_serv", Severity::High, "listens on the network"),
    ("heter_listen_and_serv", Severity::High, "listens on the network"),
    ("fetch_barrier", Severity::Medium, "waits on the network"),
    ("tensorrt_engine", Severity::Low, "runs an embedded TensorRT engine"),
    ("lite_engine", Severity::Low, "runs an embedded Paddle Lite engine"),
];

impl Format for PaddleProgram {
    fn id(&self) -> &'static str {
        "paddle-program"
    }

    fn name(&self) -> &'static str {
        "Paddle program"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["pdmodel"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&PADDLE_OPERATOR, &FOREIGN_OPERATOR, &NATIVE_LIBRARY, &MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        // `save_inference_model` of Paddle 1 calls it `__model__`.
        if input.extension() == "pdmodel" || input.file_name() == "__model__" {
            return Recognition::Weak;
        }
        // A block: its index 0, the index -1 of its parent, then a variable.
        let block =
            protobuf::fields(input.bytes).next().and_then(Result::ok).filter(|field| field.number == 1);
        let mut fields =
            block.and_then(|block| block.bytes()).map(protobuf::fields).into_iter().flatten().flatten();
        let is_root = fields.next().is_some_and(|field| field.number == 1 && field.varint() == Some(0))
            && fields
                .next()
                .is_some_and(|field| field.number == 2 && field.varint().is_some_and(is_none_index))
            && fields.next().is_some_and(|field| matches!(field.number, 3 | 4));
        if is_root { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let mut blocks = 0u32;
        for field in protobuf::fields(input.bytes) {
            match field {
                Ok(Field { number: 1, value: protobuf::Value::Bytes(block), value_offset, .. }) => {
                    blocks = blocks.saturating_add(1);
                    if scan.out_of_time() || !read_block(block, value_offset, scan) {
                        return;
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    broken(scan, 0, format!("no Paddle program: {error}"));
                    inspect_runs(input.bytes, 0, scan);
                    return;
                }
            }
        }
        if blocks == 0 {
            broken(scan, 0, "the Paddle program has no block");
            inspect_runs(input.bytes, 0, scan);
        }
    }
}

/// `-1`, as 32 or as 64 bits.
fn is_none_index(value: u64) -> bool {
    value == u64::MAX || value == u64::from(u32::MAX)
}

/// Reads the operators of a block; `false`, with the gap, when it breaks off.
fn read_block(block: &[u8], base: usize, scan: &mut Scan<'_>) -> bool {
    for field in protobuf::fields(block) {
        match field {
            Ok(field) if field.number == 4 => {
                let offset = base.saturating_add(field.value_offset);
                read_operator(field.bytes().unwrap_or_default(), offset, scan);
            }
            Ok(_) => {}
            Err(error) => {
                broken(scan, base, format!("a block of the Paddle program breaks off: {error}"));
                inspect_runs(block, base, scan);
                return false;
            }
        }
    }
    true
}

fn read_operator(operator: &[u8], base: usize, scan: &mut Scan<'_>) {
    let fields = || protobuf::fields(operator).flatten();
    let kind = fields().find(|field| field.number == 3).and_then(|field| field.text()).unwrap_or_default();
    let mut shown = Vec::new();
    for attribute in fields().filter(|field| field.number == 4) {
        let bytes = attribute.bytes().unwrap_or_default();
        let parts = || protobuf::fields(bytes).flatten();
        let name = parts().find(|part| part.number == 1).and_then(|part| part.text()).unwrap_or_default();
        // `s` and `strings`.
        for value in parts().filter(|part| matches!(part.number, 5 | 8)).filter_map(|part| part.text()) {
            let place = Location {
                offset: Some(base.saturating_add(attribute.value_offset) as u64),
                pointer: Some(format!("{kind}/{name}")),
                ..Location::default()
            };
            // `op_callstack` is the trace of the Python code that built the program: paths and source lines.
            if name != "op_callstack" {
                inspect_where_no_text_belongs(value, &place, scan);
                report_library(value, base.saturating_add(attribute.value_offset), scan);
            }
            if matches!(name, "file_path" | "filename" | "endpoint" | "endpoints" | "epmap") {
                shown.push(format!("{name} = {value}"));
            }
        }
    }
    if let Some((_, severity, what)) = OPERATORS.iter().find(|(name, ..)| *name == kind) {
        let mut message = format!("the operator `{kind}` {what}");
        if !shown.is_empty() {
            message = format!("{message} ({})", shown.join(", "));
        }
        scan.report(
            Finding::new(&PADDLE_OPERATOR, message).severity(*severity).at(base as u64).evidence(kind),
        );
    } else if kind.starts_with("custom_") || kind.contains("::") {
        let message = format!("the operator `{kind}` is none of Paddle's own");
        scan.report(Finding::new(&FOREIGN_OPERATOR, message).at(base as u64).evidence(kind));
    }
}

impl Format for PaddleWeights {
    fn id(&self) -> &'static str {
        "paddle-weights"
    }

    fn name(&self) -> &'static str {
        "Paddle weights"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["pdiparams"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if input.extension() == "pdiparams" { Recognition::Weak } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let mut cursor = Cursor::new(input.bytes);
        while !cursor.is_at_end() {
            let start = cursor.position();
            if tensor(&mut cursor).is_none() {
                let message = "no Paddle weights from here on: a tensor has no valid header";
                scan.report(
                    Finding::new(&MALFORMED_STRUCTURE, message).severity(Severity::Low).at(start as u64),
                );
                inspect_runs(input.bytes.get(start..).unwrap_or_default(), start, scan);
                return;
            }
        }
    }
}

/// Passes one tensor: versions, levels of detail, description, data.
fn tensor(cursor: &mut Cursor<'_>) -> Option<()> {
    if cursor.u32_le().ok()? != 0 {
        return None;
    }
    let levels = cursor.u64_le().ok()?;
    for _ in 0..levels {
        let size = cursor.u64_le().ok()?;
        cursor.skip(size).ok()?;
    }
    if cursor.u32_le().ok()? != 0 {
        return None;
    }
    let length = usize::try_from(cursor.i32_le().ok()?).ok()?;
    let description = cursor.take(length).ok()?;
    let mut elements = 1u64;
    let mut width = None;
    for field in protobuf::fields(description) {
        let field = field.ok()?;
        match (field.number, field.value) {
            (1, protobuf::Value::Varint(kind)) => width = element_width(kind),
            (2, protobuf::Value::Varint(size)) => elements = elements.saturating_mul(size),
            (2, protobuf::Value::Bytes(sizes)) => {
                let mut sizes = Cursor::new(sizes);
                while !sizes.is_at_end() {
                    elements = elements.saturating_mul(sizes.varint().ok()?);
                }
            }
            _ => {}
        }
    }
    cursor.skip(elements.saturating_mul(width?)).ok()
}

/// Bytes per element of a `VarType.Type`.
fn element_width(kind: u64) -> Option<u64> {
    match kind {
        0 | 20 | 21 => Some(1),
        1 | 4 | 22 => Some(2),
        2 | 5 => Some(4),
        3 | 6 | 23 => Some(8),
        24 => Some(16),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use proptest::prelude::*;

    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, content.len() as u8], content].concat()
    }

    fn program(kind: &str, attribute: (&str, &str)) -> Vec<u8> {
        let attribute = [field(1, attribute.0.as_bytes()), field(5, attribute.1.as_bytes())].concat();
        let operator = [field(3, kind.as_bytes()), field(4, &attribute)].concat();
        let mut block = vec![0x08, 0x00, 0x10];
        block.extend([0xff, 0xff, 0xff, 0xff, 0x0f]);
        block.extend(field(4, &operator));
        field(1, &block)
    }

    #[test]
    fn plain_operators_are_silent() {
        let bytes = program("conv2d", ("data_format", "NCHW"));
        assert_eq!(PADDLE_PROGRAM.recognise(&Input::new("m", &bytes)), Recognition::Certain);
        assert_eq!(rules_of(&PADDLE_PROGRAM, &bytes), Vec::<&str>::new());
    }

    #[test]
    fn an_operator_that_writes_a_file_is_high_and_says_where() {
        let found = outcome(&PADDLE_PROGRAM, &program("save", ("file_path", "/root/x")));
        assert_eq!(
            (found.findings[0].rule.id, found.findings[0].severity),
            ("model/paddle-operator", Severity::High)
        );
        assert!(found.findings[0].message.contains("/root/x"));
    }

    #[test]
    fn text_in_place_of_a_program_is_malformed() {
        assert!(rules_of(&PADDLE_PROGRAM, b"just some text").contains(&"model/malformed-structure"));
    }

    #[test]
    fn sound_weights_are_clean_and_code_in_their_place_is_not() {
        let mut bytes = vec![0; 16];
        bytes.extend([4, 0, 0, 0, 0x08, 5, 0x10, 2]);
        bytes.extend([0; 8]);
        assert_eq!(rules_of(&PADDLE_WEIGHTS, &bytes), Vec::<&str>::new());
        assert!(outcome(&PADDLE_WEIGHTS, b"os.system('id')").findings[0].severity >= Severity::High);
    }

    proptest! {
        #[test]
        fn any_mutation_gives_a_result(at in 0usize..60, with: u8, bytes: Vec<u8>) {
            let mut cut = program("save", ("file_path", "/root/x"));
            if let Some(byte) = cut.get_mut(at) { *byte = with; }
            outcome(&PADDLE_PROGRAM, &cut);
            outcome(&PADDLE_PROGRAM, &bytes);
            outcome(&PADDLE_WEIGHTS, &bytes);
        }
    }
}

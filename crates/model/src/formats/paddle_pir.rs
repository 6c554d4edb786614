//! Programs of Paddle 3 (`inference.json`, `*.json`): the intermediate representation PIR written as JSON.
//!
//! Source: Paddle `paddle/fluid/pir/serialize_deserialize` (`schema.h`: `#` names a type or operation, `A` holds
//! attributes, `D` their data; `schema.cc`: numbers of the dialects). Cost: linear in the text.

use super::malformed::{MALFORMED_STRUCTURE, broken, malformed};
use super::native_library::{FOREIGN_OPERATOR, NATIVE_LIBRARY, report_library};
use super::paddle::{OPERATORS, PADDLE_OPERATOR};
use crate::text::printable::inspect_where_no_text_belongs;
use crate::wire::json_tree::{self, Document, NodeId, Value};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Finding, Kind, Location, Rule, printable};

/// Programs of Paddle 3.
pub static PADDLE_PIR: PaddlePir = PaddlePir;

/// See [`PADDLE_PIR`].
#[derive(Debug, Clone, Copy)]
pub struct PaddlePir;

/// How much of a file recognition looks at at either end, in bytes.
const HEAD: usize = 4096;
/// Largest program parsed, in bytes; weights lie in a file of their own.
const LARGEST: usize = 256 << 20;
/// Shortest string looked at as text, in bytes.
const SHORTEST: usize = 8;
/// Prefixes of operations that a library of the publisher's brings.
const FOREIGN_DIALECTS: &[&str] = &["3.", "custom_op."];

impl Format for PaddlePir {
    fn id(&self) -> &'static str {
        "paddle-pir"
    }

    fn name(&self) -> &'static str {
        "Paddle program (PIR)"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&PADDLE_OPERATOR, &FOREIGN_OPERATOR, &NATIVE_LIBRARY, &MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let head = input.head(HEAD);
        let has = |bytes: &[u8], key: &[u8]| memchr::memmem::find(bytes, key).is_some();
        // Keys are written in any order; the program itself may be longer than what is looked at.
        let is_program = head.trim_ascii_start().starts_with(b"{")
            && [head, input.tail(HEAD)].iter().any(|end| has(end, b"\"base_code\"") && has(end, b"\"pir\""));
        if is_program { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        if input.bytes.len() > LARGEST {
            scan.gap(0, format!("a Paddle program of more than {LARGEST} bytes is not parsed"));
            return;
        }
        let text = json_tree::decode(input.bytes);
        let document = json_tree::parse(&text);
        if document.root().and_then(|root| document.get(root, "program")).is_none() {
            malformed(scan, 0, "the file has no program");
        }
        for (step, id) in document.ids().enumerate() {
            if step % 4096 == 0 && scan.out_of_time() {
                return;
            }
            match document.value(id) {
                Value::Object if document.key(document.parent(id).unwrap_or(id)) == "ops" => {
                    operation(&document, id, scan);
                }
                // The trace of the Python code that built the program is paths and source lines.
                Value::Text(text) if text.len() >= SHORTEST && !is_trace(&document, id) => {
                    inspect_where_no_text_belongs(text, &place(&document, id), scan);
                    report_library(text, document.offset(id) as usize, scan);
                }
                _ => {}
            }
        }
        if let Some(error) = &document.error {
            broken(scan, error.offset, format!("the program breaks off: {}", error.reason));
        }
    }
}

fn place(document: &Document<'_>, id: NodeId) -> Location {
    Location { offset: Some(document.offset(id)), pointer: Some(document.pointer(id)), ..Location::default() }
}

/// Whether the string at `id` is data of the attribute `op_callstack`.
fn is_trace(document: &Document<'_>, id: NodeId) -> bool {
    let around = std::iter::successors(document.parent(id), |&id| document.parent(id));
    around.take(4).any(|id| document.get_text(id, "N") == Some("op_callstack"))
}

/// One operation: its name is `dialect.name`, the dialect usually as a number.
fn operation(document: &Document<'_>, id: NodeId, scan: &mut Scan<'_>) {
    let name = document.get_text(id, "#").unwrap_or_default();
    let short = name.split_once('.').map_or(name, |(_, short)| short);
    let finding = if let Some((_, severity, what)) = OPERATORS.iter().find(|(known, ..)| *known == short) {
        Finding::new(&PADDLE_OPERATOR, format!("the operation `{short}` {what}")).severity(*severity)
    } else if FOREIGN_DIALECTS.iter().any(|dialect| name.starts_with(dialect)) {
        let shown = printable(short, 80);
        Finding::new(&FOREIGN_OPERATOR, format!("the operation `{shown}` is none of Paddle's own"))
    } else {
        return;
    };
    scan.report(finding.located(&place(document, id)).evidence(name));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use bartizan_core::Severity;
    use proptest::prelude::*;

    fn program(operation: &str, text: &str) -> Vec<u8> {
        format!(
            r##"{{"base_code": {{"magic": "pir", "version": 1}}, "program": {{"regions": [{{"#": "region_0", "blocks": [{{"#": "block_0", "ops": [{{"#": "{operation}", "A": [{{"N": "note", "AT": {{"#": "0.a_str", "D": "{text}"}}}}]}}]}}]}}]}}}}"##
        )
        .into_bytes()
    }

    #[test]
    fn plain_operations_are_recognised_and_silent() {
        let plain = program("1.conv2d", "SAME");
        assert_eq!(PADDLE_PIR.recognise(&Input::new("inference.json", &plain)), Recognition::Certain);
        assert_eq!(rules_of(&PADDLE_PIR, &plain), Vec::<&str>::new());
        let other = br#"{"base_code": "x", "program": {}}"#;
        assert_eq!(PADDLE_PIR.recognise(&Input::new("a.json", other)), Recognition::No);
    }

    #[test]
    fn operations_that_reach_outside_are_high_and_custom_ones_are_told() {
        let found = outcome(&PADDLE_PIR, &program("1.py_func", "x"));
        let first = &found.findings[0];
        assert_eq!((first.rule.id, first.severity), ("model/paddle-operator", Severity::High));
        assert_eq!(rules_of(&PADDLE_PIR, &program("3.acme_kernel", "x")), ["model/foreign-operator"]);
    }

    #[test]
    fn code_in_an_attribute_is_high_and_a_cut_program_is_told() {
        let found = outcome(&PADDLE_PIR, &program("1.full", "__import__('os').system('id')"));
        assert!(found.findings[0].severity >= Severity::High);
        let whole = program("1.conv2d", "SAME");
        assert_eq!(rules_of(&PADDLE_PIR, &whole[..whole.len() - 9]), ["model/malformed-structure"]);
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_result(at in 0usize..200, with: u8, bytes: Vec<u8>) {
            let mut damaged = program("1.py_func", "x");
            if let Some(byte) = damaged.get_mut(at) { *byte = with; }
            outcome(&PADDLE_PIR, &damaged);
            outcome(&PADDLE_PIR, &bytes);
        }
    }
}

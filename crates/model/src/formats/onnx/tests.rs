use super::*;
use crate::{Outcome, Sibling, Siblings};
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

fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

fn bytes(field: u64, value: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(value.len() as u64), value.to_vec()].concat()
}

fn external(location: &str) -> Vec<u8> {
    let entry = [bytes(1, b"location"), bytes(2, location.as_bytes())].concat();
    [number(1, 1), number(2, 1), bytes(8, b"w"), bytes(13, &entry), number(14, 1)].concat()
}

fn node(domain: &str, operator: &str, rest: &[u8]) -> Vec<u8> {
    [
        bytes(1, b"x"),
        bytes(2, b"y"),
        bytes(4, operator.as_bytes()),
        bytes(7, domain.as_bytes()),
        rest.to_vec(),
    ]
    .concat()
}

fn model(graph: &[u8]) -> Vec<u8> {
    let opset = [bytes(1, b""), number(2, 17)].concat();
    [number(1, 8), bytes(2, b"tests"), bytes(7, graph), bytes(8, &opset)].concat()
}

fn plain() -> Vec<u8> {
    let weights = [number(1, 2), number(2, 1), bytes(8, b"w"), bytes(9, &[0; 8])].concat();
    model(&[bytes(1, &node("", "Relu", &[])), bytes(2, b"g"), bytes(5, &weights)].concat())
}

fn scanned(content: &[u8]) -> Outcome {
    crate::scan_as(&Onnx, &Input::new("m.onnx", content), &Limits::default(), &MonotonicClock::start())
}

fn rules(outcome: &Outcome) -> Vec<(&'static str, Severity)> {
    outcome.findings.iter().map(|finding| (finding.rule.id, finding.severity)).collect()
}

const ESCAPE: (&str, Severity) = (EXTERNAL_DATA_ESCAPE.id, Severity::High);

#[test]
fn a_plain_model_is_recognised_and_clean() {
    let content = plain();
    assert_eq!(Onnx.recognise(&Input::new("x", &content)), Recognition::Certain);
    let outcome = scanned(&content);
    assert_eq!((outcome.findings, outcome.gaps), (vec![], vec![]));
}

#[test]
fn messages_of_other_frameworks_are_not_recognised() {
    // SavedModel: a version and a meta graph; Core ML: a version, a description, a network; GraphDef: nodes.
    let saved_model = [number(1, 1), bytes(2, &bytes(1, b"x"))].concat();
    let core_ml = [number(1, 8), bytes(2, &bytes(100, b"d")), bytes(500, &bytes(1, b"l"))].concat();
    let graph_def = bytes(1, &[bytes(1, b"name"), bytes(2, b"Const")].concat());
    for content in [saved_model, core_ml, graph_def] {
        assert_eq!(Onnx.recognise(&Input::new("x", &content)), Recognition::No);
    }
}

#[test]
fn external_data_that_leaves_the_folder_is_high_wherever_it_stands() {
    for location in
        ["../../etc/passwd", "weights/../../../tmp/x", "/etc/shadow", "C:\\w", "\\\\host\\s", "http://h/w"]
    {
        assert_eq!(rules(&scanned(&model(&bytes(5, &external(location))))), [ESCAPE], "{location}");
    }
    let in_attribute = bytes(1, &node("", "Constant", &bytes(5, &bytes(5, &external("../w")))));
    let in_subgraph = bytes(1, &node("", "If", &bytes(5, &bytes(6, &bytes(5, &external("../w"))))));
    let in_sparse = bytes(15, &bytes(1, &external("../w")));
    for graph in [in_attribute, in_subgraph, in_sparse] {
        assert_eq!(rules(&scanned(&model(&graph))), [ESCAPE]);
    }
    let function = [
        bytes(1, b"f"),
        bytes(10, b"d"),
        bytes(7, &node("", "Constant", &bytes(5, &bytes(5, &external("../w"))))),
    ]
    .concat();
    let training = bytes(2, &bytes(5, &external("../w")));
    for extra in [bytes(25, &function), bytes(20, &training)] {
        assert_eq!(rules(&scanned(&[plain(), extra].concat())), [ESCAPE]);
    }
}

#[test]
fn external_data_beside_the_model_is_clean_and_a_detour_is_medium() {
    assert_eq!(rules(&scanned(&model(&bytes(5, &external("model.onnx.data"))))), []);
    let detour = rules(&scanned(&model(&bytes(5, &external("sub/../w.bin")))));
    assert_eq!(detour, [(EXTERNAL_DATA_ESCAPE.id, Severity::Medium)]);
}

/// A folder that holds the model and a link called `w`.
struct Folder;

impl Siblings for Folder {
    fn look_up(&self, relative: &str) -> Option<Sibling> {
        match relative {
            "m.onnx" => Some(Sibling { size: 10, is_symlink: false }),
            "w" => Some(Sibling { size: 4, is_symlink: true }),
            _ => None,
        }
    }

    fn read(&self, _relative: &str, _limit: u64) -> Option<Vec<u8>> {
        None
    }
}

#[test]
fn a_linked_sibling_is_a_finding_and_a_missing_one_a_gap() {
    let look = |location| {
        let content = model(&bytes(5, &external(location)));
        let input = Input { bytes: &content, name: "m.onnx", siblings: &Folder };
        crate::scan_as(&Onnx, &input, &Limits::default(), &MonotonicClock::start())
    };
    assert_eq!(rules(&look("w")), [(EXTERNAL_DATA_ESCAPE.id, Severity::Medium)]);
    assert_eq!(look("absent").gaps.len(), 1);
}

#[test]
fn a_custom_operator_is_a_finding_unless_the_model_defines_it() {
    let custom = (ONNX_CUSTOM_OPERATOR.id, Severity::Medium);
    let content = model(&bytes(1, &node("com.unheard.of", "Op", &[])));
    assert_eq!(rules(&scanned(&content)), [custom]);
    let function = [bytes(1, b"Op"), bytes(10, b"com.unheard.of")].concat();
    assert_eq!(rules(&scanned(&[content, bytes(25, &function)].concat())), []);
}

#[test]
fn a_python_operator_in_a_subgraph_is_high() {
    let inner = bytes(1, &node("", "PythonOp", &[]));
    let content = model(&bytes(1, &node("", "Loop", &bytes(5, &bytes(6, &inner)))));
    assert_eq!(rules(&scanned(&content)), [(ONNX_CUSTOM_OPERATOR.id, Severity::High)]);
}

#[test]
fn a_shape_that_disagrees_with_its_data_is_malformed() {
    let tensor = [number(1, 1 << 40), number(1, 1 << 40), number(2, 1), bytes(9, &[0; 4])].concat();
    assert_eq!(rules(&scanned(&model(&bytes(5, &tensor)))), [(ONNX_MALFORMED.id, Severity::Medium)]);
}

#[test]
fn a_large_unknown_field_is_hidden_data() {
    let content = [plain(), bytes(900, &[7; 100])].concat();
    assert_eq!(rules(&scanned(&content)), [(hidden::HIDDEN_DATA.id, Severity::Medium)]);
    assert_eq!(rules(&scanned(&[plain(), bytes(900, &[7; 9])].concat())), []);
}

#[test]
fn metadata_is_judged() {
    let property = [bytes(1, b"setup"), bytes(2, b"os.system('id')")].concat();
    let content = [plain(), bytes(14, &property)].concat();
    assert_eq!(rules(&scanned(&content)), [("model/metadata-code", Severity::High)]);
}

#[test]
fn a_path_in_an_unparseable_model_is_still_seen() {
    let mut content = vec![8, 7, 0x12, 8];
    content.extend_from_slice(b"onnx.ai\x1a\x03\x31\x12\x0e/etc/shadow");
    assert!(rules(&scanned(&content)).contains(&ESCAPE));
}

#[test]
fn a_cut_off_model_keeps_what_its_beginning_shows() {
    let content =
        model(&[bytes(5, &external("../../etc/passwd")), bytes(1, &node("", "Relu", &[]))].concat());
    let cut = &content[..content.len() - 12];
    assert_eq!(Onnx.recognise(&Input::new("x", cut)), Recognition::Certain);
    let outcome = scanned(cut);
    assert!(rules(&outcome).contains(&ESCAPE));
    assert!(!outcome.gaps.is_empty());
}

proptest! {
    #[test]
    fn any_bytes_give_a_result(content: Vec<u8>) {
        let _ = Onnx.recognise(&Input::new("x", &content));
        scanned(&content);
    }

    #[test]
    fn a_damaged_model_gives_a_result(at in 0usize..400, to: u8) {
        let mut content = [model(&[bytes(5, &external("../w")), bytes(1, &node("d", "Op", &bytes(5, &bytes(4, b"s"))))].concat()), plain()].concat();
        let at = at % content.len();
        content[at] = to;
        scanned(&content);
        scanned(&content[..at]);
    }
}

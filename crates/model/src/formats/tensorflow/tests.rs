use super::*;
use crate::Outcome;
use bartizan_core::{Limits, MonotonicClock};
use proptest::prelude::*;

/// A length-delimited field.
fn bytes(number: u8, value: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    let mut length = value.len();
    while length >= 0x80 {
        field.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    field.push(length as u8);
    field.extend(value);
    field
}

/// An entry of a node's attributes.
fn attribute(key: &str, value: &[u8]) -> Vec<u8> {
    bytes(5, &[bytes(1, key.as_bytes()), bytes(2, value)].concat())
}

fn node(name: &str, op: &str, rest: &[Vec<u8>]) -> Vec<u8> {
    [bytes(1, name.as_bytes()), bytes(2, op.as_bytes()), rest.concat()].concat()
}

fn constant(name: &str, text: &str) -> Vec<u8> {
    let tensor = [vec![0x08, 7], bytes(8, text.as_bytes())].concat();
    node(name, "Const", &[attribute("value", &bytes(8, &tensor))])
}

fn graph(nodes: &[Vec<u8>]) -> Vec<u8> {
    nodes.iter().flat_map(|node| bytes(1, node)).collect()
}

fn function(name: &str, nodes: &[Vec<u8>]) -> Vec<u8> {
    let nodes: Vec<u8> = nodes.iter().flat_map(|node| bytes(3, node)).collect();
    bytes(2, &bytes(1, &[bytes(1, &bytes(1, name.as_bytes())), nodes].concat()))
}

fn saved_model(graph: &[u8], rest: &[Vec<u8>]) -> Vec<u8> {
    let meta = [bytes(1, &bytes(4, b"serve")), bytes(2, graph), rest.concat()].concat();
    [vec![0x08, 1], bytes(2, &meta)].concat()
}

fn scan(content: &[u8]) -> Outcome {
    crate::scan(&Input::new("saved_model.pb", content), &Limits::default(), &MonotonicClock::start())
}

fn rules(content: &[u8]) -> Vec<(&'static str, Severity)> {
    let outcome = scan(content);
    assert_eq!(outcome.format, Some("tensorflow"));
    outcome.findings.iter().map(|finding| (finding.rule.id, finding.severity)).collect()
}

#[test]
fn no_damage_that_a_parser_passes_over_hides_an_operation() {
    let model = saved_model(&graph(&[node("w", "WriteFile", &[])]), &[]);
    let unknown = |number: u8, at: usize| {
        let mut damaged = model.clone();
        damaged.splice(at..at, bytes(number, b"?"));
        damaged
    };
    // A field that no version knows, at the head; a version from the future; the information block under another number.
    let mut version = model.clone();
    version[1] = 0x41;
    let mut renumbered = model.clone();
    let info = renumbered.iter().position(|&byte| byte == 0x0a).unwrap();
    renumbered[info] = 0x4a;
    for (what, damaged) in [("field", unknown(9, 0)), ("version", version), ("block", renumbered)] {
        assert!(
            rules(&damaged)
                .iter()
                .any(|&(rule, severity)| rule == "model/tf-dangerous-op" && severity >= Severity::High),
            "{what}"
        );
    }
    let text = [vec![0x08, 0x41], bytes(2, &bytes(2, &bytes(1, b"no graph at all")))].concat();
    assert!(rules(&text).iter().all(|&(_, severity)| severity < Severity::High));
}

#[test]
fn a_graph_that_only_computes_saves_and_restores_is_clean() {
    let nodes =
        ["Placeholder", "MatMul", "SaveV2", "RestoreV2", "MergeV2Checkpoints", "ShardedFilename", "PrintV2"];
    let nodes: Vec<_> = nodes.iter().map(|op| node(op, op, &[])).collect();
    let outcome = scan(&saved_model(&graph(&nodes), &[]));
    assert_eq!((outcome.findings.len(), outcome.gaps.len()), (0, 0));
}

#[test]
fn a_node_that_is_damaged_or_names_no_operation_is_not_called_clean() {
    let nameless = [bytes(1, b"read"), bytes(2, b"\xd2eadFile")].concat();
    let cut = node("read", "MatMul", &[vec![0x1a, 0x40]]);
    for damaged in [&nameless, &cut] {
        for graph in [
            [graph(&[node("x", "Placeholder", &[])]), bytes(1, damaged)].concat(),
            [
                graph(&[node("x", "Placeholder", &[])]),
                function("f", &[node("y", "Add", &[]), damaged.clone()]),
            ]
            .concat(),
        ] {
            let outcome = scan(&saved_model(&graph, &[]));
            assert_eq!(outcome.findings[0].rule.id, "model/tf-malformed");
            assert_eq!(outcome.gaps.len(), 1);
        }
    }
}

#[test]
fn a_file_operation_is_shown_with_the_constant_that_feeds_it() {
    let nodes = [
        constant("path", "/etc/passwd"),
        node("pass", "Identity", &[bytes(3, b"path")]),
        node("read", "ReadFile", &[bytes(3, b"pass:0")]),
    ];
    let outcome = scan(&saved_model(&graph(&nodes), &[]));
    let finding = &outcome.findings[0];
    assert_eq!((finding.rule.id, finding.severity), ("model/tf-dangerous-op", Severity::High));
    assert_eq!(finding.evidence, "/etc/passwd");
    assert_eq!(finding.location.pointer.as_deref(), Some("/meta_graphs/0/graph_def/node/read"));
}

#[test]
fn operations_in_the_function_library_are_found() {
    let graph =
        [graph(&[node("x", "Placeholder", &[])]), function("call", &[node("f", "PyFunc", &[])])].concat();
    assert_eq!(rules(&saved_model(&graph, &[])), [("model/tf-python-op", Severity::High)]);
    // A frozen graph, and one with nothing but a library.
    assert_eq!(rules(&graph), [("model/tf-python-op", Severity::High)]);
    assert_eq!(
        rules(&function("call", &[node("w", "WriteFile", &[])])),
        [("model/tf-dangerous-op", Severity::High)]
    );
}

#[test]
fn an_operation_whose_name_only_resembles_a_risky_one_is_merely_unknown() {
    let graph = graph(&[node("x", "Placeholder", &[]), node("m", "MyPyFuncMetrics", &[])]);
    assert_eq!(rules(&graph), [("model/tf-custom-op", Severity::Low)]);
}

#[test]
fn printing_to_a_file_is_found_and_to_the_log_is_not() {
    let print = |stream: &str| {
        graph(&[node("p", "PrintV2", &[attribute("output_stream", &bytes(2, stream.as_bytes()))])])
    };
    assert_eq!(rules(&print("file:///tmp/out")), [("model/tf-dangerous-op", Severity::High)]);
    assert_eq!(rules(&print("stderr")), []);
}

#[test]
fn a_table_read_from_an_asset_is_normal_and_from_a_system_file_is_not() {
    let table = |path: &str| {
        graph(&[
            constant("asset", path),
            node("t", "InitializeTableFromTextFileV2", &[bytes(3, b"h"), bytes(3, b"asset")]),
        ])
    };
    let asset = |name: &str| bytes(6, &[bytes(1, &bytes(1, b"asset:0")), bytes(2, name.as_bytes())].concat());
    assert_eq!(rules(&saved_model(&table("/home/me/vocab.txt"), &[asset("vocab.txt")])), []);
    assert_eq!(rules(&table("/etc/shadow")), [("model/tf-dangerous-op", Severity::High)]);
    assert_eq!(
        rules(&saved_model(&table("x"), &[asset("../../etc/passwd")])),
        [("model/tf-asset-escape", Severity::High)]
    );
}

#[test]
fn a_checkpoint_or_cache_outside_the_model_is_found_and_one_beside_it_is_not() {
    let save = |path: &str| {
        graph(&[
            constant("prefix", path),
            node("shard", "ShardedFilename", &[bytes(3, b"prefix")]),
            node("save", "SaveV2", &[bytes(3, b"shard"), bytes(3, b"names")]),
        ])
    };
    let cache = |path: &str| {
        graph(&[
            constant("file", path),
            node("cache", "CacheDatasetV2", &[bytes(3, b"data"), bytes(3, b"file"), bytes(3, b"memory")]),
        ])
    };
    assert_eq!(rules(&save("model")), []);
    assert_eq!(rules(&cache("cache/train")), []);
    assert_eq!(rules(&save("/root/.ssh/authorized_keys")), [("model/tf-dangerous-op", Severity::High)]);
    assert_eq!(rules(&save("/srv/out")), [("model/tf-dangerous-op", Severity::Medium)]);
    assert_eq!(rules(&cache("../../other")), [("model/tf-dangerous-op", Severity::Medium)]);
    assert_eq!(rules(&cache("~/kept")), [("model/tf-dangerous-op", Severity::Medium)]);
}

#[test]
fn keras_metadata_is_read_wherever_it_is_kept() {
    let config = br#"{"class_name": "Lambda", "config": {"function": ["eA==", null, null]}}"#;
    let object = [vec![0x10, 1], bytes(3, b"root"), bytes(4, b"_tf_keras_layer"), bytes(5, config)].concat();
    assert_eq!(rules(&bytes(1, &object)), [("model/keras-lambda", Severity::High)]);
    let user = bytes(1, &bytes(4, &[bytes(1, b"_tf_keras_layer"), bytes(3, config)].concat()));
    let model = saved_model(&graph(&[node("x", "Placeholder", &[])]), &[bytes(7, &user)]);
    assert_eq!(rules(&model), [("model/keras-lambda", Severity::High)]);
}

#[test]
fn a_cut_model_keeps_its_findings_and_is_incomplete() {
    let whole = graph(&[node("r", "ReadFile", &[]), node("y", "Placeholder", &[])]);
    let outcome = scan(&whole[..whole.len() - 3]);
    assert!(!outcome.gaps.is_empty());
    assert_eq!(outcome.findings[0].rule.id, "model/tf-dangerous-op");
    assert_eq!(rules(&[0x0a, 8, b'b', b'r']), [("model/tf-malformed", Severity::Low)]);
}

#[test]
fn the_fingerprint_beside_a_model_is_clean() {
    assert_eq!(rules(&[0x08, 9, 0x10, 9, 0x18, 9, 0x20, 9, 0x28, 9, 0x32, 2, 0x08, 4]), []);
}

#[test]
fn a_lambda_whose_code_is_kept_in_a_tuple_is_found() {
    let config = br#"{"class_name": "Lambda", "config": {"function_type": "lambda", "function":
        {"class_name": "__tuple__", "items": ["eA==", null, null]}}}"#;
    let object = [bytes(4, b"_tf_keras_layer"), bytes(5, config)].concat();
    assert_eq!(rules(&bytes(1, &object)), [("model/keras-lambda", Severity::High)]);
}

#[test]
fn the_text_encoding_is_read_too() {
    let text = b"saved_model_schema_version: 1\nmeta_graphs {\n graph_def { node { name: \"w\" op: \"WriteFile\" } }\n}\n";
    let outcome =
        crate::scan(&Input::new("saved_model.pbtxt", text), &Limits::default(), &MonotonicClock::start());
    assert_eq!(outcome.format, Some("tensorflow-text"));
    assert_eq!(outcome.findings[0].rule.id, "model/tf-dangerous-op");
    let clean = b"node { name: \"x\" op: \"Placeholder\" }\n";
    let outcome =
        crate::scan(&Input::new("graph.pbtxt", clean), &Limits::default(), &MonotonicClock::start());
    assert_eq!((outcome.format, outcome.findings.len()), (Some("tensorflow-text"), 0));
}

#[test]
fn every_risky_operation_that_tensorflow_ships_is_known_by_name() {
    assert!(is_registered("ReadFile") && is_registered("MatMul") && is_registered("_Arg"));
    assert!(!is_registered("ReadFiles") && !is_registered(""));
}

proptest! {
    #[test]
    fn a_damaged_model_never_panics(at in 0usize..300, byte: u8, cut in 0usize..300) {
        let graph = [graph(&[constant("c", "/x"), node("r", "ReadFile", &[bytes(3, b"c")])]), function("f", &[node("p", "PyFunc", &[])])].concat();
        let mut content = saved_model(&graph, &[bytes(6, &bytes(2, b"a"))]);
        let at = at % content.len();
        content[at] = byte;
        content.truncate(content.len() - cut % content.len());
        let _ = scan(&content);
    }
}

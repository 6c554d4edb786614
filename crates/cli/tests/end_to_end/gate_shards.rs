//! `bartizan gate` about the index of a sharded model, which stands for its parts, and about files that nobody can read.

use crate::support::Workplace;
use serde_json::{Value, json};

/// A file of safetensors with one tensor of four bytes.
fn shard(tensor: &str) -> Vec<u8> {
    let header = json!({tensor: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.bytes());
    bytes.extend([0; 4]);
    bytes
}

fn attested(place: &Workplace) {
    for line in ["key generate", "scan model --attest -q", "sign model --key bartizan.key"] {
        let ran = place.run(&line.split(' ').collect::<Vec<_>>());
        assert_eq!(ran.code, 0, "{line}: {ran:?}");
    }
}

/// Exit code, and what denies: rules and the files they are about.
fn denied(place: &Workplace, artifact: &str) -> (i32, Vec<(String, Value)>) {
    let ran = place.run(&["gate", artifact, "--format", "json"]);
    let decision: Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    let of = |list: &str| decision[list].as_array().cloned().unwrap_or_default();
    let reasons = of("reasons").into_iter().filter(|each| each["effect"] == "deny");
    let all = reasons.chain(of("missing"));
    (ran.code, all.map(|each| (each["rule"].as_str().unwrap().to_owned(), each["subject"].clone())).collect())
}

#[test]
fn an_index_is_let_through_with_all_its_parts_and_not_without_one() {
    let place = Workplace::new();
    let names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    for (name, tensor) in names.iter().zip(["a", "b"]) {
        place.write(&format!("model/{name}"), shard(tensor));
    }
    place.write("model/README.md", "# A model\n");
    let index = json!({"metadata": {"total_size": 8}, "weight_map": {"a": names[0], "b": names[1]}});
    place.write("model/model.safetensors.index.json", index.to_string());
    attested(&place);
    let index = "model/model.safetensors.index.json";
    assert_eq!(denied(&place, index), (0, vec![]));
    place.write(&format!("model/{}", names[1]), shard("c"));
    let (code, rules) = denied(&place, index);
    let rules: Vec<&str> = rules.iter().map(|(rule, _)| rule.as_str()).collect();
    assert_eq!((code, rules), (1, vec!["signature/refused", "evidence/scan"]));
    std::fs::remove_file(place.path().join("model").join(names[1])).unwrap();
    let (code, rules) = denied(&place, index);
    assert!(code == 1 && rules.iter().any(|(rule, _)| rule == "artifact/unread"), "{rules:?}");
}

#[test]
fn an_index_that_others_read_and_the_gate_does_not_denies() {
    for (total, name) in [("NaN", "a"), ("-Infinity", "a"), ("4", "\\ud800")] {
        let place = Workplace::new();
        place.write("model/model-00001-of-00001.safetensors", shard("a"));
        let index = format!(
            r#"{{"metadata": {{"total_size": {total}}}, "weight_map": {{"{name}": "model-00001-of-00001.safetensors"}}}}"#
        );
        place.write("model/model.safetensors.index.json", index);
        let part = "the parts of model.safetensors.index.json, which is no JSON that is read here";
        place.write(&format!("model/{part}"), shard("a"));
        for line in ["key generate", "scan model --attest -q", "sign model --key bartizan.key"] {
            place.run(&line.split(' ').collect::<Vec<_>>());
        }
        for artifact in ["model", "model/model.safetensors.index.json"] {
            let (code, rules) = denied(&place, artifact);
            assert!(
                code == 1 && rules.iter().any(|(rule, _)| rule == "artifact/unread"),
                "{total}: {rules:?}"
            );
            assert!(place.run(&["gate", artifact]).out.contains(part), "{total}: {artifact}");
        }
    }
}

#[test]
fn an_index_whose_parts_were_never_fetched_denies_only_where_nothing_else_is_whole() {
    let parts = ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"];
    let index = json!({"weight_map": {"a": parts[0], "b": parts[1]}}).to_string();
    let unread = |place: &Workplace| {
        let rules = denied(place, "model").1;
        rules.iter().filter(|(rule, _)| rule == "artifact/unread").count()
    };
    let place = Workplace::new();
    place.write("model/pytorch_model.bin.index.json", &index);
    place.write("model/README.md", "# A model\n");
    assert!(unread(&place) > 0);
    place.write("model/model.safetensors", shard("a"));
    assert_eq!(unread(&place), 0);
    // One part that is there makes it a set with a part lost.
    place.write(&format!("model/{}", parts[0]), shard("a"));
    assert!(unread(&place) > 0);
    // What leads out of the folder is loaded from there.
    let other = Workplace::new();
    other.write("model/model.safetensors", shard("a"));
    other.write("model/pytorch_model.bin.index.json", json!({"weight_map": {"a": "../b.bin"}}).to_string());
    assert!(unread(&other) > 0);
}

#[test]
fn a_file_of_a_format_that_nobody_reads_denies_and_a_picture_does_not() {
    let place = Workplace::new();
    place.write("model/a.safetensors", shard("a"));
    place.write("model/figure.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0");
    place.write("model/empty", "");
    attested(&place);
    assert_eq!(denied(&place, "model"), (0, vec![]));
    let other = Workplace::new();
    other.write("model/a.safetensors", shard("a"));
    other.write("model/weights.rkx", (0..=255).cycle().take(2_048).collect::<Vec<u8>>());
    attested(&other);
    let unknown = ("evidence/unknown-format".to_owned(), json!("weights.rkx"));
    assert_eq!(denied(&other, "model"), (1, vec![unknown]));
}

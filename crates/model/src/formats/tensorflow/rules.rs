//! What can be found in a TensorFlow graph.

use super::Place;
use crate::Scan;
use crate::formats::keras::rules as keras;
use crate::wire::protobuf::ProtobufError;
use bartizan_core::{Finding, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};

rule! {
    /// ## What it finds
    /// An operation that reaches beyond the graph: it reads, writes or lists files, talks to another machine, prints to a
    /// file, or runs native code. Functions of the library are searched as well as the graph.
    /// ## Why it matters
    /// A graph is a program. Such an operation runs with the rights of whoever evaluates the model, on paths that the
    /// model's author chose, at load time when an initialiser reaches it.
    /// ## Example
    /// `WriteFile` with the constant `/home/user/.bashrc`.
    /// ## How to fix
    /// Do not load the model outside a sandbox. Ask for one whose graph only computes.
    /// ## References
    /// - <https://github.com/tensorflow/tensorflow/blob/master/SECURITY.md>
    pub const TF_OP: Rule = Rule {
        id: "model/tf-dangerous-op",
        title: "a TensorFlow operation that reaches beyond the graph",
        severity: Severity::High,
        remedy: "Do not load the model outside a sandbox; ask for one whose graph only computes.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(73), cwe(829), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// An operation that calls a Python function: `PyFunc`, `EagerPyFunc`, `NumpyFunction`.
    /// ## Why it matters
    /// The graph picks, by a token, any function registered in the process that runs it. A saved model with such a node
    /// works only beside the code that made it, or calls something it was not meant to.
    /// ## Example
    /// `PyFunc` with the token `pyfunc_0` in a function of the library.
    /// ## How to fix
    /// Replace the node by TensorFlow operations; do not serve the model with the code it asks for before reading it.
    /// ## References
    /// - <https://www.tensorflow.org/api_docs/python/tf/py_function>
    pub const TF_PYTHON: Rule = Rule {
        id: "model/tf-python-op",
        title: "a TensorFlow operation that calls Python",
        severity: Severity::High,
        remedy: "Do not load the model beside code that registers Python functions; ask for one without the node.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(94), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// An operation that TensorFlow does not ship.
    /// ## Why it matters
    /// A shared library must be loaded for it, and that library is native code nobody looked at here.
    /// ## Example
    /// `ZeroOut` from a custom library.
    /// ## How to fix
    /// Find out which library registers the operation and where it comes from.
    /// ## References
    /// - <https://www.tensorflow.org/guide/create_op>
    pub const TF_UNKNOWN_OP: Rule = Rule {
        id: "model/tf-custom-op",
        title: "a TensorFlow operation that needs a custom library",
        severity: Severity::Low,
        remedy: "Find out which library registers the operation and where it comes from.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(829), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// An asset of a saved model whose file name leaves the `assets` folder.
    /// ## Why it matters
    /// The loader joins the name to the folder and hands the path to the graph, which reads it.
    /// ## Example
    /// `../../../etc/passwd` as the file name of a vocabulary.
    /// ## How to fix
    /// Do not load the model; a saver writes plain file names.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/22.html>
    pub const TF_ASSET: Rule = Rule {
        id: "model/tf-asset-escape",
        title: "a TensorFlow asset outside the model's folder",
        severity: Severity::High,
        remedy: "Do not load the model; a saver writes plain file names for assets.",
        taxonomies: &[atlas("AML.T0025"), cwe(22), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A TensorFlow file that breaks off or holds what is no graph.
    /// ## Why it matters
    /// The loader refuses it, or a part of it was not looked at.
    /// ## Example
    /// A `saved_model.pb` cut in the middle of a node.
    /// ## How to fix
    /// Fetch the file again and compare its digest.
    /// ## References
    /// - <https://protobuf.dev/programming-guides/encoding/>
    pub const TF_MALFORMED: Rule = Rule {
        id: "model/tf-malformed",
        title: "a TensorFlow file that is damaged",
        severity: Severity::Low,
        remedy: "Fetch the file again and compare its digest.",
        taxonomies: &[cwe(20), owasp_ml("ML06")],
    };
}

pub(super) const RULES: &[&Rule] = &[
    &TF_OP,
    &TF_PYTHON,
    &TF_UNKNOWN_OP,
    &TF_ASSET,
    &TF_MALFORMED,
    &keras::KERAS_LAMBDA,
    &keras::KERAS_MODULE,
    &keras::KERAS_FUNCTION,
    &keras::KERAS_TORCH,
    &keras::KERAS_PATH,
    &keras::KERAS_CUSTOM,
    &keras::KERAS_MALFORMED,
];

/// Reports a message that could not be walked to its end.
pub(super) fn malformed(place: &Place, error: &ProtobufError, scan: &mut Scan<'_>) {
    let offset = match error {
        ProtobufError::Truncated(short) => short.offset,
        ProtobufError::BadKey { offset } => *offset,
    };
    let at = place.offset.saturating_add(offset as u64);
    let shown = if place.pointer.is_empty() { "/" } else { &place.pointer };
    scan.gap(Some(at), format!("`{shown}` could not be read to its end: {error}"));
    scan.report(
        Finding::new(&TF_MALFORMED, format!("`{shown}` breaks off: {error}"))
            .at(at)
            .pointer(place.pointer.clone()),
    );
}

/// Reports the node at `offset` that names no operation a loader could look up.
pub(super) fn nameless(place: &Place, offset: u64, scan: &mut Scan<'_>) {
    let shown = if place.pointer.is_empty() { "/" } else { &place.pointer };
    scan.gap(Some(offset), format!("a node in `{shown}` names no operation; fetch the file again"));
    scan.report(
        Finding::new(&TF_MALFORMED, format!("a node in `{shown}` names no operation"))
            .at(offset)
            .pointer(place.pointer.clone()),
    );
}

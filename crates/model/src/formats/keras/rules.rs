//! What can be found in a Keras configuration.

use bartizan_core::{Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};

rule! {
    /// ## What it finds
    /// A Keras model with a function body in it: a `Lambda` layer, or a `__lambda__` object anywhere in the
    /// configuration. The body is marshalled Python bytecode, which is disassembled: code that reaches the system is
    /// `critical`, code that only computes is `medium`, and a body that is no bytecode of any known Python is `high`.
    /// ## Why it matters
    /// Keras 2 and every HDF5 model turn the body into a function and call it while the model is built (CVE-2024-3660,
    /// CVE-2025-9905: `safe_mode` is not honoured for HDF5). Keras 3 does so with `safe_mode=False`.
    /// ## Example
    /// `{"class_name": "Lambda", "config": {"function": ["4wEAAAA…", null, null], "function_type": "lambda"}}`
    /// ## How to fix
    /// Replace the layer by a registered custom layer or a built-in one, and load with `safe_mode=True` from `.keras`.
    /// ## References
    /// - <https://nvd.nist.gov/vuln/detail/CVE-2024-3660>
    /// - <https://nvd.nist.gov/vuln/detail/CVE-2025-9905>
    pub const KERAS_LAMBDA: Rule = Rule {
        id: "model/keras-lambda",
        title: "a Keras Lambda layer that carries code",
        severity: Severity::High,
        remedy: "Replace the Lambda layer by a built-in or registered layer; never load the file with safe mode off.",
        taxonomies: &[atlas("AML.T0011.000"), atlas("AML.T0018.002"), cwe(502), cwe(94), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A configuration that names a class or function outside Keras by module and name.
    /// ## Why it matters
    /// Keras 3 before 3.9 imports the module and calls what it finds there with arguments from the file, safe mode or
    /// not (CVE-2025-1550). Importing alone runs the module's top level.
    /// ## Example
    /// `{"module": "subprocess", "class_name": "function", "config": "Popen", "registered_name": "Popen"}`
    /// ## How to fix
    /// Do not load the file. A model of Keras's own layers names only `keras` modules.
    /// ## References
    /// - <https://nvd.nist.gov/vuln/detail/CVE-2025-1550>
    pub const KERAS_MODULE: Rule = Rule {
        id: "model/keras-foreign-module",
        title: "a Keras configuration that imports a module outside Keras",
        severity: Severity::High,
        remedy: "Do not load the file; a model of Keras's own layers names only keras modules.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(502), cwe(470), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A configuration that names a function of Keras or TensorFlow itself that reaches files, the network, native
    /// libraries or the loader's own switches: `get_file`, `enable_unsafe_deserialization`, `tf.io.write_file`.
    /// ## Why it matters
    /// The loader trusts everything inside Keras, so such a function is called with arguments from the file
    /// (CVE-2025-8747, CVE-2025-9906, CVE-2025-12060).
    /// ## Example
    /// `{"module": "keras.utils", "class_name": "function", "config": "get_file"}`
    /// ## How to fix
    /// Do not load the file; no layer needs these functions.
    /// ## References
    /// - <https://nvd.nist.gov/vuln/detail/CVE-2025-8747>
    /// - <https://nvd.nist.gov/vuln/detail/CVE-2025-9906>
    pub const KERAS_FUNCTION: Rule = Rule {
        id: "model/keras-dangerous-function",
        title: "a Keras configuration that calls a function which is no part of a model",
        severity: Severity::High,
        remedy: "Do not load the file; no layer needs this function.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(502), cwe(829), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A `TorchModuleWrapper` layer: it holds a pickled PyTorch module.
    /// ## Why it matters
    /// Keras 3.11.0 to 3.11.2 unpickle it while loading, safe mode or not (CVE-2025-49655); later releases with safe
    /// mode off. The pickle itself is looked into as well.
    /// ## Example
    /// `{"class_name": "TorchModuleWrapper", "config": {"module": "gAWV…"}}`
    /// ## How to fix
    /// Save the PyTorch weights as safetensors and rebuild the module in code.
    /// ## References
    /// - <https://nvd.nist.gov/vuln/detail/CVE-2025-49655>
    pub const KERAS_TORCH: Rule = Rule {
        id: "model/keras-torch-module",
        title: "a Keras layer that unpickles a PyTorch module",
        severity: Severity::High,
        remedy: "Do not load the file with Keras 3.11.0 to 3.11.2 or with safe mode off; ask for a model without it.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(502), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A layer whose configuration names a file or an address outside the model: a vocabulary, a saved model, a log.
    /// ## Why it matters
    /// The loader opens it with the user's rights. What it reads becomes part of the model and leaks with it, and an
    /// address makes the loader fetch it (CVE-2025-12058).
    /// ## Example
    /// `{"class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}}`
    /// ## How to fix
    /// Save the vocabulary inside the model (a list, or an asset of the archive).
    /// ## References
    /// - <https://nvd.nist.gov/vuln/detail/CVE-2025-12058>
    pub const KERAS_PATH: Rule = Rule {
        id: "model/keras-external-file",
        title: "a Keras layer that opens a file or address while loading",
        severity: Severity::High,
        remedy: "Ask for a model that carries the data inside; do not load this one where secrets can be read.",
        taxonomies: &[atlas("AML.T0025"), cwe(73), cwe(918), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A class that Keras does not ship: the model loads only in a program that registers it.
    /// ## Why it matters
    /// The program must bring code of the same publisher, and that code runs. The file itself carries none.
    /// ## Example
    /// `{"class_name": "MyAttention", "registered_name": "MyPackage>MyAttention", "config": {}}`
    /// ## How to fix
    /// Review the code that defines the class before the model is loaded with it.
    /// ## References
    /// - <https://keras.io/guides/serialization_and_saving/>
    pub const KERAS_CUSTOM: Rule = Rule {
        id: "model/keras-custom-object",
        title: "a Keras class that needs code from outside Keras",
        severity: Severity::Low,
        remedy: "Review the code that defines the class before the model is loaded with it.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(829), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A Keras configuration that is not what a serialiser writes: JSON that does not parse, a key that occurs twice, a
    /// nesting no model has, a class name that imitates another.
    /// ## Why it matters
    /// Readers disagree on such a text, so that a check may see another model than the loader.
    /// ## Example
    /// `{"class_name": "Dense", "class_name": "Lambda", "config": {}}`
    /// ## How to fix
    /// Ask the publisher for a file saved by Keras itself.
    /// ## References
    /// - <https://www.rfc-editor.org/rfc/rfc8259#section-4>
    pub const KERAS_MALFORMED: Rule = Rule {
        id: "model/keras-malformed-config",
        title: "a Keras configuration that no serialiser writes",
        severity: Severity::Medium,
        remedy: "Ask for a file saved by Keras itself; do not load this one.",
        taxonomies: &[atlas("AML.T0074"), cwe(20), owasp_ml("ML06")],
    };
}

/// Every rule that a Keras configuration can break.
pub(crate) const RULES: &[&Rule] = &[
    &KERAS_LAMBDA,
    &KERAS_MODULE,
    &KERAS_FUNCTION,
    &KERAS_TORCH,
    &KERAS_PATH,
    &KERAS_CUSTOM,
    &KERAS_MALFORMED,
];

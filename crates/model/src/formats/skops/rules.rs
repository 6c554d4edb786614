//! Rules of skops schemas.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, owasp_ml, rule};

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

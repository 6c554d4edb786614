//! `pipeline/unsafe-model-format`: a model format that runs code when loaded.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, owasp_ml, rule};

rule! {
    /// ## What it finds
    /// A serving specification whose server unpickles the model (scikit-learn, LightGBM and XGBoost by pickle,
    /// MLflow pyfunc, TorchServe archives), an address that ends in a pickle format, or a variable that makes a process
    /// unpickle what it is given (`VLLM_ALLOW_INSECURE_SERIALIZATION=1`). In Python: a file of such a format fetched from a
    /// hub, or taken out of a bucket where no digest is compared.
    /// ## Why it matters
    /// Whoever can write to that store runs code in the server.
    /// ## Example
    /// `implementation: SKLEARN_SERVER` with `modelUri: gs://bucket/model`
    /// ## How to fix
    /// Serve safetensors or ONNX; otherwise restrict and sign the store.
    /// ## References
    /// - CWE-502, Deserialization of Untrusted Data
    pub const UNSAFE_MODEL_FORMAT: Rule = Rule {
        id: "pipeline/unsafe-model-format",
        title: "a model format that runs code when loaded",
        severity: Severity::Medium,
        remedy: "Convert the model to safetensors or ONNX, or verify a signature over it before it is loaded.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(502), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}

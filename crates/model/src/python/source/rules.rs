//! The rules of Python source.

use bartizan_core::{Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};

rule! {
    /// ## What it finds
    /// A call in Python source that runs commands or code, loads pickles or native libraries, opens files or sockets,
    /// resolved through imports, aliases, `getattr`, `__import__` and strings built from pieces.
    /// ## Why it matters
    /// Inside a model file (a Lambda body, an `exec` argument) such a call runs when the model is loaded or used. In code
    /// shipped beside a model it runs with `trust_remote_code` or in the serving process.
    /// ## Example
    /// `getattr(__import__('o' + 's'), 'sys' + 'tem')('id')`
    /// ## How to fix
    /// Read the code before it runs; in a model file, remove it.
    /// ## References
    /// - MITRE ATLAS AML.T0011.000; CWE-94, Improper Control of Generation of Code
    pub const PYTHON_DANGEROUS_CALL: Rule = Rule {
        id: "model/python-dangerous-call",
        title: "Python source with a dangerous call",
        severity: Severity::Medium,
        remedy: "Read the code around the call before it is imported; model files need no such call.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(94), cwe(78), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// Python source that executes data it decoded, decompressed, unmarshalled or downloaded, gives a process or an
    /// unpickler a constant that it keeps encoded, or looks up what it calls so that a reader does not see its name.
    /// ## Why it matters
    /// The code that runs is not the code that was reviewed. Honest model code has no reason for it.
    /// ## Example
    /// `exec(base64.b64decode('aW1wb3J0IG9z…'))`
    /// ## How to fix
    /// Do not import the module; decode the payload offline to see what it is.
    /// ## References
    /// - CWE-506, Embedded Malicious Code; CWE-494, Download of Code Without Integrity Check
    pub const PYTHON_HIDDEN_CODE: Rule = Rule {
        id: "model/python-hidden-code",
        title: "Python source that runs decoded or downloaded code",
        severity: Severity::Critical,
        remedy: "Do not import the module; decode the payload offline to see what it does, and report the publisher.",
        taxonomies: &[atlas("AML.T0011.000"), atlas("AML.T0010"), cwe(506), cwe(494), owasp_llm("LLM03")],
    };

    /// ## What it finds
    /// Python source that pipes a download into a shell, hands a socket to a shell, sends credentials or the environment
    /// to the network, writes machine code into memory, or writes to files that run at the next login or boot.
    /// ## Why it matters
    /// These are the moves of malware, not of model code.
    /// ## Example
    /// `os.dup2(s.fileno(), 0); pty.spawn('/bin/sh')`
    /// ## How to fix
    /// Do not import the module. If it was imported, treat the machine and its credentials as lost.
    /// ## References
    /// - MITRE ATLAS AML.T0025, Exfiltration via Cyber Means; CWE-506
    pub const PYTHON_BACKDOOR: Rule = Rule {
        id: "model/python-backdoor",
        title: "Python source that behaves like malware",
        severity: Severity::Critical,
        remedy: "Do not import the module; if it ran, rotate every credential the process could read.",
        taxonomies: &[atlas("AML.T0010"), atlas("AML.T0025"), cwe(506), cwe(200), owasp_llm("LLM03")],
    };

    /// ## What it finds
    /// TorchScript code that calls what TorchScript does not have or does not need: operators of other libraries
    /// (`ops.name.fn`), operators that read or write files, Python built-ins.
    /// ## Why it matters
    /// `torch.jit.load` compiles this code and running the model calls it. A custom operator is native code from a library
    /// that has to be loaded first; `aten::save` and `aten::from_file` touch the file system.
    /// ## Example
    /// `ops.aten.from_file("/etc/passwd", …)`
    /// ## How to fix
    /// Export the model again from source you trust.
    /// ## References
    /// - PyTorch security policy, *Untrusted models*
    pub const TORCHSCRIPT_OPERATOR: Rule = Rule {
        id: "model/torchscript-operator",
        title: "TorchScript code that leaves TorchScript",
        severity: Severity::High,
        remedy: "Export the model again from source you trust, without operators of other libraries.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(829), cwe(73), owasp_llm("LLM03")],
    };

    /// ## What it finds
    /// Python source that does not parse, or nests deeper than a parser should follow.
    /// ## Why it matters
    /// It cannot be judged with confidence, and an interpreter of another version may still run it.
    /// ## Example
    /// A handler with ten thousand nested brackets.
    /// ## How to fix
    /// Take the file from its publisher again.
    /// ## References
    /// - CWE-1286, Improper Validation of Syntactic Correctness of Input
    pub const PYTHON_UNPARSABLE: Rule = Rule {
        id: "model/python-unparsable",
        title: "Python source that does not parse",
        severity: Severity::Low,
        remedy: "Replace the file by one that parses.",
        taxonomies: &[cwe(1286), owasp_ml("ML06")],
    };
}

/// Every rule [`inspect`](super::inspect) may report.
pub const RULES: &[&Rule] = &[
    &PYTHON_DANGEROUS_CALL,
    &PYTHON_HIDDEN_CODE,
    &PYTHON_BACKDOOR,
    &TORCHSCRIPT_OPERATOR,
    &PYTHON_UNPARSABLE,
];

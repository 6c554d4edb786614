//! Native code loaded from a file.

use crate::python::call::Call;
use crate::python::module::Module;
use crate::python::value::{Known, Taint};
use bartizan_core::{Confidence, Finding, Rule, Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// Libraries of native code loaded at run time from a file: ONNX Runtime's `register_custom_ops_library`,
    /// `torch.ops.load_library`, `torch.classes.load_library`, `tf.load_op_library`, `torch.utils.cpp_extension.load`,
    /// `ctypes.CDLL` of a path, TensorRT plugins.
    /// ## Why it matters
    /// The library runs as it is loaded, with the rights of the process, and no scan of the model sees it.
    /// ## Example
    /// `options.register_custom_ops_library("./ops.so")`
    /// ## How to fix
    /// Build the library in your own pipeline, sign it, verify the signature before it is loaded.
    /// ## References
    /// - <https://onnxruntime.ai/docs/reference/operators/add-custom-op.html>
    pub const NATIVE_CODE_LOAD: Rule = Rule {
        id: "pipeline/native-code-load",
        title: "native code loaded from a file",
        severity: Severity::Medium,
        remedy: "Build the library in your own pipeline, and verify its signature before it is loaded.",
        taxonomies: &[atlas("AML.T0010"), atlas("AML.T0011"), cwe(114), cwe(427), owasp_llm("LLM03")],
    };
}

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] = &[&NATIVE_CODE_LOAD];

/// Judges one call.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    let name = call.name();
    let path = call.path.as_ref();
    let argument = call.positional.first().or_else(|| call.arguments().next());
    let library = matches!(
        name,
        "register_custom_ops_library"
            | "load_op_library"
            | "load_plugin_library"
            | "register_plugin_library"
            | "load_pluggable_device_library"
    ) || matches!(
        path,
        "torch.ops.load_library"
            | "torch.classes.load_library"
            | "tensorflow.load_library"
            | "tensorflow.load_op_library"
            | "torch._C._jit_load_library"
            | "tvm.runtime.load_module"
            | "mxnet.library.load"
    );
    let compiled = matches!(path, "torch.utils.cpp_extension.load" | "torch.utils.cpp_extension.load_inline");
    let foreign = matches!(
        path,
        "ctypes.CDLL"
            | "ctypes.cdll.LoadLibrary"
            | "ctypes.PyDLL"
            | "ctypes.WinDLL"
            | "ctypes.OleDLL"
            | "cffi.FFI().dlopen"
            | "imp.load_dynamic"
            | "ctypes.windll.LoadLibrary"
            | "ctypes.pydll.LoadLibrary"
    );
    if !(library || compiled || foreign) {
        return;
    }
    let taint = call.taint();
    let outside = taint.has(Taint::REQUEST) || taint.has(Taint::NETWORK) || taint.has(Taint::MODEL);
    let finding = if compiled {
        Finding::new(&NATIVE_CODE_LOAD, format!("`{name}` compiles and loads native code at run time"))
            .severity(Severity::Low)
    } else {
        Finding::new(&NATIVE_CODE_LOAD, format!("`{name}` runs native code from a file"))
    };
    let finding = match argument.map(|argument| &argument.value.known) {
        _ if outside => finding.severity(Severity::High),
        // The program itself, and system libraries found by name.
        Some(Known::Null) | None if foreign => return,
        Some(Known::Text(text)) if foreign && !text.contains(['/', '\\']) => {
            if text.starts_with("lib") || text.ends_with(".dll") || !text.contains('.') {
                return;
            }
            finding.severity(Severity::Low)
        }
        Some(Known::Text(text)) if foreign && (text.starts_with("/usr/lib") || text.starts_with("/lib")) => {
            return;
        }
        Some(Known::Text(text) | Known::Pieces(text)) if foreign => {
            let local = text.contains(['/', '\\']);
            if local { finding } else { finding.severity(Severity::Low).confidence(Confidence::Medium) }
        }
        _ if foreign => finding.severity(Severity::Low).confidence(Confidence::Medium),
        // Beside the module that loads it: part of the package.
        Some(Known::Text(_)) => finding,
        _ if library => finding.confidence(Confidence::Medium),
        _ => finding,
    };
    module.report(&call.span, finding);
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{High, Low, Medium};

    #[test]
    fn libraries_from_files_are_found_and_those_of_the_system_are_not() {
        let graded = |code: &str| severities(code, "pipeline/native-code-load");
        assert_eq!(
            graded(
                "import onnxruntime as ort\nso = ort.SessionOptions()\nso.register_custom_ops_library('./e.so')"
            ),
            [Medium]
        );
        assert_eq!(graded("import torch\ntorch.ops.load_library('build/ops.so')"), [Medium]);
        assert_eq!(graded("import ctypes\nctypes.CDLL('./e.so')"), [Medium]);
        assert_eq!(graded("import ctypes\nctypes.CDLL('libc.so.6')"), []);
        assert_eq!(graded("import ctypes\nctypes.CDLL(None)"), []);
        assert_eq!(graded("import ctypes\ndef f(p):\n    ctypes.CDLL(p)"), [Low]);
        assert_eq!(
            graded("from flask import request\nimport ctypes\nctypes.CDLL(request.args['p'])"),
            [High]
        );
    }
}

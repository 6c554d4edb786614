//! Operators by domain: which are part of ONNX or built into runtimes, and what the others can do.

use super::ONNX_CUSTOM_OPERATOR;
use bartizan_core::{Confidence, Finding, Severity};

/// The finding about operator `name` of `domain`, `None` when ONNX or a runtime defines it.
pub(super) fn verdict(domain: &str, name: &str) -> Option<Finding> {
    let shown = |what: &str| {
        let full = if domain.is_empty() { name.to_owned() } else { format!("{domain}::{name}") };
        format!("operator `{}` {what}", bartizan_core::printable(&full, 120))
    };
    let lower = name.to_ascii_lowercase();
    let finding = |severity, what: &str| {
        Some(Finding::new(&ONNX_CUSTOM_OPERATOR, shown(what)).severity(severity).evidence(name))
    };
    if lower.contains("python")
        || matches!(
            lower.as_str(),
            "pyop" | "pyfunc" | "pyfuncstateless" | "eagerpyfunc" | "pycustomop" | "numpyfunction"
        )
    {
        return finding(Severity::High, "runs Python code while the model runs");
    }
    if FILE_AND_PROCESS.contains(&lower.as_str()) {
        return finding(Severity::High, "reaches files, processes or code outside the model");
    }
    if NETWORK.iter().any(|prefix| lower.starts_with(prefix)) {
        return finding(Severity::High, "sends data over the network while the model runs");
    }
    if lower == "epcontext" {
        return finding(Severity::Low, "holds or names a precompiled binary that the runtime trusts");
    }
    if is_built_in(domain) {
        return None;
    }
    if domain == CONTRIB {
        if CONTRIB_OPERATORS.contains(&name)
            || CONTRIB_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            || name.ends_with("Tokenizer")
        {
            return finding(Severity::Low, "needs the onnxruntime-extensions library");
        }
        return finding(
            Severity::Medium,
            "is none that onnxruntime-extensions ships, so it is code registered by the user, often in Python",
        );
    }
    if VENDORS.iter().any(|vendor| within(domain, vendor)) {
        return finding(Severity::Low, "needs a native library of a known vendor");
    }
    finding(Severity::Medium, "needs native code that neither ONNX nor a known runtime provides")
        .map(|finding| finding.confidence(Confidence::Medium))
}

/// Whether ONNX itself or every build of ONNX Runtime defines the domain.
pub(super) fn is_built_in(domain: &str) -> bool {
    matches!(domain, "" | "ai.onnx") || BUILT_IN.iter().any(|known| within(domain, known))
}

/// Whether `domain` is `parent` or lies below it.
fn within(domain: &str, parent: &str) -> bool {
    domain.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

const BUILT_IN: &[&str] = &[
    "ai.onnx.ml",
    "ai.onnx.training",
    "ai.onnx.preview",
    "com.microsoft",
    "com.ms.internal",
    "com.ms.internal.nhwc",
];

/// Domain of onnxruntime-extensions.
const CONTRIB: &str = "ai.onnx.contrib";

/// Domains whose libraries come from a known vendor or exporter.
const VENDORS: &[&str] = &[
    "org.pytorch.aten",
    "org.pytorch",
    "pkg.onnxscript",
    "pkg.torch",
    "pkg",
    "com.nvidia",
    "nvidia",
    "trt.plugins",
    "trt",
    "TRT",
    "mmdeploy",
    "mmcv",
    "com.intel",
    "org.openvinotoolkit",
    "com.qti",
    "qti",
    "qti_aisw",
    "com.amd",
    "com.xilinx",
    "ai.graphcore",
    "com.huawei",
    "com.apple",
    "ai.onnx.experimental",
    "finn.custom_op",
    "qonnx.custom_op",
    "onnx.brevitas",
    "Sagemaker",
    "spox",
];

/// Operators that onnxruntime-extensions ships, beyond those of [`CONTRIB_PREFIXES`].
const CONTRIB_OPERATORS: &[&str] = &[
    "AudioDecoder",
    "BasicTokenizer",
    "BlingFireSentenceBreaker",
    "BpeDecoder",
    "DecodeImage",
    "DrawBoundingBoxes",
    "EncodeImage",
    "GaussianBlur",
    "HfJsonTokenizer",
    "ImageDecoder",
    "ImageReader",
    "Inverse",
    "MaskedFill",
    "NegPos",
    "RaggedTensorToDense",
    "RaggedTensorToSparse",
    "SegmentExtraction",
    "SegmentSum",
    "SentencepieceDecoder",
    "StftNorm",
    "TokenizerDecoder",
    "TrieTokenizer",
    "VectorToString",
    "WordpieceTokenizer",
    "StringToVector",
    "TrieDetokenizer",
];

/// Families of operators that onnxruntime-extensions ships.
const CONTRIB_PREFIXES: &[&str] = &["String", "Imread", "Resize", "Crop"];

/// Operators, in lower case, whose name says that they reach outside the model.
const FILE_AND_PROCESS: &[&str] = &[
    "readfile",
    "writefile",
    "loadfile",
    "savefile",
    "fileread",
    "filewrite",
    "openfile",
    "deletefile",
    "loadtensorfromfile",
    "savetensortofile",
    "imread",
    "imwrite",
    "shell",
    "shellcommand",
    "exec",
    "execute",
    "eval",
    "system",
    "subprocess",
    "runcommand",
    "loadlibrary",
    "dlopen",
    "matchingfiles",
];

/// Beginnings, in lower case, of operators that call a service.
const NETWORK: &[&str] =
    &["azure", "openai", "http", "download", "urlopen", "socket", "webrequest", "tritoninvoker"];

#[cfg(test)]
mod tests {
    use super::*;

    fn severity(domain: &str, name: &str) -> Option<Severity> {
        verdict(domain, name).map(|finding| finding.severity)
    }

    #[test]
    fn operators_of_onnx_and_its_runtimes_are_silent() {
        for (domain, name) in [
            ("", "Relu"),
            ("ai.onnx.ml", "LabelEncoder"),
            ("com.microsoft", "FusedMatMul"),
            ("com.microsoft.nchwc", "Conv"),
        ] {
            assert_eq!(severity(domain, name), None, "{domain} {name}");
        }
    }

    #[test]
    fn python_operators_are_high_in_every_domain() {
        assert_eq!(severity("", "PythonOp"), Some(Severity::High));
        assert_eq!(severity("com.microsoft", "PythonOpGrad"), Some(Severity::High));
        assert_eq!(severity("ai.onnx.contrib", "PyOp"), Some(Severity::High));
    }

    #[test]
    fn a_domain_that_only_starts_like_a_known_one_is_unknown() {
        assert_eq!(severity("com.microsoftware", "Relu"), Some(Severity::Medium));
        assert_eq!(severity("com.nvidia.plugins", "Nms"), Some(Severity::Low));
    }
}

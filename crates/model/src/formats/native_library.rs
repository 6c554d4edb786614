//! Native libraries and foreign code that a model file asks its runtime to load: the finding several formats share.

use crate::Scan;
use crate::text::printable;
use bartizan_core::{Confidence, Finding, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};

rule! {
    /// ## What it finds
    /// The path of a native library in a model file.
    /// ## Why it matters
    /// Runtimes load custom operators and plug-ins from libraries; a path inside the model lets its author choose which
    /// library that is, and a library runs code the moment it is loaded.
    /// ## Example
    /// `/tmp/libcustom_plugin.so` in a TensorRT engine.
    /// ## How to fix
    /// Load plug-ins from a fixed place, never from a path the model names; ask its publisher what the library does.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/114.html>
    pub const NATIVE_LIBRARY: Rule = Rule {
        id: "model/native-library-path",
        title: "the path of a native library",
        severity: Severity::Medium,
        remedy: "Load plug-ins from a fixed place, never from a path the model names.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(114), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// An operator, layer or function in a model graph that the runtime takes from code outside the model.
    /// ## Why it matters
    /// The model runs only after that code was loaded; whoever ships the model usually ships the code as well, and its
    /// behaviour is not part of the file that is signed and scanned.
    /// ## Example
    /// An MXNet node with `"op": "Custom"`, a `py_func` of Paddle, a CNTK native user function.
    /// ## How to fix
    /// Review the operator's code; replace it with operators of the framework.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/829.html>
    pub const FOREIGN_OPERATOR: Rule = Rule {
        id: "model/foreign-operator",
        title: "an operator whose code lies outside the model",
        severity: Severity::Medium,
        remedy: "Review the operator's code, or replace it with operators of the framework.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(829), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}

/// Endings of native libraries, with what may follow.
const ENDINGS: &[&str] = &[".so", ".dll", ".dylib"];

/// The word in `text` that is the path or name of a native library, if there is one.
pub(crate) fn library_in(text: &str) -> Option<&str> {
    text.split(|c: char| {
        c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | '=' | '(' | ')' | '<' | '>' | '|')
    })
    .filter(|word| word.len() > 4 && word.len() < 1024)
    .find(|word| {
        let lower = word.to_ascii_lowercase();
        ENDINGS.iter().any(|ending| {
            // `libfoo.so.8.6` is one, `a.sound` is not.
            lower.find(ending).is_some_and(|at| {
                let after = lower.get(at.saturating_add(ending.len())..).unwrap_or_default();
                at > 0 && after.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit())
            })
        })
    })
}

/// Reports a native library named in `text`, which stands at `offset`. A path from which anything can be loaded (absolute,
/// climbing, temporary, remote) is high, a bare name medium.
pub(crate) fn report_library(text: &str, offset: usize, scan: &mut Scan<'_>) {
    let Some(library) = library_in(text) else { return };
    let chosen = library.starts_with(['/', '\\', '~'])
        || library.contains("..")
        || library.contains("://")
        || library.as_bytes().get(1) == Some(&b':');
    let system = ["/usr/lib", "/lib/", "/lib64/", "/opt/", "C:\\Windows\\"]
        .iter()
        .any(|root| library.starts_with(root));
    let severity = if chosen && !system { Severity::High } else { Severity::Medium };
    let message = format!("the model names the native library `{library}`");
    scan.report(
        Finding::new(&NATIVE_LIBRARY, message)
            .severity(severity)
            .confidence(Confidence::Medium)
            .at(offset as u64)
            .evidence(text),
    );
}

/// Judges the readable runs of a binary format: libraries, and what no compiled model needs.
pub(crate) fn inspect_binary(bytes: &[u8], base: usize, scan: &mut Scan<'_>) {
    for (offset, run) in printable::ascii_runs(bytes) {
        report_library(run, base.saturating_add(offset), scan);
    }
    printable::inspect_runs(bytes, base, scan);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_told_from_words() {
        assert_eq!(library_in("load /tmp/evil.so now"), Some("/tmp/evil.so"));
        assert_eq!(library_in("libnvinfer.so.8.6"), Some("libnvinfer.so.8.6"));
        assert_eq!(library_in("C:\\temp\\evil.DLL"), Some("C:\\temp\\evil.DLL"));
        assert_eq!(library_in("layer.solid a.sound .so"), None);
    }
}

//! Content against name: a file whose extension promises one format while its content is another.
//!
//! Recognition goes by content, so the scan is not misled; a person and a loader that go by the name are. Cost: one look
//! at the head of the file per format.

use crate::{Format, Input, Scan, identify, registry};
use bartizan_core::{Confidence, Finding, Kind, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};

rule! {
    /// ## What it finds
    /// A file whose extension belongs to one format while its content is of another; worst when the name promises data
    /// and the content is a pickle.
    /// ## Why it matters
    /// Reviewers, allow-lists and scanners that go by extension let the file through; loaders that go by content, or fall
    /// back to `pickle`, then run it.
    /// ## Example
    /// A pickle called `model.safetensors`.
    /// ## How to fix
    /// Find out who named the file; load it with a reader that refuses other formats.
    /// ## References
    /// - <https://nvd.nist.gov/vuln/detail/CVE-2025-1889>
    /// - <https://atlas.mitre.org/techniques/AML.T0074>
    pub const EXTENSION_MISMATCH: Rule = Rule {
        id: "model/extension-mismatch",
        title: "content that is not what its extension says",
        severity: Severity::Low,
        remedy: "Find out who named the file; load it with a reader that refuses other formats.",
        taxonomies: &[atlas("AML.T0074"), cwe(646), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}

/// Rules [`check`] may report.
pub(crate) static RULES: &[&Rule] = &[&EXTENSION_MISMATCH];

/// Extensions that promise data without code.
const PROMISES_DATA: &[&str] = &[
    "safetensors",
    "gguf",
    "ggml",
    "onnx",
    "tflite",
    "ubj",
    "bst",
    "cbm",
    "pmml",
    "parquet",
    "arrow",
    "feather",
    "csv",
    "tsv",
    "json",
    "jsonl",
    "yaml",
    "yml",
    "toml",
    "txt",
    "md",
    "xml",
    "svg",
    "png",
    "jpg",
    "jpeg",
    "gif",
    "pdf",
    "wav",
    "mp3",
];

/// Extensions too many programs use to promise anything; `.pth` is also Python's path configuration.
const GENERIC: &[&str] = &["bin", "dat", "data", "model", "out", "obj", "pth"];

/// Formats whose loader runs what the file says.
const RUNS_CODE: &[&str] = &["pickle", "java-serialized", "executable"];

/// Formats recognised for want of anything better.
const PLAIN: &[&str] = &["text", "table-text"];

/// Compares the name of `input` with what recognised its content.
pub(crate) fn check(input: &Input<'_>, format: Option<&'static dyn Format>, scan: &mut Scan<'_>) {
    let extension = input.extension();
    let Some(format) = format.filter(|_| !extension.is_empty()) else { return };
    let fits = |format: &dyn Format| format.extensions().contains(&extension.as_str());
    // A container may carry any name: `.npz`, `.jar` and `.docx` are all zip archives.
    if format.kind() == Kind::Archive || fits(format) || identify::certain(input).into_iter().any(fits) {
        return;
    }
    // A pointer to a file kept elsewhere stands under the name of that file.
    if input.bytes.starts_with(b"version https://git-lfs") {
        return;
    }
    let claimants: Vec<_> = registry::FORMATS.iter().filter(|format| fits(**format)).collect();
    let promises_data = PROMISES_DATA.contains(&extension.as_str());
    let runs_code = RUNS_CODE.contains(&format.id());
    let (severity, confidence) = match (claimants.is_empty(), runs_code && promises_data) {
        (_, true) => (Severity::High, Confidence::High),
        (true, false) => return,
        _ if GENERIC.contains(&extension.as_str()) => return,
        (false, false)
            if PLAIN.contains(&format.id())
                && claimants.iter().all(|format| format.kind() == Kind::Model) =>
        {
            (Severity::Medium, Confidence::Medium)
        }
        (false, false) => (Severity::Low, Confidence::Medium),
    };
    let promised = claimants.first().map_or("data", |format| format.name());
    let message = format!("the name ends in `.{extension}` ({promised}), the content is {}", format.name());
    scan.report(Finding::new(&EXTENSION_MISMATCH, message).severity(severity).confidence(confidence).at(0));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::npy::NPY;
    use crate::formats::plain_text::PLAIN_TEXT;
    use bartizan_core::{Limits, MonotonicClock};

    fn found(name: &str, bytes: &[u8]) -> Vec<(&'static str, Severity)> {
        let outcome = crate::scan(&Input::new(name, bytes), &Limits::default(), &MonotonicClock::start());
        let mismatches = outcome.findings.iter().filter(|finding| finding.rule.id == EXTENSION_MISMATCH.id);
        mismatches.map(|finding| (finding.rule.id, finding.severity)).collect()
    }

    #[test]
    fn text_under_the_name_of_an_array_is_medium_and_under_its_own_is_silent() {
        assert_eq!(found("notes.txt", b"ordinary words\n"), []);
        assert_eq!(
            found("weights.npy", b"ordinary words\n").first().map(|found| found.1),
            Some(Severity::Medium)
        );
        assert_eq!(found("weights.safetensors", b"version https://git-lfs.github.com/spec/v1\n"), []);
    }

    #[test]
    fn a_name_nobody_claims_promises_nothing() {
        assert_eq!(found("notes.unheardof", b"ordinary words\n"), []);
        assert!(!NPY.extensions().contains(&"unheardof") && !PLAIN_TEXT.extensions().contains(&"unheardof"));
    }
}

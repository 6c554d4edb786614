//! Whether a name tells the truth about the content: extensions that other formats claim, harmless-looking extensions
//! over pickles and programs, and checkpoints wrapped in containers that their loader cannot open.

use crate::archive::zip;
use crate::formats::skops::SKOPS;
use crate::{Format, Input, Recognition, Scan, identify, registry};
use bartizan_core::{Confidence, Finding, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};

rule! {
    /// ## What it finds
    /// A file whose extension belongs to another format than its content, or promises a format that the content is not, or
    /// an archive without what the loader of its name opens first.
    /// ## Why it matters
    /// Gates and scanners that go by extension pass the file; loaders that go by content, or fall back to pickle, run
    /// what is in it (CVE-2025-1889, CVE-2025-10155).
    /// ## Example
    /// `model.safetensors` that is a pickle.
    /// ## How to fix
    /// Rename the file to what it is, and find out who named it otherwise.
    /// ## References
    /// - <https://nvd.nist.gov/vuln/detail/CVE-2025-10155>
    pub const EXTENSION_MISMATCH: Rule = Rule {
        id: "model/extension-mismatch",
        title: "an extension that does not fit the content",
        severity: Severity::Low,
        remedy: "Rename the file to what it is, and find out who named it otherwise.",
        taxonomies: &[atlas("AML.T0074"), cwe(646), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A file named as a checkpoint that is a RAR, 7z or compressed stream, which the framework of that name cannot load.
    /// ## Why it matters
    /// The wrapper has one use: to keep scanners that follow the framework's rules out until something unpacks it. The
    /// nullifAI models on a public hub hid their reverse shells so.
    /// ## Example
    /// `pytorch_model.pt` that is a 7z archive.
    /// ## How to fix
    /// Do not unpack or load it. Get the checkpoint in its framework's own format.
    /// ## References
    /// - <https://www.reversinglabs.com/blog/rl-identifies-malware-ml-model-hosted-on-hugging-face>
    pub const NONSTANDARD_CONTAINER: Rule = Rule {
        id: "model/nonstandard-container",
        title: "a checkpoint in a container that its framework cannot load",
        severity: Severity::High,
        remedy: "Do not unpack or load it; get the checkpoint in its framework's own format.",
        taxonomies: &[atlas("AML.T0074"), cwe(646), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}

/// Rules of this check.
pub(crate) static RULES: &[&Rule] = &[&EXTENSION_MISMATCH, &NONSTANDARD_CONTAINER];

/// Extensions so widely shared that they promise nothing.
const SHARED: &[&str] = &[
    "bin", "dat", "data", "model", "ckpt", "weights", "params", "obj", "db", "cache", "state", "save", "raw",
    "blob", "tmp", "part", "bak", "index", "meta", "mdl", "z", "pb", "out", "log", "0", "1", "2",
];
/// Extensions that gates let pass because nothing in such a file can run.
const HARMLESS: &[&str] = &[
    "safetensors",
    "gguf",
    "onnx",
    "txt",
    "md",
    "json",
    "csv",
    "tsv",
    "yaml",
    "yml",
    "toml",
    "ini",
    "cfg",
    "png",
    "jpg",
    "jpeg",
    "gif",
    "bmp",
    "webp",
    "svg",
    "pdf",
    "wav",
    "mp3",
    "mp4",
    "log",
    "tflite",
    "html",
    "xml",
];
/// Model formats chosen because loading them runs no code; what runs code under such a name was hidden on purpose.
const CODE_FREE: &[&str] = &["safetensors", "gguf", "ggml", "onnx", "tflite", "bst", "ubj"];
/// Extensions of checkpoints that no framework reads through an archiver or a compressor.
const CHECKPOINTS: &[&str] =
    &["pt", "pth", "ptl", "pte", "safetensors", "gguf", "onnx", "h5", "hdf5", "keras", "tflite"];
/// Of these it is usual that a compressor wraps them (`joblib`), but no archiver.
const PICKLES: &[&str] = &["pkl", "pickle", "joblib", "dill", "ckpt", "bin", "model"];
const ARCHIVERS: &[&str] = &["7z", "rar", "cab"];
const COMPRESSORS: &[&str] = &["gzip", "bzip2", "xz", "zstd", "lz4", "lzip", "lzma", "zlib", "joblib-zfile"];
/// Formats that run when loaded or opened.
const ACTIVE: &[&str] =
    &["pickle", "executable", "torch-zip", "torch-legacy", "torch-tar", "pyc", "java-serialized"];
/// Formats recognised for want of anything better.
const PLAIN: &[&str] = &["text", "table-text"];
/// Extensions whose content always shows a magic number or structure known here.
const DISTINCT: &[&str] = &[
    "safetensors",
    "gguf",
    "pt",
    "pth",
    "ptl",
    "pte",
    "keras",
    "h5",
    "hdf5",
    "npz",
    "npy",
    "mar",
    "nemo",
    "skops",
    "zip",
    "tar",
    "gz",
    "bz2",
    "xz",
    "zst",
    "7z",
    "rar",
    "joblib",
    "pkl",
    "pickle",
    "tflite",
    "onnx",
];

/// Compares the extension with the content. `format` is the one that recognised it, if any.
pub(crate) fn check(input: &Input<'_>, format: Option<&'static dyn Format>, scan: &mut Scan<'_>) {
    let extension = input.extension();
    let extension = extension.as_ref();
    if extension.is_empty() || input.bytes.is_empty() || !is_extension(extension) {
        return;
    }
    let Some(format) = format else {
        if DISTINCT.contains(&extension) {
            scan.report(
                Finding::new(
                    &EXTENSION_MISMATCH,
                    format!("named .{extension}, but the content is not of that format or of any known here"),
                )
                .confidence(Confidence::Medium),
            );
        }
        return;
    };
    let id = format.id();
    let wrapped = ARCHIVERS.contains(&id)
        && (CHECKPOINTS.contains(&extension) || PICKLES.contains(&extension))
        || COMPRESSORS.contains(&id) && CHECKPOINTS.contains(&extension);
    if wrapped {
        scan.report(
            Finding::new(
                &NONSTANDARD_CONTAINER,
                format!(
                    "named .{extension}, but it is {}: no loader of .{extension} opens that",
                    article(format.name())
                ),
            )
            .confidence(Confidence::Medium)
            .at(0),
        );
        return;
    }
    if id == "zip"
        && let Some(lack) = lacks(input, extension)
    {
        let message = format!("named .{extension}, but {lack}: no loader of .{extension} can read it");
        scan.report(Finding::new(&EXTENSION_MISMATCH, message).at(0));
        return;
    }
    if SHARED.contains(&extension) || id == "git-lfs-pointer" || claims(format, extension) {
        return;
    }
    // The file may rightly be of a second format that claims the extension.
    let certain = identify::certain(input);
    if certain.iter().any(|other| claims(*other, extension)) {
        return;
    }
    // Text is what is left when nothing else fits: under the name of a model it is a broken promise.
    if PLAIN.contains(&id) && DISTINCT.contains(&extension) {
        scan.report(
            Finding::new(&EXTENSION_MISMATCH, format!("named .{extension}, but the content is plain text"))
                .severity(Severity::Medium)
                .confidence(Confidence::Medium)
                .at(0),
        );
        return;
    }
    let is_claimed = registry::FORMATS.iter().any(|other| claims(*other, extension));
    let is_active = ACTIVE.contains(&id);
    let severity = match (HARMLESS.contains(&extension), is_active) {
        (_, true) if CODE_FREE.contains(&extension) => Severity::High,
        (true, true) => Severity::Medium,
        (_, _) if is_claimed => Severity::Low,
        (true, false) if !certain.is_empty() => Severity::Low,
        _ => return,
    };
    scan.report(
        Finding::new(
            &EXTENSION_MISMATCH,
            format!("named .{extension}, but the content is {}", article(format.name())),
        )
        .severity(severity)
        .confidence(if certain.is_empty() { Confidence::Low } else { Confidence::Medium })
        .at(0),
    );
}

/// What the loader of such files opens first and a zip archive of this name has not.
///
/// Source: `keras/src/saving/saving_lib.py`, `skops/io/_persist.py`.
fn lacks(input: &Input<'_>, extension: &str) -> Option<&'static str> {
    /// Bytes of a schema looked at to tell whether it is one.
    const SCHEMA: u64 = 1 << 20;
    match extension {
        "keras" if !zip::has_member(input, |name| name == "config.json") => Some("it holds no config.json"),
        "skops" => {
            let archive = zip::Archive::read(input.bytes, zip::NAMES_LOOKED_AT as u64);
            let Some(schema) = archive.member("schema.json") else { return Some("it holds no schema.json") };
            let content = schema.content(SCHEMA);
            let is_schema = SKOPS.recognise(&Input::new("schema.json", &content)) == Recognition::Certain;
            (!is_schema && (content.len() as u64) < SCHEMA).then_some("its schema.json describes no object")
        }
        _ => None,
    }
}

fn claims(format: &dyn Format, extension: &str) -> bool {
    format.extensions().contains(&extension)
}

/// Whether what follows the last dot is an extension and not a version or a layer name.
fn is_extension(text: &str) -> bool {
    text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn article(name: &str) -> String {
    let vowel = name.starts_with(['A', 'E', 'I', 'O', 'U', 'a', 'e', 'i', 'o', 'u']);
    if name.ends_with("data") || name.ends_with("weights") {
        name.to_owned()
    } else {
        format!("{} {name}", if vowel { "an" } else { "a" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::zip::fixture::{Zip, member};
    use bartizan_core::{Limits, MonotonicClock};

    fn severity(name: &str, bytes: &[u8], rule: &Rule) -> Option<Severity> {
        let outcome = crate::scan(&Input::new(name, bytes), &Limits::default(), &MonotonicClock::start());
        outcome.findings.iter().find(|finding| finding.rule.id == rule.id).map(|finding| finding.severity)
    }

    #[test]
    fn archives_are_what_they_are_called_when_their_loader_finds_its_start() {
        let zip = |name: &str, content: &[u8]| Zip::new().add(member(name, content)).bytes();
        let named = |name: &str, bytes: &[u8]| severity(name, bytes, &EXTENSION_MISMATCH);
        assert_eq!(named("m.keras", &zip("config.json", b"{}")), None);
        assert_eq!(named("m.keras", &zip("other.json", b"{}")), Some(Severity::Low));
        let schema =
            br#"{"__class__": "dict", "__module__": "builtins", "__loader__": "DictNode", "content": {}}"#;
        assert_eq!(named("m.skops", &zip("schema.json", schema)), None);
        assert_eq!(named("m.skops", &zip("schema.json", br#"{"version": "1.0"}"#)), Some(Severity::Low));
        assert_eq!(named("m.skops", &zip("notes", b"x")), Some(Severity::Low));
    }

    const PICKLE: &[u8] = b"\x80\x04}\x94.";

    #[test]
    fn a_pickle_behind_a_code_free_model_extension_is_high() {
        for name in ["model.safetensors", "booster.bst"] {
            assert_eq!(severity(name, PICKLE, &EXTENSION_MISMATCH), Some(Severity::High), "{name}");
        }
    }

    #[test]
    fn a_pickle_behind_a_harmless_extension_is_medium() {
        for name in ["logo.png", "readme.txt"] {
            assert_eq!(severity(name, PICKLE, &EXTENSION_MISMATCH), Some(Severity::Medium), "{name}");
        }
    }

    #[test]
    fn a_pickle_behind_shared_extensions_is_silent() {
        for name in ["pytorch_model.bin", "model.pt", "x.pkl", "x.dat", "x"] {
            assert_eq!(severity(name, PICKLE, &EXTENSION_MISMATCH), None, "{name}");
        }
    }

    #[test]
    fn a_checkpoint_in_an_archiver_is_high_and_a_compressed_joblib_is_not() {
        let rar = b"Rar!\x1a\x07\x01\x00rest";
        assert_eq!(severity("model.pt", rar, &NONSTANDARD_CONTAINER), Some(Severity::High));
        assert_eq!(severity("model.rar", rar, &NONSTANDARD_CONTAINER), None);
        let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(severity("model.joblib", &gzip, &NONSTANDARD_CONTAINER), None);
        assert_eq!(severity("model.pth", &gzip, &NONSTANDARD_CONTAINER), Some(Severity::High));
    }

    #[test]
    fn a_promise_that_the_content_does_not_keep_is_reported() {
        assert_eq!(severity("model.pt", b"this is no model", &EXTENSION_MISMATCH), Some(Severity::Medium));
        assert_eq!(severity("model.pt", &[7, 0, 9, 1, 0xfe], &EXTENSION_MISMATCH), Some(Severity::Low));
        assert_eq!(
            severity(
                "model.safetensors",
                b"version https://git-lfs.github.com/spec/v1\noid\n",
                &EXTENSION_MISMATCH
            ),
            None
        );
        assert_eq!(severity("notes.unheardof", b"this is no model", &EXTENSION_MISMATCH), None);
        assert_eq!(severity("notes.txt", b"this is no model", &EXTENSION_MISMATCH), None);
    }
}

//! TorchServe model archives (`.mar`): a zip with a manifest that names a handler, which the server imports and runs,
//! files it loads, and requirements it installs.
//!
//! Source: TorchServe 0.12 `model-archiver` and `ModelArchive.java`. Members are read by the zip reader.

use super::malformed::{MALFORMED_STRUCTURE, malformed};
use crate::archive::member_path::{PATH_ESCAPE, Reach, reach};
use crate::archive::zip::{self, Archive, Member};
use crate::python::source::{self, Role};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{
    Finding, Kind, Location, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, printable, rule,
};

/// TorchServe model archives.
pub static TORCHSERVE: TorchServe = TorchServe;

/// See [`TORCHSERVE`].
pub struct TorchServe;

rule! {
    /// ## What it finds
    /// Requirements of a model archive that come from somewhere else than the default package index.
    /// ## Why it matters
    /// TorchServe installs them when `install_py_dep_per_model` is on; installing a package runs its code. An extra
    /// index also wins over the default one when it offers a higher version (dependency confusion).
    /// ## Example
    /// `--extra-index-url http://packages.example.com` in `requirements.txt`.
    /// ## How to fix
    /// Pin the packages by hash from an index you trust, and install them before the server starts.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/829.html>
    pub const FOREIGN_REQUIREMENT: Rule = Rule {
        id: "model/foreign-requirement",
        title: "a requirement from outside the default package index",
        severity: Severity::Medium,
        remedy: "Pin the packages by hash from an index you trust, and install them before the server starts.",
        taxonomies: &[atlas("AML.T0010"), cwe(829), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}

const MANIFEST: &str = "MAR-INF/MANIFEST.json";
/// Longest manifest, requirements file or handler read, in bytes.
const TEXT: u64 = 1 << 20;
/// Handlers that come with TorchServe.
const BUILT_IN: &[&str] = &[
    "image_classifier",
    "image_segmenter",
    "object_detector",
    "text_classifier",
    "base_handler",
    "densenet_handler",
    "dali_image_classifier",
];
/// Manifest fields of `model` that name files.
const FILES: &[&str] =
    &["handler", "modelFile", "serializedFile", "requirementsFile", "configFile", "extraFiles"];

impl Format for TorchServe {
    fn id(&self) -> &'static str {
        "torchserve-mar"
    }

    fn name(&self) -> &'static str {
        "TorchServe model archive"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["mar", "war", "zip"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&FOREIGN_REQUIREMENT, &PATH_ESCAPE, &MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let fits = zip::is_zip(input)
            && (input.extension() == "mar" || zip::has_member(input, |name| name == MANIFEST));
        if fits { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let archive = Archive::read(input.bytes, scan.limits().members);
        let Some(member) = archive.member(MANIFEST) else {
            return malformed(
                scan,
                0,
                "the model archive has no MAR-INF/MANIFEST.json: the server takes its handler from elsewhere",
            );
        };
        if member.size > TEXT {
            malformed(
                scan,
                member.at as usize,
                format!("the manifest is {} bytes long; a real one has a few hundred", member.size),
            );
            scan.gap(member.at, "the manifest is too long to read; repack the archive");
            return;
        }
        let manifest: serde_json::Value = match serde_json::from_slice(&member.content(TEXT)) {
            Ok(manifest) => manifest,
            Err(error) => {
                return malformed(scan, member.at as usize, format!("the manifest is no JSON: {error}"));
            }
        };
        let model = manifest.get("model").unwrap_or(&manifest);
        for key in FILES {
            let Some(value) = model.get(key).and_then(serde_json::Value::as_str) else { continue };
            for path in value.split(',').map(str::trim).filter(|path| !path.is_empty()) {
                check_file(key, path, member, &archive, scan);
            }
        }
        for member in &archive.members {
            let file = member.name.rsplit('/').next().unwrap_or_default();
            if file.starts_with("requirements") && super::torch_zip::has_extension(file, &["txt"]) {
                check_requirements(member, scan);
            }
        }
    }
}

/// Checks one file that the manifest names.
fn check_file(key: &str, path: &str, manifest: &Member<'_>, archive: &Archive<'_>, scan: &mut Scan<'_>) {
    let shown = printable(path, 160);
    // A handler may be `file.py:function`.
    let file = if key == "handler" { path.split(':').next().unwrap_or(path) } else { path };
    if matches!(reach(path, 0), Reach::Outside | Reach::Absolute) {
        scan.report(
            Finding::new(
                &PATH_ESCAPE,
                format!("the manifest's {key} points outside the archive, to `{shown}`"),
            )
            .at(manifest.at)
            .pointer(format!("/model/{key}")),
        );
        return;
    }
    let found = archive.member(file).or_else(|| archive.member(&format!("{file}.py")));
    match found {
        Some(member) if key == "handler" => {
            let code = member.content(TEXT);
            scan.nested(&member.name, |scan| {
                source::inspect(&String::from_utf8_lossy(&code), Role::Handler, &Location::default(), scan);
            });
        }
        Some(_) => {}
        None if key == "handler" && BUILT_IN.contains(&file) => {}
        None => scan.report(
            Finding::new(
                &MALFORMED_STRUCTURE,
                format!("the manifest's {key} `{shown}` is not in the archive"),
            )
            .severity(Severity::Low)
            .at(manifest.at)
            .pointer(format!("/model/{key}")),
        ),
    }
}

/// Reports requirements that do not come from the default index.
fn check_requirements(member: &Member<'_>, scan: &mut Scan<'_>) {
    let content = member.content(TEXT);
    for (number, line) in String::from_utf8_lossy(&content).lines().enumerate() {
        let line = line.trim();
        let lower = line.to_ascii_lowercase();
        let what = if line.starts_with('#') || line.is_empty() {
            continue;
        } else if ["--index-url", "-i ", "--extra-index-url", "--find-links", "-f ", "--trusted-host"]
            .iter()
            .any(|option| lower.starts_with(option))
        {
            "changes where packages come from"
        } else if ["git+", "hg+", "svn+", "http://", "https://", "ftp://", "file:"]
            .iter()
            .any(|scheme| lower.contains(scheme))
        {
            "is installed straight from a URL"
        } else if lower.starts_with("-e ")
            || lower.starts_with("--editable")
            || lower.starts_with("./")
            || lower.contains("../")
        {
            "is installed from a local path"
        } else {
            continue;
        };
        let mut finding = Finding::new(
            &FOREIGN_REQUIREMENT,
            format!("`{}` {what} when the server installs requirements", printable(line, 160)),
        )
        .at_line(u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1), 1)
        .evidence(line);
        finding.location.member = Some(printable(&member.name, 200));
        scan.report(finding);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::zip::fixture::{Zip, member};
    use crate::formats::testing::{outcome, rules_of};
    use proptest::prelude::*;

    fn mar(manifest: &str) -> Zip {
        Zip::new()
            .add(member(MANIFEST, manifest.as_bytes()))
            .add(member("handler.py", b"def handle(data, context):\n    return data\n"))
            .add(member("w.bin", b"w"))
    }

    const GOOD: &str = r#"{"model": {"handler": "handler.py:handle", "serializedFile": "w.bin"}}"#;

    #[test]
    fn an_honest_archive_is_silent() {
        assert!(rules_of(&TORCHSERVE, &mar(GOOD).bytes()).is_empty());
    }

    #[test]
    fn a_file_outside_the_archive_is_high() {
        let bytes =
            mar(r#"{"model": {"handler": "handler.py", "serializedFile": "../../secrets.pkl"}}"#).bytes();
        let outcome = outcome(&TORCHSERVE, &bytes);
        assert!(outcome.findings.iter().any(|f| f.rule.id == PATH_ESCAPE.id && f.severity == Severity::High));
    }

    #[test]
    fn requirements_from_elsewhere_are_named_and_pinned_ones_are_not() {
        let with =
            |line: &[u8]| rules_of(&TORCHSERVE, &mar(GOOD).add(member("requirements.txt", line)).bytes());
        assert_eq!(with(b"numpy==2.0\n--extra-index-url http://p.example\n"), [FOREIGN_REQUIREMENT.id]);
        assert_eq!(with(b"pkg @ git+https://example.com/pkg\n"), [FOREIGN_REQUIREMENT.id]);
        assert!(with(b"# see https://example.com\nnumpy==2.0\n").is_empty());
    }

    #[test]
    fn a_handler_that_starts_programs_is_high_and_a_plain_one_silent() {
        let handler = |code: &[u8]| {
            let bytes = Zip::new()
                .add(member(MANIFEST, br#"{"model": {"handler": "h.py"}}"#))
                .add(member("h.py", code))
                .bytes();
            outcome(&TORCHSERVE, &bytes).findings.iter().map(|finding| finding.severity).max()
        };
        assert_eq!(
            handler(b"import subprocess as s\ndef handle(d, c):\n    s.run(['x'])\n"),
            Some(Severity::High)
        );
        assert_eq!(handler(b"import torch\ndef handle(d, c):\n    return d\n"), None);
    }

    #[test]
    fn a_missing_or_swollen_manifest_is_malformed() {
        assert_eq!(
            rules_of(&TORCHSERVE, &Zip::new().add(member("a", b"1")).bytes()),
            [MALFORMED_STRUCTURE.id]
        );
        let swollen = format!("{{\"model\": {{}}}}{}", " ".repeat(2 << 20));
        assert!(!outcome(&TORCHSERVE, &mar(&swollen).bytes()).gaps.is_empty());
    }

    proptest! {
        #[test]
        fn any_manifest_gives_a_result(text in ".{0,80}") {
            let _ = outcome(&TORCHSERVE, &mar(&text).bytes());
        }
    }
}

//! PyTorch checkpoints and TorchScript in zip archives: `data.pkl` beside `data/N` storages, and what must agree
//! between them. The members themselves are read by content through the zip reader.
//!
//! Source: `torch/serialization.py` and `caffe2/serialize/inline_container.cc` of torch 2.9. Cost: linear in
//! members and in `data.pkl`.

use super::malformed::{MALFORMED_STRUCTURE, malformed};
use crate::archive::zip::{self, Archive, Member};
use crate::pickle::{self, Pickle};
use crate::python::source::{self, Role};
use crate::{Format, Input, Recognition, Scan, identify};
use bartizan_core::{
    Finding, Kind, Location, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, printable, rule,
};
use std::collections::HashMap;

/// PyTorch zip archives.
pub static TORCH_ZIP: TorchZip = TorchZip;

/// See [`TORCH_ZIP`].
pub struct TorchZip;

rule! {
    /// ## What it finds
    /// Storages of a torch archive that do not match what `data.pkl` says of them: too long, too short, missing, or
    /// used by no tensor.
    /// ## Why it matters
    /// `torch.save` writes each storage exactly as long as its tensor needs. Extra bytes travel with the model unseen;
    /// short ones make tensors reach past their memory (CVE-2026-24747).
    /// ## Example
    /// `archive/data/7`, which no persistent id in `archive/data.pkl` names.
    /// ## How to fix
    /// Load the weights with `weights_only=True` in an isolated place and save them again, better as safetensors.
    /// ## References
    /// - <https://nvd.nist.gov/vuln/detail/CVE-2026-24747>
    pub const TORCH_STORAGE_MISMATCH: Rule = Rule {
        id: "model/torch-storage-mismatch",
        title: "a torch storage that its tensors do not account for",
        severity: Severity::Medium,
        remedy: "Load with weights_only=True in an isolated place and save the weights again as safetensors.",
        taxonomies: &[atlas("AML.T0018.002"), cwe(131), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A script or program among the members of a checkpoint archive, where only weights and configuration belong.
    /// ## Why it matters
    /// No framework writes one. It waits for a second stage, a traversal or a helpful user to run it.
    /// ## Example
    /// `archive/data/setup.py`, or `install.sh` in a `.nemo` file.
    /// ## How to fix
    /// Do not use the file before you know what the script is for; ask for a checkpoint of weights only.
    /// ## References
    /// - <https://atlas.mitre.org/techniques/AML.T0018.002>
    pub const CHECKPOINT_SCRIPT: Rule = Rule {
        id: "model/checkpoint-script",
        title: "a script among the members of a checkpoint",
        severity: Severity::High,
        remedy: "Do not use the file; ask for a checkpoint of weights only.",
        taxonomies: &[atlas("AML.T0018.002"), cwe(506), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A model that says it was made with, or needs, a torch release with known holes in loading it.
    /// ## Why it matters
    /// Before torch 2.6 `torch.load(weights_only=True)` could still run code (CVE-2025-32434); older releases have
    /// further advisories (CVE-2022-45907, CVE-2024-5480, CVE-2024-48063).
    /// ## Example
    /// `"pytorch_version": "2.4.1"` in a configuration beside the weights.
    /// ## How to fix
    /// Load it with torch 2.6 or newer, and with `weights_only=True`.
    /// ## References
    /// - <https://nvd.nist.gov/vuln/detail/CVE-2025-32434>
    pub const TORCH_VERSION: Rule = Rule {
        id: "model/torch-vulnerable-version",
        title: "a model made for a torch release with holes in its loader",
        severity: Severity::Info,
        remedy: "Load it with torch 2.6 or newer, and with weights_only=True.",
        taxonomies: &[cwe(1395), cwe(502), owasp_llm("LLM03")],
    };
}

/// Largest configuration member looked at for a version, in bytes.
const CONFIGURATION: u64 = 256 << 10;
/// Most members whose code is read as TorchScript.
const SOURCES: usize = 2_000;

impl Format for TorchZip {
    fn id(&self) -> &'static str {
        "torch-zip"
    }

    fn name(&self) -> &'static str {
        "PyTorch zip archive"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &[
            "pt",
            "pth",
            "ptl",
            "bin",
            "ckpt",
            "model",
            "pkl",
            "zip",
            "pt2",
            "torchscript",
            "jit",
            "pte",
            "safetensors_pt",
            "mar",
        ]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&TORCH_STORAGE_MISMATCH, &CHECKPOINT_SCRIPT, &TORCH_VERSION, &MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if !zip::is_zip(input) {
            return Recognition::No;
        }
        let says_torch = matches!(input.extension().as_ref(), "pt" | "pth" | "ptl");
        let shows_torch = says_torch
            || zip::has_member(input, |name| {
                matches!(name.rsplit('/').next(), Some("data.pkl" | "constants.pkl" | "bytecode.pkl"))
            });
        if shows_torch { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let archive = Archive::read(input.bytes, scan.limits().members);
        let limit = scan.limits().member_bytes;
        let mut has_object = false;
        let mut sources = 0usize;
        for member in &archive.members {
            if scan.out_of_time() {
                return;
            }
            let name = member.name.as_ref();
            let file = name.rsplit('/').next().unwrap_or_default();
            if matches!(file, "data.pkl" | "constants.pkl" | "bytecode.pkl") {
                has_object = true;
                let content = member.content(limit);
                let storages = read_object(member, &content, scan);
                let folder = name.strip_suffix("data.pkl").unwrap_or_default();
                if file == "data.pkl" && !member.local_only {
                    check_storages(&archive, folder, &storages, member.at, scan);
                }
            } else if name.contains("code/") && has_extension(name, &["py"]) && sources < SOURCES {
                sources = sources.saturating_add(1);
                let content = member.content(limit);
                scan.nested(name, |scan| {
                    source::inspect(
                        &String::from_utf8_lossy(&content),
                        Role::TorchScript,
                        &Location::default(),
                        scan,
                    );
                });
            } else if file == "byteorder" {
                let order = member.content(16);
                if !matches!(order.as_ref(), b"little" | b"big") {
                    malformed(scan, member.at as usize, "the byteorder member is neither `little` nor `big`");
                }
            } else if has_extension(name, &["json", "txt", "yaml", "yml", "cfg"])
                && member.size <= CONFIGURATION
            {
                check_version(name, &member.content(CONFIGURATION), scan);
            }
        }
        if !has_object {
            malformed(
                scan,
                0,
                "the archive has no data.pkl, constants.pkl or bytecode.pkl: torch cannot load it as a model",
            );
        }
    }
}

/// Follows a pickle that torch unpickles because of its name, whatever it looks like; gives its storages.
fn read_object(member: &Member<'_>, content: &[u8], scan: &mut Scan<'_>) -> Vec<pickle::Storage> {
    let name = member.name.as_ref();
    if content.is_empty() {
        return Vec::new();
    }
    let recognised =
        identify::certain(&Input::new(name, content)).iter().any(|format| format.id() == Pickle.id());
    if !recognised && member.is_marked_encrypted() {
        // The zip reader has said that it is encrypted.
        return Vec::new();
    }
    if !recognised {
        scan.member_as(&Pickle, name, content);
    }
    scan.nested(name, |scan| pickle::follow(content, 0, scan).storages).unwrap_or_default()
}

/// Compares the storages that `data.pkl` names with the members that hold them.
fn check_storages(
    archive: &Archive<'_>,
    folder: &str,
    storages: &[pickle::Storage],
    at: u64,
    scan: &mut Scan<'_>,
) {
    let prefix = format!("{folder}data/");
    let mut needed: HashMap<&str, Option<u64>> = HashMap::new();
    for storage in storages {
        let bytes = element_bytes(&storage.class).map(|size| size.saturating_mul(storage.elements));
        needed.insert(&storage.key, bytes);
    }
    let mut held: HashMap<&str, &Member<'_>> = HashMap::new();
    for member in &archive.members {
        if let Some(key) = member.name.strip_prefix(&prefix).filter(|key| !key.is_empty()) {
            held.insert(key, member);
        }
    }
    let mut missing: Vec<&str> = needed.keys().copied().filter(|key| !held.contains_key(key)).collect();
    missing.sort_unstable();
    if let Some(first) = missing.first() {
        let message = format!(
            "data.pkl needs {} storages that are not in the archive, the first is `{}`",
            missing.len(),
            printable(first, 80)
        );
        scan.report(Finding::new(&TORCH_STORAGE_MISMATCH, message).severity(Severity::Low).at(at));
    }
    let mut held: Vec<_> = held.into_iter().collect();
    held.sort_unstable_by_key(|(_, member)| member.at);
    let mut unused = 0u64;
    let mut first_unused = None;
    for (key, member) in held {
        let report = |scan: &mut Scan<'_>, severity, message| {
            scan.report(
                Finding::new(&TORCH_STORAGE_MISMATCH, message)
                    .severity(severity)
                    .at(member.at)
                    .pointer(member.name.as_ref()),
            );
        };
        let shown = printable(&member.name, 120);
        match needed.get(key) {
            _ if has_extension(key, SCRIPTS) => scan.report(
                Finding::new(
                    &CHECKPOINT_SCRIPT,
                    format!("`{shown}` is a script among the storages, where torch.save writes tensors only"),
                )
                .at(member.at)
                .evidence(String::from_utf8_lossy(&member.content(200))),
            ),
            Some(&Some(bytes)) if member.size > bytes => {
                report(
                    scan,
                    Severity::Medium,
                    format!(
                        "`{shown}` is {} bytes long, its tensor needs {bytes}: the rest is hidden from the loader",
                        member.size
                    ),
                );
                let content = member.content(scan.limits().member_bytes);
                let tail =
                    usize::try_from(bytes).ok().and_then(|bytes| content.get(bytes..)).unwrap_or_default();
                scan.member(&format!("{shown} (bytes from {bytes})"), tail);
            }
            Some(&Some(bytes)) if member.size < bytes => {
                report(
                    scan,
                    Severity::Medium,
                    format!(
                        "`{shown}` is {} bytes long, its tensor needs {bytes}: unchecked loaders read past its end",
                        member.size
                    ),
                );
            }
            Some(_) => {}
            None => {
                unused = unused.saturating_add(1);
                first_unused.get_or_insert(member);
            }
        }
    }
    if let Some(member) = first_unused {
        let message = format!(
            "{unused} members among the storages belong to no tensor, the first is `{}` of {} bytes",
            printable(&member.name, 120),
            member.size
        );
        // Archives whose pickle names no storage at all are hand-made or of another producer.
        let severity = if storages.is_empty() { Severity::Low } else { Severity::Medium };
        scan.report(Finding::new(&TORCH_STORAGE_MISMATCH, message).severity(severity).at(member.at));
    }
}

/// Extensions of scripts and programs.
pub(crate) const SCRIPTS: &[&str] = &[
    "py", "pyc", "sh", "bash", "zsh", "bat", "cmd", "ps1", "vbs", "js", "exe", "dll", "so", "dylib", "scr",
    "pl", "rb", "php",
];

/// Whether `name` ends in one of `extensions`, in any case.
pub(crate) fn has_extension(name: &str, extensions: &[&str]) -> bool {
    name.rsplit('/')
        .next()
        .and_then(|file| file.rsplit_once('.'))
        .is_some_and(|(_, found)| extensions.contains(&found.to_ascii_lowercase().as_str()))
}

/// Size in bytes of an element of a storage class (`torch/storage.py`); `None` for classes not known.
pub(super) fn element_bytes(class: &str) -> Option<u64> {
    Some(match class {
        "FloatStorage" | "IntStorage" | "QInt32Storage" => 4,
        "DoubleStorage" | "LongStorage" | "ComplexFloatStorage" => 8,
        "ComplexDoubleStorage" => 16,
        "HalfStorage" | "BFloat16Storage" | "ShortStorage" => 2,
        "ByteStorage" | "CharStorage" | "BoolStorage" | "UntypedStorage" | "QInt8Storage"
        | "QUInt8Storage" => 1,
        _ => return None,
    })
}

/// Reports a torch version below 2.6 that a configuration names.
fn check_version(name: &str, content: &[u8], scan: &mut Scan<'_>) {
    let Ok(serde_json::Value::Object(fields)) = serde_json::from_slice(content) else { return };
    for key in ["pytorch_version", "torch_version", "torch"] {
        let Some(version) = fields.get(key).and_then(serde_json::Value::as_str) else { continue };
        let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
        let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        if major > 0 && (major, minor) < (2, 6) {
            let message = format!(
                "the model names torch {}: releases before 2.6 run code even with weights_only=True (CVE-2025-32434)",
                printable(version, 40)
            );
            let mut finding = Finding::new(&TORCH_VERSION, message).pointer(format!("/{key}"));
            finding.location.member = Some(printable(name, 200));
            scan.report(finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::zip::fixture::{Zip, member};
    use bartizan_core::{Limits, MonotonicClock};
    use proptest::prelude::*;

    fn scan(bytes: &[u8]) -> crate::Outcome {
        crate::scan(&Input::new("model.pt", bytes), &Limits::default(), &MonotonicClock::start())
    }

    fn severity(outcome: &crate::Outcome, rule: &Rule) -> Option<Severity> {
        outcome.findings.iter().find(|finding| finding.rule.id == rule.id).map(|finding| finding.severity)
    }

    /// `torch.save(torch.zeros(2))`: a tensor of two floats over storage `0`.
    fn tensor() -> Vec<u8> {
        let mut p =
            b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n".to_vec();
        p.extend(
            b"X\x01\0\0\x000X\x03\0\0\0cpuK\x02tQK\0K\x02\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR.",
        );
        p
    }

    fn checkpoint(storage: &[u8]) -> Zip {
        Zip::new()
            .add(member("m/data.pkl", &tensor()))
            .add(member("m/data/0", storage))
            .add(member("m/version", b"3\n"))
    }

    #[test]
    fn an_honest_checkpoint_is_silent() {
        let outcome = scan(&checkpoint(&[0; 8]).bytes());
        assert_eq!(outcome.format, Some("torch-zip"));
        assert!(outcome.findings.is_empty() && outcome.gaps.is_empty(), "{outcome:?}");
    }

    #[test]
    fn a_storage_longer_or_shorter_than_its_tensor_is_reported() {
        for length in [0x40, 4] {
            let outcome = scan(&checkpoint(&vec![1; length]).bytes());
            assert_eq!(severity(&outcome, &TORCH_STORAGE_MISMATCH), Some(Severity::Medium));
        }
    }

    #[test]
    fn a_storage_that_no_tensor_uses_is_reported() {
        let outcome = scan(&checkpoint(&[0; 8]).add(member("m/data/9", &[5; 40])).bytes());
        assert_eq!(severity(&outcome, &TORCH_STORAGE_MISMATCH), Some(Severity::Medium));
    }

    #[test]
    fn a_script_among_the_storages_is_high() {
        let outcome = scan(&checkpoint(&[0; 8]).add(member("m/data/run.sh", b"echo")).bytes());
        assert_eq!(severity(&outcome, &CHECKPOINT_SCRIPT), Some(Severity::High));
        let outcome = scan(&checkpoint(&[0; 8]).add(member("m/data.py.txt", b"echo")).bytes());
        assert_eq!(severity(&outcome, &CHECKPOINT_SCRIPT), None);
    }

    #[test]
    fn an_old_torch_version_is_advice_and_a_new_one_silent() {
        let with = |version: &str| {
            let json = format!("{{\"pytorch_version\": \"{version}\"}}");
            scan(&checkpoint(&[0; 8]).add(member("config.json", json.as_bytes())).bytes())
        };
        assert_eq!(severity(&with("2.4.1"), &TORCH_VERSION), Some(Severity::Info));
        assert_eq!(severity(&with("2.6.0"), &TORCH_VERSION), None);
    }

    #[test]
    fn a_pt_zip_without_its_pickle_is_malformed() {
        let outcome = scan(&Zip::new().add(member("version", b"3")).bytes());
        assert!(severity(&outcome, &MALFORMED_STRUCTURE).is_some());
    }

    proptest! {
        #[test]
        fn a_mutated_checkpoint_never_panics(at in 0usize..600, value: u8) {
            let mut bytes = checkpoint(&[0; 8]).bytes();
            let length = bytes.len();
            bytes[at % length] = value;
            let _ = scan(&bytes);
        }
    }
}

//! The files beside the description of a skill, read within bounds: [`neighbours`].

use super::acts::Act;
use super::hosts::Host;
use super::reading::{Reading, Role};
use crate::surroundings::lies_within;
use crate::{Notes, Text};
use std::fs;
use std::path::Path;

/// One file beside a skill.
pub(crate) struct Neighbour {
    /// Its path from the folder of the skill.
    pub(crate) name: String,
    /// Whether it is a script.
    pub(crate) script: bool,
    /// Acts that are meant, with their lines.
    pub(crate) acts: Vec<(Act, usize)>,
    /// Whether it names addresses, all of them this machine's or of whom the skill is about.
    pub(crate) own: bool,
    /// What sort of program it is, for one that is no text.
    pub(crate) program: Option<&'static str>,
}

impl Neighbour {
    /// The first act for which `wanted` holds: the file, the line, the act.
    pub(crate) fn first(&self, wanted: impl Fn(Act) -> bool) -> Option<(&Self, usize, Act)> {
        self.acts.iter().find(|(act, _)| wanted(*act)).map(|&(act, line)| (self, line, act))
    }
}

/// The files of the skill described by `text`, sorted by name; those of skills inside it are their own.
/// `subject` is what the skill says it is about.
pub(crate) fn neighbours(text: &Text<'_>, subject: &str, notes: &mut Notes<'_>) -> Vec<Neighbour> {
    let mut found = Vec::new();
    let Some((path, boundary)) = text.place else { return found };
    let described = text.file_name().eq_ignore_ascii_case("skill.md");
    let Some(folder) = path.parent().filter(|folder| described && folder.starts_with(boundary)) else {
        return found;
    };
    let mut folders = vec![(folder.to_path_buf(), 0_usize)];
    let mut entries = 0_usize;
    while let Some((current, depth)) = folders.pop() {
        let Ok(listed) = fs::read_dir(&current) else { continue };
        let mut paths: Vec<_> =
            listed.filter_map(Result::ok).map(|entry| entry.path()).take(ENTRIES).collect();
        paths.sort();
        if depth > 0 && paths.iter().any(|path| is_skill(path)) {
            continue;
        }
        for entry in paths {
            entries = entries.saturating_add(1);
            if entries > ENTRIES {
                notes.gap(
                    None,
                    format!(
                        "more than {ENTRIES} files beside the skill; the rest are judged one by one only"
                    ),
                );
                return found;
            }
            let Ok(about) = fs::symlink_metadata(&entry) else { continue };
            if about.is_dir() && depth < DEPTH {
                folders.push((entry, depth.saturating_add(1)));
            } else if about.is_file() && entry != path && about.len() <= FILE_BYTES {
                found.extend(neighbour(&entry, folder, subject));
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn neighbour(path: &Path, folder: &Path, subject: &str) -> Option<Neighbour> {
    let bytes = fs::read(path).ok()?;
    let name = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().replace('\\', "/");
    let program = program(&bytes);
    if memchr::memchr(0, &bytes).is_some() || program.is_some() {
        return Some(Neighbour { name, script: false, acts: Vec::new(), own: false, program });
    }
    let content = String::from_utf8_lossy(&bytes);
    let text = Text::new(&name, &content);
    let script = is_script(&text);
    let mut reading = Reading::of(&text, if script { Role::Script } else { Role::Reference });
    reading.subject.push_str(subject);
    let acts = reading
        .signs
        .iter()
        .filter(|sign| !sign.aside)
        .map(|sign| (sign.act, text.line_column(sign.span.start).0 as usize))
        .collect();
    let addresses = reading.addresses();
    let own = !addresses.is_empty()
        && addresses.iter().all(|address| {
            let host = address.sort();
            host == Host::Local || host < Host::Bare && address.belongs_to(subject)
        });
    Some(Neighbour { name, script, acts, own, program: None })
}

/// What sort of program `bytes` begin as. The test file of virus scanners counts as what it stands for.
fn program(bytes: &[u8]) -> Option<&'static str> {
    let head = bytes.get(..1024).unwrap_or(bytes);
    if memchr::memmem::find(head, b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE").is_some() {
        return Some("the test file of virus scanners");
    }
    let fat = bytes.len() > 8 && bytes.starts_with(&[0xCA, 0xFE, 0xBA, 0xBE]);
    if bytes.starts_with(b"\x7FELF") {
        Some("a program for Linux")
    } else if bytes.starts_with(b"MZ") && bytes.len() > 64 && memchr::memchr(0, bytes).is_some() {
        Some("a program for Windows")
    } else if fat || bytes.starts_with(&[0xCF, 0xFA, 0xED, 0xFE]) {
        Some("a program for macOS or Java")
    } else {
        None
    }
}

fn is_skill(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.eq_ignore_ascii_case("skill.md"))
}

/// Whether `text` is a program's text, by its name, past an added `.txt`, or by its first line.
pub(crate) fn is_script(text: &Text<'_>) -> bool {
    let name = text.file_name().to_ascii_lowercase();
    let name = name.strip_suffix(".txt").unwrap_or(&name);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    SCRIPTS.contains(&extension) || text.content.starts_with("#!")
}

/// What the skill above `text` says it is about, in lower case; nothing for what belongs to none.
pub(crate) fn subject_above(text: &Text<'_>) -> String {
    let Some((path, boundary)) = text.place else { return String::new() };
    let folders = path
        .ancestors()
        .skip(1)
        .take(DEPTH.saturating_add(1))
        .take_while(|folder| lies_within(folder, boundary));
    for folder in folders {
        let place = folder.join("SKILL.md");
        if fs::metadata(&place).is_ok_and(|about| about.is_file() && about.len() <= FILE_BYTES) {
            let Ok(bytes) = fs::read(&place) else { break };
            let head = bytes.get(..HEAD).unwrap_or(&bytes);
            let head = String::from_utf8_lossy(head).to_lowercase();
            let document = super::document::Document::of(&head);
            let fields = ["name", "description", "title", "homepage", "author"].into_iter();
            return fields
                .filter_map(|field| document.field(field))
                .fold(String::new(), |all, (value, _)| all + " " + value);
        }
    }
    String::new()
}

/// How much of a description is read for its subject, in bytes.
const HEAD: usize = 8 << 10;

/// Whether `text` is a program that a plugin or a folder's settings have run as a hook, and says nothing of a record of what
/// the agent does.
pub(crate) fn is_hook(text: &Text<'_>) -> bool {
    manifest(text).is_some_and(|manifest| {
        let folded = manifest.to_ascii_lowercase();
        folded.contains("\"hooks\"")
            && folded.contains(&text.file_name().to_ascii_lowercase())
            && ![
                "telemetry",
                "analytics",
                "audit",
                "observability",
                "monitor",
                "notif",
                "webhook",
                "usage",
                "logging",
                "tracing",
            ]
            .iter()
            .any(|word| folded.contains(word))
    })
}

/// Whether a plugin, or the settings of a folder, may have `text` run.
pub(crate) fn belongs_to_plugin(text: &Text<'_>) -> bool {
    is_script(text) && manifest(text).is_some_and(|manifest| manifest.contains(text.file_name()))
}

/// What describes the plugin or the settings above `text`, when it is not too long.
fn manifest(text: &Text<'_>) -> Option<String> {
    let (path, boundary) = text.place?;
    let folders = path
        .ancestors()
        .skip(1)
        .take(DEPTH.saturating_add(1))
        .take_while(|folder| lies_within(folder, boundary));
    for folder in folders {
        for name in [
            ".claude-plugin/plugin.json",
            "hooks/hooks.json",
            ".claude/settings.json",
            "gemini-extension.json",
        ] {
            let place = folder.join(name);
            let small =
                fs::metadata(&place).is_ok_and(|about| about.is_file() && about.len() <= MANIFEST_BYTES);
            if small {
                return fs::read_to_string(place).ok();
            }
        }
    }
    None
}

/// Longest description of a plugin that is looked into, in bytes.
const MANIFEST_BYTES: u64 = 256 << 10;

/// Whether a folder above `text`, inside its boundary, describes a skill.
pub(crate) fn belongs_to_skill(text: &Text<'_>) -> bool {
    let Some((path, boundary)) = text.place else { return false };
    text.is_of_skill(|| {
        path.ancestors()
            .skip(1)
            .take(DEPTH.saturating_add(1))
            .take_while(|folder| lies_within(folder, boundary))
            .any(|folder| text.is_skill_folder(folder))
    })
}

static SCRIPTS: &[&str] = &[
    "py",
    "sh",
    "bash",
    "zsh",
    "js",
    "mjs",
    "cjs",
    "ts",
    "ps1",
    "bat",
    "cmd",
    "rb",
    "pl",
    "php",
    "lua",
    "applescript",
    "command",
];
/// Files and folders looked at beside one skill.
const ENTRIES: usize = 200;
/// Folders below that of the skill.
const DEPTH: usize = 4;
/// Largest file read beside a skill, in bytes; a larger one is still examined by itself.
const FILE_BYTES: u64 = 1 << 20;

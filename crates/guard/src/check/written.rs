//! Calls that write a file: what they write is run by nobody yet, and some files never are.

use super::danger::{Danger, Grade};
use super::policy::Mode;
use serde_json::Value;

/// Names under which tools are given a path, and what is to stand there.
const PATHS: [&str; 8] =
    ["path", "file", "file_path", "filepath", "filename", "target_file", "notebook_path", "file_name"];
const CONTENTS: [&str; 11] = [
    "content",
    "contents",
    "text",
    "file_text",
    "new_string",
    "new_str",
    "new_text",
    "insert_text",
    "old_string",
    "old_str",
    "new_source",
];
/// Names under which tools are given what they run: with one of them a call does more than to write.
const RUN: [&str; 8] = ["command", "cmd", "commands", "script", "args", "argv", "run", "exec"];
/// Endings of documents, and of sources and data that run only when something else does it.
const DOCUMENTS: [&str; 6] = ["md", "mdx", "rst", "adoc", "tex", "txt"];
const SOURCES: [&str; 27] = [
    "py", "pyi", "ipynb", "js", "mjs", "cjs", "ts", "tsx", "jsx", "rs", "go", "java", "kt", "c", "h", "cc",
    "cpp", "hpp", "cs", "rb", "php", "json", "jsonl", "yaml", "yml", "toml", "html",
];
/// Places whose files are run, or let somebody in, by being there.
const LASTING: [&str; 8] = [
    ".ssh/authorized_keys",
    "/etc/cron",
    "/etc/sudoers",
    "/etc/ld.so.preload",
    "/etc/rc.local",
    "/etc/systemd/system/",
    "/etc/profile",
    "launchagents/",
];

/// A call that writes a file.
#[derive(Debug)]
pub(crate) struct Written {
    path: String,
    /// What it writes.
    contents: Vec<String>,
}

impl Written {
    /// What `arguments` write, where they are an object with a path and a content, and nothing that would be run.
    pub(crate) fn of(arguments: &str) -> Option<Self> {
        let Ok(Value::Object(object)) = serde_json::from_str(arguments) else { return None };
        let path = PATHS.iter().find_map(|name| object.get(*name)?.as_str())?;
        let contents: Vec<String> =
            CONTENTS.iter().filter_map(|name| Some(object.get(*name)?.as_str()?.to_owned())).collect();
        let runs = object.keys().any(|key| RUN.contains(&key.to_ascii_lowercase().as_str()));
        let is_path = path.len() <= LONGEST && !path.contains(['\n', ';', '|', '&', '$', '`']);
        (is_path && !runs && !contents.is_empty()).then(|| Self { path: path.to_ascii_lowercase(), contents })
    }

    /// What is done about `text`, of the arguments, where `modes` would be of what is run: nothing in a document; in a source no more than
    /// to flag it.
    pub(crate) fn modes(&self, text: &str, modes: (Mode, Mode)) -> (Mode, Mode) {
        if !self.contents.iter().any(|content| content == text) || self.is_lasting() {
            return modes;
        }
        let name = self.path.rsplit(['/', '\\']).next().unwrap_or_default();
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        let milder = |mode: Mode| if mode == Mode::Block { Mode::Flag } else { mode };
        if DOCUMENTS.contains(&ending) {
            (Mode::Off, Mode::Off)
        } else if SOURCES.contains(&ending) {
            (milder(modes.0), milder(modes.1))
        } else {
            modes
        }
    }

    /// Something that stays: a key that lets somebody in, a task that runs by itself.
    pub(crate) fn stays(&self) -> Option<Danger> {
        self.is_lasting().then_some(Danger { label: "persistence", grade: Grade::Serious })
    }

    fn is_lasting(&self) -> bool {
        LASTING.iter().any(|place| self.path.contains(place))
    }
}

/// Longest path, in bytes.
const LONGEST: usize = 1024;

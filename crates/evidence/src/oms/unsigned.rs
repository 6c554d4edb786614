//! What a signature leaves no room for: files that lie in a model and are not signed, because a path is ignored.
//!
//! The reference implementation takes a model with any file under `.git` as fully signed. A loader does not know which paths a
//! signature ignores, so code or weights hidden there are one relative path away from being run. Such a file is therefore told
//! apart by what it could do: see [`Why`].

use super::git_folder;
use crate::manifest::{Entry, Kind};
use std::borrow::Cow;
use std::fs::File;
use std::io::Read as _;

/// A file that lies in the model and is not signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsigned {
    /// Its name.
    pub name: String,
    /// Why it is not signed.
    pub why: Why,
    /// What makes it dangerous all the same, in a few words; none when it is inert.
    pub hidden: Option<Cow<'static, str>>,
}

/// Why a file is not signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Git's own folder or files, ignored by default.
    Git,
    /// The signer left it out.
    Signer,
    /// Whoever verifies left it out.
    Verifier,
    /// Empty, and signed in parts: a file without bytes has no part.
    Empty,
    /// Not mentioned, and whoever verifies allows that.
    Allowed,
}

impl Why {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Git => "git's own, ignored by default",
            Self::Signer => "ignored by the signer",
            Self::Verifier => "ignored by --ignore-path",
            Self::Empty => "empty, and signed in shards",
            Self::Allowed => "not mentioned in the signature",
        }
    }
}

/// First bytes read of an unsigned file, to tell what it is.
pub(super) const HEAD: usize = 512;

/// What an ignored file could do, if it could do anything.
pub(super) fn hidden(entry: &Entry) -> Option<Cow<'static, str>> {
    if let Some(inside) = entry.name.strip_prefix(".git/") {
        return git_folder::danger(entry, inside);
    }
    elsewhere(entry).map(Cow::Borrowed)
}

/// What an ignored file outside `.git` could do.
fn elsewhere(entry: &Entry) -> Option<&'static str> {
    if let Some(what) = by_name(&entry.name) {
        return Some(what);
    }
    match &entry.kind {
        Kind::File { executable: true, .. } => Some("marked as a program"),
        Kind::File { size: 0, .. } | Kind::FolderLink { inside: true, .. } | Kind::BrokenLink => None,
        Kind::File { .. } | Kind::FileLink { .. } => {
            let mut head = Vec::with_capacity(HEAD);
            let read = File::open(&entry.path).and_then(|file| file.take(HEAD as u64).read_to_end(&mut head));
            if read.is_err() {
                Some("unreadable")
            } else {
                let leads = (entry.name == ".git" && git_folder::leads_inside(&head))
                    .then_some("it leads git to a folder of the model");
                leads.or_else(|| by_content(&head)).or_else(|| unlike_notes(&entry.name, &head))
            }
        }
        Kind::FolderLink { .. } => Some("a link to a folder elsewhere"),
        Kind::Special => Some("a pipe, socket or device"),
        Kind::Unnameable => Some("without a name in UTF-8"),
    }
}

/// What speaks against a file being a plain text or a picture that nothing loads. What is neither may be read by a loader that
/// its content, its name or its neighbours call for.
fn unlike_notes(name: &str, head: &[u8]) -> Option<&'static str> {
    /// Endings of texts that loaders of models read, and that can name code.
    const READ: [&str; 16] = [
        "json", "jsonl", "yaml", "yml", "toml", "ini", "cfg", "jinja", "jinja2", "j2", "xml", "pmml",
        "prototxt", "tmpl", "template", "hydra",
    ];
    const PICTURES: [&[u8]; 4] = [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a"];
    if PICTURES.iter().any(|magic| head.starts_with(magic)) {
        return None;
    }
    let leaf = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    let extension = leaf.rsplit_once('.').map_or("", |(_, extension)| extension);
    // What a forge reads in its own folder, no loader does.
    if READ.contains(&extension) && !name.starts_with(".github/") {
        return Some("a model loader would read it");
    }
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The last character may have been cut.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(head.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default()
        }
        Err(_) => return Some("neither text nor a picture, so something may load it"),
    };
    if text.contains('\0') {
        return Some("neither text nor a picture, so something may load it");
    }
    is_text_pickle(text).then_some("a model loader would read it")
}

/// Whether a text is the beginning of a pickle of protocol 0: opcodes of one letter, arguments that end with their line.
///
/// Source: CPython `Lib/pickletools.py`. Prose has no line that ends in a reduction, nor names two globals in two lines.
fn is_text_pickle(text: &str) -> bool {
    let is_name = |line: &str| {
        !line.is_empty() && line.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '.'))
    };
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        // GLOBAL and INST name a module, and on the next line what is taken from it.
        let module = line
            .rsplit(['(', 't', 'R', '.'])
            .next()
            .and_then(|rest| rest.strip_prefix(['c', 'i']))
            .or_else(|| line.trim_start_matches('(').strip_prefix(['c', 'i']));
        if module.is_some_and(is_name) && lines.peek().is_some_and(|next| is_name(next)) {
            return true;
        }
    }
    text.starts_with("(dp") || text.starts_with("(lp") || text.starts_with("(V") || text.starts_with("(S'")
}

/// What a loader, interpreter or system does with a file of that name.
pub(super) fn by_name(name: &str) -> Option<&'static str> {
    let leaf = name.rsplit('/').next().unwrap_or(name);
    let (_, extension) = leaf.rsplit_once('.')?;
    Some(match extension.to_ascii_lowercase().as_str() {
        "py" | "pyc" | "pyo" | "pyw" | "pyz" | "pyx" | "pth" | "ipynb" => "Python would run it",
        "so" | "dll" | "dylib" | "pyd" | "exe" | "node" | "wasm" => "a system would run it",
        "sh" | "bash" | "zsh" | "fish" | "bat" | "cmd" | "ps1" | "js" | "mjs" | "cjs" | "ts" | "rb"
        | "pl" | "lua" | "r" | "jl" | "php" | "jar" | "class" => "an interpreter would run it",
        "pkl" | "pickle" | "pt" | "bin" | "ckpt" | "joblib" | "dill" | "npy" | "npz" | "h5" | "hdf5"
        | "keras" | "safetensors" | "gguf" | "ggml" | "onnx" | "pb" | "tflite" | "msgpack" | "mar"
        | "nemo" | "pdparams" | "pdmodel" | "mlmodel" | "engine" | "rds" | "model" => {
            "a model loader would read it"
        }
        _ => return None,
    })
}

/// What a file's first bytes say, whatever its name.
pub(super) fn by_content(head: &[u8]) -> Option<&'static str> {
    const LOADED: [&[u8]; 7] =
        [b"PK\x03\x04", b"GGUF", b"\x89HDF\r\n\x1a\n", b"\x93NUMPY", b"RDX2", b"RDX3", b"TFL3"];
    const RUN: [&[u8]; 8] = [
        b"\x7fELF",
        b"MZ",
        b"#!",
        b"\0asm",
        b"\xca\xfe\xba\xbe",
        b"\xfe\xed\xfa\xce",
        b"\xcf\xfa\xed\xfe",
        b"\xce\xfa\xed\xfe",
    ];
    if RUN.iter().any(|magic| head.starts_with(magic)) {
        return Some("a system would run it");
    }
    // A pickle of protocol 2 to 5 begins with PROTO and its number.
    let pickle = matches!(head, [0x80, 2..=5, ..]);
    let archive = head.get(257..262) == Some(b"ustar");
    let loaded = LOADED.iter().any(|magic| head.starts_with(magic) || head.get(4..8) == Some(magic));
    // The header of safetensors: its length, then a JSON object.
    let safetensors = head.get(8) == Some(&b'{') && head.get(3..8) == Some(&[0; 5]);
    (pickle || archive || loaded || safetensors).then_some("a model loader would read it")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(folder: &std::path::Path, name: &str, content: &[u8]) -> Entry {
        let path = folder.join(name.replace('/', "_"));
        std::fs::write(&path, content).unwrap();
        let kind = Kind::File { size: content.len() as u64, executable: false };
        Entry { name: name.to_owned(), path, kind }
    }

    #[test]
    fn what_could_run_or_be_loaded_is_told_by_name_and_by_content() {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in [
            ("cache/a.py", b"1".as_slice()),
            ("cache/a", b"\x80\x04\x95"),
            ("cache/b", b"#!/bin/sh"),
            (".github/c", b"\x7fELF"),
            ("d", b"\x08\0\0\0\0\0\0\0{}      "),
        ] {
            assert!(hidden(&entry(folder.path(), name, content)).is_some(), "{name}");
        }
        for (name, content) in [
            ("evil.txt", b"cos\nsystem\n(S'id'\ntR.".as_slice()),
            ("notes.txt", b"(cos\nsystem\nS'id'\no."),
            ("config.yaml", b"!!python/object/apply:os.system [id]"),
            ("config.json", b"{\"auto_map\": {}}"),
            ("template.jinja", b"{{ x }}"),
            ("cache/data", b"\x00\x01\x02"),
            ("README.md", b"text\0more"),
        ] {
            assert!(hidden(&entry(folder.path(), name, content)).is_some(), "{name}");
        }
        for (name, content) in [
            ("docs/notes.txt", b"can be read\nby people".as_slice()),
            ("README.md", b"# A model\n\nIt classifies.\n"),
            ("figure.dat", b"\x89PNG\r\n\x1a\n"),
            ("cache/x", b"text"),
            (".github/workflows/a.yml", b"on: push"),
            (".gitattributes", b"* lfs"),
        ] {
            assert_eq!(hidden(&entry(folder.path(), name, content)), None, "{name}");
        }
    }
}

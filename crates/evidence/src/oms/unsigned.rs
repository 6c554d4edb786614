//! What a signature leaves no room for: files that lie in a model and are not signed, because a path is ignored.
//!
//! The reference implementation takes a model with any file under `.git` as fully signed. A loader does not know which paths a
//! signature ignores, so code or weights hidden there are one relative path away from being run. Such a file is therefore told
//! apart by what it could do: see [`Why`].

use super::names::covers;
use crate::manifest::{Entry, Kind};
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
    pub hidden: Option<&'static str>,
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
const HEAD: usize = 512;

/// What an ignored file could do, if it could do anything.
pub(super) fn hidden(entry: &Entry) -> Option<&'static str> {
    if let Some(inside) = entry.name.strip_prefix(".git/") {
        return in_git(entry, inside);
    }
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
                by_content(&head).or_else(|| unlike_notes(&entry.name, &head))
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

/// What an entry in `.git` could do: it must be a plain file, bear a name that git gives, and hold what git writes there. A
/// hook without `.sample` is run by the next command of git, whoever put it there.
fn in_git(entry: &Entry, inside: &str) -> Option<&'static str> {
    if !is_gits_own(inside) {
        return Some("not a file that git keeps there");
    }
    match &entry.kind {
        Kind::File { .. }
        | Kind::FileLink { inside: true, .. }
        | Kind::FolderLink { inside: true, .. }
        | Kind::BrokenLink => {}
        Kind::FileLink { .. } | Kind::FolderLink { .. } => return Some("a link to something elsewhere"),
        Kind::Special => return Some("a pipe, socket or device"),
        Kind::Unnameable => return Some("without a name in UTF-8"),
    }
    let sample = inside.ends_with(".sample");
    let hook = inside.starts_with("hooks/") || inside.starts_with("modules/") && inside.contains("/hooks/");
    if hook && !sample {
        return Some("git would run it");
    }
    if matches!(entry.kind, Kind::File { size: 0, .. } | Kind::FolderLink { .. } | Kind::BrokenLink) {
        return None;
    }
    let mut head = Vec::with_capacity(HEAD);
    let read = File::open(&entry.path).and_then(|file| file.take(HEAD as u64).read_to_end(&mut head));
    if read.is_err() {
        return Some("unreadable");
    }
    if !as_git_writes(inside, &head) {
        return Some("not what git writes there");
    }
    // A sample is a script that waits to be renamed; git runs it under no name that it has.
    // git-lfs and git-annex keep the weights themselves, as any clone with weights has them.
    let stored = inside.starts_with("lfs/objects/") || inside.starts_with("annex/objects/");
    if sample || stored { None } else { by_content(&head) }
}

/// Whether the first bytes of a file in `.git` are those git writes under that name (gitformat-pack(5), gitformat-index(5),
/// gitrepository-layout(5)). Names of other kinds are left to [`by_content`].
fn as_git_writes(inside: &str, head: &[u8]) -> bool {
    let extension = inside.rsplit('/').next().and_then(|leaf| leaf.rsplit_once('.')).map(|(_, end)| end);
    if inside == "index" {
        return head.starts_with(b"DIRC");
    }
    if inside.starts_with("refs/") || inside == "HEAD" {
        let hexadecimal =
            |digest: &[u8]| matches!(digest.len(), 40 | 64) && digest.iter().all(u8::is_ascii_hexdigit);
        let line = head.strip_suffix(b"\n").unwrap_or(head);
        let symbolic = |name: &[u8]| !name.is_empty() && name.iter().all(|byte| *byte > b' ');
        return hexadecimal(line) || line.strip_prefix(b"ref: ").is_some_and(symbolic);
    }
    if inside.starts_with("objects/pack/") {
        return match extension {
            Some("pack") => head.starts_with(b"PACK"),
            Some("idx") => head.starts_with(b"\xfftOc"),
            Some("rev") => head.starts_with(b"RIDX"),
            Some("bitmap") => head.starts_with(b"BITM"),
            Some("mtimes") => head.starts_with(b"MTME"),
            _ => true,
        };
    }
    if inside.starts_with("objects/") && !inside.starts_with("objects/info/") {
        // A zlib stream: deflate, and a check over both bytes (RFC 1950, 2.2).
        return matches!(head, [method, flags, ..]
            if method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0);
    }
    true
}

/// Files and folders that git and its usual companions keep in `.git` (gitrepository-layout(5), git-lfs, git-annex). None is
/// read by anything but git.
fn is_gits_own(inside: &str) -> bool {
    const FOLDERS: [&str; 16] = [
        "objects",
        "refs",
        "logs",
        "info",
        "hooks",
        "branches",
        "modules",
        "worktrees",
        "lfs",
        "annex",
        "rr-cache",
        "rebase-merge",
        "rebase-apply",
        "sequencer",
        "common",
        "remotes",
    ];
    const FILES: [&str; 16] = [
        "HEAD",
        "ORIG_HEAD",
        "FETCH_HEAD",
        "MERGE_HEAD",
        "CHERRY_PICK_HEAD",
        "REVERT_HEAD",
        "AUTO_MERGE",
        "config",
        "config.worktree",
        "description",
        "index",
        "packed-refs",
        "shallow",
        "gitk.cache",
        "commondir",
        "gitdir",
    ];
    const MESSAGES: [&str; 8] = [
        "COMMIT_EDITMSG",
        "MERGE_MSG",
        "MERGE_MODE",
        "MERGE_RR",
        "SQUASH_MSG",
        "TAG_EDITMSG",
        "NOTES_EDITMSG",
        "gc.log",
    ];
    FOLDERS.iter().any(|folder| covers(folder, inside) && by_layout(folder, inside))
        || FILES.contains(&inside)
        || MESSAGES.contains(&inside)
}

/// Whether a file in one of git's folders is of the kind that folder holds: a hook is named after its event, an object after
/// its digest. Elsewhere git keeps names that people chose (branches), which are no code by extension.
fn by_layout(folder: &str, inside: &str) -> bool {
    let leaf = inside.rsplit('/').next().unwrap_or(inside);
    match folder {
        "hooks" => leaf.ends_with(".sample") || (inside.matches('/').count() == 1 && by_name(leaf).is_none()),
        "objects" => {
            let hexadecimal =
                |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            hexadecimal(leaf)
                || inside.starts_with("objects/pack/")
                    && matches!(
                        leaf.rsplit('.').next(),
                        Some("pack" | "idx" | "rev" | "keep" | "bitmap" | "promisor" | "mtimes")
                    )
                || inside.starts_with("objects/info/")
        }
        _ => by_name(leaf).is_none(),
    }
}

/// What a loader, interpreter or system does with a file of that name.
fn by_name(name: &str) -> Option<&'static str> {
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
fn by_content(head: &[u8]) -> Option<&'static str> {
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
    fn git_keeps_its_own_files_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let sha = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
        let digest = format!("{sha}\n");
        for (own, content) in [
            (".git/config", b"[core]".as_slice()),
            (".git/HEAD", b"ref: refs/heads/main\n"),
            (".git/index", b"DIRC\0\0\0\x02"),
            (".git/hooks/pre-commit.sample", b"#!/bin/sh"),
            (".git/refs/heads/main", digest.as_bytes()),
            (&format!(".git/objects/e6/{}", &sha[2..]), b"\x78\x01\x4b"),
            (&format!(".git/objects/pack/pack-{sha}.idx"), b"\xfftOc\0\0\0\x02"),
            (".git/lfs/cache/locks/refs/heads/main/verifiable", b"[]"),
        ] {
            assert_eq!(hidden(&entry(folder.path(), own, content)), None, "{own}");
        }
        for payload in [".git/objects/ab/deadbeef", ".git/refs/payload", ".git/index", ".git/logs/HEAD"] {
            for content in [b"\x80\x04\x95".as_slice(), b"\x7fELF"] {
                assert!(hidden(&entry(folder.path(), payload, content)).is_some(), "{payload}");
            }
        }
        let hook = entry(folder.path(), ".git/hooks/post-checkout", b"#!/bin/sh");
        assert_eq!(hidden(&hook), Some("git would run it"));
        let pipe = Entry { kind: Kind::Special, ..entry(folder.path(), ".git/refs/pipe", b"") };
        assert_eq!(hidden(&pipe), Some("a pipe, socket or device"));
        for foreign in [".git/x.py", ".git/model", ".git/objects/x.pkl", ".git/hooks/x.py", ".git/refs/a.so"]
        {
            assert!(hidden(&entry(folder.path(), foreign, b"x")).is_some(), "{foreign}");
        }
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

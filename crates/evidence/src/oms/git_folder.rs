//! What lies in the folder `.git` of a model and is not what git and its companions keep there: [`danger`].
//!
//! Source: gitrepository-layout(5), gitformat-pack(5), gitformat-index(5), git-worktree(1), gitmodules(5), the specification of
//! git-lfs, and git-annex's "internals".

use super::git_config;
use super::names::covers;
use super::unsigned::{HEAD, by_content, by_name};
use crate::manifest::{Entry, Kind};
use std::borrow::Cow;
use std::fs::File;
use std::io::Read as _;

/// Most bytes read of a file whose every line counts: a configuration, or the list of a rebase.
const LONGEST_TEXT: u64 = (1 << 20) + 1;

/// What an entry in `.git` could do: it must be a plain file, bear a name that git gives, and hold what git writes there. A
/// hook without `.sample` is run by the next command of git, whoever put it there.
pub(super) fn danger(entry: &Entry, inside: &str) -> Option<Cow<'static, str>> {
    if inside == "commondir" {
        // git-worktree(1): only in a linked work tree's own folder, where it leads back here.
        return Some("it leads git to settings elsewhere".into());
    }
    let inside = in_own_folder(inside);
    by_kind_and_bytes(entry, inside).map(Cow::Borrowed).or_else(|| by_text(entry, inside))
}

/// Whether a file `.git` sends git to a folder below it, which no signature covers if its path is ignored.
pub(super) fn leads_inside(head: &[u8]) -> bool {
    let Some(folder) = std::str::from_utf8(head).ok().and_then(|text| text.strip_prefix("gitdir:")) else {
        return false;
    };
    let folder = folder.trim();
    !folder.starts_with('/') && !folder.starts_with("../") && folder.get(1..3) != Some(":\\")
}

/// The path within the repository that a file belongs to: the one itself, or that of a submodule or work tree in it, which are laid
/// out alike. A name may have slashes, so the first place counts after which the path is one that git keeps.
fn in_own_folder(inside: &str) -> &str {
    let mut inside = inside;
    while let Some((folder, rest)) =
        inside.split_once('/').filter(|(folder, _)| matches!(*folder, "modules" | "worktrees"))
    {
        let below =
            rest.match_indices('/').filter_map(|(at, _)| rest.get(at + 1..)).find(|below| is_gits_own(below));
        match below {
            Some(below) if folder == "modules" || !below.starts_with("hooks/") => inside = below,
            _ => break,
        }
    }
    inside
}

/// What its name, its kind and its first bytes say.
fn by_kind_and_bytes(entry: &Entry, inside: &str) -> Option<&'static str> {
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
    if inside.starts_with("hooks/") && !sample {
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

/// What the text of a file says that git follows line by line.
fn by_text(entry: &Entry, inside: &str) -> Option<Cow<'static, str>> {
    let rebase = inside == "rebase-merge/git-rebase-todo";
    if !rebase && !matches!(inside, "config" | "config.worktree")
        || entry.kind.size().is_none_or(|size| size == 0)
    {
        return None;
    }
    let mut text = Vec::new();
    if File::open(&entry.path).and_then(|file| file.take(LONGEST_TEXT).read_to_end(&mut text)).is_err() {
        return Some("unreadable".into());
    }
    if !rebase {
        return git_config::command_in(&text).map(Cow::Owned);
    }
    // git-rebase(1): `exec` runs the rest of its line.
    let runs = |line: &[u8]| {
        line.trim_ascii_start().starts_with(b"exec") || line.trim_ascii_start().starts_with(b"x ")
    };
    text.split(|byte| *byte == b'\n')
        .any(runs)
        .then_some(Cow::Borrowed("the rebase it belongs to would run a command"))
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
    const FOLDERS: [&str; 14] = [
        "objects",
        "refs",
        "logs",
        "info",
        "hooks",
        "branches",
        "lfs",
        "annex",
        "rr-cache",
        "rebase-merge",
        "rebase-apply",
        "sequencer",
        "common",
        "remotes",
    ];
    const FILES: [&str; 17] = [
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
        "locked",
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
        "lfs" if inside.starts_with("lfs/objects/") => is_lfs_object(inside),
        "annex" if inside.starts_with("annex/objects/") => is_annex_object(inside),
        _ => by_name(leaf).is_none(),
    }
}

/// `lfs/objects/AA/BB/AABB…`: an object of git-lfs is named by its SHA-256.
fn is_lfs_object(inside: &str) -> bool {
    let [_, _, first, second, digest] = inside.split('/').collect::<Vec<_>>()[..] else { return false };
    let lower = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
    digest.len() == 64
        && digest.bytes().all(lower)
        && digest.get(..2) == Some(first)
        && digest.get(2..4) == Some(second)
}

/// `annex/objects/AA/BB/KEY/KEY`: an object of git-annex is named by its key, backend first, and may keep the ending of its file.
fn is_annex_object(inside: &str) -> bool {
    let [_, _, first, second, folder, key] = inside.split('/').collect::<Vec<_>>()[..] else { return false };
    let short =
        |part: &str| matches!(part.len(), 2 | 3) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let backend = key.split_once('-').map_or("", |(backend, _)| backend);
    let is_backend = !backend.is_empty()
        && backend.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    // Beside the object: a lock, and what maps it to files.
    let beside = [format!("{folder}.lck"), format!("{folder}.map"), format!("{folder}.cache")];
    short(first)
        && short(second)
        && is_backend
        && key.contains("--")
        && (key == folder || beside.iter().any(|each| each == key))
}

#[cfg(test)]
mod tests {
    use super::super::unsigned::hidden;
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
        assert_eq!(hidden(&hook).as_deref(), Some("git would run it"));
        let pipe = Entry { kind: Kind::Special, ..entry(folder.path(), ".git/refs/pipe", b"") };
        assert_eq!(hidden(&pipe).as_deref(), Some("a pipe, socket or device"));
        for foreign in [".git/x.py", ".git/model", ".git/objects/x.pkl", ".git/hooks/x.py", ".git/refs/a.so"]
        {
            assert!(hidden(&entry(folder.path(), foreign, b"x")).is_some(), "{foreign}");
        }
    }

    #[test]
    fn settings_and_lists_that_run_commands_are_dangerous_wherever_git_reads_them() {
        let folder = tempfile::tempdir().unwrap();
        let evil = b"[core]\n\tfsmonitor = ./evil\n";
        for name in [
            ".git/config",
            ".git/config.worktree",
            ".git/modules/a/b/config",
            ".git/worktrees/w/config.worktree",
            ".git/modules/a/modules/b/config",
        ] {
            let said = hidden(&entry(folder.path(), name, evil)).unwrap_or_default();
            assert!(said.contains("`core.fsmonitor` runs a command"), "{name}: {said}");
        }
        let todo = ".git/rebase-merge/git-rebase-todo";
        assert!(hidden(&entry(folder.path(), todo, b"pick 1 a\nexec ./evil\n")).is_some());
        assert_eq!(hidden(&entry(folder.path(), todo, b"pick 1 a\n# exec = run command\n")), None);
        assert!(hidden(&entry(folder.path(), ".git", b"gitdir: .github/evil\n")).is_some());
        assert!(hidden(&entry(folder.path(), ".git/commondir", b"../evil\n")).is_some());
        assert_eq!(hidden(&entry(folder.path(), ".git/worktrees/w/commondir", b"../..\n")), None);
        assert_eq!(hidden(&entry(folder.path(), ".git", b"gitdir: ../.git/modules/a\n")), None);
    }

    #[test]
    fn submodules_work_trees_and_stored_weights_are_judged_as_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let sha = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
        let oid = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        let pickle = b"\x80\x04\x95".as_slice();
        let stored = format!(".git/lfs/objects/9f/86/{oid}");
        let annexed = ".git/annex/objects/xq/7F/SHA256E-s3--9f86.bin/SHA256E-s3--9f86.bin";
        for (own, content) in [
            (stored.as_str(), pickle),
            (annexed, pickle),
            (&format!(".git/modules/vendor/x/objects/e6/{}", &sha[2..]), b"\x78\x01\x4b"),
            (".git/modules/vendor/HEAD", b"ref: refs/heads/main\n"),
            (".git/modules/vendor/hooks/pre-commit.sample", b"#!/bin/sh"),
            (".git/worktrees/w/gitdir", b"/home/me/w/.git\n"),
            (".git/worktrees/w/HEAD", sha.as_bytes()),
        ] {
            assert_eq!(hidden(&entry(folder.path(), own, content)), None, "{own}");
        }
        for (foreign, content) in [
            (".git/lfs/objects/evil", pickle),
            (&*format!(".git/lfs/objects/00/86/{oid}"), pickle),
            (".git/annex/objects/evil", pickle),
            (".git/annex/objects/xq/7F/key/SHA256E-s3--9f86.bin", pickle),
            (".git/lfs/tmp/x", pickle),
            (".git/annex/x.py", b"1"),
            (".git/modules/vendor/hooks/post-checkout", b"#!/bin/sh"),
            (".git/modules/vendor/x.py", b"1"),
            (".git/modules/vendor/index", pickle),
            (".git/modules/loose", b"1"),
            (".git/worktrees/w/HEAD", b"\x7fELF"),
        ] {
            assert!(hidden(&entry(folder.path(), foreign, content)).is_some(), "{foreign}");
        }
    }
}

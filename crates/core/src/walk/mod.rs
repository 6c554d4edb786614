//! From the paths a user names to the files to scan, each once, in an order that does not depend on the disk.
//!
//! Folders are walked without following links. Which readers look at a file depends on what it is called, so that a link to a
//! file is scanned under its own name as well, where that is another; one that leaves the scanned folder is refused, and so is
//! one that never ends. Hidden files count; only the inside of `.git` is left out, since git's own object store is compressed,
//! unnamed and never loaded.

pub mod hub;

use crate::{Finding, Gap, Severity, atlas, cwe, rule};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

rule! {
    /// ## What it finds
    /// A symbolic link inside a scanned folder that points outside it.
    /// ## Why it matters
    /// A program that opens the model by this name reads a file its author never shipped: a key, a password file, or
    /// another user's data. Archives and repositories carry such links unnoticed. The target was not scanned.
    /// ## Example
    /// `weights.bin -> /etc/shadow`
    /// ## How to fix
    /// Replace the link by a copy of the file, or scan the target by its own path.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/61.html>
    pub const SYMLINK_ESCAPE: Rule = Rule {
        id: "core/symlink-escape",
        title: "a symbolic link that leaves the scanned folder",
        severity: Severity::Medium,
        remedy: "Replace the link by a copy of its target, or scan the target by its own path.",
        taxonomies: &[cwe(61), cwe(59), atlas("AML.T0010.003")],
    };
    /// ## What it finds
    /// A symbolic link that leads back to a folder above itself, or to itself.
    /// ## Why it matters
    /// Tools that follow links walk in circles until they run out of time or disk. The files are scanned once, under their
    /// own names.
    /// ## Example
    /// `checkpoints/latest -> ..`
    /// ## How to fix
    /// Remove the link.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/835.html>
    pub const SYMLINK_LOOP: Rule = Rule {
        id: "core/symlink-loop",
        title: "a symbolic link that never ends",
        severity: Severity::Low,
        remedy: "Remove the link.",
        taxonomies: &[cwe(835), cwe(61)],
    };
}

/// One thing to scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name reports use: the path as the user would type it, `/`-separated.
    pub uri: String,
    /// Where its bytes come from.
    pub content: Content,
}

impl Entry {
    /// The file, when there is one to open.
    fn path(&self) -> Option<&Path> {
        match &self.content {
            Content::File { path, .. } => Some(path),
            Content::Bytes(_) | Content::Refused { .. } => None,
        }
    }
}

/// Where the bytes of an entry come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A regular file.
    File {
        /// The file to open, as it is spelled below `root`.
        path: PathBuf,
        /// The folder that references to other files may not leave, by its canonical name.
        root: PathBuf,
        /// Size seen while walking, in bytes.
        size: u64,
    },
    /// Bytes already at hand, for example from standard input.
    Bytes(Vec<u8>),
    /// Something that was not opened.
    Refused {
        /// What that shows, if anything.
        finding: Option<Finding>,
        /// What was therefore not analysed, if anything.
        gap: Option<Gap>,
    },
}

/// What a walk gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Walk {
    /// What to scan, by name.
    pub entries: Vec<Entry>,
    /// How many files and folders the user's patterns left out.
    pub excluded: u64,
    /// How many `.git` folders were left out.
    pub git_folders: u64,
}

/// Why a walk could not begin.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// A path the user named cannot be reached.
    #[error("cannot scan {path}: {error}")]
    Unreachable {
        /// The path.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// A pattern of paths to leave out is no glob.
    #[error("the pattern `{pattern}` is not a glob: {error}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        #[source]
        error: globset::Error,
    },
}

/// Walks `roots` and leaves out what `exclude` matches.
///
/// A pattern without `/` matches a file or folder name at any depth; one with `/` matches the path below the root, as
/// shown, or absolute; with a leading `/` it is anchored at the root. A file that is named twice is scanned once.
///
/// Cost: one directory read and one stat per file; memory is the list of paths.
///
/// # Errors
/// [`WalkError`] when a root cannot be reached or a pattern is malformed. Trouble below a root becomes a gap.
pub fn walk(roots: &[PathBuf], exclude: &[String]) -> Result<Walk, WalkError> {
    let mut walker = Walker { exclude: patterns(exclude)?, walk: Walk::default() };
    for root in roots {
        let unreachable = |error| WalkError::Unreachable { path: root.clone(), error };
        let metadata = fs::metadata(root).map_err(unreachable)?;
        if metadata.is_dir() {
            let canonical = fs::canonicalize(root).map_err(unreachable)?;
            walker.folder(root, &canonical);
        } else {
            let folder = root.parent().filter(|parent| !parent.as_os_str().is_empty());
            let folder = fs::canonicalize(folder.unwrap_or(Path::new("."))).map_err(unreachable)?;
            let path = root.file_name().map_or_else(|| root.clone(), |name| folder.join(name));
            let content = file_or_gap(path, folder, &metadata);
            walker.walk.entries.push(Entry { uri: shown(root), content });
        }
    }
    let mut walk = walker.walk;
    walk.entries.sort_by(|a, b| a.uri.cmp(&b.uri).then_with(|| a.path().cmp(&b.path())));
    // By path and not by name alone: what hides a file from the scan must not depend on how its name is shown.
    walk.entries.dedup_by(|a, b| a.uri == b.uri && a.path() == b.path());
    Ok(walk)
}

/// `patterns` as a set that matches paths and bare names.
///
/// # Errors
/// [`WalkError::Pattern`] for a malformed glob.
pub fn patterns(patterns: &[String]) -> Result<GlobSet, WalkError> {
    if patterns.is_empty() {
        return Ok(GlobSet::empty());
    }
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let error = |error| WalkError::Pattern { pattern: pattern.clone(), error };
        let bare = pattern.trim_end_matches('/');
        let bare = bare.strip_prefix("./").unwrap_or(bare);
        let anywhere = format!("**/{bare}");
        let spelled = if bare.contains('/') { bare } else { &anywhere };
        set.add(GlobBuilder::new(spelled).literal_separator(true).build().map_err(error)?);
    }
    set.build().map_err(|error| WalkError::Pattern { pattern: patterns.join(", "), error })
}

struct Walker {
    exclude: GlobSet,
    walk: Walk,
}

/// A symbolic link met on the way, looked at after all real files are known.
struct Link {
    path: PathBuf,
    uri: String,
}

impl Walker {
    fn folder(&mut self, root: &Path, canonical_root: &Path) {
        let mut folders = vec![root.to_owned()];
        let (mut files, mut links) = (Vec::new(), Vec::new());
        while let Some(folder) = folders.pop() {
            let children = match fs::read_dir(&folder) {
                Ok(children) => children,
                Err(error) => {
                    self.refuse(shown(&folder), None, Some(format!("cannot list this folder: {error}")));
                    continue;
                }
            };
            for child in children {
                let (path, kind) = match child.and_then(|child| Ok((child.path(), child.file_type()?))) {
                    Ok(found) => found,
                    Err(error) => {
                        self.refuse(
                            shown(&folder),
                            None,
                            Some(format!("cannot list all of this folder: {error}")),
                        );
                        continue;
                    }
                };
                if self.is_excluded(&path, root) {
                    self.walk.excluded += 1;
                } else if kind.is_symlink() {
                    links.push(Link { uri: shown(&path), path });
                } else if kind.is_dir() {
                    if path.file_name().is_some_and(|name| name == ".git") {
                        self.walk.git_folders += 1;
                    } else {
                        folders.push(path);
                    }
                } else {
                    files.push(path);
                }
            }
        }
        links.sort_by(|a, b| a.uri.cmp(&b.uri));
        let named = self.links(&links, &files, root, canonical_root);
        for path in files {
            // Where a root lies below a link, its files' canonical names differ only in that prefix.
            let place = below(canonical_root, root, &path);
            if named.contains(&place) {
                continue;
            }
            let content = match fs::symlink_metadata(&path) {
                Ok(metadata) => file_or_gap(place, canonical_root.to_owned(), &metadata),
                Err(error) => refused(None, Some(format!("cannot read it: {error}"))),
            };
            self.walk.entries.push(Entry { uri: shown(&path), content });
        }
    }

    /// Follows `links` to files that are not read under such a name yet; gives the targets that links name in place of their own names.
    fn links(
        &mut self,
        links: &[Link],
        files: &[PathBuf],
        root: &Path,
        canonical_root: &Path,
    ) -> HashSet<PathBuf> {
        if links.is_empty() {
            return HashSet::new();
        }
        let real: HashSet<PathBuf> = files.iter().map(|path| below(canonical_root, root, path)).collect();
        let mut named = HashSet::new();
        let mut told: HashMap<PathBuf, Vec<PathBuf>> = HashMap::new();
        for link in links {
            let target = match fs::canonicalize(&link.path) {
                Ok(target) => target,
                Err(error) if is_loop(&error, &link.path) => {
                    let loops = Finding::new(&SYMLINK_LOOP, "a symbolic link that leads to itself");
                    let gap = "the link leads to itself, so there is nothing to read; remove it".to_owned();
                    self.refuse(link.uri.clone(), Some(loops), Some(gap));
                    continue;
                }
                Err(error) => {
                    let seen = fs::read_link(&link.path).unwrap_or_default();
                    let target = crate::printable(&seen.to_string_lossy(), SHOWN_TARGET);
                    let gap = format!("cannot follow this link to `{target}`: {error}; restore its target");
                    self.refuse(link.uri.clone(), None, Some(gap));
                    continue;
                }
            };
            let place = below(canonical_root, root, &link.path);
            let in_hub = hub::holds(&place, &target);
            if !target.starts_with(canonical_root) && !in_hub {
                let seen = fs::read_link(&link.path).unwrap_or_default();
                let message = format!(
                    "the link points to `{}`, outside the scanned folder",
                    crate::printable(&seen.to_string_lossy(), SHOWN_TARGET)
                );
                let gap = "the link leaves the scanned folder and was not followed; scan its target by its own path";
                let escape = Finding::new(&SYMLINK_ESCAPE, message);
                self.refuse(link.uri.clone(), Some(escape), Some(gap.to_owned()));
                continue;
            }
            let Ok(metadata) = fs::metadata(&target) else { continue };
            if metadata.is_dir() {
                if place.starts_with(&target) {
                    let message = "a symbolic link to a folder above itself";
                    self.refuse(link.uri.clone(), Some(Finding::new(&SYMLINK_LOOP, message)), None);
                }
                // The content is walked under its own name, which lies below the same root.
                continue;
            }
            let own = told_by(canonical_root, &place);
            let is_real = real.contains(&target) && !in_hub;
            let known = told
                .entry(target.clone())
                .or_insert_with(|| is_real.then(|| told_by(canonical_root, &target)).into_iter().collect());
            if !known.contains(&own) {
                if known.len() >= MOST_NAMES {
                    let gap = format!(
                        "its file has more than {MOST_NAMES} names by links; it was read under {MOST_NAMES} of them"
                    );
                    self.refuse(link.uri.clone(), None, Some(gap));
                    continue;
                }
                known.push(own);
                if !is_real {
                    named.insert(target.clone());
                }
                let boundary = hub::repository(&place).filter(|_| in_hub);
                let boundary = boundary.unwrap_or_else(|| canonical_root.to_owned());
                let content = match file_or_gap(target, boundary, &metadata) {
                    // Opened by its snapshot name, so that names and siblings are those a loader sees.
                    Content::File { root, size, .. } => Content::File { path: place, root, size },
                    other => other,
                };
                self.walk.entries.push(Entry { uri: link.uri.clone(), content });
            }
        }
        named
    }

    fn refuse(&mut self, uri: String, finding: Option<Finding>, reason: Option<String>) {
        self.walk.entries.push(Entry { uri, content: refused(finding, reason) });
    }

    fn is_excluded(&self, path: &Path, root: &Path) -> bool {
        if self.exclude.is_empty() {
            return false;
        }
        let below = path.strip_prefix(root).unwrap_or(path);
        self.exclude.is_match(below)
            || self.exclude.is_match(Path::new("/").join(below))
            || self.exclude.is_match(path)
            || std::path::absolute(path).is_ok_and(|path| self.exclude.is_match(path))
    }
}

/// What of the path of a file readers go by: its name, and from the first hidden folder on (`.github/workflows`) all of it.
fn told_by(root: &Path, path: &Path) -> PathBuf {
    let below = path.strip_prefix(root).unwrap_or(path);
    let visible = |part: &Component<'_>| !part.as_os_str().to_string_lossy().starts_with('.');
    let told: PathBuf = below.components().skip_while(visible).collect();
    if told.as_os_str().is_empty() {
        below.file_name().map_or_else(PathBuf::new, PathBuf::from)
    } else {
        told
    }
}

fn refused(finding: Option<Finding>, reason: Option<String>) -> Content {
    Content::Refused { finding, gap: reason.map(|reason| Gap { member: None, offset: None, reason }) }
}

fn file_or_gap(path: PathBuf, root: PathBuf, metadata: &fs::Metadata) -> Content {
    if metadata.is_file() {
        return Content::File { path, root, size: metadata.len() };
    }
    let reason = "a device, socket or pipe, which has no end to read to; copy its content to a file, or pipe it in as `-`";
    refused(None, Some(reason.to_owned()))
}

/// `path`, which lies below `root`, as it is spelled below `canonical_root`.
fn below(canonical_root: &Path, root: &Path, path: &Path) -> PathBuf {
    path.strip_prefix(root).map_or_else(|_| path.to_owned(), |inner| canonical_root.join(inner))
}

/// Whether following `link` failed because it goes in circles.
fn is_loop(error: &io::Error, link: &Path) -> bool {
    // `io::ErrorKind::FilesystemLoop` is not stable yet; a link whose chain never leaves the links is one.
    let mut at = link.to_owned();
    for _ in 0..LINKS_FOLLOWED {
        let Ok(next) = fs::read_link(&at) else { return false };
        at = at.parent().map_or_else(|| next.clone(), |folder| folder.join(&next));
    }
    error.kind() != io::ErrorKind::NotFound
}

/// `path` with `/` between its parts and without a leading `./`, as reports show it. Bytes that are no UTF-8 are shown as
/// `\xff`, so that two names stay two.
pub fn shown(path: &Path) -> String {
    let text = if is_trim(path) {
        text_of(path)
    } else {
        let parts = path.components().skip_while(|part| *part == Component::CurDir);
        text_of(&parts.collect::<PathBuf>())
    };
    let text = if std::path::MAIN_SEPARATOR == '/' { text } else { text.replace('\\', "/") };
    if text.is_empty() { ".".to_owned() } else { text }
}

/// Whether a path is written as its parts joined again would be, as what a walk finds mostly is.
fn is_trim(path: &Path) -> bool {
    let bytes = path.as_os_str().as_encoded_bytes();
    let ends_trim = |bytes: &[u8]| bytes.len() > 1 && !bytes.ends_with(b"/") && !bytes.ends_with(b"/.");
    std::path::MAIN_SEPARATOR == '/'
        && bytes.first() != Some(&b'.')
        && ends_trim(bytes)
        && !bytes.windows(2).any(|pair| pair == b"//")
        && !bytes.windows(3).any(|three| three == b"/./")
}

#[cfg(unix)]
fn text_of(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    let mut text = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

#[cfg(not(unix))]
fn text_of(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Links followed in a chain before it counts as endless; Linux stops at 40.
const LINKS_FOLLOWED: usize = 40;
/// Most names under which one file is read.
const MOST_NAMES: usize = 8;
/// Characters shown of a link's target.
const SHOWN_TARGET: usize = 120;

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn names(walk: &Walk) -> Vec<&str> {
        walk.entries.iter().map(|entry| entry.uri.rsplit('/').next().unwrap()).collect()
    }

    fn find<'a>(walk: &'a Walk, name: &str) -> &'a Content {
        &walk.entries.iter().find(|entry| entry.uri.ends_with(name)).unwrap().content
    }

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn walk_one(root: &Path) -> Walk {
        walk(&[root.to_owned()], &[]).unwrap()
    }

    #[test]
    fn hidden_files_are_scanned_and_git_internals_are_counted() {
        let root = folder();
        fs::write(root.path().join(".hidden.pkl"), "x").unwrap();
        fs::create_dir(root.path().join(".git")).unwrap();
        fs::write(root.path().join(".git/config"), "x").unwrap();
        let walk = walk_one(root.path());
        assert_eq!((names(&walk), walk.git_folders), (vec![".hidden.pkl"], 1));
    }

    #[test]
    fn names_that_differ_only_in_bytes_outside_utf_8_are_two_files() {
        use std::os::unix::ffi::OsStrExt as _;
        let root = folder();
        for name in [b"m\xfe.pkl", b"m\xff.pkl"] {
            fs::write(root.path().join(std::ffi::OsStr::from_bytes(name)), "x").unwrap();
        }
        assert_eq!(names(&walk_one(root.path())), ["m\\xfe.pkl", "m\\xff.pkl"]);
    }

    #[test]
    fn a_path_is_shown_as_its_parts_joined_again() {
        let whole = |path: &str| shown(Path::new(path));
        for path in ["/a/b.c", "a/.b/c", "a/b..c", "/a/..b", "/"] {
            assert_eq!(whole(path), path);
        }
        for (path, wanted) in [
            ("./a/b", "a/b"),
            ("a//b/./c", "a/b/c"),
            ("a/b/", "a/b"),
            ("a/b/.", "a/b"),
            (".", "."),
            ("", "."),
            ("././a", "a"),
            ("//a/b", "/a/b"),
            ("../a", "../a"),
        ] {
            assert_eq!(whole(path), wanted, "{path}");
        }
    }

    #[test]
    fn a_file_named_twice_is_scanned_once() {
        let root = folder();
        fs::write(root.path().join("a.pkl"), "x").unwrap();
        let walk = walk(&[root.path().to_owned(), root.path().join("a.pkl")], &[]).unwrap();
        assert_eq!(names(&walk), ["a.pkl"]);
    }

    #[test]
    fn patterns_may_be_anchored_at_the_root_or_absolute() {
        let root = folder();
        fs::create_dir_all(root.path().join("sub/deep")).unwrap();
        for name in ["a.pkl", "sub/a.pkl", "sub/deep/b.pkl"] {
            fs::write(root.path().join(name), "x").unwrap();
        }
        let left = |pattern: String| walk(&[root.path().to_owned()], &[pattern]).unwrap().entries.len();
        assert_eq!(left("/sub".to_owned()), 1);
        assert_eq!(left("/a.pkl".to_owned()), 2);
        assert_eq!(left(format!("{}/sub", root.path().display())), 1);
        assert_eq!(left("/deep".to_owned()), 3);
    }

    #[test]
    fn a_file_is_scanned_under_each_of_its_names_and_once_under_one() {
        let root = folder();
        for name in ["sub", ".github/workflows"] {
            fs::create_dir_all(root.path().join(name)).unwrap();
        }
        fs::write(root.path().join("blob"), "x").unwrap();
        symlink("blob", root.path().join("model.bin")).unwrap();
        symlink("../blob", root.path().join("sub/model.bin")).unwrap();
        symlink("../blob", root.path().join("sub/blob")).unwrap();
        assert_eq!(names(&walk_one(root.path())), ["blob", "model.bin"]);
        fs::write(root.path().join("ci.yml"), "x").unwrap();
        symlink("../../ci.yml", root.path().join(".github/workflows/ci.yml")).unwrap();
        assert_eq!(names(&walk_one(root.path())), ["ci.yml", "blob", "ci.yml", "model.bin"]);
    }

    #[test]
    fn a_file_with_more_names_than_are_read_is_a_gap() {
        let root = folder();
        fs::write(root.path().join("blob"), "x").unwrap();
        for number in 0..MOST_NAMES {
            symlink("blob", root.path().join(format!("{number}.bin"))).unwrap();
        }
        let walk = walk_one(root.path());
        assert_eq!(walk.entries.len(), MOST_NAMES + 1);
        assert!(matches!(find(&walk, "7.bin"), Content::Refused { finding: None, gap: Some(_) }));
    }

    #[test]
    fn a_link_that_leaves_the_root_is_refused_with_a_finding_and_a_gap() {
        let (root, outside) = (folder(), folder());
        fs::write(outside.path().join("secret"), "x").unwrap();
        symlink(outside.path().join("secret"), root.path().join("a.pkl")).unwrap();
        let walk = walk_one(root.path());
        let Content::Refused { finding: Some(finding), gap: Some(_) } = find(&walk, "a.pkl") else {
            panic!("{walk:?}")
        };
        assert_eq!(finding.rule.id, "core/symlink-escape");
    }

    #[test]
    fn a_link_to_a_folder_above_itself_and_one_to_itself_are_loops() {
        let root = folder();
        fs::create_dir(root.path().join("sub")).unwrap();
        symlink("..", root.path().join("sub/up")).unwrap();
        symlink("self", root.path().join("self")).unwrap();
        let walk = walk_one(root.path());
        for name in ["up", "self"] {
            let Content::Refused { finding: Some(finding), .. } = find(&walk, name) else {
                panic!("{walk:?}")
            };
            assert_eq!(finding.rule.id, "core/symlink-loop");
        }
    }

    #[test]
    fn a_dangling_link_is_a_gap() {
        let root = folder();
        symlink("gone", root.path().join("a.pkl")).unwrap();
        let walk = walk_one(root.path());
        assert!(matches!(find(&walk, "a.pkl"), Content::Refused { finding: None, gap: Some(_) }));
    }

    #[test]
    fn patterns_leave_out_names_anywhere_and_paths_below_the_root() {
        let root = folder();
        fs::create_dir_all(root.path().join("x/y")).unwrap();
        for name in ["x/y/a.tmp", "x/keep.pkl", "x/y/drop.pkl", "drop.pkl"] {
            fs::write(root.path().join(name), "x").unwrap();
        }
        let exclude = ["*.tmp".to_owned(), "x/*/drop.pkl".to_owned()];
        let walk = walk(&[root.path().to_owned()], &exclude).unwrap();
        assert_eq!((names(&walk), walk.excluded), (vec!["drop.pkl", "keep.pkl"], 2));
    }

    #[test]
    fn a_hub_cache_is_named_by_snapshot_and_each_blob_is_scanned_once() {
        let root = folder();
        let repository = root.path().join("models--org--name");
        fs::create_dir_all(repository.join("snapshots/rev1")).unwrap();
        fs::create_dir_all(repository.join("snapshots/rev2")).unwrap();
        fs::create_dir_all(repository.join("blobs")).unwrap();
        for blob in ["aa", "bb"] {
            fs::write(repository.join("blobs").join(blob), "x").unwrap();
        }
        symlink("../../blobs/aa", repository.join("snapshots/rev1/model.bin")).unwrap();
        symlink("../../blobs/aa", repository.join("snapshots/rev2/model.bin")).unwrap();
        let walk = walk_one(root.path());
        let uris: Vec<_> = walk.entries.iter().map(|e| e.uri.split("--name/").last().unwrap()).collect();
        assert_eq!(uris, ["blobs/bb", "snapshots/rev1/model.bin"]);
        // The snapshot alone may follow into the blobs of its own repository.
        let snapshot = walk_one(&repository.join("snapshots/rev2"));
        assert!(matches!(find(&snapshot, "model.bin"), Content::File { .. }));
    }

    #[test]
    fn a_missing_root_is_an_error() {
        assert!(matches!(walk(&["/nonexistent/x".into()], &[]), Err(WalkError::Unreachable { .. })));
    }

    #[test]
    fn a_pattern_that_is_no_glob_is_an_error() {
        assert!(matches!(walk(&[], &["a[".into()]), Err(WalkError::Pattern { .. })));
    }
}

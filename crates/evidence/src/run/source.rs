//! The commit that is checked out, read from git's own files: no git program is needed and no hook runs.
//!
//! Source: gitrepository-layout(5), git-worktree(1) ("Details").

use std::fs;
use std::path::{Path, PathBuf};

/// Largest file of git's that is read, in bytes.
const LARGEST: u64 = 16 << 20;

/// What is checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The commit.
    pub commit: String,
    /// Address of the remote `origin`.
    pub origin: Option<String>,
}

impl Source {
    /// The commit as a resource: `git+ORIGIN@COMMIT`, without a password the origin may hold.
    pub fn uri(&self) -> Option<String> {
        let origin = self.origin.as_deref()?;
        let origin = match origin.split_once("://") {
            Some((scheme, rest)) => {
                let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
                let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
                format!("{scheme}://{host}/{path}")
            }
            None => origin.to_owned(),
        };
        Some(format!("git+{origin}@{}", self.commit))
    }
}

/// The commit checked out in the folder of `root` or the nearest one above it that is a repository.
pub fn checked_out(root: &Path) -> Option<Source> {
    let folder = root.ancestors().find(|folder| folder.join(".git").exists())?;
    let git = git_folder(&folder.join(".git"))?;
    // A further working tree keeps its HEAD to itself and shares the rest.
    let common = read(&git.join("commondir")).map_or_else(|| git.clone(), |line| git.join(line.trim()));
    let head = read(&git.join("HEAD"))?;
    let commit = match head.trim().strip_prefix("ref: ") {
        None => head.trim().to_owned(),
        Some(reference) if is_plain(reference) => match read(&common.join(reference)) {
            Some(commit) => commit.trim().to_owned(),
            None => packed(&common, reference)?,
        },
        Some(_) => return None,
    };
    let is_commit = matches!(commit.len(), 40 | 64) && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_commit.then(|| Source { commit, origin: origin(&read(&common.join("config")).unwrap_or_default()) })
}

fn git_folder(path: &Path) -> Option<PathBuf> {
    if path.is_dir() {
        return Some(path.to_owned());
    }
    let text = read(path)?;
    let folder = text.strip_prefix("gitdir:")?.trim();
    Some(path.parent()?.join(folder))
}

fn read(path: &Path) -> Option<String> {
    fs::metadata(path).ok().filter(|metadata| metadata.is_file() && metadata.len() <= LARGEST)?;
    fs::read_to_string(path).ok()
}

/// Whether a reference stays inside git's folder.
fn is_plain(reference: &str) -> bool {
    let parts = || Path::new(reference).components();
    parts().all(|part| matches!(part, std::path::Component::Normal(_)))
}

fn packed(common: &Path, reference: &str) -> Option<String> {
    let text = read(&common.join("packed-refs"))?;
    text.lines().find_map(|line| {
        let (commit, name) = line.split_once(' ')?;
        (name == reference).then(|| commit.to_owned())
    })
}

fn origin(config: &str) -> Option<String> {
    let mut within = false;
    for line in config.lines().map(str::trim) {
        if line.starts_with('[') {
            within = line == "[remote \"origin\"]";
        } else if within
            && let Some((name, value)) = line.split_once('=')
            && name.trim() == "url"
        {
            return Some(value.trim().to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn the_commit_is_found_loose_packed_and_detached() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        assert_eq!(checked_out(root), None);
        write(root, ".git/HEAD", COMMIT);
        assert_eq!(checked_out(&root.join(".")).unwrap().commit, COMMIT);
        write(root, ".git/HEAD", "ref: refs/heads/main\n");
        assert_eq!(checked_out(root), None);
        write(root, ".git/packed-refs", &format!("# pack-refs\n{COMMIT} refs/heads/main\n"));
        assert_eq!(checked_out(root).unwrap().commit, COMMIT);
        write(root, ".git/refs/heads/main", &COMMIT.replace('0', "f"));
        write(root, ".git/config", "[remote \"origin\"]\n\turl = https://me:word@example.org/a.git\n");
        let found = checked_out(root).unwrap();
        assert_eq!(
            found.uri().unwrap(),
            format!("git+https://example.org/a.git@{}", COMMIT.replace('0', "f"))
        );
    }

    #[test]
    fn a_further_working_tree_and_a_reference_that_leaves_are_handled() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        write(root, "main/.git/worktrees/two/HEAD", "ref: refs/heads/two");
        write(root, "main/.git/worktrees/two/commondir", "../..\n");
        write(root, "main/.git/refs/heads/two", COMMIT);
        write(root, "two/.git", "gitdir: ../main/.git/worktrees/two\n");
        assert_eq!(checked_out(&root.join("two")).unwrap().commit, COMMIT);
        write(root, "main/.git/worktrees/two/HEAD", "ref: ../../../secret");
        write(root, "main/secret", COMMIT);
        assert_eq!(checked_out(&root.join("two")), None);
    }
}

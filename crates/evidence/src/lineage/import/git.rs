//! Commits of a git repository: each with the ones before it and the tree it holds.
//!
//! Read with `git rev-list`, which runs nothing that a repository's own configuration names; filters, hooks, pagers and lazy
//! fetching are off.

use super::{ImportError, Imported};
use crate::digest::Digest;
use crate::lineage::node::{Kind, NodeId, Relation};
use std::path::Path;
use std::process::{Command, Stdio};

const FORMAT: &str = "git";
/// Most commits read, the latest first.
pub const MOST_COMMITS: usize = 10_000;

/// Reads the commits that `HEAD` leads to.
///
/// # Errors
/// [`ImportError::Program`] when git is not installed or the folder is no repository.
pub fn read(path: &Path) -> Result<Imported, ImportError> {
    let output = Command::new("git")
        .args(["--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-C"])
        .arg(path)
        .args(["rev-list", "--no-commit-header", "--format=%H%x09%P%x09%T%x09%s"])
        .arg(format!("--max-count={MOST_COMMITS}"))
        .arg("HEAD")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| {
            ImportError::Program(format!("git cannot be run: {error}; install it to read repositories"))
        })?;
    if !output.status.success() {
        let reason = bartizan_core::printable(String::from_utf8_lossy(&output.stderr).trim(), 300);
        return Err(ImportError::Program(format!("git cannot read the repository: {reason}")));
    }
    Ok(parse(&String::from_utf8_lossy(&output.stdout)))
}

/// Reads lines of commit, parents, tree and subject, divided by tabs.
pub fn parse(list: &str) -> Imported {
    let mut imported = Imported::new(FORMAT);
    let digest =
        |kind: &str, value: &str| Digest::new(kind, value).ok().map(|digest| NodeId::of_digest(&digest));
    for line in list.lines().take(MOST_COMMITS) {
        let mut fields = line.splitn(4, '\t');
        let (hash, parents, tree, subject) = (fields.next(), fields.next(), fields.next(), fields.next());
        let Some(commit) = hash.and_then(|hash| digest("gitCommit", hash)) else {
            imported.remark(|| format!("no commit: {}", bartizan_core::printable(line, 100)));
            continue;
        };
        imported.facts.node(&commit, Some(Kind::Source), subject);
        for parent in parents.unwrap_or_default().split(' ').filter_map(|parent| digest("gitCommit", parent))
        {
            imported.facts.edge(&parent, &commit, Relation::PrecedesVersion);
        }
        if let Some(tree) = tree.and_then(|tree| digest("gitTree", tree)) {
            imported.facts.edge(&tree, &commit, Relation::PartOf);
        }
        if imported.root.is_none() {
            imported.root = Some(commit);
        }
    }
    imported.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_follow_one_another() {
        let (one, two, tree) = ("1".repeat(40), "2".repeat(40), "3".repeat(40));
        let imported = parse(&format!("{two}\t{one}\t{tree}\tsecond\n{one}\t\t{tree}\tfirst\nnonsense\n"));
        assert_eq!(
            imported.facts.edges.iter().filter(|edge| edge.relation == Relation::PrecedesVersion).count(),
            1
        );
        assert_eq!(imported.facts.edges.len(), 3);
        assert_eq!(imported.remarks.len(), 1);
        assert!(imported.root.unwrap().as_str().ends_with(&two));
    }

    #[test]
    fn a_folder_without_a_repository_is_an_error() {
        let at = tempfile::tempdir().unwrap();
        assert!(matches!(read(at.path()), Err(ImportError::Program(_))));
    }

    proptest::proptest! {
        #[test]
        fn any_list_is_read(text: String) {
            let _ = parse(&text);
        }
    }
}

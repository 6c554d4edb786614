//! The files beside a scanned file, on disk: [`FolderSiblings`].
//!
//! A path is resolved with every link in it and refused when the result lies outside the boundary, so that `..` and
//! links cannot make a scan read what it was not pointed at.

use crate::{Sibling, Siblings};
use bartizan_core::walk::hub;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

/// Siblings in the folder of one file, within a boundary folder. Nothing on disk is touched before one is asked for.
#[derive(Debug)]
pub struct FolderSiblings<'a> {
    path: &'a Path,
    boundary: &'a Path,
    /// Canonical folder of the file and canonical boundary, once resolved; `None` inside when that fails.
    resolved: OnceLock<Option<(PathBuf, PathBuf)>>,
}

impl<'a> FolderSiblings<'a> {
    /// The siblings of the file at `path` within `boundary`.
    pub fn new(path: &'a Path, boundary: &'a Path) -> Self {
        Self { path, boundary, resolved: OnceLock::new() }
    }

    fn folders(&self) -> Option<&(PathBuf, PathBuf)> {
        let resolve = || {
            let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()?;
            Some((folder, fs::canonicalize(self.boundary).ok()?))
        };
        self.resolved.get_or_init(resolve).as_ref()
    }

    /// The file that `relative` leads to and whether a link is on the way.
    fn resolve(&self, relative: &str) -> Option<(PathBuf, bool)> {
        let (folder, boundary) = self.folders()?;
        let relative = Path::new(relative);
        let mut spelled = folder.clone();
        for part in relative.components() {
            match part {
                Component::Normal(name) => spelled.push(name),
                Component::CurDir => {}
                Component::ParentDir => {
                    spelled.pop();
                }
                Component::RootDir | Component::Prefix(_) => return None,
            }
        }
        let target = fs::canonicalize(folder.join(relative)).ok()?;
        let in_hub = hub::holds(&spelled, &target);
        if !target.starts_with(boundary) && !in_hub {
            return None;
        }
        // A hub snapshot consists of links into its own blobs; they are its files.
        let is_symlink = target != spelled && !in_hub;
        Some((target, is_symlink))
    }
}

impl Siblings for FolderSiblings<'_> {
    fn look_up(&self, relative: &str) -> Option<Sibling> {
        let (target, is_symlink) = self.resolve(relative)?;
        let metadata = fs::metadata(target).ok().filter(fs::Metadata::is_file)?;
        Some(Sibling { size: metadata.len(), is_symlink })
    }

    fn read(&self, relative: &str, limit: u64) -> Option<Vec<u8>> {
        let (target, _) = self.resolve(relative)?;
        // Metadata first: opening a FIFO would block for a writer that never comes.
        fs::metadata(&target).ok().filter(fs::Metadata::is_file)?;
        let mut bytes = Vec::new();
        File::open(target).ok()?.take(limit).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A folder `a` with a model in it, and a file outside; gives the model's path and `a`.
    fn model(root: &Path) -> (PathBuf, PathBuf) {
        fs::create_dir_all(root.join("a/model")).unwrap();
        fs::write(root.join("a/model/weights.bin"), "12345").unwrap();
        fs::write(root.join("outside"), "x").unwrap();
        (root.join("a/model/model.onnx"), root.join("a"))
    }

    #[test]
    fn a_file_beside_is_found_and_read_up_to_the_limit() {
        let root = tempfile::tempdir().unwrap();
        let (path, boundary) = model(root.path());
        let siblings = FolderSiblings::new(&path, &boundary);
        assert_eq!(siblings.look_up("./weights.bin"), Some(Sibling { size: 5, is_symlink: false }));
        assert_eq!(siblings.read("weights.bin", 3).as_deref(), Some(b"123".as_slice()));
        assert_eq!(siblings.look_up("../model/weights.bin").map(|found| found.size), Some(5));
    }

    #[test]
    fn nothing_outside_the_boundary_is_reached() {
        let root = tempfile::tempdir().unwrap();
        let (path, boundary) = model(root.path());
        let siblings = FolderSiblings::new(&path, &boundary);
        symlink("../../outside", root.path().join("a/model/link")).unwrap();
        let absolute = root.path().join("a/model/weights.bin");
        for path in ["../../outside", "link", absolute.to_str().unwrap(), "missing", "", "a\0b"] {
            assert_eq!(siblings.look_up(path), None, "{path}");
            assert_eq!(siblings.read(path, 9), None, "{path}");
        }
    }

    #[test]
    fn a_link_inside_is_named_as_one() {
        let root = tempfile::tempdir().unwrap();
        let (path, boundary) = model(root.path());
        let siblings = FolderSiblings::new(&path, &boundary);
        symlink("weights.bin", root.path().join("a/model/link")).unwrap();
        assert_eq!(siblings.look_up("link"), Some(Sibling { size: 5, is_symlink: true }));
    }
}

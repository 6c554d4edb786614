//! The files beside a scanned file, on disk: [`FolderSiblings`].
//!
//! A path is resolved with every link in it and refused when the result lies outside the boundary, so that `..` and
//! links cannot make a scan read what it was not pointed at.

use crate::{Sibling, Siblings};
use bartizan_core::walk::hub;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// Siblings in the folder of one file, within a boundary folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderSiblings {
    /// Canonical folder of the file.
    folder: PathBuf,
    /// Canonical folder that nothing may leave.
    boundary: PathBuf,
}

impl FolderSiblings {
    /// The siblings of the file at `path` within `boundary`; `None` when either folder cannot be resolved.
    pub fn new(path: &Path, boundary: &Path) -> Option<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()?;
        let boundary = fs::canonicalize(boundary).ok()?;
        Some(Self { folder, boundary })
    }

    /// The file that `relative` leads to and whether a link is on the way.
    fn resolve(&self, relative: &str) -> Option<(PathBuf, bool)> {
        let relative = Path::new(relative);
        let mut spelled = self.folder.clone();
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
        let target = fs::canonicalize(self.folder.join(relative)).ok()?;
        let in_hub = hub::holds(&spelled, &target);
        if !target.starts_with(&self.boundary) && !in_hub {
            return None;
        }
        // A hub snapshot consists of links into its own blobs; they are its files.
        let is_symlink = target != spelled && !in_hub;
        Some((target, is_symlink))
    }
}

impl Siblings for FolderSiblings {
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

    fn model(root: &Path) -> FolderSiblings {
        fs::create_dir_all(root.join("a/model")).unwrap();
        fs::write(root.join("a/model/weights.bin"), "12345").unwrap();
        fs::write(root.join("outside"), "x").unwrap();
        FolderSiblings::new(&root.join("a/model/model.onnx"), &root.join("a")).unwrap()
    }

    #[test]
    fn a_file_beside_is_found_and_read_up_to_the_limit() {
        let root = tempfile::tempdir().unwrap();
        let siblings = model(root.path());
        assert_eq!(siblings.look_up("./weights.bin"), Some(Sibling { size: 5, is_symlink: false }));
        assert_eq!(siblings.read("weights.bin", 3).as_deref(), Some(b"123".as_slice()));
        assert_eq!(siblings.look_up("../model/weights.bin").map(|found| found.size), Some(5));
    }

    #[test]
    fn nothing_outside_the_boundary_is_reached() {
        let root = tempfile::tempdir().unwrap();
        let siblings = model(root.path());
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
        let siblings = model(root.path());
        symlink("weights.bin", root.path().join("a/model/link")).unwrap();
        assert_eq!(siblings.look_up("link"), Some(Sibling { size: 5, is_symlink: true }));
    }
}

//! Files beside a document: [`Folder`], which never looks outside itself.

use super::ImportError;
use crate::digest::Digest;
use crate::store::{sha256_and_md5_of, sha256_of};
use std::fs::{self, File};
use std::path::{Component, Path, PathBuf};

/// Most files of a folder digested.
const MOST_FILES: usize = 100_000;

/// A folder whose files may be digested.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The folder at `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The file that a document names, with its SHA-256 and MD5; none when it is not there or lies outside.
    pub(super) fn digests(&self, name: &str) -> Option<(PathBuf, (Digest, String))> {
        let relative = Path::new(name);
        if relative.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
            return None;
        }
        let path = self.root.join(relative);
        // A link could lead anywhere; what a document names must lie here itself.
        let inside = fs::canonicalize(&path).ok()?.starts_with(fs::canonicalize(&self.root).ok()?);
        if !inside || !fs::metadata(&path).ok()?.is_file() {
            return None;
        }
        let digests = sha256_and_md5_of(&mut File::open(&path).ok()?).ok()?;
        Some((path, digests))
    }

    /// Every file below, by relative name, with its SHA-256, in order. Links are left out.
    ///
    /// # Errors
    /// [`ImportError::Disk`].
    pub(super) fn files(&self, mut remark: impl FnMut(String)) -> Result<Vec<(String, Digest)>, ImportError> {
        let mut files = Vec::new();
        let mut work = vec![self.root.clone()];
        while let Some(folder) = work.pop() {
            let failed = |error| ImportError::Disk { path: folder.clone(), error };
            for entry in fs::read_dir(&folder).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
                if kind.is_dir() {
                    work.push(path);
                } else if kind.is_file() {
                    let failed = |error| ImportError::Disk { path: path.clone(), error };
                    let digest = sha256_of(&mut File::open(&path).map_err(failed)?).map_err(failed)?;
                    let name = path.strip_prefix(&self.root).unwrap_or(&path).to_string_lossy().into_owned();
                    files.push((name, digest));
                    if files.len() >= MOST_FILES {
                        remark(format!(
                            "{} holds more than {MOST_FILES} files; the rest is left out",
                            self.root.display()
                        ));
                        files.sort();
                        return Ok(files);
                    }
                }
            }
        }
        files.sort();
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_inside_are_read() {
        let at = tempfile::tempdir().unwrap();
        let inside = at.path().join("in");
        fs::create_dir(&inside).unwrap();
        fs::write(at.path().join("secret"), "x").unwrap();
        fs::write(inside.join("a"), "abc").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(at.path().join("secret"), inside.join("link")).unwrap();
        let folder = Folder::new(&inside);
        assert_eq!(folder.digests("./a").unwrap().1.0, Digest::sha256(b"abc"));
        assert!(folder.digests("../secret").is_none() && folder.digests("link").is_none());
        assert!(folder.digests("/etc/passwd").is_none() && folder.digests("absent").is_none());
        assert_eq!(folder.files(|_| {}).unwrap().len(), 1);
    }
}

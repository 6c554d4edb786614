//! The cache layout of the Hugging Face hub: `models--org--name/snapshots/REV/file -> ../../blobs/HASH`.
//!
//! Source: huggingface_hub, "Understand caching". Links from a snapshot into the blobs of its own repository are the
//! layout's storage, not an escape.

use std::path::{Path, PathBuf};

/// The repository folder that `place` (a canonical path) lies in, if it lies in a snapshot of one.
pub fn repository(place: &Path) -> Option<PathBuf> {
    let mut inner = None;
    for folder in place.ancestors() {
        let name = folder.file_name()?.to_string_lossy();
        if inner.as_deref() == Some("snapshots") && KINDS.iter().any(|kind| name.starts_with(kind)) {
            return Some(folder.to_owned());
        }
        inner = Some(name.into_owned());
    }
    None
}

/// Whether the link at `place` leads to a blob of its own repository.
pub fn holds(place: &Path, target: &Path) -> bool {
    repository(place).is_some_and(|repository| target.parent() == Some(&repository.join("blobs")))
}

/// What the names of repository folders begin with.
const KINDS: [&str; 3] = ["models--", "datasets--", "spaces--"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_of_another_repository_is_not_held() {
        let place = Path::new("/c/models--a--b/snapshots/r/sub/x.bin");
        assert!(holds(place, Path::new("/c/models--a--b/blobs/00")));
        assert!(!holds(place, Path::new("/c/models--a--c/blobs/00")));
        assert!(!holds(place, Path::new("/c/models--a--b/refs/main")));
    }

    #[test]
    fn a_folder_of_any_other_name_is_no_repository() {
        assert_eq!(repository(Path::new("/c/mine/snapshots/r/x.bin")), None);
        assert_eq!(repository(Path::new("/c/models--a--b/blobs/x.bin")), None);
    }
}

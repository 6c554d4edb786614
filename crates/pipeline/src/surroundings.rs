//! What is known of the folders around the files of one sweep: [`Surroundings`].

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Names under which a folder describes a skill.
const DESCRIPTIONS: [&str; 3] = ["SKILL.md", "skill.md", "Skill.md"];
/// Most folders remembered; those beyond are asked again.
const MOST: usize = 1 << 16;

/// Folders that were asked about, so that thousands of files in one ask once. For one sweep: what changes later is not seen.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// By the folder as it is written: a path is hashed part by part, at many times the cost.
    skills: Mutex<HashMap<OsString, bool>>,
}

impl Surroundings {
    /// Whether `folder` describes a skill.
    pub(crate) fn has_skill(&self, folder: &Path) -> bool {
        if let Some(known) =
            self.skills.lock().unwrap_or_else(PoisonError::into_inner).get(folder.as_os_str())
        {
            return *known;
        }
        // Asked without the lock: a disk may be slow.
        let has = describes_skill(folder);
        let mut skills = self.skills.lock().unwrap_or_else(PoisonError::into_inner);
        if skills.len() < MOST {
            skills.insert(folder.as_os_str().to_owned(), has);
        }
        has
    }
}

/// Whether `folder` describes a skill, asked of the disk.
pub(crate) fn describes_skill(folder: &Path) -> bool {
    DESCRIPTIONS.iter().any(|name| folder.join(name).is_file())
}

/// Whether `path` lies at or below `boundary`, as [`Path::starts_with`] says. Mostly both are written alike, which is told at once.
pub(crate) fn lies_within(path: &Path, boundary: &Path) -> bool {
    let written = path.as_os_str().as_encoded_bytes().strip_prefix(boundary.as_os_str().as_encoded_bytes());
    let alike = written.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"));
    alike && !boundary.as_os_str().is_empty() || path.starts_with(boundary)
}

/// The bytes of the regular file `path` when it has at most `limit` of them. Asked before it is opened: a pipe would wait for a writer, and
/// a device has no end.
pub(crate) fn small_file(path: &Path, limit: u64) -> Option<Vec<u8>> {
    let small = fs::symlink_metadata(path).is_ok_and(|about| about.is_file() && about.len() <= limit);
    let file = small.then(|| File::open(path).ok()).flatten()?;
    let mut bytes = Vec::new();
    // It may have grown since it was asked.
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).ok()?;
    u64::try_from(bytes.len()).is_ok_and(|length| length <= limit).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_small_regular_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        std::fs::write(&file, "12345678").unwrap();
        assert_eq!(small_file(&file, 8).as_deref(), Some(&b"12345678"[..]));
        assert_eq!(small_file(&file, 7), None);
        assert_eq!(small_file(folder.path(), 8), None);
        assert_eq!(small_file(&folder.path().join("none"), 8), None);
    }

    #[test]
    #[cfg(unix)]
    fn pipes_and_devices_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let zeros = folder.path().join("zeros.tf");
        std::os::unix::fs::symlink("/dev/zero", &zeros).unwrap();
        assert_eq!(small_file(&zeros, 8), None);
        assert_eq!(small_file(Path::new("/dev/zero"), 8), None);
        let pipe = folder.path().join("x.tf");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        if made.is_ok_and(|made| made.success()) {
            assert_eq!(small_file(&pipe, 8), None);
        }
    }

    #[test]
    fn what_lies_within_a_folder_is_what_paths_say() {
        for path in ["/a/b/c", "/a/b", "/a/bc", "/a", "a/b", "/a//b/c", "/a/./b", "", "/"] {
            for boundary in ["/a/b", "/a/b/", "/a", "a", "", "/", "/a/b/c/d"] {
                let (path, boundary) = (Path::new(path), Path::new(boundary));
                assert_eq!(lies_within(path, boundary), path.starts_with(boundary), "{path:?} {boundary:?}");
            }
        }
    }

    #[test]
    fn a_folder_is_asked_once() {
        let folder = tempfile::tempdir().unwrap();
        let surroundings = Surroundings::default();
        assert!(!surroundings.has_skill(folder.path()));
        std::fs::write(folder.path().join("SKILL.md"), "---\nname: a\n---\n").unwrap();
        assert!(!surroundings.has_skill(folder.path()));
        assert!(describes_skill(folder.path()));
        assert!(Surroundings::default().has_skill(folder.path()));
    }
}

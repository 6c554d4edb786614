//! What is known of the folders around the files of one sweep: [`Surroundings`].

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Names under which a folder describes a skill.
const DESCRIPTIONS: [&str; 3] = ["SKILL.md", "skill.md", "Skill.md"];
/// Most folders remembered; those beyond are asked again.
const MOST: usize = 1 << 16;

/// Folders that were asked about, so that thousands of files in one ask once. For one sweep: what changes later is not seen.
#[derive(Debug, Default)]
pub struct Surroundings {
    skills: Mutex<HashMap<PathBuf, bool>>,
}

impl Surroundings {
    /// Whether `folder` describes a skill.
    pub(crate) fn has_skill(&self, folder: &Path) -> bool {
        if let Some(known) = self.skills.lock().unwrap_or_else(PoisonError::into_inner).get(folder) {
            return *known;
        }
        // Asked without the lock: a disk may be slow.
        let has = describes_skill(folder);
        let mut skills = self.skills.lock().unwrap_or_else(PoisonError::into_inner);
        if skills.len() < MOST {
            skills.insert(folder.to_owned(), has);
        }
        has
    }
}

/// Whether `folder` describes a skill, asked of the disk.
pub(crate) fn describes_skill(folder: &Path) -> bool {
    DESCRIPTIONS.iter().any(|name| folder.join(name).is_file())
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

//! What is known of the folders around the files of one sweep: [`Surroundings`].

use std::collections::HashMap;
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

#[cfg(test)]
mod tests {
    use super::*;

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

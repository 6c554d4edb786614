//! Whom this user believes, whatever a project says: keys made or confirmed on this machine.
//!
//! A store travels with its project, and with it the list of keys it calls trusted and the key of its log. Whoever made the
//! project chose them. So they count only once the user has confirmed them here: by making the key, by beginning the store,
//! or with `bartizan lineage trust`.

use crate::commands::scan::write_whole;
use crate::failure::Failure;
use bartizan_evidence::digest::Digest;
use bartizan_evidence::keys::{PublicKey, Verifier as _};
use std::fs;
use std::path::PathBuf;

/// Folder named by the user, before the one below the configuration folder.
const VARIABLE: &str = "BARTIZAN_BELIEVED";

/// What was confirmed.
#[derive(Debug, Clone)]
pub(crate) struct Believed {
    folder: Option<PathBuf>,
}

impl Believed {
    /// What this user confirmed: `$BARTIZAN_BELIEVED`, else `bartizan/believed` in `$XDG_CONFIG_HOME` or `~/.config`.
    pub(crate) fn of_user() -> Self {
        let own = |name, below: &str| {
            let folder = std::env::var_os(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
            folder.map(|folder| folder.join(below))
        };
        let folder = own(VARIABLE, "")
            .or_else(|| own("XDG_CONFIG_HOME", "bartizan/believed"))
            .or_else(|| own("HOME", ".config/bartizan/believed"));
        Self { folder }
    }

    /// Whether a key with this id was confirmed.
    pub(crate) fn has_key(&self, id: &str) -> bool {
        self.has(&format!("{}.pem", file_name(id)))
    }

    /// Whether a log's verifier key was confirmed.
    pub(crate) fn has_log(&self, verifier: &str) -> bool {
        self.has(&log_file(verifier))
    }

    /// Confirms a key.
    ///
    /// # Errors
    /// [`Failure::Write`].
    pub(crate) fn add_key(&self, key: &PublicKey) -> Result<(), Failure> {
        self.add(&format!("{}.pem", file_name(&key.key_id())), key.to_pem())
    }

    /// Confirms the verifier key of a log.
    ///
    /// # Errors
    /// [`Failure::Write`].
    pub(crate) fn add_log(&self, verifier: &str) -> Result<(), Failure> {
        self.add(&log_file(verifier), &format!("{}\n", verifier.trim()))
    }

    fn has(&self, name: &str) -> bool {
        self.folder.as_ref().is_some_and(|folder| folder.join(name).is_file())
    }

    /// Without a folder of the user's nothing can be kept, and everything is confirmed anew each time.
    fn add(&self, name: &str, content: &str) -> Result<(), Failure> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let path = folder.join(name);
        let failed = |error| Failure::Write { path: path.clone(), error };
        fs::create_dir_all(folder).map_err(failed)?;
        if path.is_file() {
            return Ok(());
        }
        write_whole(&path, |out| out.write_all(content.as_bytes()))
    }
}

/// Key ids are hexadecimal; whatever else stands in one does not reach the file system.
fn file_name(id: &str) -> String {
    id.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn log_file(verifier: &str) -> String {
    format!("{}.vkey", Digest::sha256(verifier.trim().as_bytes()).value())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_evidence::keys::{KeyAlgorithm, Signer as _, SigningKey};

    #[test]
    fn only_what_was_confirmed_is_believed() {
        let folder = tempfile::tempdir().unwrap();
        let believed = Believed { folder: Some(folder.path().join("deep/believed")) };
        let key = SigningKey::generate(KeyAlgorithm::Ed25519).unwrap().public_key();
        assert!(!believed.has_key(&key.key_id()) && !believed.has_log("a+b+c"));
        believed.add_key(&key).unwrap();
        believed.add_log("a+b+c\n").unwrap();
        assert!(believed.has_key(&key.key_id()) && believed.has_log("a+b+c"));
        assert!(!believed.has_key("../believed") && !believed.has_log("other"));
        let nowhere = Believed { folder: None };
        nowhere.add_key(&key).unwrap();
        assert!(!nowhere.has_key(&key.key_id()));
    }
}

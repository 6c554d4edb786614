//! Whose signatures make an edge proven: [`Trust`].

use super::{StoreError, read_bounded_text};
use crate::digest::Digest;
use crate::dsse::Envelope;
use crate::keys::{PublicKey, Verifier};
use std::fs;
use std::io;
use std::path::Path;

/// Folder of a store with the public keys it believes, one PEM file each.
pub const TRUSTED: &str = "trusted";
/// Most keys read from that folder.
pub(super) const MOST_KEYS: usize = 1_000;
/// Largest key file, in bytes. ML-DSA-44 as PEM has about 1,900.
const LARGEST_KEY: u64 = 64 << 10;

/// A set of public keys that are believed.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    keys: Vec<(String, PublicKey)>,
}

impl Trust {
    /// The keys in the folder `trusted` of a store; none when there is no such folder.
    ///
    /// # Errors
    /// [`StoreError::Disk`], and [`StoreError::Key`] for a file that is no public key.
    pub fn of_store(store: &Path) -> Result<Self, StoreError> {
        let folder = store.join(TRUSTED);
        let mut trust = Self::default();
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(trust),
            Err(error) => return Err(StoreError::disk("read", &folder, error)),
        };
        for (count, entry) in entries.enumerate() {
            if count >= MOST_KEYS {
                return Err(StoreError::TooManyKeys { path: folder });
            }
            let path = entry.map_err(|error| StoreError::disk("read", &folder, error))?.path();
            if path.extension().is_some_and(|extension| extension == "pem") {
                let text = match read_bounded_text(&path, LARGEST_KEY) {
                    Ok(text) => text,
                    Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                        return Err(StoreError::KeyTooLarge { path });
                    }
                    Err(error) => return Err(StoreError::disk("read", &path, error)),
                };
                let key = PublicKey::from_pem(&text).map_err(|error| StoreError::Key { path, error })?;
                trust.add(key);
            }
        }
        Ok(trust)
    }

    /// Believes one more key.
    pub fn add(&mut self, key: PublicKey) {
        let id = key.key_id();
        if let Err(place) = self.keys.binary_search_by(|(known, _)| known.cmp(&id)) {
            self.keys.insert(place, (id, key));
        }
    }

    /// Believes only those keys of which `keeps` approves of the id; gives the ids of the others, in order.
    pub fn restrict(&mut self, keeps: &dyn Fn(&str) -> bool) -> Vec<String> {
        let (kept, left) = std::mem::take(&mut self.keys).into_iter().partition(|(id, _)| keeps(id));
        self.keys = kept;
        let left: Vec<(String, PublicKey)> = left;
        left.into_iter().map(|(id, _)| id).collect()
    }

    /// Whether nobody is believed.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Ids of the keys, in order.
    pub fn key_ids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|(id, _)| id.as_str())
    }

    /// Ids of the keys that signed `envelope`, in order.
    pub fn signers(&self, envelope: &Envelope) -> Vec<String> {
        let verifiers: Vec<&dyn Verifier> = self.keys.iter().map(|(_, key)| key as &dyn Verifier).collect();
        let places = envelope.verify(&verifiers).unwrap_or_default();
        places.into_iter().filter_map(|place| self.keys.get(place)).map(|(id, _)| id.clone()).collect()
    }

    /// A name for this set of keys, another one for every other set.
    pub fn name(&self) -> String {
        let ids: Vec<&str> = self.key_ids().collect();
        Digest::sha256(ids.join("\n").as_bytes()).value().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{KeyAlgorithm, Signer as _, SigningKey};

    #[test]
    fn only_trusted_keys_that_signed_are_named() {
        let (one, other) = (
            SigningKey::generate(KeyAlgorithm::Ed25519).unwrap(),
            SigningKey::generate(KeyAlgorithm::Ed25519).unwrap(),
        );
        let envelope = Envelope::sign(b"{}".to_vec(), "t", &one).unwrap();
        let mut trust = Trust::default();
        assert!(trust.signers(&envelope).is_empty());
        let nobody = trust.name();
        trust.add(other.public_key());
        assert!(trust.signers(&envelope).is_empty());
        trust.add(one.public_key());
        trust.add(one.public_key());
        assert_eq!(trust.signers(&envelope), [one.key_id()]);
        assert_eq!(trust.key_ids().count(), 2);
        assert_ne!(trust.name(), nobody);
    }

    #[test]
    fn the_folder_holds_public_keys_only() {
        let store = tempfile::tempdir().unwrap();
        assert!(Trust::of_store(store.path()).unwrap().is_empty());
        let folder = store.path().join(TRUSTED);
        fs::create_dir(&folder).unwrap();
        let key = SigningKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        fs::write(folder.join("a.pem"), key.public_key().to_pem()).unwrap();
        fs::write(folder.join("README"), "not a key").unwrap();
        assert_eq!(Trust::of_store(store.path()).unwrap().key_ids().collect::<Vec<_>>(), [key.key_id()]);
        #[cfg(unix)]
        {
            // A project that came from elsewhere may hold such a link.
            std::os::unix::fs::symlink("/dev/zero", folder.join("c.pem")).unwrap();
            assert!(matches!(Trust::of_store(store.path()), Err(StoreError::Disk { .. })));
            fs::remove_file(folder.join("c.pem")).unwrap();
        }
        fs::write(folder.join("b.pem"), vec![b'a'; 100 << 10]).unwrap();
        assert!(matches!(Trust::of_store(store.path()), Err(StoreError::KeyTooLarge { .. })));
        fs::write(folder.join("b.pem"), "not a key").unwrap();
        assert!(matches!(Trust::of_store(store.path()), Err(StoreError::Key { .. })));
    }
}

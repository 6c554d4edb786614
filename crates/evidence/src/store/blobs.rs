//! Files named by their SHA-256: [`Blobs`].
//!
//! Layout as in the OCI image layout, `blobs/sha256/<hex>`. A blob stands under its name only once it is whole and on disk;
//! what is read is hashed again, so that a changed byte is noticed at the first use.

use super::StoreError;
use crate::digest::{Digest, SHA256};
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Largest blob read, in bytes: the largest envelope.
pub const LARGEST_BLOB: u64 = crate::dsse::LONGEST_ENVELOPE as u64;

/// A folder of blobs.
#[derive(Debug)]
pub struct Blobs {
    folder: PathBuf,
    /// Tells unfinished files of this process apart.
    unfinished: AtomicU64,
}

impl Blobs {
    /// The blobs in `store`; the folder is made when it is missing.
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    pub fn open(store: &Path) -> Result<Self, StoreError> {
        let folder = store.join("blobs").join(SHA256);
        fs::create_dir_all(&folder).map_err(|error| StoreError::disk("make", &folder, error))?;
        Ok(Self { folder, unfinished: AtomicU64::new(0) })
    }

    /// Keeps `content` and says what it is called. When this returns, it is on disk; keeping it twice costs nothing.
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    pub fn put(&self, content: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::sha256(content);
        let path = self.path(&digest);
        // A file of the same name and length was whole when it got its name; its content is checked when read.
        if fs::metadata(&path).is_ok_and(|known| known.len() == content.len() as u64) {
            return Ok(digest);
        }
        let number = self.unfinished.fetch_add(1, Ordering::Relaxed);
        let part = self.folder.join(format!(".{}.{}.{number}.part", digest.value(), std::process::id()));
        let written = write_durably(&part, content).and_then(|()| fs::rename(&part, &path));
        written.and_then(|()| sync_folder(&self.folder)).map_err(|error| {
            // The first error is the one to tell.
            let _ = fs::remove_file(&part);
            StoreError::disk("write", &path, error)
        })?;
        Ok(digest)
    }

    /// The content called `digest`.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Changed`], [`StoreError::TooLarge`] and [`StoreError::Disk`].
    pub fn get(&self, digest: &Digest) -> Result<Vec<u8>, StoreError> {
        let path = self.path(digest);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::Missing { digest: digest.clone() });
            }
            Err(error) => return Err(StoreError::disk("read", &path, error)),
        };
        let mut content = Vec::new();
        let read = file.take(LARGEST_BLOB + 1).read_to_end(&mut content);
        read.map_err(|error| StoreError::disk("read", &path, error))?;
        if content.len() as u64 > LARGEST_BLOB {
            return Err(StoreError::TooLarge { digest: digest.clone() });
        }
        if Digest::sha256(&content) != *digest {
            return Err(StoreError::Changed { path, digest: digest.clone() });
        }
        Ok(content)
    }

    /// The digests of all blobs, in order.
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    pub fn list(&self) -> Result<Vec<Digest>, StoreError> {
        let failed = |error| StoreError::disk("list", &self.folder, error);
        let mut digests = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            // Unfinished files of a process that was killed are no blobs.
            if let Some(digest) = name.to_str().and_then(|name| Digest::new(SHA256, name).ok()) {
                digests.push(digest);
            }
        }
        digests.sort();
        Ok(digests)
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(digest.value())
    }
}

fn write_durably(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Makes the names in a folder durable (POSIX: a rename is on disk once its folder is).
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blobs() -> (tempfile::TempDir, Blobs) {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).unwrap();
        (folder, blobs)
    }

    #[test]
    fn what_is_put_comes_back_under_its_digest() {
        let (_folder, blobs) = blobs();
        let digest = blobs.put(b"statement").unwrap();
        assert_eq!(digest, Digest::sha256(b"statement"));
        assert_eq!(blobs.put(b"statement").unwrap(), digest);
        assert_eq!(blobs.get(&digest).unwrap(), b"statement");
        assert_eq!(blobs.list().unwrap(), [digest]);
    }

    #[test]
    fn a_changed_byte_is_noticed_and_a_missing_blob_named() {
        let (_folder, blobs) = blobs();
        let digest = blobs.put(b"statement").unwrap();
        fs::write(blobs.path(&digest), b"Statement").unwrap();
        assert!(matches!(blobs.get(&digest), Err(StoreError::Changed { .. })));
        let other = Digest::sha256(b"other");
        assert!(matches!(blobs.get(&other), Err(StoreError::Missing { digest }) if digest == other));
    }

    #[test]
    fn an_unfinished_file_is_no_blob_and_a_cut_one_is_written_again() {
        let (_folder, blobs) = blobs();
        fs::write(blobs.folder.join(format!(".{}.1.0.part", "ab".repeat(32))), b"half").unwrap();
        assert!(blobs.list().unwrap().is_empty());
        let digest = blobs.put(b"statement").unwrap();
        fs::write(blobs.path(&digest), b"state").unwrap();
        blobs.put(b"statement").unwrap();
        assert_eq!(blobs.get(&digest).unwrap(), b"statement");
    }
}

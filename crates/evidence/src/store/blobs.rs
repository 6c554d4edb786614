//! Files named by their SHA-256: [`Blobs`].
//!
//! Layout as in the OCI image layout, `blobs/sha256/<hex>`, in a folder or in an object store. A blob stands under its name only
//! once it is whole and durable (in a folder it is written as `blobs/unfinished/…` and then renamed); what is read is hashed again,
//! so that a changed byte is noticed at the first use.

use super::{StoreError, read_bounded};
use crate::digest::{Digest, SHA256};
use crate::log::storage::Objects;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Largest blob read, in bytes: the largest envelope.
pub const LARGEST_BLOB: u64 = crate::dsse::LONGEST_ENVELOPE as u64;

/// Blobs in a folder or in an object store.
pub struct Blobs {
    place: Place,
}

enum Place {
    Folder(Folder),
    Objects(Arc<dyn Objects>),
}

impl std::fmt::Debug for Blobs {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.place {
            Place::Folder(folder) => write!(formatter, "Blobs({})", folder.path.display()),
            Place::Objects(objects) => write!(formatter, "Blobs({})", objects.place()),
        }
    }
}

struct Folder {
    path: PathBuf,
    /// Where blobs lie that are not whole yet.
    unfinished: PathBuf,
    /// Tells unfinished files of this process apart.
    begun: AtomicU64,
}

/// An unfinished file older than this was left behind by a writer that was killed: an envelope takes milliseconds.
const LEFT_BEHIND: Duration = Duration::from_hours(1);

impl Blobs {
    /// The blobs in the folder `store`; theirs is made when it is missing.
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    pub fn open(store: &Path) -> Result<Self, StoreError> {
        let path = store.join(FOLDER).join(SHA256);
        fs::create_dir_all(&path).map_err(|error| StoreError::disk("make", &path, error))?;
        let unfinished = store.join(FOLDER).join("unfinished");
        Ok(Self { place: Place::Folder(Folder { path, unfinished, begun: AtomicU64::new(0) }) })
    }

    /// The blobs of a store whose objects these are.
    pub fn over(objects: Arc<dyn Objects>) -> Self {
        Self { place: Place::Objects(objects) }
    }

    /// Keeps `content` and says what it is called. When this returns, it is durable; keeping it twice costs little.
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    pub fn put(&self, content: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::sha256(content);
        match &self.place {
            Place::Folder(folder) => folder.put(&digest, content)?,
            Place::Objects(objects) => {
                let path = object(&digest);
                objects
                    .publish(&path, content)
                    .map_err(|error| StoreError::disk("write", &at(&**objects, &path), error))?;
            }
        }
        Ok(digest)
    }

    /// Keeps each of `contents` and says what they are called. When this returns, all are durable; their names wait for the disk
    /// together.
    ///
    /// # Errors
    /// [`StoreError::Disk`]; some may be kept then.
    pub fn put_all<C: AsRef<[u8]>>(&self, contents: &[C]) -> Result<Vec<Digest>, StoreError> {
        let Place::Folder(folder) = &self.place else {
            return contents.iter().map(|content| self.put(content.as_ref())).collect();
        };
        let mut digests = Vec::with_capacity(contents.len());
        for content in contents {
            let digest = Digest::sha256(content.as_ref());
            folder.write(&digest, content.as_ref())?;
            digests.push(digest);
        }
        sync_folder(&folder.path).map_err(|error| StoreError::disk("write", &folder.path, error))?;
        Ok(digests)
    }

    /// The content called `digest`.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Changed`], [`StoreError::TooLarge`] and [`StoreError::Disk`].
    pub fn get(&self, digest: &Digest) -> Result<Vec<u8>, StoreError> {
        let (content, path) = match &self.place {
            Place::Folder(folder) => (folder.get(digest)?, folder.file(digest)),
            Place::Objects(objects) => {
                let name = object(digest);
                let path = at(&**objects, &name);
                let read = objects.read_versioned(&name);
                let read = read.map_err(|error| match error.kind() {
                    io::ErrorKind::FileTooLarge => StoreError::TooLarge { digest: digest.clone() },
                    _ => StoreError::disk("read", &path, error),
                })?;
                let (content, _) = read.ok_or_else(|| StoreError::Missing { digest: digest.clone() })?;
                (content, path)
            }
        };
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
        let names = match &self.place {
            Place::Folder(folder) => folder.names()?,
            Place::Objects(objects) => {
                let path = format!("{FOLDER}/{SHA256}");
                let listed = objects.list(&path);
                let failed = |error| StoreError::disk("list", &at(&**objects, &path), error);
                listed.map_err(failed)?.into_iter().map(|each| each.name).collect()
            }
        };
        // What somebody else put there is no blob.
        let mut digests: Vec<Digest> =
            names.iter().filter_map(|name| Digest::new(SHA256, name).ok()).collect();
        digests.sort();
        Ok(digests)
    }
}

/// Name of the folder in a store.
const FOLDER: &str = "blobs";

fn object(digest: &Digest) -> String {
    format!("{FOLDER}/{SHA256}/{}", digest.value())
}

/// An object's place, for messages.
fn at(objects: &dyn Objects, path: &str) -> PathBuf {
    PathBuf::from(format!("{}/{path}", objects.place()))
}

impl Folder {
    fn file(&self, digest: &Digest) -> PathBuf {
        self.path.join(digest.value())
    }

    fn put(&self, digest: &Digest, content: &[u8]) -> Result<(), StoreError> {
        self.write(digest, content)?;
        sync_folder(&self.path).map_err(|error| StoreError::disk("write", &self.file(digest), error))
    }

    /// Puts content where it belongs; its name is durable once the folder is.
    fn write(&self, digest: &Digest, content: &[u8]) -> Result<(), StoreError> {
        let path = self.file(digest);
        // What lies there under that name may have been damaged since; the log must not name what cannot be read. Whoever put it there a
        // moment ago may not have made its name durable yet.
        if fs::metadata(&path).is_ok_and(|known| known.len() == content.len() as u64)
            && read_bounded(&path, content.len() as u64).is_ok_and(|known| known == content)
        {
            return Ok(());
        }
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        if number == 0 {
            self.tidy();
        }
        let part = self.unfinished.join(format!("{}.{}.{number}", digest.value(), std::process::id()));
        let written = fs::create_dir_all(&self.unfinished)
            .and_then(|()| write_durably(&part, content))
            .and_then(|()| fs::rename(&part, &path));
        written.map_err(|error| {
            // The first error is the one to tell.
            let _ = fs::remove_file(&part);
            StoreError::disk("write", &path, error)
        })
    }

    /// Removes what killed writers left. What cannot be read or removed stays: it is in nobody's way.
    fn tidy(&self) {
        for entry in fs::read_dir(&self.unfinished).into_iter().flatten().flatten() {
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            let age = modified.ok().and_then(|modified| modified.elapsed().ok());
            if age.is_some_and(|age| age > LEFT_BEHIND) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn get(&self, digest: &Digest) -> Result<Vec<u8>, StoreError> {
        let path = self.file(digest);
        read_bounded(&path, LARGEST_BLOB).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::Missing { digest: digest.clone() },
            io::ErrorKind::FileTooLarge => StoreError::TooLarge { digest: digest.clone() },
            _ => StoreError::disk("read", &path, error),
        })
    }

    fn names(&self) -> Result<Vec<String>, StoreError> {
        let failed = |error| StoreError::disk("list", &self.path, error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            names.extend(entry.map_err(failed)?.file_name().into_string());
        }
        Ok(names)
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

    fn file(folder: &tempfile::TempDir, digest: &Digest) -> PathBuf {
        folder.path().join("blobs/sha256").join(digest.value())
    }

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
    fn many_are_put_at_once_and_each_comes_back() {
        let (_folder, blobs) = blobs();
        let contents: Vec<Vec<u8>> = (0..20_u8).map(|number| vec![number; 100]).collect();
        blobs.put(&contents[3]).unwrap();
        let digests = blobs.put_all(&contents).unwrap();
        for (digest, content) in digests.iter().zip(&contents) {
            assert_eq!(&blobs.get(digest).unwrap(), content);
        }
        assert_eq!(blobs.list().unwrap().len(), 20);
        assert_eq!(blobs.put_all::<Vec<u8>>(&[]).unwrap(), []);
    }

    #[test]
    fn a_changed_byte_is_noticed_and_a_missing_blob_named() {
        let (folder, blobs) = blobs();
        let digest = blobs.put(b"statement").unwrap();
        fs::write(file(&folder, &digest), b"Statement").unwrap();
        assert!(matches!(blobs.get(&digest), Err(StoreError::Changed { .. })));
        // Whoever puts it again mends it: what is put can be had.
        blobs.put(b"statement").unwrap();
        assert_eq!(blobs.get(&digest).unwrap(), b"statement");
        let other = Digest::sha256(b"other");
        assert!(matches!(blobs.get(&other), Err(StoreError::Missing { digest }) if digest == other));
    }

    #[test]
    fn an_unfinished_file_is_no_blob_and_goes_in_time_and_a_cut_one_is_written_again() {
        let (folder, blobs) = blobs();
        let unfinished = folder.path().join("blobs/unfinished");
        fs::create_dir(&unfinished).unwrap();
        let (left, new) = (unfinished.join("left"), unfinished.join("new"));
        fs::write(&left, b"half").unwrap();
        fs::write(&new, b"half").unwrap();
        let long_ago = std::time::SystemTime::now() - 2 * LEFT_BEHIND;
        File::options().write(true).open(&left).unwrap().set_modified(long_ago).unwrap();
        assert!(blobs.list().unwrap().is_empty());
        let digest = blobs.put(b"statement").unwrap();
        assert_eq!((left.exists(), fs::read_dir(&unfinished).unwrap().count()), (false, 1));
        fs::write(file(&folder, &digest), b"state").unwrap();
        blobs.put(b"statement").unwrap();
        assert_eq!(blobs.get(&digest).unwrap(), b"statement");
    }

    #[cfg(feature = "cloud")]
    #[test]
    fn blobs_lie_in_an_object_store_as_in_a_folder() {
        use crate::log::storage::Cloud;
        let cloud = Cloud::over(Arc::new(object_store::memory::InMemory::new()), "team", "memory").unwrap();
        let objects: Arc<dyn Objects> = Arc::new(cloud);
        let blobs = Blobs::over(Arc::clone(&objects));
        assert!(blobs.list().unwrap().is_empty());
        let digest = blobs.put(b"statement").unwrap();
        assert_eq!(blobs.put(b"statement").unwrap(), digest);
        assert_eq!(blobs.get(&digest).unwrap(), b"statement");
        assert_eq!(blobs.list().unwrap(), std::slice::from_ref(&digest));
        objects.publish(&object(&digest), b"Statement").unwrap();
        assert!(matches!(blobs.get(&digest), Err(StoreError::Changed { .. })));
        let other = Digest::sha256(b"other");
        assert!(matches!(blobs.get(&other), Err(StoreError::Missing { digest }) if digest == other));
    }
}

//! Where a log lies: [`Files`] is what a reader needs, [`Storage`] what a writer to a folder needs besides, and [`Objects`] what
//! a writer to an object store does.

#[cfg(feature = "cloud")]
mod cloud;
mod disk;
mod objects;
mod spares;

#[cfg(feature = "cloud")]
pub use cloud::{Cloud, CloudError};
pub use disk::Disk;
pub use objects::{Condition, LARGEST_OBJECT, Objects, PutError, Version};

use std::io;

/// Folder of the writer's own files: journal, locks, files being written. Readers need nothing in it.
pub const STATE_FOLDER: &str = ".state";

/// A name in a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// The name alone.
    pub name: String,
    /// Whether it is a folder.
    pub folder: bool,
}

/// Files by path, `/` between their parts. Reading is bounded by [`LARGEST_FILE`].
pub trait Files: Send + Sync {
    /// Reads a whole file; none when there is none.
    ///
    /// # Errors
    /// What the system said, or that the file is larger than any file of a log.
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>>;
    /// The names in a folder in order; nothing when there is no such folder.
    ///
    /// # Errors
    /// What the system said.
    fn list(&self, folder: &str) -> io::Result<Vec<Listed>>;
    /// Puts a whole file in place: whoever reads sees all of it or none. After a loss of power it is there for certain only
    /// once it was synced, where there is such a step.
    ///
    /// # Errors
    /// What the system said.
    fn publish(&self, path: &str, bytes: &[u8]) -> io::Result<()>;
    /// Where all this is, for messages.
    fn place(&self) -> String;
}

/// What a writer needs besides: files that are written piece by piece, and one writer at a time.
pub trait Storage: Files {
    /// Makes published files durable, with the folders that name them. Files that are gone are passed over.
    ///
    /// # Errors
    /// What the system said.
    fn sync(&self, paths: &[String]) -> io::Result<()>;
    /// Removes a folder and the files in it; fine when there is none.
    ///
    /// # Errors
    /// What the system said.
    fn remove_folder(&self, folder: &str) -> io::Result<()>;
    /// Removes what was being published when its writer died.
    ///
    /// # Errors
    /// What the system said.
    fn remove_unpublished(&self) -> io::Result<()>;
    /// Waits until no other process or thread writes, and keeps the others out until the answer is dropped. Who waits longest
    /// comes next.
    ///
    /// # Errors
    /// What the system said.
    fn lock(&self) -> io::Result<Box<dyn Lock>>;
    /// Up to `length` bytes from `offset`: fewer at the end of the file, none when there is no file.
    ///
    /// # Errors
    /// What the system said.
    fn read_at(&self, path: &str, offset: u64, length: usize) -> io::Result<Vec<u8>>;
    /// Writes at an offset; durable only after [`Storage::sync_data`].
    ///
    /// # Errors
    /// What the system said.
    fn write_at(&self, path: &str, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Makes what was written into one file durable.
    ///
    /// # Errors
    /// What the system said.
    fn sync_data(&self, path: &str) -> io::Result<()>;
    /// Makes a file at least `length` bytes long with zeros, durably, so that later writes change no metadata. Gives its length.
    ///
    /// # Errors
    /// What the system said.
    fn reserve(&self, path: &str, length: u64) -> io::Result<u64>;
}

/// Held while one writer writes.
pub trait Lock: Send {}

/// Largest file read whole, in bytes: the largest entry bundle.
pub const LARGEST_FILE: usize = super::bundle::LARGEST_BUNDLE;

/// What is in a file, up to `most` bytes of it. Its size is asked first, so that a small file is read at once; one that grows
/// meanwhile is read on.
pub(crate) fn read_up_to(file: std::fs::File, most: u64) -> io::Result<Vec<u8>> {
    use io::Read as _;
    let size = file.metadata()?.len().min(most);
    // One byte more than there is tells the end without another buffer.
    let mut bytes = Vec::with_capacity(usize::try_from(size.saturating_add(1)).unwrap_or_default());
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

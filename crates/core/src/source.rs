//! Bytes to scan: a mapped file, or a buffer read from a pipe. The only `unsafe` outside SIMD kernels is here.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The whole content of one subject, borrowed as a slice; a file is mapped, not read, so memory does not grow with it.
#[derive(Debug)]
pub struct Source {
    bytes: Bytes,
}

#[derive(Debug)]
enum Bytes {
    Mapped(memmap2::Mmap),
    Owned(Vec<u8>),
}

/// Why a source could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The operating system refused.
    #[error("cannot read {path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// A device, socket or pipe where a file was expected.
    #[error("{path} is not a regular file; copy its content to a file, or pipe it in as `-`")]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// Larger than [`Limits::file_bytes`](crate::Limits::file_bytes).
    #[error("{path} holds {size} bytes, more than the limit of {limit}; raise it with --max-file-bytes")]
    TooLarge {
        /// The path, `-` for standard input.
        path: PathBuf,
        /// Size seen, in bytes.
        size: u64,
        /// The limit, in bytes.
        limit: u64,
    },
}

impl Source {
    /// Maps the file at `path`. Files below [`Source::MAP_FROM`] bytes are read instead, which is cheaper.
    ///
    /// # Errors
    /// [`SourceError`] when the file cannot be opened, is no regular file, or is larger than `limit` bytes.
    pub fn open(path: &Path, limit: u64) -> Result<Self, SourceError> {
        let io = |error| SourceError::Io { path: path.to_owned(), error };
        // Metadata first: opening a FIFO would block for a writer that never comes.
        let metadata = std::fs::metadata(path).map_err(io)?;
        if !metadata.is_file() {
            return Err(SourceError::NotAFile { path: path.to_owned() });
        }
        if metadata.len() > limit {
            return Err(SourceError::TooLarge { path: path.to_owned(), size: metadata.len(), limit });
        }
        let mut file = File::open(path).map_err(io)?;
        if metadata.len() < Self::MAP_FROM {
            let mut bytes = Vec::with_capacity(metadata.len() as usize + 1);
            // One byte past the size seen tells a file that grew; it is then read to its new end within the limit.
            file.by_ref().take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(io)?;
            return Ok(Self { bytes: Bytes::Owned(bytes) });
        }
        #[expect(unsafe_code, reason = "memory map: the one place where DESIGN allows it")]
        // SAFETY: the map is private and read-only. A file truncated by another process while it is scanned can
        // raise SIGBUS; every scanner that maps files shares that hazard, and the process holds nothing to corrupt.
        let map = unsafe { memmap2::MmapOptions::new().map(&file) }.map_err(io)?;
        #[cfg(unix)]
        let _ = map.advise(memmap2::Advice::Sequential);
        Ok(Self { bytes: Bytes::Mapped(map) })
    }

    /// Opens the file at `path`, which a listing has just shown to be a regular file of `size` bytes. A small one is read with
    /// nothing asked about it; one that has another size by now is opened anew.
    ///
    /// # Errors
    /// As [`Source::open`].
    pub fn open_listed(path: &Path, size: u64, limit: u64) -> Result<Self, SourceError> {
        if size >= Self::MAP_FROM || size > limit {
            return Self::open(path, limit);
        }
        let io = |error| SourceError::Io { path: path.to_owned(), error };
        let mut file = File::open(path).map_err(io)?;
        // One byte more than expected: fewer come only at the end of the file.
        let mut bytes = vec![0; size as usize + 1];
        let read = file.read(&mut bytes).map_err(io)?;
        if read as u64 != size {
            return Self::open(path, limit);
        }
        bytes.truncate(read);
        Ok(Self { bytes: Bytes::Owned(bytes) })
    }

    /// Reads `input` to its end.
    ///
    /// # Errors
    /// [`SourceError::Io`] when reading fails, [`SourceError::TooLarge`] when more than `limit` bytes come.
    pub fn read(mut input: impl Read, limit: u64) -> Result<Self, SourceError> {
        let path = || PathBuf::from("-");
        let mut bytes = Vec::new();
        input
            .by_ref()
            .take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| SourceError::Io { path: path(), error })?;
        if bytes.len() as u64 > limit {
            return Err(SourceError::TooLarge { path: path(), size: bytes.len() as u64, limit });
        }
        Ok(Self { bytes: Bytes::Owned(bytes) })
    }

    /// The content.
    pub fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Mapped(map) => map,
            Bytes::Owned(bytes) => bytes,
        }
    }

    /// Size in bytes from which a file is mapped rather than read.
    pub const MAP_FROM: u64 = 64 << 10;
}

impl From<Vec<u8>> for Source {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes: Bytes::Owned(bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_longer_as_listed_is_read_as_it_is() {
        let path = std::env::temp_dir().join(format!("bartizan-source-{}", std::process::id()));
        for content in [&b""[..], b"four", b"longer than listed"] {
            std::fs::write(&path, content).unwrap();
            for listed in [0, 4, 1 << 20] {
                let source = Source::open_listed(&path, listed, 100).unwrap();
                assert_eq!(source.bytes(), content, "listed with {listed} bytes");
            }
        }
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(Source::open_listed(&path, 4, 100), Err(SourceError::Io { .. })));
    }
}

//! A file as the reader of Parquet asks for it: block by block, each of them read when it is wanted and never again.

use bytes::Bytes;
use datafusion::parquet::errors::{ParquetError, Result};
use datafusion::parquet::file::reader::{ChunkReader, Length};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes read at a time where the head of a page is looked for: most are shorter.
const HEAD: usize = 512;

/// One file, opened for one reader.
#[derive(Debug, Clone)]
pub(super) struct Blocks {
    file: Arc<Mutex<File>>,
    length: u64,
}

impl Blocks {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { file: Arc::new(Mutex::new(file)), length })
    }

    /// The size of the file.
    pub(super) fn bytes(&self) -> u64 {
        self.length
    }

    /// Hands over the file at `start`.
    fn at<T>(&self, start: u64, read: impl FnOnce(&mut File) -> io::Result<T>) -> io::Result<T> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(start))?;
        read(&mut file)
    }
}

impl Length for Blocks {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Blocks {
    type T = BufReader<Onward>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(BufReader::with_capacity(HEAD, Onward { blocks: self.clone(), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let beyond =
            || ParquetError::EOF(format!("{length} bytes at {start} lie beyond the file's {}", self.length));
        // No memory is taken for what is not there.
        let end = start.checked_add(length as u64).filter(|end| *end <= self.length);
        end.ok_or_else(beyond)?;
        let mut bytes = Vec::with_capacity(length);
        self.at(start, |file| file.take(length as u64).read_to_end(&mut bytes))?;
        if bytes.len() == length { Ok(bytes.into()) } else { Err(beyond()) }
    }
}

/// What follows a place in the file.
#[derive(Debug)]
pub(super) struct Onward {
    blocks: Blocks,
    at: u64,
}

impl Read for Onward {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.blocks.at(self.at, |file| file.read(buffer))?;
        self.at = self.at.saturating_add(read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_within_the_file_are_read_and_others_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "0123456789").unwrap();
        let blocks = Blocks::open(&path).unwrap();
        assert_eq!((blocks.len(), blocks.get_bytes(3, 4).unwrap().as_ref()), (10, &b"3456"[..]));
        assert!(blocks.get_bytes(8, 3).is_err() && blocks.get_bytes(u64::MAX, usize::MAX).is_err());
        let mut rest = String::new();
        blocks.get_read(7).unwrap().read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "789");
    }
}

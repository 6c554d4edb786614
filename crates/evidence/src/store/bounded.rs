//! Small files of a store that somebody else may have made: [`read_bounded`].

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// The content of a regular file of at most `most` bytes. A folder that was downloaded may hold a link to a device, whose size is zero
/// and whose content has no end, or a pipe that nobody writes to.
///
/// # Errors
/// What the system said; [`io::ErrorKind::Unsupported`] for what is no regular file, [`io::ErrorKind::FileTooLarge`].
pub fn read_bounded(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "not a regular file"));
    }
    let bytes = crate::log::storage::read_up_to(File::open(path)?, most.saturating_add(1))?;
    if bytes.len() as u64 > most {
        let message = format!("it has more than {most} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// The same as text.
///
/// # Errors
/// As [`read_bounded`]; [`io::ErrorKind::InvalidData`] when it is no UTF-8.
pub fn read_bounded_text(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(read_bounded(path, most)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is no UTF-8 text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, "four").unwrap();
        assert_eq!(read_bounded_text(&path, 4).unwrap(), "four");
        assert_eq!(read_bounded(&path, 3).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read_bounded(folder.path(), 9).unwrap_err().kind(), io::ErrorKind::Unsupported);
        fs::write(&path, [0xff]).unwrap();
        assert_eq!(read_bounded_text(&path, 4).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_what_has_no_end_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert_eq!(read_bounded(&path, 9).unwrap_err().kind(), io::ErrorKind::Unsupported);
    }
}

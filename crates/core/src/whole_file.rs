//! Files that are there whole or not at all: [`write_whole`].

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Writes a file beside its place first, so that a half-written one never stands there. Until it is whole its name is a hidden one:
/// whoever looks at the folder meanwhile does not take it for something that was put there.
///
/// A file that is replaced keeps its permissions. A link is replaced and not followed: a folder that came from elsewhere may hold one
/// that leads out of it. Pipes and devices are written to as they are.
///
/// # Errors
/// What `write` and the disk give; what was begun is removed.
pub fn write_whole(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let before = fs::metadata(path).ok();
    if before.as_ref().is_some_and(|before| !before.is_file()) {
        // A pipe or device cannot be replaced, only written to.
        let mut out = BufWriter::new(File::create(path)?);
        return write(&mut out).and_then(|()| out.flush());
    }
    let part = beside(path);
    let written = File::create_new(&part).and_then(|file| {
        let mut out = BufWriter::new(file);
        write(&mut out)?;
        out.flush()?;
        if let Some(before) = before {
            out.get_ref().set_permissions(before.permissions())?;
        }
        // Durable before it takes the place: a crash must not leave an empty file under the name.
        out.get_ref().sync_data()?;
        fs::rename(&part, path)
    });
    written.inspect_err(|_| {
        // The first error is the one to tell.
        let _ = fs::remove_file(&part);
    })
}

/// The hidden name under which a file is written until it is whole.
fn beside(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let listed = fs::read_dir(folder).unwrap();
        listed.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_file_is_there_whole_or_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        write_whole(&path, |out| out.write_all(b"one")).unwrap();
        let cut = write_whole(&path, |out| {
            out.write_all(b"two")?;
            Err(io::Error::other("the disk is full"))
        });
        assert_eq!(cut.unwrap_err().to_string(), "the disk is full");
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(names(folder.path()), ["report.json"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_program_stays_a_program_and_no_link_is_followed() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (script, link) = (folder.path().join("train.sh"), folder.path().join("link.sh"));
        fs::write(&script, "one").unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o750)).unwrap();
        symlink("train.sh", &link).unwrap();
        write_whole(&link, |out| out.write_all(b"two")).unwrap();
        assert_eq!(
            (fs::read(&script).unwrap(), fs::read(&link).unwrap()),
            (b"one".to_vec(), b"two".to_vec())
        );
        assert!(fs::symlink_metadata(&link).unwrap().is_file());
        write_whole(&script, |out| out.write_all(b"three")).unwrap();
        assert_eq!(fs::metadata(&script).unwrap().permissions().mode() & 0o777, 0o750);
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_written_to_and_not_replaced() {
        write_whole(Path::new("/dev/null"), |out| out.write_all(b"gone")).unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}

//! A log in a folder: [`Disk`].
//!
//! A file is published by writing it beside, and renaming it into place; what it replaces is written again later. Locks are the system's own on open files, so that
//! they end with the process that held them, however it ends.

use super::spares::{Spares, UNPUBLISHED};
use super::{Files, LARGEST_FILE, Listed, Lock, STATE_FOLDER, Storage};
use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Bytes of zeros written at a time.
const ZEROS: usize = 1 << 16;
/// Files made durable at a time: the file system writes its own journal once for all that wait.
const SYNCED_AT_ONCE: usize = 16;
/// Files that each thread which makes them durable has at least.
const SYNCED_BY_ONE: usize = 4;

/// Files under one folder.
#[derive(Debug)]
pub struct Disk {
    root: PathBuf,
    spares: Spares,
    /// Files that are written piece by piece, kept open.
    open: Mutex<HashMap<String, File>>,
}

impl Disk {
    /// The folder `root`, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        Self { spares: Spares::below(&root), root, open: Mutex::new(HashMap::new()) }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file to write what is to be published, and its name.
    fn file_beside(&self) -> io::Result<(PathBuf, File)> {
        // A spare is missing when another process found it left over.
        if let Some(spare) = self.spares.take()
            && let Ok(file) = OpenOptions::new().write(true).open(&spare)
        {
            return Ok((spare, file));
        }
        let beside = self.spares.new_name();
        let file = File::create(&beside).or_else(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                return Err(error);
            }
            fs::create_dir_all(self.spares.folder())?;
            File::create(&beside)
        })?;
        Ok((beside, file))
    }

    /// Does something with a file that is kept open, made when `make` says so.
    fn with_open<T>(
        &self,
        path: &str,
        make: bool,
        act: impl FnOnce(&mut File) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if !open.contains_key(path) {
            let full = self.root.join(path);
            if make && let Some(parent) = full.parent() {
                fs::create_dir_all(parent)?;
            }
            let file = OpenOptions::new().read(true).write(true).create(make).truncate(false).open(full)?;
            open.insert(path.to_owned(), file);
        }
        match open.get_mut(path) {
            Some(file) => act(file),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

impl Files for Disk {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let path = self.root.join(path);
        let opened = fs::metadata(&path).and_then(|metadata| {
            // A pipe would be waited for without end.
            let regular = metadata.is_file().then_some(());
            regular.ok_or_else(|| io::Error::new(io::ErrorKind::Unsupported, "not a regular file"))?;
            File::open(&path)
        });
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let bytes = super::read_up_to(file, LARGEST_FILE as u64 + 1)?;
        if bytes.len() > LARGEST_FILE {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than any file of a log"));
        }
        Ok(Some(bytes))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<Listed>> {
        let entries = match fs::read_dir(self.root.join(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut listed = Vec::new();
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            listed.push(Listed { name, folder: entry.file_type()?.is_dir() });
        }
        listed.sort();
        Ok(listed)
    }

    fn publish(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let (beside, mut file) = self.file_beside()?;
        let target = self.root.join(path);
        let outcome = write_over(&mut file, bytes).and_then(|()| {
            // At the top lies what is replaced again and again: the checkpoint.
            if !path.contains('/') && self.spares.exchange(&beside, &target) {
                return Ok(());
            }
            fs::rename(&beside, &target).or_else(|error| match target.parent() {
                Some(parent) if error.kind() == io::ErrorKind::NotFound => {
                    fs::create_dir_all(parent)?;
                    fs::rename(&beside, &target)
                }
                _ => Err(error),
            })
        });
        if outcome.is_err() {
            // The first error is the one to tell; a leftover is removed at the next opening.
            let _ = fs::remove_file(&beside);
        }
        outcome
    }

    fn place(&self) -> String {
        self.root.display().to_string()
    }
}

impl Storage for Disk {
    fn sync(&self, paths: &[String]) -> io::Result<()> {
        let files: Vec<PathBuf> = paths.iter().map(|path| self.root.join(path)).collect();
        sync_each(&files)?;
        // A folder may have been made for the first of these files: its own name counts as well.
        let folders: BTreeSet<&Path> = files
            .iter()
            .flat_map(|file| file.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.root)))
            .collect();
        sync_each(&folders.into_iter().map(Path::to_owned).collect::<Vec<_>>())
    }

    fn remove_folder(&self, folder: &str) -> io::Result<()> {
        let path = self.root.join(folder);
        let emptied = fs::read_dir(&path).and_then(|entries| {
            for entry in entries {
                self.spares.set_aside(&entry?.path())?;
            }
            fs::remove_dir(&path)
        });
        match emptied {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !path.exists() => Ok(()),
            // Whatever else lies in it, it is to go.
            Err(_) => match fs::remove_dir_all(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
        }
    }

    fn remove_unpublished(&self) -> io::Result<()> {
        for listed in self.list(STATE_FOLDER)? {
            if listed.name.starts_with(UNPUBLISHED) {
                fs::remove_file(self.root.join(STATE_FOLDER).join(listed.name))?;
            }
        }
        Ok(())
    }

    fn lock(&self) -> io::Result<Box<dyn Lock>> {
        let folder = self.root.join(STATE_FOLDER);
        fs::create_dir_all(&folder)?;
        let locked = |name: &str| {
            let path = folder.join(name);
            let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
            file.lock()?;
            Ok::<File, io::Error>(file)
        };
        // Whoever waits for the lock holds the queue, so that the one who just wrote comes after.
        let queue = locked("queue")?;
        let lock = locked("lock")?;
        drop(queue);
        Ok(Box::new(DiskLock { _file: lock }))
    }

    fn read_at(&self, path: &str, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let read = self.with_open(path, false, |file| {
            file.seek(SeekFrom::Start(offset))?;
            let mut bytes = Vec::new();
            file.take(length as u64).read_to_end(&mut bytes)?;
            Ok(bytes)
        });
        match read {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            other => other,
        }
    }

    fn write_at(&self, path: &str, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.with_open(path, true, |file| {
            file.seek(SeekFrom::Start(offset))?;
            file.write_all(bytes)
        })
    }

    fn sync_data(&self, path: &str) -> io::Result<()> {
        let file = self.with_open(path, true, |file| file.try_clone())?;
        file.sync_data()
    }

    fn reserve(&self, path: &str, length: u64) -> io::Result<u64> {
        let (present, file) = self.with_open(path, true, |file| {
            let mut end = file.seek(SeekFrom::End(0))?;
            let present = end;
            let zeros = vec![0; ZEROS];
            while end < length {
                let missing = usize::try_from(length - end).unwrap_or(ZEROS).min(ZEROS);
                file.write_all(zeros.get(..missing).unwrap_or_default())?;
                end += missing as u64;
            }
            Ok((present, file.try_clone()?))
        })?;
        if present < length {
            file.sync_all()?;
            self.sync(&[path.to_owned()])?;
        }
        Ok(present.max(length))
    }
}

/// Makes each of these files or folders durable; one that is gone is passed over.
fn sync_each(paths: &[PathBuf]) -> io::Result<()> {
    let next = AtomicUsize::new(0);
    let sync_rest = || {
        while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
            match File::open(path) {
                Ok(file) => file.sync_all()?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    };
    let threads = (paths.len() / SYNCED_BY_ONE).clamp(1, SYNCED_AT_ONCE);
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads)
            .map_while(|_| std::thread::Builder::new().spawn_scoped(scope, sync_rest).ok())
            .collect();
        let mut outcome = sync_rest();
        for other in others {
            let theirs =
                other.join().unwrap_or_else(|_| Err(io::Error::other("a thread that syncs files failed")));
            outcome = outcome.and(theirs);
        }
        outcome
    })
}

/// Makes `bytes` the whole content of a file, whatever is in it. It is shortened only afterwards: ext4 writes a file at once
/// that was emptied first.
fn write_over(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    let length = bytes.len() as u64;
    if file.metadata()?.len() > length { file.set_len(length) } else { Ok(()) }
}

/// An open file that is locked until it is closed.
struct DiskLock {
    _file: File,
}

impl Lock for DiskLock {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_is_read_and_listed() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path().join("log"));
        assert_eq!(disk.read("a/b").unwrap(), None);
        assert_eq!(disk.list("a").unwrap(), []);
        disk.publish("a/b", b"one").unwrap();
        disk.publish("a/b", b"two").unwrap();
        disk.sync(&["a/b".to_owned(), "a/gone".to_owned()]).unwrap();
        assert_eq!(disk.read("a/b").unwrap().unwrap(), b"two");
        assert_eq!(disk.list("a").unwrap(), [Listed { name: "b".to_owned(), folder: false }]);
        disk.remove_folder("a").unwrap();
        disk.remove_folder("a").unwrap();
        assert_eq!(disk.read("a/b").unwrap(), None);
    }

    #[test]
    fn a_reserved_file_has_zeros_and_keeps_what_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(folder.path());
        assert_eq!(disk.read_at(".state/j", 0, 4).unwrap(), b"");
        assert_eq!(disk.reserve(".state/j", 100_000).unwrap(), 100_000);
        disk.write_at(".state/j", 99_999, b"xy").unwrap();
        disk.sync_data(".state/j").unwrap();
        assert_eq!(disk.reserve(".state/j", 50).unwrap(), 100_001);
        assert_eq!(disk.read_at(".state/j", 99_998, 9).unwrap(), [0, b'x', b'y']);
    }

    #[test]
    fn a_second_writer_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let first = Disk::new(folder.path());
        let lock = first.lock().unwrap();
        let state = folder.path().join(STATE_FOLDER).join("lock");
        let other = OpenOptions::new().write(true).open(state).unwrap();
        assert!(matches!(other.try_lock(), Err(fs::TryLockError::WouldBlock)));
        drop(lock);
        assert!(other.try_lock().is_ok());
    }
}

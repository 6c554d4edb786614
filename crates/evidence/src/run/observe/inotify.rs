//! Watches on folders by inotify(7), recursive: folders that appear are watched at once and looked through for what was put
//! into them before the watch stood.
//!
//! Reading through a memory map or a descriptor passed in from outside is seen as the opening of the file only. A read of a
//! file in a folder that was made in the same instant may be missed; a write is found by looking through the folder.

use super::{Observation, Watching, is_unwatched};
use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::{Path, PathBuf};

/// What is told of each folder.
const EVENTS: AddWatchFlags = AddWatchFlags::IN_OPEN
    .union(AddWatchFlags::IN_CLOSE_WRITE)
    .union(AddWatchFlags::IN_CLOSE_NOWRITE)
    .union(AddWatchFlags::IN_CREATE)
    .union(AddWatchFlags::IN_DELETE)
    .union(AddWatchFlags::IN_MOVED_FROM)
    .union(AddWatchFlags::IN_MOVED_TO);
/// Most folders watched; each costs the kernel about a kilobyte.
const MOST_FOLDERS: usize = 500_000;

/// Folders under watch.
pub(in crate::run) struct FolderWatch {
    inotify: Inotify,
    /// Path of each watched folder or file.
    watched: HashMap<WatchDescriptor, PathBuf>,
    /// Folders moved away and not yet seen to arrive, by the cookie that ties both events.
    leaving: BTreeMap<u32, PathBuf>,
    seen: Observation,
}

impl FolderWatch {
    /// Watches `paths`, folders with all below them.
    pub(in crate::run) fn new(paths: &[PathBuf]) -> Result<Self, Errno> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
        let seen = Observation::by(Watching::Folders);
        let mut watch = Self { inotify, watched: HashMap::new(), leaving: BTreeMap::new(), seen };
        for path in paths {
            watch.add(path, false);
        }
        Ok(watch)
    }

    /// What becomes readable when there are events.
    pub(in crate::run) fn descriptor(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }

    /// Takes all events there are.
    pub(in crate::run) fn drain(&mut self) {
        loop {
            match self.inotify.read_events() {
                Ok(events) => events.into_iter().for_each(|event| self.take(&event)),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => break,
                Err(error) => {
                    self.seen.gap(format!("the watch broke off: {error}"));
                    break;
                }
            }
        }
        // What left and did not arrive within the same batch is out of sight now.
        for (_, folder) in std::mem::take(&mut self.leaving) {
            self.forget(&folder);
        }
    }

    /// What was seen.
    pub(in crate::run) fn finish(self) -> Observation {
        self.seen
    }

    /// Watches a folder and those below it. With `appeared`, its files count as written: they came before the watch did.
    fn add(&mut self, path: &Path, appeared: bool) {
        let mut waiting = vec![path.to_owned()];
        while let Some(folder) = waiting.pop() {
            if is_unwatched(&folder) {
                continue;
            }
            if self.watched.len() >= MOST_FOLDERS {
                self.seen.gap(format!("only the first {MOST_FOLDERS} folders are watched"));
                return;
            }
            match self.inotify.add_watch(&folder, EVENTS | AddWatchFlags::IN_DONT_FOLLOW) {
                Ok(descriptor) => _ = self.watched.insert(descriptor, folder.clone()),
                // Gone again, or no folder any more.
                Err(Errno::ENOENT | Errno::ENOTDIR) if appeared => continue,
                Err(Errno::ENOSPC) => {
                    let reason = "the system watches no more folders for this user; raise fs.inotify.max_user_watches \
                                  or use --trace";
                    self.seen.gap(reason.to_owned());
                    return;
                }
                Err(error) => {
                    self.seen.gap(format!("{}: cannot be watched: {error}", folder.display()));
                    continue;
                }
            }
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => continue,
                Err(error) if appeared && error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => {
                    self.seen.gap(format!("{}: {error}", folder.display()));
                    continue;
                }
            };
            for entry in entries.flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => waiting.push(entry.path()),
                    Ok(kind) if kind.is_symlink() && entry.path().is_dir() => {
                        let path = entry.path();
                        self.seen.gap(format!("{}: behind this link nothing is watched", path.display()));
                    }
                    Ok(_) if appeared => self.seen.note(&entry.path(), |access| access.written = true),
                    _ => {}
                }
            }
        }
    }

    fn forget(&mut self, folder: &Path) {
        let below: Vec<WatchDescriptor> = self
            .watched
            .iter()
            .filter(|(_, path)| path.starts_with(folder))
            .map(|(descriptor, _)| *descriptor)
            .collect();
        for descriptor in below {
            self.watched.remove(&descriptor);
            // Gone already: then there is nothing to remove.
            let _ = self.inotify.rm_watch(descriptor);
        }
    }

    fn take(&mut self, event: &InotifyEvent) {
        let is = |flags| event.mask.intersects(flags);
        if is(AddWatchFlags::IN_Q_OVERFLOW) {
            let reason = "events came faster than they could be taken and some are lost; use --trace for a complete list";
            self.seen.gap(reason.to_owned());
            return;
        }
        if is(AddWatchFlags::IN_IGNORED) {
            self.watched.remove(&event.wd);
            return;
        }
        let Some(watched) = self.watched.get(&event.wd) else { return };
        let path = match &event.name {
            Some(name) => watched.join(name),
            None => watched.clone(),
        };
        if is(AddWatchFlags::IN_ISDIR) {
            if is(AddWatchFlags::IN_MOVED_FROM) {
                self.leaving.insert(event.cookie, path);
            } else if is(AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO) {
                if let Some(old) = self.leaving.remove(&event.cookie) {
                    self.moved(&old, &path);
                } else {
                    self.add(&path, true);
                }
            }
            return;
        }
        self.seen.note(&path, |access| {
            access.read |= is(AddWatchFlags::IN_OPEN | AddWatchFlags::IN_CLOSE_NOWRITE);
            access.written |=
                is(AddWatchFlags::IN_CLOSE_WRITE | AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO);
            access.removed |= is(AddWatchFlags::IN_DELETE | AddWatchFlags::IN_MOVED_FROM);
        });
    }

    /// A watched folder got another name: its watches stay, what they are called changes, and its files count as written.
    fn moved(&mut self, old: &Path, new: &Path) {
        self.forget(old);
        let inside: Vec<PathBuf> =
            self.seen.files.keys().filter(|path| path.starts_with(old)).cloned().collect();
        for path in inside {
            self.seen.note(&path, |access| access.removed = true);
        }
        self.add(new, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(folder: &Path) -> FolderWatch {
        FolderWatch::new(&[folder.to_owned()]).unwrap()
    }

    fn seen(mut watch: FolderWatch) -> Observation {
        watch.drain();
        watch.finish()
    }

    #[test]
    fn reads_writes_renames_and_removals_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("old"), "1").unwrap();
        fs::write(at("gone"), "1").unwrap();
        let watch = watch(folder.path());
        fs::read(at("old")).unwrap();
        fs::write(at("part"), "2").unwrap();
        fs::rename(at("part"), at("new")).unwrap();
        fs::remove_file(at("gone")).unwrap();
        let seen = seen(watch);
        assert!(seen.gaps.is_empty(), "{:?}", seen.gaps);
        assert_eq!(seen.files[&at("old")], Access { read: true, ..Access::default() });
        assert!(seen.files[&at("new")].written && !seen.files[&at("new")].removed);
        assert!(seen.files[&at("part")].removed && seen.files[&at("gone")].removed);
    }

    #[test]
    fn a_folder_made_and_filled_at_once_is_looked_through() {
        let folder = tempfile::tempdir().unwrap();
        let watch = watch(folder.path());
        // Nothing is drained in between: no watch stands on the new folders while they are filled.
        fs::create_dir_all(folder.path().join("a/b/c")).unwrap();
        for number in 0..300 {
            fs::write(folder.path().join(format!("a/b/c/{number}")), "x").unwrap();
        }
        let seen = seen(watch);
        assert_eq!(seen.files.values().filter(|access| access.written).count(), 300);
        assert!(seen.gaps.is_empty());
    }

    #[test]
    fn a_folder_that_is_renamed_keeps_being_watched_under_its_new_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("one")).unwrap();
        let mut watch = watch(folder.path());
        fs::rename(at("one"), at("two")).unwrap();
        watch.drain();
        fs::write(at("two/file"), "x").unwrap();
        assert!(seen(watch).files[&at("two/file")].written);
    }

    #[test]
    fn a_folder_that_leaves_is_watched_no_more() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(folder.path().join("one")).unwrap();
        let mut watch = watch(folder.path());
        fs::rename(folder.path().join("one"), outside.path().join("one")).unwrap();
        watch.drain();
        fs::write(outside.path().join("one/file"), "x").unwrap();
        assert!(seen(watch).files.is_empty());
    }

    #[test]
    fn lost_events_are_said() {
        let folder = tempfile::tempdir().unwrap();
        let mut watch = watch(folder.path());
        let descriptor = *watch.watched.keys().next().unwrap();
        let overflow =
            InotifyEvent { wd: descriptor, mask: AddWatchFlags::IN_Q_OVERFLOW, cookie: 0, name: None };
        watch.take(&overflow);
        assert_eq!(watch.finish().gaps.len(), 1);
    }

    #[test]
    fn version_control_and_virtual_environments_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".git", "venv"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("venv/pyvenv.cfg"), "").unwrap();
        let watch = watch(folder.path());
        fs::write(folder.path().join(".git/x"), "").unwrap();
        fs::write(folder.path().join("venv/x"), "").unwrap();
        assert!(seen(watch).files.is_empty());
    }

    use super::super::Access;
}

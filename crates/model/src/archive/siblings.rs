//! The members of an archive as the files beside each other: what a member may refer to without leaving the archive.

use crate::{Sibling, Siblings};
use std::collections::HashMap;

/// Looks up members relative to the folder of one of them.
pub(crate) struct ArchiveSiblings<'a, M> {
    index: &'a MemberIndex<'a, M>,
    folder: &'a str,
}

/// Members of one archive by normalised name.
pub(crate) struct MemberIndex<'a, M> {
    by_name: HashMap<String, M>,
    read: &'a (dyn Fn(&M, u64) -> Option<Vec<u8>> + Sync),
}

/// What the index knows of a member.
pub(crate) trait MemberFacts {
    /// Size in bytes when unpacked, as declared.
    fn size(&self) -> u64;
    /// Whether it is a symbolic link.
    fn is_symlink(&self) -> bool;
}

impl<'a, M> MemberIndex<'a, M> {
    /// An index over `members`; the first of several with one name wins.
    pub(crate) fn new(
        members: impl Iterator<Item = (String, M)>,
        read: &'a (dyn Fn(&M, u64) -> Option<Vec<u8>> + Sync),
    ) -> Self {
        let mut by_name = HashMap::new();
        for (name, member) in members {
            if let Some(name) = resolve("", &name) {
                by_name.entry(name).or_insert(member);
            }
        }
        Self { by_name, read }
    }

    /// The siblings of the member called `name`.
    pub(crate) fn beside<'b>(&'b self, name: &'b str) -> ArchiveSiblings<'b, M> {
        let folder = name.rfind(['/', '\\']).and_then(|end| name.get(..end)).unwrap_or_default();
        ArchiveSiblings { index: self, folder }
    }
}

impl<M: MemberFacts + Sync> Siblings for ArchiveSiblings<'_, M> {
    fn look_up(&self, relative: &str) -> Option<Sibling> {
        let member = self.index.by_name.get(&resolve(self.folder, relative)?)?;
        Some(Sibling { size: member.size(), is_symlink: member.is_symlink() })
    }

    fn read(&self, relative: &str, limit: u64) -> Option<Vec<u8>> {
        let member = self.index.by_name.get(&resolve(self.folder, relative)?)?;
        (self.index.read)(member, limit)
    }
}

/// `relative` seen from `folder`, without `.` and `..`; `None` when it leaves the archive or is absolute.
fn resolve(folder: &str, relative: &str) -> Option<String> {
    if relative.starts_with(['/', '\\']) || relative.contains('\0') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split(['/', '\\']).chain(relative.split(['/', '\\'])) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u64);
    impl MemberFacts for Fixed {
        fn size(&self) -> u64 {
            self.0
        }
        fn is_symlink(&self) -> bool {
            false
        }
    }

    #[test]
    fn a_sibling_is_found_from_its_folder_and_never_outside_the_archive() {
        let read = |member: &Fixed, _: u64| Some(vec![0; member.0 as usize]);
        let members = [("m/config.json".to_owned(), Fixed(3)), ("top.bin".to_owned(), Fixed(7))];
        let index = MemberIndex::new(members.into_iter(), &read);
        let beside = index.beside("m/model.onnx");
        assert_eq!(beside.look_up("config.json").map(|found| found.size), Some(3));
        assert_eq!(beside.look_up("../top.bin").map(|found| found.size), Some(7));
        assert_eq!(beside.read("./config.json", 9).map(|bytes| bytes.len()), Some(3));
        assert!(beside.look_up("../../top.bin").is_none());
        assert!(beside.look_up("/top.bin").is_none());
    }
}

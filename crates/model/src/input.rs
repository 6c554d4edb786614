//! What a format parser is given: [`Input`], and the files beside it ([`Siblings`]).

use std::borrow::Cow;

/// Content to scan: a whole file, or one member of an archive.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The content.
    pub bytes: &'a [u8],
    /// File name or member path as its container spells it; hostile, for display and extension only.
    pub name: &'a str,
    /// The files it may refer to, by path relative to its folder.
    pub siblings: &'a dyn Siblings,
}

impl<'a> Input<'a> {
    /// An input without siblings.
    pub fn new(name: &'a str, bytes: &'a [u8]) -> Self {
        Self { bytes, name, siblings: &NoSiblings }
    }

    /// The part of the name after the last `/` or `\`.
    pub fn file_name(&self) -> &'a str {
        self.name.rsplit(['/', '\\']).next().unwrap_or_default()
    }

    /// The extension in lower case without the dot; empty when there is none.
    pub fn extension(&self) -> Cow<'a, str> {
        // Every format asks: what ends the name is looked for from the end, and mostly given as it is written.
        let parts = self.name.rsplit_once(['.', '/', '\\']);
        let dotted = parts.filter(|(front, _)| self.name.as_bytes().get(front.len()) == Some(&b'.'));
        let extension = dotted.map_or("", |(_, extension)| extension);
        if extension.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Cow::Owned(extension.to_ascii_lowercase());
        }
        Cow::Borrowed(extension)
    }

    /// The first `count` bytes, or fewer.
    pub fn head(&self, count: usize) -> &'a [u8] {
        self.bytes.get(..count).unwrap_or(self.bytes)
    }

    /// The last `count` bytes, or fewer.
    pub fn tail(&self, count: usize) -> &'a [u8] {
        self.bytes.get(self.bytes.len().saturating_sub(count)..).unwrap_or_default()
    }
}

/// Looks up files beside the input, so that references between files of one model can be checked.
pub trait Siblings: Sync {
    /// The file at `relative` (a `/`-separated path from the input's folder), if it can be reached without leaving the
    /// scanned root. Never follows a path outside it.
    fn look_up(&self, relative: &str) -> Option<Sibling>;

    /// The content of a small sibling, at most `limit` bytes of it.
    fn read(&self, relative: &str, limit: u64) -> Option<Vec<u8>>;
}

/// What is known of a file beside the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sibling {
    /// Size in bytes.
    pub size: u64,
    /// Whether the path goes through a symbolic link.
    pub is_symlink: bool,
}

/// No files beside the input: standard input, or a member whose archive does not offer them.
#[derive(Debug, Clone, Copy)]
pub struct NoSiblings;

impl Siblings for NoSiblings {
    fn look_up(&self, _relative: &str) -> Option<Sibling> {
        None
    }

    fn read(&self, _relative: &str, _limit: u64) -> Option<Vec<u8>> {
        None
    }
}

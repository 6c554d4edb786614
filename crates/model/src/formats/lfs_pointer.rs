//! Git LFS pointers: small text files that stand where the weights should be.
//!
//! Source: git-lfs `docs/spec.md`.

use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Kind, Rule};

/// Git LFS pointers.
pub static LFS_POINTER: LfsPointer = LfsPointer;

/// See [`LFS_POINTER`].
pub struct LfsPointer;

/// First line of every pointer.
const HEAD: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";
/// Pointers are shorter than this many bytes (`docs/spec.md`).
const LONGEST: usize = 1024;

impl Format for LfsPointer {
    fn id(&self) -> &'static str {
        "git-lfs-pointer"
    }

    fn name(&self) -> &'static str {
        "Git LFS pointer"
    }

    fn kind(&self) -> Kind {
        Kind::Other
    }

    fn extensions(&self) -> &'static [&'static str] {
        &[]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let fits = input.bytes.len() < LONGEST && input.bytes.starts_with(HEAD);
        if fits { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let text = String::from_utf8_lossy(input.bytes);
        let size = text.lines().find_map(|line| line.strip_prefix("size ")).unwrap_or("an unknown number of");
        scan.gap(
            None,
            format!("the weights are not here, only a Git LFS pointer to {} bytes; run `git lfs pull` and scan again", bartizan_core::printable(size, 20)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::{Limits, MonotonicClock};

    #[test]
    fn a_pointer_is_incomplete_and_a_text_about_pointers_is_not() {
        let scan = |bytes: &[u8]| {
            crate::scan(&Input::new("model.safetensors", bytes), &Limits::default(), &MonotonicClock::start())
        };
        let pointer = scan(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n");
        assert_eq!((pointer.format, pointer.gaps.len()), (Some("git-lfs-pointer"), 1));
        assert!(pointer.findings.is_empty());
        assert_ne!(scan(b"see version https://git-lfs.github.com/spec/v1\n").format, Some("git-lfs-pointer"));
    }
}

//! Files of no format that a scan reads, and that no loader of models takes for one: pictures, sounds, films, fonts and documents, by
//! their first bytes. A statement about a scan names them otherwise than what nobody knows.
//!
//! Source: PNG 5.2, JFIF, GIF89a, RIFF (WebP, WAVE, AVI), ISO 14496-12 `ftyp`, Ogg (RFC 3533), FLAC, ID3v2, TIFF 6.0, WOFF 2, PDF 7.5.2.

use bartizan_core::report::Report;
use bartizan_core::walk::{Content, Walk};
use bartizan_core::{Source, Status};
use bartizan_evidence::digest::Digest;
use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// Test of a file that is one of these.
pub(crate) const MEDIA: &str = "media";
/// Largest file that is looked at, in bytes: its digest is computed once more.
const LARGEST: u64 = 64 << 20;
/// Bytes that tell.
const HEAD: u64 = 16;
/// Where the telling bytes stand, and which they are.
const HEADS: &[(usize, &[u8])] = &[
    (0, b"\x89PNG\r\n\x1a\n"),
    (0, b"\xff\xd8\xff"),
    (0, b"GIF87a"),
    (0, b"GIF89a"),
    (8, b"WEBP"),
    (8, b"WAVE"),
    (8, b"AVI "),
    (4, b"ftyp"),
    (0, b"OggS"),
    (0, b"fLaC"),
    (0, b"ID3"),
    (0, b"II*\0"),
    (0, b"MM\0*"),
    (0, b"wOFF"),
    (0, b"wOF2"),
    (0, b"%PDF-"),
];

/// Names of the subjects of `report`, made of `walk`, that nobody read and that are such files. One that is no longer what was scanned is
/// not.
///
/// Cost: the head of each file that was not read, and all of what begins so, up to 64 MiB.
pub(crate) fn media(report: &Report, walk: &Walk) -> BTreeSet<String> {
    let unread = report.subjects.iter().filter(|subject| subject.status == Status::Unsupported);
    let digests: HashMap<&str, &str> = unread
        .filter_map(|subject| Some((subject.uri.as_str(), subject.digest.sha256.as_deref()?)))
        .collect();
    if digests.is_empty() {
        return BTreeSet::new();
    }
    let is_media = |content: &Content, digest: &str| match content {
        Content::File { path, size, .. } if *size <= LARGEST => begins_so(path)
            .and_then(|()| Source::read(File::open(path).ok()?, LARGEST).ok())
            .is_some_and(|source| Digest::sha256(source.bytes()).value() == digest),
        Content::Bytes(bytes) => is_head(bytes),
        Content::File { .. } | Content::Refused { .. } => false,
    };
    let entries = walk.entries.iter().filter_map(|entry| Some((entry, digests.get(entry.uri.as_str())?)));
    let found = entries.filter(|(entry, digest)| is_media(&entry.content, digest));
    found.map(|(entry, _)| entry.uri.clone()).collect()
}

fn begins_so(path: &Path) -> Option<()> {
    let mut head = Vec::new();
    File::open(path).ok()?.take(HEAD).read_to_end(&mut head).ok()?;
    is_head(&head).then_some(())
}

fn is_head(bytes: &[u8]) -> bool {
    HEADS.iter().any(|(at, telling)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(telling)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_sounds_and_documents_are_told_by_their_first_bytes() {
        for media in [
            &b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..],
            b"\xff\xd8\xff\xe0\0\x10JFIF",
            b"RIFF\x24\0\0\0WEBPVP8 ",
            b"\0\0\0\x20ftypisom",
            b"%PDF-1.7\n",
        ] {
            assert!(is_head(media), "{media:?}");
        }
        for other in [&b"RIFF\x24\0\0\0MODL"[..], b"\x80\x04\x95", b"PK\x03\x04", b"", b"\x89PN"] {
            assert!(!is_head(other), "{other:?}");
        }
    }
}

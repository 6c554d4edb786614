//! References to container images: what pins them, and how far an unpinned one is from it.

use crate::Issue;
use crate::address::is_filled_in;
use crate::rules::UNPINNED_IMAGE;
use bartizan_core::{Confidence, Severity};
use std::ops::Range;

/// How far a reference is pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pin {
    /// By digest.
    Digest,
    /// By a tag, which can be moved.
    Tag,
    /// Not at all: no tag, or one that is meant to move.
    Moving,
    /// Known at run time only.
    Unknown,
}

/// How `reference` is pinned.
pub(crate) fn pin(reference: &str) -> Pin {
    let reference = reference.trim();
    let reference = reference.strip_prefix("docker://").unwrap_or(reference);
    if reference.is_empty() || reference == "scratch" {
        return Pin::Digest;
    }
    if reference.contains("@sha256:") || reference.contains("@sha512:") || reference.starts_with("sha256:") {
        return Pin::Digest;
    }
    match tag(reference) {
        _ if reference.starts_with(['$', '{', '<']) && !reference.contains([':', '/']) => Pin::Unknown,
        None if is_filled_in(reference) => Pin::Unknown,
        None => Pin::Moving,
        Some(tag) if is_filled_in(tag) => Pin::Unknown,
        Some(tag) if MOVING.contains(&tag.to_ascii_lowercase().as_str()) => Pin::Moving,
        Some(_) => Pin::Tag,
    }
}

/// The tag of a reference.
pub(crate) fn tag(reference: &str) -> Option<&str> {
    let last = reference.rsplit('/').next().unwrap_or(reference);
    last.split_once(':').map(|(_, tag)| tag)
}

/// The issue of an image that is not pinned, none for one that is or that is known at run time only.
pub(crate) fn issue(reference: &str, span: Range<usize>, what: &str) -> Option<Issue> {
    let shown = reference.trim();
    let (severity, message) = match pin(reference) {
        Pin::Digest | Pin::Unknown => return None,
        Pin::Tag => (Severity::Low, format!("{what} `{shown}` is pinned to a tag, which can be moved")),
        Pin::Moving if tag(shown).is_none() => {
            (Severity::Medium, format!("{what} `{shown}` has no tag and no digest"))
        }
        Pin::Moving => (Severity::Medium, format!("{what} `{shown}` has a tag that is meant to move")),
    };
    let name = shown.strip_prefix("docker://").unwrap_or(shown);
    Some(
        Issue::new(&UNPINNED_IMAGE, span, message)
            .severity(severity)
            .confidence(Confidence::High)
            .remedy(format!("Pin it: `{name}@sha256:<digest>`.")),
    )
}

/// Tags that are moved on purpose.
const MOVING: &[&str] = &[
    "latest", "main", "master", "dev", "develop", "devel", "edge", "nightly", "stable", "canary", "head",
    "snapshot", "rolling", "current", "lts", "beta", "next", "test", "testing", "release",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_pin_tags_move_and_variables_are_unknown() {
        assert_eq!(pin("a@sha256:00"), Pin::Digest);
        assert_eq!(pin("localhost:5000/a"), Pin::Moving);
        assert_eq!(pin("ghcr.io/a/b:v1"), Pin::Tag);
        assert_eq!(pin("a:latest"), Pin::Moving);
        assert_eq!(pin("${IMAGE}"), Pin::Unknown);
        assert_eq!(pin("{{ .Values.image }}:{{ .Values.tag }}"), Pin::Unknown);
        assert_eq!(pin("python:$VERSION"), Pin::Unknown);
        assert_eq!(issue("a:1", 0..3, "the image").map(|issue| issue.severity), Some(Severity::Low));
    }
}

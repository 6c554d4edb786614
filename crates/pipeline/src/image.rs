//! References to container images: what pins them, and how far an unpinned one is from it.

use crate::Issue;
use crate::address::is_filled_in;
use crate::pin::Pinning;
use crate::rules::UNPINNED_IMAGE;
use bartizan_core::{Confidence, Severity};
use std::ops::Range;

/// How far a reference is pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pin {
    /// By digest.
    Digest,
    /// By a tag of one release, which can be moved.
    Tag,
    /// By a tag that follows the releases of a series: `3.11`, `v3`.
    Series,
    /// Not at all: no tag, one that is meant to move, or one that names no version: `slim`, `dind`.
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
        // What a chart takes when nobody sets another.
        Some(tag) if ["default \"latest\"", "default 'latest'"].iter().any(|moving| tag.contains(moving)) => {
            Pin::Moving
        }
        None if is_filled_in(reference) => Pin::Unknown,
        None => Pin::Moving,
        Some(tag) if is_filled_in(tag) => Pin::Unknown,
        Some(tag) if is_moving(tag) || !names_version(tag) => Pin::Moving,
        Some(tag) if names_release(tag) => Pin::Tag,
        Some(_) => Pin::Series,
    }
}

/// Whether a tag is one that is moved on purpose, whatever is appended to it: `latest-gpu`.
fn is_moving(tag: &str) -> bool {
    let tag = tag.to_ascii_lowercase();
    let first = tag.split(['-', '_', '.']).next().unwrap_or(&tag);
    MOVING.contains(&tag.as_str()) || matches!(first, "latest" | "nightly" | "edge" | "canary")
}

/// Whether a tag names a version at all, or a commit.
fn names_version(tag: &str) -> bool {
    let number = |part: &str| {
        part.trim_start_matches(['v', 'V', 'r']).starts_with(|character: char| character.is_ascii_digit())
    };
    let codename = |part: &str| CODENAMES.contains(&part.to_ascii_lowercase().as_str());
    tag.split(['-', '_', '+']).any(|part| number(part) || codename(part)) || names_release(tag)
}

/// Whether a tag names one release: a version of three numbers, a date, a build or a commit. Publishers push `3.11` and `v3`
/// again with each release of that series.
fn names_release(tag: &str) -> bool {
    let numbers = |part: &str| {
        let part = part.trim_start_matches(['v', 'V', 'r']);
        part.split('.').take_while(|number| number.starts_with(|c: char| c.is_ascii_digit())).count()
    };
    let parts = || tag.split(['-', '_', '+']);
    let version = parts().map(numbers).max().unwrap_or_default();
    let commit = |part: &str| part.len() >= 7 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    // Calendar versions are pushed once: `24.05`, `2024.06`.
    let calendar = parts().next().is_some_and(|part| {
        let mut fields = part.split('.');
        let (year, month) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        let is_year = matches!(year.len(), 2 | 4) && year.parse::<u16>().is_ok_and(|year| year >= 20);
        is_year && month.len() == 2 && month.starts_with(['0', '1'])
    });
    // A date: `2024-06-01`, `20240601`.
    let digits =
        tag.chars().take_while(|c| c.is_ascii_digit() || matches!(c, '-' | '.')).filter(char::is_ascii_digit);
    version >= 3 || calendar || digits.count() >= 8 || parts().any(commit)
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
        Pin::Series => {
            (Severity::Low, format!("{what} `{shown}` has a tag that follows releases: it is pushed again"))
        }
        Pin::Moving if tag(shown).is_none() => {
            (Severity::Medium, format!("{what} `{shown}` has no tag and no digest"))
        }
        Pin::Moving if tag(shown).is_some_and(|tag| !is_moving(tag)) => {
            (Severity::Medium, format!("{what} `{shown}` has a tag that names no version"))
        }
        Pin::Moving => (Severity::Medium, format!("{what} `{shown}` has a tag that is meant to move")),
    };
    let name = shown.strip_prefix("docker://").unwrap_or(shown);
    Some(
        Issue::new(&UNPINNED_IMAGE, span, message)
            .severity(severity)
            .confidence(Confidence::High)
            .remedy(format!("Pin it: `{name}@sha256:<digest>`."))
            .pinned(Pinning::image(name)),
    )
}

/// Names of releases of Debian and Ubuntu that stand for their versions.
const CODENAMES: &[&str] =
    &["buster", "bullseye", "bookworm", "trixie", "forky", "bionic", "focal", "jammy", "noble", "plucky"];

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
        for release in
            ["v1.2.3", "3.11.9-slim", "24.05-py3", "2024-06-01", "sha-0a1b2c3d", "20240601", "release-1.2.3"]
        {
            assert_eq!(pin(&format!("ghcr.io/a/b:{release}")), Pin::Tag, "{release}");
        }
        for series in ["v1", "3.11", "3.11-slim", "24", "16-alpine", "build-5", "bookworm"] {
            assert_eq!(pin(&format!("ghcr.io/a/b:{series}")), Pin::Series, "{series}");
        }
        for moving in ["latest-gpu", "slim", "dind", "alpine3.20"] {
            assert_eq!(pin(&format!("a:{moving}")), Pin::Moving, "{moving}");
        }
        assert_eq!(pin("a:latest"), Pin::Moving);
        assert_eq!(pin("${IMAGE}"), Pin::Unknown);
        assert_eq!(pin("{{ .Values.image }}:{{ .Values.tag }}"), Pin::Unknown);
        assert_eq!(pin("python:$VERSION"), Pin::Unknown);
        assert_eq!(issue("a:1.2.3", 0..3, "the image").map(|issue| issue.severity), Some(Severity::Low));
        assert_eq!(issue("a:1", 0..3, "the image").map(|issue| issue.severity), Some(Severity::Low));
        assert_eq!(issue("a:slim", 0..6, "the image").map(|issue| issue.severity), Some(Severity::Medium));
    }
}

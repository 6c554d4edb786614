//! What stands for others: manifests and indexes of images, which name their parts by digest. Whoever decides about the digest of a manifest
//! decides about its layers, so a statement about a scan says of a manifest what was found in its parts.
//!
//! Source: OCI image specification 1.1 (`manifest.md`, `image-index.md`); Docker's image manifest of version 1 (`fsLayers`). What a file is
//! called and which reader took it says nothing here: a runtime pulls by digest whatever is a manifest.

use bartizan_core::Source;
use bartizan_core::report::Report;
use bartizan_core::walk::{Content, Walk};
use bartizan_evidence::digest::Digest;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// Largest manifest that is read, in bytes (registries take at least 4 MiB).
const LARGEST: u64 = 16 << 20;
/// How much of a file is looked at to tell whether it can be one, in bytes.
const HEAD: u64 = 512;
/// Members of a manifest that name parts, one or a list.
const MEMBERS: [&str; 5] = ["config", "layers", "manifests", "blobs", "fsLayers"];
/// Test of a manifest whose parts were not all scanned with it.
pub(crate) const UNSCANNED_PARTS: &str = "incomplete-parts";

/// Parts by the name of the subject that stands for them.
#[derive(Debug, Default)]
pub(crate) struct Parts(BTreeMap<String, Option<BTreeSet<String>>>);

/// What a subject stands for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reached<'a> {
    /// Names of the subjects that are parts of it, or parts of those.
    pub(crate) subjects: BTreeSet<&'a str>,
    /// Whether some part was not among what was scanned.
    pub(crate) unscanned: bool,
}

/// Names of subjects by the hexadecimal digits of their SHA-256.
pub(crate) type ByDigest<'a> = HashMap<&'a str, Vec<&'a str>>;

impl Parts {
    /// The subjects of `report` by digest.
    pub(crate) fn by_digest(report: &Report) -> ByDigest<'_> {
        let mut subjects = ByDigest::new();
        for subject in &report.subjects {
            if let Some(digest) = &subject.digest.sha256 {
                subjects.entry(digest).or_default().push(&subject.uri);
            }
        }
        subjects
    }

    /// Reads the manifests among the subjects of `report`, which was made of `walk`. One that is no longer what was scanned has parts that
    /// nobody knows.
    ///
    /// Cost: the head of each file, and all of what looks like a manifest, up to 16 MiB.
    pub(crate) fn of(report: &Report, walk: &Walk) -> Self {
        let digests: HashMap<&str, &str> = report
            .subjects
            .iter()
            .filter_map(|subject| Some((subject.uri.as_str(), subject.digest.sha256.as_deref()?)))
            .collect();
        let mut parts = Self::default();
        for entry in &walk.entries {
            let Some(digest) = digests.get(entry.uri.as_str()) else { continue };
            let content = match &entry.content {
                Content::File { path, size, .. } if *size <= LARGEST => whole(path),
                Content::Bytes(bytes) => Some(bytes.clone()),
                Content::File { .. } | Content::Refused { .. } => None,
            };
            let Some(content) = content else { continue };
            let Some(named) = named_in(&content) else { continue };
            let unchanged = Digest::sha256(&content).value() == *digest;
            parts.0.insert(entry.uri.clone(), unchanged.then_some(named));
        }
        parts
    }

    /// What the subject `uri` stands for among `subjects`; none when it stands for itself alone.
    pub(crate) fn reached<'a>(&self, uri: &str, subjects: &ByDigest<'a>) -> Option<Reached<'a>> {
        self.0.get(uri)?;
        let mut reached = Reached::default();
        let mut pending = vec![uri];
        while let Some(at) = pending.pop() {
            let digests = match self.0.get(at) {
                None => continue,
                Some(None) => {
                    reached.unscanned = true;
                    continue;
                }
                Some(Some(digests)) => digests,
            };
            for digest in digests {
                let hex = digest.strip_prefix("sha256:").unwrap_or(digest);
                let Some(subjects) = subjects.get(hex) else {
                    reached.unscanned = true;
                    continue;
                };
                for subject in subjects {
                    if reached.subjects.insert(subject) {
                        pending.push(subject);
                    }
                }
            }
        }
        reached.subjects.remove(uri);
        Some(reached)
    }
}

/// The content of a file that begins as a JSON object does.
fn whole(path: &Path) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path).ok()?.take(HEAD).read_to_end(&mut head).ok()?;
    // White space alone decides nothing yet.
    let begins = head.trim_ascii_start().first().is_none_or(|first| *first == b'{');
    let source = begins.then(|| Source::read(File::open(path).ok()?, LARGEST).ok()).flatten()?;
    Some(source.bytes().to_vec())
}

/// The digests that a manifest names; none when `content` is no manifest.
fn named_in(content: &[u8]) -> Option<BTreeSet<String>> {
    let Value::Object(manifest) = serde_json::from_slice(content).ok()? else { return None };
    let lists = ["layers", "manifests", "blobs", "fsLayers"];
    // Readers written in Go take a member whatever its case: all that any of them may take counts.
    let is_one = |known: &[&str], name: &str| known.iter().any(|each| each.eq_ignore_ascii_case(name));
    if !manifest.iter().any(|(name, value)| is_one(&lists, name) && value.is_array()) {
        return None;
    }
    let mut digests = BTreeSet::new();
    for (_, member) in manifest.iter().filter(|(name, _)| is_one(&MEMBERS, name)) {
        let one = std::slice::from_ref(member);
        for part in member.as_array().map_or(one, Vec::as_slice).iter().filter_map(Value::as_object) {
            let named = part.iter().filter(|(name, _)| is_one(&["digest", "blobSum"], name));
            let named = named.filter_map(|(_, digest)| digest.as_str()).filter(|digest| digest.contains(':'));
            digests.extend(named.map(str::to_owned));
        }
    }
    (!digests.is_empty()).then_some(digests)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_names_its_parts_by_digest_is_a_manifest_whatever_stands_around_it() {
        let digest = |digit: char| format!("sha256:{}", digit.to_string().repeat(64));
        let manifest = json!({"padding": "x".repeat(9_000), "config": {"digest": digest('a')},
            "layers": [{"digest": digest('b')}, {"digest": digest('b')}]});
        let named = named_in(manifest.to_string().as_bytes()).unwrap();
        assert_eq!(named.into_iter().collect::<Vec<_>>(), [digest('a'), digest('b')]);
        let index = json!({"manifests": [{"digest": digest('c')}]}).to_string();
        assert_eq!(named_in(index.as_bytes()).unwrap().len(), 1);
        let cased = json!({"layers": [{"digest": digest('a')}], "LAYERS": [{"Digest": digest('b'), "digest": digest('c')}]});
        assert_eq!(named_in(cased.to_string().as_bytes()).unwrap().len(), 3);
        for other in [
            "{}",
            "[]",
            "{\"layers\": 12}",
            "{\"layers\": [1, 2]}",
            "{\"config\": {\"digest\": \"sha256:a\"}}",
            "{",
        ] {
            assert_eq!(named_in(other.as_bytes()), None, "{other}");
        }
    }
}

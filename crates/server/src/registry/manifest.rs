//! What a manifest lists: [`Manifest`].

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Largest manifest that is read, in bytes; the distribution specification asks registries for as much.
pub const LARGEST_MANIFEST: usize = 4 << 20;
/// Most files of one artifact.
pub const MOST_FILES: usize = 10_000;
/// Annotations that name a layer's file, the more telling first.
const NAMES: [&str; 2] = ["org.cncf.model.filepath", "org.opencontainers.image.title"];
/// Longest path of a file, and longest part of it, in bytes.
const LONGEST_PATH: usize = 1_024;
const LONGEST_PART: usize = 255;

/// A file of an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path below the artifact's folder; the digits of its digest where the manifest names none.
    pub name: String,
    /// `sha256:…`.
    pub digest: String,
    /// Bytes.
    pub size: u64,
}

/// The files of an artifact, in the order of the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Its layers.
    pub files: Vec<File>,
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not JSON, or not of the shape of a manifest.
    #[error("the manifest cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// Several artifacts under one name.
    #[error("it is an index of several artifacts; name one of them by its digest: {}", .0.join(", "))]
    Index(Vec<String>),
    /// Nothing in it.
    #[error("the manifest lists no file")]
    Empty,
    /// More than [`MOST_FILES`].
    #[error("the manifest lists {0} files; up to {MOST_FILES} are read")]
    TooMany(usize),
    /// A digest that is none.
    #[error("the manifest names the digest `{0}`; sha256: and 64 digits in lower case are expected")]
    Digest(String),
    /// A path that would lead out of the folder, or that two files share.
    #[error("the manifest names the file `{0}`, which cannot be put into a folder of its own")]
    Path(String),
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default, rename = "schemaVersion")]
    schema_version: u64,
    #[serde(default)]
    layers: Vec<Descriptor>,
    #[serde(default)]
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
    size: u64,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
}

impl Manifest {
    /// Reads a manifest whose bytes have been held against its digest.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let wire: Wire = serde_json::from_slice(bytes)?;
        if !wire.manifests.is_empty() {
            let named = wire.manifests.iter().take(8).map(|each| bartizan_core::printable(&each.digest, 80));
            return Err(ManifestError::Index(named.collect()));
        }
        if wire.layers.is_empty() {
            return Err(ManifestError::Empty);
        }
        if wire.layers.len() > MOST_FILES {
            return Err(ManifestError::TooMany(wire.layers.len()));
        }
        let mut known = BTreeSet::new();
        let mut files = Vec::with_capacity(wire.layers.len());
        for layer in wire.layers {
            let Some(digest) = crate::admission::digest_in(&format!("@{}", layer.digest)) else {
                return Err(ManifestError::Digest(bartizan_core::printable(&layer.digest, 100)));
            };
            let annotations = layer.annotations.unwrap_or_default();
            let named = NAMES.iter().find_map(|name| annotations.get(*name)).cloned();
            let name = named.unwrap_or_else(|| digest.trim_start_matches("sha256:").to_owned());
            // Two names that a file system may take for one are two too many.
            if !is_plain(&name) || !known.insert(name.to_lowercase()) {
                return Err(ManifestError::Path(bartizan_core::printable(&name, 200)));
            }
            files.push(File { name, digest, size: layer.size });
        }
        Ok(Self { files })
    }

    /// Whether the bytes are a manifest or an index of today's schema at all.
    ///
    /// # Errors
    /// [`ManifestError::Json`], [`ManifestError::Empty`] for one that names nothing.
    pub fn is_one(bytes: &[u8]) -> Result<(), ManifestError> {
        let wire: Wire = serde_json::from_slice(bytes)?;
        let named = !wire.layers.is_empty() || !wire.manifests.is_empty();
        if wire.schema_version == 2 && named { Ok(()) } else { Err(ManifestError::Empty) }
    }

    /// Bytes of all files, as the manifest says.
    pub fn bytes(&self) -> u64 {
        self.files.iter().fold(0, |sum, file| sum.saturating_add(file.size))
    }
}

/// Whether a path stays below the folder that it is put into.
fn is_plain(path: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.len() <= LONGEST_PART
            && !part.contains(|each: char| each.is_control() || matches!(each, '\\' | ':'))
    };
    path.len() <= LONGEST_PATH && path.split('/').all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn digest(digit: char) -> String {
        format!("sha256:{}", digit.to_string().repeat(64))
    }

    fn layer(digit: char, name: &str) -> Value {
        json!({"mediaType": "application/octet-stream", "digest": digest(digit), "size": 3,
            "annotations": {"org.opencontainers.image.title": name}})
    }

    fn parse(value: &Value) -> Result<Manifest, ManifestError> {
        Manifest::parse(value.to_string().as_bytes())
    }

    #[test]
    fn layers_are_files_by_their_title_their_path_or_their_digest() {
        let mut path = layer('b', "title");
        path["annotations"]["org.cncf.model.filepath"] = json!("weights/b.safetensors");
        let bare = json!({"digest": digest('c'), "size": 4});
        let manifest =
            parse(&json!({"schemaVersion": 2, "layers": [layer('a', "a.pkl"), path, bare]})).unwrap();
        let names: Vec<&str> = manifest.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["a.pkl", "weights/b.safetensors", "c".repeat(64).as_str()]);
        assert_eq!(manifest.bytes(), 10);
    }

    #[test]
    fn paths_that_lead_out_and_names_that_meet_are_refused() {
        for name in ["../a", "/a", "a/../b", "a//b", "", "a\\b", "C:a", "a\0", &"a".repeat(300)] {
            assert!(
                matches!(parse(&json!({"layers": [layer('a', name)]})), Err(ManifestError::Path(_))),
                "{name}"
            );
        }
        let twice = json!({"layers": [layer('a', "m"), layer('b', "M")]});
        assert!(matches!(parse(&twice), Err(ManifestError::Path(_))));
        assert!(matches!(parse(&json!({"manifests": [layer('a', "m")]})), Err(ManifestError::Index(_))));
        assert!(matches!(parse(&json!({"layers": []})), Err(ManifestError::Empty)));
        let wrong = json!({"layers": [{"digest": "sha256:00", "size": 1}]});
        assert!(matches!(parse(&wrong), Err(ManifestError::Digest(_))));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_manifest_or_an_error(bytes: Vec<u8>, name: String) {
            let _ = Manifest::parse(&bytes);
            let _ = parse(&json!({"layers": [layer('a', &name)]}));
        }
    }
}

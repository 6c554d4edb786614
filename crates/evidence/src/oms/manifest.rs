//! What a signed statement says about a model: which files, under which digests, found how.
//!
//! Source: OMS 1.0, sections 5 (predicate), 6.5 (root digest) and 11 (older forms). Read as the specification and as the
//! reference implementation would: see [`ModelManifest::from_payload`].

use super::names::{self, NameError, SINGLE_FILE};
use crate::digest::{hex, unhex};
use crate::manifest::{HashAlgorithm, Range};
use crate::statement::{ResourceDescriptor, STATEMENT_V1, Statement, StatementError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Predicate type of a model signature.
pub const SIGNATURE_V1: &str = "https://model_signing/signature/v1.0";
/// Predicate type of release 0.2 of the reference implementation: digests stand in the subject. Read, never written.
pub const DIGESTS_V0_1: &str = "https://model_signing/Digests/v0.1";
/// Most files and shards read from one signature.
const MOST_RESOURCES: usize = 5_000_000;

/// The model as its signer saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelManifest {
    /// What the signer called it; nothing depends on it.
    pub name: String,
    /// The algorithm of every digest.
    pub algorithm: HashAlgorithm,
    /// Bytes in a shard, when files are signed in parts.
    pub shard_bytes: Option<u64>,
    /// Whether the signer followed links.
    pub allow_symlinks: bool,
    /// What the signer left out, as it is written.
    pub ignore_paths: Vec<String>,
    /// Every file by name, with its parts in order.
    pub files: BTreeMap<String, Vec<Resource>>,
    /// Whether the model is one file, named by a dot or by its own name.
    pub is_file: bool,
}

/// The digest of a file or of one of its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The part, or all.
    pub range: Option<Range>,
    /// The digest.
    pub digest: Vec<u8>,
}

/// Why a statement is no model signature that can be checked.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// No statement at all.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// A statement of the version before.
    #[error("the payload is of type `{0}`; a model signature is a statement of version 1")]
    Kind(String),
    /// About something else.
    #[error(
        "the statement is of type `{0}`, which is no model signature; expected {SIGNATURE_V1}: name the model's own signature with \
         --signature"
    )]
    PredicateType(String),
    /// The predicate is not as it should be.
    #[error("the predicate of the model signature is damaged: {0}")]
    Predicate(String),
    /// More than one subject.
    #[error("the statement has {0} subjects; a model signature is about one model")]
    Subjects(usize),
    /// No file at all.
    #[error("the signature names no file; it signs nothing")]
    Empty,
    /// More than is read.
    #[error("the signature names {0} files and shards; up to {MOST_RESOURCES} are read")]
    TooMany(usize),
    /// A name that is refused.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The same file twice.
    #[error("the signature names `{0}` twice")]
    Duplicate(String),
    /// An algorithm that is not known.
    #[error("the signature uses the digest `{0}`; sha256, blake2b and blake3 are known")]
    Algorithm(String),
    /// A digest that is none.
    #[error("the signature has no well-formed {algorithm} digest for `{name}`")]
    Digest {
        /// The file.
        name: String,
        /// What it should be.
        algorithm: &'static str,
    },
    /// The digest over all digests is another.
    #[error("the signature contradicts itself: its root digest is {said}, its files have {found}")]
    Root {
        /// What the subject says.
        said: String,
        /// What the resources give.
        found: String,
    },
    /// Parts that leave a gap or overlap.
    #[error("the signature covers `{name}` with a gap or an overlap at byte {at}")]
    Parts {
        /// The file.
        name: String,
        /// Where, in bytes.
        at: u64,
    },
    /// The signer left out the whole model.
    #[error("the signature ignores the whole model (ignored path `.`); nothing it says could be broken")]
    IgnoresAll,
}

/// The predicate as it is written. Order of fields as in the specification.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Predicate {
    pub(super) serialization: Serialization,
    pub(super) resources: Vec<WireResource>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Serialization {
    pub(super) method: String,
    pub(super) hash_type: String,
    /// A number with or without a fraction: the reference implementation writes 1000.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) shard_size: Option<serde_json::Number>,
    #[serde(default)]
    pub(super) allow_symlinks: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) ignore_paths: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WireResource {
    pub(super) name: String,
    pub(super) algorithm: String,
    pub(super) digest: String,
}

impl ModelManifest {
    /// Reads the payload of a model signature.
    ///
    /// Where specification and reference differ, both are read: a single file is called `.` or by its name; the resources may
    /// stand in order of code points, of path components, or in any other; the root digest is over the order in which they
    /// stand or over either sorted one; a shard size may be written as a float; `blake2` stands for `blake2b`.
    ///
    /// # Errors
    /// Each variant of [`ManifestError`].
    pub fn from_payload(payload: &[u8]) -> Result<Self, ManifestError> {
        let statement = Statement::<Value>::from_payload(payload)?;
        if statement.kind != STATEMENT_V1 {
            return Err(ManifestError::Kind(statement.kind));
        }
        match statement.predicate_type.as_str() {
            SIGNATURE_V1 => {
                let damaged = |error: serde_json::Error| ManifestError::Predicate(error.to_string());
                let predicate = statement
                    .predicate
                    .ok_or_else(|| ManifestError::Predicate("it is not there".to_owned()))?;
                Self::of(&statement.subject, serde_json::from_value(predicate).map_err(damaged)?)
            }
            DIGESTS_V0_1 => Self::of_v0_1(&statement.subject),
            other => Err(ManifestError::PredicateType(other.chars().take(200).collect())),
        }
    }

    fn of(subject: &[ResourceDescriptor], predicate: Predicate) -> Result<Self, ManifestError> {
        let [model] = subject else { return Err(ManifestError::Subjects(subject.len())) };
        let serialization = predicate.serialization;
        let algorithm = match serialization.hash_type.as_str() {
            "blake2" => HashAlgorithm::Blake2b,
            name => HashAlgorithm::of_name(name)
                .ok_or_else(|| ManifestError::Algorithm(name.chars().take(50).collect()))?,
        };
        let shard_bytes = match (serialization.method.as_str(), &serialization.shard_size) {
            ("files", _) => None,
            ("shards", Some(size)) => Some(whole(size).ok_or_else(|| {
                ManifestError::Predicate(format!("shard_size {size} is no number of bytes"))
            })?),
            ("shards", None) => return Err(ManifestError::Predicate("no shard_size".to_owned())),
            (other, _) => {
                return Err(ManifestError::Predicate(format!("serialization method `{other}` is unknown")));
            }
        };
        if serialization
            .ignore_paths
            .iter()
            .any(|path| names::ignored_path(path).as_deref() == Some(SINGLE_FILE))
        {
            return Err(ManifestError::IgnoresAll);
        }
        let listed = predicate
            .resources
            .into_iter()
            .map(|resource| {
                let named = is_named(&resource.algorithm, algorithm, shard_bytes);
                let digest = unhex(&resource.digest)
                    .filter(|digest| named && digest.len() == algorithm.output_bytes());
                match digest {
                    Some(digest) => Ok((resource.name, digest)),
                    None => Err(ManifestError::Digest { name: resource.name, algorithm: algorithm.name() }),
                }
            })
            .collect::<Result<Vec<_>, _>>()?;
        // A double or escaping name says more about what happened than the root digest that it breaks.
        let root = check_root(model, &listed);
        let (files, is_file) = by_file(listed, shard_bytes)?;
        root?;
        Ok(Self {
            name: model.name.clone().unwrap_or_default(),
            algorithm,
            shard_bytes,
            allow_symlinks: serialization.allow_symlinks,
            ignore_paths: serialization.ignore_paths,
            files,
            is_file,
        })
    }

    fn of_v0_1(subject: &[ResourceDescriptor]) -> Result<Self, ManifestError> {
        let algorithm = HashAlgorithm::Sha256;
        let listed = subject
            .iter()
            .map(|file| {
                let name = file.name.clone().unwrap_or_default();
                let digest = file.digest.get(algorithm.name()).and_then(unhex);
                match digest.filter(|digest| digest.len() == algorithm.output_bytes()) {
                    Some(digest) => Ok((name, digest)),
                    None => Err(ManifestError::Digest { name, algorithm: algorithm.name() }),
                }
            })
            .collect::<Result<Vec<_>, _>>()?;
        let (files, is_file) = by_file(listed, None)?;
        Ok(Self {
            name: String::new(),
            algorithm,
            shard_bytes: None,
            allow_symlinks: false,
            ignore_paths: Vec::new(),
            files,
            is_file,
        })
    }
}

/// Whether a resource names the algorithm as the specification does, or as the reference implementation does for shards:
/// `sha256-sharded-1000`.
fn is_named(name: &str, algorithm: HashAlgorithm, shard_bytes: Option<u64>) -> bool {
    match shard_bytes {
        Some(size) if name != algorithm.name() => name == sharded_name(algorithm, size),
        _ => name == algorithm.name(),
    }
}

/// The algorithm of a shard as the reference implementation names it.
pub(super) fn sharded_name(algorithm: HashAlgorithm, shard_bytes: u64) -> String {
    format!("{algorithm}-sharded-{shard_bytes}")
}

/// The digest over all digests, in the order given (OMS 1.0, 6.5.1).
pub(super) fn root_digest<'a>(digests: impl Iterator<Item = &'a [u8]>) -> String {
    let mut hasher = Sha256::new();
    digests.for_each(|digest| hasher.update(digest));
    hex(&hasher.finalize())
}

fn check_root(model: &ResourceDescriptor, listed: &[(String, Vec<u8>)]) -> Result<(), ManifestError> {
    let said = model.digest.get(crate::digest::SHA256).unwrap_or_default();
    let found = root_digest(listed.iter().map(|(_, digest)| digest.as_slice()));
    if said.eq_ignore_ascii_case(&found) {
        return Ok(());
    }
    // The specification sorts by code point, the reference by path component; a list that stands otherwise is taken by either.
    let mut sorted: Vec<&(String, Vec<u8>)> = listed.iter().collect();
    sorted.sort_by(|one, two| one.0.cmp(&two.0));
    let by_code_point = root_digest(sorted.iter().map(|(_, digest)| digest.as_slice()));
    sorted.sort_by(|one, two| one.0.split('/').cmp(two.0.split('/')));
    let by_component = root_digest(sorted.iter().map(|(_, digest)| digest.as_slice()));
    if [by_code_point, by_component].iter().any(|each| said.eq_ignore_ascii_case(each)) {
        return Ok(());
    }
    Err(ManifestError::Root { said: said.chars().take(200).collect(), found })
}

/// Groups parts by file and checks that they cover each from its first byte on without gap.
fn by_file(
    listed: Vec<(String, Vec<u8>)>,
    shard_bytes: Option<u64>,
) -> Result<(BTreeMap<String, Vec<Resource>>, bool), ManifestError> {
    if listed.is_empty() {
        return Err(ManifestError::Empty);
    }
    if listed.len() > MOST_RESOURCES {
        return Err(ManifestError::TooMany(listed.len()));
    }
    let mut files: BTreeMap<String, Vec<Resource>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (name, digest) in listed {
        let (file, range) = match shard_bytes {
            None => (name.as_str(), None),
            Some(_) => names::shard(&name).map(|(file, range)| (file, Some(range)))?,
        };
        names::check(file)?;
        files.entry(file.to_owned()).or_default().push(Resource { range, digest });
        if !seen.insert(name.clone()) {
            return Err(ManifestError::Duplicate(name));
        }
    }
    if let Some(size) = shard_bytes {
        for (name, parts) in &mut files {
            parts.sort_by_key(|part| part.range.as_ref().map_or(0, |range| range.start));
            check_parts(name, parts, size)?;
        }
    }
    let is_file = files.contains_key(SINGLE_FILE);
    if is_file && files.len() > 1 {
        return Err(ManifestError::Name(NameError::NotCanonical(SINGLE_FILE.to_owned())));
    }
    Ok((files, is_file))
}

fn check_parts(name: &str, parts: &[Resource], size: u64) -> Result<(), ManifestError> {
    let mut at = 0;
    let mut left = parts.len();
    for range in parts.iter().filter_map(|part| part.range.as_ref()) {
        left -= 1;
        let length = range.end - range.start;
        // Every part but the last is a whole shard.
        if range.start != at || length > size || (left > 0 && length != size) {
            return Err(ManifestError::Parts { name: name.to_owned(), at });
        }
        at = range.end;
    }
    Ok(())
}

/// A positive number of bytes, also when written with a fraction of zero.
fn whole(number: &serde_json::Number) -> Option<u64> {
    let size = number.as_u64().or_else(|| {
        // Up to 2^53 a float holds every whole number.
        let float = number.as_f64().filter(|float| float.fract() == 0.0 && (0.0..=9e15).contains(float))?;
        format!("{float:.0}").parse().ok()
    });
    size.filter(|size| *size > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn digest(byte: u8) -> String {
        hex(&[byte; 32])
    }

    fn payload(names: &[&str], root: &str, serialization: &Value) -> Vec<u8> {
        let resources: Vec<Value> = (1..)
            .zip(names)
            .map(|(byte, name)| json!({"name": name, "algorithm": "sha256", "digest": digest(byte)}))
            .collect();
        let statement = json!({
            "_type": STATEMENT_V1, "predicateType": SIGNATURE_V1,
            "subject": [{"name": "m", "digest": {"sha256": root}}],
            "predicate": {"serialization": serialization, "resources": resources},
        });
        serde_json::to_vec(&statement).unwrap()
    }

    fn root(order: &[u8]) -> String {
        let digests: Vec<[u8; 32]> = order.iter().map(|byte| [*byte; 32]).collect();
        root_digest(digests.iter().map(<[u8; 32]>::as_slice))
    }

    fn files() -> Value {
        json!({"method": "files", "hash_type": "sha256", "allow_symlinks": false})
    }

    #[test]
    fn any_order_is_read_with_a_root_over_it_or_over_a_sorted_one() {
        let names = ["a/b", "b", "a-b"];
        for order in [[1, 2, 3], [3, 1, 2], [3, 1, 2]] {
            let manifest = ModelManifest::from_payload(&payload(&names, &root(&order), &files())).unwrap();
            assert_eq!(manifest.files.len(), 3);
        }
        // By component: a/b, a-b, b.
        assert!(ModelManifest::from_payload(&payload(&names, &root(&[1, 3, 2]), &files())).is_ok());
        assert!(matches!(
            ModelManifest::from_payload(&payload(&names, &root(&[2, 1, 3]), &files())),
            Err(ManifestError::Root { .. })
        ));
    }

    #[test]
    fn names_that_are_double_or_lead_out_are_refused() {
        let read = |names: &[&str]| ModelManifest::from_payload(&payload(names, &root(&[1, 2]), &files()));
        assert!(matches!(read(&["a", "a"]), Err(ManifestError::Duplicate(_))));
        assert!(matches!(read(&["a", "../b"]), Err(ManifestError::Name(NameError::Traversal(_)))));
        assert!(matches!(read(&["a", "."]), Err(ManifestError::Name(_))));
        assert!(matches!(
            ModelManifest::from_payload(&payload(&[], &root(&[]), &files())),
            Err(ManifestError::Empty)
        ));
    }

    #[test]
    fn shards_cover_a_file_without_gap() {
        let shards = |size: Value| json!({"method": "shards", "hash_type": "sha256", "shard_size": size});
        let read = |names: &[&str], size: Value| {
            let order: Vec<u8> = (1..).take(names.len()).collect();
            ModelManifest::from_payload(&payload(names, &root(&order), &shards(size)))
        };
        for size in [json!(10), json!(10.0)] {
            let manifest = read(&["f:0:10", "f:10:13"], size).unwrap();
            assert_eq!((manifest.shard_bytes, manifest.files["f"].len()), (Some(10), 2));
        }
        for names in
            [["f:0:10", "f:11:13"], ["f:0:9", "f:9:19"], ["f:1:10", "f:10:13"], ["f:0:10", "f:10:21"]]
        {
            assert!(matches!(read(&names, json!(10)), Err(ManifestError::Parts { .. })), "{names:?}");
        }
        for size in [json!(0), json!(-1), json!(1.5), json!(1e300)] {
            assert!(matches!(read(&["f:0:1"], size), Err(ManifestError::Predicate(_))));
        }
    }

    #[test]
    fn a_signature_that_ignores_everything_is_refused() {
        let mut all = files();
        all["ignore_paths"] = json!(["./"]);
        assert!(matches!(
            ModelManifest::from_payload(&payload(&["a"], &root(&[1]), &all)),
            Err(ManifestError::IgnoresAll)
        ));
    }

    #[test]
    fn a_digest_of_another_algorithm_is_refused() {
        let mut other = files();
        other["hash_type"] = json!("blake3");
        assert!(matches!(
            ModelManifest::from_payload(&payload(&["a"], &root(&[1]), &other)),
            Err(ManifestError::Digest { .. })
        ));
        other["hash_type"] = json!("md5");
        assert!(matches!(
            ModelManifest::from_payload(&payload(&["a"], &root(&[1]), &other)),
            Err(ManifestError::Algorithm(_))
        ));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_manifest_or_an_error(bytes: Vec<u8>, name: String) {
            let _ = ModelManifest::from_payload(&bytes);
            let _ = ModelManifest::from_payload(&payload(&[&name], &root(&[1]), &files()));
        }
    }
}

//! The words of the graph: [`NodeId`], what a node is called; [`Kind`], what it is; [`Relation`], why one leads to another.
//!
//! A node is a digest wherever one is known. What only has a name (a table, a run of a scheduler, a model on a hub) keeps
//! that name, and every edge that touches it counts as unproven: a name says nothing about bytes.

use crate::digest::Digest;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Longest name of a node, in bytes; a longer one ends in its own SHA-256 so that it stays unique.
pub const LONGEST_NODE: usize = 1024;

/// Name of a node: `sha256:9f86…` for an artifact, `dataset:NAMESPACE#NAME`, `run:ID` or a URI for what has no digest.
///
/// A copy shares the text: a walk holds each name in its node and in all its edges.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(Arc<str>);

/// Why a text names no node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeIdError {
    /// Nothing is named.
    #[error("an empty text names nothing; write a digest such as sha256:9f86d0…, or the name of a node")]
    Empty,
    /// A digest of a known algorithm whose value is wrong.
    #[error(transparent)]
    Digest(#[from] crate::digest::DigestError),
    /// Neither a digest nor a name with a scheme.
    #[error("`{0}` names no node: write ALGORITHM:HEX, run:ID, dataset:NAMESPACE#NAME or a URI")]
    Shape(String),
}

impl NodeId {
    /// The node of an artifact.
    pub fn of_digest(digest: &Digest) -> Self {
        Self(digest.to_string().into())
    }

    /// The node of something known by a name in a namespace. Different pairs give different nodes.
    pub fn named(kind: Kind, namespace: &str, name: &str) -> Self {
        let namespace = namespace.replace('%', "%25").replace('#', "%23");
        Self::bounded(format!("{}:{namespace}#{name}", kind.name()))
    }

    /// The node of a run known by the id that its scheduler gave it.
    pub fn run(id: &str) -> Self {
        Self::bounded(format!("run:{id}"))
    }

    /// The node of something known by a URI, a package URL for example.
    pub fn of_uri(uri: &str) -> Self {
        match uri.split_once(':') {
            Some((scheme, rest)) if !scheme.is_empty() && !rest.is_empty() && !is_algorithm(scheme) => {
                Self::bounded(uri.to_owned())
            }
            // A path, or a name that would read as a digest it is not.
            _ => Self::bounded(format!("name:{uri}")),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digest, when the node is an artifact with one.
    pub fn digest(&self) -> Option<Digest> {
        let (algorithm, value) = self.0.split_once(':')?;
        if is_algorithm(algorithm) { Digest::new(algorithm, value).ok() } else { None }
    }

    /// The algorithm of its digest, when it has one.
    pub(super) fn algorithm(&self) -> Option<&str> {
        let (algorithm, value) = self.0.split_once(':')?;
        (is_algorithm(algorithm) && Digest::is_one(algorithm, value)).then_some(algorithm)
    }

    /// Whether the node is named by a digest that cannot be forged. Collisions of MD5 and SHA-1 can be bought.
    pub fn is_strong(&self) -> bool {
        self.algorithm().is_some_and(|algorithm| !WEAK.contains(&algorithm))
    }

    /// A name already in the form of [`NodeId::as_str`], as an index holds it.
    pub(crate) fn stored(text: &str) -> Self {
        Self(text.into())
    }

    fn bounded(text: String) -> Self {
        // No database keeps the character NUL in a text.
        let mut text = if text.contains('\0') { text.replace('\0', "%00") } else { text };
        if text.len() > LONGEST_NODE {
            let digest = Digest::sha256(text.as_bytes());
            let mut end = LONGEST_NODE - 80;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
            text.push_str("…sha256=");
            text.push_str(digest.value());
        }
        Self(text.into())
    }
}

impl FromStr for NodeId {
    type Err = NodeIdError;

    fn from_str(text: &str) -> Result<Self, NodeIdError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NodeIdError::Empty);
        }
        match text.split_once(':') {
            Some((algorithm, _)) if is_algorithm(algorithm) => Ok(Self::of_digest(&text.parse()?)),
            Some((scheme, rest)) if !scheme.is_empty() && !rest.is_empty() => {
                Ok(Self::bounded(text.to_owned()))
            }
            // A bare SHA-256, as sha256sum prints it.
            None if text.len() == 64 => Ok(Self::of_digest(&Digest::new("sha256", text)?)),
            _ => Err(NodeIdError::Shape(text.chars().take(200).collect())),
        }
    }
}

impl Serialize for NodeId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for NodeId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Algorithms whose collisions are practical (RFC 6151 for MD5, SHAttered for SHA-1, which git uses).
const WEAK: [&str; 7] = ["md5", "sha1", "gitCommit", "gitTree", "gitBlob", "gitTag", "dirHash1"];

/// Algorithms of in-toto's digest set, with those that manifests of the field add.
const ALGORITHMS: [&str; 22] = [
    "sha256",
    "sha224",
    "sha384",
    "sha512",
    "sha512_224",
    "sha512_256",
    "sha3_224",
    "sha3_256",
    "sha3_384",
    "sha3_512",
    "shake128",
    "shake256",
    "blake2b",
    "blake2s",
    "blake3",
    "ripemd160",
    "sm3",
    "gost",
    "dirHash",
    "dirHash1",
    "goModuleH1",
    "ni",
];

fn is_algorithm(word: &str) -> bool {
    ALGORITHMS.contains(&word) || WEAK.contains(&word)
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$each])* $variant,)+ }

        impl $name {
            /// Every one, in order of the chain.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word in reports and statements.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The one that `word` stands for.
            pub fn from_name(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|each| each.name() == word)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(self.name())
            }
        }
    };
}

words! {
    /// What a node is, in order of the chain from source to decision.
    Kind {
        /// One record of a dataset.
        Record = "record",
        /// Source code: a commit, a script, a notebook.
        Source = "source",
        /// Data to learn from or to test on, or a part of it.
        Dataset = "dataset",
        /// What a run happened in: a container image, a lock file.
        Environment = "environment",
        /// Settings of a run, a policy's inputs, a prompt.
        Configuration = "configuration",
        /// A recurring task whose executions are runs.
        Job = "job",
        /// One execution.
        Run = "run",
        /// Weights.
        Model = "model",
        /// A library or another part of a bill of materials.
        Component = "component",
        /// A file or anything else with a digest.
        Artifact = "artifact",
        /// A check of an artifact.
        Check = "check",
        /// A policy.
        Policy = "policy",
        /// What a policy said of an artifact.
        Verdict = "verdict",
        /// What was published under a name and version.
        Release = "release",
        /// A model that serves somewhere.
        Deployment = "deployment",
        /// A request and its answer.
        Decision = "decision",
    }
}

words! {
    /// Why one node leads to another, from what was there before to what came of it.
    Relation {
        /// Two digests of the same bytes.
        SameAs = "same-as",
        /// What a run read.
        Input = "input",
        /// What a run wrote.
        Output = "output",
        /// What a run wrote beside its results: logs, metrics.
        Byproduct = "byproduct",
        /// A file of a bundle.
        PartOf = "part-of",
        /// A job's execution, or a run started by a run.
        Executes = "executes",
        /// A model made from another: fine-tuned, merged, quantised.
        BaseOf = "base-of",
        /// Something that was used without a run being known.
        UsedBy = "used-by",
        /// A version and the one after it.
        PrecedesVersion = "precedes-version",
        /// An artifact and what was said of it.
        Judged = "judged",
        /// An artifact and its release.
        Released = "released",
        /// What serves in a deployment.
        Deployed = "deployed",
        /// What a decision was made by.
        Decided = "decided",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_a_node_in_lower_case_and_a_bad_one_is_refused() {
        let upper = format!("sha256:{}", "AB".repeat(32));
        assert_eq!(upper.parse::<NodeId>().unwrap().as_str(), upper.to_ascii_lowercase());
        assert_eq!("ab".repeat(32).parse::<NodeId>().unwrap().as_str(), upper.to_ascii_lowercase());
        assert!("sha256:12".parse::<NodeId>().is_err());
        assert_eq!("".parse::<NodeId>(), Err(NodeIdError::Empty));
        assert!(matches!("weights".parse::<NodeId>(), Err(NodeIdError::Shape(_))));
    }

    #[test]
    fn namespace_and_name_never_mix() {
        assert_ne!(NodeId::named(Kind::Dataset, "a#b", "c"), NodeId::named(Kind::Dataset, "a", "b#c"));
        assert_ne!(NodeId::named(Kind::Dataset, "a", "b"), NodeId::named(Kind::Job, "a", "b"));
    }

    #[test]
    fn names_too_long_stay_different() {
        let long = "x".repeat(5_000);
        let (one, two) = (NodeId::run(&format!("{long}1")), NodeId::run(&format!("{long}2")));
        assert_ne!(one, two);
        assert!(one.as_str().len() <= LONGEST_NODE && one.digest().is_none());
    }

    #[test]
    fn a_name_cannot_pose_as_a_digest() {
        assert!(NodeId::of_uri(&format!("sha256:{}", "ab".repeat(32))).digest().is_none());
        assert!(!NodeId::of_digest(&Digest::new("md5", &"ab".repeat(16)).unwrap()).is_strong());
        assert!(NodeId::of_digest(&Digest::sha256(b"")).is_strong());
    }

    #[test]
    fn words_read_back() {
        assert!(Kind::ALL.iter().all(|kind| Kind::from_name(kind.name()) == Some(*kind)));
        assert!(Relation::ALL.iter().all(|each| Relation::from_name(each.name()) == Some(*each)));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_node_or_an_error(text: String) {
            if let Ok(node) = text.parse::<NodeId>() {
                let read = node.as_str().parse::<NodeId>();
                proptest::prop_assert_eq!(read, Ok(node));
            }
        }
    }
}

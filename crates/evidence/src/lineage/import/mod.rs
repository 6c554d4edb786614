//! Lineage that others wrote down, read into [`Facts`].
//!
//! A document is a claim: what is imported becomes a statement of whoever signs the import, about the digest of the document,
//! and keeps its place in the log. Readers are total, bounded, and name what they could not use.

pub mod attestation;
pub mod croissant;
pub mod cyclonedx;
pub mod cyclonedx_xml;
pub mod dvc;
mod folder;
pub mod git;
pub mod mlflow;
pub mod model_card;
pub mod openlineage;
mod sniff;
pub mod spdx;
pub mod spdx_tags;
mod yaml;

pub use folder::Folder;
pub use sniff::{Document, bytes, path};

use super::facts::Facts;
use super::node::NodeId;
use serde_json::Value;
use std::path::PathBuf;

/// Largest document read, in bytes.
pub const LARGEST_DOCUMENT: usize = 256 << 20;
/// Most remarks kept for one document.
pub const MOST_REMARKS: usize = 100;

/// What a document says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Its format, for people and for the statement.
    pub format: &'static str,
    /// What the document as a whole describes, when it describes one thing.
    pub root: Option<NodeId>,
    /// Nodes and edges.
    pub facts: Facts,
    /// What could not be used, and why.
    pub remarks: Vec<String>,
    /// Files whose content is not what the document says.
    pub mismatches: Vec<Mismatch>,
}

/// A file that is not what a document says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The file.
    pub path: PathBuf,
    /// The digest in the document.
    pub expected: String,
    /// The digest of the file.
    pub found: String,
}

/// Why a document cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Not JSON.
    #[error("not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// Not YAML.
    #[error("not YAML: line {line}: {reason}")]
    Yaml {
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// Not XML, or XML of a kind that is refused.
    #[error("not XML that is read: byte {offset}: {reason}")]
    Xml {
        /// Where, in bytes from the beginning.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
    /// JSON or YAML of another kind.
    #[error("no {format} document: {reason}")]
    Shape {
        /// What was expected.
        format: &'static str,
        /// What is missing.
        reason: String,
    },
    /// None of the formats that are read.
    #[error(
        "none of the formats that are read: in-toto statements and envelopes, OpenLineage events, MLflow run and model folders, dvc.lock, \
         Croissant, model cards, git repositories, CycloneDX as JSON or XML, SPDX as JSON or tags and values"
    )]
    Unknown,
    /// Larger than [`LARGEST_DOCUMENT`].
    #[error("the document has {0} bytes; up to {LARGEST_DOCUMENT} are read")]
    TooLarge(u64),
    /// It cannot be read from disk.
    #[error("cannot read {path}: {error}")]
    Disk {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: std::io::Error,
    },
    /// A program that is needed failed.
    #[error("{0}")]
    Program(String),
}

impl Imported {
    fn new(format: &'static str) -> Self {
        Self { format, ..Self::default() }
    }

    /// Keeps a remark, unless there are very many already.
    fn remark(&mut self, remark: impl FnOnce() -> String) {
        if self.remarks.len() < MOST_REMARKS {
            self.remarks.push(remark());
        }
    }

    /// Facts in order, each once.
    fn finish(mut self) -> Self {
        self.facts.nodes.sort();
        self.facts.nodes.dedup();
        self.facts.edges.sort();
        self.facts.edges.dedup();
        let to_itself = self.facts.edges.iter().filter(|edge| edge.from == edge.to);
        let told: Vec<String> = to_itself
            .take(MOST_REMARKS.saturating_sub(self.remarks.len()))
            .map(|edge| format!("{} is said to be `{}` of itself", edge.from, edge.relation))
            .collect();
        self.remarks.extend(told);
        self
    }
}

/// Reads bytes as one JSON value. The reader refuses nesting deeper than 128.
fn json(bytes: &[u8]) -> Result<Value, ImportError> {
    if bytes.len() > LARGEST_DOCUMENT {
        return Err(ImportError::TooLarge(bytes.len() as u64));
    }
    Ok(serde_json::from_slice(bytes)?)
}

/// The list under `key`, or one value standing for a list of itself; JSON-LD allows both.
fn listed<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    match value.get(key) {
        Some(Value::Array(list)) => list,
        Some(Value::Null) | None => &[],
        Some(one) => std::slice::from_ref(one),
    }
}

/// The text under `key`, when it is not empty.
fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

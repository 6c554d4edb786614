//! What is known to be wrong with versions of packages, from a database that was imported beforehand: nothing is asked
//! of a network.
//!
//! Source: OSV schema 1.7 (<https://ossf.github.io/osv-schema/>), its evaluation of `events` and `versions`.

mod database;
mod import;
mod matching;
mod osv;
mod rule;
mod score;
mod zip;

pub use database::{Database, Header};
pub use import::{Imported, import};
pub use matching::{FRESH_DAYS, Vulnerabilities, vulnerabilities};

use std::path::PathBuf;
use thiserror::Error;

/// What is wrong with one package, compact.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Advisory {
    /// Its identifier, for example `GHSA-…`, `PYSEC-…`, `CVE-…`.
    pub id: String,
    /// Identifiers of the same weakness elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// One line.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// How bad.
    pub severity: bartizan_core::Severity,
    /// Ranges of versions that are affected, any of which suffices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<Interval>,
    /// Single versions that are affected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<String>,
}

/// A range of versions.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Interval {
    /// Lowest version, and whether it belongs to the range; from the first when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<(String, bool)>,
    /// Highest version, and whether it belongs to the range; to the last when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<(String, bool)>,
}

/// Why a database cannot be made or used.
#[derive(Debug, Error)]
pub enum AdvisoryError {
    /// Something could not be read.
    #[error("cannot read {}: {source}; check that it is a folder of OSV files, a zip of them, or JSON lines", path.display())]
    Unreadable {
        /// What.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The archive is none, or is one that is not read.
    #[error("{} is no zip archive that can be read ({reason}); unpack it and import the folder", path.display())]
    Archive {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Nothing in it is an advisory.
    #[error("{} holds no advisory for PyPI, npm or crates.io; download an ecosystem's all.zip from the OSV data", path.display())]
    Empty {
        /// Where none was.
        path: PathBuf,
    },
    /// Records that are no JSON objects, and files that hold none: cut off, most often. What they would have said nobody knows.
    #[error("{}: {records} records are no JSON objects or are missing from their file, the first of them in `{first}`; fetch them again. Nothing was imported: without them, what they warn of would be called clean", path.display())]
    Broken {
        /// What was imported.
        path: PathBuf,
        /// How many.
        records: usize,
        /// File, or member of the archive, of the first.
        first: String,
    },
    /// The database was changed or cut.
    #[error("the database of advisories is damaged ({reason}); import it again with `bartizan db import`")]
    Damaged {
        /// What is wrong with it.
        reason: &'static str,
    },
}

//! Why the current version of a table cannot be told.

use std::io;
use std::path::PathBuf;

/// Each variant names the document of the table's metadata that it is about.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// A document or data file cannot be read.
    #[error("cannot read {path}: {error}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// A document is not what the format wants.
    #[error("{path}{place}: {reason}")]
    Malformed {
        /// The document.
        path: PathBuf,
        /// Where in it: a line, an offset, a field.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// The table uses something that changes its rows and is not read.
    #[error("{path}: {what} is not read; {remedy}")]
    Unsupported {
        /// The document.
        path: PathBuf,
        /// What it is.
        what: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A document names a file that is not in the table's folder.
    #[error(
        "{path} names `{named}`, which lies outside the table's folder and is not read; copy the table as a whole"
    )]
    Outside {
        /// The document.
        path: PathBuf,
        /// What it names.
        named: String,
    },
    /// The log is not whole.
    #[error("{path}: {reason}; the table's current version cannot be told")]
    Gap {
        /// The folder of the log.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// A data file is not there, or is not the one that the table recorded.
    #[error("{path} {reason}; restore it, or let the engine that keeps the table repair it")]
    Changed {
        /// The data file.
        path: PathBuf,
        /// What differs.
        reason: String,
    },
    /// More than is read.
    #[error("{path} has more than {limit} {what}")]
    Limit {
        /// The document or folder.
        path: PathBuf,
        /// How many are read.
        limit: u64,
        /// Of what.
        what: &'static str,
    },
}

impl LakeError {
    /// A document that is not what the format wants.
    pub fn malformed(path: impl Into<PathBuf>, place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Malformed { path: path.into(), place: place.into(), reason: reason.into() }
    }
}

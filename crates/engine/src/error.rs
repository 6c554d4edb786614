//! What can go wrong between a dataset and an answer.

use bartizan_data::expect::{ImportError, SuiteError};
use bartizan_data::lake::LakeError;
use bartizan_data::profile::ProfileError;
use bartizan_stats::StatsError;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;
use std::io;
use std::path::PathBuf;

/// Why there is no answer. Each variant names the file and, where known, the place in it.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A file or folder cannot be read.
    #[error("cannot read {path}: {error}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {path}: {error}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// A pattern of paths is not well formed.
    #[error("`{pattern}` is no glob: {error}")]
    Glob {
        /// The pattern.
        pattern: String,
        /// What is wrong.
        #[source]
        error: globset::Error,
    },
    /// Nothing to read.
    #[error("{0} holds no dataset: no Parquet, CSV, TSV, JSON, Arrow or Avro file")]
    Nothing(String),
    /// The current version of a Delta or Iceberg table cannot be told.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A table of no file.
    #[error("the {format} table {path} has no file in its version {version}: there is nothing to read")]
    EmptyTable {
        /// The table's folder.
        path: PathBuf,
        /// Delta or Iceberg.
        format: &'static str,
        /// Its current version.
        version: String,
    },
    /// A folder that is walked holds a table, whose folder has dropped files as well.
    #[error(
        "{place} holds the Delta or Iceberg table {table}: name the table itself, so that its current version is read"
    )]
    WithinTable {
        /// The folder that was named.
        place: PathBuf,
        /// The table's folder.
        table: PathBuf,
    },
    /// More files than are read.
    #[error("{place} holds more than {limit} files: name a part of it")]
    TooMany {
        /// The folder or pattern.
        place: String,
        /// How many are read.
        limit: usize,
    },
    /// A file of no byte.
    #[error("{0} is empty: it holds not even a header")]
    EmptyFile(PathBuf),
    /// A file of no known form.
    #[error("{0} is of no known form; Parquet, CSV, TSV, JSON, JSON Lines, Arrow IPC and Avro are read")]
    Form(PathBuf),
    /// A file is damaged or not what its beginning says.
    #[error("{path}{place}: {reason}")]
    Data {
        /// The file.
        path: PathBuf,
        /// Where in it, as far as known: row group, row, line, column.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// A dataset has more columns than are read.
    #[error("{path} has {found} columns; at most {limit} are read: leave some out with --column")]
    Columns {
        /// The file.
        path: PathBuf,
        /// How many it has.
        found: usize,
        /// How many are read.
        limit: usize,
    },
    /// There is no such column.
    #[error("{path} has no column `{column}`; it has {known}")]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// Some that it has.
        known: String,
    },
    /// Files of one dataset disagree.
    #[error(transparent)]
    Shards(#[from] ProfileError),
    /// A suite cannot be used.
    #[error("{path} {error}")]
    Suite {
        /// The suite.
        path: PathBuf,
        /// What is wrong.
        #[source]
        error: Box<SuiteError>,
    },
    /// Another tool's suite cannot be used.
    #[error("{path} {error}")]
    Import {
        /// The document.
        path: PathBuf,
        /// What is wrong.
        #[source]
        error: ImportError,
    },
    /// A profile cannot be used.
    #[error("{path} {error}")]
    Profile {
        /// The profile.
        path: PathBuf,
        /// What is wrong.
        #[source]
        error: Box<ProfileError>,
    },
    /// A number asked for is out of bounds.
    #[error("{0}")]
    Argument(String),
    /// A statistic cannot be computed.
    #[error(transparent)]
    Statistic(#[from] StatsError),
    /// The engine failed, on no file in particular.
    #[error("{}", plain(.0))]
    Engine(#[from] Box<DataFusionError>),
    /// The output cannot be written.
    #[error("cannot write to standard output: {0}")]
    Output(#[source] io::Error),
    /// A state that the engine itself wrote is damaged.
    #[error("a state of the engine was damaged on its way: this is a defect in bartizan, not in your files")]
    State,
}

impl From<DataFusionError> for EngineError {
    fn from(error: DataFusionError) -> Self {
        Self::Engine(Box::new(error))
    }
}

/// The message of an engine's error without its inner layers and traces.
pub(crate) fn plain(error: &DataFusionError) -> String {
    let root = match error.find_root() {
        DataFusionError::SchemaError(inner, _) => match inner.as_ref() {
            SchemaError::FieldNotFound { field, .. } => {
                return format!("there is no column `{}`", bartizan_core::printable(&field.name, 100));
            }
            _ => error.find_root().strip_backtrace(),
        },
        DataFusionError::SQL(inner, _) => match inner.as_ref() {
            ParserError::ParserError(said) | ParserError::TokenizerError(said) => {
                format!("is no SQL: {said}")
            }
            ParserError::RecursionLimitExceeded => "is no SQL: it nests too deeply".to_owned(),
        },
        root => root.strip_backtrace(),
    };
    let text = root.lines().next().unwrap_or_default();
    let known = [
        "Arrow error: ",
        "Parquet error: ",
        "Csv error: ",
        "Json error: ",
        "Execution error: ",
        "External error: ",
        "Parser error: ",
        "Error during planning: ",
        "Optimizer rule ",
        "type_coercion\ncaused by\n",
        "External: ",
    ];
    let mut text = text.trim();
    while let Some(rest) = known.iter().find_map(|prefix| text.strip_prefix(prefix)) {
        text = rest.trim();
    }
    bartizan_core::printable(text, 600)
}

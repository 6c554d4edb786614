//! Report writers, one file each. All are pure: a report in, bytes out, no clock, no terminal, no environment.

pub mod json;
pub mod jsonl;
pub mod table;

mod escape;
mod measure;

use crate::report::Report;
use std::io::{self, Write};
use std::str::FromStr;

/// A way to write a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people at a terminal.
    Table,
    /// One JSON document, schema `bartizan.scan/1`.
    Json,
    /// One JSON object per subject, then one with the summary.
    Jsonl,
}

impl Format {
    /// All formats, in the order help lists them.
    pub const ALL: [Self; 3] = [Self::Table, Self::Json, Self::Jsonl];

    /// The word used on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
        }
    }

    /// One line of help.
    pub fn summary(self) -> &'static str {
        match self {
            Self::Table => "For people: findings with their evidence, worst first, and what to do next",
            Self::Json => "One stable JSON document (schema bartizan.scan/1)",
            Self::Jsonl => "One JSON object per file, then a summary line",
        }
    }

    /// Writes `report` to `out`; `table` steers the format for people only.
    ///
    /// # Errors
    /// When writing fails.
    pub fn write(self, report: &Report, table: &table::Options, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Table => table::write(report, table, out),
            Self::Json => json::write(report, out),
            Self::Jsonl => jsonl::write(report, out),
        }
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|format| format.as_str() == word).ok_or(UnknownFormat)
    }
}

/// No format is called so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no report format is called so")]
pub struct UnknownFormat;

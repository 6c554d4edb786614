//! Report writers, one file each. All are pure: a report in, bytes out, no clock, no terminal, no environment.

pub mod github;
pub mod html;
pub mod json;
pub mod jsonl;
pub mod junit;
pub mod markdown;
pub mod sarif;
pub mod table;

mod escape;
pub(crate) mod measure;

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
    /// SARIF 2.1.0.
    Sarif,
    /// GitHub flavoured Markdown.
    Markdown,
    /// JUnit XML.
    Junit,
    /// GitHub workflow commands.
    Github,
    /// One self-contained page.
    Html,
}

impl Format {
    /// All formats, in the order help lists them.
    pub const ALL: [Self; 8] = [
        Self::Table,
        Self::Json,
        Self::Jsonl,
        Self::Sarif,
        Self::Markdown,
        Self::Junit,
        Self::Github,
        Self::Html,
    ];

    /// The word used on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Sarif => "sarif",
            Self::Markdown => "markdown",
            Self::Junit => "junit",
            Self::Github => "github",
            Self::Html => "html",
        }
    }

    /// One line of help.
    pub fn summary(self) -> &'static str {
        match self {
            Self::Table => "For people: findings with their evidence, worst first, and what to do next",
            Self::Json => "One stable JSON document (schema bartizan.scan/1)",
            Self::Jsonl => "One JSON object per file, then a summary line",
            Self::Sarif => "SARIF 2.1.0, for code scanning services and editors",
            Self::Markdown => "Markdown, for comments, issues and job summaries",
            Self::Junit => "JUnit XML, for continuous integration servers",
            Self::Github => "Annotations for GitHub Actions",
            Self::Html => "One self-contained page to open in a browser",
        }
    }

    /// Writes `report` to `out`. Colour, width and detail of `options` steer the table only.
    ///
    /// # Errors
    /// When writing fails.
    pub fn write(self, report: &Report, options: &table::Options, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Table => table::write(report, options, out),
            Self::Json => json::write(report, out),
            Self::Jsonl => jsonl::write(report, out),
            Self::Sarif => sarif::write(report, out),
            Self::Markdown => markdown::write(report, out),
            Self::Junit => junit::write(report, options.fail_on, out),
            Self::Github => github::write(report, out),
            Self::Html => html::write(report, out),
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

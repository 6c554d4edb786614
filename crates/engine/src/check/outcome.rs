//! What a check gave.

use serde::Serialize;
use serde_json::{Value, json};

/// Name and version of the report's form.
pub const CHECK_SCHEMA: &str = "bartizan.check/1";

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckStatus {
    /// The expectation holds.
    Passed,
    /// It does not.
    Failed,
    /// It could not be judged, which is no pass.
    CouldNotRun,
}

/// A row that violates an expectation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// The file.
    pub file: String,
    /// The row in it, from 0.
    pub row: u64,
    /// The values the check looks at, by column; cut and escaped.
    pub values: Vec<(String, String)>,
}

/// The outcome of one expectation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// Place of the expectation in the suite, from 1.
    pub expectation: usize,
    /// What it checks.
    pub check: &'static str,
    /// What it is about.
    pub subject: String,
    /// How it ended.
    pub status: CheckStatus,
    /// What was found, or why it could not run.
    pub message: String,
    /// Rows that violate it, for checks of rows.
    pub violations: Option<u64>,
    /// Rows of which it says nothing because a value is missing.
    pub unknown: Option<u64>,
    /// Files with violations, and how many in each; at most 20.
    pub files: Vec<(String, u64)>,
    /// The first rows that violate it.
    pub examples: Vec<Example>,
}

/// The outcomes of a suite.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckReport {
    /// The suite.
    pub suite: String,
    /// Files read.
    pub files: usize,
    /// Rows read.
    pub rows: u64,
    /// One for each expectation, in the order of the suite.
    pub outcomes: Vec<Outcome>,
}

impl CheckReport {
    /// How many ended so.
    pub fn count(&self, status: CheckStatus) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.status == status).count()
    }

    /// The report for scripts, schema `bartizan.check/1`.
    pub fn to_json(&self) -> Value {
        json!({
            "schema": CHECK_SCHEMA,
            "suite": self.suite,
            "files": self.files,
            "rows": self.rows,
            "passed": self.count(CheckStatus::Passed),
            "failed": self.count(CheckStatus::Failed),
            "could_not_run": self.count(CheckStatus::CouldNotRun),
            "checks": self.outcomes,
        })
    }
}

//! Arguments of `bartizan data`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Arguments of `bartizan data`.
#[derive(Debug, Args)]
pub(crate) struct DataArguments {
    /// What to look for.
    #[command(subcommand)]
    pub(crate) command: DataCommand,
}

/// What is asked about a dataset.
#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// Rank rows that may have been planted: triggers, hidden characters, odd words, one-sided styles
    #[command(after_long_help = POISON_HELP)]
    Poison(PoisonArguments),
}

/// Arguments of `bartizan data poison`.
#[derive(Debug, Args)]
pub(crate) struct PoisonArguments {
    /// JSON Lines, JSON array, CSV or TSV, also compressed with gzip; `-` for standard input
    pub(crate) file: PathBuf,
    /// Column with the text
    #[arg(long, value_name = "COLUMN", default_value = "text")]
    pub(crate) text: String,
    /// Column with the label
    #[arg(long, value_name = "COLUMN", default_value = "label")]
    pub(crate) label: String,
    /// Least score of a suspect that is printed, from 0 to 1
    #[arg(long, value_name = "SCORE", default_value_t = 0.05)]
    pub(crate) min_score: f64,
    /// Score from which a suspect makes the exit code 1
    #[arg(long, value_name = "SCORE", default_value_t = 0.5)]
    pub(crate) fail_on: f64,
    /// Write the rows without those at or above --fail-on to this file, and those to FILE.quarantine; never in place
    #[arg(long, value_name = "FILE")]
    pub(crate) fix: Option<PathBuf>,
    /// Format of the output
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: RowFormat,
}

/// How suspects and hits are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum RowFormat {
    /// For people.
    Table,
    /// One JSON object on each line.
    Jsonl,
}

const POISON_HELP: &str = "\
Examples:
  bartizan data poison reviews.jsonl                                what may have been planted, with its evidence
  bartizan data poison train.csv --text body --label class --format jsonl
  bartizan data poison train.csv --fix clean.csv                    cleaned copy, and clean.csv.quarantine

Rows are counted from 0. Each JSON line has row, score, method and evidence, best first. A score above 0.5 means
that chance is ruled out for all candidates together; below it, a row is only unusual.";

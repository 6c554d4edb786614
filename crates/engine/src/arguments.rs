//! The command line of the engine: the verbs of `bartizan data` that need one.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Look into datasets larger than memory.
#[derive(Debug, Parser)]
#[command(name = "bartizan-data", bin_name = "bartizan data", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say what every column is like: counts, distinct and frequent values, quantiles, shapes, correlations
    Profile(ProfileArguments),
    /// Infer expectations from a reference dataset, or take over those of another tool
    Learn(LearnArguments),
    /// Check a dataset against a suite of expectations, all in one pass
    Check(CheckArguments),
    /// Say how the columns of two datasets differ
    Drift(DriftArguments),
    /// Write every row as JSON Lines, in order: what the other verbs of `bartizan data` read
    #[command(hide = true)]
    Rows(RowsArguments),
}

/// Arguments of `rows`.
#[derive(Debug, Args)]
pub(crate) struct RowsArguments {
    /// Files, folders, globs or tables
    #[arg(required = true, value_name = "PLACE")]
    pub(crate) places: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) input: InputArguments,
}

/// What every verb takes.
#[derive(Debug, Args)]
pub(crate) struct InputArguments {
    /// Most memory of sorting and grouping, such as 512MB; beyond it they go through temporary files
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) memory_limit: Option<usize>,
    /// Threads [default: all processors]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

/// Arguments of `profile`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bartizan data profile orders.parquet
  bartizan data profile logs/ --output logs.profile.json      folders, globs and Hive partitions
  bartizan data profile 'day=*/part.csv.gz' --format html > report.html")]
pub(crate) struct ProfileArguments {
    /// Files, folders or globs: Parquet, CSV, TSV, JSON, JSON Lines, Arrow IPC, Avro; text forms also compressed; folders of Delta and Iceberg tables
    #[arg(required = true, value_name = "PLACE")]
    pub(crate) places: Vec<PathBuf>,
    /// Look at this column only; repeat for more
    #[arg(long, value_name = "COLUMN")]
    pub(crate) column: Vec<String>,
    /// Keep the profile, with the states that merging and drift need, in this file
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Format of the output
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: ProfileFormat,
    #[command(flatten)]
    pub(crate) input: InputArguments,
}

/// Arguments of `learn`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bartizan data learn reference.parquet --output suite.toml        and suite.profile.json, for drift
  bartizan data learn --import great_expectations.json --output suite.toml
  bartizan data learn --import croissant.json                      to standard output")]
pub(crate) struct LearnArguments {
    /// Files, folders or globs of the reference
    #[arg(required_unless_present = "import", value_name = "PLACE")]
    pub(crate) places: Vec<PathBuf>,
    /// Take over a Great Expectations suite, a Croissant description (JSON) or a pandera schema (JSON, YAML) instead; what does not map is named
    #[arg(long, value_name = "FILE", conflicts_with = "places")]
    pub(crate) import: Option<PathBuf>,
    /// Confidence of what is inferred
    #[arg(long, value_name = "SHARE", default_value_t = 0.99)]
    pub(crate) confidence: f64,
    /// Write the suite to this file, and the profile beside it; an existing suite is not overwritten
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) input: InputArguments,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 all hold, 1 an expectation does not hold, 2 error, 3 an expectation could not be judged.

Examples:
  bartizan data check batch.parquet --against suite.toml
  bartizan data check 'day=*/part.csv.gz' --against suite.toml --format junit > report.xml
  bartizan data check batch.parquet --against suite.toml --attest --key bartizan.key    the result as a signed statement"
)]
pub(crate) struct CheckArguments {
    /// Files, folders or globs
    #[arg(required = true, value_name = "PLACE")]
    pub(crate) places: Vec<PathBuf>,
    /// The suite (TOML)
    #[arg(long, value_name = "SUITE")]
    pub(crate) against: PathBuf,
    /// Rows shown of every failed check
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    pub(crate) rows: usize,
    /// The time that freshness is judged at, such as 2026-01-31T12:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<jiff::Timestamp>,
    /// Format of the output
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: CheckFormat,
    /// Write the JSON report to this file as well, with the names of the files that were read
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) input: InputArguments,
}

/// Arguments of `drift`.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 no drift, 1 drift, 2 error.

Examples:
  bartizan data drift reference.parquet batch.parquet
  bartizan data drift suite.profile.json batch.parquet --level 0.001 --format json")]
pub(crate) struct DriftArguments {
    /// The reference: a file, folder, glob, or a profile written with --output
    #[arg(value_name = "REFERENCE")]
    pub(crate) reference: PathBuf,
    /// The current dataset, or its profile
    #[arg(value_name = "CURRENT")]
    pub(crate) current: PathBuf,
    /// Compare this column only; repeat for more
    #[arg(long, value_name = "COLUMN")]
    pub(crate) column: Vec<String>,
    /// Level of the p-values, which are corrected for the number of tests (Holm)
    #[arg(long, value_name = "SHARE", default_value_t = 0.01)]
    pub(crate) level: f64,
    /// Least effect that counts: distance of distribution functions, or Cramér's V
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    pub(crate) least_effect: f64,
    /// Format of the output
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: DriftFormat,
    /// Write the JSON report to this file as well, with the names of the files that were read
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) input: InputArguments,
}

/// How outcomes are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// For people at a terminal.
    Table,
    /// One JSON document, schema bartizan.check/1.
    Json,
    /// JUnit XML, for continuous integration servers.
    Junit,
}

/// How drift is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DriftFormat {
    /// For people at a terminal.
    Table,
    /// One JSON document, schema bartizan.drift/1.
    Json,
}

/// How a profile is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProfileFormat {
    /// For people at a terminal.
    Table,
    /// One JSON document, schema bartizan.profile/1, without states.
    Json,
    /// One self-contained page with plots.
    Html,
}

/// A size in bytes, with K, M or G for powers of 1,000 and Ki, Mi, Gi for those of 1,024.
fn size(text: &str) -> Result<usize, String> {
    let text = text.trim().trim_end_matches(['B', 'b']);
    let digits = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let unit = text.get(digits.len()..).unwrap_or_default();
    let scale: usize = match unit.to_ascii_lowercase().as_str() {
        "" => 1,
        "k" => 1_000,
        "m" => 1_000_000,
        "g" => 1_000_000_000,
        "ki" => 1 << 10,
        "mi" => 1 << 20,
        "gi" => 1 << 30,
        _ => return Err(format!("`{unit}` is no unit; K, M, G, Ki, Mi and Gi are")),
    };
    let number: usize =
        digits.trim().parse().map_err(|_| "a whole number with a unit, such as 512MB".to_owned())?;
    let bytes = number.checked_mul(scale).ok_or("more than this machine can address")?;
    if bytes < 16 << 20 { Err("at least 16MiB".to_owned()) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(size("512MB"), Ok(512_000_000));
        assert_eq!(size("1GiB"), Ok(1 << 30));
        assert!(size("12").is_err() && size("1x").is_err() && size("99999999999999G").is_err());
    }
}

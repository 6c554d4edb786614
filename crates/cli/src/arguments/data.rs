//! Arguments of `bartizan data`.

use super::lineage::KeyChoice;
use super::{QuarantineArguments, SourcesArguments};
use crate::settings::values::Size;
use clap::{Args, Subcommand};
use std::ffi::OsString;
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
    /// Rank rows or preference pairs that may have been planted: triggers, hidden characters, flipped orders, raters …
    #[command(after_long_help = POISON_HELP)]
    Poison(PoisonArguments),
    /// Find credentials, personal data and deceptive characters in every value
    #[command(after_long_help = LEAKS_HELP)]
    Leaks(LeakArguments),
    /// Rank labels by how probably they are wrong, by the probabilities of a model, or by models fitted to the other rows
    Labels(LabelArguments),
    /// Find rows that say nearly the same as an earlier one, in one pass
    Duplicates(DuplicateArguments),
    /// Find rows of a test set that a training set holds, or nearly
    Contamination(ContaminationArguments),
    /// Plant signed canary rows, list them, and look for them in another dataset or in a model's answers
    Canary(CanaryArguments),
    /// Score every row of a table by how strange it is among the others
    Anomalies(AnomalyArguments),
    /// May this data be used: origin, licence, signature and pinned digests, against a list
    Sources(SourcesArguments),
    /// Move files of a dataset aside so that nothing reads them, list them, move them back
    Quarantine(QuarantineArguments),
    /// Say what every column is like: counts, distinct and frequent values, quantiles, shapes (engine)
    #[command(disable_help_flag = true)]
    Profile(EngineArguments),
    /// Infer expectations from a reference dataset, or import those of another tool (engine)
    #[command(disable_help_flag = true)]
    Learn(EngineArguments),
    /// Check a dataset against a suite of expectations, all in one pass (engine)
    #[command(disable_help_flag = true)]
    Check(EngineArguments),
    /// Say how the columns of two datasets differ (engine)
    #[command(disable_help_flag = true)]
    Drift(EngineArguments),
}

/// What is passed on to the engine, `bartizan-data`; `--help` asks it.
#[derive(Debug, Args)]
pub(crate) struct EngineArguments {
    /// Arguments of the engine
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
    pub(crate) arguments: Vec<OsString>,
}

/// Arguments of `bartizan data leaks`.
#[derive(Debug, Args)]
pub(crate) struct LeakArguments {
    /// JSON Lines, JSON array, CSV, TSV or plain text, also compressed with gzip; `-` for standard input; with the engine also Parquet, Arrow IPC, Avro, folders, globs, Delta and Iceberg tables
    pub(crate) file: PathBuf,
    /// Look in this column only; repeat for more
    #[arg(long, value_name = "COLUMN")]
    pub(crate) column: Vec<String>,
    /// Look for these only; repeat for more
    #[arg(long, value_name = "WHAT")]
    pub(crate) only: Vec<LeakClass>,
    /// Least score of a hit that is printed, from 0 to 1
    #[arg(long, value_name = "SCORE", default_value_t = 0.5, value_parser = share)]
    pub(crate) min_score: f64,
    /// What makes the exit code 1
    #[arg(long, value_name = "WHAT", default_value = "secret")]
    pub(crate) fail_on: FailOn,
    /// Write a copy of the dataset to this file with everything that is printed replaced; never in place
    #[arg(long, value_name = "FILE")]
    pub(crate) redact: Option<PathBuf>,
    /// What takes the place of a value in the copy
    #[arg(long, value_name = "HOW", default_value = "label", requires = "redact")]
    pub(crate) replace: Replacement,
    /// Characters at the end of a value that a mask leaves
    #[arg(long, value_name = "NUMBER", default_value_t = 0, requires = "redact")]
    pub(crate) keep: usize,
    /// File with the key of pseudonyms: 32 random bytes, or 64 hexadecimal digits
    #[arg(long, value_name = "FILE", required_if_eq("replace", "pseudonym"))]
    pub(crate) pseudonym_key: Option<PathBuf>,
    /// Columns that together may single people out, parted by commas; rows are checked for --k others like them
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub(crate) quasi: Vec<String>,
    /// Fewest rows that must share the values of the --quasi columns
    #[arg(long, value_name = "NUMBER", default_value_t = 5, requires = "quasi", value_parser = clap::value_parser!(u64).range(2..))]
    pub(crate) k: u64,
    /// Format of the output
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: RowFormat,
}

/// What takes the place of a value in a redacted copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Replacement {
    /// The type in brackets.
    Label,
    /// Asterisks in the shape of the value.
    Mask,
    /// A pseudonym of the same shape, the same for the same value under one key.
    Pseudonym,
}

/// What `data leaks` looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LeakClass {
    /// Credentials.
    Secrets,
    /// Personal data, by form and by words.
    Pii,
    /// Personal data told by its form: numbers, addresses of mail and machines.
    Patterns,
    /// Personal data told by words: names, postal addresses, dates.
    Names,
    /// Characters that are not seen, or not what they seem.
    Characters,
}

/// What makes `data leaks` fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum FailOn {
    /// A credential.
    Secret,
    /// Anything that is printed.
    Any,
    /// Nothing.
    Never,
}

/// Arguments of `bartizan data labels`.
#[derive(Debug, Args)]
pub(crate) struct LabelArguments {
    /// Dataset whose labels are judged by linear models of its other rows: JSON Lines, JSON array, CSV, TSV, also gzip
    #[arg(required_unless_present = "probabilities", conflicts_with = "probabilities")]
    pub(crate) file: Option<PathBuf>,
    /// Column of the labels
    #[arg(long, value_name = "COLUMN", default_value = "label", conflicts_with = "probabilities")]
    pub(crate) label: String,
    /// Judge by this column only; repeat for more (all but the label where none is named)
    #[arg(long, value_name = "COLUMN", conflicts_with = "probabilities")]
    pub(crate) column: Vec<String>,
    /// Given labels, whole numbers from 0: a NumPy array of shape (rows,)
    #[arg(long, value_name = "FILE.npy", requires = "probabilities")]
    pub(crate) labels: Option<PathBuf>,
    /// Probability of each class, from a model that has not seen the row: a NumPy array of shape (rows, classes)
    #[arg(long, value_name = "FILE.npy", requires = "labels")]
    pub(crate) probabilities: Option<PathBuf>,
    /// Most memory of rows that are judged together, such as 4GB [default: 80 % of what is free]
    #[arg(long, value_name = "SIZE")]
    pub(crate) memory_limit: Option<Size>,
    /// Format of the output
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: RowFormat,
}

/// Arguments of `bartizan data duplicates`.
#[derive(Debug, Args)]
pub(crate) struct DuplicateArguments {
    /// JSON Lines, JSON array, CSV, TSV or plain text, also compressed with gzip; `-` for standard input; with the engine also Parquet, Arrow IPC, Avro, folders, globs, Delta and Iceberg tables
    pub(crate) file: PathBuf,
    /// Compare this column only; repeat for more
    #[arg(long, value_name = "COLUMN")]
    pub(crate) column: Vec<String>,
    /// Least similarity (Jaccard, of runs of five characters), from 0.5 to 1
    #[arg(long, value_name = "SIMILARITY", default_value_t = 0.8, value_parser = similarity)]
    pub(crate) similarity: f64,
    /// Share of repeated rows from which the exit code is 1
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) fail_on: Option<f64>,
    /// Write the rows that repeat no other to this file, and the rest to FILE.quarantine; never in place
    #[arg(long, value_name = "FILE")]
    pub(crate) fix: Option<PathBuf>,
    /// Format of the output
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: RowFormat,
}

/// Arguments of `bartizan data contamination`.
#[derive(Debug, Args)]
pub(crate) struct ContaminationArguments {
    /// The training set
    pub(crate) train: PathBuf,
    /// The test set
    pub(crate) test: PathBuf,
    /// Compare this column only; repeat for more
    #[arg(long, value_name = "COLUMN")]
    pub(crate) column: Vec<String>,
    /// Least similarity (Jaccard, of runs of five characters), from 0.5 to 1
    #[arg(long, value_name = "SIMILARITY", default_value_t = 0.8, value_parser = similarity)]
    pub(crate) similarity: f64,
    /// Write the test rows that the training set does not hold to this file, and the rest to FILE.quarantine
    #[arg(long, value_name = "FILE")]
    pub(crate) fix: Option<PathBuf>,
    /// Format of the output
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: RowFormat,
}

/// Arguments of `bartizan data canary`.
#[derive(Debug, Args)]
pub(crate) struct CanaryArguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: CanaryCommand,
}

/// What is done with canaries.
#[derive(Debug, Subcommand)]
pub(crate) enum CanaryCommand {
    /// Write a copy of a dataset with canary rows, and a signed record of them; never in place
    Plant(CanaryPlantArguments),
    /// List the canaries of a record
    List(CanaryListArguments),
    /// Look for the canaries of a record in a dataset, a log or a text; exit code 1 when one is there
    Check(CanaryCheckArguments),
}

/// Arguments of `bartizan data canary plant`.
#[derive(Debug, Args)]
pub(crate) struct CanaryPlantArguments {
    /// JSON Lines, JSON array, CSV, TSV or plain text, also compressed with gzip
    pub(crate) file: PathBuf,
    /// Column in which the canaries stand
    #[arg(long, value_name = "COLUMN", default_value = "text")]
    pub(crate) text: String,
    /// How many canaries are planted, 1 to 100,000
    #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) count: u32,
    /// The copy that is written
    #[arg(long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// The signed record that is written; OUTPUT.canaries.json where none is named. Keep it from whoever gets the dataset
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) key: KeyChoice,
}

/// Arguments of `bartizan data canary list`.
#[derive(Debug, Args)]
pub(crate) struct CanaryListArguments {
    /// The record
    pub(crate) record: PathBuf,
    /// Public key that must have signed it
    #[arg(long, value_name = "FILE", default_value = "bartizan.pub")]
    pub(crate) public_key: PathBuf,
    /// Format of the output
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: RowFormat,
}

/// Arguments of `bartizan data canary check`.
#[derive(Debug, Args)]
pub(crate) struct CanaryCheckArguments {
    /// What is looked through: JSON Lines, JSON array, CSV, TSV or plain text; `-` for standard input
    pub(crate) file: PathBuf,
    /// The record
    #[arg(long, value_name = "FILE")]
    pub(crate) record: PathBuf,
    /// Public key that must have signed it
    #[arg(long, value_name = "FILE", default_value = "bartizan.pub")]
    pub(crate) public_key: PathBuf,
    /// Format of the output
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: RowFormat,
}

/// Arguments of `bartizan data anomalies`.
#[derive(Debug, Args)]
pub(crate) struct AnomalyArguments {
    /// JSON Lines, JSON array, CSV, TSV, also compressed with gzip, or a NumPy array (.npy, or X in .npz); with the engine also Parquet, Arrow IPC, Avro, folders, globs, Delta and Iceberg tables
    pub(crate) file: PathBuf,
    /// Judge this column only; repeat for more
    #[arg(long, value_name = "COLUMN")]
    pub(crate) column: Vec<String>,
    /// Column by which rows are in time, a number or an ISO 8601 date: find lasting jumps of level or spread
    #[arg(long, value_name = "COLUMN")]
    pub(crate) time: Option<String>,
    /// Seed of the isolation forest, and of the sample of texts
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Most memory of rows that are judged together, such as 4GB [default: 80 % of what is free]
    #[arg(long, value_name = "SIZE")]
    pub(crate) memory_limit: Option<Size>,
    /// Format of the output
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: RowFormat,
}

/// Arguments of `bartizan data poison`.
#[derive(Debug, Args)]
pub(crate) struct PoisonArguments {
    /// JSON Lines, JSON array, CSV or TSV, also compressed with gzip; `-` for standard input; with the engine also Parquet, Arrow IPC, Avro, folders, globs, Delta and Iceberg tables
    #[arg(required_unless_present = "embeddings")]
    pub(crate) file: Option<PathBuf>,
    /// Column with the text
    #[arg(long, value_name = "COLUMN", default_value = "text")]
    pub(crate) text: String,
    /// Column with the label
    #[arg(long, value_name = "COLUMN", default_value = "label")]
    pub(crate) label: String,
    /// Judge preference pairs: column with the answer that was chosen; needs --rejected
    #[arg(long, value_name = "COLUMN", requires = "rejected", conflicts_with_all = ["text", "label"])]
    pub(crate) chosen: Option<String>,
    /// Column with the answer that was not chosen
    #[arg(long, value_name = "COLUMN", requires = "chosen")]
    pub(crate) rejected: Option<String>,
    /// Column with the prompt of a pair; what both answers begin with counts as prompt anyway
    #[arg(long, value_name = "COLUMN", requires = "chosen")]
    pub(crate) prompt: Option<String>,
    /// Column that names who chose: find raters who go against everyone else, alone or together
    #[arg(long, value_name = "COLUMN", requires = "chosen")]
    pub(crate) rater: Option<String>,
    /// Column with a reward: find rewards far from all others
    #[arg(long, value_name = "COLUMN", requires = "chosen")]
    pub(crate) reward: Option<String>,
    /// Judge features: embeddings or activations of shape (rows, columns), a NumPy array; FILE is then only what --fix parts
    #[arg(long, value_name = "FILE.npy", requires = "labels", conflicts_with_all = ["chosen", "text", "label"])]
    pub(crate) embeddings: Option<PathBuf>,
    /// Class of each row of --embeddings, whole numbers from 0: a NumPy array of shape (rows,)
    #[arg(long, value_name = "FILE.npy", requires = "embeddings")]
    pub(crate) labels: Option<PathBuf>,
    /// Least score of a suspect that is printed, from 0 to 1
    #[arg(long, value_name = "SCORE", default_value_t = 0.05, value_parser = share)]
    pub(crate) min_score: f64,
    /// Score from which a suspect makes the exit code 1
    #[arg(long, value_name = "SCORE", default_value_t = 0.5, value_parser = share)]
    pub(crate) fail_on: f64,
    /// Write the rows without those at or above --fail-on to this file, and those to FILE.quarantine; never in place
    #[arg(long, value_name = "FILE")]
    pub(crate) fix: Option<PathBuf>,
    /// Most memory of rows that are judged together, such as 4GB [default: 80 % of what is free]
    #[arg(long, value_name = "SIZE")]
    pub(crate) memory_limit: Option<Size>,
    /// Format of the output
    #[arg(long, short, value_name = "FORMAT", default_value = "table")]
    pub(crate) format: RowFormat,
}

impl PoisonArguments {
    /// The dataset; standard input where none is named.
    pub(crate) fn dataset(&self) -> &std::path::Path {
        self.file.as_deref().unwrap_or_else(|| std::path::Path::new("-"))
    }
}

/// How suspects and hits are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum RowFormat {
    /// For people.
    Table,
    /// One JSON object on each line.
    Jsonl,
}

const LEAKS_HELP: &str = "\
Each JSON line has row (from 0), column, start and end (characters within the value), type, score and evidence; the value
itself is never printed.

Examples:
  bartizan data leaks chats.jsonl                       what there is, by kind
  bartizan data leaks chats.jsonl --format jsonl        every place
  bartizan data leaks notes.txt --only secrets --only pii
  bartizan data leaks chats.jsonl --redact clean.jsonl  a copy with labels in place of what was found
  bartizan data leaks chats.jsonl --redact clean.jsonl --replace pseudonym --pseudonym-key names.key
  bartizan data leaks people.csv --quasi born,sex,zip --k 5   who shares their values with fewer than four others";

const POISON_HELP: &str = "\
Examples:
  bartizan data poison reviews.jsonl                                what may have been planted, with its evidence
  bartizan data poison train.csv --text body --label class --format jsonl
  bartizan data poison train.csv --fix clean.csv                    cleaned copy, and clean.csv.quarantine
  bartizan data poison --embeddings activations.npy --labels labels.npy
  bartizan data poison pairs.jsonl --chosen chosen --rejected rejected --rater annotator

Rows are counted from 0. Each JSON line has row, score, method and evidence, best first. A score above 0.5 means
that chance is ruled out for all candidates together; below it, a row is only unusual.";

/// A number from 0 to 1: outside of it nothing would ever be found, or everything.
fn share(text: &str) -> Result<f64, String> {
    within(text, 0.0)
}

/// A similarity that rows can be compared by.
fn similarity(text: &str) -> Result<f64, String> {
    within(text, 0.5)
}

fn within(text: &str, least: f64) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|value| (least..=1.0).contains(value));
    value.ok_or_else(|| format!("a number from {least} to 1 is expected"))
}

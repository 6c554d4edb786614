//! The flags of `bartizan run` and `bartizan reproduce`.

use super::{PassphraseArguments, TextOrJson};
use clap::Args;
use std::ffi::OsString;
use std::path::PathBuf;

/// Arguments of `bartizan run`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub(crate) struct RunArguments {
    /// The command and its arguments
    #[arg(value_name = "COMMAND", required = true, last = true)]
    pub(crate) command: Vec<OsString>,
    /// File or folder of data that the command reads; repeat for more
    #[arg(long, value_name = "PATH", help_heading = "What it reads and writes")]
    pub(crate) data: Vec<PathBuf>,
    /// File or folder of code that the command executes; repeat for more
    #[arg(long, value_name = "PATH", help_heading = "What it reads and writes")]
    pub(crate) code: Vec<PathBuf>,
    /// File or folder that the command writes its results to; repeat for more
    #[arg(long, short, value_name = "PATH", help_heading = "What it reads and writes")]
    pub(crate) output: Vec<PathBuf>,
    /// Record this environment variable too; `NAME*` for all that begin so
    #[arg(long, value_name = "NAME", help_heading = "What is recorded")]
    pub(crate) env: Vec<String>,
    /// Follow every system call instead of watching folders: complete, and slower
    #[arg(long, help_heading = "What is recorded", conflicts_with = "no_watch")]
    pub(crate) trace: bool,
    /// Record what was declared only
    #[arg(long, help_heading = "What is recorded")]
    pub(crate) no_watch: bool,
    /// Read every file, also those whose digest is remembered from an earlier run
    #[arg(long, help_heading = "What is recorded")]
    pub(crate) no_cache: bool,
    /// Keep a copy of each output in the store, so that a later run can be measured against it whatever becomes of the file
    #[arg(long, help_heading = "What is recorded")]
    pub(crate) keep_outputs: bool,
    /// Root folder of the project [default: the nearest above with bartizan.toml or .git, else this one]
    #[arg(long, value_name = "FOLDER", help_heading = "What is recorded")]
    pub(crate) project: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) signing: SigningArguments,
}

/// Who signs a statement, and where it goes.
#[derive(Debug, Args)]
pub(crate) struct SigningArguments {
    /// Private key that signs the statement [default: bartizan.key in the project's root]
    #[arg(
        long,
        value_name = "FILE",
        env = "BARTIZAN_KEY",
        hide_env_values = true,
        help_heading = "Statement"
    )]
    pub(crate) key: Option<PathBuf>,
    /// Write the signed statement to FILE as well
    #[arg(long, value_name = "FILE", help_heading = "Statement")]
    pub(crate) output_statement: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArguments,
}

/// Arguments of `bartizan reproduce`.
#[derive(Debug, Args)]
pub(crate) struct ReproduceArguments {
    /// The recorded run: its name, the digest of its statement, or the statement's file
    #[arg(value_name = "RUN", required_unless_present = "compare")]
    pub(crate) run: Option<String>,
    /// Compare two files or folders and do nothing else
    #[arg(long, value_names = ["A", "B"], num_args = 2, conflicts_with_all = ["run", "command", "keep"])]
    pub(crate) compare: Option<Vec<PathBuf>>,
    /// Run this command instead of the recorded one, for example where a secret was left out of the record
    #[arg(value_name = "COMMAND", last = true)]
    pub(crate) command: Vec<OsString>,
    /// Public key the statement must be signed with [default: the public half of the signing key]
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: Option<PathBuf>,
    /// Largest difference between tensors that still counts as the same result, relative to their root mean square
    #[arg(long, value_name = "RATIO", default_value_t = 0.001, value_parser = ratio)]
    pub(crate) tolerance: f64,
    /// Keep the working copy here; the folder must not exist
    #[arg(long, value_name = "FOLDER")]
    pub(crate) keep: Option<PathBuf>,
    /// Root folder of the project [default: the nearest above with bartizan.toml or .git, else this one]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) project: Option<PathBuf>,
    /// Format of the result
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: TextOrJson,
    #[command(flatten)]
    pub(crate) signing: SigningArguments,
}

fn ratio(text: &str) -> Result<f64, String> {
    let ratio: f64 = text.parse().map_err(|_| "a number is expected, for example 0.001".to_owned())?;
    if ratio.is_finite() && ratio >= 0.0 { Ok(ratio) } else { Err("0 or more is expected".to_owned()) }
}

pub(super) const RUN_HELP: &str = "\
The command runs as it would without `bartizan run --`: its input and output are untouched, signals reach it, and its exit
code is ours (128 and the signal's number when it was killed; 2 when the run could not be recorded). The statement is SLSA
provenance v1. Files are marked declared, observed or undeclared; what could not be seen is said in it and on standard error.

Examples:
  bartizan run -- python train.py
  bartizan run --data data/ --code train.py --output models/ -- python train.py --seed 7";

pub(super) const REPRODUCE_HELP: &str = "\
A folder of its own gets the recorded inputs, each checked against its digest; the recorded command runs there with the
recorded variables; its outputs are compared with the recorded ones.

Exit codes:
  0  identical, or different within --tolerance
  1  different beyond it, or the command failed
  2  usage error, or an input is missing or changed
  3  different in a way that cannot be measured: no tensors could be read

Examples:
  bartizan reproduce 20261123T120000Z-1f2e3d4c5b6a
  bartizan reproduce --compare before.safetensors after.safetensors";

//! Arguments of `bartizan data sources` and `bartizan data quarantine`.

use super::TextOrJson;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Arguments of `bartizan data sources`.
#[derive(Debug, Args)]
pub(crate) struct SourcesArguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: SourcesCommand,
}

/// What is asked about sources.
#[derive(Debug, Subcommand)]
pub(crate) enum SourcesCommand {
    /// Compare datasets with the list: origin, licence, signature and every file's digest; fails closed
    #[command(after_help = "Examples:
  bartizan data sources check                                     every dataset of sources.toml
  bartizan data sources check data/orders                         the dataset that lies there; none in the list is a failure
  bartizan data sources check data/orders --origin https://data.example.org/orders/")]
    Check(SourcesCheckArguments),
    /// Print the table of a dataset with the digests of its files, to be reviewed and added to the list
    #[command(
        after_help = "Example: bartizan data sources pin data/orders --from https://data.example.org/orders/ >> sources.toml"
    )]
    Pin(SourcesPinArguments),
}

/// Arguments of `bartizan data sources check`.
#[derive(Debug, Args)]
pub(crate) struct SourcesCheckArguments {
    /// Files or folders that are to be used; without any, every dataset of the list
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// The list
    #[arg(long, value_name = "FILE", default_value = "sources.toml")]
    pub(crate) sources: PathBuf,
    /// The address that the path was fetched from
    #[arg(long, value_name = "URL", requires = "paths")]
    pub(crate) origin: Option<String>,
    /// Format of the output
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: TextOrJson,
}

/// Arguments of `bartizan data sources pin`.
#[derive(Debug, Args)]
pub(crate) struct SourcesPinArguments {
    /// The file or folder
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// Where it may come from
    #[arg(long, value_name = "URL")]
    pub(crate) from: String,
    /// Its name in the list [default: that of the file or folder]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Its licence, as an SPDX expression
    #[arg(long, value_name = "LICENCE")]
    pub(crate) licence: Option<String>,
}

/// Arguments of `bartizan data quarantine`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct QuarantineArguments {
    /// The files to move aside, each into the folder .quarantine beside it
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) reason: String,
    /// What else to do.
    #[command(subcommand)]
    pub(crate) command: Option<QuarantineCommand>,
}

/// What else is asked about quarantine.
#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineCommand {
    /// List what lies in quarantine below a folder
    List {
        /// The folder
        #[arg(value_name = "FOLDER", default_value = ".")]
        folder: PathBuf,
        /// Format of the output
        #[arg(long, short, value_name = "FORMAT", default_value = "text")]
        format: TextOrJson,
    },
    /// Move a file back to where it lay, if it is unchanged
    Restore {
        /// The beginning of its id, or its name
        #[arg(value_name = "ID")]
        name: String,
        /// The folder to look below
        #[arg(long = "in", value_name = "FOLDER", default_value = ".")]
        folder: PathBuf,
    },
}

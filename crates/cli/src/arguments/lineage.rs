//! The flags of `bartizan lineage`, `attest` and `bom`.

use super::{PassphraseArguments, TextOrJson};
use crate::terminal::Color;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Arguments of `bartizan lineage`.
#[derive(Debug, Args)]
#[command(after_long_help = LINEAGE_HELP)]
pub(crate) struct LineageArguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: LineageCommand,
    /// Folder of the store [default: .bartizan, found upward]
    #[arg(long, global = true, value_name = "FOLDER", env = "BARTIZAN_STORE", hide_env_values = true)]
    pub(crate) store: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LineageCommand {
    /// Show what is known of an artifact, or of the whole store
    Show {
        /// A digest, its first digits, a file, or the name of a node
        node: Option<String>,
        /// Format of the output
        #[arg(long, short, value_name = "FORMAT", default_value = "text")]
        format: TextOrJson,
    },
    /// Follow an artifact: down to all that came of it, or up to all it came of
    Trace(TraceArguments),
    /// Compare what two artifacts came of
    Diff {
        /// One artifact
        first: String,
        /// Another
        second: String,
        /// Compare what came of them instead
        #[arg(long)]
        down: bool,
        /// Format of the output
        #[arg(long, short, value_name = "FORMAT", default_value = "text")]
        format: TextOrJson,
    },
    /// Write the graph, or the part around one artifact, in a format that others read
    Export {
        /// A digest, its first digits, a file, or the name of a node; without it, everything
        node: Option<String>,
        /// The format
        #[arg(long, short, value_name = "FORMAT", default_value = "cyclonedx")]
        format: LineageFormat,
        /// Write to FILE instead of standard output
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Read lineage that others wrote down, and keep it as a signed statement
    #[command(after_long_help = IMPORT_HELP)]
    Import {
        /// Files or folders
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// What the document describes, when it names no digest of it: a digest or a file
        #[arg(long, value_name = "ARTIFACT")]
        about: Option<String>,
        /// Show what would be kept, and keep nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        key: KeyChoice,
    },
    /// Find the first bad version between a good and a bad one
    #[command(after_long_help = BISECT_HELP)]
    Bisect {
        /// A version that is good
        good: String,
        /// A version made from it that is bad
        bad: String,
        /// The check: `{}` stands for the digest, `{name}` for the name; exits 0 for good, 125 when it cannot tell, else bad
        #[arg(last = true, required = true, value_name = "COMMAND")]
        check: Vec<String>,
    },
    /// List everything made from a record, and state it with a signature
    Erase {
        /// The record: a digest, its first digits or a file
        record: String,
        /// Most nodes listed
        #[arg(long, value_name = "N", default_value_t = bartizan_evidence::lineage::MOST_NODES)]
        max_nodes: usize,
        /// Format of the output
        #[arg(long, short, value_name = "FORMAT", default_value = "text")]
        format: TextOrJson,
        #[command(flatten)]
        key: KeyChoice,
    },
    /// Believe the statements of a public key
    Trust {
        /// The public key, in PEM
        key: PathBuf,
    },
    /// Build the index anew from log and blobs, and compare
    Reindex,
}

/// Arguments of `bartizan lineage trace`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each flag of the command line stands alone")]
pub(crate) struct TraceArguments {
    /// A digest, its first digits, a file, or the name of a node
    pub(crate) node: String,
    /// Follow to all that came of it: runs, models, releases, deployments, decisions (the default)
    #[arg(long, conflicts_with = "up")]
    pub(crate) down: bool,
    /// Follow to all it came of
    #[arg(long)]
    pub(crate) up: bool,
    /// Most steps
    #[arg(long, value_name = "N")]
    pub(crate) depth: Option<u32>,
    /// Most nodes reached
    #[arg(long, value_name = "N", default_value_t = bartizan_evidence::lineage::MOST_NODES)]
    pub(crate) max_nodes: usize,
    /// Show every package of a run's environment, not their number only (text, with --up)
    #[arg(long)]
    pub(crate) all: bool,
    /// Check every statement again: its digest, its signatures, its place in the log
    #[arg(long)]
    pub(crate) verify: bool,
    /// Format of the output
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: LineageFormat,
    /// Write to FILE instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// When to write colours
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

/// The key that signs.
#[derive(Debug, Clone, Args)]
pub(crate) struct KeyChoice {
    /// Private key that signs
    #[arg(
        long,
        short,
        value_name = "FILE",
        default_value = "bartizan.key",
        env = "BARTIZAN_KEY",
        hide_env_values = true
    )]
    pub(crate) key: PathBuf,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArguments,
}

/// Forms of a lineage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LineageFormat {
    /// A tree for people.
    Text,
    /// Nodes and edges (bartizan.lineage/1).
    Json,
    /// A Mermaid flowchart.
    Mermaid,
    /// A Graphviz digraph.
    Dot,
    /// A drawing.
    Svg,
    /// OpenLineage events, one on each line.
    Openlineage,
    /// CycloneDX 1.7.
    Cyclonedx,
    /// CycloneDX 1.6.
    #[value(name = "cyclonedx-1.6")]
    Cyclonedx16,
    /// SPDX 3.0.1.
    Spdx,
}

/// Arguments of `bartizan attest`.
#[derive(Debug, Args)]
#[command(after_long_help = ATTEST_HELP)]
pub(crate) struct AttestArguments {
    /// What the statement is about: files, folders (every file in them) or digests
    #[arg(required = true, value_name = "ARTIFACT")]
    pub(crate) artifacts: Vec<String>,
    /// The predicate, a JSON file; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) predicate: PathBuf,
    /// Type of the predicate, a URI
    #[arg(long = "type", value_name = "URI")]
    pub(crate) predicate_type: String,
    #[command(flatten)]
    pub(crate) key: KeyChoice,
    /// Write the envelope to FILE as well
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace FILE also when it is no envelope; never the key in use
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
    /// Format of the receipt
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: TextOrJson,
    /// Folder of the store [default: .bartizan beside bartizan.toml]
    #[arg(long, value_name = "FOLDER", env = "BARTIZAN_STORE", hide_env_values = true)]
    pub(crate) store: Option<PathBuf>,
}

/// Arguments of `bartizan bom`.
#[derive(Debug, Args)]
#[command(after_long_help = BOM_HELP)]
pub(crate) struct BomArguments {
    /// Folder or file of a model
    pub(crate) path: PathBuf,
    /// The format
    #[arg(long, short, value_name = "FORMAT", default_value = "cyclonedx")]
    pub(crate) format: BomFormat,
    /// Write to FILE instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Name of the model [default: name of the folder]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Folder of the store whose lineage is added [default: .bartizan, found upward, when there is one]
    #[arg(long, value_name = "FOLDER", env = "BARTIZAN_STORE", hide_env_values = true)]
    pub(crate) store: Option<PathBuf>,
}

/// Forms of a bill of materials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BomFormat {
    /// CycloneDX 1.7.
    Cyclonedx,
    /// CycloneDX 1.6.
    #[value(name = "cyclonedx-1.6")]
    Cyclonedx16,
    /// SPDX 3.0.1.
    Spdx,
}

const LINEAGE_HELP: &str = "\
Nodes are digests, edges come from signed statements only. An edge is proven when its statement is in the log, a
trusted key signed it, and both its ends are named by digests that cannot be forged.

Exit codes:
  0  done
  1  statements contradict each other, or artifacts lead back to themselves
  2  usage, configuration or internal error; nothing is known of what was asked for
  3  incomplete: a limit was reached

Examples:
  bartizan lineage trace train.csv --down
  bartizan lineage trace sha256:9f86d081… --up --format svg --output ancestry.svg
  bartizan lineage import mlruns/0/4f… --key ci.key
  bartizan lineage bisect v1.onnx v9.onnx -- ./accuracy-above.sh {} 0.9";

const IMPORT_HELP: &str = "\
Read are OpenLineage events, MLflow run and model folders, dvc.lock, Croissant, Hugging Face model cards, git
repositories, CycloneDX as JSON or XML, SPDX as JSON or tags and values. A document is a claim: the statement says what it says, about its digest. Where the files
that a document names lie beside it, their digests are checked, and a document that is wrong about them is refused.";

const BISECT_HELP: &str = "\
Versions are the artifacts on the ways from GOOD down to BAD. The check is run with `{}` replaced by a version's digest
and `{name}` by its name; the variables BARTIZAN_DIGEST and BARTIZAN_NAME hold them as well.";

const ATTEST_HELP: &str = "\
The statement is signed, kept in the store, appended to the log, and found by `bartizan lineage`. The first key that
signs in a new store is believed from then on; others are with `bartizan lineage trust KEY.pub`.

Examples:
  bartizan attest model.onnx --type https://in-toto.io/attestation/test-result/v0.1 --predicate result.json
  bartizan attest sha256:9f86d081… --type urn:bartizan:predicate:use:v1 --predicate deployment.json --key ci.key";

const BOM_HELP: &str = "\
Files are digested and scanned; what the store knows of where they came from is added.

Examples:
  bartizan bom models/classifier --output bom.cdx.json
  bartizan bom model.safetensors --format spdx";

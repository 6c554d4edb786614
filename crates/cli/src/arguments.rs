//! The command line: every flag is declared here once, and help, man page and completions come from it.

mod data;
mod gate;
mod guard;
mod key;
mod lineage;
#[cfg(unix)]
mod load_guard;
mod log;
mod mcp;
mod policy;
mod run;
mod server;
mod sign;
mod sources;

pub(crate) use data::{
    AnomalyArguments, CanaryArguments, CanaryCheckArguments, CanaryCommand, CanaryListArguments,
    CanaryPlantArguments, ContaminationArguments, DataArguments, DataCommand, DuplicateArguments, FailOn,
    LabelArguments, LeakArguments, LeakClass, PoisonArguments, Replacement, RowFormat,
};
pub(crate) use gate::{BasisArguments, BoundArguments, GateArguments, GateFormat, WaiveArguments};
pub(crate) use guard::{GuardArguments, GuardCommand, TryArguments, TryEncoder, TryRole};
#[cfg(feature = "gateway")]
pub(crate) use guard::{
    GuardServeArguments, IndexArguments, MockArguments, OpenReceiptArguments, ReceiptArguments,
    ReceiptCommand, ReplayArguments, ShowTopicArguments, TopArguments, TopicArguments, TopicCommand,
    TrainTopicArguments, TryTopicArguments, VerifyReceiptArguments,
};
pub(crate) use key::{ExportForm, KeyArguments, KeyCommand, PassphraseArguments, TextOrJson};
pub(crate) use lineage::{
    AttestArguments, BomArguments, BomFormat, KeyChoice, LineageArguments, LineageCommand, LineageFormat,
    TraceArguments,
};
#[cfg(unix)]
pub(crate) use load_guard::{GuardMode, LoadGuardArguments};
#[cfg(feature = "witness")]
pub(crate) use log::WitnessArguments;
pub(crate) use log::{
    AppendArguments, CheckpointArguments, ExportArguments, LogArguments, LogCommand, ProveArguments,
    SignerArguments, VerifyLogArguments,
};
pub(crate) use mcp::{DbArguments, DbCommand, McpArguments, McpCommand, McpSources};
pub(crate) use policy::{PolicyArguments, PolicyCommand};
pub(crate) use run::{ReproduceArguments, RunArguments, SigningArguments};
#[cfg(feature = "gateway")]
pub(crate) use server::AskedOfImages;
pub(crate) use server::ServerArguments;
pub(crate) use sign::{ScanBeside, SignArguments, VerifyArguments};

pub(crate) use sources::{
    QuarantineArguments, QuarantineCommand, SourcesArguments, SourcesCheckArguments, SourcesCommand,
    SourcesPinArguments,
};

use crate::settings::values::{Age, Size};
use crate::terminal::Color;
use bartizan_core::render::Format;
use bartizan_core::{Confidence, Severity};
use clap::builder::{FalseyValueParser, PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// DevSecOps for AI: security from data to decision.
#[derive(Debug, Parser)]
#[command(name = "bartizan", version, max_term_width = 100, propagate_version = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find what is dangerous in model files, without loading them
    #[command(after_long_help = SCAN_HELP)]
    Scan(Box<ScanArguments>),
    /// Write the pickles in a file as the Python program that loading them runs, without running it
    #[command(after_long_help = DECOMPILE_HELP)]
    Decompile(DecompileArguments),
    /// Look into a dataset: planted rows and what else does not belong
    Data(DataArguments),
    /// Stand in front of a model and judge what is said to it and by it
    #[command(after_long_help = guard::GUARD_HELP)]
    Guard(Box<GuardArguments>),
    /// Make, show and export the keys that sign
    Key(KeyArguments),
    /// Sign a model: every file, under one key
    #[command(after_long_help = sign::SIGN_HELP)]
    Sign(Box<SignArguments>),
    /// Verify that a model is what somebody you believe has signed
    #[command(after_long_help = sign::VERIFY_HELP)]
    Verify(Box<VerifyArguments>),
    /// Sign a statement about artifacts, keep it and log it
    Attest(AttestArguments),
    /// Decide by policy whether an artifact may go where it is to go
    #[command(after_long_help = gate::GATE_HELP)]
    Gate(Box<GateArguments>),
    /// Test, lay out, explain, bundle and show the policies of `gate`
    Policy(PolicyArguments),
    /// Sign an exception: one rule, some artifacts, one environment, until a day
    #[command(after_long_help = gate::WAIVE_HELP)]
    Waive(WaiveArguments),
    /// Stand between a cluster and what is deployed to it
    #[command(after_long_help = server::SERVER_HELP)]
    Server(Box<ServerArguments>),
    /// Follow what an artifact is made of, and what it touches
    Lineage(LineageArguments),
    /// Write the bill of materials of a model
    Bom(BomArguments),
    /// Keep a transparency log of statements: append, prove, verify
    Log(LogArguments),
    /// Pin MCP servers and their tools, show what changed, agree to it
    Mcp(McpArguments),
    /// Keep the database of advisories that scans match dependencies with
    Db(DbArguments),
    /// Run a command and record what it read, wrote and depends on, as a signed statement
    #[command(after_long_help = run::RUN_HELP)]
    Run(Box<RunArguments>),
    /// Run a recorded command again and compare the results
    #[command(after_long_help = run::REPRODUCE_HELP)]
    Reproduce(Box<ReproduceArguments>),
    /// Run a command whose Python processes may load models, and refuse what a model must not reach
    #[cfg(unix)]
    #[command(after_long_help = load_guard::LOAD_GUARD_HELP)]
    LoadGuard(LoadGuardArguments),
    /// The other half of `run`
    #[command(name = "__launched", hide = true)]
    Launched {
        /// The program's file, its name, its arguments
        #[arg(last = true)]
        command: Vec<std::ffi::OsString>,
    },
    /// The other half of `run --trace`
    #[command(name = "__traced", hide = true)]
    Traced {
        /// The program's file, its name, its arguments
        #[arg(last = true)]
        command: Vec<std::ffi::OsString>,
    },
    /// List the rules, or show the page of one
    Rules(RulesArguments),
    /// Show the configuration in force, or its schema
    Config(ConfigArguments),
    /// Write the completion script for a shell
    #[command(
        after_help = "Example: bartizan completions bash > ~/.local/share/bash-completion/completions/bartizan"
    )]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual page in roff
    #[command(after_help = "Example: bartizan man scan | man -l -")]
    Man {
        /// The command to describe; without it, the program
        command: Option<String>,
    },
}

/// Arguments of `bartizan scan`.
#[derive(Debug, Args)]
pub(crate) struct ScanArguments {
    /// Files or folders to scan; `-` for standard input
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
    /// Name that stands for standard input in the report
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    pub(crate) stdin_name: Option<String>,
    /// Read neither bartizan.toml nor .bartizan-ignore: for folders whose authors you do not trust
    #[arg(long, env = "BARTIZAN_NO_CONFIG", hide_env_values = true, num_args = 0, default_missing_value = "true", default_value = "false", value_parser = FalseyValueParser::new(), help_heading = "Input")]
    pub(crate) no_config: bool,
    /// Write the findings as a baseline to FILE
    #[arg(long, value_name = "FILE", help_heading = "Findings")]
    pub(crate) write_baseline: Option<PathBuf>,
    /// Mend findings in their files, show the difference, and scan again
    #[arg(long, value_name = "WHICH", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "safe", help_heading = "Findings")]
    pub(crate) fix: Option<FixMode>,
    /// Show what --fix would change, and change nothing
    #[arg(long, requires = "fix", help_heading = "Findings")]
    pub(crate) diff: bool,
    /// Look up what tags, branches and models stand for, so that --fix can pin them to digests and commits: in the caches of this machine
    /// (`cache`), or there and at registries, git servers and the Hugging Face hub (`network`)
    #[arg(long, value_name = "WHERE", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "network", requires = "fix", help_heading = "Findings")]
    pub(crate) resolve: Option<Resolve>,
    /// Sign the result as a statement about the digests that were read, keep it and log it
    #[arg(long, help_heading = "Evidence")]
    pub(crate) attest: bool,
    /// Private key that signs with --attest
    #[arg(
        long,
        value_name = "FILE",
        default_value = "bartizan.key",
        env = "BARTIZAN_KEY",
        hide_env_values = true,
        help_heading = "Evidence"
    )]
    pub(crate) key: PathBuf,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArguments,
    #[command(flatten)]
    pub(crate) options: ScanOptions,
}

/// Which findings `--fix` mends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum FixMode {
    /// Those whose change leaves honest input working as before.
    Safe,
    /// All that can be mended; look at the difference.
    All,
}

/// Where `--resolve` looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Resolve {
    /// In what this machine has fetched before.
    Cache,
    /// There, and at the servers that the files name.
    Network,
}

/// The options that the `[scan]` table of `bartizan.toml` may set as well. None has a default here: defaults come last,
/// after the file.
#[derive(Debug, Clone, Default, Args, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct ScanOptions {
    /// Format of the report [default: table]
    #[arg(long, short, value_name = "FORMAT", env = "BARTIZAN_FORMAT", hide_env_values = true, value_parser = formats(), help_heading = "Output")]
    #[schemars(with = "Option<names::Format>")]
    pub(crate) format: Option<Format>,
    /// Write the report to FILE instead of standard output
    #[arg(
        long,
        short,
        value_name = "FILE",
        env = "BARTIZAN_OUTPUT",
        hide_env_values = true,
        help_heading = "Output"
    )]
    pub(crate) output: Option<PathBuf>,
    /// Exit with 1 when a finding is at least this bad [default: high]
    #[arg(long, value_name = "SEVERITY", env = "BARTIZAN_FAIL_ON", hide_env_values = true, value_parser = severities(), help_heading = "Findings")]
    #[schemars(with = "Option<names::Severity>")]
    pub(crate) fail_on: Option<Severity>,
    /// Report findings at least this bad [default: info]
    #[arg(long, value_name = "SEVERITY", env = "BARTIZAN_MIN_SEVERITY", hide_env_values = true, value_parser = severities(), help_heading = "Findings")]
    #[schemars(with = "Option<names::Severity>")]
    pub(crate) min_severity: Option<Severity>,
    /// Report findings at least this sure [default: low]
    #[arg(long, value_name = "CONFIDENCE", env = "BARTIZAN_MIN_CONFIDENCE", hide_env_values = true, value_parser = confidences(), help_heading = "Findings")]
    #[schemars(with = "Option<names::Confidence>")]
    pub(crate) min_confidence: Option<Confidence>,
    /// Report these rules only: ids or globs, `!` before one leaves it out; repeat or separate by commas
    #[arg(
        long,
        value_name = "RULES",
        env = "BARTIZAN_RULES",
        hide_env_values = true,
        value_delimiter = ',',
        help_heading = "Findings"
    )]
    pub(crate) rules: Option<Vec<String>>,
    /// Take a file of dependencies that was not looked up in a database of advisories for incomplete (exit code 3)
    #[arg(long, env = "BARTIZAN_REQUIRE_ADVISORIES", hide_env_values = true, num_args = 0, default_missing_value = "true", value_parser = FalseyValueParser::new(), help_heading = "Findings")]
    pub(crate) require_advisories: Option<bool>,
    /// Leave out files and folders that match; repeat for more (in BARTIZAN_EXCLUDE, one a line)
    #[arg(
        long,
        value_name = "GLOB",
        env = "BARTIZAN_EXCLUDE",
        hide_env_values = true,
        value_delimiter = '\n',
        help_heading = "Input"
    )]
    pub(crate) exclude: Option<Vec<String>>,
    /// Hold back findings that FILE (a baseline or an earlier JSON report) knows
    #[arg(
        long,
        value_name = "FILE",
        env = "BARTIZAN_BASELINE",
        hide_env_values = true,
        help_heading = "Findings"
    )]
    pub(crate) baseline: Option<PathBuf>,
    /// Hold back findings that FILE accepts, each with a reason and an expiry date [default: .bartizan-ignore]
    #[arg(
        long,
        value_name = "FILE",
        env = "BARTIZAN_IGNORE_FILE",
        hide_env_values = true,
        help_heading = "Findings"
    )]
    pub(crate) ignore_file: Option<PathBuf>,
    /// Files read at a time [default: one for each processor]
    #[arg(
        long,
        short,
        value_name = "N",
        env = "BARTIZAN_JOBS",
        hide_env_values = true,
        help_heading = "Input"
    )]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Largest file read, for example 64MiB [default: 16TiB]
    #[arg(
        long,
        value_name = "SIZE",
        env = "BARTIZAN_MAX_FILE_BYTES",
        hide_env_values = true,
        help_heading = "Limits for each file"
    )]
    pub(crate) max_file_bytes: Option<Size>,
    /// Largest decompressed archive member held in memory [default: 1GiB]
    #[arg(
        long,
        value_name = "SIZE",
        env = "BARTIZAN_MAX_MEMBER_BYTES",
        hide_env_values = true,
        help_heading = "Limits for each file"
    )]
    pub(crate) max_member_bytes: Option<Size>,
    /// Most bytes decompressed in all [default: 64GiB]
    #[arg(
        long,
        value_name = "SIZE",
        env = "BARTIZAN_MAX_EXPANDED_BYTES",
        hide_env_values = true,
        help_heading = "Limits for each file"
    )]
    pub(crate) max_expanded_bytes: Option<Size>,
    /// Largest ratio of decompressed to compressed bytes [default: 200]
    #[arg(
        long,
        value_name = "N",
        env = "BARTIZAN_MAX_EXPANSION_RATIO",
        hide_env_values = true,
        help_heading = "Limits for each file"
    )]
    pub(crate) max_expansion_ratio: Option<u64>,
    /// How deep archives and embedded payloads may nest [default: 8]
    #[arg(
        long,
        value_name = "N",
        env = "BARTIZAN_MAX_DEPTH",
        hide_env_values = true,
        help_heading = "Limits for each file"
    )]
    pub(crate) max_depth: Option<u32>,
    /// Most archive members, all archives together [default: 100000]
    #[arg(
        long,
        value_name = "N",
        env = "BARTIZAN_MAX_MEMBERS",
        hide_env_values = true,
        help_heading = "Limits for each file"
    )]
    pub(crate) max_members: Option<u64>,
    /// Most findings [default: 1000]
    #[arg(
        long,
        value_name = "N",
        env = "BARTIZAN_MAX_FINDINGS",
        hide_env_values = true,
        help_heading = "Limits for each file"
    )]
    pub(crate) max_findings: Option<usize>,
    /// Longest time, for example 90s or 5m [default: 10m]
    #[arg(
        long,
        value_name = "TIME",
        env = "BARTIZAN_MAX_TIME",
        hide_env_values = true,
        help_heading = "Limits for each file"
    )]
    pub(crate) max_time: Option<Age>,
    /// Write findings and gaps only
    #[arg(long, short, env = "BARTIZAN_QUIET", hide_env_values = true, num_args = 0, default_missing_value = "true", value_parser = FalseyValueParser::new(), help_heading = "Output", overrides_with = "verbose")]
    pub(crate) quiet: Option<bool>,
    /// Write every finding, clean files, digests and references
    #[arg(long, short, env = "BARTIZAN_VERBOSE", hide_env_values = true, num_args = 0, default_missing_value = "true", value_parser = FalseyValueParser::new(), help_heading = "Output", overrides_with = "quiet")]
    pub(crate) verbose: Option<bool>,
    /// Show no progress bar
    #[arg(long, env = "BARTIZAN_NO_PROGRESS", hide_env_values = true, num_args = 0, default_missing_value = "true", value_parser = FalseyValueParser::new(), help_heading = "Output")]
    pub(crate) no_progress: Option<bool>,
    /// When to write colours [default: auto]
    #[arg(
        long,
        value_name = "WHEN",
        env = "BARTIZAN_COLOR",
        hide_env_values = true,
        help_heading = "Output"
    )]
    pub(crate) color: Option<Color>,
}

/// Arguments of `bartizan decompile`.
#[derive(Debug, Args)]
pub(crate) struct DecompileArguments {
    /// File that holds pickles, bare or in archives; `-` for standard input
    pub(crate) file: PathBuf,
    /// Format of the output
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: TextOrJson,
}

/// Arguments of `bartizan rules`.
#[derive(Debug, Args)]
pub(crate) struct RulesArguments {
    /// The rule to show; without it, all are listed
    pub(crate) id: Option<String>,
    /// Format of the output
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: RulesFormat,
    /// When to write colours
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

/// How to write rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum RulesFormat {
    /// For people.
    Text,
    /// One JSON document.
    Json,
    /// Markdown, as in the book.
    Markdown,
}

/// Arguments of `bartizan config`.
#[derive(Debug, Args)]
pub(crate) struct ConfigArguments {
    /// What to show.
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show every setting in force; takes the options of `scan`, to try them
    Show {
        /// Say where each value comes from: flag, environment, file and line, or default
        #[arg(long)]
        origin: bool,
        #[command(flatten)]
        options: Box<ScanOptions>,
    },
    /// Write the JSON Schema of bartizan.toml
    Schema,
}

fn formats() -> impl TypedValueParser<Value = Format> {
    let values = Format::ALL.map(|format| PossibleValue::new(format.as_str()).help(format.summary()));
    PossibleValuesParser::new(values).try_map(|word| word.parse::<Format>())
}

fn severities() -> impl TypedValueParser<Value = Severity> {
    let words = PossibleValuesParser::new(Severity::ALL.map(Severity::as_str));
    words.map(|word| Severity::ALL.into_iter().find(|each| each.as_str() == word).unwrap_or(Severity::Info))
}

fn confidences() -> impl TypedValueParser<Value = Confidence> {
    let words = PossibleValuesParser::new(Confidence::ALL.map(Confidence::as_str));
    words
        .map(|word| Confidence::ALL.into_iter().find(|each| each.as_str() == word).unwrap_or(Confidence::Low))
}

/// The words of settings that other crates define, for the schema of `bartizan.toml`.
mod names {
    macro_rules! words {
        ($($name:ident: $($word:ident)+;)+) => {$(
            #[derive(schemars::JsonSchema)]
            #[serde(rename_all = "lowercase")]
            #[expect(dead_code, reason = "only its schema is used")]
            pub(super) enum $name { $($word),+ }
        )+};
    }
    words! {
        Format: Table Json Jsonl Sarif Markdown Junit Github Html;
        Severity: Info Low Medium High Critical;
        Confidence: Low Medium High;
    }
}

const DECOMPILE_HELP: &str = "\
Each call, import and change that loading makes becomes a line, in order; what several places share becomes a
variable. Long strings and containers are cut. Nothing is executed, imported or unpickled. A program may look
harmless and not be: `bartizan scan` judges what the names and arguments do.

Exit codes:
  0  every pickle is written to its end
  2  usage or internal error, or no pickle in the file
  3  a pickle breaks or is too long, or something could not be read

Examples:
  bartizan decompile model.pkl
  bartizan decompile model.pt --format json";

const SCAN_HELP: &str = "\
Exit codes:
  0  done, nothing at or above --fail-on
  1  findings at or above --fail-on
  2  usage, configuration or internal error
  3  incomplete: something could not be read or analysed to the end

Nothing scanned is executed, imported or unpickled, and no network connection is made, except by --resolve. Content decides what a file
is, not its name. Settings come from flags, then BARTIZAN_* variables, then bartizan.toml, then defaults;
`bartizan config show --origin` says which.

Examples:
  bartizan scan models/
  bartizan scan ~/.cache/huggingface/hub --exclude '*.md'
  bartizan scan . --fix --resolve --diff
  bartizan scan . --format sarif --output bartizan.sarif
  curl -sL https://example.org/model.pt | bartizan scan - --stdin-name model.pt";

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}

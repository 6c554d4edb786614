//! The flags of `bartizan gate` and `bartizan waive`.

use super::{KeyChoice, PassphraseArguments, TextOrJson};
use crate::terminal::Color;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Arguments of `bartizan gate`.
#[derive(Debug, Args)]
pub(crate) struct GateArguments {
    /// What is to be let through: a file, a folder, a digest, or oci://HOST/NAME@sha256:… in a registry
    #[arg(required_unless_present_any = ["replay", "watch", "storage_initializer"])]
    pub(crate) artifact: Option<String>,
    /// The signature of the model [default: ARTIFACT.sig, beside it]
    #[arg(long, value_name = "FILE", help_heading = "Evidence")]
    pub(crate) signature: Option<PathBuf>,
    /// Decide about a policy instead: what it would have decided about the exchanges that the guard recorded in FILE (JSON lines, `-` for
    /// standard input), and whether that difference may go
    #[arg(long, value_name = "FILE", conflicts_with_all = ["artifact", "attest", "explain", "show_input"], help_heading = "Replay")]
    pub(crate) replay: Option<PathBuf>,
    /// Most decisions that may become milder
    #[arg(long, value_name = "N", default_value = "0", requires = "replay", help_heading = "Replay")]
    pub(crate) max_loosened: u64,
    /// Most decisions that may become stricter, in percent of all
    #[arg(long, value_name = "PERCENT", default_value = "1", value_parser = percent, requires = "replay", help_heading = "Replay")]
    pub(crate) max_tightened_percent: f64,
    /// Decide again and again instead: about each artifact in a folder, or each tag of oci://HOST/NAME, when it comes or changes, and when
    /// policy or evidence do; one JSON line for each verdict
    #[arg(long, value_name = "PLACE", conflicts_with_all = ["artifact", "replay", "attest", "explain", "show_input", "signature"], help_heading = "Watch")]
    pub(crate) watch: Option<String>,
    /// Time between two looks, in milliseconds
    #[arg(long, value_name = "N", default_value = "10000", value_parser = clap::value_parser!(u64).range(10..=86_400_000), requires = "watch", help_heading = "Watch")]
    pub(crate) every_ms: u64,
    /// Time after which what seems unchanged is decided about again, in milliseconds, since evidence and waivers expire; a line is
    /// written when the verdict is another
    #[arg(long, value_name = "N", default_value = "60000", value_parser = clap::value_parser!(u64).range(10..=86_400_000), requires = "watch", help_heading = "Watch")]
    pub(crate) again_ms: u64,
    /// End after N looks: with 1 when a verdict was deny, else with 0
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), requires = "watch", help_heading = "Watch")]
    pub(crate) looks: Option<u64>,
    /// Decide as KServe's storage initializer, called with pairs of a source and a folder: about each folder; on a deny the termination log
    /// says why, and what --fetch brought is removed
    #[arg(long, value_names = ["SOURCE", "FOLDER"], num_args = 2.., conflicts_with_all = ["artifact", "replay", "watch", "attest", "explain", "show_input"], help_heading = "KServe")]
    pub(crate) storage_initializer: Vec<String>,
    /// Program that fetches first, called with the same pairs; without it the models lie in the folders already
    #[arg(long, value_name = "PROGRAM", requires = "storage_initializer", help_heading = "KServe")]
    pub(crate) fetch: Option<PathBuf>,
    /// File in which Kubernetes looks for why a container ended; written where there is one
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/dev/termination-log",
        requires = "storage_initializer",
        help_heading = "KServe"
    )]
    pub(crate) termination_log: PathBuf,
    /// Most that is pulled of one artifact from a registry, in MiB
    #[arg(long, value_name = "N", default_value = "65536", help_heading = "Limits")]
    pub(crate) max_pull_mib: u64,
    /// Say which fewest facts would turn the verdict
    #[arg(long, help_heading = "Output")]
    pub(crate) explain: bool,
    /// Write the document that policies read, and decide nothing
    #[arg(long, conflicts_with_all = ["explain", "attest"], help_heading = "Output")]
    pub(crate) show_input: bool,
    /// Format of the decision
    #[arg(long, short, value_name = "FORMAT", default_value = "table", help_heading = "Output")]
    pub(crate) format: GateFormat,
    /// Write the decision to FILE instead of standard output
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,
    /// When to write colours
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = "Output")]
    pub(crate) color: Color,
    /// Sign the verdict as a SLSA verification summary, keep it and log it
    #[arg(long, help_heading = "Attestation")]
    pub(crate) attest: bool,
    /// Private key that signs with --attest
    #[arg(
        long,
        value_name = "FILE",
        default_value = "bartizan.key",
        env = "BARTIZAN_KEY",
        hide_env_values = true,
        help_heading = "Attestation"
    )]
    pub(crate) key: PathBuf,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArguments,
    #[command(flatten)]
    pub(crate) basis: BasisArguments,
}

/// What decisions rest on: policy, keys, store, and the bounds of an evaluation.
#[derive(Debug, Clone, Args)]
pub(crate) struct BasisArguments {
    /// A policy: a .rego file, a folder, a bundle, or a shipped one (baseline, strict, eu-ai-act-high-risk, owasp-llm; `./baseline` is a folder); repeat for
    /// more, all of which must agree
    #[arg(long, short, value_name = "POLICY", default_value = "baseline", help_heading = "Policy")]
    pub(crate) policy: Vec<String>,
    /// Package that decides [default: bartizan.gate, else main, else the only one]
    #[arg(long, value_name = "NAME", help_heading = "Policy")]
    pub(crate) package: Option<String>,
    /// Where the artifact is to go
    #[arg(
        long,
        value_name = "NAME",
        default_value = bartizan_policy::input::DEFAULT_ENVIRONMENT,
        env = "BARTIZAN_ENV",
        hide_env_values = true,
        help_heading = "Policy"
    )]
    pub(crate) env: String,
    /// A setting that the policy reads as input.environment.set.KEY; repeat for more
    #[arg(long, value_name = "KEY=VALUE", value_parser = setting, help_heading = "Policy")]
    pub(crate) set: Vec<(String, String)>,
    /// Leave out statements that are older, in days
    #[arg(long, value_name = "N", help_heading = "Evidence")]
    pub(crate) max_age_days: Option<u32>,
    /// Public key that is believed for this decision, beside those confirmed on this machine; repeat for more
    #[arg(long, value_name = "FILE", help_heading = "Evidence")]
    pub(crate) trust: Vec<PathBuf>,
    /// Verifier key of the log that is believed for this decision: the key itself, or a file with it
    #[arg(long, value_name = "KEY", help_heading = "Evidence")]
    pub(crate) trust_log: Option<String>,
    /// Believe the store's index instead of reading the whole log: quicker in a large store whose files nobody else can write
    #[arg(long, help_heading = "Evidence")]
    pub(crate) indexed: bool,
    /// Folder of the store [default: .bartizan, found upward]
    #[arg(
        long,
        value_name = "FOLDER",
        env = "BARTIZAN_STORE",
        hide_env_values = true,
        help_heading = "Evidence"
    )]
    pub(crate) store: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) bounds: BoundArguments,
}

/// Bounds of an evaluation.
#[derive(Debug, Clone, Args)]
pub(crate) struct BoundArguments {
    /// Longest time for a policy, in milliseconds
    #[arg(long, value_name = "N", default_value = "5000", value_parser = clap::value_parser!(u64).range(1..=600_000), help_heading = "Limits")]
    pub(crate) max_time_ms: u64,
    /// Most memory for a policy, in MiB
    #[arg(long, value_name = "N", default_value = "512", value_parser = clap::value_parser!(u64).range(16..=65_536), help_heading = "Limits")]
    pub(crate) max_memory_mib: u64,
}

/// Forms of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GateFormat {
    /// For people.
    Table,
    /// One JSON document (bartizan.gate/1).
    Json,
    /// For a comment on a pull request.
    Markdown,
    /// SARIF 2.1.0.
    Sarif,
    /// JUnit XML.
    Junit,
    /// The statement that --attest signs: a SLSA verification summary.
    Vsa,
}

/// Arguments of `bartizan waive`.
#[derive(Debug, Args)]
pub(crate) struct WaiveArguments {
    /// What the waiver is about: files, folders (every file in them) or digests
    #[arg(required = true, value_name = "ARTIFACT")]
    pub(crate) artifacts: Vec<String>,
    /// The one rule that shall not count, as a decision names it
    #[arg(long, value_name = "RULE")]
    pub(crate) rule: String,
    /// Take a rule that this program does not know: one of a policy of your own, or of another tool whose findings were attested
    #[arg(long)]
    pub(crate) any_rule: bool,
    /// The one environment in which it shall not
    #[arg(
        long,
        value_name = "NAME",
        default_value = bartizan_policy::input::DEFAULT_ENVIRONMENT,
        env = "BARTIZAN_ENV",
        hide_env_values = true
    )]
    pub(crate) env: String,
    /// Who answers for it
    #[arg(long, value_name = "WHO")]
    pub(crate) owner: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Until when: a date (its end, in UTC) or a time as in RFC 3339; at most half a year from now
    #[arg(long, value_name = "DATE")]
    pub(crate) expires: String,
    #[command(flatten)]
    pub(crate) key: KeyChoice,
    /// Format of the receipt
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: TextOrJson,
    /// Folder of the store [default: .bartizan beside bartizan.toml]
    #[arg(long, value_name = "FOLDER", env = "BARTIZAN_STORE", hide_env_values = true)]
    pub(crate) store: Option<PathBuf>,
}

fn percent(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "expected a number from 0 to 100".to_owned())?;
    // Not a number is neither within nor beyond: nothing would ever be too much.
    if (0.0..=100.0).contains(&value) { Ok(value) } else { Err("expected a number from 0 to 100".to_owned()) }
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("a setting is KEY=VALUE, for example scan_max_age_days=30".to_owned()),
    }
}

pub(crate) const GATE_HELP: &str = "\
What counts is what stands: a statement whose envelope a trusted key signed, whose place in the transparency log is proven, and whose
subject is the digest of a file that was read just now. Whatever else is in the store is named, and does not count. A policy that
errs, loops or says nothing gives no verdict, and never lets anything through.

Exit codes:
  0  allow, or warn
  1  deny
  2  no decision: usage, configuration, an unreadable artifact or store, a policy that fails

Examples:
  bartizan gate models/classifier
  bartizan gate models/classifier --policy strict --env production --format json
  bartizan gate model.safetensors --policy baseline --policy ours.rego --explain
  bartizan gate sha256:9f86d081… --policy policy.tar.gz --trust ci.pub --trust-log log.vkey
  bartizan gate models/classifier --show-input > input.json
  bartizan gate oci://registry.example.org/team/classifier@sha256:9f86d081… --policy strict
  bartizan gate --watch models/ --looks 1
  bartizan gate --replay decisions.jsonl --policy candidate.rego --max-tightened-percent 0.5";

pub(crate) const WAIVE_HELP: &str = "\
A waiver is a signed statement. It counts for the digests of the artifacts as they are now, for one rule, in one environment, until it
expires; a changed byte ends it. One that is expired, or would count for everything, does not count, and `bartizan gate` names it.
The rule is one of `bartizan rules`, of a shipped policy, or `policy/…` as a decision names it; a misspelt one would excuse nothing and
is refused. Rules of a policy of your own and of other tools are taken with --any-rule.

Example:
  bartizan waive models/classifier/list.pkl --rule model/pickle-import --env production \\
    --owner ml@example.org --reason 'reviewed by hand, replaced in July' --expires 2027-01-31";

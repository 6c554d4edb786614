//! The flags of `bartizan load-guard`.

use clap::Args;
use std::ffi::OsString;
use std::path::PathBuf;

/// Arguments of `bartizan load-guard`.
#[derive(Debug, Args)]
pub(crate) struct LoadGuardArguments {
    /// The command and its arguments
    #[arg(value_name = "COMMAND", required = true, last = true)]
    pub(crate) command: Vec<OsString>,
    /// What to do about a name that is not vetted
    #[arg(
        long,
        value_name = "MODE",
        default_value = "enforce",
        env = "BARTIZAN_LOAD_GUARD_MODE",
        hide_env_values = true
    )]
    pub(crate) mode: GuardMode,
    /// Let this name pass: `module.name`, or `module.*` for all in and below a module; repeat or separate by commas
    #[arg(
        long,
        value_name = "NAME",
        env = "BARTIZAN_LOAD_GUARD_ALLOW",
        hide_env_values = true,
        value_delimiter = ','
    )]
    pub(crate) allow: Vec<String>,
    /// Write each refusal to FILE as a line of JSON, as it happens
    #[arg(long, short, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
}

/// What the guard does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum GuardMode {
    /// Refuse: the load ends with an `UnpicklingError`.
    Enforce,
    /// Report only: the load goes on.
    Observe,
}

pub(super) const LOAD_GUARD_HELP: &str = "\
Every Python process below the command asks before an unpickler takes a name (pickle, torch, joblib, NumPy, dill, …),
and before a model loader rebuilds bytecode. Vetted reconstructors pass; gadgets and unknown names do not. Output,
input and arguments of the command are untouched; refusals go to standard error. For what the guard cannot see
(`python -I`, `-E`, `-S`, native loaders) read the guide.

Exit codes:
  0  the command ended with 0 and nothing was refused
  1  something was refused
  2  usage error, or the command could not be started
  3  the command ended with 0, but no Python process below it took the guard
  otherwise that of the command (128 and the signal's number when it was killed)

Examples:
  bartizan load-guard -- python serve.py
  bartizan load-guard --allow shop.nets.Net --report refused.jsonl -- torchrun train.py
  bartizan load-guard --mode observe -- python app.py";

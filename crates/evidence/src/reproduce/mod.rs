//! Running a recorded run again, and saying how far the result is the same.
//!
//! [`reproduce`] gathers the recorded inputs into a folder of their own, runs the recorded command there and compares what
//! comes out: bit by bit, else tensor by tensor ([`compare`](mod@compare)), else by naming what differs in the surroundings.

pub mod compare;
mod gather;
mod rerun;
mod statement;
pub mod tensors;

pub use compare::{Class, Comparison, TensorDifference, Tolerance, compare};
pub use gather::Source;
pub use rerun::{Reproduced, Reproduction, reproduce};
pub use statement::{ReproductionResult, ReproductionTest};

use crate::run::RunError;
use std::io;
use std::path::PathBuf;

/// Why a run cannot be reproduced.
#[derive(Debug, thiserror::Error)]
pub enum ReproduceError {
    /// The statement records no run.
    #[error("the statement records no run: its {field} is `{found}`, expected `{expected}`")]
    NotARun {
        /// Which field says so.
        field: &'static str,
        /// What it says.
        found: String,
        /// What it would have to say.
        expected: &'static str,
    },
    /// An input is nowhere to be had with the recorded content.
    #[error("the recorded input {name} (sha256:{digest}) is not to be had: {reason}")]
    Missing {
        /// Its name.
        name: String,
        /// Its digest.
        digest: String,
        /// Where was looked, and what was found there.
        reason: String,
    },
    /// A name in the statement would lead out of the working copy.
    #[error("the statement names an input `{0}`, which would lead out of the working copy")]
    Escape(String),
    /// A secret was left out of the record.
    #[error(
        "argument {place} of the recorded command was left out of the record since it is a secret; give the whole command after `--`"
    )]
    Redacted {
        /// Place in the command, from 0.
        place: usize,
    },
    /// The command is not recorded.
    #[error("the statement records no command; give one after `--`")]
    NoCommand,
    /// The working copy cannot be written.
    #[error("cannot write the working copy {path}: {error}")]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// The command cannot be run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A file to compare cannot be read.
    #[error("cannot read {path}: {error}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
}

//! Recording a run: what was executed, in which environment, on which inputs, and what came out.
//!
//! [`record`] starts a command, watches which files it reads and writes, and states the run as SLSA provenance v1. The
//! command's own output, input and signals are its own; its exit status is kept. What could not be seen is said.
//!
//! | module | subject |
//! | --- | --- |
//! | [`request`] | what to run and what it is said to read and write |
//! | [`files`] | files named by digest |
//! | [`environment`] | what else a result depends on: system, processor, interpreter, packages, variables, seeds |
//! | [`observe`] | which files the command touched |
//! | [`source`] | the commit checked out |
//! | [`provenance`] | the statement |

mod attend;
mod child;
pub mod environment;
pub mod files;
pub mod observe;
mod orphans;
pub mod provenance;
mod record;
pub mod request;
pub mod source;

pub use attend::Interruptions;
pub use child::{Ending, become_launched, become_traced};
pub use record::{Recorded, record};
pub use request::{Method, RunRequest};

use std::io;
use std::path::PathBuf;

/// Why a run cannot be recorded.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Nothing to run.
    #[error("no command is given: write it after `--`, for example `bartizan run -- python train.py`")]
    NoCommand,
    /// The command's program is not there.
    #[error("cannot find the program `{0}`: it is neither a file nor on the PATH")]
    NoProgram(String),
    /// The command's program cannot be started.
    #[error("cannot start `{program}`: {error}")]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// A declared input is not there or cannot be read.
    #[error("cannot read the declared {role} {path}: {error}")]
    Input {
        /// Data or code.
        role: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// The system refused something the recording needs.
    #[error("cannot {what}: {error}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// A signal came while inputs or outputs were digested.
    #[error("interrupted by signal {0}; nothing was recorded")]
    Interrupted(i32),
    /// Watching single system calls is not possible here.
    #[error("--trace works on Linux on x86-64 and AArch64 only; leave it out to watch folders instead")]
    NoTrace,
    /// The statement cannot be written.
    #[error(transparent)]
    Statement(#[from] crate::statement::StatementError),
}

impl RunError {
    fn system(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::System { what, error }
    }
}

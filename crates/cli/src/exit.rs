//! The exit codes of the program, a contract with scripts.

use bartizan_core::Severity;
use bartizan_core::report::Report;
use std::process::ExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, and nothing at or above the severity that fails.
    Done,
    /// Something at or above it was found.
    Found,
    /// Usage, configuration or internal error.
    Failed,
    /// Something could not be read or analysed to the end, and nothing else blocks.
    Incomplete,
    /// As the command that was run.
    Command(u8),
}

impl Exit {
    /// How a scan with this report ends.
    pub(crate) fn of(report: &Report, fail_on: Severity) -> Self {
        if report.reaches(fail_on) {
            Self::Found
        } else if report.is_incomplete() {
            Self::Incomplete
        } else {
            Self::Done
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Found => 1,
            Exit::Failed => 2,
            Exit::Incomplete => 3,
            Exit::Command(code) => code,
        })
    }
}

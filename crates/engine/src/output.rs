//! The exit codes, and where output goes.

use bartizan_engine::EngineError;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

/// How the program ends, as the rest of bartizan does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Nothing was found.
    Done,
    /// An expectation does not hold, or something drifted.
    Found,
    /// Something could not be judged, and nothing else was found.
    Incomplete,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Found => 1,
            Exit::Incomplete => 3,
        })
    }
}

/// Writes to standard output.
pub(crate) fn emit(text: &str) -> Result<(), EngineError> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(EngineError::Output)
}

/// Writes a file so that it is there whole or not at all.
pub(crate) fn keep(path: &Path, text: &str) -> Result<(), EngineError> {
    bartizan_core::write_whole(path, |out| out.write_all(text.as_bytes()))
        .map_err(|error| EngineError::Write { path: path.to_owned(), error })
}

/// Columns of the terminal on standard output, or a fitting width for files and pipes.
pub(crate) fn width() -> usize {
    terminal_size::terminal_size().map_or(100, |(width, _)| width.0.into())
}

/// Writes a remark to standard error.
pub(crate) fn remark(text: &str) {
    let text = bartizan_core::printable(text, 2_000);
    // Nobody is left to tell when standard error is gone.
    let _ = writeln!(io::stderr().lock(), "note: {text}");
}

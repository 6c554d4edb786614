//! `bartizan-data`: the engine of the data layer, found by `bartizan data` beside itself.

mod arguments;
mod commands;
mod output;
mod scratch;

use arguments::{Cli, Command};
use bartizan_engine::EngineError;
use clap::Parser as _;
use scratch::Scratch;
use std::io::{self, Write as _};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let folder = std::env::temp_dir();
    let outcome = Scratch::create(&folder)
        .map_err(|error| EngineError::Write { path: folder, error })
        .and_then(|scratch| match &cli.command {
            Command::Profile(arguments) => commands::profile(arguments, &scratch),
            Command::Learn(arguments) => commands::learn(arguments, &scratch),
            Command::Check(arguments) => commands::check(arguments, &scratch),
            Command::Drift(arguments) => commands::drift(arguments, &scratch),
            Command::Rows(arguments) => commands::rows(arguments, &scratch),
        });
    match outcome {
        Ok(exit) => exit.into(),
        // Whoever read our output has seen enough.
        Err(EngineError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let shown = bartizan_core::printable(&error.to_string(), 2_000);
            // Nobody is left to tell when standard error is gone.
            let _ = writeln!(io::stderr().lock(), "error: {shown}");
            ExitCode::from(2)
        }
    }
}

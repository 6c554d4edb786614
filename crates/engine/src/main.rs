//! `bartizan-data`: the engine of the data layer, found by `bartizan data` beside itself.

mod arguments;
mod commands;
mod output;

use arguments::{Cli, Command};
use bartizan_engine::EngineError;
use clap::Parser as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match &cli.command {
        Command::Profile(arguments) => commands::profile(arguments),
        Command::Learn(arguments) => commands::learn(arguments),
        Command::Check(arguments) => commands::check(arguments),
        Command::Drift(arguments) => commands::drift(arguments),
        Command::Rows(arguments) => commands::rows(arguments),
    };
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

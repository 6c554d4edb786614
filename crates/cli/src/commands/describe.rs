//! `bartizan completions` and `bartizan man`: the command line describes itself.

use crate::arguments::Cli;
use crate::exit::Exit;
use crate::failure::{Failure, nearest};
use clap::CommandFactory as _;
use std::io::{self, Write as _};

/// Writes the completion script for `shell`.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn completions(shell: clap_complete::Shell) -> Result<Exit, Failure> {
    // The generator panics on a closed pipe, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "bartizan", &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(Exit::Done)
}

/// Writes the manual page of the program or of one `command`.
///
/// # Errors
/// [`Failure::NoSuchCommand`], or when standard output cannot be written.
pub(crate) fn man(command: Option<&str>) -> Result<Exit, Failure> {
    let mut program = Cli::command();
    program.build();
    let page = match command {
        None => program,
        Some(wanted) => program.find_subcommand(wanted).cloned().ok_or_else(|| Failure::NoSuchCommand {
            command: wanted.to_owned(),
            nearest: nearest(wanted, program.get_subcommands().map(clap::Command::get_name)),
        })?,
    };
    let mut roff = Vec::new();
    clap_mangen::Man::new(page).render(&mut roff)?;
    io::stdout().lock().write_all(&roff)?;
    Ok(Exit::Done)
}

//! The `bartizan` program: arguments in, an exit code out. What it does lies in the libraries below.

mod arguments;
mod believed;
mod commands;
mod exit;
mod failure;
mod keyfile;
mod place;
mod progress;
mod project;
mod settings;
mod terminal;
mod unfinished;

use arguments::{Cli, Command};
use clap::{CommandFactory as _, FromArgMatches as _};
use exit::Exit;
use failure::Failure;
use std::process::ExitCode;

/// Where memory comes from (docs/decisions/0015).
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    hold_back_size_limit();
    // A defect is reported as a gap of its file; the default message would be a backtrace in the middle of a report.
    std::panic::set_hook(Box::new(|_| {}));
    let matches = Cli::command().get_matches();
    let guarded = std::panic::AssertUnwindSafe(|| run(&matches));
    let outcome = std::panic::catch_unwind(guarded).unwrap_or(Err(Failure::Defect));
    match outcome {
        Ok(exit) => exit.into(),
        // Whoever read our output has seen enough.
        Err(failure) if failure.is_broken_pipe() => Exit::Done.into(),
        Err(failure) => {
            terminal::complain(&failure);
            Exit::Failed.into()
        }
    }
}

/// Lets a write beyond the limit on file sizes (`ulimit -f`) fail with an error that says so, where the signal would end the program
/// in the middle of a file. Threads begun later hold it back as well; commands that are run do not, since they begin with an empty mask.
#[cfg(target_os = "linux")]
fn hold_back_size_limit() {
    let mut signals = nix::sys::signal::SigSet::empty();
    signals.add(nix::sys::signal::Signal::SIGXFSZ);
    // Without it a limit ends the program as it would any other.
    let _ = signals.thread_block();
}

fn run(matches: &clap::ArgMatches) -> Result<Exit, Failure> {
    let cli = Cli::from_arg_matches(matches).map_err(Failure::Arguments)?;
    match cli.command {
        Command::Scan(scan) => commands::scan::run(&scan, matches.subcommand_matches("scan")),
        Command::Decompile(decompile) => commands::decompile::run(&decompile),
        Command::Data(data) => commands::data::run(&data),
        Command::Guard(guard) => commands::guard::run(&guard),
        Command::Key(key) => commands::key::run(&key),
        Command::Sign(sign) => commands::sign::run(&sign),
        Command::Verify(verify) => commands::verify::run(&verify),
        Command::Attest(attest) => commands::attest::run(&attest),
        Command::Gate(gate) => commands::gate::run(&gate),
        Command::Policy(policy) => commands::policy::run(&policy),
        Command::Waive(waive) => commands::waive::run(&waive),
        Command::Server(server) => commands::server::run(&server),
        Command::Lineage(lineage) => commands::lineage::run(&lineage),
        Command::Bom(bom) => commands::bom::run(&bom),
        Command::Log(log) => commands::log::run(&log),
        Command::Mcp(mcp) => commands::mcp::run(&mcp),
        Command::Db(db) => commands::db::run(&db),
        Command::Run(run) => commands::run::run(&run),
        Command::Reproduce(reproduce) => commands::reproduce::run(&reproduce),
        Command::Launched { command } => commands::run::launched(&command),
        Command::Traced { command } => commands::run::traced(&command),
        #[cfg(unix)]
        Command::LoadGuard(guard) => commands::load_guard::run(&guard),
        Command::Rules(rules) => commands::rules::run(&rules),
        Command::Config(config) => commands::config::run(&config, matches),
        Command::Completions { shell } => commands::describe::completions(shell),
        Command::Man { command } => commands::describe::man(command.as_deref()),
    }
}

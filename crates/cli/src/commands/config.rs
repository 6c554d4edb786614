//! `bartizan config`: what is in force and where it comes from, and the schema of the file.

use crate::arguments::{ConfigArguments, ConfigCommand};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::{Settings, Trust, file};
use std::io::{self, BufWriter, Write};

/// Runs the command.
///
/// # Errors
/// [`Failure::Configuration`] when the file is not as it should be, or when standard output cannot be written.
pub(crate) fn run(arguments: &ConfigArguments, matches: &clap::ArgMatches) -> Result<Exit, Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    match &arguments.command {
        ConfigCommand::Schema => {
            serde_json::to_writer_pretty(&mut out, &file::schema()).map_err(io::Error::from)?;
            writeln!(out)?;
        }
        ConfigCommand::Show { origin, options } => {
            let here = std::env::current_dir().unwrap_or_default();
            let matches = matches.subcommand_matches("config").and_then(|of| of.subcommand_matches("show"));
            let settings = Settings::gather(options, matches, &here, Trust::Folder)?;
            writeln!(out, "[scan]")?;
            let lines: Vec<String> = settings
                .shown
                .iter()
                .map(|shown| match &shown.value {
                    Some(value) => format!("{} = {value}", shown.name),
                    None => format!("# {} is not set", shown.name),
                })
                .collect();
            let width = lines.iter().map(String::len).max().unwrap_or_default().min(60);
            for (line, shown) in lines.iter().zip(&settings.shown) {
                if *origin {
                    writeln!(out, "{line:<width$}  # {}", shown.origin)?;
                } else {
                    writeln!(out, "{line}")?;
                }
            }
            if !settings.shown_models.is_empty() {
                writeln!(out, "\n[models]")?;
            }
            for shown in &settings.shown_models {
                let name = shown.name.trim_start_matches("models.");
                let line = format!("{name} = {}", shown.value.as_deref().unwrap_or_default());
                if *origin {
                    writeln!(out, "{line:<width$}  # {}", shown.origin)?;
                } else {
                    writeln!(out, "{line}")?;
                }
            }
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

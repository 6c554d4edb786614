//! `bartizan attest`: sign a statement about artifacts, keep it, log it.

use crate::arguments::{AttestArguments, TextOrJson};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::project;
use bartizan_evidence::statement::Statement;
use bartizan_evidence::store::Receipt;
use serde_json::Value;
use std::io::{self, Write as _};

/// Largest predicate read, in bytes.
const LARGEST_PREDICATE: usize = 64 << 20;

/// Runs the command.
///
/// # Errors
/// [`Failure`] when something cannot be read, signed or kept.
pub(crate) fn run(arguments: &AttestArguments) -> Result<Exit, Failure> {
    let key = project::key(&arguments.key)?;
    let json = project::document("predicate", &arguments.predicate, LARGEST_PREDICATE)?;
    let predicate: Value = serde_json::from_slice(&json)
        .map_err(|error| Failure::Predicate { path: arguments.predicate.clone(), error })?;
    let mut subjects = Vec::new();
    for artifact in &arguments.artifacts {
        subjects.extend(project::subjects(artifact)?);
    }
    let statement = Statement::new(subjects, &arguments.predicate_type, predicate);
    let store = project::for_signing(arguments.store.as_deref(), &key)?;
    let (receipt, envelope) = project::record(&store, &statement, &key)?;
    if let Some(path) = &arguments.output {
        let json = envelope.to_json().map_err(bartizan_evidence::store::StoreError::from)?;
        std::fs::write(path, json).map_err(|error| Failure::Write { path: path.clone(), error })?;
    }
    show(&receipt, arguments.format)?;
    Ok(Exit::Done)
}

/// Writes what became of a statement.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn show(receipt: &Receipt, format: TextOrJson) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match format {
        TextOrJson::Json => {
            serde_json::to_writer(&mut out, receipt).map_err(io::Error::from)?;
            writeln!(out)?;
        }
        TextOrJson::Text => {
            writeln!(out, "statement  {}", receipt.payload)?;
            writeln!(out, "envelope   {}", receipt.envelope)?;
            match receipt.entry {
                Some(entry) => writeln!(out, "log        entry {entry}")?,
                None => writeln!(out, "log        none")?,
            }
        }
    }
    out.flush()
}

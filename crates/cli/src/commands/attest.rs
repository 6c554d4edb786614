//! `bartizan attest`: sign a statement about artifacts, keep it, log it.

use crate::arguments::{AttestArguments, TextOrJson};
use crate::commands::scan::write_whole;
use crate::commands::sign::may_replace_by;
use crate::exit::Exit;
use crate::failure::{Failure, nearest};
use crate::{project, terminal};
use bartizan_evidence::predicate;
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
    if let Some(path) = &arguments.output {
        may_replace_by(path, [arguments.key.key.as_path()], None, arguments.force)?;
    }
    let json = project::document("predicate", &arguments.predicate, LARGEST_PREDICATE)?;
    let predicate: Value = serde_json::from_slice(&json)
        .map_err(|error| Failure::Predicate { path: arguments.predicate.clone(), error })?;
    known(&arguments.predicate_type);
    predicate::check(&arguments.predicate_type, &predicate)
        .map_err(|misfit| Failure::Misfit { path: arguments.predicate.clone(), misfit })?;
    let mut subjects = Vec::new();
    for artifact in &arguments.artifacts {
        subjects.extend(project::subjects(artifact)?);
    }
    let statement = Statement::new(subjects, &arguments.predicate_type, predicate);
    let store = project::for_signing(arguments.store.as_deref(), &key)?;
    let (receipt, envelope) = project::record(&store, &statement, &key)?;
    if let Some(path) = &arguments.output {
        let json = envelope.to_json().map_err(bartizan_evidence::store::StoreError::from)?;
        write_whole(path, |out| out.write_all(&json))?;
    }
    show(&receipt, arguments.format)?;
    Ok(Exit::Done)
}

/// Warns of a type that nothing here reads: the statement is signed and kept, and what it says stays unread.
pub(crate) fn known(kind: &str) {
    if predicate::is_known(kind) {
        return;
    }
    let meant = nearest(kind, predicate::CHECKED);
    let meant = meant.map_or_else(String::new, |meant| format!("; did you mean {meant}?"));
    terminal::remark(&format!(
        "the predicate type `{}` is not known: what such a statement says is kept and not read{meant}",
        bartizan_core::printable(kind, 200)
    ));
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

//! `bartizan data quarantine`: files moved aside so that nothing reads them, and back.

use crate::arguments::{QuarantineArguments, QuarantineCommand, TextOrJson};
use crate::exit::Exit;
use crate::failure::Failure;
use bartizan_core::printable;
use bartizan_data::sources::{QUARANTINE_FOLDER, list, quarantine, restore};
use serde_json::json;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Runs the command.
///
/// # Errors
/// [`Failure`] when a file cannot be moved; those before it have been.
pub(crate) fn run(arguments: &QuarantineArguments) -> Result<Exit, Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    match &arguments.command {
        None => {
            for file in &arguments.files {
                let time = jiff::Timestamp::now().to_string();
                let record = quarantine(file, &arguments.reason, &time)?;
                let above = file.parent().filter(|above| *above != Path::new(""));
                let folder = above
                    .map_or_else(|| PathBuf::from(QUARANTINE_FOLDER), |above| above.join(QUARANTINE_FOLDER));
                let (name, place) = (printable(&file.to_string_lossy(), 300), record.place(&folder));
                writeln!(out, "{name} moved to {}", printable(&place.to_string_lossy(), 300))?;
                writeln!(out, "back with: bartizan data quarantine restore {}", record.id)?;
            }
        }
        Some(QuarantineCommand::List { folder, format }) => {
            let found = list(folder)?;
            if *format == TextOrJson::Json {
                let records =
                    found.iter().map(|(folder, record)| json!({"folder": folder, "record": record}));
                let records: Vec<_> = records.collect();
                writeln!(out, "{:#}", json!({"schema": "bartizan.quarantine-list/1", "files": records}))?;
            } else {
                for (folder, record) in &found {
                    let place = folder.parent().unwrap_or(folder).join(&record.name);
                    let place = printable(&place.to_string_lossy(), 300);
                    let reason = printable(&record.reason, 200);
                    writeln!(
                        out,
                        "{}  {}  {place}  sha256:{}  {reason}",
                        record.id, record.time, record.sha256
                    )?;
                }
                writeln!(out, "{} file(s) in quarantine", found.len())?;
            }
        }
        Some(QuarantineCommand::Restore { name, folder }) => {
            let place = restore(folder, name)?;
            writeln!(out, "{} is back", printable(&place.to_string_lossy(), 300))?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

//! `bartizan log export`: the entries as lines of JSON, or the files anyone can serve.

use super::note_key;
use crate::arguments::ExportArguments;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::place::Place;
use bartizan_evidence::log::checkpoint::CHECKPOINT_FILE;
use bartizan_evidence::log::storage::Files;
use bartizan_evidence::log::tile::{TILE_FOLDER, TILE_WIDTH};
use bartizan_evidence::log::{Hash, LogReader};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;

/// Most files held in memory while a log is copied.
const MOST_HELD: usize = 64;

/// Runs the command.
///
/// # Errors
/// [`Failure`] when a file cannot be read or written, or an entry is not the one that was logged.
pub(super) fn run(arguments: &ExportArguments) -> Result<Exit, Failure> {
    let place = Place::of(&arguments.folder)?;
    let key = note_key(&arguments.key)?;
    let reader = LogReader::open(place.files(), &[&key])?;
    match &arguments.to {
        Some(to) => copy(place.files(), &reader, &Place::of(to)?)?,
        None => lines(&reader, arguments.start)?,
    }
    Ok(Exit::Done)
}

fn lines(reader: &LogReader<'_>, start: u64) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut next = start;
    while next < reader.size() {
        let bundle = next / TILE_WIDTH;
        for (index, entry) in (bundle * TILE_WIDTH..).zip(reader.bundle(bundle)?) {
            if index < next {
                continue;
            }
            let leaf = Hash::leaf(&entry);
            if reader.leaf(index)? != leaf {
                return Err(Failure::NotLogged {
                    path: format!("entry {index}").into(),
                    problem: "it is not the one that was logged; `bartizan log verify` names the file"
                        .to_owned(),
                });
            }
            let line = match std::str::from_utf8(&entry) {
                Ok(text) => json!({"index": index, "leaf": leaf.to_string(), "entry": text}),
                Err(_) => {
                    json!({"index": index, "leaf": leaf.to_string(), "entry_base64": STANDARD.encode(&entry)})
                }
            };
            writeln!(out, "{line}")?;
        }
        next = (bundle + 1) * TILE_WIDTH;
    }
    out.flush()?;
    Ok(())
}

/// Copies what readers need, the checkpoint last: whoever reads meanwhile finds every tile it asks for.
fn copy(files: &dyn Files, reader: &LogReader<'_>, target: &Place) -> Result<(), Failure> {
    let mut folders = vec![TILE_FOLDER.to_owned()];
    while let Some(each) = folders.pop() {
        let path = PathBuf::from(format!("{}/{each}", files.place()));
        let unreadable = |error| Failure::Read { what: "log", path: path.clone(), error };
        let mut found = Vec::new();
        for listed in files.list(&each).map_err(unreadable)? {
            let path = format!("{each}/{}", listed.name);
            if listed.folder {
                folders.push(path);
            } else if let Some(bytes) = files.read(&path).map_err(unreadable)? {
                found.push((path, bytes));
                if found.len() >= MOST_HELD {
                    target.publish(&std::mem::take(&mut found))?;
                }
            }
        }
        target.publish(&found)?;
    }
    target.publish(&[(CHECKPOINT_FILE.to_owned(), reader.checkpoint().note.to_string().into_bytes())])
}

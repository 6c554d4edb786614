//! `bartizan guard index`: a filter over protected texts, by which the guard tells answers that repeat them.

use crate::arguments::IndexArguments;
use crate::commands::scan::write_whole;
use crate::exit::Exit;
use crate::failure::Failure;
use bartizan_guard::check::corpus::{CorpusBuilder, CorpusError, CorpusFilter};
use serde_json::Value;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;

/// Longest line that is read at once, in bytes; a longer one is cut, and the word at the cut with it.
const LONGEST_LINE: u64 = 16 << 20;

/// Runs the command.
///
/// # Errors
/// [`Failure`] when a text cannot be read or the filter not be built or written.
pub(super) fn run(arguments: &IndexArguments) -> Result<Exit, Failure> {
    let mut builder =
        CorpusBuilder::new(arguments.window).map_err(|error| refused(&arguments.output, &error))?;
    for path in &arguments.files {
        pieces(path, |piece, ends| {
            builder.add(piece);
            if ends {
                builder.end_text();
            }
        })?;
        builder.end_text();
    }
    for path in &arguments.except {
        let mut text = String::new();
        pieces(path, |piece, _| text.push_str(piece))?;
        builder.except(&text);
    }
    let words = builder.words();
    let bytes = builder.build().map_err(|error| refused(&arguments.output, &error))?;
    let filter = CorpusFilter::read(bytes.clone()).map_err(|error| refused(&arguments.output, &error))?;
    if filter.keys() == 0 {
        return Err(Failure::Guard(format!(
            "there is nothing to protect: {words} words make no window of {}; give longer texts, or a shorter --window",
            filter.window()
        )));
    }
    write_whole(&arguments.output, |out| out.write_all(&bytes))?;
    writeln!(
        io::stdout().lock(),
        "{}: {words} words, {} windows of {}, {} bytes ({:.2} a word)",
        arguments.output.display(),
        filter.keys(),
        filter.window(),
        filter.size(),
        filter.size() as f64 / words.max(1) as f64,
    )?;
    Ok(Exit::Done)
}

fn refused(path: &Path, error: &CorpusError) -> Failure {
    Failure::Write { path: path.to_path_buf(), error: io::Error::other(error.to_string()) }
}

/// Gives a file line by line, and whether a text ends there: of `.jsonl` and `.json` files every string is a text.
fn pieces(path: &Path, mut piece: impl FnMut(&str, bool)) -> Result<(), Failure> {
    let unreadable = |error| Failure::Read { what: "protected text", path: path.to_path_buf(), error };
    let mut input = BufReader::new(File::open(path).map_err(unreadable)?);
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if extension == "json" {
        let mut bytes = Vec::new();
        input.read_to_end(&mut bytes).map_err(unreadable)?;
        if let Ok(value) = serde_json::from_slice(&bytes) {
            strings(&value, &mut piece);
        } else {
            piece(&String::from_utf8_lossy(&bytes), true);
        }
        return Ok(());
    }
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(unreadable)? == 0 {
            return Ok(());
        }
        match serde_json::from_slice::<Value>(&line) {
            Ok(value) if extension == "jsonl" => strings(&value, &mut piece),
            _ => piece(&String::from_utf8_lossy(&line), false),
        }
    }
}

/// The strings of a value; the JSON reader bounds how deep it is.
fn strings(value: &Value, piece: &mut impl FnMut(&str, bool)) {
    match value {
        Value::String(text) => piece(text, true),
        Value::Array(items) => items.iter().for_each(|item| strings(item, piece)),
        Value::Object(members) => members.values().for_each(|member| strings(member, piece)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

//! `bartizan guard try`: judge what is said to a model, and by it.

use crate::arguments::{TryArguments, TryEncoder, TryRole};
use crate::exit::Exit;
use crate::failure::Failure;
use bartizan_core::printable;
use bartizan_text::injection::judge::{Action, DOUBT, Judge, Judgement, Role};
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::json;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::time::Instant;

/// Lines judged at once, so that memory does not grow with the file.
const BATCH: usize = 2048;
/// Longest line, in bytes.
const LONGEST_LINE: u64 = 64 << 20;

/// Judges one text, or those of a file.
///
/// # Errors
/// [`Failure`] when the input cannot be read or the output not be written.
pub(super) fn run(arguments: &TryArguments) -> Result<Exit, Failure> {
    let judge = match arguments.encoder {
        TryEncoder::Always => Judge::thorough(),
        TryEncoder::Doubt => Judge::thorough().map(|judge| judge.in_doubt(&DOUBT)),
        TryEncoder::Never => Judge::new(),
    };
    let judge = judge.map_err(|_| Failure::Defect)?;
    let role = arguments.role.into();
    if let Some(path) = &arguments.jsonl {
        return lines(&judge, path, role);
    }
    let mut text = arguments.text.clone().unwrap_or_default();
    if text == "-" {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes)?;
        text = String::from_utf8_lossy(&bytes).into_owned();
    }
    let started = Instant::now();
    let verdict = judge.judge(&text, role);
    show(&text, &verdict, started.elapsed().as_micros(), &mut io::stdout().lock())?;
    Ok(if verdict.action == Action::Block { Exit::Found } else { Exit::Done })
}

/// What is read of a line; other members are left alone.
#[derive(Deserialize)]
struct Line {
    text: String,
    role: Option<String>,
}

fn lines(judge: &Judge, path: &Path, role: Role) -> Result<Exit, Failure> {
    let unreadable = |error| Failure::Read { what: "texts", path: path.to_path_buf(), error };
    let mut input: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        Box::new(BufReader::new(File::open(path).map_err(unreadable)?))
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let (mut number, mut failed) = (0_usize, false);
    loop {
        let mut batch: Vec<(usize, Vec<u8>)> = Vec::new();
        while batch.len() < BATCH {
            let mut line = Vec::new();
            let length =
                input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(unreadable)?;
            if length == 0 {
                break;
            }
            number = number.saturating_add(1);
            if !line.trim_ascii().is_empty() {
                batch.push((number, line));
            }
        }
        if batch.is_empty() {
            break;
        }
        let answers: Vec<(String, bool)> =
            batch.par_iter().map(|(number, line)| answer(judge, *number, line, role)).collect();
        for (answer, good) in answers {
            failed |= !good;
            writeln!(out, "{answer}")?;
        }
    }
    out.flush()?;
    Ok(if failed { Exit::Incomplete } else { Exit::Done })
}

/// The answer to one line, and whether it could be judged.
fn answer(judge: &Judge, number: usize, line: &[u8], role: Role) -> (String, bool) {
    let refused = |why: String| (json!({"line": number, "error": why}).to_string(), false);
    let read: Line = match serde_json::from_slice(line) {
        Ok(read) => read,
        Err(error) => return refused(format!("not an object with a text: {error}")),
    };
    let role = match read.role.as_deref() {
        None => role,
        Some("user" | "human") => Role::User,
        Some("system" | "developer") => Role::System,
        Some("tool" | "function" | "tool_result") => Role::Tool,
        Some("document" | "retrieved" | "context") => Role::Document,
        Some("assistant" | "model") => Role::Assistant,
        Some(other) => {
            return refused(format!(
                "role {}; use user, system, tool, document or assistant",
                printable(other, 40)
            ));
        }
    };
    let started = Instant::now();
    let verdict = judge.judge(&read.text, role);
    let micros = started.elapsed().as_micros();
    let spans: Vec<_> = verdict
        .evidence
        .iter()
        .map(|one| {
            let start = characters(&read.text, one.start);
            json!({"start": start, "end": characters(&read.text, one.end).max(start), "what": one.what})
        })
        .collect();
    let labels: Vec<&str> = verdict.labels.iter().map(|label| label.name()).collect();
    let score = (f64::from(verdict.score) * 1e6).round() / 1e6;
    let object = json!({
        "line": number, "action": verdict.action.name(), "score": score, "labels": labels, "spans": spans,
        "stage": verdict.stage, "micros": u64::try_from(micros).unwrap_or(u64::MAX),
    });
    (object.to_string(), true)
}

/// Characters before a byte.
fn characters(text: &str, byte: usize) -> usize {
    text.get(..byte).map_or_else(|| text.chars().count(), |before| before.chars().count())
}

fn show(text: &str, verdict: &Judgement, micros: u128, out: &mut dyn Write) -> io::Result<()> {
    let labels: Vec<&str> = verdict.labels.iter().map(|label| label.name()).collect();
    writeln!(out, "{}  score {:.3}  {}", verdict.action.name(), verdict.score, labels.join(", "))?;
    for one in &verdict.evidence {
        let quoted = printable(text.get(one.start..one.end).unwrap_or_default(), 60);
        writeln!(
            out,
            "  {:>6}..{:<6} {:24} {quoted}",
            characters(text, one.start),
            characters(text, one.end),
            one.what
        )?;
    }
    writeln!(out, "{micros} µs, {} bytes", text.len())
}

impl From<TryRole> for Role {
    fn from(role: TryRole) -> Self {
        match role {
            TryRole::User => Self::User,
            TryRole::System => Self::System,
            TryRole::Tool => Self::Tool,
            TryRole::Document => Self::Document,
            TryRole::Assistant => Self::Assistant,
        }
    }
}

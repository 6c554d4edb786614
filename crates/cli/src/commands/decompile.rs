//! `bartizan decompile`: the pickles of a file as Python programs, for people who want to see for themselves.

use crate::arguments::{DecompileArguments, TextOrJson};
use crate::exit::Exit;
use crate::failure::Failure;
use bartizan_core::{Gap, Limits, MonotonicClock, Source, printable};
use bartizan_model::pickle::Program;
use bartizan_model::{Input, decompile};
use serde_json::{Value, json};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Runs the command.
///
/// # Errors
/// When the file cannot be read or holds no pickle, or standard output cannot be written.
pub(crate) fn run(arguments: &DecompileArguments) -> Result<Exit, Failure> {
    let limits = Limits::default();
    let is_standard_input = arguments.file == Path::new("-");
    let source = if is_standard_input {
        Source::read(io::stdin().lock(), limits.file_bytes)?
    } else {
        Source::open(&arguments.file, limits.file_bytes)?
    };
    let name = arguments.file.to_string_lossy();
    let (programs, gaps) = with_stack(|| {
        let input = Input::new(&name, source.bytes());
        decompile(&input, &limits, &MonotonicClock::start())
    })
    .ok_or(Failure::Defect)?;
    if programs.is_empty() && gaps.is_empty() {
        return Err(Failure::NoPickle(arguments.file.clone()));
    }
    let mut out = BufWriter::new(io::stdout().lock());
    match arguments.format {
        TextOrJson::Text => write_text(&name, &programs, &gaps, &mut out)?,
        TextOrJson::Json => {
            serde_json::to_writer_pretty(&mut out, &in_json(&name, &programs, &gaps))
                .map_err(io::Error::from)?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    let is_whole = gaps.is_empty() && programs.iter().all(|program| program.cut.is_none());
    Ok(if is_whole { Exit::Done } else { Exit::Incomplete })
}

/// What `work` gives, on a stack as deep as that of a scan; `None` when it has a defect.
fn with_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let worker = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).ok()?;
        worker.join().ok()
    })
}

/// Stack of the worker in bytes; reserved, not used. Third-party parsers recurse on source text.
const STACK: usize = 64 << 20;

fn write_text(name: &str, programs: &[Program], gaps: &[Gap], out: &mut dyn Write) -> io::Result<()> {
    for (index, program) in programs.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        let place = place(name, program.member.as_deref());
        writeln!(out, "# {place}, pickle at byte {}, protocol {}", program.offset, program.protocol)?;
        program.lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    }
    for gap in gaps {
        writeln!(out, "# not read: {}: {}", place(name, gap.member.as_deref()), printable(&gap.reason, 400))?;
    }
    Ok(())
}

fn place(name: &str, member: Option<&str>) -> String {
    let name = printable(name, 400);
    match member {
        Some(member) => format!("{name}!/{}", printable(member, 400)),
        None => name,
    }
}

fn in_json(name: &str, programs: &[Program], gaps: &[Gap]) -> Value {
    let programs: Vec<Value> = programs
        .iter()
        .map(|program| {
            json!({
                "member": program.member,
                "offset": program.offset,
                "protocol": program.protocol,
                "program": program.lines,
                "cut": program.cut,
            })
        })
        .collect();
    let gaps: Vec<Value> = gaps
        .iter()
        .map(|gap| json!({"member": gap.member, "offset": gap.offset, "reason": gap.reason}))
        .collect();
    json!({"schema": "bartizan.decompile/1", "file": name, "pickles": programs, "gaps": gaps})
}

//! `bartizan gate --replay`: what a policy would have decided about recorded exchanges, and whether that difference may go.

use super::{bounds, policies, resident_bytes, write};
use crate::arguments::{GateArguments, GateFormat};
use crate::exit::Exit;
use crate::failure::Failure;
use bartizan_policy::replay::{Change, Difference, GROUP, LONGEST_LINE, Replay};
use bartizan_policy::source::Policy;
use serde_json::json;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _, Write};
use std::path::Path;

/// Replays a recording, `-` for standard input. The verdict is deny when more is loosened or tightened than the user allows, or when a
/// line could not be read.
///
/// # Errors
/// [`Failure`] when recording or policy cannot be read, the policy fails, or nothing was recorded.
pub(super) fn run(arguments: &GateArguments, recording: &Path) -> Result<Exit, Failure> {
    let policy = policies(&arguments.basis.policy)?;
    let mut replay = Replay::new(
        &policy,
        arguments.basis.package.as_deref(),
        bounds(&arguments.basis.bounds),
        &resident_bytes,
    )?;
    let unreadable = |error| Failure::Read { what: "recording", path: recording.to_owned(), error };
    let mut reader: Box<dyn BufRead> = if recording.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(recording).map_err(unreadable)?))
    };
    loop {
        let mut lines = Vec::new();
        while lines.len() < GROUP {
            let Some(line) = line(&mut *reader).map_err(unreadable)? else { break };
            lines.push(line);
        }
        if lines.is_empty() {
            break;
        }
        replay.feed(lines, &resident_bytes)?;
    }
    let found = replay.finish();
    if found.decisions == 0 {
        let error = io::Error::new(io::ErrorKind::InvalidData, "it holds no recorded decision");
        return Err(unreadable(error));
    }
    let reasons = reasons(&found, arguments);
    write(arguments, &|out| match arguments.format {
        GateFormat::Json => json_form(&policy, &found, &reasons, out),
        _ => text_form(&policy, &found, &reasons, out),
    })?;
    Ok(if reasons.is_empty() { Exit::Done } else { Exit::Found })
}

/// The next line, whole up to the longest that is read; what is beyond is passed over.
fn line(reader: &mut dyn BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let most = LONGEST_LINE as u64 + 1;
    if reader.take(most).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    let mut ended = bytes.last() == Some(&b'\n');
    while !ended {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            break;
        }
        let (used, found) =
            buffer.iter().position(|byte| *byte == b'\n').map_or((buffer.len(), false), |at| (at + 1, true));
        reader.consume(used);
        ended = found;
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Why the difference may not go.
fn reasons(found: &Difference, arguments: &GateArguments) -> Vec<String> {
    let mut reasons = Vec::new();
    if found.loosened > arguments.max_loosened {
        reasons.push(format!(
            "{} decisions would be milder than they were; up to {} may be",
            found.loosened, arguments.max_loosened
        ));
    }
    if found.tightened_percent() > arguments.max_tightened_percent {
        reasons.push(format!(
            "{} decisions ({:.2} %) would be stricter than they were; up to {} % may be",
            found.tightened,
            found.tightened_percent(),
            arguments.max_tightened_percent
        ));
    }
    if found.unread_lines > 0 {
        reasons.push(format!("{} lines are no recorded decisions", found.unread_lines));
    }
    reasons
}

fn verdict(reasons: &[String]) -> &'static str {
    if reasons.is_empty() { "allow" } else { "deny" }
}

fn json_form(policy: &Policy, found: &Difference, reasons: &[String], out: &mut dyn Write) -> io::Result<()> {
    let document = json!({
        "schema": "bartizan.gate-replay/1", "verdict": verdict(reasons), "reasons": reasons,
        "policy_digest": policy.digest, "policies": policy.names,
        "difference": found, "tightened_percent": found.tightened_percent(),
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn text_form(policy: &Policy, found: &Difference, reasons: &[String], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{:<9}{}", verdict(reasons), bartizan_core::printable(&policy.names.join(", "), 300))?;
    writeln!(out, "decisions {}, {} of them the same", found.decisions, found.same)?;
    for (change, count) in &found.changes {
        writeln!(out, "  {change:<14} {count}")?;
    }
    for reason in reasons {
        writeln!(out, "deny     {}", bartizan_core::printable(reason, 500))?;
    }
    for (word, changes) in [("milder", &found.first_loosened), ("stricter", &found.first_tightened)] {
        for Change { line, id, recorded, candidate, reason } in changes {
            let reason = reason.as_ref().map(|reason| format!(": {}", bartizan_core::printable(reason, 300)));
            writeln!(
                out,
                "  {word:<8} line {line} {id} {} → {}{}",
                recorded.as_str(),
                candidate.as_str(),
                reason.unwrap_or_default()
            )?;
        }
    }
    found.unread.iter().try_for_each(|why| writeln!(out, "  unread   {}", bartizan_core::printable(why, 300)))
}

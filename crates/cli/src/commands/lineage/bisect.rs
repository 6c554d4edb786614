//! `bartizan lineage bisect`: run a check on versions between a good and a bad one.

use crate::exit::Exit;
use crate::failure::Failure;
use crate::{project, terminal};
use bartizan_evidence::lineage::bisect::{Quality, candidates, first_bad};
use bartizan_evidence::lineage::{MOST_NODES, Node, NodeId};
use bartizan_evidence::store::{Direction, Store};
use std::io::{self, Write as _};
use std::process::{Command, Stdio};

/// Exit status by which a check says that it cannot tell, as with `git bisect run`.
const CANNOT_TELL: i32 = 125;

/// Runs the command.
///
/// # Errors
/// [`Failure::Bisect`] when the two are no such pair or the check does not run.
pub(super) fn run(store: &Store, good: &str, bad: &str, check: &[String]) -> Result<Exit, Failure> {
    let (good, bad) = (project::node(store, good)?, project::node(store, bad)?);
    let ancestry = super::walk(store, &bad, Direction::Up, None, MOST_NODES)?;
    let versions = candidates(&ancestry, &good, &bad)?;
    terminal::remark(&format!("{} versions between the two", versions.len()));
    let label = |id: &NodeId| ancestry.node(id).map_or_else(|| id.to_string(), Node::label);
    let found = first_bad(&versions, |id| {
        let quality = quality(check, id, &label(id))?;
        terminal::remark(&format!("{} {}: {quality:?}", label(id), id));
        Ok(quality)
    })?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "first bad  {} {}",
        found.first_bad,
        bartizan_core::printable(&label(&found.first_bad), 100)
    )?;
    writeln!(
        out,
        "last good  {} {}",
        found.last_good,
        bartizan_core::printable(&label(&found.last_good), 100)
    )?;
    for id in &found.untestable {
        writeln!(out, "not told   {id}")?;
    }
    writeln!(out, "{} checks", found.checks)?;
    for edge in ancestry.edges.iter().filter(|edge| edge.to == found.first_bad) {
        writeln!(out, "made from  {} by {}", label(&edge.from), edge.support.statement)?;
    }
    Ok(if found.untestable.is_empty() { Exit::Done } else { Exit::Incomplete })
}

fn quality(check: &[String], id: &NodeId, name: &str) -> io::Result<Quality> {
    let [program, arguments @ ..] = check else { return Ok(Quality::Untestable) };
    let filled = |text: &String| text.replace("{name}", name).replace("{}", id.as_str());
    let status = Command::new(filled(program))
        .args(arguments.iter().map(filled))
        .env("BARTIZAN_DIGEST", id.as_str())
        .env("BARTIZAN_NAME", name)
        .stdin(Stdio::null())
        // Results of ours go to standard output; what the check writes is a remark.
        .stdout(io::stderr())
        .status()?;
    Ok(match status.code() {
        Some(0) => Quality::Good,
        Some(CANNOT_TELL) => Quality::Untestable,
        Some(_) => Quality::Bad,
        None => return Err(io::Error::other("the check was ended by a signal")),
    })
}

//! `bartizan lineage`: what an artifact is made of, and what it touches.

mod bisect;
mod import;
mod render;
mod show;

use crate::arguments::{LineageArguments, LineageCommand, LineageFormat, TextOrJson, TraceArguments};
use crate::commands::attest;
use crate::commands::scan::TOOL;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{keyfile, project, terminal};
use bartizan_evidence::digest::Digest;
use bartizan_evidence::lineage::export::{self, Origin, cyclonedx, openlineage, spdx, svg};
use bartizan_evidence::lineage::{
    Edge, Lineage, MOST_NODES, NodeId, Proof, TraceRequest, diff, erasure, prove, trace, whole,
};
use bartizan_evidence::store::{Direction, Gap, Index, Store, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::Path;

/// Most nodes of a bill of materials; tools that read them end long before.
const MOST_LISTED: usize = 20_000;
/// Remarks of one kind, and statements told in one.
const MOST_REMARKS: usize = 4;

/// Runs the command.
///
/// # Errors
/// [`Failure`] when the store does not answer or knows nothing of what was asked for.
pub(crate) fn run(arguments: &LineageArguments) -> Result<Exit, Failure> {
    let store = arguments.store.as_deref();
    match &arguments.command {
        LineageCommand::Show { node, format } => {
            show::run(&project::existing(store)?, node.as_deref(), *format)
        }
        LineageCommand::Trace(options) => trace_command(&project::existing(store)?, options),
        LineageCommand::Diff { first, second, down, format } => {
            compare(&project::existing(store)?, [first, second], *down, *format)
        }
        LineageCommand::Export { node, format, output } => {
            export_command(&project::existing(store)?, node.as_deref(), *format, output.as_deref())
        }
        LineageCommand::Import { paths, about, dry_run, key } => {
            import::run(store, paths, about.as_deref(), *dry_run, key)
        }
        LineageCommand::Bisect { good, bad, check } => {
            bisect::run(&project::existing(store)?, good, bad, check)
        }
        LineageCommand::Erase { record, max_nodes, format, key } => {
            let key = project::key(key)?;
            // An answer about an empty store would be worth nothing, so none is made.
            drop(project::existing(store)?);
            let store = project::for_signing(store, &key)?;
            let head = store.log().map(bartizan_evidence::store::StatementLog::head).transpose()?;
            let start = project::node(&store, record)?;
            // What is signed rests on log and blobs, never on an index that somebody may have edited.
            let mut index = store.fresh_index()?;
            let gaps = index.gaps().map_err(StoreError::from)?;
            tell(&gaps);
            let radius = walk_in(&mut index, &start, Direction::Down, None, *max_nodes)?;
            let time = crate::commands::scan::now().to_string();
            let statement = erasure::statement(&radius, head.as_ref(), &gaps, &time)?;
            if *format == TextOrJson::Text {
                render::tree(&radius, Direction::Down, true, false, &mut io::stdout().lock())?;
            }
            let (receipt, _) = project::record(&store, &statement, &key)?;
            attest::show(&receipt, *format)?;
            doubts(&radius);
            Ok(exit_of(&radius, &gaps))
        }
        LineageCommand::Trust { key } => {
            let key = keyfile::public_key(key)?;
            let root = match store {
                Some(root) => root.to_owned(),
                None => Store::find(&project::here()).unwrap_or_else(|_| Store::place(&project::here())),
            };
            let path = project::believe(&root, &key)?;
            terminal::remark(&format!("believed from now on: {}", path.display()));
            project::confirm(&root, &key)?;
            project::existing(Some(&root))?;
            Ok(Exit::Done)
        }
        LineageCommand::Reindex => reindex(&project::existing(store)?),
    }
}

fn walk(
    store: &Store,
    start: &NodeId,
    direction: Direction,
    depth: Option<u32>,
    most_nodes: usize,
) -> Result<Lineage, Failure> {
    walk_in(store.index().as_mut(), start, direction, depth, most_nodes)
}

fn walk_in(
    index: &mut dyn Index,
    start: &NodeId,
    direction: Direction,
    depth: Option<u32>,
    most_nodes: usize,
) -> Result<Lineage, Failure> {
    let request = TraceRequest { start: vec![start.clone()], direction, depth, most_nodes };
    Ok(trace(index, &request)?)
}

fn trace_command(store: &Store, options: &TraceArguments) -> Result<Exit, Failure> {
    let start = project::node(store, &options.node)?;
    let direction = if options.up { Direction::Up } else { Direction::Down };
    let (lineage, gaps, proofs) = if options.verify {
        // The kept index is a file that can be edited; what is verified is read from log and blobs.
        let mut index = store.fresh_index()?;
        let gaps = index.gaps().map_err(StoreError::from)?;
        tell(&gaps);
        let lineage = walk_in(&mut index, &start, direction, options.depth, options.max_nodes)?;
        let proofs = prove(store, &lineage)?;
        (lineage, gaps, Some(proofs))
    } else {
        let gaps = store.gaps()?;
        tell(&gaps);
        (walk(store, &start, direction, options.depth, options.max_nodes)?, gaps, None)
    };
    let written = Written { direction: Some(direction), all: options.all, color: options.color, proofs };
    write(&lineage, options.format, options.output.as_deref(), &written)?;
    doubts(&lineage);
    Ok(exit_of(&lineage, &gaps))
}

fn export_command(
    store: &Store,
    node: Option<&str>,
    format: LineageFormat,
    output: Option<&Path>,
) -> Result<Exit, Failure> {
    let lineage = match node {
        None => whole(store.index().as_mut(), MOST_NODES)?,
        Some(node) => {
            let start = project::node(store, node)?;
            around(store, &start)?
        }
    };
    let written = Written { direction: None, all: true, color: terminal::Color::Auto, proofs: None };
    write(&lineage, format, output, &written)?;
    let gaps = store.gaps()?;
    tell(&gaps);
    doubts(&lineage);
    Ok(exit_of(&lineage, &gaps))
}

/// What an artifact came of and what came of it.
pub(crate) fn around(store: &Store, start: &NodeId) -> Result<Lineage, Failure> {
    let mut both = walk(store, start, Direction::Up, None, MOST_NODES)?;
    let down = walk(store, start, Direction::Down, None, MOST_NODES)?;
    let known: BTreeSet<NodeId> = both.nodes.iter().map(|node| node.id.clone()).collect();
    both.nodes.extend(down.nodes.into_iter().filter(|node| !known.contains(&node.id)));
    both.edges.extend(down.edges);
    both.edges.sort();
    both.edges.dedup();
    both.cycles.extend(down.cycles);
    both.contradictions.extend(down.contradictions);
    both.unbelieved.extend(down.unbelieved);
    both.truncated |= down.truncated;
    Ok(both)
}

/// How a lineage is written, beside its format.
struct Written {
    direction: Option<Direction>,
    /// Whether text shows every part of an environment.
    all: bool,
    color: terminal::Color,
    proofs: Option<BTreeMap<Digest, Proof>>,
}

fn write(
    lineage: &Lineage,
    format: LineageFormat,
    output: Option<&Path>,
    written: &Written,
) -> Result<(), Failure> {
    if let Some(path) = output {
        let failed = |error| Failure::Write { path: path.to_owned(), error };
        let mut out = BufWriter::new(File::create(path).map_err(failed)?);
        return write_to(lineage, format, written, false, &mut out)
            .and_then(|()| out.flush())
            .map_err(failed);
    }
    let terminal = io::stdout().is_terminal();
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    write_to(lineage, format, written, terminal, &mut out)?;
    Ok(out.flush()?)
}

fn write_to(
    lineage: &Lineage,
    format: LineageFormat,
    written: &Written,
    terminal: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let time = crate::commands::scan::now().to_string();
    let origin = Origin { tool: TOOL.name, version: TOOL.version, time: &time };
    let none = BTreeMap::new();
    let is_bill =
        matches!(format, LineageFormat::Cyclonedx | LineageFormat::Cyclonedx16 | LineageFormat::Spdx);
    if is_bill && lineage.nodes.len() > MOST_LISTED {
        let message = format!(
            "{} nodes are too many for one bill of materials; up to {MOST_LISTED} are written",
            lineage.nodes.len()
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let document = match format {
        LineageFormat::Text => {
            let direction = written.direction.unwrap_or(Direction::Down);
            return render::tree(lineage, direction, written.all, written.color.is_on(terminal), out);
        }
        LineageFormat::Mermaid => return export::drawing::mermaid(lineage, out),
        LineageFormat::Dot => return export::drawing::dot(lineage, out),
        LineageFormat::Svg => return svg::svg(lineage, out),
        LineageFormat::Openlineage => {
            for event in openlineage::events(lineage, origin) {
                writeln!(out, "{event}")?;
            }
            return Ok(());
        }
        LineageFormat::Json => {
            return export::json(lineage, origin, written.direction, written.proofs.as_ref(), out);
        }
        LineageFormat::Cyclonedx => {
            cyclonedx::document(lineage, &none, cyclonedx::CycloneDxVersion::V1_7, origin)
        }
        LineageFormat::Cyclonedx16 => {
            cyclonedx::document(lineage, &none, cyclonedx::CycloneDxVersion::V1_6, origin)
        }
        LineageFormat::Spdx => spdx::document(lineage, origin),
    };
    serde_json::to_writer_pretty(&mut *out, &document).map_err(io::Error::from)?;
    writeln!(out)
}

fn compare(store: &Store, nodes: [&String; 2], down: bool, format: TextOrJson) -> Result<Exit, Failure> {
    let direction = if down { Direction::Down } else { Direction::Up };
    let [first, second] = nodes.map(|node| project::node(store, node));
    let first = walk(store, &first?, direction, None, MOST_NODES)?;
    let second = walk(store, &second?, direction, None, MOST_NODES)?;
    let difference = diff::diff(&first, &second);
    let mut out = io::stdout().lock();
    match format {
        TextOrJson::Json => {
            serde_json::to_writer_pretty(&mut out, &difference).map_err(io::Error::from)?;
            writeln!(out)?;
        }
        TextOrJson::Text => render::difference(&difference, &mut out)?,
    }
    Ok(Exit::Done)
}

fn reindex(store: &Store) -> Result<Exit, Failure> {
    let reindexed = store.reindex()?;
    for Gap { entry, reason } in &reindexed.left_out {
        terminal::remark(&format!("entry {entry} of the log is left out: {reason}"));
    }
    let mut out = io::stdout().lock();
    writeln!(out, "{} statements, {} of them not in the log", reindexed.statements, reindexed.unlogged)?;
    if reindexed.changed.is_empty() {
        writeln!(out, "the index was right")?;
    } else {
        writeln!(out, "the index was wrong in: {}", reindexed.changed.join(", "))?;
    }
    Ok(if reindexed.left_out.is_empty() { Exit::Done } else { Exit::Incomplete })
}

/// Tells what of the log could not be read, on standard error.
fn tell(gaps: &[Gap]) {
    if let Some(first) = gaps.first() {
        terminal::remark(&format!(
            "{} entries of the log could not be read, so there may be more: entry {}: {}; after the envelopes are back, \
             `bartizan lineage reindex` reads them",
            gaps.len(),
            first.entry,
            first.reason
        ));
    }
}

/// Tells what speaks against a lineage, on standard error.
fn doubts(lineage: &Lineage) {
    for claim in &lineage.unbelieved {
        terminal::remark(&format!(
            "not believed, no trusted key signed it: {}: {}",
            claim.subject, claim.message
        ));
    }
    for cycle in lineage.cycles.iter().take(MOST_REMARKS) {
        let names: Vec<&str> = cycle.iter().take(6).map(NodeId::as_str).collect();
        terminal::remark(&format!(
            "{}: {}; {}; look at their statements with `bartizan lineage show`, and do not \
             rely on a key that signed a false one",
            match cycle.len() {
                1 => "a node leads back to itself".to_owned(),
                many => format!("{many} nodes lead back to themselves"),
            },
            names.join(", "),
            claims(&lineage.closing(cycle))
        ));
    }
    if lineage.cycles.len() > MOST_REMARKS {
        terminal::remark(&format!("{} more cycles", lineage.cycles.len() - MOST_REMARKS));
    }
    for contradiction in &lineage.contradictions {
        terminal::remark(&format!("{}: {}", contradiction.subject, contradiction.message));
    }
    let to_themselves = lineage.self_edges();
    if !to_themselves.is_empty() {
        terminal::remark(&format!(
            "{} edges lead from a node to itself and say nothing about where it came from: {}",
            to_themselves.len(),
            claims(&to_themselves)
        ));
    }
    let made_twice = lineage.made_twice();
    for (node, makers) in made_twice.iter().take(MOST_REMARKS) {
        terminal::remark(&format!(
            "{} {} is said to be the output of more than one run: {}; the same bytes were made twice, or one of them is wrong",
            bartizan_core::printable(&node.label(), 60),
            node.id,
            claims(makers)
        ));
    }
    if made_twice.len() > MOST_REMARKS {
        let more = made_twice.len() - MOST_REMARKS;
        terminal::remark(&format!("{more} more artifacts are said to be the output of more than one run"));
    }
    if lineage.truncated {
        terminal::remark("a limit was reached; there is more, see --max-nodes");
    }
}

/// Which statement says which edge, the first few.
fn claims(edges: &[&Edge]) -> String {
    let claim =
        |edge: &&Edge| format!("{} {} {} says {}", edge.from, edge.relation, edge.to, edge.support.statement);
    let said: Vec<String> = edges.iter().take(MOST_REMARKS).map(claim).collect();
    match edges.len().saturating_sub(MOST_REMARKS) {
        0 => said.join(", "),
        more => format!("{}, and {more} more", said.join(", ")),
    }
}

fn exit_of(lineage: &Lineage, gaps: &[Gap]) -> Exit {
    if !lineage.cycles.is_empty() || !lineage.contradictions.is_empty() {
        Exit::Found
    } else if lineage.truncated || !gaps.is_empty() {
        Exit::Incomplete
    } else {
        Exit::Done
    }
}

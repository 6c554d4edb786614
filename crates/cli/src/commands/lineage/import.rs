//! `bartizan lineage import`: what others wrote down, as a signed statement.

use crate::arguments::KeyChoice;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{project, terminal};
use bartizan_evidence::lineage::import::{self, Imported};
use bartizan_evidence::lineage::{LINEAGE_V1, NodeId, Relation};
use bartizan_evidence::statement::{ResourceDescriptor, Statement};
use serde_json::json;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Runs the command.
///
/// # Errors
/// [`Failure::Import`] when a document cannot be read; what was read before it is kept.
pub(super) fn run(
    store: Option<&Path>,
    paths: &[PathBuf],
    about: Option<&str>,
    dry_run: bool,
    key: &KeyChoice,
) -> Result<Exit, Failure> {
    let about = about.map(about_node).transpose()?;
    let mut exit = Exit::Done;
    for path in paths {
        let read = import::path(path).map_err(|error| Failure::Import { path: path.clone(), error })?;
        let import::Document { mut imported, digest } = read;
        if let (Some(root), Some(about)) = (&imported.root, &about) {
            let root = root.clone();
            imported.facts.edge(&root, about, Relation::SameAs);
        }
        for remark in &imported.remarks {
            terminal::remark(&format!("{}: {remark}", path.display()));
        }
        for mismatch in &imported.mismatches {
            terminal::remark(&format!(
                "{} is not what {} says: expected {}, found {}",
                mismatch.path.display(),
                path.display(),
                mismatch.expected,
                mismatch.found
            ));
        }
        let mut out = io::stdout().lock();
        let (nodes, edges) = (imported.facts.nodes.len(), imported.facts.edges.len());
        if !imported.mismatches.is_empty() {
            writeln!(
                out,
                "{}: refused, {} files are not what it says",
                path.display(),
                imported.mismatches.len()
            )?;
            exit = Exit::Found;
            continue;
        }
        if dry_run {
            writeln!(out, "{}: {}, {nodes} nodes, {edges} edges", path.display(), imported.format)?;
            for edge in &imported.facts.edges {
                writeln!(out, "  {} {} {}", edge.from, edge.relation, edge.to)?;
            }
            continue;
        }
        let statement = Statement::new(
            vec![ResourceDescriptor::named(path.to_string_lossy(), digest)],
            LINEAGE_V1,
            predicate(&imported),
        );
        let key = project::key(key)?;
        let store = project::for_signing(store, &key)?;
        let (receipt, _) = project::record(&store, &statement, &key)?;
        writeln!(
            out,
            "{}: {}, {nodes} nodes, {edges} edges, statement {}",
            path.display(),
            imported.format,
            receipt.envelope
        )?;
    }
    Ok(exit)
}

fn predicate(imported: &Imported) -> serde_json::Value {
    json!({"format": imported.format, "nodes": imported.facts.nodes, "edges": imported.facts.edges})
}

fn about_node(text: &str) -> Result<NodeId, Failure> {
    if Path::new(text).is_file() {
        return Ok(NodeId::of_digest(&project::digest_of(Path::new(text))?));
    }
    text.parse().map_err(|error: bartizan_evidence::lineage::NodeIdError| Failure::Node {
        text: text.to_owned(),
        reason: error.to_string(),
    })
}

//! `bartizan lineage show`: what the store holds, what is said about one artifact, what one statement says.

use crate::arguments::TextOrJson;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::project;
use bartizan_core::printable;
use bartizan_evidence::lineage::export::SCHEMA;
use bartizan_evidence::lineage::{MOST_NODES, NodeId};
use bartizan_evidence::store::{Direction, StatementRow, Store, StoreError};
use serde_json::json;
use std::io::{self, Write};

/// Runs the command.
///
/// # Errors
/// [`Failure`] when the store does not answer or knows nothing of what was asked for.
pub(super) fn run(store: &Store, node: Option<&str>, format: TextOrJson) -> Result<Exit, Failure> {
    let failed = StoreError::from;
    let mut out = io::stdout().lock();
    let Some(node) = node else {
        let size = store.index().size().map_err(failed)?;
        let head = store.log().map(bartizan_evidence::store::StatementLog::head).transpose()?;
        let keys: Vec<&str> = store.trust().key_ids().collect();
        match format {
            TextOrJson::Json => writeln!(
                out,
                "{}",
                json!({"store": store.root(), "size": size, "log": head, "trusted": keys})
            )?,
            TextOrJson::Text => {
                writeln!(out, "store       {}", store.root().display())?;
                writeln!(out, "statements  {}", size.statements)?;
                writeln!(out, "nodes       {}", size.nodes)?;
                writeln!(out, "edges       {}", size.edges)?;
                match head {
                    Some(head) => writeln!(
                        out,
                        "log         {} with {} entries, root {}",
                        head.origin, head.size, head.root
                    )?,
                    None => writeln!(out, "log         none")?,
                }
                writeln!(out, "trusted     {} keys", keys.len())?;
            }
        }
        return Ok(Exit::Done);
    };
    let id = project::node(store, node)?;
    if let Some(row) = statement_called(store, &id)? {
        return statement(store, &row, format, &mut out);
    }
    let up = super::walk(store, &id, Direction::Up, Some(1), MOST_NODES)?;
    let down = super::walk(store, &id, Direction::Down, Some(1), MOST_NODES)?;
    let mut index = store.index();
    let statements = match index.node(&id).map_err(failed)? {
        Some(key) => {
            let about = index.about(key).map_err(failed)?;
            index.statements(&about).map_err(failed)?.into_values().collect()
        }
        None => Vec::new(),
    };
    drop(index);
    match format {
        TextOrJson::Json => {
            let statements: Vec<_> = statements
                .iter()
                .map(|row| {
                    json!({"statement": row.envelope, "payload": row.payload, "predicateType": row.predicate_type,
                           "signers": row.signers, "logIndex": row.entry})
                })
                .collect();
            let node = down.node(&id);
            writeln!(
                out,
                "{}",
                json!({"schema": SCHEMA, "node": node, "about": statements, "from": up.edges, "to": down.edges})
            )?;
        }
        TextOrJson::Text => super::render::card(&id, &up, &down, &statements, &mut out)?,
    }
    Ok(Exit::Done)
}

/// The statement in the envelope of that digest, unless the digest is an artifact's.
fn statement_called(store: &Store, id: &NodeId) -> Result<Option<StatementRow>, Failure> {
    let mut index = store.index();
    let Some(digest) = id.digest() else { return Ok(None) };
    if index.node(id).map_err(StoreError::from)?.is_some() {
        return Ok(None);
    }
    Ok(index.statement_called(&digest).map_err(StoreError::from)?)
}

/// Writes a statement as it lies in the store, its signatures checked just now.
fn statement(
    store: &Store,
    row: &StatementRow,
    format: TextOrJson,
    out: &mut dyn Write,
) -> Result<Exit, Failure> {
    let checked = store.checked(&row.envelope)?;
    let kind = &checked.statement.predicate_type;
    match format {
        TextOrJson::Json => writeln!(
            out,
            "{}",
            json!({"schema": SCHEMA, "statement": row.envelope, "payload": checked.payload, "predicateType": kind,
                   "signers": checked.signers, "logIndex": row.entry, "subject": checked.statement.subject,
                   "predicate": checked.predicate})
        )?,
        TextOrJson::Text => {
            writeln!(out, "{}", row.envelope)?;
            writeln!(out, "  type   {}", printable(kind, 200))?;
            for subject in &checked.statement.subject {
                let digest = subject.digest.preferred().map(|digest| digest.to_string()).unwrap_or_default();
                writeln!(
                    out,
                    "  about  {} {digest}",
                    printable(subject.name.as_deref().unwrap_or("-"), 200)
                )?;
            }
            match row.entry {
                Some(entry) => writeln!(out, "  log    entry {entry}")?,
                None => writeln!(out, "  log    not in it")?,
            }
            match checked.signers.as_slice() {
                [] => writeln!(out, "  signed by no trusted key")?,
                signers => writeln!(out, "  signed by {}", signers.join(", "))?,
            }
            let predicate = serde_json::to_string_pretty(&checked.predicate).map_err(io::Error::from)?;
            writeln!(
                out,
                "{}",
                predicate.lines().map(|line| printable(line, 2_000)).collect::<Vec<_>>().join("\n")
            )?;
        }
    }
    Ok(Exit::Done)
}

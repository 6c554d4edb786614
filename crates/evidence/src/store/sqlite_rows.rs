//! Rows of the index in a file: written for statements, read back as what they stand for.

use super::index::{
    EdgeRow, IndexError, Indexed, NodeKey, StatementKey, StatementRow, label_columns, relation_column,
    statement_of,
};
use crate::lineage::NodeId;
use rusqlite::{Connection, OptionalExtension as _, params};
use std::collections::HashMap;

/// Keys asked for in one question.
const ASKED_AT_ONCE: usize = 128;

/// Asks for the rows of many keys, a good number of them at a time: asking one by one costs as much again as finding them.
/// `sql` ends with the column that the keys are looked up in.
pub(super) fn each_of(
    connection: &Connection,
    sql: &str,
    keys: &[i64],
    mut row: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    for some in keys.chunks(ASKED_AT_ONCE) {
        // Two sizes, so that the database need not be told each number of places anew.
        let places = if some.len() == 1 { 1 } else { ASKED_AT_ONCE };
        let sql = format!("{sql} IN ({})", vec!["?"; places].join(","));
        let mut statement = connection.prepare_cached(&sql)?;
        // A key that stands in the list twice is found once.
        let filled = some.iter().chain(std::iter::repeat(some.last().unwrap_or(&0))).take(places);
        let mut rows = statement.query(rusqlite::params_from_iter(filled))?;
        while let Some(found) = rows.next()? {
            row(found)?;
        }
    }
    Ok(())
}

/// Names of nodes remembered while statements are added.
const MOST_REMEMBERED: usize = 1 << 20;

/// Adds statements, each with what it says.
pub(super) fn add_all(connection: &Connection, statements: &[Indexed]) -> rusqlite::Result<()> {
    let mut known = HashMap::new();
    for statement in statements {
        add(connection, statement, &mut known)?;
        // Names are found again in the table; the map only spares the common repetitions.
        if known.len() > MOST_REMEMBERED {
            known.clear();
        }
    }
    Ok(())
}

fn add<'a>(
    connection: &Connection,
    statement: &'a Indexed,
    known: &mut HashMap<&'a str, NodeKey>,
) -> rusqlite::Result<()> {
    let entry = statement.entry.and_then(|entry| i64::try_from(entry).ok());
    let row = connection
        .prepare_cached(
            "INSERT INTO statement (envelope, payload, predicate, entry, signers) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (envelope) DO UPDATE SET entry = COALESCE(entry, excluded.entry) RETURNING id",
        )?
        .query_row(
            params![
                statement.envelope.to_string(),
                statement.payload.to_string(),
                statement.predicate_type,
                entry,
                statement.signers.join(" ")
            ],
            |row| row.get::<_, StatementKey>(0),
        )?;
    for subject in &statement.subjects {
        let node = intern(connection, subject, known)?;
        connection.prepare_cached("INSERT OR IGNORE INTO subject VALUES (?1, ?2)")?.execute([node, row])?;
    }
    for fact in &statement.facts.nodes {
        let node = intern(connection, &fact.id, known)?;
        let (kind, name) = label_columns(fact);
        connection
            .prepare_cached("INSERT OR IGNORE INTO label VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![node, row, kind, name])?;
    }
    for edge in &statement.facts.edges {
        let from = intern(connection, &edge.from, known)?;
        let to = intern(connection, &edge.to, known)?;
        connection.prepare_cached("INSERT OR IGNORE INTO edge VALUES (?1, ?2, ?3, ?4)")?.execute(params![
            from,
            to,
            relation_column(edge),
            row
        ])?;
    }
    Ok(())
}

fn intern<'a>(
    connection: &Connection,
    id: &'a NodeId,
    known: &mut HashMap<&'a str, NodeKey>,
) -> rusqlite::Result<NodeKey> {
    if let Some(node) = known.get(id.as_str()) {
        return Ok(*node);
    }
    let found = connection
        .prepare_cached("SELECT id FROM node WHERE name = ?1")?
        .query_row([id.as_str()], |row| row.get(0))
        .optional()?;
    let node = match found {
        Some(node) => node,
        None => connection
            .prepare_cached("INSERT INTO node (name) VALUES (?1) RETURNING id")?
            .query_row([id.as_str()], |row| row.get(0))?,
    };
    known.insert(id.as_str(), node);
    Ok(node)
}

/// The edge in a row of source, target, relation and statement.
pub(super) fn edge_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<EdgeRow> {
    Ok(EdgeRow { from: row.get(0)?, to: row.get(1)?, relation: row.get(2)?, statement: row.get(3)? })
}

/// The statement in a row of envelope, payload, predicate, entry and signers.
pub(super) fn statement_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Result<StatementRow, IndexError>> {
    let text = |place: usize| Ok::<&str, rusqlite::Error>(row.get_ref(place)?.as_str()?);
    Ok(statement_of(text(0)?, text(1)?, text(2)?.to_owned(), row.get(3)?, text(4)?))
}

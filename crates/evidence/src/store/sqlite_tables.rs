//! The tables of the index in a file: how they are laid out, and what the index knows of itself.

use crate::lineage::Relation;
use rusqlite::{Connection, OptionalExtension as _};
use std::time::Duration;

/// How long a writer waits for another one before it gives up.
///
/// One that fills an index of ten million statements anew takes minutes.
pub(super) const PATIENCE: Duration = Duration::from_mins(10);

/// What the index knows of itself.
pub(super) const META: &str =
    "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;";

/// Everything but what the index knows of itself.
pub(super) const DROP: &str = "
DROP TABLE IF EXISTS node; DROP TABLE IF EXISTS statement; DROP TABLE IF EXISTS subject; DROP TABLE IF EXISTS label;
DROP TABLE IF EXISTS edge;
";

/// The tables, each in the order in which it is read.
pub(super) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS node (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS statement (id INTEGER PRIMARY KEY, envelope TEXT NOT NULL, payload TEXT NOT NULL,
    predicate TEXT NOT NULL, entry INTEGER, signers TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS subject (node INTEGER NOT NULL, statement INTEGER NOT NULL,
    PRIMARY KEY (node, statement)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS label (node INTEGER NOT NULL, statement INTEGER NOT NULL, kind TEXT NOT NULL,
    name TEXT NOT NULL, PRIMARY KEY (node, statement, kind, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS edge (source INTEGER NOT NULL, target INTEGER NOT NULL, relation INTEGER NOT NULL,
    statement INTEGER NOT NULL, PRIMARY KEY (source, target, relation, statement)) WITHOUT ROWID;
";

/// What rows are found by, beside the order in which they lie. The last two hold the few edges between digests of the same bytes, which
/// every step of a walk asks for as well.
pub(super) fn indices() -> String {
    let same = Relation::SameAs as i64;
    format!(
        "CREATE UNIQUE INDEX IF NOT EXISTS node_name ON node (name);
         CREATE UNIQUE INDEX IF NOT EXISTS statement_envelope ON statement (envelope);
         CREATE INDEX IF NOT EXISTS statement_payload ON statement (payload);
         CREATE UNIQUE INDEX IF NOT EXISTS edge_up ON edge (target, source, relation, statement);
         CREATE INDEX IF NOT EXISTS edge_same_up ON edge (target) WHERE relation = {same};
         CREATE INDEX IF NOT EXISTS edge_same ON edge (source) WHERE relation = {same};"
    )
}

/// Turns write-ahead logging on. While two processes do that to a new file at once, SQLite turns one of them away without
/// asking its busy handler; that one looks again.
///
/// Source: SQLite, *Write-Ahead Logging*, section 9 (`SQLITE_BUSY` in WAL mode).
pub(super) fn use_wal(connection: &Connection) -> rusqlite::Result<()> {
    let begun = std::time::Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "wal") {
            Err(error)
                if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
                    && begun.elapsed() < PATIENCE =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            done => return done,
        }
    }
}

/// Version of the tables that are there; empty when they do not say, none when there are none.
pub(super) fn layout(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let known = "SELECT 1 FROM sqlite_master WHERE name = 'meta'";
    if connection.query_row(known, [], |_| Ok(())).optional()?.is_none() {
        return Ok(None);
    }
    Ok(Some(meta(connection, "layout")?.unwrap_or_default()))
}

pub(super) fn meta(connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()
}

pub(super) fn set_meta(connection: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2")?
        .execute([key, value])
        .map(drop)
}

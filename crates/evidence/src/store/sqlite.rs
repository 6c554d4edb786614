//! The index in a file: [`SqliteIndex`].
//!
//! Write-ahead logging lets readers go on while one process writes; a writer that finds another waits for it. Edges lie
//! clustered by where they begin, and once more by where they end, so that a step of a walk reads one place.

use super::filling::Filling;
use super::index::{
    CONTENTS, Direction, EdgeRow, GAP_KEYS, Gap, Index, IndexError, Indexed, LAYOUT, LabelRow, NodeKey,
    Position, RowHash, Size, StatementKey, StatementRow, TableDigest, gap_key, gap_of, label_of,
};
use super::sqlite_rows::{add_all, each_of, edge_of, statement_row};
use super::sqlite_tables::{DROP, META, PATIENCE, TABLES, indices, layout, meta, set_meta, use_wal};
use crate::digest::Digest;
use crate::lineage::{NodeId, Relation};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use std::collections::BTreeMap;
use std::path::Path;

/// Bytes of the file that are mapped at most: the most that SQLite takes.
const MAPPED: i64 = 0x7fff_0000;

/// An index in one SQLite file.
#[derive(Debug)]
pub struct SqliteIndex {
    connection: Connection,
    path: String,
    /// Whether a transaction is open that holds all of a filling.
    open: bool,
    /// What is remembered while it is filled from the beginning.
    filling: Option<Filling>,
}

impl SqliteIndex {
    /// Opens the index at `path`, or makes an empty one. An index of another layout is emptied: it is derived.
    ///
    /// # Errors
    /// [`IndexError::Sqlite`].
    pub fn open(path: &Path) -> Result<Self, IndexError> {
        let shown = path.display().to_string();
        let mut index = Self::prepare(Connection::open(path), shown)?;
        index.make_tables()?;
        Ok(index)
    }

    fn prepare(opened: rusqlite::Result<Connection>, path: String) -> Result<Self, IndexError> {
        let prepared = opened.and_then(|connection| {
            connection.busy_timeout(PATIENCE)?;
            use_wal(&connection)?;
            // The log is the truth: what a crash of the machine takes from the index is read again from there.
            connection.pragma_update(None, "synchronous", "normal")?;
            connection.pragma_update(None, "cache_size", -65_536)?;
            connection.pragma_update(None, "mmap_size", MAPPED)?;
            // Else each question whose answer the planner could estimate from the value asked for is planned anew each time.
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
            connection.set_prepared_statement_cache_capacity(32);
            Ok(connection)
        });
        let connection = prepared.map_err(|error| IndexError::Sqlite { path: path.clone(), error })?;
        Ok(Self { connection, path, open: false, filling: None })
    }

    fn make_tables(&mut self) -> Result<(), IndexError> {
        // Most often all is there, and nobody who only reads should wait for one who writes.
        let found = layout(&self.connection);
        if self.asked(found)?.as_deref() == Some(LAYOUT) {
            return Ok(());
        }
        self.within(|transaction| {
            if let Some(layout) = layout(transaction)? {
                if layout == LAYOUT {
                    return Ok(());
                }
                transaction.execute_batch("DROP TABLE IF EXISTS meta;")?;
                transaction.execute_batch(DROP)?;
            }
            transaction.execute_batch(META)?;
            transaction.execute_batch(TABLES)?;
            transaction.execute_batch(&indices())?;
            set_meta(transaction, "layout", LAYOUT)
        })
    }

    /// Runs `work` in a transaction that holds the write lock from its beginning, or in the one that is open.
    fn within<T>(&mut self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, IndexError> {
        let path = &self.path;
        if self.open {
            return work(&self.connection).map_err(|error| IndexError::Sqlite { path: path.clone(), error });
        }
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        transaction
            .and_then(|transaction| {
                let done = work(&transaction)?;
                transaction.commit()?;
                Ok(done)
            })
            .map_err(|error| IndexError::Sqlite { path: path.clone(), error })
    }

    /// Puts what a filling laid aside in place and makes the indices.
    fn settle(&mut self) -> Result<(), IndexError> {
        if self.filling.take().is_none() {
            return Ok(());
        }
        self.within(|transaction| {
            Filling::settle(transaction)?;
            transaction.execute_batch(&indices())
        })
    }

    fn asked<T>(&self, answer: rusqlite::Result<T>) -> Result<T, IndexError> {
        answer.map_err(|error| IndexError::Sqlite { path: self.path.clone(), error })
    }
}

// What asks many times asks within one transaction: each alone would lock the file and look at it anew, at a cost above that
// of the question.
impl Index for SqliteIndex {
    fn position(&mut self) -> Result<Position, IndexError> {
        let next = self.asked(meta(&self.connection, "next"))?;
        let trust = self.asked(meta(&self.connection, "trust"))?.unwrap_or_default();
        Ok(Position { next_entry: next.and_then(|next| next.parse().ok()).unwrap_or_default(), trust })
    }

    fn apply(&mut self, from: u64, to: u64, statements: &[Indexed]) -> Result<bool, IndexError> {
        if self.filling.as_ref().is_some_and(Filling::is_full) {
            self.settle()?;
        }
        let mut filling = self.filling.take();
        let applied = self.within(|transaction| {
            let next = meta(transaction, "next")?.and_then(|next| next.parse().ok()).unwrap_or(0_u64);
            if next != from {
                return Ok(false);
            }
            if let Some(filling) = &mut filling {
                filling.add(transaction, statements)?;
            } else {
                add_all(transaction, statements)?;
            }
            set_meta(transaction, "next", &to.to_string())?;
            Ok(true)
        });
        self.filling = filling;
        applied
    }

    fn begin_filling(&mut self, trust: &str, anew: bool) -> Result<bool, IndexError> {
        self.abandon_filling();
        // The write lock from the beginning: whoever waited for another process looks again what that one did.
        self.asked(self.connection.execute_batch("BEGIN IMMEDIATE"))?;
        self.open = true;
        let begun = (|| {
            if !anew && meta(&self.connection, "trust")?.as_deref() == Some(trust) {
                return Ok(None);
            }
            self.connection.execute_batch(DROP)?;
            self.connection.execute_batch(TABLES)?;
            self.connection.execute_batch("DELETE FROM meta WHERE substr(key, 1, 4) = 'gap:'")?;
            set_meta(&self.connection, "next", "0")?;
            set_meta(&self.connection, "trust", trust)?;
            Filling::begin(&self.connection).map(Some)
        })();
        match self.asked(begun) {
            Ok(Some(filling)) => {
                self.filling = Some(filling);
                Ok(true)
            }
            other => {
                self.abandon_filling();
                other.map(|_| false)
            }
        }
    }

    fn end_filling(&mut self) -> Result<(), IndexError> {
        let ended = self.settle().and_then(|()| self.asked(self.connection.execute_batch("COMMIT")));
        if ended.is_err() {
            self.abandon_filling();
            return ended;
        }
        self.open = false;
        // All of it lies in the write-ahead log now; where others still read what was there before, one of them puts it in place.
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        Ok(())
    }

    fn abandon_filling(&mut self) {
        self.filling = None;
        if std::mem::take(&mut self.open) {
            // A transaction that failed may have been rolled back already.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }

    fn add_gaps(&mut self, gaps: &[Gap]) -> Result<(), IndexError> {
        self.within(|transaction| {
            gaps.iter().try_for_each(|gap| set_meta(transaction, &gap_key(gap.entry), &gap.reason))
        })
    }

    fn gaps(&mut self) -> Result<Vec<Gap>, IndexError> {
        let found = self
            .connection
            .prepare_cached("SELECT key, value FROM meta WHERE substr(key, 1, 4) = ?1 ORDER BY key")
            .and_then(|mut statement| {
                let rows = statement.query_map([GAP_KEYS], |row| Ok((row.get(0)?, row.get(1)?)))?;
                rows.collect::<rusqlite::Result<Vec<(String, String)>>>()
            });
        self.asked(found)?.into_iter().map(|(key, reason)| gap_of(&key, reason)).collect()
    }

    fn clear(&mut self, trust: &str) -> Result<(), IndexError> {
        self.within(|transaction| {
            transaction.execute_batch(
                "DELETE FROM edge; DELETE FROM label; DELETE FROM subject; DELETE FROM statement; DELETE FROM node;
                 DELETE FROM meta WHERE substr(key, 1, 4) = 'gap:';",
            )?;
            set_meta(transaction, "next", "0")?;
            set_meta(transaction, "trust", trust)
        })
    }

    fn node(&mut self, id: &NodeId) -> Result<Option<NodeKey>, IndexError> {
        let found = self
            .connection
            .prepare_cached("SELECT id FROM node WHERE name = ?1")
            .and_then(|mut statement| statement.query_row([id.as_str()], |row| row.get(0)).optional());
        self.asked(found)
    }

    fn nodes_like(&mut self, prefix: &str, most: usize) -> Result<Vec<NodeId>, IndexError> {
        let found = self
            .connection
            .prepare_cached("SELECT name FROM node WHERE name >= ?1 AND substr(name, 1, length(?1)) = ?1 ORDER BY name LIMIT ?2")
            .and_then(|mut statement| {
                let rows = statement.query_map(params![prefix, i64::try_from(most).unwrap_or(i64::MAX)], |row| row.get::<_, String>(0))?;
                rows.map(|row| row.map(|name| NodeId::stored(&name))).collect()
            });
        self.asked(found)
    }

    fn edges(
        &mut self,
        nodes: &[NodeKey],
        direction: Direction,
        into: &mut Vec<EdgeRow>,
    ) -> Result<(), IndexError> {
        let (from, against) = match direction {
            Direction::Down => ("source", "target"),
            Direction::Up => ("target", "source"),
        };
        let begins = format!("SELECT source, target, relation, statement FROM edge WHERE {from}");
        // And the same bytes under another digest, written the other way round.
        let same = Relation::SameAs as i64;
        let ends = format!(
            "SELECT source, target, relation, statement FROM edge WHERE relation = {same} AND {against}"
        );
        let found = (|| {
            let _snapshot = self.connection.unchecked_transaction()?;
            for sql in [begins, ends] {
                each_of(&self.connection, &sql, nodes, |row| {
                    into.push(edge_of(row)?);
                    Ok(())
                })?;
            }
            Ok(())
        })();
        self.asked(found)
    }

    fn names(&mut self, nodes: &[NodeKey]) -> Result<BTreeMap<NodeKey, NodeId>, IndexError> {
        let found = (|| {
            let _snapshot = self.connection.unchecked_transaction()?;
            let mut names = Vec::with_capacity(nodes.len());
            each_of(&self.connection, "SELECT id, name FROM node WHERE id", nodes, |row| {
                names.push((row.get(0)?, NodeId::stored(row.get_ref(1)?.as_str()?)));
                Ok(())
            })?;
            Ok(names)
        })();
        // A map made of what is in order already costs no search.
        Ok(self.asked(found)?.into_iter().collect())
    }

    fn labels(&mut self, nodes: &[NodeKey]) -> Result<Vec<LabelRow>, IndexError> {
        let found = (|| {
            let _snapshot = self.connection.unchecked_transaction()?;
            let mut labels = Vec::with_capacity(nodes.len());
            let sql = "SELECT node, statement, kind, name FROM label WHERE node";
            each_of(&self.connection, sql, nodes, |row| {
                let (kind, name) = (row.get_ref(2)?.as_str()?, row.get_ref(3)?.as_str()?);
                labels.push(label_of(row.get(0)?, row.get(1)?, kind, name));
                Ok(())
            })?;
            Ok(labels)
        })();
        self.asked(found)
    }

    fn statements(
        &mut self,
        keys: &[StatementKey],
    ) -> Result<BTreeMap<StatementKey, StatementRow>, IndexError> {
        let sql = "SELECT envelope, payload, predicate, entry, signers, id FROM statement WHERE id";
        let found = (|| {
            let _snapshot = self.connection.unchecked_transaction()?;
            let mut rows = Vec::with_capacity(keys.len());
            each_of(&self.connection, sql, keys, |row| {
                rows.push((row.get(5)?, statement_row(row)?));
                Ok(())
            })?;
            Ok(rows)
        })();
        self.asked(found)?.into_iter().map(|(key, row): (_, Result<_, _>)| Ok((key, row?))).collect()
    }

    fn about(&mut self, node: NodeKey) -> Result<Vec<StatementKey>, IndexError> {
        let found = self
            .connection
            .prepare_cached("SELECT statement FROM subject WHERE node = ?1")
            .and_then(|mut statement| statement.query_map([node], |row| row.get(0))?.collect());
        self.asked(found)
    }

    fn statement_called(&mut self, digest: &Digest) -> Result<Option<StatementRow>, IndexError> {
        let sql = "SELECT envelope, payload, predicate, entry, signers FROM statement
                   WHERE envelope = ?1 OR payload = ?1 ORDER BY envelope LIMIT 1";
        let row = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut found| found.query_row([digest.to_string()], statement_row).optional());
        self.asked(row)?.transpose()
    }

    fn size(&mut self) -> Result<Size, IndexError> {
        let count = |table: &str| {
            let sql = format!("SELECT COUNT(*) FROM {table}");
            self.connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
        };
        let size =
            (|| Ok(Size { statements: count("statement")?, nodes: count("node")?, edges: count("edge")? }))();
        self.asked(size)
    }

    fn all_edges(&mut self, most: usize) -> Result<Vec<EdgeRow>, IndexError> {
        let sql = "SELECT source, target, relation, statement FROM edge LIMIT ?1";
        let found = self.connection.prepare_cached(sql).and_then(|mut statement| {
            statement.query_map([i64::try_from(most).unwrap_or(i64::MAX)], edge_of)?.collect()
        });
        self.asked(found)
    }

    fn contents(&mut self) -> Result<BTreeMap<&'static str, TableDigest>, IndexError> {
        let tables = CONTENTS.into_iter().map(|(table, sql)| {
            let mut hash = RowHash::new();
            let mut statement = self.connection.prepare(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                hash.add(row.get_ref(0)?.as_str()?);
            }
            Ok((table, hash.finish()))
        });
        let tables = tables.collect();
        self.asked(tables)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::statements;

    /// An empty index, and the folder that it lies in.
    fn empty() -> (tempfile::TempDir, SqliteIndex) {
        let folder = tempfile::tempdir().unwrap();
        let index = SqliteIndex::open(&folder.path().join("index.sqlite")).unwrap();
        (folder, index)
    }

    #[test]
    fn the_same_statements_give_the_same_contents_and_are_taken_once() {
        let batch = statements(20);
        let (_whole, mut whole) = empty();
        assert!(whole.apply(0, 20, &batch).unwrap());
        assert!(!whole.apply(0, 20, &batch).unwrap());
        let (_parts, mut parts) = empty();
        for (place, statement) in batch.iter().enumerate() {
            let place = place as u64;
            assert!(parts.apply(place, place + 1, std::slice::from_ref(statement)).unwrap());
        }
        assert_eq!(whole.contents().unwrap(), parts.contents().unwrap());
        assert_eq!(parts.position().unwrap().next_entry, 20);
    }

    #[test]
    fn another_edge_is_another_content() {
        let batch = statements(5);
        let (_one, mut one) = empty();
        one.apply(0, 5, &batch).unwrap();
        let (_other, mut other) = empty();
        let mut changed = batch.clone();
        changed[2].facts.edges.pop();
        other.apply(0, 5, &changed).unwrap();
        assert_ne!(one.contents().unwrap()["edge"], other.contents().unwrap()["edge"]);
        assert_eq!(one.contents().unwrap()["statement"], other.contents().unwrap()["statement"]);
    }

    #[test]
    fn edges_are_found_from_both_ends() {
        let (_folder, mut index) = empty();
        let batch = statements(2);
        index.apply(0, 2, &batch).unwrap();
        let edge = &batch[0].facts.edges[0];
        let (from, to) = (index.node(&edge.from).unwrap().unwrap(), index.node(&edge.to).unwrap().unwrap());
        let mut down = Vec::new();
        index.edges(&[from], Direction::Down, &mut down).unwrap();
        let mut up = Vec::new();
        index.edges(&[to], Direction::Up, &mut up).unwrap();
        assert!(down.iter().any(|row| row.to == to) && up.iter().any(|row| row.from == from));
        assert_eq!(index.names(&[from]).unwrap()[&from], edge.from);
    }

    #[test]
    fn an_index_filled_at_once_holds_what_one_filled_row_by_row_does() {
        let batch = statements(60);
        let (_rows, mut rows) = empty();
        rows.clear("us").unwrap();
        let (_filled, mut filled) = empty();
        // What was there before is gone.
        filled.apply(0, 5, &statements(5)).unwrap();
        assert!(filled.begin_filling("us", false).unwrap());
        for (from, to) in [(0, 25), (25, 60)] {
            let part = &batch[from..to];
            rows.apply(from as u64, to as u64, part).unwrap();
            assert!(filled.apply(from as u64, to as u64, part).unwrap());
            assert!(!filled.apply(from as u64, to as u64, part).unwrap());
        }
        let gap = Gap { entry: 60, reason: "gone".to_owned() };
        filled.add_gaps(std::slice::from_ref(&gap)).unwrap();
        // The same envelope once more, under a later entry.
        let again = Indexed { entry: Some(60), ..batch[3].clone() };
        for index in [&mut rows, &mut filled] {
            assert!(index.apply(60, 61, std::slice::from_ref(&again)).unwrap());
        }
        filled.end_filling().unwrap();
        assert_eq!(filled.contents().unwrap(), rows.contents().unwrap());
        assert_eq!(
            (filled.position().unwrap(), filled.gaps().unwrap()),
            (rows.position().unwrap(), vec![gap])
        );
        // And it goes on as any other.
        for index in [&mut rows, &mut filled] {
            index.apply(61, 62, &statements(61)[60..]).unwrap();
        }
        assert_eq!(filled.contents().unwrap(), rows.contents().unwrap());
        assert!(!filled.begin_filling("us", false).unwrap());
    }

    #[test]
    fn a_filling_that_is_given_up_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.sqlite");
        let mut index = SqliteIndex::open(&path).unwrap();
        index.apply(0, 5, &statements(5)).unwrap();
        let before = index.contents().unwrap();
        index.begin_filling("others", true).unwrap();
        index.apply(0, 3, &statements(3)).unwrap();
        // Who reads meanwhile sees the index as it was.
        assert_eq!(
            SqliteIndex::open(&path).unwrap_or_else(|error| panic!("{error}")).contents().unwrap(),
            before
        );
        index.abandon_filling();
        assert_eq!((index.contents().unwrap(), index.position().unwrap().next_entry), (before.clone(), 5));
        // As after a crash in the middle.
        index.begin_filling("others", true).unwrap();
        index.apply(0, 3, &statements(3)).unwrap();
        drop(index);
        assert_eq!(SqliteIndex::open(&path).unwrap().contents().unwrap(), before);
    }

    #[test]
    fn an_index_of_more_names_than_are_remembered_is_filled_all_the_same() {
        let (_folder, mut index) = empty();
        index.begin_filling("us", true).unwrap();
        index.apply(0, 20, &statements(20)).unwrap();
        // As `apply` does once there are too many.
        index.settle().unwrap();
        index.apply(20, 40, &statements(40)[20..]).unwrap();
        index.end_filling().unwrap();
        let (_rows, mut rows) = empty();
        rows.apply(0, 40, &statements(40)).unwrap();
        assert_eq!(index.contents().unwrap(), rows.contents().unwrap());
    }

    #[test]
    fn many_keys_are_found_once_each_in_any_number() {
        let (_folder, mut index) = empty();
        let batch = statements(300);
        index.apply(0, 300, &batch).unwrap();
        for count in [0, 1, 2, 127, 128, 129, 300] {
            let runs = batch.iter().take(count).map(|each| &each.facts.nodes[0].id);
            let keys: Vec<NodeKey> = runs.clone().map(|id| index.node(id).unwrap().unwrap()).collect();
            assert!(index.names(&keys).unwrap().values().eq(runs));
            let labels = index.labels(&keys).unwrap();
            assert_eq!(labels.len(), count);
            let told: Vec<StatementKey> = labels.iter().map(|label| label.statement).collect();
            assert_eq!(index.statements(&told).unwrap().len(), count);
            let mut edges = Vec::new();
            index.edges(&keys, Direction::Down, &mut edges).unwrap();
            assert_eq!(edges.len(), count);
        }
    }

    #[test]
    fn two_connections_write_one_after_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.sqlite");
        let batch = statements(40);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut index = SqliteIndex::open(&path).unwrap();
                    loop {
                        let next = index.position().unwrap().next_entry;
                        let Some(statement) = batch.get(usize::try_from(next).unwrap()) else { break };
                        index.apply(next, next + 1, std::slice::from_ref(statement)).unwrap();
                    }
                });
            }
        });
        let (_whole, mut whole) = empty();
        whole.apply(0, 40, &batch).unwrap();
        assert_eq!(SqliteIndex::open(&path).unwrap().contents().unwrap(), whole.contents().unwrap());
    }

    #[test]
    fn an_index_of_another_layout_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.sqlite");
        let mut index = SqliteIndex::open(&path).unwrap();
        index.apply(0, 3, &statements(3)).unwrap();
        index.within(|transaction| set_meta(transaction, "layout", "0")).unwrap();
        drop(index);
        assert_eq!(SqliteIndex::open(&path).unwrap().position().unwrap(), Position::default());
    }
}

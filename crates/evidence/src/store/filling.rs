//! Filling an empty index: [`Filling`].
//!
//! Names are digests and come in no order, so that every row of an indexed table would touch a page of its own, many times the size of
//! any cache. While an index is being filled from the beginning there are therefore no indices: names are remembered here, rows of
//! edges, labels and subjects are laid aside as they come, and all is sorted once at the end. One transaction holds everything:
//! other processes see the index as it was, until it is whole.

use super::index::{Indexed, NodeKey, StatementKey, label_columns, relation_column};
use rusqlite::{CachedStatement, Connection, params};
use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::BuildHasher as _;

/// Most names remembered, some 40 bytes each. An index of more is given its indices early and filled row by row from there on.
const MOST_REMEMBERED: usize = 8 << 20;

/// Where rows are laid aside. Temporary tables lie in a file of their own that is gone with the connection.
const ASIDE: &str = "
CREATE TEMP TABLE aside_subject (node INTEGER NOT NULL, statement INTEGER NOT NULL);
CREATE TEMP TABLE aside_label (node INTEGER NOT NULL, statement INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL);
CREATE TEMP TABLE aside_edge (source INTEGER NOT NULL, target INTEGER NOT NULL, relation INTEGER NOT NULL, statement INTEGER NOT NULL);
";

/// Puts them in place, in the order in which they are found again.
const SETTLE: &str = "
INSERT OR IGNORE INTO subject SELECT node, statement FROM aside_subject ORDER BY node, statement;
INSERT OR IGNORE INTO label SELECT node, statement, kind, name FROM aside_label ORDER BY node, statement, kind, name;
INSERT OR IGNORE INTO edge SELECT source, target, relation, statement FROM aside_edge ORDER BY source, target, relation, statement;
DROP TABLE aside_subject; DROP TABLE aside_label; DROP TABLE aside_edge;
";

/// What is remembered while an index is filled.
#[derive(Debug, Default)]
pub(super) struct Filling {
    nodes: Names,
    statements: Names,
}

/// Numbers of names, by 128 bits of hashes under keys that this process drew: whoever chooses names cannot make two of them meet.
#[derive(Debug, Default)]
struct Names {
    keys: [RandomState; 2],
    numbers: HashMap<(u64, u64), i64>,
}

impl Names {
    /// The number of a name, and whether it is new.
    fn number(&mut self, name: &str) -> (i64, bool) {
        let [one, other] = self.keys.each_ref().map(|key| key.hash_one(name));
        let next = i64::try_from(self.numbers.len()).unwrap_or(i64::MAX).saturating_add(1);
        match self.numbers.entry((one, other)) {
            Entry::Occupied(known) => (*known.get(), false),
            Entry::Vacant(place) => (*place.insert(next), true),
        }
    }
}

impl Filling {
    /// Lays the tables for rows aside. The others must be empty and without indices.
    pub(super) fn begin(connection: &Connection) -> rusqlite::Result<Self> {
        connection.execute_batch(ASIDE)?;
        Ok(Self::default())
    }

    /// Whether no more names are to be remembered.
    pub(super) fn is_full(&self) -> bool {
        self.nodes.numbers.len() > MOST_REMEMBERED || self.statements.numbers.len() > MOST_REMEMBERED
    }

    /// Puts what was laid aside in place.
    pub(super) fn settle(connection: &Connection) -> rusqlite::Result<()> {
        connection.execute_batch(SETTLE)
    }

    /// Takes statements in.
    pub(super) fn add(&mut self, connection: &Connection, statements: &[Indexed]) -> rusqlite::Result<()> {
        let mut rows = Rows::prepare(connection)?;
        statements.iter().try_for_each(|statement| self.add_one(statement, &mut rows))
    }

    fn add_one(&mut self, statement: &Indexed, rows: &mut Rows<'_>) -> rusqlite::Result<()> {
        let envelope = statement.envelope.to_string();
        let (number, new) = self.statements.number(&envelope);
        if !new {
            // The same envelope says the same again; its first entry counts.
            return Ok(());
        }
        let entry = statement.entry.and_then(|entry| i64::try_from(entry).ok());
        rows.statement.execute(params![
            number,
            envelope,
            statement.payload.to_string(),
            statement.predicate_type,
            entry,
            statement.signers.join(" ")
        ])?;
        self.add_facts(statement, number, rows)
    }

    fn add_facts(
        &mut self,
        statement: &Indexed,
        number: StatementKey,
        rows: &mut Rows<'_>,
    ) -> rusqlite::Result<()> {
        for subject in &statement.subjects {
            let node = self.node(subject.as_str(), rows)?;
            rows.subject.execute([node, number])?;
        }
        for fact in &statement.facts.nodes {
            let node = self.node(fact.id.as_str(), rows)?;
            let (kind, name) = label_columns(fact);
            rows.label.execute(params![node, number, kind, name])?;
        }
        for edge in &statement.facts.edges {
            let (from, to) = (self.node(edge.from.as_str(), rows)?, self.node(edge.to.as_str(), rows)?);
            rows.edge.execute([from, to, relation_column(edge).into(), number])?;
        }
        Ok(())
    }

    fn node(&mut self, name: &str, rows: &mut Rows<'_>) -> rusqlite::Result<NodeKey> {
        let (number, new) = self.nodes.number(name);
        if new {
            rows.node.execute(params![number, name])?;
        }
        Ok(number)
    }
}

/// One prepared statement for each table.
struct Rows<'c> {
    node: CachedStatement<'c>,
    statement: CachedStatement<'c>,
    subject: CachedStatement<'c>,
    label: CachedStatement<'c>,
    edge: CachedStatement<'c>,
}

impl<'c> Rows<'c> {
    fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        let prepared = |sql| connection.prepare_cached(sql);
        Ok(Self {
            node: prepared("INSERT INTO node VALUES (?1, ?2)")?,
            statement: prepared("INSERT INTO statement VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?,
            subject: prepared("INSERT INTO aside_subject VALUES (?1, ?2)")?,
            label: prepared("INSERT INTO aside_label VALUES (?1, ?2, ?3, ?4)")?,
            edge: prepared("INSERT INTO aside_edge VALUES (?1, ?2, ?3, ?4)")?,
        })
    }
}

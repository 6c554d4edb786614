//! What an index can be asked: [`Index`]. It is derived from log and blobs and can be thrown away.
//!
//! The log decides the order: whoever adds to the index says from which entry on, and is turned away when another process
//! was there first. So two processes may append at once, and every index of the same log holds the same.

use crate::digest::Digest;
use crate::lineage::{EdgeFact, Facts, Kind, NodeFact, NodeId};
use std::collections::BTreeMap;

/// A statement as the index takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indexed {
    /// Digest of the envelope's JSON, its name among the blobs.
    pub envelope: Digest,
    /// Digest of the payload, what was signed.
    pub payload: Digest,
    /// Its predicate type.
    pub predicate_type: String,
    /// Place in the log, none for an envelope that is not in it.
    pub entry: Option<u64>,
    /// Key ids of the trusted keys that signed it, sorted.
    pub signers: Vec<String>,
    /// What it is about.
    pub subjects: Vec<NodeId>,
    /// What it says about the graph.
    pub facts: Facts,
}

/// Number of a node within one index.
pub type NodeKey = i64;
/// Number of a statement within one index.
pub type StatementKey = i64;

/// An edge as the index keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EdgeRow {
    /// What was there before.
    pub from: NodeKey,
    /// What came of it.
    pub to: NodeKey,
    /// Place of the relation in `Relation::ALL`.
    pub relation: u8,
    /// The statement that says so.
    pub statement: StatementKey,
}

/// The kind or name that a statement gives a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelRow {
    /// The node.
    pub node: NodeKey,
    /// The statement that says so.
    pub statement: StatementKey,
    /// What it is.
    pub kind: Option<Kind>,
    /// What it is called.
    pub name: Option<String>,
}

/// What the index knows of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementRow {
    /// Digest of the envelope.
    pub envelope: Digest,
    /// Digest of the payload.
    pub payload: Digest,
    /// Its predicate type.
    pub predicate_type: String,
    /// Place in the log.
    pub entry: Option<u64>,
    /// Trusted keys that signed it.
    pub signers: Vec<String>,
}

/// An entry of the log whose statement could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Gap {
    /// Its place in the log, from 0.
    pub entry: u64,
    /// Why.
    pub reason: String,
}

/// Which way edges are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To what came of it: the blast radius.
    Down,
    /// To what it came of: the ancestry.
    Up,
}

/// How far an index has read, and whom it believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position {
    /// The first log entry that it has not read.
    pub next_entry: u64,
    /// Name of the set of trusted keys it checked signatures with.
    pub trust: String,
}

/// Rows of a table, and the SHA-256 over them in order of content: what two equal indexes have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDigest {
    /// How many rows.
    pub rows: u64,
    /// Over all rows.
    pub digest: Digest,
}

/// Why an index does not answer.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// SQLite says no.
    #[error("the index {path} does not answer: {error}; `bartizan lineage reindex` builds it anew")]
    Sqlite {
        /// Its file.
        path: String,
        /// What SQLite said.
        #[source]
        error: rusqlite::Error,
    },
    /// PostgreSQL says no.
    #[cfg(feature = "postgres")]
    #[error("the index in PostgreSQL does not answer: {0}")]
    Postgres(#[from] postgres::Error),
    /// It was made by another version.
    #[error("the index has layout {found}, this version reads {expected}; remove it, it is built anew")]
    Layout {
        /// In the index.
        found: String,
        /// In this program.
        expected: &'static str,
    },
    /// A row that nothing of ours has written.
    #[error("the index holds `{0}`, which nothing of ours wrote; `bartizan lineage reindex` builds it anew")]
    Damaged(String),
}

/// An index over statements: nodes, edges, and what is said about what.
pub trait Index: Send {
    /// How far it has read.
    ///
    /// # Errors
    /// [`IndexError`], as everywhere here.
    fn position(&mut self) -> Result<Position, IndexError>;

    /// Adds statements that the log holds from entry `from` up to before `to`, all or none. False when another process
    /// has added from there already; then nothing is changed.
    ///
    /// # Errors
    /// [`IndexError`].
    fn apply(&mut self, from: u64, to: u64, statements: &[Indexed]) -> Result<bool, IndexError>;

    /// Keeps what is said in the log but could not be read: its entry and why. An entry is kept once.
    ///
    /// # Errors
    /// [`IndexError`].
    fn add_gaps(&mut self, gaps: &[Gap]) -> Result<(), IndexError>;

    /// What could not be read, in the order of the log.
    ///
    /// # Errors
    /// [`IndexError`].
    fn gaps(&mut self) -> Result<Vec<Gap>, IndexError>;

    /// Forgets everything, to begin anew with another set of trusted keys.
    ///
    /// # Errors
    /// [`IndexError`].
    fn clear(&mut self, trust: &str) -> Result<(), IndexError>;

    /// Forgets everything, and makes ready for all statements there are. Unless `anew`, an index that was filled under this trust is left
    /// as it is, and the answer is false. Until [`Index::end_filling`], only [`Index::position`],
    /// [`Index::apply`] and [`Index::add_gaps`] are asked. Whoever fills goes on quicker than row by row, where that is possible.
    ///
    /// # Errors
    /// [`IndexError`].
    fn begin_filling(&mut self, trust: &str, anew: bool) -> Result<bool, IndexError> {
        if !anew && self.position()?.trust == trust {
            return Ok(false);
        }
        self.clear(trust).map(|()| true)
    }

    /// Ends what [`Index::begin_filling`] began.
    ///
    /// # Errors
    /// [`IndexError`].
    fn end_filling(&mut self) -> Result<(), IndexError> {
        Ok(())
    }

    /// Gives up what [`Index::begin_filling`] began. What was there before may be there again.
    fn abandon_filling(&mut self) {}

    /// The number of a node.
    ///
    /// # Errors
    /// [`IndexError`].
    fn node(&mut self, id: &NodeId) -> Result<Option<NodeKey>, IndexError>;

    /// Nodes whose name begins so, at most `most`, in order.
    ///
    /// # Errors
    /// [`IndexError`].
    fn nodes_like(&mut self, prefix: &str, most: usize) -> Result<Vec<NodeId>, IndexError>;

    /// Edges that leave `nodes` downwards or upwards; those between two digests of the same bytes always.
    ///
    /// # Errors
    /// [`IndexError`].
    fn edges(
        &mut self,
        nodes: &[NodeKey],
        direction: Direction,
        into: &mut Vec<EdgeRow>,
    ) -> Result<(), IndexError>;

    /// Names of nodes by number.
    ///
    /// # Errors
    /// [`IndexError`].
    fn names(&mut self, nodes: &[NodeKey]) -> Result<BTreeMap<NodeKey, NodeId>, IndexError>;

    /// Kinds and names that statements give nodes.
    ///
    /// # Errors
    /// [`IndexError`].
    fn labels(&mut self, nodes: &[NodeKey]) -> Result<Vec<LabelRow>, IndexError>;

    /// Statements by number.
    ///
    /// # Errors
    /// [`IndexError`].
    fn statements(
        &mut self,
        keys: &[StatementKey],
    ) -> Result<BTreeMap<StatementKey, StatementRow>, IndexError>;

    /// Statements whose subject is the node.
    ///
    /// # Errors
    /// [`IndexError`].
    fn about(&mut self, node: NodeKey) -> Result<Vec<StatementKey>, IndexError>;

    /// The statement with this envelope or payload.
    ///
    /// # Errors
    /// [`IndexError`].
    fn statement_called(&mut self, digest: &Digest) -> Result<Option<StatementRow>, IndexError>;

    /// How much it holds.
    ///
    /// # Errors
    /// [`IndexError`].
    fn size(&mut self) -> Result<Size, IndexError>;

    /// Every edge, for exports of the whole graph, at most `most`.
    ///
    /// # Errors
    /// [`IndexError`].
    fn all_edges(&mut self, most: usize) -> Result<Vec<EdgeRow>, IndexError>;

    /// What it holds, table by table, whatever its numbers are.
    ///
    /// # Errors
    /// [`IndexError`].
    fn contents(&mut self) -> Result<BTreeMap<&'static str, TableDigest>, IndexError>;
}

/// How much an index holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Size {
    /// Statements.
    pub statements: u64,
    /// Nodes.
    pub nodes: u64,
    /// Edges.
    pub edges: u64,
}

/// Version of the tables below; another one is built anew.
pub(super) const LAYOUT: &str = "2";

/// What a table holds, as one query that names nothing by number and sorts by content. The same in both databases.
pub(super) const CONTENTS: [(&str, &str); 5] = [
    ("node", "SELECT name FROM node ORDER BY name"),
    (
        "statement",
        "SELECT envelope || ' ' || payload || ' ' || predicate || ' ' || COALESCE(CAST(entry AS TEXT), '-') || ' ' || signers
         FROM statement ORDER BY envelope",
    ),
    (
        "subject",
        "SELECT n.name || ' ' || s.envelope AS line FROM subject JOIN node n ON n.id = subject.node
         JOIN statement s ON s.id = subject.statement ORDER BY line",
    ),
    (
        "label",
        "SELECT n.name || ' ' || label.kind || ' ' || label.name || ' ' || s.envelope AS line FROM label
         JOIN node n ON n.id = label.node JOIN statement s ON s.id = label.statement ORDER BY line",
    ),
    (
        "edge",
        "SELECT a.name || ' ' || b.name || ' ' || CAST(edge.relation AS TEXT) || ' ' || s.envelope AS line FROM edge
         JOIN node a ON a.id = edge.source JOIN node b ON b.id = edge.target
         JOIN statement s ON s.id = edge.statement ORDER BY line",
    ),
];

/// The key under which a gap is kept among what an index knows of itself; sorts by entry.
pub(super) fn gap_key(entry: u64) -> String {
    format!("{GAP_KEYS}{entry:020}")
}

/// What the keys of gaps begin with.
pub(super) const GAP_KEYS: &str = "gap:";

/// A gap from its key and reason.
pub(super) fn gap_of(key: &str, reason: String) -> Result<Gap, IndexError> {
    let entry = key.strip_prefix(GAP_KEYS).and_then(|entry| entry.parse().ok());
    entry.map(|entry| Gap { entry, reason }).ok_or_else(|| IndexError::Damaged(key.to_owned()))
}

/// Hashes rows as they come.
pub(super) struct RowHash {
    rows: u64,
    state: sha2::Sha256,
}

impl RowHash {
    pub(super) fn new() -> Self {
        Self { rows: 0, state: sha2::Digest::new() }
    }

    pub(super) fn add(&mut self, row: &str) {
        self.rows += 1;
        sha2::Digest::update(&mut self.state, (row.len() as u64).to_be_bytes());
        sha2::Digest::update(&mut self.state, row.as_bytes());
    }

    pub(super) fn finish(self) -> TableDigest {
        TableDigest { rows: self.rows, digest: Digest::of_sha256(sha2::Digest::finalize(self.state).into()) }
    }
}

/// The kind and name of a label as two columns; the empty text stands for none.
pub(super) fn label_columns(fact: &NodeFact) -> (&'static str, &str) {
    (fact.kind.map_or("", Kind::name), fact.name.as_deref().unwrap_or_default())
}

/// A label from its columns.
pub(super) fn label_of(node: NodeKey, statement: StatementKey, kind: &str, name: &str) -> LabelRow {
    LabelRow {
        node,
        statement,
        kind: Kind::from_name(kind),
        name: if name.is_empty() { None } else { Some(name.to_owned()) },
    }
}

/// A statement from its columns.
pub(super) fn statement_of(
    envelope: &str,
    payload: &str,
    predicate_type: String,
    entry: Option<i64>,
    signers: &str,
) -> Result<StatementRow, IndexError> {
    let digest = |text: &str| text.parse::<Digest>().map_err(|error| IndexError::Damaged(error.to_string()));
    Ok(StatementRow {
        envelope: digest(envelope)?,
        payload: digest(payload)?,
        predicate_type,
        entry: entry.and_then(|entry| u64::try_from(entry).ok()),
        signers: signers.split(' ').filter(|signer| !signer.is_empty()).map(str::to_owned).collect(),
    })
}

/// The column of an edge's relation.
pub(super) fn relation_column(edge: &EdgeFact) -> i16 {
    edge.relation as i16
}

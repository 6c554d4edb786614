//! The result of a walk: [`Lineage`], with what every edge rests on.
//!
//! Its JSON form is `bartizan.lineage/1`, described in `docs/schemas/lineage-1.schema.json`.

use super::node::{Kind, NodeId, Relation};
use crate::digest::Digest;
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// Nodes and edges, in order of their names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lineage {
    /// Where the walk began.
    pub start: Vec<NodeId>,
    /// What was reached, the nearest first, then by name.
    pub nodes: Vec<Node>,
    /// The edges between them.
    pub edges: Vec<Edge>,
    /// Nodes that lead back to themselves: no honest record of bytes does.
    pub cycles: Vec<Vec<NodeId>>,
    /// What statements disagree about.
    pub contradictions: Vec<Contradiction>,
    /// Cycles and contradictions that only statements without a trusted signer claim: notes, no verdict.
    pub unbelieved: Vec<Contradiction>,
    /// Whether the walk ended at a limit before it was through.
    pub truncated: bool,
}

/// An artifact, or what has only a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// Its name in the graph.
    pub id: NodeId,
    /// What it is, as far as statements agree on one thing.
    pub kind: Kind,
    /// What it is called, most common first.
    pub names: Vec<String>,
    /// Steps from where the walk began.
    pub depth: u32,
    /// Whether it is named by a digest that cannot be forged.
    pub has_digest: bool,
}

/// One node leads to another, says a statement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Edge {
    /// What was there before.
    pub from: NodeId,
    /// What came of it.
    pub to: NodeId,
    /// Why.
    pub relation: Relation,
    /// Whether nothing in `unproven` speaks against it.
    pub proven: bool,
    /// Why it is not proven.
    pub unproven: Vec<&'static str>,
    /// What it rests on; the edges that one statement gives share it.
    #[serde(flatten, serialize_with = "shared")]
    pub support: Arc<Support>,
}

/// What an edge rests on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Support {
    /// Digest of the envelope that says so.
    pub statement: Digest,
    /// Predicate type of what is in it.
    pub predicate_type: String,
    /// Trusted keys that signed it.
    pub signers: Vec<String>,
    /// Its place in the log.
    pub log_index: Option<u64>,
}

fn shared<S: serde::Serializer>(support: &Arc<Support>, serializer: S) -> Result<S::Ok, S::Error> {
    support.as_ref().serialize(serializer)
}

/// What statements disagree about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Contradiction {
    /// About which node.
    pub subject: NodeId,
    /// What they say.
    pub message: String,
}

/// How much a lineage holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Nodes.
    pub nodes: usize,
    /// Nodes by kind.
    pub kinds: BTreeMap<&'static str, usize>,
    /// Edges.
    pub edges: usize,
    /// Edges that are not proven.
    pub unproven: usize,
    /// Statements they rest on.
    pub statements: usize,
}

impl Lineage {
    /// The node called `id`.
    pub fn node(&self, id: &NodeId) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == *id)
    }

    /// How much it holds.
    pub fn totals(&self) -> Totals {
        let mut kinds = BTreeMap::new();
        for node in &self.nodes {
            *kinds.entry(node.kind.name()).or_default() += 1;
        }
        let statements: HashSet<&Digest> = self.edges.iter().map(|edge| &edge.support.statement).collect();
        Totals {
            nodes: self.nodes.len(),
            kinds,
            edges: self.edges.len(),
            unproven: self.edges.iter().filter(|edge| !edge.proven).count(),
            statements: statements.len(),
        }
    }

    /// Whether it can be taken as it is: no cycle, no contradiction, walked to the end.
    pub fn is_sound(&self) -> bool {
        self.cycles.is_empty() && self.contradictions.is_empty() && !self.truncated
    }
}

impl Node {
    /// What to show people: its name, else its digest.
    pub fn label(&self) -> String {
        self.names.first().cloned().unwrap_or_else(|| self.short_id())
    }

    /// Its name in the graph, a digest cut short.
    pub fn short_id(&self) -> String {
        match self.id.digest() {
            Some(digest) => {
                let head: String = digest.value().chars().take(12).collect();
                format!("{}:{head}", digest.algorithm())
            }
            None => bartizan_core::printable(self.id.as_str(), 80),
        }
    }
}

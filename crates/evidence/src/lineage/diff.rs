//! What two lineages have in common, and what only one has: [`diff`].

use super::graph::{Edge, Lineage, Node};
use super::node::{NodeId, Relation};
use serde::Serialize;
use std::collections::BTreeSet;

/// Two lineages side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// Nodes that only the first has.
    pub only_first: Vec<Node>,
    /// Nodes that only the second has.
    pub only_second: Vec<Node>,
    /// How many nodes both have.
    pub common: usize,
    /// Edges that only the first has.
    pub edges_only_first: Vec<Edge>,
    /// Edges that only the second has.
    pub edges_only_second: Vec<Edge>,
}

/// Compares nodes by name and edges by their ends and relation, whoever states them.
pub fn diff(first: &Lineage, second: &Lineage) -> Difference {
    let nodes = |lineage: &Lineage| lineage.nodes.iter().map(|node| node.id.clone()).collect::<BTreeSet<_>>();
    let (in_first, in_second) = (nodes(first), nodes(second));
    let only = |lineage: &Lineage, other: &BTreeSet<NodeId>| -> Vec<Node> {
        lineage.nodes.iter().filter(|node| !other.contains(&node.id)).cloned().collect()
    };
    let (edges_of_first, edges_of_second) = (edges(first), edges(second));
    let only_edges = |lineage: &Lineage, other: &BTreeSet<(&NodeId, &NodeId, Relation)>| -> Vec<Edge> {
        lineage.edges.iter().filter(|edge| !other.contains(&ends(edge))).cloned().collect()
    };
    Difference {
        only_first: only(first, &in_second),
        only_second: only(second, &in_first),
        common: in_first.intersection(&in_second).count(),
        edges_only_first: only_edges(first, &edges_of_second),
        edges_only_second: only_edges(second, &edges_of_first),
    }
}

fn edges(lineage: &Lineage) -> BTreeSet<(&NodeId, &NodeId, Relation)> {
    lineage.edges.iter().map(ends).collect()
}

fn ends(edge: &Edge) -> (&NodeId, &NodeId, Relation) {
    (&edge.from, &edge.to, edge.relation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineage::testing::line;

    #[test]
    fn what_only_one_has_is_told_apart_from_what_both_have() {
        let difference = diff(&line(&["data", "run", "model"]), &line(&["data", "run", "other"]));
        assert_eq!(difference.common, 2);
        assert_eq!(difference.only_first.iter().map(Node::label).collect::<Vec<_>>(), ["model"]);
        assert_eq!(difference.only_second.iter().map(Node::label).collect::<Vec<_>>(), ["other"]);
        assert_eq!((difference.edges_only_first.len(), difference.edges_only_second.len()), (1, 1));
    }
}

//! Lineages made up for tests.

use super::graph::{Edge, Lineage, Node, Support};
use super::node::{Kind, NodeId, Relation};
use crate::digest::Digest;

/// Artifacts in a row, each made from the one before.
pub(crate) fn line(names: &[&str]) -> Lineage {
    let ids: Vec<NodeId> =
        names.iter().map(|name| NodeId::of_digest(&Digest::sha256(name.as_bytes()))).collect();
    let nodes = ids.iter().zip(names).zip(0..).map(|((id, name), depth)| Node {
        id: id.clone(),
        kind: match *name {
            "data" => Kind::Dataset,
            "run" => Kind::Run,
            "model" => Kind::Model,
            _ => Kind::Artifact,
        },
        names: vec![(*name).to_owned()],
        depth,
        has_digest: true,
    });
    let edges = ids.windows(2).map(|pair| Edge {
        from: pair[0].clone(),
        to: pair[1].clone(),
        relation: Relation::UsedBy,
        proven: true,
        unproven: Vec::new(),
        support: std::sync::Arc::new(Support {
            statement: Digest::sha256(b"statement"),
            predicate_type: "test".to_owned(),
            signers: vec!["key".to_owned()],
            log_index: Some(0),
        }),
    });
    Lineage {
        start: ids.first().cloned().into_iter().collect(),
        nodes: nodes.collect(),
        edges: edges.collect(),
        ..Lineage::default()
    }
}

//! Lineage as OpenLineage events: one for every run, one for every derivation without a run.
//!
//! Source: OpenLineage 2-0-2, `spec/OpenLineage.json`. An artifact becomes a data set whose namespace is the algorithm and
//! whose name is the digest; the facet `version` carries the digest whole, so that reading the events back gives the same
//! nodes.

use super::Origin;
use super::bom::uuid_of;
use crate::lineage::{Kind, Lineage, Node, NodeId, Relation};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const SCHEMA: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
const JOB_SCHEMA: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/JobEvent";
const VERSION_FACET: &str = "https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json";
const FACET_SCHEMA: &str = "https://github.com/bartizan-dev/bartizan/blob/main/docs/src/guide/lineage.md";
/// Namespace of what OpenLineage wants a name for and the graph has none, or one that is no namespace and name.
pub(in crate::lineage) const NAMESPACE: &str = "bartizan";
/// The facet of a run that holds the name of its node.
pub(in crate::lineage) const NODE_FACET: &str = "bartizan_node";
/// Who we are in events.
pub(in crate::lineage) const PRODUCER: &str = "https://github.com/bartizan-dev/bartizan";

/// The events, in order of the runs.
pub fn events(lineage: &Lineage, origin: Origin<'_>) -> Vec<Value> {
    let nodes: BTreeMap<&NodeId, &Node> = lineage.nodes.iter().map(|node| (&node.id, node)).collect();
    let is_run = |id: &NodeId| nodes.get(id).is_some_and(|node| matches!(node.kind, Kind::Run | Kind::Job));
    let mut runs: BTreeMap<&NodeId, (Vec<Value>, Vec<Value>)> = BTreeMap::new();
    let mut events = Vec::new();
    // What started a run: its job, or another run.
    let mut above: BTreeMap<&NodeId, &NodeId> = BTreeMap::new();
    for edge in lineage.edges.iter().filter(|edge| edge.relation != Relation::SameAs) {
        match (is_run(&edge.from), is_run(&edge.to)) {
            (false, true) => {
                runs.entry(&edge.to).or_default().0.push(dataset(&edge.from, &nodes));
            }
            (true, false) => {
                runs.entry(&edge.from).or_default().1.push(dataset(&edge.to, &nodes));
            }
            (false, false) => events.push(json!({
                "eventTime": origin.time, "producer": PRODUCER, "schemaURL": JOB_SCHEMA,
                "job": {"namespace": NAMESPACE, "name": edge.relation.name()},
                "inputs": [dataset(&edge.from, &nodes)], "outputs": [dataset(&edge.to, &nodes)],
            })),
            (true, true) => {
                above.entry(&edge.to).or_insert(&edge.from);
            }
        }
    }
    for id in above.keys() {
        runs.entry(*id).or_default();
    }
    let of_runs = runs.into_iter().map(|(id, (inputs, outputs))| {
        let label = nodes.get(id).map_or_else(|| id.to_string(), |node| node.label());
        let job = above.get(id).map_or_else(
            || json!({"namespace": NAMESPACE, "name": label}),
            |above| {
                let (namespace, name) = named(above, "job:");
                json!({"namespace": namespace, "name": name})
            },
        );
        json!({
            "eventType": "COMPLETE", "eventTime": origin.time, "producer": PRODUCER, "schemaURL": SCHEMA,
            "run": {"runId": run_id(id), "facets": {NODE_FACET: {"_producer": PRODUCER, "_schemaURL": FACET_SCHEMA,
                "node": id.as_str()}}},
            "job": job,
            "inputs": inputs, "outputs": outputs,
        })
    });
    let mut all: Vec<Value> = of_runs.collect();
    all.append(&mut events);
    all
}

/// The id that a scheduler gave, when it is a UUID; else one made from the node's name.
fn run_id(id: &NodeId) -> String {
    let given = id.as_str().strip_prefix("run:").unwrap_or_default();
    let lengths: Vec<usize> = given.split('-').map(str::len).collect();
    let is_uuid =
        lengths == [8, 4, 4, 4, 12] && given.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    if is_uuid { given.to_owned() } else { uuid_of(id.as_str()) }
}

fn dataset(id: &NodeId, nodes: &BTreeMap<&NodeId, &Node>) -> Value {
    if let Some(digest) = id.digest() {
        let label = nodes.get(id).map(|node| node.label()).unwrap_or_default();
        return json!({"namespace": digest.algorithm(), "name": digest.value(), "facets": {
            "version": {"_producer": PRODUCER, "_schemaURL": VERSION_FACET, "datasetVersion": digest.to_string()},
            "documentation": {"_producer": PRODUCER,
                "_schemaURL": "https://openlineage.io/spec/facets/1-1-0/DocumentationDatasetFacet.json",
                "description": label}}});
    }
    // A name that came from OpenLineage goes back as it came.
    let (namespace, name) = named(id, "dataset:");
    json!({"namespace": namespace, "name": name})
}

/// Namespace and name of a node that has both, else ours and the whole name.
fn named<'a>(id: &'a NodeId, kind: &str) -> (String, &'a str) {
    let parts = id.as_str().strip_prefix(kind).and_then(|rest| rest.split_once('#'));
    let (namespace, name) = parts.unwrap_or((NAMESPACE, id.as_str()));
    (namespace.replace("%23", "#").replace("%25", "%"), name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineage::import::openlineage::parse;
    use crate::lineage::testing::line;

    const ORIGIN: Origin<'_> = Origin { tool: "bartizan", version: "1", time: "2026-01-01T00:00:00Z" };

    #[test]
    fn a_run_with_its_data_reads_back_with_the_same_digests() {
        let lineage = line(&["data", "run", "model"]);
        let events = events(&lineage, ORIGIN);
        assert_eq!(events.len(), 1);
        let read = parse(Value::Array(events).to_string().as_bytes()).unwrap();
        for artifact in [&lineage.nodes[0], &lineage.nodes[2]] {
            assert!(read.facts.nodes.iter().any(|node| node.id == artifact.id), "{}", artifact.label());
        }
    }

    #[test]
    fn names_of_a_scheduler_go_back_as_they_came() {
        let id = NodeId::named(Kind::Dataset, "s3://a#b%", "t");
        let value = dataset(&id, &BTreeMap::new());
        assert_eq!((value["namespace"].as_str(), value["name"].as_str()), (Some("s3://a#b%"), Some("t")));
        let uuid = "ea041791-68bc-4ae1-bd89-4c8106a157e4";
        assert_eq!(run_id(&NodeId::run(uuid)), uuid);
        assert_ne!(run_id(&NodeId::run("nightly")), "nightly");
    }
}

//! Lineage as a CycloneDX bill of materials for machine learning, 1.6 or 1.7.
//!
//! Source: `schema/bom-1.6.schema.json` and `bom-1.7.schema.json`: components of the types machine-learning-model, data and
//! file, `modelCard.modelParameters.datasets`, `pedigree.ancestors`, `dependencies`, and `formulation` for runs.

use super::Origin;
use super::bom::{content_of, root, uuid_of};
use crate::lineage::{Kind, Lineage, Node, NodeId, Relation};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Name of the property that holds the name of a node in the graph.
pub(in crate::lineage) const NODE_PROPERTY: &str = "bartizan:node";

/// The version of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CycloneDxVersion {
    /// ECMA-424, first edition.
    V1_6,
    /// ECMA-424, second edition.
    V1_7,
}

impl CycloneDxVersion {
    fn number(self) -> &'static str {
        match self {
            Self::V1_6 => "1.6",
            Self::V1_7 => "1.7",
        }
    }
}

/// Something known of a node beyond the graph, for the bill of a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Detail {
    /// Properties as name and value.
    pub properties: Vec<(String, String)>,
}

/// The bill of materials.
pub fn document(
    lineage: &Lineage,
    details: &BTreeMap<NodeId, Detail>,
    version: CycloneDxVersion,
    origin: Origin<'_>,
) -> Value {
    let without = lineage.without_self_edges();
    let lineage = &*without;
    let runs: BTreeSet<&NodeId> =
        lineage.nodes.iter().filter(|node| is_run(node)).map(|node| &node.id).collect();
    let root = root(lineage).filter(|node| !is_run(node));
    let component = |node: &Node| component(node, lineage, details.get(&node.id), &runs);
    let components: Vec<Value> = lineage
        .nodes
        .iter()
        .filter(|node| !is_run(node) && root.is_none_or(|root| root.id != node.id))
        .map(component)
        .collect();
    let mut metadata = Map::new();
    metadata.insert("timestamp".to_owned(), json!(origin.time));
    metadata.insert(
        "tools".to_owned(),
        json!({"components": [{"type": "application", "name": origin.tool, "version": origin.version}]}),
    );
    if let Some(root) = root {
        metadata.insert("component".to_owned(), component(root));
    }
    let mut document = Map::new();
    document.insert("bomFormat".to_owned(), json!("CycloneDX"));
    document.insert("specVersion".to_owned(), json!(version.number()));
    document.insert("serialNumber".to_owned(), json!(format!("urn:uuid:{}", uuid_of(&content_of(lineage)))));
    document.insert("version".to_owned(), json!(1));
    document.insert("metadata".to_owned(), Value::Object(metadata));
    document.insert("components".to_owned(), Value::Array(components));
    document.insert("dependencies".to_owned(), dependencies(lineage, &runs));
    if !runs.is_empty() {
        document.insert("formulation".to_owned(), json!([{"workflows": workflows(lineage, &runs)}]));
    }
    Value::Object(document)
}

fn is_run(node: &Node) -> bool {
    matches!(node.kind, Kind::Run | Kind::Job)
}

fn component(node: &Node, lineage: &Lineage, detail: Option<&Detail>, runs: &BTreeSet<&NodeId>) -> Value {
    let kind = match node.kind {
        Kind::Model => "machine-learning-model",
        Kind::Dataset | Kind::Record => "data",
        Kind::Environment => "platform",
        Kind::Component => "library",
        Kind::Deployment | Kind::Release => "application",
        _ => "file",
    };
    let mut component = Map::new();
    component.insert("type".to_owned(), json!(kind));
    component.insert("bom-ref".to_owned(), json!(node.id.as_str()));
    component.insert("name".to_owned(), json!(node.label()));
    let hashes: Vec<Value> = digests_of(node, lineage)
        .into_iter()
        .filter_map(|digest| Some(json!({"alg": algorithm(digest.algorithm())?, "content": digest.value()})))
        .collect();
    if !hashes.is_empty() {
        component.insert("hashes".to_owned(), Value::Array(hashes));
    }
    if node.id.as_str().starts_with("pkg:") {
        component.insert("purl".to_owned(), json!(node.id.as_str()));
    }
    if node.kind == Kind::Model {
        let datasets: BTreeSet<&NodeId> = inputs_of(node, lineage, runs);
        let datasets: Vec<Value> = datasets.into_iter().map(|id| json!({"ref": id.as_str()})).collect();
        if !datasets.is_empty() {
            component.insert("modelCard".to_owned(), json!({"modelParameters": {"datasets": datasets}}));
        }
        let bases =
            lineage.edges.iter().filter(|edge| edge.to == node.id && edge.relation == Relation::BaseOf);
        let ancestors: Vec<Value> = bases
            .filter_map(|edge| lineage.node(&edge.from))
            .map(|base| {
                let mut ancestor = json!({"type": "machine-learning-model", "name": base.label(),
                    "properties": [{"name": NODE_PROPERTY, "value": base.id.as_str()}]});
                if let (Some(digest), Some(ancestor)) = (base.id.digest(), ancestor.as_object_mut())
                    && let Some(algorithm) = algorithm(digest.algorithm())
                {
                    ancestor
                        .insert("hashes".to_owned(), json!([{"alg": algorithm, "content": digest.value()}]));
                }
                ancestor
            })
            .collect();
        if !ancestors.is_empty() {
            component.insert("pedigree".to_owned(), json!({"ancestors": ancestors}));
        }
    }
    let mut properties: Vec<Value> = detail
        .into_iter()
        .flat_map(|detail| &detail.properties)
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    if node.id.digest().is_none() {
        // Reading the bill back gives the same node.
        properties.push(json!({"name": NODE_PROPERTY, "value": node.id.as_str()}));
    }
    let unproven = lineage.edges.iter().any(|edge| edge.to == node.id && !edge.proven);
    if unproven {
        properties.push(json!({"name": "bartizan:lineage", "value": "unproven"}));
    }
    if !properties.is_empty() {
        component.insert("properties".to_owned(), Value::Array(properties));
    }
    Value::Object(component)
}

/// Data sets that a model was made from: directly, or as inputs of the run that made it.
fn inputs_of<'a>(node: &Node, lineage: &'a Lineage, runs: &BTreeSet<&NodeId>) -> BTreeSet<&'a NodeId> {
    let before = |id: &NodeId| lineage.edges.iter().filter(|edge| edge.to == *id).collect::<Vec<_>>();
    let is_data =
        |id: &NodeId| lineage.node(id).is_some_and(|node| matches!(node.kind, Kind::Dataset | Kind::Record));
    let mut data = BTreeSet::new();
    for edge in before(&node.id) {
        if runs.contains(&edge.from) {
            data.extend(before(&edge.from).into_iter().map(|edge| &edge.from).filter(|id| is_data(id)));
        } else if is_data(&edge.from) {
            data.insert(&edge.from);
        }
    }
    data
}

fn dependencies(lineage: &Lineage, runs: &BTreeSet<&NodeId>) -> Value {
    let mut uses: BTreeMap<&NodeId, BTreeSet<&NodeId>> = BTreeMap::new();
    for edge in lineage.edges.iter().filter(|edge| edge.relation != Relation::SameAs) {
        if !runs.contains(&edge.from) && !runs.contains(&edge.to) {
            uses.entry(&edge.to).or_default().insert(&edge.from);
        } else if runs.contains(&edge.from) && !runs.contains(&edge.to) {
            // What a run made depends on what the run read.
            let read =
                lineage.edges.iter().filter(|input| input.to == edge.from && !runs.contains(&input.from));
            let read = read.map(|input| &input.from).filter(|id| **id != edge.to);
            uses.entry(&edge.to).or_default().extend(read);
        }
    }
    let list = uses.into_iter().filter(|(_, on)| !on.is_empty()).map(|(node, on)| {
        json!({"ref": node.as_str(), "dependsOn": on.into_iter().map(NodeId::as_str).collect::<Vec<_>>()})
    });
    Value::Array(list.collect())
}

fn workflows(lineage: &Lineage, runs: &BTreeSet<&NodeId>) -> Vec<Value> {
    let resource = |id: &NodeId| json!({"resource": {"ref": id.as_str()}});
    runs.iter()
        .map(|run| {
            let inputs: Vec<Value> = lineage
                .edges
                .iter()
                .filter(|edge| edge.to == **run && !runs.contains(&edge.from))
                .map(|edge| resource(&edge.from))
                .collect();
            let outputs: Vec<Value> = lineage
                .edges
                .iter()
                .filter(|edge| edge.from == **run && !runs.contains(&edge.to))
                .map(|edge| resource(&edge.to))
                .collect();
            let name = lineage.node(run).map(Node::label).unwrap_or_default();
            let mut workflow = Map::new();
            workflow.insert("bom-ref".to_owned(), json!(run.as_str()));
            workflow.insert("uid".to_owned(), json!(run.as_str()));
            workflow.insert("name".to_owned(), json!(name));
            workflow.insert("taskTypes".to_owned(), json!(["build"]));
            workflow.insert("properties".to_owned(), json!([{"name": NODE_PROPERTY, "value": run.as_str()}]));
            if !inputs.is_empty() {
                workflow.insert("inputs".to_owned(), Value::Array(inputs));
            }
            if !outputs.is_empty() {
                workflow.insert("outputs".to_owned(), Value::Array(outputs));
            }
            Value::Object(workflow)
        })
        .collect()
}

/// A node's own digest and those that statements tie to the same bytes.
pub(super) fn digests_of(node: &Node, lineage: &Lineage) -> BTreeSet<crate::digest::Digest> {
    let same = lineage.edges.iter().filter(|edge| edge.relation == Relation::SameAs);
    let others = same.filter_map(|edge| {
        if edge.from == node.id {
            edge.to.digest()
        } else if edge.to == node.id {
            edge.from.digest()
        } else {
            None
        }
    });
    node.id.digest().into_iter().chain(others).collect()
}

fn algorithm(name: &str) -> Option<&'static str> {
    Some(match name {
        "md5" => "MD5",
        "sha1" => "SHA-1",
        "sha256" => "SHA-256",
        "sha384" => "SHA-384",
        "sha512" => "SHA-512",
        "sha3_256" => "SHA3-256",
        "sha3_512" => "SHA3-512",
        "blake3" => "BLAKE3",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineage::import::cyclonedx::read;
    use crate::lineage::testing::line;

    const ORIGIN: Origin<'_> = Origin { tool: "bartizan", version: "1", time: "2026-01-01T00:00:00Z" };

    #[test]
    fn a_training_run_reads_back_as_data_run_and_model() {
        let mut lineage = line(&["data", "run", "model"]);
        lineage.start = vec![lineage.nodes[2].id.clone()];
        let document = document(&lineage, &BTreeMap::new(), CycloneDxVersion::V1_7, ORIGIN);
        assert_eq!(document["metadata"]["component"]["type"], "machine-learning-model");
        assert_eq!(
            document["metadata"]["component"]["modelCard"]["modelParameters"]["datasets"][0]["ref"],
            lineage.nodes[0].id.as_str()
        );
        let read = read(&document).unwrap();
        assert_eq!(read.root.as_ref(), Some(&lineage.nodes[2].id));
        assert!(
            read.facts
                .edges
                .iter()
                .any(|edge| edge.from == lineage.nodes[0].id && edge.relation == Relation::Input)
        );
        assert!(read.remarks.is_empty(), "{:?}", read.remarks);
    }

    #[test]
    fn the_same_lineage_gives_the_same_document() {
        let lineage = line(&["data", "model"]);
        let write = || document(&lineage, &BTreeMap::new(), CycloneDxVersion::V1_6, ORIGIN);
        assert_eq!(write(), write());
        assert_eq!(write()["specVersion"], "1.6");
    }
}

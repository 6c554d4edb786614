//! Lineage as SPDX 3.0.1 with the AI, Dataset, Software and Build profiles, as JSON-LD.
//!
//! Source: SPDX 3.0.1 model: `AI/Classes/AIPackage`, `Dataset/Classes/DatasetPackage`, `Build/Classes/Build`,
//! `Core/Vocabularies/RelationshipType`; serialisation as its JSON-LD context asks.

use super::Origin;
use super::bom::{content_of, root, uuid_of};
use super::cyclonedx::digests_of;
use crate::lineage::{Kind, Lineage, Node, NodeId, Relation};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const CONTEXT: &str = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";
/// Both profiles make mandatory what lineage does not know.
const UNKNOWN: &str = "times and supplier are those of this document, which the profile asks for; those of the package are not known";
const BUILD_TYPE: &str = "https://github.com/bartizan-dev/bartizan/lineage";

/// Who gives the identifiers that are names of nodes in the graph.
pub(in crate::lineage) const AUTHORITY: &str = "https://github.com/bartizan-dev/bartizan";

/// The document.
pub fn document(lineage: &Lineage, origin: Origin<'_>) -> Value {
    let without = lineage.without_self_edges();
    let lineage = &*without;
    let space = format!("urn:uuid:{}", uuid_of(&content_of(lineage)));
    let names: BTreeMap<&NodeId, String> = lineage
        .nodes
        .iter()
        .map(|node| (&node.id, format!("{space}#{}", uuid_of(node.id.as_str()))))
        .collect();
    let agent = format!("{space}#tool");
    let mut graph = vec![
        json!({"type": "CreationInfo", "@id": "_:creation", "specVersion": "3.0.1", "created": origin.time,
               "createdBy": [agent.as_str()]}),
        json!({"type": "SoftwareAgent", "spdxId": agent.as_str(), "creationInfo": "_:creation",
               "name": format!("{} {}", origin.tool, origin.version)}),
    ];
    let mut elements: Vec<Value> = vec![json!(agent)];
    for node in &lineage.nodes {
        if let Some(name) = names.get(&node.id) {
            graph.push(element(node, name, lineage, origin));
            elements.push(json!(name));
        }
    }
    for (place, edge) in lineage.edges.iter().enumerate() {
        let is_data = |id: &NodeId| {
            lineage.node(id).is_some_and(|node| matches!(node.kind, Kind::Dataset | Kind::Record))
        };
        let is_model = |id: &NodeId| lineage.node(id).is_some_and(|node| node.kind == Kind::Model);
        let (word, reversed) = match edge.relation {
            Relation::SameAs => continue,
            Relation::Input => ("hasInput", true),
            Relation::Output | Relation::Byproduct => ("hasOutput", false),
            Relation::PartOf => ("contains", true),
            Relation::BaseOf | Relation::PrecedesVersion => ("ancestorOf", false),
            Relation::UsedBy if is_data(&edge.from) && is_model(&edge.to) => ("trainedOn", true),
            Relation::UsedBy
            | Relation::Deployed
            | Relation::Decided
            | Relation::Judged
            | Relation::Released => ("dependsOn", true),
            Relation::Executes => ("invokedBy", true),
        };
        let (from, to) = if reversed { (&edge.to, &edge.from) } else { (&edge.from, &edge.to) };
        let (Some(from), Some(to)) = (names.get(from), names.get(to)) else { continue };
        let id = format!("{space}#relationship-{place}");
        let mut relationship = json!({"type": "Relationship", "spdxId": id, "creationInfo": "_:creation", "from": from,
            "to": [to], "relationshipType": word});
        if let (false, Some(relationship)) = (edge.proven, relationship.as_object_mut()) {
            relationship
                .insert("comment".to_owned(), json!(format!("unproven: {}", edge.unproven.join("; "))));
        }
        graph.push(relationship);
        elements.push(json!(id));
    }
    let root: Vec<&String> = root(lineage).and_then(|node| names.get(&node.id)).into_iter().collect();
    graph.push(json!({"type": "SpdxDocument", "spdxId": format!("{space}#document"), "creationInfo": "_:creation",
        "name": "lineage", "profileConformance": ["core", "software", "ai", "dataset", "build"], "rootElement": root,
        "element": elements}));
    json!({"@context": CONTEXT, "@graph": graph})
}

fn element(node: &Node, name: &str, lineage: &Lineage, origin: Origin<'_>) -> Value {
    let kind = match node.kind {
        Kind::Model => "ai_AIPackage",
        Kind::Dataset | Kind::Record => "dataset_DatasetPackage",
        Kind::Run | Kind::Job => "build_Build",
        Kind::Component | Kind::Environment | Kind::Release | Kind::Deployment => "software_Package",
        _ => "software_File",
    };
    let mut element = Map::new();
    element.insert("type".to_owned(), json!(kind));
    element.insert("spdxId".to_owned(), json!(name));
    element.insert("creationInfo".to_owned(), json!("_:creation"));
    element.insert("name".to_owned(), json!(node.label()));
    let hashes: Vec<Value> = digests_of(node, lineage)
        .iter()
        .map(|digest| json!({"type": "Hash", "algorithm": algorithm(digest.algorithm()), "hashValue": digest.value()}))
        .collect();
    if !hashes.is_empty() {
        element.insert("verifiedUsing".to_owned(), Value::Array(hashes));
    }
    if node.id.digest().is_none() {
        // Reading the document back gives the same node.
        element.insert(
            "externalIdentifier".to_owned(),
            json!([{"type": "ExternalIdentifier", "externalIdentifierType": "other", "identifier": node.id.as_str(),
                    "issuingAuthority": AUTHORITY}]),
        );
    }
    match kind {
        "dataset_DatasetPackage" => {
            // The type is mandatory in this profile; the graph does not know it.
            element.insert("dataset_datasetType".to_owned(), json!(["noAssertion"]));
            element.insert("software_primaryPurpose".to_owned(), json!("data"));
        }
        "ai_AIPackage" => {
            element.insert("software_primaryPurpose".to_owned(), json!("model"));
        }
        "build_Build" => {
            element.insert("build_buildType".to_owned(), json!(BUILD_TYPE));
            element.insert("build_buildId".to_owned(), json!(node.id.as_str()));
        }
        "software_Package" if node.id.as_str().starts_with("pkg:") => {
            element.insert("software_packageUrl".to_owned(), json!(node.id.as_str()));
        }
        _ => {}
    }
    if matches!(kind, "dataset_DatasetPackage" | "ai_AIPackage") {
        // Both profiles ask where and when a package came from.
        element.insert("software_downloadLocation".to_owned(), json!(location(&node.id)));
        element.insert("software_packageVersion".to_owned(), json!(node.short_id()));
        element.insert("releaseTime".to_owned(), json!(origin.time));
        element.insert("comment".to_owned(), json!(UNKNOWN));
        element.insert(
            "suppliedBy".to_owned(),
            json!(name.split('#').next().map(|space| format!("{space}#tool"))),
        );
        if kind == "dataset_DatasetPackage" {
            element.insert("builtTime".to_owned(), json!(origin.time));
            element.insert(
                "originatedBy".to_owned(),
                json!([name.split('#').next().map(|space| format!("{space}#tool"))]),
            );
        }
    }
    Value::Object(element)
}

/// A URI for what has none: a digest as RFC 6920 writes it in hexadecimal digits, or the name as it is.
fn location(id: &NodeId) -> String {
    match id.digest() {
        Some(digest) => format!("urn:{}:{}", digest.algorithm(), digest.value()),
        None => id.as_str().chars().map(|c| if c.is_ascii_graphic() { c } else { '_' }).collect(),
    }
}

/// The word in SPDX's vocabulary of hash algorithms.
fn algorithm(name: &str) -> &'static str {
    match name {
        "md5" => "md5",
        "sha1" | "gitCommit" | "gitTree" | "gitBlob" | "gitTag" => "sha1",
        "sha256" => "sha256",
        "sha224" => "sha224",
        "sha384" => "sha384",
        "sha512" => "sha512",
        "sha3_256" => "sha3_256",
        "sha3_384" => "sha3_384",
        "sha3_512" => "sha3_512",
        "blake3" => "blake3",
        "blake2b" => "blake2b512",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineage::import::spdx::read;
    use crate::lineage::testing::line;

    const ORIGIN: Origin<'_> = Origin { tool: "bartizan", version: "1", time: "2026-01-01T00:00:00Z" };

    #[test]
    fn a_model_and_its_data_read_back_as_they_were() {
        let mut lineage = line(&["data", "model"]);
        lineage.edges[0].proven = false;
        lineage.edges[0].unproven = vec!["the statement is not in the log"];
        let document = document(&lineage, ORIGIN);
        let read = read(&document).unwrap();
        assert_eq!(read.facts.edges.len(), 1);
        assert_eq!(read.facts.edges[0].from, lineage.nodes[0].id);
        assert_eq!(read.root.as_ref(), Some(&lineage.nodes[0].id));
        let trained = document["@graph"]
            .as_array()
            .unwrap()
            .iter()
            .find(|each| each["relationshipType"] == "trainedOn");
        assert!(trained.unwrap()["comment"].as_str().unwrap().starts_with("unproven"));
    }
}

//! CycloneDX bills of materials as JSON: components, what they are made of and depend on, models with their data sets.
//!
//! Source: CycloneDX 1.2 to 1.7, `schema/bom-1.7.schema.json` (components, dependencies, pedigree, modelCard, formulation).

use super::{ImportError, Imported, json, listed, text};
use crate::digest::{Digest, DigestSet};
use crate::lineage::export::cyclonedx::NODE_PROPERTY;
use crate::lineage::node::{Kind, NodeId, Relation};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

const FORMAT: &str = "CycloneDX";
/// Most components read from one document.
const MOST_COMPONENTS: usize = 500_000;

/// Reads a bill of materials.
///
/// # Errors
/// [`ImportError::Json`] and [`ImportError::Shape`].
pub fn parse(bytes: &[u8]) -> Result<Imported, ImportError> {
    read(&json(bytes)?)
}

/// Reads a bill of materials that is JSON already.
///
/// # Errors
/// [`ImportError::Shape`].
pub fn read(document: &Value) -> Result<Imported, ImportError> {
    if text(document, "bomFormat") != Some("CycloneDX") {
        let reason = "`bomFormat` is not CycloneDX".to_owned();
        return Err(ImportError::Shape { format: FORMAT, reason });
    }
    let mut reader = Reader { imported: Imported::new(FORMAT), by_reference: HashMap::new(), components: 0 };
    let root = document.pointer("/metadata/component").and_then(|component| reader.tree(component));
    let listed_parts: Vec<NodeId> =
        listed(document, "components").iter().filter_map(|component| reader.tree(component)).collect();
    for service in listed(document, "services") {
        reader.component(service, Some(Kind::Deployment));
    }
    // References may point forward, so what uses them is read once all are known.
    reader.models(document);
    reader.dependencies(document);
    for formula in listed(document, "formulation") {
        reader.formula(formula);
    }
    if let Some(root) = &root {
        reader.parts(root, &listed_parts);
    }
    reader.imported.root = root;
    Ok(reader.imported.finish())
}

struct Reader {
    imported: Imported,
    by_reference: HashMap<String, NodeId>,
    components: usize,
}

impl Reader {
    /// A component with everything in it; none when it has no name at all.
    fn tree(&mut self, top: &Value) -> Option<NodeId> {
        let id = self.component(top, None);
        let mut work: Vec<(&Value, Option<NodeId>)> = vec![(top, id.clone())];
        while let Some((component, id)) = work.pop() {
            for part in listed(component, "components") {
                let part_id = self.component(part, None);
                if let (Some(part_id), Some(id)) = (&part_id, &id) {
                    self.imported.facts.edge(part_id, id, Relation::PartOf);
                }
                work.push((part, part_id));
            }
        }
        id
    }

    /// What a bill lists is a part of what it describes, but for what was made from that: releases, deployments.
    fn parts(&mut self, root: &NodeId, listed: &[NodeId]) {
        let mut after: HashMap<&NodeId, Vec<&NodeId>> = HashMap::new();
        for edge in &self.imported.facts.edges {
            after.entry(&edge.from).or_default().push(&edge.to);
        }
        let (mut made_from_it, mut work) = (HashSet::from([root]), vec![root]);
        while let Some(node) = work.pop() {
            for next in after.get(node).into_iter().flatten() {
                if made_from_it.insert(*next) {
                    work.push(next);
                }
            }
        }
        let parts: Vec<NodeId> = listed.iter().filter(|part| !made_from_it.contains(part)).cloned().collect();
        for part in parts {
            self.imported.facts.edge(&part, root, Relation::PartOf);
        }
    }

    fn component(&mut self, component: &Value, kind: Option<Kind>) -> Option<NodeId> {
        self.components += 1;
        if self.components > MOST_COMPONENTS {
            self.imported.remark(|| format!("more than {MOST_COMPONENTS} components; the rest is left out"));
            return None;
        }
        let mut digests = DigestSet::default();
        for hash in listed(component, "hashes") {
            let (Some(algorithm), Some(content)) = (text(hash, "alg"), text(hash, "content")) else {
                continue;
            };
            match algorithm_of(algorithm).map(|name| Digest::new(name, content)) {
                Some(Ok(digest)) => digests.insert(digest),
                Some(Err(error)) => self.imported.remark(|| error.to_string()),
                None => {}
            }
        }
        let name = text(component, "name");
        let version = text(component, "version");
        let label = match (name, version) {
            (Some(name), Some(version)) => Some(format!("{name}@{version}")),
            (name, _) => name.map(str::to_owned),
        };
        let reference = text(component, "bom-ref");
        let id = match self.imported.facts.digests(&digests).or_else(|| node_property(component)) {
            Some(id) => id,
            None => match (text(component, "purl"), &label) {
                (Some(purl), _) => NodeId::of_uri(purl),
                (None, Some(label)) => {
                    let group = text(component, "group").or(text(component, "publisher")).unwrap_or_default();
                    NodeId::named(Kind::Component, group, label)
                }
                (None, None) => NodeId::named(Kind::Component, "", reference?),
            },
        };
        let kind = kind.or_else(|| text(component, "type").map(kind_of));
        self.imported.facts.node(&id, kind.or(Some(Kind::Component)), label.as_deref());
        if let Some(reference) = reference {
            self.by_reference.entry(reference.to_owned()).or_insert_with(|| id.clone());
        }
        Some(id)
    }

    /// What models were made from: pedigree and model card, in every component at any depth.
    fn models(&mut self, document: &Value) {
        let mut work: Vec<&Value> = listed(document, "components").iter().collect();
        work.extend(document.pointer("/metadata/component"));
        while let Some(component) = work.pop() {
            work.extend(listed(component, "components"));
            let pedigree = component.get("pedigree");
            let card = component.pointer("/modelCard/modelParameters");
            if pedigree.is_none() && card.is_none() {
                continue;
            }
            let Some(id) = self.known(component) else { continue };
            for ancestor in pedigree.map(|pedigree| listed(pedigree, "ancestors")).unwrap_or_default() {
                if let Some(ancestor) = self.component(ancestor, None) {
                    self.imported.facts.edge(&ancestor, &id, Relation::BaseOf);
                }
            }
            for descendant in pedigree.map(|pedigree| listed(pedigree, "descendants")).unwrap_or_default() {
                if let Some(descendant) = self.component(descendant, None) {
                    self.imported.facts.edge(&id, &descendant, Relation::BaseOf);
                }
            }
            for dataset in card.map(|card| listed(card, "datasets")).unwrap_or_default() {
                let dataset = match text(dataset, "ref") {
                    Some(reference) => self.referenced(reference),
                    None => self.component(dataset, Some(Kind::Dataset)),
                };
                if let Some(dataset) = dataset {
                    self.imported.facts.node(&dataset, Some(Kind::Dataset), None);
                    self.imported.facts.edge(&dataset, &id, Relation::UsedBy);
                }
            }
        }
    }

    fn dependencies(&mut self, document: &Value) {
        for dependency in listed(document, "dependencies") {
            let Some(user) = text(dependency, "ref").and_then(|reference| self.referenced(reference)) else {
                continue;
            };
            for used in listed(dependency, "dependsOn").iter().filter_map(Value::as_str) {
                if let Some(used) = self.referenced(used) {
                    self.imported.facts.edge(&used, &user, Relation::UsedBy);
                }
            }
        }
    }

    /// Workflows and tasks as runs, with their inputs and outputs.
    fn formula(&mut self, formula: &Value) {
        for component in listed(formula, "components") {
            self.tree(component);
        }
        for workflow in listed(formula, "workflows") {
            for task in std::iter::once(workflow).chain(listed(workflow, "tasks")) {
                let Some(uid) = text(task, "uid").or(text(task, "bom-ref")) else { continue };
                let run = node_property(task).unwrap_or_else(|| NodeId::run(uid));
                self.imported.facts.node(&run, Some(Kind::Run), text(task, "name").or(Some(uid)));
                for input in listed(task, "inputs") {
                    if let Some(input) = self.resource(input.get("resource").or(input.get("source"))) {
                        self.imported.facts.edge(&input, &run, Relation::Input);
                    }
                }
                for output in listed(task, "outputs") {
                    if let Some(output) = self.resource(output.get("resource").or(output.get("target"))) {
                        self.imported.facts.edge(&run, &output, Relation::Output);
                    }
                }
            }
        }
    }

    fn resource(&mut self, resource: Option<&Value>) -> Option<NodeId> {
        let resource = resource?;
        if let Some(reference) = text(resource, "ref") {
            return self.referenced(reference);
        }
        Some(NodeId::of_uri(text(resource.get("externalReference")?, "url")?))
    }

    /// The node that a component of this document became.
    fn known(&mut self, component: &Value) -> Option<NodeId> {
        if let Some(id) = text(component, "bom-ref").and_then(|reference| self.by_reference.get(reference)) {
            return Some(id.clone());
        }
        self.component(component, None)
    }

    fn referenced(&mut self, reference: &str) -> Option<NodeId> {
        if let Some(id) = self.by_reference.get(reference) {
            return Some(id.clone());
        }
        if reference.starts_with("urn:cdx:") {
            // A component in another document (BOM-Link): its name there is all that is known here.
            return Some(NodeId::of_uri(reference));
        }
        self.imported
            .remark(|| format!("`{}` refers to no component", bartizan_core::printable(reference, 100)));
        None
    }
}

/// The node that our own exporter wrote the component or workflow for.
fn node_property(value: &Value) -> Option<NodeId> {
    let property =
        listed(value, "properties").iter().find(|each| text(each, "name") == Some(NODE_PROPERTY))?;
    text(property, "value")?.parse().ok()
}

/// The name in digest sets of an algorithm as CycloneDX writes it.
fn algorithm_of(word: &str) -> Option<&'static str> {
    Some(match word {
        "MD5" => "md5",
        "SHA-1" => "sha1",
        "SHA-256" => "sha256",
        "SHA-384" => "sha384",
        "SHA-512" => "sha512",
        "SHA3-256" => "sha3_256",
        "SHA3-384" => "sha3_384",
        "SHA3-512" => "sha3_512",
        "BLAKE3" => "blake3",
        _ => return None,
    })
}

fn kind_of(word: &str) -> Kind {
    match word {
        "machine-learning-model" => Kind::Model,
        "data" => Kind::Dataset,
        "container" | "platform" | "operating-system" => Kind::Environment,
        "file" => Kind::Artifact,
        _ => Kind::Component,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineage::EdgeFact;
    use serde_json::json;

    fn has(imported: &Imported, from: &NodeId, to: &NodeId, relation: Relation) -> bool {
        imported.facts.edges.contains(&EdgeFact { from: from.clone(), to: to.clone(), relation })
    }

    fn hash(text: &str) -> (Value, NodeId) {
        let digest = Digest::sha256(text.as_bytes());
        (json!([{"alg": "SHA-256", "content": digest.value()}]), NodeId::of_digest(&digest))
    }

    #[test]
    fn a_model_is_tied_to_its_data_its_base_and_its_parts() {
        let ((model_hash, model), (data_hash, data), (part_hash, part)) = (hash("m"), hash("d"), hash("p"));
        let imported = read(&json!({"bomFormat": "CycloneDX", "specVersion": "1.6",
            "metadata": {"component": {"type": "machine-learning-model", "bom-ref": "m", "name": "model", "hashes": model_hash,
                "modelCard": {"modelParameters": {"datasets": [{"ref": "d"}, {"type": "dataset", "name": "inline"}]}},
                "pedigree": {"ancestors": [{"type": "machine-learning-model", "name": "base", "purl": "pkg:huggingface/a/b"}]},
                "components": [{"type": "file", "name": "p", "hashes": part_hash}]}},
            "components": [{"type": "data", "bom-ref": "d", "name": "data", "hashes": data_hash},
                           {"type": "library", "bom-ref": "l", "name": "numpy", "version": "2", "purl": "pkg:pypi/numpy@2"}],
            "dependencies": [{"ref": "m", "dependsOn": ["l", "nowhere"]}]}))
        .unwrap();
        assert_eq!(imported.root.as_ref(), Some(&model));
        assert!(has(&imported, &data, &model, Relation::UsedBy));
        assert!(has(&imported, &NodeId::of_uri("pkg:huggingface/a/b"), &model, Relation::BaseOf));
        assert!(has(&imported, &part, &model, Relation::PartOf));
        assert!(has(&imported, &NodeId::of_uri("pkg:pypi/numpy@2"), &model, Relation::UsedBy));
        assert!(has(&imported, &NodeId::named(Kind::Component, "", "inline"), &model, Relation::UsedBy));
        assert_eq!(imported.remarks, ["`nowhere` refers to no component"]);
    }

    #[test]
    fn a_workflow_is_a_run() {
        let imported = read(&json!({"bomFormat": "CycloneDX", "components": [{"type": "data", "bom-ref": "d", "name": "data"}],
            "formulation": [{"workflows": [{"uid": "w", "inputs": [{"resource": {"ref": "d"}}],
                "outputs": [{"resource": {"externalReference": {"url": "https://example.org/m"}}}]}]}]}))
        .unwrap();
        let run = NodeId::run("w");
        assert!(has(&imported, &NodeId::named(Kind::Component, "", "data"), &run, Relation::Input));
        assert!(has(&imported, &run, &NodeId::of_uri("https://example.org/m"), Relation::Output));
    }

    #[test]
    fn another_document_is_refused_and_a_wrong_hash_remarked() {
        assert!(matches!(parse(b"{\"bomFormat\":\"SPDX\"}"), Err(ImportError::Shape { .. })));
        let imported = read(&json!({"bomFormat": "CycloneDX",
            "components": [{"name": "x", "hashes": [{"alg": "SHA-256", "content": "12"}]}]}))
        .unwrap();
        assert_eq!(imported.remarks.len(), 1);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_document_or_an_error(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}

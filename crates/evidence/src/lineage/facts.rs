//! What a statement says about the graph: [`Facts`], read from the predicates that speak about origin.
//!
//! | predicate | edges |
//! | --- | --- |
//! | SLSA provenance v0.2, v1 | dependency → run → subject, run → by-product |
//! | in-toto link v0.3 | material → run → subject |
//! | OMS signature v1.0 | file → model |
//! | SLSA VSA | subject → verdict, policy → verdict |
//! | in-toto release | subject → release |
//! | CycloneDX, SPDX | what the bill of materials says |
//! | [`LINEAGE_V1`] | the edges it lists |
//! | [`USE_V1`] | what was used → subject |
//!
//! Every other predicate says something *about* its subjects and adds no edge.

use super::import;
use super::node::{Kind, NodeId, Relation};
use crate::digest::{Digest, DigestSet};
use crate::oms::SIGNATURE_V1;
use crate::predicate::{CYCLONEDX, PROVENANCE_V1, VSA_V1};
use crate::statement::{ResourceDescriptor, Statement};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Predicate of imported or stated lineage: lists of nodes and edges.
pub const LINEAGE_V1: &str = "urn:bartizan:predicate:lineage:v1";
/// Predicate of a deployment, a decision or anything else that uses artifacts: `{"kind", "uses": [descriptor]}`.
pub const USE_V1: &str = "urn:bartizan:predicate:use:v1";
/// SLSA provenance before version 1.
pub const PROVENANCE_V0_2: &str = "https://slsa.dev/provenance/v0.2";
/// Most nodes and edges read from one statement: a bundle of two million files.
pub const MOST_FACTS: usize = 4_000_000;

/// What one statement says about the graph.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// What is known of nodes.
    #[serde(default)]
    pub nodes: Vec<NodeFact>,
    /// What leads to what.
    #[serde(default)]
    pub edges: Vec<EdgeFact>,
}

/// What is known of a node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeFact {
    /// The node.
    pub id: NodeId,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// One node leads to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EdgeFact {
    /// What was there before.
    pub from: NodeId,
    /// What came of it.
    pub to: NodeId,
    /// Why.
    pub relation: Relation,
}

impl Facts {
    /// What `statement`, whose payload has the digest `payload`, says.
    pub fn of_statement(statement: &Statement, payload: &Digest) -> Self {
        let mut facts = Self::default();
        let predicate = statement.predicate.as_ref().unwrap_or(&Value::Null);
        let subjects: Vec<NodeId> =
            statement.subject.iter().filter_map(|subject| facts.descriptor(subject, None)).collect();
        // The record of a run is the statement itself: its digest names the run, and nobody else can claim that name.
        let own = NodeId::of_digest(payload);
        match statement.predicate_type.as_str() {
            PROVENANCE_V1 => facts.provenance(predicate, &own, &subjects),
            PROVENANCE_V0_2 => facts.provenance_before_1(predicate, &own, &subjects),
            SIGNATURE_V1 => facts.model_signature(predicate, &subjects),
            VSA_V1 => facts.verdict(predicate, &own, &subjects),
            LINEAGE_V1 => facts.absorb(Self::of_lineage(predicate)),
            USE_V1 => facts.used(predicate, &subjects),
            CYCLONEDX => facts.embedded(import::cyclonedx::read(predicate), &subjects),
            kind if kind.starts_with("https://cyclonedx.org/bom/v") => {
                facts.embedded(import::cyclonedx::read(predicate), &subjects);
            }
            kind if kind.starts_with("https://spdx.dev/Document") => {
                facts.embedded(import::spdx::read(predicate), &subjects);
            }
            kind if kind.starts_with("https://in-toto.io/attestation/release/v0") => {
                facts.release(predicate, &subjects);
            }
            kind if kind.starts_with("https://in-toto.io/attestation/link/v0") => {
                facts.link(predicate, &own, &subjects);
            }
            _ => {}
        }
        facts.nodes.sort();
        facts.nodes.dedup();
        facts.edges.sort();
        facts.edges.dedup();
        facts
    }

    /// Adds what is known of a node.
    pub fn node(&mut self, id: &NodeId, kind: Option<Kind>, name: Option<&str>) {
        if self.nodes.len() < MOST_FACTS && (kind.is_some() || name.is_some()) {
            let name = name.filter(|name| !name.is_empty()).map(|name| bartizan_core::printable(name, 300));
            self.nodes.push(NodeFact { id: id.clone(), kind, name });
        }
    }

    /// Adds an edge. That a digest is of the same bytes as itself goes without saying; any other edge from a node to itself is kept
    /// as it was said, so that whoever reads the graph is told.
    pub fn edge(&mut self, from: &NodeId, to: &NodeId, relation: Relation) {
        let says_nothing = from == to && relation == Relation::SameAs;
        if !says_nothing && self.edges.len() < MOST_FACTS {
            self.edges.push(EdgeFact { from: from.clone(), to: to.clone(), relation });
        }
    }

    /// Adds the node of a digest set: its best digest, with the others as further names of the same bytes.
    pub fn digests(&mut self, digests: &DigestSet) -> Option<NodeId> {
        let id = NodeId::of_digest(&digests.preferred()?);
        for (algorithm, value) in digests.iter() {
            if let Ok(other) = Digest::new(algorithm, value) {
                self.edge(&id, &NodeId::of_digest(&other), Relation::SameAs);
            }
        }
        Some(id)
    }

    /// Adds the node of a descriptor: by digest, else by URI, else by name. `kind` gives way to what the descriptor says.
    pub fn descriptor(&mut self, descriptor: &ResourceDescriptor, kind: Option<Kind>) -> Option<NodeId> {
        let stated = ["kind", "role"]
            .iter()
            .find_map(|key| descriptor.annotations.get(*key)?.as_str())
            .and_then(kind_of_word);
        let label = descriptor.name.as_deref().or(descriptor.uri.as_deref());
        let id = match self.digests(&descriptor.digest) {
            Some(id) => id,
            None => NodeId::of_uri(descriptor.uri.as_deref().or(descriptor.name.as_deref())?),
        };
        self.node(&id, stated.or(kind).or_else(|| label.and_then(kind_of_name)), label);
        Some(id)
    }

    /// Adds everything of `other`.
    pub fn absorb(&mut self, other: Self) {
        self.nodes.extend(other.nodes);
        self.edges.extend(other.edges);
        self.nodes.truncate(MOST_FACTS);
        self.edges.truncate(MOST_FACTS);
    }

    fn descriptors(&mut self, list: Option<&Value>, kind: Option<Kind>) -> Vec<NodeId> {
        let list = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let read = |value: &Value| ResourceDescriptor::deserialize(value).ok();
        list.iter().filter_map(read).filter_map(|descriptor| self.descriptor(&descriptor, kind)).collect()
    }

    fn provenance(&mut self, predicate: &Value, run: &NodeId, subjects: &[NodeId]) {
        let text = |pointer: &str| predicate.pointer(pointer).and_then(Value::as_str);
        self.node(
            run,
            Some(Kind::Run),
            text("/runDetails/metadata/invocationId").or(text("/buildDefinition/buildType")),
        );
        for input in self.descriptors(predicate.pointer("/buildDefinition/resolvedDependencies"), None) {
            self.edge(&input, run, Relation::Input);
        }
        for output in subjects {
            self.edge(run, output, Relation::Output);
        }
        for product in self.descriptors(predicate.pointer("/runDetails/byproducts"), None) {
            self.edge(run, &product, Relation::Byproduct);
        }
    }

    fn provenance_before_1(&mut self, predicate: &Value, run: &NodeId, subjects: &[NodeId]) {
        let text = |pointer: &str| predicate.pointer(pointer).and_then(Value::as_str);
        self.node(run, Some(Kind::Run), text("/metadata/buildInvocationId").or(text("/buildType")));
        for input in self.descriptors(predicate.get("materials"), None) {
            self.edge(&input, run, Relation::Input);
        }
        for output in subjects {
            self.edge(run, output, Relation::Output);
        }
    }

    fn link(&mut self, predicate: &Value, run: &NodeId, subjects: &[NodeId]) {
        self.node(run, Some(Kind::Run), predicate.get("name").and_then(Value::as_str));
        for input in self.descriptors(predicate.get("materials"), None) {
            self.edge(&input, run, Relation::Input);
        }
        for output in subjects {
            self.edge(run, output, Relation::Output);
        }
    }

    fn model_signature(&mut self, predicate: &Value, subjects: &[NodeId]) {
        let Some(model) = subjects.first() else { return };
        self.node(model, Some(Kind::Model), None);
        let files =
            predicate.get("resources").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for file in files {
            let text = |key: &str| file.get(key).and_then(Value::as_str);
            let (Some(algorithm), Some(value)) = (text("algorithm"), text("digest")) else { continue };
            let Ok(digest) = Digest::new(algorithm, value) else { continue };
            let id = NodeId::of_digest(&digest);
            self.node(&id, text("name").and_then(kind_of_name), text("name"));
            self.edge(&id, model, Relation::PartOf);
        }
    }

    fn verdict(&mut self, predicate: &Value, verdict: &NodeId, subjects: &[NodeId]) {
        self.node(verdict, Some(Kind::Verdict), predicate.get("verificationResult").and_then(Value::as_str));
        for subject in subjects {
            self.edge(subject, verdict, Relation::Judged);
        }
        if let Some(policy) =
            predicate.get("policy").and_then(|policy| ResourceDescriptor::deserialize(policy).ok())
            && let Some(policy) = self.descriptor(&policy, Some(Kind::Policy))
        {
            self.edge(&policy, verdict, Relation::UsedBy);
        }
        for evidence in self.descriptors(predicate.get("inputAttestations"), None) {
            self.edge(&evidence, verdict, Relation::UsedBy);
        }
    }

    fn release(&mut self, predicate: &Value, subjects: &[NodeId]) {
        let Some(purl) = predicate.get("purl").and_then(Value::as_str) else { return };
        let release = NodeId::of_uri(purl);
        self.node(&release, Some(Kind::Release), Some(purl));
        for subject in subjects {
            self.edge(subject, &release, Relation::Released);
        }
    }

    fn used(&mut self, predicate: &Value, subjects: &[NodeId]) {
        let kind = predicate.get("kind").and_then(Value::as_str).and_then(Kind::from_name);
        let relation = match kind {
            Some(Kind::Deployment) => Relation::Deployed,
            Some(Kind::Decision) => Relation::Decided,
            Some(Kind::Release) => Relation::Released,
            _ => Relation::UsedBy,
        };
        for subject in subjects {
            self.node(subject, kind, None);
        }
        for used in self.descriptors(predicate.get("uses"), None) {
            for subject in subjects {
                self.edge(&used, subject, relation);
            }
        }
    }

    /// Lineage as [`LINEAGE_V1`] writes it. What does not fit is left out: later versions may say more.
    fn of_lineage(predicate: &Value) -> Self {
        let list =
            |key: &str| predicate.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut facts = Self::default();
        for node in list("nodes").iter().filter_map(|value| NodeFact::deserialize(value).ok()) {
            facts.node(&node.id, node.kind, node.name.as_deref());
        }
        for edge in list("edges").iter().filter_map(|value| EdgeFact::deserialize(value).ok()) {
            facts.edge(&edge.from, &edge.to, edge.relation);
        }
        facts
    }

    /// A document inside a statement: what it describes is the statement's subject.
    fn embedded(&mut self, read: Result<import::Imported, import::ImportError>, subjects: &[NodeId]) {
        // A predicate that cannot be read says nothing; the statement itself stays, with its subject.
        let Ok(imported) = read else { return };
        if let (Some(root), [subject]) = (&imported.root, subjects) {
            self.edge(root, subject, Relation::SameAs);
        }
        self.absorb(imported.facts);
    }
}

/// The kind that a word of an annotation stands for, also in the words that run records use.
fn kind_of_word(word: &str) -> Option<Kind> {
    Kind::from_name(word).or(match word {
        "data" | "input" => Some(Kind::Dataset),
        "code" => Some(Kind::Source),
        "config" | "parameters" => Some(Kind::Configuration),
        "lockfile" | "lock" | "container" | "image" | "interpreter" | "program" => Some(Kind::Environment),
        "package" => Some(Kind::Component),
        _ => None,
    })
}

/// What a file most likely is, by its name. A guess for labels only; nothing is decided by it.
pub fn kind_of_name(name: &str) -> Option<Kind> {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name).to_ascii_lowercase();
    let (_, extension) = file.rsplit_once('.')?;
    Some(match extension {
        "safetensors" | "pt" | "pth" | "onnx" | "gguf" | "ggml" | "h5" | "keras" | "tflite" | "pkl"
        | "joblib" | "ckpt" | "pb" | "mlmodel" | "ort" | "skops" => Kind::Model,
        "csv" | "parquet" | "arrow" | "jsonl" | "tsv" | "feather" | "tfrecord" | "npy" | "npz" => {
            Kind::Dataset
        }
        "py" | "ipynb" | "rs" | "r" | "jl" | "sh" | "js" | "ts" | "go" | "java" | "scala" | "sql" => {
            Kind::Source
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn digest(text: &str) -> Digest {
        Digest::sha256(text.as_bytes())
    }

    fn node(text: &str) -> NodeId {
        NodeId::of_digest(&digest(text))
    }

    fn facts(subject: &str, predicate_type: &str, predicate: Value) -> Facts {
        let statement = Statement::new(
            vec![ResourceDescriptor::named("m.onnx", digest(subject))],
            predicate_type,
            predicate,
        );
        Facts::of_statement(&statement, &digest("payload"))
    }

    fn has(facts: &Facts, from: &NodeId, to: &NodeId, relation: Relation) -> bool {
        facts.edges.contains(&EdgeFact { from: from.clone(), to: to.clone(), relation })
    }

    #[test]
    fn provenance_gives_a_run_with_inputs_and_outputs() {
        let facts = facts(
            "model",
            PROVENANCE_V1,
            json!({"buildDefinition": {"resolvedDependencies": [
                {"name": "train.csv", "digest": {"sha256": digest("data").value(), "md5": "00".repeat(16)}},
                {"uri": "git+https://example.org/code"}, {"nothing": 1}]},
                "runDetails": {"metadata": {"invocationId": "run-7"}, "byproducts": [{"digest": {"sha256": digest("log").value()}}]}}),
        );
        let run = node("payload");
        assert!(has(&facts, &node("data"), &run, Relation::Input));
        assert!(has(&facts, &NodeId::of_uri("git+https://example.org/code"), &run, Relation::Input));
        assert!(has(&facts, &run, &node("model"), Relation::Output));
        assert!(has(&facts, &run, &node("log"), Relation::Byproduct));
        let md5 = NodeId::of_digest(&Digest::new("md5", &"00".repeat(16)).unwrap());
        assert!(has(&facts, &node("data"), &md5, Relation::SameAs));
        assert!(facts.nodes.contains(&NodeFact {
            id: run,
            kind: Some(Kind::Run),
            name: Some("run-7".to_owned())
        }));
        assert!(facts.nodes.iter().any(|each| each.id == node("data") && each.kind == Some(Kind::Dataset)));
    }

    #[test]
    fn a_model_signature_ties_its_files_to_the_model() {
        let facts = facts(
            "root",
            SIGNATURE_V1,
            json!({"resources": [{"name": "w", "algorithm": "sha256", "digest": digest("w").value()},
                                 {"name": "broken", "algorithm": "sha256", "digest": "zz"}]}),
        );
        assert_eq!(facts.edges.len(), 1);
        assert!(has(&facts, &node("w"), &node("root"), Relation::PartOf));
    }

    #[test]
    fn deployments_and_decisions_follow_what_they_use() {
        let uses = json!({"kind": "deployment", "uses": [{"digest": {"sha256": digest("model").value()}}]});
        let facts = facts("deployment", USE_V1, uses);
        assert!(has(&facts, &node("model"), &node("deployment"), Relation::Deployed));
    }

    #[test]
    fn a_node_said_to_come_of_itself_is_kept_as_it_was_said() {
        let id = node("model");
        let edge = |relation: Relation| json!({"from": id, "to": id, "relation": relation});
        let facts =
            facts("model", LINEAGE_V1, json!({"edges": [edge(Relation::BaseOf), edge(Relation::SameAs)]}));
        assert_eq!(facts.edges.len(), 1);
        assert!(has(&facts, &id, &id, Relation::BaseOf));
    }

    #[test]
    fn a_check_says_something_about_its_subject_and_adds_no_edge() {
        let facts =
            facts("model", "https://in-toto.io/attestation/test-result/v0.1", json!({"result": "PASSED"}));
        assert!(facts.edges.is_empty());
    }

    proptest::proptest! {
        #[test]
        fn any_predicate_is_read(text in "[ -~]{0,200}", kind in proptest::sample::select(vec![
            PROVENANCE_V1, PROVENANCE_V0_2, SIGNATURE_V1, LINEAGE_V1, USE_V1, CYCLONEDX,
            "https://spdx.dev/Document/v3", VSA_V1])) {
            let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
            let _ = facts("x", kind, value);
        }
    }
}

//! Lineage documents of other projects, where `BARTIZAN_CORPUS` names a folder that holds them, and the documents we write
//! against the schemas of their formats, where `BARTIZAN_SPECS` names a folder that holds those.
#![cfg(test)]

use bartizan_evidence::digest::Digest;
use bartizan_evidence::lineage::export::{Origin, cyclonedx, openlineage, spdx};
use bartizan_evidence::lineage::import::{self, Imported};
use bartizan_evidence::lineage::{
    EdgeFact, Facts, Kind, Lineage, NodeFact, NodeId, Relation, TraceRequest, trace,
};
use bartizan_evidence::store::{Direction, Index as _, Indexed, MemoryIndex};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn folder(variable: &str, part: &str) -> Option<PathBuf> {
    let found =
        std::env::var_os(variable).map(|root| Path::new(&root).join(part)).filter(|path| path.is_dir());
    if found.is_none() {
        println!("skipped: {variable} names no folder with {part}");
    }
    found
}

fn json_files(folder: &Path) -> Vec<PathBuf> {
    let (mut files, mut work) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = work.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                work.push(path);
            } else if path.extension().is_some_and(|extension| extension == "json") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn names(value: &Value, imported: &Imported) -> Vec<String> {
    let known = |id: &NodeId| {
        imported.facts.nodes.iter().any(|node| node.id == *id)
            || imported.facts.edges.iter().any(|edge| edge.from == *id || edge.to == *id)
    };
    let named = |kind: Kind, value: &Value| {
        let text = |key: &str| value[key].as_str().unwrap_or_default();
        NodeId::named(kind, text("namespace"), text("name"))
    };
    let mut missing = Vec::new();
    let mut expect = |id: NodeId| {
        if !known(&id) {
            missing.push(id.to_string());
        }
    };
    if let Some(id) = value["run"]["runId"].as_str() {
        expect(NodeId::run(id));
    }
    if value["job"]["name"].is_string() {
        expect(named(Kind::Job, &value["job"]));
    }
    let datasets = ["inputs", "outputs"].iter().filter_map(|key| value[*key].as_array()).flatten();
    for dataset in datasets.chain(value.get("dataset")).filter(|dataset| dataset["name"].is_string()) {
        expect(named(Kind::Dataset, dataset));
    }
    missing
}

#[test]
fn events_of_other_producers_keep_every_run_job_and_data_set() {
    let Some(folder) = folder("BARTIZAN_CORPUS", "supply/openlineage") else { return };
    let files = json_files(&folder);
    assert!(!files.is_empty());
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        let imported =
            import::openlineage::parse(&bytes).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        let missing = names(&value, &imported);
        assert!(missing.is_empty(), "{}: {missing:?}", file.display());
    }
}

#[test]
fn descriptions_and_bills_of_others_are_recognised_by_content() {
    for (part, format) in
        [("supply/croissant", "Croissant"), ("supply/cyclonedx", "CycloneDX"), ("supply/spdx3", "SPDX")]
    {
        let Some(folder) = folder("BARTIZAN_CORPUS", part) else { continue };
        for file in json_files(&folder) {
            let bytes = std::fs::read(&file).unwrap();
            match import::bytes(&bytes, None, "model") {
                Ok(imported) => assert_eq!(imported.format, format, "{}", file.display()),
                // Some bills are broken on purpose.
                Err(error) => {
                    assert!(file.to_string_lossy().contains("invalid"), "{}: {error}", file.display());
                }
            }
        }
    }
}

fn node(text: &str) -> NodeId {
    NodeId::of_digest(&Digest::sha256(text.as_bytes()))
}

/// A data set, code and a base model, a run, a model, its release and a data set without a digest.
fn story() -> Lineage {
    let fact = |id: &NodeId, kind, name: &str| NodeFact {
        id: id.clone(),
        kind: Some(kind),
        name: Some(name.to_owned()),
    };
    let edge =
        |from: &NodeId, to: &NodeId, relation| EdgeFact { from: from.clone(), to: to.clone(), relation };
    let (data, code, base, run, model) =
        (node("data"), node("code"), node("base"), node("run"), node("model"));
    let table = NodeId::named(Kind::Dataset, "db", "table");
    let release = NodeId::of_uri("pkg:generic/model@1.0");
    let facts = Facts {
        nodes: vec![
            fact(&data, Kind::Dataset, "train.csv"),
            fact(&code, Kind::Source, "train.py"),
            fact(&base, Kind::Model, "base"),
            fact(&run, Kind::Run, "run 1"),
            fact(&model, Kind::Model, "model.onnx"),
            fact(&table, Kind::Dataset, "table"),
            fact(&release, Kind::Release, "model 1.0"),
        ],
        edges: vec![
            edge(&data, &run, Relation::Input),
            edge(&code, &run, Relation::Input),
            edge(&table, &run, Relation::Input),
            edge(&run, &model, Relation::Output),
            edge(&base, &model, Relation::BaseOf),
            edge(&model, &release, Relation::Released),
        ],
    };
    let statement = Indexed {
        envelope: Digest::sha256(b"envelope"),
        payload: Digest::sha256(b"payload"),
        predicate_type: "test".to_owned(),
        entry: Some(0),
        signers: vec!["key".to_owned()],
        subjects: vec![model.clone()],
        facts,
    };
    let mut index = MemoryIndex::default();
    index.apply(0, 1, &[statement]).unwrap();
    let up = TraceRequest { start: vec![release], direction: Direction::Up, depth: None, most_nodes: 100 };
    let mut lineage = trace(&mut index, &up).unwrap();
    lineage.start = vec![model];
    lineage
}

const ORIGIN: Origin<'_> = Origin { tool: "bartizan", version: "1.0", time: "2026-01-01T00:00:00Z" };

/// A schema whose references to other files are taken out: what those files describe (licence names, signatures, kinds of
/// cryptography) is in none of our documents.
fn schema(path: &Path) -> Value {
    let mut schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut work = vec![&mut schema];
    while let Some(value) = work.pop() {
        match value {
            Value::Object(map) => {
                if map.get("$ref").and_then(Value::as_str).is_some_and(|target| !target.starts_with('#')) {
                    map.remove("$ref");
                }
                work.extend(map.values_mut());
            }
            Value::Array(list) => work.extend(list.iter_mut()),
            _ => {}
        }
    }
    schema
}

fn assert_valid(schema: &Value, document: &Value, what: &str) {
    let validator = jsonschema::validator_for(schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{what}: {errors:#?}");
}

#[test]
fn our_bills_of_materials_fit_their_schemas() {
    let Some(folder) = folder("BARTIZAN_SPECS", "cyclonedx/schema") else { return };
    let detail = cyclonedx::Detail { properties: vec![("bartizan:format".to_owned(), "onnx".to_owned())] };
    let details = BTreeMap::from([(node("model"), detail)]);
    for (version, file) in [
        (cyclonedx::CycloneDxVersion::V1_6, "bom-1.6.schema.json"),
        (cyclonedx::CycloneDxVersion::V1_7, "bom-1.7.schema.json"),
    ] {
        let document = cyclonedx::document(&story(), &details, version, ORIGIN);
        let schema = schema(&folder.join(file));
        assert_valid(&schema, &document, file);
        // The check can fail.
        let mut broken = document;
        broken["components"][0]["type"] = "nonsense".into();
        assert!(!jsonschema::validator_for(&schema).unwrap().is_valid(&broken));
    }
}

#[test]
fn our_events_fit_the_schema() {
    let Some(folder) = folder("BARTIZAN_SPECS", "openlineage/spec") else { return };
    let schema = schema(&folder.join("OpenLineage.json"));
    let events = openlineage::events(&story(), ORIGIN);
    assert_eq!(events.len(), 3);
    for event in events {
        assert_valid(&schema, &event, "event");
    }
}

/// The SPDX project publishes no JSON schema beside its model, so terms are looked up in the context and the vocabularies.
#[test]
fn our_spdx_documents_use_the_terms_of_the_model() {
    let Some(folder) = folder("BARTIZAN_SPECS", "spdx3") else { return };
    let context: Value =
        serde_json::from_slice(&std::fs::read(folder.join("rdf/spdx-context.jsonld")).unwrap()).unwrap();
    let known = &context["@context"];
    let document = spdx::document(&story(), ORIGIN);
    for element in document["@graph"].as_array().unwrap() {
        let map = element.as_object().unwrap();
        assert!(known.get(map["type"].as_str().unwrap()).is_some(), "{}", map["type"]);
        for key in map.keys().filter(|key| *key != "@id") {
            assert!(known.get(key).is_some(), "{} has no property {key}", map["type"]);
        }
        if let Some(relationship) = map.get("relationshipType").and_then(Value::as_str) {
            let words = &known["relationshipType"]["@context"]["@vocab"];
            assert!(words.is_string() && !relationship.is_empty());
        }
    }
}

/// Reads and writes again with the SPDX project's own model, which refuses unknown terms and missing properties.
const SPDX_MODEL: &str = "
import io, sys
from spdx_python_model import v3_0_1 as model
objects = model.SHACLObjectSet()
model.JSONLDDeserializer().read(io.BytesIO(sys.stdin.buffer.read()), objects)
model.JSONLDSerializer().write(objects, io.BytesIO())
print(len(list(objects.foreach_type(model.Relationship, match_subclass=True))), len(objects.missing_ids))
";

#[test]
fn the_model_of_the_spdx_project_reads_our_documents() {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let python = std::env::var("BARTIZAN_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let known = Command::new(&python).args(["-c", "import spdx_python_model"]).stderr(Stdio::null()).status();
    if !known.is_ok_and(|status| status.success()) {
        println!("skipped: {python} has no spdx-python-model");
        return;
    }
    let read = |document: &Value| {
        let mut child = Command::new(&python)
            .args(["-c", SPDX_MODEL])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(document.to_string().as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let document = spdx::document(&story(), ORIGIN);
    let output = read(&document);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "6 0");
    let mut broken = document;
    broken["@graph"].as_array_mut().unwrap().iter_mut().for_each(|element| {
        element.as_object_mut().unwrap().remove("dataset_datasetType");
    });
    assert!(!read(&broken).status.success());
}

/// The nodes of a graph, and for each everything it came of.
fn ancestries(
    edges: &[(NodeId, NodeId)],
    nodes: impl Iterator<Item = NodeId>,
) -> BTreeMap<NodeId, Vec<NodeId>> {
    let all: std::collections::BTreeSet<NodeId> =
        nodes.chain(edges.iter().flat_map(|(from, to)| [from.clone(), to.clone()])).collect();
    let above = |node: &NodeId| {
        let (mut found, mut work) = (std::collections::BTreeSet::new(), vec![node.clone()]);
        while let Some(node) = work.pop() {
            for (from, _) in edges.iter().filter(|(_, to)| *to == node) {
                if found.insert(from.clone()) {
                    work.push(from.clone());
                }
            }
        }
        found.into_iter().collect()
    };
    all.iter().map(|node| (node.clone(), above(node))).collect()
}

#[test]
fn our_own_documents_read_back_as_the_graph_they_were_written_from() {
    let story = story();
    let edges: Vec<_> = story.edges.iter().map(|edge| (edge.from.clone(), edge.to.clone())).collect();
    let written = ancestries(&edges, story.nodes.iter().map(|node| node.id.clone()));
    let events: Vec<String> = openlineage::events(&story, ORIGIN).iter().map(Value::to_string).collect();
    let none = BTreeMap::new();
    let documents = [
        ("OpenLineage", events.join("\n")),
        (
            "CycloneDX",
            cyclonedx::document(&story, &none, cyclonedx::CycloneDxVersion::V1_6, ORIGIN).to_string(),
        ),
        (
            "CycloneDX",
            cyclonedx::document(&story, &none, cyclonedx::CycloneDxVersion::V1_7, ORIGIN).to_string(),
        ),
        ("SPDX", spdx::document(&story, ORIGIN).to_string()),
    ];
    for (format, document) in documents {
        let read = import::bytes(document.as_bytes(), None, "model").unwrap();
        assert_eq!((read.format, read.remarks.as_slice()), (format, [].as_slice()));
        let edges: Vec<_> = read.facts.edges.into_iter().map(|edge| (edge.from, edge.to)).collect();
        let back = ancestries(&edges, read.facts.nodes.into_iter().map(|node| node.id));
        assert_eq!(back, written, "{format}");
    }
}

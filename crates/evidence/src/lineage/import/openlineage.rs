//! OpenLineage events: runs, jobs and the data sets they read and wrote.
//!
//! Source: OpenLineage 2-0-2, `spec/OpenLineage.json`, and the facets `parent`, `version`, `symlinks`, `columnLineage`,
//! `jobDependencies`. A data set keeps the name that the standard gives it (namespace and name); where its version is a digest,
//! the bytes become a node of their own. Events may come one in a document, in a list, or one on each line.

use super::{ImportError, Imported, json, listed, text};
use crate::digest::Digest;
use crate::lineage::export::openlineage::{NAMESPACE, NODE_FACET, PRODUCER};
use crate::lineage::node::{Kind, NodeId, Relation};
use serde_json::Value;

const FORMAT: &str = "OpenLineage";
/// States of a run: `RunEvent.eventType`.
const STATES: [&str; 6] = ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"];

/// Reads events.
///
/// # Errors
/// [`ImportError::Json`], and [`ImportError::Shape`] when something is no event.
pub fn parse(bytes: &[u8]) -> Result<Imported, ImportError> {
    let mut imported = Imported::new(FORMAT);
    match json(bytes) {
        Ok(Value::Array(events)) => {
            events.iter().try_for_each(|each| event(each, &mut imported))?;
        }
        Ok(one) => event(&one, &mut imported)?,
        // One event on each line, as transports write them to files.
        Err(error) => {
            let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
            let mut events = lines.map(json).peekable();
            if !matches!(events.peek(), Some(Ok(Value::Object(_)))) {
                return Err(error);
            }
            for each in events {
                event(&each?, &mut imported)?;
            }
        }
    }
    Ok(imported.finish())
}

/// Whether a JSON value looks like an event, a run, job or data set event of any producer.
pub fn is_event(value: &Value) -> bool {
    let first = value.as_array().and_then(|list| list.first()).unwrap_or(value);
    let named = |key: &str, name: &str| first.get(key).is_some_and(|value| text(value, name).is_some());
    let datasets = ["inputs", "outputs"].iter().flat_map(|key| listed(first, key));
    // Producers send events whose job or run has no name yet. The state of a run is a word of the standard's own.
    let state = text(first, "eventType").is_some_and(|word| STATES.contains(&word));
    let described = ["run", "job"].iter().any(|key| first.get(key).is_some_and(Value::is_object));
    (state && described)
        || named("run", "runId")
        || named("job", "name")
        || named("dataset", "name")
        || datasets
            .into_iter()
            .any(|dataset| text(dataset, "namespace").is_some() && text(dataset, "name").is_some())
}

fn event(event: &Value, imported: &mut Imported) -> Result<(), ImportError> {
    if !["run", "job", "dataset", "inputs", "outputs"].iter().any(|key| event.get(key).is_some()) {
        let reason = "an event has a run, a job, a dataset, inputs or outputs".to_owned();
        return Err(ImportError::Shape { format: FORMAT, reason });
    }
    // What our own exporter had to name for the sake of the format is no job.
    let ours = text(event, "producer") == Some(PRODUCER);
    let made_up = event.get("job").filter(|job| ours && text(job, "namespace") == Some(NAMESPACE));
    let job = match made_up {
        Some(_) => None,
        None => event.get("job").and_then(|value| job(value, imported)),
    };
    let relation =
        made_up.and_then(|job| Relation::from_name(text(job, "name")?)).unwrap_or(Relation::UsedBy);
    let called = job.as_deref().or_else(|| made_up.and_then(|job| text(job, "name")));
    let run = event.get("run").and_then(|value| run(value, called, imported));
    if let (Some(job), Some(run)) = (&job, &run) {
        imported.facts.edge(&job.0, run, Relation::Executes);
    }
    // Without a run the job itself stands between: lineage by design.
    let through = run.or(job.map(|job| job.0));
    let inputs: Vec<NodeId> =
        listed(event, "inputs").iter().filter_map(|value| dataset(value, imported)).collect();
    let outputs: Vec<NodeId> =
        listed(event, "outputs").iter().filter_map(|value| dataset(value, imported)).collect();
    if let Some(described) = event.get("dataset") {
        dataset(described, imported);
    }
    match through {
        Some(through) => {
            for input in &inputs {
                imported.facts.edge(input, &through, Relation::Input);
            }
            for output in &outputs {
                imported.facts.edge(&through, output, Relation::Output);
            }
        }
        None => {
            for input in &inputs {
                for output in &outputs {
                    imported.facts.edge(input, output, relation);
                }
            }
        }
    }
    Ok(())
}

/// A job and how it is called.
struct Job(NodeId, String);

impl std::ops::Deref for Job {
    type Target = str;

    fn deref(&self) -> &str {
        &self.1
    }
}

fn job(value: &Value, imported: &mut Imported) -> Option<Job> {
    let Some(name) = text(value, "name") else {
        imported.remark(|| "a job without a name".to_owned());
        return None;
    };
    let id = NodeId::named(Kind::Job, text(value, "namespace").unwrap_or_default(), name);
    imported.facts.node(&id, Some(Kind::Job), Some(name));
    Some(Job(id, name.to_owned()))
}

fn run(value: &Value, name: Option<&str>, imported: &mut Imported) -> Option<NodeId> {
    let Some(id) = text(value, "runId") else {
        imported.remark(|| "a run without a runId".to_owned());
        // Whoever started it is known all the same, though not what.
        if let Some(parent) = value.pointer("/facets/parent") {
            for part in [Some(parent), parent.get("root")].into_iter().flatten() {
                run_and_job(part, imported);
            }
        }
        return None;
    };
    let ours =
        value.pointer("/facets").and_then(|facets| text(facets.get(NODE_FACET)?, "node")?.parse().ok());
    let run = ours.unwrap_or_else(|| NodeId::run(id));
    imported.facts.node(&run, Some(Kind::Run), Some(name.unwrap_or(id)));
    if let Some(parent) = value.pointer("/facets/parent") {
        for part in [Some(parent), parent.get("root")].into_iter().flatten() {
            if let Some(above) = run_and_job(part, imported) {
                imported.facts.edge(&above, &run, Relation::Executes);
            }
        }
    }
    if let Some(dependencies) = value.pointer("/facets/jobDependencies") {
        for before in listed(dependencies, "upstream") {
            if let Some(before) = run_and_job(before, imported) {
                imported.facts.edge(&before, &run, Relation::UsedBy);
            }
        }
        for after in listed(dependencies, "downstream") {
            if let Some(after) = run_and_job(after, imported) {
                imported.facts.edge(&run, &after, Relation::UsedBy);
            }
        }
    }
    Some(run)
}

/// A run named by another: itself and its job.
fn run_and_job(value: &Value, imported: &mut Imported) -> Option<NodeId> {
    let job = value.get("job").and_then(|value| job(value, imported));
    let run = value.get("run").and_then(|run| text(run, "runId")).map(NodeId::run);
    if let Some(run) = &run {
        imported.facts.node(run, Some(Kind::Run), job.as_deref());
        if let Some(job) = &job {
            imported.facts.edge(&job.0, run, Relation::Executes);
        }
    }
    run.or(job.map(|job| job.0))
}

fn dataset(value: &Value, imported: &mut Imported) -> Option<NodeId> {
    let Some(name) = text(value, "name") else {
        imported.remark(|| "a data set without a name".to_owned());
        return None;
    };
    if text(value, "namespace") == Some(NAMESPACE)
        && let Ok(node) = name.parse::<NodeId>()
    {
        return Some(node);
    }
    let version = value.pointer("/facets").and_then(|facets| text(facets.get("version")?, "datasetVersion"));
    let version = version.and_then(|version| version.parse::<Digest>().ok());
    if let Some(digest) = &version
        && text(value, "namespace") == Some(digest.algorithm())
        && name == digest.value()
    {
        // A digest under its own name, as our exporter writes it: there is no other name to keep.
        let bytes = NodeId::of_digest(digest);
        let called = value.pointer("/facets/documentation").and_then(|facet| text(facet, "description"));
        imported.facts.node(&bytes, None, called);
        return Some(bytes);
    }
    let dataset = named(value, name, imported);
    let facet = |name: &str| value.pointer("/facets").and_then(|facets| facets.get(name));
    if let Some(symlinks) = facet("symlinks") {
        for other in listed(symlinks, "identifiers") {
            if let Some(name) = text(other, "name") {
                let other = named(other, name, imported);
                imported.facts.edge(&dataset, &other, Relation::SameAs);
            }
        }
    }
    if let Some(columns) = facet("columnLineage") {
        let fields =
            columns.get("fields").and_then(Value::as_object).into_iter().flat_map(|map| map.values());
        for field in fields.flat_map(|field| listed(field, "inputFields")).chain(listed(columns, "dataset")) {
            if let Some(name) = text(field, "name") {
                let before = named(field, name, imported);
                imported.facts.edge(&before, &dataset, Relation::UsedBy);
            }
        }
    }
    match version {
        Some(digest) => {
            let bytes = NodeId::of_digest(&digest);
            imported.facts.node(&bytes, Some(Kind::Dataset), Some(name));
            imported.facts.edge(&bytes, &dataset, Relation::PartOf);
            Some(bytes)
        }
        None => Some(dataset),
    }
}

fn named(value: &Value, name: &str, imported: &mut Imported) -> NodeId {
    let id = NodeId::named(Kind::Dataset, text(value, "namespace").unwrap_or_default(), name);
    imported.facts.node(&id, Some(Kind::Dataset), Some(name));
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineage::EdgeFact;
    use serde_json::json;

    fn read(value: &Value) -> Imported {
        parse(value.to_string().as_bytes()).unwrap()
    }

    fn has(imported: &Imported, from: &NodeId, to: &NodeId, relation: Relation) -> bool {
        imported.facts.edges.contains(&EdgeFact { from: from.clone(), to: to.clone(), relation })
    }

    fn table(name: &str) -> NodeId {
        NodeId::named(Kind::Dataset, "db", name)
    }

    #[test]
    fn a_run_event_keeps_run_job_and_data_sets() {
        let imported = read(&json!({"eventType": "COMPLETE",
            "run": {"runId": "r1", "facets": {"parent": {"run": {"runId": "r0"}, "job": {"namespace": "n", "name": "dag"}}}},
            "job": {"namespace": "n", "name": "task"},
            "inputs": [{"namespace": "db", "name": "a"}], "outputs": [{"namespace": "db", "name": "b",
                "facets": {"symlinks": {"identifiers": [{"namespace": "db", "name": "b2", "type": "TABLE"}]}}}]}));
        let run = NodeId::run("r1");
        assert!(has(&imported, &table("a"), &run, Relation::Input));
        assert!(has(&imported, &run, &table("b"), Relation::Output));
        assert!(has(&imported, &NodeId::named(Kind::Job, "n", "task"), &run, Relation::Executes));
        assert!(has(&imported, &NodeId::run("r0"), &run, Relation::Executes));
        assert!(has(&imported, &table("b"), &table("b2"), Relation::SameAs));
        assert!(imported.remarks.is_empty());
    }

    #[test]
    fn a_job_event_goes_through_the_job_and_an_event_without_either_straight() {
        let datasets = json!({"inputs": [{"namespace": "db", "name": "a"}], "outputs": [{"namespace": "db", "name": "b"}]});
        assert!(has(&read(&datasets), &table("a"), &table("b"), Relation::UsedBy));
        let mut design = datasets;
        design["job"] = json!({"namespace": "n", "name": "task"});
        let job = NodeId::named(Kind::Job, "n", "task");
        assert!(has(&read(&design), &table("a"), &job, Relation::Input));
    }

    #[test]
    fn a_version_that_is_a_digest_becomes_the_node() {
        let digest = Digest::sha256(b"rows");
        let imported = read(&json!({"eventTime": "t", "dataset": {"namespace": "db", "name": "a",
            "facets": {"version": {"datasetVersion": digest.to_string()}}}}));
        assert!(has(&imported, &NodeId::of_digest(&digest), &table("a"), Relation::PartOf));
    }

    #[test]
    fn an_event_without_names_keeps_what_it_has_and_says_what_is_missing() {
        let imported =
            read(&json!({"eventType": "COMPLETE", "job": {"namespace": "n"}, "run": {"facets": {"parent": {
            "job": {"namespace": "n", "name": "dag"}}}}, "inputs": [{"namespace": "db", "name": "a"}]}));
        let known: Vec<&NodeId> = imported.facts.nodes.iter().map(|node| &node.id).collect();
        assert_eq!(known, [&table("a"), &NodeId::named(Kind::Job, "n", "dag")]);
        assert!(imported.facts.edges.is_empty());
        assert_eq!(imported.remarks, ["a job without a name", "a run without a runId"]);
    }

    #[test]
    fn column_lineage_names_data_sets_that_inputs_leave_out() {
        let imported =
            read(&json!({"outputs": [{"namespace": "db", "name": "b", "facets": {"columnLineage": {"fields":
            {"x": {"inputFields": [{"namespace": "db", "name": "a", "field": "y"}]}}}}}]}));
        assert!(has(&imported, &table("a"), &table("b"), Relation::UsedBy));
    }

    #[test]
    fn events_may_stand_in_a_list_or_on_lines() {
        let event =
            json!({"job": {"namespace": "n", "name": "j"}, "outputs": [{"namespace": "db", "name": "b"}]});
        let list = parse(json!([event, event]).to_string().as_bytes()).unwrap();
        let lines = parse(format!("{event}\n{event}\n").as_bytes()).unwrap();
        assert_eq!(list.facts, lines.facts);
        assert!(parse(b"{\"job\": 1}\nnonsense").is_err());
    }

    #[test]
    fn what_is_no_event_is_refused() {
        assert!(matches!(parse(b"{}"), Err(ImportError::Shape { .. })));
        assert!(matches!(parse(b"["), Err(ImportError::Json(_))));
        assert!(!is_event(&json!({"bomFormat": "CycloneDX"})));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_events_or_an_error(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}

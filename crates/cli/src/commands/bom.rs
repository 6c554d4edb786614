//! `bartizan bom`: what a model folder consists of, what the scan says of it, and where it came from.

use crate::arguments::{BomArguments, BomFormat};
use crate::commands::scan::{TOOL, now, write_whole};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{commands, project};
use bartizan_core::report::Report;
use bartizan_core::{Kind as Subject, Status};
use bartizan_evidence::digest::Digest;
use bartizan_evidence::lineage::export::{Origin, cyclonedx, spdx};
use bartizan_evidence::lineage::{Edge, Kind, Lineage, Node, NodeId, Relation, Support};
use bartizan_evidence::store::Store;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};

/// Runs the command.
///
/// # Errors
/// [`Failure`] when the folder cannot be scanned or the document not be written.
pub(crate) fn run(arguments: &BomArguments) -> Result<Exit, Failure> {
    let report = commands::scan::plain(&arguments.path)?;
    let name = match &arguments.name {
        Some(name) => name.clone(),
        None => fs::canonicalize(&arguments.path)
            .ok()
            .and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
            .unwrap_or_else(|| "model".to_owned()),
    };
    let (mut lineage, details) = bill(&report, &name);
    let store = match arguments.store.as_deref() {
        Some(_) => Some(project::existing(arguments.store.as_deref())?),
        None if Store::find(&project::here()).is_ok() => Some(project::existing(None)?),
        None => None,
    };
    if let Some(store) = store {
        add_ancestry(&store, &mut lineage)?;
    }
    let time = now().to_string();
    let origin = Origin { tool: TOOL.name, version: TOOL.version, time: &time };
    let document = match arguments.format {
        BomFormat::Cyclonedx => {
            cyclonedx::document(&lineage, &details, cyclonedx::CycloneDxVersion::V1_7, origin)
        }
        BomFormat::Cyclonedx16 => {
            cyclonedx::document(&lineage, &details, cyclonedx::CycloneDxVersion::V1_6, origin)
        }
        BomFormat::Spdx => spdx::document(&lineage, origin),
    };
    let mut text = serde_json::to_string_pretty(&document).map_err(io::Error::from)?;
    text.push('\n');
    match &arguments.output {
        Some(path) => write_whole(path, |out| out.write_all(text.as_bytes()))?,
        None => io::stdout().lock().write_all(text.as_bytes())?,
    }
    Ok(if report.is_incomplete() { Exit::Incomplete } else { Exit::Done })
}

/// The folder as a graph: every file a part of the model. A file that could not be read to its end is left out and told.
fn bill(report: &Report, name: &str) -> (Lineage, BTreeMap<NodeId, cyclonedx::Detail>) {
    let mut lineage = Lineage::default();
    let mut details = BTreeMap::new();
    let mut files = Vec::new();
    for group in report.by_subject() {
        let subject = group.subject;
        let Some(digest) =
            subject.digest.sha256.as_deref().and_then(|value| Digest::new("sha256", value).ok())
        else {
            crate::terminal::remark(&format!("{} could not be read to its end and is left out", subject.uri));
            continue;
        };
        files.push(format!("{digest} {}", subject.uri));
        let id = NodeId::of_digest(&digest);
        let kind = match subject.kind {
            Subject::Model => Kind::Model,
            Subject::Dataset => Kind::Dataset,
            Subject::Code => Kind::Source,
            Subject::Config => Kind::Configuration,
            Subject::Archive | Subject::Other => Kind::Artifact,
        };
        let status = match subject.status {
            Status::Clean => "clean",
            Status::Findings => "findings",
            Status::Incomplete => "incomplete",
            Status::Unsupported => "unsupported",
        };
        let mut properties = vec![
            ("bartizan:format".to_owned(), subject.format.clone()),
            ("bartizan:size".to_owned(), subject.size.to_string()),
            ("bartizan:scan".to_owned(), status.to_owned()),
        ];
        let mut rules: Vec<&str> = group.findings.iter().map(|reported| reported.finding.rule.id).collect();
        rules.sort_unstable();
        rules.dedup();
        properties.extend(rules.iter().map(|rule| ("bartizan:finding".to_owned(), (*rule).to_owned())));
        if lineage.nodes.iter().any(|node| node.id == id) {
            continue;
        }
        details.insert(id.clone(), cyclonedx::Detail { properties });
        lineage.nodes.push(Node { id, kind, names: vec![subject.uri.clone()], depth: 1, has_digest: true });
    }
    files.sort();
    // One file is the model; a folder is named by the list of its files.
    let root = if let [only] = lineage.nodes.as_mut_slice() {
        only.depth = 0;
        only.kind = Kind::Model;
        only.id.clone()
    } else {
        let list = Digest::sha256(files.join("\n").as_bytes());
        let id = NodeId::named(Kind::Model, "folder", &format!("{name}@{}", list.value()));
        let support = std::sync::Arc::new(Support {
            statement: list,
            predicate_type: "urn:bartizan:predicate:folder:v1".to_owned(),
            signers: Vec::new(),
            log_index: None,
        });
        for node in &lineage.nodes {
            lineage.edges.push(Edge {
                from: node.id.clone(),
                to: id.clone(),
                relation: Relation::PartOf,
                proven: true,
                unproven: Vec::new(),
                support: support.clone(),
            });
        }
        let node = Node {
            id: id.clone(),
            kind: Kind::Model,
            names: vec![name.to_owned()],
            depth: 0,
            has_digest: false,
        };
        lineage.nodes.insert(0, node);
        id
    };
    let findings = json!(report.findings.len()).to_string();
    details.entry(root.clone()).or_default().properties.push(("bartizan:findings".to_owned(), findings));
    lineage.start = vec![root];
    (lineage, details)
}

/// Adds what the store knows of where the files came from.
fn add_ancestry(store: &Store, lineage: &mut Lineage) -> Result<(), Failure> {
    use bartizan_evidence::lineage::{MOST_NODES, TraceRequest, trace};
    use bartizan_evidence::store::Direction;
    let files: Vec<NodeId> =
        lineage.nodes.iter().filter(|node| node.has_digest).map(|node| node.id.clone()).collect();
    for id in files {
        let mut index = store.index();
        if index.node(&id).map_err(bartizan_evidence::store::StoreError::from)?.is_none() {
            continue;
        }
        let request =
            TraceRequest { start: vec![id], direction: Direction::Up, depth: None, most_nodes: MOST_NODES };
        let above = trace(index.as_mut(), &request)?;
        for node in above.nodes {
            if lineage.node(&node.id).is_none() {
                lineage.nodes.push(node);
            }
        }
        for edge in above.edges {
            if !lineage.edges.contains(&edge) {
                lineage.edges.push(edge);
            }
        }
    }
    Ok(())
}

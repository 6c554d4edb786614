//! Run folders of MLflow: the run, the data it logged as inputs, the commit it ran from, the files it left.
//!
//! Source: MLflow file store (`mlruns/<experiment>/<run>/meta.yaml`, `tags/`, `inputs/`, `artifacts/`; data sets in
//! `mlruns/<experiment>/datasets/<id>/meta.yaml`), and since MLflow 3 the models that a run logged or read: `outputs/<model>` and
//! `inputs/` name them, `mlruns/<experiment>/models/<model>/` holds them. Artifacts are digested here: MLflow does not.

use super::{Folder, ImportError, Imported, text, yaml};
use crate::digest::Digest;
use crate::lineage::node::{Kind, NodeId, Relation};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const FORMAT: &str = "MLflow";
/// Largest metadata file read, in bytes.
const LARGEST_META: u64 = 16 << 20;
/// Most inputs read.
const MOST_INPUTS: usize = 10_000;

/// Reads the folder of a run, or that of a logged model.
///
/// # Errors
/// [`ImportError::Disk`], [`ImportError::Yaml`] and [`ImportError::Shape`].
pub fn read(path: &Path) -> Result<Imported, ImportError> {
    let meta = yaml::parse(&small(&path.join("meta.yaml"))?)?;
    let mut imported = Imported::new(FORMAT);
    let Some(id) = text(&meta, "run_id").or(text(&meta, "run_uuid")) else {
        let Some(id) = text(&meta, "model_id") else {
            let reason = "meta.yaml has neither run_id nor model_id".to_owned();
            return Err(ImportError::Shape { format: FORMAT, reason });
        };
        let run = text(&meta, "source_run_id").map(NodeId::run);
        let model = model(id, Some((path, &meta)), run.as_ref(), &mut imported)?;
        imported.root = Some(model);
        return Ok(imported.finish());
    };
    let run = NodeId::run(id);
    imported.facts.node(&run, Some(Kind::Run), text(&meta, "run_name").or(Some(id)));
    let tag = |name: &str| small(&path.join("tags").join(name)).ok().map(|tag| tag.trim().to_owned());
    if let Some(commit) =
        tag("mlflow.source.git.commit").and_then(|commit| Digest::new("gitCommit", &commit).ok())
    {
        let commit = NodeId::of_digest(&commit);
        imported.facts.node(&commit, Some(Kind::Source), tag("mlflow.source.name").as_deref());
        imported.facts.edge(&commit, &run, Relation::Input);
    }
    if let Some(parent) = tag("mlflow.parentRunId") {
        imported.facts.edge(&NodeId::run(&parent), &run, Relation::Executes);
    }
    inputs(path, &run, &mut imported)?;
    outputs(path, &run, &mut imported)?;
    let artifacts = path.join("artifacts");
    if artifacts.is_dir() {
        let folder = Folder::new(&artifacts);
        for (name, digest) in folder.files(|remark| imported.remark(|| remark))? {
            let file = NodeId::of_digest(&digest);
            imported.facts.node(
                &file,
                crate::lineage::kind_of_name(&name).or(Some(Kind::Artifact)),
                Some(&name),
            );
            imported.facts.edge(&run, &file, Relation::Output);
        }
    }
    imported.root = Some(run);
    Ok(imported.finish())
}

/// The folders in one of a run's folders, in order of their names.
fn folders(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(path) else { return Vec::new() };
    let mut folders: Vec<_> = entries.take(MOST_INPUTS).flatten().map(|entry| entry.path()).collect();
    folders.sort();
    folders
}

fn inputs(path: &Path, run: &NodeId, imported: &mut Imported) -> Result<(), ImportError> {
    for folder in folders(&path.join("inputs")) {
        let meta = small(&folder.join("meta.yaml")).and_then(|text| yaml::parse(&text));
        let meta = match meta {
            Ok(meta) => meta,
            Err(error) => {
                imported.remark(|| format!("{}: {error}", folder.display()));
                continue;
            }
        };
        let Some(source) = text(&meta, "source_id") else { continue };
        if text(&meta, "source_type") == Some("MODEL") {
            let known = stored(path, source, imported);
            let model = model(source, known.as_ref().map(|(at, meta)| (at.as_path(), meta)), None, imported)?;
            imported.facts.edge(&model, run, Relation::Input);
            continue;
        }
        let described = plain_name(source).then(|| {
            let path = path.parent()?.join("datasets").join(source).join("meta.yaml");
            yaml::parse(&small(&path).ok()?).ok()
        });
        let described = described.flatten().unwrap_or_default();
        let name = text(&described, "name").unwrap_or(source);
        // MLflow's own digest is eight characters of a hash over a sample: a name, not a digest.
        let label = match text(&described, "digest") {
            Some(digest) => format!("{name}@{digest}"),
            None => name.to_owned(),
        };
        let dataset = NodeId::named(Kind::Dataset, "mlflow", &label);
        imported.facts.node(&dataset, Some(Kind::Dataset), Some(&label));
        imported.facts.edge(&dataset, run, Relation::Input);
    }
    Ok(())
}

/// The models that a run logged: each folder is called after one.
fn outputs(path: &Path, run: &NodeId, imported: &mut Imported) -> Result<(), ImportError> {
    for folder in folders(&path.join("outputs")) {
        let Some(id) = folder.file_name().and_then(|name| name.to_str()) else { continue };
        let known = stored(path, id, imported);
        model(id, known.as_ref().map(|(at, meta)| (at.as_path(), meta)), Some(run), imported)?;
    }
    Ok(())
}

/// Where the experiment of a run keeps a model, and what it says of it.
fn stored(run_folder: &Path, id: &str, imported: &mut Imported) -> Option<(PathBuf, Value)> {
    let folder = plain_name(id).then(|| run_folder.parent().map(|above| above.join("models").join(id)))??;
    match small(&folder.join("meta.yaml")).and_then(|text| yaml::parse(&text)) {
        Ok(meta) => Some((folder, meta)),
        Err(error) => {
            imported.remark(|| format!("the model {}: {error}", bartizan_core::printable(id, 100)));
            None
        }
    }
}

/// A logged model with its files. The run that made it made the files as well: who uses one of them uses the run's work.
fn model(
    id: &str,
    known: Option<(&Path, &Value)>,
    run: Option<&NodeId>,
    imported: &mut Imported,
) -> Result<NodeId, ImportError> {
    let node = NodeId::named(Kind::Model, "mlflow", id);
    let name = known.and_then(|(_, meta)| text(meta, "name")).unwrap_or(id);
    imported.facts.node(&node, Some(Kind::Model), Some(name));
    if let Some(run) = run {
        imported.facts.edge(run, &node, Relation::Output);
    }
    let artifacts = known.map(|(folder, _)| folder.join("artifacts")).filter(|folder| folder.is_dir());
    let Some(artifacts) = artifacts else { return Ok(node) };
    for (name, digest) in Folder::new(&artifacts).files(|remark| imported.remark(|| remark))? {
        let file = NodeId::of_digest(&digest);
        let kind = crate::lineage::kind_of_name(&name).or(Some(Kind::Artifact));
        imported.facts.node(&file, kind, Some(&name));
        imported.facts.edge(&file, &node, Relation::PartOf);
        if let Some(run) = run {
            imported.facts.edge(run, &file, Relation::Output);
        }
    }
    Ok(node)
}

/// Whether a text is one name, so that a document cannot lead out of its folder.
fn plain_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

fn small(path: &Path) -> Result<String, ImportError> {
    use std::io::Read as _;
    let failed = |error| ImportError::Disk { path: path.to_owned(), error };
    let mut text = String::new();
    let file = fs::File::open(path).map_err(failed)?;
    file.take(LARGEST_META).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineage::EdgeFact;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn a_run_has_its_commit_its_data_and_its_files() {
        let at = tempfile::tempdir().unwrap();
        let run_folder = at.path().join("0/abc");
        write(&run_folder.join("meta.yaml"), "run_id: abc\nrun_name: nightly\n");
        write(&run_folder.join("tags/mlflow.source.git.commit"), &"1".repeat(40));
        write(&run_folder.join("inputs/i/meta.yaml"), "source_type: DATASET\nsource_id: d1\n");
        write(&at.path().join("0/datasets/d1/meta.yaml"), "name: pets\ndigest: 1a2b3c4d\n");
        write(&run_folder.join("artifacts/model/model.pkl"), "weights");
        let imported = read(&run_folder).unwrap();
        let run = NodeId::run("abc");
        let has = |from: &NodeId, to: &NodeId, relation| {
            imported.facts.edges.contains(&EdgeFact { from: from.clone(), to: to.clone(), relation })
        };
        let commit = NodeId::of_digest(&Digest::new("gitCommit", &"1".repeat(40)).unwrap());
        assert!(has(&commit, &run, Relation::Input));
        assert!(has(&NodeId::named(Kind::Dataset, "mlflow", "pets@1a2b3c4d"), &run, Relation::Input));
        assert!(has(&run, &NodeId::of_digest(&Digest::sha256(b"weights")), Relation::Output));
    }

    #[test]
    fn a_run_of_mlflow_3_has_the_models_it_logged_and_read() {
        let at = tempfile::tempdir().unwrap();
        let run_folder = at.path().join("7/abc");
        write(&run_folder.join("meta.yaml"), "run_id: abc\n");
        write(
            &run_folder.join("outputs/m-1/meta.yaml"),
            "source_type: RUN_OUTPUT\nsource_id: m-1\ndestination_type: MODEL_OUTPUT\ndestination_id: m-1\nstep: 0\n",
        );
        write(
            &run_folder.join("inputs/x/meta.yaml"),
            "source_type: MODEL\nsource_id: m-0\ndestination_type: RUN\n",
        );
        write(
            &at.path().join("7/models/m-1/meta.yaml"),
            "model_id: m-1\nname: classifier\nsource_run_id: abc\n",
        );
        write(&at.path().join("7/models/m-1/artifacts/model.pkl"), "weights");
        let imported = read(&run_folder).unwrap();
        let (run, weights) = (NodeId::run("abc"), NodeId::of_digest(&Digest::sha256(b"weights")));
        let (made, read_before) =
            (NodeId::named(Kind::Model, "mlflow", "m-1"), NodeId::named(Kind::Model, "mlflow", "m-0"));
        let edges = [
            (&weights, &made, Relation::PartOf),
            (&read_before, &run, Relation::Input),
            (&run, &made, Relation::Output),
            (&run, &weights, Relation::Output),
        ];
        let mut expected: Vec<EdgeFact> = edges
            .map(|(from, to, relation)| EdgeFact { from: from.clone(), to: to.clone(), relation })
            .to_vec();
        expected.sort();
        assert_eq!(imported.facts.edges, expected);
        assert!(imported.facts.nodes.iter().any(|node| node.name.as_deref() == Some("classifier")));
        // The folder of the model of m-0 is not there.
        assert_eq!(imported.remarks.len(), 1);
        let alone = read(&at.path().join("7/models/m-1")).unwrap();
        assert_eq!(alone.root, Some(made.clone()));
        assert!(alone.facts.edges.contains(&EdgeFact { from: run, to: made, relation: Relation::Output }));
    }

    #[test]
    fn another_folder_is_refused_and_a_source_cannot_lead_out() {
        let at = tempfile::tempdir().unwrap();
        assert!(matches!(read(at.path()), Err(ImportError::Disk { .. })));
        write(&at.path().join("meta.yaml"), "a: 1\n");
        assert!(matches!(read(at.path()), Err(ImportError::Shape { .. })));
        assert!(!plain_name("../../etc") && !plain_name("..") && plain_name("d1"));
    }
}

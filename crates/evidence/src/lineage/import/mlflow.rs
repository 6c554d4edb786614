//! Run folders of MLflow: the run, the data it logged as inputs, the commit it ran from, the files it left.
//!
//! Source: MLflow file store (`mlruns/<experiment>/<run>/meta.yaml`, `tags/`, `inputs/`, `artifacts/`; data sets in
//! `mlruns/<experiment>/datasets/<id>/meta.yaml`). Artifacts are digested here: MLflow does not.

use super::{Folder, ImportError, Imported, text, yaml};
use crate::digest::Digest;
use crate::lineage::node::{Kind, NodeId, Relation};
use std::fs;
use std::path::Path;

const FORMAT: &str = "MLflow";
/// Largest metadata file read, in bytes.
const LARGEST_META: u64 = 16 << 20;
/// Most inputs read.
const MOST_INPUTS: usize = 10_000;

/// Reads a run folder.
///
/// # Errors
/// [`ImportError::Disk`], [`ImportError::Yaml`] and [`ImportError::Shape`].
pub fn read(path: &Path) -> Result<Imported, ImportError> {
    let meta = yaml::parse(&small(&path.join("meta.yaml"))?)?;
    let Some(id) = text(&meta, "run_id").or(text(&meta, "run_uuid")) else {
        return Err(ImportError::Shape { format: FORMAT, reason: "meta.yaml has no run_id".to_owned() });
    };
    let mut imported = Imported::new(FORMAT);
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
    inputs(path, &run, &mut imported);
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

fn inputs(path: &Path, run: &NodeId, imported: &mut Imported) {
    let Ok(entries) = fs::read_dir(path.join("inputs")) else { return };
    let mut folders: Vec<_> = entries.take(MOST_INPUTS).flatten().map(|entry| entry.path()).collect();
    folders.sort();
    for folder in folders {
        let meta = small(&folder.join("meta.yaml")).and_then(|text| yaml::parse(&text));
        let meta = match meta {
            Ok(meta) => meta,
            Err(error) => {
                imported.remark(|| format!("{}: {error}", folder.display()));
                continue;
            }
        };
        let Some(source) = text(&meta, "source_id") else { continue };
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
    fn another_folder_is_refused_and_a_source_cannot_lead_out() {
        let at = tempfile::tempdir().unwrap();
        assert!(matches!(read(at.path()), Err(ImportError::Disk { .. })));
        write(&at.path().join("meta.yaml"), "a: 1\n");
        assert!(matches!(read(at.path()), Err(ImportError::Shape { .. })));
        assert!(!plain_name("../../etc") && !plain_name("..") && plain_name("d1"));
    }
}

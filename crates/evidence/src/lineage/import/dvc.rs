//! `dvc.lock`: stages with what they read and wrote.
//!
//! Source: DVC, *dvc.lock* (schema 2.0). Its digests are MD5, and nothing keeps anyone from writing such a file by hand. Where
//! a file it names lies beside it, its content is compared, and tied to its SHA-256.

use super::{Folder, ImportError, Imported, Mismatch, listed, text, yaml};
use crate::digest::Digest;
use crate::lineage::node::{Kind, NodeId, Relation};
use serde_json::Value;

const FORMAT: &str = "DVC";

/// Reads a lock file. `folder` is where the files it names may lie.
///
/// # Errors
/// [`ImportError::Yaml`] and [`ImportError::Shape`].
pub fn parse(document: &str, folder: Option<&Folder>) -> Result<Imported, ImportError> {
    let lock = yaml::parse(document)?;
    // Before schema 2.0 the stages stood at the top.
    let stages = lock.get("stages").unwrap_or(&lock).as_object().filter(|stages| {
        stages.values().any(|stage| stage.get("cmd").is_some() || stage.get("outs").is_some())
    });
    let Some(stages) = stages else {
        let reason = "no stage with `cmd` or `outs`".to_owned();
        return Err(ImportError::Shape { format: FORMAT, reason });
    };
    let mut imported = Imported::new(FORMAT);
    for (name, stage) in stages {
        let task = NodeId::named(Kind::Job, "dvc", name);
        imported.facts.node(&task, Some(Kind::Job), Some(name));
        for (list, relation) in [("deps", Relation::Input), ("outs", Relation::Output)] {
            for file in listed(stage, list) {
                let Some(id) = artifact(file, folder, &mut imported) else { continue };
                let (from, to) = if relation == Relation::Input { (&id, &task) } else { (&task, &id) };
                imported.facts.edge(from, to, relation);
            }
        }
    }
    Ok(imported.finish())
}

fn artifact(file: &Value, folder: Option<&Folder>, imported: &mut Imported) -> Option<NodeId> {
    let path = text(file, "path")?;
    let recorded = text(file, "md5").or(text(file, "checksum")).or(text(file, "etag"));
    let kind = crate::lineage::kind_of_name(path);
    // The digest of a folder is that of the list of its files, which lies in DVC's cache.
    let plain = recorded.map(|digest| digest.strip_suffix(".dir").unwrap_or(digest));
    let Some(md5) = plain.and_then(|digest| Digest::new("md5", digest).ok()) else {
        let id = NodeId::named(Kind::Dataset, "dvc", path);
        imported.remark(|| format!("{path} has no MD5 digest"));
        imported.facts.node(&id, kind.or(Some(Kind::Artifact)), Some(path));
        return Some(id);
    };
    let id = NodeId::of_digest(&md5);
    imported.facts.node(&id, kind.or(Some(Kind::Artifact)), Some(path));
    if recorded == Some(md5.value())
        && let Some((at, found)) = folder.and_then(|folder| folder.digests(path))
    {
        if found.1 == md5.value() {
            let strong = NodeId::of_digest(&found.0);
            imported.facts.node(&strong, kind.or(Some(Kind::Artifact)), Some(path));
            imported.facts.edge(&strong, &id, Relation::SameAs);
        } else {
            imported.mismatches.push(Mismatch {
                path: at,
                expected: md5.to_string(),
                found: format!("md5:{}", found.1),
            });
        }
    }
    Some(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineage::EdgeFact;

    const LOCK: &str = "schema: '2.0'\nstages:\n  train:\n    cmd: python train.py\n    deps:\n    - path: data.csv\n      hash: md5\n      md5: 900150983cd24fb0d6963f7d28e17f72\n      size: 3\n    outs:\n    - path: model.onnx\n      md5: 0cc175b9c0f1b6a831c399e269772661\n    - path: folder\n      md5: 0cc175b9c0f1b6a831c399e269772662.dir\n";

    fn md5(value: &str) -> NodeId {
        NodeId::of_digest(&Digest::new("md5", value).unwrap())
    }

    #[test]
    fn a_stage_reads_its_dependencies_and_writes_its_outputs() {
        let imported = parse(LOCK, None).unwrap();
        let task = NodeId::named(Kind::Job, "dvc", "train");
        let has = |from: &NodeId, to: &NodeId, relation| {
            imported.facts.edges.contains(&EdgeFact { from: from.clone(), to: to.clone(), relation })
        };
        assert!(has(&md5("900150983cd24fb0d6963f7d28e17f72"), &task, Relation::Input));
        assert!(has(&task, &md5("0cc175b9c0f1b6a831c399e269772661"), Relation::Output));
        assert!(has(&task, &md5("0cc175b9c0f1b6a831c399e269772662"), Relation::Output));
    }

    #[test]
    fn files_beside_it_are_compared_and_tied_to_a_digest_that_counts() {
        let at = tempfile::tempdir().unwrap();
        std::fs::write(at.path().join("data.csv"), "abc").unwrap();
        let folder = Folder::new(at.path());
        let imported = parse(LOCK, Some(&folder)).unwrap();
        let strong = NodeId::of_digest(&Digest::sha256(b"abc"));
        assert!(
            imported.facts.edges.iter().any(|edge| edge.from == strong && edge.relation == Relation::SameAs)
        );
        assert!(imported.mismatches.is_empty());
        std::fs::write(at.path().join("data.csv"), "xyz").unwrap();
        assert_eq!(parse(LOCK, Some(&folder)).unwrap().mismatches.len(), 1);
    }

    #[test]
    fn another_document_is_refused() {
        assert!(matches!(parse("a: 1\n", None), Err(ImportError::Shape { .. })));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_lock_or_an_error(text: String) {
            let _ = parse(&text, None);
        }
    }
}

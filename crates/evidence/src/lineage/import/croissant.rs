//! Croissant: what a data set consists of.
//!
//! Source: Croissant 1.0 and 1.1 (`distribution`, `FileObject.sha256`, `containedIn`, `isBasedOn`, `prov:wasDerivedFrom`).
//! Digests are optional there and often placeholders; where a file lies beside the description, its content is compared.

use super::{Folder, ImportError, Imported, Mismatch, json, listed, text};
use crate::digest::Digest;
use crate::lineage::node::{Kind, NodeId, Relation};
use serde_json::Value;
use std::collections::HashMap;

const FORMAT: &str = "Croissant";

/// Reads a description. `folder` is where the files it names may lie.
///
/// # Errors
/// [`ImportError::Json`] and [`ImportError::Shape`].
pub fn parse(bytes: &[u8], folder: Option<&Folder>) -> Result<Imported, ImportError> {
    let document = json(bytes)?;
    if !is_croissant(&document) {
        let reason = "no `distribution` and no `conformsTo` of Croissant".to_owned();
        return Err(ImportError::Shape { format: FORMAT, reason });
    }
    let mut imported = Imported::new(FORMAT);
    let name = text(&document, "name").or(text(&document, "@id")).unwrap_or("data set");
    let root = match text(&document, "url").or(text(&document, "@id")) {
        Some(url) => NodeId::named(Kind::Dataset, url, name),
        None => NodeId::named(Kind::Dataset, "croissant", name),
    };
    let label = match text(&document, "version") {
        Some(version) => format!("{name}@{version}"),
        None => name.to_owned(),
    };
    imported.facts.node(&root, Some(Kind::Dataset), Some(&label));
    let files = listed(&document, "distribution");
    let mut ids: HashMap<&str, NodeId> = HashMap::new();
    for file in files {
        let Some(reference) = text(file, "@id").or(text(file, "name")).or(text(file, "contentUrl")) else {
            imported.remark(|| "a file without @id, name and contentUrl".to_owned());
            continue;
        };
        let id = artifact(file, reference, &root, folder, &mut imported);
        imported.facts.edge(&id, &root, Relation::PartOf);
        ids.insert(reference, id);
    }
    for file in files {
        let reference = text(file, "@id").or(text(file, "name")).or(text(file, "contentUrl"));
        let Some(id) = reference.and_then(|reference| ids.get(reference)) else { continue };
        for container in listed(file, "containedIn") {
            let container = container.as_str().or_else(|| text(container, "@id"));
            if let Some(container) = container.and_then(|container| ids.get(container)) {
                imported.facts.edge(id, container, Relation::PartOf);
            }
        }
    }
    for key in ["isBasedOn", "sc:isBasedOn", "prov:wasDerivedFrom", "wasDerivedFrom"] {
        for base in listed(&document, key) {
            let url = base
                .as_str()
                .or_else(|| text(base, "url"))
                .or_else(|| text(base, "@id"))
                .or_else(|| text(base, "name"));
            if let Some(url) = url {
                let base = NodeId::of_uri(url);
                imported.facts.node(&base, Some(Kind::Dataset), Some(url));
                imported.facts.edge(&base, &root, Relation::BaseOf);
            }
        }
    }
    imported.root = Some(root);
    Ok(imported.finish())
}

/// Whether a JSON document describes a data set in Croissant's terms.
pub fn is_croissant(document: &Value) -> bool {
    let conforms = ["conformsTo", "dct:conformsTo"]
        .iter()
        .flat_map(|key| listed(document, key))
        .filter_map(|value| value.as_str().or_else(|| text(value, "@id")))
        .any(|url| url.contains("mlcommons.org/croissant"));
    let is_dataset =
        matches!(text(document, "@type"), Some("sc:Dataset" | "Dataset" | "https://schema.org/Dataset"));
    conforms || (is_dataset && document.get("distribution").is_some())
}

fn artifact(
    file: &Value,
    reference: &str,
    root: &NodeId,
    folder: Option<&Folder>,
    imported: &mut Imported,
) -> NodeId {
    let url = text(file, "contentUrl");
    let name = text(file, "name").unwrap_or(reference);
    let stated = text(file, "sha256").and_then(|value| Digest::new("sha256", value).ok());
    if stated.is_none() && text(file, "sha256").is_some() {
        imported.remark(|| format!("{}: `sha256` is no digest", bartizan_core::printable(name, 100)));
    }
    let found = url.filter(|url| !url.contains("://")).and_then(|path| folder?.digests(path));
    if let (Some(stated), Some((at, found))) = (&stated, &found)
        && *stated != found.0
    {
        let mismatch =
            Mismatch { path: at.clone(), expected: stated.to_string(), found: found.0.to_string() };
        imported.mismatches.push(mismatch);
    }
    let digest = stated.or(found.map(|(_, found)| found.0));
    let id = match (&digest, text(file, "md5").and_then(|value| Digest::new("md5", value).ok())) {
        (Some(sha256), md5) => {
            let id = NodeId::of_digest(sha256);
            if let Some(md5) = md5 {
                imported.facts.edge(&id, &NodeId::of_digest(&md5), Relation::SameAs);
            }
            id
        }
        (None, Some(md5)) => NodeId::of_digest(&md5),
        (None, None) => NodeId::named(Kind::Dataset, root.as_str(), reference),
    };
    imported.facts.node(&id, Some(Kind::Dataset), Some(name));
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineage::EdgeFact;
    use serde_json::json;

    fn document(sha256: &str) -> Vec<u8> {
        json!({"@type": "sc:Dataset", "name": "pets", "url": "https://example.org/pets", "version": "1.0",
            "conformsTo": "http://mlcommons.org/croissant/1.0", "isBasedOn": "https://example.org/animals",
            "distribution": [
                {"@type": "cr:FileObject", "@id": "zip", "name": "zip", "contentUrl": "pets.zip", "sha256": sha256},
                {"@type": "cr:FileSet", "@id": "images", "containedIn": {"@id": "zip"}, "includes": "*.jpg"}]})
        .to_string()
        .into_bytes()
    }

    #[test]
    fn files_are_parts_and_what_it_is_based_on_its_base() {
        let digest = Digest::sha256(b"zip");
        let imported = parse(&document(digest.value()), None).unwrap();
        let root = imported.root.clone().unwrap();
        let has = |from: &NodeId, to: &NodeId, relation| {
            imported.facts.edges.contains(&EdgeFact { from: from.clone(), to: to.clone(), relation })
        };
        let zip = NodeId::of_digest(&digest);
        let images = NodeId::named(Kind::Dataset, root.as_str(), "images");
        assert!(has(&zip, &root, Relation::PartOf) && has(&images, &zip, Relation::PartOf));
        assert!(has(&NodeId::of_uri("https://example.org/animals"), &root, Relation::BaseOf));
    }

    #[test]
    fn a_file_that_is_not_what_is_said_is_named() {
        let at = tempfile::tempdir().unwrap();
        std::fs::write(at.path().join("pets.zip"), "zip").unwrap();
        let folder = Folder::new(at.path());
        let right = document(Digest::sha256(b"zip").value());
        assert!(parse(&right, Some(&folder)).unwrap().mismatches.is_empty());
        let wrong = document(Digest::sha256(b"another").value());
        assert_eq!(parse(&wrong, Some(&folder)).unwrap().mismatches.len(), 1);
    }

    #[test]
    fn a_placeholder_is_remarked_and_the_file_keeps_its_name() {
        let imported = parse(&document("to be added"), None).unwrap();
        assert_eq!(imported.remarks.len(), 1);
        assert!(imported.facts.edges.iter().any(|edge| edge.from.as_str().ends_with("#zip")));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_description_or_an_error(bytes: Vec<u8>) {
            let _ = parse(&bytes, None);
        }
    }
}

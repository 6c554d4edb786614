//! SPDX documents as JSON: 3.0 (JSON-LD, with the AI and Dataset profiles) and 2.2, 2.3.
//!
//! Source: SPDX 3.0.1 model (`model/Core`, `model/AI`, `model/Dataset`, `model/Build`) and its `RelationshipType` vocabulary;
//! SPDX 2.3, chapters 7, 8 and 11.

use super::{ImportError, Imported, json, listed, text};
use crate::digest::{Digest, DigestSet};
use crate::lineage::export::spdx::AUTHORITY;
use crate::lineage::node::{Kind, NodeId, Relation};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

const FORMAT: &str = "SPDX";

/// Reads a document.
///
/// # Errors
/// [`ImportError::Json`] and [`ImportError::Shape`].
pub fn parse(bytes: &[u8]) -> Result<Imported, ImportError> {
    read(&json(bytes)?)
}

/// Reads a document that is JSON already.
///
/// # Errors
/// [`ImportError::Shape`].
pub fn read(document: &Value) -> Result<Imported, ImportError> {
    let mut reader =
        Reader { imported: Imported::new(FORMAT), nodes: HashMap::new(), unknown: BTreeMap::new() };
    if text(document, "spdxVersion").is_some_and(|version| version.starts_with("SPDX-2.")) {
        reader.version_2(document);
    } else if is_version_3(document) {
        reader.version_3(document);
    } else {
        let reason = "neither `spdxVersion` SPDX-2.x nor a JSON-LD `@graph` of SPDX elements".to_owned();
        return Err(ImportError::Shape { format: FORMAT, reason });
    }
    for (kind, count) in std::mem::take(&mut reader.unknown) {
        reader
            .imported
            .remark(|| format!("the relationship type `{kind}` is not known; {count} of it are left out"));
    }
    Ok(reader.imported.finish())
}

/// Whether this is SPDX 3: its context, or elements of its types.
pub fn is_version_3(document: &Value) -> bool {
    let context =
        listed(document, "@context").iter().filter_map(Value::as_str).any(|url| url.contains("spdx.org"));
    context
        || listed(document, "@graph")
            .iter()
            .any(|element| element.get("spdxId").is_some() && element.get("type").is_some())
}

struct Reader {
    imported: Imported,
    nodes: HashMap<String, NodeId>,
    /// Types of relationships that no vocabulary has, and how many there are of each.
    unknown: BTreeMap<String, usize>,
}

/// Relationships of the vocabularies that say nothing about where bytes came from. Source: SPDX 3.0.1,
/// `Core/Vocabularies/RelationshipType`, and SPDX 2.3, chapter 11, in the same spelling.
const SAYS_NO_ORIGIN: &[&str] = &[
    "affects",
    "amendedBy",
    "amends",
    "availableFrom",
    "coordinatedBy",
    "delegatedTo",
    "dependencyManifestOf",
    "describedBy",
    "describes",
    "distributionArtifact",
    "documentationOf",
    "doesNotAffect",
    "exampleOf",
    "exploitCreatedBy",
    "fileAdded",
    "fileDeleted",
    "fileModified",
    "fixedBy",
    "fixedIn",
    "foundBy",
    "hasAddedFile",
    "hasAssessmentFor",
    "hasAssociatedVulnerability",
    "hasConcludedLicense",
    "hasDeclaredLicense",
    "hasDeletedFile",
    "hasDependencyManifest",
    "hasDistributionArtifact",
    "hasDocumentation",
    "hasEvidence",
    "hasExample",
    "hasHost",
    "hasMetadata",
    "hasOptionalComponent",
    "hasRequirement",
    "hasSpecification",
    "hasTest",
    "hasTestCase",
    "hasVariant",
    "metafileOf",
    "modifiedBy",
    "optionalComponentOf",
    "other",
    "patchApplied",
    "patchFor",
    "patchedBy",
    "publishedBy",
    "reportedBy",
    "republishedBy",
    "requirementDescriptionFor",
    "serializedInArtifact",
    "specificationFor",
    "testCaseOf",
    "testOf",
    "variantOf",
    "underInvestigationFor",
];

impl Reader {
    fn version_3(&mut self, document: &Value) {
        let elements = match document.get("@graph") {
            Some(_) => listed(document, "@graph"),
            // A document of one element may leave the graph out.
            None => std::slice::from_ref(document),
        };
        for element in elements {
            let Some(kind) = kind_of(type_of(element)) else { continue };
            self.artifact(
                element,
                "spdxId",
                listed(element, "verifiedUsing"),
                "algorithm",
                "hashValue",
                kind,
            );
        }
        for element in elements {
            match type_of(element) {
                "Relationship" | "LifecycleScopedRelationship" => self.relationship(
                    text(element, "from"),
                    listed(element, "to"),
                    text(element, "relationshipType").unwrap_or_default(),
                ),
                "SpdxDocument" | "Bom" | "software_Sbom" => self.root(listed(element, "rootElement")),
                _ => {}
            }
        }
    }

    fn version_2(&mut self, document: &Value) {
        for (list, kind) in [("packages", Kind::Component), ("files", Kind::Artifact)] {
            for element in listed(document, list) {
                self.artifact(
                    element,
                    "SPDXID",
                    listed(element, "checksums"),
                    "algorithm",
                    "checksumValue",
                    kind,
                );
            }
        }
        for package in listed(document, "packages") {
            let Some(id) = text(package, "SPDXID") else { continue };
            self.relationship(Some(id), listed(package, "hasFiles"), "contains");
        }
        self.root(listed(document, "documentDescribes"));
        for relationship in listed(document, "relationships") {
            let kind = text(relationship, "relationshipType").unwrap_or_default();
            let target = relationship.get("relatedSpdxElement").map(std::slice::from_ref).unwrap_or_default();
            if kind == "DESCRIBES" {
                self.root(target);
            }
            let kind = camel_case(kind);
            self.relationship(text(relationship, "spdxElementId"), target, &kind);
        }
    }

    fn artifact(
        &mut self,
        element: &Value,
        id_key: &str,
        hashes: &[Value],
        algorithm_key: &str,
        value_key: &str,
        kind: Kind,
    ) {
        let Some(reference) = text(element, id_key).or(text(element, "@id")) else {
            self.imported.remark(|| format!("an element without {id_key}"));
            return;
        };
        let mut digests = DigestSet::default();
        for hash in hashes {
            let (Some(algorithm), Some(value)) = (text(hash, algorithm_key), text(hash, value_key)) else {
                continue;
            };
            match Digest::new(&algorithm_of(algorithm), value) {
                Ok(digest) => digests.insert(digest),
                Err(error) => self.imported.remark(|| error.to_string()),
            }
        }
        let name = text(element, "name").or(text(element, "fileName"));
        let version = text(element, "software_packageVersion")
            .or(text(element, "packageVersion"))
            .or(text(element, "versionInfo"));
        let label = match (name, version) {
            (Some(name), Some(version)) => Some(format!("{name}@{version}")),
            (name, _) => name.map(str::to_owned),
        };
        // Version 2 keeps a package URL among the references to other places (2.3, 7.21).
        let referred =
            listed(element, "externalRefs").iter().find(|other| text(other, "referenceType") == Some("purl"));
        let purl = text(element, "software_packageUrl")
            .or(text(element, "packageUrl"))
            .or_else(|| referred.and_then(|other| text(other, "referenceLocator")));
        let ours = listed(element, "externalIdentifier")
            .iter()
            .find(|other| text(other, "issuingAuthority") == Some(AUTHORITY))
            .and_then(|other| text(other, "identifier")?.parse::<NodeId>().ok());
        let id = match self.imported.facts.digests(&digests).or(ours) {
            Some(id) => id,
            None => match purl {
                Some(purl) => NodeId::of_uri(purl),
                // Names inside a version 2 document mean nothing outside it.
                None if id_key == "SPDXID" => {
                    NodeId::named(Kind::Component, "", label.as_deref().unwrap_or(reference))
                }
                None => NodeId::of_uri(reference),
            },
        };
        self.imported.facts.node(&id, Some(kind), label.as_deref());
        self.nodes.insert(reference.to_owned(), id);
    }

    fn relationship(&mut self, from: Option<&str>, to: &[Value], kind: &str) {
        let Some((relation, reversed)) = relation_of(kind) else {
            if !kind.is_empty() && !SAYS_NO_ORIGIN.contains(&kind) {
                *self.unknown.entry(bartizan_core::printable(kind, 100)).or_default() += 1;
            }
            return;
        };
        let Some(from) = from.and_then(|from| self.nodes.get(from)).cloned() else { return };
        for to in to.iter().filter_map(Value::as_str) {
            let Some(to) = self.nodes.get(to).cloned() else { continue };
            if relation == Relation::UsedBy && matches!(kind, "trainedOn" | "testedOn") {
                self.imported.facts.node(&to, Some(Kind::Dataset), None);
            }
            let (before, after) = if reversed { (&to, &from) } else { (&from, &to) };
            self.imported.facts.edge(before, after, relation);
        }
    }

    fn root(&mut self, roots: &[Value]) {
        if self.imported.root.is_none() {
            self.imported.root =
                roots.first().and_then(Value::as_str).and_then(|root| self.nodes.get(root)).cloned();
        }
    }
}

fn type_of(element: &Value) -> &str {
    text(element, "type").or(text(element, "@type")).unwrap_or_default()
}

/// What a type of the model is in the graph; none for what is no artifact (agents, annotations, relationships).
fn kind_of(word: &str) -> Option<Kind> {
    Some(match word {
        "ai_AIPackage" => Kind::Model,
        "dataset_DatasetPackage" => Kind::Dataset,
        "software_Package" => Kind::Component,
        "software_File" | "software_Snippet" => Kind::Artifact,
        "build_Build" => Kind::Run,
        _ => return None,
    })
}

/// The relation that a relationship stands for, and whether it points from what came later to what was before.
fn relation_of(word: &str) -> Option<(Relation, bool)> {
    Some(match word {
        "contains" | "hasDataFile" | "expandsTo" | "hasDynamicLink" | "hasStaticLink" | "dynamicLink"
        | "staticLink" => (Relation::PartOf, true),
        "containedBy" | "packagedBy" | "dataFileOf" | "expandedFromArchive" => (Relation::PartOf, false),
        "trainedOn"
        | "testedOn"
        | "dependsOn"
        | "usesTool"
        | "hasOptionalDependency"
        | "hasPrerequisite"
        | "hasProvidedDependency"
        | "configures"
        | "generatedFrom"
        | "copyOf" => (Relation::UsedBy, true),
        "dependencyOf"
        | "buildDependencyOf"
        | "devDependencyOf"
        | "optionalDependencyOf"
        | "providedDependencyOf"
        | "runtimeDependencyOf"
        | "testDependencyOf"
        | "generates"
        | "copiedTo"
        | "buildToolOf"
        | "devToolOf"
        | "testToolOf"
        | "prerequisiteFor" => (Relation::UsedBy, false),
        "ancestorOf" => (Relation::BaseOf, false),
        "descendantOf" => (Relation::BaseOf, true),
        "hasInput" => (Relation::Input, true),
        "hasOutput" => (Relation::Output, false),
        "invokedBy" => (Relation::Executes, true),
        _ => return None,
    })
}

/// `DEPENDS_ON` of version 2 as version 3 writes it.
fn camel_case(word: &str) -> String {
    let mut camel = String::new();
    for (place, part) in word.split('_').enumerate() {
        let part = part.to_ascii_lowercase();
        match (place, part.split_at_checked(1)) {
            (1.., Some((head, tail))) => camel.push_str(&(head.to_ascii_uppercase() + tail)),
            _ => camel.push_str(&part),
        }
    }
    camel
}

/// Algorithms as SPDX writes them (`SHA256`, `sha256`, `sha3_256`, `blake2b256`) in the words of digest sets.
fn algorithm_of(word: &str) -> String {
    let word = word.to_ascii_lowercase().replace('-', "_");
    match word.as_str() {
        "sha_1" => "sha1".to_owned(),
        "sha_256" => "sha256".to_owned(),
        "sha_384" => "sha384".to_owned(),
        "sha_512" => "sha512".to_owned(),
        "blake2b512" | "blake2b_512" => "blake2b".to_owned(),
        _ => word,
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

    #[test]
    fn version_3_ties_a_model_to_what_it_was_trained_on() {
        let digest = Digest::sha256(b"data");
        let imported = read(&json!({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [
            {"type": "Relationship", "spdxId": "urn:r", "from": "urn:m", "to": ["urn:d"], "relationshipType": "trainedOn"},
            {"type": "ai_AIPackage", "spdxId": "urn:m", "name": "model", "software_packageVersion": "1"},
            {"type": "dataset_DatasetPackage", "spdxId": "urn:d", "name": "data",
             "verifiedUsing": [{"type": "Hash", "algorithm": "sha256", "hashValue": digest.value()}]},
            {"type": "SpdxDocument", "spdxId": "urn:doc", "rootElement": ["urn:m"]}]}))
        .unwrap();
        assert!(has(&imported, &NodeId::of_digest(&digest), &NodeId::of_uri("urn:m"), Relation::UsedBy));
        assert_eq!(imported.root, Some(NodeId::of_uri("urn:m")));
        assert!(
            imported
                .facts
                .nodes
                .iter()
                .any(|node| node.name.as_deref() == Some("model@1") && node.kind == Some(Kind::Model))
        );
    }

    #[test]
    fn version_2_reads_checksums_and_relationships() {
        let digest = Digest::sha256(b"file");
        let imported = read(&json!({"spdxVersion": "SPDX-2.3", "documentDescribes": ["SPDXRef-P"],
            "packages": [{"SPDXID": "SPDXRef-P", "name": "p", "versionInfo": "1"}, {"SPDXID": "SPDXRef-Q", "name": "q"}],
            "files": [{"SPDXID": "SPDXRef-F", "fileName": "./f", "checksums": [{"algorithm": "SHA256", "checksumValue": digest.value()}]}],
            "relationships": [{"spdxElementId": "SPDXRef-P", "relatedSpdxElement": "SPDXRef-F", "relationshipType": "CONTAINS"},
                              {"spdxElementId": "SPDXRef-P", "relatedSpdxElement": "SPDXRef-Q", "relationshipType": "DEPENDS_ON"}]}))
        .unwrap();
        let package = NodeId::named(Kind::Component, "", "p@1");
        assert!(has(&imported, &NodeId::of_digest(&digest), &package, Relation::PartOf));
        assert!(has(&imported, &NodeId::named(Kind::Component, "", "q"), &package, Relation::UsedBy));
        assert_eq!(imported.root, Some(package));
    }

    #[test]
    fn types_of_relationships_that_no_vocabulary_has_are_named_once_each() {
        let relation = |kind: &str| json!({"spdxElementId": "SPDXRef-P", "relatedSpdxElement": "SPDXRef-Q", "relationshipType": kind});
        let kinds =
            ["INSPIRED_BY", "INSPIRED_BY", "RUNTIME_DEPENDENCY_OF", "HAS_DECLARED_LICENSE", "DESCRIBES"];
        let imported = read(&json!({"spdxVersion": "SPDX-2.3",
            "packages": [{"SPDXID": "SPDXRef-P", "name": "p"}, {"SPDXID": "SPDXRef-Q", "name": "q"}],
            "relationships": kinds.map(relation)}))
        .unwrap();
        let [remark] = imported.remarks.as_slice() else { panic!("{:?}", imported.remarks) };
        assert!(remark.contains("`inspiredBy`") && remark.contains("2 of it"), "{remark}");
        let [p, q] = ["p", "q"].map(|name| NodeId::named(Kind::Component, "", name));
        assert!(has(&imported, &p, &q, Relation::UsedBy));
    }

    #[test]
    fn another_document_is_refused() {
        assert!(matches!(parse(b"{\"@graph\": []}"), Err(ImportError::Shape { .. })));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_document_or_an_error(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}

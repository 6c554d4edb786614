//! SPDX 2 documents as tags and values, turned into the JSON form that [`super::spdx`] reads.
//!
//! Source: SPDX 2.3 (and 2.2), chapters 6 to 11 and annex on tag-value: one `Tag: value` on a line, `#` for comments, values of
//! many lines between `<text>` and `</text>`. Order matters: what follows a `PackageName` belongs to that package, and so do the
//! files after it.

use super::{ImportError, Imported, LARGEST_DOCUMENT, spdx};
use serde_json::{Map, Value, json};

const FORMAT: &str = "SPDX";
/// Most packages, files and relationships together.
const MOST_ELEMENTS: usize = 2_000_000;

/// Reads a document.
///
/// # Errors
/// [`ImportError::Shape`] and [`ImportError::TooLarge`].
pub fn parse(text: &str) -> Result<Imported, ImportError> {
    spdx::read(&document(text)?)
}

/// Whether a text looks like such a document: its first tag is `SPDXVersion`.
pub fn is_tag_value(text: &str) -> bool {
    let mut lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    lines
        .find(|line| !line.is_empty() && !line.starts_with('#'))
        .is_some_and(|line| line.starts_with("SPDXVersion:"))
}

/// What the tags that follow are about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Document,
    Package,
    File,
    /// A snippet, a licence, an annotation or a review: nothing of lineage.
    Other,
}

#[derive(Default)]
struct Build {
    root: Map<String, Value>,
    packages: Vec<Value>,
    files: Vec<Value>,
    relationships: Vec<Value>,
    /// The identifier of the package that files belong to now.
    package: Option<String>,
}

fn document(text: &str) -> Result<Value, ImportError> {
    if text.len() > LARGEST_DOCUMENT {
        return Err(ImportError::TooLarge(text.len() as u64));
    }
    let shape = |reason: String| ImportError::Shape { format: FORMAT, reason };
    let mut build = Build::default();
    let mut section = Section::Document;
    let mut rest = text.trim_start_matches('\u{feff}');
    let mut line = 0_usize;
    while !rest.is_empty() {
        line += 1;
        let (this, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let trimmed = this.trim();
        rest = after;
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let Some((tag, value)) = trimmed.split_once(':') else {
            return Err(shape(format!("line {line} is no `Tag: value`")));
        };
        let mut value = value.trim();
        if let Some(begun) = value.strip_prefix("<text>") {
            value = if let Some((whole, _)) = begun.split_once("</text>") {
                whole
            } else {
                // The value goes on over the lines that follow. Nothing of lineage is that long, so it is passed over.
                let Some((inside, after)) = rest.split_once("</text>") else {
                    return Err(shape(format!("the `<text>` of line {line} has no end")));
                };
                line += inside.matches('\n').count() + 1;
                rest = after.split_once('\n').map_or("", |(_, after)| after);
                begun
            };
        }
        build.tag(tag.trim(), value.trim(), &mut section);
        if build.packages.len() + build.files.len() + build.relationships.len() > MOST_ELEMENTS {
            return Err(shape(format!("more than {MOST_ELEMENTS} packages, files and relationships")));
        }
    }
    Ok(build.finish())
}

impl Build {
    fn tag(&mut self, tag: &str, value: &str, section: &mut Section) {
        match tag {
            "SPDXVersion" => {
                self.root.insert("spdxVersion".to_owned(), json!(value));
            }
            "PackageName" => {
                *section = Section::Package;
                self.package = None;
                self.packages.push(json!({"name": value}));
            }
            "FileName" => {
                *section = Section::File;
                self.files.push(json!({"fileName": value}));
            }
            "SnippetSPDXID" | "LicenseID" | "Annotator" | "Reviewer" => *section = Section::Other,
            "Relationship" => {
                let words: Vec<&str> = value.split_whitespace().collect();
                if let [from, kind, to, ..] = words.as_slice() {
                    self.relationships.push(
                        json!({"spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to}),
                    );
                }
            }
            "SPDXID" => self.identifier(value, *section),
            "PackageVersion" if *section == Section::Package => {
                self.set("versionInfo", json!(value), *section);
            }
            "PackageChecksum" | "FileChecksum" => {
                if let Some((algorithm, digest)) = value.split_once(':') {
                    let checksum = json!({"algorithm": algorithm.trim(), "checksumValue": digest.trim()});
                    self.add("checksums", checksum, *section);
                }
            }
            "ExternalRef" if *section == Section::Package => {
                let words: Vec<&str> = value.split_whitespace().collect();
                if let [category, kind, locator] = words.as_slice() {
                    let reference = json!({"referenceCategory": category, "referenceType": kind,
                                           "referenceLocator": locator});
                    self.add("externalRefs", reference, *section);
                }
            }
            _ => {}
        }
    }

    fn identifier(&mut self, value: &str, section: Section) {
        self.set("SPDXID", json!(value), section);
        match section {
            Section::Package => self.package = Some(value.to_owned()),
            Section::File => {
                if let Some(package) = &self.package {
                    self.relationships.push(
                        json!({"spdxElementId": package, "relationshipType": "CONTAINS", "relatedSpdxElement": value}),
                    );
                }
            }
            Section::Document | Section::Other => {}
        }
    }

    fn element(&mut self, section: Section) -> Option<&mut Map<String, Value>> {
        match section {
            Section::Package => self.packages.last_mut(),
            Section::File => self.files.last_mut(),
            Section::Document | Section::Other => None,
        }
        .and_then(Value::as_object_mut)
    }

    fn set(&mut self, key: &str, value: Value, section: Section) {
        if let Some(element) = self.element(section) {
            element.entry(key).or_insert(value);
        }
    }

    fn add(&mut self, key: &str, value: Value, section: Section) {
        let list = self.element(section).map(|element| element.entry(key).or_insert_with(|| json!([])));
        if let Some(Value::Array(list)) = list {
            list.push(value);
        }
    }

    fn finish(self) -> Value {
        let mut root = self.root;
        root.insert("packages".to_owned(), Value::Array(self.packages));
        root.insert("files".to_owned(), Value::Array(self.files));
        root.insert("relationships".to_owned(), Value::Array(self.relationships));
        Value::Object(root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::lineage::EdgeFact;
    use crate::lineage::node::{NodeId, Relation};

    fn has(imported: &Imported, from: &NodeId, to: &NodeId, relation: Relation) -> bool {
        imported.facts.edges.contains(&EdgeFact { from: from.clone(), to: to.clone(), relation })
    }

    #[test]
    fn packages_files_and_relationships_are_read_in_order() {
        let (file, other) = (Digest::sha256(b"file"), Digest::sha256(b"other"));
        let text = format!(
            "# a comment\nSPDXVersion: SPDX-2.3\nSPDXID: SPDXRef-DOCUMENT\nDocumentComment: <text>many\nlines: here\n\
             PackageName: not one</text>\nFileName: ./other.bin\nSPDXID: SPDXRef-O\nFileChecksum: SHA256: {}\n\n\
             PackageName: model\nSPDXID: SPDXRef-M\nPackageVersion: 1\n\
             ExternalRef: PACKAGE-MANAGER purl pkg:huggingface/a/model@1\n\
             FileName: ./weights.bin\nSPDXID: SPDXRef-F\nFileChecksum: SHA256: {}\nFileChecksum: MD5: {}\n\
             Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-M\n\
             Relationship: SPDXRef-M GENERATED_FROM SPDXRef-O\nLicenseID: LicenseRef-1\nSPDXID: SPDXRef-ignored\n",
            other.value(),
            file.value(),
            "0a".repeat(16)
        );
        assert!(is_tag_value(&text));
        let read = parse(&text).unwrap();
        let model = NodeId::of_uri("pkg:huggingface/a/model@1");
        assert_eq!(read.root.as_ref(), Some(&model));
        assert!(has(&read, &NodeId::of_digest(&file), &model, Relation::PartOf));
        assert!(has(&read, &NodeId::of_digest(&other), &model, Relation::UsedBy));
        assert!(!has(&read, &NodeId::of_digest(&other), &model, Relation::PartOf));
        assert!(read.facts.nodes.iter().any(|node| node.name.as_deref() == Some("model@1")));
        assert!(!read.facts.nodes.iter().any(|node| node.name.as_deref() == Some("not one")));
        assert!(read.remarks.is_empty(), "{:?}", read.remarks);
    }

    #[test]
    fn what_is_no_document_is_refused_with_its_line() {
        let reason = |text: &str| match parse(text) {
            Err(ImportError::Shape { reason, .. }) => reason,
            other => panic!("{other:?}"),
        };
        assert!(reason("SPDXVersion: SPDX-2.2\nnonsense\n").contains("line 2"));
        assert!(reason("SPDXVersion: SPDX-2.2\nDocumentComment: <text>open\n").contains("line 2"));
        assert!(reason("SPDXVersion: SPDX-3.0\n").contains("spdxVersion"));
        assert!(!is_tag_value("# only\n") && !is_tag_value("PackageName: SPDXVersion: 2"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_document_or_an_error(text in "(SPDXVersion: SPDX-2.3\n)?(.|\n){0,200}",
            tags in proptest::collection::vec("(PackageName|FileName|SPDXID|FileChecksum|Relationship|ExternalRef): [ -~]{0,40}", 0..20)) {
            let _ = parse(&text);
            let _ = parse(&format!("SPDXVersion: SPDX-2.3\n{}", tags.join("\n")));
        }
    }
}

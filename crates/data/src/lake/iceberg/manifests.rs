//! From a snapshot's manifests to its data files.

use super::metadata::{Manifests, Metadata};
use crate::lake::avro::records;
use crate::lake::place::{Root, document, shown};
use crate::lake::{Constant, DataFile, LakeError, MOST_FILES, MOST_METADATA};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// Most manifests of a snapshot.
const MOST_MANIFESTS: usize = 1_000_000;
/// The status of an entry whose file the snapshot has dropped.
const DELETED: i64 = 2;

/// The data files of the current snapshot; `document` is the metadata file.
pub(super) fn files(metadata: &Metadata, root: &Root, source: &Path) -> Result<Vec<DataFile>, LakeError> {
    let mut found = Found { metadata, root, files: BTreeSet::new() };
    match &metadata.manifests {
        Manifests::Named(named) => {
            for manifest in named {
                found.manifest(manifest, 0, source)?;
            }
        }
        Manifests::List(list) => {
            let path = root.file(&metadata.below(list), source)?;
            let mut manifests = Vec::new();
            records(&document(&path, MOST_METADATA)?, &path, &mut |record| {
                let named = text(&record, "manifest_path", &path)?;
                let spec = record.get("partition_spec_id").and_then(Value::as_i64).unwrap_or(0);
                manifests.push((named, spec));
                if manifests.len() > MOST_MANIFESTS {
                    let limit = MOST_MANIFESTS as u64;
                    return Err(LakeError::Limit { path: path.clone(), limit, what: "manifests" });
                }
                Ok(())
            })?;
            for (manifest, spec) in manifests {
                found.manifest(&manifest, spec, &path)?;
            }
        }
    }
    Ok(found.files.into_iter().collect())
}

/// The files found so far.
struct Found<'a> {
    metadata: &'a Metadata,
    root: &'a Root,
    files: BTreeSet<DataFile>,
}

impl Found<'_> {
    /// The live entries of one manifest.
    fn manifest(&mut self, named: &str, spec: i64, source: &Path) -> Result<(), LakeError> {
        let path = self.root.file(&self.metadata.below(named), source)?;
        let empty = Vec::new();
        let metadata = self.metadata;
        let identities = metadata.identities.get(&spec).unwrap_or(&empty);
        records(&document(&path, MOST_METADATA)?, &path, &mut |record| {
            let status = record.get("status").and_then(Value::as_i64);
            let status = status.ok_or_else(|| LakeError::malformed(&path, "", "an entry has no status"))?;
            if status == DELETED {
                return Ok(());
            }
            let file = record.get("data_file");
            let file = file.ok_or_else(|| LakeError::malformed(&path, "", "an entry has no data_file"))?;
            self.entry(file, identities, &path)
        })?;
        Ok(())
    }

    fn entry(
        &mut self,
        file: &Value,
        identities: &[(i32, String)],
        manifest: &Path,
    ) -> Result<(), LakeError> {
        let named = text(file, "file_path", manifest)?;
        let unsupported =
            |what: String, remedy| LakeError::Unsupported { path: manifest.to_owned(), what, remedy };
        if file.get("content").and_then(Value::as_i64).unwrap_or(0) != 0 {
            return Err(unsupported(
                format!("`{}`, which deletes rows of other files,", shown(&named)),
                "compact the table so that its deletes are applied (`rewrite_data_files`), or export the snapshot to Parquet",
            ));
        }
        let format = text(file, "file_format", manifest)?;
        if !format.eq_ignore_ascii_case("PARQUET") {
            return Err(unsupported(format!("a data file in {}", shown(&format)), "rewrite it as Parquet"));
        }
        let bytes = file.get("file_size_in_bytes").and_then(Value::as_u64);
        let (path, bytes) = self.root.data_file(&self.metadata.below(&named), bytes, manifest)?;
        let mut constants = Vec::new();
        for (source, name) in identities {
            let Some(column) = self.metadata.columns.iter().find(|column| column.id == Some(*source)) else {
                continue;
            };
            let value = match file.get("partition").and_then(|partition| partition.get(name)) {
                None | Some(Value::Null) => Constant::Missing,
                Some(Value::String(text)) => Constant::Text(text.clone()),
                Some(Value::Bool(truth)) => Constant::Text(truth.to_string()),
                Some(Value::Number(number)) => {
                    number.as_i64().map_or_else(|| Constant::Text(number.to_string()), Constant::Whole)
                }
                // Decimals and bytes: only the file itself tells them.
                Some(_) => continue,
            };
            constants.push((column.name.clone(), value));
        }
        self.files.insert(DataFile { path, bytes, constants });
        if self.files.len() > MOST_FILES {
            let limit = MOST_FILES as u64;
            return Err(LakeError::Limit {
                path: manifest.to_owned(),
                limit,
                what: "files in the table's current version",
            });
        }
        Ok(())
    }
}

fn text(record: &Value, field: &str, document: &Path) -> Result<String, LakeError> {
    let text = record.get(field).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| LakeError::malformed(document, "", format!("an entry has no {field}")))
}

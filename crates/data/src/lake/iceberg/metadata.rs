//! A metadata file of a table.

use super::schema;
use crate::lake::place::shown;
use crate::lake::{Column, LakeError};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// What a metadata file says of the current snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Where the table lay when it was written: what paths below it begin with.
    pub location: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// The id of the current snapshot; none before the first.
    pub snapshot: Option<i64>,
    /// Its manifests.
    pub manifests: Manifests,
    /// By the id of a partition spec: the columns that files are parted by as they are, and the names of their values.
    pub identities: BTreeMap<i64, Vec<(i32, String)>>,
}

/// Where the manifests of a snapshot are named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manifests {
    /// In a file of their own.
    List(String),
    /// In the metadata itself (version 1).
    Named(Vec<String>),
}

impl Metadata {
    /// The content of the file `path`.
    ///
    /// # Errors
    /// [`LakeError::Malformed`] with what is missing, [`LakeError::Unsupported`].
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, LakeError> {
        let wrong = |reason: String| LakeError::malformed(path, "", reason);
        let json: Value =
            serde_json::from_slice(bytes).map_err(|error| wrong(format!("is no JSON: {error}")))?;
        let unsupported = |what: String| LakeError::Unsupported {
            path: path.to_owned(),
            what,
            remedy: "export the snapshot you mean to Parquet",
        };
        match json.get("format-version").and_then(Value::as_i64) {
            Some(1 | 2) => {}
            Some(other) => return Err(unsupported(format!("a table of format version {other}"))),
            None => return Err(wrong("has no format-version: it is no metadata of Iceberg".to_owned())),
        }
        let location = json
            .get("location")
            .and_then(Value::as_str)
            .ok_or_else(|| wrong("has no location".to_owned()))?;
        let schema =
            current(&json, "schemas", "schema-id", "current-schema-id").or_else(|| json.get("schema"));
        let schema = schema.ok_or_else(|| wrong("has no current schema".to_owned()))?;
        let columns = schema::columns(schema).map_err(|reason| match reason {
            schema::Wrong::Malformed(reason) => LakeError::malformed(path, " (schema)", reason),
            schema::Wrong::Unsupported(what) => unsupported(what),
        })?;
        let snapshot = json.get("current-snapshot-id").and_then(Value::as_i64).filter(|id| *id != -1);
        let manifests = match snapshot {
            None => Manifests::Named(Vec::new()),
            Some(id) => {
                let found = current(&json, "snapshots", "snapshot-id", "current-snapshot-id");
                let found = found.ok_or_else(|| wrong(format!("the current snapshot {id} is not in it")))?;
                manifests(found).ok_or_else(|| wrong(format!("the snapshot {id} names no manifests")))?
            }
        };
        let identities = identities(&json).map_err(wrong)?;
        Ok(Self { location: location.to_owned(), columns, snapshot, manifests, identities })
    }

    /// A path as the table's folder knows it: without the place where the table lay when it was written.
    /// What lies elsewhere stays as it is, and is refused where it is opened.
    pub(super) fn below(&self, named: &str) -> String {
        let location = self.location.trim_end_matches('/');
        let plain = |text: &str| crate::lake::place::local(text).map(str::to_owned);
        let (one, other) = (plain(location), plain(named));
        let rest = match (&one, &other) {
            (Some(location), Some(named)) => named.strip_prefix(location.as_str()),
            _ => named.strip_prefix(location),
        };
        rest.and_then(|rest| rest.strip_prefix('/'))
            .filter(|rest| !rest.is_empty())
            .unwrap_or(named)
            .to_owned()
    }
}

/// The object of a list whose id is that which another field names.
fn current<'json>(json: &'json Value, list: &str, id: &str, which: &str) -> Option<&'json Value> {
    let wanted = json.get(which)?.as_i64()?;
    let list = json.get(list)?.as_array()?;
    list.iter().find(|object| object.get(id).and_then(Value::as_i64) == Some(wanted))
}

fn manifests(snapshot: &Value) -> Option<Manifests> {
    if let Some(list) = snapshot.get("manifest-list").and_then(Value::as_str) {
        return Some(Manifests::List(list.to_owned()));
    }
    let named = snapshot.get("manifests")?.as_array()?;
    named.iter().map(|path| path.as_str().map(str::to_owned)).collect::<Option<_>>().map(Manifests::Named)
}

/// The identity fields of every partition spec.
fn identities(json: &Value) -> Result<BTreeMap<i64, Vec<(i32, String)>>, String> {
    let mut found = BTreeMap::new();
    for spec in json.get("partition-specs").and_then(Value::as_array).into_iter().flatten() {
        let id = spec.get("spec-id").and_then(Value::as_i64).ok_or("a partition spec has no id")?;
        let mut fields = Vec::new();
        for field in spec.get("fields").and_then(Value::as_array).into_iter().flatten() {
            if field.get("transform").and_then(Value::as_str) != Some("identity") {
                continue;
            }
            let source = field.get("source-id").and_then(Value::as_i64).and_then(|id| i32::try_from(id).ok());
            let name = field.get("name").and_then(Value::as_str);
            match (source, name) {
                (Some(source), Some(name)) => fields.push((source, name.to_owned())),
                _ => {
                    return Err(format!(
                        "a field of partition spec {} has no source",
                        shown(&id.to_string())
                    ));
                }
            }
        }
        found.insert(id, fields);
    }
    Ok(found)
}

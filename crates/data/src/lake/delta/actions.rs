//! One line of a commit, one row of a checkpoint: what happened to the table.

use serde_json::{Map, Value};

/// What changes the files or the form of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A file belongs to the table.
    Add(Box<Added>),
    /// A file no longer does.
    Remove {
        /// Its path, as written.
        path: String,
        /// Which of its deletion vectors, if any.
        vector: Option<String>,
    },
    /// The form of the table.
    Metadata(Box<Metadata>),
    /// What a reader has to know.
    Protocol {
        /// The least version of readers.
        reader: i64,
        /// What they know by name, from version 3 on.
        features: Vec<String>,
    },
    /// A file with further actions, beside a checkpoint of the second version.
    Sidecar(String),
}

/// A file of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// Its path, as written: relative to the table's folder, or a URI.
    pub path: String,
    /// Its size in bytes.
    pub bytes: Option<u64>,
    /// Its values of the columns that the table is partitioned by.
    pub partitions: Vec<(String, Option<String>)>,
    /// What identifies the list of its deleted rows, if it has one.
    pub vector: Option<String>,
}

/// The form of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The schema, JSON.
    pub schema: String,
    /// The columns that the table is partitioned by.
    pub partitions: Vec<String>,
    /// How its files are written; Parquet.
    pub provider: Option<String>,
    /// How columns are known to files: `none`, `name` or `id`.
    pub mapping: Option<String>,
}

impl Action {
    /// The actions that an object holds, one for each field; fields of unknown names are of no concern to readers.
    ///
    /// # Errors
    /// What is wrong with a field.
    pub fn all(row: Value) -> Result<Vec<Self>, String> {
        let Value::Object(fields) = row else { return Err("an action is no JSON object".to_owned()) };
        let mut found = Vec::new();
        for (name, value) in fields {
            let Value::Object(value) = value else { continue };
            match name.as_str() {
                "add" => found.push(Self::Add(Box::new(added(&value)?))),
                "remove" => {
                    let path = text(&value, "path").ok_or("`remove` has no path")?;
                    found.push(Self::Remove { path, vector: vector(&value)? });
                }
                "metaData" => found.push(Self::Metadata(Box::new(metadata(&value)?))),
                "protocol" => {
                    let reader = value.get("minReaderVersion").and_then(Value::as_i64);
                    let reader = reader.ok_or("`protocol` has no minReaderVersion")?;
                    found.push(Self::Protocol { reader, features: texts(&value, "readerFeatures")? });
                }
                "sidecar" => {
                    found.push(Self::Sidecar(text(&value, "path").ok_or("`sidecar` has no path")?));
                }
                _ => {}
            }
        }
        Ok(found)
    }
}

fn added(value: &Map<String, Value>) -> Result<Added, String> {
    let path = text(value, "path").ok_or("`add` has no path")?;
    let bytes = value.get("size").and_then(Value::as_u64);
    let partitions = match value.get("partitionValues") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Object(values)) => values
            .iter()
            .map(|(name, value)| match value {
                Value::Null => Ok((name.clone(), None)),
                Value::String(text) => Ok((name.clone(), Some(text.clone()))),
                _ => Err(format!("the value of `{name}` in partitionValues is no text")),
            })
            .collect::<Result<_, _>>()?,
        Some(_) => return Err("partitionValues is no object".to_owned()),
    };
    Ok(Added { path, bytes, partitions, vector: vector(value)? })
}

fn metadata(value: &Map<String, Value>) -> Result<Metadata, String> {
    let within = |outer: &str, inner: &str| {
        value.get(outer).and_then(|outer| outer.get(inner)).and_then(Value::as_str).map(str::to_owned)
    };
    Ok(Metadata {
        schema: text(value, "schemaString").ok_or("`metaData` has no schemaString")?,
        partitions: texts(value, "partitionColumns")?,
        provider: within("format", "provider"),
        mapping: within("configuration", "delta.columnMapping.mode"),
    })
}

/// What identifies a deletion vector: its storage, place and offset.
fn vector(value: &Map<String, Value>) -> Result<Option<String>, String> {
    match value.get("deletionVector") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(vector)) => {
            let storage = text(vector, "storageType").unwrap_or_default();
            let place = text(vector, "pathOrInlineDv").ok_or("a deletion vector has no place")?;
            let offset = vector.get("offset").and_then(Value::as_i64).unwrap_or_default();
            Ok(Some(format!("{storage}{place}@{offset}")))
        }
        Some(_) => Err("deletionVector is no object".to_owned()),
    }
}

fn text(value: &Map<String, Value>, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn texts(value: &Map<String, Value>, name: &str) -> Result<Vec<String>, String> {
    let wrong = || format!("`{name}` is no list of texts");
    match value.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        }
        Some(_) => Err(wrong()),
    }
}

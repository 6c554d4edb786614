//! The schema of a Delta table: what Spark writes as JSON.
//!
//! Source: Delta Transaction Log Protocol, "Schema Serialization Format" and "Column Mapping".

use super::actions::Metadata;
use crate::lake::place::shown;
use crate::lake::{Column, DEEPEST, Kind, decimal};
use serde_json::Value;

/// Why there are no columns.
pub(super) enum Wrong {
    Malformed(String),
    Unsupported(String),
}

/// How files know the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mapping {
    None,
    Name,
    Id,
}

/// The columns of a table.
pub(super) fn columns(metadata: &Metadata) -> Result<Vec<Column>, Wrong> {
    let mapping = match metadata.mapping.as_deref() {
        None | Some("none") => Mapping::None,
        Some("name") => Mapping::Name,
        Some("id") => Mapping::Id,
        Some(other) => return Err(Wrong::Unsupported(format!("the column mapping `{}`", shown(other)))),
    };
    let schema: Value = serde_json::from_str(&metadata.schema)
        .map_err(|error| Wrong::Malformed(format!("is no JSON: {error}")))?;
    fields(&schema, mapping, 0)
}

fn fields(value: &Value, mapping: Mapping, depth: usize) -> Result<Vec<Column>, Wrong> {
    if depth > DEEPEST {
        return Err(Wrong::Malformed(format!("types nest deeper than {DEEPEST}")));
    }
    let malformed = |reason: &str| Wrong::Malformed(reason.to_owned());
    let fields =
        value.get("fields").and_then(Value::as_array).ok_or_else(|| malformed("a struct has no fields"))?;
    let column = |field: &Value| {
        let name =
            field.get("name").and_then(Value::as_str).ok_or_else(|| malformed("a field has no name"))?;
        let note = |key: &str| field.get("metadata").and_then(|metadata| metadata.get(key));
        let stored = note("delta.columnMapping.physicalName").and_then(Value::as_str);
        let stored = stored.filter(|_| mapping != Mapping::None).unwrap_or(name);
        if depth > 0 && stored != name {
            return Err(Wrong::Unsupported(format!(
                "column mapping of nested fields (`{}` is stored as `{}`)",
                shown(name),
                shown(stored)
            )));
        }
        let id = note("delta.columnMapping.id").and_then(Value::as_i64).filter(|_| mapping == Mapping::Id);
        let kind = field.get("type").ok_or_else(|| malformed("a field has no type"))?;
        Ok(Column {
            name: name.to_owned(),
            stored: stored.to_owned(),
            id: id.and_then(|id| i32::try_from(id).ok()),
            kind: self::kind(kind, mapping, depth.saturating_add(1))?,
        })
    };
    fields.iter().map(column).collect()
}

fn kind(value: &Value, mapping: Mapping, depth: usize) -> Result<Kind, Wrong> {
    if depth > DEEPEST {
        return Err(Wrong::Malformed(format!("types nest deeper than {DEEPEST}")));
    }
    if let Some(name) = value.as_str() {
        return simple(name);
    }
    let part = |key: &str, name: &str| {
        let inner = value.get(key).ok_or_else(|| Wrong::Malformed(format!("a type has no `{key}`")))?;
        let kind = kind(inner, mapping, depth.saturating_add(1))?;
        Ok(Box::new(Column { name: name.to_owned(), stored: name.to_owned(), id: None, kind }))
    };
    match value.get("type").and_then(Value::as_str) {
        Some("struct") => Ok(Kind::Struct(fields(value, mapping, depth)?)),
        Some("array") => Ok(Kind::List(part("elementType", "element")?)),
        Some("map") => Ok(Kind::Map(part("keyType", "key")?, part("valueType", "value")?)),
        _ => Err(Wrong::Malformed("a type is neither struct, array nor map".to_owned())),
    }
}

fn simple(name: &str) -> Result<Kind, Wrong> {
    Ok(match name {
        "string" => Kind::Text,
        "long" => Kind::Integer(8),
        "integer" => Kind::Integer(4),
        "short" => Kind::Integer(2),
        "byte" => Kind::Integer(1),
        "float" => Kind::Float,
        "double" => Kind::Double,
        "boolean" => Kind::Boolean,
        "binary" => Kind::Binary,
        "date" => Kind::Date,
        "timestamp" => Kind::Timestamp { utc: true },
        "timestamp_ntz" => Kind::Timestamp { utc: false },
        other => decimal(other)
            .ok_or_else(|| Wrong::Unsupported(format!("a column of the type `{}`", shown(other))))?,
    })
}

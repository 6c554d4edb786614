//! The schema of an Iceberg table.
//!
//! Source: Iceberg Table Spec, "Schemas and Data Types" and appendix C.

use crate::lake::place::shown;
use crate::lake::{Column, DEEPEST, Kind, decimal};
use serde_json::Value;

/// Why there are no columns.
pub(super) enum Wrong {
    Malformed(String),
    Unsupported(String),
}

/// The columns of a schema.
pub(super) fn columns(schema: &Value) -> Result<Vec<Column>, Wrong> {
    fields(schema, 0)
}

fn fields(value: &Value, depth: usize) -> Result<Vec<Column>, Wrong> {
    let malformed = |reason: &str| Wrong::Malformed(reason.to_owned());
    let fields =
        value.get("fields").and_then(Value::as_array).ok_or_else(|| malformed("a struct has no fields"))?;
    let column = |field: &Value| {
        let name =
            field.get("name").and_then(Value::as_str).ok_or_else(|| malformed("a field has no name"))?;
        column(field, name, "id", "type", depth)
    };
    fields.iter().map(column).collect()
}

fn column(object: &Value, name: &str, id: &str, kind: &str, depth: usize) -> Result<Column, Wrong> {
    let id = object.get(id).and_then(Value::as_i64).and_then(|id| i32::try_from(id).ok());
    let id = id.ok_or_else(|| Wrong::Malformed(format!("`{}` has no id", shown(name))))?;
    let kind = object.get(kind).ok_or_else(|| Wrong::Malformed(format!("`{}` has no type", shown(name))))?;
    let kind = self::kind(kind, depth.saturating_add(1))?;
    Ok(Column { name: name.to_owned(), stored: name.to_owned(), id: Some(id), kind })
}

fn kind(value: &Value, depth: usize) -> Result<Kind, Wrong> {
    if depth > DEEPEST {
        return Err(Wrong::Malformed(format!("types nest deeper than {DEEPEST}")));
    }
    if let Some(name) = value.as_str() {
        return simple(name);
    }
    match value.get("type").and_then(Value::as_str) {
        Some("struct") => Ok(Kind::Struct(fields(value, depth)?)),
        Some("list") => Ok(Kind::List(Box::new(column(value, "element", "element-id", "element", depth)?))),
        Some("map") => Ok(Kind::Map(
            Box::new(column(value, "key", "key-id", "key", depth)?),
            Box::new(column(value, "value", "value-id", "value", depth)?),
        )),
        _ => Err(Wrong::Malformed("a type is neither struct, list nor map".to_owned())),
    }
}

fn simple(name: &str) -> Result<Kind, Wrong> {
    Ok(match name {
        "boolean" => Kind::Boolean,
        "int" => Kind::Integer(4),
        "long" => Kind::Integer(8),
        "float" => Kind::Float,
        "double" => Kind::Double,
        "date" => Kind::Date,
        "time" => Kind::Time,
        "timestamp" => Kind::Timestamp { utc: false },
        "timestamptz" => Kind::Timestamp { utc: true },
        "string" => Kind::Text,
        "binary" => Kind::Binary,
        "uuid" => Kind::Fixed(16),
        other => {
            let fixed = other.strip_prefix("fixed[").and_then(|rest| rest.strip_suffix(']'));
            if let Some(length) = fixed.and_then(|length| length.trim().parse().ok()) {
                return Ok(Kind::Fixed(length));
            }
            decimal(other)
                .ok_or_else(|| Wrong::Unsupported(format!("a column of the type `{}`", shown(other))))?
        }
    })
}

//! Expectations that other tools wrote: suites of Great Expectations (JSON), the record sets of Croissant (JSON-LD) and
//! schemas of pandera (JSON or YAML).
//!
//! What has no counterpart here is named, never dropped in silence.

use super::suite::{Bound, Suite};
use super::{croissant, great_expectations, pandera, yaml};
use crate::profile::ValueKind;
use serde_json::Value;

/// Longest document, in bytes.
pub const MOST_IMPORTED_BYTES: usize = 64 << 20;

/// A suite made from another tool's, and what could not be taken over.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The expectations that map.
    pub suite: Suite,
    /// What does not, with the reason.
    pub unmapped: Vec<String>,
}

/// Why nothing can be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Not JSON.
    #[error("is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// Neither JSON nor YAML.
    #[error("is neither JSON nor YAML: line {line}: {reason}")]
    Yaml {
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// Neither of the known forms.
    #[error(
        "is neither a Great Expectations suite (`expectations`), nor a Croissant description (`recordSet`), nor a schema that \
         pandera's `to_json` or `to_yaml` wrote (`schema_type`)"
    )]
    Unknown,
    /// Too long.
    #[error("is longer than {MOST_IMPORTED_BYTES} bytes")]
    Long,
    /// Nothing of it maps.
    #[error("holds nothing that maps to an expectation; unmapped: {0}")]
    Nothing(String),
}

/// Reads a suite of another tool, told by its content.
///
/// # Errors
/// [`ImportError`].
pub fn import(bytes: &[u8]) -> Result<Imported, ImportError> {
    if bytes.len() > MOST_IMPORTED_BYTES {
        return Err(ImportError::Long);
    }
    let document = document(bytes)?;
    let mut unmapped = Vec::new();
    let expectations = if let Some(Value::Array(list)) = document.get("expectations") {
        list.iter().flat_map(|item| great_expectations::expectations(item, &mut unmapped)).collect()
    } else if let Some(sets) = document.get("recordSet").or_else(|| document.get("cr:recordSet")) {
        croissant::expectations(sets, &mut unmapped)
    } else if pandera::is_schema(&document) {
        pandera::expectations(&document, &mut unmapped)
    } else {
        return Err(ImportError::Unknown);
    };
    if expectations.is_empty() {
        return Err(ImportError::Nothing(unmapped.join("; ")));
    }
    let mut suite = Suite::new(expectations);
    suite.name = document.get("name").or_else(|| document.get("expectation_suite_name")).and_then(text);
    Ok(Imported { suite, unmapped })
}

/// JSON, which begins with a bracket where it is a suite; anything else is read as YAML.
fn document(bytes: &[u8]) -> Result<Value, ImportError> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.trim_start().starts_with(['{', '[']) => {
            yaml::parse(text).map_err(|yaml::Wrong { line, reason }| ImportError::Yaml { line, reason })
        }
        _ => Ok(serde_json::from_slice(bytes)?),
    }
}

pub(super) fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

pub(super) fn bound(value: Option<&Value>) -> Option<Bound> {
    match value? {
        Value::Bool(value) => Some(Bound::Boolean(*value)),
        Value::Number(number) => {
            number.as_i64().map(Bound::Integer).or_else(|| number.as_f64().map(Bound::Float))
        }
        Value::String(value) => Some(Bound::Text(value.clone())),
        _ => None,
    }
}

pub(super) fn bounds(value: Option<&Value>) -> Option<Vec<Bound>> {
    let bounds: Vec<Bound> =
        value?.as_array()?.iter().map(|item| bound(Some(item))).collect::<Option<_>>()?;
    (!bounds.is_empty()).then_some(bounds)
}

/// An argument that is given and says nothing that is known here: a parameter to be filled in, a date where a number belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotKnown;

/// What an argument says, if it is given. Half a limit would be another expectation.
///
/// # Errors
/// [`NotKnown`].
pub(super) fn optional<T>(
    value: Option<&Value>,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Option<T>, NotKnown> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(value) => read(value).map(Some).ok_or(NotKnown),
    }
}

/// A value as SQL writes it.
pub(super) fn literal(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::String(value) => Some(format!("'{}'", value.replace('\'', "''"))),
        _ => None,
    }
}

/// The values of a list as SQL writes them, parted by commas.
pub(super) fn literals(value: Option<&Value>) -> Option<String> {
    let values: Vec<String> = value?.as_array()?.iter().map(literal).collect::<Option<_>>()?;
    (!values.is_empty()).then(|| values.join(", "))
}

pub(super) fn names(value: Option<&Value>) -> Option<Vec<String>> {
    let names: Vec<String> = value?.as_array()?.iter().map(text).collect::<Option<_>>()?;
    (!names.is_empty()).then_some(names)
}

/// `name` as an identifier of SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The kind of a type named by pandas, Spark or SQL.
pub(super) fn kind(name: &str) -> Option<ValueKind> {
    Some(match name.to_ascii_lowercase().as_str() {
        "int" | "int8" | "int16" | "int32" | "int64" | "uint8" | "uint16" | "uint32" | "uint64"
        | "integer" | "integertype" | "long" | "longtype" | "bigint" => ValueKind::Integer,
        "float" | "float32" | "float64" | "double" | "doubletype" | "floattype" | "real" => ValueKind::Float,
        "str" | "string" | "stringtype" | "object" | "varchar" | "text" => ValueKind::Text,
        "bool" | "boolean" | "booleantype" => ValueKind::Boolean,
        "date" | "datetype" => ValueKind::Date,
        "datetime" | "datetime64" | "datetime64[ns]" | "timestamp" | "timestamptype" => ValueKind::Timestamp,
        "decimal" | "numeric" | "decimaltype" => ValueKind::Decimal,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::suite::Expectation;
    use super::*;

    #[test]
    fn expectations_map_and_the_rest_is_named() {
        let document = r#"{"name":"orders","expectations":[
            {"type":"expect_column_values_to_not_be_null","kwargs":{"column":"id"}},
            {"expectation_type":"expect_column_values_to_be_between","kwargs":{"column":"x","min_value":0,"max_value":9.5,"mostly":0.9}},
            {"type":"expect_column_pair_values_a_to_be_greater_than_b","kwargs":{"column_A":"b","column_B":"a","or_equal":true}},
            {"type":"expect_column_kl_divergence_to_be_less_than","kwargs":{"column":"x"}},
            {"type":"expect_column_values_to_be_in_set","kwargs":{"column":"x","value_set":["a",1],"row_condition":"y > 1"}}]}"#;
        let imported = import(document.as_bytes()).unwrap();
        assert_eq!(imported.suite.name.as_deref(), Some("orders"));
        assert_eq!(imported.suite.expectations.len(), 3);
        assert!(matches!(
            &imported.suite.expectations[1],
            Expectation::Range {
                min: Some(Bound::Integer(0)),
                max: Some(Bound::Float(_)),
                mostly: Some(_),
                ..
            }
        ));
        assert!(
            matches!(&imported.suite.expectations[2], Expectation::Row { expression, .. } if expression.ends_with("\"b\" >= \"a\""))
        );
        assert_eq!(imported.unmapped.len(), 2);
        assert!(
            imported.unmapped[0].contains("kl_divergence") && imported.unmapped[1].contains("row_condition")
        );
    }

    #[test]
    fn fields_of_a_description_become_columns_types_and_a_key() {
        let document = r#"{"name":"d","recordSet":[{"key":{"@id":"rows/id"},"field":[
            {"@id":"rows/id","dataType":"sc:Integer"},
            {"name":"text","dataType":["sc:Text"],"source":{"extract":{"column":"body"}}},
            {"name":"picture","dataType":"sc:ImageObject"}]}]}"#;
        let imported = import(document.as_bytes()).unwrap();
        assert_eq!(
            imported.suite.expectations,
            [
                Expectation::Columns {
                    names: vec!["id".into(), "body".into(), "picture".into()],
                    exact: false
                },
                Expectation::Type { column: "id".into(), is: ValueKind::Integer },
                Expectation::Type { column: "body".into(), is: ValueKind::Text },
                Expectation::Key { columns: vec!["id".into()] },
            ]
        );
        assert_eq!(imported.unmapped, ["type ImageObject of field `picture`"]);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_imported_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = import(&bytes);
        }
    }
}

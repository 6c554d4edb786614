//! Expectations that other tools wrote: suites of Great Expectations (JSON), the record sets of Croissant (JSON-LD) and
//! schemas of pandera (JSON or YAML).
//!
//! Sources: the expectation gallery of Great Expectations 1.x; Croissant format 1.0, sections "RecordSet" and "Field".
//! What has no counterpart here is named, never dropped in silence.

use super::pandera;
use super::suite::{Bound, Expectation, Statistic, Suite};
use super::yaml;
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
        list.iter().filter_map(|item| great_expectation(item, &mut unmapped)).flatten().collect()
    } else if let Some(sets) = document.get("recordSet").or_else(|| document.get("cr:recordSet")) {
        croissant(sets, &mut unmapped)
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

fn bounds(value: Option<&Value>) -> Option<Vec<Bound>> {
    value?.as_array()?.iter().map(|item| bound(Some(item))).collect()
}

pub(super) fn names(value: Option<&Value>) -> Option<Vec<String>> {
    let names: Vec<String> = value?.as_array()?.iter().map(text).collect::<Option<_>>()?;
    (!names.is_empty()).then_some(names)
}

/// `name` as an identifier of SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// One expectation of Great Expectations: none when it does not map, which is then noted.
fn great_expectation(item: &Value, unmapped: &mut Vec<String>) -> Option<Vec<Expectation>> {
    let name = item
        .get("type")
        .or_else(|| item.get("expectation_type"))
        .and_then(Value::as_str)
        .unwrap_or("(no type)");
    let empty = Value::Null;
    let arguments = item.get("kwargs").unwrap_or(&empty);
    let conditional = arguments.get("row_condition").is_some_and(|value| !value.is_null());
    if conditional {
        unmapped.push(format!("{name}: `row_condition` has no counterpart"));
        return None;
    }
    let strict =
        ["strict_min", "strict_max"].iter().any(|key| arguments.get(*key) == Some(&Value::Bool(true)));
    let mapped = if strict { None } else { mapped(name, arguments) };
    if mapped.is_none() {
        let column = arguments.get("column").and_then(Value::as_str).unwrap_or("-");
        let why = if strict { "strict limits" } else { "no counterpart, or an argument is missing" };
        unmapped.push(format!("{name} ({column}): {why}"));
    }
    mapped
}

fn mapped(name: &str, arguments: &Value) -> Option<Vec<Expectation>> {
    let get = |key: &str| arguments.get(key).filter(|value| !value.is_null());
    let column = || get("column").and_then(text);
    let mostly = get("mostly").and_then(Value::as_f64).filter(|share| *share < 1.0);
    let (min, max) = (get("min_value"), get("max_value"));
    let whole = |value: Option<&Value>| value.and_then(Value::as_u64);
    let float = |value: Option<&Value>| value.and_then(Value::as_f64);
    let statistic = |of| {
        Some(Expectation::Statistic { column: column()?, of, min: float(min), max: float(max) })
            .filter(|_| min.is_some() || max.is_some())
    };
    let row = |expression: String| Expectation::Row { name: None, expression, mostly };
    let single = match name {
        "expect_column_to_exist" => Expectation::Columns { names: vec![column()?], exact: false },
        "expect_table_columns_to_match_set" => Expectation::Columns {
            names: names(get("column_set"))?,
            exact: get("exact_match").and_then(Value::as_bool).unwrap_or(true),
        },
        "expect_column_values_to_not_be_null" => Expectation::NotNull { column: column()?, mostly },
        "expect_column_values_to_be_null" => row(format!("{} IS NULL", quoted(&column()?))),
        "expect_column_values_to_be_between" => {
            let (min, max) = (bound(min), bound(max));
            if min.is_none() && max.is_none() {
                return None;
            }
            Expectation::Range { column: column()?, min, max, mostly }
        }
        "expect_column_values_to_be_in_set" => Expectation::Values {
            column: column()?,
            of: bounds(get("value_set")).filter(|set| !set.is_empty())?,
            mostly,
        },
        "expect_column_values_to_match_regex" => {
            Expectation::Pattern { column: column()?, matches: get("regex").and_then(text)?, mostly }
        }
        "expect_column_value_lengths_to_be_between" => {
            let (min, max) = (whole(min), whole(max));
            if min.is_none() && max.is_none() {
                return None;
            }
            Expectation::Length { column: column()?, min, max, mostly }
        }
        "expect_column_value_lengths_to_equal" => {
            let length = whole(get("value"))?;
            Expectation::Length { column: column()?, min: Some(length), max: Some(length), mostly }
        }
        "expect_column_values_to_be_unique" => Expectation::Unique { columns: vec![column()?] },
        "expect_compound_columns_to_be_unique" => Expectation::Unique { columns: names(get("column_list"))? },
        "expect_column_pair_values_a_to_be_greater_than_b"
        | "expect_column_pair_values_A_to_be_greater_than_B" => {
            let (a, b) = (get("column_A").and_then(text)?, get("column_B").and_then(text)?);
            let operator = if get("or_equal") == Some(&Value::Bool(true)) { ">=" } else { ">" };
            row(format!("{} {operator} {}", quoted(&a), quoted(&b)))
        }
        "expect_column_pair_values_to_be_equal" => {
            let (a, b) = (get("column_A").and_then(text)?, get("column_B").and_then(text)?);
            row(format!("{} = {}", quoted(&a), quoted(&b)))
        }
        "expect_column_values_to_be_of_type" => {
            Expectation::Type { column: column()?, is: kind(get("type_")?.as_str()?)? }
        }
        "expect_table_row_count_to_be_between" => {
            let (min, max) = (whole(min), whole(max));
            if min.is_none() && max.is_none() {
                return None;
            }
            Expectation::Volume { min, max }
        }
        "expect_table_row_count_to_equal" => {
            let rows = whole(get("value"))?;
            Expectation::Volume { min: Some(rows), max: Some(rows) }
        }
        "expect_column_mean_to_be_between" => statistic(Statistic::Mean)?,
        "expect_column_median_to_be_between" => statistic(Statistic::Median)?,
        "expect_column_stdev_to_be_between" => statistic(Statistic::StandardDeviation)?,
        "expect_column_min_to_be_between" => statistic(Statistic::Min)?,
        "expect_column_max_to_be_between" => statistic(Statistic::Max)?,
        "expect_column_unique_value_count_to_be_between" => statistic(Statistic::Distinct)?,
        _ => return None,
    };
    Some(vec![single])
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

/// Columns and kinds of the fields of a description's record sets.
fn croissant(sets: &Value, unmapped: &mut Vec<String>) -> Vec<Expectation> {
    let mut expectations = Vec::new();
    let one = std::slice::from_ref(sets);
    let sets = sets.as_array().map_or(one, Vec::as_slice);
    if sets.len() > 1 {
        unmapped.push(format!("{} record sets: only the first becomes a suite", sets.len()));
    }
    let Some(set) = sets.first() else { return expectations };
    let fields = set.get("field").or_else(|| set.get("cr:field")).and_then(Value::as_array);
    let mut columns = Vec::new();
    for field in fields.into_iter().flatten() {
        let extracted = field.pointer("/source/extract/column").and_then(text);
        let named = || field.get("name").or_else(|| field.get("@id")).and_then(text);
        let Some(name) =
            extracted.or_else(named).map(|name| name.rsplit('/').next().unwrap_or_default().to_owned())
        else {
            unmapped.push("a field without a name".to_owned());
            continue;
        };
        columns.push(name.clone());
        let types = field.get("dataType").or_else(|| field.get("cr:dataType"));
        let word = match types {
            Some(Value::Array(list)) => list.first().and_then(Value::as_str),
            other => other.and_then(Value::as_str),
        };
        let local = word.map(|word| word.rsplit([':', '/', '#']).next().unwrap_or_default());
        let kind = match local {
            Some("Text" | "URL") => Some(ValueKind::Text),
            Some(
                "Integer" | "Int8" | "Int16" | "Int32" | "Int64" | "UInt8" | "UInt16" | "UInt32" | "UInt64",
            ) => Some(ValueKind::Integer),
            Some("Float" | "Float16" | "Float32" | "Float64" | "Number") => Some(ValueKind::Float),
            Some("Boolean") => Some(ValueKind::Boolean),
            Some("Date") => Some(ValueKind::Date),
            Some("DateTime") => Some(ValueKind::Timestamp),
            _ => None,
        };
        match kind {
            Some(is) => expectations.push(Expectation::Type { column: name.clone(), is }),
            None => unmapped.push(format!("type {} of field `{name}`", word.unwrap_or("(none)"))),
        }
        if let Some(references) = field.get("references") {
            unmapped.push(format!("references of field `{name}`: {references}"));
        }
    }
    if !columns.is_empty() {
        expectations.insert(0, Expectation::Columns { names: columns, exact: false });
    }
    if let Some(key) = set.get("key") {
        let id = |key: &Value| key.get("@id").and_then(Value::as_str).or(key.as_str()).map(str::to_owned);
        let keys: Option<Vec<String>> = match key {
            Value::Array(list) => list.iter().map(id).collect(),
            single => id(single).map(|key| vec![key]),
        };
        let local = |key: String| key.rsplit('/').next().unwrap_or_default().to_owned();
        match keys {
            Some(keys) if !keys.is_empty() => {
                expectations.push(Expectation::Key { columns: keys.into_iter().map(local).collect() });
            }
            _ => unmapped.push("the key".to_owned()),
        }
    }
    expectations
}

#[cfg(test)]
mod tests {
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
            matches!(&imported.suite.expectations[2], Expectation::Row { expression, .. } if expression == "\"b\" >= \"a\"")
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
        assert_eq!(imported.unmapped, ["type sc:ImageObject of field `picture`"]);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_imported_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = import(&bytes);
        }
    }
}

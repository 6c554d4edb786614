//! Record sets of Croissant, the JSON-LD description of datasets, as a suite of columns, types and a key.
//!
//! Source: Croissant format 1.0, sections "RecordSet", "Field" and "DataSource". A set whose records stand in the description itself,
//! or that names splits or the values of an enumeration, describes no table.

use super::import::text;
use super::suite::Expectation;
use crate::profile::ValueKind;
use serde_json::Value;

/// Columns and kinds of the fields of the first record set that describes a table.
pub(super) fn expectations(sets: &Value, unmapped: &mut Vec<String>) -> Vec<Expectation> {
    let mut expectations = Vec::new();
    let mut tables = list(Some(sets)).iter().filter(|set| is_table(set));
    let Some(set) = tables.next() else { return expectations };
    for other in tables {
        let name =
            other.get("name").or_else(|| other.get("@id")).and_then(Value::as_str).unwrap_or("(no name)");
        unmapped.push(format!("record set `{name}`: only the first that describes a table becomes a suite"));
    }
    let mut columns = Vec::new();
    for field in list(either(set, "field")) {
        let Some(name) = column_of(field, unmapped) else { continue };
        columns.push(name.clone());
        match kind_of(field) {
            Ok(is) => expectations.push(Expectation::Type { column: name.clone(), is }),
            Err(why) => unmapped.push(format!("{why} of field `{name}`")),
        }
        if let Some(references) = either(field, "references") {
            unmapped.push(format!("references of field `{name}`: {references}"));
        }
    }
    if !columns.is_empty() {
        expectations.insert(0, Expectation::Columns { names: columns, exact: false });
    }
    if let Some(key) = either(set, "key") {
        let id = |key: &Value| key.get("@id").and_then(Value::as_str).or(key.as_str()).map(local);
        match list(Some(key)).iter().map(id).collect::<Option<Vec<String>>>() {
            Some(columns) if !columns.is_empty() => expectations.push(Expectation::Key { columns }),
            _ => unmapped.push("the key".to_owned()),
        }
    }
    expectations
}

/// A property, by its name alone or with the prefix of the vocabulary.
fn either<'a>(of: &'a Value, name: &str) -> Option<&'a Value> {
    of.get(name).or_else(|| of.get(format!("cr:{name}")))
}

/// The elements of a list, or the one value that stands for it.
fn list(value: Option<&Value>) -> &[Value] {
    match value {
        None => &[],
        Some(Value::Array(list)) => list,
        Some(one) => std::slice::from_ref(one),
    }
}

/// What stands behind the last slash of an identifier.
fn local(name: &str) -> String {
    name.rsplit('/').next().unwrap_or_default().to_owned()
}

/// What types a value is said to be of, without vocabularies.
fn types(of: &Value) -> impl Iterator<Item = &str> {
    let words = list(either(of, "dataType")).iter().filter_map(Value::as_str);
    words.map(|word| word.rsplit([':', '/', '#']).next().unwrap_or_default())
}

fn is_table(set: &Value) -> bool {
    either(set, "data").is_none() && !types(set).any(|word| matches!(word, "Split" | "Enumeration"))
}

/// The column that a field is read from; none where it is read from something else, which is then noted.
fn column_of(field: &Value, unmapped: &mut Vec<String>) -> Option<String> {
    let named = field.get("name").or_else(|| field.get("@id")).and_then(text);
    let source = either(field, "source");
    let extract = source.and_then(|source| either(source, "extract"));
    let property = |name: &str| extract.and_then(|extract| either(extract, name)).and_then(Value::as_str);
    if let Some(column) = property("column") {
        return Some(column.to_owned());
    }
    let shown = named.as_deref().unwrap_or("(no name)");
    if let Some(from) = property("fileProperty") {
        unmapped.push(format!("field `{shown}`: is the {from} of a file, not a column"));
        return None;
    }
    if let Some(path) = property("jsonPath") {
        let plain = path.strip_prefix("$.").filter(|path| !path.contains(['[', '*', '?', '@', '(', '"']));
        if plain.is_none() {
            unmapped.push(format!("field `{shown}`: the JSON path {path}"));
        }
        return plain.map(str::to_owned);
    }
    if named.is_none() {
        unmapped.push("a field without a name".to_owned());
    }
    named.as_deref().map(local)
}

/// What the values of a field are, or what they are called where that is none of the kinds here.
fn kind_of(field: &Value) -> Result<ValueKind, String> {
    let is = |name: &str| either(field, name) == Some(&Value::Bool(true));
    if is("repeated") || is("isArray") {
        return Err("that there are many values in each row".to_owned());
    }
    if either(field, "subField").is_some() {
        return Err("the parts".to_owned());
    }
    if either(field, "source").is_some_and(|source| either(source, "transform").is_some()) {
        return Err("the type after a transformation".to_owned());
    }
    let word = types(field).next().unwrap_or("(none)");
    Ok(match word {
        "Text" | "URL" => ValueKind::Text,
        "Integer" | "Int8" | "Int16" | "Int32" | "Int64" | "UInt8" | "UInt16" | "UInt32" | "UInt64" => {
            ValueKind::Integer
        }
        "Float" | "Float16" | "Float32" | "Float64" | "Number" => ValueKind::Float,
        "Boolean" => ValueKind::Boolean,
        "Date" => ValueKind::Date,
        "DateTime" => ValueKind::Timestamp,
        _ => return Err(format!("type {word}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sets_that_name_splits_are_no_tables_and_properties_of_files_no_columns() {
        let mut unmapped = Vec::new();
        let sets = json!([
            {"@id": "splits", "dataType": "cr:Split", "key": {"@id": "splits/name"},
             "field": [{"@id": "splits/name", "dataType": "sc:Text"}], "data": [{"splits/name": "train"}]},
            {"@id": "default", "field": [
                {"@id": "default/split", "dataType": "sc:Text", "references": {"field": {"@id": "splits/name"}},
                 "source": {"fileSet": {"@id": "files"}, "extract": {"fileProperty": "fullpath"}, "transform": {"regex": "x"}}},
                {"@id": "default/text", "dataType": "sc:Text", "source": {"extract": {"column": "text"}}},
                {"@id": "default/tags", "dataType": "sc:Text", "repeated": true, "source": {"extract": {"column": "tags"}}},
                {"@id": "default/age", "dataType": "cr:Int64", "source": {"extract": {"jsonPath": "$.user.age"}}}]}
        ]);
        let found = expectations(&sets, &mut unmapped);
        assert_eq!(
            found,
            [
                Expectation::Columns {
                    names: vec!["text".into(), "tags".into(), "user.age".into()],
                    exact: false
                },
                Expectation::Type { column: "text".into(), is: ValueKind::Text },
                Expectation::Type { column: "user.age".into(), is: ValueKind::Integer },
            ]
        );
        assert_eq!(
            unmapped,
            [
                "field `default/split`: is the fullpath of a file, not a column",
                "that there are many values in each row of field `tags`"
            ]
        );
    }
}

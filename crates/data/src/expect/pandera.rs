//! Schemas of pandera as `DataFrameSchema.to_json()` and `to_yaml()` write them.
//!
//! Source: the serialised form of pandera 0.20 to 0.35 (`pandera.io`): columns by name, each with `dtype`, `nullable`,
//! `unique`, `required`, `regex` and its checks, beside these or under `checks`; what has its default may be left out.

use super::import::{bound, bounds, kind, literal, literals, names, optional, quoted, text};
use super::suite::{Bound, Expectation};
use serde_json::{Map, Value};

/// Keys of a column that are no checks.
const PLAIN: [&str; 15] = [
    "title",
    "description",
    "dtype",
    "nullable",
    "unique",
    "coerce",
    "required",
    "regex",
    "checks",
    "name",
    "default",
    "metadata",
    "drop_invalid_rows",
    "report_duplicates",
    "parsers",
];

/// What stands beside the one argument of a check.
const BESIDE: [&str; 8] =
    ["options", "check_name", "raise_warning", "ignore_na", "error", "n_failure_cases", "name", "title"];

/// Whether a document is such a schema.
pub(super) fn is_schema(document: &Value) -> bool {
    document.get("schema_type").and_then(Value::as_str) == Some("dataframe")
        && document.get("columns").is_some_and(Value::is_object)
}

/// The expectations of a schema; what does not map is noted.
pub(super) fn expectations(document: &Value, unmapped: &mut Vec<String>) -> Vec<Expectation> {
    let mut found = Vec::new();
    let mut required = Vec::new();
    let mut optional = false;
    for (name, column) in document.get("columns").and_then(Value::as_object).into_iter().flatten() {
        let is = |key: &str, default: bool| column.get(key).and_then(Value::as_bool).unwrap_or(default);
        if is("regex", false) {
            unmapped.push(format!("column `{name}`: names by pattern have no counterpart"));
            optional = true;
            continue;
        }
        if is("required", true) {
            required.push(name.clone());
        } else {
            unmapped.push(format!("column `{name}`: that it may be absent; its checks need it"));
            optional = true;
        }
        let dtype = column.get("dtype").and_then(Value::as_str);
        match dtype.map(|dtype| (dtype, kind(dtype.split(['[', '(']).next().unwrap_or_default()))) {
            Some((_, Some(is))) => found.push(Expectation::Type { column: name.clone(), is }),
            Some((dtype, None)) => unmapped.push(format!("column `{name}`: type {dtype}")),
            None => {}
        }
        if !is("nullable", false) {
            found.push(Expectation::NotNull { column: name.clone(), mostly: None });
        }
        if is("unique", false) {
            found.push(Expectation::Unique { columns: vec![name.clone()] });
        }
        let empty = Map::new();
        let beside = column.as_object().unwrap_or(&empty);
        let under = column.get("checks").and_then(Value::as_object).unwrap_or(&empty);
        // Where one check is there twice, all are a list, each with its name among its options.
        let listed = column.get("checks").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let listed = listed.iter().map(|check| {
            let name = check.pointer("/options/check_name").or_else(|| check.get("check_name"));
            (name.and_then(Value::as_str).unwrap_or("(no name)"), check)
        });
        let named = beside.iter().filter(|(key, _)| !PLAIN.contains(&key.as_str())).chain(under);
        for (check, argument) in named.map(|(check, argument)| (check.as_str(), argument)).chain(listed) {
            if argument.get("raise_warning") == Some(&Value::Bool(true))
                || argument.pointer("/options/raise_warning") == Some(&Value::Bool(true))
            {
                unmapped.push(format!("column `{name}`: check {check}, which only warns"));
                continue;
            }
            if check == "unique_values_eq" {
                unmapped.push(format!("column `{name}`: check {check}, that every value of the set occurs"));
            }
            match mapped(name, check, argument) {
                Some(expectation) => found.push(expectation),
                None if argument.is_null() => {}
                None => unmapped.push(format!("column `{name}`: check {check}")),
            }
        }
    }
    let strict = document.get("strict") == Some(&Value::Bool(true));
    if !required.is_empty() {
        found.insert(0, Expectation::Columns { names: required, exact: strict && !optional });
    }
    if strict && optional {
        unmapped.push("`strict`: some columns are optional or named by pattern".to_owned());
    }
    if let Some(columns) = names(document.get("unique")) {
        found.push(Expectation::Unique { columns });
    }
    for key in ["checks", "index", "ordered"] {
        let said = |value: &Value| {
            !value.is_null()
                && *value != Value::Bool(false)
                && value.as_array().is_none_or(|list| !list.is_empty())
        };
        if document.get(key).is_some_and(said) {
            unmapped.push(format!("`{key}` of the whole table"));
        }
    }
    found
}

/// One check of a column.
fn mapped(column: &str, check: &str, argument: &Value) -> Option<Expectation> {
    // Some versions wrap the one argument of a check: {"value": 3} or {"min_value": 3}.
    let inner = |key: &str| argument.get(key).filter(|value| !value.is_null());
    let single = || match argument {
        Value::Object(fields) => {
            fields.iter().find(|(key, _)| !BESIDE.contains(&key.as_str())).map(|(_, value)| value)
        }
        other => Some(other),
    };
    let column = column.to_owned();
    let compared = |operator: &str| {
        let value = literal(single()?)?;
        let expression = format!("{} {operator} {value}", quoted(&column));
        Some(Expectation::Row { name: None, expression, mostly: None })
    };
    let range = |min: Option<Bound>, max: Option<Bound>| {
        (min.is_some() || max.is_some()).then(|| Expectation::Range {
            column: column.clone(),
            min,
            max,
            mostly: None,
        })
    };
    match check {
        "greater_than_or_equal_to" | "ge" => range(bound(single()), None),
        "less_than_or_equal_to" | "le" => range(None, bound(single())),
        "greater_than" | "gt" => compared(">"),
        "less_than" | "lt" => compared("<"),
        "not_equal_to" | "ne" => compared("<>"),
        "equal_to" | "eq" => {
            Some(Expectation::Values { column: column.clone(), of: vec![bound(single())?], mostly: None })
        }
        "in_range" | "between" => {
            let open = |key: &str| argument.get(key) == Some(&Value::Bool(false));
            let (open_min, open_max) = (open("include_min"), open("include_max"));
            if open_min || open_max {
                let compared = |key: &str, sign: &str, open: bool| {
                    let limit = literal(inner(key)?)?;
                    Some(format!("{} {sign}{} {limit}", quoted(&column), if open { "" } else { "=" }))
                };
                let (min, max) =
                    (compared("min_value", ">", open_min)?, compared("max_value", "<", open_max)?);
                return Some(Expectation::Row {
                    name: None,
                    expression: format!("{min} AND {max}"),
                    mostly: None,
                });
            }
            let limit = |key: &str| optional(argument.get(key), |value| bound(Some(value)));
            range(limit("min_value").ok()?, limit("max_value").ok()?)
        }
        "isin" | "unique_values_eq" => {
            let list = ["allowed_values", "values"].iter().find_map(|key| inner(key)).or(Some(argument));
            Some(Expectation::Values { column: column.clone(), of: bounds(list)?, mostly: None })
        }
        "notin" => {
            let list = inner("forbidden_values").or(Some(argument));
            let expression = format!("{} NOT IN ({})", quoted(&column), literals(list)?);
            Some(Expectation::Row { name: None, expression, mostly: None })
        }
        "str_startswith" => {
            let matches = format!("^{}", escaped(single()?.as_str()?));
            Some(Expectation::Pattern { column: column.clone(), matches, mostly: None })
        }
        "str_endswith" => {
            let matches = format!("{}$", escaped(single()?.as_str()?));
            Some(Expectation::Pattern { column: column.clone(), matches, mostly: None })
        }
        // Pandera matches from the start of a text, as Python's `re.match` does.
        "str_matches" => {
            let pattern = text(single()?)?;
            let matches = if pattern.starts_with('^') { pattern } else { format!("^(?:{pattern})") };
            Some(Expectation::Pattern { column: column.clone(), matches, mostly: None })
        }
        "str_contains" => {
            Some(Expectation::Pattern { column: column.clone(), matches: text(single()?)?, mostly: None })
        }
        "str_length" => {
            let whole = |key: &str| optional(argument.get(key), Value::as_u64);
            let exact = whole("exact_value").ok()?;
            let (min, max) = (exact.or(whole("min_value").ok()?), exact.or(whole("max_value").ok()?));
            (min.is_some() || max.is_some()).then(|| Expectation::Length {
                column: column.clone(),
                min,
                max,
                mostly: None,
            })
        }
        _ => None,
    }
}

/// A text as a pattern that matches it and nothing else.
fn escaped(text: &str) -> String {
    let escape = |letter: char| letter.is_ascii_punctuation().then_some('\\').into_iter().chain([letter]);
    text.chars().flat_map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::super::import::import;
    use super::*;
    use crate::profile::ValueKind;

    #[test]
    fn a_schema_becomes_columns_types_and_checks_and_the_rest_is_named() {
        let document = r#"{"schema_type":"dataframe","strict":true,"name":"orders","unique":["id","status"],"columns":{
            "id":{"dtype":"int64","unique":true,"greater_than":0,"in_range":{"min_value":1,"max_value":100,"include_min":true,"include_max":true}},
            "mail":{"dtype":"category","nullable":true,"str_matches":"a.*","str_startswith":"a."},
            "status":{"dtype":"string[python]","nullable":true,"checks":{"isin":["a","b"],"str_length":{"min_value":1,"max_value":null,"exact_value":null}}}}}"#;
        let imported = import(document.as_bytes()).unwrap();
        let column = || "id".to_owned();
        assert_eq!(imported.suite.name.as_deref(), Some("orders"));
        assert_eq!(
            imported.suite.expectations,
            [
                Expectation::Columns {
                    names: vec!["id".into(), "mail".into(), "status".into()],
                    exact: true
                },
                Expectation::Type { column: column(), is: ValueKind::Integer },
                Expectation::NotNull { column: column(), mostly: None },
                Expectation::Unique { columns: vec![column()] },
                Expectation::Row { name: None, expression: "\"id\" > 0".into(), mostly: None },
                Expectation::Range {
                    column: column(),
                    min: Some(Bound::Integer(1)),
                    max: Some(Bound::Integer(100)),
                    mostly: None
                },
                Expectation::Pattern { column: "mail".into(), matches: "^(?:a.*)".into(), mostly: None },
                Expectation::Pattern { column: "mail".into(), matches: r"^a\.".into(), mostly: None },
                Expectation::Type { column: "status".into(), is: ValueKind::Text },
                Expectation::Values {
                    column: "status".into(),
                    of: vec![Bound::Text("a".into()), Bound::Text("b".into())],
                    mostly: None
                },
                Expectation::Length { column: "status".into(), min: Some(1), max: None, mostly: None },
                Expectation::Unique { columns: vec!["id".into(), "status".into()] },
            ]
        );
        assert_eq!(imported.unmapped, ["column `mail`: type category"]);
    }

    #[test]
    fn yaml_says_the_same_as_json() {
        let yaml = "schema_type: dataframe\napi: pandas\ncolumns:\n  status:\n    dtype: string[python]\n    nullable: true\n    \
                    isin:\n    - a\n    - 'no'\n    - '1'\n    str_length:\n      min_value: 1\n      max_value: null\nindex: null\n\
                    strict: true\nname: orders\n";
        let json = r#"{"schema_type":"dataframe","columns":{"status":{"dtype":"string[python]","nullable":true,
            "isin":["a","no","1"],"str_length":{"min_value":1,"max_value":null}}},"strict":true,"name":"orders"}"#;
        assert_eq!(import(yaml.as_bytes()).unwrap(), import(json.as_bytes()).unwrap());
        assert!(import(b"schema_type: [").unwrap_err().to_string().contains("line"));
    }

    #[test]
    fn open_ranges_optional_columns_and_patterns_of_names_are_named() {
        let document = r#"{"schema_type":"dataframe","strict":true,"columns":{
            "a":{"required":false,"nullable":true,"in_range":{"min_value":0,"max_value":1,"include_min":false}},
            "b.*":{"regex":true},"c":{"nullable":true,"equal_to":"x's"}}}"#;
        let imported = import(document.as_bytes()).unwrap();
        assert_eq!(imported.unmapped.len(), 3, "{:?}", imported.unmapped);
        assert!(imported.suite.expectations.contains(&Expectation::Row {
            name: None,
            expression: "\"a\" > 0 AND \"a\" <= 1".into(),
            mostly: None
        }));
        assert_eq!(
            imported.suite.expectations.first(),
            Some(&Expectation::Columns { names: vec!["c".into()], exact: false })
        );
    }

    #[test]
    fn checks_in_a_list_have_their_names_among_their_options() {
        let document = r#"{"schema_type":"dataframe","columns":{"x":{"nullable":true,"checks":[
            {"min_value":0,"options":{"check_name":"greater_than"}},
            {"min_value":1,"max_value":9,"include_min":true,"include_max":true,"options":{"check_name":"in_range"}},
            {"forbidden_values":["a"],"options":{"check_name":"notin"}},
            {"min_value":3,"options":{"check_name":"greater_than_or_equal_to","raise_warning":true}}]}}}"#;
        let imported = import(document.as_bytes()).unwrap();
        let row =
            |expression: &str| Expectation::Row { name: None, expression: expression.into(), mostly: None };
        assert_eq!(
            imported.suite.expectations[1..],
            [
                row("\"x\" > 0"),
                Expectation::Range {
                    column: "x".into(),
                    min: Some(Bound::Integer(1)),
                    max: Some(Bound::Integer(9)),
                    mostly: None
                },
                row("\"x\" NOT IN ('a')"),
            ]
        );
        assert_eq!(imported.unmapped, ["column `x`: check greater_than_or_equal_to, which only warns"]);
    }
}

//! The tables of our own predicates as JSON Schema (draft 2020-12): [`schemas`], published as `docs/schemas/predicate-NAME-1.schema.json`.
//!
//! [`super::check`] and the schema take the same documents but for texts that only a program can judge: whether a node's digest has
//! as many digits as its algorithm gives, and whether a time is one.

use super::shape::{Field, HEXADECIMAL, Shape};
use super::tables::OWN;
use crate::digest::Digest;
use serde_json::{Map, Value, json};

/// The schema of a predicate type.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// The predicate type.
    pub kind: &'static str,
    /// Name of its file.
    pub file: String,
    /// The schema.
    pub schema: Value,
}

/// The schemas of our own predicate types.
pub fn schemas() -> Vec<Schema> {
    OWN.iter()
        .map(|own| {
            let mut schema = Map::new();
            schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
            schema.insert("title".to_owned(), json!(own.kind));
            let about = format!(
                "{} Predicate of an in-toto statement. Fields may be added; none is removed or changes its meaning within version 1.",
                own.about
            );
            schema.insert("description".to_owned(), json!(about));
            if let Value::Object(shape) = schema_of(own.shape) {
                schema.extend(shape);
            }
            Schema { kind: own.kind, file: file_of(own.kind), schema: Value::Object(schema) }
        })
        .collect()
}

/// `urn:bartizan:predicate:NAME:v1` in a file's name.
fn file_of(kind: &str) -> String {
    let rest = kind.rsplit_once("predicate:").map_or(kind, |(_, rest)| rest);
    let (name, version) = rest.rsplit_once(":v").unwrap_or((rest, "1"));
    format!("predicate-{name}-{version}.schema.json")
}

/// The depth is that of the tables.
fn schema_of(shape: &Shape) -> Value {
    match shape {
        Shape::Any => json!({}),
        Shape::Truth => json!({"type": "boolean"}),
        Shape::Count => json!({"type": "integer", "minimum": 0, "maximum": u64::MAX}),
        Shape::Text => json!({"type": "string", "minLength": 1}),
        Shape::Time => json!({"type": "string", "format": "date-time"}),
        Shape::Word(words) => json!({"enum": words}),
        Shape::Named(named) => {
            let all = (named.all)();
            if all.is_empty() {
                json!({"type": "string", "pattern": named.pattern, "description": sentence(named.what)})
            } else {
                json!({"enum": all})
            }
        }
        Shape::Digests => {
            let known = HEXADECIMAL.iter().map(|algorithm| ((*algorithm).to_owned(), hexadecimal(algorithm)));
            json!({"type": "object", "description": "Digests by algorithm (in-toto DigestSet).",
                   "properties": known.collect::<Map<String, Value>>(),
                   "additionalProperties": {"type": "string", "minLength": 1}})
        }
        Shape::Object(fields) => object(fields),
        Shape::List(each) => json!({"type": "array", "items": schema_of(each)}),
        Shape::OneOrMany(one) => {
            json!({"if": {"type": "array"}, "then": {"items": schema_of(one)}, "else": schema_of(one)})
        }
        Shape::MaybeUnder(name, inner) => {
            let inner = schema_of(inner);
            json!({"if": {"type": "object", "required": [name]}, "then": {"properties": {*name: inner}}, "else": inner})
        }
    }
}

fn object(fields: &[Field]) -> Value {
    let properties: Map<String, Value> = fields
        .iter()
        .map(|field| {
            let mut schema = schema_of(&field.shape);
            if let (Value::Object(members), false) = (&mut schema, field.about.is_empty()) {
                members.insert("description".to_owned(), json!(field.about));
            }
            (field.name.to_owned(), schema)
        })
        .collect();
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    if !properties.is_empty() {
        schema.insert("properties".to_owned(), Value::Object(properties));
    }
    Value::Object(schema)
}

fn hexadecimal(algorithm: &str) -> Value {
    // The algorithm knows its own length.
    let digits =
        (1..=512).find(|digits| Digest::new(algorithm, &"0".repeat(*digits)).is_ok()).unwrap_or_default();
    json!({"type": "string", "pattern": format!("^[0-9A-Fa-f]{{{digits}}}$")})
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).chain(['.']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineage::{Kind, Relation};
    use crate::predicate::check;
    use std::path::Path;

    /// A predicate of each type of our own, with every field.
    fn samples() -> Vec<(&'static str, Value)> {
        let node = format!("sha256:{}", "ab".repeat(32));
        let descriptor = json!({"name": "m", "uri": "u", "digest": {"sha256": "ab".repeat(32), "other": "x"}, "annotations": {}});
        let time = "2026-01-31T12:00:00Z";
        let of = |file: &str| match file {
            "predicate-lineage-1.schema.json" => {
                json!({"format": "DVC", "nodes": [{"id": node, "kind": "run", "name": "a"}],
                "edges": [{"from": node, "to": "run:1", "relation": Relation::Input}]})
            }
            "predicate-use-1.schema.json" => json!({"kind": Kind::Deployment, "uses": [descriptor]}),
            "predicate-erasure-1.schema.json" => {
                json!({"affected": [{"id": node, "kind": Kind::Model, "name": "m", "depth": 2,
                "proven": true}], "totals": {"nodes": 1}, "complete": false, "doubts": ["a"], "log": null, "examinedOn": time})
            }
            "predicate-review-1.schema.json" => {
                json!({"reviewer": "a", "decision": "approved", "reviewedOn": time,
                "comment": "c", "environment": "e"})
            }
            "predicate-waiver-1.schema.json" => {
                json!({"rule": "r", "environment": "e", "owner": "o", "reason": "w",
                "issued": time, "expires": time})
            }
            "predicate-canaries-1.schema.json" => {
                json!({"column": "c", "canaries": [{"row": 1, "token": "t", "text": "x"}]})
            }
            "predicate-mcp-approval-1.schema.json" => {
                json!({"by": "b", "why": "w", "at": time, "servers": "d",
                "changes": [{"server": "s", "tool": "t", "what": "new-tool", "risk": "low", "detail": "d"}]})
            }
            "predicate-decisions-1.schema.json" => {
                json!({"decisions": [{"id": "i", "time_micros": 1, "action": "allow",
                "enforced": true, "outcome": "answered"}]})
            }
            other => panic!("no sample for {other}"),
        };
        schemas().into_iter().map(|schema| (schema.kind, of(&schema.file))).collect()
    }

    fn validator(kind: &str) -> jsonschema::Validator {
        let schema = schemas().into_iter().find(|schema| schema.kind == kind).unwrap().schema;
        jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
    }

    /// Every place in a value, as a JSON pointer.
    fn pointers(value: &Value, at: &str, into: &mut Vec<String>) {
        into.push(at.to_owned());
        match value {
            Value::Array(list) => {
                list.iter()
                    .enumerate()
                    .for_each(|(place, each)| pointers(each, &format!("{at}/{place}"), into));
            }
            Value::Object(members) => {
                members.iter().for_each(|(name, each)| pointers(each, &format!("{at}/{name}"), into));
            }
            _ => {}
        }
    }

    #[test]
    fn the_published_schemas_are_those_of_the_code() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas");
        let mut known = Vec::new();
        for schema in schemas() {
            let published = std::fs::read_to_string(folder.join(&schema.file)).unwrap_or_default();
            let published: Value = serde_json::from_str(&published).unwrap_or_default();
            assert_eq!(published, schema.schema, "{} is stale: run `cargo xtask docs`", schema.file);
            known.push(schema.file);
        }
        for file in std::fs::read_dir(folder).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            assert!(!name.starts_with("predicate-") || known.contains(&name), "{name} is of no predicate");
        }
    }

    #[test]
    fn schema_and_check_take_and_refuse_the_same() {
        let replacements = [
            json!(null),
            json!(true),
            json!(-1),
            json!(1.5),
            json!(7),
            json!(""),
            json!("?"),
            json!([]),
            json!({}),
            json!([[]]),
        ];
        for (kind, sample) in samples() {
            let validator = validator(kind);
            assert!(validator.is_valid(&sample) && check(kind, &sample).is_ok(), "{kind}");
            let mut places = Vec::new();
            pointers(&sample, "", &mut places);
            for place in places {
                for replacement in &replacements {
                    let mut other = sample.clone();
                    *other.pointer_mut(&place).unwrap() = replacement.clone();
                    assert_eq!(
                        validator.is_valid(&other),
                        check(kind, &other).is_ok(),
                        "{kind} {place} {other}"
                    );
                }
                let Some((above, name)) = place.rsplit_once('/') else { continue };
                let mut other = sample.clone();
                if let Some(members) = other.pointer_mut(above).and_then(Value::as_object_mut) {
                    members.remove(name);
                    members.insert("another".to_owned(), json!(1));
                    assert_eq!(
                        validator.is_valid(&other),
                        check(kind, &other).is_ok(),
                        "{kind} without {place}"
                    );
                }
            }
        }
    }
}

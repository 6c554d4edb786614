//! Documents as the evaluator holds them: [`document`] of the gate's input, [`rego_of`] any JSON.

use crate::PolicyError;
use crate::input::{GateInput, Said};
use rayon::prelude::*;
use regorus::Value as Rego;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The gate's input as the evaluator holds it. What statements say is most of it, and is converted where it lies.
pub(super) fn document(mut input: GateInput) -> Result<Rego, PolicyError> {
    let said: Vec<Said> =
        input.statements.iter_mut().map(|statement| std::mem::take(&mut statement.predicate)).collect();
    let mut document = BTreeMap::new();
    let Value::Object(members) = serde_json::to_value(&input)? else {
        return Err(PolicyError::Evaluation("the input is no object".to_owned()));
    };
    for (name, member) in members {
        let value = match member {
            Value::Array(statements) if name == "statements" => {
                let pairs = statements.par_iter().zip(&said);
                // Names of members are held once for each run of statements that one thread takes.
                let filled: Result<Vec<Rego>, PolicyError> =
                    pairs.map_init(BTreeSet::new, |keys, (shell, said)| filled(shell, said, keys)).collect();
                Rego::from(filled?)
            }
            other => rego_of(&other, &mut BTreeSet::new())?,
        };
        document.insert(Rego::String(Arc::from(name.as_str())), value);
    }
    Ok(Rego::from(document))
}

/// A statement with what it says in its place.
fn filled(shell: &Value, said: &Value, keys: &mut BTreeSet<Arc<str>>) -> Result<Rego, PolicyError> {
    let mut members = BTreeMap::new();
    for (name, member) in shell.as_object().into_iter().flatten() {
        let value = if name == "predicate" { said } else { member };
        members.insert(Rego::String(Arc::from(name.as_str())), rego_of(value, keys)?);
    }
    Ok(Rego::from(members))
}

/// A document as the evaluator holds it. `keys` are names of members met so far: they repeat, and are held once.
///
/// Recursive: JSON that was read nests at most 128 deep, and the input's own shape adds a few.
///
/// # Errors
/// [`PolicyError::Json`] for a number that the evaluator cannot hold.
pub(super) fn rego_of(value: &Value, keys: &mut BTreeSet<Arc<str>>) -> Result<Rego, PolicyError> {
    Ok(match value {
        Value::Null => Rego::Null,
        Value::Bool(value) => Rego::Bool(*value),
        Value::String(text) => Rego::String(Arc::from(text.as_str())),
        Value::Array(elements) => {
            let elements: Result<Vec<Rego>, _> = elements.iter().map(|each| rego_of(each, keys)).collect();
            Rego::from(elements?)
        }
        Value::Object(members) => {
            let mut converted = BTreeMap::new();
            for (name, member) in members {
                let key = if let Some(key) = keys.get(name.as_str()) {
                    Arc::clone(key)
                } else {
                    let key: Arc<str> = Arc::from(name.as_str());
                    keys.insert(Arc::clone(&key));
                    key
                };
                converted.insert(Rego::String(key), rego_of(member, keys)?);
            }
            Rego::from(converted)
        }
        number @ Value::Number(_) => serde_json::from_value(number.clone())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_input_is_the_same_document_whichever_way_it_is_converted() {
        let mut input = GateInput { now: 1_780_272_000, ..GateInput::default() };
        let said =
            json!({"failedTests": ["a: b"], "count": [1, 2.5, null, true], "deep": {"x": {"y": ["z"]}}});
        for id in ["one", "two"] {
            let predicate = said.clone().into();
            input.statements.push(crate::input::Evidence {
                id: id.to_owned(),
                predicate,
                ..Default::default()
            });
        }
        let value = serde_json::to_value(&input).unwrap();
        assert_eq!(document(input.clone()).unwrap(), serde_json::from_value(value.clone()).unwrap());
        assert_eq!(rego_of(&value, &mut BTreeSet::new()).unwrap(), serde_json::from_value(value).unwrap());
    }
}

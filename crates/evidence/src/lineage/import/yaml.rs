//! YAML as a JSON value, for the small files of MLflow, DVC and model cards.
//!
//! Source: YAML 1.2.2, core schema. Aliases are refused: none of these files has them, and a few lines of them can stand for
//! more than memory holds. Depth and size are bounded.

use super::ImportError;
use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// Longest text read, in bytes.
const LONGEST: usize = 64 << 20;
/// Deepest nesting.
const DEEPEST: usize = 64;
/// Most values.
const MOST_VALUES: usize = 5_000_000;

/// Reads the first document of a text.
///
/// # Errors
/// [`ImportError::Yaml`] and [`ImportError::TooLarge`].
pub(super) fn parse(text: &str) -> Result<Value, ImportError> {
    if text.len() > LONGEST {
        return Err(ImportError::TooLarge(text.len() as u64));
    }
    let mut open: Vec<Open> = Vec::new();
    let mut values = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| ImportError::Yaml {
            line: error.marker().line(),
            reason: error.info().to_owned(),
        })?;
        let refused = |reason: &str| ImportError::Yaml { line: span.start.line(), reason: reason.to_owned() };
        values += 1;
        if values > MOST_VALUES {
            return Err(refused("too many values"));
        }
        let done = match event {
            Event::Alias(_) => return Err(refused("an alias, which such files have no need of")),
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() >= DEEPEST => {
                return Err(refused("nested too deep"));
            }
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                None
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(Map::new(), None));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(Open::close),
            Event::Scalar(text, style, _, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                Some(if plain { scalar(&text) } else { Value::String(text.into_owned()) })
            }
            Event::DocumentEnd => return Ok(Value::Null),
            _ => None,
        };
        if let Some(value) = done {
            match open.last_mut() {
                Some(parent) => parent.take(value),
                None => return Ok(value),
            }
        }
    }
    Ok(Value::Null)
}

enum Open {
    List(Vec<Value>),
    /// What is in it, and the key that waits for its value.
    Map(Map<String, Value>, Option<String>),
}

impl Open {
    fn take(&mut self, value: Value) {
        match self {
            Self::List(list) => list.push(value),
            Self::Map(map, key) => match key.take() {
                Some(key) => {
                    map.insert(key, value);
                }
                None => {
                    *key = Some(match value {
                        Value::String(text) => text,
                        other => other.to_string(),
                    });
                }
            },
        }
    }

    fn close(self) -> Value {
        match self {
            Self::List(list) => Value::Array(list),
            Self::Map(map, _) => Value::Object(map),
        }
    }
}

/// A plain scalar in the core schema. Only what JSON has; dates and the like stay text.
fn scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => {
            // Only a number that reads back as the same text: names such as 0123 or 1e5 keep their form.
            let number = text.parse::<i64>().ok().filter(|number| number.to_string() == text);
            number.map_or_else(|| Value::String(text.to_owned()), Value::from)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn maps_lists_and_scalars_become_json() {
        let text = "a: 1\nb: [x, 'true', true]\nc:\n  d: ~\n  e: 0012\n";
        let value = parse(text).unwrap();
        assert_eq!(value, json!({"a": 1, "b": ["x", "true", true], "c": {"d": null, "e": "0012"}}));
    }

    #[test]
    fn aliases_and_depth_are_refused() {
        assert!(matches!(parse("a: &x 1\nb: *x\n"), Err(ImportError::Yaml { line: 2, .. })));
        assert!(parse(&"[".repeat(1_000)).is_err());
        assert!(parse("a: [\n").is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_value_or_an_error(text: String) {
            let _ = parse(&text);
        }
    }
}

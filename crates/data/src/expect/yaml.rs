//! YAML as a JSON value, as PyYAML reads it: for schemas that Python programs write.
//!
//! Source: YAML 1.1 types as PyYAML's safe loader resolves them; dates stay text, and so do numbers that JSON lacks. Aliases are
//! refused: a few lines of them can stand for more than memory holds. Depth and count are bounded.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Number, Value};

/// Deepest nesting.
const DEEPEST: usize = 64;
/// Most values.
const MOST_VALUES: usize = 5_000_000;

/// What is wrong, and on which line, from 1.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) line: usize,
    pub(super) reason: String,
}

/// Reads the first document of a text.
///
/// # Errors
/// [`Wrong`] at the first line that is no YAML, or that is not read.
pub(super) fn parse(text: &str) -> Result<Value, Wrong> {
    let mut open: Vec<Open> = Vec::new();
    for (count, event) in Parser::new_from_str(text).enumerate() {
        let (event, span) =
            event.map_err(|error| Wrong { line: error.marker().line(), reason: error.info().to_owned() })?;
        let refused = |reason: &str| Wrong { line: span.start.line(), reason: reason.to_owned() };
        if count > MOST_VALUES {
            return Err(refused("too many values"));
        }
        let done = match event {
            Event::Alias(_) => return Err(refused("an alias, which such schemas have no need of")),
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() >= DEEPEST => {
                return Err(refused("nested too deep"));
            }
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(Map::new(), None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(Open::close),
            Event::Scalar(text, style, _, tag) => match open.last_mut() {
                // Keys are names, whatever type they would have as values.
                Some(Open::Map(_, key @ None)) => {
                    *key = Some(text.into_owned());
                    continue;
                }
                _ if style == ScalarStyle::Plain && tag.is_none() => Some(scalar(&text)),
                _ => Some(Value::String(text.into_owned())),
            },
            Event::DocumentEnd => return Ok(Value::Null),
            _ => continue,
        };
        let Some(value) = done else { continue };
        match open.last_mut() {
            None => return Ok(value),
            Some(Open::List(list)) => list.push(value),
            Some(Open::Map(map, key)) => match key.take() {
                Some(key) => drop(map.insert(key, value)),
                None => return Err(refused("a key that is no text")),
            },
        }
    }
    Ok(Value::Null)
}

/// What is being read.
enum Open {
    List(Vec<Value>),
    /// What is in it, and the key that waits for its value.
    Map(Map<String, Value>, Option<String>),
}

impl Open {
    fn close(self) -> Value {
        match self {
            Self::List(list) => Value::Array(list),
            Self::Map(map, _) => Value::Object(map),
        }
    }
}

/// A scalar without quotes.
fn scalar(text: &str) -> Value {
    match text.to_ascii_lowercase().as_str() {
        "" | "~" | "null" => return Value::Null,
        "true" | "yes" | "on" => return Value::Bool(true),
        "false" | "no" | "off" => return Value::Bool(false),
        _ => {}
    }
    if let Ok(number) = text.parse::<i64>()
        // Digits behind a nought are octal or a name, not this number.
        && number.to_string() == text.trim_start_matches('+')
    {
        return Value::from(number);
    }
    // PyYAML wants a point in every float.
    let float = text.contains('.') && text.bytes().all(|byte| b"0123456789+-.eE".contains(&byte));
    let float = float.then(|| text.parse::<f64>().ok()).flatten().and_then(Number::from_f64);
    float.map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scalars_are_what_python_reads() {
        let text = "a: 1\nb: [x, 'no', no, 0012, -0.5, 1.0e-05, .inf, '1']\nno: ~\nc:\n  d: 2024-01-01\n";
        let expected = json!({"a": 1, "b": ["x", "no", false, "0012", -0.5, 1e-5, ".inf", "1"], "no": null,
            "c": {"d": "2024-01-01"}});
        assert_eq!(parse(text).unwrap(), expected);
    }

    #[test]
    fn what_is_not_read_is_said_with_its_line() {
        assert_eq!(parse("a: &x 1\nb: *x\n").unwrap_err().line, 2);
        assert!(parse(&"[".repeat(1_000)).is_err());
        assert!(parse("a: [\n").is_err());
        assert!(parse("? [a]\n: b\n").unwrap_err().reason.contains("key"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_value_or_an_error(text: String) {
            let _ = parse(&text);
        }
    }
}

//! JSON Schema, compiled: without network or files, with patterns in linear time.

use jsonschema::{PatternOptions, Validator};
use thiserror::Error;

/// Longest schema, in bytes.
const LONGEST: usize = 1 << 20;

/// Why a schema cannot be used.
#[derive(Debug, Error)]
pub enum SchemaError {
    /// It is longer than what is read.
    #[error("the schema has {0} bytes; at most {LONGEST} are read")]
    TooLong(usize),
    /// It is not JSON.
    #[error("the schema is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It is JSON but no schema that can be checked here.
    #[error("the schema cannot be compiled at {pointer:?}: {message}; references must stay inside it")]
    Schema {
        /// Where in the schema, a JSON pointer.
        pointer: String,
        /// Why.
        message: String,
    },
}

/// A compiled schema.
#[derive(Debug)]
pub(crate) struct Schema(Validator);

/// Where a value breaks its schema: by which keyword, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Breach {
    /// Where in the value, a JSON pointer.
    pub(crate) pointer: String,
    /// The keyword of the schema, a JSON pointer into it.
    pub(crate) keyword: String,
}

impl Schema {
    /// Compiles a schema.
    ///
    /// # Errors
    /// [`SchemaError`] says why not.
    pub(crate) fn compile(text: &[u8]) -> Result<Self, SchemaError> {
        if text.len() > LONGEST {
            return Err(SchemaError::TooLong(text.len()));
        }
        let schema: serde_json::Value = serde_json::from_slice(text)?;
        let validator = jsonschema::options()
            .with_pattern_options(PatternOptions::regex())
            .should_validate_formats(false)
            .build(&schema)
            .map_err(|error| SchemaError::Schema {
                pointer: error.instance_path().to_string(),
                message: bartizan_core::printable(&error.to_string(), 200),
            })?;
        Ok(Self(validator))
    }

    /// The first place at which a value breaks the schema.
    pub(crate) fn breach(&self, value: &serde_json::Value) -> Option<Breach> {
        if self.0.is_valid(value) {
            return None;
        }
        let error = self.0.iter_errors(value).next()?;
        Some(Breach { pointer: error.instance_path().to_string(), keyword: error.schema_path().to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema(value: &serde_json::Value) -> Schema {
        Schema::compile(value.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_breach_names_place_and_keyword() {
        let schema =
            schema(&json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}));
        assert_eq!(schema.breach(&json!({"n": 1})), None);
        let breach = schema.breach(&json!({"n": "secret"})).unwrap();
        assert_eq!((breach.pointer.as_str(), breach.keyword.as_str()), ("/n", "/properties/n/type"));
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let own = schema(&json!({"$ref": "#"}));
        assert_eq!(own.breach(&json!(1)), None);
        let mutual = schema(
            &json!({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}),
        );
        assert_eq!(mutual.breach(&json!({"x": []})), None);
    }

    #[test]
    fn nothing_outside_the_schema_is_read() {
        for outside in ["https://example.org/schema.json", "file:///etc/passwd"] {
            assert!(Schema::compile(json!({"$ref": outside}).to_string().as_bytes()).is_err(), "{outside}");
        }
        assert!(matches!(Schema::compile(b"{"), Err(SchemaError::Json(_))));
        assert!(Schema::compile(br#"{"type": "nothing"}"#).is_err());
    }
}

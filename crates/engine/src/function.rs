//! Functions of one row that the engine lacks: a regular expression compiled once, and membership of a column elsewhere.

use crate::error::EngineError;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use regex::Regex;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What is asked of every text.
#[derive(Debug, Clone)]
enum Question {
    /// Does it match?
    Matches(Regex),
    /// Is it one of these?
    Within(Arc<HashSet<String>>),
}

/// A function from texts to truth values; missing texts give unknown ones.
#[derive(Debug, Clone)]
struct TextFunction {
    name: String,
    question: Question,
    signature: Signature,
}

/// The function that tells whether a text matches `pattern`.
///
/// # Errors
/// [`EngineError::Argument`] when the pattern is no regular expression.
pub(crate) fn matches(pattern: &str) -> std::result::Result<ScalarUDF, EngineError> {
    let regex = Regex::new(pattern).map_err(|error| {
        let last = error.to_string().lines().last().unwrap_or_default().to_owned();
        EngineError::Argument(format!("`{pattern}` is no regular expression: {last}"))
    })?;
    Ok(function(format!("matches {pattern}"), Question::Matches(regex)))
}

/// The function that tells whether a value is among `values`; `name` tells sets apart.
pub(crate) fn within(name: &str, values: HashSet<String>) -> ScalarUDF {
    function(format!("within {name}"), Question::Within(Arc::new(values)))
}

fn function(name: String, question: Question) -> ScalarUDF {
    ScalarUDF::new_from_impl(TextFunction {
        name,
        question,
        signature: Signature::any(1, Volatility::Immutable),
    })
}

impl PartialEq for TextFunction {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for TextFunction {}

impl Hash for TextFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for TextFunction {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = arguments.number_rows;
        let Some(argument) = arguments.args.into_iter().next() else {
            return Ok(ColumnarValue::Array(Arc::new(BooleanArray::new_null(rows))));
        };
        let array = argument.into_array(rows)?;
        let answer = match &self.question {
            Question::Matches(regex) => ask(&array, |text| regex.is_match(text))?,
            Question::Within(values) => ask(&array, |text| values.contains(text))?,
        };
        Ok(ColumnarValue::Array(Arc::new(answer)))
    }
}

fn ask(array: &ArrayRef, question: impl Fn(&str) -> bool) -> Result<BooleanArray> {
    Ok(match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().iter().map(|text| text.map(&question)).collect(),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().map(|text| text.map(&question)).collect(),
        DataType::Utf8View => array.as_string_view().iter().map(|text| text.map(&question)).collect(),
        _ => {
            let array = cast(array, &DataType::Utf8)?;
            array.as_string::<i32>().iter().map(|text| text.map(&question)).collect()
        }
    })
}

//! Questions about one text that the engine lacks or answers slowly: a pattern compiled once, membership of a set, a length.
//!
//! A column that comes as keys into a dictionary is judged once for every text of the dictionary, not for every row.

use crate::automaton::Automaton;
use crate::error::EngineError;
use crate::session::PARTITIONS;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringArray};
use datafusion::arrow::buffer::BooleanBuffer;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int32Type};
use datafusion::common::HashSet;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use regex::Regex;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

/// Dictionaries whose texts stay judged: those that the parts of a file read at the same time, twice over.
const MOST_JUDGED: usize = 2 * PARTITIONS;

/// What is asked of every text.
#[derive(Debug, Clone)]
enum Question {
    /// Does it match? By the automaton where there is one.
    Matches(Regex, Option<Box<Automaton>>),
    /// Is it one of these?
    Within(Arc<HashSet<String>>),
    /// Has it as many characters as this?
    Long { least: u64, most: u64 },
}

/// A function from texts to truth values; missing texts give unknown ones.
#[derive(Debug, Clone)]
struct TextFunction {
    name: String,
    question: Question,
    signature: Signature,
    judged: Arc<Mutex<Vec<Judged>>>,
}

/// A dictionary and the answer for each of its texts.
#[derive(Debug, Clone)]
struct Judged {
    texts: StringArray,
    answers: Arc<[bool]>,
    all: bool,
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
    Ok(function(format!("matches {pattern}"), Question::Matches(regex, Automaton::of(pattern).map(Box::new))))
}

/// The function that tells whether a value is among `values`; `name` tells sets apart.
pub(crate) fn within(name: &str, values: HashSet<String>) -> ScalarUDF {
    function(format!("within {name}"), Question::Within(Arc::new(values)))
}

/// The function that tells whether a text has `least` to `most` characters.
pub(crate) fn long(least: u64, most: u64) -> ScalarUDF {
    function(format!("long {least} {most}"), Question::Long { least, most })
}

fn function(name: String, question: Question) -> ScalarUDF {
    ScalarUDF::new_from_impl(TextFunction {
        name,
        question,
        signature: Signature::any(1, Volatility::Immutable),
        judged: Arc::default(),
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
        let answer = match encoded(&array) {
            Some((keys, texts)) => self.of_dictionary(&keys, texts),
            None => self.of_texts(&array)?,
        };
        Ok(ColumnarValue::Array(Arc::new(answer)))
    }
}

type Keys = datafusion::arrow::array::PrimitiveArray<Int32Type>;

/// Keys and texts of an array of keys into texts, none of which is missing.
fn encoded(array: &ArrayRef) -> Option<(Keys, &StringArray)> {
    let dictionary = array.as_dictionary_opt::<Int32Type>()?;
    let texts = dictionary.values().as_string_opt::<i32>()?;
    (texts.null_count() == 0).then(|| (dictionary.keys().clone(), texts))
}

impl TextFunction {
    fn of_dictionary(&self, keys: &Keys, texts: &StringArray) -> BooleanArray {
        let judged = self.judged(texts);
        let answers = if judged.all {
            BooleanBuffer::new_set(keys.len())
        } else {
            // The key of a missing value may be any.
            let answer = |key: &i32| {
                usize::try_from(*key).ok().and_then(|key| judged.answers.get(key)).copied().unwrap_or(false)
            };
            keys.values().iter().map(answer).collect()
        };
        BooleanArray::new(answers, keys.nulls().cloned())
    }

    /// The answers for a dictionary, which are known if it is one of the last.
    fn judged(&self, texts: &StringArray) -> Judged {
        let is_same = |known: &&Judged| {
            known.texts.len() == texts.len()
                && known.texts.values().as_ptr() == texts.values().as_ptr()
                && known.texts.offsets().as_ptr() == texts.offsets().as_ptr()
        };
        let held = || self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = held().iter().find(is_same) {
            return known.clone();
        }
        let answers: Arc<[bool]> = self.question.ask(texts.len(), |place| texts.value(place)).into();
        let all = answers.iter().all(|answer| *answer);
        let fresh = Judged { texts: texts.clone(), answers, all };
        let mut held = held();
        if held.len() >= MOST_JUDGED {
            held.remove(0);
        }
        held.push(fresh.clone());
        fresh
    }

    fn of_texts(&self, array: &ArrayRef) -> Result<BooleanArray> {
        let count = array.len();
        let answers = match array.data_type() {
            DataType::Utf8 => {
                let array = array.as_string::<i32>();
                self.question.ask(count, |place| array.value(place))
            }
            DataType::LargeUtf8 => {
                let array = array.as_string::<i64>();
                self.question.ask(count, |place| array.value(place))
            }
            DataType::Utf8View => {
                let array = array.as_string_view();
                self.question.ask(count, |place| array.value(place))
            }
            _ => return self.of_texts(&cast(array, &DataType::Utf8)?),
        };
        Ok(BooleanArray::new(BooleanBuffer::from(answers), array.nulls().cloned()))
    }
}

impl Question {
    /// The answer for each of `count` texts.
    fn ask<'a>(&self, count: usize, text: impl Fn(usize) -> &'a str) -> Vec<bool> {
        match self {
            Self::Matches(_, Some(automaton)) => automaton.matches(count, text),
            Self::Matches(regex, None) => (0..count).map(|place| regex.is_match(text(place))).collect(),
            Self::Within(values) => (0..count).map(|place| values.contains(text(place))).collect(),
            Self::Long { least, most } => {
                let long = |text: &str| {
                    let length = if text.is_ascii() { text.len() } else { text.chars().count() } as u64;
                    (*least..=*most).contains(&length)
                };
                (0..count).map(|place| long(text(place))).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::{DictionaryArray, Int32Array, LargeStringArray, StringViewArray};
    use datafusion::arrow::datatypes::Field;
    use datafusion::common::config::ConfigOptions;

    fn answers(function: &ScalarUDF, array: ArrayRef) -> Vec<Option<bool>> {
        let field = Arc::new(Field::new("x", array.data_type().clone(), true));
        let arguments = ScalarFunctionArgs {
            number_rows: array.len(),
            args: vec![ColumnarValue::Array(array)],
            arg_fields: vec![field],
            return_field: Arc::new(Field::new("truth", DataType::Boolean, true)),
            config_options: Arc::new(ConfigOptions::new()),
        };
        let answer = function.invoke_with_args(arguments).unwrap().into_array(0).unwrap();
        answer.as_boolean().iter().collect()
    }

    #[test]
    fn every_form_of_text_gets_the_same_answers_and_missing_ones_none() {
        let texts = [Some("a"), None, Some("né"), Some(""), Some("a"), Some("b\n")];
        let keys = Int32Array::from(vec![Some(0), None, Some(1), Some(2), Some(0), Some(3)]);
        let dictionary = StringArray::from(vec!["a", "né", "", "b\n"]);
        let forms: [ArrayRef; 4] = [
            Arc::new(StringArray::from(texts.to_vec())),
            Arc::new(LargeStringArray::from(texts.to_vec())),
            Arc::new(StringViewArray::from(texts.to_vec())),
            Arc::new(DictionaryArray::new(keys, Arc::new(dictionary))),
        ];
        let (yes, no) = (Some(true), Some(false));
        let set = within("set", HashSet::from(["a".to_owned(), String::new()]));
        for form in forms {
            assert_eq!(answers(&matches("^[a-z]$").unwrap(), form.clone()), [yes, None, no, no, yes, no]);
            assert_eq!(answers(&matches(r"\bn").unwrap(), form.clone()), [no, None, yes, no, no, no]);
            assert_eq!(answers(&set, form.clone()), [yes, None, no, yes, yes, no]);
            assert_eq!(answers(&long(1, 2), form.clone()), [yes, None, yes, no, yes, yes]);
            assert_eq!(answers(&long(0, u64::MAX), form), [yes, None, yes, yes, yes, yes]);
        }
    }

    #[test]
    fn dictionaries_of_one_length_are_told_apart_and_more_than_are_kept_are_judged() {
        let is_short = long(0, 1);
        for round in 0..3 * MOST_JUDGED {
            let text = if round % 2 == 0 { "a" } else { "ab" };
            let array =
                DictionaryArray::new(Int32Array::from(vec![0, 0]), Arc::new(StringArray::from(vec![text])));
            assert_eq!(answers(&is_short, Arc::new(array)), [Some(round % 2 == 0); 2]);
        }
    }
}

//! The suite: TOML, schema `bartizan.suite/1`, one `[[expect]]` table per expectation.

use crate::profile::ValueKind;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Name and version of the file's form.
pub const SUITE_SCHEMA: &str = "bartizan.suite/1";
/// Most expectations of a suite.
const MOST_EXPECTATIONS: usize = 50_000;

/// Why a suite cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// Not TOML, or not of this form.
    #[error("is no suite: line {line}: {}", .error.message())]
    Toml {
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        #[source]
        error: Box<toml::de::Error>,
    },
    /// Of another schema.
    #[error("has the schema `{0}`, where `{SUITE_SCHEMA}` is expected")]
    Schema(String),
    /// An expectation contradicts itself.
    #[error("expectation {place} ({check}): {reason}")]
    Nonsense {
        /// Its place, from 1.
        place: usize,
        /// What it checks.
        check: String,
        /// What is wrong.
        reason: String,
    },
    /// It expects nothing, and would pass everything.
    #[error("holds no expectation; learn some with `bartizan data learn`")]
    Empty,
    /// It cannot be written.
    #[error("cannot be written as TOML: {0}")]
    Write(#[from] toml::ser::Error),
}

/// Expectations, and what they were learned from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Suite {
    /// [`SUITE_SCHEMA`].
    pub schema: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it was learned from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// The expectations.
    #[serde(default, rename = "expect")]
    pub expectations: Vec<Expectation>,
}

/// What a suite was learned from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Reference {
    /// The profile beside the suite, which drift is judged against; a path relative to the suite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Rows it had.
    pub rows: u64,
    /// Confidence at which shares were inferred.
    pub confidence: f64,
}

/// A limit or member of a set: a number, a text (also a date or time as `2026-01-31` or `2026-01-31T12:00:00`), or a truth
/// value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Bound {
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// A text.
    Text(String),
}

impl fmt::Display for Bound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => write!(formatter, "{value}"),
            Self::Integer(value) => write!(formatter, "{value}"),
            Self::Float(value) => write!(formatter, "{value}"),
            Self::Text(value) => write!(formatter, "`{value}`"),
        }
    }
}

/// A number about a whole column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Statistic {
    /// Mean of the values; of texts, of their lengths.
    Mean,
    /// Standard deviation.
    StandardDeviation,
    /// Smallest value.
    Min,
    /// Largest value.
    Max,
    /// Half of the values lie below.
    Median,
    /// 95 % of the values lie below.
    P95,
    /// 99 % of the values lie below.
    P99,
    /// Number of different values, estimated to 1.6 % standard error.
    Distinct,
    /// Share of rows without a value.
    MissingShare,
}

/// One expectation. `mostly` is the least share of the values that must satisfy it (1 when left out); missing values
/// satisfy everything but `not-null` and `key`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "check", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub enum Expectation {
    /// These columns are there; with `exact`, no others.
    Columns {
        /// Their names.
        names: Vec<String>,
        /// Whether others are refused.
        #[serde(default)]
        exact: bool,
    },
    /// The column holds values of this kind.
    Type {
        /// The column.
        column: String,
        /// The kind.
        is: ValueKind,
    },
    /// Values are there.
    NotNull {
        /// The column.
        column: String,
        /// Least share.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mostly: Option<f64>,
    },
    /// Values are neither NaN nor infinite.
    Finite {
        /// The column.
        column: String,
        /// Least share.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mostly: Option<f64>,
    },
    /// Values lie between the limits, which belong to the range.
    Range {
        /// The column.
        column: String,
        /// Lower limit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<Bound>,
        /// Upper limit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<Bound>,
        /// Least share.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mostly: Option<f64>,
    },
    /// Values are among these.
    Values {
        /// The column.
        column: String,
        /// The allowed values.
        of: Vec<Bound>,
        /// Least share.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mostly: Option<f64>,
    },
    /// Texts match a regular expression, from their beginning to their end where it has anchors.
    Pattern {
        /// The column.
        column: String,
        /// The expression, in the syntax of the `regex` crate.
        matches: String,
        /// Least share.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mostly: Option<f64>,
    },
    /// Texts have so many characters.
    Length {
        /// The column.
        column: String,
        /// At least.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<u64>,
        /// At most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<u64>,
        /// Least share.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mostly: Option<f64>,
    },
    /// No two rows agree in all these columns, across all files.
    Unique {
        /// The columns.
        columns: Vec<String>,
    },
    /// As `unique`, and none of the values is missing.
    Key {
        /// The columns.
        columns: Vec<String>,
    },
    /// Values occur in a column of another dataset.
    Reference {
        /// The column.
        column: String,
        /// The other dataset: a path relative to the suite.
        dataset: String,
        /// Its column; the same name when left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        /// Least share.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mostly: Option<f64>,
    },
    /// An SQL expression over the columns of a row is true.
    Row {
        /// What it means, for the report.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// The expression, such as `shipped >= ordered`.
        expression: String,
        /// Least share.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mostly: Option<f64>,
    },
    /// The latest time in a column is not older than this.
    Fresh {
        /// The column.
        column: String,
        /// The age: a number with `m`, `h` or `d`.
        max_age: String,
    },
    /// The dataset has so many rows.
    Volume {
        /// At least.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<u64>,
        /// At most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<u64>,
    },
    /// Every class has a share within these limits; at most 256 classes.
    Balance {
        /// The column.
        column: String,
        /// Least share of the rarest class.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min_share: Option<f64>,
        /// Greatest share of the most frequent class.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_share: Option<f64>,
        /// Least number of classes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min_classes: Option<u64>,
    },
    /// A number about the whole column lies within limits.
    Statistic {
        /// The column.
        column: String,
        /// Which.
        of: Statistic,
        /// At least.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<f64>,
        /// At most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<f64>,
    },
    /// Distributions are those of the reference's profile.
    Drift {
        /// The columns; all that both have when left out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        columns: Vec<String>,
        /// Level of the tests, corrected for their number.
        #[serde(default = "default_level")]
        level: f64,
        /// Least effect that counts, so that large batches do not fail on trifles.
        #[serde(default = "default_effect")]
        least_effect: f64,
    },
}

fn default_level() -> f64 {
    0.01
}

fn default_effect() -> f64 {
    0.1
}

impl Expectation {
    /// The word of the check.
    pub fn check(&self) -> &'static str {
        match self {
            Self::Columns { .. } => "columns",
            Self::Type { .. } => "type",
            Self::NotNull { .. } => "not-null",
            Self::Finite { .. } => "finite",
            Self::Range { .. } => "range",
            Self::Values { .. } => "values",
            Self::Pattern { .. } => "pattern",
            Self::Length { .. } => "length",
            Self::Unique { .. } => "unique",
            Self::Key { .. } => "key",
            Self::Reference { .. } => "reference",
            Self::Row { .. } => "row",
            Self::Fresh { .. } => "fresh",
            Self::Volume { .. } => "volume",
            Self::Balance { .. } => "balance",
            Self::Statistic { .. } => "statistic",
            Self::Drift { .. } => "drift",
        }
    }

    /// What it is about: the column, columns, expression or dataset.
    pub fn subject(&self) -> String {
        match self {
            Self::Type { column, .. }
            | Self::NotNull { column, .. }
            | Self::Finite { column, .. }
            | Self::Range { column, .. }
            | Self::Values { column, .. }
            | Self::Pattern { column, .. }
            | Self::Length { column, .. }
            | Self::Reference { column, .. }
            | Self::Fresh { column, .. }
            | Self::Balance { column, .. }
            | Self::Statistic { column, .. } => column.clone(),
            Self::Columns { names, .. } => format!("{} columns", names.len()),
            Self::Row { name, expression, .. } => name.clone().unwrap_or_else(|| expression.clone()),
            Self::Volume { .. } => "rows".to_owned(),
            Self::Drift { columns, .. } if columns.is_empty() => "all columns".to_owned(),
            Self::Unique { columns } | Self::Key { columns } | Self::Drift { columns, .. } => {
                columns.join(", ")
            }
        }
    }

    /// The least share of rows that must satisfy it.
    pub fn mostly(&self) -> f64 {
        match self {
            Self::NotNull { mostly, .. }
            | Self::Finite { mostly, .. }
            | Self::Range { mostly, .. }
            | Self::Values { mostly, .. }
            | Self::Pattern { mostly, .. }
            | Self::Length { mostly, .. }
            | Self::Reference { mostly, .. }
            | Self::Row { mostly, .. } => mostly.unwrap_or(1.0),
            _ => 1.0,
        }
    }

    /// Why it can never be judged, if so.
    fn nonsense(&self) -> Option<String> {
        let share = |share: f64| (0.0..=1.0).contains(&share);
        if !share(self.mostly()) {
            return Some("`mostly` is a share from 0 to 1".to_owned());
        }
        match self {
            Self::Columns { names: columns, .. } | Self::Unique { columns } | Self::Key { columns }
                if columns.is_empty() =>
            {
                Some("names no column".to_owned())
            }
            Self::Range { min: None, max: None, .. }
            | Self::Statistic { min: None, max: None, .. }
            | Self::Length { min: None, max: None, .. }
            | Self::Volume { min: None, max: None } => Some("has neither `min` nor `max`".to_owned()),
            Self::Length { min: Some(min), max: Some(max), .. }
            | Self::Volume { min: Some(min), max: Some(max) }
                if min > max =>
            {
                Some(format!("`min` {min} is above `max` {max}"))
            }
            Self::Values { of, .. } if of.is_empty() => Some("allows no value".to_owned()),
            Self::Balance { min_share: None, max_share: None, min_classes: None, .. } => {
                Some("has no limit".to_owned())
            }
            Self::Fresh { max_age, .. } if seconds(max_age).is_none() => {
                Some("`max-age` is a whole number with m, h or d, such as 36h".to_owned())
            }
            Self::Drift { level, least_effect, .. } if !share(*level) || !share(*least_effect) => {
                Some("`level` and `least-effect` are shares from 0 to 1".to_owned())
            }
            _ => None,
        }
    }

    /// The seconds of `max-age`, for a freshness expectation.
    pub fn max_age_seconds(&self) -> Option<u64> {
        match self {
            Self::Fresh { max_age, .. } => seconds(max_age),
            _ => None,
        }
    }
}

fn seconds(age: &str) -> Option<u64> {
    let (digits, unit) = age.split_at_checked(age.len().checked_sub(1)?)?;
    let scale = match unit {
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(scale)
}

impl Suite {
    /// A suite of these expectations.
    pub fn new(expectations: Vec<Expectation>) -> Self {
        Self { schema: SUITE_SCHEMA.to_owned(), name: None, reference: None, expectations }
    }

    /// Reads a suite.
    ///
    /// # Errors
    /// [`SuiteError`], with the line where TOML or its form is wrong.
    pub fn from_toml(text: &str) -> Result<Self, SuiteError> {
        let suite: Self = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            SuiteError::Toml { line: before.matches('\n').count().saturating_add(1), error: Box::new(error) }
        })?;
        if suite.schema != SUITE_SCHEMA {
            return Err(SuiteError::Schema(suite.schema));
        }
        if suite.expectations.is_empty() {
            return Err(SuiteError::Empty);
        }
        let wrong = |place: usize, expectation: &Expectation, reason: String| SuiteError::Nonsense {
            place: place.saturating_add(1),
            check: expectation.check().to_owned(),
            reason,
        };
        for (place, expectation) in suite.expectations.iter().enumerate() {
            if place >= MOST_EXPECTATIONS {
                let reason = format!("more than {MOST_EXPECTATIONS} expectations");
                return Err(wrong(place, expectation, reason));
            }
            if let Some(reason) = expectation.nonsense() {
                return Err(wrong(place, expectation, reason));
            }
        }
        Ok(suite)
    }

    /// Writes the suite, with `comments` (by place) before the expectations.
    ///
    /// # Errors
    /// [`SuiteError::Write`].
    pub fn to_toml(&self, comments: &[String]) -> Result<String, SuiteError> {
        let head = Self { expectations: Vec::new(), ..self.clone() };
        let mut text = String::from(
            "# Expectations, one table each: edit, add and remove freely. `mostly` is the least share of values.\n",
        );
        text.push_str(&toml::to_string(&head)?.replace("expect = []\n", ""));
        for (place, expectation) in self.expectations.iter().enumerate() {
            text.push('\n');
            for line in comments.get(place).iter().flat_map(|comment| comment.lines()) {
                text.push_str(&format!("# {line}\n"));
            }
            text.push_str("[[expect]]\n");
            text.push_str(&toml::to_string(expectation)?);
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = r#"
schema = "bartizan.suite/1"
[[expect]]
check = "range"
column = "amount"
min = 0
max = 99.5
mostly = 0.999
[[expect]]
check = "fresh"
column = "at"
max-age = "36h"
[[expect]]
check = "values"
column = "kind"
of = ["a", "b"]
"#;

    #[test]
    fn a_suite_is_read_as_it_was_written() {
        let suite = Suite::from_toml(EXAMPLE).unwrap();
        assert_eq!(suite.expectations.len(), 3);
        assert_eq!(suite.expectations[1].max_age_seconds(), Some(129_600));
        let written = suite.to_toml(&["why".to_owned()]).unwrap();
        assert!(written.contains("# why\n[[expect]]\ncheck = \"range\""), "{written}");
        assert_eq!(Suite::from_toml(&written).unwrap(), suite);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (from, to, expected) in [
            ("column = \"at\"", "kolumn = \"at\"", "kolumn"),
            ("36h", "soon", "expectation 2 (fresh): `max-age`"),
            ("0.999", "1.5", "expectation 1 (range): `mostly`"),
            ("bartizan.suite/1", "other/1", "other/1"),
            ("[\"a\", \"b\"]", "[]", "allows no value"),
        ] {
            let error = Suite::from_toml(&EXAMPLE.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(matches!(Suite::from_toml("schema = \"bartizan.suite/1\""), Err(SuiteError::Empty)));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_suite_or_an_error(text in ".{0,200}") {
            let _ = Suite::from_toml(&text);
            let _ = Suite::from_toml(&format!("{EXAMPLE}{text}"));
        }
    }
}

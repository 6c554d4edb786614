//! The profile file: what was found, readable, and the states it was found from, mergeable.
//!
//! JSON, schema `bartizan.profile/1`. A reader needs only `schema`, `rows`, `shards` and each column's `name`, `type` and
//! `state`; the summaries are written for people and scripts and are computed anew on reading.

use super::column::ColumnState;
use super::correlation::CorrelationState;
use super::summary::ColumnSummary;
use bartizan_stats::StatsError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Name and version of the file's form.
pub const SCHEMA: &str = "bartizan.profile/1";
/// Longest file that is read, in bytes: 10,000 columns of full sketches take some 500 MB.
pub const MOST_BYTES: u64 = 1 << 30;

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Not JSON.
    #[error("is no profile: {0}; write one with `bartizan data profile --output FILE`")]
    Json(#[from] serde_json::Error),
    /// JSON, but not of this schema.
    #[error("is no profile of the schema {SCHEMA}: {0}")]
    Form(String),
    /// Two profiles whose columns do not fit each other.
    #[error("column `{column}` cannot be merged across shards: {error}")]
    Merge {
        /// The column.
        column: String,
        /// Why.
        #[source]
        error: StatsError,
    },
}

/// What a dataset is like.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Rows of all shards.
    pub rows: u64,
    /// The files, by path.
    pub shards: Vec<Shard>,
    /// The columns, in the order of the first shard.
    pub columns: Vec<ColumnProfile>,
    /// The columns of [`Self::correlation`], by place.
    pub correlated: Vec<String>,
    /// Correlations between columns of numbers.
    pub correlation: Option<CorrelationState>,
}

/// One column of a profile.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnProfile {
    /// Its name; of nested columns, the names down to it, parted by dots.
    pub name: String,
    /// Its type as the engine names it.
    pub data_type: String,
    /// What was found.
    pub state: ColumnState,
}

/// One file of a dataset.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Shard {
    /// Where it lies.
    pub path: String,
    /// Its form.
    pub format: String,
    /// Its size.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
    /// The least about each of its columns.
    pub columns: BTreeMap<String, ShardColumn>,
}

/// The least about a column of one shard.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ShardColumn {
    /// Rows without a value.
    pub missing: u64,
    /// Estimated number of different values.
    pub distinct: f64,
    /// Smallest value, or shortest length.
    pub min: Option<f64>,
    /// Largest value, or greatest length.
    pub max: Option<f64>,
    /// Mean of the values or lengths.
    pub mean: Option<f64>,
}

impl ShardColumn {
    /// The least about `state`.
    pub fn of(state: &ColumnState) -> Self {
        let ColumnSummary { missing, distinct, min, max, mean, .. } = state.summary();
        Self { missing, distinct, min, max, mean }
    }
}

impl Profile {
    /// A profile of nothing.
    pub fn empty() -> Self {
        Self { rows: 0, shards: Vec::new(), columns: Vec::new(), correlated: Vec::new(), correlation: None }
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&ColumnProfile> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Takes in the profile of further shards. A column that one of them lacks is missing in all its rows.
    ///
    /// # Errors
    /// [`ProfileError::Merge`] when a column holds texts here and numbers there.
    pub fn merge(&mut self, other: &Self) -> Result<(), ProfileError> {
        let places: BTreeMap<String, usize> =
            self.columns.iter().enumerate().map(|(place, column)| (column.name.clone(), place)).collect();
        let failed = |column: &str| {
            let column = column.to_owned();
            move |error| ProfileError::Merge { column, error }
        };
        for theirs in &other.columns {
            if let Some(mine) = places.get(&theirs.name).and_then(|place| self.columns.get_mut(*place)) {
                mine.state.merge(&theirs.state).map_err(failed(&theirs.name))?;
            } else {
                let mut added = theirs.clone();
                added.state.add_rows(self.rows, self.rows);
                self.columns.push(added);
            }
        }
        let theirs: BTreeSet<&str> = other.columns.iter().map(|column| column.name.as_str()).collect();
        for mine in &mut self.columns {
            if places.contains_key(&mine.name) && !theirs.contains(mine.name.as_str()) {
                mine.state.add_rows(other.rows, other.rows);
            }
        }
        self.correlation = match (self.correlation.take(), &other.correlation) {
            (Some(mut mine), Some(theirs)) if self.correlated == other.correlated => {
                mine.merge(theirs).map_err(failed("correlation"))?;
                Some(mine)
            }
            (None, Some(theirs)) if self.rows == 0 => {
                self.correlated.clone_from(&other.correlated);
                Some(theirs.clone())
            }
            (mine, None) if other.rows == 0 => mine,
            _ => None,
        };
        self.rows = self.rows.saturating_add(other.rows);
        self.shards.extend(other.shards.iter().cloned());
        self.shards.sort_by(|one, two| one.path.cmp(&two.path));
        Ok(())
    }

    /// The file's content; `with_states` keeps what further merging and drift need.
    pub fn to_json(&self, with_states: bool) -> Value {
        let columns = self.columns.iter().map(|column| {
            let mut object = Map::new();
            object.insert("name".to_owned(), json!(column.name));
            object.insert("type".to_owned(), json!(column.data_type));
            object.insert("kind".to_owned(), json!(column.state.kind()));
            if let Ok(Value::Object(summary)) = serde_json::to_value(column.state.summary()) {
                object.extend(summary);
            }
            if with_states {
                object.insert("state".to_owned(), json!(STANDARD.encode(column.state.to_bytes())));
            }
            Value::Object(object)
        });
        let name = |place: usize| self.correlated.get(place).cloned().unwrap_or_default();
        let pairs = self.correlation.iter().flat_map(CorrelationState::pairs).map(
            |pair| json!({"left": name(pair.left), "right": name(pair.right), "r": pair.r, "rows": pair.rows}),
        );
        let mut object = json!({
            "schema": SCHEMA,
            "rows": self.rows,
            "columns": columns.collect::<Vec<_>>(),
            "correlations": pairs.collect::<Vec<_>>(),
            "shards": self.shards,
        });
        if let (true, Some(state), Some(object)) = (with_states, &self.correlation, object.as_object_mut()) {
            object.insert(
                "correlation_state".to_owned(),
                json!({"columns": self.correlated, "state": STANDARD.encode(state.to_bytes())}),
            );
        }
        object
    }

    /// Reads a profile; total on any bytes.
    ///
    /// # Errors
    /// [`ProfileError::Json`], [`ProfileError::Form`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, ProfileError> {
        let form = |what: &str| ProfileError::Form(what.to_owned());
        let document: Document = serde_json::from_slice(bytes)?;
        if document.schema != SCHEMA {
            return Err(ProfileError::Form(format!("its schema is `{}`", document.schema)));
        }
        let mut columns = Vec::with_capacity(document.columns.len());
        for column in document.columns {
            let Some(state) = column.state else {
                return Err(form("it was written without states; write it with --output FILE"));
            };
            let state = STANDARD.decode(state).ok().and_then(|bytes| ColumnState::from_bytes(&bytes));
            let Some(state) = state.filter(|state| state.rows() == document.rows) else {
                return Err(ProfileError::Form(format!("the state of column `{}` is damaged", column.name)));
            };
            columns.push(ColumnProfile { name: column.name, data_type: column.data_type, state });
        }
        let (correlated, correlation) = match document.correlation_state {
            Some(written) => {
                let state = STANDARD.decode(written.state).ok();
                let state = state.and_then(|bytes| CorrelationState::from_bytes(&bytes));
                (
                    written.columns,
                    Some(state.ok_or_else(|| form("the state of the correlations is damaged"))?),
                )
            }
            None => (Vec::new(), None),
        };
        Ok(Self { rows: document.rows, shards: document.shards, columns, correlated, correlation })
    }
}

#[derive(serde::Deserialize)]
struct Document {
    schema: String,
    rows: u64,
    columns: Vec<WrittenColumn>,
    #[serde(default)]
    shards: Vec<Shard>,
    correlation_state: Option<WrittenCorrelation>,
}

#[derive(serde::Deserialize)]
struct WrittenColumn {
    name: String,
    #[serde(rename = "type")]
    data_type: String,
    state: Option<String>,
}

#[derive(serde::Deserialize)]
struct WrittenCorrelation {
    columns: Vec<String>,
    state: String,
}

#[cfg(test)]
mod tests {
    use super::super::feed::hash_number;
    use super::super::kind::{Parts, ValueKind};
    use super::*;

    fn of(name: &str, path: &str, values: &[f64]) -> Profile {
        let mut state = ColumnState::new(ValueKind::Float).unwrap();
        state.add_rows(values.len() as u64, 0);
        let hashes: Vec<u64> = values.iter().map(|value| hash_number(*value)).collect();
        state.add_numbers(values, &hashes, Parts::ALL, |place| values[place].to_string());
        let columns = BTreeMap::from([(name.to_owned(), ShardColumn::of(&state))]);
        let rows = values.len() as u64;
        Profile {
            rows,
            shards: vec![Shard { path: path.to_owned(), format: "csv".to_owned(), bytes: 9, rows, columns }],
            columns: vec![ColumnProfile { name: name.to_owned(), data_type: "Float64".to_owned(), state }],
            correlated: Vec::new(),
            correlation: None,
        }
    }

    #[test]
    fn a_profile_is_read_as_it_was_written() {
        let mut profile = of("a", "2.csv", &[1.0, 2.5, -3.0]);
        profile.correlated = vec!["a".to_owned(), "b".to_owned()];
        profile.correlation = Some(CorrelationState::new(2).unwrap());
        let text = profile.to_json(true).to_string();
        assert_eq!(Profile::from_json(text.as_bytes()).unwrap(), profile);
        assert!(matches!(
            Profile::from_json(profile.to_json(false).to_string().as_bytes()),
            Err(ProfileError::Form(_))
        ));
    }

    #[test]
    fn a_column_that_a_shard_lacks_is_missing_in_its_rows() {
        let mut profile = of("a", "2.csv", &[1.0, 2.0]);
        profile.merge(&of("b", "1.csv", &[5.0])).unwrap();
        let missing = |name: &str| profile.column(name).unwrap().state.missing();
        assert_eq!((profile.rows, missing("a"), missing("b")), (3, 1, 2));
        assert_eq!(profile.shards[0].path, "1.csv");
        let text = profile.to_json(true).to_string();
        assert_eq!(Profile::from_json(text.as_bytes()).unwrap(), profile);
    }

    #[test]
    fn other_documents_are_refused_with_a_reason() {
        for (text, expected) in [
            ("{", "is no profile: EOF"),
            (r#"{"schema":"x/1","rows":1,"columns":[]}"#, "its schema is `x/1`"),
            (
                r#"{"schema":"bartizan.profile/1","rows":1,"columns":[{"name":"a","type":"t","state":"AA"}]}"#,
                "column `a` is damaged",
            ),
        ] {
            let error = Profile::from_json(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}

//! All columns of two datasets, with p-values corrected over all tests.

use super::column::ColumnDrift;
use super::joint::JointTest;
use crate::profile::Profile;
use bartizan_stats::StatsError;
use bartizan_stats::multiple::{Correction, adjust};
use serde_json::{Value, json};

/// Name and version of the report's form.
pub const DRIFT_SCHEMA: &str = "bartizan.drift/1";

/// What counts as drift.
#[derive(Debug, Clone, PartialEq)]
pub struct DriftSettings {
    /// Level of the corrected p-values.
    pub level: f64,
    /// Least effect.
    pub least_effect: f64,
    /// Columns; all that either has when empty.
    pub columns: Vec<String>,
}

impl Default for DriftSettings {
    fn default() -> Self {
        Self { level: 0.01, least_effect: 0.1, columns: Vec::new() }
    }
}

/// How two datasets differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// Rows of the reference and of the current dataset.
    pub rows: (u64, u64),
    /// What counted as drift.
    pub settings: DriftSettings,
    /// Columns that both have, in the order of the current one.
    pub columns: Vec<ColumnDrift>,
    /// Columns that only the reference has.
    pub gone: Vec<String>,
    /// Columns that only the current dataset has.
    pub new: Vec<String>,
    /// Tests of all columns together; none where no rows were sampled.
    pub joint: Vec<JointTest>,
}

/// Compares two profiles.
///
/// # Errors
/// [`StatsError`] never in practice: all arguments are counts of the profiles themselves.
pub fn drift(reference: &Profile, current: &Profile, settings: &DriftSettings) -> Result<Drift, StatsError> {
    let wanted =
        |name: &str| settings.columns.is_empty() || settings.columns.iter().any(|column| column == name);
    let names = |of: &Profile, other: &Profile| {
        let columns =
            of.columns.iter().filter(|column| wanted(&column.name) && other.column(&column.name).is_none());
        columns.map(|column| column.name.clone()).collect::<Vec<_>>()
    };
    let mut columns = Vec::new();
    for column in current.columns.iter().filter(|column| wanted(&column.name)) {
        if let Some(before) = reference.column(&column.name) {
            columns.push(ColumnDrift::of(&column.name, &before.state, &column.state)?);
        }
    }
    let mut drift = Drift {
        rows: (reference.rows, current.rows),
        settings: settings.clone(),
        columns,
        gone: names(reference, current),
        new: names(current, reference),
        joint: Vec::new(),
    };
    drift.correct()?;
    Ok(drift)
}

impl Drift {
    /// The columns whose rows may be compared together: those that both have and that do not merely go on.
    pub fn comparable(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().filter(|column| column.note.is_none()).map(|column| column.column.as_str())
    }

    /// Adds tests of all columns together, and corrects all p-values again.
    ///
    /// # Errors
    /// [`StatsError`] when a p-value is none.
    pub fn add(&mut self, joint: Vec<JointTest>) -> Result<(), StatsError> {
        self.joint = joint;
        self.correct()
    }

    /// Corrects every p-value for the number of tests, and says what drifted.
    fn correct(&mut self) -> Result<(), StatsError> {
        let (level, least_effect) = (self.settings.level, self.settings.least_effect);
        let of_columns = self.columns.iter().flat_map(|column| &column.tests).map(|test| test.p_value);
        let p_values: Vec<f64> = of_columns.chain(self.joint.iter().map(|test| test.p_value)).collect();
        let mut adjusted = adjust(&p_values, Correction::Holm)?.into_iter();
        let mut judge = |effect: f64| {
            let adjusted = adjusted.next().unwrap_or(1.0);
            (adjusted, adjusted <= level && effect >= least_effect)
        };
        for column in &mut self.columns {
            // A column that is of another kind has drifted whatever its tests say.
            let by_tests = column.tests.iter().any(|test| test.drifted);
            for test in &mut column.tests {
                (test.adjusted_p_value, test.drifted) = judge(test.effect);
            }
            column.drifted = column.drifted && !by_tests || column.tests.iter().any(|test| test.drifted);
        }
        for test in &mut self.joint {
            (test.adjusted_p_value, test.drifted) = judge(test.effect);
        }
        Ok(())
    }

    /// Whether anything drifted: a column, all of them together, or which columns there are.
    pub fn is_found(&self) -> bool {
        !self.gone.is_empty()
            || !self.new.is_empty()
            || self.columns.iter().any(|column| column.drifted)
            || self.joint.iter().any(|test| test.drifted)
    }

    /// The report for scripts, schema `bartizan.drift/1`.
    pub fn to_json(&self) -> Value {
        json!({
            "schema": DRIFT_SCHEMA,
            "drifted": self.is_found(),
            "level": self.settings.level,
            "least_effect": self.settings.least_effect,
            "correction": "holm",
            "rows": {"reference": self.rows.0, "current": self.rows.1},
            "columns": self.columns,
            "joint": self.joint,
            "columns_gone": self.gone,
            "columns_new": self.new,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{ColumnProfile, ColumnState, Parts, ValueKind, hash_number};
    use bartizan_stats::Random;

    fn column(name: &str, state: ColumnState) -> ColumnProfile {
        ColumnProfile { name: name.to_owned(), data_type: String::new(), state }
    }

    fn numbers(seed: u64, shift: f64) -> ColumnState {
        let mut random = Random::new(seed);
        let values: Vec<f64> = (0..20_000).map(|_| random.normal() + shift).collect();
        let hashes: Vec<u64> = values.iter().map(|value| hash_number(*value)).collect();
        let mut state = ColumnState::new(ValueKind::Float).unwrap();
        state.add_rows(20_000, 0);
        state.add_numbers(&values, &hashes, Parts::ALL, |_| String::new());
        state
    }

    fn texts(seed: u64, share: f64) -> ColumnState {
        let mut random = Random::new(seed);
        let values: Vec<&str> =
            (0..20_000).map(|_| if random.uniform() < share { "a" } else { "b" }).collect();
        let mut state = ColumnState::new(ValueKind::Text).unwrap();
        state.add_rows(20_000, 0);
        state.add_texts(values.len(), |place| values[place], Parts::ALL);
        state
    }

    fn of(columns: Vec<ColumnProfile>) -> Profile {
        Profile { rows: 20_000, columns, ..Profile::empty() }
    }

    #[test]
    fn shifted_columns_drift_and_others_do_not() {
        let reference =
            of(vec![column("x", numbers(1, 0.0)), column("y", numbers(2, 0.0)), column("k", texts(3, 0.5))]);
        let current =
            of(vec![column("x", numbers(4, 0.0)), column("y", numbers(5, 0.5)), column("k", texts(6, 0.8))]);
        let found = drift(&reference, &current, &DriftSettings::default()).unwrap();
        let drifted: Vec<bool> = found.columns.iter().map(|column| column.drifted).collect();
        assert_eq!(drifted, [false, true, true]);
        // Φ(0.25) − Φ(−0.25) = 0.1974; the shift in standard deviations is 0.5.
        let y = &found.columns[1];
        assert!((y.tests[0].statistic - 0.1974).abs() < 0.03, "{y:?}");
        assert!((y.wasserstein_scaled.unwrap() - 0.5).abs() < 0.05);
        assert!(found.columns[0].population_stability_index.unwrap() < 0.01);
        // V = √(χ²/n) for shares ½ and 0.8: 0.3 / (2 √(0.65 · 0.35)) = 0.314.
        let effect = found.columns[2].tests.iter().find(|test| test.test == "chi-squared").unwrap().effect;
        assert!((effect - 0.314).abs() < 0.02, "{effect}");
        assert_eq!(found.to_json()["drifted"], true);
    }

    #[test]
    fn other_columns_and_other_kinds_are_drift() {
        let reference = of(vec![column("x", numbers(1, 0.0)), column("old", numbers(2, 0.0))]);
        let current = of(vec![column("x", texts(4, 0.5)), column("new", numbers(5, 0.0))]);
        let found = drift(&reference, &current, &DriftSettings::default()).unwrap();
        assert_eq!(
            (found.gone.as_slice(), found.new.as_slice()),
            (["old".to_owned()].as_slice(), ["new".to_owned()].as_slice())
        );
        assert_eq!(found.columns[0].note.as_deref(), Some("was float, is text"));
        assert!(found.is_found());
        let same = drift(&reference, &reference, &DriftSettings::default()).unwrap();
        assert!(!same.is_found());
    }
}

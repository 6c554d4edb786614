//! One column of two datasets.
//!
//! Sources: Kolmogorov–Smirnov with the one-sample law at the effective size n·m / (n + m); Pearson's χ²; population
//! stability index, Jensen–Shannon and Wasserstein distances as in `bartizan-stats`. What the sketches may be off is taken
//! from the Kolmogorov–Smirnov distance before it is judged, so that the error of a sketch is never called drift.

use crate::profile::{ColumnState, ValueKind};
use bartizan_stats::StatsError;
use bartizan_stats::compare::{Contingency, chi_squared, jensen_shannon, population_stability_index};
use bartizan_stats::sketch::{HeavyHitters, KllSketch};
use bartizan_stats::special::kolmogorov_upper;
use std::collections::BTreeMap;

/// Bins of PSI and Jensen–Shannon: tenths of the reference.
const BINS: usize = 10;
/// Occurrences that have to be expected of a category in the smaller dataset (Cochran 1954).
const LEAST_EXPECTED: f64 = 5.0;

/// The result of one test.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct DriftTest {
    /// `kolmogorov-smirnov` or `chi-squared`.
    pub test: &'static str,
    /// Of what: `values`, `lengths`, `categories` or `missing`.
    pub of: &'static str,
    /// The statistic.
    pub statistic: f64,
    /// Chance of a statistic at least as large under one law.
    pub p_value: f64,
    /// The same, corrected for the number of tests (Holm).
    pub adjusted_p_value: f64,
    /// 0 to 1: the distance itself for Kolmogorov–Smirnov, Cramér's V for χ².
    pub effect: f64,
    /// Whether it is significant and large enough.
    pub drifted: bool,
}

/// A column whose values go on from where the reference ended, as keys and the days of a next batch do: no distribution has
/// changed.
///
/// Keys are whole numbers that hardly repeat and leave hardly a gap: at least [`KEY_DISTINCT`] of the rows distinct, over a
/// range of at most [`KEY_RANGE`] times as many values.
fn moved_on(reference: &ColumnState, current: &ColumnState) -> Option<&'static str> {
    let ((_, end), (start, _)) = (reference.range()?, current.range()?);
    if start < end || reference.kind() != current.kind() {
        return None;
    }
    let is_key = |state: &ColumnState| {
        let values = state.rows().saturating_sub(state.missing()) as f64;
        let width = state.range().map_or(f64::INFINITY, |(low, high)| high - low + 1.0);
        values >= LEAST_KEYS && state.distinct() >= KEY_DISTINCT * values && width <= KEY_RANGE * values
    };
    match current.kind() {
        ValueKind::Date | ValueKind::Timestamp => Some("goes on where the reference ends, as time does"),
        ValueKind::Integer if is_key(reference) && is_key(current) => {
            Some("goes on where the reference ends, as keys do")
        }
        _ => None,
    }
}

/// Fewest values that are told to be keys.
const LEAST_KEYS: f64 = 20.0;
/// Least share of distinct values among keys; the estimate of their number is off by a few per cent.
const KEY_DISTINCT: f64 = 0.9;
/// Most values in the range of the keys for each of them.
const KEY_RANGE: f64 = 2.0;

/// How a column differs.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ColumnDrift {
    /// Its name.
    pub column: String,
    /// What its values are.
    pub kind: ValueKind,
    /// The tests.
    pub tests: Vec<DriftTest>,
    /// Population stability index over tenths of the reference, or over categories.
    pub population_stability_index: Option<f64>,
    /// Jensen–Shannon distance in bits over the same bins, 0 to 1.
    pub jensen_shannon: Option<f64>,
    /// Wasserstein-1 distance, in the unit of the values or in characters.
    pub wasserstein: Option<f64>,
    /// The same in standard deviations of the reference.
    pub wasserstein_scaled: Option<f64>,
    /// Whether any test says so, or the kind of the values changed.
    pub drifted: bool,
    /// What changed, in words.
    pub note: Option<String>,
}

impl ColumnDrift {
    /// Compares two states of a column; p-values are not yet adjusted.
    pub(super) fn of(
        column: &str,
        reference: &ColumnState,
        current: &ColumnState,
    ) -> Result<Self, StatsError> {
        let kind = current.kind();
        let mut drift = Self {
            column: column.to_owned(),
            kind,
            tests: Vec::new(),
            population_stability_index: None,
            jensen_shannon: None,
            wasserstein: None,
            wasserstein_scaled: None,
            drifted: false,
            note: None,
        };
        let comparable = reference.kind() == kind || (reference.kind().is_number() && kind.is_number());
        if !comparable {
            drift.drifted = true;
            drift.note = Some(format!("was {}, is {}", reference.kind().as_str(), kind.as_str()));
            return Ok(drift);
        }
        drift.missing(reference, current)?;
        let lengths = matches!(kind, ValueKind::Text | ValueKind::Binary | ValueKind::List);
        if let Some(note) = moved_on(reference, current) {
            drift.note = Some(note.to_owned());
        } else if kind.is_ordered() || lengths {
            drift.ranks(reference, current, if lengths { "lengths" } else { "values" })?;
        }
        if matches!(kind, ValueKind::Text | ValueKind::Boolean) {
            drift.categories(reference.frequent(), current.frequent())?;
        }
        Ok(drift)
    }

    fn missing(&mut self, reference: &ColumnState, current: &ColumnState) -> Result<(), StatsError> {
        let counts = [reference, current]
            .map(|state| [state.missing(), state.rows().saturating_sub(state.missing())])
            .concat();
        if reference.rows() == 0 || current.rows() == 0 {
            return Ok(());
        }
        let test = chi_squared(&Contingency::new(&counts, 2)?, false);
        if test.degrees > 0 && test.least_expected >= 1.0 {
            self.push("chi-squared", "missing", test.statistic, test.p_value, test.cramers_v);
        }
        Ok(())
    }

    fn ranks(
        &mut self,
        reference: &ColumnState,
        current: &ColumnState,
        of: &'static str,
    ) -> Result<(), StatsError> {
        let (a, b) = (reference.ranks(), current.ranks());
        if a.count() == 0 || b.count() == 0 {
            return Ok(());
        }
        let (points_a, points_b) = (a.points(), b.points());
        let distance = ks_distance(&points_a, &points_b);
        let sure = (distance - a.rank_error() - b.rank_error()).max(0.0);
        let (n, m) = (a.count() as f64, b.count() as f64);
        #[expect(clippy::cast_sign_loss, reason = "a size is not negative")]
        let effective = (n * m / (n + m)).round_ties_even().max(1.0) as u64;
        let p_value = kolmogorov_upper(sure, effective).clamp(0.0, 1.0);
        self.push("kolmogorov-smirnov", of, distance, p_value, sure);
        let wasserstein = wasserstein_distance(&points_a, &points_b);
        self.wasserstein = Some(wasserstein);
        let deviation = reference.moments().variance().sqrt();
        self.wasserstein_scaled = (deviation > 0.0).then(|| wasserstein / deviation);
        let (reference, current) = binned(a, b);
        if reference.len() > 1 && of == "values" {
            self.population_stability_index = Some(population_stability_index(&reference, &current)?);
            self.jensen_shannon = Some(jensen_shannon(&reference, &current)?);
        }
        Ok(())
    }

    fn categories(&mut self, reference: &HeavyHitters, current: &HeavyHitters) -> Result<(), StatsError> {
        if reference.total() == 0 || current.total() == 0 {
            return Ok(());
        }
        // Where values were dropped, counts are lower bounds: the dropped ones are one more category, and only
        // columns dominated by frequent values are compared at all.
        let mut counts: BTreeMap<String, [u64; 2]> = BTreeMap::new();
        for (place, sketch) in [reference, current].into_iter().enumerate() {
            let top = sketch.top(usize::MAX);
            let kept: u64 = top.iter().map(|item| item.lower).sum();
            if sketch.shortfall() > 0 && kept.saturating_mul(2) < sketch.total() {
                return Ok(());
            }
            for item in top {
                if let Some(count) = counts.entry(item.value).or_default().get_mut(place) {
                    *count = item.lower;
                }
            }
            let dropped = sketch.total().saturating_sub(kept);
            if dropped > 0
                && let Some(count) = counts.entry("\u{0}other".to_owned()).or_default().get_mut(place)
            {
                *count = dropped;
            }
        }
        // Pearson's law holds where a handful of occurrences is expected of either dataset: rarer values are pooled.
        let (n, m) = (reference.total() as f64, current.total() as f64);
        let share = n.min(m) / (n + m);
        let mut pooled = [0_u64; 2];
        counts.retain(|_, [before, after]| {
            let rare = before.saturating_add(*after) as f64 * share < LEAST_EXPECTED;
            if rare {
                let [pool_before, pool_after] = &mut pooled;
                *pool_before = pool_before.saturating_add(*before);
                *pool_after = pool_after.saturating_add(*after);
            }
            !rare
        });
        if pooled != [0, 0] {
            counts.insert("\u{0}rare".to_owned(), pooled);
        }
        let (before, after): (Vec<u64>, Vec<u64>) =
            counts.values().map(|[before, after]| (*before, *after)).unzip();
        let table: Vec<u64> = before.iter().chain(&after).copied().collect();
        let test = chi_squared(&Contingency::new(&table, before.len())?, false);
        if test.degrees > 0 && test.least_expected >= 1.0 {
            self.push("chi-squared", "categories", test.statistic, test.p_value, test.cramers_v);
        }
        self.population_stability_index = Some(population_stability_index(&before, &after)?);
        self.jensen_shannon = Some(jensen_shannon(&before, &after)?);
        Ok(())
    }

    fn push(&mut self, test: &'static str, of: &'static str, statistic: f64, p_value: f64, effect: f64) {
        let p_value = p_value.clamp(0.0, 1.0);
        self.tests.push(DriftTest {
            test,
            of,
            statistic,
            p_value,
            adjusted_p_value: p_value,
            effect,
            drifted: false,
        });
    }
}

/// The largest distance of two distribution functions given by weighted points in ascending order.
fn ks_distance(a: &[(f64, u64)], b: &[(f64, u64)]) -> f64 {
    let mut largest: f64 = 0.0;
    merged(a, b, |_, _, below_a, below_b| largest = largest.max((below_a - below_b).abs()));
    largest
}

/// The area between two distribution functions.
fn wasserstein_distance(a: &[(f64, u64)], b: &[(f64, u64)]) -> f64 {
    let mut area = 0.0;
    merged(a, b, |from, to, below_a, below_b| area += (below_a - below_b).abs() * (to - from));
    area
}

/// Walks the values of both in ascending order: each value, the next, and the shares at or below the first.
fn merged(a: &[(f64, u64)], b: &[(f64, u64)], mut visit: impl FnMut(f64, f64, f64, f64)) {
    let total = |points: &[(f64, u64)]| points.iter().map(|point| point.1).sum::<u64>().max(1) as f64;
    let (all_a, all_b) = (total(a), total(b));
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let (mut below_a, mut below_b) = (0_u64, 0_u64);
    loop {
        let value = match (a.peek(), b.peek()) {
            (Some(x), Some(y)) => x.0.min(y.0),
            (Some(x), None) | (None, Some(x)) => x.0,
            (None, None) => return,
        };
        while let Some((_, weight)) = a.next_if(|point| point.0 <= value) {
            below_a = below_a.saturating_add(*weight);
        }
        while let Some((_, weight)) = b.next_if(|point| point.0 <= value) {
            below_b = below_b.saturating_add(*weight);
        }
        let next = match (a.peek(), b.peek()) {
            (Some(x), Some(y)) => x.0.min(y.0),
            (Some(x), None) | (None, Some(x)) => x.0,
            (None, None) => value,
        };
        visit(value, next, below_a as f64 / all_a, below_b as f64 / all_b);
    }
}

/// Counts of both over tenths of the reference.
fn binned(reference: &KllSketch, current: &KllSketch) -> (Vec<u64>, Vec<u64>) {
    let shares: Vec<f64> = (1..BINS).map(|bin| bin as f64 / BINS as f64).collect();
    let mut edges = reference.quantiles(&shares).unwrap_or_default();
    edges.dedup();
    (reference.histogram(&edges), current.histogram(&edges))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_stats::compare::{Alternative, Method, kolmogorov_smirnov, wasserstein};
    use proptest::prelude::*;

    fn points(values: &[f64]) -> Vec<(f64, u64)> {
        let mut sketch = KllSketch::new(512).unwrap();
        for value in values {
            sketch.insert(*value);
        }
        sketch.points()
    }

    proptest! {
        #[test]
        fn distances_of_exact_sketches_are_those_of_the_samples(a in prop::collection::vec(-50_i32..50, 1..120), b in prop::collection::vec(-50_i32..50, 1..120)) {
            let a: Vec<f64> = a.into_iter().map(f64::from).collect();
            let b: Vec<f64> = b.into_iter().map(f64::from).collect();
            let exact = kolmogorov_smirnov(&a, &b, Alternative::TwoSided, Method::Asymptotic).unwrap();
            prop_assert!((ks_distance(&points(&a), &points(&b)) - exact.statistic).abs() < 1e-12);
            prop_assert!((wasserstein_distance(&points(&a), &points(&b)) - wasserstein(&a, &b).unwrap()).abs() < 1e-9);
        }
    }
}

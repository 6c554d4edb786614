//! Whether two samples of rows can be told apart when all columns are looked at together: what single columns do not show.

use crate::labels::{Column, held_out_once};
use bartizan_stats::anomaly::{Table, mid_ranks, standardised};
use bartizan_stats::compare::kernel_test;
use serde::Serialize;

/// Rows of each sample that the kernel test compares; its cost grows with their square.
const KERNEL_ROWS: usize = 200;
/// Relabellings behind the p-value of the kernel test; the least p-value is one over one more.
const PERMUTATIONS: usize = 4_999;
/// Fewest rows of each sample.
const FEWEST: usize = 30;
const SEED: u64 = 0x10_D1F7;

/// A test of all columns together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JointTest {
    /// `mmd` or `classifier`.
    pub test: &'static str,
    /// Columns looked at.
    pub columns: usize,
    /// Rows of each sample.
    pub rows: (usize, usize),
    /// `mmd`: the discrepancy, the root of the unbiased estimate, at most √2; `classifier`: 2 · AUC − 1, at most 1.
    pub effect: f64,
    /// As the test gives it.
    pub p_value: f64,
    /// Corrected over all tests of the report.
    pub adjusted_p_value: f64,
    /// Whether both are beyond the settings.
    pub drifted: bool,
}

/// Maximum mean discrepancy over the columns of numbers, and a classifier two-sample test over all columns.
///
/// Both samples have the same columns in the same order; too few rows or no fitting column give fewer tests. The same on every
/// machine. The classifier is the cross-validated linear model of [`crate::labels`]; its p-value is that of Mann and Whitney's
/// statistic of the held-out probabilities by the normal law, which treats them as independent.
///
/// Sources: Gretton and others (JMLR 13, 2012); Lopez-Paz & Oquab, *Revisiting Classifier Two-Sample Tests* (ICLR 2017).
pub fn joint_tests(reference: &[Column], current: &[Column]) -> Vec<JointTest> {
    let length = |columns: &[Column]| columns.iter().map(|column| column.values.len()).min().unwrap_or(0);
    let rows = (length(reference), length(current));
    if rows.0 < FEWEST || rows.1 < FEWEST || reference.len() != current.len() {
        return Vec::new();
    }
    [kernel(reference, current, rows), classifier(reference, current, rows)].into_iter().flatten().collect()
}

fn kernel(reference: &[Column], current: &[Column], rows: (usize, usize)) -> Option<JointTest> {
    let total = rows.0.saturating_add(rows.1);
    let columns: Vec<Vec<f64>> = reference
        .iter()
        .zip(current)
        .filter_map(|(before, now)| {
            let cells = before.values.iter().take(rows.0).chain(now.values.iter().take(rows.1));
            numbers(cells.map(String::as_str))
        })
        .collect();
    let flat: Vec<f64> = (0..total)
        .flat_map(|row| columns.iter().map(move |column| column.get(row).copied().unwrap_or(0.0)))
        .collect();
    let (scaled, width) = standardised(&Table::new(&flat, columns.len()).ok()?);
    let (before, now) = scaled.split_at_checked(rows.0.saturating_mul(width))?;
    let (before, now) = (Table::new(before, width).ok()?, Table::new(now, width).ok()?);
    let found = kernel_test(&before, &now, KERNEL_ROWS, PERMUTATIONS, SEED).ok()?;
    Some(JointTest {
        test: "mmd",
        columns: width,
        rows: (rows.0.min(KERNEL_ROWS), rows.1.min(KERNEL_ROWS)),
        effect: found.mmd_squared.max(0.0).sqrt(),
        p_value: found.p_value,
        adjusted_p_value: found.p_value,
        drifted: false,
    })
}

/// A column of numbers, missing ones in its middle; none where not every value that is there is a number.
fn numbers<'t>(cells: impl Iterator<Item = &'t str>) -> Option<Vec<f64>> {
    let parsed: Vec<Option<f64>> = cells
        .map(|cell| match cell.trim() {
            "" => Some(None),
            cell => cell.parse::<f64>().ok().filter(|value| value.is_finite()).map(Some),
        })
        .collect::<Option<_>>()?;
    let mut sorted: Vec<f64> = parsed.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.get(sorted.len() / 2).copied()?;
    Some(parsed.into_iter().map(|value| value.unwrap_or(middle)).collect())
}

fn classifier(reference: &[Column], current: &[Column], rows: (usize, usize)) -> Option<JointTest> {
    let pooled: Vec<Column> = reference
        .iter()
        .zip(current)
        .map(|(before, now)| {
            let cells = before.values.iter().take(rows.0).chain(now.values.iter().take(rows.1));
            Column { name: now.name.clone(), values: cells.cloned().collect() }
        })
        .collect();
    let labels: Vec<u32> = std::iter::repeat_n(0, rows.0).chain(std::iter::repeat_n(1, rows.1)).collect();
    let probabilities = held_out_once(&pooled, &labels).ok()?;
    let of_current: Vec<f64> = probabilities.chunks_exact(2).filter_map(|row| row.get(1).copied()).collect();
    let (before, now) = (rows.0 as f64, rows.1 as f64);
    let ranks: f64 = mid_ranks(&of_current).iter().skip(rows.0).map(|rank| rank * (before + now)).sum();
    let area = (ranks - now * (now + 1.0) / 2.0) / (before * now);
    let deviation = ((before + now + 1.0) / (12.0 * before * now)).sqrt();
    let p_value = bartizan_stats::special::normal_upper((area - 0.5) / deviation);
    Some(JointTest {
        test: "classifier",
        columns: pooled.len(),
        rows,
        effect: (2.0 * area - 1.0).max(0.0),
        p_value,
        adjusted_p_value: p_value,
        drifted: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_stats::Random;

    /// Two columns, each standard normal by itself, with this correlation.
    fn sample(seed: u64, correlation: f64) -> Vec<Column> {
        let mut random = Random::new(seed);
        let mut columns = vec![Column::default(), Column::default()];
        for _ in 0..600 {
            let (a, b) = (random.normal(), random.normal());
            let second = correlation * a + (1.0 - correlation * correlation).sqrt() * b;
            columns[0].values.push(a.to_string());
            columns[1].values.push(second.to_string());
        }
        columns
    }

    #[test]
    fn a_changed_correlation_is_seen_by_the_kernel_and_equal_laws_by_neither() {
        let changed = joint_tests(&sample(1, 0.9), &sample(2, -0.9));
        assert_eq!(changed.iter().map(|test| test.test).collect::<Vec<_>>(), ["mmd", "classifier"]);
        assert!(changed[0].p_value <= 0.001 && changed[0].effect > 0.2, "{changed:?}");
        let equal = joint_tests(&sample(1, 0.5), &sample(2, 0.5));
        assert!(equal.iter().all(|test| test.p_value > 0.01), "{equal:?}");
    }

    /// Rows out of 150 messages, the first third of them drawn `more` times as often.
    fn repeated(seed: u64, more: f64) -> Vec<Column> {
        let mut random = Random::new(seed);
        let values = (0..900).map(|_| {
            let third = if random.uniform() < more / (more + 2.0) { 0 } else { 50 + random.below(2) * 50 };
            let message = third + random.below(50);
            let topic = ["refund", "parcel", "invoice"][message / 50];
            format!("about my {topic} of {}", mix_words(message))
        });
        vec![Column { name: "text".to_owned(), values: values.collect() }]
    }

    /// Two words that stand for a number.
    fn mix_words(number: usize) -> String {
        let words = ["spring", "summer", "autumn", "winter", "january", "march", "may", "july"];
        let of = |place: usize| words[(bartizan_stats::mix64((number + place) as u64) % 8) as usize];
        format!("{} and {} {number}", of(0), of(1_000))
    }

    #[test]
    fn repeated_rows_hide_no_drift_and_make_none() {
        let classifier = |one: &[Column], other: &[Column]| joint_tests(one, other).pop().unwrap();
        let moved = classifier(&repeated(1, 1.0), &repeated(2, 2.0));
        assert!(moved.p_value < 1e-6 && moved.effect > 0.1, "{moved:?}");
        for seed in 0..6 {
            let same = classifier(&repeated(10 + seed, 1.0), &repeated(20 + seed, 1.0));
            assert!(same.p_value > 0.01, "{same:?}");
        }
    }

    #[test]
    fn a_few_changed_words_are_seen_by_the_classifier() {
        let text = |odd: bool| {
            let mut random = Random::new(u64::from(odd));
            let values = (0..400).map(|row| {
                let word = if odd && row % 3 == 0 { "refund" } else { "parcel" };
                format!("my {word} number {} of {}", random.below(300), random.below(300))
            });
            vec![Column { name: "text".to_owned(), values: values.collect() }]
        };
        let found = joint_tests(&text(false), &text(true));
        assert_eq!(found.len(), 1);
        assert!(found[0].p_value < 1e-6 && found[0].effect > 0.2, "{found:?}");
        assert_eq!(joint_tests(&text(false)[..0], &[]), []);
    }
}

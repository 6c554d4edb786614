//! What a column's state says, in numbers that people and scripts read.

use super::column::ColumnState;
use super::kind::ValueKind;
use bartizan_stats::sketch::Moments;

/// The quantiles that are told.
pub const SHARES: [f64; 9] = [0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0];
/// Bars of a histogram.
const BARS: usize = 20;
/// Frequent values told.
const TOLD: usize = 10;

/// Everything that is told about a column.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ColumnSummary {
    /// Rows, missing values included.
    pub rows: u64,
    /// Rows without a value.
    pub missing: u64,
    /// Estimated number of different values.
    pub distinct: f64,
    /// Standard error of `distinct`, relative to it.
    pub distinct_relative_error: f64,
    /// NaN values.
    pub nan: u64,
    /// Infinite values.
    pub infinite: u64,
    /// Texts of no character.
    pub empty: u64,
    /// Of the values; of texts, binaries and lists, of their lengths.
    pub measured: &'static str,
    /// Smallest.
    pub min: Option<f64>,
    /// Largest.
    pub max: Option<f64>,
    /// Mean.
    pub mean: Option<f64>,
    /// Standard deviation, divisor n − 1.
    pub standard_deviation: Option<f64>,
    /// Skewness.
    pub skewness: Option<f64>,
    /// Quantiles.
    pub quantiles: Vec<Quantile>,
    /// How far the rank of a quantile may be off, as a share of the rows, at 99 % confidence.
    pub quantile_rank_error: f64,
    /// Bars of equal width between the smallest and the largest value.
    pub histogram: Vec<Bin>,
    /// The most frequent values.
    pub frequent: Vec<FrequentValue>,
    /// How far a count of `frequent` may fall short.
    pub frequent_shortfall: u64,
    /// The most frequent shapes of texts.
    pub shapes: Vec<FrequentValue>,
    /// Texts whose shape was taken.
    pub shapes_of: u64,
}

/// A quantile.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Quantile {
    /// Share of values at or below.
    pub share: f64,
    /// The value.
    pub value: f64,
}

/// One bar of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Bin {
    /// Where it begins; it ends where the next begins, the last at the maximum.
    pub from: f64,
    /// Values within.
    pub count: u64,
}

/// A frequent value.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct FrequentValue {
    /// The value as text, cut after 256 bytes.
    pub value: String,
    /// At least so many occurrences.
    pub count: u64,
}

impl ColumnState {
    /// The summary of this state.
    pub fn summary(&self) -> ColumnSummary {
        let (nan, infinite) = self.not_finite();
        let lengths = matches!(self.kind(), ValueKind::Text | ValueKind::Binary | ValueKind::List);
        let some = |value: f64| value.is_finite().then_some(value);
        let measured = self.moments.count() > 0;
        let of = |number: fn(&Moments) -> f64| measured.then(|| some(number(&self.moments))).flatten();
        let quantiles = self.ranks.quantiles(&SHARES).unwrap_or_default();
        let told = |sketch: &bartizan_stats::sketch::HeavyHitters| {
            let items = sketch.top(TOLD).into_iter();
            items.map(|item| FrequentValue { value: item.value, count: item.lower }).collect::<Vec<_>>()
        };
        ColumnSummary {
            rows: self.rows,
            missing: self.missing,
            distinct: self.distinct(),
            distinct_relative_error: self.distinct_error(),
            nan,
            infinite,
            empty: self.empty,
            measured: if lengths { "lengths" } else { "values" },
            min: self.range.map(|range| range.0),
            max: self.range.map(|range| range.1),
            mean: of(Moments::mean),
            standard_deviation: of(|moments| moments.variance().sqrt()),
            skewness: of(Moments::skewness),
            quantiles: SHARES
                .iter()
                .zip(quantiles)
                .map(|(share, value)| Quantile { share: *share, value })
                .collect(),
            quantile_rank_error: self.ranks.rank_error(),
            histogram: self.histogram(),
            frequent: told(&self.frequent),
            frequent_shortfall: self.frequent.shortfall(),
            shapes: told(&self.shapes),
            shapes_of: self.shapes.total(),
        }
    }

    fn histogram(&self) -> Vec<Bin> {
        let Some((low, high)) = self.ranks.range() else { return Vec::new() };
        let width = (high / BARS as f64) - (low / BARS as f64);
        if width <= 0.0 || !width.is_finite() {
            return vec![Bin { from: low, count: self.ranks.count() }];
        }
        let starts: Vec<f64> = (0..BARS).map(|bar| low + width * bar as f64).collect();
        let counts = self.ranks.histogram(starts.get(1..).unwrap_or_default());
        starts.into_iter().zip(counts).map(|(from, count)| Bin { from, count }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::feed::hash_number;
    use super::super::kind::Parts;
    use super::*;

    #[test]
    fn a_summary_tells_moments_quantiles_and_bars() {
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        let hashes: Vec<u64> = values.iter().map(|value| hash_number(*value)).collect();
        let mut state = ColumnState::new(ValueKind::Integer).unwrap();
        state.add_rows(110, 10);
        state.add_numbers(&values, &hashes, Parts::ALL, |place| place.to_string());
        let summary = state.summary();
        assert_eq!((summary.min, summary.max, summary.mean), (Some(0.0), Some(99.0), Some(49.5)));
        assert_eq!(summary.quantiles[4].value.to_bits(), 49.0_f64.to_bits());
        assert!(summary.histogram.iter().all(|bin| bin.count == 5) && summary.histogram.len() == 20);
        assert!((summary.standard_deviation.unwrap() - 29.011_491_975_882_016).abs() < 1e-12);
    }

    #[test]
    fn an_empty_column_has_no_numbers() {
        let summary = ColumnState::new(ValueKind::Float).unwrap().summary();
        assert_eq!((summary.min, summary.mean, summary.quantiles.len()), (None, None, 0));
    }
}

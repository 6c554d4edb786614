//! How columns of numbers move together: Pearson's r of every pair, from sums that merge.
//!
//! Source: Chan, Golub & LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979), for
//! the merge of co-moments.

use bartizan_core::Cursor;
use bartizan_stats::StatsError;
use bartizan_stats::sketch::finite_range;

/// Most columns that are correlated: 496 pairs.
pub const MOST_CORRELATED: usize = 32;
/// First byte of a written state.
const VERSION: u8 = 1;

/// Co-moments of every pair of some columns, over the rows in which both have a finite value.
#[derive(Debug, Clone, PartialEq)]
pub struct CorrelationState {
    columns: usize,
    pairs: Vec<Co>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Co {
    count: u64,
    mean: [f64; 2],
    square: [f64; 2],
    product: f64,
}

/// The correlation of two columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// Place of the first column.
    pub left: usize,
    /// Place of the second.
    pub right: usize,
    /// Pearson's r, −1 to 1.
    pub r: f64,
    /// Rows it was computed from.
    pub rows: u64,
}

impl CorrelationState {
    /// An empty state for `columns` columns, at most [`MOST_CORRELATED`].
    ///
    /// # Errors
    /// [`StatsError::Domain`] for more.
    pub fn new(columns: usize) -> Result<Self, StatsError> {
        if columns > MOST_CORRELATED {
            return Err(StatsError::Domain {
                subject: "columns",
                value: columns as f64,
                expected: "at most 32",
            });
        }
        let pairs = columns.saturating_mul(columns.saturating_sub(1)) / 2;
        Ok(Self { columns, pairs: vec![Co::default(); pairs] })
    }

    /// Adds a batch: one slice per column, all of the same length, NaN where there is no value.
    pub fn add(&mut self, batch: &[&[f64]]) {
        // A column without gaps has the same mean in every pair, and is taken about it once.
        let length = batch.iter().map(|column| column.len()).min().unwrap_or(0);
        let whole: Vec<Option<Centred>> =
            batch.iter().map(|column| column.get(..length).and_then(Centred::of)).collect();
        let places = (0..self.columns)
            .flat_map(|left| (left.saturating_add(1)..self.columns).map(move |right| (left, right)));
        for (co, (left, right)) in self.pairs.iter_mut().zip(places) {
            let centred = |place: usize| whole.get(place).and_then(Option::as_ref);
            let more = match (centred(left), centred(right), batch.get(left), batch.get(right)) {
                (Some(left), Some(right), ..) => left.beside(right),
                (_, _, Some(left), Some(right)) => Co::of(left, right),
                _ => continue,
            };
            *co = co.merged(&more);
        }
    }

    /// Takes in another state.
    ///
    /// # Errors
    /// [`StatsError::Incompatible`] when the numbers of columns differ.
    pub fn merge(&mut self, other: &Self) -> Result<(), StatsError> {
        if self.columns != other.columns {
            return Err(StatsError::Incompatible { subject: "correlation" });
        }
        self.pairs.iter_mut().zip(&other.pairs).for_each(|(mine, theirs)| *mine = mine.merged(theirs));
        Ok(())
    }

    /// Every pair with a defined correlation, by place.
    pub fn pairs(&self) -> Vec<Pair> {
        let places = (0..self.columns)
            .flat_map(|left| (left.saturating_add(1)..self.columns).map(move |right| (left, right)));
        self.pairs
            .iter()
            .zip(places)
            .filter_map(|(co, (left, right))| {
                let r = co.product / (co.square.first()? * co.square.last()?).sqrt();
                r.is_finite().then(|| Pair { left, right, r: r.clamp(-1.0, 1.0), rows: co.count })
            })
            .collect()
    }

    /// The state in bytes: version, columns, then count, means, squares and product of every pair.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION, self.columns as u8];
        for co in &self.pairs {
            bytes.extend(co.count.to_le_bytes());
            for number in co.mean.iter().chain(&co.square).chain([&co.product]) {
                bytes.extend(number.to_le_bytes());
            }
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote; `None` for anything else, whatever the bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let [version, columns] = cursor.array::<2>().ok()?;
        let mut state = Self::new(usize::from(columns)).ok()?;
        for co in &mut state.pairs {
            co.count = u64::from_le_bytes(cursor.array().ok()?);
            for number in co.mean.iter_mut().chain(&mut co.square).chain([&mut co.product]) {
                *number = f64::from_le_bytes(cursor.array().ok()?);
            }
        }
        (version == VERSION && cursor.is_at_end()).then_some(state)
    }
}

/// A column of a batch less its mean.
struct Centred {
    mean: f64,
    square: f64,
    values: Vec<f64>,
}

impl Centred {
    /// Nothing for a column that has gaps.
    fn of(column: &[f64]) -> Option<Self> {
        finite_range(column)?;
        let mean = column.iter().sum::<f64>() / column.len() as f64;
        let values: Vec<f64> = column.iter().map(|value| value - mean).collect();
        Some(Self { mean, square: product(&values, &values), values })
    }

    fn beside(&self, other: &Self) -> Co {
        Co {
            count: self.values.len() as u64,
            mean: [self.mean, other.mean],
            square: [self.square, other.square],
            product: product(&self.values, &other.values),
        }
    }
}

/// Σ left · right, in sums that run side by side.
fn product(left: &[f64], right: &[f64]) -> f64 {
    const LANES: usize = 8;
    let ((left, left_rest), (right, right_rest)) = (left.as_chunks::<LANES>(), right.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (left, right) in left.iter().zip(right) {
        for ((sum, a), b) in sums.iter_mut().zip(left).zip(right) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f64>() + left_rest.iter().zip(right_rest).map(|(a, b)| a * b).sum::<f64>()
}

impl Co {
    fn of(left: &[f64], right: &[f64]) -> Self {
        let both = || left.iter().zip(right).filter(|(a, b)| a.is_finite() && b.is_finite());
        let (mut count, mut a, mut b) = (0_u64, 0.0, 0.0);
        for (x, y) in both() {
            count = count.saturating_add(1);
            a += x;
            b += y;
        }
        if count == 0 {
            return Self::default();
        }
        let mean = [a / count as f64, b / count as f64];
        let [first, second] = mean;
        let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
        for (x, y) in both() {
            let (dx, dy) = (x - first, y - second);
            xx += dx * dx;
            yy += dy * dy;
            xy += dx * dy;
        }
        Self { count, mean, square: [xx, yy], product: xy }
    }

    fn merged(&self, other: &Self) -> Self {
        if self.count == 0 {
            return *other;
        }
        if other.count == 0 {
            return *self;
        }
        let (n, m) = (self.count as f64, other.count as f64);
        let total = n + m;
        let ([left, right], [other_left, other_right]) = (self.mean, other.mean);
        let (da, db) = (other_left - left, other_right - right);
        let scale = n * m / total;
        let ([xx, yy], [ox, oy]) = (self.square, other.square);
        Self {
            count: self.count.saturating_add(other.count),
            mean: [left + da * m / total, right + db * m / total],
            square: [xx + ox + da * da * scale, yy + oy + db * db * scale],
            product: self.product + other.product + da * db * scale,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlations_of_parts_are_those_of_the_whole() {
        let a: Vec<f64> = (0..100).map(|i| f64::from(i * 7 % 31)).collect();
        let b: Vec<f64> = a.iter().zip(0..).map(|(v, i)| 2.0 * v + f64::from(i % 5)).collect();
        let c: Vec<f64> = a.iter().map(|v| -v).collect();
        let mut whole = CorrelationState::new(3).unwrap();
        whole.add(&[&a, &b, &c]);
        let mut parts = CorrelationState::new(3).unwrap();
        for range in [0..40, 40..100] {
            let mut part = CorrelationState::new(3).unwrap();
            part.add(&[&a[range.clone()], &b[range.clone()], &c[range]]);
            parts.merge(&CorrelationState::from_bytes(&part.to_bytes()).unwrap()).unwrap();
        }
        for (one, two) in whole.pairs().iter().zip(parts.pairs()) {
            assert!((one.r - two.r).abs() < 1e-12 && one.rows == two.rows);
        }
        assert!((whole.pairs()[1].r + 1.0).abs() < 1e-12);
        assert!(CorrelationState::from_bytes(&whole.to_bytes()[1..]).is_none());
    }

    #[test]
    fn columns_with_and_without_gaps_agree() {
        let whole: Vec<f64> = (0..41).map(|i| f64::from(i * 17 % 29)).collect();
        let other: Vec<f64> = (0..41).map(|i| f64::from(i * 11 % 23) * 0.25).collect();
        let (mut quick, mut slow) = (CorrelationState::new(2).unwrap(), CorrelationState::new(2).unwrap());
        quick.add(&[&whole, &other]);
        let gap = |values: &[f64]| values.iter().copied().chain([f64::NAN]).collect::<Vec<f64>>();
        slow.add(&[&gap(&whole), &gap(&other)]);
        let (quick, slow) = (quick.pairs()[0], slow.pairs()[0]);
        assert!((quick.r - slow.r).abs() < 1e-12 && quick.rows == 41 && slow.rows == 41);
    }

    #[test]
    fn rows_without_a_value_are_left_out_and_constants_have_no_correlation() {
        let mut state = CorrelationState::new(2).unwrap();
        state.add(&[&[1.0, f64::NAN, 3.0], &[1.0, 5.0, 2.0]]);
        assert_eq!(state.pairs()[0].rows, 2);
        let mut flat = CorrelationState::new(2).unwrap();
        flat.add(&[&[1.0, 1.0], &[1.0, 2.0]]);
        assert!(flat.pairs().is_empty());
        assert!(CorrelationState::new(33).is_err());
    }
}

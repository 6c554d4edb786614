//! Members of the default detector that judge a row as a whole: distance to small samples, and to the middle of all rows.

use super::Table;
use super::robust::quantile_sorted;
use crate::Random;
use crate::spectral::{covariance, symmetric_eigen};
use rayon::prelude::*;
use rten_simd::{Isa, SimdOp};

/// Samples drawn, and rows in each.
const ROUNDS: usize = 100;
const SAMPLE: usize = 16;
/// Rows that ask one sample after the other, so that a sample stays in the nearest cache meanwhile.
const TOGETHER: usize = 256;
/// Eigenvalues are at least this share of the largest, so that nearly dependent columns do not decide alone.
const FLOOR: f64 = 1e-3;
/// More columns than this are not compared by their covariance, whose cost grows with their cube.
const COMPARED: usize = 256;

/// Mean distance of every row to the nearest row of small random samples, itself left out; shape `(rows,)`.
///
/// Small samples see clusters of strange rows, which hide each other from nearest neighbours among all rows.
/// O(rows · columns · 1,600) time. Scale the columns first.
///
/// Source: Pang, Ting & Albrecht, "LeSiNN: Detecting Anomalies by Identifying Least Similar Nearest Neighbours", ICDMW 2015.
pub fn sample_distances(table: &Table<'_>, seed: u64) -> Vec<f64> {
    let size = SAMPLE.min(table.rows().saturating_sub(1));
    let samples: Vec<Block> = (0..ROUNDS)
        .map(|round| Block::of(table, Random::stream(seed, round as u64).choose(table.rows(), size)))
        .collect();
    let mut means = vec![0.0; table.rows()];
    means.par_chunks_mut(TOGETHER).enumerate().for_each(|(chunk, totals)| {
        Nearest { table, samples: &samples, start: chunk * TOGETHER, totals }.dispatch();
    });
    means
}

/// A sample, its rows side by side, column after column.
struct Block {
    rows: Vec<usize>,
    values: Vec<[f64; SAMPLE]>,
}

impl Block {
    fn of(table: &Table<'_>, rows: Vec<usize>) -> Self {
        let mut values = vec![[0.0; SAMPLE]; table.columns()];
        for (lane, row) in rows.iter().enumerate() {
            for (places, value) in values.iter_mut().zip(table.row(*row)) {
                places[lane] = *value;
            }
        }
        Self { rows, values }
    }
}

/// Adds to `totals`, those of the rows from `start` on, a share of the distance to the nearest row of each sample.
struct Nearest<'a> {
    table: &'a Table<'a>,
    samples: &'a [Block],
    start: usize,
    totals: &'a mut [f64],
}

impl SimdOp for Nearest<'_> {
    type Output = ();

    // Compiled for the widest registers that the processor has; the same bits on all of them, as lanes are not added to each other.
    #[expect(clippy::inline_always, reason = "what is not inlined is not compiled for those registers")]
    #[inline(always)]
    fn eval<I: Isa>(self, _: I) {
        for sample in self.samples {
            for (index, total) in (self.start..).zip(&mut *self.totals) {
                let mut squares = [0.0_f64; SAMPLE];
                for (value, others) in self.table.row(index).iter().zip(&sample.values) {
                    for (square, other) in squares.iter_mut().zip(others) {
                        let apart = value - other;
                        *square += apart * apart;
                    }
                }
                let others = squares.iter().zip(&sample.rows).filter(|(_, other)| **other != index);
                let least = others.map(|(square, _)| *square).fold(f64::INFINITY, f64::min);
                *total += if least.is_finite() { least.sqrt() } else { 0.0 };
            }
        }
        for total in &mut *self.totals {
            *total /= ROUNDS as f64;
        }
    }
}

/// Squared Mahalanobis distance of every row to the mean, eigenvalues of the covariance floored; shape `(rows,)`. Nothing
/// for more than 256 columns. Scale the columns first. O(rows · columns² + columns³) time.
///
/// Source: Mahalanobis (1936); the floor is a plain regularisation.
pub fn elliptic_distances(table: &Table<'_>) -> Option<Vec<f64>> {
    let columns = table.columns();
    if columns > COMPARED {
        return None;
    }
    let (mean, matrix) = covariance(table);
    let (values, vectors) = symmetric_eigen(&matrix, columns);
    let least = values.first().copied().unwrap_or(0.0) * FLOOR;
    let distance = |index: usize| {
        let centred: Vec<f64> =
            table.row(index).iter().zip(&mean).map(|(value, mean)| value - mean).collect();
        let along = |(vector, value): (&[f64], &f64)| {
            let part: f64 = vector.iter().zip(&centred).map(|(a, b)| a * b).sum();
            part * part / value.max(least).max(f64::MIN_POSITIVE)
        };
        vectors.chunks_exact(columns).zip(&values).map(along).sum()
    };
    Some((0..table.rows()).into_par_iter().map(distance).collect())
}

/// The columns that vary, each less its mean over its standard deviation; row-major, and how many there are.
pub fn standardised(table: &Table<'_>) -> (Vec<f64>, usize) {
    scaled(table, |column| {
        let n = column.len() as f64;
        let mean = column.iter().sum::<f64>() / n;
        let deviation = (column.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt();
        (deviation > 0.0).then(|| column.iter().map(|value| (value - mean) / deviation).collect())
    })
}

/// The columns that vary, each less its median over its quartiles' distance (as of a normal law; the standard deviation
/// where that is none), pulled in by asinh, which is linear near the middle and a logarithm far out.
pub fn pulled_in(table: &Table<'_>) -> (Vec<f64>, usize) {
    const NORMAL_QUARTILES: f64 = 1.349;
    scaled(table, |column| {
        let mut sorted = column.to_vec();
        sorted.sort_by(f64::total_cmp);
        let middle = quantile_sorted(&sorted, 0.5);
        let spread = quantile_sorted(&sorted, 0.75) - quantile_sorted(&sorted, 0.25);
        let n = column.len() as f64;
        let mean = column.iter().sum::<f64>() / n;
        let deviation = (column.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt();
        let scale = if spread > 1e-12 * deviation { spread / NORMAL_QUARTILES } else { deviation };
        (scale > 0.0).then(|| column.iter().map(|value| ((value - middle) / scale).asinh()).collect())
    })
}

fn scaled(table: &Table<'_>, scale: impl Fn(&[f64]) -> Option<Vec<f64>> + Sync) -> (Vec<f64>, usize) {
    let columns: Vec<Vec<f64>> =
        (0..table.columns()).into_par_iter().filter_map(|index| scale(&table.column(index))).collect();
    let values = (0..table.rows()).flat_map(|row| columns.iter().map(move |column| column[row])).collect();
    (values, columns.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_far_cluster_is_far_although_its_rows_are_near_each_other() {
        let mut random = Random::new(2);
        let mut values: Vec<f64> = (0..400).map(|_| random.normal()).collect();
        values.extend([8.0, 8.0, 8.1, 8.0, 8.0, 8.1, 8.1, 8.1]);
        let table = Table::new(&values, 2).unwrap();
        let scores = sample_distances(&table, 3);
        assert!(scores[..200].iter().all(|score| *score < scores[200]));
    }

    #[test]
    fn the_elliptic_distance_of_uncorrelated_columns_is_the_sum_of_squares() {
        let values = [1.0, 1.0, -1.0, 1.0, 1.0, -1.0, -1.0, -1.0];
        let table = Table::new(&values, 2).unwrap();
        assert!(elliptic_distances(&table).unwrap().iter().all(|distance| (distance - 2.0).abs() < 1e-9));
    }

    #[test]
    fn constant_columns_are_left_out_and_far_values_pulled_in() {
        let values = [0.0, 7.0, 1.0, 7.0, 2.0, 7.0, 3.0, 7.0, 1e9, 7.0];
        let table = Table::new(&values, 2).unwrap();
        assert_eq!(standardised(&table).1, 1);
        let (values, columns) = pulled_in(&table);
        assert_eq!(columns, 1);
        assert!(values[0] < values[1] && values[4] > 10.0 && values[4] < 30.0);
    }
}

//! Outlier scores from the empirical distribution of every column: fast, without parameters, and explained per column.
//!
//! Source: Li, Zhao, Hu, Botta, Ionescu & Chen, "ECOD: Unsupervised Outlier Detection Using Empirical Cumulative
//! Distribution Functions", TKDE 2022.

use super::Table;
use rayon::prelude::*;

/// −ln of the share of rows at most, and at least, each value of a column.
fn column_tails(column: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let n = column.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| column[*a].total_cmp(&column[*b]));
    let (mut left, mut right) = (vec![0.0; n], vec![0.0; n]);
    let mut start = 0;
    while start < n {
        let value = column[order[start]];
        let end = start + order[start..].iter().take_while(|i| column[**i] <= value).count();
        for index in &order[start..end] {
            left[*index] = -(end as f64 / n as f64).ln();
            right[*index] = -((n - start) as f64 / n as f64).ln();
        }
        start = end;
    }
    (left, right)
}

/// The third standardised moment, 0 for a constant column.
fn skewness(column: &[f64]) -> f64 {
    let n = column.len() as f64;
    let mean = column.iter().sum::<f64>() / n;
    let second = column.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    let third = column.iter().map(|v| (v - mean).powi(3)).sum::<f64>() / n;
    if second > 0.0 { third / second.powf(1.5) } else { 0.0 }
}

/// ECOD: the largest of Σ left tails, Σ right tails and Σ tails on the skewed side, in nats; shape `(rows,)`.
pub fn empirical_cumulative_outlier(table: &Table<'_>) -> Vec<f64> {
    let columns: Vec<(Vec<f64>, Vec<f64>, f64)> = (0..table.columns())
        .into_par_iter()
        .map(|index| {
            let column = table.column(index);
            let (left, right) = column_tails(&column);
            (left, right, skewness(&column))
        })
        .collect();
    let score = |row: usize| {
        let (mut left, mut right, mut skewed) = (0.0, 0.0, 0.0);
        for (l, r, skewness) in &columns {
            left += l[row];
            right += r[row];
            skewed += if *skewness < 0.0 { l[row] } else { r[row] };
        }
        f64::max(skewed, f64::max(left, right))
    };
    (0..table.rows()).map(score).collect()
}

/// Surprise of every cell on both sides, row-major `(rows, 2·columns)`: max(0, −ln 2·P(X ≤ x)) and max(0, −ln 2·P(X ≥ x)),
/// in nats, side by side per column. At most one of the two is positive.
pub fn sided_surprise(table: &Table<'_>) -> Vec<f64> {
    let half = |tail: f64| (tail - std::f64::consts::LN_2).max(0.0);
    let columns: Vec<Vec<[f64; 2]>> = (0..table.columns())
        .into_par_iter()
        .map(|index| {
            let (left, right) = column_tails(&table.column(index));
            left.into_iter().zip(right).map(|(l, r)| [half(l), half(r)]).collect()
        })
        .collect();
    (0..table.rows()).flat_map(|row| columns.iter().flat_map(move |column| column[row])).collect()
}

/// Two-sided tail surprise of every cell, row-major as the table: max(0, −ln 2·min(P(X ≤ x), P(X ≥ x))), in nats.
///
/// A row's cells say which columns made its score.
pub fn tail_surprise(table: &Table<'_>) -> Vec<f64> {
    sided_surprise(table).chunks_exact(2).map(|sides| sides[0].max(sides[1])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extreme_row_is_the_most_surprising() {
        let values: Vec<f64> = (0..99).map(f64::from).chain([1e6]).collect();
        let table = Table::new(&values, 1).unwrap();
        assert!((tail_surprise(&table)[99] - 50.0_f64.ln()).abs() < 1e-12);
        assert!((empirical_cumulative_outlier(&table)[99] - 100.0_f64.ln()).abs() < 1e-12);
    }
}

//! The default detector, and how scores of different kinds are joined.

use super::{Table, sided_surprise};
use crate::spectral::leading_direction;

/// Mid-ranks of scores divided by their number, in (0, 1]; ties share their mean rank.
pub fn mid_ranks(scores: &[f64]) -> Vec<f64> {
    let n = scores.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    let mut ranks = vec![0.0; n];
    let mut start = 0;
    while start < n {
        let value = scores[order[start]];
        let end = start + order[start..].iter().take_while(|i| scores[**i] <= value).count().max(1);
        let rank = f64::midpoint((start + 1) as f64, end as f64) / n as f64;
        order[start..end].iter().for_each(|index| ranks[*index] = rank);
        start = end;
    }
    ranks
}

/// The weighted mean of the mid-ranks of several scores of the same rows; scores need no common scale.
pub fn average_ranks(scores: &[(&[f64], f64)]) -> Vec<f64> {
    let rows = scores.iter().map(|(s, _)| s.len()).min().unwrap_or(0);
    let total: f64 = scores.iter().map(|(_, weight)| weight).sum();
    let mut mean = vec![0.0; rows];
    for (score, weight) in scores {
        for (to, rank) in mean.iter_mut().zip(mid_ranks(score)) {
            *to += rank * weight / total;
        }
    }
    mean
}

/// Rows that are surprising where surprise comes together: the default detector. Shape `(rows,)`, in nats.
///
/// Each cell gives two numbers, its surprise on the left and on the right ([`sided_surprise`]), both in nats and so on
/// one scale; every row is projected on the leading direction of their uncentred second-moment matrix, the one-factor
/// model of surprise. By Perron–Frobenius that direction has no negative part, so a surprising cell counts for, never
/// against; sides and columns whose surprise is shared by others count more than those that are odd by themselves. No
/// parameter and no seed, unchanged by monotone maps of a column; O(rows · columns · (log rows + columns)).
///
/// Sources: the tails are ECOD's (Li et al. 2022); the one-factor weighting of both sides is our own.
pub fn surprise(table: &Table<'_>) -> Vec<f64> {
    let cells = sided_surprise(table);
    let width = 2 * table.columns();
    let direction = leading_direction(&cells, width);
    cells.chunks_exact(width).map(|row| row.iter().zip(&direction).map(|(a, b)| a * b.abs()).sum()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_their_rank() {
        let ranks = mid_ranks(&[2.0, 1.0, 2.0, 5.0]);
        assert!(ranks.iter().zip([0.625, 0.25, 0.625, 1.0]).all(|(a, b)| (a - b).abs() < 1e-15));
    }

    #[test]
    fn a_row_odd_in_shared_columns_leads() {
        let mut values: Vec<f64> =
            (0..200).flat_map(|i| [f64::from(i % 17), f64::from(i % 13), f64::from(i % 7)]).collect();
        values.extend([40.0, 30.0, 3.0]);
        let scores = surprise(&Table::new(&values, 3).unwrap());
        assert!(scores[..200].iter().all(|s| *s < scores[200]));
    }
}

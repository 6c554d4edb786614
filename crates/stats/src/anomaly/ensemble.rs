//! The default detector, and how scores of different kinds are joined.

use super::{
    Table, elliptic_distances, oblique_isolation, pulled_in, sample_distances, sided_surprise, standardised,
};
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

/// Weight of the tails, the one member that judges cell by cell, beside the three that judge a row as a whole.
const TAILS: f64 = 2.0;
/// How many standard deviations a member may speak for or against a row.
const LOUDEST: f64 = 4.0;

/// How strange every row is, by four witnesses of different kinds: the default detector. Shape `(rows,)`, no unit.
///
/// The weighted mean of their standard scores, held within four standard deviations so that none outvotes the others:
/// tails of single columns ([`surprise`], weight 2), isolation by oblique cuts and distance to small samples (both on
/// columns pulled in by asinh), and the elliptic distance on standardised columns. The same for the same `seed`, whatever
/// the number of threads. O(rows · columns · (2,500 + columns)) time, O(rows · columns) memory: linear in the rows.
///
/// Sources: those of the members; taking standard scores of different kinds together follows Aggarwal & Sathe,
/// *Outlier Ensembles* (2017), ch. 5.
pub fn strangeness(table: &Table<'_>, seed: u64) -> Vec<f64> {
    let mut total = vec![0.0; table.rows()];
    let mut add = |scores: &[f64], weight: f64| {
        for (to, score) in total.iter_mut().zip(standard_scores(scores)) {
            *to += weight * score;
        }
    };
    add(&surprise(table), TAILS);
    let (pulled, columns) = pulled_in(table);
    if let Ok(pulled) = Table::new(&pulled, columns) {
        add(&oblique_isolation(&pulled, seed), 1.0);
        add(&sample_distances(&pulled, seed), 1.0);
    }
    let (standard, columns) = standardised(table);
    if let Some(distances) = Table::new(&standard, columns).ok().as_ref().and_then(elliptic_distances) {
        add(&distances, 1.0);
    }
    total
}

/// Scores less their mean over their standard deviation, within ±[`LOUDEST`]; zeros where all are the same.
fn standard_scores(scores: &[f64]) -> Vec<f64> {
    let n = scores.len().max(1) as f64;
    let mean = scores.iter().sum::<f64>() / n;
    let deviation = (scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / n).sqrt();
    let standard = |score: &f64| {
        if deviation > 0.0 { ((score - mean) / deviation).clamp(-LOUDEST, LOUDEST) } else { 0.0 }
    };
    scores.iter().map(standard).collect()
}

/// Rows that are surprising where surprise comes together. Shape `(rows,)`, in nats.
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
    fn rows_strange_by_tail_by_correlation_and_by_distance_lead() {
        let mut random = crate::Random::new(11);
        let mut values = Vec::new();
        for _ in 0..500 {
            let shared = random.normal();
            values.extend([shared, shared + 0.1 * random.normal(), random.normal()]);
        }
        values.extend([0.0, 0.0, 9.0, 2.0, -2.0, 0.0, 5.0, 5.0, 5.0]);
        let table = Table::new(&values, 3).unwrap();
        let scores = strangeness(&table, 1);
        for strange in 500..503 {
            assert!(
                scores[..500].iter().filter(|score| **score >= scores[strange]).count() <= 5,
                "{strange}"
            );
        }
        let single = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(single.install(|| strangeness(&table, 1)), scores);
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

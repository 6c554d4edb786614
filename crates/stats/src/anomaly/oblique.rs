//! Isolation by oblique cuts: a forest whose cuts may run aslant, so that rows off a correlation are parted early, too.
//!
//! Source: Hariri, Carrasco Kind & Brunner, "Extended Isolation Forest", TKDE 33 (2021), algorithms 1–3. Each tree draws
//! from its own stream of the seed.

use super::Table;
use super::forest::mean_depth;
use crate::Random;
use rayon::prelude::*;

/// Trees of the forest.
const TREES: usize = 100;
/// Rows a tree is grown from.
const SAMPLE: usize = 256;
/// Most columns that one cut joins; more would cost without telling more.
const JOINED: usize = 64;

enum Node {
    /// Rows whose sum of `normal` times their columns is below `at` go left, to the next node.
    Cut {
        normal: Vec<(usize, f64)>,
        at: f64,
        right: usize,
    },
    Leaf {
        depth: f64,
    },
}

/// 2^(−mean depth / expected depth) per row, in (0, 1). The columns should be of one scale.
///
/// O(rows · columns · trees · log sample) time.
pub fn oblique_isolation(table: &Table<'_>, seed: u64) -> Vec<f64> {
    let sample = SAMPLE.min(table.rows());
    let limit = (sample.max(2) as f64).log2().ceil() as usize;
    let trees: Vec<Vec<Node>> = (0..TREES)
        .into_par_iter()
        .map(|index| {
            let mut random = Random::stream(seed, index as u64);
            let mut rows = random.choose(table.rows(), sample);
            let mut nodes = Vec::with_capacity(2 * sample);
            grow(table, &mut rows, 0, limit, &mut random, &mut nodes);
            nodes
        })
        .collect();
    let expected = mean_depth(sample).max(f64::MIN_POSITIVE);
    let score = |index: usize| {
        let row = table.row(index);
        let total: f64 = trees.iter().map(|tree| depth(tree, row)).sum();
        (-total / TREES as f64 / expected).exp2()
    };
    (0..table.rows()).into_par_iter().map(score).collect()
}

fn along(normal: &[(usize, f64)], row: &[f64]) -> f64 {
    normal.iter().map(|(column, weight)| row[*column] * weight).sum()
}

fn depth(tree: &[Node], row: &[f64]) -> f64 {
    let mut place = 0;
    while let Some(node) = tree.get(place) {
        match node {
            Node::Leaf { depth } => return *depth,
            Node::Cut { normal, at, right } => {
                place = if along(normal, row) < *at { place + 1 } else { *right };
            }
        }
    }
    0.0
}

/// Appends the subtree over `rows`; recursion is bounded by `limit` ≤ log₂ of the sample + 1.
fn grow(
    table: &Table<'_>,
    rows: &mut [usize],
    level: usize,
    limit: usize,
    random: &mut Random,
    nodes: &mut Vec<Node>,
) {
    let place = nodes.len();
    nodes.push(Node::Leaf { depth: level as f64 + mean_depth(rows.len()) });
    if level >= limit || rows.len() <= 1 {
        return;
    }
    // A normal of normal deviates has every direction alike; the cut goes through a point of the rows' box.
    let mut normal = Vec::new();
    let mut at = 0.0;
    for column in random.choose(table.columns(), JOINED) {
        let (low, high) = rows.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), row| {
            let value = table.row(*row)[column];
            (low.min(value), high.max(value))
        });
        let weight = random.normal();
        at += weight * (low + random.uniform() * (high - low));
        normal.push((column, weight));
    }
    let mut split = 0;
    for index in 0..rows.len() {
        if along(&normal, table.row(rows[index])) < at {
            rows.swap(split, index);
            split += 1;
        }
    }
    let (left, right) = rows.split_at_mut(split);
    grow(table, left, level + 1, limit, random, nodes);
    nodes[place] = Node::Cut { normal, at, right: nodes.len() };
    grow(table, right, level + 1, limit, random, nodes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_off_a_correlation_is_parted_early() {
        let mut random = Random::new(5);
        let mut values: Vec<f64> = (0..500)
            .flat_map(|_| {
                let shared = random.normal();
                [shared, shared + 0.05 * random.normal()]
            })
            .collect();
        values.extend([1.6, -1.6]);
        let table = Table::new(&values, 2).unwrap();
        let scores = oblique_isolation(&table, 1);
        assert!(scores[..500].iter().filter(|score| **score >= scores[500]).count() <= 2);
        assert_eq!(scores, oblique_isolation(&table, 1));
    }
}

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
/// Rows that walk down a tree side by side: what one waits for hides behind the others.
const SIDE: usize = 8;
/// Rows that ask one tree after the other, so that a tree stays in the nearest cache meanwhile.
const TOGETHER: usize = 1_024;

/// 2^(−mean depth / expected depth) per row, in (0, 1). The columns should be of one scale.
///
/// O(rows · columns · trees · log sample) time.
pub fn oblique_isolation(table: &Table<'_>, seed: u64) -> Vec<f64> {
    let sample = SAMPLE.min(table.rows());
    let limit = (sample.max(2) as f64).log2().ceil() as usize;
    let trees: Vec<Tree> = (0..TREES)
        .into_par_iter()
        .map(|index| Tree::grown(table, sample, limit, &mut Random::stream(seed, index as u64)))
        .collect();
    let expected = mean_depth(sample).max(f64::MIN_POSITIVE);
    let mut scores = vec![0.0; table.rows()];
    scores.par_chunks_mut(TOGETHER).enumerate().for_each(|(chunk, totals)| {
        let start = chunk * TOGETHER;
        trees.iter().for_each(|tree| tree.add_depths(table, start, limit, totals));
        for total in totals {
            *total = (-*total / TREES as f64 / expected).exp2();
        }
    });
    scores
}

/// A tree, node after node in arrays. Rows whose sum of weights times columns is below `at` go to the first of `next`, others to the
/// second; a leaf leads to itself, so that all rows take the same number of steps.
struct Tree {
    /// Weights of a node: one for each column, or for each of [`JOINED`] where there are more.
    width: usize,
    weights: Vec<f64>,
    /// The columns that the weights are of; none where they are all in order.
    columns: Vec<usize>,
    at: Vec<f64>,
    next: Vec<[usize; 2]>,
    depths: Vec<f64>,
}

impl Tree {
    fn grown(table: &Table<'_>, sample: usize, limit: usize, random: &mut Random) -> Self {
        let mut rows = random.choose(table.rows(), sample);
        let mut tree = Self {
            width: table.columns().min(JOINED),
            weights: Vec::new(),
            columns: Vec::new(),
            at: Vec::new(),
            next: Vec::new(),
            depths: Vec::new(),
        };
        tree.grow(table, &mut rows, 0, limit, random);
        tree
    }

    /// Appends the subtree over `rows`; recursion is bounded by `limit` ≤ log₂ of the sample + 1.
    fn grow(
        &mut self,
        table: &Table<'_>,
        rows: &mut [usize],
        level: usize,
        limit: usize,
        random: &mut Random,
    ) {
        let place = self.next.len();
        let (first, width) = (self.weights.len(), self.width);
        self.weights.resize(first + width, 0.0);
        if table.columns() > JOINED {
            self.columns.resize(first + width, 0);
        }
        self.at.push(0.0);
        self.next.push([place; 2]);
        self.depths.push(level as f64 + mean_depth(rows.len()));
        if level >= limit || rows.len() <= 1 {
            return;
        }
        // A normal of normal deviates has every direction alike; the cut goes through a point of the rows' box.
        for (index, column) in random.choose(table.columns(), JOINED).into_iter().enumerate() {
            let (low, high) = rows.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), row| {
                let value = table.row(*row)[column];
                (low.min(value), high.max(value))
            });
            let weight = random.normal();
            self.at[place] += weight * (low + random.uniform() * (high - low));
            if self.columns.is_empty() {
                self.weights[first + column] = weight;
            } else {
                self.weights[first + index] = weight;
                self.columns[first + index] = column;
            }
        }
        let mut split = 0;
        for index in 0..rows.len() {
            if self.along(place, table.row(rows[index])) < self.at[place] {
                rows.swap(split, index);
                split += 1;
            }
        }
        let (left, right) = rows.split_at_mut(split);
        self.grow(table, left, level + 1, limit, random);
        self.next[place] = [place + 1, self.next.len()];
        self.grow(table, right, level + 1, limit, random);
    }

    /// The sum of weights times columns, in four lanes.
    fn along(&self, node: usize, row: &[f64]) -> f64 {
        let places = node * self.width..(node + 1) * self.width;
        let weights = &self.weights[places.clone()];
        if !self.columns.is_empty() {
            return weights
                .iter()
                .zip(&self.columns[places])
                .map(|(weight, column)| row[*column] * weight)
                .sum();
        }
        let mut sums = [0.0; 4];
        let ((weights, last), (values, rest)) = (weights.as_chunks::<4>(), row.as_chunks::<4>());
        for (weights, values) in weights.iter().zip(values) {
            for ((sum, weight), value) in sums.iter_mut().zip(weights).zip(values) {
                *sum += weight * value;
            }
        }
        for ((sum, weight), value) in sums.iter_mut().zip(last).zip(rest) {
            *sum += weight * value;
        }
        sums[0] + sums[1] + (sums[2] + sums[3])
    }

    /// Adds to `totals`, those of the rows from `start` on, how deep each comes to lie.
    fn add_depths(&self, table: &Table<'_>, start: usize, limit: usize, totals: &mut [f64]) {
        for (block, totals) in totals.chunks_mut(SIDE).enumerate() {
            let start = start + block * SIDE;
            let mut rows = [table.row(start); SIDE];
            rows.iter_mut().zip(start..start + totals.len()).for_each(|(row, at)| *row = table.row(at));
            let mut nodes = [0_usize; SIDE];
            for _ in 0..limit {
                for (row, node) in rows.iter().zip(&mut nodes) {
                    let right = usize::from(self.along(*node, row) >= self.at[*node]);
                    *node = self.next[*node][right];
                }
            }
            for (total, node) in totals.iter_mut().zip(nodes) {
                *total += self.depths[node];
            }
        }
    }
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

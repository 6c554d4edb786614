//! Isolation forest: rows that random cuts separate early are unusual.
//!
//! Source: Liu, Ting & Zhou, "Isolation Forest", ICDM 2008, algorithms 1–3. Each tree draws from its own stream of
//! the seed, so the forest is the same whatever the number of threads.

use super::Table;
use crate::{Random, StatsError};
use rayon::prelude::*;

/// Size of the forest; the defaults are the paper's ψ = 256 with more trees than its 100 to steady the scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct IsolationForestSettings {
    /// Trees.
    pub trees: usize,
    /// Rows each tree is grown from (ψ).
    pub sample: usize,
    /// Fixes every cut.
    pub seed: u64,
}

impl Default for IsolationForestSettings {
    fn default() -> Self {
        Self { trees: 300, sample: 256, seed: 0x0B4B_1A2A }
    }
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
enum Node {
    Cut { column: u32, at: f64, right: u32 },
    Leaf { depth: f64 },
}

/// A grown forest.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct IsolationForest {
    trees: Vec<Vec<Node>>,
    expected_depth: f64,
    columns: usize,
}

/// c(n) = 2 H(n−1) − 2 (n−1)/n: mean depth of an unsuccessful search in a tree of n keys (equation 1).
pub(super) fn mean_depth(n: usize) -> f64 {
    match n {
        0 | 1 => 0.0,
        2 => 1.0,
        _ => {
            let n = n as f64;
            2.0 * ((n - 1.0).ln() + 0.577_215_664_901_532_9) - 2.0 * (n - 1.0) / n
        }
    }
}

impl IsolationForest {
    /// Grows a forest over `table`.
    ///
    /// # Errors
    /// [`StatsError::Domain`] when a setting is 0.
    pub fn grow(table: &Table<'_>, settings: IsolationForestSettings) -> Result<Self, StatsError> {
        if settings.trees == 0 || settings.sample < 2 {
            let expected = "one tree or more of two rows or more";
            return Err(StatsError::Domain {
                subject: "forest size",
                value: settings.trees as f64,
                expected,
            });
        }
        let sample = settings.sample.min(table.rows());
        let limit = (sample.max(2) as f64).log2().ceil() as usize;
        let grow = |index: usize| {
            let mut random = Random::stream(settings.seed, index as u64);
            let mut rows = random.choose(table.rows(), sample);
            let mut nodes = Vec::with_capacity(2 * sample);
            grow_node(table, &mut rows, 0, limit, &mut random, &mut nodes);
            nodes
        };
        let trees = (0..settings.trees).into_par_iter().map(grow).collect();
        Ok(Self {
            trees,
            expected_depth: mean_depth(sample).max(f64::MIN_POSITIVE),
            columns: table.columns(),
        })
    }

    /// s(x) = 2^(−E\[h(x)\] / c(ψ)) per row, in (0, 1); about ½ where nothing stands out.
    ///
    /// # Errors
    /// [`StatsError::ShapeMismatch`] when the columns are not those the forest was grown over.
    pub fn score(&self, table: &Table<'_>) -> Result<Vec<f64>, StatsError> {
        if table.columns() != self.columns {
            let (expected, found) = (self.columns, table.columns());
            return Err(StatsError::ShapeMismatch { subject: "table columns", expected, found });
        }
        let score = |index: usize| {
            let row = table.row(index);
            let total: f64 = self.trees.iter().map(|tree| depth(tree, row)).sum();
            (-total / self.trees.len() as f64 / self.expected_depth).exp2()
        };
        Ok((0..table.rows()).into_par_iter().map(score).collect())
    }
}

fn depth(tree: &[Node], row: &[f64]) -> f64 {
    let mut at = 0;
    while let Some(node) = tree.get(at) {
        match node {
            Node::Leaf { depth } => return *depth,
            Node::Cut { column, at: cut, right } => {
                at = if row[*column as usize] < *cut { at + 1 } else { *right as usize };
            }
        }
    }
    0.0
}

/// Appends the subtree over `rows`; recursion is bounded by `limit` ≤ log₂ ψ + 1.
fn grow_node(
    table: &Table<'_>,
    rows: &mut [usize],
    level: usize,
    limit: usize,
    random: &mut Random,
    nodes: &mut Vec<Node>,
) {
    let leaf = Node::Leaf { depth: level as f64 + mean_depth(rows.len()) };
    if level >= limit || rows.len() <= 1 {
        nodes.push(leaf);
        return;
    }
    // A column that is constant here cannot cut: try the columns in random order until one varies.
    let mut columns: Vec<usize> = (0..table.columns()).collect();
    let mut chosen = None;
    while !columns.is_empty() && chosen.is_none() {
        let column = columns.swap_remove(random.below(columns.len()));
        let (low, high) = rows.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), row| {
            let value = table.row(*row)[column];
            (low.min(value), high.max(value))
        });
        if low < high {
            let cut = low + random.uniform() * (high - low);
            chosen = Some((column, if cut > low { cut } else { high }));
        }
    }
    let Some((column, cut)) = chosen else {
        nodes.push(leaf);
        return;
    };
    let mut split = 0;
    for index in 0..rows.len() {
        if table.row(rows[index])[column] < cut {
            rows.swap(split, index);
            split += 1;
        }
    }
    let place = nodes.len();
    nodes.push(leaf);
    let (left, right) = rows.split_at_mut(split);
    grow_node(table, left, level + 1, limit, random, nodes);
    nodes[place] = Node::Cut { column: column as u32, at: cut, right: nodes.len() as u32 };
    grow_node(table, right, level + 1, limit, random, nodes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_far_point_has_the_highest_score_on_any_number_of_threads() {
        let mut random = Random::new(3);
        let mut values: Vec<f64> = (0..600).map(|_| random.normal()).collect();
        values.extend([9.0, -9.0]);
        let table = Table::new(&values, 2).unwrap();
        let score = || {
            let forest = IsolationForest::grow(&table, IsolationForestSettings::default()).unwrap();
            forest.score(&table).unwrap()
        };
        let scores = score();
        let best = (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap();
        assert_eq!(best, 300);
        let single = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(single.install(score), scores);
    }
}

//! Planted rows in feature space: what embeddings or activations give away, class by class.
//!
//! Five witnesses: the spectral signature (Tran, Li, Mądry, NeurIPS 2018) and the quantum-entropy score after robust
//! whitening (SPECTRE: Hayase, Kong, Somani, Oh, ICML 2021) of each row in its class; a small cluster apart from the rest
//! of its class (activation clustering: Chen and others, 2018); neighbours that have other labels, as targeted
//! clean-label poison has (deep k-NN: Peri and others, 2020); and rows that are there again and again.

use super::{Evidence, Method, Suspect, ranked, score_of_test};
use bartizan_stats::anomaly::{Table, robust_z};
use bartizan_stats::special::{VaryingRate, student_t_upper};
use bartizan_stats::spectral::{
    covariance, k_means, quantum_entropy_score, spectral_signature, symmetric_eigen,
};
use bartizan_stats::{Random, StatsError, hash64};
use rayon::prelude::*;
use rten_simd::{Isa, SimdOp};
use std::collections::{BTreeMap, HashMap};

/// Rows of a class below which it is not judged.
pub const FEWEST_ROWS: usize = 20;
/// Columns beyond which rows are projected at random (Johnson, Lindenstrauss, 1984), so that eigenvectors stay cheap.
const WIDEST: usize = 96;
/// Principal components that are looked at.
const COMPONENTS: usize = 32;
/// Components that clusters are looked for in, as in the paper.
const CLUSTER_COMPONENTS: usize = 10;
/// The `α` of the quantum-entropy score, as in the paper.
const ALPHA: f64 = 4.0;
/// Neighbours that are asked for their labels.
const NEIGHBOURS: usize = 10;
/// Fewest and most rows that are searched for neighbours, a sample where there are more, and most pairs of rows that are
/// compared as long as the fewest are searched.
const REFERENCES: (usize, usize) = (2_000, 20_000);
const MOST_PAIRS: usize = 4_000_000_000;
/// Rows searched side by side, and rows whose neighbours are looked for together.
const LANES: usize = 16;
const TOGETHER: usize = 32;
/// Largest share of a class that is a cluster apart, and least silhouette of one.
const APART: (f64, f64) = (0.35, 0.5);
/// Degrees of freedom of the law that deviations are held against: honest features have heavy tails.
const DEGREES: f64 = 3.0;
/// Copies from which a row is amplified.
const FEWEST_COPIES: usize = 3;

/// Rows that may have been planted, best first. `labels` has the class of each row; shape `(rows,)`.
///
/// Cost: `O(rows · columns · 96)` for the projection, `O(96³)` for each class, `O(rows · 96)` times at most
/// 20,000 for the neighbours, from 200,000 rows on fewer, from two million 2,000; `O(rows · 96)` memory.
///
/// # Errors
/// [`StatsError::ShapeMismatch`] where there are not as many labels as rows.
pub fn feature_poison(table: &Table<'_>, labels: &[u32]) -> Result<Vec<Suspect>, StatsError> {
    if labels.len() != table.rows() {
        let (expected, found) = (table.rows(), labels.len());
        return Err(StatsError::ShapeMismatch { subject: "labels", expected, found });
    }
    let narrow = narrowed(table);
    let width = table.columns().min(WIDEST);
    let table = Table::new(&narrow, width)?;
    let mut classes: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (row, label) in labels.iter().enumerate() {
        classes.entry(*label).or_default().push(row);
    }
    let by_class: Vec<Vec<Suspect>> = classes
        .par_iter()
        .filter(|(_, rows)| rows.len() >= FEWEST_ROWS)
        .map(|(label, rows)| in_class(&table, *label, rows, labels.len()))
        .collect::<Result<_, _>>()?;
    let mut best: Vec<Option<Suspect>> = vec![None; labels.len()];
    let all = by_class.into_iter().flatten().chain(among_others(&table, labels)).chain(copies(&table));
    for suspect in all.filter(|suspect| suspect.score > 0.0) {
        if let Some(slot) = best.get_mut(suspect.row)
            && slot.as_ref().is_none_or(|held| held.score < suspect.score)
        {
            *slot = Some(suspect);
        }
    }
    Ok(ranked(best))
}

/// The rows with at most [`WIDEST`] columns.
fn narrowed(table: &Table<'_>) -> Vec<f64> {
    let columns = table.columns();
    if columns <= WIDEST {
        return table.iter().flatten().copied().collect();
    }
    let mut random = Random::new(0x5EED_0F0F);
    let scale = 1.0 / (WIDEST as f64).sqrt();
    let directions: Vec<f64> = (0..columns.saturating_mul(WIDEST)).map(|_| random.normal() * scale).collect();
    (0..table.rows())
        .into_par_iter()
        .flat_map_iter(|row| {
            directions
                .chunks_exact(columns)
                .map(|direction| {
                    direction.iter().zip(table.row(row)).map(|(left, right)| left * right).sum::<f64>()
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

/// What the rows of one class say about each other.
fn in_class(table: &Table<'_>, label: u32, rows: &[usize], tests: usize) -> Result<Vec<Suspect>, StatsError> {
    let values: Vec<f64> = rows.iter().flat_map(|row| table.row(*row)).copied().collect();
    let class = Table::new(&values, table.columns())?;
    let components = COMPONENTS.min(table.columns()).min(rows.len() / 4).max(1);
    let mut found = Vec::new();
    for (method, scores) in [
        (Method::SpectralSignature, spectral_signature(&class)),
        (Method::QuantumEntropy, quantum_entropy_score(&class, components, ALPHA)?),
    ] {
        // The square root turns squared projections into distances, whose tails are lighter.
        let distances: Vec<f64> = scores.iter().map(|score| score.max(0.0).sqrt()).collect();
        for (row, deviation) in rows.iter().zip(robust_z(&distances)?) {
            if !deviation.is_finite() || deviation <= 0.0 {
                continue;
            }
            let log10 = student_t_upper(deviation, DEGREES).max(f64::MIN_POSITIVE).log10();
            found.push(Suspect {
                row: *row,
                score: score_of_test(log10, tests),
                method,
                evidence: Evidence::Feature { label, deviation, p_value: corrected(log10, tests) },
            });
        }
    }
    found.extend(apart(&class, label, rows)?);
    Ok(found)
}

fn corrected(log10: f64, tests: usize) -> f64 {
    10f64.powf((log10 + (tests.max(1) as f64).log10()).min(0.0))
}

/// The smaller of two clusters, where it lies apart.
fn apart(class: &Table<'_>, label: u32, rows: &[usize]) -> Result<Vec<Suspect>, StatsError> {
    let columns = class.columns();
    let (mean, matrix) = covariance(class);
    let (_, vectors) = symmetric_eigen(&matrix, columns);
    let kept = CLUSTER_COMPONENTS.min(columns);
    let reduced: Vec<f64> = class
        .iter()
        .flat_map(|row| {
            let moved: Vec<f64> = row.iter().zip(&mean).map(|(value, mean)| value - mean).collect();
            let along =
                |vector: &[f64]| vector.iter().zip(&moved).map(|(left, right)| left * right).sum::<f64>();
            vectors.chunks_exact(columns).take(kept).map(along).collect::<Vec<_>>()
        })
        .collect();
    let reduced = Table::new(&reduced, kept)?;
    let clusters = k_means(&reduced, 2, 10, 1)?;
    let distance = |row: &[f64], cluster: usize| -> f64 {
        let centre = clusters.centres.chunks_exact(kept).nth(cluster).unwrap_or_default();
        row.iter().zip(centre).map(|(left, right)| (left - right).powi(2)).sum::<f64>().sqrt()
    };
    // The simplified silhouette (Hruschka, Campello, de Castro, 2006): distances to centres in place of those to rows.
    let silhouettes: Vec<f64> = reduced
        .iter()
        .zip(&clusters.assignment)
        .map(|(row, cluster)| {
            let (own, other) = (distance(row, *cluster), distance(row, 1 - cluster.min(&1)));
            (other - own) / other.max(own).max(f64::MIN_POSITIVE)
        })
        .collect();
    let first = clusters.assignment.iter().filter(|cluster| **cluster == 0).count();
    let smaller = usize::from(first.saturating_mul(2) > rows.len());
    let members: Vec<(usize, f64)> = rows
        .iter()
        .zip(&clusters.assignment)
        .zip(&silhouettes)
        .filter(|((_, cluster), _)| **cluster == smaller)
        .map(|((row, _), silhouette)| (*row, *silhouette))
        .collect();
    let support = members.len();
    let share = support as f64 / rows.len().max(1) as f64;
    let silhouette = silhouettes.iter().sum::<f64>() / rows.len().max(1) as f64;
    if members.len() < FEWEST_COPIES || share > APART.0 || silhouette < APART.1 {
        return Ok(Vec::new());
    }
    Ok(members
        .into_iter()
        .map(|(row, own)| Suspect {
            row,
            score: 0.5 + 0.2 * silhouette.min(1.0) + 0.1 * own.clamp(0.0, 1.0),
            method: Method::ActivationCluster,
            evidence: Evidence::Cluster { label, support, share, silhouette },
        })
        .collect())
}

/// Rows whose neighbours have other labels.
fn among_others(table: &Table<'_>, labels: &[u32]) -> Vec<Suspect> {
    let rows = table.rows();
    if rows <= NEIGHBOURS {
        return Vec::new();
    }
    let count = (MOST_PAIRS / rows).clamp(REFERENCES.0, REFERENCES.1);
    let references = References::of(table, Random::new(0xA11CE).choose(rows, count));
    let order: Vec<usize> = (0..rows).collect();
    let others: Vec<(u64, u64)> = order
        .par_chunks(TOGETHER)
        .flat_map_iter(|rows| {
            let neighbours = rows.iter().zip(references.nearest(table, rows));
            neighbours.map(|(row, nearest)| {
                let hits = nearest.iter().filter(|(_, other)| labels.get(*other) != labels.get(*row)).count();
                (hits as u64, nearest.len() as u64)
            })
        })
        .collect();
    let usual = VaryingRate::fit(&others);
    others
        .iter()
        .enumerate()
        .filter(|(_, (hits, all))| hits.saturating_mul(2) > *all)
        .map(|(row, (hits, all))| {
            let log10 = usual.ln_tail(*all, *hits) / std::f64::consts::LN_10;
            Suspect {
                row,
                score: score_of_test(log10, rows),
                method: Method::OtherNeighbours,
                evidence: Evidence::Neighbours {
                    others: *hits,
                    neighbours: *all,
                    p_value: corrected(log10, rows),
                },
            }
        })
        .collect()
}

/// The rows in which neighbours are looked for, [`LANES`] of them side by side, column after column.
struct References {
    rows: Vec<usize>,
    values: Vec<f64>,
    columns: usize,
}

impl References {
    fn of(table: &Table<'_>, rows: Vec<usize>) -> Self {
        let columns = table.columns();
        let mut values = vec![0.0; rows.len().div_ceil(LANES).saturating_mul(LANES).saturating_mul(columns)];
        for (block, rows) in values.chunks_exact_mut(LANES.saturating_mul(columns)).zip(rows.chunks(LANES)) {
            for (lane, row) in rows.iter().enumerate() {
                let places = block.iter_mut().skip(lane).step_by(LANES);
                places.zip(table.row(*row)).for_each(|(place, value)| *place = *value);
            }
        }
        Self { rows, values, columns }
    }

    /// For each of `rows` its nearest references, with the squares of their distances, nearest first.
    fn nearest(&self, table: &Table<'_>, rows: &[usize]) -> Vec<Vec<(f64, usize)>> {
        Nearest { references: self, table, rows }.dispatch()
    }
}

/// What [`References::nearest`] asks for.
struct Nearest<'a> {
    references: &'a References,
    table: &'a Table<'a>,
    rows: &'a [usize],
}

impl SimdOp for Nearest<'_> {
    type Output = Vec<Vec<(f64, usize)>>;

    // Compiled for the widest registers that the processor has; the same bits on all of them, as lanes are not added to each other.
    #[expect(clippy::inline_always, reason = "what is not inlined is not compiled for those registers")]
    #[inline(always)]
    fn eval<I: Isa>(self, _: I) -> Self::Output {
        let References { rows: others, values, columns } = self.references;
        let mut nearest: Vec<Vec<(f64, usize)>> = vec![Vec::with_capacity(NEIGHBOURS + 1); self.rows.len()];
        for (block, others) in values.chunks_exact(LANES.saturating_mul(*columns)).zip(others.chunks(LANES)) {
            for (row, nearest) in self.rows.iter().zip(&mut nearest) {
                let squares = squares(self.table.row(*row), block);
                for (square, other) in squares.into_iter().zip(others).filter(|(_, other)| *other != row) {
                    let far = nearest.last().is_some_and(|worst| square >= worst.0);
                    if nearest.len() == NEIGHBOURS && far {
                        continue;
                    }
                    let place = nearest.partition_point(|kept| kept.0 <= square);
                    nearest.insert(place, (square, *other));
                    nearest.truncate(NEIGHBOURS);
                }
            }
        }
        nearest
    }
}

/// Squares of the distances of a row to those of a block.
#[expect(
    clippy::inline_always,
    reason = "what is not inlined is not compiled for the registers of the caller"
)]
#[inline(always)]
fn squares(own: &[f64], block: &[f64]) -> [f64; LANES] {
    let mut squares = [0.0; LANES];
    for (own, others) in own.iter().zip(block.as_chunks::<LANES>().0) {
        for (square, other) in squares.iter_mut().zip(others) {
            let apart = own - other;
            *square += apart * apart;
        }
    }
    squares
}

/// Rows that are there at least [`FEWEST_COPIES`] times, bit for bit.
fn copies(table: &Table<'_>) -> Vec<Suspect> {
    let mut places: HashMap<(u64, u64), Vec<usize>> = HashMap::new();
    for (row, values) in table.iter().enumerate() {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        places.entry((hash64(&bytes, 1), hash64(&bytes, 2))).or_default().push(row);
    }
    let mut found: Vec<Suspect> = places
        .into_values()
        .filter(|rows| rows.len() >= FEWEST_COPIES)
        .flat_map(|rows| {
            let support = rows.len();
            // Copies are common in honest data; many of one row are not.
            let score = 0.45 * (1.0 - 2.0 / support as f64);
            rows.into_iter().map(move |row| Suspect {
                row,
                score,
                method: Method::Copies,
                evidence: Evidence::Copies { support },
            })
        })
        .collect();
    found.sort_by_key(|suspect| suspect.row);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: usize = 24;

    /// Three classes of 200 rows around their centres; the first `planted` rows of class 0 moved along one direction.
    fn features(planted: usize, by: f64) -> (Vec<f64>, Vec<u32>) {
        let mut random = Random::new(5);
        let mut values = Vec::new();
        for row in 0..600 {
            let label = row / 200;
            for column in 0..COLUMNS {
                let centre = if column % 3 == label { 6.0 } else { 0.0 };
                // One direction of large honest variance, which hides what is planted from a plain projection.
                let wide = if column == 5 { 4.0 } else { 1.0 };
                let moved = if row < planted && column % 5 == 4 { by } else { 0.0 };
                values.push(centre + moved + wide * random.normal());
            }
        }
        (values, (0..600).map(|row| row / 200).collect())
    }

    fn suspects(values: &[f64], labels: &[u32]) -> Vec<Suspect> {
        feature_poison(&Table::new(values, COLUMNS).unwrap(), labels).unwrap()
    }

    fn first(suspects: &[Suspect], count: usize) -> Vec<usize> {
        let mut rows: Vec<usize> = suspects.iter().take(count).map(|suspect| suspect.row).collect();
        rows.sort_unstable();
        rows
    }

    #[test]
    fn rows_moved_along_one_direction_are_ranked_first() {
        let (values, labels) = features(12, 6.0);
        let found = suspects(&values, &labels);
        let hits = first(&found, 12).iter().filter(|row| **row < 12).count();
        assert!(hits >= 11, "{:?}", first(&found, 12));
    }

    #[test]
    fn a_cluster_apart_is_convicted() {
        let (values, labels) = features(40, 30.0);
        let found = suspects(&values, &labels);
        assert!(
            found.iter().take(40).all(|suspect| suspect.row < 40 && suspect.score > 0.5),
            "{:?}",
            &found[..3]
        );
    }

    #[test]
    fn honest_features_convict_nobody() {
        let (values, labels) = features(0, 0.0);
        assert!(suspects(&values, &labels).iter().all(|suspect| suspect.score < 0.5));
    }

    #[test]
    fn a_row_among_another_class_is_told_by_its_neighbours() {
        let (values, mut labels) = features(0, 0.0);
        labels[450] = 0;
        let found = suspects(&values, &labels);
        assert_eq!(found[0].row, 450);
    }

    #[test]
    fn nearest_references_are_those_of_a_plain_search() {
        let (values, _) = features(0, 0.0);
        let table = Table::new(&values, COLUMNS).unwrap();
        let chosen: Vec<usize> = (0..600).step_by(7).collect();
        let rows = [3, 7, 599];
        let found = References::of(&table, chosen.clone()).nearest(&table, &rows);
        for (row, found) in rows.into_iter().zip(found) {
            let square = |other: usize| -> f64 {
                table.row(row).iter().zip(table.row(other)).map(|(a, b)| (a - b).powi(2)).sum()
            };
            let mut plain: Vec<(f64, usize)> =
                chosen.iter().filter(|other| **other != row).map(|other| (square(*other), *other)).collect();
            plain.sort_by(|a, b| a.0.total_cmp(&b.0));
            plain.truncate(NEIGHBOURS);
            assert_eq!(found, plain);
        }
    }

    #[test]
    fn amplified_rows_are_counted() {
        let (mut values, labels) = features(0, 0.0);
        let row = values[..COLUMNS].to_vec();
        for copy in 1..30 {
            values[copy * COLUMNS..(copy + 1) * COLUMNS].copy_from_slice(&row);
        }
        let found = suspects(&values, &labels);
        assert!(found.iter().any(|suspect| suspect.evidence == Evidence::Copies { support: 30 }));
    }

    #[test]
    fn labels_that_do_not_fit_are_an_error() {
        let (values, _) = features(0, 0.0);
        let table = Table::new(&values, COLUMNS).unwrap();
        assert!(matches!(feature_poison(&table, &[0; 3]), Err(StatsError::ShapeMismatch { .. })));
    }
}

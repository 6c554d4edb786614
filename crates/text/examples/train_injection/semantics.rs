//! Trains the model of meaning on the encoder's features and joins it with the margin of the words.
//!
//! A linear model over windows, when only whole texts are labelled, as in `learner`; fitted by AdamW (Loshchilov, Hutter,
//! 2019) on standardised features. The join is a logistic model of two margins, both from models that had not seen the
//! text's family.

use crate::learner::Example;
use crate::variety::Random;
use bartizan_text::encoder;
use bartizan_text::injection::canonical::Canonical;
use bartizan_text::injection::meaning::{FEATURES, Meaning, windows};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::io::{Seek, SeekFrom, Write};

/// Windows of a text that are trained on at most.
pub(crate) const MOST_WINDOWS: usize = 4;
/// What texts of the further kinds count beside the others: they are short and made of few words, which helps the model of
/// words more than this one.
const FURTHER: f32 = 0.25;
/// How much less a text counts when its source has more of them: its size to this power. A source then counts by the fourth
/// root of its size.
const CROWDING: f32 = 0.75;
/// Passes over the windows in a round.
const PASSES: usize = 3;
/// Rounds of choosing windows and fitting.
const ROUNDS: usize = 2;
/// Windows of one step.
const BATCH: usize = 256;
/// First step; it falls to zero in a line.
const STEP: f32 = 1e-3;
/// Pull of the weights to 0, as a share of the step.
const DECAY: f32 = 1e-2;

/// What a text's features are kept under: the digest of the encoder and the text.
type Key = [u8; 32];

fn key(text: &str) -> Key {
    let mut hash = Sha256::new();
    hash.update(encoder::DIGEST);
    hash.update(text);
    hash.finalize().into()
}

/// The entries of a file of features, one behind the other: key, number of windows, values; and how many bytes they take. A
/// last entry that was not written to its end is left out.
fn decode(file: &[u8]) -> (HashMap<Key, &[u8]>, usize) {
    let mut found = HashMap::new();
    let mut rest = file;
    while let Some((key, behind)) = rest.split_first_chunk::<32>()
        && let Some((count, behind)) = behind.split_first_chunk::<4>()
        && let Some((values, behind)) =
            behind.split_at_checked(u32::from_le_bytes(*count) as usize * FEATURES * 4)
    {
        found.insert(*key, values);
        rest = behind;
    }
    (found, file.len() - rest.len())
}

/// The features of every window of every text.
pub(crate) struct Features {
    values: Vec<f32>,
    /// For each text the range of its windows.
    pub(crate) windows: Vec<std::ops::Range<usize>>,
}

impl Features {
    /// Reads the texts, with two threads; takes from the file `cache` what it holds of them and adds the rest.
    pub(crate) fn of(texts: &[String], cache: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let keys: Vec<Key> = texts.iter().map(|text| key(text)).collect();
        let file = std::fs::read(cache).unwrap_or_default();
        let (mut known, length) = decode(&file);
        let missing: Vec<usize> = (0..texts.len()).filter(|at| !known.contains_key(&keys[*at])).collect();
        let encoder = encoder::shipped()?;
        let read = |part: &[usize]| -> Vec<Vec<f32>> {
            part.iter()
                .map(|at| {
                    let found = windows(encoder, Canonical::of(&texts[*at]).text(), MOST_WINDOWS);
                    found.unwrap_or_default().into_iter().flat_map(|window| window.features).collect()
                })
                .collect()
        };
        let (left, right) = missing.split_at(missing.len() / 2);
        let (mut fresh, more) = std::thread::scope(|scope| {
            let other = scope.spawn(|| read(right));
            (read(left), other.join().unwrap_or_default())
        });
        fresh.extend(more);
        let mut added = Vec::new();
        for (at, values) in missing.iter().zip(&fresh) {
            added.extend_from_slice(&keys[*at]);
            added.extend(((values.len() / FEATURES) as u32).to_le_bytes());
            added.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        }
        let mut kept = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(cache)?;
        kept.set_len(length as u64)?;
        kept.seek(SeekFrom::End(0))?;
        kept.write_all(&added)?;
        known.extend(decode(&added).0);
        let mut out = Self { values: Vec::new(), windows: Vec::new() };
        for key in &keys {
            let values = known.get(key).copied().unwrap_or_default();
            let start = out.values.len() / FEATURES;
            let floats =
                values.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap_or_default()));
            out.values.extend(floats);
            out.windows.push(start..out.values.len() / FEATURES);
        }
        Ok(out)
    }

    /// The features of a window.
    pub(crate) fn window(&self, at: usize) -> &[f32] {
        &self.values[at * FEATURES..(at + 1) * FEATURES]
    }

    /// Margin of the window of a text that looks most like an attack.
    pub(crate) fn margin(&self, text: usize, model: &Meaning) -> f32 {
        self.windows[text].clone().map(|at| model.margin(self.window(at))).fold(-20.0, f32::max)
    }
}

/// Fits a model on the texts that `take` chooses.
pub(crate) fn fit(features: &Features, examples: &[Example], take: impl Fn(&Example) -> bool) -> Meaning {
    let chosen: Vec<usize> = (0..examples.len()).filter(|at| take(&examples[*at])).collect();
    let refs: Vec<&Example> = chosen.iter().map(|at| &examples[*at]).collect();
    let scale = crate::learner::source_weights(&refs, CROWDING, |example| {
        if example.source.starts_with("kind-") { FURTHER } else { 1.0 }
    });
    let (mean, deviation) = moments(features, &chosen);
    let mut model = empty();
    for round in 0..ROUNDS {
        // Window, whether it is an attack, what an error counts.
        let mut instances: Vec<(usize, f32, f32)> = Vec::new();
        for (at, scale) in chosen.iter().zip(&scale) {
            let range = features.windows[*at].clone();
            let margins: Vec<f32> = range.clone().map(|at| model.margin(features.window(at))).collect();
            let most = margins.iter().copied().fold(f32::MIN, f32::max);
            let attack = examples[*at].attack;
            let near = |margin: f32| round == 0 || margin >= most - 0.5;
            let count = margins.iter().filter(|margin| near(**margin)).count().max(1) as f32;
            for (window, margin) in range.zip(&margins) {
                let part = match (attack, round) {
                    (_, 0) => 1.0 / margins.len() as f32,
                    (true, _) if near(*margin) => 1.0 / count,
                    (true, _) => continue,
                    (false, _) => 0.5 / margins.len() as f32 + if *margin >= most { 0.5 } else { 0.0 },
                };
                instances.push((window, f32::from(u8::from(attack)), scale * part));
            }
        }
        let total: f32 = instances.iter().map(|instance| instance.2).sum();
        let factor = instances.len() as f32 / total.max(1e-9);
        for instance in &mut instances {
            instance.2 *= factor;
        }
        model = descend(features, &mut instances, &mean, &deviation);
    }
    model
}

fn empty() -> Meaning {
    Meaning {
        weights: vec![0.0; FEATURES],
        bias: 0.0,
        joint: [1.0, 1.0, 0.0],
        curve: [1.0, 0.0],
        flag: 0.0,
        block: 1.0,
    }
}

/// Mean and standard deviation of each feature.
fn moments(features: &Features, chosen: &[usize]) -> (Vec<f32>, Vec<f32>) {
    let (mut sums, mut squares, mut count) = (vec![0.0_f64; FEATURES], vec![0.0_f64; FEATURES], 0.0_f64);
    for at in chosen.iter().flat_map(|text| features.windows[*text].clone()) {
        for ((sum, square), x) in sums.iter_mut().zip(&mut squares).zip(features.window(at)) {
            *sum += f64::from(*x);
            *square += f64::from(*x) * f64::from(*x);
        }
        count += 1.0;
    }
    let mean: Vec<f32> = sums.iter().map(|sum| (sum / count) as f32).collect();
    let deviation = squares
        .iter()
        .zip(&sums)
        .map(|(square, sum)| (square / count - (sum / count).powi(2)).max(0.0).sqrt() as f32 + 1e-3)
        .collect();
    (mean, deviation)
}

fn descend(
    features: &Features,
    instances: &mut [(usize, f32, f32)],
    mean: &[f32],
    deviation: &[f32],
) -> Meaning {
    let mut weights = vec![0.0_f32; FEATURES + 1];
    let (mut first, mut second) = (vec![0.0_f32; FEATURES + 1], vec![0.0_f32; FEATURES + 1]);
    let mut slopes = vec![0.0_f32; FEATURES + 1];
    let mut row = vec![1.0_f32; FEATURES + 1];
    let (mut step, steps) = (0_i32, (PASSES * instances.len().div_ceil(BATCH)) as f32);
    let mut random = Random(29);
    for _ in 0..PASSES {
        random.shuffle(instances);
        for batch in instances.chunks(BATCH) {
            slopes.fill(0.0);
            for (window, target, scale) in batch {
                for ((x, value), (mean, deviation)) in
                    row.iter_mut().zip(features.window(*window)).zip(mean.iter().zip(deviation))
                {
                    *x = (value - mean) / deviation;
                }
                let margin: f32 = weights.iter().zip(&row).map(|(weight, x)| weight * x).sum();
                let error = (1.0 / (1.0 + (-margin).exp()) - target) * scale / batch.len() as f32;
                for (slope, x) in slopes.iter_mut().zip(&row) {
                    *slope += error * x;
                }
            }
            step += 1;
            let rate = STEP * (1.0 - (step as f32 - 1.0) / steps);
            let (early, late) = (1.0 - 0.9_f32.powi(step), 1.0 - 0.999_f32.powi(step));
            for (at, weight) in weights.iter_mut().enumerate() {
                first[at] = 0.9 * first[at] + 0.1 * slopes[at];
                second[at] = 0.999 * second[at] + 0.001 * slopes[at] * slopes[at];
                *weight -= rate * (DECAY * *weight + first[at] / early / ((second[at] / late).sqrt() + 1e-8));
            }
        }
    }
    // The model is given for features as they come.
    let mut model = empty();
    model.bias = weights[FEATURES];
    for (at, weight) in weights.iter().take(FEATURES).enumerate() {
        model.weights[at] = weight / deviation[at];
        model.bias -= weight * mean[at] / deviation[at];
    }
    model
}

/// A text as the join sees it: margin of the words, margin of the meaning, whether it is an attack, what it counts.
pub(crate) type Pair = (f32, f32, bool, f32);

/// Shares of both margins and the shift that tell attacks best, by Newton's method with a slight pull to equal shares.
pub(crate) fn join(pairs: &[Pair]) -> [f32; 3] {
    let mut shares = [0.5_f64, 0.5, 0.0];
    for _ in 0..40 {
        let mut slope = [1e-4 * (shares[0] - 0.5), 1e-4 * (shares[1] - 0.5), 0.0];
        let mut curve = [[1e-4, 0.0, 0.0], [0.0, 1e-4, 0.0], [0.0, 0.0, 1e-9]];
        for (words, meaning, attack, weight) in pairs {
            let row = [f64::from(*words), f64::from(*meaning), 1.0];
            let margin: f64 = row.iter().zip(&shares).map(|(x, share)| x * share).sum();
            let p = 1.0 / (1.0 + (-margin).exp());
            let error = (p - f64::from(u8::from(*attack))) * f64::from(*weight);
            let bend = p * (1.0 - p) * f64::from(*weight);
            for i in 0..3 {
                slope[i] += error * row[i];
                for j in 0..3 {
                    curve[i][j] += bend * row[i] * row[j];
                }
            }
        }
        let moved = solve(curve, slope);
        for (share, moved) in shares.iter_mut().zip(moved) {
            *share -= moved.clamp(-1.0, 1.0);
        }
    }
    shares.map(|share| share as f32)
}

/// Solves three equations by Cramer's rule.
fn solve(a: [[f64; 3]; 3], b: [f64; 3]) -> [f64; 3] {
    let det = |m: &[[f64; 3]; 3]| -> f64 {
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    };
    let whole = det(&a);
    std::array::from_fn(|column| {
        let mut replaced = a;
        for (row, value) in replaced.iter_mut().zip(b) {
            row[column] = value;
        }
        det(&replaced) / whole
    })
}

/// Half of the weight to either side; within a side a source counts by the root of its size.
pub(crate) fn weigh(sources: &[(&str, bool)]) -> Vec<f32> {
    let mut counts: BTreeMap<(&str, bool), f32> = BTreeMap::new();
    for key in sources {
        *counts.entry(*key).or_insert(0.0) += 1.0;
    }
    let raw: Vec<f32> = sources.iter().map(|key| 1.0 / counts[key].sqrt()).collect();
    let total = |attack: bool| -> f32 {
        sources.iter().zip(&raw).filter(|(key, _)| key.1 == attack).map(|(_, raw)| raw).sum()
    };
    let totals = [total(false), total(true)];
    sources.iter().zip(&raw).map(|(key, raw)| raw / totals[usize::from(key.1)].max(1e-9)).collect()
}

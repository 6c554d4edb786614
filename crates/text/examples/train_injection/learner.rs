//! A linear model over runs of words when only whole texts are labelled: of an attack's runs, those that look most like one
//! are the attack (multiple-instance learning by alternation: Andrews et al., 2002), fitted by AdaGrad (Duchi et al., 2011).

use bartizan_text::injection::features::{CONCEPT_SPACE, DECODED, ENCODES, Reading, SPACE};
use bartizan_text::injection::hidden;
use bartizan_text::injection::lexicon::Lexicon;
use bartizan_text::injection::weights::Weights;
use bartizan_text::injection::windows::HANDICAP;

/// Windows of a text that are read at most, of either sort.
const MOST_WINDOWS: usize = 64;

/// How sources of texts begin that have something harmless beside them.
pub(crate) const BESIDE: &str = "beside";

/// A labelled text as its windows.
pub(crate) struct Example {
    /// Index of the family its source belongs to.
    pub(crate) family: usize,
    /// Name of its source.
    pub(crate) source: String,
    /// Whether it is an attack.
    pub(crate) attack: bool,
    /// Whether an operator wrote it.
    pub(crate) operator: bool,
    /// What it counts beside others of its side.
    pub(crate) counts: f32,
    /// Indices of the families whose sentences it borrows.
    pub(crate) borrows: Vec<usize>,
    /// Whether the model of words is trained on it too.
    pub(crate) for_words: bool,
    /// Sparse vector of each run of words.
    pub(crate) runs: Vec<Vec<(u32, f32)>>,
    /// Sparse vector of each part that is judged by itself.
    pub(crate) parts: Vec<Vec<(u32, f32)>>,
}

impl Example {
    /// Reads a text.
    pub(crate) fn of(lexicon: &Lexicon, text: &str, source: &str, family: usize, attack: bool) -> Self {
        let pieces = hidden::pieces(text);
        let flags = if pieces.is_empty() { 0 } else { ENCODES };
        let (mut runs, mut parts) = (Vec::new(), Vec::new());
        let readings = std::iter::once(Reading::of(lexicon, text, flags))
            .chain(pieces.iter().map(|piece| Reading::of(lexicon, &piece.text, DECODED)));
        for reading in readings {
            let (mut whole, mut alone) = (0, 0);
            for window in reading.windows() {
                let (list, count) =
                    if window.alone { (&mut parts, &mut alone) } else { (&mut runs, &mut whole) };
                *count += 1;
                if *count <= MOST_WINDOWS {
                    let mut vector = Vec::new();
                    reading.vector(&window, &mut vector);
                    list.push(vector);
                }
            }
        }
        Self {
            family,
            source: source.to_owned(),
            attack,
            operator: false,
            counts: 1.0,
            borrows: Vec::new(),
            for_words: true,
            runs,
            parts,
        }
    }

    /// Margin of the window that looks most like an attack.
    pub(crate) fn margin(&self, weights: &Weights) -> f32 {
        self.margin_of_runs(weights).max(most(&self.parts, weights) - HANDICAP)
    }

    /// Margin of the run of words that looks most like an attack.
    pub(crate) fn margin_of_runs(&self, weights: &Weights) -> f32 {
        most(&self.runs, weights)
    }
}

/// The greatest margin of windows.
fn most(windows: &[Vec<(u32, f32)>], weights: &Weights) -> f32 {
    windows.iter().map(|window| weights.margin(window)).fold(f32::MIN, f32::max)
}

/// A window, what it should score, and what an error counts.
type Instance<'w> = (&'w [(u32, f32)], f32, f32);

/// Rounds of choosing windows and fitting.
const ROUNDS: usize = 3;
/// Passes over the windows in a round: more of them tell seen families better and unseen ones worse.
const PASSES: usize = 2;
/// Step of AdaGrad.
const STEP: f32 = 0.05;
/// Pull of the weights to 0: concepts, words; more for what few sources have ([`USUAL`]).
const DECAY: [f32; 2] = [5e-5, 7e-4];

/// Fits a model on the examples that `take` chooses.
pub(crate) fn fit(examples: &[Example], take: impl Fn(&Example) -> bool) -> Weights {
    let chosen: Vec<(&Example, bool)> =
        examples.iter().filter(|example| take(example)).map(|example| (example, example.attack)).collect();
    fit_labelled(&chosen)
}

/// Fits a model on examples and what each should be.
pub(crate) fn fit_labelled(chosen: &[(&Example, bool)]) -> Weights {
    let scale = scales(chosen);
    let rarity = rarity(chosen);
    let mut weights = Weights::new(Vec::new(), -2.0);
    for round in 0..ROUNDS {
        let mut instances: Vec<Instance<'_>> = Vec::new();
        for ((example, wanted), scale) in chosen.iter().zip(&scale) {
            let margins: Vec<f32> = example.runs.iter().map(|window| weights.margin(window)).collect();
            let most = margins.iter().copied().fold(f32::MIN, f32::max);
            if *wanted {
                let near: Vec<usize> =
                    (0..margins.len()).filter(|at| round == 0 || margins[*at] >= most - 0.5).collect();
                for at in &near {
                    instances.push((&example.runs[*at], 1.0, scale / near.len() as f32));
                }
            } else {
                let rest = 0.5 / margins.len() as f32;
                for (window, margin) in example.runs.iter().zip(&margins) {
                    let part = if *margin >= most { 0.5 + rest } else { rest };
                    instances.push((window, 0.0, scale * part));
                }
            }
        }
        weights = descend(&mut instances, round as u64, &rarity);
    }
    weights
}

/// How much less a text counts when its source has more of them: its size to this power; the second for texts with something
/// beside them.
const CROWDING: [f32; 2] = [0.6, 0.3];

/// Each side counts the same; within a side a text counts by the size of its source to the power of minus its [`CROWDING`].
fn scales(chosen: &[(&Example, bool)]) -> Vec<f32> {
    let mut counts = std::collections::BTreeMap::new();
    for (example, wanted) in chosen {
        *counts.entry((example.source.as_str(), *wanted)).or_insert(0.0_f32) += 1.0;
    }
    let raw: Vec<f32> = chosen
        .iter()
        .map(|(example, wanted)| {
            let crowding = CROWDING[usize::from(example.source.starts_with(BESIDE))];
            example.counts / counts[&(example.source.as_str(), *wanted)].powf(crowding)
        })
        .collect();
    let total = |side: bool| -> f32 {
        chosen.iter().zip(&raw).filter(|(row, _)| row.1 == side).map(|(_, raw)| raw).sum()
    };
    let (attacks, others) = (total(true), total(false));
    let half = chosen.len() as f32 / 2.0;
    chosen
        .iter()
        .zip(&raw)
        .map(|((_, wanted), raw)| raw * half / if *wanted { attacks } else { others })
        .collect()
}

/// A place that so many sources have is pulled as [`DECAY`] says; one that fewer have more, by their share to this power: what only one
/// author writes says little about others.
const USUAL: f32 = 20.0;
const RARITY: f32 = 0.7;

/// For each place what its pull is multiplied by.
fn rarity(chosen: &[(&Example, bool)]) -> Vec<f32> {
    let mut sources: std::collections::BTreeMap<&str, Vec<&Example>> = std::collections::BTreeMap::new();
    for (example, _) in chosen.iter().filter(|(example, _)| !example.source.starts_with(BESIDE)) {
        sources.entry(&example.source).or_default().push(example);
    }
    let (mut last, mut count) = (vec![usize::MAX; SPACE as usize], vec![0_u32; SPACE as usize]);
    for (number, examples) in sources.into_values().enumerate() {
        for (place, _) in examples.iter().flat_map(|example| &example.runs).flatten() {
            let at = *place as usize;
            if last[at] != number {
                (last[at], count[at]) = (number, count[at] + 1);
            }
        }
    }
    count.into_iter().map(|sources| (USUAL / sources.max(1) as f32).powf(RARITY)).collect()
}

fn descend(instances: &mut [Instance<'_>], seed: u64, rarity: &[f32]) -> Weights {
    let mut weights = vec![0.0_f32; SPACE as usize];
    let mut squares = vec![1e-3_f32; SPACE as usize];
    let (mut bias, mut bias_square) = (-1.0_f32, 1.0_f32);
    let mut random = crate::variety::Random(seed.wrapping_add(17));
    for _ in 0..PASSES {
        random.shuffle(instances);
        for (vector, target, scale) in instances.iter() {
            let margin =
                bias + vector.iter().map(|(place, value)| weights[*place as usize] * value).sum::<f32>();
            let error = (1.0 / (1.0 + (-margin).exp()) - target) * scale;
            for (place, value) in *vector {
                let at = *place as usize;
                let pull = DECAY[usize::from(*place >= CONCEPT_SPACE)] * rarity[at];
                let slope = error * value + pull * weights[at];
                squares[at] += slope * slope;
                weights[at] -= STEP * slope / squares[at].sqrt();
            }
            bias_square += error * error;
            bias -= STEP * error / bias_square.sqrt();
        }
    }
    Weights::new(weights, bias)
}

//! How far a text is from those of the sample, and how rare its pieces are.

use super::features::{Feature, Features, PLACES, place_of};
use super::statistics::TextStatistics;
use crate::learn::{lower_case, tokens};
use rayon::prelude::*;

/// Neighbours whose mean similarity is that of the neighbourhood.
const NEAREST: usize = 5;
/// Texts of a small sample.
const SMALL: usize = 64;
/// Features in more than this share of the texts tell no text from another, and are not compared.
const COMMON: f64 = 0.25;

/// What the witnesses say of one text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// Different pieces of words, by which texts of like length are found.
    pub pieces: u32,
    /// One less the mean cosine with the five nearest texts of the sample.
    pub distance: f32,
    /// One less the cosine with the nearest text of a small sample, in the mean over such samples.
    pub sample_distance: f32,
    /// Mean of −ln of the share of texts that have a piece, over the text's pieces, in nats.
    pub rarity: f32,
    /// The same of its words.
    pub word_rarity: f32,
    /// The row of the nearest text of the sample, and the cosine with it.
    pub nearest: Option<(u64, f32)>,
}

/// The sample as an inverted file, and the weights of features.
#[derive(Debug)]
pub struct TextJudge {
    /// −ln of the share of texts with the feature, by place.
    rarity: Vec<f32>,
    common: f32,
    rows: Vec<u64>,
    /// Where the entries of a place begin.
    offsets: Vec<u32>,
    /// Number of the text in the sample, and the feature's part of its unit vector.
    entries: Vec<(u16, f32)>,
}

impl TextJudge {
    /// Of the rows whose statistics these are.
    pub fn new(statistics: &TextStatistics) -> Self {
        let texts = statistics.texts as f32;
        // One more text that has everything: no text is infinitely rare.
        let rarity = |count: &u32| ((texts + 1.0) / (*count as f32 + 1.0)).ln();
        let mut judge = Self {
            rarity: statistics.counts.iter().map(rarity).collect(),
            common: -(COMMON as f32).ln(),
            rows: Vec::new(),
            offsets: Vec::new(),
            entries: Vec::new(),
        };
        let mut entries: Vec<(u32, u16, f32)> = Vec::new();
        for ((row, features), number) in statistics.sample.rows().zip(0_u16..) {
            judge.rows.push(row);
            for block in judge.unit(features) {
                entries.extend(block.into_iter().map(|(place, weight)| (place, number, weight)));
            }
        }
        entries.sort_unstable_by_key(|(place, number, _)| (*place, *number));
        let mut offsets = vec![0_u32; PLACES.saturating_add(1)];
        for (place, ..) in &entries {
            if let Some(offset) = offsets.get_mut((*place as usize).saturating_add(1)) {
                *offset = offset.saturating_add(1);
            }
        }
        let mut sum = 0_u32;
        for offset in &mut offsets {
            sum = sum.saturating_add(*offset);
            *offset = sum;
        }
        judge.offsets = offsets;
        judge.entries = entries.into_iter().map(|(_, number, weight)| (number, weight)).collect();
        judge
    }

    /// Words and pieces of a text as two vectors of length one, common features left out.
    fn unit(&self, features: &Features) -> [Vec<(u32, f32)>; 2] {
        features.blocks().map(|block| {
            let weighed = block.iter().filter_map(|(place, weight)| {
                let rarity = self.rarity.get(*place as usize).copied().unwrap_or(0.0);
                (rarity >= self.common).then_some((*place, weight * rarity))
            });
            let mut weighed: Vec<(u32, f32)> = weighed.collect();
            let length = weighed.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
            if length > 0.0 {
                for (_, weight) in &mut weighed {
                    *weight /= length;
                }
            }
            weighed
        })
    }

    /// Looks at the texts of some rows, in parallel; nothing for a text without a word.
    pub fn look_at(&self, texts: &[(u64, String)]) -> Vec<Option<Look>> {
        texts
            .par_iter()
            .map_init(|| vec![0.0; self.rows.len()], |cosines, (row, text)| self.look(*row, text, cosines))
            .collect()
    }

    /// `cosines` is room for one number per text of the sample.
    fn look(&self, row: u64, text: &str, cosines: &mut [f32]) -> Option<Look> {
        let features = Features::of(text);
        if features.0.is_empty() {
            return None;
        }
        cosines.fill(0.0);
        let blocks = self.unit(&features);
        let share = 1.0 / blocks.iter().filter(|block| !block.is_empty()).count().max(1) as f32;
        for (place, weight) in blocks.iter().flatten() {
            let place = *place as usize;
            let (Some(start), Some(end)) =
                (self.offsets.get(place), self.offsets.get(place.saturating_add(1)))
            else {
                continue;
            };
            for (number, other) in self.entries.get(*start as usize..*end as usize).unwrap_or_default() {
                if let Some(cosine) = cosines.get_mut(usize::from(*number)) {
                    *cosine += share * weight * other;
                }
            }
        }
        // A text of the sample is not its own neighbour.
        if let Some(own) = self.rows.iter().position(|other| *other == row)
            && let Some(cosine) = cosines.get_mut(own)
        {
            *cosine = f32::NEG_INFINITY;
        }
        let mut best = [(f32::NEG_INFINITY, 0_u64); NEAREST];
        for (cosine, row) in cosines.iter().zip(&self.rows) {
            if let Some(least) = best.last_mut().filter(|least| *cosine > least.0) {
                *least = (*cosine, *row);
                best.sort_by(|one, other| other.0.total_cmp(&one.0));
            }
        }
        let near: Vec<(f32, u64)> = best.into_iter().filter(|(cosine, _)| cosine.is_finite()).collect();
        let small = cosines.chunks(SMALL).map(|sample| sample.iter().copied().fold(0.0, f32::max));
        let samples = cosines.len().div_ceil(SMALL).max(1) as f32;
        let [words, pieces] = features.blocks();
        let mean = |sum: f32, count: usize| sum / count.max(1) as f32;
        let rarity = |block: &[Feature]| {
            mean(block.iter().filter_map(|(place, _)| self.rarity.get(*place as usize)).sum(), block.len())
        };
        Some(Look {
            pieces: pieces.len() as u32,
            distance: 1.0 - mean(near.iter().map(|(cosine, _)| cosine).sum(), near.len()),
            sample_distance: 1.0 - small.sum::<f32>() / samples,
            rarity: rarity(pieces),
            word_rarity: rarity(words),
            nearest: near.first().filter(|(cosine, _)| *cosine > 0.0).map(|(cosine, row)| (*row, *cosine)),
        })
    }

    /// The words of a text that fewest texts have, rarest first, at most `most`; words that nearly all rows have are none.
    pub fn rare_words(&self, text: &str, most: usize) -> Vec<String> {
        let mut words: Vec<(f32, String)> = Vec::new();
        let looked_at = text.get(..text.floor_char_boundary(super::LOOKED_AT)).unwrap_or_default();
        for token in tokens(looked_at).filter(|token| token.chars().any(char::is_alphanumeric)) {
            let word = lower_case(token);
            let rarity = self.rarity.get(place_of(&word)).copied().unwrap_or(0.0);
            let enters = words.len() < most || words.last().is_some_and(|(least, _)| rarity > *least);
            if rarity >= self.common && enters && !words.iter().any(|(_, known)| *known == word) {
                let place = words.partition_point(|(other, _)| *other >= rarity);
                words.insert(place, (rarity, word.into_owned()));
                words.truncate(most);
            }
        }
        words.into_iter().map(|(_, word)| word).collect()
    }
}

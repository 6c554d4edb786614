//! Signatures whose places agree as often as two sets overlap.
//!
//! Sources: Li, Owen, Zhang, *One permutation hashing* (NIPS 2012); empty places filled as in Shrivastava, *Optimal
//! densification* (ICML 2017); eight bits are kept of each place (Li, König, *b-bit minwise hashing*, WWW 2010).

use bartizan_stats::{hash64, mix64};

/// Places of a signature.
pub(super) const PLACES: usize = 120;
/// Characters of a run.
const RUN: usize = 5;
/// Agreement of two bytes by chance.
const BY_CHANCE: f64 = 1.0 / 256.0;

/// A signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signature([u8; PLACES]);

impl Signature {
    /// The signature of a text's runs of five characters; of a shorter text, of the text as one run.
    pub(super) fn of(text: &str) -> Self {
        let mut least = [u64::MAX; PLACES];
        let starts: Vec<usize> = text.char_indices().map(|(start, _)| start).collect();
        let runs = starts.len().saturating_sub(RUN - 1).max(1);
        for first in 0..runs {
            let start = starts.get(first).copied().unwrap_or(0);
            let end = starts.get(first.saturating_add(RUN)).copied().unwrap_or(text.len());
            let hash = hash64(text.get(start..end).unwrap_or_default().as_bytes(), 0);
            // The high part chooses the place, the rest is what is compared there.
            let place = ((u128::from(hash) * PLACES as u128) >> 64) as usize;
            if let Some(slot) = least.get_mut(place) {
                *slot = (*slot).min(mix64(hash));
            }
        }
        let mut signature = [0u8; PLACES];
        for (place, slot) in signature.iter_mut().enumerate() {
            *slot = (filled(&least, place) & 0xff) as u8;
        }
        Self(signature)
    }

    /// Estimated Jaccard similarity, 0 to 1.
    pub(super) fn similarity(&self, other: &Self) -> f64 {
        let equal = self.0.iter().zip(&other.0).filter(|(left, right)| left == right).count();
        ((equal as f64 / PLACES as f64 - BY_CHANCE) / (1.0 - BY_CHANCE)).max(0.0)
    }

    /// One key for each `rows` places.
    pub(super) fn keys(&self, rows: usize) -> impl Iterator<Item = u64> {
        self.0.chunks_exact(rows.max(1)).enumerate().map(|(band, places)| hash64(places, band as u64 + 1))
    }
}

/// What stands at a place, or where nothing does, at the first place of a fixed random walk that is not empty.
fn filled(least: &[u64; PLACES], place: usize) -> u64 {
    let mut at = place;
    for step in 0..10_000u64 {
        match least.get(at) {
            Some(value) if *value != u64::MAX => return mix64(value.wrapping_add(step)),
            _ => at = (mix64((place as u64) << 32 | step) % PLACES as u64) as usize,
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_is_near_the_jaccard_similarity() {
        let words: Vec<String> =
            (0..400).map(|word| format!("{:05}", mix64(word) % 90_000 + 10_000)).collect();
        let (left, right) = (words[..300].join(" "), words[100..].join(" "));
        let runs = |text: &str| {
            text.as_bytes().windows(RUN).map(<[u8]>::to_vec).collect::<std::collections::HashSet<_>>()
        };
        let (a, b) = (runs(&left), runs(&right));
        let exact = a.intersection(&b).count() as f64 / a.union(&b).count() as f64;
        let found = Signature::of(&left).similarity(&Signature::of(&right));
        assert!((found - exact).abs() < 0.14, "{found} against {exact}");
    }

    #[test]
    fn short_texts_fill_every_place() {
        let (one, other) = (Signature::of("yes"), Signature::of("no"));
        assert!((one.similarity(&Signature::of("yes")) - 1.0).abs() < 1e-12);
        assert!(one.similarity(&other) < 0.3, "{}", one.similarity(&other));
    }
}

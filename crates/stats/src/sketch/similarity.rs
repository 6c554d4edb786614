//! Near-duplicates without comparing all pairs: MinHash and SimHash signatures, and banding.
//!
//! Sources: Broder, "On the resemblance and containment of documents" (1997); Li & König, "b-bit minwise hashing" is
//! not used: full values are kept; Charikar, STOC 2002 (SimHash); banding after Leskovec, Rajaraman & Ullman, *Mining
//! of Massive Datasets*, section 3.4.

use crate::{StatsError, hash64, mix64};

/// A MinHash signature: equal places estimate the Jaccard similarity, standard error ≤ 1 / (2 √places).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct MinHash {
    places: Vec<u64>,
}

impl MinHash {
    /// The signature of an empty set, of `places` minima.
    pub fn new(places: usize) -> Self {
        Self { places: vec![u64::MAX; places] }
    }

    /// Adds an element (a shingle, say) by its hash.
    pub fn insert(&mut self, hash: u64) {
        // Two independent mixes give a family h1 + i·h2, as good as independent here (Kirsch & Mitzenmacher 2006).
        let (first, second) = (mix64(hash), mix64(hash ^ 0xA076_1D64_78BD_642F) | 1);
        let mut value = first;
        for place in &mut self.places {
            *place = (*place).min(mix64(value));
            value = value.wrapping_add(second);
        }
    }

    /// The signature of the union.
    ///
    /// # Errors
    /// [`StatsError::Incompatible`] when the lengths differ.
    pub fn merge(&mut self, other: &Self) -> Result<(), StatsError> {
        if self.places.len() != other.places.len() {
            return Err(StatsError::Incompatible { subject: "MinHash" });
        }
        self.places.iter_mut().zip(&other.places).for_each(|(a, b)| *a = (*a).min(*b));
        Ok(())
    }

    /// The minima.
    pub fn places(&self) -> &[u64] {
        &self.places
    }

    /// Estimated Jaccard similarity, 0 to 1; 0 for signatures of different lengths.
    pub fn similarity(&self, other: &Self) -> f64 {
        if self.places.len() != other.places.len() || self.places.is_empty() {
            return 0.0;
        }
        let equal = self.places.iter().zip(&other.places).filter(|(a, b)| a == b).count();
        equal as f64 / self.places.len() as f64
    }
}

/// One key per band of `rows` minima: documents that share a key are candidates.
pub fn band_keys(signature: &MinHash, rows: usize) -> Vec<u64> {
    let key = |(band, places): (usize, &[u64])| {
        places.iter().fold(band as u64, |state, place| hash64(&place.to_le_bytes(), state))
    };
    signature.places.chunks_exact(rows.max(1)).enumerate().map(key).collect()
}

/// 1 − (1 − s^rows)^bands: the chance that documents of similarity s become candidates.
pub fn collision_probability(similarity: f64, bands: u32, rows: u32) -> f64 {
    1.0 - (1.0 - similarity.powi(rows as i32)).powi(bands as i32)
}

/// A 64-bit SimHash of weighted features: the share of equal bits grows as the angle between two bags shrinks.
pub fn sim_hash(features: impl IntoIterator<Item = (u64, f64)>) -> u64 {
    let mut sums = [0.0; 64];
    for (hash, weight) in features {
        let mixed = mix64(hash);
        for (bit, sum) in sums.iter_mut().enumerate() {
            *sum += if mixed >> bit & 1 == 1 { weight } else { -weight };
        }
    }
    sums.iter().enumerate().fold(0, |word, (bit, sum)| word | u64::from(*sum > 0.0) << bit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(range: std::ops::Range<u64>) -> MinHash {
        let mut signature = MinHash::new(256);
        range.for_each(|v| signature.insert(v));
        signature
    }

    #[test]
    fn the_estimate_is_near_the_jaccard_similarity() {
        let similarity = of(0..1_000).similarity(&of(200..1_200));
        assert!((similarity - 800.0 / 1_200.0).abs() < 0.1, "{similarity}");
        assert!(of(0..1_000).similarity(&of(5_000..6_000)) < 0.02);
    }

    #[test]
    fn near_duplicates_share_a_band_and_strangers_do_not() {
        let shared = |a: &MinHash, b: &MinHash| {
            let keys = band_keys(b, 8);
            band_keys(a, 8).iter().zip(&keys).filter(|(x, y)| x == y).count()
        };
        assert!(shared(&of(0..1_000), &of(30..1_030)) > 5);
        assert_eq!(shared(&of(0..1_000), &of(9_000..10_000)), 0);
        assert!((collision_probability(0.5, 2, 1) - 0.75).abs() < 1e-15);
    }

    #[test]
    fn similar_bags_differ_in_few_bits() {
        let bag = |range: std::ops::Range<u64>| sim_hash(range.map(|v| (v, 1.0)));
        assert!((bag(0..200) ^ bag(5..205)).count_ones() < 16);
        assert!((bag(0..200) ^ bag(900..1_100)).count_ones() > 16);
    }

    proptest! {
        #[test]
        fn merging_is_the_union(a in 0_u64..90, b in 0_u64..90) {
            let (low, high) = (a.min(b), a.max(b));
            let mut left = of(0..high);
            left.merge(&of(low..90)).unwrap();
            let mut right = of(low..90);
            right.merge(&of(0..high)).unwrap();
            prop_assert_eq!(&left, &right);
            prop_assert_eq!(left, of(0..90));
        }
    }
}

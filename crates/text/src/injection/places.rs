//! Where features stand in a vector: hashes of what they are (feature hashing: Weinberger et al., 2009).

use super::features::{CONCEPT_SPACE, SPACE};
use std::fmt;

/// A feature of concepts: its place and how much it counts, in one number, so that features are in order of their places,
/// and of the same place the one that counts most comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Feature(u32);

impl Feature {
    /// The feature of a kind that two numbers tell from others of it. It counts as many tenths as given, at most ten.
    pub(super) const fn new(kind: u64, a: u64, b: u64, tenths: u32) -> Self {
        let hash = mix(mix(kind.wrapping_add(0x51), a), b);
        Self(((hash % CONCEPT_SPACE as u64) as u32) << 4 | (10 - tenths))
    }

    /// Its place, below [`CONCEPT_SPACE`].
    pub(super) const fn place(self) -> u32 {
        self.0 >> 4
    }

    /// How much it counts.
    pub(super) fn value(self) -> f32 {
        VALUES.get((self.0 & 15) as usize).copied().unwrap_or(0.0)
    }
}

impl fmt::Debug for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Feature").field(&self.place()).field(&self.value()).finish()
    }
}

/// What features count by how many tenths they lack of one.
static VALUES: [f32; 16] = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];

/// The place of a word or of a pair of words, from [`CONCEPT_SPACE`] to below [`SPACE`].
pub(super) fn word_place(hash: u64) -> u32 {
    // A multiplication maps evenly into the room without a division (Lemire, 2019).
    let high = mix(hash, 7) >> 32;
    CONCEPT_SPACE + u32::try_from((high * u64::from(SPACE - CONCEPT_SPACE)) >> 32).unwrap_or(0)
}

/// Mixes two numbers (the finaliser of SplitMix64; Steele et al., 2014).
pub(super) const fn mix(a: u64, b: u64) -> u64 {
    let mut z = a.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(b).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn features_are_in_order_of_place_and_then_of_what_counts_most(
            one in (any::<u64>(), any::<u64>(), 0..11_u32), two in (any::<u64>(), any::<u64>(), 0..11_u32),
        ) {
            let feature = |(a, b, tenths)| Feature::new(3, a, b, tenths);
            for (one, two) in [(one, two), (one, (one.0, one.1, two.2))] {
                let (one, two) = (feature(one), feature(two));
                let wanted = one.place().cmp(&two.place()).then(two.value().total_cmp(&one.value()));
                prop_assert_eq!(one.cmp(&two), wanted);
            }
            prop_assert_eq!(feature(one).value().to_bits(), (one.2 as f32 / 10.0).to_bits());
            prop_assert!(feature(one).place() < CONCEPT_SPACE);
        }
    }
}

//! Seeded randomness and stable hashing: the same seed gives the same numbers on every machine and thread count.
//!
//! Source: Steele, Lea & Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014 (SplitMix64).

/// SplitMix64: a 64-bit counter through a bijective finaliser; period 2^64, one word of state.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Random {
    state: u64,
}

const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// The SplitMix64 finaliser: a bijection of 64-bit words whose output bits each depend on every input bit.
#[inline]
pub const fn mix64(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

/// A stable 64-bit hash of `bytes` under `seed`; for sketches, not for security.
///
/// Each little-endian word is folded in by xor and [`mix64`], the length last, so that a padded tail cannot collide
/// with real zero bytes.
#[inline]
pub fn hash64(bytes: &[u8], seed: u64) -> u64 {
    hash64_ascii(bytes, seed).0
}

/// [`hash64`], and whether all bytes are ASCII, in one pass.
#[inline]
pub fn hash64_ascii(bytes: &[u8], seed: u64) -> (u64, bool) {
    const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
    let mut state = mix64(seed ^ GOLDEN_GAMMA);
    let (words, tail) = bytes.as_chunks::<8>();
    let mut seen = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        seen |= word;
        state = mix64(state.wrapping_add(GOLDEN_GAMMA) ^ word);
    }
    let last = padded(bytes, tail);
    state = mix64(state.wrapping_add(GOLDEN_GAMMA) ^ last);
    (mix64(state ^ bytes.len() as u64), (seen | last) & HIGH_BITS == 0)
}

/// The `tail` of `bytes`, shorter than a word, as the low bytes of a word; read in at most two pieces, which may overlap.
#[inline]
fn padded(bytes: &[u8], tail: &[u8]) -> u64 {
    if let Some(last) = bytes.last_chunk::<8>() {
        return u64::from_le_bytes(*last).checked_shr(64 - 8 * tail.len() as u32).unwrap_or(0);
    }
    if let (Some(first), Some(last)) = (tail.first_chunk::<4>(), tail.last_chunk::<4>()) {
        let high = u64::from(u32::from_le_bytes(*last)) << (8 * (tail.len() - 4));
        return u64::from(u32::from_le_bytes(*first)) | high;
    }
    tail.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

impl Random {
    /// A generator whose sequence is fixed by `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// An independent generator for the `index`-th piece of work, whatever thread does it.
    pub const fn stream(seed: u64, index: u64) -> Self {
        Self { state: mix64(seed ^ mix64(index.wrapping_add(GOLDEN_GAMMA))) }
    }

    /// The next 64 random bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN_GAMMA);
        mix64(self.state)
    }

    /// Uniform on [0, 1), 53 bits.
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Uniform on 0 ..< `bound` (0 when the bound is 0); bias below 2^-32 for bounds under 2^32.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next_u64()) * bound as u128) >> 64) as usize
    }

    /// A standard normal deviate (Box–Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Shuffles in place, every order equally likely (Fisher–Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// `count` distinct indices of 0 ..< `n` (all of them when `count` ≥ n), ascending (Floyd's method).
    pub fn choose(&mut self, n: usize, count: usize) -> Vec<usize> {
        if count >= n {
            return (0..n).collect();
        }
        let mut chosen = std::collections::BTreeSet::new();
        for upper in (n - count)..n {
            let candidate = self.below(upper + 1);
            if !chosen.insert(candidate) {
                chosen.insert(upper);
            }
        }
        chosen.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        let mut random = Random::new(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| random.next_u64()).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn hashes_tell_padding_from_content() {
        assert_ne!(hash64(b"ab", 0), hash64(b"ab\0", 0));
        assert_ne!(hash64(b"ab", 0), hash64(b"ab", 1));
    }

    #[test]
    fn a_tail_is_read_as_if_it_were_padded() {
        let bytes: Vec<u8> = (0..40_u8).map(|place| place.wrapping_mul(37).wrapping_add(1)).collect();
        for length in 0..=bytes.len() {
            let bytes = &bytes[..length];
            let mut padded = bytes.to_vec();
            padded.resize(length / 8 * 8 + 8, 0);
            let state = padded.as_chunks::<8>().0.iter().fold(mix64(3 ^ GOLDEN_GAMMA), |state, word| {
                mix64(state.wrapping_add(GOLDEN_GAMMA) ^ u64::from_le_bytes(*word))
            });
            assert_eq!(hash64_ascii(bytes, 3), (mix64(state ^ length as u64), bytes.is_ascii()), "{length}");
        }
    }

    #[test]
    fn a_choice_has_no_repetition() {
        let chosen = Random::new(7).choose(1_000, 256);
        assert_eq!(chosen.len(), 256);
        assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]));
    }
}

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
pub fn hash64(bytes: &[u8], seed: u64) -> u64 {
    let mut state = mix64(seed ^ GOLDEN_GAMMA);
    let (words, tail) = bytes.as_chunks::<8>();
    for word in words {
        state = mix64(state.wrapping_add(GOLDEN_GAMMA) ^ u64::from_le_bytes(*word));
    }
    let mut last = [0_u8; 8];
    for (to, from) in last.iter_mut().zip(tail) {
        *to = *from;
    }
    state = mix64(state.wrapping_add(GOLDEN_GAMMA) ^ u64::from_le_bytes(last));
    mix64(state ^ bytes.len() as u64)
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
    fn a_choice_has_no_repetition() {
        let chosen = Random::new(7).choose(1_000, 256);
        assert_eq!(chosen.len(), 256);
        assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]));
    }
}

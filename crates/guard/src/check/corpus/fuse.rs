//! A binary fuse filter of eight bits: which keys are in a set, in about nine bits a key, wrong for one key in 256 of others.
//!
//! Source: Graf and Lemire, *Binary Fuse Filters: Fast and Smaller Than Xor Filters* (JEA 27, 2022), three hashes.

/// Seeds tried at most; each fails for fewer than one set in ten.
const ATTEMPTS: u64 = 100;
/// Longest segment, in fingerprints.
const LONGEST_SEGMENT: u32 = 1 << 18;

/// The shape of a filter: what is needed to find the places of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Mixed into every key.
    pub(crate) seed: u64,
    /// Fingerprints of a segment: a power of two.
    pub(crate) segment_length: u32,
    /// Segments in which a key's first place lies.
    pub(crate) segment_count: u32,
}

impl Shape {
    /// The shape for so many keys.
    #[expect(clippy::cast_sign_loss, reason = "sizes are not negative")]
    fn of(keys: usize) -> Self {
        let size = keys.max(2) as f64;
        let exponent = (size.ln() / 3.33_f64.ln() + 2.25).floor().clamp(2.0, 18.0);
        let segment_length = (1_u32 << exponent as u32).min(LONGEST_SEGMENT);
        let factor = (0.875 + 0.25 * 1e6_f64.ln() / size.ln()).max(1.125);
        let capacity = (size * factor).round() as u64;
        let segments = capacity.div_ceil(u64::from(segment_length)).saturating_sub(2).max(1);
        Self { seed: 0, segment_length, segment_count: u32::try_from(segments).unwrap_or(u32::MAX) }
    }

    /// Whether the numbers can be those of a filter.
    pub(crate) fn is_valid(&self) -> bool {
        self.segment_count == 0 && self.segment_length == 0
            || self.segment_length.is_power_of_two()
                && self.segment_length <= LONGEST_SEGMENT
                && self.segment_count > 0
    }

    /// How many fingerprints a filter of this shape has.
    pub(crate) fn length(&self) -> u64 {
        if self.segment_count == 0 {
            0
        } else {
            (u64::from(self.segment_count).saturating_add(2)).saturating_mul(u64::from(self.segment_length))
        }
    }

    /// The three places of a mixed key.
    fn places(&self, hash: u64) -> [usize; 3] {
        let span = u64::from(self.segment_count).wrapping_mul(u64::from(self.segment_length));
        let first = ((u128::from(hash) * u128::from(span)) >> 64) as usize;
        let segment = self.segment_length as usize;
        let mask = u64::from(self.segment_length).wrapping_sub(1);
        let second = first.wrapping_add(segment) ^ ((hash >> 18) & mask) as usize;
        let third = first.wrapping_add(segment).wrapping_add(segment) ^ (hash & mask) as usize;
        [first, second, third]
    }

    /// Whether the fingerprints of a filter of this shape know a key.
    pub(crate) fn contains(&self, fingerprints: &[u8], key: u64) -> bool {
        if self.segment_count == 0 {
            return false;
        }
        let hash = mix(key, self.seed);
        let [first, second, third] = self.places(hash);
        match (fingerprints.get(first), fingerprints.get(second), fingerprints.get(third)) {
            (Some(first), Some(second), Some(third)) => fingerprint(hash) == first ^ second ^ third,
            _ => false,
        }
    }
}

/// Mixes a key: the finaliser of MurmurHash3.
pub(crate) fn mix(key: u64, seed: u64) -> u64 {
    let mut hash = key.wrapping_add(seed);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

fn fingerprint(hash: u64) -> u8 {
    (hash ^ (hash >> 32)) as u8
}

/// A filter over keys of which no two are the same. Nothing if no seed gives one, which does not happen by chance.
pub(crate) fn build(keys: &[u64]) -> Option<(Shape, Vec<u8>)> {
    if keys.is_empty() {
        return Some((Shape { seed: 0, segment_length: 0, segment_count: 0 }, Vec::new()));
    }
    let mut shape = Shape::of(keys.len());
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..ATTEMPTS {
        seed = mix(seed, 0x2545_f491_4f6c_dd1d);
        shape.seed = seed;
        if let Some(fingerprints) = attempt(&shape, keys) {
            return Some((shape, fingerprints));
        }
    }
    None
}

/// Peels the keys: one after the other the only one left at some place, which then takes what it needs.
fn attempt(shape: &Shape, keys: &[u64]) -> Option<Vec<u8>> {
    let length = usize::try_from(shape.length()).ok()?;
    // In order of their first place, so that memory is walked and not jumped in.
    let mut hashes: Vec<u64> = keys.iter().map(|key| mix(*key, shape.seed)).collect();
    hashes.sort_unstable();
    let mut counts = vec![0_u8; length];
    let mut sums = vec![0_u64; length];
    for hash in &hashes {
        for place in shape.places(*hash) {
            let count = counts.get_mut(place)?;
            *count = count.checked_add(1)?;
            *sums.get_mut(place)? ^= hash;
        }
    }
    drop(hashes);
    let mut alone: Vec<u32> = Vec::new();
    for (place, count) in counts.iter().enumerate() {
        if *count == 1 {
            alone.push(u32::try_from(place).ok()?);
        }
    }
    let mut order: Vec<(u64, u32)> = Vec::with_capacity(keys.len());
    while let Some(place) = alone.pop() {
        if counts.get(place as usize) != Some(&1) {
            continue;
        }
        let hash = *sums.get(place as usize)?;
        order.push((hash, place));
        for other in shape.places(hash) {
            let count = counts.get_mut(other)?;
            *count = count.checked_sub(1)?;
            *sums.get_mut(other)? ^= hash;
            if *count == 1 {
                alone.push(u32::try_from(other).ok()?);
            }
        }
    }
    if order.len() != keys.len() {
        return None;
    }
    drop((counts, sums));
    let mut fingerprints = vec![0_u8; length];
    for (hash, place) in order.into_iter().rev() {
        let mut value = fingerprint(hash);
        for other in shape.places(hash) {
            if other != place as usize {
                value ^= *fingerprints.get(other)?;
            }
        }
        *fingerprints.get_mut(place as usize)? = value;
    }
    Some(fingerprints)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_known_in_few_bits_and_few_others_are() {
        for size in [1_u64, 2, 3, 10, 1000, 100_000] {
            let keys: Vec<u64> = (0..size).map(|key| mix(key, 7)).collect();
            let (shape, fingerprints) = build(&keys).unwrap();
            assert_eq!(fingerprints.len() as u64, shape.length());
            assert!(keys.iter().all(|key| shape.contains(&fingerprints, *key)), "{size}");
            let wrong = (0..100_000).filter(|key| shape.contains(&fingerprints, mix(*key, 1 << 40))).count();
            assert!((250..=550).contains(&wrong), "{size}: {wrong} of 100,000");
            if size == 100_000 {
                assert!(fingerprints.len() <= 119_000, "{}", fingerprints.len());
            }
        }
        let (shape, fingerprints) = build(&[]).unwrap();
        assert!(!shape.contains(&fingerprints, 1));
    }

    #[test]
    fn shapes_that_cannot_be_are_told() {
        let shape = |segment_length, segment_count| Shape { seed: 0, segment_length, segment_count };
        assert!(shape(0, 0).is_valid() && shape(4, 1).is_valid());
        assert!(
            !shape(3, 1).is_valid()
                && !shape(0, 1).is_valid()
                && !shape(1 << 19, 1).is_valid()
                && !shape(4, 0).is_valid()
        );
    }

    proptest::proptest! {
        #[test]
        fn any_set_is_known(keys in proptest::collection::btree_set(proptest::num::u64::ANY, 0..200)) {
            let keys: Vec<u64> = keys.into_iter().collect();
            let (shape, fingerprints) = build(&keys).unwrap();
            proptest::prop_assert!(keys.iter().all(|key| shape.contains(&fingerprints, *key)));
        }
    }
}
